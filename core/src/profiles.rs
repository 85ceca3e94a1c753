//! What was prepared, and what is shared: a report from a profile, another child of the same event,
//! a profile on another phone, and the reminder to look at a profile again.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufReader, BufWriter, Read, Write};

use age::secrecy::SecretString;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use zeroize::Zeroizing;

use crate::age_file;
use crate::attachments::{self, Original};
use crate::drafts::{self, Draft, StoredMedium};
use crate::error::{Error, Refusal, Result};
use crate::forms::{self, Answers, FieldId, Form, FormId, Moment, Purpose};
use crate::ids::ReportId;
use crate::intake;
use crate::media::ReadAt;
use crate::store::Store;
use crate::vault::blob::BlobReader;

/// A profile's answer that should be looked at again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reminder {
    /// The profile.
    pub profile: ReportId,
    /// The field: a photo, a height.
    pub field: FieldId,
    /// When it was answered last, Unix ms.
    pub answered_at_ms: i64,
}

/// Begins a report of `form` with all that `from` can fill.
///
/// From a profile: everything that both ask, photos included. From a report of the same form:
/// what another child of the same event shares with the first.
pub(crate) fn begin_from(store: &Store, form: &Form, from: ReportId) -> Result<ReportId> {
    // Nobody sweeps the copied files before their rows are there.
    let _held = store.home.hold_files()?;
    drafts::work_on(store, from, |source| fill(store, form, &source))
}

fn fill(store: &Store, form: &Form, source: &Draft) -> Result<ReportId> {
    let source_form = source.body.form(&store.forms());
    let now = store.now();
    let mut draft = Draft::new(form, now);
    let answers = source.body.answers(&source_form).current;
    let copied: BTreeSet<FieldId>;
    let mut filled = Answers::default();
    if source_form.purpose == Purpose::Profile {
        let saved = Moment { unix_ms: source.head.updated_at_ms, ..now };
        let prefill = forms::prefill(&source_form, &answers, form, saved, now);
        filled.current = prefill.answers;
        copied = prefill.media;
        draft.body.from_profile = Some(source.id);
    } else if source_form.id == form.id {
        let shared: BTreeSet<&FieldId> = forms::shared_with_sibling(form).collect();
        filled.current = answers.into_iter().filter(|(id, _)| shared.contains(id)).collect();
        copied = BTreeSet::new();
    } else {
        return Err(Refusal::WrongKind.into());
    }
    draft.body.set_answers(form, &filled);
    for field in filled.current.into_keys() {
        draft.body.answered_at_ms.insert(field, now.unix_ms);
    }
    // If that fails half way, the next start sweeps what was copied.
    copy_media(store, source, &copied, &mut draft)?;
    let id = draft.id;
    store.write_new(|transaction, keys| drafts::save(transaction, keys, &draft, form, now))?;
    Ok(id)
}

fn copy_media(
    store: &Store,
    source: &Draft,
    fields: &BTreeSet<FieldId>,
    draft: &mut Draft,
) -> Result<()> {
    for medium in source.body.media.iter().filter(|medium| fields.contains(&medium.field)) {
        let copy = attachments::copy(store, medium, &source.key, &draft.key)?;
        draft.body.media.push(copy);
    }
    Ok(())
}

/// The profile answers that have grown old. A child with any report has no reminders: they would
/// hurt more than they help.
pub(crate) fn reminders(store: &Store) -> Result<Vec<Reminder>> {
    let now_ms = store.now().unix_ms;
    let heads: Vec<_> = store.read_all(drafts::list)?.into_iter().flatten().collect();
    let reported: BTreeSet<ReportId> =
        heads.iter().filter_map(|(_, head)| head.as_ref()?.from_profile).collect();
    let mut reminders = Vec::new();
    for (profile, head) in heads {
        let Some(head) = head.filter(|_| !reported.contains(&profile)) else { continue };
        for (field, refresh) in head.refresh {
            if refresh.due_ms <= now_ms {
                let answered_at_ms = refresh.answered_at_ms;
                reminders.push(Reminder { profile, field, answered_at_ms });
            }
        }
    }
    Ok(reminders)
}

/// `profile.json` in an exported profile.
#[derive(Serialize, Deserialize)]
struct ProfileFile {
    format: String,
    form: FormId,
    answers: BTreeMap<String, Value>,
    media: Vec<ProfileMedium>,
}

#[derive(Serialize, Deserialize)]
struct ProfileMedium {
    name: String,
    field: FieldId,
}

const FORMAT: &str = "homeward-profile/1";

/// `profile.json` holds words only; more is a trap.
const MAX_JSON: u64 = 4 << 20;

/// No profile has more photos.
const MAX_MEDIA: usize = 100;

/// Writes a profile as one age file under a passphrase: a tar of `profile.json` and its photos.
pub(crate) fn export(
    store: &Store,
    id: ReportId,
    passphrase: SecretString,
    output: &mut dyn Write,
) -> Result<()> {
    // An opened file stays, whoever takes the photo off meanwhile.
    let (json, files) = drafts::work_on(store, id, |draft| exported(store, &draft))?;
    let encryptor = age::Encryptor::with_user_passphrase(passphrase);
    let output = age_file::begin(encryptor, BufWriter::new(output))?;
    let mut tar = tar::Builder::new(output);
    append(&mut tar, "profile.json", json.len() as u64, &mut json.as_slice())?;
    for (name, bytes, mut blob) in files {
        append(&mut tar, &name, bytes, &mut blob)?;
    }
    Ok(tar.into_inner()?.finish()?.flush()?)
}

