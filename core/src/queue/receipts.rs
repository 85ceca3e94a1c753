//! The rows that say where a report's receipt is looked for, and what the last one said.

use rusqlite::{Connection, Transaction};
use serde::{Deserialize, Serialize};

use crate::crypto::make_bytes;
use crate::error::{Error, Result};
use crate::ids::{Fingerprint, ReceiptAddress, ReportId};
use crate::receipts::Receipt;
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
    /// Why the last answer was not believed: a message id.
    pub(crate) problem: Option<String>,
}

impl ReceiptSecret {
    pub(crate) fn identity(&self) -> Result<age::x25519::Identity> {
        self.identity.parse().map_err(|_| Error::Damaged)
    }
}

/// Remembers where the receipt of a report will come. Called with each version that is sent.
pub(crate) fn insert(
    transaction: &Transaction<'_>,
    key: &CellKey,
    server: Fingerprint,
    keys: &ReportKeys,
) -> Result<()> {
    use age::secrecy::ExposeSecret;
    let report = keys.report_id();
    for row in all(transaction)? {
        if row.is_of(key, report) {
            return Ok(());
        }
    }
    let secret = ReceiptSecret {
        report,
        address: keys.receipt_address(),
        identity: keys.receipt_identity().to_string().expose_secret().to_owned(),
        last: None,
        problem: None,
    };
    let id: [u8; 16] = make_bytes();
    let sealed = seal(key, &id, 1, &secret)?;
    transaction.execute(
        "INSERT INTO receipt (id, server, asked_at, version, sealed) VALUES (?1, ?2, 0, 1, ?3)",
        (id, server.as_bytes(), sealed),
    )?;
    Ok(())
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
    /// Opens what is sealed in the row.
    pub(crate) fn secret(&self, key: &CellKey) -> Result<ReceiptSecret> {
        let json = key.open(cell(&self.id, self.version), &self.sealed)?;
        serde_json::from_slice(&json).map_err(|_| Error::Damaged)
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
        let sealed = seal(key, &self.id, version, secret)?;
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
        let sealed = seal(new, &row.id, row.version, &secret)?;
        to.execute(
            "INSERT OR REPLACE INTO receipt (id, server, asked_at, version, sealed)
             VALUES (?1, ?2, ?3, ?4, ?5)",
            (row.id, row.server.as_bytes(), row.asked_at_ms, row.version, sealed),
        )?;
    }
    Ok(())
}

fn seal(key: &CellKey, id: &[u8; 16], version: u64, secret: &ReceiptSecret) -> Result<Vec<u8>> {
    let json = serde_json::to_vec(secret).map_err(|_| Error::Unexpected("error-encoding"))?;
    key.seal(cell(id, version), &json)
}

fn cell(id: &[u8; 16], version: u64) -> Cell<'_> {
    Cell { table: "receipt", id, column: "sealed", version }
}
