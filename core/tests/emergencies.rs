//! An emergency is never locked out: whatever has become of the vault, a new report is written,
//! sealed and queued, and what was sealed before still leaves.

#![allow(clippy::unwrap_used, reason = "a test that can't set up its world has failed")]

mod common;

use std::collections::BTreeMap;

use common::{Faults, Phone, attach, begin, field, form, pack, set, tells_of, titles};
use homeward_core::queue::Conditions;
use homeward_core::vault::{DeviceKeyError, Passphrase, VaultState};
use homeward_core::{Error, Homeward, Original, PartId, ReportId, Scope, SendWhen, Source};
use rusqlite::Connection;

/// A phone with one report on it that was sealed and has not left.
struct Before {
    phone: Phone,
    report: ReportId,
    parts: Vec<PartId>,
    files: BTreeMap<String, String>,
}

impl Before {
    fn new() -> Self {
        let phone = Phone::new();
        let core = phone.open();
        core.pair(&pack().0).unwrap();
        let report = begin(&core, "Ada");
        attach(&core, report);
        let sealed = core.send(report, Scope::All, SendWhen::Now).unwrap();
        let parts = sealed.parts.iter().map(|part| part.part).collect();
        Self { phone, report, parts, files: BTreeMap::new() }
    }

    /// Opens the closed home, and remembers how it lay there.
    fn open(&mut self, state: VaultState) -> Homeward {
        self.files = self.phone.main_files();
        let core = self.phone.open();
        assert_eq!(core.state(), state);
        core
    }

    fn planned(core: &Homeward) -> Vec<PartId> {
        core.plan(Conditions::default()).unwrap().due.iter().map(|part| part.part).collect()
    }

    /// Does what a person does whose child is missing now. Gives the report.
    fn report_now(&self, core: &Homeward) -> ReportId {
        let id = begin(core, "Ben");
        set(core, id, "clothing", "a yellow coat");
        let first = core.send(id, Scope::FirstMinute, SendWhen::Now).unwrap();
        attach(core, id);
        let rest = core.send(id, Scope::All, SendWhen::Now).unwrap();
        let new: Vec<_> = first.parts.iter().chain(&rest.parts).map(|part| part.part).collect();
        let spool = self.phone.names_in("spool");
        let status = core.statuses().unwrap().into_iter().find(|status| status.report == id);
        let known: Vec<_> = status.unwrap().parts.iter().map(|part| part.part).collect();
        let planned = Self::planned(core);
        for part in &new {
            assert!(spool.contains(&part.to_string()) && known.contains(part));
            assert!(planned.contains(part));
        }
        assert!(self.parts.iter().all(|part| planned.contains(part)), "what was sealed before");
        assert!(tells_of(core, id, "Ben"));
        assert_eq!(self.phone.main_files(), self.files, "the closed vault is not touched");
        id
    }

    /// After the vault has opened: everything is there, once.
    fn all_is_there(&self, core: &Homeward, id: ReportId) {
        assert_eq!(core.state(), VaultState::Ready);
        let mut titles = titles(core);
        titles.sort();
        assert_eq!(titles, [Some("Ada".into()), Some("Ben".into())]);
        assert!(tells_of(core, id, "Ben") && tells_of(core, self.report, "Ada"));
        assert_eq!(core.report(id).unwrap().media.len(), 1);
        let mut parts = Self::planned(core);
        let count = parts.len();
        parts.sort();
        parts.dedup();
        assert_eq!(parts.len(), count, "each part once");
        // First minute, picture and answers of one; the first minute comes with all of the other.
        assert_eq!(core.statuses().unwrap().len(), 2, "each part belongs to its report");
        let names = self.phone.names_in("");
        assert!(!names.iter().any(|name| name.starts_with("emergency")), "{names:?}");
        assert_eq!(self.phone.names_in("blobs").len(), 2);
        assert_eq!(self.phone.names_in("spool").len(), count);
    }
}

fn vault_fails(error: DeviceKeyError) -> Faults {
    Faults { vault: Some(error), ..Faults::default() }
}