/// What of a profile is in its file: the words, and each photo with its name and length.
type Exported = (Zeroizing<Vec<u8>>, Vec<(String, u64, BlobReader)>);

fn exported(store: &Store, draft: &Draft) -> Result<Exported> {
    let form = draft.body.form(&store.forms());
    if form.purpose != Purpose::Profile {
        return Err(Refusal::NotAProfile.into());
    }
    // An untouched original never leaves but as a sealed part for the police.
    let scrubbed = |medium: &StoredMedium| Some((medium.field.clone(), medium.scrubbed.clone()?));
    let scrubbed = draft.body.media.iter().filter_map(scrubbed).zip(1..);
    let (mut media, mut files) = (Vec::new(), Vec::new());
    for ((field, file), number) in scrubbed {
        let name = file.name(number);
        let blob = BlobReader::open(&store.home.blob(file.id), draft.key.blob(file.id))?;
        media.push(ProfileMedium { name: name.clone(), field });
        files.push((name, file.bytes, blob));
    }
    let file = ProfileFile {
        format: FORMAT.into(),
        form: form.id.clone(),
        answers: draft.body.answers(&form).to_stored(),
        media,
    };
    let json = serde_json::to_vec(&file).map_err(|_| Error::Unexpected("error-encoding"))?;
    Ok((Zeroizing::new(json), files))
}

fn append<W: Write>(
    tar: &mut tar::Builder<W>,
    name: &str,
    length: u64,
    bytes: &mut dyn Read,
) -> Result<()> {
    let mut header = tar::Header::new_ustar();
    header.set_size(length);
    header.set_mode(0o600);
    Ok(tar.append_data(&mut header, name, bytes)?)
}

/// Reads a profile that another phone exported. Its photos are scrubbed again: nobody knows who
/// made the file.
pub(crate) fn import(
    store: &Store,
    passphrase: SecretString,
    input: &mut dyn Read,
) -> Result<ReportId> {
    let unreadable = || Error::from(Refusal::ProfileUnreadable);
    let decryptor = age::Decryptor::new_buffered(BufReader::new(input));
    let decryptor = decryptor.map_err(|_| unreadable())?;
    let identity = age::scrypt::Identity::new(passphrase);
    let plain = decryptor.decrypt(std::iter::once(&identity as &dyn age::Identity));
    let plain = plain.map_err(|error| match error {
        age::DecryptError::DecryptionFailed | age::DecryptError::KeyDecryptionFailed => {
            Error::from(Refusal::WrongPassphrase)
        }
        _ => unreadable(),
    })?;
    let mut archive = tar::Archive::new(plain);
    let mut entries = archive.entries().map_err(|_| unreadable())?;
    let first = entries.next().ok_or_else(unreadable)?.map_err(|_| unreadable())?;
    let file = read_profile(first).ok_or_else(unreadable)?;
    let form = store.forms().form(&file.form).ok_or(Refusal::UnknownForm)?;
    if form.purpose != Purpose::Profile {
        return Err(unreadable());
    }
    let now = store.now();
    let mut draft = Draft::new(&form, now);
    draft.body.set_answers(&form, &Answers::read(&form, file.answers));
    let id = draft.id;
    store.write_new(|transaction, keys| drafts::save(transaction, keys, &draft, &form, now))?;
    let mut media = file.media.iter();
    let imported = entries.try_for_each(|entry| {
        let mut entry = entry.map_err(|_| unreadable())?;
        let medium = media.next().ok_or_else(unreadable)?;
        if *entry.path_bytes() != *medium.name.as_bytes() {
            return Err(unreadable());
        }
        attach(store, id, &medium.field, &mut entry)
    });
    match imported {
        Ok(()) if media.next().is_none() => Ok(id),
        failed => {
            // Half a profile is worse than none: the person still has the file.
            store.discard(id)?;
            Err(failed.err().unwrap_or_else(unreadable))
        }
    }
}

fn read_profile(entry: impl Read) -> Option<ProfileFile> {
    let mut json = Vec::new();
    entry.take(MAX_JSON).read_to_end(&mut json).ok()?;
    let file: ProfileFile = serde_json::from_slice(&json).ok()?;
    (file.format == FORMAT && file.media.len() <= MAX_MEDIA).then_some(file)
}

/// Attaches a photo that can be read only once, by way of the intake.
fn attach(store: &Store, id: ReportId, field: &FieldId, entry: &mut dyn Read) -> Result<()> {
    let capture = intake::put(&store.home, &store.intake_recipient()?, entry)?;
    let attached = store.open_capture(capture).and_then(|opened| {
        attachments::attach(store, id, field, &opened as &dyn ReadAt, Original::Drop)
    });
    intake::remove(&store.home, capture);
    attached.map(|_| ())
}
