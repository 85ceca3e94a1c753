//! Waits that are over: those of a way that may be another one now, and what a clock noted that was
//! ahead. A time that lies in the future was written by such a clock, and counts as now: or a part
//! would be held back, and a mirror put off, for as long as the clock was wrong.

use rusqlite::{Connection, Transaction};

use super::plan::{PINS_WAIVED, closes_the_way};
use super::receipts;
use super::rows::{self, PartRow, PartState};
use crate::error::Result;
use crate::store::Store;
use crate::tus::{Policy, Reason};
use crate::vault::cell::CellKey;

/// Every part as it is at `now_ms`, without waits that are none. Writes nothing.
pub(super) fn rows_now(
    connection: &Connection,
    key: &CellKey,
    pacing: &Policy,
    now_ms: i64,
) -> Result<Vec<PartRow>> {
    let mut rows = rows::all(connection)?;
    for row in &mut rows {
        let waits = row.state == PartState::Waiting && row.next_try_at_ms > now_ms;
        if waits && !row.secret(key)?.memory.waits(now_ms, pacing.longest_wait_ms()) {
            row.next_try_at_ms = 0;
        }
    }
    Ok(rows)
}

/// Takes what a clock noted that was ahead for noted at `now_ms`.
pub(super) fn set_right(transaction: &Transaction<'_>, key: &CellKey, now_ms: i64) -> Result<()> {
    for row in rows::all(transaction)?.into_iter().filter(PartRow::is_touched) {
        let mut secret = row.secret(key)?;
        let times = [secret.tried_at_ms, secret.first_tried_at_ms];
        if times.into_iter().flatten().any(|at| at > now_ms) {
            let [tried, first] = times.map(|at| at.map(|at| at.min(now_ms)));
            (secret.tried_at_ms, secret.first_tried_at_ms) = (tried, first);
            row.update(transaction, key, &secret)?;
        }
    }
    for row in receipts::all(transaction)? {
        // A damaged row is nobody's.
        let Ok(mut secret) = row.secret(key) else { continue };
        if secret.sealed_at_ms > now_ms {
            let ahead = secret.sealed_at_ms.saturating_sub(now_ms);
            secret.sealed_at_ms = now_ms;
            secret.deadline_at_ms = secret.deadline_at_ms.map(|at| at.saturating_sub(ahead));
            row.update(transaction, key, &secret)?;
        }
    }
    Ok(())
}

/// A person or the platform starts a run when something has changed. So waits for a way to the
/// server end; waits that the server asked for do not.
pub(super) fn forgive_the_way(store: &Store) -> Result<()> {
    store.write_outboxes(|transaction, key| {
        for mut row in rows::all(transaction)? {
            let reason = row.reason.as_deref().and_then(Reason::from_message_id);
            let on_the_way = |reason| closes_the_way(reason) || reason == Reason::ConnectionLost;
            if row.state == PartState::Waiting && reason.is_some_and(on_the_way) {
                let mut secret = row.secret(key)?;
                secret.memory.forgive();
                row.next_try_at_ms = 0;
                if secret.pins_waived {
                    row.reason = Some(PINS_WAIVED.into());
                }
                row.update(transaction, key, &secret)?;
            }
        }
        Ok(())
    })
}
