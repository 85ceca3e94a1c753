//! Small WebPs with a canary in every place that can hide one.

use super::*;
use crate::media::abuse::{
    CANARY, abuse, facts_of, scrubbed, scrubbed_with_plan, sings, stays_sane,
};

/// A key frame with an empty first partition, and as much of a VP8L picture as is looked at.
const LOSSY: &[u8] = b"\x10\0\0\x9D\x01\x2A\x02\0\x02\0\x01\x02";
const LOSSLESS: &[u8] = b"\x2F\x01\x40\0\0";

fn chunk(kind: &[u8; 4], data: &[u8]) -> Vec<u8> {
    let mut bytes = [kind, &(data.len() as u32).to_le_bytes()[..], data].concat();
    bytes.resize(bytes.len().next_multiple_of(2), 0);
    bytes
}

fn webp(chunks: &[Vec<u8>]) -> Vec<u8> {
    let body = chunks.concat();
    [b"RIFF", &(body.len() as u32 + 4).to_le_bytes()[..], b"WEBP", &body].concat()
}

fn extended(flags: u8) -> Vec<u8> {
    chunk(b"VP8X", &[flags, 0, 0, 0, 1, 0, 0, 1, 0, 0])
}

fn profile(tail: &[u8]) -> Vec<u8> {
    chunk(b"ICCP", &[&icc::smallest(&[0; 4]), tail].concat())
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
    let alpha = chunk(b"ALPH", &[0, 1, 2]);
    for clean in [
        webp(&[chunk(b"VP8 ", LOSSY)]),
        webp(&[chunk(b"VP8L", LOSSLESS)]),
        webp(&[extended(0x30), profile(b""), alpha, chunk(b"VP8 ", LOSSY)]),
    ] {
        let (copy, plan) = scrubbed_with_plan(&clean).unwrap();
        assert_eq!(copy, clean);
        assert_eq!(plan.pieces.len(), 1);
        assert!(plan.manifest.removed.is_empty() && !plan.manifest.broken);
    }
}

#[test]
fn nothing_but_the_picture_passes_and_the_flags_match() {
    let clean = webp(&[extended(0), chunk(b"VP8L", LOSSLESS)]);
    for kind in [b"EXIF", b"XMP ", b"XMP\0", b"UNKN", b"ICCP", b"ALPH", b"ANMF", b"VP8 "] {
        let hidden = chunk(kind, CANARY);
        let behind = webp(&[extended(0x2C), chunk(b"VP8L", LOSSLESS), hidden.clone()]);
        assert_eq!(scrubbed(&behind).unwrap(), clean, "{kind:?} behind");
        if kind != b"VP8 " {
            let before = webp(&[extended(0x2C), hidden, chunk(b"VP8L", LOSSLESS)]);
            assert_eq!(scrubbed(&before).unwrap(), clean, "{kind:?} before");
        }
    }
    let simple = webp(&[chunk(b"VP8L", LOSSLESS), chunk(b"EXIF", &exif_block(6))]);
    assert_eq!(scrubbed(&simple).unwrap(), webp(&[chunk(b"VP8L", LOSSLESS)]));
}

#[test]
fn of_exif_only_the_orientation_stays() {
    let source = webp(&[extended(8), chunk(b"VP8 ", LOSSY), chunk(b"EXIF", &exif_block(6))]);
    let want = webp(&[extended(8), chunk(b"VP8 ", LOSSY), exif_chunk(6)]);
    assert_eq!(scrubbed(&source).unwrap(), want);
    assert_eq!(facts_of(&source).model.as_deref(), Some("CANARY"));
    let upright = webp(&[extended(8), chunk(b"VP8 ", LOSSY), chunk(b"EXIF", &exif_block(1))]);
    assert_eq!(scrubbed(&upright).unwrap(), webp(&[extended(0), chunk(b"VP8 ", LOSSY)]));
    // Viewers pass over an Exif chunk that the flags do not announce.
    let unannounced = webp(&[extended(0), chunk(b"VP8 ", LOSSY), chunk(b"EXIF", &exif_block(6))]);
    assert_eq!(scrubbed(&unannounced).unwrap(), webp(&[extended(0), chunk(b"VP8 ", LOSSY)]));
}

#[test]
fn an_orientation_that_only_xmp_says_is_kept() {
    let xmp = chunk(b"XMP ", b"<x tiff:Orientation=\"8\" y=\"CANARY\"/>");
    let source = webp(&[extended(4), chunk(b"VP8 ", LOSSY), xmp]);
    let want = webp(&[extended(8), chunk(b"VP8 ", LOSSY), exif_chunk(8)]);
    assert_eq!(scrubbed(&source).unwrap(), want);
}

#[test]
fn chunks_with_a_fixed_length_pass_with_no_more() {
    let long = chunk(b"VP8X", b"\x20\xFF\xFF\xFF\x01\0\0\x01\0\0CANARY");
    let source = webp(&[long, profile(CANARY), chunk(b"VP8 ", LOSSY)]);
    // The length of a profile stays, but what is not part of it says nothing.
    let want = webp(&[extended(0x20), profile(&[0; 6]), chunk(b"VP8 ", LOSSY)]);
    assert_eq!(scrubbed(&source).unwrap(), want);
}

