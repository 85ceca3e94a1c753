//! The object that an app holds.

use std::sync::Arc;

use homeward_core::net::{Pacing, Proxy};
use homeward_core::{self as core, Options, Source, SystemClock};

use crate::answer::Answer;
use crate::call::call;
use crate::device_key::{AppKey, DeviceKey};
use crate::error::ApiResult;
use crate::form::FormDefinition;
use crate::media::{MediaSource, Medium, Offer, Original};
use crate::names::{self, list};
use crate::pairing::Pairing;
use crate::plan::{Conditions, Plan};
use crate::report::{Problem, Report, ReportSummary};
use crate::sending::{Scope, SealedReport, SendWhen};
use crate::status::{ReportStatus, VaultState};
use crate::transfer::{AppListener, Budget, Listener, Transfer};

/// Reports, photos and the outbox of one person on one device.
///
/// One per process and home. Every method blocks on the disk: call it off the main thread. Methods
/// may be called from several threads at once. What is written is on disk when the method returns.
///
/// Besides what each method names, what reads or changes an earlier report fails with `Locked`,
/// `KeyLost`, `Damaged` or `FromNewerApp` in the `state` of that name; a report begun meanwhile
/// works in each. All methods fail with `StorageFull`, and with `Refused` when they are called from
/// within a callback.
#[derive(uniffi::Object)]
pub struct Homeward(pub(crate) core::Homeward);

#[uniffi::export]
impl Homeward {
    /// Opens the home, a folder that is made if it is new. A vault that can't be opened is a
    /// `state`, not an error.
    ///
    /// `home` is a path in the app's private storage that no backup takes. The key is asked on this
    /// thread, before this returns.
    #[uniffi::constructor]
    pub fn open(home: String, device_key: Arc<dyn DeviceKey>) -> ApiResult<Self> {
        call(|| {
            let options = Options {
                home: home.into(),
                device_key: Arc::new(AppKey(device_key)),
                clock: Arc::new(SystemClock),
                pacing: Pacing::default(),
            };
            Ok(Self(core::Homeward::open(options)?))
        })
    }

    /// What can be done with what is stored. Fails only from within a callback.
    pub fn state(&self) -> ApiResult<VaultState> {
        call(|| Ok(self.0.state().into()))
    }

    /// Takes an organisation's signed pack. A newer pack of the same organisation replaces the one
    /// before; any other is `Refused` and the one before stays.
    pub fn pair(&self, pack: Vec<u8>) -> ApiResult<Pairing> {
        call(|| Ok(self.0.pair(&pack)?.into()))
    }

    /// The paired organisation, if any.
    pub fn pairing(&self) -> ApiResult<Option<Pairing>> {
        call(|| Ok(self.0.pairing()?.map(Into::into)))
    }

    /// A form by its name: `missing_child`, `sighting`, `child_profile`, or one of the paired
    /// organisation's own. Any other is `Refused`.
    pub fn form(&self, form: &str) -> ApiResult<FormDefinition> {
        call(|| Ok(FormDefinition::from(&*self.0.form(&names::form(form)?)?)))
    }

    /// The names of all forms that can be filled in, the paired organisation's own first.
    pub fn forms(&self) -> ApiResult<Vec<String>> {
        call(|| Ok(self.0.forms().iter().map(|form| form.id.to_string()).collect()))
    }

    /// Begins a draft of a form and gives its id. `from` a profile it begins with all that the
    /// profile can fill; from a report of the same form, with what another child of the same event
    /// shares. Without `from` it works in every state. `Refused` for a form that is none.
    pub fn create(&self, form: &str, from: Option<String>) -> ApiResult<String> {
        call(|| {
            let from = from.map(|from| from.parse()).transpose()?;
            Ok(self.0.create(&names::form(form)?, from)?.to_string())
        })
    }

    /// Lists every report, the one changed last first.
    pub fn reports(&self) -> ApiResult<Vec<ReportSummary>> {
        call(|| Ok(list(self.0.reports()?)))
    }

    /// Opens one report. `NotFound` if there is none with this id.
    pub fn report(&self, id: &str) -> ApiResult<Report> {
        call(|| Ok(Report::of(self.0.report(id.parse()?)?)))
    }

