//! What a row remembers of its part's upload: written as it goes, and when it ends.

use super::plan::closes_the_way;
use super::rows::{self, PartState};
use super::{mirror, steps};
use crate::error::{Error, Result};
use crate::ids::PartId;
use crate::net::UploadEnd;
use crate::store::Store;
use crate::tus::Memory;

/// Writes how a part's upload ended.
pub(super) fn settle(store: &Store, part: PartId, end: UploadEnd) -> Result<()> {
    let now_ms = store.now().unix_ms;
    store.write_outboxes(|transaction, key| {
        let Some(mut row) = rows::find(transaction, part)? else { return Ok(()) };
        let mut secret = row.secret(key)?;
        if row.state == PartState::Held && end != UploadEnd::Stored {
            return Ok(());
        }
        match end {
            UploadEnd::Stored => {
                mirror::note_try(&mut secret, None, now_ms);
                secret.forget_receipts();
                secret.step = None;
                row.state = PartState::Stored;
                row.sent = row.bytes;
                row.reason = None;
            }
            UploadEnd::Retry { reason, not_before_ms } => {
                mirror::note_try(&mut secret, Some(reason), now_ms);
                if closes_the_way(reason) {
                    mirror::note_closed_way(transaction, key, &row, reason, now_ms)?;
                }
                row.reason = Some(reason.message_id().into());
                row.next_try_at_ms = not_before_ms;
            }
            UploadEnd::Parked(reason) => {
                secret.step = None;
                row.state = PartState::Parked;
                row.reason = Some(reason.message_id().into());
            }
            UploadEnd::Cancelled | UploadEnd::SaveFailed => return Ok(()),
        }
        row.update(transaction, key, &secret)
    })
}

/// Puts one upload's memory into its row; not found if the person deleted the report under it, or
/// called it back.
pub(super) fn save(
    store: &Store,
    part: PartId,
    memory: &Memory,
    step: Option<&steps::Kept>,
) -> Result<()> {
    let mut found = false;
    store.write_outboxes(|transaction, key| {
        let row = rows::find(transaction, part)?;
        let Some(mut row) = row.filter(|row| row.state != PartState::Held) else {
            return Ok(());
        };
        found = true;
        let mut secret = row.secret(key)?;
        row.sent = memory.offset.min(row.bytes);
        secret.memory = memory.clone();
        secret.step = step.cloned();
        row.update(transaction, key, &secret)
    })?;
    if found { Ok(()) } else { Err(Error::NotFound) }
}
