//! Photos, videos and recordings on their way into a draft: facts, scrub, seal, row.

use std::fs;

use crate::drafts::{self, StoredMedium};
use crate::error::{Error, Refusal, Result};
use crate::forms::{FieldId, Kind, MediaType};
use crate::ids::{MediumId, ReportId};
use crate::media::{self, Format, ReadAt, Shows};
use crate::store::Store;
use crate::vault::blob::{self, BlobReader};
use crate::vault::keys::ReportKey;

/// Adds `source` to a field: reads its facts, scrubs it and keeps the scrubbed copy, sealed.
pub(crate) fn attach(
    store: &Store,
    id: ReportId,
    field: &FieldId,
    source: &dyn ReadAt,
) -> Result<StoredMedium> {
    // Nobody sweeps the file before its row is there.
    let _held = store.home.hold_files()?;
    let draft = store.read(id, |db, keys| drafts::load(db, keys, id))?;
    let asked = draft.body.form()?.field(field).ok_or(Refusal::UnknownField)?;
    let plan = media::scrub(source)?;
    if !takes(&asked.kind, plan.format) {
        return Err(Refusal::WrongKind.into());
    }
    let facts = media::facts(source)?;
    let medium = MediumId::make();
    let path = store.home.blob(medium);
    let stored = blob::store(&path, &draft.key.blob(medium), &mut plan.reader(source))?;
    let stored = StoredMedium {
        id: medium,
        field: field.clone(),
        stem: stem(plan.format).into(),
        extension: plan.format.extension().into(),
        bytes: stored.bytes,
        sha256: stored.sha256,
        file_sha256: stored.file_sha256,
        facts,
        manifest: plan.manifest,
        sent: None,
    };
    let now = store.now();
    let added = store.write(id, |transaction, keys| {
        // Read again: an answer may have come meanwhile.
        let mut draft = drafts::load(transaction, keys, id)?;
        draft.body.media.push(stored.clone());
        draft.body.answered_at_ms.insert(field.clone(), now.unix_ms);
        drafts::save(transaction, keys, draft, now)
    });
    if let Err(error) = added {
        // What stays is swept at the next start.
        let _ = fs::remove_file(&path);
        return Err(error);
    }
    Ok(stored)
}

/// Takes a medium off a draft. What was sent of it stays sent.
pub(crate) fn detach(store: &Store, id: ReportId, medium: MediumId) -> Result<()> {
    let now = store.now();
    store.write(id, |transaction, keys| {
        let mut draft = drafts::load(transaction, keys, id)?;
        let before = draft.body.media.len();
        draft.body.media.retain(|stored| stored.id != medium);
        if draft.body.media.len() == before {
            return Err(Error::NotFound);
        }
        drafts::save(transaction, keys, draft, now)
    })?;
    // If that fails the next start sweeps it.
    let _ = fs::remove_file(store.home.blob(medium));
    Ok(())
}

/// Copies a medium from one report to another, sealed under the other's key. The caller holds the
/// files and writes the row.
pub(crate) fn copy(
    store: &Store,
    medium: &StoredMedium,
    from: &ReportKey,
    to: &ReportKey,
) -> Result<StoredMedium> {
    let id = MediumId::make();
    let mut plain = BlobReader::open(&store.home.blob(medium.id), from.blob(medium.id))?;
    let stored = blob::store(&store.home.blob(id), &to.blob(id), &mut plain)?;
    if stored.sha256 != medium.sha256 {
        let _ = fs::remove_file(store.home.blob(id));
        return Err(Error::Damaged);
    }
    Ok(StoredMedium { id, file_sha256: stored.file_sha256, sent: None, ..medium.clone() })
}

/// Whether a file of this format answers a question of this kind. A document is photographed.
pub(crate) fn takes(kind: &Kind, format: Format) -> bool {
    let types: &[MediaType] = match format.shows() {
        Shows::Picture => &[MediaType::Photo, MediaType::Document],
        Shows::Film => &[MediaType::Video],
        Shows::Sound => &[MediaType::Audio],
    };
    kind.accepts().iter().any(|accepted| types.contains(accepted))
}

/// What a medium is called on its way: by what it is, never by the name it had on the phone.
fn stem(format: Format) -> &'static str {
    match format.shows() {
        Shows::Picture => "photo",
        Shows::Film => "video",
        Shows::Sound => "recording",
    }
}
