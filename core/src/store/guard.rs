//! Locking, unlocking, erasing and suspending.

use std::sync::TryLockError;
use std::time::{Duration, Instant};

use super::{Database, Shelves, Store, closed, emergency, open_main, state_of};
use crate::drafts;
use crate::error::{Error, Refusal, Result};
use crate::ids::{MediumId, PartId, ReportId};
use crate::intake;
use crate::queue;
use crate::vault::keys::{Replaced, has_passphrase, has_stale};
use crate::vault::{Passphrase, VaultState};

impl Store {
    /// Forgets the vault key. The outbox goes on.
    pub(crate) fn lock(&self) {
        let mut shelves = self.shelves();
        if shelves.state == VaultState::Ready
            && let Some(main) = shelves.main.as_mut()
        {
            main.vault = None;
            shelves.state = VaultState::Locked;
        }
    }

    /// Opens the vault, with the passphrase if it has one.
    pub(crate) fn unlock(&self, passphrase: Option<&Passphrase>) -> Result<()> {
        // Two who try at once would count each other's tries as wrong ones.
        let _one_at_a_time = passphrase.map(|_| self.home.lock_passphrase()).transpose()?;
        let mut shelves = self.shelves_to_write();
        match shelves.state {
            VaultState::Ready => return Ok(()),
            VaultState::Locked => {}
            // A device that gave another key may give the right one.
            VaultState::Damaged if shelves.main.is_some() => {}
            state => return Err(closed(state)),
        }
        let device = self.device.as_ref();
        if shelves.main.is_none() {
            // The device refused its key when the home was new: it is made now.
            (shelves.main, shelves.state) = open_main(&self.home, device)?;
        }
        let state = shelves.state;
        let main = shelves.main.as_mut().ok_or(closed(state))?;
        let opened = match passphrase {
            None => main.open_vault(device),
            Some(passphrase) => main.unlock(device, passphrase),
        };
        match opened {
            Ok(()) => shelves.state = VaultState::Ready,
            Err(error) => {
                if matches!(error, Error::KeyLost | Error::Damaged) {
                    shelves.state = state_of(error.clone())?;
                }
                return Err(error);
            }
        }
        self.settle(&mut shelves);
        Ok(())
    }

    /// Sets, changes or removes the passphrase, and after how many wrong tries the key goes; no
    /// limit: as it was.
    pub(crate) fn set_passphrase(
        &self,
        old: Option<&Passphrase>,
        new: Option<&Passphrase>,
        limit: Option<u32>,
    ) -> Result<()> {
        if new.is_some_and(Passphrase::is_empty) {
            return Err(Refusal::EmptyPassphrase.into());
        }
        if limit == Some(0) {
            return Err(Refusal::NoTries.into());
        }
        let _one_at_a_time = self.home.lock_passphrase()?;
        let mut shelves = self.shelves_to_write();
        loop {
            self.refresh(&mut shelves)?;
            self.know(&mut shelves, old)?;
            let main = ready(&mut shelves)?;
            let keyring = main.keyring(self.device.as_ref());
            let (connection, key) = main.vault_mut()?;
            if keyring.set_passphrase(connection, key, new, limit)? == Replaced::Done {
                return Ok(());
            }
        }
    }

    /// Whoever holds an unlocked phone still has to know its passphrase.
    fn know(&self, shelves: &mut Shelves, passphrase: Option<&Passphrase>) -> Result<()> {
        let main = ready(shelves)?;
        let keyring = main.keyring(self.device.as_ref());
        let Some(passphrase) = passphrase else {
            let has_one = has_passphrase(main.connection()?)?;
            return if has_one { Err(Refusal::WrongPassphrase.into()) } else { Ok(()) };
        };
        let known = keyring.unlock(main.connection()?, passphrase).map(|_| ());
        if known == Err(Error::KeyLost) {
            main.vault = None;
            shelves.state = VaultState::KeyLost;
        }
        known
    }

