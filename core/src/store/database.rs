//! One database and the keys to it that are open.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::time::Instant;

use rusqlite::{Connection, Transaction, TransactionBehavior};

use crate::error::{Error, Refusal, Result};
use crate::home::{hold_names, is_scarce};
use crate::ids::ReportId;
use crate::vault::cell::CellKey;
use crate::vault::keys::{Keyring, QueueKey, VaultKey, Wrapping, vault_generation};
use crate::vault::{DeviceKey, Keys, Passphrase, db};

/// A database and what of it is open.
pub(super) struct Database {
    path: PathBuf,
    /// None while suspended: a phone kills an app that holds a database's lock in the background.
    connection: Option<Connection>,
    wrapping: Wrapping,
    pub(super) vault: Option<VaultKey>,
    pub(super) queue: Option<QueueKey>,
}

impl Database {
    /// Opens the database and, if the device gives it, the key of its outbox.
    pub(super) fn open(path: &Path, device: &dyn DeviceKey, wrapping: Wrapping) -> Result<Self> {
        let mut connection = open_file(path)?;
        let keyring = Keyring { device, wrapping };
        keyring.make_missing(&mut connection)?;
        let queue = match keyring.open_queue(&connection) {
            Ok(queue) => Some(queue),
            // Without it parts leave by a fresh upload.
            Err(Error::Locked | Error::KeyLost | Error::Damaged) => None,
            Err(error) => return Err(error),
        };
        let (path, connection) = (path.to_owned(), Some(connection));
        Ok(Self { path, connection, wrapping, vault: None, queue })
    }

    /// Opens the vault key, if it needs nothing but the device.
    pub(super) fn open_vault(&mut self, device: &dyn DeviceKey) -> Result<()> {
        let keyring = self.keyring(device);
        let vault = keyring.open_vault(self.connection()?)?;
        self.admit(vault, device)
    }

    /// Opens the vault key with a passphrase.
    pub(super) fn unlock(&mut self, device: &dyn DeviceKey, words: &Passphrase) -> Result<()> {
        let keyring = self.keyring(device);
        let vault = keyring.unlock(self.connection()?, words)?;
        self.admit(vault, device)
    }

    /// An open vault needs its outbox: a key that is lost for ever is replaced.
    fn admit(&mut self, vault: VaultKey, device: &dyn DeviceKey) -> Result<()> {
        let keyring = self.keyring(device);
        if self.queue.is_none() {
            let opened = keyring.open_queue(self.connection()?);
            let connection = self.connection.as_mut().ok_or(Refusal::Suspended)?;
            self.queue = Some(match opened {
                Err(Error::KeyLost) => keyring.renew_queue(connection)?,
                opened => opened?,
            });
        }
        let connection = self.connection()?;
        // What was replaced before a kill is destroyed now; if the device fails, at the next start.
        let _ = keyring.destroy_stale(connection);
        self.vault = Some(vault);
        Ok(())
    }

    /// Opens the vault key anew if another process has replaced it since.
    pub(super) fn refresh(&mut self, device: &dyn DeviceKey) -> Result<()> {
        let Some(vault) = &self.vault else { return Ok(()) };
        if vault_generation(self.connection()?)? == Some(vault.generation) {
            return Ok(());
        }
        self.vault = None;
        self.open_vault(device)
    }

