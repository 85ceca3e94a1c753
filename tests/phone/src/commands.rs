//! Each command: one or two calls of the core, and what they gave.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use homeward_core::forms::{Answer, FieldId, FormId, Kind};
use homeward_core::net::{Pacing, Proxy};
use homeward_core::queue::{Budget, Conditions, Listener, Network, PartState, ReportStatus};
use homeward_core::vault::{Passphrase, VaultState};
use homeward_core::{
    Clock, Error, Homeward, Medium, Options, Original, PartId, Recorded, Refusal, ReportId, Scope,
    SendWhen, Source, SystemClock,
};
use serde_json::{Value, json};

use crate::cli::{Cli, Command, NetworkArgs, NetworkName, PassphraseChange, ProfileWay};
use crate::device_key::FileDeviceKey;
use crate::face;
use crate::file_tools;
use crate::json;
use crate::output::{Output, Problem, sentence};

pub(crate) type Done = Result<(), Problem>;

pub(crate) fn run(cli: Cli, output: &Output) -> Done {
    match &cli.command {
        Command::Facts { file } => return file_tools::facts(file, output),
        Command::Scrub { input, output: to } => return file_tools::scrub(input, to, output),
        _ => {}
    }
    let phone = Phone { core: open(&cli)?, output };
    let old = cli.passphrase_file.as_deref().map(read_passphrase).transpose()?;
    if let Some(old) = &old
        && phone.core.state() == VaultState::Locked
    {
        phone.core.unlock(Some(old))?;
    }
    match cli.command {
        Command::Pair { pack } => phone.pair(&pack),
        Command::New { form } => phone.new_draft(&form),
        Command::From { id, form } => phone.from(&id, form.as_deref()),
        Command::Profile { way } => phone.profile(way, cli.passphrase_file.as_deref()),
        Command::Reminders => phone.reminders(),
        Command::Set { id, field, value, unknown: _ } => phone.set(&id, &field, value.as_deref()),
        Command::Clear { id, field } => phone.clear(&id, &field),
        Command::Show { id } => phone.show(&id),
        Command::Drafts => phone.drafts(),
        Command::Attach { id, file, capture, field, original } => {
            let original = if original { Original::Keep } else { Original::Drop };
            match (file, capture) {
                (Some(file), _) => phone.attach(&id, file, &field, original),
                (None, capture) => phone.attach_capture(&id, capture.as_deref(), &field, original),
            }
        }
        Command::Record { id, field } => phone.record(&id, &field, &mut io::stdin().lock()),
        Command::Detach { id, medium } => phone.detach(&id, &medium),
        Command::Send { id, first_minute, now, wifi } => phone.send(&id, first_minute, now, wifi),
        Command::Plan(network) => phone.plan(&network),
        Command::Run { seconds, network, proxy } => phone.run(seconds, &network, proxy),
        Command::Status { id } => phone.status(id.as_deref()),
        Command::Messages { id } => phone.messages(&id),
        Command::Reply { id, text } => phone.reply(&id, &text),
        Command::Recall { id, why } => phone.recall(&id, &why),
        Command::Receipt { id, to, qr } => phone.receipt(&id, to.as_deref(), qr),
        Command::Retry { id, part } => phone.retry(&id, part.as_deref()),
        Command::Delete { id } => phone.delete(&id),
        Command::Passphrase { change } => phone.passphrase(old.as_ref(), change),
        Command::Wipe => phone.wipe(),
        Command::State => phone.state(),
        // Done above: they need no home.
        Command::Facts { .. } | Command::Scrub { .. } => Ok(()),
    }
}

fn open(cli: &Cli) -> Result<Homeward, Problem> {
    let home =
        cli.home.clone().ok_or(Problem::Usage("--home DIR is needed: the phone's folder"))?;
    let device_key = cli.device_key.clone().unwrap_or_else(|| {
        let mut path = home.clone().into_os_string();
        path.push(".device-key");
        PathBuf::from(path)
    });
    let options = Options {
        home,
        device_key: Arc::new(FileDeviceKey::at(device_key)),
        clock: Arc::new(SystemClock),
        pacing: Pacing::default(),
    };
    Ok(Homeward::open(options)?)
}

/// The core, and where what it gave is told.
pub(crate) struct Phone<'a> {
    pub(crate) core: Homeward,
    pub(crate) output: &'a Output,
}

