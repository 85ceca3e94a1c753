//! A profile as one age file under a passphrase, for another phone: a tar of `profile.json` and its
//! photos. `docs/formats/profile.md` says what is in it.

use std::collections::BTreeMap;
use std::io::{BufReader, BufWriter, Read, Write};

use age::secrecy::SecretString;
use age::{DecryptError, scrypt};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use zeroize::Zeroizing;

use crate::age_file;
use crate::attachments::{self, Original};
use crate::drafts::{self, Draft, StoredMedium};
use crate::error::{Error, Refusal, Result};
use crate::forms::{Answers, FieldId, Form, FormId, Purpose};
use crate::ids::ReportId;
use crate::recording::Sealed;
use crate::store::Store;
use crate::vault::blob::BlobReader;

/// `profile.json` in an exported profile.
#[derive(Serialize, Deserialize)]
struct ProfileFile {
    format: String,
    form: FormId,
    answers: BTreeMap<String, Value>,
    /// When each field was answered or attached to last. Files of before it was kept have none.
    #[serde(default)]
    answered_at_ms: BTreeMap<FieldId, i64>,
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

/// What trying one passphrase costs, as a power of two: 64 MiB, which an old phone has too. What
/// age would choose is measured, and a busy phone would choose next to nothing.
const WORK: u8 = 16;

/// What age's own programs ask for. More would have a phone out of memory.
const MAX_WORK: u8 = 18;

/// Writes a profile as one age file under a passphrase.
pub(crate) fn export(
    store: &Store,
    id: ReportId,
    passphrase: SecretString,
    output: &mut dyn Write,
) -> Result<()> {
    // An opened file stays, whoever takes the photo off meanwhile.
    let (json, files) = drafts::work_on(store, id, |draft| exported(store, &draft))?;
    let mut recipient = scrypt::Recipient::new(passphrase);
    recipient.set_work_factor(WORK);
    let recipients = std::iter::once(&recipient as &dyn age::Recipient);
    let encryptor = age::Encryptor::with_recipients(recipients);
    let encryptor = encryptor.map_err(|_| Error::Unexpected("error-encryption"))?;
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
    let scrubbed = |medium: &StoredMedium| {
        Some((medium.id.to_string(), medium.field.clone(), medium.scrubbed.clone()?))
    };
    let scrubbed = draft.body.media.iter().filter_map(scrubbed).zip(1..);
    let (mut media, mut files, mut names) = (Vec::new(), Vec::new(), BTreeMap::new());
    for ((id, field, file), number) in scrubbed {
        let name = file.name(number);
        let blob = BlobReader::open(&store.home.blob(file.id), draft.key.blob(file.id))?;
        names.insert(id, name.clone());
        media.push(ProfileMedium { name: name.clone(), field });
        files.push((name, file.bytes, blob));
    }
    let mut answers = draft.body.answers(&form);
    for answer in answers.current.values_mut() {
        answer.name_mark_photos(|photo| names.get(photo).cloned());
    }
    let file = ProfileFile {
        format: FORMAT.into(),
        form: form.id.clone(),
        answers: answers.to_stored(),
        answered_at_ms: draft.body.answered_at_ms.clone(),
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
/// made the file. One transaction at the end makes it a profile: whenever this is killed there is
/// all of it or nothing.
pub(crate) fn import(
    store: &Store,
    passphrase: SecretString,
    input: &mut dyn Read,
) -> Result<ReportId> {
    // Nobody sweeps the files before their rows are there.
    let _held = store.home.hold_files()?;
    let mut archive = tar::Archive::new(opened(passphrase, input)?);
    let mut entries = archive.entries().map_err(|_| unreadable())?;
    let first = entries.next().ok_or_else(unreadable)?.map_err(|_| unreadable())?;
    let file = read_profile(first).ok_or_else(unreadable)?;
    let form = store.forms().form(&file.form).ok_or(Refusal::UnknownForm)?;
    if form.purpose != Purpose::Profile {
        return Err(unreadable());
    }
    let now = store.now();
    let mut draft = Draft::new(&form, now);
    let imported = (|| {
        let names = import_media(store, &form, &file.media, entries, &mut draft)?;
        let mut answers = Answers::read(&form, file.answers);
        for answer in answers.current.values_mut() {
            answer.name_mark_photos(|photo| names.get(photo).cloned().or(Some(photo.to_owned())));
        }
        draft.body.set_answers(&form, &answers);
        let answered = answers.current.into_keys();
        let attached: Vec<FieldId> = file.media.into_iter().map(|medium| medium.field).collect();
        for field in answered.chain(attached) {
            // Another phone's clock may be ahead.
            let said = file.answered_at_ms.get(&field).copied().unwrap_or(now.unix_ms);
            draft.body.answered_at_ms.insert(field, said.min(now.unix_ms));
        }
        store.write_new(|transaction, keys| drafts::save(transaction, keys, &draft, &form, now))
    })();
    if imported.is_err() {
        draft.body.media.iter().for_each(|medium| attachments::remove_files(store, medium));
    }
    imported.map(|()| draft.id)
}

fn unreadable() -> Error {
    Refusal::ProfileUnreadable.into()
}

/// What is in the age file.
fn opened(
    passphrase: SecretString,
    input: &mut dyn Read,
) -> Result<age::stream::StreamReader<BufReader<&mut dyn Read>>> {
    let decryptor = age::Decryptor::new_buffered(BufReader::new(input));
    let decryptor = decryptor.map_err(|_| unreadable())?;
    let mut identity = scrypt::Identity::new(passphrase);
    identity.set_max_work_factor(MAX_WORK);
    let plain = decryptor.decrypt(std::iter::once(&identity as &dyn age::Identity));
    plain.map_err(|error| match error {
        DecryptError::DecryptionFailed | DecryptError::KeyDecryptionFailed => {
            Refusal::WrongPassphrase.into()
        }
        DecryptError::ExcessiveWork { .. } => Refusal::ProfileTooCostly.into(),
        _ => unreadable(),
    })
}

fn read_profile(entry: impl Read) -> Option<ProfileFile> {
    let mut json = Zeroizing::new(Vec::new());
    entry.take(MAX_JSON).read_to_end(&mut json).ok()?;
    let file: ProfileFile = serde_json::from_slice(&json).ok()?;
    (file.format == FORMAT && file.media.len() <= MAX_MEDIA).then_some(file)
}

/// Keeps the photos, and gives their ids by the names that they have in the file.
fn import_media<R: Read>(
    store: &Store,
    form: &Form,
    media: &[ProfileMedium],
    mut entries: tar::Entries<'_, R>,
    draft: &mut Draft,
) -> Result<BTreeMap<String, String>> {
    let mut names = BTreeMap::new();
    for ProfileMedium { name, field } in media {
        let mut entry = entries.next().ok_or_else(unreadable)?.map_err(|_| unreadable())?;
        if *entry.path_bytes() != *name.as_bytes() {
            return Err(unreadable());
        }
        // It can be read only once; the scrubber looks at it here and there.
        let mut source = Sealed::begin(&store.home)?;
        source.take(&mut entry).map_err(|error| match error {
            Error::Refused(Refusal::MediaUnreadable) => unreadable(),
            error => error,
        })?;
        let kept = attachments::keep(store, &draft.key, form, field, &source, Original::Drop)?;
        names.insert(name.clone(), kept.id.to_string());
        draft.body.media.push(kept);
    }
    if entries.next().is_some() { Err(unreadable()) } else { Ok(names) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_of_before_times_were_kept_reads_on() {
        let old = r#"{"format":"homeward-profile/1","form":"child_profile",
            "answers":{"height":{"value":120,"unit":"cm"}},"media":[]}"#;
        let file = read_profile(old.as_bytes()).unwrap();
        assert_eq!((file.answers.len(), file.answered_at_ms.len()), (1, 0));
    }
}
