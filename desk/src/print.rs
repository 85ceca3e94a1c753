//! Prints for a person or, with `--json`, for a program. What is printed on standard output is
//! written out at once, because scripts wait for the line.

use std::fmt::Write as _;
use std::io::{self, Write};

use homeward_core::receipts::Proven;
use homeward_core::seal::{EarlierAnswer, RecallReason};
use homeward_desk::brand::{Built, Fault};
use homeward_desk::card::Card;
use homeward_desk::casebook::CaseState;
use homeward_desk::collect::Collected;
use homeward_desk::error::{Error, Result};
use homeward_desk::files::Written;
use homeward_desk::log::{Checked, Entry};
use homeward_desk::view::{Report, ReportSummary, ReporterSays};
use serde::Serialize;
use serde_json::{Value, json};

const NOT_COMPARED: &str =
    "NOT compared: call the organisation and compare the fingerprint, or give it with --key";

const UNREADABLE: &str = "its case does not read: put the backup of private/casebook.sqlite back";

/// How results are printed.
pub(crate) struct Printer {
    /// JSON only.
    pub(crate) json: bool,
}

impl Printer {
    /// Prints `json` or `text`.
    pub(crate) fn print(&self, json: &impl Serialize, text: &str) -> Result<()> {
        let mut out = io::stdout().lock();
        let written = if self.json {
            serde_json::to_writer(&mut out, json).map_err(io::Error::from)
        } else {
            out.write_all(text.trim_end().as_bytes())
        };
        written
            .and_then(|()| out.write_all(b"\n"))
            .and_then(|()| out.flush())
            .map_err(Error::io("print"))
    }

    /// A desk that was made.
    pub(crate) fn made(&self, card: &Card) -> Result<()> {
        let (name, fingerprint) = (&card.organisation.name, card.organisation.fingerprint());
        let fingerprint = fingerprint.to_string();
        let text = format!("made a desk for {}\nfingerprint {fingerprint}", plain(name));
        self.print(&json!({ "organisation": name, "fingerprint": fingerprint }), &text)
    }

    /// A pack that was built.
    pub(crate) fn pack(&self, built: &Built) -> Result<()> {
        let pack = &built.pack;
        let fingerprint = pack.organisation.fingerprint().to_string();
        let mut text = format!(
            "signed pack {} of {}\nfingerprint {fingerprint}",
            pack.sequence,
            plain(&pack.organisation.name)
        );
        if built.new_certificate {
            text += "\nthe server has a new certificate: restart `receive`";
        }
        let json = json!({
            "organisation": pack.organisation.name,
            "fingerprint": fingerprint,
            "sequence": pack.sequence,
            "expires_at_ms": pack.expires_at_ms,
            "new_certificate": built.new_certificate,
        });
        self.print(&json, &text)
    }

    /// What is wrong with a source; something to put right is a refusal.
    pub(crate) fn checked(&self, faults: &[Fault]) -> Result<()> {
        let lines: Vec<String> = faults.iter().map(|fault| plain(&fault.to_string())).collect();
        let text = if lines.is_empty() { "nothing is wrong".into() } else { lines.join("\n") };
        self.print(&json!({ "faults": lines }), &text)?;
        if lines.is_empty() { Ok(()) } else { Err(Error::Faults(lines.len())) }
    }

    /// What was collected.
    pub(crate) fn collected(&self, collected: &Collected) -> Result<()> {
        let mut text = String::new();
        for new in &collected.opened {
            let note = if new.conflict { ", another part has its id" } else { "" };
            let _ = writeln!(text, "opened {} of report {}{note}", new.kind.as_str(), new.report);
        }
        for refused in &collected.refused {
            let _ = writeln!(text, "{} upload {}", refused.reason, plain(&refused.upload));
        }
        for store in &collected.unreachable {
            let store = plain(&store.to_string_lossy());
            let _ =
                writeln!(text, "the mirror {store} can't be reached: look whether it is mounted");
        }
        for report in &collected.unreadable {
            let _ = writeln!(text, "report {}: {UNREADABLE}", plain(report));
        }
        let _ = write!(
            text,
            "{} opened, {} refused, {} receipts",
            collected.opened.len(),
            collected.refused.len(),
            collected.receipts
        );
        self.print(collected, &text)
    }

    /// All reports.
    pub(crate) fn list(&self, reports: &[ReportSummary]) -> Result<()> {
        let lines: Vec<String> = reports.iter().map(line).collect();
        let text = if lines.is_empty() { "no reports yet".into() } else { lines.join("\n") };
        self.print(&reports, &text)
    }

    /// One report.
    pub(crate) fn report(&self, report: &Report) -> Result<()> {
        let mut text = String::new();
        if let Some(says) = &report.summary.reporter_says {
            let _ = writeln!(text, "THE REPORTER SAYS: {}", claim(says));
        }
        text += &line(&report.summary);
        text.push('\n');
        for (field, answer) in &report.answers {
            let _ = writeln!(text, "  {field}: {}", plain(&words(answer)));
        }
        for EarlierAnswer { field, value } in &report.earlier {
            let _ = writeln!(
                text,
                "  {} (an earlier form): {}",
                plain(field),
                plain(&value.to_string())
            );
        }
        for medium in &report.media {
            let _ = writeln!(text, "  {}: {}", medium.field, plain(&medium.name));
        }
        for fork in &report.forks {
            let (count, version) = (fork.parts.len(), fork.version);
            let _ = writeln!(text, "  {count} versions {version} were written on from one parent:");
            for (part, answers) in fork.parts.iter().zip(&fork.answers) {
                for (field, answer) in answers {
                    let _ = writeln!(text, "    {part} {field}: {}", plain(&words(answer)));
                }
            }
        }
        for asked in &report.questions {
            let state = if asked.answered { "answered" } else { "no answer yet" };
            let _ = writeln!(text, "  asked ({state}): {}", plain(&asked.text));
        }
        for reply in &report.replies {
            let _ = writeln!(text, "  the reporter replied: {}", plain(&reply.text));
        }
        if let Some(hold) = &report.hold {
            let _ = writeln!(text, "  media held on the phone: {}", word(hold));
        }
        for part in &report.summary.parts {
            let (kind, state) = (part.kind.as_str(), word(&part.state));
            let _ = writeln!(text, "  part {} {kind} {} bytes, {state}", part.part, part.bytes);
        }
        match &report.receipt {
            Some(receipt) => {
                let (number, parts) = (receipt.sequence, receipt.opened.len());
                let _ = write!(text, "  receipt {number}: {parts} parts opened");
            }
            None => text += "  no receipt yet",
        }
        self.print(report, &text)
    }

