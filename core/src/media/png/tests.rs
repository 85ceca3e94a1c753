//! Small PNGs with a canary in every place that can hide one.

use miniz_oxide::deflate::compress_to_vec_zlib;

use super::SIGNATURE;
use super::chunk::chunk;
use crate::media::abuse::{
    CANARY, abuse, facts_of, scrubbed, scrubbed_with_plan, sings, stays_silent,
};
use crate::media::{MediaError, RemovedKind, exif};

/// A picture of 4 × 2 pixels of this colour type, eight bits a sample.
fn header(colour: u8) -> Vec<u8> {
    chunk(*b"IHDR", &[0, 0, 0, 4, 0, 0, 0, 2, 8, colour, 0, 0, 0])
}

/// The rows of such a grey picture, packed.
fn grey_rows() -> Vec<u8> {
    compress_to_vec_zlib(&[0, 1, 2, 3, 4, 0, 5, 6, 7, 8], 6)
}

fn png(chunks: &[Vec<u8>]) -> Vec<u8> {
    let mut bytes = SIGNATURE.to_vec();
    bytes.extend(chunks.concat());
    bytes
}

fn end() -> Vec<u8> {
    chunk(*b"IEND", b"")
}

/// The smallest picture, which is clean.
fn clean() -> Vec<u8> {
    png(&[header(0), chunk(*b"IDAT", &grey_rows()), end()])
}

/// A TIFF block with an orientation and a word.
fn exif_block(orientation: u8) -> Vec<u8> {
    let mut block = b"MM\0\x2A\0\0\0\x08\0\x02\x01\x12\0\x03\0\0\0\x01\0".to_vec();
    block.extend([orientation, 0, 0]);
    block.extend(b"\x01\x10\0\x02\0\0\0\x07\0\0\0\x26\0\0\0\0CANARY\0");
    block
}

#[test]
fn a_clean_picture_stays_as_it_is() {
    let (copy, plan) = scrubbed_with_plan(&clean()).unwrap();
    assert_eq!(copy, clean());
    assert_eq!(plan.pieces.len(), 1);
    assert!(plan.manifest.removed.is_empty() && !plan.manifest.broken);
}

#[test]
fn nothing_but_the_picture_passes() {
    for kind in [b"tEXt", b"zTXt", b"iTXt", b"tIME", b"caBX", b"sPLT", b"hIST", b"prVt", b"iDOT"] {
        let hidden = chunk(*kind, b"CANARY\0\0\0\0\0CANARY");
        let idat = chunk(*b"IDAT", &grey_rows());
        let before = png(&[header(0), hidden.clone(), idat.clone(), end()]);
        let after = png(&[header(0), idat, hidden, end()]);
        assert_eq!(scrubbed(&before).unwrap(), clean(), "{kind:?} before the pixels");
        assert_eq!(scrubbed(&after).unwrap(), clean(), "{kind:?} behind the pixels");
    }
}

#[test]
fn small_chunks_pass_once_with_their_length_and_before_the_pixels() {
    let idat = chunk(*b"IDAT", &grey_rows());
    let gamma = chunk(*b"gAMA", &[0, 0, 0xB1, 0x8F]);
    let good = png(&[header(0), gamma.clone(), idat.clone(), end()]);
    assert_eq!(scrubbed(&good).unwrap(), good);
    let twice = png(&[header(0), gamma.clone(), chunk(*b"gAMA", b"CANA"), idat.clone(), end()]);
    assert_eq!(scrubbed(&twice).unwrap(), good);
    let late = png(&[header(0), idat.clone(), gamma, end()]);
    assert_eq!(scrubbed(&late).unwrap(), clean());
    for kind in [b"gAMA", b"cHRM", b"sRGB", b"pHYs", b"cICP", b"mDCV", b"cLLI", b"sBIT", b"bKGD"] {
        let long = png(&[header(0), chunk(*kind, b"CANARYCANARYCANARY"), idat.clone(), end()]);
        assert_eq!(scrubbed(&long).unwrap(), clean(), "{kind:?}");
    }
}

#[test]
fn bytes_behind_the_stream_do_not_pass() {
    let mut rows = grey_rows();
    rows.extend(CANARY);
    let (copy, plan) =
        scrubbed_with_plan(&png(&[header(0), chunk(*b"IDAT", &rows), end()])).unwrap();
    assert_eq!(copy, clean());
    assert_eq!(plan.manifest.removed[0].kind, RemovedKind::HiddenBytes);
    let own = png(&[header(0), chunk(*b"IDAT", &grey_rows()), chunk(*b"IDAT", CANARY), end()]);
    assert_eq!(scrubbed(&own).unwrap(), clean());
}

