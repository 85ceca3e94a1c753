//! Small files that fuzzing starts from, one of each shape that a walker tells apart.

use homeward_core::brand::{Organisation, Pack, Recipient, Server, Trust};
use homeward_core::forms::Audience;

use crate::check::signer;
use crate::fixtures;
use crate::mutate::crc32;

/// Files that a target starts from.
type Seeds = Vec<Vec<u8>>;

/// JPEGs.
pub fn jpeg() -> Seeds {
    fixtures::jpeg::pictures()
}

/// A JPEG with this Exif block.
pub fn jpeg_with_exif(block: &[u8]) -> Vec<u8> {
    let exif = [b"Exif\0\0", block].concat();
    fixtures::jpeg::picture_with(&fixtures::jpeg::segment(0xE1, &exif))
}

/// Exif blocks with directories for the picture, the camera and the place.
pub fn exif() -> Seeds {
    let mut block = b"MM\0\x2A\0\0\0\x08\0\x03".to_vec();
    block.extend(b"\x01\x12\0\x03\0\0\0\x01\0\x06\0\0");
    block.extend(b"\x87\x69\0\x04\0\0\0\x01\0\0\0\x32");
    block.extend(b"\x88\x25\0\x04\0\0\0\x01\0\0\0\x58");
    block.extend([0; 4]);
    // The camera's directory, at 0x32: when, and where that stands.
    block.extend(b"\0\x01\x90\x03\0\x02\0\0\0\x14\0\0\0\x44\0\0\0\0");
    block.extend(b"2021:03:04 05:06:07\0");
    // The place's directory, at 0x58.
    block.extend(b"\0\x04");
    block.extend(b"\0\x01\0\x02\0\0\0\x02N\0\0\0");
    block.extend(b"\0\x02\0\x05\0\0\0\x03\0\0\0\x8E");
    block.extend(b"\0\x03\0\x02\0\0\0\x02E\0\0\0");
    block.extend(b"\0\x04\0\x05\0\0\0\x03\0\0\0\x8E");
    block.extend([0; 4]);
    block.extend(b"\0\0\0\x0D\0\0\0\x01\0\0\0\x07\0\0\0\x01\0\0\0\x18\0\0\0\x01");
    vec![block, fixtures::exif::orientation_block(6)]
}

/// PNGs: grey, with a palette, animated.
pub fn png() -> Seeds {
    let rows = miniz_oxide::deflate::compress_to_vec_zlib(&[0, 1, 2, 3, 4, 0, 5, 6, 7, 8], 6);
    let header = |colour: u8| chunk(b"IHDR", &[0, 0, 0, 4, 0, 0, 0, 2, 8, colour, 0, 0, 0]);
    let profile = [b"name\0\0", &miniz_oxide::deflate::compress_to_vec_zlib(&[0; 132], 6)[..]];
    let frame = |number: u8| {
        let mut fields = vec![0, 0, 0, number, 0, 0, 0, 4, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0];
        fields.extend([0, 1, 0, 10, 0, 0]);
        chunk(b"fcTL", &fields)
    };
    let file = |chunks: &[Vec<u8>]| {
        [&b"\x89PNG\r\n\x1A\n"[..], &chunks.concat(), &chunk(b"IEND", b"")].concat()
    };
    let words = [
        chunk(b"iCCP", &profile.concat()),
        chunk(b"tEXt", b"Comment\0words"),
        chunk(b"eXIf", &fixtures::exif::orientation_block(6)),
        chunk(b"gAMA", &[0, 0, 0xB1, 0x8F]),
    ];
    let pixels = chunk(b"IDAT", &rows);
    let more = chunk(b"fdAT", &[&[0, 0, 0, 2], &rows[..]].concat());
    vec![
        file(&[header(0), words.concat(), pixels.clone()]),
        file(&[header(3), chunk(b"PLTE", &[0; 27]), chunk(b"tRNS", &[1]), pixels.clone()]),
        file(&[
            header(0),
            chunk(b"acTL", &[0, 0, 0, 2, 0, 0, 0, 0]),
            frame(0),
            pixels,
            frame(1),
            more,
        ]),
    ]
}

fn chunk(kind: &[u8; 4], data: &[u8]) -> Vec<u8> {
    let body = [kind, data].concat();
    [&(data.len() as u32).to_be_bytes(), &body[..], &crc32(&body).to_be_bytes()].concat()
}