#[test]
fn a_locked_phone_takes_a_new_report_and_keeps_it_when_unlocked() {
    for error in [DeviceKeyError::Refused, DeviceKeyError::Failed] {
        let mut before = Before::new();
        before.phone.device.fail(vault_fails(error));
        let core = before.open(VaultState::Locked);
        let id = before.report_now(&core);
        assert_eq!(core.report(before.report).unwrap_err(), Error::Locked);
        drop(core);
        // The app died meanwhile; the report goes on.
        let core = before.open(VaultState::Locked);
        set(&core, id, "clothing", "a green coat");
        before.phone.device.fail(Faults::default());
        core.unlock(None).unwrap();
        before.all_is_there(&core, id);
        drop(core);
        before.all_is_there(&before.phone.open(), id);
    }
}

#[test]
fn a_vault_that_was_locked_by_hand_takes_a_new_report() {
    let mut before = Before::new();
    let core = before.phone.open();
    core.lock();
    before.files = before.phone.main_files();
    let id = before.report_now(&core);
    core.unlock(None).unwrap();
    before.all_is_there(&core, id);
}

#[test]
fn a_phone_that_lost_its_key_takes_a_new_report_and_both_are_there_if_the_key_comes_back() {
    let mut before = Before::new();
    before.phone.device.fail(vault_fails(DeviceKeyError::Gone));
    let core = before.open(VaultState::KeyLost);
    let id = before.report_now(&core);
    assert_eq!(core.report(before.report).unwrap_err(), Error::KeyLost);
    assert_eq!(core.unlock(None).unwrap_err(), Error::KeyLost);
    drop(core);
    before.phone.device.fail(Faults::default());
    before.all_is_there(&before.phone.open(), id);
}

#[test]
fn what_was_sealed_leaves_although_the_device_lost_every_key() {
    let mut before = Before::new();
    before.phone.device.lose_all();
    let core = before.open(VaultState::KeyLost);
    let planned = Before::planned(&core);
    assert!(before.parts.iter().all(|part| planned.contains(part)));
    let id = before.report_now(&core);
    drop(core);
    assert!(tells_of(&before.open(VaultState::KeyLost), id, "Ben"));
}

#[test]
fn an_open_vault_whose_outbox_key_is_lost_goes_on_and_sends() {
    let before = Before::new();
    let fault = Faults { outbox: Some(DeviceKeyError::Gone), ..Faults::default() };
    before.phone.device.fail(fault);
    // The device makes no key for the outbox at all: the vault has to wait.
    let core = before.phone.open();
    assert_eq!(core.state(), VaultState::KeyLost);
    drop(core);
    before.phone.device.fail(Faults::default());
    before.phone.device.lose_outbox();
    let core = before.phone.open_ready();
    assert!(tells_of(&core, before.report, "Ada"));
    let planned = Before::planned(&core);
    assert!(before.parts.iter().all(|part| planned.contains(part)));
    let id = begin(&core, "Ben");
    core.send(id, Scope::All, SendWhen::Now).unwrap();
    core.delete(before.report).unwrap();
    assert_eq!(titles(&core), [Some("Ben".into())]);
}

#[test]
fn a_damaged_vault_is_kept_and_a_new_report_is_taken() {
    let mut before = Before::new();
    std::fs::write(before.phone.database(), vec![b'x'; 8192]).unwrap();
    let core = before.open(VaultState::Damaged);
    let id = before.report_now(&core);
    assert_eq!(core.report(before.report).unwrap_err(), Error::Damaged);
    drop(core);
    let core = before.open(VaultState::Damaged);
    assert!(tells_of(&core, id, "Ben"));
    assert_eq!(titles(&core), [Some("Ben".into())]);
    assert_eq!(before.phone.main_files(), before.files);
}