#[test]
fn the_stream_may_be_cut_into_chunks_anywhere() {
    let rows = grey_rows();
    for at in 0..=rows.len() {
        let (first, second) = rows.split_at(at);
        let split = png(&[header(0), chunk(*b"IDAT", first), chunk(*b"IDAT", second), end()]);
        // A chunk behind the end of the stream is one too many, even if it is empty.
        let want = if second.is_empty() { clean() } else { split.clone() };
        assert_eq!(scrubbed(&split).unwrap(), want);
        let mut smuggled = second.to_vec();
        smuggled.extend(CANARY);
        let smuggled = png(&[header(0), chunk(*b"IDAT", first), chunk(*b"IDAT", &smuggled), end()]);
        assert_eq!(scrubbed(&smuggled).unwrap(), want);
    }
}

#[test]
fn rows_below_the_picture_do_not_pass() {
    let mut rows = vec![0, 1, 2, 3, 4, 0, 5, 6, 7, 8];
    let clean_rows = rows.clone();
    // Stored, so that the canary can be seen.
    rows.extend(CANARY.repeat(40));
    let packed = compress_to_vec_zlib(&rows, 0);
    let source = png(&[header(0), chunk(*b"IDAT", &packed), end()]);
    assert!(sings(&source));
    let copy = scrubbed(&source).unwrap();
    assert!(!sings(&copy));
    let data = &copy[SIGNATURE.len() + header(0).len() + 8..copy.len() - end().len() - 4];
    assert_eq!(miniz_oxide::inflate::decompress_to_vec_zlib(data).unwrap(), clean_rows);
}

#[test]
fn what_follows_the_end_does_not_pass() {
    let mut source = clean();
    source.extend(CANARY);
    let (copy, plan) = scrubbed_with_plan(&source).unwrap();
    assert_eq!(copy, clean());
    assert!(plan.manifest.broken);
    source.extend(clean());
    assert_eq!(scrubbed(&source).unwrap(), clean());
}

#[test]
fn a_missing_end_is_added() {
    let source = png(&[header(0), chunk(*b"IDAT", &grey_rows())]);
    assert_eq!(scrubbed(&source).unwrap(), clean());
    let mut cut = source;
    cut.extend(&chunk(*b"tEXt", CANARY)[..10]);
    assert_eq!(scrubbed(&cut).unwrap(), clean());
}

#[test]
fn of_exif_only_the_orientation_stays() {
    let idat = chunk(*b"IDAT", &grey_rows());
    let minimal = chunk(*b"eXIf", &exif::orientation_block(6));
    for block in [exif_block(6), [&b"Exif\0\0"[..], &exif_block(6)].concat()] {
        let source = png(&[header(0), chunk(*b"eXIf", &block), idat.clone(), end()]);
        let want = png(&[header(0), minimal.clone(), idat.clone(), end()]);
        assert_eq!(scrubbed(&source).unwrap(), want);
        assert_eq!(facts_of(&source).model.as_deref(), Some("CANARY"));
        assert_eq!(facts_of(&source).orientation, Some(6));
    }
    let upright = png(&[header(0), chunk(*b"eXIf", &exif_block(1)), idat.clone(), end()]);
    assert_eq!(scrubbed(&upright).unwrap(), clean());
    let twice = png(&[header(0), minimal.clone(), chunk(*b"eXIf", &exif_block(3)), idat, end()]);
    assert!(!sings(&scrubbed(&twice).unwrap()));
}

#[test]
fn an_orientation_that_only_words_say_is_kept() {
    let idat = chunk(*b"IDAT", &grey_rows());
    let hex: String = exif_block(8).iter().map(|byte| format!("{byte:02x}")).collect();
    let raw = format!("Raw profile type exif\0\nexif\n  {}\n{hex}\n", hex.len() / 2);
    let xmp = b"XML:com.adobe.xmp\0\0\0\0\0<x tiff:Orientation=\"8\" y=\"CANARY\"/>";
    let minimal = chunk(*b"eXIf", &exif::orientation_block(8));
    let want = png(&[header(0), idat.clone(), minimal, end()]);
    for words in [chunk(*b"tEXt", raw.as_bytes()), chunk(*b"iTXt", xmp)] {
        let source = png(&[header(0), words, idat.clone(), end()]);
        assert_eq!(scrubbed(&source).unwrap(), want);
    }
}

