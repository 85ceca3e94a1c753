//! The rows that say where a report's receipt is looked for, and what the last one said.

use std::collections::BTreeSet;

use rusqlite::{Connection, Transaction};
use serde::{Deserialize, Serialize};

use super::looks;
use super::rows::{PartRow, PartState};
use crate::crypto::make_bytes;
use crate::error::{Error, Result};
use crate::ids::{Fingerprint, ReceiptAddress, ReportId};
use crate::receipts::{Receipt, SealedQuestion};
use crate::seal::ReportKeys;
use crate::vault::cell::{Cell, CellKey};

/// A report's receipt row.
pub(crate) struct ReceiptRow {
    id: [u8; 16],
    pub(crate) server: Fingerprint,
    /// When it was last looked for; 0: never.
    pub(crate) asked_at_ms: i64,
    version: u64,
    sealed: Vec<u8>,
}

/// What of it is sealed under the queue key: enough to read the state while the vault is locked,
/// and nothing of what the report says.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct ReceiptSecret {
    pub(crate) report: ReportId,
    pub(crate) address: ReceiptAddress,
    /// The age identity that opens the receipt, as text.
    identity: String,
    /// The last receipt that was believed.
    pub(crate) last: Option<Receipt>,
    /// The same as the desk signed it, a JSON text: what a proof is made of.
    #[serde(default)]
    pub(crate) signed: Option<String>,
    /// Why the last answer was not believed: a message id.
    pub(crate) problem: Option<String>,
    /// All that was ever asked, in the order in which it came. Sealed to the question identity,
    /// which lies in the vault.
    #[serde(default)]
    pub(crate) questions: Vec<SealedQuestion>,
    /// When something of the report was sealed last, Unix ms.
    #[serde(default)]
    pub(crate) sealed_at_ms: i64,
    /// When somebody should have opened something of it, Unix ms.
    #[serde(default)]
    pub(crate) deadline_at_ms: Option<i64>,
    /// How long the organisation gives itself to open a part.
    #[serde(default)]
    pub(crate) within_ms: Option<i64>,
    /// When to look again while nobody looks at the app, Unix ms.
    #[serde(default)]
    pub(crate) look_at_ms: i64,
}

/// When a receipt is waited for.
#[derive(Clone, Copy)]
pub(crate) struct Expected {
    /// When something was sealed, Unix ms.
    pub(crate) now_ms: i64,
    /// Until then somebody should open it.
    pub(crate) within_ms: i64,
}

impl ReceiptSecret {
    pub(crate) fn identity(&self) -> Result<age::x25519::Identity> {
        self.identity.parse().map_err(|_| Error::Damaged)
    }
}

/// Remembers where the receipt of a report will come. Called with each part that is sealed: from
/// then on the phone looks often again.
pub(crate) fn expect(
    transaction: &Transaction<'_>,
    key: &CellKey,
    server: Fingerprint,
    keys: &ReportKeys,
    expected: Expected,
) -> Result<()> {
    use age::secrecy::ExposeSecret;
    let report = keys.report_id();
    if let Some((row, mut secret)) = find(transaction, key, report)? {
        (secret.sealed_at_ms, secret.look_at_ms) = (expected.now_ms, 0);
        secret.within_ms = Some(expected.within_ms);
        return row.update(transaction, key, &secret);
    }
    let secret = ReceiptSecret {
        report,
        address: keys.receipt_address(),
        identity: keys.receipt_identity().to_string().expose_secret().to_owned(),
        last: None,
        signed: None,
        problem: None,
        questions: Vec::new(),
        sealed_at_ms: expected.now_ms,
        deadline_at_ms: Some(expected.now_ms.saturating_add(expected.within_ms)),
        within_ms: Some(expected.within_ms),
        look_at_ms: 0,
    };
    let id: [u8; 16] = make_bytes();
    let sealed = key.seal_json(cell(&id, 1), &secret)?;
    transaction.execute(
        "INSERT INTO receipt (id, server, asked_at, version, sealed) VALUES (?1, ?2, 0, 1, ?3)",
        (id, server.as_bytes(), sealed),
    )?;
    Ok(())
}

/// The row of a report's receipt, and what is sealed in it. A damaged row is nobody's.
pub(crate) fn find(
    connection: &Connection,
    key: &CellKey,
    report: ReportId,
) -> Result<Option<(ReceiptRow, ReceiptSecret)>> {
    for row in all(connection)? {
        if let Ok(secret) = row.secret(key)
            && secret.report == report
        {
            return Ok(Some((row, secret)));
        }
    }
    Ok(None)
}

