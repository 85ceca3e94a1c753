//! The desk opens what has come, twice: the first minute while the photo is on its way, and
//! everything at the end. Then the phone learns of it.

use std::fs;
use std::path::Path;

use homeward_tests::programs::text;
use serde_json::Value;

use super::report::Report;
use super::{Stage, expect, word};
use crate::process::Result;
use crate::say;

/// While the photo is incomplete the desk has opened the first minute.
pub(super) fn first_minute(stage: &Stage, report: &Report) -> Result {
    say::step("The desk opens what is there: the first minute came first");
    let sizes: Vec<u64> =
        stage.organisation.uploads()?.iter().map(|upload| upload.length).collect();
    expect(
        sizes.first() == Some(&report.parts[0].bytes),
        "something came before the first minute",
    )?;
    let collected = stage.organisation.desk.ask(&["collect"])?;
    let opened: Vec<&str> = list(&collected["opened"]).map(|part| word(&part["kind"])).collect();
    let refused: Vec<&str> =
        list(&collected["refused"]).map(|part| word(&part["reason"])).collect();
    say::detail(&format!("Opened: {}. Not yet: {}.", opened.join(", "), refused.join(", ")));
    expect(opened.contains(&"first_minute"), "the first minute is not there")?;
    expect(refused == ["refused-incomplete"], "the photo should be incomplete")?;
    let shown = stage.organisation.desk.ask(&["show", &report.id])?;
    for field in ["child_name", "last_seen_place", "clothing"] {
        say::detail(&format!("{field}: {}", shown["answers"][field]));
    }
    Ok(())
}

/// The desk opens, verifies and writes out the rest.
pub(super) fn everything(stage: &Stage, report: &Report) -> Result {
    say::step("The desk opens the rest, checks every hash and signature, signs a receipt");
    let collected = stage.organisation.desk.ask(&["collect"])?;
    expect(list(&collected["refused"]).next().is_none(), "the desk refused a part")?;
    expect(collected["receipts"] == 1, "the desk signed no receipt")?;
    let shown = stage.organisation.desk.ask(&["show", &report.id])?;
    let parts: Vec<&Value> = list(&shown["parts"]).collect();
    let opened = parts.iter().filter(|part| part["state"] == "opened").count();
    expect(opened == report.parts.len(), "the desk has not opened every part")?;
    say::detail(&format!("{opened} of {} parts opened and found whole.", parts.len()));
    let count = list(&stage.organisation.desk.ask(&["list"])?).count();
    expect(count == 1, "the desk should have exactly one report")?;
    same_photos(stage, report)
}

/// What the desk has is to the byte what the phone's own `scrub` makes of the photo.
fn same_photos(stage: &Stage, report: &Report) -> Result {
    let folder = stage.folder.join("files");
    let written = stage.organisation.desk.ask(&["files", &report.id, "--to", text(&folder)?])?;
    let names = list(&written["files"]).map(|file| word(&file["file"]));
    let is_medium = |name: &&str| STEMS.iter().any(|stem| name.starts_with(stem));
    let photos: Vec<&str> = names.filter(is_medium).collect();
    expect(photos.len() == report.photos.len(), "the desk has another number of photos")?;
    for (number, photo) in report.photos.iter().enumerate() {
        let numbered = format!("-{}.", number + 1);
        let name = photos.iter().find(|name| name.contains(&numbered));
        let name = name.ok_or("a photo is missing at the desk")?;
        let (wanted, what) = if name.starts_with("original-") {
            (fs::read(photo)?, "the untouched file")
        } else {
            (clean(stage, photo)?, "the phone's clean copy")
        };
        expect(fs::read(folder.join(name))? == wanted, "a photo changed on its way")?;
        say::detail(&format!("{name}: {} bytes, the same as {what}.", wanted.len()));
    }
    Ok(())
}

fn clean(stage: &Stage, photo: &Path) -> Result<Vec<u8>> {
    let path = stage.folder.join("clean");
    stage.phone.ask(&["scrub", text(photo)?, text(&path)?])?;
    let bytes = fs::read(&path)?;
    fs::remove_file(path)?;
    Ok(bytes)
}

/// What the files of media are called, by what they are.
const STEMS: [&str; 4] = ["photo-", "video-", "recording-", "original-"];

/// The phone fetches and verifies the receipt.
pub(super) fn receipt(stage: &Stage, report: &Report) -> Result {
    say::step("The phone fetches the receipt and verifies it");
    stage.phone.lines(&["run"])?;
    let status = stage.phone.ask(&["status", &report.id])?;
    let status = &status[0];
    expect(status["receipt_problem"].is_null(), "the phone does not believe the receipt")?;
    expect(status["state"] == "opened", "the phone does not say that the report was opened")?;
    let (sequence, state) = (&status["receipt"]["sequence"], word(&status["state"]));
    say::detail(&format!("Receipt {sequence} was signed by a key that the pack names."));
    say::detail(&format!("The phone says: {state} by the organisation."));
    Ok(())
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}