#[test]
fn words_in_place_of_numbers_do_not_pass() {
    let idat = chunk(*b"IDAT", &grey_rows());
    let numbers: [(&[u8; 4], &[u8]); 9] = [
        (b"gAMA", &[0, 0, 0xB1, 0x8F]),
        (b"cHRM", &[0, 1, 0x86, 0xA0].repeat(8)),
        (b"sRGB", &[3]),
        (b"pHYs", &[0, 0, 0x0B, 0x13, 0, 0, 0x0B, 0x13, 1]),
        (b"cICP", &[9, 16, 0, 1]),
        (b"mDCV", &[[0x61, 0xA8].repeat(8), [5, 0xF5, 0xE1, 0].repeat(2)].concat()),
        (b"cLLI", &[5, 0xF5, 0xE1, 0, 0, 0, 0, 0]),
        (b"sBIT", &[8]),
        (b"bKGD", &[0, 255]),
    ];
    for (kind, good) in numbers {
        let good = chunk(*kind, good);
        let want = png(&[header(0), good.clone(), idat.clone(), end()]);
        assert_eq!(scrubbed(&want).unwrap(), want, "{kind:?}");
        let words = CANARY.iter().copied().cycle().take(good.len() - 12).collect::<Vec<_>>();
        let source = png(&[header(0), chunk(*kind, &words), idat.clone(), end()]);
        assert_eq!(scrubbed(&source).unwrap(), clean(), "{kind:?}");
    }
}

#[test]
fn colours_that_no_pixel_uses_do_not_pass() {
    let header = chunk(*b"IHDR", &[0, 0, 0, 4, 0, 0, 0, 2, 8, 3, 0, 0, 0]);
    let rows = chunk(*b"IDAT", &compress_to_vec_zlib(&[0, 1, 3, 1, 3, 2, 0, 0, 0, 0], 6));
    let picture = |palette: &[u8], alpha: &[u8], background: u8| {
        let (palette, alpha) = (chunk(*b"PLTE", palette), chunk(*b"tRNS", alpha));
        let background = chunk(*b"bKGD", &[background]);
        png(&[header.clone(), palette, alpha, background, rows.clone(), end()])
    };
    let colours = |spare: &[u8; 3]| [&spare[..], &[1, 1, 1], spare, &[3, 3, 3]].concat();
    let loud = [colours(b"CAN"), CANARY.repeat(200)[..700].to_vec()].concat();
    let source = picture(&loud[..702], b"C1A3NARYCANARY", 1);
    let want = picture(&colours(&[0; 3]), b"\x001\x003", 1);
    assert_eq!(scrubbed(&source).unwrap(), want);
    assert_eq!(scrubbed(&want).unwrap(), want);
    // A background is a use.
    let want = picture(&[colours(&[0; 3]), b"CAN".to_vec()].concat(), b"\x001\x003N", 4);
    assert_eq!(scrubbed(&picture(&loud[..600], b"C1A3NARYCANARY", 4)).unwrap(), want);
}

#[test]
fn a_picture_of_which_no_row_is_known_keeps_one_blank_colour() {
    let header = chunk(*b"IHDR", &[0, 0, 0, 160, 0, 0, 0, 2, 8, 3, 0, 0, 0]);
    let picture = |palette: &[u8], alpha: &[u8]| {
        let (palette, alpha) = (chunk(*b"PLTE", palette), chunk(*b"tRNS", alpha));
        // Fuzzing found it: the first row does not come to its end.
        let rows = compress_to_vec_zlib(&[0, 1], 6);
        png(&[header.clone(), palette, alpha, chunk(*b"IDAT", &rows)])
    };
    let clean = scrubbed(&picture(b"CANARY", b"CA")).unwrap();
    assert_eq!(scrubbed(&clean).unwrap(), clean);
    assert!(!clean.windows(3).any(|at| at == b"CAN"));
}

#[test]
fn palette_and_transparency_pass_as_far_as_they_can_be_used() {
    let rows = chunk(*b"IDAT", &compress_to_vec_zlib(&[0, 0b00_01_10_11, 0, 0], 6));
    let header = |colour| chunk(*b"IHDR", &[0, 0, 0, 4, 0, 0, 0, 2, 2, colour, 0, 0, 0]);
    let palette = |tail: &[u8]| chunk(*b"PLTE", &[&[7; 12], tail].concat());
    let alpha = |tail: &[u8]| chunk(*b"tRNS", &[&[9; 4], tail].concat());
    let want = png(&[header(3), palette(b""), alpha(b""), rows.clone(), end()]);
    assert_eq!(scrubbed(&want).unwrap(), want);
    let long = png(&[header(3), palette(CANARY), alpha(CANARY), rows.clone(), end()]);
    assert_eq!(scrubbed(&long).unwrap(), want);
    let none = png(&[header(3), rows.clone(), end()]);
    assert!(matches!(scrubbed(&none), Err(MediaError::Malformed)));
    let grey = png(&[header(0), palette(CANARY), rows.clone(), end()]);
    assert_eq!(scrubbed(&grey).unwrap(), png(&[header(0), rows, end()]));
}