impl Phone<'_> {
    fn pair(&self, pack: &PathBuf) -> Done {
        let bytes = fs::read(pack).map_err(|_| Problem::Refused("refused-pack-unreadable"))?;
        let pairing = self.core.pair(&bytes)?;
        let json = json!({
            "organisation": pairing.organisation,
            "fingerprint": pairing.fingerprint,
            "confirmed": pairing.confirmed,
        });
        self.output.tell(&json, || {
            format!("paired with {} (not confirmed)\n{}", pairing.organisation, pairing.fingerprint)
        })
    }

    fn new_draft(&self, form: &str) -> Done {
        let form = FormId::new(form).ok_or(Error::from(Refusal::UnknownForm))?;
        let id = self.core.create(&form, None)?;
        self.output.tell(&json!({ "id": id }), || id.to_string())
    }

    fn from(&self, id: &str, form: Option<&str>) -> Done {
        let from = report_id(id)?;
        let source = self.core.report(from)?.form;
        let of_profile = if source.as_str() == "child_profile" { "missing_child" } else { "" };
        let form = match (form, of_profile) {
            (Some(form), _) | (None, form @ "missing_child") => {
                FormId::new(form).ok_or(Error::from(Refusal::UnknownForm))?
            }
            (None, _) => source,
        };
        let id = self.core.create(&form, Some(from))?;
        self.output.tell(&json!({ "id": id }), || id.to_string())
    }

    fn profile(&self, way: ProfileWay, passphrase: Option<&Path>) -> Done {
        let words = |under: Option<PathBuf>| {
            let file = under.or_else(|| passphrase.map(Path::to_owned));
            read_passphrase(&file.ok_or(Problem::Usage("--under F is needed: the passphrase"))?)
        };
        match way {
            ProfileWay::Export { id, to, under } => {
                let words = words(under)?;
                let partial = to.with_extension("partial");
                let mut file = File::create(&partial)?;
                let id = report_id(&id)?;
                let written = self.core.export_profile(id, &words, &mut file).and_then(|()| {
                    file.sync_all()?;
                    Ok(fs::rename(&partial, &to)?)
                });
                if let Err(error) = written {
                    // Best effort: half an export is of no use.
                    let _ = fs::remove_file(&partial);
                    return Err(error.into());
                }
                self.output.tell(&json!({ "exported": id }), || "exported".into())
            }
            ProfileWay::Import { file, under } => {
                let file = File::open(file);
                let mut file = file.map_err(|_| Error::from(Refusal::ProfileUnreadable))?;
                let id = self.core.import_profile(&words(under)?, &mut file)?;
                self.output.tell(&json!({ "id": id }), || id.to_string())
            }
        }
    }

    fn reminders(&self) -> Done {
        let reminders = self.core.reminders()?;
        let reminder = |reminder: &homeward_core::Reminder| {
            json!({
                "profile": reminder.profile,
                "field": reminder.field.as_str(),
                "answered_at_ms": reminder.answered_at_ms,
            })
        };
        let json = reminders.iter().map(reminder).collect();
        self.output.tell(&json, || format!("{} answers have grown old", reminders.len()))
    }

    fn set(&self, id: &str, field: &str, value: Option<&str>) -> Done {
        let id = report_id(id)?;
        let field = field_id(field)?;
        let form = self.core.form(&self.core.report(id)?.form)?;
        let kind = &form.field(&field).ok_or(Error::from(Refusal::UnknownField))?.kind;
        let answer = match value {
            None => Answer::Unknown,
            Some(value) => parse(kind, value)?,
        };
        self.answered(id, &field, Some(&answer))
    }

    fn clear(&self, id: &str, field: &str) -> Done {
        self.answered(report_id(id)?, &field_id(field)?, None)
    }

    fn answered(&self, id: ReportId, field: &FieldId, answer: Option<&Answer>) -> Done {
        let problems = self.core.set(id, field, answer)?;
        let here = problems.iter().find(|problem| problem.field == *field);
        let json = json!({ "id": id, "problems": json::problems(&problems) });
        self.output.tell(&json, || {
            here.map_or("saved".into(), |problem| {
                format!("saved; {}", sentence(problem.reason.message_id()))
            })
        })
    }

    fn show(&self, id: &str) -> Done {
        let report = self.core.report(report_id(id)?)?;
        let json = json::report(&report);
        self.output.tell(&json, || serde_json::to_string_pretty(&json).unwrap_or_default())
    }

    fn drafts(&self) -> Done {
        let reports = self.core.reports()?;
        let json = reports.iter().map(json::summary).collect();
        self.output.tell(&json, || {
            let line = |report: &homeward_core::ReportSummary| match &report.head {
                None => format!("{}  {}", report.id, sentence("error-damaged")),
                Some(head) => format!(
                    "{}  {}  {}  {}/{}",
                    report.id,
                    head.form,
                    head.title.as_deref().unwrap_or("-"),
                    head.answered,
                    head.total
                ),
            };
            reports.iter().map(line).collect::<Vec<_>>().join("\n")
        })
    }

    fn attach(&self, id: &str, file: PathBuf, field: &str, original: Original) -> Done {
        let (id, field) = (report_id(id)?, field_id(field)?);
        let medium = self.core.attach(id, &field, Source::Path(file.clone()), original)?;
        // A phone's decoder reads more kinds of pictures; without a face the report leaves as well.
        if let Some(face) = face::of(&file, medium.facts.orientation) {
            match self.core.set_face(id, medium.id, &face) {
                // The photo is kept, and that is what was asked for: a disk that has just filled
                // up is no reason to say that nothing was done.
                Ok(()) | Err(Error::StorageFull) => {}
                Err(error) => return Err(error.into()),
            }
        }
        self.attached(id, &medium)
    }

    fn attach_capture(
        &self,
        id: &str,
        capture: Option<&str>,
        field: &str,
        original: Original,
    ) -> Done {
        let (id, field) = (report_id(id)?, field_id(field)?);
        let capture = capture.and_then(|capture| capture.parse().ok()).ok_or(Error::NotFound)?;
        let medium = self.core.attach(id, &field, Source::Capture(capture), original)?;
        self.attached(id, &medium)
    }

    fn attached(&self, id: ReportId, medium: &Medium) -> Done {
        let mut json = json::medium(medium);
        json["if_taken_when_last_seen"] = json::offers(&self.core.offers(id, medium.id, true)?);
        self.output
            .tell(&json, || format!("attached\n{}", json::removed_in_words(&medium.manifest)))
    }

    /// Gives each piece to the vault as it comes; nothing is kept here.
    fn record(&self, id: &str, field: &str, sound: &mut dyn Read) -> Done {
        let mut recording = self.core.record(report_id(id)?, &field_id(field)?)?;
        let mut piece = [0; 4 << 10];
        loop {
            match sound.read(&mut piece)? {
                0 => break,
                read => recording.write(&piece[..read])?,
            }
        }
        match recording.finish()? {
            Recorded::Attached(medium) => self.output.tell(&json::medium(&medium), || {
                format!("recorded\n{}", json::removed_in_words(&medium.manifest))
            }),
            Recorded::Captured(capture) => {
                let json = json!({ "capture": capture.to_string() });
                self.output.tell(&json, || "recorded, to be attached when the vault opens".into())
            }
        }
    }

    fn detach(&self, id: &str, medium: &str) -> Done {
        let medium = medium.parse().map_err(|_| Error::NotFound)?;
        self.core.detach(report_id(id)?, medium)?;
        self.output.tell(&json!({ "detached": medium }), || "detached".into())
    }

    fn send(&self, id: &str, first_minute: bool, now: bool, wifi: bool) -> Done {
        let id = report_id(id)?;
        let scope = if first_minute { Scope::FirstMinute } else { Scope::All };
        let when = match (now, wifi) {
            (true, _) => SendWhen::Now,
            (_, true) => SendWhen::Wifi,
            _ => SendWhen::Preset,
        };
        let sealed = self.core.send(id, scope, when)?;
        self.output.tell(&json::sealed(&sealed), || {
            format!("sealed as {} parts, waiting to be sent", sealed.parts.len())
        })
    }

    fn plan(&self, network: &NetworkArgs) -> Done {
        let plan = self.core.plan(conditions(network))?;
        let json = json!({
            "due": json::planned(&plan.due),
            "waiting": json::planned(&plan.waiting),
            "next_at_ms": plan.next_at_ms,
            "look_at_ms": plan.look_at_ms,
        });
        self.output.tell(&json, || {
            format!("{} parts would be sent now, {} wait", plan.due.len(), plan.waiting.len())
        })
    }

    fn run(&self, seconds: Option<u64>, network: &NetworkArgs, proxy: Option<String>) -> Done {
        let wrong = |_| Problem::Usage("--proxy takes socks5h://HOST:PORT");
        let proxy = proxy.map(|proxy| Proxy::parse(&proxy)).transpose().map_err(wrong)?;
        let forms = self.forms();
        let listener = Arc::new(Printer { json: self.output.is_json(), forms });
        let budget = Budget { time: seconds.map(Duration::from_secs) };
        let transfer = self.core.run(budget, conditions(network), proxy, listener)?;
        transfer.wait()?;
        Ok(())
    }

    /// Which form each report has; empty while the vault is closed.
    fn forms(&self) -> Vec<(ReportId, String)> {
        let form = |report: homeward_core::ReportSummary| {
            Some((report.id, report.head?.form.as_str().to_owned()))
        };
        self.core.reports().unwrap_or_default().into_iter().filter_map(form).collect()
    }

    fn status(&self, id: Option<&str>) -> Done {
        let wanted = id.map(report_id).transpose()?;
        let forms = self.forms();
        let mut statuses = self.core.statuses()?;
        for (report, _) in &forms {
            if !statuses.iter().any(|status| status.report == *report) {
                statuses.push(ReportStatus::draft(*report));
            }
        }
        if let Some(wanted) = wanted {
            statuses.retain(|status| status.report == wanted);
            if statuses.is_empty() {
                return Err(Error::NotFound.into());
            }
        }
        let json: Value =
            statuses.iter().map(|status| json::status(status, form_of(&forms, status))).collect();
        self.output.tell(&json, || statuses.iter().map(in_words).collect::<Vec<_>>().join("\n"))
    }

    fn retry(&self, id: &str, part: Option<&str>) -> Done {
        let id = report_id(id)?;
        let part: Option<PartId> = part.map(str::parse).transpose().map_err(|_| Error::NotFound)?;
        let statuses = self.core.statuses()?;
        let status = statuses.iter().find(|status| status.report == id).ok_or(Error::NotFound)?;
        for parked in status.parts.iter().filter(|part| part.state == PartState::Parked) {
            if part.is_none_or(|part| part == parked.part) {
                self.core.retry(parked.part)?;
            }
        }
        self.output.tell(&json!({ "id": id }), || "will be tried again".into())
    }

    fn delete(&self, id: &str) -> Done {
        let id = report_id(id)?;
        self.core.delete(id)?;
        self.output.tell(&json!({ "deleted": id }), || "deleted".into())
    }

    fn passphrase(&self, old: Option<&Passphrase>, change: PassphraseChange) -> Done {
        let (new, limit) = match change {
            PassphraseChange::Set(new) | PassphraseChange::Change(new) => {
                (Some(read_passphrase(&new.file)?), new.limit)
            }
            PassphraseChange::Remove => (None, None),
        };
        self.core.set_passphrase(old, new.as_ref(), limit)?;
        self.output.tell(&json!({ "passphrase": new.is_some() }), || "done".into())
    }

    fn wipe(&self) -> Done {
        self.core.wipe()?;
        self.output.tell(&json!({ "wiped": true }), || "wiped".into())
    }

    fn state(&self) -> Done {
        let id = self.core.state().message_id();
        let state = id.strip_prefix("vault-").unwrap_or(id);
        let unfinished = self.core.is_erasure_unfinished()?;
        let json = json!({ "state": state, "erasure_unfinished": unfinished });
        self.output.tell(&json, || sentence(id))
    }
}