/// The receipts that there can be: of reports with something among `parts` that has arrived.
pub(crate) fn arrived(
    connection: &Connection,
    key: &CellKey,
    parts: &[PartRow],
) -> Result<Vec<(ReceiptRow, ReceiptSecret)>> {
    let mut reports = BTreeSet::new();
    // What was never written again since it was queued has not been anywhere, and stays sealed.
    for row in parts.iter().filter(|row| row.is_touched()) {
        let secret = row.secret(key)?;
        // One on its way to a mirror is at another place, or was thought to be.
        let arrived = matches!(row.state, PartState::Stored | PartState::Opened);
        if arrived || !secret.elsewhere.is_empty() {
            reports.insert(secret.report);
        }
    }
    if reports.is_empty() {
        return Ok(Vec::new());
    }
    let rows = all(connection)?.into_iter();
    let opened = rows.filter_map(|row| row.secret(key).ok().map(|secret| (row, secret)));
    Ok(opened.filter(|(_, secret)| reports.contains(&secret.report)).collect())
}

/// What the organisation has asked about a report, sealed.
pub(crate) fn questions(
    connection: &Connection,
    key: &CellKey,
    report: ReportId,
) -> Result<Vec<SealedQuestion>> {
    Ok(find(connection, key, report)?.map(|(_, secret)| secret.questions).unwrap_or_default())
}

/// Every receipt row.
pub(crate) fn all(connection: &Connection) -> Result<Vec<ReceiptRow>> {
    let mut statement =
        connection.prepare("SELECT id, server, asked_at, version, sealed FROM receipt")?;
    let rows = statement.query_map([], |row| {
        Ok((row.get(0)?, row.get::<_, Vec<u8>>(1)?, row.get(2)?, row.get(3)?, row.get(4)?))
    })?;
    let mut receipts = Vec::new();
    for row in rows {
        let (id, server, asked_at_ms, version, sealed) = row?;
        let server = Fingerprint::from_slice(&server).ok_or(Error::Damaged)?;
        receipts.push(ReceiptRow { id, server, asked_at_ms, version, sealed });
    }
    Ok(receipts)
}

impl ReceiptRow {
    /// When it should be looked for next, Unix ms.
    pub(crate) fn next_look_ms(
        &self,
        secret: &ReceiptSecret,
        in_background: bool,
        now_ms: i64,
    ) -> i64 {
        if self.asked_at_ms > now_ms {
            // The clock was ahead at the last look; what it made of it means nothing.
            now_ms
        } else if in_background {
            secret.look_at_ms
        } else {
            looks::next_while_open(self.asked_at_ms, &self.id)
        }
    }

    /// Opens what is sealed in the row.
    pub(crate) fn secret(&self, key: &CellKey) -> Result<ReceiptSecret> {
        key.open_json(cell(&self.id, self.version), &self.sealed)
    }

    /// Whether it is the report's. A damaged row is nobody's, and holds up nobody.
    pub(crate) fn is_of(&self, key: &CellKey, report: ReportId) -> bool {
        self.secret(key).is_ok_and(|secret| secret.report == report)
    }

    /// Writes when it was asked for and what was learnt.
    pub(crate) fn update(
        &self,
        connection: &Connection,
        key: &CellKey,
        secret: &ReceiptSecret,
    ) -> Result<()> {
        let version = self.version + 1;
        let sealed = key.seal_json(cell(&self.id, version), secret)?;
        connection.execute(
            "UPDATE receipt SET asked_at = ?2, version = ?3, sealed = ?4
             WHERE id = ?1 AND version = ?5",
            (self.id, self.asked_at_ms, version, sealed, self.version),
        )?;
        Ok(())
    }

    /// Forgets the row, with its report.
    pub(crate) fn delete(&self, connection: &Connection) -> Result<()> {
        connection.execute("DELETE FROM receipt WHERE id = ?1", [self.id])?;
        Ok(())
    }
}

/// Copies every receipt row into another outbox.
pub(super) fn copy_all(
    from: &Connection,
    old: &CellKey,
    to: &Transaction<'_>,
    new: &CellKey,
) -> Result<()> {
    for row in all(from)? {
        let Ok(secret) = row.secret(old) else { continue };
        let sealed = new.seal_json(cell(&row.id, row.version), &secret)?;
        to.execute(
            "INSERT OR REPLACE INTO receipt (id, server, asked_at, version, sealed)
             VALUES (?1, ?2, ?3, ?4, ?5)",
            (row.id, row.server.as_bytes(), row.asked_at_ms, row.version, sealed),
        )?;
    }
    Ok(())
}

fn cell(id: &[u8; 16], version: u64) -> Cell<'_> {
    Cell { table: "receipt", id, column: "sealed", version }
}
