//! `docs/formats/vault.md` is enough to read a vault: this reader was written after that page, with
//! ring, SQLite and Argon2 alone, and calls nothing of the core. The vectors are pinned.

#![allow(clippy::unwrap_used, reason = "a test that can't set up its world has failed")]

mod common;

use std::fs;

use argon2::{Algorithm, Argon2, Params, Version};
use common::{Phone, begin, field, set};
use data_encoding::{HEXLOWER, HEXLOWER_PERMISSIVE};
use homeward_core::vault::blob::{self, BlobKey, BlobReader};
use homeward_core::vault::cell::{Cell, CellKey};
use homeward_core::vault::{DeviceKey, KeySlot, Passphrase};
use homeward_core::{Original, Source};
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use ring::hkdf;
use rusqlite::Connection;
use serde_json::Value;

/// HKDF-SHA256 without salt.
fn derive(secret: &[u8], info: &[&[u8]]) -> [u8; 32] {
    let mut key = [0; 32];
    let extracted = hkdf::Salt::new(hkdf::HKDF_SHA256, &[]).extract(secret);
    extracted.expand(info, hkdf::HKDF_SHA256).unwrap().fill(&mut key).unwrap();
    key
}

fn aes(key: &[u8; 32], nonce: [u8; 12], data: &[u8], sealed: &[u8]) -> Vec<u8> {
    let key = LessSafeKey::new(UnboundKey::new(&AES_256_GCM, key).unwrap());
    let mut bytes = sealed.to_vec();
    let nonce = Nonce::assume_unique_for_key(nonce);
    key.open_in_place(nonce, Aad::from(data), &mut bytes).unwrap().to_vec()
}

/// A sealed cell, as the page says.
fn open_cell(
    key: &[u8; 32],
    table: &str,
    id: &[u8],
    column: &str,
    version: u64,
    cell: &[u8],
) -> Vec<u8> {
    assert_eq!(cell[0], 1);
    let mut data = Vec::new();
    let version = version.to_be_bytes();
    for part in [b"homeward cell 1", table.as_bytes(), id, column.as_bytes(), &version] {
        data.extend_from_slice(&(part.len() as u64).to_be_bytes());
        data.extend_from_slice(part);
    }
    aes(key, cell[1..13].try_into().unwrap(), &data, &cell[13..])
}

/// A sealed file, as the page says.
fn open_blob(key: &[u8; 32], file: &[u8]) -> Vec<u8> {
    assert_eq!(&file[..4], b"HWB1");
    let chunks: Vec<_> = file[4..].chunks(65_536 + 16).collect();
    let mut plain = Vec::new();
    for (number, chunk) in chunks.iter().enumerate() {
        let mut nonce = [0; 12];
        nonce[7..11].copy_from_slice(&(number as u32).to_be_bytes());
        nonce[11] = u8::from(number + 1 == chunks.len());
        plain.extend(aes(key, nonce, &[], chunk));
    }
    plain
}

#[test]
fn a_reader_written_after_the_page_reads_a_vault_with_a_passphrase() {
    let phone = Phone::new();
    let core = phone.open();
    let id = begin(&core, "Ada Example");
    set(&core, id, "clothing", "a yellow coat");
    let source = Source::Bytes(common::photo());
    let medium = core.attach(id, &field("photo"), source, Original::Keep).unwrap().id;
    core.set_face(id, medium, &common::photo()).unwrap();
    let passphrase = "correct horse";
    core.set_passphrase(None, Some(&Passphrase::new(passphrase)), None).unwrap();
    drop(core);

    let db = Connection::open(phone.database()).unwrap();
    let (generation, wrapped, proof): (u32, Vec<u8>, Vec<u8>) = db
        .query_row(
            "SELECT generation, wrapped, proof FROM keyring WHERE slot = 'vault'",
            [],
            |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)),
        )
        .unwrap();
    let (salt, memory, passes): (Vec<u8>, u32, u32) = db
        .query_row("SELECT salt, memory_kib, passes FROM passphrase", [], |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?))
        })
        .unwrap();
    let sealed = phone.device.open(KeySlot::Vault { generation }, &wrapped).unwrap();
    let mut words = [0; 32];
    Argon2::new(Algorithm::Argon2id, Version::V0x13, Params::new(memory, passes, 1, None).unwrap())
        .hash_password_into(passphrase.as_bytes(), &salt, &mut words)
        .unwrap();
    let (hash, sealed) = sealed.split_at(32);
    let numbers = [memory, passes, 0].map(u32::to_be_bytes).concat();
    let recipe = [b"homeward recipe 1", &salt[..], &numbers].concat();
    assert_eq!(hash, ring::digest::digest(&ring::digest::SHA256, &recipe).as_ref());
    let vault = open_cell(&words, "keyring", b"vault", "passphrase", 1, sealed);
    assert_eq!(derive(&vault, &[b"homeward key proof 1"]).as_slice(), proof);

    let vault = derive(&vault, &[b"homeward vault 1"]);
    let row: (Vec<u8>, u64, Vec<u8>, Vec<u8>, u64, Vec<u8>) = db
        .query_row(
            "SELECT report.id, report.version, key, head, draft.version, body
             FROM report JOIN draft USING (id)",
            [],
            |row| {
                Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?, row.get(5)?))
            },
        )
        .unwrap();
    let (report, version, key, head, draft_version, body) = row;
    assert_eq!(report, id.as_bytes());
    let head = open_cell(&vault, "report", &report, "head", version, &head);
    let head: Value = serde_json::from_slice(&head).unwrap();
    assert_eq!(head["title"], "Ada Example");
    assert_eq!(head["draft_version"], draft_version);
    assert_eq!(head["draft_sha256"], hash_of(&body));
    let key = open_cell(&vault, "report", &report, "key", 0, &key);
    let rows = derive(&key, &[b"homeward rows 1"]);
    let body = open_cell(&rows, "draft", &report, "body", draft_version, &body);
    let body: Value = serde_json::from_slice(&body).unwrap();
    assert_eq!(body["form"], "missing_child");
    assert!(body["answers"]["clothing"].to_string().contains("a yellow coat"));

    assert_eq!(body["purpose"], "report");
    assert_eq!(body["answered_at_ms"]["clothing"], head["updated_at_ms"]);
    let [medium] = body["media"].as_array().unwrap().as_slice() else { panic!("one photo") };
    assert_eq!((&medium["field"], &medium["id"]), (&"photo".into(), &medium["scrubbed"]["id"]));
    for (name, stem) in [("scrubbed", "photo"), ("original", "original"), ("face", "face")] {
        let file = &medium[name];
        assert_eq!((&file["stem"], &file["extension"]), (&stem.into(), &"jpg".into()));
        assert_eq!(file["sent"], Value::Null);
        let id = file["id"].as_str().unwrap();
        let blob_key = derive(&key, &[b"homeward blob 1 ", &unhex(id)]);
        let sealed = fs::read(phone.home().join("blobs").join(id)).unwrap();
        assert_eq!(file["file_sha256"], hash_of(&sealed));
        let picture = open_blob(&blob_key, &sealed);
        assert_eq!((&file["bytes"], &file["sha256"]), (&picture.len().into(), &hash_of(&picture)));
        assert!(picture.starts_with(&[0xFF, 0xD8]));
    }
}

