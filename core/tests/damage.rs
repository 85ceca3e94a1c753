//! Damage and hostile change: an error or the right answer, never a wrong one, never a panic, and
//! what is whole goes on working.

#![allow(clippy::unwrap_used, reason = "a test that can't set up its world has failed")]

mod common;

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::thread;

use common::{
    Faults, Phone, Wrong, attach, begin, field, form, pack, set, tells_of, titles, try_set,
};
use homeward_core::forms::{Answer, FieldId};
use homeward_core::vault::VaultState;
use homeward_core::{Error, Homeward, Original, ReportId, Scope, SendWhen, Source};
use rusqlite::Connection;

/// A home with two reports, one of them sent, at rest.
struct AtRest {
    phone: Phone,
    reports: [(ReportId, &'static str); 2],
    answers: BTreeMap<ReportId, BTreeMap<FieldId, Answer>>,
}

/// What a look at a home saw.
struct Seen {
    opened: usize,
    listed: Vec<ReportId>,
    tells_states: bool,
}

impl AtRest {
    fn new() -> Self {
        let phone = Phone::new();
        let core = phone.open();
        core.pair(&pack().0).unwrap();
        let (ada, ben) = (begin(&core, "Ada"), begin(&core, "Ben"));
        set(&core, ben, "clothing", "a yellow coat");
        attach(&core, ada);
        core.send(ada, Scope::All, SendWhen::Now).unwrap();
        let answers = [ada, ben].map(|id| (id, core.report(id).unwrap().answers)).into();
        Self { phone, reports: [(ada, "Ada"), (ben, "Ben")], answers }
    }

    /// Opens the home in a copy whose database `change` has changed.
    fn changed(&self, change: impl FnOnce(&mut Connection)) -> (Phone, Homeward) {
        let copy = self.phone.twin();
        change(&mut Connection::open(copy.database()).unwrap());
        let core = copy.open();
        (copy, core)
    }

    /// Whatever opens is right. Gives how many reports opened.
    fn nothing_is_wrong(&self, core: &Homeward) -> usize {
        self.look(core).opened
    }

    /// The same, and what else was seen.
    fn look(&self, core: &Homeward) -> Seen {
        let mut opened = 0;
        for (id, child) in self.reports {
            if let Ok(report) = core.report(id) {
                assert_eq!(report.answers, self.answers[&id], "{child}'s answers");
                opened += 1;
            }
        }
        let mut listed = Vec::new();
        for summary in core.reports().into_iter().flatten() {
            let known = self.reports.iter().find(|(id, _)| *id == summary.id);
            if let (Some(head), Some((_, child))) = (summary.head, known) {
                assert_eq!(head.title.as_deref(), Some(*child));
            }
            listed.push(summary.id);
        }
        let _ = core.plan(homeward_core::queue::Conditions::default());
        Seen { opened, listed, tells_states: core.statuses().is_ok() }
    }

    /// Flips bytes of the database file, one at a time, on each of the machine's cores.
    fn flip_pages(&self, step: usize) {
        let whole = fs::read(self.phone.database()).unwrap();
        let threads = thread::available_parallelism().map_or(1, usize::from);
        let flips = whole.len().div_ceil(step);
        let opened: usize = thread::scope(|scope| {
            let flip = |first| {
                let (whole, mine) = (&whole, (first * step..whole.len()).step_by(threads * step));
                scope.spawn(move || {
                    mine.map(|at| self.flip_page(whole, at, at / step)).sum::<usize>()
                })
            };
            let spawned: Vec<_> = (0..threads).map(flip).collect();
            spawned.into_iter().map(|thread| thread.join().unwrap()).sum()
        });
        assert!(opened > flips / 2, "{opened} reports opened after {flips} flips");
    }

    /// Flips a bit of one byte. Gives how many reports opened.
    fn flip_page(&self, whole: &[u8], at: usize, bit: usize) -> usize {
        let copy = self.phone.twin();
        let mut flipped = whole.to_owned();
        flipped[at] ^= 1 << (bit % 8);
        fs::write(copy.database(), flipped).unwrap();
        let core = copy.try_open().unwrap_or_else(|error| panic!("byte {at}: {error}"));
        let opened = self.nothing_is_wrong(&core);
        // And nobody is locked out of reporting: where an answer meets damage, the next report does
        // not.
        let create = || core.create(&form("missing_child"), None);
        let mut id = create().unwrap_or_else(|error| panic!("byte {at}: {error}"));
        if try_set(&core, id, "child_name", "Cem") == Err(Error::Damaged) {
            id = create().unwrap_or_else(|error| panic!("byte {at}, again: {error}"));
            set(&core, id, "child_name", "Cem");
        }
        assert!(tells_of(&core, id, "Cem"), "byte {at}");
        assert_eq!(copy.names_in("blobs").len(), 1, "byte {at} costs a photo");
        assert!(copy.names_in("spool").len() > 2, "byte {at} costs a sealed part");
        opened
    }

    /// Flips every byte of each sealed value, one at a time; each column under a home of its own.
    fn flip_columns(&self) {
        let columns = ["report.key", "report.head", "draft.body", "part.sealed", "receipt.sealed"];
        thread::scope(|scope| {
            for (table, column) in columns.iter().filter_map(|name| name.split_once('.')) {
                scope.spawn(move || self.flip_column(table, column));
            }
        });
    }

    /// The home is open: it reads each row again. At some flips a new report is sealed too.
    fn flip_column(&self, table: &str, column: &str) {
        let copy = self.phone.twin();
        let core = copy.open_ready();
        let raw = Connection::open(copy.database()).unwrap();
        // Who flips bytes does not wait for the disk.
        raw.pragma_update(None, "synchronous", "OFF").unwrap();
        let sql = format!("SELECT rowid, {column} FROM {table} ORDER BY rowid LIMIT 1");
        let (row, sealed): (i64, Vec<u8>) =
            raw.query_row(&sql, [], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
        let sql = format!("UPDATE {table} SET {column} = ?1 WHERE rowid = ?2");
        let write = |value: &[u8]| assert_eq!(raw.execute(&sql, (value, row)).unwrap(), 1);
        for at in 0..sealed.len() {
            let mut flipped = sealed.clone();
            flipped[at] ^= 1 << (at % 8);
            write(&flipped);
            let hit = usize::from(table == "report" || table == "draft");
            let seen = self.look(&core);
            assert_eq!(seen.opened, 2 - hit, "{table}.{column} at {at}");
            let listed = |(id, _): &(ReportId, _)| seen.listed.contains(id);
            assert!(self.reports.iter().all(listed), "{table}.{column} at {at}");
            assert!(seen.tells_states, "{table}.{column} at {at}");
            if at % 256 == 0 {
                core.send(begin(&core, "Cem"), Scope::All, SendWhen::Now).unwrap();
            }
        }
        write(&sealed);
        assert_eq!(self.nothing_is_wrong(&core), 2, "{table}.{column} as it was");
    }

    /// Flips every byte of the wrapped keys and of their proofs, one at a time: they are read when
    /// a home opens.
    fn flip_keys(&self) {
        for (slot, column) in
            [("vault", "wrapped"), ("vault", "proof"), ("outbox", "wrapped"), ("outbox", "proof")]
        {
            let (read, write) = (
                format!("SELECT {column} FROM keyring WHERE slot = '{slot}'"),
                format!("UPDATE keyring SET {column} = ?1 WHERE slot = '{slot}'"),
            );
            let at_rest = Connection::open(self.phone.database()).unwrap();
            let value: Vec<u8> = at_rest.query_row(&read, [], |row| row.get(0)).unwrap();
            drop(at_rest);
            for at in 0..value.len() {
                let mut flipped = value.clone();
                flipped[at] ^= 1 << (at % 8);
                let (_copy, core) = self.changed(|raw| {
                    assert_eq!(raw.execute(&write, [flipped]).unwrap(), 1);
                });
                // A key of the outbox that the device has lost is replaced, and the vault is open.
                let open = core.state() == VaultState::Ready;
                assert!(!open || slot == "outbox", "{slot}.{column} at {at}");
                let opened = if open { 2 } else { 0 };
                assert_eq!(self.nothing_is_wrong(&core), opened, "{slot}.{column} at {at}");
                assert!(tells_of(&core, begin(&core, "Cem"), "Cem"), "{slot}.{column} at {at}");
            }
        }
    }

    /// Flips every byte of the intake's sealed identity, one at a time, under a home that is open.
    fn flip_intake(&self) {
        let copy = self.phone.twin();
        let core = copy.open_ready();
        let [(ada, _), _] = self.reports;
        let capture = core.capture(&mut common::photo().as_slice()).unwrap();
        let take = |core: &Homeward, capture| {
            core.attach(ada, &field("photo"), Source::Capture(capture), Original::Drop)
        };
        let raw = Connection::open(copy.database()).unwrap();
        raw.pragma_update(None, "synchronous", "OFF").unwrap();
        let sealed: Vec<u8> =
            raw.query_row("SELECT identity FROM intake", [], |row| row.get(0)).unwrap();
        let write = |value: &[u8]| {
            assert_eq!(raw.execute("UPDATE intake SET identity = ?1", [value]).unwrap(), 1);
        };
        for at in 0..sealed.len() {
            let mut flipped = sealed.clone();
            flipped[at] ^= 1 << (at % 8);
            write(&flipped);
            assert_eq!(take(&core, capture).unwrap_err(), Error::Damaged, "byte {at}");
            assert_eq!(core.captures().unwrap(), [capture], "byte {at} costs a capture");
            assert_eq!(self.nothing_is_wrong(&core), 2, "byte {at}");
        }
        // Left so, what came before does not open and is kept, and what comes next opens.
        drop(core);
        let core = copy.open_ready();
        let next = core.capture(&mut common::photo().as_slice()).unwrap();
        assert_eq!(take(&core, capture).unwrap_err(), Error::Damaged);
        take(&core, next).unwrap();
        assert_eq!(core.captures().unwrap(), [capture]);
        write(&sealed);
        take(&core, capture).unwrap();
        assert_eq!(core.captures().unwrap(), []);
    }

    /// The file of the only photo.
    fn blob(&self, phone: &Phone) -> PathBuf {
        phone.home().join("blobs").join(&self.phone.names_in("blobs")[0])
    }
}

/// `cargo xtask soak flips` flips every byte of the pages; CI has the time for every 16th.
fn pages_step() -> usize {
    std::env::var("FLIP_EVERY").map_or(16, |step| step.parse().unwrap())
}

#[test]
fn bytes_of_the_pages_flipped_give_an_error_or_the_right_answer_and_lock_nobody_out() {
    AtRest::new().flip_pages(pages_step());
}

#[test]
fn every_byte_of_a_sealed_value_flipped_costs_one_report_at_most() {
    AtRest::new().flip_columns();
}

#[test]
fn every_byte_of_the_intakes_identity_flipped_costs_no_capture_and_the_next_one_opens() {
    AtRest::new().flip_intake();
}

#[test]
fn every_byte_of_a_wrapped_key_flipped_gives_no_wrong_answer_and_locks_nobody_out() {
    AtRest::new().flip_keys();
}

/// The byte in a database's head that says which SQLite may write it.
const WRITE_VERSION: usize = 18;

#[test]
fn a_file_that_can_be_read_and_not_written_keeps_nobody_from_reporting() {
    let at_rest = AtRest::new();
    let copy = at_rest.phone.twin();
    let mut file = fs::read(copy.database()).unwrap();
    file[WRITE_VERSION] ^= 4;
    fs::write(copy.database(), file).unwrap();
    for _ in 0..2 {
        let core = copy.open_ready();
        assert_eq!(at_rest.nothing_is_wrong(&core), 2, "what is there is read");
        assert!(tells_of(&core, begin(&core, "Cem"), "Cem"));
    }
    assert_eq!(copy.open().reports().unwrap().len(), 4);
}

#[test]
fn where_an_answer_meets_damage_the_next_report_does_not() {
    let at_rest = AtRest::new();
    // Stands for a damaged page: rows are added, and none is changed.
    let (copy, core) = at_rest.changed(|raw| {
        let trigger = "CREATE TRIGGER damage BEFORE UPDATE ON draft BEGIN
                       SELECT RAISE(ABORT, 'damage'); END";
        raw.execute_batch(trigger).unwrap();
    });
    let id = core.create(&form("missing_child"), None).unwrap();
    assert_eq!(try_set(&core, id, "child_name", "Cem"), Err(Error::Damaged));
    let next = begin(&core, "Cem");
    assert!(tells_of(&core, next, "Cem"));
    drop(core);
    let core = copy.open_ready();
    assert!(tells_of(&core, next, "Cem"));
    assert_eq!(at_rest.nothing_is_wrong(&core), 2);
}

#[test]
fn every_byte_of_a_photo_flipped_is_seen_and_words_still_leave() {
    let at_rest = AtRest::new();
    let phone = &at_rest.phone;
    let core = phone.open();
    let id = begin(&core, "Cem");
    let medium = attach(&core, id);
    let path = phone.home().join("blobs").join(medium.id.to_string());
    let whole = fs::read(&path).unwrap();
    let spool = phone.names_in("spool");
    for at in 0..whole.len() {
        let mut flipped = whole.clone();
        flipped[at] ^= 1 << (at % 8);
        fs::write(&path, flipped).unwrap();
        let sent = core.send(id, Scope::All, SendWhen::Now);
        assert_eq!(sent.unwrap_err(), Error::Damaged, "byte {at}");
        assert_eq!(phone.names_in("spool"), spool, "nothing half sealed stays");
    }
    for cut in [0, 3, 4, 20, whole.len() - 1] {
        fs::write(&path, &whole[..cut]).unwrap();
        assert_eq!(core.send(id, Scope::All, SendWhen::Now).unwrap_err(), Error::Damaged);
    }
    core.send(id, Scope::FirstMinute, SendWhen::Now).unwrap();
    fs::write(&path, whole).unwrap();
    core.send(id, Scope::All, SendWhen::Now).unwrap();
}

#[test]
fn a_damaged_report_is_listed_as_damaged_and_kept_while_the_others_go_on() {
    let at_rest = AtRest::new();
    let [(ada, _), (ben, _)] = at_rest.reports;
    for sql in [
        "UPDATE report SET head = x'01' WHERE id = ?1",
        "DELETE FROM report WHERE id = ?1",
        "UPDATE draft SET version = version + 1 WHERE id = ?1",
        "DELETE FROM draft WHERE id = ?1",
    ] {
        let (copy, core) = at_rest.changed(|raw| {
            assert_eq!(raw.execute(sql, [ada.as_bytes()]).unwrap(), 1);
        });
        let list = core.reports().unwrap();
        let damaged: Vec<_> = list.iter().filter(|one| one.head.is_none()).collect();
        assert_eq!((list.len(), damaged.len()), (2, 1), "{sql}");
        assert_eq!(damaged[0].id, ada);
        assert_eq!(core.report(ada).unwrap_err(), Error::Damaged, "{sql}");
        assert_eq!(core.set(ada, &field("clothing"), None).unwrap_err(), Error::Damaged);
        assert!(at_rest.blob(&copy).exists(), "nothing is deleted");
        set(&core, ben, "clothing", "a red coat");
        drop(core);
        let core = copy.open_ready();
        assert!(at_rest.blob(&copy).exists(), "nothing is deleted at a start either");
        // The person may remove it.
        core.delete(ada).unwrap();
        assert_eq!(titles(&core), [Some("Ben".into())]);
    }
}

#[test]
fn an_old_row_put_back_does_not_open() {
    let at_rest = AtRest::new();
    let (_, ben) = (at_rest.reports[0], at_rest.reports[1].0);
    for (table, columns) in [("report", "id, version, key, head"), ("draft", "id, version, body")] {
        let copy = at_rest.phone.twin();
        let raw = Connection::open(copy.database()).unwrap();
        raw.execute_batch(&format!("CREATE TABLE old AS SELECT {columns} FROM {table}")).unwrap();
        drop(raw);
        let core = copy.open_ready();
        set(&core, ben, "clothing", "a red coat");
        set(&core, ben, "child_name", "Berta");
        drop(core);
        let raw = Connection::open(copy.database()).unwrap();
        let sql =
            format!("INSERT OR REPLACE INTO {table} ({columns}) SELECT * FROM old WHERE id = ?1");
        assert_eq!(raw.execute(&sql, [ben.as_bytes()]).unwrap(), 1);
        drop(raw);
        let core = copy.open_ready();
        assert_eq!(core.report(ben).unwrap_err(), Error::Damaged, "{table}");
        let list = core.reports().unwrap();
        assert!(list.iter().any(|one| one.id == ben && one.head.is_none()), "{table}");
        assert!(tells_of(&core, at_rest.reports[0].0, "Ada"));
    }
}

#[test]
fn a_row_copied_from_another_report_does_not_open() {
    let at_rest = AtRest::new();
    let [(ada, _), (ben, _)] = at_rest.reports;
    let (_copy, core) = at_rest.changed(|raw| {
        let sql = "UPDATE draft SET (version, body) =
                   (SELECT version, body FROM draft WHERE id = ?1) WHERE id = ?2";
        assert_eq!(raw.execute(sql, (ada.as_bytes(), ben.as_bytes())).unwrap(), 1);
    });
    assert_eq!(core.report(ben).unwrap_err(), Error::Damaged);
}

#[test]
fn a_device_that_gives_a_wrong_key_spoils_nothing() {
    for wrong in [Wrong::OtherKey, Wrong::Garbage, Wrong::Empty] {
        let at_rest = AtRest::new();
        let phone = &at_rest.phone;
        phone.device.fail(Faults { wrong: Some(wrong), ..Faults::default() });
        let core = phone.open();
        assert_eq!(core.state(), VaultState::Damaged, "{wrong:?}");
        assert_eq!(at_rest.nothing_is_wrong(&core), 0);
        let new = begin(&core, "Cem");
        drop(core);
        phone.device.fail(Faults::default());
        let core = phone.open_ready();
        assert_eq!(at_rest.nothing_is_wrong(&core), 2);
        assert!(tells_of(&core, new, "Cem"));

        phone.device.fail(Faults { wrong_outbox: Some(wrong), ..Faults::default() });
        let parts = core.statuses().unwrap();
        drop(core);
        assert_eq!(phone.open().state(), VaultState::Damaged);
        phone.device.fail(Faults::default());
        let core = phone.open_ready();
        assert_eq!((at_rest.nothing_is_wrong(&core), core.statuses().unwrap()), (2, parts));
    }
}

#[test]
fn a_clock_set_back_loses_and_refuses_nothing() {
    let at_rest = AtRest::new();
    at_rest.phone.clock.set_ms(-1_000_000);
    let core = at_rest.phone.open_ready();
    assert_eq!(at_rest.nothing_is_wrong(&core), 2);
    let id = begin(&core, "Cem");
    set(&core, id, "last_seen_time", "ten minutes ago");
    attach(&core, id);
    core.send(id, Scope::All, SendWhen::Now).unwrap();
    core.delete(at_rest.reports[0].0).unwrap();
    assert_eq!(titles(&core).len(), 2);
}

#[test]
fn an_old_file_beside_the_rows_is_swept_only_if_nothing_refers_to_it() {
    let at_rest = AtRest::new();
    let stray = at_rest.phone.home().join("blobs").join("00".repeat(16));
    fs::write(&stray, b"left by a kill").unwrap();
    let copy = at_rest.phone.twin();
    drop(at_rest.phone.open_ready());
    assert!(!stray.exists());
    // The photo's row names another file now, so no row names the photo.
    let raw = Connection::open(copy.database()).unwrap();
    raw.execute("UPDATE medium SET id = zeroblob(16)", []).unwrap();
    raw.execute("UPDATE part SET id = randomblob(16)", []).unwrap();
    drop(raw);
    let spool = copy.names_in("spool");
    drop(copy.open_ready());
    assert!(at_rest.blob(&copy).exists());
    assert_eq!(copy.names_in("spool"), spool);
}