#[test]
fn a_vault_of_a_newer_app_is_kept_to_the_byte_and_a_new_report_is_taken() {
    for journal in ["wal", "delete"] {
        let mut before = Before::new();
        let raw = rusqlite::Connection::open(before.phone.database()).unwrap();
        raw.pragma_update(None, "journal_mode", journal).unwrap();
        raw.pragma_update(None, "user_version", 1_000).unwrap();
        if journal == "wal" {
            // A newer app was killed: what it wrote last is in the log only.
            let dead = before.phone.copy();
            drop(raw);
            before.phone = Phone::like(dead, &before.phone);
        }
        let core = before.open(VaultState::FromNewerApp);
        let id = before.report_now(&core);
        assert_eq!(core.report(before.report).unwrap_err(), Error::FromNewerApp);
        drop(core);
        assert_eq!(before.phone.main_files(), before.files, "closing changes nothing either");
        // The app is updated, and knows the version.
        let raw = rusqlite::Connection::open(before.phone.database()).unwrap();
        raw.pragma_update(None, "user_version", 1).unwrap();
        drop(raw);
        before.all_is_there(&before.phone.open(), id);
    }
}

#[test]
fn what_is_captured_beside_a_vault_that_may_never_open_is_attached_at_once() {
    type Spoil = fn(&Phone);
    let spoiled: [(VaultState, Spoil); 3] = [
        (VaultState::KeyLost, |phone| phone.device.lose_all()),
        (VaultState::FromNewerApp, |phone| {
            let raw = Connection::open(phone.database()).unwrap();
            raw.pragma_update(None, "user_version", 1_000).unwrap();
        }),
        (VaultState::Damaged, |phone| {
            std::fs::write(phone.database(), vec![b'x'; 8192]).unwrap();
        }),
    ];
    for (state, spoil) in spoiled {
        let phone = Phone::new();
        let core = phone.open();
        let ada = begin(&core, "Ada");
        core.set_passphrase(None, Some(&Passphrase::new("words")), None).unwrap();
        drop(core);
        spoil(&phone);
        let core = phone.open();
        assert_eq!(core.state(), state);
        // Nobody speaks in vain to a report that will not open.
        assert!(core.record(ada, &field("statement")).is_err());
        let capture = core.capture(&mut common::photo().as_slice()).unwrap();
        drop(core);
        let core = phone.open();
        assert_eq!(core.state(), state);
        let ben = begin(&core, "Ben");
        core.attach(ben, &field("photo"), Source::Capture(capture), Original::Drop).unwrap();
        assert!(core.captures().unwrap().is_empty(), "{state:?}");
        if state == VaultState::FromNewerApp {
            // The app is updated: what was captured meanwhile opens then as well.
            let late = core.capture(&mut common::photo().as_slice()).unwrap();
            drop(core);
            let raw = Connection::open(phone.database()).unwrap();
            raw.pragma_update(None, "user_version", 1).unwrap();
            drop(raw);
            let core = phone.open();
            let before = core.capture(&mut common::photo().as_slice()).unwrap();
            let attach = |capture| {
                core.attach(ada, &field("photo"), Source::Capture(capture), Original::Drop)
            };
            assert_eq!(attach(before).unwrap_err(), Error::Locked);
            core.unlock(Some(&Passphrase::new("words"))).unwrap();
            attach(late).unwrap();
            attach(before).unwrap();
            core.delete(ben).unwrap();
            let names = phone.names_in("");
            assert!(!names.iter().any(|name| name.starts_with("emergency")), "{names:?}");
        }
    }
}

#[test]
fn a_profile_is_imported_beside_a_vault_whose_key_is_lost_and_leaves_nothing_in_the_intake() {
    let other = Phone::new();
    let core = other.open();
    let profile = core.create(&form("child_profile"), None).unwrap();
    attach(&core, profile);
    let (words, mut file) = (Passphrase::new("words"), Vec::new());
    core.export_profile(profile, &words, &mut file).unwrap();

    let phone = Phone::new();
    drop(phone.open());
    phone.device.lose_all();
    let core = phone.open();
    assert_eq!(core.state(), VaultState::KeyLost);
    let id = core.import_profile(&words, &mut file.as_slice()).unwrap();
    assert_eq!(core.report(id).unwrap().media.len(), 1);
    assert!(core.captures().unwrap().is_empty());
}

