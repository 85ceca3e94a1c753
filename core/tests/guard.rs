//! Lock, erase, wipe, suspend: what is destroyed opens in no copy, what is kept does.

#![allow(clippy::unwrap_used, reason = "a test that can't set up its world has failed")]

mod common;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::mpsc::channel;
use std::time::Duration;

use common::{Faults, Phone, attach, begin, pack, set, tells_of, titles, try_set};
use homeward_core::queue::{Conditions, ReportState};
use homeward_core::vault::{DeviceKeyError, KeySlot, Passphrase, VaultState};
use homeward_core::{Error, Refusal, Scope, SendWhen};
use rusqlite::Connection;

#[test]
fn a_deleted_report_opens_in_no_copy_made_before() {
    let phone = Phone::new();
    let core = phone.open();
    let (kept, gone) = (begin(&core, "Ada"), begin(&core, "Ben"));
    attach(&core, gone);
    let copy = phone.copy();
    core.delete(gone).unwrap();
    assert_eq!(core.report(gone).unwrap_err(), Error::NotFound);
    assert!(phone.names_in("blobs").is_empty());
    drop(core);
    let core = phone.open_ready();
    assert_eq!(titles(&core), [Some("Ada".into())]);
    assert!(tells_of(&core, kept, "Ada"));

    let thief = copy.open();
    assert_eq!(thief.state(), VaultState::KeyLost);
    assert_eq!(thief.report(gone).unwrap_err(), Error::KeyLost);
    assert!(thief.reports().unwrap().is_empty());
}

#[test]
fn a_copy_made_before_a_wipe_opens_no_more() {
    let phone = Phone::new();
    let core = phone.open();
    core.pair(&pack().0).unwrap();
    let id = begin(&core, "Ada");
    attach(&core, id);
    core.send(id, Scope::All, SendWhen::Now).unwrap();
    let copy = phone.copy();
    core.wipe().unwrap();
    assert_eq!(core.state(), VaultState::Ready);
    assert_eq!(core.pairing().unwrap(), None);
    assert!(core.reports().unwrap().is_empty() && core.statuses().unwrap().is_empty());
    assert!(phone.names_in("blobs").is_empty() && phone.names_in("spool").is_empty());
    let after = begin(&core, "Ben");
    drop(core);
    assert!(tells_of(&phone.open_ready(), after, "Ben"));

    let thief = copy.open();
    assert_eq!(thief.state(), VaultState::KeyLost);
    assert_eq!(thief.report(id).unwrap_err(), Error::KeyLost);
}

#[test]
fn a_wipe_also_destroys_the_keys_of_what_was_begun_while_locked() {
    let phone = Phone::new();
    begin(&phone.open(), "Ada");
    phone.device.fail(Faults { vault: Some(DeviceKeyError::Refused), ..Faults::default() });
    let core = phone.open();
    begin(&core, "Ben");
    let copy = phone.copy();
    phone.device.fail(Faults::default());
    core.wipe().unwrap();
    assert_eq!(phone.device.slots().len(), 2, "only the new home's");
    let thief = copy.open();
    assert_eq!(thief.state(), VaultState::KeyLost);
    assert!(thief.reports().unwrap().is_empty());
}

/// Where the device key that wraps the vault's is found.
fn generation(phone: &Phone) -> u32 {
    let raw = Connection::open(phone.database()).unwrap();
    let sql = "SELECT generation FROM keyring WHERE slot = 'vault'";
    raw.query_row(sql, [], |row| row.get(0)).unwrap()
}

