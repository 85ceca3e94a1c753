//! The open home: its databases, their keys and the clock, shared by the façade and a transfer.
//!
//! A home has one main database. **An emergency is never locked out**: while the main one is
//! locked, damaged, written by a newer app, or its key is lost, a new report goes into an emergency
//! database beside it, under a key that the device gives while locked, and moves over when the
//! vault opens again ([`emergency`]). The main one is never touched meanwhile.
//!
//! Reports are found in the database that has them; the outbox is all databases' together.

mod book;
mod database;
mod emergency;
mod guard;
mod sweep;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rusqlite::{Connection, Transaction};

use self::book::Bookmark;
use self::database::Database;
use self::sweep::{sweep, sweep_intake};
use crate::clock::Clock;
use crate::error::{Error, Result};
use crate::forms::Moment;
use crate::home::Home;
use crate::ids::ReportId;
use crate::intake;
use crate::net::Bell;
use crate::vault::cell::CellKey;
use crate::vault::keys::Wrapping;
use crate::vault::{DeviceKey, Keys, VaultState};

/// One home, opened once per process.
pub(crate) struct Store {
    pub(crate) home: Home,
    clock: Arc<dyn Clock>,
    device: Arc<dyn DeviceKey>,
    shelves: Mutex<Shelves>,
    /// Rung when something was added to the outbox.
    bell: Bell,
    bookmark: Bookmark,
}

/// The databases of a home.
struct Shelves {
    /// What can be done with the main database.
    state: VaultState,
    /// The main database; none if it is damaged or from a newer app.
    main: Option<Database>,
    /// What was begun while the main one was closed.
    emergency: Option<Database>,
}

impl Store {
    /// Opens the home. A vault that can't be opened is a state, not an error.
    pub(crate) fn open(
        home: Home,
        device: Arc<dyn DeviceKey>,
        clock: Arc<dyn Clock>,
    ) -> Result<Self> {
        let (main, state) = open_main(&home, device.as_ref())?;
        let emergency = emergency::open(&home, device.as_ref())?;
        let shelves = Mutex::new(Shelves { state, main, emergency });
        let store =
            Self { home, clock, device, shelves, bell: Bell::new(), bookmark: Bookmark::default() };
        store.settle(&mut store.shelves());
        Ok(store)
    }

    /// Brings the databases in order after the vault has opened or failed to.
    ///
    /// A full disk or a damaged row must keep nobody from what opens: what can't be done now is
    /// done at a later start, and until then reports are where they are.
    fn settle(&self, shelves: &mut Shelves) {
        let device = self.device.as_ref();
        let _ = sweep_intake(&self.home);
        if shelves.state == VaultState::Ready {
            let _ = emergency::absorb(&self.home, shelves, device);
            let _ = prepare_intake(&self.home, shelves);
            let _ = sweep(&self.home, shelves);
        } else {
            let _ = emergency::rescue(&self.home, shelves, device);
        }
    }

    pub(crate) fn bell(&self) -> Bell {
        self.bell.clone()
    }

    pub(crate) fn now(&self) -> Moment {
        self.clock.now()
    }

    pub(crate) fn clock(&self) -> Arc<dyn Clock> {
        Arc::clone(&self.clock)
    }

    pub(crate) fn state(&self) -> VaultState {
        self.shelves().state
    }

