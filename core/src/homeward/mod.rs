//! The façade: it joins the rooms and holds no rule itself.

mod attaching;
mod outbox;
mod recording;
mod reports;
mod talking;
mod types;

use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::clock::Clock;
use crate::error::Result;
use crate::home::Home;
use crate::net::Pacing;
use crate::queue::Network;
use crate::store::Store;
use crate::vault::{DeviceKey, Passphrase, VaultState};

pub use recording::{Recorded, Recording};
pub use talking::QrModules;
pub use types::{Copies, Medium, Offer, Pairing, Report, ReportSummary, Source, SummaryHead};

/// Everything that varies: there is no environment variable and no global.
pub struct Options {
    /// The folder for everything. Made if it is not there.
    pub home: PathBuf,
    /// The key that the device guards.
    pub device_key: Arc<dyn DeviceKey>,
    /// The clock.
    pub clock: Arc<dyn Clock>,
    /// How patient the core is with the network.
    pub pacing: Pacing,
}

/// Reports, photos and the outbox of one person on one device.
///
/// Every method blocks on the disk. One per process and home; a second process is refused only
/// where it would collide.
pub struct Homeward {
    store: Arc<Store>,
    pacing: Pacing,
    /// Over which network another HTTP stack was given steps last.
    steps_over: Mutex<Option<Network>>,
}

impl Homeward {
    /// Opens the home, making it if it is new. A vault that can't be opened is a state.
    pub fn open(options: Options) -> Result<Self> {
        let Options { home, device_key, clock, pacing } = options;
        let home = Home::at(&home)?;
        let store = Arc::new(Store::open(home, device_key, clock)?);
        Ok(Self { store, pacing, steps_over: Mutex::default() })
    }

    /// What can be done with what is stored.
    #[must_use]
    pub fn state(&self) -> VaultState {
        self.store.state()
    }

    /// Opens a locked vault; with the passphrase if it has one. What was begun meanwhile moves in.
    pub fn unlock(&self, passphrase: Option<&Passphrase>) -> Result<()> {
        self.store.unlock(passphrase)?;
        // What could not be sealed anew now is at the next unlock; the vault is open all the same.
        let _ = self.seal_spoiled_anew();
        Ok(())
    }

    /// Forgets the vault key until [`unlock`](Self::unlock). Sealed parts go on leaving.
    pub fn lock(&self) {
        self.store.lock();
    }

    /// Sets, changes or (with no `new`) removes the passphrase. What the old one opened in a copy
    /// of the home opens no more. With a limit, so many wrong tries in a row destroy the vault's
    /// key; sealed, unsent parts still leave. Without one the limit stays as it was: who wants none
    /// any more removes the passphrase and sets it anew. Takes about half a second.
    pub fn set_passphrase(
        &self,
        old: Option<&Passphrase>,
        new: Option<&Passphrase>,
        wrong_try_limit: Option<u32>,
    ) -> Result<()> {
        self.store.set_passphrase(old, new, wrong_try_limit)
    }

    /// Whether the vault opens with a passphrase only. Where it does not and is locked, it waits
    /// for the device.
    pub fn has_passphrase(&self) -> Result<bool> {
        self.store.has_passphrase()
    }

    /// Whether the device failed to destroy a key when a report was deleted or the passphrase
    /// changed. That was done, and on this phone nothing opens what is gone; a copy of the home
    /// made before, on this very device, still would. Each start, and each deletion, tries again.
    pub fn is_erasure_unfinished(&self) -> Result<bool> {
        self.store.is_erasure_unfinished()
    }

    /// Lets go of the database, as iOS demands of an app in the background. A run under way ends at
    /// its next write. Refused as busy if another call does not end within the time.
    pub fn suspend(&self, within: Duration) -> Result<()> {
        self.store.suspend(within)
    }

    /// Opens the database again after [`suspend`](Self::suspend).
    pub fn resume(&self) -> Result<()> {
        self.store.resume()
    }

    /// Destroys everything on this phone: the device's keys first, so that no copy opens, then the
    /// files. The home is new afterwards, and not paired.
    pub fn wipe(&self) -> Result<()> {
        self.store.wipe()
    }
}
