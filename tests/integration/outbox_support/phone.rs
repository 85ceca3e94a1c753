//! A phone inside the test program: the product's own core, with a clock that the test moves and a
//! device key that keeps nothing secret.

use std::path::PathBuf;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use homeward_core::forms::{FieldId, FormId, Moment};
use homeward_core::net::Pacing;
use homeward_core::queue::{
    Budget, Conditions, Listener, ReportState, ReportStatus, RunEnd, Transfer,
};
use homeward_core::tus::Policy;
use homeward_core::vault::{DeviceKey, DeviceKeyError, KeySlot};
use homeward_core::{Clock, Homeward, Options, Original, ReportId, Source, SystemClock};
use homeward_tests::photo::{Exif, Photo};
use tempfile::TempDir;

/// The device's clock, put forward by the test.
#[derive(Default)]
pub(crate) struct TestClock(AtomicI64);

impl TestClock {
    pub(crate) fn advance_ms(&self, by: i64) {
        self.0.fetch_add(by, Ordering::Relaxed);
    }
}

impl Clock for TestClock {
    fn now(&self) -> Moment {
        let now = SystemClock.now();
        Moment { unix_ms: now.unix_ms + self.0.load(Ordering::Relaxed), ..now }
    }
}

/// Wraps nothing; the tests of the vault are elsewhere.
struct OpenDevice;

impl DeviceKey for OpenDevice {
    fn wrap(&self, _: KeySlot, key: &[u8]) -> Result<Vec<u8>, DeviceKeyError> {
        Ok(key.to_vec())
    }

    fn open(&self, _: KeySlot, wrapped: &[u8]) -> Result<Vec<u8>, DeviceKeyError> {
        Ok(wrapped.to_vec())
    }

    fn delete(&self, _: KeySlot) -> Result<(), DeviceKeyError> {
        Ok(())
    }

    fn delete_all(&self) -> Result<(), DeviceKeyError> {
        Ok(())
    }
}

/// Hears nothing.
pub(crate) struct Deaf;

impl Listener for Deaf {
    fn on_change(&self, _: &ReportStatus) {}
}

/// Remembers what it hears.
#[derive(Default)]
struct Ear(Mutex<Vec<(Instant, ReportStatus)>>);

impl Listener for Ear {
    fn on_change(&self, status: &ReportStatus) {
        self.0.lock().unwrap().push((Instant::now(), status.clone()));
    }
}

/// A phone and its home.
pub(crate) struct Phone {
    folder: TempDir,
    pub(crate) clock: Arc<TestClock>,
}

impl Phone {
    pub(crate) fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap(), clock: Arc::default() }
    }

    pub(crate) fn home(&self) -> PathBuf {
        self.folder.path().join("home")
    }

    /// Starts the app.
    pub(crate) fn open(&self) -> Homeward {
        self.open_with(Duration::from_millis(20))
    }

    fn open_with(&self, backoff_base: Duration) -> Homeward {
        let policy = Policy { backoff_base, ..Policy::default() };
        Homeward::open(Options {
            home: self.home(),
            device_key: Arc::new(OpenDevice),
            clock: Arc::clone(&self.clock) as _,
            pacing: Pacing { policy, ..Pacing::default() },
        })
        .unwrap()
    }

    /// The app dies and is started again.
    pub(crate) fn restart(&self, core: Homeward) -> Homeward {
        drop(core);
        self.open()
    }

    /// The same, and from then on what failed is not tried again for minutes.
    pub(crate) fn restart_patient(&self, core: Homeward) -> Homeward {
        drop(core);
        self.open_with(Duration::from_secs(600))
    }

    /// A report with about this many bytes of photo.
    pub(crate) fn report(&self, core: &Homeward, child: &str, photo: Option<u32>) -> ReportId {
        let answers = [("child_name", child), ("child_age", "7")];
        self.filled(core, "missing_child", &answers, photo)
    }

    /// A form with these answers and about this many bytes of photo.
    pub(crate) fn filled(
        &self,
        core: &Homeward,
        form: &str,
        answers: &[(&str, &str)],
        photo: Option<u32>,
    ) -> ReportId {
        let form = FormId::new(form).unwrap();
        let id = core.create(&form, None).unwrap();
        for (name, typed) in answers.iter().copied() {
            let field = FieldId::new(name).unwrap();
            let answer = core.understand(&form, &field, typed).unwrap();
            core.set(id, &field, Some(&answer)).unwrap();
        }
        if let Some(bytes) = photo {
            // A sensor's noise: some 0.6 bytes of file for each pixel.
            let side = f64::from(bytes / 6 * 10).sqrt() as u16;
            let seed = u64::from(answers[0].1.as_bytes()[0]);
            let photo = Photo { width: side, height: side, seed, exif: Exif::example() };
            let source = Source::Bytes(photo.to_jpeg());
            core.attach(id, &FieldId::new("photo").unwrap(), source, Original::Drop).unwrap();
        }
        id
    }

    pub(crate) fn start(&self, core: &Homeward, budget: Budget) -> Transfer {
        core.run(budget, Conditions::default(), None, Arc::new(Deaf)).unwrap()
    }

    /// The same under these conditions.
    pub(crate) fn run_under(&self, core: &Homeward, conditions: Conditions) -> RunEnd {
        core.run(Budget::default(), conditions, None, Arc::new(Deaf)).unwrap().wait().unwrap()
    }

    /// Sends what is due; gives what a listener hears, and when.
    pub(crate) fn listen(&self, core: &Homeward) -> Vec<(Instant, ReportStatus)> {
        let ear = Arc::new(Ear::default());
        let listener = Arc::clone(&ear);
        core.run(Budget::default(), Conditions::default(), None, listener).unwrap().wait().unwrap();
        std::mem::take(&mut *ear.0.lock().unwrap())
    }

    /// Sends what is due, until nothing is.
    pub(crate) fn run(&self, core: &Homeward) -> RunEnd {
        self.start(core, Budget::default()).wait().unwrap()
    }

    pub(crate) fn status(&self, core: &Homeward, id: ReportId) -> ReportStatus {
        let statuses = core.statuses().unwrap();
        let found = statuses.into_iter().find(|status| status.report == id);
        found.unwrap_or_else(|| ReportStatus::draft(id))
    }

    /// Looks until a report is as far as `wanted`.
    pub(crate) fn until(
        &self,
        core: &Homeward,
        id: ReportId,
        wanted: impl Fn(&ReportStatus) -> bool,
    ) {
        let begun = Instant::now();
        loop {
            let status = self.status(core, id);
            if status.state != ReportState::Draft && wanted(&status) {
                return;
            }
            assert!(begun.elapsed() < Duration::from_secs(120), "{status:?}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}
