//! The outbox: sealed parts on their way.
//!
//! `send` leaves ciphertext in the spool and one row per part; from then on no vault key is
//! needed. A [`Plan`] is a pure function of the rows, the network and the time: what goes now, in
//! which order, and why the rest waits. A run ([`Transfer`]) does it within a budget and returns by itself, as
//! phones demand. What must not be forgotten is on disk before a request goes out; the server's
//! word on how much it has always wins (`tus`).
//!
//! A part is `waiting`, then `stored` when the server has every byte, and `opened` only by a
//! receipt that the organisation signed. One that a server refuses is `parked` with the reason and
//! starts again only by the person. Rows and ciphertext stay until their report is deleted.

mod plan;
mod receipts;
mod rows;
mod run;
mod status;

use rusqlite::{Connection, Transaction};

use crate::error::{Error, Result};
use crate::ids::PartId;
use crate::store::Store;
use crate::vault::cell::CellKey;

pub use plan::{Conditions, Network, Plan, Planned};
pub use rows::PartState;
pub use run::{Budget, Listener, RunEnd, Transfer};
pub use status::{PartStatus, ReceiptStatus, ReportState, ReportStatus};

pub(crate) use receipts::insert as insert_receipt_row;
pub(crate) use rows::{NewPart, PartSecret, adopt, arrived, delete_of, insert};
pub(crate) use run::{Setting, start};
pub(crate) use status::statuses;

/// What would be sent now.
pub(crate) fn plan_now(store: &Store, conditions: Conditions) -> Result<Plan> {
    let now_ms = store.now().unix_ms;
    let rows: Vec<_> = store.read_outboxes(|db, _| rows::all(db))?.into_iter().flatten().collect();
    Ok(plan::plan(&rows, conditions, now_ms))
}

/// Whether every part's row opens.
pub(crate) fn all_open(connection: &Connection, key: &CellKey) -> Result<bool> {
    Ok(rows::all(connection)?.iter().all(|row| row.opens(key)))
}

/// Starts a parked part again, because the person asked for it.
pub(crate) fn retry(store: &Store, part: PartId) -> Result<()> {
    let mut found = false;
    store.write_outboxes(|transaction, key| {
        found |= rows::retry(transaction, key, part)?;
        Ok(())
    })?;
    if found { Ok(()) } else { Err(Error::NotFound) }
}

/// Copies an outbox into another database, sealed under its key.
pub(crate) fn copy_all(
    from: &Connection,
    old: &CellKey,
    to: &Transaction<'_>,
    new: &CellKey,
) -> Result<()> {
    rows::copy_all(from, old, to, new)?;
    receipts::copy_all(from, old, to, new)
}
