//! The SQLite file: how it is opened, and how an old one becomes a new one.

use std::path::Path;
use std::time::{Duration, Instant};

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags, Transaction, TransactionBehavior};

use crate::error::{Error, Refusal, Result};

/// Every migration, oldest first. Released ones are never edited.
const MIGRATIONS: &[&str] = &[include_str!("migrations/0001_init.sql")];

/// How long a call waits for another process that writes.
const BUSY: Duration = Duration::from_secs(10);

/// Opens the database at `path`, making or migrating it.
pub fn open(path: &Path) -> Result<Connection> {
    let deadline = Instant::now() + BUSY;
    loop {
        match open_now(path) {
            // Where two make the file at once, SQLite lets neither wait for the other's turn to WAL.
            Err(Error::Refused(Refusal::Busy)) if Instant::now() < deadline => {
                std::thread::sleep(Duration::from_millis(2));
            }
            opened => return opened,
        }
    }
}

fn open_now(path: &Path) -> Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
        | OpenFlags::SQLITE_OPEN_CREATE
        | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(BUSY)?;
    // Closing writes the log back, and of a newer version's file not a byte may change.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
    if found_version(&connection)? > MIGRATIONS.len() {
        return Err(Error::FromNewerApp);
    }
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, false)?;
    // A commit is on disk when it returns (FULL, and F_FULLFSYNC on Apple); deleted rows are
    // overwritten; nothing spills to a temporary file; the schema can't run functions.
    connection.execute_batch(
        "PRAGMA journal_mode = WAL;
         PRAGMA synchronous = FULL;
         PRAGMA fullfsync = ON;
         PRAGMA secure_delete = ON;
         PRAGMA temp_store = MEMORY;
         PRAGMA trusted_schema = OFF;
         PRAGMA foreign_keys = ON;",
    )?;
    migrate(&mut connection)?;
    Ok(connection)
}

/// A transaction that takes the write lock at once, so that it never fails half way for it.
pub fn write(connection: &mut Connection) -> Result<Transaction<'_>> {
    Ok(connection.transaction_with_behavior(TransactionBehavior::Immediate)?)
}

fn migrate(connection: &mut Connection) -> Result<()> {
    if found_version(connection)? == MIGRATIONS.len() {
        return Ok(());
    }
    let transaction = write(connection)?;
    // Read again under the lock: another process may have migrated meanwhile.
    let found = found_version(&transaction)?;
    let missing = MIGRATIONS.get(found..).ok_or(Error::FromNewerApp)?;
    for sql in missing {
        transaction.execute_batch(sql)?;
    }
    transaction.pragma_update(None, "user_version", MIGRATIONS.len() as i64)?;
    Ok(transaction.commit()?)
}

fn found_version(connection: &Connection) -> Result<usize> {
    let version: i64 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    usize::try_from(version).map_err(|_| Error::FromNewerApp)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_database_of_a_newer_version_is_refused_and_kept() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("home.sqlite");
        let connection = open(&path).unwrap();
        connection.pragma_update(None, "user_version", 1_000).unwrap();
        drop(connection);
        assert!(matches!(open(&path), Err(Error::FromNewerApp)));
        let raw = Connection::open(&path).unwrap();
        let tables: i64 = raw
            .query_row("SELECT count(*) FROM sqlite_schema WHERE type = 'table'", [], |row| {
                row.get(0)
            })
            .unwrap();
        assert!(tables > 0);
    }

    #[test]
    fn what_is_no_database_is_damaged_and_kept() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("home.sqlite");
        std::fs::write(&path, vec![b'x'; 8192]).unwrap();
        assert!(matches!(open(&path), Err(Error::Damaged)));
        assert_eq!(std::fs::read(&path).unwrap().len(), 8192);
    }
}
