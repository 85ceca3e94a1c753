//! What travelled, and what a server could see of it.

use std::collections::BTreeMap;

use homeward_tests::canary::{Canaries, Found};

use super::report::Report;
use super::{Stage, expect};
use crate::process::Result;
use crate::say;

/// Prints both, and looks for every secret in all that a server could see.
pub(super) fn of_the_server(stage: &Stage, report: &Report) -> Result {
    say::step("What travelled");
    for part in &report.parts {
        let (kind, bytes, audiences) = (&part.kind, part.bytes, &part.audiences);
        say::detail(&format!("{kind:12} {bytes:>9} bytes, sealed for {audiences}"));
    }
    let counts = stage.organisation.link.counts();
    let (up, down, connections) = (counts.up, counts.down, counts.connections);
    say::detail(&format!("On the wire: {up} bytes up, {down} down, {connections} connections."));

    say::step("What a server could see");
    let mut seen: BTreeMap<String, u32> = BTreeMap::new();
    let requests = stage.organisation.recorder.requests();
    for request in &requests {
        let place = request.path.split('/').nth(1).unwrap_or("");
        *seen.entry(format!("{} /{place}/...", request.method)).or_default() += 1;
    }
    for (request, times) in seen {
        say::detail(&format!("{times:>3} x {request}"));
    }
    let mut headers: Vec<&str> =
        requests.iter().flat_map(|it| &it.head.headers).map(|(name, _)| name.as_str()).collect();
    headers.sort_unstable();
    headers.dedup();
    say::detail(&format!("Headers: {}", headers.join(", ")));
    say::detail("Metadata: a random part id. Sizes are padded; the number of parts shows.");
    nothing_else(stage, report)
}

fn nothing_else(stage: &Stage, report: &Report) -> Result {
    let words = report.secrets.iter().map(String::as_str);
    // A photo may be called `1.jpg`, which ciphertext says by chance.
    let (words, short): (Vec<&str>, Vec<&str>) =
        words.partition(|word| Canaries::is_findable(word));
    for word in short {
        say::detail(&format!("Not searched, since so short a word is found by chance: {word}"));
    }
    let canaries = Canaries::words(&words);
    let seen = stage.organisation.server_view()?;
    let looked = seen.iter().map(|bytes| bytes.len() as u64).sum();
    let found: Vec<Found> = seen.iter().flat_map(|bytes| canaries.find(bytes)).collect();
    say::detail(&format!(
        "Searched {} of requests, answers and stored files for {} words: found {}.",
        say::bytes(looked),
        words.len(),
        found.len()
    ));
    expect(found.is_empty(), "a server could have read something of the report")
}
