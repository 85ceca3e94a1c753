//! The forms of the paired organisation, at hand: its pack is read again when its file changes.

use std::sync::{Arc, Mutex, PoisonError};

use super::Store;
use crate::forms::FormBook;
use crate::home::PackStamp;

/// The forms of the pack's file as it was when it was read last.
#[derive(Default)]
pub(super) struct Bookmark(Mutex<Option<(PackStamp, Arc<FormBook>)>>);

impl Store {
    /// Every form that can be filled in now. Never fails: a pack that does not read keeps nobody
    /// from a draft. What only its forms ask is then kept as *from an earlier form*.
    pub(crate) fn forms(&self) -> Arc<FormBook> {
        let mut mark = self.bookmark.0.lock().unwrap_or_else(PoisonError::into_inner);
        let stamp = self.home.pack_stamp();
        match mark.as_ref() {
            Some((read, book)) if *read == stamp => Arc::clone(book),
            _ => {
                let pack = self.home.pack().ok().flatten();
                let book = Arc::new(pack.map(|pack| pack.form_book()).unwrap_or_default());
                *mark = Some((stamp, Arc::clone(&book)));
                book
            }
        }
    }
}
