//! The key hierarchy: from what the device gives to what seals a cell.
//!
//! ring does not wipe its keys. So what is kept while the vault is open are [`Secret`]s, which are
//! wiped; the keys that ring uses are derived from them for each call.

use rusqlite::{Connection, OptionalExtension, Transaction, TransactionBehavior};
use zeroize::Zeroizing;

use super::blob::BlobKey;
use super::cell::{Cell, CellKey};
use super::passphrase::{Passphrase, PassphraseKey, Recipe, TriesLeft};
use super::{DeviceKey, DeviceKeyError, KeySlot, db};
use crate::crypto::{derive_secret, make_bytes, make_secret};
use crate::error::{Error, Result};
use crate::ids::{MediumId, ReportId};

/// A device that fails to destroy a key is asked again for so many of them.
const MOST_STALE: usize = 10_000;

/// 256 secret bits, wiped when dropped.
pub(crate) type Secret = Zeroizing<[u8; 32]>;

/// The secret of one report; everything of the report is sealed under what it derives.
pub(crate) struct ReportKey(Secret);

impl ReportKey {
    /// A new random key.
    #[must_use]
    pub(crate) fn make() -> Self {
        Self(make_secret())
    }

    /// The key that seals the report's rows.
    #[must_use]
    pub(crate) fn cells(&self) -> CellKey {
        CellKey::new(&derive_secret(&self.0, &[b"homeward rows 1"]))
    }

    /// The key of one medium's file.
    #[must_use]
    pub(crate) fn blob(&self, medium: MediumId) -> BlobKey {
        BlobKey::new(&derive_secret(&self.0, &[b"homeward blob 1 ", medium.as_bytes()]))
    }
}

/// What opens the reports.
pub(crate) struct VaultKey {
    secret: Secret,
    /// Of the device key that wraps it. Another one on disk: another process replaced it.
    pub(crate) generation: u32,
    /// What the passphrase became, if there is one.
    passphrase: Option<PassphraseKey>,
}

impl VaultKey {
    /// The key that seals the heads of all reports and wraps their keys.
    #[must_use]
    pub(crate) fn cells(&self) -> CellKey {
        CellKey::new(&derive_secret(&self.secret, &[b"homeward vault 1"]))
    }

    /// Wraps `key` for the row of `report`.
    pub(crate) fn wrap(&self, report: ReportId, key: &ReportKey) -> Result<Vec<u8>> {
        self.cells().seal(key_cell(&report), key.0.as_slice())
    }

    /// Opens the key in the row of `report`.
    pub(crate) fn unwrap(&self, report: ReportId, wrapped: &[u8]) -> Result<ReportKey> {
        let bytes = self.cells().open(key_cell(&report), wrapped)?;
        let bytes: [u8; 32] = bytes.as_slice().try_into().map_err(|_| Error::Damaged)?;
        Ok(ReportKey(Zeroizing::new(bytes)))
    }
}

/// A report's key does not change while the report lives, so its cell has no version.
fn key_cell(report: &ReportId) -> Cell<'_> {
    Cell { table: "report", id: report.as_bytes(), column: "key", version: 0 }
}

/// What seals the outbox. It is there while the vault is locked.
pub(crate) struct QueueKey(Secret);

impl QueueKey {
    /// The key that seals the outbox's rows.
    #[must_use]
    pub(crate) fn cells(&self) -> CellKey {
        CellKey::new(&derive_secret(&self.0, &[b"homeward outbox 1"]))
    }

    /// Vouches for the public half of the vault's intake, which lies in clear.
    #[must_use]
    pub(crate) fn vouch_for_intake(&self, recipient: &str) -> Secret {
        derive_secret(&self.0, &[b"homeward intake 1 ", recipient.as_bytes()])
    }
}

