//! A phone as the desk meets it: signs, seals and uploads parts, and reads receipts. The statement
//! that a part signs is written here a second time, so that the format can't change unnoticed.

use std::collections::BTreeMap;

use data_encoding::BASE64;
use homeward_core::brand::Pack;
use homeward_core::crypto::sha256;
use homeward_core::forms::Audience;
use homeward_core::receipts::{OpenedReceipt, Proof, Receipt};
use homeward_core::seal::{Part, ReportKeys, Sealed, seal};
use homeward_core::{Digest, Fingerprint, PartId, QuestionId};
use serde_json::{Value, json};

use super::{Desk, Receive};

pub struct Phone {
    pub keys: ReportKeys,
    pub pack: Pack,
}

/// What a part is to be; change a field to make a wrong one.
#[derive(Clone)]
pub struct Draft {
    pub organisation: Fingerprint,
    pub audiences: Vec<Audience>,
    pub sealed_to: Vec<Audience>,
    pub part: PartId,
    pub kind: &'static str,
    pub version: u32,
    pub previous: Option<Digest>,
    pub name: String,
    pub content: Vec<u8>,
    /// Whom receipt and questions are sealed to, where that is not the report itself.
    pub answered_as: Option<String>,
}

/// A sealed part.
pub struct Made {
    pub draft: Draft,
    /// What the next version names as the one before.
    pub digest: Digest,
    pub bytes: Vec<u8>,
    pub sealed: Sealed,
}

impl Phone {
    pub fn paired_with(desk: &Desk) -> Self {
        if !desk.folder.path().join("brand").exists() {
            desk.new_source();
        }
        Self { keys: ReportKeys::make(), pack: desk.build() }
    }

    pub fn id(&self) -> String {
        self.keys.report_id().to_string()
    }

    pub fn draft(&self, kind: &'static str, name: &str, content: &[u8]) -> Draft {
        let audiences = vec![Audience::Organisation, Audience::Police];
        Draft {
            organisation: self.pack.organisation.fingerprint(),
            sealed_to: audiences.clone(),
            audiences,
            part: PartId::make(),
            kind,
            version: 1,
            previous: None,
            name: name.into(),
            content: content.to_vec(),
            answered_as: None,
        }
    }

    pub fn first_minute(&self, name: &str) -> Made {
        let content = document(&[("child_name", json!(name))], &[], &[]);
        self.make(self.draft("first_minute", "answers.json", &content))
    }

    /// What the reporter says in reply.
    pub fn reply(&self, question: Option<QuestionId>, text: &str) -> Made {
        let content = json!({
            "format": "homeward-reply/1", "question": question, "text": text,
            "sealed_at_ms": 1_700_000_100_000_i64, "offset_minutes": 60,
        });
        self.make(self.draft("reply", "reply.json", content.to_string().as_bytes()))
    }

    /// The claim that the search can end.
    pub fn recall(&self, why: &str) -> Made {
        let content = json!({
            "format": "homeward-recall/1", "why": why,
            "sealed_at_ms": 1_700_000_200_000_i64, "offset_minutes": 60,
        });
        self.make(self.draft("recall", "recall.json", content.to_string().as_bytes()))
    }

    pub fn photo(&self, content: &[u8]) -> Made {
        self.make(self.draft("medium", "photo-1.jpg", content))
    }

    /// Answers that list `others`.
    pub fn answers(&self, name: &str, others: &[&Made]) -> Made {
        let media = others.iter().filter(|other| other.draft.kind == "medium").map(|other| {
            json!({ "part": other.draft.part, "name": other.draft.name, "field": "photo",
                    "manifest": { "removed": [], "remaining": [], "broken": false } })
        });
        let parts = others.iter().map(|other| {
            json!({ "part": other.draft.part, "kind": other.draft.kind,
                    "audiences": other.draft.audiences, "bytes": other.sealed.bytes,
                    "sha256": other.sealed.sha256 })
        });
        let (media, parts): (Vec<_>, Vec<_>) = (media.collect(), parts.collect());
        let answers = [("child_name", json!(name)), ("clothing", json!("a red \u{1b}[2J coat"))];
        let content = document(&answers, &media, &parts);
        self.make(self.draft("answers", "answers.json", &content))
    }

