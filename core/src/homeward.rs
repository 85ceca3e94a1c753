//! The façade: it joins the rooms and holds no rule itself.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use crate::attachments;
use crate::brand::{Organisation, Pack};
use crate::clock::Clock;
use crate::dispatch::{self, Scope, SealedReport, SendWhen};
use crate::drafts::{self, Draft, StoredMedium};
use crate::error::{Error, Refusal, Result};
use crate::forms::{self, Answer, Earlier, FieldId, Form, FormId, Problem};
use crate::home::Home;
use crate::ids::{Fingerprint, MediumId, PartId, ReportId};
use crate::intake::{self, CaptureId};
use crate::media::{self, Facts, Manifest};
use crate::net::{Pacing, Proxy};
use crate::profiles::{self, Reminder};
use crate::queue::{self, Budget, Conditions, Listener, Plan, ReportState, ReportStatus, Transfer};
use crate::store::Store;
use crate::vault::{DeviceKey, Passphrase, VaultState};

/// Everything that varies: there is no environment variable and no global.
pub struct Options {
    /// The folder for everything. Made if it is not there.
    pub home: PathBuf,
    /// The key that the device guards.
    pub device_key: Arc<dyn DeviceKey>,
    /// The clock.
    pub clock: Arc<dyn Clock>,
    /// How patient the network is.
    pub pacing: Pacing,
}

/// Reports, photos and the outbox of one person on one device.
///
/// Every method blocks on the disk. One per process and home; a second process is refused only
/// where it would collide.
pub struct Homeward {
    store: Arc<Store>,
    pacing: Pacing,
}

/// A paired organisation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pairing {
    /// Its name.
    pub organisation: String,
    /// The hash of its key, to be compared aloud or on paper.
    pub fingerprint: Fingerprint,
    /// Whether a root that the person trusts stands behind it.
    pub confirmed: bool,
}

impl Pairing {
    fn of(organisation: &Organisation) -> Self {
        Self {
            organisation: organisation.name.clone(),
            fingerprint: organisation.fingerprint(),
            confirmed: false,
        }
    }
}

/// A report in a list.
#[derive(Clone, Debug, PartialEq)]
pub struct ReportSummary {
    /// The report.
    pub id: ReportId,
    /// What the list shows; none if the report is damaged.
    pub head: Option<SummaryHead>,
    /// How far it is.
    pub state: ReportState,
}

/// What a list shows of a report that opens.
#[derive(Clone, PartialEq)]
pub struct SummaryHead {
    /// Its form.
    pub form: FormId,
    /// What it is called; none if nothing was said that could name it.
    pub title: Option<String>,
    /// How many questions have an answer.
    pub answered: usize,
    /// How many questions are asked.
    pub total: usize,
    /// When it was begun, Unix ms.
    pub created_at_ms: i64,
    /// When it was last changed, Unix ms.
    pub updated_at_ms: i64,
}

// A title is a child's name.
impl std::fmt::Debug for SummaryHead {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SummaryHead").field("form", &self.form).finish_non_exhaustive()
    }
}

/// A report whole.
#[derive(Clone, PartialEq)]
pub struct Report {
    /// The report.
    pub id: ReportId,
    /// Its form.
    pub form: FormId,
    /// What was answered.
    pub answers: BTreeMap<FieldId, Answer>,
    /// What an earlier version of the form asked; shown, and kept.
    pub earlier: Vec<Earlier>,
    /// What was attached, oldest first.
    pub media: Vec<Medium>,
    /// What the person should look at.
    pub problems: Vec<Problem>,
    /// How far it is.
    pub status: ReportStatus,
}

impl std::fmt::Debug for Report {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Report").field("form", &self.form).finish_non_exhaustive()
    }
}

/// A photo, video or recording of a report.
#[derive(Clone, Debug, PartialEq)]
pub struct Medium {
    /// Its id.
    pub id: MediumId,
    /// The field that it answers.
    pub field: FieldId,
    /// The usual ending of such a file.
    pub format: String,
    /// The length of the scrubbed copy.
    pub bytes: u64,
    /// What the file told before it was scrubbed. It stays on the phone.
    pub facts: Facts,
    /// What was removed, and what could not be.
    pub manifest: Manifest,
}

impl From<&StoredMedium> for Medium {
    fn from(stored: &StoredMedium) -> Self {
        Self {
            id: stored.id,
            field: stored.field.clone(),
            format: stored.extension.clone(),
            bytes: stored.bytes,
            facts: stored.facts.clone(),
            manifest: stored.manifest.clone(),
        }
    }
}

