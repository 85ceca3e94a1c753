//! The intake: pictures and recordings that come while the vault is locked, or that can be read
//! only once (a microphone, a share from another app).
//!
//! The vault has an age identity of its own. Its public half lies in a clear file, so anybody in
//! the app can put something in; only the open vault takes it out. No picture ever lies in clear.
//! An emergency has one as well, for the time that the vault can't be expected to open.

use std::fs::{self, File};
use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::sync::{Mutex, PoisonError};

use age::secrecy::ExposeSecret;
use age::stream::StreamReader;
use age::x25519::{Identity, Recipient};
use rusqlite::{Connection, OptionalExtension, Transaction};
use zeroize::Zeroizing;

use crate::age_file;
use crate::error::{Error, Result};
use crate::home::{Home, replace_file};
use crate::ids::CaptureId;
use crate::media::ReadAt;
use crate::vault::blob::sync_folder_of;
use crate::vault::cell::Cell;
use crate::vault::keys::{QueueKey, VaultKey};

/// Takes in all of `input`, sealed. On disk when this returns.
pub(crate) fn put(home: &Home, recipient: &Recipient, input: &mut dyn Read) -> Result<CaptureId> {
    let recipients = std::iter::once(recipient as &dyn age::Recipient);
    let encryptor = age::Encryptor::with_recipients(recipients);
    let encryptor = encryptor.map_err(|_| Error::Unexpected("error-encryption"))?;
    let id = CaptureId::make();
    let path = home.capture(&id.to_string());
    let partial = path.with_extension("partial");
    let written = write(encryptor, &partial, input).and_then(|()| {
        fs::rename(&partial, &path)?;
        Ok(sync_folder_of(&path)?)
    });
    if written.is_err() {
        let _ = fs::remove_file(&partial);
    }
    written.map(|()| id)
}

fn write(encryptor: age::Encryptor, path: &std::path::Path, input: &mut dyn Read) -> Result<()> {
    let mut sealed = age_file::begin(encryptor, File::create(path)?)?;
    io::copy(input, &mut sealed)?;
    Ok(sealed.finish()?.into_inner().sync_all()?)
}

/// What lies in the intake.
pub(crate) fn list(home: &Home) -> Result<Vec<CaptureId>> {
    let mut ids = Vec::new();
    for entry in fs::read_dir(home.intake())? {
        ids.extend(entry?.file_name().to_str().and_then(|name| name.parse::<CaptureId>().ok()));
    }
    ids.sort_unstable();
    Ok(ids)
}

/// Opens something in the intake, to be read at any offset; none if it is sealed to somebody else.
pub(crate) fn open(home: &Home, identities: &[Identity], id: CaptureId) -> Result<Option<Capture>> {
    let file = match File::open(home.capture(&id.to_string())) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(Error::NotFound),
        Err(error) => return Err(error.into()),
    };
    let decryptor = age::Decryptor::new_buffered(BufReader::new(file));
    let decryptor = decryptor.map_err(|_| Error::Damaged)?;
    let identities = identities.iter().map(|identity| identity as &dyn age::Identity);
    let mut plain = match decryptor.decrypt(identities) {
        Ok(plain) => plain,
        Err(age::DecryptError::NoMatchingKeys) => return Ok(None),
        Err(_) => return Err(Error::Damaged),
    };
    let length = plain.seek(SeekFrom::End(0)).map_err(|_| Error::Damaged)?;
    Ok(Some(Capture { plain: Mutex::new(plain), length }))
}

/// Takes something out of the intake, once it is elsewhere.
pub(crate) fn remove(home: &Home, id: CaptureId) {
    // What stays is offered again, and attaching it twice is the person's to see.
    let _ = fs::remove_file(home.capture(&id.to_string()));
}

/// An opened file of the intake.
pub(crate) struct Capture {
    plain: Mutex<StreamReader<BufReader<File>>>,
    length: u64,
}

impl ReadAt for Capture {
    fn len(&self) -> u64 {
        self.length
    }

