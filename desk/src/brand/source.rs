//! `brand.toml`: what an organisation writes by hand. Every fault names the line, and an unknown
//! word is a fault: a misspelt setting must not be a setting that silently does nothing.

use std::fmt;

use homeward_core::brand::{Deadlines, NetworkPolicy, RecipientState};
use homeward_core::forms::Audience;
use homeward_core::seal;
use serde::Deserialize;

use super::place::{Place, ServerSource, places};
use crate::card::{MAX_NAME, is_name};

/// The source's file.
pub const FILE: &str = "brand.toml";

/// What is wrong with a source, for the person who wrote it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The file, within the source's folder.
    file: String,
    /// The line, from 1; 0 where no line alone is to blame.
    line: usize,
    what: String,
}

impl Fault {
    /// One that no line alone is to blame for.
    pub(super) fn of_the_whole(what: String) -> Self {
        Self::in_file(FILE, what)
    }

    /// One in a file of the source; what is wrong names the place in it.
    pub(super) fn in_file(file: &str, what: String) -> Self {
        Self { file: file.to_owned(), line: 0, what }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            0 => write!(f, "{}: {}", self.file, self.what),
            line => write!(f, "{}, line {line}: {}", self.file, self.what),
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    organisation: OrganisationSource,
    server: toml::Spanned<ServerSource>,
    #[serde(default)]
    mirror: Vec<toml::Spanned<ServerSource>>,
    #[serde(default)]
    deadlines: Option<toml::Spanned<Deadlines>>,
    #[serde(default)]
    network: NetworkPolicy,
    pack: PackSource,
    #[serde(default)]
    recipient: Vec<toml::Spanned<RecipientSource>>,
}

/// A source that was read and checked.
pub(super) struct Source {
    pub(super) organisation: OrganisationSource,
    /// The server, then the mirrors.
    pub(super) places: Vec<Place>,
    pub(super) deadlines: Deadlines,
    pub(super) network: NetworkPolicy,
    pub(super) pack: PackSource,
    pub(super) recipient: Vec<RecipientSource>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct OrganisationSource {
    pub(super) name: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PackSource {
    pub(super) valid_days: u16,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RecipientSource {
    pub(super) audience: Audience,
    pub(super) recipient: String,
    pub(super) holder: String,
    #[serde(default)]
    pub(super) state: RecipientState,
}

impl Source {
    /// Reads a source, or tells all that is wrong with it, in the order of its lines.
    pub(super) fn parse(text: &str) -> Result<Self, Vec<Fault>> {
        let mut faults = Faults::in_text(text);
        let raw: Raw = toml::from_str(text).map_err(|error| {
            let at = error.span().map_or(0, |span| span.start);
            faults.at(at, error.message().replace('\n', ", "));
            faults.take()
        })?;
        let name = raw.organisation.name.trim();
        if !is_name(name) {
            faults.near(0, "name", format!("name has 1 to {MAX_NAME} characters"));
        }
        let places = places(raw.server, raw.mirror, &mut faults);
        let deadlines = deadlines(raw.deadlines, &mut faults);
        if raw.pack.valid_days == 0 {
            faults.near(0, "valid_days", "valid_days is at least 1".into());
        }
        for recipient in &raw.recipient {
            if seal::recipient(&recipient.get_ref().recipient).is_none() {
                let what = "recipient is an age recipient, which begins with age1";
                faults.at(recipient.span().start, what.into());
            }
        }
        let found = faults.take();
        if !found.is_empty() {
            return Err(found);
        }
        Ok(Self {
            organisation: OrganisationSource { name: name.to_owned() },
            places,
            deadlines,
            network: raw.network,
            pack: raw.pack,
            recipient: raw.recipient.into_iter().map(toml::Spanned::into_inner).collect(),
        })
    }
}

fn deadlines(source: Option<toml::Spanned<Deadlines>>, faults: &mut Faults<'_>) -> Deadlines {
    let Some(source) = source else { return Deadlines::default() };
    let most = Deadlines::MAX_RECEIPT_MINUTES;
    if !(1..=most).contains(&source.get_ref().receipt_minutes) {
        faults.at(source.span().start, format!("receipt_minutes is 1 to {most}"));
    }
    source.into_inner()
}

/// What was found wrong so far.
pub(super) struct Faults<'a> {
    text: &'a str,
    found: Vec<Fault>,
}

impl<'a> Faults<'a> {
    fn in_text(text: &'a str) -> Self {
        Self { text, found: Vec::new() }
    }

    /// A fault at a place in the text.
    pub(super) fn at(&mut self, at: usize, what: String) {
        let before = &self.text.as_bytes()[..at.min(self.text.len())];
        let line = 1 + before.iter().filter(|byte| **byte == b'\n').count();
        self.found.push(Fault { file: FILE.into(), line, what });
    }

    /// A fault at the first setting called `word` from `start` on.
    pub(super) fn near(&mut self, start: usize, word: &str, what: String) {
        let mut found = 0;
        let mut at = start;
        for line in self.text.get(start..).unwrap_or_default().split_inclusive('\n') {
            let rest = line.trim_start();
            if rest.strip_prefix(word).is_some_and(|rest| rest.starts_with([' ', '=', '.', '"'])) {
                found = at;
                break;
            }
            at += line.len();
        }
        self.at(found.max(start), what);
    }

    fn take(&mut self) -> Vec<Fault> {
        let mut found = std::mem::take(&mut self.found);
        found.sort_by_key(|fault| fault.line);
        found
    }
}

/// An example that builds as it stands.
pub(super) fn example(name: &str) -> String {
    let name = toml::Value::String(name.to_owned());
    format!(
        r#"# What phones learn about your organisation. Build it with
#   homeward-desk --home DIR brand build THIS-FOLDER pack.homeward

[organisation]
# As people know it; shown before anything is sent.
name = {name}

[server]
# Where `receive` can be reached from outside.
url = "https://localhost:8443"
# anchors: the desk's own certificate, made by `init`. public: a certificate of the public web,
# which a proxy in front of `receive` shows.
trust = "anchors"
# The keys that the server may have, whatever certificate it shows: its own and a backup that lies
# safe elsewhere. After valid_days phones go by the certificate alone. The hash of a key:
#   openssl pkey -in KEY.pem -pubout -outform der | openssl dgst -sha256 -binary | base64
# pins = {{ sha256 = ["...", "..."], valid_days = 180 }}

# A second `receive` elsewhere, for when nobody opens a report in time; `collect --store` reads what
# it takes. It shows this desk's token and a certificate of its authority, unless a token and an
# anchor of its own are named here.
#
# [[mirror]]
# url = "https://mirror.example"
# trust = "anchors"
# token = "..."
# anchor = "mirror-ca.pem"

[deadlines]
# So many minutes after a report was sent somebody should have opened it. Then it also goes to the
# mirrors, and the person is told that nobody has opened it yet, and to call.
receipt_minutes = 60

[network]
# true: photos and videos also leave over networks that cost the person money. Words always do.
metered_media = false

[pack]
# After so many days phones show the pack as old. They go on sealing and sending.
valid_days = 365

# The desk and its recovery key can open what goes to the organisation and to the police. Somebody
# else who should be able to, with an age recipient of their own:
#
# [[recipient]]
# audience = "police"
# recipient = "age1..."
# holder = "Missing persons unit"
# state = "active"   # retired: nothing new is sealed to it. lost, compromised: nothing leaves that
#                    # is sealed to it. Also for a recipient of the desk itself.
"#
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(change: impl Fn(String) -> String) -> String {
        match Source::parse(&change(example("Example"))) {
            Ok(_) => panic!("no fault"),
            Err(faults) => faults[0].to_string(),
        }
    }

    #[test]
    fn the_example_reads_whatever_the_organisation_is_called() {
        for name in ["Example", "Kinder \"Ü\" \\ Söhne", "子ども", "a\nb"] {
            assert_eq!(Source::parse(&example(name)).unwrap().organisation.name, name);
        }
    }

    #[test]
    fn a_misspelt_setting_is_a_fault_with_its_line() {
        let told = fault(|text| text.replace("valid_days =", "valid_day ="));
        assert!(told.starts_with("brand.toml, line 40: "), "{told}");
    }

    #[test]
    fn a_server_without_tls_or_with_a_path_is_a_fault_with_its_line() {
        for url in ["http://localhost:8443", "https://a.example/x", "localhost", "https://u@h", ""]
        {
            let told = fault(|text| text.replace("https://localhost:8443", url));
            assert!(told.starts_with("brand.toml, line 10: url is"), "{url}: {told}");
        }
    }

    #[test]
    fn a_recipient_that_age_does_not_know_is_a_fault_with_its_line() {
        let more =
            "\n[[recipient]]\naudience = \"police\"\nrecipient = \"age1x\"\nholder = \"P\"\n";
        let told = fault(|text| text + more);
        assert!(told.contains("age recipient") && told.ends_with("begins with age1"), "{told}");
    }

    #[test]
    fn all_faults_are_told_each_with_its_line() {
        let text = example("Example")
            .replace("https://localhost:8443", "http://localhost")
            .replace("receipt_minutes = 60", "receipt_minutes = 0")
            .replace("valid_days = 365", "valid_days = 0");
        let Err(faults) = Source::parse(&text) else { panic!("no fault") };
        let lines: Vec<usize> = faults.iter().map(|fault| fault.line).collect();
        let line_of =
            |word: &str| 1 + text.lines().position(|line| line.starts_with(word)).unwrap();
        assert_eq!(lines, [line_of("url"), line_of("[deadlines]"), line_of("valid_days")]);
    }

    #[test]
    fn pins_without_a_backup_or_a_mirror_at_the_same_place_are_faults_with_their_lines() {
        let one = "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=";
        let pins = |hashes: &str| {
            let pins =
                format!("trust = \"anchors\"\npins = {{ sha256 = [{hashes}], valid_days = 9 }}");
            move |text: String| text.replacen("trust = \"anchors\"", &pins, 1)
        };
        let told = fault(pins(&format!("\"{one}\"")));
        assert!(told.starts_with("brand.toml, line 14: pins.sha256"), "{told}");
        let two = one.replace("AQE=", "AQI=");
        let both = pins(&format!("\"{one}\", \"{two}\""))(example("Example"));
        assert!(Source::parse(&both).unwrap().places[0].source.pins.is_some());

        let mirror = |url: &str| format!("\n[[mirror]]\nurl = \"{url}\"\ntrust = \"public\"\n");
        let text = example("Example") + &mirror("https://m.example");
        assert_eq!(Source::parse(&text).unwrap().places[1].host, "m.example");
        let last = text.lines().count();
        let told = fault(|text| text + &mirror("https://LOCALHOST:8443/"));
        assert_eq!(
            told,
            format!("brand.toml, line {}: each mirror has an url of its own", last - 1)
        );
    }
}
