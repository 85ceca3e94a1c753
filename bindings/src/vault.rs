//! Locking, the passphrase, and the end of everything.

use std::time::Duration;

use homeward_core::vault::Passphrase;

use crate::call::call;
use crate::error::ApiResult;
use crate::homeward::Homeward;

#[uniffi::export]
impl Homeward {
    /// Opens a locked vault; with the passphrase if it has one. What was begun meanwhile moves in.
    /// Takes about half a second if there is a passphrase. `Refused` for a wrong one.
    pub fn unlock(&self, passphrase: Option<String>) -> ApiResult<()> {
        call(|| Ok(self.0.unlock(typed(passphrase).as_ref())?))
    }

    /// Forgets the vault key until `unlock`. Sealed parts go on leaving.
    pub fn lock(&self) -> ApiResult<()> {
        call(|| {
            self.0.lock();
            Ok(())
        })
    }

    /// Sets, changes or (with no `new`) removes the passphrase. With a limit, so many wrong tries
    /// in a row destroy the vault's key; sealed, unsent parts still leave. Without one the limit
    /// stays as it was: who wants none any more removes the passphrase and sets it anew. Takes
    /// about half a second. `Refused` for a wrong `old`, an empty `new` and a limit of 0.
    pub fn set_passphrase(
        &self,
        old: Option<String>,
        new: Option<String>,
        wrong_try_limit: Option<u32>,
    ) -> ApiResult<()> {
        call(|| {
            let (old, new) = (typed(old), typed(new));
            Ok(self.0.set_passphrase(old.as_ref(), new.as_ref(), wrong_try_limit)?)
        })
    }

    /// Whether the vault opens with a passphrase only. Where it does not and is locked, it waits
    /// for the device: ask the person for nothing.
    pub fn has_passphrase(&self) -> ApiResult<bool> {
        call(|| Ok(self.0.has_passphrase()?))
    }

    /// Whether the device failed to destroy a key when a report was deleted or the passphrase
    /// changed. That was done; but a copy of the home made before would still open on this very
    /// device. Each start, and each deletion, tries again.
    pub fn is_erasure_unfinished(&self) -> ApiResult<bool> {
        call(|| Ok(self.0.is_erasure_unfinished()?))
    }

    /// Lets go of the database within so many milliseconds, as iOS demands of an app in the
    /// background. A run under way ends at its next write. `Refused` as busy if another call does
    /// not end within the time.
    pub fn suspend(&self, within_ms: u64) -> ApiResult<()> {
        call(|| Ok(self.0.suspend(Duration::from_millis(within_ms))?))
    }

    /// Opens the database again after `suspend`.
    pub fn resume(&self) -> ApiResult<()> {
        call(|| Ok(self.0.resume()?))
    }

    /// Destroys everything on this phone: the device's keys first, so that no copy opens, then the
    /// files. The home is new afterwards, and not paired.
    pub fn wipe(&self) -> ApiResult<()> {
        call(|| Ok(self.0.wipe()?))
    }
}

fn typed(passphrase: Option<String>) -> Option<Passphrase> {
    passphrase.as_deref().map(Passphrase::new)
}
