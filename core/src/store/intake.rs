//! Whom the intake is sealed to, and who opens it.
//!
//! The open vault knows its own identity. While it is locked its public half is read from a clear
//! file, which the outbox's key vouches for: who swaps the file is found out. Whatever closes the
//! vault otherwise may close it for ever, and then the intake is an emergency's, like every report
//! that is begun meanwhile.

use age::x25519::{Identity, Recipient};

use super::{Shelves, Store, closed};
use crate::error::{Error, Result};
use crate::home::Home;
use crate::ids::CaptureId;
use crate::intake::{self, Capture};
use crate::vault::VaultState;

impl Store {
    /// Whom a capture is sealed to now.
    pub(crate) fn intake_recipient(&self) -> Result<Recipient> {
        match self.locked_recipient() {
            Some(recipient) => Ok(recipient),
            None => self.write_new(|transaction, keys| intake::ensure(transaction, keys.vault)),
        }
    }

    /// The locked vault's own, if what its file says is true.
    fn locked_recipient(&self) -> Option<Recipient> {
        let shelves = self.shelves();
        let main = shelves.main.as_ref().filter(|_| shelves.state == VaultState::Locked)?;
        intake::published(&self.home, main.queue.as_ref()?)
    }

    /// Opens a capture, to be read at any offset.
    pub(crate) fn open_capture(&self, id: CaptureId) -> Result<Capture> {
        let (identities, state) = self.intake_identities()?;
        match intake::open(&self.home, &identities, id)? {
            Some(capture) => Ok(capture),
            None if state == VaultState::Ready => Err(Error::Damaged),
            // It waits for the vault.
            None => Err(closed(state)),
        }
    }

    /// All that are known now, and what the vault was then.
    fn intake_identities(&self) -> Result<(Vec<Identity>, VaultState)> {
        let mut shelves = self.shelves();
        'again: loop {
            self.refresh(&mut shelves)?;
            let (mut known, state) = (Vec::new(), shelves.state);
            for database in shelves.all().filter(|database| database.vault.is_some()) {
                let Some((snapshot, keys)) = database.snapshot()? else { continue 'again };
                match intake::identities(&snapshot, keys.vault) {
                    Err(Error::NotFound | Error::Damaged) => {}
                    identities => known.extend(identities?),
                }
            }
            return Ok((known, state));
        }
    }
}

/// The vault's identity and its file are made once, and mended; else an opening of the home writes
/// nothing.
pub(super) fn prepare(home: &Home, shelves: &mut Shelves) -> Result<()> {
    let main = shelves.main.as_mut().ok_or(Error::Damaged)?;
    if let Some((snapshot, keys)) = main.snapshot()?
        && let Ok(identities) = intake::identities(&snapshot, keys.vault)
        && let Some(published) = intake::published(home, keys.outbox)
        && identities.first().is_some_and(|identity| identity.to_public() == published)
    {
        return Ok(());
    }
    main.write(|transaction, keys| {
        let recipient = intake::ensure(transaction, keys.vault)?;
        intake::publish(home, keys.outbox, &recipient)
    })
}
