//! Wakes a run that waits, when something was sealed meanwhile: no clock needs to tick for it.

use std::future::Future;
use std::sync::Arc;

use tokio::sync::watch;

/// A bell that counts how often it was rung. Clones share it.
#[derive(Clone, Debug)]
pub struct Bell(Arc<watch::Sender<u64>>);

impl Bell {
    /// A bell that was never rung.
    pub fn new() -> Self {
        Self(Arc::new(watch::Sender::new(0)))
    }

    /// Wakes who waits. From any thread.
    pub fn ring(&self) {
        self.0.send_modify(|rung| *rung = rung.wrapping_add(1));
    }

    /// How often it was rung.
    pub fn rung(&self) -> u64 {
        *self.0.borrow()
    }

    /// Waits for `work`, or less when the bell is or was rung after it had been `rung` times.
    pub async fn or_rung_after<T>(&self, rung: u64, work: impl Future<Output = T>) {
        let mut bell = self.0.subscribe();
        tokio::select! {
            _ = work => {}
            // The sender lives as long as `self`, so waiting cannot fail.
            _ = bell.wait_for(|now| *now != rung) => {}
        }
    }
}

impl Default for Bell {
    fn default() -> Self {
        Self::new()
    }
}
