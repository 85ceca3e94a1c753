//! Turns a draft into sealed parts: the step after which nothing is in clear.
//!
//! Each part is sealed into the spool and synced; then one transaction adds all queue rows and
//! writes down what was sent. A kill before that transaction leaves files without rows, which the
//! next start sweeps, and the draft unsent; a kill after it leaves nothing undone.

mod reseal;
mod sealer;
mod sent;
mod version;
mod words;

use rusqlite::Transaction;

use self::sealer::Sealer;
use self::version::Version;
use crate::brand::Pack;
use crate::drafts::{self, Draft, SentVersion};
use crate::error::{Refusal, Result};
use crate::forms::{self, Audience, FormId, Moment, Purpose};
use crate::ids::{PartId, ReportId};
use crate::queue::{self, Expected, NewPart, PartSecret};
use crate::seal::{ListedPart, PartKind};
use crate::store::Store;
use crate::vault::Keys;

pub(crate) use reseal::reseal;
pub use words::{Message, MessageFrom};
pub(crate) use words::{messages, recall, reply};

/// How much of a report leaves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Scope {
    /// Everything that was answered and attached.
    #[default]
    All,
    /// Only the ten answers of the first minute.
    FirstMinute,
}

/// Over which networks the media of a report may leave.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SendWhen {
    /// The person did not say: a missing child's photo does not wait, every other does.
    #[default]
    Preset,
    /// Over any.
    Now,
    /// Only over one that costs nothing. Words never wait for it.
    Wifi,
}

impl SendWhen {
    fn waits_for_wifi(self, form: &FormId) -> bool {
        match self {
            Self::Preset => form.as_str() != "missing_child",
            Self::Now => false,
            Self::Wifi => true,
        }
    }
}

/// What was sealed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SealedReport {
    /// The report.
    pub report: ReportId,
    /// Its version, from 1.
    pub version: u32,
    /// The parts, the most urgent first.
    pub parts: Vec<SealedPart>,
}

/// A part that was sealed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SealedPart {
    /// Its id.
    pub part: PartId,
    /// Who can open it.
    pub audiences: Vec<Audience>,
    /// What it is.
    pub kind: PartKind,
    /// The length of its ciphertext.
    pub bytes: u64,
}

impl From<&ListedPart> for SealedPart {
    fn from(part: &ListedPart) -> Self {
        let ListedPart { part, kind, audiences, bytes, .. } = part.clone();
        Self { part, audiences, kind, bytes }
    }
}

/// Seals a version of a report and queues it.
pub(crate) fn send(
    store: &Store,
    pack: &Pack,
    id: ReportId,
    scope: Scope,
    when: SendWhen,
) -> Result<SealedReport> {
    // Nobody sweeps what has no row yet.
    let _held = store.home.hold_files()?;
    send_version(store, pack, id, scope, when, &[])
}

/// Seals a version and queues it, in place of parts that must not leave.
///
/// Sealing takes its time, and the person may type on, take a photo off, or send from elsewhere
/// meanwhile. What is sealed is the report as it was at the start; what is written down is added to
/// the report as it is at the end. Only where the one does not go with the other it begins anew:
/// the file of a photo is gone, or another process has sealed a version.
fn send_version(
    store: &Store,
    pack: &Pack,
    id: ReportId,
    scope: Scope,
    when: SendWhen,
    instead_of: &[(PartId, PartKind)],
) -> Result<SealedReport> {
    drafts::work_on(store, id, |draft| send_draft(store, pack, draft, scope, when, instead_of))
}

fn send_draft(
    store: &Store,
    pack: &Pack,
    mut draft: Draft,
    scope: Scope,
    when: SendWhen,
    instead_of: &[(PartId, PartKind)],
) -> Result<SealedReport> {
    let id = draft.id;
    // The forms of the very pack that is sealed for: what it narrows counts now.
    let form = &*draft.body.form(&pack.form_book());
    if form.purpose == Purpose::Profile {
        return Err(Refusal::ProfileStays.into());
    }
    draft.forget_sent(instead_of);
    let answers = draft.body.answers(form);
    // What an earlier form asked may be all that anybody can act on.
    let useless = forms::useless(form, &answers.current, &draft.body.media_counts());
    if useless.is_some() && answers.earlier.is_empty() {
        return Err(Refusal::EmptyReport.into());
    }
    let number = draft.body.sent.len() as u32 + 1;
    let mut sealer = Sealer::new(store, pack, &draft, number);
    let version = Version::of(store, pack, &draft, form, &answers);
    store.home.need(version.room(scope))?;
    let leaving = version.seal(scope, &mut sealer)?;
    let first_minute = version.first_minute_digest();
    sealer.sync()?;
    let sealed = sealer.sealed(id, number);
    let answers = (scope == Scope::All).then(|| draft.body.answers_digest());
    let sent = SentVersion { digest: leaving.lead, first_minute, answers, told: leaving.told };
    let now = store.now();
    store.write(id, |transaction, keys| {
        let mut current = drafts::load(transaction, keys, id)?;
        if current.body.sent.len() != draft.body.sent.len() {
            return Err(Refusal::Busy.into());
        }
        current.forget_sent(instead_of);
        current.note_sent(sent, &leaving.media);
        let replaced: Vec<PartId> = instead_of.iter().map(|(part, _)| *part).collect();
        queue::remove(transaction, &replaced)?;
        enqueue(transaction, keys, pack, &current, sealer.parts(), when, now)?;
        drafts::save(transaction, keys, &current, form, now)
    })?;
    sealer.keep();
    store.bell().ring();
    Ok(sealed)
}

/// Adds the rows of sealed parts, and the one that says where the receipt comes.
fn enqueue(
    transaction: &Transaction<'_>,
    keys: Keys<'_>,
    pack: &Pack,
    draft: &Draft,
    parts: &[ListedPart],
    when: SendWhen,
    now: Moment,
) -> Result<()> {
    let (server, report) = (pack.organisation.fingerprint(), draft.id);
    let key = keys.queue();
    let report_version = draft.body.sent.len() as u32;
    let holding = queue::is_holding(transaction, &key, report)?;
    for ListedPart { part, kind, audiences, bytes, sha256 } in parts.iter().cloned() {
        let wifi_only = kind.is_file() && when.waits_for_wifi(&draft.head.form);
        let held = holding && kind.waits_after_recall();
        let sealed_to = pack.recipients_of(&audiences);
        let mut secret = PartSecret::new(report, kind, audiences, report_version, sha256);
        secret.sealed_to = sealed_to.iter().map(ToString::to_string).collect();
        queue::insert(
            transaction,
            &key,
            &NewPart { id: part, server, bytes, wifi_only, held, secret },
        )?;
    }
    let expected = Expected { now_ms: now.unix_ms, within_ms: pack.deadlines.receipt_ms() };
    queue::expect_receipt(transaction, &key, server, &draft.body.keys(), expected)
}
