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
mod intake;
mod sweep;

use std::io::ErrorKind;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rusqlite::{Connection, Transaction};

use self::book::Bookmark;
use self::database::{Database, commit};
use self::sweep::{sweep, sweep_intake};
use crate::clock::Clock;
use crate::error::{Error, Result};
use crate::forms::Moment;
use crate::home::Home;
use crate::ids::ReportId;
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
    /// A write met damage in the main one: what is begun from now on goes beside it.
    beside: bool,
}

impl Store {
    /// Opens the home. A vault that can't be opened is a state, not an error.
    pub(crate) fn open(
        home: Home,
        device: Arc<dyn DeviceKey>,
        clock: Arc<dyn Clock>,
    ) -> Result<Self> {
        home.give_spare();
        let (main, state) = open_main(&home, device.as_ref())?;
        let emergency = emergency::open(&home, device.as_ref())?;
        let shelves = Mutex::new(Shelves { state, main, emergency, beside: false });
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
            let _ = intake::prepare(&self.home, shelves);
            let _ = sweep(&self.home, shelves);
        } else {
            let _ = emergency::rescue(&self.home, shelves, device);
        }
        let _ = self.home.keep_spare();
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

    /// Reads a report from the database that has it, as it is at one moment.
    pub(crate) fn read<T>(
        &self,
        report: ReportId,
        work: impl FnOnce(&Connection, Keys<'_>) -> Result<T>,
    ) -> Result<T> {
        let mut shelves = self.shelves();
        loop {
            let database = self.fresh(&mut shelves, report)?;
            if let Some((snapshot, keys)) = database.snapshot()? {
                return work(&snapshot, keys);
            }
        }
    }

    /// Writes to a report: all of `work` is on disk when this returns, or none of it.
    pub(crate) fn write<T>(
        &self,
        report: ReportId,
        work: impl FnOnce(&Transaction<'_>, Keys<'_>) -> Result<T>,
    ) -> Result<T> {
        let mut shelves = self.shelves_to_write();
        loop {
            let database = self.fresh(&mut shelves, report)?;
            let Some((transaction, keys)) = database.writing()? else { continue };
            let written = commit(transaction, keys, work);
            // Who now begins the report anew must not meet the same damage.
            shelves.beside |= matches!(written, Err(Error::Damaged));
            return written;
        }
    }

    /// Writes a new report: to the vault if it is open, else to the emergency's.
    pub(crate) fn write_new<T>(
        &self,
        work: impl Fn(&Transaction<'_>, Keys<'_>) -> Result<T>,
    ) -> Result<T> {
        let mut shelves = self.shelves_to_write();
        loop {
            let beside = shelves.beside;
            let database = self.shelf_for_new(&mut shelves)?;
            let written = match database.writing() {
                Ok(None) => continue,
                Ok(Some((transaction, keys))) => commit(transaction, keys, &work),
                Err(error) => Err(error),
            };
            match written {
                // The file is damaged where nobody has looked before, or its head says that only a
                // newer SQLite may write: the report goes beside it.
                Err(Error::Damaged | Error::Io(ErrorKind::PermissionDenied)) if !beside => {
                    shelves.beside = true;
                }
                // Another process has moved this emergency and destroyed its key: the next one.
                Err(Error::KeyLost) if shelves.emergency.is_some() => shelves.emergency = None,
                written => return written,
            }
        }
    }

    /// Where a new report goes.
    fn shelf_for_new<'a>(&self, shelves: &'a mut Shelves) -> Result<&'a mut Database> {
        self.refresh(shelves)?;
        if shelves.state == VaultState::Ready && !shelves.beside {
            return shelves.main.as_mut().ok_or(Error::Damaged);
        }
        if shelves.emergency.is_none() {
            shelves.emergency = Some(emergency::make(&self.home, self.device.as_ref())?);
        }
        shelves.emergency.as_mut().ok_or(Error::Damaged)
    }

    /// Reads from each database whose reports open, each as it is at one moment.
    pub(crate) fn read_all<T>(
        &self,
        mut work: impl FnMut(&Connection, Keys<'_>) -> Result<T>,
    ) -> Result<Vec<T>> {
        let mut shelves = self.shelves();
        'again: loop {
            self.refresh(&mut shelves)?;
            let mut results = Vec::new();
            for database in shelves.all().filter(|database| database.is_open()) {
                let Some((snapshot, keys)) = database.snapshot()? else { continue 'again };
                results.push(work(&snapshot, keys)?);
            }
            return Ok(results);
        }
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

    /// Reads what lies in clear, from each database that is there.
    pub(crate) fn read_clear<T>(
        &self,
        mut work: impl FnMut(&Connection) -> Result<T>,
    ) -> Result<Vec<T>> {
        let mut shelves = self.shelves();
        shelves.all().map(|database| work(database.connection()?)).collect()
    }

    /// Writes to each outbox, one transaction each.
    pub(crate) fn write_outboxes(
        &self,
        mut work: impl FnMut(&Transaction<'_>, &CellKey) -> Result<()>,
    ) -> Result<()> {
        for database in self.shelves_to_write().all() {
            database.write_outbox(&mut work)?;
        }
        Ok(())
    }

    /// The database of a report, with the keys that are on disk now.
    fn fresh<'a>(&self, shelves: &'a mut Shelves, report: ReportId) -> Result<&'a mut Database> {
        self.refresh(shelves)?;
        shelves.of(report)
    }

    /// Takes up what another process has changed under us: a vault key in place of ours, or a home
    /// that was wiped and made anew. If the new key needs a passphrase, the vault is locked from
    /// now on.
    fn refresh(&self, shelves: &mut Shelves) -> Result<()> {
        let device = self.device.as_ref();
        shelves.let_go_of_emergency(device)?;
        let Some(main) = shelves.main.as_mut().filter(|main| main.is_open()) else { return Ok(()) };
        match main.refresh(device) {
            Ok(()) => {}
            // Either the device has lost its key, or this is the file of a home that is no more.
            Err(Error::KeyLost) => {
                shelves.state = VaultState::KeyLost;
                (shelves.main, shelves.state) = open_main(&self.home, device)?;
                self.settle(shelves);
            }
            Err(error) => shelves.state = state_of(error)?,
        }
        Ok(())
    }

    /// The same, with room to write if there is any.
    fn shelves_to_write(&self) -> MutexGuard<'_, Shelves> {
        self.home.give_spare();
        self.shelves()
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

    /// Lets go of an emergency that another process has moved into the vault, or wiped.
    fn let_go_of_emergency(&mut self, device: &dyn DeviceKey) -> Result<()> {
        let Some(emergency) = self.emergency.as_mut() else { return Ok(()) };
        let gone = match emergency.refresh(device) {
            Ok(()) => !emergency.path().exists(),
            Err(error) => state_of(error).map(|_| true)?,
        };
        if gone {
            self.emergency = None;
        }
        Ok(())
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
