//! `docs/formats/report.md` is enough to read what leaves a phone and what comes back: this reader
//! was written after that page, with ring and age alone. The vectors beside the page were made by
//! another implementation, and both this reader and the core read them.

#![allow(clippy::unwrap_used, reason = "a test that can't set up its world has failed")]

mod common;

use std::io::Read;

use age::x25519::{Identity, Recipient};
use common::{Phone, attach, begin, pack, photo, set};
use data_encoding::{BASE64, HEXLOWER};
use homeward_core::brand::{Organisation, Pack, ReceiptKey, Server, Trust};
use homeward_core::crypto::VerifyKey;
use homeward_core::receipts::{HoldAnswer, Proof, Receipt};
use homeward_core::seal::{PartKind, ReplyDocument, ReportKeys};
use homeward_core::{Fingerprint, Scope, SendWhen, seal};
use ring::signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey};
use ring::{digest, hkdf};
use serde_json::{Value, from_str, from_value};

fn vectors() -> Value {
    from_str(include_str!("../../docs/formats/report.vectors.json")).unwrap()
}

fn text<'a>(value: &'a Value, member: &str) -> &'a str {
    value[member].as_str().unwrap()
}

fn bytes(value: &Value, member: &str) -> Vec<u8> {
    HEXLOWER.decode(text(value, member).as_bytes()).unwrap()
}

fn file(value: &Value, member: &str) -> Vec<u8> {
    BASE64.decode(text(value, member).as_bytes()).unwrap()
}

fn hash(bytes: &[u8]) -> Vec<u8> {
    digest::digest(&digest::SHA256, bytes).as_ref().to_vec()
}

fn derive(seed: &[u8], purpose: &str) -> [u8; 32] {
    let mut key = [0; 32];
    let extracted = hkdf::Salt::new(hkdf::HKDF_SHA256, &[]).extract(seed);
    let info = [b"homeward report 1 ".as_slice(), purpose.as_bytes()];
    extracted.expand(&info, hkdf::HKDF_SHA256).unwrap().fill(&mut key).unwrap();
    key
}

fn decrypt(sealed: &[u8], identity: &Identity) -> Vec<u8> {
    let decryptor = age::Decryptor::new(sealed).unwrap();
    let mut plain = Vec::new();
    let mut reader = decryptor.decrypt(std::iter::once(identity as &dyn age::Identity)).unwrap();
    reader.read_to_end(&mut plain).unwrap();
    plain
}

/// The two files of a part and what follows them, as the page says.
fn untar(plain: &[u8]) -> ([(String, Vec<u8>); 2], &[u8]) {
    let mut rest = plain;
    let files = [(); 2].map(|()| {
        let (header, after) = rest.split_at(512);
        let name = header[..100].split(|byte| *byte == 0).next().unwrap();
        assert_eq!(&header[257..262], b"ustar");
        let digits = std::str::from_utf8(&header[124..135]).unwrap();
        let length = usize::from_str_radix(digits.trim(), 8).unwrap();
        rest = &after[length.next_multiple_of(512)..];
        (String::from_utf8(name.to_vec()).unwrap(), after[..length].to_vec())
    });
    (files, rest)
}

/// The bytes that a part signs, from its JSON.
fn statement(part: &Value) -> Vec<u8> {
    let audiences = part["audiences"].as_array().unwrap().iter();
    let audiences = audiences.map(|audience| audience.as_str().unwrap()).collect::<Vec<_>>();
    let content = &part["content"];
    let fields: [Vec<u8>; 15] = [
        text(part, "format").into(),
        bytes(part, "organisation"),
        audiences.join(",").into(),
        bytes(part, "report"),
        bytes(part, "part"),
        text(part, "kind").into(),
        (part["version"].as_u64().unwrap() as u32).to_be_bytes().into(),
        part["previous"].as_str().unwrap_or_default().into(),
        vec![u8::from(part["practice"].as_bool().unwrap())],
        text(content, "name").into(),
        content["bytes"].as_u64().unwrap().to_be_bytes().into(),
        bytes(content, "sha256"),
        bytes(part, "receipt_address"),
        text(part, "receipt_recipient").into(),
        text(part, "question_recipient").into(),
    ];
    fields
        .iter()
        .flat_map(|field| [&(field.len() as u64).to_be_bytes(), &field[..]].concat())
        .collect()
}

