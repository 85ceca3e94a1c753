//! Files to scrub, made in code: as large and as full of metadata as those of phones, drawing
//! nothing. What no walker decodes is noise.

use std::fs::{self, File};
use std::io::{BufWriter, Seek, SeekFrom, Write};
use std::path::Path;

use fault_proxy::Dice;
use homeward_tests::photo::Exif;
use miniz_oxide::deflate::compress_to_vec_zlib;
use serde_json::{Value, json};

/// A file kind and the least number of its bytes.
pub(crate) fn make(kind: &str, bytes: u64, to: &Path) -> Value {
    match kind {
        "webp" => fs::write(to, webp(bytes as usize)).unwrap(),
        "png" => fs::write(to, png(bytes as usize)).unwrap(),
        "mp4" => film(bytes, Body::Noise, to),
        "sparse-mp4" => film(bytes, Body::Hole, to),
        other => panic!("{other} is not made here"),
    }
    json!({ "bytes": fs::metadata(to).unwrap().len() })
}

fn noise(bytes: usize) -> Vec<u8> {
    let mut dice = Dice::new(bytes as u64);
    let words = (0..bytes.div_ceil(8)).flat_map(|_| dice.roll().to_le_bytes());
    words.take(bytes).collect()
}

fn xmp() -> Vec<u8> {
    let words = "<dc:creator>Somebody</dc:creator>".repeat(100);
    format!("<x:xmpmeta xmlns:x='adobe:ns:meta/'>{words}</x:xmpmeta>").into_bytes()
}

fn exif() -> Vec<u8> {
    // Behind marker, length and the word `Exif`.
    Exif::example().app1(&[])[10..].to_vec()
}

/// A lossy picture with Exif and XMP (RFC 9649).
fn webp(bytes: usize) -> Vec<u8> {
    fn chunk(name: &[u8; 4], body: &[u8]) -> Vec<u8> {
        let pad = vec![0; body.len() % 2];
        [name, &(body.len() as u32).to_le_bytes()[..], body, &pad].concat()
    }
    let [width, height] = [4000_u16, 3000];
    let [w, h] = [width - 1, height - 1].map(|side| [side as u8, (side >> 8) as u8, 0]);
    // A key frame that is shown, its first partition, and its size.
    let tag = (1000_u32 << 5 | 1 << 4).to_le_bytes();
    let sides = [width.to_le_bytes(), height.to_le_bytes()].concat();
    let picture = [&tag[..3], &[0x9D, 0x01, 0x2A], &sides, &noise(bytes)].concat();
    let body = [
        b"WEBP".to_vec(),
        chunk(b"VP8X", &[&[0x0C, 0, 0, 0][..], &w, &h].concat()),
        chunk(b"VP8 ", &picture),
        chunk(b"EXIF", &exif()),
        chunk(b"XMP ", &xmp()),
    ]
    .concat();
    [b"RIFF", &(body.len() as u32).to_le_bytes()[..], &body].concat()
}

/// Rows of a slope with noise in it, as hard to pack as a noisy photo, with Exif and words.
fn png(bytes: usize) -> Vec<u8> {
    fn chunk(name: &[u8; 4], body: &[u8]) -> Vec<u8> {
        let checked = [name, body].concat();
        let crc = crc32fast::hash(&checked).to_be_bytes();
        [&(body.len() as u32).to_be_bytes()[..], &checked, &crc].concat()
    }
    const WIDTH: usize = 2000;
    let height = bytes / (WIDTH * 3);
    let noise = noise(WIDTH * 3 * height);
    let mut rows = Vec::with_capacity((1 + WIDTH * 3) * height);
    for (row, noise) in noise.chunks_exact(WIDTH * 3).enumerate() {
        rows.push(0);
        let slope = |at: usize| ((at / 24 + row / 8) as u8) & 0xF0;
        rows.extend(noise.iter().enumerate().map(|(at, noise)| slope(at) | noise & 0x0F));
    }
    let sides = [(WIDTH as u32).to_be_bytes(), (height as u32).to_be_bytes()].concat();
    let mut file = b"\x89PNG\r\n\x1A\n".to_vec();
    file.extend(chunk(b"IHDR", &[&sides[..], &[8, 2, 0, 0, 0]].concat()));
    file.extend(chunk(b"eXIf", &exif()));
    file.extend(chunk(b"iTXt", &[&b"XML:com.adobe.xmp\0\0\0\0\0"[..], &xmp()].concat()));
    for part in compress_to_vec_zlib(&rows, 1).chunks(8 << 10) {
        file.extend(chunk(b"IDAT", part));
    }
    file.extend(chunk(b"IEND", &[]));
    file
}

/// What a film's pictures are made of.
enum Body {
    Noise,
    /// Nothing: the file takes no room on the disk.
    Hole,
}

/// Each picture of the film, at thirty a second some 17 Mbit/s, as phones film.
const PICTURE: u32 = 70_000;