/// Where a home's keys are wrapped.
#[derive(Clone, Copy)]
pub(crate) enum Wrapping {
    /// The vault in its own slot, the outbox in its own.
    Main,
    /// Both in the slot that is there while the phone is locked: an emergency's.
    Emergency,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Slot {
    Vault,
    Outbox,
}

impl Slot {
    fn name(self) -> &'static str {
        match self {
            Self::Vault => "vault",
            Self::Outbox => "outbox",
        }
    }

    /// Counting starts at a random number, so that a home made anew after a wipe uses none of the
    /// numbers of a copy made before. An emergency's keys share one slot of the device, so each
    /// starts in a quarter of its own: none is destroyed for another.
    fn first_generation(self, wrapping: Wrapping) -> u32 {
        let random = u32::from_be_bytes(make_bytes()) >> 2;
        match (wrapping, self) {
            (Wrapping::Main, _) => random,
            (Wrapping::Emergency, Self::Vault) => random | 0b10 << 30,
            (Wrapping::Emergency, Self::Outbox) => random | 0b11 << 30,
        }
    }

    fn at(self, wrapping: Wrapping, generation: u32) -> KeySlot {
        match (self, wrapping) {
            (Self::Vault, Wrapping::Main) => KeySlot::Vault { generation },
            _ => KeySlot::Outbox { generation },
        }
    }
}

/// The keys of one database, and the device that wraps them.
pub(crate) struct Keyring<'a> {
    pub(crate) device: &'a dyn DeviceKey,
    pub(crate) wrapping: Wrapping,
}