/// WebPs: lossy, lossless, with everything, animated.
pub fn webp() -> Seeds {
    const LOSSY: &[u8] = b"\x10\0\0\x9D\x01\x2A\x02\0\x02\0\x01\x02";
    const LOSSLESS: &[u8] = b"\x2F\x01\x40\0\0";
    let part = |kind: &[u8; 4], data: &[u8]| {
        let mut bytes = [kind, &(data.len() as u32).to_le_bytes()[..], data].concat();
        bytes.resize(bytes.len().next_multiple_of(2), 0);
        bytes
    };
    let file = |parts: &[Vec<u8>]| {
        let body = parts.concat();
        [b"RIFF", &(body.len() as u32 + 4).to_le_bytes()[..], b"WEBP", &body].concat()
    };
    let extended = |flags: u8| part(b"VP8X", &[flags, 0, 0, 0, 1, 0, 0, 1, 0, 0]);
    let exif = part(b"EXIF", &fixtures::exif::orientation_block(6));
    let frame = part(b"ANMF", &[&[0; 16], &part(b"VP8 ", LOSSY)[..]].concat());
    vec![
        file(&[part(b"VP8 ", LOSSY)]),
        file(&[part(b"VP8L", LOSSLESS)]),
        file(&[
            extended(0x1C),
            part(b"ALPH", &[0, 1]),
            part(b"VP8 ", LOSSY),
            exif,
            part(b"XMP ", b"x"),
        ]),
        file(&[extended(2), part(b"ANIM", &[0; 6]), frame.clone(), frame]),
    ]
}

/// GIFs: an animation with a comment, and one picture.
pub fn gif() -> Seeds {
    let screen = b"GIF89a\x02\0\x02\0\x80\0\0\0\0\0\xFF\xFF\xFF";
    let image = b"\x2C\0\0\0\0\x02\0\x02\0\0\x02\x03\x4C\x12\x05\0";
    let control = b"\x21\xF9\x04\x01\x0A\0\0\0";
    let loops = b"\x21\xFF\x0BNETSCAPE2.0\x03\x01\0\0\0";
    let comment = b"\x21\xFE\x05words\0";
    vec![
        [&screen[..], loops, control, image, comment, control, image, b";"].concat(),
        [&screen[..], image, b";"].concat(),
    ]
}

/// JPEG XLs: bare, in one box, in parts.
pub fn jxl() -> Seeds {
    let stream: &[u8] = &[0xFF, 0x0A, 0x00, 0x10, 0x10, 0x09];
    let boxed = |kind: &[u8; 4], data: &[u8]| {
        [&(data.len() as u32 + 8).to_be_bytes()[..], kind, data].concat()
    };
    let head = b"\0\0\0\x0CJXL \r\n\x87\n\0\0\0\x14ftypjxl \0\0\0\0jxl ";
    let exif = boxed(b"Exif", &[&[0; 4], &fixtures::exif::orientation_block(6)[..]].concat());
    let first = boxed(b"jxlp", &[&[0; 4], stream].concat());
    let last = boxed(b"jxlp", &[0x80, 0, 0, 1, 1]);
    vec![
        stream.to_vec(),
        [&head[..], &exif, &boxed(b"jxlc", stream), &boxed(b"brob", b"xml words")].concat(),
        [&head[..], &boxed(b"jxll", &[10]), &first, &boxed(b"jbrd", b"words"), &last].concat(),
    ]
}

/// A HEIC.
pub fn heif() -> Seeds {
    vec![fixtures::bmff::still()]
}

/// Films.
pub fn movie() -> Seeds {
    fixtures::bmff::films()
}

/// Two frames of AAC behind a tag.
pub fn aac() -> Seeds {
    let frame = b"\xFF\xF1\x50\x80\x01\x5F\xFCone";
    vec![[&b"ID3\x04\0\0\0\0\0\x05words"[..], frame, frame, b"TAGwords"].concat()]
}

/// What a sealed part holds: a description that nobody signed, and a file.
pub fn part() -> Seeds {
    let mut archive = tar::Builder::new(Vec::new());
    for (name, bytes) in [("part.json", PART.as_bytes()), ("answers.json", b"{}")] {
        let mut header = tar::Header::new_ustar();
        header.set_size(bytes.len() as u64);
        header.set_mode(0o600);
        archive.append_data(&mut header, name, bytes).expect("memory");
    }
    vec![archive.into_inner().expect("memory")]
}

const PART: &str = r#"{"format":"homeward-part/1","audiences":["organisation"],"version":1}"#;

/// The text of a pack.
pub fn pack() -> Seeds {
    let server = Server::new("https://desk.example".into(), "token".into(), Trust::Public);
    let key = signer().verify_key();
    let mut pack = Pack::new(Organisation { name: "Example".into(), key }, server);
    let recipient = age::x25519::Identity::generate().to_public().to_string();
    pack.recipients.push(Recipient::new(Audience::Organisation, recipient, "desk"));
    vec![json(&pack)]
}

/// The forms that every phone has.
pub fn form() -> Seeds {
    vec![
        include_bytes!("../../core/forms/sighting.json").to_vec(),
        include_bytes!("../../core/forms/missing_child.json").to_vec(),
    ]
}

/// A document as its file.
pub(crate) fn json(value: &impl serde::Serialize) -> Vec<u8> {
    serde_json::to_vec(value).expect("our own documents are JSON")
}
