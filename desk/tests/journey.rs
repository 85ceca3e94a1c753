//! The core's own phone and this desk: from a pack to a receipt that the phone believes.

mod common;

use std::sync::{Arc, Mutex, MutexGuard};

use common::Desk;
use homeward_core::forms::{Answer, FieldId, FormId};
use homeward_core::net::Pacing;
use homeward_core::queue::{Budget, Conditions, Listener, ReportState, ReportStatus, RunEnd};
use homeward_core::vault::{DeviceKey, DeviceKeyError, KeySlot};
use homeward_core::{Homeward, Options, ReportId, Scope, SendWhen, SystemClock};
use serde_json::json;

type Kept = Vec<(KeySlot, Vec<u8>)>;

/// Keeps what it wraps: enough for a device whose key is never stolen.
#[derive(Default)]
struct Keeper(Mutex<Kept>);

impl Keeper {
    fn kept(&self) -> Result<MutexGuard<'_, Kept>, DeviceKeyError> {
        self.0.lock().map_err(|_| DeviceKeyError::Failed)
    }
}

impl DeviceKey for Keeper {
    fn wrap(&self, slot: KeySlot, key: &[u8]) -> Result<Vec<u8>, DeviceKeyError> {
        let mut kept = self.kept()?;
        kept.push((slot, key.to_vec()));
        Ok(vec![kept.len() as u8 - 1])
    }

    fn open(&self, slot: KeySlot, wrapped: &[u8]) -> Result<Vec<u8>, DeviceKeyError> {
        let [at] = wrapped else { return Err(DeviceKeyError::Failed) };
        match self.kept()?.get(usize::from(*at)) {
            Some((kept, key)) if *kept == slot => Ok(key.clone()),
            _ => Err(DeviceKeyError::Gone),
        }
    }

    fn delete(&self, slot: KeySlot) -> Result<(), DeviceKeyError> {
        // Places must stay: a key that is gone is an empty one.
        self.kept()?.iter_mut().filter(|kept| kept.0 == slot).for_each(|kept| kept.1.clear());
        Ok(())
    }

    fn delete_all(&self) -> Result<(), DeviceKeyError> {
        self.kept()?.iter_mut().for_each(|kept| kept.1.clear());
        Ok(())
    }
}

struct Quiet;

impl Listener for Quiet {
    fn on_change(&self, _: &ReportStatus) {}
}

struct Phone {
    core: Homeward,
    _home: tempfile::TempDir,
}

impl Phone {
    fn new() -> Result<Self, Box<dyn std::error::Error>> {
        let home = tempfile::tempdir()?;
        let core = Homeward::open(Options {
            home: home.path().join("home"),
            device_key: Arc::new(Keeper::default()),
            clock: Arc::new(SystemClock),
            pacing: Pacing::default(),
        })?;
        Ok(Self { core, _home: home })
    }

    fn say(&self, report: ReportId, field: &str, words: &str) -> homeward_core::Result<()> {
        let form: FormId = "missing_child".parse().map_err(|_| homeward_core::Error::NotFound)?;
        let field: FieldId = field.parse().map_err(|_| homeward_core::Error::NotFound)?;
        let form = self.core.form(&form)?;
        let kind = &form.field(&field).ok_or(homeward_core::Error::NotFound)?.kind;
        let answer = Answer::from_json(kind, &json!(words)).ok();
        self.core.set(report, &field, answer.as_ref())?;
        Ok(())
    }

    fn run(&self) -> homeward_core::Result<RunEnd> {
        let listener = Arc::new(Quiet);
        self.core.run(Budget::default(), Conditions::default(), None, listener)?.wait()
    }

    fn status(&self) -> homeward_core::Result<ReportStatus> {
        self.core.statuses()?.pop().ok_or(homeward_core::Error::NotFound)
    }
}

#[test]
fn a_report_of_the_cores_phone_is_opened_and_its_receipt_believed() {
    let desk = Desk::make();
    let server = desk.receive();
    desk.new_source();
    let file = desk.folder.path().join("brand/brand.toml");
    let source = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, source.replace("https://localhost:8443", &server.url)).unwrap();
    desk.build();

    let phone = Phone::new().unwrap();
    phone.core.pair(&std::fs::read(desk.beside("pack")).unwrap()).unwrap();
    let report = phone.core.create(&"missing_child".parse().unwrap(), None).unwrap();
    phone.say(report, "child_name", "Mia Canary").unwrap();
    phone.say(report, "clothing", "a red coat").unwrap();
    let sealed = phone.core.send(report, Scope::All, SendWhen::Now).unwrap();
    phone.run().unwrap();
    assert_eq!(phone.status().unwrap().state, ReportState::Stored);

    let collected = desk.json(&["collect"]);
    assert_eq!(collected["refused"], json!([]));
    assert_eq!(collected["opened"].as_array().unwrap().len(), sealed.parts.len());
    let list = desk.json(&["list"]);
    assert_eq!(list[0]["report"], report.to_string());
    assert_eq!((&list[0]["state"], &list[0]["title"]), (&json!("complete"), &json!("Mia Canary")));
    let shown = desk.json(&["show", &report.to_string()]);
    assert_eq!(shown["answers"]["clothing"], "a red coat");

    phone.run().unwrap();
    let status = phone.status().unwrap();
    assert_eq!(status.state, ReportState::Opened, "{status:?}");

    // A second version completes the same report.
    phone.say(report, "clothing", "a blue coat").unwrap();
    phone.core.send(report, Scope::All, SendWhen::Now).unwrap();
    phone.run().unwrap();
    desk.json(&["collect"]);
    let list = desk.json(&["list"]);
    assert_eq!((list.as_array().unwrap().len(), &list[0]["version"]), (1, &json!(2)));
    let shown = desk.json(&["show", &report.to_string()]);
    assert_eq!(shown["answers"]["clothing"], "a blue coat");
    assert_eq!(
        shown["receipt"]["opened"].as_array().unwrap().len(),
        shown["parts"].as_array().unwrap().len()
    );
}