#[test]
fn a_wipe_of_a_home_that_does_not_open_leaves_no_copy_that_does() {
    type Spoil = fn(&Phone);
    let spoiled: [(VaultState, Spoil); 3] = [
        (VaultState::FromNewerApp, |phone| {
            let raw = Connection::open(phone.database()).unwrap();
            raw.pragma_update(None, "user_version", 99).unwrap();
        }),
        (VaultState::Damaged, |phone| {
            let mut file = std::fs::read(phone.database()).unwrap();
            file[..20].fill(b'x');
            std::fs::write(phone.database(), file).unwrap();
        }),
        (VaultState::Damaged, |phone| {
            let raw = Connection::open(phone.database()).unwrap();
            raw.execute_batch("DROP TABLE keyring").unwrap();
        }),
    ];
    for (state, spoil) in spoiled {
        let phone = Phone::new();
        let id = begin(&phone.open(), "Ada");
        let copy = phone.copy();
        spoil(&phone);
        // What was begun beside it, and does not open either, goes with it.
        begin(&phone.open(), "Ben");
        let path = phone.home().join("emergency-1.sqlite");
        let raw = Connection::open(&path).unwrap();
        raw.pragma_update(None, "user_version", 99).unwrap();
        drop(raw);
        let core = phone.open();
        assert_eq!(core.state(), state);
        let beside = phone.copy();
        core.wipe().unwrap();
        assert_eq!(core.state(), VaultState::Ready);
        assert_eq!(phone.device.slots().len(), 2, "only the new home's");
        assert_eq!(copy.open().report(id).unwrap_err(), Error::KeyLost, "{state:?}");
        std::fs::remove_file(beside.database()).unwrap();
        let raw = Connection::open(beside.home().join("emergency-1.sqlite")).unwrap();
        raw.pragma_update(None, "user_version", 1).unwrap();
        drop(raw);
        assert!(titles(&beside.open()).is_empty(), "{state:?}");
    }
}

#[test]
fn a_home_made_after_a_wipe_counts_its_keys_from_elsewhere() {
    let phone = Phone::new();
    let core = phone.open();
    let before = generation(&phone);
    core.wipe().unwrap();
    assert_ne!(generation(&phone), before);
}

#[test]
fn a_locked_vault_tells_how_far_sending_is_and_nothing_else() {
    let phone = Phone::new();
    let core = phone.open();
    core.pair(&pack().0).unwrap();
    let id = begin(&core, "Ada");
    attach(&core, id);
    let sealed = core.send(id, Scope::All, SendWhen::Now).unwrap();
    core.lock();
    let statuses = core.statuses().unwrap();
    assert_eq!(statuses.len(), 1);
    assert_eq!((statuses[0].report, statuses[0].state), (id, ReportState::Waiting));
    assert_eq!(core.plan(Conditions::default()).unwrap().due.len(), sealed.parts.len());
    assert_eq!(core.reports().unwrap_err(), Error::Locked);
    assert_eq!(core.report(id).unwrap_err(), Error::Locked);
    assert_eq!(core.delete(id).unwrap_err(), Error::Locked);
    core.unlock(None).unwrap();
    assert!(tells_of(&core, id, "Ada"));
}

#[test]
fn a_device_key_that_was_not_destroyed_in_time_is_destroyed_at_the_next_start() {
    let phone = Phone::new();
    let core = phone.open();
    let (kept, gone) = (begin(&core, "Ada"), begin(&core, "Ben"));
    attach(&core, gone);
    let copy = phone.copy();
    let first = generation(&phone);
    // As after a kill between the commit and the destruction, and that twice.
    phone.device.fail(Faults { deletions: 3, ..Faults::default() });
    core.delete(gone).unwrap();
    assert_eq!(core.report(gone).unwrap_err(), Error::NotFound);
    assert!(phone.names_in("blobs").is_empty());
    assert!(core.is_erasure_unfinished().unwrap());
    let other = begin(&core, "Cem");
    // The device destroys neither the key of before nor the one of before that.
    core.delete(other).unwrap();
    assert!(phone.device.slots().contains(&KeySlot::Vault { generation: first }));
    assert_eq!(copy.twin().open().state(), VaultState::Ready, "it opens, and is said to");
    assert!(core.is_erasure_unfinished().unwrap());
    drop(core);
    let core = phone.open_ready();
    assert!(!core.is_erasure_unfinished().unwrap());
    assert!(tells_of(&core, kept, "Ada"));
    assert_eq!(titles(&core), [Some("Ada".into())]);
    assert!(phone.names_in("blobs").is_empty());
    let vaults =
        phone.device.slots().into_iter().filter(|slot| matches!(slot, KeySlot::Vault { .. }));
    assert_eq!(vaults.collect::<Vec<_>>(), [KeySlot::Vault { generation: first + 2 }]);
    assert_eq!(copy.open().state(), VaultState::KeyLost);
}

