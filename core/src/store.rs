//! The open home: its database, its keys and its clock, shared by the façade and a running transfer.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rusqlite::{Connection, Transaction};

use crate::clock::Clock;
use crate::error::{Error, Result};
use crate::forms::Moment;
use crate::home::{Home, sweep};
use crate::ids::{MediumId, PartId};
use crate::vault::{DeviceKey, Keys, VaultState, db, open_keys};

/// One home, opened once per process.
pub(crate) struct Store {
    pub(crate) home: Home,
    clock: Arc<dyn Clock>,
    vault: Mutex<Vault>,
}

/// What the vault gives: everything, or the reason why not.
enum Vault {
    Open(Box<Open>),
    Closed(VaultState),
}

/// The open vault.
struct Open {
    db: Connection,
    keys: Keys,
}

impl Store {
    /// Opens the home. A vault that can't be opened is a state, not an error.
    pub(crate) fn open(home: Home, device: &dyn DeviceKey, clock: Arc<dyn Clock>) -> Result<Self> {
        let vault = match open_vault(&home, device) {
            Ok((db, keys)) => {
                sweep_orphans(&home, &db)?;
                Vault::Open(Box::new(Open { db, keys }))
            }
            Err(Error::Locked) => Vault::Closed(VaultState::Locked),
            Err(Error::KeyLost) => Vault::Closed(VaultState::KeyLost),
            Err(Error::Damaged) => Vault::Closed(VaultState::Damaged),
            Err(Error::FromNewerApp) => Vault::Closed(VaultState::FromNewerApp),
            Err(error) => return Err(error),
        };
        Ok(Self { home, clock, vault: Mutex::new(vault) })
    }

    pub(crate) fn now(&self) -> Moment {
        self.clock.now()
    }

    pub(crate) fn clock(&self) -> Arc<dyn Clock> {
        Arc::clone(&self.clock)
    }

    pub(crate) fn state(&self) -> VaultState {
        match &*self.vault() {
            Vault::Open(_) => VaultState::Ready,
            Vault::Closed(state) => *state,
        }
    }

    /// Reads from the database.
    pub(crate) fn read<T>(&self, work: impl FnOnce(&Connection, &Keys) -> Result<T>) -> Result<T> {
        match &*self.vault() {
            Vault::Open(open) => work(&open.db, &open.keys),
            Vault::Closed(state) => Err(closed(*state)),
        }
    }

    /// Writes to the database: all of `work` is on disk when this returns, or none of it.
    pub(crate) fn write<T>(
        &self,
        work: impl FnOnce(&Transaction<'_>, &Keys) -> Result<T>,
    ) -> Result<T> {
        match &mut *self.vault() {
            Vault::Open(open) => {
                let Open { db, keys } = &mut **open;
                let transaction = db::write(db)?;
                let done = work(&transaction, keys)?;
                transaction.commit()?;
                Ok(done)
            }
            Vault::Closed(state) => Err(closed(*state)),
        }
    }

    // A panic elsewhere leaves no half-done write: SQLite rolls the transaction back.
    fn vault(&self) -> MutexGuard<'_, Vault> {
        self.vault.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn closed(state: VaultState) -> Error {
    match state {
        VaultState::Ready | VaultState::Locked => Error::Locked,
        VaultState::KeyLost => Error::KeyLost,
        VaultState::Damaged => Error::Damaged,
        VaultState::FromNewerApp => Error::FromNewerApp,
    }
}

fn open_vault(home: &Home, device: &dyn DeviceKey) -> Result<(Connection, Keys)> {
    let mut db = db::open(&home.database())?;
    let keys = open_keys(&mut db, device)?;
    Ok((db, keys))
}

/// Removes files that a kill left without a row: nothing refers to them, so nothing is lost.
fn sweep_orphans(home: &Home, db: &Connection) -> Result<()> {
    // Somebody is making files in another process: the next start sweeps.
    let Some(_held) = home.lock_files()? else { return Ok(()) };
    let has = |table: &str, id: &[u8]| -> bool {
        let sql = format!("SELECT count(*) FROM {table} WHERE id = ?1");
        // When in doubt the file stays.
        db.query_row(&sql, [id], |row| row.get::<_, u32>(0)).map_or(true, |rows| rows > 0)
    };
    sweep(&home.blobs(), |name| {
        name.parse::<MediumId>().is_ok_and(|id| has("medium", id.as_bytes()))
    })?;
    sweep(&home.spool(), |name| name.parse::<PartId>().is_ok_and(|id| has("part", id.as_bytes())))
}
