//! What the desk holds of one report, and what follows from it. Pure: no disk, no clock, no keys.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use homeward_core::forms::{Answer, Audience, FieldId, FormBook, Stage, title};
use homeward_core::receipts::{HoldAnswer, Question, Receipt, SealedQuestion};
use homeward_core::seal::{
    AnswersDocument, Content, EarlierAnswer, ListedPart, MediumEntry, Part, PartKind,
    RecallDocument, ReplyDocument,
};
use homeward_core::{Digest, PartId, QuestionId, ReceiptAddress, ReportId};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use zeroize::Zeroizing;

use crate::error::{Error, Result};

/// The format label of a case's body; its last word is the version.
const FORMAT: &str = "homeward-case/2";

/// Parts that a report may have: a phone sends some dozens in months. More would make each look at
/// the case cost more and more.
const MAX_PARTS: usize = 4096;
/// What the words of a report may come to: some hundred versions of long answers.
const MAX_WORDS: u64 = 8 << 20;
/// What is kept above both for replies and recalls: what ends a search must come through.
const SPARE_PARTS: usize = 64;
const SPARE_WORDS: u64 = 1 << 20;

/// One report as the desk holds it.
#[derive(Clone, Serialize, Deserialize)]
pub struct Case {
    format: String,
    /// The report.
    pub report: ReportId,
    /// Where its receipt is left.
    pub receipt_address: ReceiptAddress,
    /// Whom its receipt is sealed to.
    pub receipt_recipient: String,
    /// Whom questions to the reporter are sealed to.
    pub question_recipient: String,
    /// When its first part was opened, Unix ms.
    pub opened_at_ms: i64,
    /// Every part that was opened, in the order of opening. Each is stored in a row of its own.
    #[serde(skip)]
    pub parts: Vec<HeldPart>,
    /// How many rows of parts there are: none can be taken out unseen.
    pub(super) rows: u32,
    /// What was asked, the oldest first.
    #[serde(default)]
    pub asked: Vec<Asked>,
    /// What shall happen to the media that a recall holds on the phone.
    #[serde(default)]
    pub hold: Option<HoldAnswer>,
    /// The last receipt.
    pub receipt: Option<Receipt>,
    /// The hash of that receipt's file; none before it lies where the phone fetches it.
    pub receipt_file: Option<Digest>,
    /// What the report may have been filled in with.
    #[serde(skip)]
    pub(super) forms: FormBook,
}

/// A case as its row holds it, and a part that is new to it.
pub struct Body {
    pub(super) report: ReportId,
    pub(super) json: Zeroizing<Vec<u8>>,
    pub(super) part: Option<PartBody>,
}

/// A part as its row holds it.
pub(super) struct PartBody {
    pub(super) upload: String,
    pub(super) number: u32,
    pub(super) json: Zeroizing<Vec<u8>>,
}

/// The JSON of `value`. Read back once, because what strangers wrote is in it: a row that does not
/// read again must not come into being.
fn stored<T: Serialize + DeserializeOwned>(value: &T) -> Result<Zeroizing<Vec<u8>>> {
    let damaged = |_| Error::Damaged("casebook");
    let json = serde_json::to_vec(value).map(Zeroizing::new).map_err(damaged)?;
    serde_json::from_slice::<T>(&json).map_err(damaged)?;
    Ok(json)
}

/// A question that was asked.
#[derive(Clone, Serialize, Deserialize)]
pub struct Asked {
    /// What was asked.
    pub question: Question,
    /// As receipts carry it; sealed once, so that each carries the same.
    pub sealed: SealedQuestion,
}

/// A part that was opened and found whole.
#[derive(Clone, Serialize, Deserialize)]
pub struct HeldPart {
    /// Its name in the store.
    pub upload: String,
    /// The store that it lies in, where that is not the desk's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub store: Option<PathBuf>,
    /// Its id.
    pub part: PartId,
    /// What it is.
    pub kind: PartKind,
    /// Who may open it.
    pub audiences: Vec<Audience>,
    /// The version that it came with.
    pub version: u32,
    /// The statement that led the version before.
    pub previous: Option<Digest>,
    /// The length of its ciphertext.
    pub bytes: u64,
    /// The hash of its ciphertext.
    pub sha256: Digest,
    /// The file inside.
    pub content: Content,
    /// When its upload began, Unix ms.
    pub received_at_ms: i64,
    /// The answers, if it holds some.
    pub document: Option<AnswersDocument>,
    /// What the reporter said in reply, if it holds that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reply: Option<ReplyDocument>,
    /// The reporter's claim that the search can end, if it holds that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recall: Option<RecallDocument>,
}

