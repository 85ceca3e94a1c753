//! Opens what has arrived, verifies it, records it, and answers with signed receipts.
//!
//! Each upload is one step: opened, checked, noted in the log and written to the casebook, or
//! refused with a reason. Nothing in a store is changed or deleted, so a run that was killed is
//! simply run again, and a run with nothing new changes nothing.
//!
//! Besides the desk's own store the stores of mirrors are read: what came to two servers is a twin,
//! and receipts are put where each of them hands them out.

mod open;
mod receipt;

use std::collections::HashMap;
use std::fs::{File, TryLockError};
use std::io;
use std::path::PathBuf;

use homeward_core::crypto::sha256;
use homeward_core::seal::{Part, PartKind};
use homeward_core::{Fingerprint, PartId, ReportId};
use serde::Serialize;

use crate::card::Card;
use crate::casebook::{Case, Casebook, HeldPart, Relation};
use crate::clock::now_ms;
use crate::error::{Error, Result};
use crate::home::{Home, names};
use crate::log::{Event, Log};
use crate::store::{self, Store, Upload};

pub use open::{Identity, Opened, Reason, Words, identities, open_upload};

/// What a run came to.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Collected {
    /// Parts that are new.
    pub opened: Vec<NewPart>,
    /// Uploads that are not taken; they stay where they are and are tried again next time.
    pub refused: Vec<Refused>,
    /// How many receipts were put out.
    pub receipts: u32,
    /// The mirrors' stores that could not be read or written. The others were.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub unreachable: Vec<PathBuf>,
    /// The reports whose case does not read. They have no receipt; all others have theirs.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub unreadable: Vec<String>,
}

/// A part that was opened for the first time.
#[derive(Clone, Debug, Serialize)]
pub struct NewPart {
    /// The report that it belongs to.
    pub report: ReportId,
    /// Its id.
    pub part: PartId,
    /// What it is.
    pub kind: PartKind,
    /// Whether the report had another part of this id.
    pub conflict: bool,
}

/// An upload that is not taken.
#[derive(Clone, Debug, Serialize)]
pub struct Refused {
    /// Its name in the store.
    pub upload: String,
    /// Why: a message id.
    pub reason: &'static str,
    /// The part that it was uploaded as.
    #[serde(skip)]
    part: Option<PartId>,
    /// The report that has no room for it.
    #[serde(skip)]
    report: Option<ReportId>,
}

/// Opens all that has arrived in the desk's own store and in `mirrors`, and puts out the receipts
/// that follow.
pub fn collect(home: &Home, mirrors: &[Store]) -> Result<Collected> {
    let _alone = lock(home)?;
    let mut desk = Desk::open(home)?;
    let known = desk.casebook.known_uploads()?;
    let mut collected = Collected::default();
    let mut uploads = Vec::new();
    let mut stores = Vec::new();
    for store in std::iter::once(&Store::own(home)).chain(mirrors) {
        let listed = match (store::uploads(&store.uploads), &store.named) {
            (Ok(listed), _) => listed,
            // A mirror that is away holds up no report.
            (Err(_), Some(named)) => {
                collected.unreachable.push(named.clone());
                continue;
            }
            (Err(error), None) => return Err(Error::io("read the uploads")(error)),
        };
        for upload in listed {
            if upload.as_ref().is_ok_and(|upload| known.contains(&upload.id)) {
                uploads.extend(upload);
                continue;
            }
            match desk.take(store, &upload)? {
                Ok(new) => collected.opened.extend(new),
                Err(refused) => collected.refused.push(refused),
            }
            uploads.extend(upload);
        }
        stores.push(store.clone());
    }
    desk.cases.clear();
    receipt::put_out(home, &mut desk, &stores, &uploads, &mut collected)?;
    Ok(collected)
}

/// What a run works with.
struct Desk {
    organisation: Fingerprint,
    identities: Vec<Identity>,
    casebook: Casebook,
    log: Log,
    /// The cases that this run has added to, without their words.
    cases: HashMap<ReportId, Case>,
}

impl Desk {
    fn open(home: &Home) -> Result<Self> {
        Ok(Self {
            organisation: Card::read(home)?.organisation.fingerprint(),
            identities: identities(home)?,
            casebook: Casebook::open(home)?,
            log: Log::open(home)?,
            cases: HashMap::new(),
        })
    }

    /// Opens and records one upload, or says why not.
    fn take(
        &mut self,
        store: &Store,
        upload: &std::result::Result<Upload, String>,
    ) -> Result<std::result::Result<Option<NewPart>, Refused>> {
        let opened = match upload {
            Ok(upload) => open_complete(upload, &self.identities, &self.organisation),
            Err(_) => Err(Reason::STATE),
        };
        match (upload, opened) {
            (Ok(upload), Ok(opened)) => {
                let (part, report) = (Some(opened.part.part), opened.part.report);
                match self.record(store, upload, opened)? {
                    Ok(new) => Ok(Ok(new)),
                    Err(reason) => {
                        let report = Some(report).filter(|_| reason == Reason::TOO_MUCH);
                        let refused = self.refuse(upload.id.clone(), part, reason)?;
                        Ok(Err(Refused { report, ..refused }))
                    }
                }
            }
            (Ok(upload), Err(reason)) => {
                Ok(Err(self.refuse(upload.id.clone(), upload.part, reason)?))
            }
            (Err(id), _) => Ok(Err(self.refuse(id.clone(), None, Reason::STATE)?)),
        }
    }

