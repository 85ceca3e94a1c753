//! Rows of 2 KB: sealed as the vault seals them, and bare in the same SQLite.

use std::path::Path;
use std::time::Instant;

use homeward_core::vault::cell::{Cell, CellKey};
use homeward_core::vault::db;
use rusqlite::Connection;
use serde_json::{Value, json};

/// The bytes of a row. Not 2,000: two bare rows of that size just fit on a page of SQLite's and two
/// sealed ones, 29 bytes longer, just don't, so that pages would be measured and no sealing.
const BYTES: usize = 2_048;
/// So many rows are one commit.
const COMMIT: u32 = 100;

/// Writes so many sealed rows into a new database.
pub(crate) fn write_sealed(rows: u32, file: &Path) -> Value {
    let key = key();
    write(rows, file, |id, row| key.seal(cell(id), &row).unwrap())
}

/// Writes so many rows as they are.
pub(crate) fn write_plain(rows: u32, file: &Path) -> Value {
    write(rows, file, |_, row| row)
}

/// Reads and opens every sealed row.
pub(crate) fn read_sealed(rows: u32, file: &Path) -> Value {
    let key = key();
    read(rows, file, |id, body| key.open(cell(id), &body).unwrap().to_vec())
}

/// Reads every row.
pub(crate) fn read_plain(rows: u32, file: &Path) -> Value {
    read(rows, file, |_, body| body)
}

/// The vault's own way to open a database, so that both have the same pragmas.
fn write(rows: u32, file: &Path, body: impl Fn(&[u8], Vec<u8>) -> Vec<u8>) -> Value {
    let mut database = db::open(file).unwrap();
    let start = Instant::now();
    for first in (0..rows).step_by(COMMIT as usize) {
        let transaction = db::write(&mut database).unwrap();
        let mut insert = transaction
            .prepare("INSERT INTO draft (id, version, body) VALUES (?1, 1, ?2)")
            .unwrap();
        for number in first..rows.min(first + COMMIT) {
            let id = id(number);
            insert.execute((id, body(&id, row(number)))).unwrap();
        }
        drop(insert);
        transaction.commit().unwrap();
    }
    json!({ "ms": start.elapsed().as_secs_f64() * 1000.0 })
}

fn read(rows: u32, file: &Path, open: impl Fn(&[u8], Vec<u8>) -> Vec<u8>) -> Value {
    let database: Connection = db::open(file).unwrap();
    let start = Instant::now();
    let mut select = database.prepare("SELECT id, body FROM draft").unwrap();
    let read = select.query_map([], |row| {
        let (id, body): ([u8; 32], Vec<u8>) = (row.get(0)?, row.get(1)?);
        Ok((id, open(&id, body)))
    });
    let mut count = 0;
    for found in read.unwrap() {
        let (id, body) = found.unwrap();
        assert!(body.len() == BYTES && body[0] == id[0], "another row came back");
        count += 1;
    }
    assert_eq!(count, rows);
    json!({ "ms": start.elapsed().as_secs_f64() * 1000.0 })
}

fn key() -> CellKey {
    CellKey::new(&[7; 32])
}

fn cell(id: &[u8]) -> Cell<'_> {
    Cell { table: "draft", id, column: "body", version: 1 }
}

/// Ids are hashes, as a report's are: they come in no order.
fn id(number: u32) -> [u8; 32] {
    *homeward_core::crypto::sha256(&number.to_be_bytes()).as_bytes()
}

fn row(number: u32) -> Vec<u8> {
    vec![id(number)[0]; BYTES]
}
