//! Drafts and reports: begin, list, read, answer, delete.

use std::fs;
use std::io::{Read, Write};
use std::path::Path;
use std::sync::Arc;

use super::{Homeward, Medium, Report, ReportSummary, SummaryHead};
use crate::drafts::{self, Draft};
use crate::error::{Error, Refusal, Result};
use crate::forms::{self, Answer, FieldId, Form, FormId, Problem};
use crate::ids::ReportId;
use crate::profiles::{self, Reminder};
use crate::queue::{self, ReportState, ReportStatus};
use crate::vault::{Passphrase, VaultState};

impl Homeward {
    /// A form by its name: the paired organisation's, if it has one, else the built-in one.
    pub fn form(&self, form: &FormId) -> Result<Arc<Form>> {
        Ok(self.store.forms().form(form).ok_or(Refusal::UnknownForm)?)
    }

    /// Every form that can be filled in: the paired organisation's and the built-in ones.
    #[must_use]
    pub fn forms(&self) -> Vec<Arc<Form>> {
        self.store.forms().all().map(Arc::clone).collect()
    }

    /// Begins a draft; with `from`, filled with all that a profile can fill, or with what another
    /// child of the same event shares with the report `from`. Works whatever the vault's state is,
    /// but then only without `from`.
    pub fn create(&self, form: &FormId, from: Option<ReportId>) -> Result<ReportId> {
        let form = self.form(form)?;
        if let Some(from) = from {
            return profiles::begin_from(&self.store, &form, from);
        }
        let draft = Draft::new(&form, self.store.now());
        let (id, now) = (draft.id, self.store.now());
        self.store
            .write_new(|transaction, keys| drafts::save(transaction, keys, &draft, &form, now))?;
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
        let form = draft.body.form(&self.store.forms());
        let answers = draft.body.answers(&form);
        Ok(Report {
            id,
            problems: self.problems(&draft, &form),
            form: draft.body.form,
            shown: form.shown(&answers.current).into_iter().map(|it| it.id.clone()).collect(),
            permitted: form.permitted(&answers.current),
            answers: answers.current,
            earlier: answers.earlier,
            media: draft.body.media.iter().map(Medium::from).collect(),
            status,
        })
    }

    /// Reads what a person typed into one box, as the field's kind of answer. What can't be read
    /// so is kept in the person's words. Nothing is stored.
    pub fn understand(&self, form: &FormId, field: &FieldId, typed: &str) -> Result<Answer> {
        let form = self.form(form)?;
        let asked = form.field(field).ok_or(Refusal::UnknownField)?;
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
        let (now, forms) = (self.store.now(), self.store.forms());
        self.store.write(id, |transaction, keys| {
            let mut draft = drafts::load(transaction, keys, id)?;
            let form = draft.body.form(&forms);
            let asked = form.field(field).ok_or(Refusal::UnknownField)?;
            let mut answers = draft.body.answers(&form);
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
            draft.body.set_answers(&form, &answers);
            match answer {
                Some(_) => _ = draft.body.answered_at_ms.insert(field.clone(), now.unix_ms),
                None => draft.body.forget_time(field),
            }
            drafts::save(transaction, keys, &draft, &form, now)?;
            Ok(self.problems(&draft, &form))
        })
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

    fn problems(&self, draft: &Draft, form: &Form) -> Vec<Problem> {
        let answers = draft.body.answers(form).current;
        let mut problems =
            forms::check(form, &answers, &draft.body.media_counts(), self.store.now());
        problems.extend(forms::marks_without_photo(form, &answers, |field, photo| {
            let mut media = draft.body.media.iter();
            media.any(|medium| medium.field == *field && medium.id.to_string() == photo)
        }));
        problems
    }
}

/// Removes a file whose row is gone; if that fails the next start does it.
fn remove(path: &Path) {
    let _ = fs::remove_file(path);
}
