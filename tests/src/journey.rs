//! A report on its way, for tests: a phone that is paired, a report with answers and a photo.

use std::fs;
use std::path::{Path, PathBuf};

use fault_proxy::Faults;
use fault_proxy::front::Plan;
use serde_json::Value;
use tempfile::TempDir;

use crate::organisation::Organisation;
use crate::photo::Photo;
use crate::programs::{Program, Programs, Running, text};

/// An organisation and a phone that is paired with it, in a folder of their own.
pub struct Journey {
    /// Where everything lies. Goes when this is dropped.
    pub folder: TempDir,
    /// The organisation.
    pub organisation: Organisation,
    /// The phone.
    pub phone: Program,
}

/// A report that was sent.
#[derive(Clone, Debug)]
pub struct Sent {
    /// Its id.
    pub id: String,
    /// Each part's id and kind, in the order of sealing.
    pub parts: Vec<(String, String)>,
    /// Ciphertext bytes, all parts.
    pub bytes: u64,
}

impl Journey {
    /// Begins; the network does `faults`.
    #[must_use]
    pub fn begin(faults: Faults) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let programs = Programs::ready();
        let organisation = Organisation::open(programs, folder.path(), faults).unwrap();
        Self::with(folder, organisation)
    }

    /// Begins; a front does to requests what `plan` says.
    #[must_use]
    pub fn begin_behind(plan: Plan) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let programs = Programs::ready();
        let organisation = Organisation::open_behind(programs, folder.path(), plan).unwrap();
        Self::with(folder, organisation)
    }

    fn with(folder: TempDir, organisation: Organisation) -> Self {
        let programs = Programs::ready();
        let phone = programs.phone(folder.path().join("phone"));
        let journey = Self { folder, organisation, phone };
        journey.pair(&journey.phone);
        journey
    }

    /// Pairs a phone.
    pub fn pair(&self, phone: &Program) {
        phone.ask(&["pair", text(&self.organisation.pack).unwrap()]).unwrap();
    }

    /// Writes a photo's file.
    #[must_use]
    pub fn photo(&self, name: &str, photo: &Photo) -> PathBuf {
        let path = self.folder.path().join(name);
        fs::write(&path, photo.to_jpeg()).unwrap();
        path
    }

    /// A draft with these answers.
    #[must_use]
    pub fn draft(&self, answers: &[(&str, &str)]) -> String {
        let id = string(&self.phone.ask(&["new", "missing_child"]).unwrap()["id"]);
        for (field, answer) in answers {
            self.phone.ask(&["set", &id, field, answer]).unwrap();
        }
        id
    }

    /// A report with these answers and a photo, sealed and queued.
    #[must_use]
    pub fn send(&self, answers: &[(&str, &str)], photo: &Path) -> Sent {
        let id = self.draft(answers);
        self.phone.ask(&["attach", &id, text(photo).unwrap()]).unwrap();
        let sealed = self.phone.ask(&["send", &id]).unwrap();
        let parts = sealed["parts"].as_array().unwrap();
        let bytes = parts.iter().map(|part| part["bytes"].as_u64().unwrap()).sum();
        let parts = parts.iter().map(|part| (string(&part["part"]), string(&part["kind"])));
        Sent { id, parts: parts.collect(), bytes }
    }

    /// Lets the phone send what is due, and gives the report's status then.
    #[must_use]
    pub fn run(&self, id: &str) -> Value {
        self.phone.lines(&["run", "--for", "120"]).unwrap();
        self.status(id)
    }

    /// Starts to send.
    #[must_use]
    pub fn start_run(&self) -> Running {
        self.phone.start(&["run", "--for", "120"]).unwrap()
    }

    /// How far a report is, as the phone says it.
    #[must_use]
    pub fn status(&self, id: &str) -> Value {
        self.phone.ask(&["status", id]).unwrap()[0].take()
    }

    /// Sends, collects and fetches the receipt; the report must end as opened.
    pub fn bring_home(&self, sent: &Sent) {
        let status = self.run(&sent.id);
        assert_eq!(status["state"], "stored", "{status:#}");
        self.organisation.desk.ask(&["collect"]).unwrap();
        let status = self.run(&sent.id);
        assert_eq!(status["state"], "opened", "{status:#}");
        let shown = self.organisation.desk.ask(&["show", &sent.id]).unwrap();
        let parts = shown["parts"].as_array().unwrap();
        let opened = |part: &&Value| part["state"] == "opened";
        assert_eq!(parts.iter().filter(opened).count(), sent.parts.len(), "{shown:#}");
        assert_eq!(parts.len(), sent.parts.len(), "a part twice, or one too many: {shown:#}");
    }

    /// Lets the phone run until each of `reports` is `state`, or opened. How often is bounded, not
    /// how long.
    ///
    /// # Panics
    /// They do not come to that.
    pub fn run_until(&self, reports: &[&str], state: &str) {
        for _ in 0..MOST_RUNS {
            self.phone.lines(&["run", "--for", "30"]).unwrap();
            let status = self.phone.ask(&["status"]).unwrap();
            let there = |id: &&str| {
                let found = status.as_array().unwrap().iter().find(|report| report["id"] == **id);
                found.is_some_and(|report| report["state"] == state || report["state"] == "opened")
            };
            if reports.iter().all(there) {
                return;
            }
        }
        panic!("not {state}: {:#}", self.phone.ask(&["status"]).unwrap());
    }

    /// Whether the desk has opened each part that the phone has sealed of a report, once.
    ///
    /// # Panics
    /// It has not; the message says so after `told`.
    pub fn each_part_is_there_once(&self, report: &str, told: &str) {
        let sealed = part_ids(&self.status(report)["parts"]);
        let shown = self.organisation.desk.ask(&["show", report]).unwrap();
        assert_eq!(part_ids(&shown["parts"]), sealed, "{told}: each part once: {shown:#}");
        let parts = shown["parts"].as_array().unwrap();
        assert!(parts.iter().all(|part| part["state"] == "opened"), "{told}: {shown:#}");
    }

    /// How many reports the desk has.
    #[must_use]
    pub fn reports_at_the_desk(&self) -> usize {
        self.organisation.desk.ask(&["list"]).unwrap().as_array().unwrap().len()
    }
}

impl Sent {
    /// The part of a kind.
    ///
    /// # Panics
    /// There is none.
    #[must_use]
    pub fn part(&self, kind: &str) -> &str {
        &self.parts.iter().find(|(_, of)| of == kind).unwrap().0
    }
}

/// The ids of parts, in order.
///
/// # Panics
/// These are none.
#[must_use]
pub fn part_ids(parts: &Value) -> Vec<String> {
    let mut ids: Vec<_> =
        parts.as_array().unwrap().iter().map(|part| string(&part["part"])).collect();
    ids.sort();
    ids
}

/// A JSON string.
///
/// # Panics
/// It is none.
#[must_use]
pub fn string(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

/// What a phone says of one part.
///
/// # Panics
/// The report has no such part.
#[must_use]
pub fn part<'a>(status: &'a Value, id: &str) -> &'a Value {
    let parts = status["parts"].as_array().unwrap();
    parts.iter().find(|part| part["part"] == id).unwrap()
}

/// Answers that hold no secret.
pub const ANSWERS: [(&str, &str); 3] =
    [("child_name", "Mia Beispiel"), ("child_age", "7"), ("clothing", "red raincoat")];

/// A phone waits seconds after some accidents, and a run ends before.
const MOST_RUNS: u32 = 60;
