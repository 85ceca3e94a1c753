//! Opens what has arrived, verifies it, records it, and answers with signed receipts.
//!
//! Each upload is one step: opened, checked and written to the casebook in one transaction, or
//! refused with a reason. Nothing in the store is changed or deleted, so a run that was killed is
//! simply run again, and a run with nothing new changes nothing.

mod open;
mod receipt;

use std::fs::{File, TryLockError};
use std::io;
use std::time::{SystemTime, UNIX_EPOCH};

use homeward_core::seal::PartKind;
use homeward_core::{Fingerprint, PartId, ReportId};
use serde::Serialize;

use crate::card::Card;
use crate::casebook::{Case, Casebook, HeldPart, Relation};
use crate::error::{Error, Result};
use crate::home::{Home, names};
use crate::store::{self, Upload};

pub use open::{Identity, Opened, Reason, identities, open_upload};

/// What a run came to.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Collected {
    /// Parts that are new.
    pub opened: Vec<NewPart>,
    /// Uploads that are not taken; they stay where they are and are tried again next time.
    pub refused: Vec<Refused>,
    /// How many receipts were put out.
    pub receipts: u32,
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
}

/// Opens all that has arrived and puts out the receipts that follow.
pub fn collect(home: &Home) -> Result<Collected> {
    let _alone = lock(home)?;
    let organisation = Card::read(home)?.organisation.fingerprint();
    let identities = identities(home)?;
    let mut casebook = Casebook::open(home)?;
    let known = casebook.known_uploads()?;
    let mut collected = Collected::default();

    let listed = store::uploads(&home.public(names::UPLOADS));
    let listed = listed.map_err(Error::io("read the uploads"))?;
    for upload in &listed {
        let opened = match upload {
            Ok(upload) if known.contains(&upload.id) => continue,
            Ok(upload) => open_complete(upload, &identities, &organisation),
            Err(_) => Err(Reason::STATE),
        };
        match (upload, opened) {
            (Ok(upload), Ok(opened)) => {
                collected.opened.extend(record(&mut casebook, upload, opened)?);
            }
            (upload, Err(Reason(reason))) => {
                let (id, part) = match upload {
                    Ok(upload) => (&upload.id, upload.part),
                    Err(id) => (id, None),
                };
                collected.refused.push(Refused { upload: id.clone(), reason, part });
            }
            (Err(_), Ok(_)) => {}
        }
    }
    let uploads: Vec<&Upload> = listed.iter().flatten().collect();
    collected.receipts =
        receipt::put_out(home, &mut casebook, organisation, &uploads, &collected.refused)?;
    Ok(collected)
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

/// Writes an opened part to its case. A twin is only noted as seen.
fn record(casebook: &mut Casebook, upload: &Upload, opened: Opened) -> Result<Option<NewPart>> {
    let Opened { part, sha256, document } = opened;
    let case = casebook.case(part.report)?;
    let mut case = case.unwrap_or_else(|| Case::begin(&part, now_ms()));
    let relation = case.relation(part.part, sha256);
    let mut new = None;
    if relation != Relation::Twin {
        let conflict = relation == Relation::Conflict;
        new = Some(NewPart { report: part.report, part: part.part, kind: part.kind, conflict });
        case.parts.push(HeldPart {
            upload: upload.id.clone(),
            part: part.part,
            kind: part.kind,
            audiences: part.audiences,
            version: part.version,
            bytes: upload.length,
            sha256,
            content: part.content,
            received_at_ms: upload.begun_at_ms,
            document,
        });
    }
    casebook.put(&case, Some(&upload.id))?;
    Ok(new)
}

/// Two runs at once would sign two receipts with one number.
fn lock(home: &Home) -> Result<File> {
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

fn now_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}