    /// Reads a report from the database that has it.
    pub(crate) fn read<T>(
        &self,
        report: ReportId,
        work: impl FnOnce(&Connection, Keys<'_>) -> Result<T>,
    ) -> Result<T> {
        let mut shelves = self.shelves();
        let database = self.fresh(&mut shelves, report)?;
        let (connection, keys) = database.open_parts()?;
        work(connection, keys)
    }

    /// Writes to a report: all of `work` is on disk when this returns, or none of it.
    pub(crate) fn write<T>(
        &self,
        report: ReportId,
        work: impl FnOnce(&Transaction<'_>, Keys<'_>) -> Result<T>,
    ) -> Result<T> {
        let mut shelves = self.shelves();
        self.fresh(&mut shelves, report)?.write(work)
    }

    /// Writes a new report: to the vault if it is open, else to the emergency's.
    pub(crate) fn write_new<T>(
        &self,
        work: impl Fn(&Transaction<'_>, Keys<'_>) -> Result<T>,
    ) -> Result<T> {
        let mut shelves = self.shelves();
        shelves.refresh(self.device.as_ref())?;
        if shelves.state == VaultState::Ready {
            match shelves.main.as_mut().ok_or(Error::Damaged)?.write(&work) {
                // The file is damaged where nobody has looked before: the report goes beside it.
                Err(Error::Damaged) => {}
                written => return written,
            }
        }
        shelves.forget_absorbed();
        if shelves.emergency.is_none() {
            shelves.emergency = Some(emergency::make(&self.home, self.device.as_ref())?);
        }
        shelves.emergency.as_mut().ok_or(Error::Damaged)?.write(work)
    }

    /// Reads from each database whose reports open.
    pub(crate) fn read_all<T>(
        &self,
        mut work: impl FnMut(&Connection, Keys<'_>) -> Result<T>,
    ) -> Result<Vec<T>> {
        let mut shelves = self.shelves();
        shelves.refresh(self.device.as_ref())?;
        let mut results = Vec::new();
        for database in shelves.all().filter(|database| database.is_open()) {
            let (connection, keys) = database.open_parts()?;
            results.push(work(connection, keys)?);
        }
        Ok(results)
    }

    /// Reads from each outbox.
    pub(crate) fn read_outboxes<T>(
        &self,
        mut work: impl FnMut(&Connection, &CellKey) -> Result<T>,
    ) -> Result<Vec<T>> {
        let mut shelves = self.shelves();
        let (mut results, mut damaged) = (Vec::new(), false);
        for database in shelves.all() {
            let Some((connection, key)) = database.outbox()? else { continue };
            match work(connection, &key) {
                // One that is damaged does not hold up the other.
                Err(Error::Damaged) => damaged = true,
                result => results.push(result?),
            }
        }
        if damaged && results.is_empty() { Err(Error::Damaged) } else { Ok(results) }
    }

    /// Writes to each outbox, one transaction each.
    pub(crate) fn write_outboxes(
        &self,
        mut work: impl FnMut(&Transaction<'_>, &CellKey) -> Result<()>,
    ) -> Result<()> {
        for database in self.shelves().all() {
            database.write_outbox(&mut work)?;
        }
        Ok(())
    }

    /// The database of a report, with the keys that are on disk now.
    fn fresh<'a>(&self, shelves: &'a mut Shelves, report: ReportId) -> Result<&'a mut Database> {
        shelves.refresh(self.device.as_ref())?;
        shelves.forget_absorbed();
        shelves.of(report)
    }

    fn shelves(&self) -> MutexGuard<'_, Shelves> {
        // A panic elsewhere leaves no half-done write: SQLite rolls the transaction back.
        self.shelves.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Shelves {
    fn all(&mut self) -> impl Iterator<Item = &mut Database> {
        self.main.iter_mut().chain(self.emergency.iter_mut())
    }

    /// Takes up a vault key that another process has put in place of ours. If that needs a
    /// passphrase, the vault is locked from now on.
    fn refresh(&mut self, device: &dyn DeviceKey) -> Result<()> {
        let Some(main) = self.main.as_mut().filter(|main| main.is_open()) else { return Ok(()) };
        if let Err(error) = main.refresh(device) {
            self.state = state_of(error)?;
        }
        Ok(())
    }

    /// Lets go of an emergency that another process has moved into the vault.
    fn forget_absorbed(&mut self) {
        if self.emergency.as_ref().is_some_and(|emergency| !emergency.path().exists()) {
            self.emergency = None;
        }
    }

    /// The database of a report that can be opened now.
    fn of(&mut self, report: ReportId) -> Result<&mut Database> {
        let state = self.state;
        match self.emergency.as_mut() {
            Some(emergency) if emergency.has_report(report)? => Ok(emergency),
            _ if state == VaultState::Ready => self.main.as_mut().ok_or(Error::Damaged),
            _ => Err(closed(state)),
        }
    }
}

fn open_main(home: &Home, device: &dyn DeviceKey) -> Result<(Option<Database>, VaultState)> {
    let opened = Database::open(&home.database(), device, Wrapping::Main);
    let mut database = match opened {
        Ok(database) => database,
        Err(error) => return Ok((None, state_of(error)?)),
    };
    let state = match database.open_vault(device) {
        Ok(()) => VaultState::Ready,
        Err(error) => state_of(error)?,
    };
    Ok((Some(database), state))
}

/// The state that an error of opening stands for; any other error is one.
fn state_of(error: Error) -> Result<VaultState> {
    match error {
        Error::Locked => Ok(VaultState::Locked),
        Error::KeyLost => Ok(VaultState::KeyLost),
        Error::Damaged => Ok(VaultState::Damaged),
        Error::FromNewerApp => Ok(VaultState::FromNewerApp),
        error => Err(error),
    }
}

/// What a call is told that needs the vault open.
fn closed(state: VaultState) -> Error {
    match state {
        VaultState::Ready | VaultState::Locked => Error::Locked,
        VaultState::KeyLost => Error::KeyLost,
        VaultState::Damaged => Error::Damaged,
        VaultState::FromNewerApp => Error::FromNewerApp,
    }
}

/// The intake's key is made once; after that an opening of the home writes nothing.
fn prepare_intake(home: &Home, shelves: &mut Shelves) -> Result<()> {
    let main = shelves.main.as_mut().ok_or(Error::Damaged)?;
    let (connection, keys) = main.open_parts()?;
    if home.intake_key().exists() && intake::identity(connection, keys.vault).is_ok() {
        return Ok(());
    }
    main.write(|transaction, keys| intake::prepare(home, transaction, keys.vault))
}