/// Checks a part as the page says, and gives its statement and content.
fn check(part: &Value, content: &[u8]) -> Vec<u8> {
    let (key, statement) = (bytes(part, "key"), statement(part));
    let signature = bytes(part, "signature");
    UnparsedPublicKey::new(&ED25519, &key).verify(&statement, &signature).unwrap();
    let named = hash(&[b"homeward report id 1\n", key.as_slice()].concat());
    assert_eq!(bytes(part, "report"), named[..16]);
    assert_eq!(bytes(&part["content"], "sha256"), hash(content));
    statement
}

#[test]
fn the_pinned_keys_derive() {
    let pinned = vectors();
    let seed = bytes(&pinned, "seed");
    for (purpose, expected) in pinned["derived"].as_object().unwrap() {
        assert_eq!(HEXLOWER.encode(&derive(&seed, purpose)), expected.as_str().unwrap());
    }
    let signing = Ed25519KeyPair::from_seed_unchecked(&derive(&seed, "sign")).unwrap();
    assert_eq!(bytes(&pinned, "verify_key"), signing.public_key().as_ref());

    let keys = ReportKeys::derive(seed.try_into().unwrap());
    assert_eq!(keys.signing_key().verify_key().to_string(), text(&pinned, "verify_key"));
    assert_eq!(keys.report_id().to_string(), text(&pinned, "report"));
    assert_eq!(keys.receipt_address().to_string(), text(&pinned, "receipt_address"));
    let recipients = [keys.receipt_identity(), keys.question_identity()];
    let [receipt, question] = recipients.map(|identity| identity.to_public().to_string());
    assert_eq!(receipt, text(&pinned, "receipt_recipient"));
    assert_eq!(question, text(&pinned, "question_recipient"));
}

#[test]
fn the_pinned_part_is_read_by_both() {
    let pinned = vectors();
    let (sealed, identity) = (file(&pinned, "part_file"), text(&pinned, "opener").parse().unwrap());
    assert_eq!(sealed.len(), 4096);
    let plain = decrypt(&sealed, &identity);
    let ([(first, json), (second, content)], rest) = untar(&plain);
    assert_eq!([first.as_str(), &second], ["part.json", "reply.json"]);
    assert!(rest.len() >= 1024 && rest.iter().all(|byte| *byte == 0));
    let part: Value = serde_json::from_slice(&json).unwrap();
    assert_eq!(HEXLOWER.encode(&check(&part, &content)), text(&pinned, "statement"));

    let organisation: Fingerprint = text(&pinned, "organisation").parse().unwrap();
    let mut read = Vec::new();
    let opened = seal::open(sealed.as_slice(), &[identity], &organisation, &mut read).unwrap();
    assert_eq!(
        (opened.part.to_string().as_str(), opened.kind),
        (text(&pinned, "part"), PartKind::Reply)
    );
    assert_eq!(opened.digest().to_string(), HEXLOWER.encode(&hash(&bytes(&pinned, "statement"))));
    assert_eq!(String::from_utf8(read.clone()).unwrap(), text(&pinned, "content"));
    let reply: ReplyDocument = serde_json::from_slice(&read).unwrap();
    assert_eq!((reply.text.as_str(), reply.question), ("She has a red hood", None));
}