    pub(super) fn keyring<'d>(&self, device: &'d dyn DeviceKey) -> Keyring<'d> {
        Keyring { device, wrapping: self.wrapping }
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn is_open(&self) -> bool {
        self.connection.is_some() && self.vault.is_some() && self.queue.is_some()
    }

    pub(super) fn has_outbox(&self) -> bool {
        self.queue.is_some()
    }

    pub(super) fn connection(&self) -> Result<&Connection> {
        Ok(self.connection.as_ref().ok_or(Refusal::Suspended)?)
    }

    /// The connection and the vault key, to be changed together.
    pub(super) fn vault_mut(&mut self) -> Result<(&mut Connection, &mut VaultKey)> {
        let connection = self.connection.as_mut().ok_or(Refusal::Suspended)?;
        Ok((connection, self.vault.as_mut().ok_or(Error::Locked)?))
    }

    /// What is on disk at one moment, and the keys to it. None if another process has replaced the
    /// vault key since it was opened here: then [`refresh`](Self::refresh) opens it anew.
    pub(super) fn snapshot(&mut self) -> Result<Option<(Transaction<'_>, Keys<'_>)>> {
        self.begin(TransactionBehavior::Deferred)
    }

    /// The same, to be changed: nobody else writes until it ends.
    pub(super) fn writing(&mut self) -> Result<Option<(Transaction<'_>, Keys<'_>)>> {
        self.begin(TransactionBehavior::Immediate)
    }

    fn begin(
        &mut self,
        behavior: TransactionBehavior,
    ) -> Result<Option<(Transaction<'_>, Keys<'_>)>> {
        let keys = keys(self.vault.as_ref(), self.queue.as_ref())?;
        let connection = self.connection.as_mut().ok_or(Refusal::Suspended)?;
        let transaction = connection.transaction_with_behavior(behavior)?;
        // What another process replaced opens nothing any more, and what it sealed would be lost.
        let is_current = vault_generation(&transaction)? == Some(keys.vault.generation);
        Ok(is_current.then_some((transaction, keys)))
    }

    /// Writes, or refuses as busy if another process has just replaced the vault key.
    pub(super) fn write<T>(
        &mut self,
        work: impl FnOnce(&Transaction<'_>, Keys<'_>) -> Result<T>,
    ) -> Result<T> {
        let (transaction, keys) = self.writing()?.ok_or(Refusal::Busy)?;
        commit(transaction, keys, work)
    }

    /// The outbox, if its key is there.
    pub(super) fn outbox(&self) -> Result<Option<(&Connection, CellKey)>> {
        let Some(queue) = &self.queue else { return Ok(None) };
        Ok(Some((self.connection()?, queue.cells())))
    }

    pub(super) fn write_outbox(
        &mut self,
        work: &mut impl FnMut(&Transaction<'_>, &CellKey) -> Result<()>,
    ) -> Result<()> {
        let Some(queue) = &self.queue else { return Ok(()) };
        let transaction = db::write(self.connection.as_mut().ok_or(Refusal::Suspended)?)?;
        work(&transaction, &queue.cells())?;
        Ok(transaction.commit()?)
    }

    pub(super) fn has_report(&self, report: ReportId) -> Result<bool> {
        let sql = "SELECT count(*) FROM report WHERE id = ?1";
        let rows: u32 = self.connection()?.query_row(sql, [report.as_bytes()], |row| row.get(0))?;
        Ok(rows > 0)
    }

    /// Writes everything into the one file and lets go of it; the keys stay.
    pub(super) fn suspend(&mut self, deadline: Instant) -> Result<()> {
        if let Some(connection) = self.connection.take() {
            connection.busy_timeout(deadline.saturating_duration_since(Instant::now()))?;
            // Another process may be reading; then the log stays, and that loses nothing.
            let checkpoint = "PRAGMA wal_checkpoint(TRUNCATE)";
            connection.query_row(checkpoint, [], |_| Ok(()))?;
            let _names = hold_names_around(&self.path);
            connection.close().map_err(|(_, error)| error)?;
        }
        Ok(())
    }

    pub(super) fn resume(&mut self) -> Result<()> {
        if self.connection.is_none() {
            self.connection = Some(open_file(&self.path)?);
        }
        Ok(())
    }

    /// Closes the database. What SQLite fails to write back stays in its log.
    pub(super) fn close(&mut self) {
        let _names = hold_names_around(&self.path);
        self.connection = None;
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        self.close();
    }
}

fn open_file(path: &Path) -> Result<Connection> {
    let _names = hold_names_around(path);
    let connection = db::open(path)?;
    if path.parent().is_some_and(is_scarce) {
        // Else the log takes up to four megabytes before it begins anew.
        connection.pragma_update(None, "wal_autocheckpoint", 16)?;
    }
    Ok(connection)
}

fn hold_names_around(path: &Path) -> Option<File> {
    hold_names(path.parent()?)
}

/// Does `work` in a transaction and commits it; undoes it if that fails.
pub(super) fn commit<T>(
    transaction: Transaction<'_>,
    keys: Keys<'_>,
    work: impl FnOnce(&Transaction<'_>, Keys<'_>) -> Result<T>,
) -> Result<T> {
    let done = work(&transaction, keys)?;
    transaction.commit()?;
    Ok(done)
}

fn keys<'a>(vault: Option<&'a VaultKey>, queue: Option<&'a QueueKey>) -> Result<Keys<'a>> {
    let vault = vault.ok_or(Error::Locked)?;
    Ok(Keys::new(vault, queue.ok_or(Error::KeyLost)?))
}