// What a report says is not printed by accident.
impl std::fmt::Debug for Case {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Case(…)")
    }
}

impl std::fmt::Debug for HeldPart {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("HeldPart(…)")
    }
}

/// How a part that is new to a case relates to what is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Relation {
    /// Nothing of this id was there.
    New,
    /// The same part and the same bytes: an upload whose answer was lost.
    Twin,
    /// The same id with other bytes, signed by the same report. Both are kept.
    Conflict,
}

/// Versions of a report that name one parent: somebody wrote on from an older copy of it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Fork {
    /// The parts, each with another word on the same questions. None is dropped.
    pub parts: Vec<PartId>,
    /// The version that each calls itself.
    pub version: u32,
    /// What each says, in the order of the parts.
    pub answers: Vec<BTreeMap<FieldId, Value>>,
}

/// How much of a report is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum CaseState {
    /// Something came ahead of the report: a photo, or its recall.
    Ahead,
    /// Only the first minute has come.
    FirstMinute,
    /// Parts have not come that the report lists, or the organisation's answers, which lead it.
    Incomplete,
    /// All that the report lists is there.
    Complete,
    /// What is stored of the report does not read.
    Unreadable,
}

/// What a part is to the desk.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum PartState {
    /// Opened and found whole.
    Opened,
    /// Opened, but another part claims the same id.
    Conflict,
    /// Listed by the report and not there.
    Missing,
}

/// Whether what a part holds is kept in its case.
fn is_words(kind: PartKind) -> bool {
    use PartKind::{Answers, FirstMinute, Recall, Reply};
    matches!(kind, FirstMinute | Answers | Reply | Recall)
}

impl Case {
    /// A case that begins with `part`.
    #[must_use]
    pub fn begin(part: &Part, opened_at_ms: i64) -> Self {
        Self {
            format: FORMAT.into(),
            report: part.report,
            receipt_address: part.receipt_address,
            receipt_recipient: part.receipt_recipient.clone(),
            question_recipient: part.question_recipient.clone(),
            opened_at_ms,
            parts: Vec::new(),
            rows: 0,
            asked: Vec::new(),
            hold: None,
            receipt: None,
            receipt_file: None,
            forms: FormBook::default(),
        }
    }

    /// Whether this program knows the format that the case was written in.
    pub(super) fn is_known(&self) -> bool {
        self.format == FORMAT
    }

    /// The case as it is stored, without its parts.
    pub fn body(&self) -> Result<Body> {
        Ok(Body { report: self.report, json: stored(self)?, part: None })
    }

    /// Adds a part; gives back what is to be stored. A part that can't be is not added.
    pub fn add(&mut self, held: HeldPart) -> Result<Body> {
        let json = stored(&held)?;
        self.rows = self.rows.saturating_add(1);
        let part = PartBody { upload: held.upload.clone(), number: self.rows, json };
        self.parts.push(held);
        Ok(Body { part: Some(part), ..self.body()? })
    }

    /// Whether a part of this `kind` and length would be more than a report may have.
    #[must_use]
    pub fn is_full_for(&self, kind: PartKind, bytes: u64) -> bool {
        let (mut parts, mut words) = (MAX_PARTS, MAX_WORDS);
        if matches!(kind, PartKind::Reply | PartKind::Recall) {
            (parts, words) = (parts + SPARE_PARTS, words + SPARE_WORDS);
        }
        let spoken = self.parts.iter().filter(|held| is_words(held.kind));
        let spoken = spoken.fold(0_u64, |sum, held| sum.saturating_add(held.content.bytes));
        let bytes = if is_words(kind) { bytes } else { 0 };
        self.parts.len() >= parts || spoken.saturating_add(bytes) > words
    }

    /// Forgets what the parts say, to relate others to them without holding it all.
    pub fn forget_words(&mut self) {
        for held in &mut self.parts {
            (held.document, held.reply, held.recall) = (None, None, None);
        }
    }

