//! Prints for a person or, with `--json`, for a program. What is printed on standard output is
//! written out at once, because scripts wait for the line.

use std::fmt::Write as _;
use std::io::{self, Write};

use homeward_desk::brand::{Built, Fault};
use homeward_desk::collect::Collected;
use homeward_desk::error::{Error, Result};
use homeward_desk::files::Written;
use homeward_desk::view::{Report, ReportSummary};
use serde::Serialize;
use serde_json::{Value, json};

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
        let mut text = line(&report.summary) + "\n";
        for (field, answer) in &report.answers {
            let answer = answer.as_str().map_or_else(|| answer.to_string(), str::to_owned);
            let _ = writeln!(text, "  {field}: {}", plain(&answer));
        }
        for medium in &report.media {
            let _ = writeln!(text, "  {}: {}", medium.field, plain(&medium.name));
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
pub(crate) fn plain(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
}

fn line(report: &ReportSummary) -> String {
    let title = report.title.as_deref().unwrap_or("untitled");
    let form = report.form.as_deref().unwrap_or("no answers yet");
    let (state, parts) = (word(&report.state), report.parts.len());
    let (title, form) = (plain(title), plain(form));
    format!("{} {state} v{} {form}: {title}, {parts} parts", report.report, report.version)
}

/// A state as its word in JSON.
fn word(state: &impl Serialize) -> String {
    match serde_json::to_value(state) {
        Ok(Value::String(word)) => word,
        _ => String::new(),
    }
}
