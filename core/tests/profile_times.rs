//! Each answer of a profile has its own age, on this phone and on the next.

#![allow(clippy::unwrap_used, reason = "a test that can't set up its world has failed")]

mod common;

use std::cell::Cell;
use std::io::{Cursor, Read};

use common::{Phone, field, form};
use homeward_core::forms::Answer;
use homeward_core::vault::Passphrase;
use homeward_core::{Error, Homeward, Original, Refusal, ReportId, Source};
use rusqlite::Connection;

const DAY_MS: i64 = 24 * 3_600_000;
const BEGUN_MS: i64 = 1_795_330_000_000;

fn tell(core: &Homeward, id: ReportId, name: &str, typed: &str) {
    let answer = core.understand(&form("child_profile"), &field(name), typed).unwrap();
    core.set(id, &field(name), Some(&answer)).unwrap();
}

/// A profile of a child of seven, one metre tall, with a photo.
fn profile(core: &Homeward) -> ReportId {
    let id = core.create(&form("child_profile"), None).unwrap();
    for (name, typed) in [("child_name", "Ada"), ("child_age", "7"), ("height", "120 cm")] {
        tell(core, id, name, typed);
    }
    core.attach(id, &field("photo"), Source::Bytes(common::photo()), Original::Drop).unwrap();
    id
}

fn passphrase() -> Passphrase {
    Passphrase::new("correct horse")
}

fn saved(core: &Homeward, profile: ReportId) -> Vec<u8> {
    let mut file = Vec::new();
    core.export_profile(profile, &passphrase(), &mut file).unwrap();
    file
}

fn import(core: &Homeward, file: &[u8]) -> homeward_core::Result<ReportId> {
    core.import_profile(&passphrase(), &mut Cursor::new(file))
}

/// How old the child is in a report that the profile begins.
fn age_in_report(core: &Homeward, profile: ReportId) -> String {
    let report = core.create(&form("missing_child"), Some(profile)).unwrap();
    core.report(report).unwrap().answers[&field("child_age")].to_json().to_string()
}

/// The fields that the person should look at again.
fn reminded(core: &Homeward) -> Vec<String> {
    core.reminders().unwrap().into_iter().map(|it| it.field.to_string()).collect()
}

#[test]
fn an_age_has_grown_since_it_was_said_whatever_was_answered_later() {
    let (old, new) = (Phone::new(), Phone::new());
    let core = old.open_ready();
    let profile = profile(&core);
    let three_years_later = BEGUN_MS + 3 * 365 * DAY_MS;
    old.clock.set_ms(three_years_later);
    new.clock.set_ms(three_years_later);
    tell(&core, profile, "eyes", "brown");
    let file = saved(&core, profile);
    assert_eq!(age_in_report(&core, profile), r#"{"from":9,"to":10}"#);
    let other = new.open_ready();
    let imported = import(&other, &file).unwrap();
    assert_eq!(age_in_report(&other, imported), r#"{"from":9,"to":10}"#);
}

#[test]
fn an_imported_profile_reminds_of_what_was_old_on_the_other_phone() {
    let (old, new) = (Phone::new(), Phone::new());
    let core = old.open_ready();
    let file = saved(&core, profile(&core));
    let other = new.open_ready();
    new.clock.set_ms(BEGUN_MS + 150 * DAY_MS);
    import(&other, &file).unwrap();
    assert_eq!(reminded(&other), Vec::<String>::new());
    new.clock.set_ms(BEGUN_MS + 190 * DAY_MS);
    assert_eq!(reminded(&other), ["height", "photo"]);
    // A clock that was ahead there puts nothing off here.
    let behind = Phone::new();
    let third = behind.open_ready();
    behind.clock.set_ms(BEGUN_MS - 400 * DAY_MS);
    import(&third, &file).unwrap();
    behind.clock.set_ms(BEGUN_MS - 200 * DAY_MS);
    assert_eq!(reminded(&third), ["height", "photo"]);
}

#[test]
fn what_was_taken_back_is_not_reminded_of() {
    let phone = Phone::new();
    let core = phone.open_ready();
    let profile = profile(&core);
    tell(&core, profile, "weight", "20 kg");
    core.set(profile, &field("height"), None).unwrap();
    core.set(profile, &field("weight"), Some(&Answer::Unknown)).unwrap();
    let photo = core.report(profile).unwrap().media[0].id;
    core.detach(profile, photo).unwrap();
    phone.clock.set_ms(BEGUN_MS + 400 * DAY_MS);
    assert_eq!(reminded(&core), Vec::<String>::new());
}

#[test]
fn a_profile_file_always_costs_a_passphrase_the_same() {
    let phone = Phone::new();
    let core = phone.open_ready();
    let file = saved(&core, profile(&core));
    let header = String::from_utf8_lossy(&file[..120]).into_owned();
    let stanza = header.lines().find(|line| line.starts_with("-> scrypt ")).unwrap();
    assert!(stanza.ends_with(" 16"), "{stanza}");
}

#[test]
fn a_file_that_costs_too_much_to_open_is_told_as_that() {
    let phone = Phone::new();
    let core = phone.open_ready();
    let file = saved(&core, profile(&core));
    let costly = |work: &str| {
        let end = file.windows(4).position(|bytes| bytes == b" 16\n").unwrap();
        [&file[..end], work.as_bytes(), &file[end + 3..]].concat()
    };
    let refused = |work| import(&core, &costly(work)).unwrap_err();
    assert_eq!(refused(" 19"), Error::Refused(Refusal::ProfileTooCostly));
    // What is not costlier than age's own is tried, and then is not the right passphrase.
    assert_eq!(refused(" 17"), Error::Refused(Refusal::WrongPassphrase));
}

/// Gives a file, and looks into the home whenever more of it is asked for.
struct Watched<'a> {
    file: Cursor<&'a [u8]>,
    home: Connection,
    reports: &'a Cell<u32>,
}

impl Read for Watched<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let count = "SELECT count(*) FROM report";
        let reports = self.home.query_row(count, [], |row| row.get(0)).unwrap();
        self.reports.set(self.reports.get().max(reports));
        self.file.read(buffer)
    }
}

#[test]
fn until_all_of_an_imported_profile_is_there_nothing_of_it_is() {
    let (old, new) = (Phone::new(), Phone::new());
    let core = old.open_ready();
    let profile = profile(&core);
    for _ in 0..60 {
        let photo = Source::Bytes(common::photo());
        core.attach(profile, &field("photo"), photo, Original::Drop).unwrap();
    }
    let file = saved(&core, profile);
    let other = new.open_ready();
    let reports = Cell::new(0);
    let home = Connection::open(new.database()).unwrap();
    let mut watched = Watched { file: Cursor::new(&file), home, reports: &reports };
    let imported = other.import_profile(&passphrase(), &mut watched).unwrap();
    assert_eq!(reports.get(), 0, "a kill in between would have left a part");
    assert_eq!(other.report(imported).unwrap().media.len(), 61);
    // And what a kill leaves of its files goes at the next start.
    std::fs::write(new.home().join("blobs").join("0".repeat(32)), "half a photo").unwrap();
    drop(other);
    drop(new.open_ready());
    assert_eq!(new.names_in("blobs").len(), 61);
}
