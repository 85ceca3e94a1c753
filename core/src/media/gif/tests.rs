//! Small GIFs with a canary in every place that can hide one.

use crate::media::abuse::{CANARY, abuse, scrubbed, scrubbed_with_plan, stays_silent};
use crate::media::{MediaError, RemovedKind, icc};

/// Signature, screen of 2 × 2 pixels and a palette of two colours.
const SCREEN: &[u8] = b"GIF89a\x02\0\x02\0\x80\0\0\0\0\0\xFF\xFF\xFF";

/// The descriptor of an image that fills the screen, and its code size.
const IMAGE: &[u8] = b"\x2C\0\0\0\0\x02\0\x02\0\0\x02";

/// Its four pixels: clear, 1, 1, 1, 1, end in codes of three bits, then four.
const PIXELS: &[u8] = &[0b0100_1100, 0b0001_0010, 0b0000_0101];

const CONTROL: &[u8] = b"\x21\xF9\x04\x01\x0A\0\0\0";

const LOOPS: &[u8] = b"\x21\xFF\x0BNETSCAPE2.0\x03\x01\0\0\0";

fn sub_blocks(blocks: &[&[u8]]) -> Vec<u8> {
    let mut bytes: Vec<u8> =
        blocks.iter().flat_map(|block| [&[block.len() as u8], *block].concat()).collect();
    bytes.push(0);
    bytes
}

fn image() -> Vec<u8> {
    [IMAGE, &sub_blocks(&[PIXELS])].concat()
}

fn extension(label: u8, blocks: &[&[u8]]) -> Vec<u8> {
    [&[0x21, label][..], &sub_blocks(blocks)].concat()
}

fn gif(blocks: &[&[u8]]) -> Vec<u8> {
    [SCREEN, &blocks.concat(), b";"].concat()
}

#[test]
fn a_clean_animation_stays_as_it_is() {
    let clean = gif(&[LOOPS, CONTROL, &image(), CONTROL, &image()]);
    let (copy, plan) = scrubbed_with_plan(&clean).unwrap();
    assert_eq!(copy, clean);
    assert_eq!(plan.pieces.len(), 1);
    assert!(plan.manifest.removed.is_empty() && !plan.manifest.broken);
}

/// An image with a palette of its own of eight colours, of which the first and the last are these.
fn image_with_palette(spare: &[u8; 3]) -> Vec<u8> {
    let colours = [&spare[..], &[1; 3], &spare.repeat(6)].concat();
    [&IMAGE[..9], &[0x82], &colours, &IMAGE[10..], &sub_blocks(&[PIXELS])].concat()
}

#[test]
fn colours_that_no_pixel_uses_do_not_pass() {
    let screen = |background: u8, spare: &[u8; 3], used: &[u8; 3]| {
        let head = [b"GIF89a\x02\0\x02\0\x81", &[background][..], &[0]].concat();
        [&head[..], spare, used, spare, b"BGR"].concat()
    };
    let file = |screen: Vec<u8>, blocks: &[&[u8]]| [&screen[..], &blocks.concat(), b";"].concat();
    let (loud, silent) = (image_with_palette(b"CAN"), image_with_palette(&[0; 3]));
    // All images have their own palette; of the screen's only the background counts.
    let source = file(screen(3, b"CAN", b"ARY"), &[&loud, &loud]);
    let want = file(screen(3, &[0; 3], &[0; 3]), &[&silent, &silent]);
    let (copy, plan) = scrubbed_with_plan(&source).unwrap();
    assert_eq!(copy, want);
    assert_eq!(plan.manifest.removed[0].kind, RemovedKind::Other);
    assert!(!plan.manifest.broken);
    // One image has none.
    let source = file(screen(3, b"CAN", b"ARY"), &[&loud, &image()]);
    let want = file(screen(3, &[0; 3], b"ARY"), &[&silent, &image()]);
    assert_eq!(scrubbed(&source).unwrap(), want);
}

#[test]
fn palettes_by_the_ten_thousand_are_too_complex() {
    let colours = CANARY.repeat(128);
    let image = [&IMAGE[..9], &[0x87], &colours, &IMAGE[10..], &sub_blocks(&[PIXELS])].concat();
    let source = gif(&[&image.repeat(22_000)]);
    assert!(matches!(scrubbed(&source), Err(MediaError::TooComplex)));
}

#[test]
fn nothing_but_the_images_passes() {
    let clean = gif(&[LOOPS, CONTROL, &image()]);
    for hidden in [
        extension(0xFE, &[CANARY]),
        extension(0xFF, &[b"XMP DataXMP", CANARY]),
        extension(0xFF, &[b"ICCRGBG1012", CANARY]),
        extension(0xFF, &[b"NETSCAPE2.0", CANARY]),
        extension(0xFF, &[b"NETSCAPE2.0", b"\x03\0\0", CANARY]),
        extension(0xFF, &[CANARY]),
        extension(0x42, &[CANARY, CANARY]),
        extension(0xF9, &[CANARY]),
        vec![0],
    ] {
        let source = gif(&[LOOPS, &hidden, CONTROL, &hidden, &image(), &hidden]);
        assert_eq!(scrubbed(&source).unwrap(), clean, "{hidden:02X?}");
    }
}

