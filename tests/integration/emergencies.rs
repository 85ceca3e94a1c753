//! An emergency is never locked out: whatever has become of the vault, a new first minute is
//! written, sealed and opened by a real desk, and what was sealed before still arrives.

#![allow(clippy::unwrap_used, reason = "a test that cannot set up its world has failed")]

use std::collections::BTreeMap;
use std::fs;
use std::io::{Seek, SeekFrom, Write};

use fault_proxy::Faults;
use homeward_tests::journey::{ANSWERS, Journey, Sent, string};
use homeward_tests::photo::{Exif, Photo};
use rusqlite::Connection;

/// A phone with a report that is sealed and has not left, at rest.
struct Before {
    journey: Journey,
    sent: Sent,
}

impl Before {
    fn new() -> Self {
        let journey = Journey::begin(Faults::default());
        let photo = journey.photo("photo.jpg", &Photo::small(Exif::example()));
        let sent = journey.send(&ANSWERS, &photo);
        Self { journey, sent }
    }

    /// What a person does whose child is missing now, on a phone whose vault is `state`.
    fn an_emergency_arrives(&self, state: &str) {
        let phone = &self.journey.phone;
        assert_eq!(phone.ask(&["state"]).unwrap()["state"], state);
        let id = string(&phone.ask(&["new", "missing_child"]).unwrap()["id"]);
        phone.ask(&["set", &id, "child_name", "Ben Beispiel"]).unwrap();
        phone.ask(&["set", &id, "clothing", "a yellow coat"]).unwrap();
        phone.ask(&["send", &id, "--first-minute"]).unwrap();
        assert_eq!(self.journey.run(&id)["state"], "stored", "{state}");

        let desk = &self.journey.organisation.desk;
        desk.ask(&["collect"]).unwrap();
        let new = desk.ask(&["show", &id]).unwrap();
        assert!(new.to_string().contains("Ben Beispiel"), "{state}: {new:#}");
        let old = desk.ask(&["show", &self.sent.id]).unwrap();
        assert!(old.to_string().contains("Mia Beispiel"), "{state}: {old:#}");
        let opened = old["parts"].as_array().unwrap().iter();
        let opened = opened.filter(|part| part["state"] == "opened").count();
        assert_eq!(opened, self.sent.parts.len(), "{state}: {old:#}");
        assert_eq!(self.journey.reports_at_the_desk(), 2, "{state}");
        assert_eq!(phone.ask(&["state"]).unwrap()["state"], state);
    }

    fn database(&self) -> std::path::PathBuf {
        self.journey.phone.home().join("home.sqlite")
    }
}

#[test]
fn a_locked_phone_reports_to_the_desk() {
    let before = Before::new();
    let words = before.journey.folder.path().join("words");
    fs::write(&words, "correct horse").unwrap();
    before.journey.phone.ask(&["passphrase", "set", words.to_str().unwrap()]).unwrap();
    before.an_emergency_arrives("locked");
}

#[test]
fn a_phone_that_lost_the_key_of_its_vault_reports_to_the_desk() {
    let before = Before::new();
    lose_keys(&before, |slot| slot.starts_with("vault"));
    before.an_emergency_arrives("key-lost");
}

#[test]
fn a_phone_that_lost_every_key_reports_to_the_desk_and_what_was_sealed_arrives_too() {
    let before = Before::new();
    lose_keys(&before, |_| true);
    before.an_emergency_arrives("key-lost");
}

#[test]
fn a_phone_with_a_damaged_vault_reports_to_the_desk() {
    let before = Before::new();
    let mut database = fs::OpenOptions::new().write(true).open(before.database()).unwrap();
    database.seek(SeekFrom::Start(0)).unwrap();
    database.write_all(&[b'x'; 8192]).unwrap();
    before.an_emergency_arrives("damaged");
}

#[test]
fn a_phone_with_the_vault_of_a_newer_app_reports_to_the_desk() {
    let before = Before::new();
    let database = Connection::open(before.database()).unwrap();
    database.pragma_update(None, "user_version", 1_000).unwrap();
    drop(database);
    before.an_emergency_arrives("from-newer-app");
}

/// As a phone does after an update or a new fingerprint.
fn lose_keys(before: &Before, lost: impl Fn(&str) -> bool) {
    let mut path = before.journey.phone.home().as_os_str().to_owned();
    path.push(".device-key");
    let mut keys: BTreeMap<String, Vec<u8>> =
        serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    keys.retain(|slot, _| !lost(slot));
    fs::write(&path, serde_json::to_vec(&keys).unwrap()).unwrap();
}