/// An animation of two frames, with this between its second control and its pixels, and this at
/// its end.
fn animation(between: &[Vec<u8>], tail: &[Vec<u8>], last: &[u8]) -> Vec<u8> {
    let control = |number: u8| {
        let mut data = [0; 26];
        (data[3], data[7], data[11]) = (number, 4, 2);
        chunk(*b"fcTL", &data)
    };
    let mut pixels = vec![0, 0, 0, 2];
    pixels.extend(grey_rows());
    pixels.extend(last);
    let mut chunks = vec![
        header(0),
        chunk(*b"acTL", &[0, 0, 0, 2, 0, 0, 0, 0]),
        control(0),
        chunk(*b"IDAT", &grey_rows()),
        control(1),
    ];
    chunks.extend_from_slice(between);
    chunks.push(chunk(*b"fdAT", &pixels));
    chunks.extend_from_slice(tail);
    chunks.push(end());
    png(&chunks)
}

#[test]
fn an_animation_keeps_its_frames_and_nothing_else() {
    let want = animation(&[], &[], b"");
    assert_eq!(scrubbed(&want).unwrap(), want);
    assert_eq!(scrubbed(&animation(&[chunk(*b"tEXt", CANARY)], &[], b"")).unwrap(), want);
    assert_eq!(scrubbed(&animation(&[], &[], CANARY)).unwrap(), want);
    // More frames than announced, and pixels without a frame.
    let control = chunk(*b"fcTL", &[CANARY, &[0; 20]].concat());
    let pixels = chunk(*b"fdAT", CANARY);
    assert_eq!(scrubbed(&animation(&[], &[control, pixels], b"")).unwrap(), want);
}

#[test]
fn frames_of_a_picture_that_is_no_animation_do_not_pass() {
    let control = chunk(*b"fcTL", &[CANARY, &[0; 20]].concat());
    let pixels = chunk(*b"fdAT", CANARY);
    let source = png(&[header(0), chunk(*b"IDAT", &grey_rows()), control, pixels, end()]);
    assert_eq!(scrubbed(&source).unwrap(), clean());
}

#[test]
fn numbers_out_of_order_are_put_right() {
    let mut source = animation(&[], &[], b"");
    let at = memchr::memmem::find(&source, b"fdAT").unwrap();
    source[at + 4..at + 8].copy_from_slice(b"CNRY");
    let data_end = source.len() - end().len() - 4;
    let crc = crc32fast::hash(&source[at..data_end]).to_be_bytes();
    source[data_end..data_end + 4].copy_from_slice(&crc);
    assert_eq!(scrubbed(&source).unwrap(), animation(&[], &[], b""));
}

#[test]
fn a_picture_too_large_to_prove_is_refused() {
    let header = chunk(*b"IHDR", &[0, 1, 0, 0, 0, 1, 0, 0, 16, 6, 0, 0, 0]);
    let bomb = png(&[header, chunk(*b"IDAT", &compress_to_vec_zlib(&[0; 1 << 20], 9)), end()]);
    assert!(matches!(scrubbed(&bomb), Err(MediaError::TooComplex)));
}

/// Makes every CRC right, so that changes reach what lies behind that check.
fn with_right_crcs(source: &[u8]) -> Vec<u8> {
    let mut bytes = source.to_vec();
    let mut at = SIGNATURE.len();
    while let Some(len) = bytes.get(at..).and_then(<[u8]>::first_chunk) {
        let len = u32::from_be_bytes(*len) as usize;
        // On 32 bits a length that lies may not fit.
        let end = (at + 8).checked_add(len).filter(|&end| end <= bytes.len() - 4);
        let Some(end) = end else { break };
        let crc = crc32fast::hash(&bytes[at + 4..end]).to_be_bytes();
        bytes[end..end + 4].copy_from_slice(&crc);
        at = end + 4;
    }
    bytes
}

#[test]
fn abuse_gives_an_error_or_a_clean_copy() {
    let mut rows = grey_rows();
    rows.extend(CANARY);
    let still = png(&[
        header(0),
        chunk(*b"eXIf", &exif_block(6)),
        chunk(*b"tEXt", b"Comment\0CANARY"),
        chunk(*b"IDAT", &rows),
        chunk(*b"tIME", b"CANARY?"),
        end(),
        CANARY.to_vec(),
    ]);
    let animation = animation(&[chunk(*b"tEXt", CANARY)], &[chunk(*b"prVt", CANARY)], CANARY);
    for fixture in [still, animation] {
        abuse(&fixture, stays_silent);
        abuse(&fixture, |source| stays_silent(&with_right_crcs(source)));
    }
}