/// An H.264 film as phones write it: `moov` behind the pictures, one slice in each sample.
fn film(bytes: u64, body: Body, to: &Path) {
    let count = u32::try_from(bytes / u64::from(PICTURE)).unwrap();
    let mut file = BufWriter::with_capacity(1 << 20, File::create(to).unwrap());
    file.write_all(&boxed(b"ftyp", &[b"mp42\0\0\0\0isommp42"])).unwrap();
    let length = 16 + u64::from(count) * u64::from(PICTURE);
    file.write_all(&[&1_u32.to_be_bytes()[..], b"mdat", &length.to_be_bytes()].concat()).unwrap();
    let first = file.stream_position().unwrap();
    let filling = noise(PICTURE as usize - 5);
    let slice = [&(PICTURE - 4).to_be_bytes()[..], &[0x41]].concat();
    for picture in 0..count {
        file.write_all(&slice).unwrap();
        match body {
            Body::Noise => file.write_all(&filling).unwrap(),
            Body::Hole => {
                let next = first + u64::from(picture + 1) * u64::from(PICTURE);
                file.seek(SeekFrom::Start(next)).unwrap();
            }
        }
    }
    file.write_all(&moov(count, first)).unwrap();
    file.flush().unwrap();
}

fn boxed(name: &[u8; 4], parts: &[&[u8]]) -> Vec<u8> {
    let body = parts.concat();
    [&(body.len() as u32 + 8).to_be_bytes()[..], name, &body].concat()
}

/// Big-endian numbers.
fn numbers(numbers: &[u32]) -> Vec<u8> {
    numbers.iter().flat_map(|number| number.to_be_bytes()).collect()
}

fn moov(count: u32, first: u64) -> Vec<u8> {
    let length = count * 1000;
    let unity = numbers(&[0x1_0000, 0, 0, 0, 0x1_0000, 0, 0, 0, 0x4000_0000]);
    let times = numbers(&[0, 3_800_000_000, 3_800_000_000]);
    let mvhd = [
        &times[..],
        &numbers(&[30_000, length, 0x1_0000, 0x0100_0000, 0, 0]),
        &unity,
        &[0; 24],
        &numbers(&[2]),
    ];
    let tkhd = [
        &numbers(&[7, 3_800_000_000, 3_800_000_000, 1, 0, length, 0, 0, 0, 0])[..],
        &unity,
        &numbers(&[1920 << 16, 1080 << 16]),
    ];
    let mdhd = [&times[..], &numbers(&[30_000, length, 0x55C4_0000])];
    let place = boxed(b"udta", &[&boxed(b"\xA9xyz", &[b"\0\x12\x15\xC7+48.1351+011.5820/"])]);
    let mdia = [boxed(b"mdhd", &mdhd), handler(), minf(count, first)].concat();
    let trak = [boxed(b"tkhd", &tkhd), boxed(b"mdia", &[&mdia])].concat();
    boxed(b"moov", &[&boxed(b"mvhd", &mvhd), &boxed(b"trak", &[&trak]), &place])
}

fn handler() -> Vec<u8> {
    boxed(b"hdlr", &[&numbers(&[0, 0]), b"vide", &[0; 12], b"VideoHandle\0"])
}

/// Where each picture lies and how long it is shown.
fn minf(count: u32, first: u64) -> Vec<u8> {
    let url = boxed(b"url ", &[&numbers(&[1])]);
    let dref = boxed(b"dref", &[&numbers(&[0, 1]), &url]);
    let stbl = [
        boxed(b"stsd", &[&numbers(&[0, 1]), &avc1()]),
        boxed(b"stts", &[&numbers(&[0, 1, count, 1000])]),
        boxed(b"stsc", &[&numbers(&[0, 1, 1, 1, 1])]),
        boxed(b"stsz", &[&numbers(&[0, 0, count]), &numbers(&vec![PICTURE; count as usize])]),
        boxed(b"co64", &[&numbers(&[0, count]), &offsets(count, first)]),
    ];
    let vmhd = boxed(b"vmhd", &[&numbers(&[1, 0, 0])]);
    boxed(b"minf", &[&vmhd, &boxed(b"dinf", &[&dref]), &boxed(b"stbl", &[&stbl.concat()])])
}

fn offsets(count: u32, first: u64) -> Vec<u8> {
    let at = |picture: u32| first + u64::from(picture) * u64::from(PICTURE);
    (0..count).flat_map(|picture| at(picture).to_be_bytes()).collect()
}

fn avc1() -> Vec<u8> {
    let avcc =
        boxed(b"avcC", &[&[1, 66, 0, 30, 0xFF, 0xE1, 0, 4, 0x67, 66, 0, 30, 1, 0, 2, 0x68, 0xCE]]);
    let name = [&[0; 32][..], &[0, 24, 0xFF, 0xFF]].concat();
    boxed(
        b"avc1",
        &[
            &[0, 0, 0, 0, 0, 0, 0, 1],
            &[0; 16],
            &numbers(&[1920 << 16 | 1080, 72 << 16, 72 << 16, 0, 1 << 16]),
            &name[2..],
            &avcc,
        ],
    )
}
