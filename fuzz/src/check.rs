//! The promises: whatever the input is, there is an error or something that keeps them.

use std::io::Read;
use std::sync::OnceLock;

use age::x25519::Identity;
use homeward_core::brand::Pack;
use homeward_core::crypto::SigningKey;
use homeward_core::forms::Form;
use homeward_core::media::{self, Facts, Piece};
use homeward_core::seal;
use homeward_core::signed::{Purpose, Signed};

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