impl Keyring<'_> {
    /// Makes both keys if the database is new.
    pub(crate) fn make_missing(&self, connection: &mut Connection) -> Result<()> {
        // Read first: an existing home opens without waiting for a writer.
        if read_slot(connection, Slot::Outbox)?.is_some() {
            return Ok(());
        }
        let transaction = db::write(connection)?;
        for slot in [Slot::Vault, Slot::Outbox] {
            if read_slot(&transaction, slot)?.is_none() {
                let (generation, key) = (slot.first_generation(self.wrapping), make_secret());
                let key_slot = slot.at(self.wrapping, generation);
                let wrapped = self.device.wrap(key_slot, key.as_slice()).map_err(unopened)?;
                transaction.execute(
                    "INSERT INTO keyring (slot, generation, wrapped, proof) VALUES (?1, ?2, ?3, ?4)",
                    (slot.name(), generation, wrapped, proof(&key).as_slice()),
                )?;
            }
        }
        Ok(transaction.commit()?)
    }

    /// Opens the outbox's key.
    pub(crate) fn open_queue(&self, connection: &Connection) -> Result<QueueKey> {
        let opened = self.open(connection, Slot::Outbox)?;
        Ok(QueueKey(secret(&opened.key, &opened.proof)?))
    }

    /// Makes a new key for the outbox in place of one that the device has lost. What the old one
    /// sealed is not known any more; the parts leave by a fresh upload.
    pub(crate) fn renew_queue(&self, connection: &mut Connection) -> Result<QueueKey> {
        let transaction = db::write(connection)?;
        match self.open_queue(&transaction) {
            Err(Error::KeyLost) => {}
            // Another process has just made one.
            opened => return opened,
        }
        let old = read_slot(&transaction, Slot::Outbox)?.ok_or(Error::Damaged)?.generation;
        let generation = old.checked_add(1).ok_or(Error::Damaged)?;
        let key = make_secret();
        let key_slot = Slot::Outbox.at(self.wrapping, generation);
        let wrapped = self.device.wrap(key_slot, key.as_slice())?;
        transaction.execute(
            "UPDATE keyring SET generation = ?2, wrapped = ?3, proof = ?4 WHERE slot = ?1",
            (Slot::Outbox.name(), generation, wrapped, proof(&key).as_slice()),
        )?;
        transaction.commit()?;
        Ok(QueueKey(key))
    }

    /// Opens the vault key without a passphrase; locked if there is one, and that would open it.
    pub(crate) fn open_vault(&self, connection: &Connection) -> Result<VaultKey> {
        let (recipe, Opened { generation, key, proof }) = self.open_sealed(connection)?;
        if let Some(recipe) = recipe {
            recipe.sealed(&key)?;
            return Err(Error::Locked);
        }
        Ok(VaultKey { secret: secret(&key, &proof)?, generation, passphrase: None })
    }

    /// Opens the vault key with the passphrase. One wrong try too many, if the person set a limit,
    /// destroys the device's key; what is sealed and unsent still leaves.
    ///
    /// The caller sees to it that nobody else tries or changes the passphrase meanwhile.
    pub(crate) fn unlock(
        &self,
        connection: &Connection,
        passphrase: &Passphrase,
    ) -> Result<VaultKey> {
        let (Some(recipe), Opened { generation, key, proof }) = self.open_sealed(connection)?
        else {
            return self.open_vault(connection);
        };
        // No passphrase is wrong for what is damaged.
        let sealed = recipe.sealed(&key)?;
        let left = recipe.count_try(connection)?;
        if left == TriesLeft::Over {
            return self.destroy_vault(connection);
        }
        let passphrase = recipe.derive(passphrase)?;
        let secret = match passphrase.open(sealed) {
            Err(_) if left == TriesLeft::Last => return self.destroy_vault(connection),
            opened => secret(opened?.as_slice(), &proof)?,
        };
        recipe.forget_tries(connection)?;
        Ok(VaultKey { secret, generation, passphrase: Some(passphrase) })
    }

    /// What the device opens of the vault's slot, and how a passphrase opens that.
    fn open_sealed(&self, connection: &Connection) -> Result<(Option<Recipe>, Opened)> {
        loop {
            let (recipe, row) = read_vault(connection)?;
            match self.open_row(Slot::Vault, &row) {
                Err(_) if is_replaced(connection, &row)? => {}
                opened => return Ok((recipe, opened?)),
            }
        }
    }

    /// Sets, changes or removes the passphrase. What opened the vault before opens nothing after.
    /// No `limit`: as it was.
    pub(crate) fn set_passphrase(
        &self,
        connection: &mut Connection,
        key: &mut VaultKey,
        new: Option<&Passphrase>,
        limit: Option<u32>,
    ) -> Result<Replaced> {
        let limit = limit.or(Recipe::read(connection)?.and_then(|recipe| recipe.try_limit));
        let recipe = new.map(|_| Recipe::make(limit)).transpose()?;
        let derived = match (&recipe, new) {
            (Some(recipe), Some(new)) => Some(recipe.derive(new)?),
            _ => None,
        };
        let transaction = db::write(connection)?;
        if vault_generation(&transaction)? != Some(key.generation) {
            return Ok(Replaced::ByAnother);
        }
        Recipe::store(&transaction, recipe.as_ref())?;
        let generation = self.wrap_anew(&transaction, key, &key.secret, derived.as_ref())?;
        transaction.commit()?;
        (key.passphrase, key.generation) = (derived, generation);
        // It is done whatever the device says: what it did not destroy is on the note.
        let _ = self.destroy_stale(connection);
        Ok(Replaced::Done)
    }

    /// Replaces the vault key by a new one, for which `reseal` seals again what the old one opens.
    /// After this nothing that was sealed under the old one opens in this home; nor in a copy of
    /// it, once the device has destroyed the old key: at once, or as soon as it can.
    pub(crate) fn replace_vault_key(
        &self,
        connection: &mut Connection,
        key: &mut VaultKey,
        reseal: impl FnOnce(&Transaction<'_>, &VaultKey, &VaultKey) -> Result<()>,
    ) -> Result<Replaced> {
        let transaction = db::write(connection)?;
        if vault_generation(&transaction)? != Some(key.generation) {
            return Ok(Replaced::ByAnother);
        }
        let mut new = VaultKey { secret: make_secret(), generation: 0, passphrase: None };
        new.generation = self.wrap_anew(&transaction, key, &new.secret, key.passphrase.as_ref())?;
        reseal(&transaction, key, &new)?;
        transaction.commit()?;
        (key.secret, key.generation) = (new.secret, new.generation);
        // It is done whatever the device says, as with a passphrase.
        let _ = self.destroy_stale(connection);
        Ok(Replaced::Done)
    }

    /// Wraps `key` under a new device key in place of `before`; the old one is noted down as
    /// stale, and destroyed only once the new one is on disk.
    fn wrap_anew(
        &self,
        transaction: &Transaction<'_>,
        before: &VaultKey,
        key: &Secret,
        passphrase: Option<&PassphraseKey>,
    ) -> Result<u32> {
        let old = before.generation;
        let generation = old.checked_add(1).ok_or(Error::Damaged)?;
        let bytes = match passphrase {
            Some(passphrase) => Zeroizing::new(passphrase.seal(key)?),
            None => Zeroizing::new(key.to_vec()),
        };
        let wrapped = self.device.wrap(Slot::Vault.at(self.wrapping, generation), &bytes)?;
        transaction.execute(
            "UPDATE keyring SET generation = ?2, wrapped = ?3, stale = coalesce(stale, ?4), proof = ?5
             WHERE slot = ?1",
            (Slot::Vault.name(), generation, wrapped, old, proof(key).as_slice()),
        )?;
        Ok(generation)
    }

    /// Destroys the device keys of what was replaced. Done again at each start, and with the next
    /// key that is replaced, until it succeeds.
    pub(crate) fn destroy_stale(&self, connection: &Connection) -> Result<()> {
        let sql = "SELECT stale, generation FROM keyring WHERE slot = 'vault'";
        let row = connection.query_row(sql, [], |row| Ok((row.get(0)?, row.get(1)?))).optional()?;
        let Some((Some(stale), generation)) = row else { return Ok(()) };
        // A changed file must not keep the device busy for ever.
        let last: u32 = generation;
        // One that fails keeps no other from going.
        let mut destroyed = Ok(());
        for old in (stale..last).rev().take(MOST_STALE) {
            destroyed = destroyed.and(self.device.delete(Slot::Vault.at(self.wrapping, old)));
        }
        destroyed?;
        // On a full disk the note stays, and at the next start there is nothing left to destroy.
        // What has been committed must not be told as refused for it.
        let sql = "UPDATE keyring SET stale = NULL WHERE slot = 'vault' AND generation = ?1";
        let _ = connection.execute(sql, [last]);
        Ok(())
    }

    /// Ends the vault, which is then lost.
    fn destroy_vault(&self, connection: &Connection) -> Result<VaultKey> {
        let row = read_slot(connection, Slot::Vault)?.ok_or(Error::Damaged)?;
        self.device.delete(Slot::Vault.at(self.wrapping, row.generation))?;
        Err(Error::KeyLost)
    }

    /// Destroys every device key of this database, and leaves a mark for a process that still has
    /// it open and knows a key: what that wrote from now on would go with the file.
    pub(crate) fn destroy_all(&self, connection: &Connection) -> Result<()> {
        // Nobody puts a further key in place meanwhile. On a full disk the keys go all the same.
        let behavior = TransactionBehavior::Immediate;
        let marking = Transaction::new_unchecked(connection, behavior).ok();
        for slot in [Slot::Vault, Slot::Outbox] {
            if let Some(row) = read_slot(connection, slot)? {
                self.device.delete(slot.at(self.wrapping, row.generation))?;
            }
        }
        self.destroy_stale(connection)?;
        if let Some(marking) = marking {
            let marked = marking.execute("UPDATE keyring SET generation = generation + 1", []);
            // Without room for the mark there is no room for what it would keep from being lost.
            let _ = marked.and_then(|_| marking.commit());
        }
        Ok(())
    }

    /// What the device opens of a slot.
    fn open(&self, connection: &Connection, slot: Slot) -> Result<Opened> {
        let row = read_slot(connection, slot)?.ok_or(Error::Damaged)?;
        self.open_row(slot, &row)
    }

    fn open_row(&self, slot: Slot, row: &Wrapped) -> Result<Opened> {
        let key = self.device.open(slot.at(self.wrapping, row.generation), &row.wrapped);
        let key = key.map(Zeroizing::new).map_err(unopened)?;
        Ok(Opened { generation: row.generation, key, proof: row.proof.clone() })
    }
}

