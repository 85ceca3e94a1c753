//! Rows of 2 KB in SQLCipher, with the pragmas and the commits of `tests/bench/src/rows.rs`.

use std::path::{Path, PathBuf};
use std::time::Instant;

use clap::Parser;
use rusqlite::Connection;
use serde_json::json;

/// One measurement
#[derive(Parser)]
enum Task {
    /// Write so many rows into a new database
    Write { rows: u32, file: PathBuf },
    /// Read every row
    Read { rows: u32, file: PathBuf },
}

const BYTES: usize = 2_048;
const COMMIT: u32 = 100;

fn main() -> rusqlite::Result<()> {
    let ms = match Task::parse() {
        Task::Write { rows, file } => write(rows, &file)?,
        Task::Read { rows, file } => read(rows, &file)?,
    };
    println!("{}", json!({ "ms": ms }));
    Ok(())
}

/// A raw key, so that no passphrase has to be stretched.
fn open(file: &Path) -> rusqlite::Result<Connection> {
    let database = Connection::open(file)?;
    database.execute_batch(&format!("PRAGMA key = \"x'{}'\";", "07".repeat(32)))?;
    database.execute_batch(
        "PRAGMA journal_mode = WAL;
         PRAGMA synchronous = FULL;
         PRAGMA fullfsync = ON;
         PRAGMA secure_delete = ON;
         PRAGMA temp_store = MEMORY;
         CREATE TABLE IF NOT EXISTS draft (
             id BLOB NOT NULL PRIMARY KEY, version INTEGER NOT NULL, body BLOB NOT NULL
         ) STRICT;",
    )?;
    let version: String = database.query_row("PRAGMA cipher_version", [], |row| row.get(0))?;
    assert!(!version.is_empty(), "this is a plain SQLite");
    Ok(database)
}

fn write(rows: u32, file: &Path) -> rusqlite::Result<f64> {
    let mut database = open(file)?;
    let start = Instant::now();
    for first in (0..rows).step_by(COMMIT as usize) {
        let transaction = database.transaction()?;
        let mut insert =
            transaction.prepare("INSERT INTO draft (id, version, body) VALUES (?1, 1, ?2)")?;
        for number in first..rows.min(first + COMMIT) {
            let id = id(number);
            insert.execute((id, vec![id[0]; BYTES]))?;
        }
        drop(insert);
        transaction.commit()?;
    }
    Ok(start.elapsed().as_secs_f64() * 1000.0)
}

fn read(rows: u32, file: &Path) -> rusqlite::Result<f64> {
    let database = open(file)?;
    let start = Instant::now();
    let mut select = database.prepare("SELECT id, body FROM draft")?;
    let mut found = select.query([])?;
    let mut count = 0;
    while let Some(row) = found.next()? {
        let (id, body): ([u8; 32], Vec<u8>) = (row.get(0)?, row.get(1)?);
        assert!(body.len() == BYTES && body[0] == id[0], "another row came back");
        count += 1;
    }
    assert_eq!(count, rows);
    Ok(start.elapsed().as_secs_f64() * 1000.0)
}

/// Ids in no order, as hashes are (splitmix64, four times).
fn id(number: u32) -> [u8; 32] {
    let mut id = [0; 32];
    let mut state = u64::from(number) << 8;
    for part in id.chunks_exact_mut(8) {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        part.copy_from_slice(&(mixed ^ (mixed >> 31)).to_be_bytes());
    }
    id
}
