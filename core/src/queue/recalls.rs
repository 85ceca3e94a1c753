//! What a recall does to the outbox: pictures that have not left wait for the organisation's word.

use std::collections::BTreeSet;

use rusqlite::{Connection, Transaction};

use super::receipts;
use super::rows::{self, HELD, PartState};
use crate::error::Result;
use crate::forms::Audience;
use crate::ids::ReportId;
use crate::receipts::HoldAnswer;
use crate::seal::PartKind;
use crate::vault::cell::CellKey;

/// Everybody to whom something of the report was sealed.
pub(crate) fn audiences_of(
    connection: &Connection,
    key: &CellKey,
    report: ReportId,
) -> Result<BTreeSet<Audience>> {
    let mut audiences = BTreeSet::new();
    for row in rows::all(connection)? {
        let secret = row.secret(key)?;
        if secret.report == report {
            audiences.extend(secret.audiences);
        }
    }
    Ok(audiences)
}

/// Whether a picture of the report that is sealed now is held: it was called back, and the
/// organisation has not said that it still wants them.
pub(crate) fn is_holding(connection: &Connection, key: &CellKey, report: ReportId) -> Result<bool> {
    let mut recalled = false;
    for row in rows::all(connection)? {
        let secret = row.secret(key)?;
        recalled |= secret.report == report && secret.kind == PartKind::Recall;
    }
    let last = receipts::find(connection, key, report)?.and_then(|(_, secret)| secret.last);
    Ok(recalled && last.and_then(|receipt| receipt.hold) != Some(HoldAnswer::Send))
}

/// Holds every picture of the report that has not left.
pub(crate) fn hold(transaction: &Transaction<'_>, key: &CellKey, report: ReportId) -> Result<()> {
    for mut row in rows::all(transaction)? {
        let secret = row.secret(key)?;
        let unsent = matches!(row.state, PartState::Waiting | PartState::Parked);
        if secret.report == report && unsent && secret.kind.waits_after_recall() {
            row.state = PartState::Held;
            row.reason = Some(HELD.into());
            row.update(transaction, key, &secret)?;
        }
    }
    Ok(())
}