/// Where a medium comes from. It is read, never copied in clear, and never changed.
pub enum Source {
    /// A file on this device.
    Path(PathBuf),
    /// An open file that can be read at any offset.
    File(File),
    /// Bytes in memory: a recording that was just made.
    Bytes(Vec<u8>),
    /// What was captured before; it leaves the intake.
    Capture(CaptureId),
}

/// Something a photo tells that could answer a question. Only the person makes it an answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Offer {
    /// The question.
    pub field: FieldId,
    /// What the answer would be.
    pub answer: Answer,
}

impl Homeward {
    /// Opens the home, making it if it is new. A vault that can't be opened is a state.
    pub fn open(options: Options) -> Result<Self> {
        let Options { home, device_key, clock, pacing } = options;
        let home = Home::at(&home)?;
        let store = Arc::new(Store::open(home, device_key, clock)?);
        Ok(Self { store, pacing })
    }

    /// What can be done with what is stored.
    #[must_use]
    pub fn state(&self) -> VaultState {
        self.store.state()
    }

    /// Opens a locked vault; with the passphrase if it has one. What was begun meanwhile moves in.
    pub fn unlock(&self, passphrase: Option<&Passphrase>) -> Result<()> {
        self.store.unlock(passphrase)
    }

    /// Forgets the vault key until [`unlock`](Self::unlock). Sealed parts go on leaving.
    pub fn lock(&self) {
        self.store.lock();
    }

    /// Sets, changes or (with no `new`) removes the passphrase. What the old one opened in a copy of
    /// the home opens no more. With a limit, so many wrong tries in a row destroy the vault's key;
    /// sealed, unsent parts still leave. Takes about half a second.
    pub fn set_passphrase(
        &self,
        old: Option<&Passphrase>,
        new: Option<&Passphrase>,
        wrong_try_limit: Option<u32>,
    ) -> Result<()> {
        self.store.set_passphrase(old, new, wrong_try_limit)
    }

    /// Lets go of the database, as iOS demands of an app in the background. A run under way ends at
    /// its next write. Refused as busy if another call does not end within the time.
    pub fn suspend(&self, within: Duration) -> Result<()> {
        self.store.suspend(within)
    }

    /// Opens the database again after [`suspend`](Self::suspend).
    pub fn resume(&self) -> Result<()> {
        self.store.resume()
    }

    /// Destroys everything on this phone: the device's keys first, so that no copy opens, then the
    /// files. The home is new afterwards, and not paired.
    pub fn wipe(&self) -> Result<()> {
        self.store.wipe()
    }

    /// Takes an organisation's signed pack. A pack of the same organisation that is newer replaces
    /// the one before; nothing else does.
    pub fn pair(&self, pack: &[u8]) -> Result<Pairing> {
        let new = Pack::read(pack)?;
        if let Some(old) = self.store.home.pack()? {
            if old.organisation.key != new.organisation.key {
                return Err(Refusal::PackForeign.into());
            }
            if !new.replaces(&old) && new != old {
                return Err(Refusal::PackOlder.into());
            }
        }
        self.store.home.store_pack(pack)?;
        Ok(Pairing::of(&new.organisation))
    }

    /// The paired organisation, if any.
    pub fn pairing(&self) -> Result<Option<Pairing>> {
        let pack = self.store.home.pack()?;
        Ok(pack.map(|pack| Pairing::of(&pack.organisation)))
    }