#[test]
fn words_on_the_picture_go_with_their_control() {
    let words = extension(0x01, &[&[0; 12], CANARY]);
    let source = gif(&[CONTROL, &words, &image()]);
    assert_eq!(scrubbed(&source).unwrap(), gif(&[&image()]));
}

#[test]
fn only_the_last_control_before_an_image_counts() {
    let spare = b"\x21\xF9\x04CNRY\0";
    let source = gif(&[spare, CONTROL, &image(), spare]);
    assert_eq!(scrubbed(&source).unwrap(), gif(&[CONTROL, &image()]));
}

#[test]
fn a_colour_profile_passes_without_words() {
    let profile = |maker: &[u8; 4]| extension(0xFF, &[b"ICCRGBG1012", &icc::smallest(maker)]);
    let clean = gif(&[&profile(&[0; 4]), &image()]);
    assert_eq!(scrubbed(&clean).unwrap(), clean);
    assert_eq!(scrubbed(&gif(&[&profile(b"CNRY"), &image()])).unwrap(), clean);
}

#[test]
fn bytes_behind_the_loop_count_do_not_pass() {
    let long = extension(0xFF, &[b"NETSCAPE2.0", &[3, 1, 0, 0][1..], CANARY]);
    assert_eq!(scrubbed(&gif(&[&long, &image()])).unwrap(), gif(&[LOOPS, &image()]));
}

#[test]
fn data_behind_the_last_pixel_does_not_pass() {
    let clean = gif(&[&image()]);
    let pixels_and_canary = [PIXELS, CANARY].concat();
    // Without an end code, and with bits behind the end code.
    let no_end = [0b0100_1100, 0b0001_0010, 0b1111_0110];
    let loud_end = [0b0100_1100, 0b0001_0010, 0b1111_0101];
    for blocks in [
        &[pixels_and_canary.as_slice()][..],
        &[PIXELS, CANARY],
        &[&no_end, CANARY],
        &[&no_end],
        &[&loud_end],
    ] {
        let source = gif(&[IMAGE, &sub_blocks(blocks)]);
        let (copy, plan) = scrubbed_with_plan(&source).unwrap();
        assert_eq!(copy, clean, "{blocks:02X?}");
        assert_eq!(plan.manifest.removed[0].kind, RemovedKind::HiddenBytes);
    }
}

#[test]
fn data_may_be_cut_into_sub_blocks_anywhere() {
    for at in 1..PIXELS.len() {
        let (first, second) = PIXELS.split_at(at);
        let clean = gif(&[IMAGE, &sub_blocks(&[first, second])]);
        assert_eq!(scrubbed(&clean).unwrap(), clean);
        let source = gif(&[IMAGE, &sub_blocks(&[first, &[second, CANARY].concat()])]);
        let copy = scrubbed(&source).unwrap();
        // What follows the byte with the last pixel moves into its sub-block.
        assert!(copy == clean || copy == gif(&[&image()]));
    }
}

#[test]
fn an_end_code_that_does_not_fit_a_sub_block_gets_its_own() {
    // 340 times clear and a pixel, which fill a sub-block to the last bit.
    let data = [0x0C, 0xC3, 0x30].repeat(85);
    let image = b"\x2C\0\0\0\0\x54\x01\x01\0\0\x02";
    let source = gif(&[image, &sub_blocks(&[&data, CANARY])]);
    let clean = gif(&[image, &sub_blocks(&[&data[..254], &[0x30, 5]])]);
    assert_eq!(scrubbed(&source).unwrap(), clean);
}

#[test]
fn what_follows_the_trailer_does_not_pass_and_a_missing_one_is_added() {
    let clean = gif(&[&image()]);
    assert_eq!(scrubbed(&[&clean[..], CANARY].concat()).unwrap(), clean);
    let (copy, plan) = scrubbed_with_plan(&clean[..clean.len() - 1]).unwrap();
    assert_eq!(copy, clean);
    assert!(plan.manifest.broken);
    let cut = [&clean[..clean.len() - 1], &extension(0xFE, &[CANARY])[..5]].concat();
    assert_eq!(scrubbed(&cut).unwrap(), clean);
}

#[test]
fn a_gif_without_a_whole_image_is_refused() {
    assert!(matches!(scrubbed(&gif(&[])), Err(MediaError::Malformed)));
    let cut = &gif(&[&image()])[..SCREEN.len() + IMAGE.len() + 2];
    assert!(matches!(scrubbed(cut), Err(MediaError::Malformed)));
}

#[test]
fn abuse_gives_an_error_or_a_clean_copy() {
    let fixture = gif(&[
        LOOPS,
        &extension(0xFE, &[CANARY]),
        CONTROL,
        IMAGE,
        &sub_blocks(&[&PIXELS[..2], &[&PIXELS[2..], CANARY].concat()]),
        &extension(0xFF, &[b"XMP DataXMP", CANARY]),
        &image(),
    ]);
    abuse(&[&fixture, CANARY].concat(), |source| {
        // A changed size of screen or palette takes the canary for colours.
        if source.get(..SCREEN.len()) == Some(SCREEN) {
            stays_silent(source);
        }
    });
}