    /// Deletes a report so that no copy of the home opens it: its rows go, the vault key is
    /// replaced, and the device key that wrapped the old one is destroyed. Gives the files to
    /// remove.
    pub(crate) fn erase(&self, report: ReportId) -> Result<(Vec<MediumId>, Vec<PartId>)> {
        let mut shelves = self.shelves_to_write();
        loop {
            let database = self.fresh(&mut shelves, report)?;
            let keyring = database.keyring(self.device.as_ref());
            let queue_key = database.outbox()?.map(|(_, key)| key).ok_or(Error::KeyLost)?;
            let mut files = (Vec::new(), Vec::new());
            let (connection, key) = database.vault_mut()?;
            let done = keyring.replace_vault_key(connection, key, |transaction, old, new| {
                files.0 = drafts::delete(transaction, report)?;
                files.1 = queue::delete_of(transaction, &queue_key, report)?;
                drafts::reseal_all(transaction, old, new)?;
                intake::reseal(transaction, old, new)
            })?;
            if done == Replaced::Done {
                return Ok(files);
            }
        }
    }

    /// Whether the vault opens with a passphrase only.
    pub(crate) fn has_passphrase(&self) -> Result<bool> {
        let shelves = self.shelves();
        shelves.main.as_ref().map_or(Ok(false), |main| has_passphrase(main.connection()?))
    }

    /// Whether the device still has a key that opens, in a copy of the home, what was deleted or
    /// what an earlier passphrase locked.
    pub(crate) fn is_erasure_unfinished(&self) -> Result<bool> {
        let mut shelves = self.shelves();
        shelves.all().try_fold(false, |any, database| Ok(has_stale(database.connection()?)? || any))
    }

    /// Destroys the device's keys first, then the files: a copy made earlier opens no more.
    pub(crate) fn wipe(&self) -> Result<()> {
        let mut shelves = self.shelves_to_write();
        let device = self.device.as_ref();
        // Also those of a file that can't be read any more: a copy made before it was damaged can.
        device.delete_all()?;
        // What another process has put in place meanwhile, and the marks for it. A file that takes
        // no mark has nobody who writes into it.
        emergency::destroy_keys(&self.home, device);
        for database in shelves.all() {
            let keyring = database.keyring(device);
            let _ = database.connection().and_then(|connection| keyring.destroy_all(connection));
            database.close();
        }
        shelves.main = None;
        shelves.emergency = None;
        shelves.state = VaultState::KeyLost;
        self.home.remove_files()?;
        (shelves.main, shelves.state) = open_main(&self.home, self.device.as_ref())?;
        shelves.beside = false;
        self.settle(&mut shelves);
        Ok(())
    }

    /// Writes everything down and lets go of the files, within the time that the platform gives.
    pub(crate) fn suspend(&self, within: Duration) -> Result<()> {
        let deadline = Instant::now() + within;
        loop {
            match self.shelves.try_lock() {
                Ok(mut shelves) => return shelves.suspend(deadline),
                Err(TryLockError::Poisoned(poisoned)) => {
                    return poisoned.into_inner().suspend(deadline);
                }
                Err(TryLockError::WouldBlock) if Instant::now() < deadline => {
                    std::thread::sleep(Duration::from_millis(2));
                }
                Err(TryLockError::WouldBlock) => return Err(Refusal::Busy.into()),
            }
        }
    }

    /// Opens the files again.
    pub(crate) fn resume(&self) -> Result<()> {
        self.shelves_to_write().all().try_for_each(Database::resume)
    }
}

impl Shelves {
    fn suspend(&mut self, deadline: Instant) -> Result<()> {
        self.all().try_for_each(|database| database.suspend(deadline))
    }
}

/// The main database of an open vault.
fn ready(shelves: &mut Shelves) -> Result<&mut Database> {
    match shelves.state {
        VaultState::Ready => shelves.main.as_mut().ok_or(Error::Damaged),
        state => Err(closed(state)),
    }
}
