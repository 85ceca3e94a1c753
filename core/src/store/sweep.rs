//! Removing files that a kill left without a row: nothing refers to them, so nothing is lost.
//!
//! Rows that name files are partly in clear, and a flipped bit in one must not cost a photo. So a
//! file without a row goes only if everything that could refer to it opens and does not.

use std::collections::BTreeSet;
use std::path::Path;

use rusqlite::Connection;

use super::{Database, Shelves, emergency};
use crate::drafts;
use crate::error::Result;
use crate::home::{self, Home};
use crate::ids::CaptureId;
use crate::ids::{MediumId, PartId};
use crate::queue;

/// Sweeps the folders of blobs and sealed parts.
pub(super) fn sweep(home: &Home, shelves: &mut Shelves) -> Result<()> {
    // Somebody is making files in another process: the next start sweeps.
    let Some(_held) = home.lock_files()? else { return Ok(()) };
    // What an emergency beside the vault refers to is not looked at here.
    if emergency::is_any(home) {
        return Ok(());
    }
    let Some(main) = shelves.main.as_mut() else { return Ok(()) };
    if let Some(media) = orphans(main, &home.blobs(), "medium", |name| {
        name.parse::<MediumId>().ok().map(|id| id.as_bytes().to_vec())
    })? {
        let Some((snapshot, keys)) = main.snapshot()? else { return Ok(()) };
        if let Some(kept) = drafts::all_media(&snapshot, keys)? {
            home::sweep(&home.blobs(), |name| {
                !media.contains(name) || name.parse().is_ok_and(|id| kept.contains(&id))
            })?;
        }
    }
    if let Some(parts) = orphans(main, &home.spool(), "part", |name| {
        name.parse::<PartId>().ok().map(|id| id.as_bytes().to_vec())
    })? {
        let Some((snapshot, keys)) = main.snapshot()? else { return Ok(()) };
        if queue::all_open(&snapshot, &keys.queue())? {
            home::sweep(&home.spool(), |name| !parts.contains(name))?;
        }
    }
    Ok(())
}

/// Removes what a kill left half done in the intake. No row names what lies there, so this needs no
/// open vault.
pub(super) fn sweep_intake(home: &Home) -> Result<()> {
    let Some(_held) = home.lock_files()? else { return Ok(()) };
    home::sweep(&home.intake(), |name| name.parse::<CaptureId>().is_ok())
}

/// The files in a folder that no row of `table` names; none if each has one.
fn orphans(
    main: &Database,
    folder: &Path,
    table: &str,
    id: impl Fn(&str) -> Option<Vec<u8>>,
) -> Result<Option<BTreeSet<String>>> {
    let connection = main.connection()?;
    let names = home::names(folder)?.into_iter();
    let orphans = names.filter(|name| !id(name).is_some_and(|id| has(connection, table, &id)));
    let orphans: BTreeSet<String> = orphans.collect();
    Ok((!orphans.is_empty() && is_sound(connection)).then_some(orphans))
}

/// Whether SQLite finds its own pages whole: a flipped bit in one can hide rows. It reads the whole
/// file, so it is asked only when something would be removed, which is after a kill.
fn is_sound(connection: &Connection) -> bool {
    let check = "PRAGMA integrity_check(1)";
    connection.query_row(check, [], |row| row.get::<_, String>(0)).is_ok_and(|said| said == "ok")
}

fn has(connection: &Connection, table: &str, id: &[u8]) -> bool {
    let sql = format!("SELECT count(*) FROM {table} WHERE id = ?1");
    // When in doubt the file stays.
    connection.query_row(&sql, [id], |row| row.get::<_, u32>(0)).map_or(true, |rows| rows > 0)
}