#[test]
fn the_pinned_receipt_question_and_proof_are_read() {
    let pinned = vectors();
    let keys = ReportKeys::derive(bytes(&pinned, "seed").try_into().unwrap());
    let key = |member: &str| from_value::<VerifyKey>(pinned[member].clone()).unwrap();
    let organisation = Organisation { name: "Example".into(), key: key("organisation_key") };
    assert_eq!(organisation.fingerprint().to_string(), text(&pinned, "organisation"));
    let server = Server::new("https://desk.example".into(), "token".into(), Trust::Public);
    let mut pack = Pack::new(organisation, server);
    pack.receipt_keys.push(ReceiptKey { key: key("desk_key"), holder: "desk".into() });

    let sealed = file(&pinned, "receipt_file");
    let receipt =
        Receipt::open(&sealed, &keys.receipt_identity(), &pack, keys.report_id()).unwrap();
    let (signed, receipt) = (receipt.signed, receipt.receipt);
    assert_eq!((receipt.sequence, receipt.hold), (3, Some(HoldAnswer::Send)));
    assert_eq!(receipt.opened[0].to_string(), text(&pinned, "part"));
    let question = receipt.questions[0].open(&keys.question_identity()).unwrap();
    assert_eq!(serde_json::to_value(&question).unwrap(), pinned["question"]);
    let envelope: Value =
        serde_json::from_slice(&decrypt(&sealed, &keys.receipt_identity())).unwrap();
    assert_eq!(envelope["receipt"]["body"], pinned["receipt_body"]);

    let proof = Proof::make(&signed, None).unwrap();
    assert_eq!(proof.to_compact(), text(&pinned, "proof"));
    let proven = Proof::read(text(&pinned, "proof").as_bytes()).unwrap().verify().unwrap();
    assert_eq!(proven.key, key("desk_key"));
}

/// Not only the vectors: whatever a phone seals is as the page says.
#[test]
fn what_a_phone_seals_is_read_by_the_pages_reader() {
    let phone = Phone::new();
    let core = phone.open();
    let (bytes_of_pack, identity) = pack();
    core.pair(&bytes_of_pack).unwrap();
    let id = begin(&core, "Ada Example");
    let medium = attach(&core, id);
    core.set_face(id, medium.id, &photo()).unwrap();
    let mut sealed = core.send(id, Scope::FirstMinute, SendWhen::Now).unwrap().parts;
    set(&core, id, "clothing", "a yellow coat");
    sealed.extend(core.send(id, Scope::All, SendWhen::Now).unwrap().parts);
    sealed.extend(core.reply(id, "She has a red hood").unwrap().parts);
    sealed.extend(core.recall(id, seal::RecallReason::Found).unwrap().parts);

    let mut statements = Vec::new();
    for part in &sealed {
        let path = phone.home().join("spool").join(part.part.to_string());
        let plain = decrypt(&std::fs::read(path).unwrap(), &identity);
        let ([(_, json), (name, content)], rest) = untar(&plain);
        assert!(rest.iter().all(|byte| *byte == 0));
        let said: Value = serde_json::from_slice(&json).unwrap();
        statements.push((said.clone(), check(&said, &content)));
        assert_eq!(said["content"]["name"], name);
        assert_eq!(said["kind"], part.kind.as_str());
        for recipient in ["receipt_recipient", "question_recipient"] {
            assert!(text(&said, recipient).parse::<Recipient>().is_ok());
        }
    }
    let of = |kind: &str, version: u64| {
        let mut found = statements.iter();
        let found = found.find(|(said, _)| said["kind"] == kind && said["version"] == version);
        found.map(|(said, statement)| (said, HEXLOWER.encode(&hash(statement)))).unwrap()
    };
    let (first, lead) = of("first_minute", 1);
    assert_eq!((&first["previous"], &of("face", 1).0["previous"]), (&Value::Null, &Value::Null));
    let (answers, next) = of("answers", 2);
    assert_eq!(answers["previous"], lead.as_str());
    for words in ["reply", "recall"] {
        assert_eq!(of(words, 2).0["previous"], next.as_str(), "{words}");
    }
}