    /// Writes an opened part to its case, or says why it can't be.
    fn record(
        &mut self,
        store: &Store,
        upload: &Upload,
        opened: Opened,
    ) -> Result<std::result::Result<Option<NewPart>, Reason>> {
        let report = opened.part.report;
        let Some(mut case) = self.take_case(&opened.part)? else { return Ok(Err(Reason::CASE)) };
        let recorded = self.add(&mut case, store, upload, opened)?;
        case.forget_words();
        self.cases.insert(report, case);
        Ok(recorded)
    }

    /// The case that `part` belongs to; none if it does not read. It is read once in a run and then
    /// kept without its words, so that the next part of a long case costs no more than the first.
    fn take_case(&mut self, part: &Part) -> Result<Option<Case>> {
        if let Some(case) = self.cases.remove(&part.report) {
            return Ok(Some(case));
        }
        match self.casebook.find(&part.report.to_string())? {
            Some(found) => Ok(found.ok()),
            None => Ok(Some(Case::begin(part, now_ms()))),
        }
    }

    /// Adds an opened part to `case`. A twin is only noted as seen.
    fn add(
        &mut self,
        case: &mut Case,
        store: &Store,
        upload: &Upload,
        opened: Opened,
    ) -> Result<std::result::Result<Option<NewPart>, Reason>> {
        let (id, report, kind) = (opened.part.part, opened.part.report, opened.part.kind);
        let relation = case.relation(id, opened.sha256);
        if relation == Relation::Twin {
            self.log.append(Event::Twin { report, part: id })?;
            self.casebook.put_twin(report, &upload.id)?;
            return Ok(Ok(None));
        }
        if case.is_full_for(kind, opened.part.content.bytes) {
            return Ok(Err(Reason::TOO_MUCH));
        }
        let (conflict, sha256) = (relation == Relation::Conflict, opened.sha256);
        // Made before the log speaks of it: what is told as opened can be stored.
        let Ok(body) = case.add(held(store, upload, opened)) else {
            return Ok(Err(Reason::MALFORMED));
        };
        self.log.append(Event::Opened { report, part: id, kind, sha256 })?;
        self.casebook.put(&body)?;
        Ok(Ok(Some(NewPart { report, part: id, kind, conflict })))
    }

    /// Notes in the log that an upload is not taken; the same reason is told once. One that is
    /// still under way is no news.
    fn refuse(&mut self, upload: String, part: Option<PartId>, reason: Reason) -> Result<Refused> {
        let Reason(reason_id) = reason;
        let name = sha256(upload.as_bytes());
        if reason != Reason::INCOMPLETE && !self.casebook.knows_refusal(name, reason_id)? {
            self.log.append(Event::Refused { upload: name, reason: reason_id.into() })?;
            self.casebook.put_refusal(name, reason_id)?;
        }
        Ok(Refused { upload, reason: reason_id, part, report: None })
    }
}

fn open_complete(
    upload: &Upload,
    identities: &[Identity],
    organisation: &Fingerprint,
) -> std::result::Result<Opened, Reason> {
    if !upload.is_complete() {
        return Err(Reason::INCOMPLETE);
    }
    open_upload(upload, identities, organisation, &mut io::sink())
}

/// An opened part as its case keeps it.
fn held(store: &Store, upload: &Upload, opened: Opened) -> HeldPart {
    let Opened { part, sha256, words } = opened;
    let (mut document, mut reply, mut recall) = (None, None, None);
    match words {
        Words::File => {}
        Words::Answers(found) => document = Some(found),
        Words::Reply(found) => reply = Some(found),
        Words::Recall(found) => recall = Some(found),
    }
    HeldPart {
        upload: upload.id.clone(),
        store: store.named.clone(),
        part: part.part,
        kind: part.kind,
        audiences: part.audiences,
        version: part.version,
        previous: part.previous,
        bytes: upload.length,
        sha256,
        content: part.content,
        received_at_ms: upload.begun_at_ms,
        document,
        reply,
        recall,
    }
}

/// Two commands at once that change a case would lose one change; two runs would sign two receipts
/// with one number.
pub(crate) fn lock(home: &Home) -> Result<File> {
    let path = home.private(names::COLLECT_LOCK);
    let file = File::options().create(true).append(true).open(path).map_err(|error| match error
        .kind()
    {
        io::ErrorKind::NotFound => Error::NoDesk,
        _ => Error::Io { doing: "lock the casebook", source: error },
    })?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(Error::Busy),
        Err(TryLockError::Error(source)) => Err(Error::Io { doing: "lock the casebook", source }),
    }
}