/// What came of putting a new key in place of the one that is open.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Replaced {
    /// The new key is on disk.
    Done,
    /// Another process has put one there meanwhile, and nothing was done: what it sealed does not
    /// open with the key that is open here.
    ByAnother,
}

/// What the device gave for a slot.
struct Opened {
    generation: u32,
    key: Zeroizing<Vec<u8>>,
    proof: Vec<u8>,
}

/// Without the key a vault is closed, whatever went wrong in the device: it may go better later.
fn unopened(error: DeviceKeyError) -> Error {
    match error {
        DeviceKeyError::Failed => Error::Locked,
        error => error.into(),
    }
}

/// Tells a key from every other without telling anything of it.
fn proof(key: &Secret) -> Secret {
    derive_secret(key, &[b"homeward key proof 1"])
}

/// The generation of the device key that wraps the vault key on disk.
pub(crate) fn vault_generation(connection: &Connection) -> Result<Option<u32>> {
    Ok(read_slot(connection, Slot::Vault)?.map(|row| row.generation))
}

/// How the vault opens, as it is on disk at one moment.
fn read_vault(connection: &Connection) -> Result<(Option<Recipe>, Wrapped)> {
    let snapshot = connection.unchecked_transaction()?;
    let recipe = Recipe::read(&snapshot)?;
    Ok((recipe, read_slot(&snapshot, Slot::Vault)?.ok_or(Error::Damaged)?))
}

