//! `facts` and `scrub`: what the media room does, on files, without a home.

use std::fs::{self, File};
use std::io;
use std::path::Path;

use homeward_core::{Refusal, media};
use serde_json::json;

use crate::json::facts_json;
use crate::output::{Output, Problem};

pub(crate) fn facts(file: &Path, output: &Output) -> Result<(), Problem> {
    let facts = media::facts(&open(file)?)?;
    let json = facts_json(&facts);
    output.tell(&json, || match json.as_object() {
        Some(facts) if !facts.is_empty() => facts
            .iter()
            .map(|(key, value)| format!("{key}: {value}"))
            .collect::<Vec<_>>()
            .join("\n"),
        _ => "The file tells nothing about when, where or with what it was taken.".into(),
    })
}

/// Writes the copy beside its place first: an interrupted scrub leaves no half file.
pub(crate) fn scrub(input: &Path, to: &Path, output: &Output) -> Result<(), Problem> {
    let source = open(input)?;
    let plan = media::scrub(&source)?;
    let partial = to.with_extension("partial");
    let written = File::create(&partial)
        .and_then(|mut file| io::copy(&mut plan.reader(&source), &mut file))
        .and_then(|bytes| fs::rename(&partial, to).map(|()| bytes));
    let bytes_out = written.map_err(|error| {
        let _ = fs::remove_file(&partial);
        homeward_core::Error::from(error)
    })?;
    let json = json!({
        "format": plan.format.extension(),
        "removed": plan.manifest.removed,
        "remaining": plan.manifest.remaining,
        "broken": plan.manifest.broken,
        "bytes_in": media::ReadAt::len(&source),
        "bytes_out": bytes_out,
    });
    output.tell(&json, || crate::json::removed_in_words(&plan.manifest))
}

fn open(path: &Path) -> Result<File, Problem> {
    File::open(path).map_err(|_| Problem::Core(Refusal::MediaUnreadable.into()))
}
