//! `brand.toml`: what an organisation writes by hand. Every fault names the line, and an unknown
//! word is a fault: a misspelt setting must not be a setting that silently does nothing.

use std::fmt;

use axum::http::Uri;
use homeward_core::forms::Audience;
use serde::Deserialize;

/// The source's file.
pub const FILE: &str = "brand.toml";

/// The longest name that fits on a phone's screen, by far.
const MAX_NAME: usize = 200;

/// What is wrong with a source, for the person who wrote it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    line: usize,
    what: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{FILE}, line {}: {}", self.line, self.what)
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    organisation: OrganisationSource,
    server: ServerSource,
    pack: PackSource,
    #[serde(default)]
    recipient: Vec<toml::Spanned<RecipientSource>>,
}

/// A source that was read and checked.
pub(super) struct Source {
    pub(super) organisation: OrganisationSource,
    pub(super) server: ServerSource,
    /// The host of the server's URL.
    pub(super) host: String,
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
pub(super) struct ServerSource {
    pub(super) url: String,
    pub(super) trust: TrustSource,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum TrustSource {
    Public,
    Anchors,
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
}

impl Source {
    /// Reads a source; the first fault ends it.
    pub(super) fn parse(text: &str) -> Result<Self, Fault> {
        let line_of = |at: usize| 1 + text[..at.min(text.len())].matches('\n').count();
        let raw: Raw = toml::from_str(text).map_err(|error| {
            let at = error.span().map_or(0, |span| span.start);
            Fault { line: line_of(at), what: error.message().replace('\n', ", ") }
        })?;
        let near = |word: &str| line_of(text.find(word).unwrap_or(0));

        let name = raw.organisation.name.trim();
        if name.is_empty() || name.chars().count() > MAX_NAME {
            let what = format!("name has 1 to {MAX_NAME} characters");
            return Err(Fault { line: near("name"), what });
        }
        let host = host_of(&raw.server.url).ok_or_else(|| Fault {
            line: near("url"),
            what: "url is https://HOST or https://HOST:PORT, without a path".into(),
        })?;
        if raw.pack.valid_days == 0 {
            let what = "valid_days is at least 1".into();
            return Err(Fault { line: near("valid_days"), what });
        }
        for recipient in &raw.recipient {
            if recipient.get_ref().recipient.parse::<age::x25519::Recipient>().is_err() {
                let what = "recipient is an age recipient, which begins with age1".into();
                return Err(Fault { line: line_of(recipient.span().start), what });
            }
        }
        Ok(Self {
            organisation: OrganisationSource { name: name.to_owned() },
            server: ServerSource {
                url: raw.server.url.trim_end_matches('/').to_owned(),
                trust: raw.server.trust,
            },
            host,
            pack: raw.pack,
            recipient: raw.recipient.into_iter().map(toml::Spanned::into_inner).collect(),
        })
    }
}

fn host_of(url: &str) -> Option<String> {
    let uri: Uri = url.parse().ok()?;
    let plain = uri.scheme_str() == Some("https")
        && uri.path() == "/"
        && uri.query().is_none()
        && !uri.authority()?.as_str().contains('@');
    let host = uri.host()?.trim_start_matches('[').trim_end_matches(']');
    (plain && !host.is_empty()).then(|| host.to_owned())
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
"#
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(change: impl Fn(String) -> String) -> String {
        match Source::parse(&change(example("Example"))) {
            Ok(_) => panic!("no fault"),
            Err(fault) => fault.to_string(),
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
        assert!(told.starts_with("brand.toml, line 17: "), "{told}");
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
    fn hosts_are_found_in_any_form_of_address() {
        for (url, host) in [
            ("https://desk.example.org", "desk.example.org"),
            ("https://127.0.0.1:8443", "127.0.0.1"),
            ("https://[::1]:8443/", "::1"),
        ] {
            assert_eq!(host_of(url).as_deref(), Some(host));
        }
    }

    #[test]
    fn a_recipient_that_age_does_not_know_is_a_fault_with_its_line() {
        let more =
            "\n[[recipient]]\naudience = \"police\"\nrecipient = \"age1x\"\nholder = \"P\"\n";
        let told = fault(|text| text + more);
        assert!(told.contains("age recipient") && told.starts_with("brand.toml, line 2"), "{told}");
    }
}