    fn read_exact_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        let mut plain = self.plain.lock().unwrap_or_else(PoisonError::into_inner);
        plain.seek(SeekFrom::Start(offset))?;
        plain.read_exact(buffer)
    }
}

/// Whom captures are sealed to that these keys open. An identity is made if there is none that
/// opens. What came for one that was damaged does not open and is kept; what comes from now on
/// does.
pub(crate) fn ensure(transaction: &Transaction<'_>, vault: &VaultKey) -> Result<Recipient> {
    match identities(transaction, vault) {
        Err(Error::NotFound | Error::Damaged) => {
            let identity = Identity::generate();
            let recipient = identity.to_public();
            store(transaction, vault, &[identity])?;
            Ok(recipient)
        }
        identities => Ok(identities?.first().ok_or(Error::Damaged)?.to_public()),
    }
}

/// Writes the clear file that says whom captures are sealed to while the vault is locked.
pub(crate) fn publish(home: &Home, queue: &QueueKey, recipient: &Recipient) -> Result<()> {
    let text = vouched_for(queue, &recipient.to_string());
    replace_file(&home.intake_key(), text.as_bytes())
}

/// What that file says; none if it was not written by who knows the outbox's key.
pub(crate) fn published(home: &Home, queue: &QueueKey) -> Option<Recipient> {
    let text = fs::read_to_string(home.intake_key()).ok()?;
    let recipient = text.lines().next()?;
    if text == vouched_for(queue, recipient) { recipient.parse().ok() } else { None }
}

/// A file of age's recipients, with a comment.
fn vouched_for(queue: &QueueKey, recipient: &str) -> String {
    let check = data_encoding::HEXLOWER.encode(queue.vouch_for_intake(recipient).as_slice());
    format!("{recipient}\n# {check}\n")
}

/// The identities that open the intake, the one in use first.
pub(crate) fn identities(connection: &Connection, vault: &VaultKey) -> Result<Vec<Identity>> {
    let sql = "SELECT identity FROM intake";
    let sealed: Option<Vec<u8>> = connection.query_row(sql, [], |row| row.get(0)).optional()?;
    let text = vault.cells().open(CELL, &sealed.ok_or(Error::NotFound)?)?;
    let text = std::str::from_utf8(&text).map_err(|_| Error::Damaged)?;
    text.lines().map(|line| line.parse().map_err(|_| Error::Damaged)).collect()
}

/// Adds what opens the intake of an emergency to what opens the vault's.
pub(crate) fn copy(
    from: &Connection,
    from_vault: &VaultKey,
    to: &Transaction<'_>,
    vault: &VaultKey,
) -> Result<()> {
    let known = |identities| match identities {
        Err(Error::NotFound | Error::Damaged) => Ok(Vec::new()),
        identities => identities,
    };
    let mut all: Vec<Identity> = known(identities(to, vault))?;
    let before = all.len();
    for identity in known(identities(from, from_vault))? {
        if all.iter().all(|known| known.to_public() != identity.to_public()) {
            all.push(identity);
        }
    }
    if all.len() == before { Ok(()) } else { store(to, vault, &all) }
}

/// Seals the identities again under a new vault key.
pub(crate) fn reseal(transaction: &Transaction<'_>, old: &VaultKey, new: &VaultKey) -> Result<()> {
    match identities(transaction, old) {
        Ok(identities) => store(transaction, new, &identities),
        // Damaged or never made: the next start makes a new one.
        Err(Error::NotFound | Error::Damaged) => Ok(()),
        Err(error) => Err(error),
    }
}

fn store(transaction: &Transaction<'_>, vault: &VaultKey, identities: &[Identity]) -> Result<()> {
    let mut text = Zeroizing::new(String::with_capacity(identities.len() * 80));
    for identity in identities {
        text.push_str(identity.to_string().expose_secret());
        text.push('\n');
    }
    let sealed = vault.cells().seal(CELL, text.as_bytes())?;
    transaction.execute("INSERT OR REPLACE INTO intake (id, identity) VALUES (1, ?1)", [sealed])?;
    Ok(())
}

const CELL: Cell<'_> = Cell { table: "intake", id: b"1", column: "identity", version: 1 };