/// Prints each change as it comes.
struct Printer {
    json: bool,
    forms: Vec<(ReportId, String)>,
}

impl Listener for Printer {
    fn on_change(&self, status: &ReportStatus) {
        let json = json::status(status, form_of(&self.forms, status));
        // A reader that went away does not stop the sending.
        let _ = Output::new(self.json).tell(&json, || in_words(status));
    }
}

fn form_of<'a>(forms: &'a [(ReportId, String)], status: &ReportStatus) -> Option<&'a str> {
    forms.iter().find(|(id, _)| *id == status.report).map(|(_, form)| form.as_str())
}

fn in_words(status: &ReportStatus) -> String {
    let reason = status.reason.as_deref().map(|id| format!(" - {}", sentence(id)));
    format!(
        "{}  {}  {} of {} bytes{}",
        status.report,
        sentence(status.state.message_id()),
        status.sent,
        status.total,
        reason.unwrap_or_default()
    )
}

/// JSON if it looks like it, else what a person typed.
fn parse(kind: &Kind, value: &str) -> Result<Answer, Problem> {
    if !value.starts_with(['{', '[', '"']) {
        return Ok(Answer::from_text(kind, value, SystemClock.now()));
    }
    let json: Value = serde_json::from_str(value)
        .map_err(|_| Problem::Usage("VALUE starts like JSON and is none"))?;
    Answer::from_json(kind, &json).map_err(|reason| Problem::Refused(reason.message_id()))
}

fn conditions(args: &NetworkArgs) -> Conditions {
    let network = match args.network {
        NetworkName::Wifi => Network::Wifi,
        NetworkName::Metered => Network::Metered,
        NetworkName::None => Network::None,
    };
    Conditions { network, battery_saver: args.battery_saver, in_background: args.background }
}

/// The first line of a file.
fn read_passphrase(path: &Path) -> Result<Passphrase, Problem> {
    let text = fs::read_to_string(path);
    let text = text.map_err(|_| Problem::Usage("the passphrase file can't be read"))?;
    Ok(Passphrase::new(text.lines().next().unwrap_or_default()))
}

pub(crate) fn report_id(text: &str) -> Result<ReportId, Problem> {
    Ok(text.parse().map_err(|_| Error::NotFound)?)
}

fn field_id(text: &str) -> Result<FieldId, Problem> {
    Ok(FieldId::new(text).ok_or(Error::from(Refusal::UnknownField))?)
}
