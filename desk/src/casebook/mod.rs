//! The casebook: what the desk knows of each report, in `HOME/private/casebook.sqlite`.
//!
//! A report is one row, and one for each of its parts, sealed under a key of its own that the
//! casebook key wraps: deleting a report deletes its key. Who copies the file without
//! `private/casebook.key` learns how many reports and parts there are, and their ids. Nothing is
//! searched on disk; whoever searches opens all rows. A part that comes is one more row, and no
//! other part is touched.

mod case;

use std::collections::HashSet;
use std::path::Path;
use std::time::Duration;

use homeward_core::crypto::SigningKey;
use homeward_core::forms::FormBook;
use homeward_core::vault::cell::{Cell, CellKey};
use homeward_core::{Digest, ReportId};
use rusqlite::{Connection, OptionalExtension, Transaction, TransactionBehavior, params};
use zeroize::Zeroizing;

use crate::brand;
use crate::error::{Error, Result};
use crate::home::{Home, make_file, names};
use crate::keys::{SeedUse, read_seed};

use case::PartBody;
pub use case::{Asked, Body, Case, CaseState, Fork, HeldPart, PartState, Relation};

/// Every migration, oldest first. Released ones are never edited.
const MIGRATIONS: &[&str] = &[
    include_str!("0001_casebook.sql"),
    include_str!("0002_refusal.sql"),
    include_str!("0003_part.sql"),
];

/// Notes an upload as one that needs no opening.
const KNOWN: &str = "INSERT OR IGNORE INTO upload (id, report) VALUES (?1, ?2)";

/// How long a command waits for another one that writes.
const BUSY: Duration = Duration::from_secs(10);

/// The open casebook.
pub struct Casebook {
    connection: Connection,
    key: CellKey,
    forms: FormBook,
}

/// The sealed row of a part.
struct PartRow {
    upload: String,
    number: u32,
    body: Vec<u8>,
}

/// The sealed row of a report.
struct Row {
    version: u64,
    key: Vec<u8>,
    body: Vec<u8>,
}

impl Casebook {
    /// Opens the desk's casebook, making an empty one if there is none.
    pub fn open(home: &Home) -> Result<Self> {
        let key = CellKey::new(&*read_seed(&home.private(names::CASEBOOK_KEY), SeedUse::Casebook)?);
        let connection = connect(&home.private(names::CASEBOOK))?;
        Ok(Self { connection, key, forms: brand::book(home) })
    }

    /// The uploads that need no opening any more.
    pub fn known_uploads(&self) -> Result<HashSet<String>> {
        let mut statement = self.connection.prepare("SELECT id FROM upload")?;
        let ids = statement.query_map([], |row| row.get(0))?;
        Ok(ids.collect::<rusqlite::Result<_>>()?)
    }

    /// Whether the log tells already that `upload` (the hash of its name) is not taken for
    /// `reason`.
    pub fn knows_refusal(&self, upload: Digest, reason: &str) -> Result<bool> {
        let select = "SELECT 1 FROM refusal WHERE upload = ?1 AND reason = ?2";
        let found =
            self.connection.query_row(select, params![upload.to_string(), reason], |_| Ok(()));
        Ok(found.optional()?.is_some())
    }

    /// Notes that the log tells it.
    pub fn put_refusal(&self, upload: Digest, reason: &str) -> Result<()> {
        let insert = "INSERT OR IGNORE INTO refusal (upload, reason) VALUES (?1, ?2)";
        self.connection.execute(insert, params![upload.to_string(), reason])?;
        Ok(())
    }

    /// The ids of all reports.
    pub fn reports(&self) -> Result<Vec<String>> {
        let mut statement = self.connection.prepare("SELECT id FROM report ORDER BY id")?;
        let ids = statement.query_map([], |row| row.get(0))?;
        Ok(ids.collect::<rusqlite::Result<_>>()?)
    }

    /// Calls `each` with every report, one at a time: together they may be more than the memory
    /// holds. Gives back the ids of those whose row does not read; such a row hides no other.
    pub fn each(&self, mut each: impl FnMut(Case)) -> Result<Vec<String>> {
        let mut unreadable = Vec::new();
        for id in self.reports()? {
            match self.find(&id)? {
                Some(Ok(case)) => each(case),
                Some(Err(_)) => unreadable.push(id),
                None => {} // gone meanwhile
            }
        }
        Ok(unreadable)
    }

    /// What is stored under `id`. The inner error is of this row alone.
    pub fn find(&self, id: &str) -> Result<Option<Result<Case>>> {
        // One view of all rows, whatever another command writes meanwhile.
        let view = self.connection.unchecked_transaction()?;
        let Some(row) = find(&view, id)? else { return Ok(None) };
        let parts = parts_of(&view, id)?;
        Ok(Some(self.open_case(id, &row, &parts)))
    }

    /// One report.
    pub fn case(&self, report: ReportId) -> Result<Option<Case>> {
        self.find(&report.to_string())?.transpose()
    }

    /// Notes that `upload`, a twin of what `report` has, needs no opening any more.
    pub fn put_twin(&self, report: ReportId, upload: &str) -> Result<()> {
        self.connection.execute(KNOWN, params![upload, report.to_string()])?;
        Ok(())
    }