#[test]
fn deleting_one_report_of_an_emergency_keeps_the_others() {
    let phone = Phone::new();
    drop(phone.open());
    phone.device.fail(vault_fails(DeviceKeyError::Refused));
    let core = phone.open();
    let (kept, gone) = (begin(&core, "Ada"), begin(&core, "Ben"));
    core.delete(gone).unwrap();
    assert!(tells_of(&core, kept, "Ada"));
    drop(core);
    let core = phone.open();
    assert!(tells_of(&core, kept, "Ada"));
    drop(core);
    phone.device.fail(Faults::default());
    assert_eq!(titles(&phone.open_ready()), [Some("Ada".into())]);
}

#[test]
fn a_new_phone_whose_device_refuses_takes_a_report_and_opens_later() {
    let phone = Phone::new();
    phone.device.fail(vault_fails(DeviceKeyError::Refused));
    let core = phone.open();
    assert_eq!(core.state(), VaultState::Locked);
    let id = begin(&core, "Ada");
    phone.device.fail(Faults::default());
    core.unlock(None).unwrap();
    assert!(tells_of(&core, id, "Ada"));
    assert_eq!(titles(&core), [Some("Ada".into())]);
}

#[test]
fn a_device_without_any_key_is_told_and_leaves_few_files() {
    let phone = Phone::new();
    drop(phone.open_ready());
    let gone = Some(DeviceKeyError::Gone);
    phone.device.fail(Faults { vault: gone, outbox: gone, ..Faults::default() });
    let core = phone.open();
    assert_eq!(core.create(&form("missing_child"), None).unwrap_err(), Error::KeyLost);
    let files = std::fs::read_dir(phone.home()).unwrap();
    let names = files.map(|file| file.unwrap().file_name().into_string().unwrap());
    let made = names.filter(|name| name.starts_with("emergency") && name.ends_with(".sqlite"));
    assert!((1..=3).contains(&made.count()));
}

#[test]
fn a_kill_between_the_move_and_the_end_of_an_emergency_leaves_nothing_for_ever() {
    let phone = Phone::new();
    begin(&phone.open(), "Ada");
    phone.device.fail(vault_fails(DeviceKeyError::Refused));
    begin(&phone.open(), "Ben");
    let path = phone.home().join("emergency-1.sqlite");
    let kept = phone.home().join("kept");
    std::fs::copy(&path, &kept).unwrap();
    phone.device.fail(Faults::default());
    drop(phone.open_ready());
    assert!(!path.exists());
    // Its rows have moved, its keys are destroyed, and the note of that is gone too.
    std::fs::rename(&kept, &path).unwrap();
    let raw = Connection::open(&path).unwrap();
    raw.execute_batch(
        "DELETE FROM report; DELETE FROM draft; DELETE FROM medium;
         UPDATE keyring SET generation = generation + 2, stale = NULL;",
    )
    .unwrap();
    drop(raw);
    let core = phone.open_ready();
    assert!(!path.exists());
    assert_eq!(titles(&core).len(), 2);
    drop(core);
    // One whose device loses its keys keeps its rows for the day that they come back.
    phone.device.fail(vault_fails(DeviceKeyError::Refused));
    begin(&phone.open(), "Cem");
    phone.device.fail(Faults::default());
    phone.device.lose_outbox();
    drop(phone.open_ready());
    assert!(path.exists());
}

#[test]
fn another_process_unlocks_while_a_locked_one_writes_and_nothing_is_lost() {
    let phone = Phone::new();
    drop(phone.open());
    phone.device.fail(vault_fails(DeviceKeyError::Refused));
    let locked = phone.open();
    let id = begin(&locked, "Ada");
    phone.device.fail(Faults::default());
    let open = phone.open_ready();
    assert!(tells_of(&open, id, "Ada"));
    // The locked process may not do as if it still had the report.
    assert_eq!(common::try_set(&locked, id, "clothing", "x").unwrap_err(), Error::Locked);
    let next = begin(&locked, "Ben");
    drop((open, locked));
    let core = phone.open_ready();
    assert!(tells_of(&core, id, "Ada") && tells_of(&core, next, "Ben"));
}
