//! Photos, videos and recordings on their way into a draft: facts, scrub, seal, row.

use std::fs;
use std::io::Read;

use crate::drafts::{self, StoredFile, StoredMedium};
use crate::error::{Error, Refusal, Result};
use crate::forms::{FieldId, Form, Kind, MediaType};
use crate::ids::{MediumId, ReportId};
use crate::media::{
    self, Facts, Format, Manifest, MediaError, Piece, Plan, PlanReader, ReadAt, Shows,
};
use crate::store::Store;
use crate::vault::blob::{self, BlobReader};
use crate::vault::keys::ReportKey;

/// What becomes of the untouched file when a medium is attached.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Original {
    /// It is not kept.
    #[default]
    Drop,
    /// It is kept, sealed, and leaves as a part of its own for the police alone, or for the
    /// organisation where it has no police to seal to. So may also go what can't be cleaned.
    Keep,
}

/// Adds `source` to a field: reads its facts, scrubs it and keeps the scrubbed copy, sealed, and
/// the original too if it is wanted.
pub(crate) fn attach(
    store: &Store,
    id: ReportId,
    field: &FieldId,
    source: &dyn ReadAt,
    original: Original,
) -> Result<StoredMedium> {
    // Nobody sweeps the files before their row is there.
    let _held = store.home.hold_files()?;
    let draft = store.read(id, |db, keys| drafts::load(db, keys, id))?;
    let forms = store.forms();
    let form = draft.body.form(&forms);
    let stored = keep(store, &draft.key, &form, field, source, original)?;
    let now = store.now();
    let added = store.write(id, |transaction, keys| {
        // Read again: an answer may have come meanwhile.
        let mut draft = drafts::load(transaction, keys, id)?;
        draft.body.media.push(stored.clone());
        draft.body.answered_at_ms.insert(field.clone(), now.unix_ms);
        drafts::save(transaction, keys, &draft, &draft.body.form(&forms), now)
    });
    if let Err(error) = added {
        remove_files(store, &stored);
        return Err(error);
    }
    Ok(stored)
}

/// Scrubs what answers a field, and writes its sealed files. The caller holds the files and writes
/// the row.
pub(crate) fn keep(
    store: &Store,
    key: &ReportKey,
    form: &Form,
    field: &FieldId,
    source: &dyn ReadAt,
    original: Original,
) -> Result<StoredMedium> {
    let asked = form.field(field).ok_or(Refusal::UnknownField)?;
    let plan = match media::scrub(source) {
        Ok(plan) => Some(plan),
        Err(MediaError::Io(error)) => return Err(MediaError::Io(error).into()),
        Err(_) if original == Original::Keep => None,
        Err(error) => return Err(error.into()),
    };
    if !fits(&asked.kind, plan.as_ref(), source) {
        return Err(Refusal::WrongKind.into());
    }
    // What is said is words too; pictures leave them the room that is kept for words.
    if !plan.as_ref().is_some_and(|plan| matches!(plan.format.shows(), Shows::Sound)) {
        store.home.need_beside_spare(source.len())?;
    }
    keep_files(store, key, field, source, plan, original)
}

/// Writes the sealed files.
fn keep_files(
    store: &Store,
    key: &ReportKey,
    field: &FieldId,
    source: &dyn ReadAt,
    plan: Option<Plan>,
    original: Original,
) -> Result<StoredMedium> {
    let facts = match media::facts(source) {
        // Of a kind of file that is not known nothing is known.
        Err(_) if plan.is_none() => Facts::default(),
        facts => facts?,
    };
    let mut medium = StoredMedium {
        id: MediumId::make(),
        field: field.clone(),
        facts,
        manifest: plan.as_ref().map_or_else(Manifest::default, |plan| plan.manifest.clone()),
        scrubbed: None,
        original: None,
        face: None,
    };
    if let Some(plan) = plan {
        let mut copy = plan.reader(source);
        let name = (stem(plan.format), plan.format.extension());
        medium.scrubbed = Some(keep_file(store, key, medium.id, name, &mut copy)?);
    }
    if original == Original::Keep {
        let whole = [Piece::Copy(0..source.len())];
        let name = ("original", media::extension_by_content(source));
        let mut bytes = PlanReader::over(&whole, source);
        let kept = keep_file(store, key, MediumId::make(), name, &mut bytes);
        if kept.is_err() {
            remove_files(store, &medium);
        }
        medium.original = Some(kept?);
    }
    Ok(medium)
}

/// Writes one sealed file.
pub(crate) fn keep_file(
    store: &Store,
    key: &ReportKey,
    id: MediumId,
    (stem, extension): (&str, &str),
    bytes: &mut dyn Read,
) -> Result<StoredFile> {
    let stored = blob::store(&store.home.blob(id), &key.blob(id), bytes)?;
    Ok(StoredFile {
        id,
        stem: stem.into(),
        extension: extension.into(),
        bytes: stored.bytes,
        sha256: stored.sha256,
        file_sha256: stored.file_sha256,
        sent: None,
    })
}

/// Takes a medium off a draft. What was sent of it stays sent.
pub(crate) fn detach(store: &Store, id: ReportId, medium: MediumId) -> Result<()> {
    let (now, forms) = (store.now(), store.forms());
    let detached = store.write(id, |transaction, keys| {
        let mut draft = drafts::load(transaction, keys, id)?;
        let at = draft.body.media.iter().position(|stored| stored.id == medium);
        let detached = draft.body.media.remove(at.ok_or(Error::NotFound)?);
        draft.body.forget_time(&detached.field);
        drafts::save(transaction, keys, &draft, &draft.body.form(&forms), now)?;
        Ok(detached)
    })?;
    remove_files(store, &detached);
    Ok(())
}

/// Removes the files of a medium that has no row; if that fails the next start sweeps them.
pub(crate) fn remove_files(store: &Store, medium: &StoredMedium) {
    for file in medium.files() {
        let _ = fs::remove_file(store.home.blob(file.id));
    }
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
    let scrubbed = medium.scrubbed.as_ref();
    let scrubbed = scrubbed.map(|file| copy_file(store, file, id, from, to)).transpose()?;
    let original = medium.original.as_ref();
    let original =
        original.map(|file| copy_file(store, file, MediumId::make(), from, to)).transpose()?;
    let face = medium.face.as_ref();
    let face = face.map(|file| copy_file(store, file, MediumId::make(), from, to)).transpose()?;
    Ok(StoredMedium { id, scrubbed, original, face, ..medium.clone() })
}

fn copy_file(
    store: &Store,
    file: &StoredFile,
    id: MediumId,
    from: &ReportKey,
    to: &ReportKey,
) -> Result<StoredFile> {
    let mut plain = BlobReader::open(&store.home.blob(file.id), from.blob(file.id))?;
    let stored = blob::store(&store.home.blob(id), &to.blob(id), &mut plain)?;
    if stored.sha256 != file.sha256 {
        let _ = fs::remove_file(store.home.blob(id));
        return Err(Error::Damaged);
    }
    Ok(StoredFile { id, file_sha256: stored.file_sha256, sent: None, ..file.clone() })
}

/// Whether a file answers a question of this kind. A format that is not known may be anything that
/// is attached.
fn fits(kind: &Kind, plan: Option<&Plan>, source: &dyn ReadAt) -> bool {
    match plan.map(|plan| plan.format).or_else(|| media::sniff(source).ok()) {
        Some(format) => takes(kind, format),
        None => kind.is_attached(),
    }
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