    pub fn make(&self, draft: Draft) -> Made {
        let key = self.keys.signing_key();
        let names: Vec<&str> = draft.audiences.iter().map(|audience| audience.name()).collect();
        let own = [self.keys.receipt_identity(), self.keys.question_identity()];
        let [recipient, questions] = own.map(|identity| {
            draft.answered_as.clone().unwrap_or_else(|| identity.to_public().to_string())
        });
        let hash = sha256(&draft.content);
        let length = draft.content.len() as u64;
        let (names, report) = (names.join(","), self.keys.report_id());
        let (version, length_bytes) = (draft.version.to_be_bytes(), length.to_be_bytes());
        let address = self.keys.receipt_address();
        let previous = draft.previous.map(|digest| digest.to_string()).unwrap_or_default();
        let fields: [&[u8]; 15] = [
            b"homeward-part/1",
            draft.organisation.as_bytes(),
            names.as_bytes(),
            report.as_bytes(),
            draft.part.as_bytes(),
            draft.kind.as_bytes(),
            &version,
            previous.as_bytes(),
            &[0],
            draft.name.as_bytes(),
            &length_bytes,
            hash.as_bytes(),
            address.as_bytes(),
            recipient.as_bytes(),
            questions.as_bytes(),
        ];
        let mut statement: Vec<u8> = Vec::new();
        for field in fields {
            statement.extend((field.len() as u64).to_be_bytes());
            statement.extend(field);
        }
        let part: Part = serde_json::from_value(json!({
            "format": "homeward-part/1",
            "organisation": draft.organisation,
            "audiences": draft.audiences,
            "report": self.keys.report_id(),
            "part": draft.part,
            "kind": draft.kind,
            "version": draft.version,
            "previous": draft.previous,
            "practice": false,
            "content": { "name": draft.name, "bytes": length, "sha256": hash },
            "receipt_address": self.keys.receipt_address(),
            "receipt_recipient": recipient,
            "question_recipient": questions,
            "key": key.verify_key(),
            "signature": key.sign(&statement),
        }))
        .unwrap();
        let recipients = self.pack.recipients_of(&draft.sealed_to);
        let mut bytes = Vec::new();
        let sealed = seal(&part, &mut draft.content.as_slice(), &recipients, &mut bytes).unwrap();
        Made { draft, digest: part.digest(), bytes, sealed }
    }

    /// The receipt that lies at the server, believed as a phone believes it.
    pub async fn receipt(&self, server: &Receive<'_>) -> Option<Receipt> {
        self.opened(server).await.map(|opened| opened.receipt)
    }

    /// The file that proves the receipt to anyone.
    pub async fn proof(&self, desk: &Desk, server: &Receive<'_>) -> Proof {
        let signed = self.opened(server).await.unwrap().signed;
        Proof::make(&signed, Some(&std::fs::read(desk.beside("pack")).unwrap())).unwrap()
    }

    async fn opened(&self, server: &Receive<'_>) -> Option<OpenedReceipt> {
        let url = format!("{}/receipts/{}", server.url, self.keys.receipt_address());
        let answer = server.client.get(url).send().await.unwrap();
        if answer.status() == 404 {
            return None;
        }
        let sealed = answer.bytes().await.unwrap();
        let (identity, report) = (self.keys.receipt_identity(), self.keys.report_id());
        Some(Receipt::open(&sealed, &identity, &self.pack, report).unwrap())
    }
}

pub fn document(answers: &[(&str, Value)], media: &[Value], parts: &[Value]) -> Vec<u8> {
    let answers: BTreeMap<_, _> = answers.iter().cloned().collect();
    let document = json!({
        "format": "homeward-answers/1", "form": "missing_child", "form_version": 1,
        "sealed_at_ms": 1_700_000_000_000_i64, "offset_minutes": 60,
        "answers": answers, "media": media, "parts": parts,
    });
    serde_json::to_vec(&document).unwrap()
}

/// Uploads a part as the phone does; gives back the upload's name.
pub async fn upload(server: &Receive<'_>, made: &Made) -> String {
    upload_as(server, made.draft.part, &made.bytes, made.bytes.len()).await
}

/// Uploads the first `sent` of `bytes` under the id of `part`.
pub async fn upload_as(server: &Receive<'_>, part: PartId, bytes: &[u8], sent: usize) -> String {
    let metadata = format!("part {}", BASE64.encode(part.to_string().as_bytes()));
    let post = server.post(bytes.len() as u64).header("upload-metadata", metadata);
    let answer = post.send().await.unwrap();
    assert_eq!(answer.status(), 201);
    let path = answer.headers()["location"].to_str().unwrap().to_owned();
    let answer = server.patch(&path, 0).body(bytes[..sent].to_vec()).send().await.unwrap();
    assert_eq!(answer.status(), 204);
    path.rsplit('/').next().unwrap().to_owned()
}
