//! Which writes are under way. A phone that lost its network comes back while its old request still
//! waits for bytes that never come; the new one ends the old one, instead of waiting for its lock.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::oneshot;

/// Fires when a write is to end with what it has.
pub(super) type Stop = oneshot::Receiver<()>;

/// The writes under way, by upload.
#[derive(Debug, Default)]
pub(super) struct Running(Mutex<HashMap<String, oneshot::Sender<()>>>);

impl Running {
    /// Ends the write under way on `upload` and takes its place.
    pub(super) fn begin(&self, upload: &str) -> Stop {
        let (sender, stop) = oneshot::channel();
        // Dropping the old sender is what ends the old write.
        self.lock().insert(upload.to_owned(), sender);
        stop
    }

    /// Forgets `upload` once nobody writes any more.
    pub(super) fn end(&self, upload: &str) {
        let mut running = self.lock();
        if running.get(upload).is_some_and(oneshot::Sender::is_closed) {
            running.remove(upload);
        }
    }

    /// Ends every write: the server is about to stop.
    pub(super) fn cut_all(&self) {
        self.lock().clear();
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, oneshot::Sender<()>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_write_ends_the_old_one_and_not_others() {
        let running = Running::default();
        let (mut old, mut other) = (running.begin("one"), running.begin("two"));
        let mut new = running.begin("one");
        assert_eq!(old.try_recv(), Err(oneshot::error::TryRecvError::Closed));
        assert_eq!(other.try_recv(), Err(oneshot::error::TryRecvError::Empty));
        assert_eq!(new.try_recv(), Err(oneshot::error::TryRecvError::Empty));
    }

    #[test]
    fn an_old_write_that_ends_late_does_not_forget_the_new_one() {
        let running = Running::default();
        drop(running.begin("one"));
        let new = running.begin("one");
        running.end("one");
        assert_eq!(running.lock().len(), 1);
        drop(new);
        running.end("one");
        assert!(running.lock().is_empty());
    }
}