    /// How a part of this id and ciphertext relates to what is there.
    #[must_use]
    pub fn relation(&self, part: PartId, sha256: Digest) -> Relation {
        let same: Vec<_> = self.parts.iter().filter(|held| held.part == part).collect();
        if same.iter().any(|held| held.sha256 == sha256) {
            Relation::Twin
        } else if same.is_empty() {
            Relation::New
        } else {
            Relation::Conflict
        }
    }

    /// Its parts as they are listed and numbered, whatever the order that they came in.
    #[must_use]
    pub fn parts_in_order(&self) -> Vec<&HeldPart> {
        let mut parts: Vec<&HeldPart> = self.parts.iter().collect();
        parts.sort_by_key(|held| (held.version, held.kind, held.part, held.sha256));
        parts
    }

    /// When its first part came, Unix ms.
    #[must_use]
    pub fn received_at_ms(&self) -> i64 {
        self.parts.iter().map(|held| held.received_at_ms).min().unwrap_or(self.opened_at_ms)
    }

    /// The newest version of which something is there.
    #[must_use]
    pub fn version(&self) -> u32 {
        let of_a_version =
            |held: &&HeldPart| !matches!(held.kind, PartKind::Reply | PartKind::Recall);
        self.parts.iter().filter(of_a_version).map(|held| held.version).max().unwrap_or(0)
    }

    /// What the reporter said in reply, the oldest first.
    #[must_use]
    pub fn replies(&self) -> Vec<&ReplyDocument> {
        let mut replies: Vec<_> =
            self.parts.iter().filter_map(|held| held.reply.as_ref()).collect();
        replies.sort_by_key(|reply| reply.sealed_at_ms);
        each_once(replies)
    }

    /// The questions that no reply names.
    #[must_use]
    pub fn unanswered(&self) -> Vec<&Asked> {
        let answered: BTreeSet<QuestionId> =
            self.replies().iter().filter_map(|reply| reply.question).collect();
        self.asked.iter().filter(|asked| !answered.contains(&asked.question.id)).collect()
    }

    /// The reporter's claims that the search can end, the newest first. They close nothing, and no
    /// later version takes them back.
    #[must_use]
    pub fn recalls(&self) -> Vec<&RecallDocument> {
        let mut recalls: Vec<_> =
            self.parts.iter().filter_map(|held| held.recall.as_ref()).collect();
        recalls.sort_by_key(|recall| std::cmp::Reverse(recall.sealed_at_ms));
        each_once(recalls)
    }

    /// Whether words of the report were sealed after the newest recall: somebody has to ask.
    #[must_use]
    pub fn went_on_after_recall(&self) -> bool {
        let recalled = self.recalls().first().map(|recall| recall.sealed_at_ms);
        let spoken = self.parts.iter().filter_map(|held| held.document.as_ref());
        recalled.is_some_and(|at| spoken.map(|document| document.sealed_at_ms).any(|ms| ms > at))
    }

    /// The versions that name one parent with others: same kind, same audiences, other words.
    #[must_use]
    pub fn forks(&self) -> Vec<Fork> {
        let mut siblings: BTreeMap<_, Vec<&HeldPart>> = BTreeMap::new();
        for held in self.parts.iter().filter(|held| held.document.is_some()) {
            let parent = (held.previous, held.kind, &held.audiences);
            let same = siblings.entry(parent).or_default();
            // The same words under a new id were only sealed anew, to other recipients.
            if same.iter().all(|other| other.content.sha256 != held.content.sha256) {
                same.push(held);
            }
        }
        let forked = siblings.into_values().filter(|same| same.len() > 1);
        forked
            .map(|same| Fork {
                version: same.iter().map(|held| held.version).max().unwrap_or(0),
                parts: same.iter().map(|held| held.part).collect(),
                answers: same
                    .iter()
                    .filter_map(|held| held.document.as_ref())
                    .map(|document| document.answers.clone())
                    .collect(),
            })
            .collect()
    }

    /// The documents that say what the report says now, the latest word last: the answers of the
    /// newest version that has some, and first minutes that are newer.
    #[must_use]
    pub fn documents(&self) -> Vec<&AnswersDocument> {
        self.current().filter_map(|held| held.document.as_ref()).collect()
    }

    /// The form's name.
    #[must_use]
    pub fn form(&self) -> Option<&str> {
        self.documents().last().map(|document| document.form.as_str())
    }

