//! The parent writes the report, and no network is there.

use std::fs;
use std::path::{Path, PathBuf};

use homeward_tests::photo::{Exif, Photo};
use homeward_tests::programs::text;
use serde_json::Value;

use super::{Stage, expect, word};
use crate::process::Result;
use crate::say;

/// The report as the parent's phone knows it.
pub(super) struct Report {
    /// Its id.
    pub(super) id: String,
    /// The sealed parts, in the order of sealing.
    pub(super) parts: Vec<Part>,
    /// Words that nobody on the way may see: answers and what the photos told.
    pub(super) secrets: Vec<String>,
    /// The photos.
    pub(super) photos: Vec<PathBuf>,
}

/// A sealed part.
pub(super) struct Part {
    pub(super) kind: String,
    pub(super) audiences: String,
    pub(super) bytes: u64,
}

impl Report {
    /// Answers the ten questions, adds the photos, seals: without a network.
    pub(super) fn write(stage: &Stage, photos: &[PathBuf]) -> Result<Self> {
        say::step("With no network, the parent answers the first-minute questions");
        let id = word(&stage.phone.ask(&["new", "missing_child"])?["id"]).to_owned();
        let mut secrets = Vec::new();
        for (field, answer) in ANSWERS {
            stage.phone.ask(&["set", &id, field, answer])?;
            say::detail(&format!("{field}: {answer}   (on disk)"));
            secrets.push(answer.to_owned());
        }
        // One of three choices: a word so short is found anywhere by chance.
        secrets.retain(|secret| secret.len() > 6);
        let photos = if photos.is_empty() { vec![sample(stage)?] } else { photos.to_vec() };
        for (number, photo) in photos.iter().enumerate() {
            attach(stage, &id, photo, number == 0, &mut secrets)?;
        }
        let parts = seal(stage, &id)?;
        expect(stage.organisation.link.counts().connections == 0, "something used the network")?;
        say::detail("Connections made so far: 0");
        Ok(Self { id, parts, secrets, photos })
    }

    /// The sealed lengths of all parts but the last to leave, and of that one.
    pub(super) fn last_and_others(&self) -> (u64, u64) {
        let total: u64 = self.parts.iter().map(|part| part.bytes).sum();
        let largest = |kind: &str| {
            let parts = self.parts.iter().filter(|part| part.kind == kind);
            parts.map(|part| part.bytes).max()
        };
        let last = largest("original").or_else(|| largest("medium")).unwrap_or(0);
        (last, total - last)
    }
}

/// Makes the photo that is used when the caller has none.
fn sample(stage: &Stage) -> Result<PathBuf> {
    let path = stage.folder.join("IMG_0417_lake.jpg");
    fs::write(&path, Photo::large(Exif::recent()).to_jpeg())?;
    Ok(path)
}

fn attach(
    stage: &Stage,
    id: &str,
    photo: &Path,
    taken_then: bool,
    secrets: &mut Vec<String>,
) -> Result {
    say::step(&format!("The parent adds a photo of {}", say::bytes(fs::metadata(photo)?.len())));
    let medium = as_it_can_be(stage, id, text(photo)?)?;
    let facts = &medium["facts"];
    let fact = |key: &str| facts.get(key).map(|value| format!("{key} {value}"));
    let told = ["taken_at", "offset", "latitude", "longitude", "make", "model"].map(fact);
    let told: Vec<String> = told.into_iter().flatten().collect();
    let told = if told.is_empty() { "nothing".into() } else { told.join(", ") };
    say::detail(&format!("The photo tells: {told}"));
    for removed in medium["removed"].as_array().into_iter().flatten() {
        let (what, bytes) = (in_words(word(&removed["kind"])), &removed["bytes"]);
        say::detail(&format!("Removed: {what} ({bytes} bytes)"));
    }
    say::detail(match word(&medium["copies"]) {
        "original" => "It can't be cleaned: the untouched file goes sealed, to the police alone.",
        _ => "Only the cleaned copy is kept, and it is encrypted.",
    });
    secrets.extend(
        ["taken_at", "model"].iter().filter_map(|key| facts[key].as_str()).map(str::to_owned),
    );
    secrets.extend(photo.file_name().map(|name| name.to_string_lossy().into_owned()));
    if taken_then {
        last_seen(stage, id, &medium["if_taken_when_last_seen"], secrets)?;
    }
    Ok(())
}