#[test]
fn a_device_that_destroys_no_key_keeps_nobody_out() {
    let phone = Phone::new();
    let core = phone.open();
    let (kept, gone) = (begin(&core, "Ada"), begin(&core, "Ben"));
    phone.device.fail(Faults { deletions: 100, ..Faults::default() });
    core.delete(gone).unwrap();
    assert!(tells_of(&core, kept, "Ada"));
    drop(core);
    let core = phone.open_ready();
    assert!(tells_of(&core, kept, "Ada"));
    set(&core, kept, "clothing", "a red coat");
    assert!(core.is_erasure_unfinished().unwrap());
    // A wipe says that it is none.
    assert_eq!(core.wipe().unwrap_err(), Error::Unexpected("error-device-key"));
}

/// A foreign implementation that throws is turned into an error by the bindings; one that panics
/// unwinds through the core.
#[test]
fn a_device_key_that_panics_loses_nothing_and_may_go_on_later() {
    let phone = Phone::new();
    let core = phone.open();
    let (kept, gone) = (begin(&core, "Ada"), begin(&core, "Ben"));
    attach(&core, kept);
    phone.device.fail(Faults { panics: true, ..Faults::default() });
    let panics = |call: &dyn Fn()| {
        assert!(catch_unwind(AssertUnwindSafe(call)).is_err(), "the device was not asked");
    };
    panics(&|| core.delete(gone).unwrap());
    panics(&|| core.set_passphrase(None, Some(&Passphrase::new("words")), None).unwrap());
    // What needs nothing of the device goes on, in the same process.
    set(&core, kept, "clothing", "a red coat");
    assert!(tells_of(&core, kept, "Ada") && tells_of(&core, gone, "Ben"));
    core.lock();
    panics(&|| core.unlock(None).unwrap());
    assert_eq!(core.state(), VaultState::Locked);
    panics(&|| drop(phone.open()));

    phone.device.fail(Faults::default());
    core.unlock(None).unwrap();
    assert!(tells_of(&core, kept, "Ada"));
    core.delete(gone).unwrap();
    drop(core);
    let core = phone.open_ready();
    assert_eq!(titles(&core), [Some("Ada".into())]);
    assert_eq!(phone.names_in("blobs").len(), 1);
}

#[test]
fn a_wipe_also_destroys_the_keys_of_an_emergency_that_does_not_open() {
    let phone = Phone::new();
    begin(&phone.open(), "Ada");
    let locked = Faults { vault: Some(DeviceKeyError::Refused), ..Faults::default() };
    phone.device.fail(locked);
    begin(&phone.open(), "Ben");
    // The first emergency does not open for a while, so there comes a second.
    let first = phone.home().join("emergency-1.sqlite");
    let kept = phone.home().join("kept");
    std::fs::rename(&first, &kept).unwrap();
    std::fs::write(phone.home().join("emergency-1.sqlite"), vec![b'x'; 8192]).unwrap();
    begin(&phone.open(), "Cem");
    std::fs::rename(&kept, &first).unwrap();
    assert!(phone.home().join("emergency-2.sqlite").exists());
    let core = phone.open();
    phone.device.fail(Faults::default());
    core.wipe().unwrap();
    assert_eq!(phone.device.slots().len(), 2, "only the new home's");
}

#[test]
fn a_suspend_that_finds_the_home_busy_says_so_when_its_time_is_up() {
    let phone = Phone::new();
    let core = Arc::new(phone.open());
    let id = begin(&core, "Ada");
    core.lock();
    // The device asks the person, who takes their time.
    let (asked, go_on) = phone.device.hold();
    let unlocking = Arc::clone(&core);
    let unlocking = std::thread::spawn(move || unlocking.unlock(None));
    asked.recv().unwrap();
    let busy = core.suspend(Duration::from_millis(20)).unwrap_err();
    assert_eq!(busy, Error::from(Refusal::Busy));
    go_on.send(()).unwrap();
    unlocking.join().unwrap().unwrap();
    core.suspend(Duration::from_secs(5)).unwrap();
    core.resume().unwrap();
    assert!(tells_of(&core, id, "Ada"));
}

#[test]
fn one_process_deletes_while_another_writes_and_nothing_else_is_lost() {
    let phone = Phone::new();
    let (one, other) = (phone.open(), phone.open());
    let kept = begin(&one, "Ada");
    for round in 0..5 {
        let gone = begin(&one, "Ben");
        set(&other, kept, "clothing", &format!("coat {round}"));
        one.delete(gone).unwrap();
        assert_eq!(try_set(&other, gone, "clothing", "x").unwrap_err(), Error::NotFound);
        set(&other, kept, "clothing", &format!("red coat {round}"));
        let gone = begin(&other, "Cem");
        other.delete(gone).unwrap();
        assert!(tells_of(&one, kept, "Ada"));
    }
    drop((one, other));
    assert_eq!(titles(&phone.open_ready()), [Some("Ada".into())]);
}