    /// A form by its name.
    pub fn form(&self, form: &FormId) -> Result<&'static Form> {
        Ok(Form::built_in(form).ok_or(Refusal::UnknownForm)?)
    }

    /// Begins a draft; with `from`, filled with all that a profile can fill, or with what another
    /// child of the same event shares with the report `from`. Works whatever the vault's state is,
    /// but then only without `from`.
    pub fn create(&self, form: &FormId, from: Option<ReportId>) -> Result<ReportId> {
        let form = self.form(form)?;
        if let Some(from) = from {
            return profiles::begin_from(&self.store, form, from);
        }
        let draft = Draft::new(form, self.store.now());
        let (id, now) = (draft.id, self.store.now());
        self.store.write_new(|transaction, keys| drafts::save(transaction, keys, &draft, now))?;
        Ok(id)
    }

    /// What of the profiles should be looked at again. None for a child with any report.
    pub fn reminders(&self) -> Result<Vec<Reminder>> {
        profiles::reminders(&self.store)
    }

    /// Writes a profile as one age file under a passphrase, for another phone.
    pub fn export_profile(
        &self,
        id: ReportId,
        passphrase: &Passphrase,
        output: &mut dyn Write,
    ) -> Result<()> {
        profiles::export(&self.store, id, passphrase.for_age(), output)
    }

    /// Reads a profile that another phone exported, as a new profile.
    pub fn import_profile(
        &self,
        passphrase: &Passphrase,
        input: &mut dyn Read,
    ) -> Result<ReportId> {
        profiles::import(&self.store, passphrase.for_age(), input)
    }

    /// Lists every report, the one changed last first.
    pub fn reports(&self) -> Result<Vec<ReportSummary>> {
        if self.state() == VaultState::Locked {
            return Err(Error::Locked);
        }
        let statuses = queue::statuses(&self.store)?;
        let state = |id| statuses.get(&id).map_or(ReportState::Draft, |status| status.state);
        let heads = self.store.read_all(drafts::list)?;
        let summaries = heads.into_iter().flatten().map(|(id, head)| ReportSummary {
            id,
            head: head.map(|head| SummaryHead {
                form: head.form,
                title: head.title,
                answered: head.answered,
                total: head.total,
                created_at_ms: head.created_at_ms,
                updated_at_ms: head.updated_at_ms,
            }),
            state: state(id),
        });
        Ok(summaries.collect())
    }

    /// Opens one report.
    pub fn report(&self, id: ReportId) -> Result<Report> {
        let draft = self.store.read(id, |db, keys| drafts::load(db, keys, id))?;
        let status = match queue::statuses(&self.store) {
            Ok(mut statuses) => statuses.remove(&id),
            // A damaged outbox is no reason to hide a draft of which nothing ever left.
            Err(Error::Damaged) if draft.body.sent.is_empty() => None,
            Err(error) => return Err(error),
        };
        let status = status.unwrap_or_else(|| ReportStatus::draft(id));
        let answers = draft.body.answers(draft.body.form()?);
        Ok(Report {
            id,
            problems: self.problems(&draft)?,
            form: draft.body.form,
            answers: answers.current,
            earlier: answers.earlier,
            media: draft.body.media.iter().map(Medium::from).collect(),
            status,
        })
    }

    /// Reads what a person typed into one box, as the field's kind of answer. What can't be read
    /// so is kept in the person's words. Nothing is stored.
    pub fn understand(&self, form: &FormId, field: &FieldId, typed: &str) -> Result<Answer> {
        let asked = self.form(form)?.field(field).ok_or(Refusal::UnknownField)?;
        Ok(Answer::from_text(&asked.kind, typed, self.store.now()))
    }

    /// Answers a question, or with `None` takes the answer back. On disk when this returns.
    /// Gives what the person should look at now; no answer is refused for being odd.
    pub fn set(
        &self,
        id: ReportId,
        field: &FieldId,
        answer: Option<&Answer>,
    ) -> Result<Vec<Problem>> {
        let now = self.store.now();
        self.store.write(id, |transaction, keys| {
            let mut draft = drafts::load(transaction, keys, id)?;
            let form = draft.body.form()?;
            let asked = form.field(field).ok_or(Refusal::UnknownField)?;
            let mut answers = draft.body.answers(form);
            match answer {
                Some(_) if asked.kind.is_attached() => return Err(Refusal::WrongKind.into()),
                Some(Answer::Unknown) if !asked.unknown_allowed => {
                    return Err(Refusal::WrongKind.into());
                }
                Some(answer) => {
                    // An answer of another kind would be read as one to an earlier form.
                    let answer = Answer::from_json(&asked.kind, &answer.to_json());
                    let answer = answer.map_err(|_| Refusal::WrongKind)?;
                    answers.current.insert(field.clone(), answer);
                }
                None => {
                    answers.current.remove(field);
                }
            }
            draft.body.set_answers(&answers);
            draft.body.answered_at_ms.insert(field.clone(), now.unix_ms);
            let problems = self.problems(&draft)?;
            drafts::save(transaction, keys, &draft, now)?;
            Ok(problems)
        })
    }

    /// Adds a photo, video or recording to a field: reads its facts, scrubs it and keeps the
    /// scrubbed copy, sealed. On disk when this returns; nothing is ever written in clear.
    pub fn attach(&self, id: ReportId, field: &FieldId, source: Source) -> Result<Medium> {
        let unreadable = |_| Error::from(Refusal::MediaUnreadable);
        match source {
            Source::Path(path) => {
                let file = File::open(path).map_err(unreadable)?;
                self.attach_from(id, field, &file)
            }
            Source::File(file) => self.attach_from(id, field, &file),
            Source::Bytes(bytes) => self.attach_from(id, field, &bytes),
            Source::Capture(capture) => {
                let identity = self.store.intake_identity()?;
                let opened = intake::open(&self.store.home, &identity, capture)?;
                let medium = self.attach_from(id, field, &opened)?;
                intake::remove(&self.store.home, capture);
                Ok(medium)
            }
        }
    }

    fn attach_from(
        &self,
        id: ReportId,
        field: &FieldId,
        source: &dyn media::ReadAt,
    ) -> Result<Medium> {
        attachments::attach(&self.store, id, field, source).map(|stored| Medium::from(&stored))
    }

    /// Takes in what can be read only once, or what comes while the vault is locked: sealed to the
    /// vault, to be attached later as [`Source::Capture`]. On disk when this returns.
    pub fn capture(&self, input: &mut dyn Read) -> Result<CaptureId> {
        intake::put(&self.store.home, input)
    }

    /// What was captured and not attached yet.
    pub fn captures(&self) -> Result<Vec<CaptureId>> {
        intake::list(&self.store.home)
    }

    /// What an attached photo could answer. In a report of a missing child its time and place are
    /// offered as "last seen" only if the person said that it was taken then.
    pub fn offers(
        &self,
        id: ReportId,
        medium: MediumId,
        taken_when_last_seen: bool,
    ) -> Result<Vec<Offer>> {
        let draft = self.store.read(id, |db, keys| drafts::load(db, keys, id))?;
        let form = draft.body.form()?;
        let stored = draft.body.media.iter().find(|stored| stored.id == medium);
        let facts = &stored.ok_or(Error::NotFound)?.facts;
        Ok(crate::offers::offers(form, facts, taken_when_last_seen, self.store.now()))
    }

    /// Takes a medium off a report. What was sent of it stays sent.
    pub fn detach(&self, id: ReportId, medium: MediumId) -> Result<()> {
        attachments::detach(&self.store, id, medium)
    }

    /// Removes a report from this phone, with everything that was attached or sealed.
    pub fn delete(&self, id: ReportId) -> Result<()> {
        let (media, parts) = self.store.erase(id)?;
        // Nothing opens them any more; what stays of the files is swept.
        for path in media.into_iter().map(|medium| self.store.home.blob(medium)) {
            remove(&path);
        }
        for path in parts.into_iter().map(|part| self.store.home.spooled(part)) {
            remove(&path);
        }
        Ok(())
    }

    /// Seals a version of a report for its audiences and queues it. Needs a paired organisation.
    pub fn send(&self, id: ReportId, scope: Scope, when: SendWhen) -> Result<SealedReport> {
        let pack = self.store.home.pack()?.ok_or(Refusal::NotPaired)?;
        dispatch::send(&self.store, &pack, id, scope, when)
    }

    /// Starts a parked part again.
    pub fn retry(&self, part: PartId) -> Result<()> {
        queue::retry(&self.store, part)
    }

    /// How far every report is that was sealed.
    pub fn statuses(&self) -> Result<Vec<ReportStatus>> {
        Ok(queue::statuses(&self.store)?.into_values().collect())
    }

    /// What would be sent now, and what waits, and why.
    pub fn plan(&self, conditions: Conditions) -> Result<Plan> {
        queue::plan_now(&self.store, conditions)
    }

    /// Sends what is due and fetches receipts, on a thread of its own.
    pub fn run(
        &self,
        budget: Budget,
        conditions: Conditions,
        proxy: Option<Proxy>,
        listener: Arc<dyn Listener>,
    ) -> Result<Transfer> {
        let pacing = self.pacing.clone();
        let setting = queue::Setting { pacing, budget, conditions, proxy, listener };
        queue::start(Arc::clone(&self.store), setting)
    }

    fn problems(&self, draft: &Draft) -> Result<Vec<Problem>> {
        let form = draft.body.form()?;
        let answers = draft.body.answers(form);
        Ok(forms::check(form, &answers.current, &draft.body.media_counts(), self.store.now()))
    }
}

/// Removes a file whose row is gone; if that fails the next start does it.
fn remove(path: &Path) {
    let _ = fs::remove_file(path);
}