/// Photos answer the first question. A film, a recording and what can't be cleaned are attached
/// too, each as the phone's own refusals lead there.
fn as_it_can_be(stage: &Stage, id: &str, file: &str) -> Result<Value> {
    let calls: [&[&str]; 4] = [
        &[],
        &["--field", "attachments"],
        &["--original"],
        &["--field", "attachments", "--original"],
    ];
    let mut refused = Err("nothing was tried".into());
    for call in calls {
        match stage.phone.ask(&[&["attach", id, file], call].concat()) {
            Ok(medium) => return Ok(medium),
            Err(refusal) => refused = Err(refusal.into()),
        }
    }
    refused
}

/// The kinds of what was removed have plain names: `removed-maker-note`.
fn in_words(kind: &str) -> String {
    kind.trim_start_matches("removed-").replace('-', " ")
}

/// A photo may be years old: only the parent can say that it was taken when the child was last
/// seen.
fn last_seen(stage: &Stage, id: &str, offers: &Value, secrets: &mut Vec<String>) -> Result {
    say::detail("The parent says that it was taken when the child was last seen. So:");
    for (field, otherwise) in LAST_SEEN {
        let offered = offers.as_array().into_iter().flatten().find(|offer| offer["field"] == field);
        let answer =
            offered.map_or_else(|| otherwise.to_owned(), |offer| offer["answer"].to_string());
        stage.phone.ask(&["set", id, field, &answer])?;
        let source = if offered.is_some() { "from the photo" } else { "the photo does not tell" };
        say::detail(&format!("{field}: {answer}   ({source})"));
        secrets.push(answer);
    }
    Ok(())
}

fn seal(stage: &Stage, id: &str) -> Result<Vec<Part>> {
    say::step("Still with no network, the report is sealed");
    let shown = stage.phone.ask(&["show", id])?;
    let problems = shown["problems"].as_array().map_or(0, Vec::len);
    say::detail(&format!("Questions that are still open: {problems}"));
    let sealed = stage.phone.ask(&["send", id])?;
    let mut parts = Vec::new();
    for part in sealed["parts"].as_array().into_iter().flatten() {
        let audiences: Vec<&str> =
            part["audiences"].as_array().into_iter().flatten().map(word).collect();
        let audiences = audiences.join(" and ");
        let (kind, bytes) = (word(&part["kind"]).to_owned(), part["bytes"].as_u64().unwrap_or(0));
        say::detail(&format!("{kind:12} {bytes:>9} bytes, for {audiences} only"));
        parts.push(Part { kind, audiences, bytes });
    }
    let leads = parts.first().is_some_and(|part| part.kind == "first_minute");
    expect(leads, "the first minute does not lead")?;
    let offline = stage.phone.lines(&["run", "--network", "none"])?;
    let state = offline.last().map_or("?", |status| word(&status["state"]));
    let plan = stage.phone.ask(&["plan", "--network", "none"])?;
    let reason = word(&plan["waiting"][0]["reason"]);
    expect(state == "waiting", "the report does not wait")?;
    say::detail(&format!("The phone says: {state} ({reason})"));
    Ok(parts)
}

/// What the parent says. The child is invented.
const ANSWERS: [(&str, &str); 7] = [
    ("reporter_phone", "+49 30 5550 1234"),
    ("relation", "mother"),
    ("child_name", "Mia Beispiel"),
    ("child_age", "7"),
    ("sex", "female"),
    ("clothing", "red raincoat, yellow rubber boots"),
    ("dangers", "water_or_road"),
];

/// What the parent says if the photo does not tell.
const LAST_SEEN: [(&str, &str); 2] = [
    ("last_seen_time", "twenty minutes ago"),
    ("last_seen_place", "at the playground by the lake"),
];
