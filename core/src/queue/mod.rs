//! The outbox: sealed parts on their way.
//!
//! `send` leaves ciphertext in the spool and one row per part; from then on no vault key is
//! needed. A [`Plan`] is a pure function of the rows, the network and the time: what goes now, in
//! which order, and why the rest waits. A run ([`Transfer`]) does it within a budget and returns by
//! itself, as phones demand. What must not be forgotten is on disk before a request goes out; the
//! server's word on how much it has always wins (`tus`).
//!
//! A part is `waiting`, then `stored` when the server has every byte, and `opened` only by a
//! receipt that the organisation signed. One that a server refuses is `parked` with the reason and
//! starts again only by the person. Once its report is called back, a picture that has not left is
//! `held` until a receipt says what becomes of it. Rows stay until their report is deleted;
//! ciphertext until a signed receipt says that the part was opened, or is not needed any more.

mod abandoned;
mod believe;
mod keep;
mod learnt;
mod looks;
mod mirror;
mod plan;
mod recalls;
mod receipts;
mod rows;
mod run;
mod spoiled;
mod status;
mod steps;
mod waits;
mod way;

use rusqlite::{Connection, Transaction};

use self::rows::PartRow;
use crate::brand::{NetworkPolicy, Pack};
use crate::error::{Error, Result};
use crate::ids::{PartId, ReportId};
use crate::receipts::Receipt;
use crate::seal::PartKind;
use crate::store::Store;
use crate::tus::Policy;
use crate::vault::cell::CellKey;

pub use plan::{Conditions, Network, Plan, Planned};
pub use rows::PartState;
pub use run::{Budget, Listener, RunEnd, Transfer};
pub use status::{PartStatus, ReceiptStatus, ReportState, ReportStatus};
pub use steps::{HttpStep, StepBody, StepFailure, StepOutcome, StepTrust};

pub(crate) use recalls::{audiences_of, hold, is_holding};
pub(crate) use receipts::{Expected, expect as expect_receipt, questions};
pub(crate) use rows::{NewPart, PartSecret, adopt, arrived, delete_of, insert, organisations};
pub(crate) use run::{Setting, start};
pub(crate) use spoiled::{Spoiled, remove, spoiled};
pub(crate) use status::statuses;
pub(crate) use steps::{next as next_step, on_step};

/// What would be sent now.
pub(crate) fn plan_now(
    store: &Store,
    conditions: Conditions,
    policy: NetworkPolicy,
    pacing: &Policy,
) -> Result<Plan> {
    let now_ms = store.now().unix_ms;
    let outboxes = store.read_outboxes(|db, key| {
        let rows = waits::rows_now(db, key, pacing, now_ms)?;
        let look_at_ms = next_look(db, key, &rows, conditions, now_ms)?;
        Ok((rows, look_at_ms))
    })?;
    let (rows, looks): (Vec<Vec<_>>, Vec<_>) = outboxes.into_iter().unzip();
    let rows: Vec<PartRow> = rows.into_iter().flatten().collect();
    let mut plan = plan::plan(&rows, conditions, policy, now_ms);
    plan.look_at_ms = looks.into_iter().flatten().min();
    Ok(plan)
}

/// When the first receipt should be looked for that is waited for, Unix ms.
fn next_look(
    connection: &Connection,
    key: &CellKey,
    parts: &[PartRow],
    conditions: Conditions,
    now_ms: i64,
) -> Result<Option<i64>> {
    let mut first = None;
    for (row, secret) in receipts::arrived(connection, key, parts)? {
        let at_ms = row.next_look_ms(&secret, conditions.in_background, now_ms);
        first = Some(first.map_or(at_ms, |first: i64| first.min(at_ms)));
    }
    Ok(first)
}

/// The last receipt of a report that was believed, and the text that the desk signed. Needs no
/// vault key.
pub(crate) fn last_receipt(
    store: &Store,
    report: ReportId,
) -> Result<Option<(Receipt, Option<String>)>> {
    let found = store.read_outboxes(|db, key| receipts::find(db, key, report))?;
    let secret = found.into_iter().flatten().next().map(|(_, secret)| secret);
    Ok(secret.and_then(|secret| Some((secret.last?, secret.signed))))
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
    store.bell().ring();
    if found { Ok(()) } else { Err(Error::NotFound) }
}

/// Lets the first minute of a report go to a server whose key is none of those that the pack pins,
/// because the person said so. It is sealed, and the certificate must still be good.
pub(crate) fn waive_pins(store: &Store, report: ReportId) -> Result<()> {
    let mut found = false;
    store.write_outboxes(|transaction, key| {
        for mut row in rows::all(transaction)? {
            let mut secret = row.secret(key)?;
            let first = secret.report == report && secret.kind == PartKind::FirstMinute;
            if first && row.state == PartState::Waiting {
                secret.pins_waived = true;
                secret.memory.forgive();
                (row.next_try_at_ms, row.reason) = (0, Some(plan::PINS_WAIVED.into()));
                row.update(transaction, key, &secret)?;
                found = true;
            }
        }
        Ok(())
    })?;
    store.bell().ring();
    if found { Ok(()) } else { Err(Error::NotFound) }
}

/// Parks what is sealed to a recipient that the pack calls lost or compromised.
pub(crate) fn park_spoiled(store: &Store, pack: &Pack) -> Result<()> {
    store.write_outboxes(|transaction, key| spoiled::park(transaction, key, pack))
}

/// Copies an outbox into another database, sealed under its key.
pub(crate) fn copy_all(
    from: &Connection,
    old: &CellKey,
    to: &Transaction<'_>,
    new: &CellKey,
) -> Result<()> {
    rows::copy_all(from, old, to, new)?;
    abandoned::copy_all(from, old, to, new)?;
    receipts::copy_all(from, old, to, new)
}
