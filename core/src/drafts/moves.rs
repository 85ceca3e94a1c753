//! Reports under another vault key, or in another database.

use rusqlite::{Connection, Transaction};

use super::head_cell;
use crate::error::{Error, Result};
use crate::ids::ReportId;
use crate::vault::keys::VaultKey;

/// Seals every report again under a new vault key. What does not open under the old one stays as
/// it is: it is damaged already, and not ours to delete.
pub(crate) fn reseal_all(
    transaction: &Transaction<'_>,
    old: &VaultKey,
    new: &VaultKey,
) -> Result<()> {
    for row in report_rows(transaction)? {
        let Some(key) = moved_key(&row, old, new)? else { continue };
        let head = moved_head(&row, old, new)?;
        transaction.execute(
            "UPDATE report SET key = ?2, head = ?3 WHERE id = ?1",
            (row.id.as_bytes(), key, head),
        )?;
    }
    Ok(())
}

/// Copies every report into another database, sealed under its vault key. Report keys, and with
/// them drafts and blobs, stay as they are.
pub(crate) fn copy_all(
    from: &Connection,
    old: &VaultKey,
    to: &Transaction<'_>,
    new: &VaultKey,
) -> Result<()> {
    for row in report_rows(from)? {
        let key = moved_key(&row, old, new)?.ok_or(Error::Damaged)?;
        to.execute(
            "INSERT OR REPLACE INTO report (id, version, key, head) VALUES (?1, ?2, ?3, ?4)",
            (row.id.as_bytes(), row.version, key, moved_head(&row, old, new)?),
        )?;
    }
    for (table, columns) in [("draft", "id, version, body"), ("medium", "id, report")] {
        copy_table(from, to, table, columns)?;
    }
    Ok(())
}

/// Copies rows whose columns need no other key.
fn copy_table(from: &Connection, to: &Transaction<'_>, table: &str, columns: &str) -> Result<()> {
    let mut select = from.prepare(&format!("SELECT {columns} FROM {table}"))?;
    let count = select.column_count();
    let places = vec!["?"; count].join(", ");
    let mut insert =
        to.prepare(&format!("INSERT OR REPLACE INTO {table} ({columns}) VALUES ({places})"))?;
    let mut rows = select.query([])?;
    while let Some(row) = rows.next()? {
        let values = (0..count).map(|at| row.get::<_, rusqlite::types::Value>(at));
        let values = values.collect::<rusqlite::Result<Vec<_>>>()?;
        insert.execute(rusqlite::params_from_iter(values))?;
    }
    Ok(())
}

/// A row of the `report` table, sealed.
struct ReportRow {
    id: ReportId,
    version: u64,
    key: Vec<u8>,
    head: Vec<u8>,
}

fn report_rows(connection: &Connection) -> Result<Vec<ReportRow>> {
    let mut statement = connection.prepare("SELECT id, version, key, head FROM report")?;
    let rows = statement.query_map([], |row| {
        Ok((row.get::<_, Vec<u8>>(0)?, row.get(1)?, row.get(2)?, row.get(3)?))
    })?;
    let mut reports = Vec::new();
    for row in rows {
        let (id, version, key, head) = row?;
        let id = ReportId::from_slice(&id).ok_or(Error::Damaged)?;
        reports.push(ReportRow { id, version, key, head });
    }
    Ok(reports)
}

/// The report key under the new vault key; none if it does not open under the old one.
fn moved_key(row: &ReportRow, old: &VaultKey, new: &VaultKey) -> Result<Option<Vec<u8>>> {
    let Ok(key) = old.unwrap(row.id, &row.key) else { return Ok(None) };
    new.wrap(row.id, &key).map(Some)
}

/// The head under the new vault key, or as it is if it does not open under the old one.
fn moved_head(row: &ReportRow, old: &VaultKey, new: &VaultKey) -> Result<Vec<u8>> {
    let cell = head_cell(&row.id, row.version);
    match old.cells().open(cell, &row.head) {
        Ok(head) => new.cells().seal(cell, &head),
        Err(_) => Ok(row.head.clone()),
    }
}
