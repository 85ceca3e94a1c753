//! The look at a phone whose process was killed.

use std::collections::BTreeSet;
use std::fs;

use rusqlite::{Connection, OpenFlags};
use serde_json::{Map, Value};

use super::model::{self, Drafts};
use super::{Call, Phase, Session, device_key};
use crate::journey::string;
use crate::programs::Program;

impl Session {
    /// Starts the phone again; it must have what it had or what the call was to bring about.
    pub(super) fn look(&mut self, phase: Phase, call: &Call, acknowledged: bool) {
        let told = self.told(phase);
        if phase == Phase::SetWhileLocked {
            self.look_while_locked(call, acknowledged);
        }
        self.locked_by = self.in_force(call, acknowledged, &told);
        let seen = model::all(self.phone(), &self.unlocking());
        let seen = seen.unwrap_or_else(|refusal| panic!("{told}: {refusal}"));
        let after = call.effect.on(&self.drafts, &seen);
        let done = after.as_ref() == Some(&seen);
        assert!(
            done || (seen == self.drafts && !acknowledged),
            "{told}, acknowledged: {acknowledged}: {seen:#?}\nis neither {:#?}\nnor {after:#?}",
            self.drafts
        );
        self.drafts = seen;
        self.nothing_is_left_over(self.phone(), &told);
    }

    /// The passphrase that opens the phone now: the one before or the one after the call.
    fn in_force(&self, call: &Call, acknowledged: bool, told: &str) -> Option<usize> {
        if call.locked_by == self.locked_by {
            return self.locked_by;
        }
        let opens = |words: Option<usize>| match words {
            None => self.phone().ask(&["state"]).unwrap()["state"] == "ready",
            Some(words) => {
                let file = self.words[words].to_str().unwrap();
                let locked = self.phone().ask(&["state"]).unwrap()["state"] == "locked";
                locked && self.phone().ask(&["--passphrase-file", file, "drafts"]).is_ok()
            }
        };
        if opens(call.locked_by) {
            return call.locked_by;
        }
        assert!(!acknowledged, "{told}: the new passphrase was acknowledged and does not open");
        assert!(opens(self.locked_by), "{told}: neither passphrase opens");
        self.locked_by
    }

    /// What was begun while the phone was locked shows while it is locked.
    fn look_while_locked(&self, call: &Call, acknowledged: bool) {
        let id = self.begun_while_locked.as_ref().unwrap();
        let seen = model::shown(self.phone(), id, &[]).unwrap();
        let after = call.effect.on(&self.drafts, &self.drafts).unwrap();
        assert!(
            seen == after[id] || (seen == self.drafts[id] && !acknowledged),
            "kill {}: {seen:#?} while locked",
            self.round
        );
    }

    /// Each file has its row: blobs are the drafts' media and their small copies, sealed files the
    /// outbox's parts; and the device has one key for the vault.
    fn nothing_is_left_over(&self, phone: &Program, told: &str) {
        let (blobs, rows) = (names(phone, "blobs"), media_rows(phone));
        assert_eq!(blobs, rows, "{told}: blobs");
        let media: BTreeSet<&String> =
            self.drafts.values().flat_map(|draft| &draft.media).collect();
        assert!(
            media.iter().all(|medium| blobs.contains(*medium)),
            "{told}: {media:?} of {blobs:?}"
        );
        // A photo has one small copy at most, a recording none.
        assert!(blobs.len() <= 2 * media.len(), "{told}: {media:?} of {blobs:?}");
        assert_eq!(names(phone, "intake"), BTreeSet::new(), "{told}: intake");
        let statuses = phone.ask(&[&self.unlocking()[..], &["status"]].concat()).unwrap();
        let statuses = statuses.as_array().unwrap().iter();
        let parts = statuses.flat_map(|status| status["parts"].as_array().unwrap());
        let parts = parts.map(|part| string(&part["part"]));
        assert_eq!(names(phone, "spool"), parts.collect(), "{told}: sealed files");
        let stray = |name: &&String| name.contains("emergency") || name.contains("partial");
        let top = names(phone, "");
        assert_eq!(top.iter().find(stray), None, "{told}: {top:?}");
        self.keys_are_in_order(phone, told);
    }

    /// No key of the device opens what was replaced. A key that a killed call made for what it did
    /// not come to write may stay: the next such call takes it.
    fn keys_are_in_order(&self, phone: &Program, told: &str) {
        let rows = rows(phone);
        let sql = "SELECT generation, stale FROM keyring WHERE slot = 'vault'";
        let (generation, stale): (u32, Option<u32>) =
            rows.query_row(sql, [], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
        assert_eq!(stale, None, "{told}");
        let keys: Map<String, Value> =
            serde_json::from_slice(&fs::read(device_key(phone)).unwrap()).unwrap();
        let vault = keys.keys().filter_map(|slot| slot.strip_prefix("vault-"));
        let vault: BTreeSet<u32> = vault.map(|number| number.parse().unwrap()).collect();
        assert!(vault.contains(&generation), "{told}: {vault:?}");
        let in_order = vault.iter().all(|key| (generation..=generation + 1).contains(key));
        assert!(in_order, "{told}: {generation} of {vault:?}");
    }

    /// Kills a wipe, on a copy of the phone: it has destroyed nothing yet, or the vault is lost and
    /// a second wipe ends it.
    pub(super) fn wipe(&mut self, call: &Call) {
        let told = self.told(Phase::Wipe);
        if !self.usual.contains_key(&Phase::Wipe) {
            let usual = self.measure(&["wipe"]);
            self.usual.insert(Phase::Wipe, usual);
        }
        let copy = self.copy();
        let acknowledged = self.kill(&copy, Phase::Wipe, call);
        let state = string(&copy.ask(&["state"]).unwrap()["state"]);
        let seen = model::all(&copy, &[]).unwrap();
        let untouched = state == "ready" && seen == self.drafts;
        let ended = state == "ready" && seen.is_empty() && is_empty(&copy);
        assert!(
            ended || (!acknowledged && (untouched || (state != "ready" && seen.is_empty()))),
            "{told}, acknowledged: {acknowledged}: {state}, {seen:#?}"
        );
        copy.ask(&["wipe"]).unwrap();
        assert_eq!(copy.ask(&["state"]).unwrap()["state"], "ready", "{told}");
        assert_eq!(model::all(&copy, &[]).unwrap(), Drafts::new(), "{told}");
        assert!(is_empty(&copy), "{told}");
    }
}

/// The phone's database, to be looked at.
fn rows(phone: &Program) -> Connection {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY;
    Connection::open_with_flags(phone.home().join("home.sqlite"), flags).unwrap()
}

/// The files that have a row.
fn media_rows(phone: &Program) -> BTreeSet<String> {
    let rows = rows(phone);
    let mut ids = rows.prepare("SELECT lower(hex(id)) FROM medium").unwrap();
    let ids = ids.query_map([], |row| row.get(0)).unwrap();
    ids.map(Result::unwrap).collect()
}

/// Whether a phone has no file of any report.
fn is_empty(phone: &Program) -> bool {
    names(phone, "blobs").is_empty() && names(phone, "spool").is_empty()
}

/// The names in a folder of the home.
fn names(phone: &Program, folder: &str) -> BTreeSet<String> {
    let entries = fs::read_dir(phone.home().join(folder)).unwrap();
    entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}