/// A hash as the page writes it in JSON.
fn hash_of(bytes: &[u8]) -> Value {
    let hash = ring::digest::digest(&ring::digest::SHA256, bytes);
    HEXLOWER.encode(hash.as_ref()).into()
}

fn unhex(text: &str) -> Vec<u8> {
    HEXLOWER_PERMISSIVE.decode(text.as_bytes()).unwrap()
}

/// Key 00 01 … 1f, nonce a0 … ab, table `draft`, row `0102`, column `body`, version 7.
const CELL: &str =
    "01a0a1a2a3a4a5a6a7a8a9aaab8738054829a76dc84206e8b27322b3a049258290446cca0875883a57d5";

#[test]
fn the_pinned_cell_opens() {
    let key: [u8; 32] = std::array::from_fn(|at| at as u8);
    let cell = Cell { table: "draft", id: &[1, 2], column: "body", version: 7 };
    let opened = CellKey::new(&key).open(cell, &unhex(CELL)).unwrap();
    assert_eq!(opened.as_slice(), b"a yellow coat");
    assert_eq!(open_cell(&key, "draft", &[1, 2], "body", 7, &unhex(CELL)), b"a yellow coat");
}

/// Key 00 01 … 1f.
const BLOB: &str = "4857423174f6c69928985f692e4d3e589839aba9c08296e98b737ab31beb015659";

#[test]
fn the_pinned_blob_opens_and_is_written_so_again() {
    let key: [u8; 32] = std::array::from_fn(|at| at as u8);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("blob");
    fs::write(&path, unhex(BLOB)).unwrap();
    let mut plain = Vec::new();
    let mut reader = BlobReader::open(&path, BlobKey::new(&key)).unwrap();
    std::io::Read::read_to_end(&mut reader, &mut plain).unwrap();
    assert_eq!(plain, b"a yellow coat");
    blob::store(&path, &BlobKey::new(&key), &mut plain.as_slice()).unwrap();
    assert_eq!(HEXLOWER.encode(&fs::read(&path).unwrap()), BLOB);
    assert_eq!(open_blob(&key, &unhex(BLOB)), plain);
}

/// From the secret 00 01 … 1f, in the order of the page's table; the medium is 16 bytes of 05.
const DERIVED: [(&str, &str); 5] = [
    ("homeward vault 1", "3ca5b4669fcd8226eeb3ee7ba1e2dab1efb85f6d8d7b9e53783d4a6484d62e8a"),
    ("homeward rows 1", "4e21fbe33c62fe5518300bf73f51c6caaa38e0f53e0eb90fe40c61c0e8237611"),
    (
        "homeward blob 1 \u{5}\u{5}\u{5}\u{5}\u{5}\u{5}\u{5}\u{5}\u{5}\u{5}\u{5}\u{5}\u{5}\u{5}\u{5}\u{5}",
        "c71346249bc590676981470066a8203cc3e5942d42e38b0f8bd4d19e1abf4cfa",
    ),
    ("homeward outbox 1", "b00ef47568b3e136c6c9580292276e46ab9bb3615664180d74d10344cf990959"),
    ("homeward key proof 1", "82dc3b5d110ac60b4f99fcb0e9a2d65e43f239ff4267a8d4764506fd0adfb42c"),
];

#[test]
fn the_pinned_keys_derive() {
    let secret: [u8; 32] = std::array::from_fn(|at| at as u8);
    for (info, expected) in DERIVED {
        assert_eq!(HEXLOWER.encode(&derive(&secret, &[info.as_bytes()])), expected, "{info}");
    }
}
