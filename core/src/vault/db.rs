//! The SQLite file: how it is opened, and how an old one becomes a new one.
//!
//! Several processes share the index of SQLite's log, which is a file beside the database. Where
//! the disk has no room for that the database is opened alone, with the index in memory; where the
//! folder can't be written at all, to be read. What is there can be read in any case.

use std::fmt::Write as _;
use std::io::ErrorKind;
use std::os::unix::ffi::OsStrExt;
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
            // Where two make the file at once, SQLite lets neither wait for the other's turn to
            // WAL.
            Err(Error::Refused(Refusal::Busy)) if Instant::now() < deadline => {
                std::thread::sleep(Duration::from_millis(2));
            }
            opened => return opened,
        }
    }
}

/// How a database is opened.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    /// With others.
    Shared,
    /// With the log's index in memory: nobody else can open it meanwhile.
    Alone,
    /// Never written, by anybody.
    ReadOnly,
}

fn open_now(path: &Path) -> Result<Connection> {
    match open_by(path, Way::Shared) {
        Err(Error::StorageFull) => open_by(path, Way::Alone),
        Err(Error::Io(ErrorKind::PermissionDenied)) if is_at_rest(path) => {
            open_by(path, Way::ReadOnly)
        }
        opened => opened,
    }
}

/// Whether nobody can write here, and the database has no log beside it that would have to be read.
fn is_at_rest(path: &Path) -> bool {
    use rustix::fs::{Access, access};
    let mut log = path.as_os_str().to_owned();
    log.push("-wal");
    let has_log = std::fs::metadata(log).is_ok_and(|log| log.len() > 0);
    let folder = path.parent().unwrap_or(path);
    !has_log && access(folder, Access::EXISTS).is_ok() && access(folder, Access::WRITE_OK).is_err()
}

fn open_file(path: &Path, way: Way) -> Result<Connection> {
    if way == Way::ReadOnly {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY
            | OpenFlags::SQLITE_OPEN_URI
            | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        return Ok(Connection::open_with_flags(immutable(path), flags)?);
    }
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
        | OpenFlags::SQLITE_OPEN_CREATE
        | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    if way == Way::Alone {
        // Before the first look at the file: else the index would be shared.
        connection.execute_batch("PRAGMA locking_mode = EXCLUSIVE")?;
    }
    Ok(connection)
}

/// The name by which SQLite looks for neither locks nor logs.
fn immutable(path: &Path) -> String {
    let mut uri = String::from("file:");
    for byte in path.as_os_str().as_bytes() {
        if byte.is_ascii_alphanumeric() || b"/-_.".contains(byte) {
            uri.push(char::from(*byte));
        } else {
            write!(uri, "%{byte:02X}").expect("a string takes it");
        }
    }
    uri + "?immutable=1"
}

fn open_by(path: &Path, way: Way) -> Result<Connection> {
    let mut connection = open_file(path, way)?;
    connection.busy_timeout(BUSY)?;
    // Closing writes the log back, and of a newer version's file not a byte may change.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
    if found_version(&connection)? > MIGRATIONS.len() {
        return Err(Error::FromNewerApp);
    }
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, false)?;
    if way != Way::ReadOnly {
        connection.execute_batch("PRAGMA journal_mode = WAL")?;
    }
    // A commit is on disk when it returns (FULL, and F_FULLFSYNC on Apple); deleted rows are
    // overwritten; nothing spills to a temporary file; the schema can't run functions.
    connection.execute_batch(
        "PRAGMA synchronous = FULL;
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
    fn a_file_that_is_only_read_opens_under_any_name() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("50% of ä home?#&.sqlite");
        open(&path).unwrap().execute("INSERT INTO abandoned VALUES (x'01', x'02')", []).unwrap();
        let names = || std::fs::read_dir(folder.path()).unwrap().count();
        assert_eq!(names(), 1);
        let connection = open_by(&path, Way::ReadOnly).unwrap();
        let sql = "SELECT count(*) FROM abandoned";
        assert_eq!(connection.query_row(sql, [], |row| row.get::<_, u32>(0)).unwrap(), 1);
        let written = connection.execute("DELETE FROM abandoned", []).unwrap_err();
        assert_eq!(Error::from(written), Error::Io(ErrorKind::PermissionDenied));
        assert_eq!(names(), 1, "nothing lies beside it");
    }

    #[test]
    fn one_who_is_alone_needs_no_index_and_keeps_the_others_out() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("home.sqlite");
        drop(open(&path).unwrap());
        let alone = open_by(&path, Way::Alone).unwrap();
        alone.execute("INSERT INTO abandoned VALUES (x'01', x'02')", []).unwrap();
        assert!(!folder.path().join("home.sqlite-shm").exists());
        let other = open_file(&path, Way::Shared).unwrap();
        let busy = found_version(&other).unwrap_err();
        assert_eq!(busy, Error::from(Refusal::Busy));
        drop(alone);
        let sql = "SELECT count(*) FROM abandoned";
        assert_eq!(other.query_row(sql, [], |row| row.get::<_, u32>(0)).unwrap(), 1);
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