    /// Writes a case and the part that is new to it, whose upload needs no opening any more.
    pub fn put(&mut self, case: &Body) -> Result<()> {
        let id = case.report.to_string();
        let transaction = write(&mut self.connection)?;
        let found = find(&transaction, &id)?;
        let version = found.as_ref().map_or(1, |row| row.version + 1);
        let key = match &found {
            Some(row) => open_key(&self.key, &id, row)?,
            None => SigningKey::make_seed(),
        };
        let key_of_report = CellKey::new(&key);
        let body = key_of_report.seal(body_cell(&id, version), &case.json);
        let wrapped = self.key.seal(key_cell(&id, version), key.as_ref());
        let (body, wrapped) = (body.map_err(unreadable)?, wrapped.map_err(unreadable)?);
        transaction.execute(
            "INSERT INTO report (id, version, key, body) VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT (id) DO UPDATE SET version = ?2, key = ?3, body = ?4",
            params![id, version as i64, wrapped, body],
        )?;
        if let Some(PartBody { upload, number, json }) = &case.part {
            let body = key_of_report.seal(part_cell(upload, *number), json).map_err(unreadable)?;
            transaction.execute(
                "INSERT INTO part (upload, report, number, body) VALUES (?1, ?2, ?3, ?4)",
                params![upload, id, number, body],
            )?;
            transaction.execute(KNOWN, params![upload, id])?;
        }
        Ok(transaction.commit()?)
    }

    fn open_case(&self, id: &str, row: &Row, parts: &[PartRow]) -> Result<Case> {
        let damaged = |_| Error::Damaged("casebook");
        let key = CellKey::new(&*open_key(&self.key, id, row)?);
        let json = key.open(body_cell(id, row.version), &row.body).map_err(unreadable)?;
        let mut case: Case = serde_json::from_slice(&json).map_err(damaged)?;
        if !case.is_known() {
            return Err(Error::FromNewerDesk);
        }
        case.forms = self.forms.clone();
        for part in parts {
            let json = key.open(part_cell(&part.upload, part.number), &part.body);
            let json = json.map_err(unreadable)?;
            case.parts.push(serde_json::from_slice(&json).map_err(damaged)?);
        }
        // Each cell is of its number, so the right ones are there if none is missing.
        let numbers = parts.iter().map(|part| part.number);
        if numbers.eq(1..=case.rows) { Ok(case) } else { Err(Error::Damaged("casebook")) }
    }
}

fn open_key(casebook: &CellKey, id: &str, row: &Row) -> Result<Zeroizing<[u8; 32]>> {
    let key = casebook.open(key_cell(id, row.version), &row.key).map_err(unreadable)?;
    let key = key.as_slice().try_into().map_err(|_| Error::Damaged("casebook"))?;
    Ok(Zeroizing::new(key))
}

fn key_cell(id: &str, version: u64) -> Cell<'_> {
    Cell { table: "desk report", id: id.as_bytes(), column: "key", version }
}

fn body_cell(id: &str, version: u64) -> Cell<'_> {
    Cell { column: "body", ..key_cell(id, version) }
}

fn part_cell(upload: &str, number: u32) -> Cell<'_> {
    let (id, version) = (upload.as_bytes(), number.into());
    Cell { table: "desk part", id, column: "body", version }
}

fn unreadable(_: homeward_core::Error) -> Error {
    Error::Damaged("casebook")
}

fn find(connection: &Connection, id: &str) -> Result<Option<Row>> {
    let select = "SELECT id, version, key, body FROM report WHERE id = ?1";
    Ok(connection.query_row(select, [id], read_row).optional()?)
}

fn parts_of(connection: &Connection, report: &str) -> Result<Vec<PartRow>> {
    let select = "SELECT upload, number, body FROM part WHERE report = ?1 ORDER BY number";
    let mut statement = connection.prepare(select)?;
    let rows = statement.query_map([report], |row| {
        Ok(PartRow { upload: row.get(0)?, number: row.get(1)?, body: row.get(2)? })
    })?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

fn read_row(row: &rusqlite::Row<'_>) -> rusqlite::Result<Row> {
    let version: i64 = row.get(1)?;
    Ok(Row { version: version.cast_unsigned(), key: row.get(2)?, body: row.get(3)? })
}

fn connect(path: &Path) -> Result<Connection> {
    // Made by us, so that nobody else ever reads it; SQLite gives its side files the same mode.
    match make_file(path, b"") {
        Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => {
            return Err(Error::Io { doing: "make the casebook", source: error });
        }
        _ => {}
    }
    let mut connection = Connection::open(path)?;
    connection.busy_timeout(BUSY)?;
    connection.execute_batch(
        "PRAGMA journal_mode = WAL;
         PRAGMA synchronous = FULL;
         PRAGMA secure_delete = ON;
         PRAGMA temp_store = MEMORY;
         PRAGMA trusted_schema = OFF;
         PRAGMA foreign_keys = ON;",
    )?;
    let transaction = write(&mut connection)?;
    let found: i64 = transaction.pragma_query_value(None, "user_version", |row| row.get(0))?;
    let missing = usize::try_from(found).ok().and_then(|found| MIGRATIONS.get(found..));
    for sql in missing.ok_or(Error::FromNewerDesk)? {
        transaction.execute_batch(sql)?;
    }
    transaction.pragma_update(None, "user_version", MIGRATIONS.len() as i64)?;
    transaction.commit()?;
    Ok(connection)
}

fn write(connection: &mut Connection) -> Result<Transaction<'_>> {
    Ok(connection.transaction_with_behavior(TransactionBehavior::Immediate)?)
}
