//! Uploads that were begun and that nobody needs any more: their report was deleted. The server is
//! told once, so that half a part does not lie there until it expires. A whole one is the
//! organisation's, and stays.

use rusqlite::{Connection, Transaction};
use serde::{Deserialize, Serialize};

use super::rows::{PartRow, PartSecret, PartState};
use crate::crypto::make_bytes;
use crate::error::Result;
use crate::vault::cell::{Cell, CellKey};

/// Where an upload lies. The URL is a secret: whoever knows it can write there.
#[derive(Serialize, Deserialize)]
pub(super) struct Abandoned {
    pub(super) url: String,
    /// Which of the organisation's servers.
    pub(super) place: u32,
}

/// Notes the uploads of a part that is about to be forgotten.
pub(super) fn remember(
    transaction: &Transaction<'_>,
    key: &CellKey,
    row: &PartRow,
    secret: &PartSecret,
) -> Result<()> {
    let here = matches!(row.state, PartState::Waiting | PartState::Parked)
        .then_some((row.place, &secret.memory));
    let elsewhere = secret.elsewhere.iter().map(|(place, memory)| (*place, memory));
    for (place, memory) in here.into_iter().chain(elsewhere) {
        let Some(url) = memory.url.clone().filter(|_| memory.offset < row.bytes) else { continue };
        let id: [u8; 16] = make_bytes();
        let sealed = key.seal_json(cell(&id), &Abandoned { url, place })?;
        transaction.execute("INSERT INTO abandoned (id, sealed) VALUES (?1, ?2)", (id, sealed))?;
    }
    Ok(())
}

/// All of them. One that does not open leads nowhere and is left out.
pub(super) fn all(connection: &Connection, key: &CellKey) -> Result<Vec<([u8; 16], Abandoned)>> {
    let mut statement = connection.prepare("SELECT id, sealed FROM abandoned")?;
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get::<_, Vec<u8>>(1)?)))?;
    let mut found = Vec::new();
    for row in rows {
        let (id, sealed): ([u8; 16], _) = row?;
        if let Ok(abandoned) = key.open_json(cell(&id), &sealed) {
            found.push((id, abandoned));
        }
    }
    Ok(found)
}

/// The server was told.
pub(super) fn forget(connection: &Connection, id: [u8; 16]) -> Result<()> {
    connection.execute("DELETE FROM abandoned WHERE id = ?1", [id])?;
    Ok(())
}

/// Copies what is noted into another outbox.
pub(super) fn copy_all(
    from: &Connection,
    old: &CellKey,
    to: &Transaction<'_>,
    new: &CellKey,
) -> Result<()> {
    for (id, abandoned) in all(from, old)? {
        let sealed = new.seal_json(cell(&id), &abandoned)?;
        let sql = "INSERT OR REPLACE INTO abandoned (id, sealed) VALUES (?1, ?2)";
        to.execute(sql, (id, sealed))?;
    }
    Ok(())
}

fn cell(id: &[u8; 16]) -> Cell<'_> {
    Cell { table: "abandoned", id, column: "sealed", version: 1 }
}