    /// Reads what a person typed into one box, as the field's kind of answer, without storing it.
    /// What can't be read so is kept in the person's words. `Refused` for a form or field that is
    /// none.
    pub fn understand(&self, form: &str, field: &str, typed: &str) -> ApiResult<Answer> {
        call(|| Ok(self.0.understand(&names::form(form)?, &names::field(field)?, typed)?.into()))
    }

    /// Answers a question, or with no answer takes the answer back. Gives what the person should
    /// look at now; nothing typed is refused for being odd. `Refused` for a field that is none or
    /// an answer of another kind.
    pub fn set(&self, id: &str, field: &str, answer: Option<Answer>) -> ApiResult<Vec<Problem>> {
        call(|| {
            let answer = answer.map(core::forms::Answer::try_from).transpose()?;
            Ok(list(self.0.set(id.parse()?, &names::field(field)?, answer.as_ref())?))
        })
    }

    /// Adds a photo, video or recording to a field: reads its facts, removes its metadata and keeps
    /// the clean copy, sealed; the untouched file beside it if `original` says so. `Refused` for a
    /// file that can't be read, for one that can't be cleaned unless its original is kept, and for
    /// a field that does not take such a file.
    pub fn attach(
        &self,
        id: &str,
        field: &str,
        source: MediaSource,
        original: Original,
    ) -> ApiResult<Medium> {
        // First of all: a descriptor that was handed over is ours to close.
        let source = Source::try_from(source);
        call(|| {
            let (id, field) = (id.parse()?, names::field(field)?);
            Ok(self.0.attach(id, &field, source?, original.into())?.into())
        })
    }

    /// Takes a medium off a report. What was sent of it stays sent.
    pub fn detach(&self, id: &str, medium: &str) -> ApiResult<()> {
        call(|| Ok(self.0.detach(id.parse()?, medium.parse()?)?))
    }

    /// What an attached photo could answer. In a report of a missing child its time and place are
    /// offered as "last seen" only if the person said that it was taken then.
    pub fn offers(
        &self,
        id: &str,
        medium: &str,
        taken_when_last_seen: bool,
    ) -> ApiResult<Vec<Offer>> {
        call(|| Ok(list(self.0.offers(id.parse()?, medium.parse()?, taken_when_last_seen)?)))
    }

    /// Removes a report from this phone, with everything that was attached or sealed.
    pub fn delete(&self, id: &str) -> ApiResult<()> {
        call(|| Ok(self.0.delete(id.parse()?)?))
    }

    /// Seals a version of a report for its audiences and queues it; `run` sends it.
    /// `Refused` without a paired organisation, for a report that says nothing, and when nothing is
    /// new.
    pub fn send(&self, id: &str, scope: Scope, when: SendWhen) -> ApiResult<SealedReport> {
        call(|| Ok(self.0.send(id.parse()?, scope.into(), when.into())?.into()))
    }

    /// Starts a parked part again, at the next run.
    pub fn retry(&self, part: &str) -> ApiResult<()> {
        call(|| Ok(self.0.retry(part.parse()?)?))
    }

    /// How far every report is that was sealed.
    pub fn statuses(&self) -> ApiResult<Vec<ReportStatus>> {
        call(|| Ok(list(self.0.statuses()?)))
    }

    /// What would be sent now, and what waits, and why.
    pub fn plan(&self, conditions: Conditions) -> ApiResult<Plan> {
        call(|| Ok(self.0.plan(conditions.into())?.into()))
    }

    /// Sends what is due and fetches receipts, on a thread of its own. Returns at once; a second
    /// run beside the first ends as `Busy`.
    ///
    /// `proxy` is `socks5h://HOST:PORT` if the person chose one, and then nothing goes around it;
    /// any other is `Refused`.
    pub fn run(
        &self,
        budget: Budget,
        conditions: Conditions,
        proxy: Option<String>,
        listener: Arc<dyn Listener>,
    ) -> ApiResult<Arc<Transfer>> {
        call(|| {
            let proxy = proxy.as_deref().map(Proxy::parse).transpose()?;
            let listener = Arc::new(AppListener(listener));
            let transfer = self.0.run(budget.into(), conditions.into(), proxy, listener)?;
            Ok(Transfer::over(transfer))
        })
    }
}
