//! The vault at work: drafts listed, an answer saved, a photo attached, a film stored; and what the
//! disk alone takes.

use std::fs::{File, OpenOptions};
use std::io::{Seek, SeekFrom, Write};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use homeward_core::forms::{FieldId, FormId};
use homeward_core::net::Pacing;
use homeward_core::vault::blob::{self, BlobKey};
use homeward_core::vault::cell::{Cell, CellKey};
use homeward_core::vault::{DeviceKey, DeviceKeyError, KeySlot};
use homeward_core::{Homeward, Options, Original, ReportId, Source, SystemClock};
use serde_json::{Value, json};

/// Makes a home with so many drafts, each with some answers.
pub(crate) fn make_drafts(count: u32, home: &Path) -> Value {
    let core = open(home);
    for number in 0..count {
        let id = core.create(&form(), None).unwrap();
        set(&core, id, "child_name", &format!("Mia Beispiel {number}"));
        set(&core, id, "clothing", "a yellow coat");
    }
    json!({ "drafts": count })
}

/// Opens the home and lists its drafts: what a person waits for who starts the app.
pub(crate) fn list_drafts(count: usize, home: &Path) -> Value {
    let start = Instant::now();
    let core = open(home);
    let drafts = core.reports().unwrap();
    let ms = start.elapsed().as_secs_f64() * 1000.0;
    assert!(drafts.len() == count && drafts.iter().all(|draft| draft.head.is_some()));
    json!({ "ms": ms })
}

/// Attaches a photo again and again: read, cleaned, sealed, and on the disk.
pub(crate) fn attach(photo: &Path, home: &Path) -> Value {
    let core = open(home);
    let id = core.create(&form(), None).unwrap();
    let field = FieldId::new("photo").unwrap();
    crate::quickest(15, || {
        core.attach(id, &field, Source::Path(photo.to_owned()), Original::Drop).unwrap();
    })
}

/// Saves one answer after another, as typing does.
pub(crate) fn save_answers(count: u32, home: &Path) -> Value {
    let core = open(home);
    let id = core.create(&form(), None).unwrap();
    for (field, words) in [("child_name", "Mia Beispiel"), ("habits", "climbs")] {
        set(&core, id, field, words);
    }
    steps(count, |number| set(&core, id, "clothing", &format!("a yellow coat {number}")))
}

/// Writes a page and waits until it is on the disk.
pub(crate) fn sync_pages(count: u32, file: &Path) -> Value {
    let mut file = OpenOptions::new().create(true).truncate(true).write(true).open(file).unwrap();
    steps(count, |number| {
        file.seek(SeekFrom::Start(u64::from(number % 64) * 4096)).unwrap();
        file.write_all(&[7; 4096]).unwrap();
        file.sync_data().unwrap();
    })
}

/// Stores a file as a blob, on the disk when it is done.
pub(crate) fn store_blob(file: &Path, to: &Path) -> Value {
    let mut plain = File::open(file).unwrap();
    let idle_bytes = crate::peak::held();
    let start = Instant::now();
    blob::store(to, &BlobKey::new(&[7; 32]), &mut plain).unwrap();
    let ms = start.elapsed().as_secs_f64() * 1000.0;
    json!({ "ms": ms, "idle_bytes": idle_bytes })
}

/// The median and the 99th of a hundred steps.
fn steps(count: u32, mut step: impl FnMut(u32)) -> Value {
    let mut times: Vec<Duration> = (0..count)
        .map(|number| {
            let start = Instant::now();
            step(number);
            start.elapsed()
        })
        .collect();
    times.sort_unstable();
    let at = |percent: usize| times[times.len() * percent / 100].as_secs_f64() * 1000.0;
    json!({ "ms": at(50), "p99_ms": at(99) })
}

fn open(home: &Path) -> Homeward {
    let core = Homeward::open(Options {
        home: home.to_owned(),
        device_key: Arc::new(OneKey),
        clock: Arc::new(SystemClock),
        pacing: Pacing::default(),
    });
    core.unwrap()
}

fn form() -> FormId {
    FormId::new("missing_child").unwrap()
}

fn set(core: &Homeward, id: ReportId, field: &str, typed: &str) {
    let field = FieldId::new(field).unwrap();
    let answer = core.understand(&form(), &field, typed).unwrap();
    core.set(id, &field, Some(&answer)).unwrap();
}

/// A device whose key costs nothing: what is measured is ours.
struct OneKey;

const CELL: Cell<'_> = Cell { table: "device", id: b"key", column: "wrapped", version: 1 };

impl DeviceKey for OneKey {
    fn wrap(&self, _: KeySlot, key: &[u8]) -> Result<Vec<u8>, DeviceKeyError> {
        CellKey::new(&[9; 32]).seal(CELL, key).map_err(|_| DeviceKeyError::Failed)
    }

    fn open(&self, _: KeySlot, wrapped: &[u8]) -> Result<Vec<u8>, DeviceKeyError> {
        let key = CellKey::new(&[9; 32]).open(CELL, wrapped).map_err(|_| DeviceKeyError::Gone)?;
        Ok(key.to_vec())
    }

    fn delete(&self, _: KeySlot) -> Result<(), DeviceKeyError> {
        Ok(())
    }

    fn delete_all(&self) -> Result<(), DeviceKeyError> {
        Ok(())
    }
}