    /// All answers that the desk may see.
    #[must_use]
    pub fn answers(&self) -> BTreeMap<FieldId, Value> {
        let mut answers = BTreeMap::new();
        for held in self.current() {
            let Some(document) = &held.document else { continue };
            // What a newer first minute does not say any more was taken back.
            if let (PartKind::FirstMinute, Some(form)) =
                (held.kind, self.forms.form(&document.form))
            {
                form.stage(Stage::FirstMinute).for_each(|field| {
                    answers.remove(&field.id);
                });
            }
            answers.extend(document.answers.clone());
        }
        answers
    }

    /// Answers to questions that the report's form did not ask any more when it was sent.
    #[must_use]
    pub fn earlier(&self) -> Vec<&EarlierAnswer> {
        self.documents().into_iter().flat_map(|document| &document.earlier).collect()
    }

    /// All media that the answers tell of.
    #[must_use]
    pub fn media(&self) -> Vec<&MediumEntry> {
        let mut seen = BTreeSet::new();
        let media = self.documents().into_iter().flat_map(|document| &document.media);
        media.filter(|medium| seen.insert(medium.part)).collect()
    }

    fn current(&self) -> impl Iterator<Item = &HeldPart> {
        let of = |kind| self.parts.iter().filter(move |held| held.kind == kind);
        let newest = |kind| of(kind).map(|held| held.version).max();
        let answers = newest(PartKind::Answers);
        let minute = newest(PartKind::FirstMinute).filter(|minute| answers < Some(*minute));
        let answers = of(PartKind::Answers).filter(move |held| Some(held.version) == answers);
        answers.chain(of(PartKind::FirstMinute).filter(move |held| Some(held.version) == minute))
    }

    /// What the report is called in a list.
    #[must_use]
    pub fn title(&self) -> Option<String> {
        let form = self.forms.form(&self.documents().last()?.form)?;
        let answers = self.answers().into_iter().filter_map(|(id, value)| {
            let answer = Answer::from_json(&form.field(&id)?.kind, &value).ok()?;
            Some((id, answer))
        });
        title(&form, &answers.collect())
    }

    /// The parts that the report lists, in any version, and that are not there.
    #[must_use]
    pub fn missing(&self) -> Vec<&ListedPart> {
        let mut seen: BTreeSet<PartId> = self.parts.iter().map(|held| held.part).collect();
        let documents = self.parts.iter().filter_map(|held| held.document.as_ref());
        let listed = documents.flat_map(|document| &document.parts);
        listed.filter(|listed| seen.insert(listed.part)).collect()
    }

    /// How much of the report is there.
    #[must_use]
    pub fn state(&self) -> CaseState {
        let holds = |kind| self.parts.iter().any(|held| held.kind == kind);
        if !holds(PartKind::Answers) && !holds(PartKind::FirstMinute) {
            CaseState::Ahead
        } else if !holds(PartKind::Answers) {
            CaseState::FirstMinute
        } else if self.missing().is_empty() && self.is_led() {
            CaseState::Complete
        } else {
            CaseState::Incomplete
        }
    }

    /// Whether the organisation's answers are there of the newest version that has some. Nothing
    /// lists them, and every version that is more than a first minute and a face has them.
    fn is_led(&self) -> bool {
        let newest = |leads: fn(&HeldPart) -> bool| {
            self.parts.iter().filter(|held| leads(held)).map(|held| held.version).max()
        };
        let led = newest(|held| {
            held.kind == PartKind::Answers && held.audiences.contains(&Audience::Organisation)
        });
        newest(|held| held.kind == PartKind::Answers || held.kind.is_file()) <= led
    }

    /// What `held` is to the desk.
    #[must_use]
    pub fn part_state(&self, held: &HeldPart) -> PartState {
        let claims = self.parts.iter().filter(|other| other.part == held.part).count();
        if claims > 1 { PartState::Conflict } else { PartState::Opened }
    }
}

/// Each thing that was said once: the same words under a new id were only sealed anew, to other
/// recipients.
fn each_once<T: PartialEq>(said: Vec<&T>) -> Vec<&T> {
    let mut once: Vec<&T> = Vec::new();
    for words in said {
        if !once.contains(&words) {
            once.push(words);
        }
    }
    once
}
