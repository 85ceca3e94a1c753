//! Sealing a part against the bare cipher on the same number of bytes.

use std::hint::black_box;
use std::io::{self, Read};

use homeward_core::brand::Organisation;
use homeward_core::crypto::{Hasher, SigningKey};
use homeward_core::seal::{self, Part, ReportKeys};
use homeward_core::{Digest, PartId};
use ring::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, Nonce, UnboundKey};
use serde_json::{Value, json};

use crate::quickest;

const ROUNDS: u32 = 3;
/// Plaintext bytes per chunk of an age file.
const CHUNK: usize = 64 << 10;

/// Signs nothing: what is measured is the way of the content through hash, tar, age and hash.
pub(crate) fn seal(bytes: u64) -> Value {
    let part = part(bytes);
    let desk = age::x25519::Identity::generate().to_public();
    let recovery = age::x25519::Identity::generate().to_public();
    quickest(ROUNDS, || {
        let mut content = io::repeat(7).take(bytes);
        seal::seal(&part, &mut content, &[desk.clone(), recovery.clone()], &mut io::sink())
            .unwrap();
    })
}

pub(crate) fn chacha(bytes: u64) -> Value {
    let key = LessSafeKey::new(UnboundKey::new(&CHACHA20_POLY1305, &[7; 32]).unwrap());
    let mut chunk = vec![7; CHUNK];
    quickest(ROUNDS, || {
        for number in 0..bytes.div_ceil(CHUNK as u64) {
            let mut nonce = [0; 12];
            nonce[..8].copy_from_slice(&number.to_le_bytes());
            let nonce = Nonce::assume_unique_for_key(nonce);
            let sealed = key.seal_in_place_separate_tag(nonce, Aad::empty(), black_box(&mut chunk));
            let _tag = black_box(sealed.unwrap());
        }
    })
}

/// The age crate alone, in the writes that sealing makes.
pub(crate) fn age_crate(bytes: u64) -> Value {
    let recipient = age::x25519::Identity::generate().to_public();
    quickest(ROUNDS, || {
        let recipients = std::iter::once(&recipient as &dyn age::Recipient);
        let encryptor = age::Encryptor::with_recipients(recipients).unwrap();
        let mut output = encryptor.wrap_output(io::sink()).unwrap();
        io::copy(&mut io::repeat(7).take(bytes), &mut output).unwrap();
        output.finish().unwrap();
    })
}

/// One hash of the content; sealing takes one of the plaintext and one of the ciphertext.
pub(crate) fn sha256(bytes: u64) -> Value {
    quickest(ROUNDS, || {
        black_box(hash(bytes));
    })
}

fn part(bytes: u64) -> Part {
    let keys = ReportKeys::make();
    let key = SigningKey::derive(&[7; 32]);
    let organisation = Organisation { name: "Bench".into(), key: key.verify_key() };
    let part = json!({
        "format": "homeward-part/1",
        "organisation": organisation.fingerprint(),
        "audiences": ["organisation"],
        "report": keys.report_id(),
        "part": PartId::make(),
        "kind": "medium",
        "version": 1,
        "previous": null,
        "practice": false,
        "content": { "name": "video-1.mp4", "bytes": bytes, "sha256": hash(bytes) },
        "receipt_address": keys.receipt_address(),
        "receipt_recipient": keys.receipt_identity().to_public().to_string(),
        "question_recipient": keys.question_identity().to_public().to_string(),
        "key": keys.signing_key().verify_key(),
        "signature": keys.signing_key().sign(b""),
    });
    serde_json::from_value(part).unwrap()
}

fn hash(bytes: u64) -> Digest {
    let mut hasher = Hasher::default();
    let block = vec![7; CHUNK];
    let mut left = bytes;
    while left > 0 {
        let now = left.min(CHUNK as u64);
        hasher.update(&block[..now as usize]);
        left -= now;
    }
    hasher.finish()
}