#[test]
fn a_suspended_home_holds_no_file_and_resumes_where_it_was() {
    let phone = Phone::new();
    let core = phone.open();
    let id = begin(&core, "Ada");
    core.suspend(Duration::from_secs(5)).unwrap();
    core.suspend(Duration::from_secs(5)).unwrap();
    let files = phone.main_files();
    assert_eq!(files.keys().collect::<Vec<_>>(), ["home.sqlite"], "the log is written back");
    let suspended = Error::from(Refusal::Suspended);
    assert_eq!(try_set(&core, id, "clothing", "red").unwrap_err(), suspended);
    assert_eq!(core.report(id).unwrap_err(), suspended);
    core.resume().unwrap();
    core.resume().unwrap();
    assert!(tells_of(&core, id, "Ada"));
    // A second process worked meanwhile, and replaced the keys.
    core.suspend(Duration::from_secs(5)).unwrap();
    let other = phone.open();
    let gone = begin(&other, "Ben");
    other.delete(gone).unwrap();
    core.resume().unwrap();
    set(&core, id, "clothing", "red");
    assert_eq!(titles(&core), [Some("Ada".into())]);
}

/// Holds the home as another process does, until it is dropped.
fn hold(phone: &Phone, sql: &str) -> Connection {
    let other = Connection::open(phone.database()).unwrap();
    other.execute_batch(sql).unwrap();
    other
}

/// Whether nobody has the database open any more: SQLite gives up its log only then.
fn is_let_go(phone: &Phone) -> bool {
    let probe = Connection::open(phone.database()).unwrap();
    probe.busy_timeout(Duration::ZERO).unwrap();
    let mode = probe.query_row("PRAGMA journal_mode = DELETE", [], |row| row.get::<_, String>(0));
    mode.is_ok_and(|mode| mode == "delete")
}

#[test]
fn a_suspend_waits_for_another_process_no_longer_than_it_may() {
    let phone = Phone::new();
    let core = phone.open();
    let id = begin(&core, "Ada");
    let writer = hold(&phone, "BEGIN IMMEDIATE");
    // Somebody who has the patience of half a call, and begins to wait before.
    let patient = Connection::open(phone.database()).unwrap();
    patient.busy_timeout(Duration::from_secs(5)).unwrap();
    let ((waits, has_begun), (gave_up, has_given_up)) = (channel(), channel());
    let waiting = std::thread::spawn(move || {
        waits.send(()).unwrap();
        gave_up.send(patient.execute_batch("BEGIN IMMEDIATE").is_err()).unwrap();
    });
    has_begun.recv().unwrap();
    core.suspend(Duration::from_millis(20)).unwrap();
    assert!(has_given_up.try_recv().is_err(), "it waited longer");
    drop(writer);
    assert!(!has_given_up.recv().unwrap());
    waiting.join().unwrap();
    assert!(is_let_go(&phone));
    core.resume().unwrap();
    assert!(tells_of(&core, id, "Ada"));
}

#[test]
fn a_suspended_home_holds_no_lock_whoever_reads_it_and_resumes() {
    let phone = Phone::new();
    let core = phone.open();
    let id = begin(&core, "Ada");
    assert!(!is_let_go(&phone), "the probe sees who has it open");
    let reader = hold(&phone, "BEGIN; SELECT count(*) FROM report");
    set(&core, id, "clothing", "a red coat");
    core.suspend(Duration::from_millis(20)).unwrap();
    let other = phone.open_ready();
    set(&other, id, "clothing", "a green coat");
    drop((reader, other));
    assert!(is_let_go(&phone));
    core.resume().unwrap();
    assert!(tells_of(&core, id, "Ada"));
    set(&core, id, "clothing", "a blue coat");
    core.suspend(Duration::from_secs(5)).unwrap();
    assert_eq!(phone.main_files().keys().collect::<Vec<_>>(), ["home.sqlite"]);
    assert!(is_let_go(&phone));
}
