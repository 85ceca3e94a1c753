//! Homes that released versions wrote, and what is in them: `tests/released/VERSION` holds the
//! phone's folder, its device key and, as JSON, what that version showed of it.
//!
//! `cargo xtask pin-release VERSION` writes one before a version is tagged.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use fault_proxy::Faults;
use serde_json::{Value, json};

use crate::journey::{ANSWERS, Journey, string};
use crate::organisation::copy_folder;
use crate::photo::{Exif, Photo};
use crate::programs::{Program, Programs, text};

/// Where they lie.
#[must_use]
pub fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("released")
}

/// The versions that have a home there.
pub fn versions() -> io::Result<Vec<String>> {
    let mut versions = Vec::new();
    for entry in fs::read_dir(folder())? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            versions.extend(entry.file_name().into_string());
        }
    }
    versions.sort();
    Ok(versions)
}

/// A copy in `to` of the phone that `version` wrote, to be opened by today's program.
pub fn phone(version: &str, to: &Path) -> io::Result<Program> {
    let from = folder().join(version);
    copy_folder(&from.join("phone"), &to.join("phone"))?;
    fs::copy(from.join("phone.device-key"), to.join("phone.device-key"))?;
    Ok(Programs::ready().phone(to.join("phone")))
}

/// What `version` showed of it.
pub fn expected(version: &str) -> io::Result<Value> {
    Ok(serde_json::from_slice(&fs::read(folder().join(version).join("shown.json"))?)?)
}

/// What a phone shows of all that is in it.
///
/// # Panics
/// It does not show it.
#[must_use]
pub fn shown(phone: &Program) -> Value {
    let drafts = phone.ask(&["drafts"]).unwrap();
    let ids = drafts.as_array().unwrap().iter().map(|draft| string(&draft["id"]));
    let reports = ids.map(|id| {
        let report = phone.ask(&["show", &id]).unwrap();
        let media = report["media"].as_array().unwrap().iter();
        let media =
            media.map(|medium| json!([medium["medium"], medium["bytes"], medium["format"]]));
        json!({ "id": id, "form": report["form"], "answers": report["answers"],
                "media": media.collect::<Value>() })
    });
    let statuses = phone.ask(&["status"]).unwrap();
    let states = statuses.as_array().unwrap().iter().map(|status| {
        let parts = status["parts"].as_array().unwrap().iter();
        let parts = parts.map(|part| json!([part["part"], part["kind"], part["total"]]));
        json!({ "id": status["id"], "state": status["state"], "parts": parts.collect::<Value>() })
    });
    json!({ "reports": reports.collect::<Value>(), "statuses": states.collect::<Value>() })
}

/// Writes the home of today's version: a report with answers of several kinds and a photo, sealed
/// and unsent; a draft; and a profile.
///
/// # Panics
/// It can't be written.
pub fn pin(version: &str) {
    let journey = Journey::begin(Faults::default());
    let photo = journey.photo("photo.jpg", &Photo::small(Exif::example()));
    let sent = journey.send(&ANSWERS, &photo);
    let phone = &journey.phone;
    for (field, words) in [
        ("last_seen_time", "2026-11-20T15:04:00+01:00"),
        ("reporter_phone", "+49 30 1234567"),
        ("habits", "سريعة, climbs"),
    ] {
        phone.ask(&["set", &sent.id, field, words]).unwrap();
    }
    let draft = journey.draft(&[("child_name", "Ben Beispiel")]);
    phone.ask(&["attach", &draft, text(&photo).unwrap()]).unwrap();
    phone.ask(&["new", "child_profile"]).unwrap();
    let to = folder().join(version);
    copy_folder(phone.home(), &to.join("phone")).unwrap();
    let mut key = phone.home().as_os_str().to_owned();
    key.push(".device-key");
    fs::copy(key, to.join("phone.device-key")).unwrap();
    let json = serde_json::to_string_pretty(&shown(phone)).unwrap();
    fs::write(to.join("shown.json"), json + "\n").unwrap();
}