    /// The log, an entry a line.
    pub(crate) fn log(&self, entries: &[Entry]) -> Result<()> {
        let lines = entries.iter().map(|entry| {
            let event = serde_json::to_value(&entry.event).unwrap_or_default();
            let mut line = format!("{} {}", entry.n, entry.at_ms);
            for (name, value) in event.as_object().into_iter().flatten() {
                let _ = write!(line, " {name}={}", plain(&words(value)));
            }
            line
        });
        let lines: Vec<String> = lines.collect();
        let text = if lines.is_empty() { "nothing was done yet".into() } else { lines.join("\n") };
        self.print(&entries, &text)
    }

    /// What a check of the log found.
    pub(crate) fn log_checked(&self, checked: &Checked) -> Result<()> {
        let mut text = String::new();
        for fault in &checked.faults {
            let _ = writeln!(text, "{fault}");
        }
        for report in &checked.unreadable {
            let _ = writeln!(text, "report {}: {UNREADABLE}; not compared", plain(report));
        }
        if checked.torn_bytes > 0 {
            let _ = writeln!(text, "a kill tore the last line; the next command mends it");
        }
        let whole = if checked.faults.is_empty() { "all in order" } else { "NOT whole" };
        let _ = write!(text, "{} entries, {whole}\nhead {}", checked.entries, checked.hash);
        self.print(checked, &text)
    }

    /// A proof that holds. `compared`: whether with a key that was known before.
    pub(crate) fn proven(&self, proven: &Proven, compared: bool) -> Result<()> {
        let Proven { receipt, key, named } = proven;
        let json = json!({
            "report": receipt.report, "sequence": receipt.sequence,
            "signed_at_ms": receipt.signed_at_ms, "opened": receipt.opened,
            "forwarded": receipt.forwarded, "missing": receipt.missing, "refused": receipt.refused,
            "log_head": receipt.log_head, "key": key, "compared": compared,
            "organisation": named.as_ref().map(|named| &named.organisation),
            "fingerprint": receipt.organisation,
            "holder": named.as_ref().map(|named| &named.holder),
        });
        let by = match named {
            Some(named) => format!(
                "the key of {}, named by the organisation that calls itself {}\nfingerprint {}",
                plain(&named.holder),
                plain(&named.organisation),
                named.fingerprint
            ),
            None => format!(
                "a key that this short proof does not say who named\nfor the organisation {}",
                receipt.organisation
            ),
        };
        let note = if compared { "which is the key given" } else { NOT_COMPARED };
        let text = format!(
            "receipt {} of report {} is genuine: {} parts opened, {} missing\nsigned by {by}\nkey {key}\n{note}",
            receipt.sequence,
            receipt.report,
            receipt.opened.len(),
            receipt.missing.len(),
        );
        self.print(&json, &text)
    }

    /// Files that were written.
    pub(crate) fn files(&self, written: &[Written]) -> Result<()> {
        let names: Vec<&str> = written.iter().map(|written| written.file.as_str()).collect();
        self.print(&json!({ "files": written }), &names.join("\n"))
    }
}

/// A line on standard error. Nobody is left to tell when that fails.
pub(crate) fn note(line: &str) {
    let _ = writeln!(io::stderr(), "{line}");
}

/// What strangers wrote must not steer the terminal that shows it.
fn plain(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
}

fn line(report: &ReportSummary) -> String {
    if report.state == CaseState::Unreadable {
        return format!("{} {}: {UNREADABLE}", report.report, word(&report.state));
    }
    let title = report.title.as_deref().unwrap_or("untitled");
    let form = report.form.as_deref().unwrap_or("no answers yet");
    let (state, parts) = (word(&report.state), report.parts.len());
    let (title, form) = (plain(title), plain(form));
    let says = report.reporter_says.as_ref();
    let says = says.map(|says| format!(" [the reporter says: {}]", claim(says)));
    let says = says.unwrap_or_default();
    format!("{} {state} v{} {form}: {title}, {parts} parts{says}", report.report, report.version)
}

/// What a recall claims. A claim is never a closure.
fn claim(says: &ReporterSays) -> String {
    let why = match says.why {
        RecallReason::Found => "the child was found",
        RecallReason::Withdrawn => "the report is withdrawn",
        RecallReason::Mistake => "the report was a mistake",
    };
    let went_on = if says.went_on { ", and the report went on afterwards" } else { "" };
    format!("{why} (not checked){went_on}")
}

/// An answer as text.
fn words(answer: &Value) -> String {
    answer.as_str().map_or_else(|| answer.to_string(), str::to_owned)
}

/// A state as its word in JSON.
fn word(state: &impl Serialize) -> String {
    match serde_json::to_value(state) {
        Ok(Value::String(word)) => word,
        _ => String::new(),
    }
}