/// Whether another process has replaced the vault key since `row` was read: then the device has
/// lost the key that wrapped it, and the vault has not.
fn is_replaced(connection: &Connection, row: &Wrapped) -> Result<bool> {
    Ok(vault_generation(connection)? != Some(row.generation))
}

/// Whether the device still has a key of what was replaced.
pub(crate) fn has_stale(connection: &Connection) -> Result<bool> {
    let sql = "SELECT count(*) FROM keyring WHERE stale IS NOT NULL";
    Ok(connection.query_row(sql, [], |row| row.get::<_, u32>(0))? > 0)
}

/// A key as the device wrapped it.
struct Wrapped {
    generation: u32,
    wrapped: Vec<u8>,
    proof: Vec<u8>,
}

fn read_slot(connection: &Connection, slot: Slot) -> Result<Option<Wrapped>> {
    let sql = "SELECT generation, wrapped, proof FROM keyring WHERE slot = ?1";
    let row = connection.query_row(sql, [slot.name()], |row| {
        Ok(Wrapped { generation: row.get(0)?, wrapped: row.get(1)?, proof: row.get(2)? })
    });
    Ok(row.optional()?)
}

/// A device that gives back something else than it was given does not have the right key. Without
/// the proof, what is written under another key would be lost when the right one comes back.
fn secret(bytes: &[u8], expected: &[u8]) -> Result<Secret> {
    let key = Secret::new(bytes.try_into().map_err(|_| Error::Damaged)?);
    if proof(&key).as_slice() == expected { Ok(key) } else { Err(Error::Damaged) }
}

/// Whether the vault opens with a passphrase only.
pub(crate) fn has_passphrase(connection: &Connection) -> Result<bool> {
    Ok(Recipe::read(connection)?.is_some())
}
