//! Parts that are sealed to somebody who lost the key, or whose key somebody else may have. They do
//! not leave as they are: they are parked, and sealed anew when the vault is next open.

use std::collections::BTreeMap;

use rusqlite::{Connection, Transaction};

use super::rows::{self, PartRow, PartSecret, PartState};
use crate::brand::{Pack, RecipientState};
use crate::error::Result;
use crate::ids::{PartId, ReportId};
use crate::seal::PartKind;
use crate::vault::cell::CellKey;

/// Why a part is parked that is sealed to a lost or compromised recipient: message ids.
const LOST: &str = "parked-recipient-lost";
const COMPROMISED: &str = "parked-recipient-compromised";

/// Parks what must not leave as it is sealed. What is at the server already is there; should it be
/// sent again or on to a mirror, [`must_stay`] says no before it leaves.
pub(super) fn park(transaction: &Transaction<'_>, key: &CellKey, pack: &Pack) -> Result<()> {
    if !pack.recipients.iter().any(|recipient| recipient.state.spoils()) {
        return Ok(());
    }
    for mut row in rows::all(transaction)? {
        if !matches!(row.state, PartState::Waiting | PartState::Held) {
            continue;
        }
        let mut secret = row.secret(key)?;
        if let Some(reason) = reason_of(&row, &secret, pack) {
            secret.step = None;
            (row.state, row.reason) = (PartState::Parked, Some(reason.into()));
            row.update(transaction, key, &secret)?;
        }
    }
    Ok(())
}

/// Whether a part must not leave as it is sealed. Asked before each upload, whatever made it due: a
/// receipt, a deadline, the person.
pub(super) fn must_stay(row: &PartRow, secret: &PartSecret, pack: &Pack) -> bool {
    reason_of(row, secret, pack).is_some()
}

/// Whether a part is parked because of whom it is sealed to.
pub(super) fn is_parked(row: &PartRow) -> bool {
    row.state == PartState::Parked && matches!(row.reason.as_deref(), Some(LOST | COMPROMISED))
}

/// Why a part must not leave as it is sealed.
fn reason_of(row: &PartRow, secret: &PartSecret, pack: &Pack) -> Option<&'static str> {
    if row.server != pack.organisation.fingerprint() {
        return None;
    }
    let sealed_to = |state: RecipientState| {
        let mut those = pack.recipients.iter().filter(|recipient| recipient.state == state);
        those.any(|recipient| secret.sealed_to.contains(&recipient.recipient))
    };
    if sealed_to(RecipientState::Compromised) {
        Some(COMPROMISED)
    } else {
        sealed_to(RecipientState::Lost).then_some(LOST)
    }
}

/// The parts of a report that are to be sealed anew.
pub(crate) struct Spoiled {
    pub(crate) report: ReportId,
    pub(crate) parts: Vec<(PartId, PartKind)>,
    /// Files among them wait for a network that costs nothing.
    pub(crate) wifi_only: bool,
}

/// What is parked because of whom it is sealed to, by report.
pub(crate) fn spoiled(connection: &Connection, key: &CellKey) -> Result<Vec<Spoiled>> {
    let mut reports: BTreeMap<ReportId, Spoiled> = BTreeMap::new();
    for row in rows::all(connection)? {
        if is_parked(&row) {
            let PartSecret { report, kind, .. } = row.secret(key)?;
            let found = reports.entry(report).or_insert_with(|| Spoiled {
                report,
                parts: Vec::new(),
                wifi_only: false,
            });
            found.parts.push((row.id, kind));
            found.wifi_only |= row.wifi_only;
        }
    }
    Ok(reports.into_values().collect())
}

/// Takes parts out of the outbox that others have taken the place of.
pub(crate) fn remove(transaction: &Transaction<'_>, parts: &[PartId]) -> Result<()> {
    for part in parts {
        transaction.execute("DELETE FROM part WHERE id = ?1", [part.as_bytes()])?;
    }
    Ok(())
}
