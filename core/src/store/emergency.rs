//! Reports begun while the vault is closed, and parts that must leave although it is.

use std::fs;
use std::path::{Path, PathBuf};

use rusqlite::{Transaction, TransactionBehavior};

use super::{Database, Shelves};
use crate::drafts;
use crate::error::{Error, Result};
use crate::home::Home;
use crate::ids::PartId;
use crate::intake;
use crate::queue;
use crate::vault::DeviceKey;
use crate::vault::keys::Wrapping;

/// So many emergencies may lie beside a vault that never opens again.
const MOST: u32 = 100;

/// So often a name that was free is another process's by the time it is used.
const RACES: usize = 3;

/// The emergency that is there and opens, if any. One that does not open stays where it is.
pub(super) fn open(home: &Home, device: &dyn DeviceKey) -> Result<Option<Database>> {
    for path in existing(home) {
        match open_at(&path, device) {
            Ok(database) => return Ok(Some(database)),
            // Its key is destroyed when all of it has been moved, and later its files. What can't
            // be finished now is at the next start.
            Err(Error::KeyLost) => {
                let _ = finish_spent(home, &path, device);
            }
            Err(_) => {}
        }
    }
    Ok(None)
}

/// A new emergency. Another process may make one of the same name meanwhile, move it into the vault
/// and destroy its key: that is met a few times at most, and a device that has no key for anybody
/// is told.
pub(super) fn make(home: &Home, device: &dyn DeviceKey) -> Result<Database> {
    let free = (1..=MOST).map(|number| home.emergency(number)).filter(|path| !path.exists());
    let mut made = Err(Error::StorageFull);
    for path in free.take(RACES) {
        made = open_at(&path, device);
        if !matches!(made, Err(Error::KeyLost)) {
            break;
        }
    }
    made
}

fn open_at(path: &Path, device: &dyn DeviceKey) -> Result<Database> {
    let mut database = Database::open(path, device, Wrapping::Emergency)?;
    database.open_vault(device)?;
    if database.has_outbox() { Ok(database) } else { Err(Error::KeyLost) }
}

fn existing(home: &Home) -> Vec<PathBuf> {
    (1..=MOST).map(|number| home.emergency(number)).filter(|path| path.exists()).collect()
}

/// Whether there is an emergency beside the vault, open or not.
pub(super) fn is_any(home: &Home) -> bool {
    !existing(home).is_empty()
}

/// Moves everything of the emergencies into the open vault.
///
/// One transaction in the vault, then the emergency goes. A kill in between moves it twice, and
/// the second time overwrites the first with the same.
pub(super) fn absorb(home: &Home, shelves: &mut Shelves, device: &dyn DeviceKey) -> Result<()> {
    while let Some(mut emergency) = shelves.emergency.take() {
        let main = shelves.main.as_mut().ok_or(Error::Damaged)?;
        let moved = emergency.write(|from, from_keys| {
            main.write(|to, keys| {
                drafts::copy_all(from, from_keys.vault, to, keys.vault)?;
                queue::copy_all(from, &from_keys.queue(), to, &keys.queue())?;
                intake::copy(from, from_keys.vault, to, keys.vault)
            })?;
            Ok(from.execute_batch(SPEND)?)
        });
        if let Err(error) = moved {
            shelves.emergency = Some(emergency);
            return Err(error);
        }
        finish(home, emergency, device)?;
        shelves.emergency = open(home, device)?;
    }
    Ok(())
}

/// Empties an emergency that was moved. Another process that has it open too finds its key
/// replaced, so it writes nothing that would go with the file.
const SPEND: &str = "
    DELETE FROM report; DELETE FROM draft; DELETE FROM medium; DELETE FROM part;
    DELETE FROM receipt; DELETE FROM intake;
    UPDATE keyring SET stale = coalesce(stale, generation), generation = generation + 1
    WHERE slot = 'vault'";

/// Finishes an emergency that was moved before a kill: it has no key any more, and no row.
fn finish_spent(home: &Home, path: &Path, device: &dyn DeviceKey) -> Result<()> {
    let database = Database::open(path, device, Wrapping::Emergency)?;
    let spending = TransactionBehavior::Immediate;
    let spending = Transaction::new_unchecked(database.connection()?, spending)?;
    let sql = "SELECT (SELECT count(*) FROM report) + (SELECT count(*) FROM part)
               + (SELECT count(*) FROM intake)";
    if spending.query_row(sql, [], |row| row.get::<_, u32>(0))? > 0 {
        return Ok(());
    }
    // Also for a process that has it open since before its key was lost.
    spending.execute_batch(SPEND)?;
    spending.commit()?;
    finish(home, database, device)
}

/// Destroys the keys of every emergency whose file can be read, also of those that do not open, and
/// marks it as spent.
pub(super) fn destroy_keys(home: &Home, device: &dyn DeviceKey) {
    for path in existing(home) {
        if let Ok(database) = Database::open(&path, device, Wrapping::Emergency) {
            let keyring = database.keyring(device);
            let _ = database.connection().and_then(|connection| keyring.destroy_all(connection));
        }
    }
}

/// Destroys the keys of an emergency that was moved, and then its files.
fn finish(home: &Home, mut database: Database, device: &dyn DeviceKey) -> Result<()> {
    database.keyring(device).destroy_all(database.connection()?)?;
    database.close();
    home.remove_database(database.path())
}

/// Queues again what lies sealed in the spool and whose rows can't be read: without its upload URL
/// it leaves by a fresh upload, and the desk drops the twin.
pub(super) fn rescue(home: &Home, shelves: &mut Shelves, device: &dyn DeviceKey) -> Result<()> {
    if shelves.main.as_ref().is_some_and(Database::has_outbox) {
        return Ok(());
    }
    // Without a pack that reads nobody knows where the parts go.
    let Some(pack) = home.pack().unwrap_or(None) else { return Ok(()) };
    let waiting = waiting_parts(home, shelves)?;
    if waiting.is_empty() {
        return Ok(());
    }
    if shelves.emergency.is_none() {
        // A device that gives no key at all now may give one later.
        match make(home, device) {
            Ok(database) => shelves.emergency = Some(database),
            Err(Error::Locked | Error::KeyLost) => return Ok(()),
            Err(error) => return Err(error),
        }
    }
    let Some(emergency) = shelves.emergency.as_mut() else { return Ok(()) };
    emergency.write(|transaction, keys| {
        let server = pack.organisation.fingerprint();
        queue::adopt(transaction, &keys.queue(), server, &waiting)
    })
}

/// The sealed parts that may not have arrived: those whose row says so, or all in the spool if no
/// row can be read.
fn waiting_parts(home: &Home, shelves: &Shelves) -> Result<Vec<(PartId, u64)>> {
    let arrived = match &shelves.main {
        Some(main) => queue::arrived(main.connection()?).unwrap_or_default(),
        None => Vec::new(),
    };
    let mut waiting = Vec::new();
    for entry in fs::read_dir(home.spool())? {
        let entry = entry?;
        let id = entry.file_name().to_str().and_then(|name| name.parse::<PartId>().ok());
        if let Some(id) = id.filter(|id| !arrived.contains(id)) {
            waiting.push((id, entry.metadata()?.len()));
        }
    }
    Ok(waiting)
}