/// A frame with these chunks, these flags, and this behind its last chunk.
fn frame(chunks: &[Vec<u8>], flags: u8, tail: &[u8]) -> Vec<u8> {
    let mut data = vec![0; 16];
    data[15] = flags;
    chunk(b"ANMF", &[&data, &chunks.concat(), tail].concat())
}

#[test]
fn frames_hold_one_picture_and_nothing_else() {
    let picture = [chunk(b"ALPH", &[0, 1]), chunk(b"VP8 ", LOSSY)];
    let anim = chunk(b"ANIM", &[0; 6]);
    let want =
        webp(&[extended(0x12), anim.clone(), frame(&picture, 2, b""), frame(&picture, 0, b"")]);
    assert_eq!(scrubbed(&want).unwrap(), want);
    let loud = [
        chunk(b"UNKN", CANARY),
        picture[0].clone(),
        picture[1].clone(),
        chunk(b"VP8 ", CANARY),
        chunk(b"EXIF", CANARY),
    ];
    let source = webp(&[
        extended(0x12),
        chunk(b"ANIM", b"\0\0\0\0\0\0CANARY"),
        frame(&loud, 0xFE, b""),
        chunk(b"VP8 ", LOSSY),
        frame(&picture, 0, b"CNRY"),
    ]);
    assert_eq!(scrubbed(&source).unwrap(), want);
}

#[test]
fn words_behind_alpha_that_is_not_packed_do_not_pass() {
    let picture = |alpha: &[u8]| {
        let parts = [chunk(b"ALPH", alpha), chunk(b"VP8 ", LOSSY)];
        let still = webp(&[extended(0x10), parts.concat()]);
        [still, webp(&[extended(0x12), chunk(b"ANIM", &[0; 6]), frame(&parts, 0, b"")])]
    };
    for head in [0, 0b10100] {
        let clean = picture(&[head, 1, 2, 3, 4]);
        for (source, want) in picture(&[&[head, 1, 2, 3, 4], CANARY].concat()).iter().zip(&clean) {
            let (copy, plan) = scrubbed_with_plan(source).unwrap();
            assert_eq!(&copy, want);
            assert!(plan.manifest.broken);
        }
    }
    // Packed, or too short for its picture.
    for alpha in [&b"\x01234567"[..], &[0, 1, 2]] {
        for clean in picture(alpha) {
            assert_eq!(scrubbed(&clean).unwrap(), clean);
        }
    }
}

#[test]
fn that_the_end_of_a_bitstream_is_not_proven_is_said() {
    let plan = scrubbed_with_plan(&webp(&[chunk(b"VP8 ", LOSSY)])).unwrap().1;
    let remaining: Vec<_> = plan.manifest.remaining.iter().map(|it| it.kind).collect();
    assert_eq!(remaining, [RemainingKind::Picture, RemainingKind::UnprovenEnd]);
}

#[test]
fn padding_is_zero() {
    let mut source = webp(&[chunk(b"VP8L", &[LOSSLESS, &[0, 0]].concat())]);
    let clean = source.clone();
    assert_eq!(scrubbed(&clean).unwrap(), clean);
    *source.last_mut().unwrap() = b'C';
    assert_eq!(scrubbed(&source).unwrap(), clean);
    source.pop();
    assert_eq!(scrubbed(&source).unwrap(), clean);
}

#[test]
fn what_follows_the_stated_end_does_not_pass() {
    let clean = webp(&[chunk(b"VP8 ", LOSSY)]);
    let (copy, plan) = scrubbed_with_plan(&[&clean[..], CANARY].concat()).unwrap();
    assert_eq!(copy, clean);
    assert!(plan.manifest.broken);
    let cut = [&clean[..], &chunk(b"EXIF", CANARY)[..10]].concat();
    assert_eq!(scrubbed(&cut).unwrap(), clean);
}

#[test]
fn what_only_claims_to_be_a_bitstream_is_refused() {
    for kind in [b"VP8 ", b"VP8L"] {
        let source = webp(&[chunk(kind, b"CANARY CANARY CANARY")]);
        assert!(matches!(scrubbed(&source), Err(MediaError::Malformed)));
    }
}

#[test]
fn abuse_gives_an_error_or_a_clean_copy() {
    let still = webp(&[
        extended(0x2C),
        profile(CANARY),
        chunk(b"VP8 ", LOSSY),
        chunk(b"EXIF", &exif_block(6)),
        chunk(b"XMP ", CANARY),
    ]);
    let picture = [chunk(b"UNKN", CANARY), chunk(b"VP8L", LOSSLESS)];
    let moving = webp(&[extended(2), chunk(b"ANIM", &[0; 6]), frame(&picture, 0, CANARY)]);
    for fixture in [still, moving] {
        assert!(sings(&fixture));
        abuse(&[&fixture, CANARY].concat(), stays_sane);
    }
}
