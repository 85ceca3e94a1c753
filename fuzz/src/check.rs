//! The promises: whatever the input is, there is an error or something that keeps them.

use std::io::Read;
use std::sync::OnceLock;

use age::x25519::Identity;
use homeward_core::brand::Pack;
use homeward_core::crypto::SigningKey;
use homeward_core::forms::Form;
use homeward_core::media::{self, Facts, Format, Piece};
use homeward_core::seal;
use homeward_core::signed::{Purpose, Signed};

use crate::mutate::crc32;

/// A scrubbed copy is made of bytes that are there, tells nothing, and scrubs to itself.
pub fn media(data: &[u8]) {
    let source = data.to_vec();
    let _ = media::facts(&source);
    let Ok(plan) = media::scrub(&source) else { return };
    for piece in &plan.pieces {
        if let Piece::Copy(range) = piece {
            assert!(range.start <= range.end && range.end <= source.len() as u64);
        }
    }
    let mut copy = Vec::new();
    plan.reader(&source).read_to_end(&mut copy).expect("the plan can be read");
    assert_eq!(copy.len() as u64, plan.len());
    words_stay_away(&source, plan.format, &copy);
    let again = media::scrub(&copy).expect("a scrubbed copy can be scrubbed");
    let mut twice = Vec::new();
    again.reader(&copy).read_to_end(&mut twice).expect("the plan can be read");
    assert!(twice == copy, "scrubbing twice changes nothing");
    assert_eq!(again.manifest.removed, [], "nothing is left to remove");
    assert_eq!(again.format, plan.format, "the container stays");
    let told = media::facts(&copy).unwrap_or_default();
    let shown =
        Facts { orientation: told.orientation, duration_ms: told.duration_ms, ..Facts::default() };
    assert_eq!(told, shown, "a scrubbed copy tells nothing but what it shows");
}

/// Words in a place where nothing is drawn change nothing: what is put into the source there does
/// not come into the copy. A word that is only looked for in the copy could be part of the picture.
fn words_stay_away(source: &[u8], format: Format, copy: &[u8]) {
    let Some(loud) = with_words(source, format) else { return };
    let plan = media::scrub(&loud).expect("words beside the picture are no damage");
    let mut quiet = Vec::new();
    plan.reader(&loud).read_to_end(&mut quiet).expect("the plan can be read");
    assert!(quiet == copy, "words came into the copy");
    assert_ne!(plan.manifest.removed, [], "words went without a word");
}

/// The file with words in a part of their own before the picture; none where none has its place.
fn with_words(source: &[u8], format: Format) -> Option<Vec<u8>> {
    const WORDS: &[u8] = b"52.5200, 13.4050";
    let len = WORDS.len() as u8;
    let (at, part) = match format {
        // Behind the start of the picture.
        Format::Jpeg => (2, [&[0xFF, 0xFE, 0, len + 2], WORDS].concat()),
        // Behind the header.
        Format::Png => (33, png_chunk(b"tEXt", &[b"Comment\0", WORDS].concat())),
        // Behind the screen and its palette.
        Format::Gif => {
            let flags = source.get(10)?;
            let palette = if flags & 0x80 == 0 { 0 } else { 3 << ((flags & 7) + 1) };
            (13 + palette, [&[0x21, 0xFE, len], WORDS, &[0]].concat())
        }
        Format::WebP if source.get(12..16) == Some(b"VP8X") => return webp_with(source, WORDS),
        // Behind the signature.
        Format::Jxl if source.first() == Some(&0) => {
            (12, [&[0, 0, 0, len + 8], &b"xml "[..], WORDS].concat())
        }
        Format::Aac => (0, [&b"ID3\x04\0\0\0\0\0"[..], &[len], WORDS].concat()),
        // In films and their like an offset counts from the start of the file.
        _ => return None,
    };
    let (before, behind) = source.split_at_checked(at)?;
    Some([before, &part, behind].concat())
}

fn png_chunk(kind: &[u8; 4], data: &[u8]) -> Vec<u8> {
    let crc = crc32(&[kind, data].concat());
    [&(data.len() as u32).to_be_bytes(), &kind[..], data, &crc.to_be_bytes()].concat()
}

/// A WebP with a chunk behind `VP8X`, and as much longer.
fn webp_with(source: &[u8], words: &[u8]) -> Option<Vec<u8>> {
    let number = |at: usize| Some(u32::from_le_bytes(*source.get(at..)?.first_chunk()?));
    let part = [b"WORD", &(words.len() as u32).to_le_bytes()[..], words].concat();
    let size = number(4)?.checked_add(part.len() as u32)?;
    let at = 20_usize.checked_add(number(16)?.next_multiple_of(2) as usize)?;
    let (before, behind) = source.split_at_checked(at)?;
    let mut loud = [before, &part, behind].concat();
    loud[4..8].copy_from_slice(&size.to_le_bytes());
    Some(loud)
}

/// The same for a JPEG with this Exif block, and the block as a file of its own.
pub fn exif(block: &[u8]) {
    media(block);
    // A segment has room for so many bytes.
    let block = &block[..block.len().min(65_000)];
    media(&crate::seeds::jpeg_with_exif(block));
}

/// Somebody who knows a recipient can seal anything.
pub fn part(plain: &[u8]) {
    let (identity, organisation) = receiver();
    let recipient = identity.to_public();
    let sealed = age::encrypt(&recipient, plain).expect("a recipient");
    let mut content = Vec::new();
    let _ =
        seal::open(sealed.as_slice(), std::slice::from_ref(identity), organisation, &mut content);
    let _ = seal::open(plain, std::slice::from_ref(identity), organisation, &mut content);
}

fn receiver() -> &'static (Identity, homeward_core::Fingerprint) {
    static RECEIVER: OnceLock<(Identity, homeward_core::Fingerprint)> = OnceLock::new();
    RECEIVER.get_or_init(|| (Identity::generate(), homeward_core::Fingerprint::from([7; 32])))
}

/// Somebody who has a key can sign anything.
pub fn pack(body: &[u8]) {
    let _ = Pack::read(body);
    let body = String::from_utf8_lossy(body).into_owned();
    let signed = Signed::make(Purpose::Pack, body, &signer());
    let file = crate::seeds::json(&signed);
    if let Ok(pack) = Pack::read(&file) {
        assert!(!pack.recipients.is_empty(), "a pack has recipients");
    }
}

/// The key that signs fuzzed packs.
pub(crate) fn signer() -> SigningKey {
    SigningKey::derive(&[7; 32])
}

/// A form is read or all its problems are told.
pub fn form(json: &[u8]) {
    assert_eq!(Form::parse(json).is_ok(), Form::parse_all(json).is_ok());
}
