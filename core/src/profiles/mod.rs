//! What was prepared, and what is shared: a report from a profile, another child of the same event,
//! a profile on another phone, and the reminder to look at a profile again.

mod file;

use std::collections::{BTreeMap, BTreeSet};

use crate::attachments;
use crate::drafts::{self, Draft};
use crate::error::{Refusal, Result};
use crate::forms::{self, Answers, FieldId, Form, Moment, Purpose};
use crate::ids::ReportId;
use crate::store::Store;

pub(crate) use file::{export, import};

/// A profile's answer that should be looked at again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reminder {
    /// The profile.
    pub profile: ReportId,
    /// The field: a photo, a height.
    pub field: FieldId,
    /// When it was answered last, Unix ms.
    pub answered_at_ms: i64,
}

/// Begins a report of `form` with all that `from` can fill.
///
/// From a profile: everything that both ask, photos included. From a report of the same form:
/// what another child of the same event shares with the first, spoken or typed.
pub(crate) fn begin_from(store: &Store, form: &Form, from: ReportId) -> Result<ReportId> {
    // Nobody sweeps the copied files before their rows are there.
    let _held = store.home.hold_files()?;
    drafts::work_on(store, from, |source| fill(store, form, &source))
}

fn fill(store: &Store, form: &Form, source: &Draft) -> Result<ReportId> {
    let source_form = source.body.form(&store.forms());
    let now = store.now();
    let mut draft = Draft::new(form, now);
    let answers = source.body.answers(&source_form).current;
    let copied: BTreeSet<FieldId>;
    let mut filled = Answers::default();
    if source_form.purpose == Purpose::Profile {
        let said = |field: &FieldId| said_at(source, field, now);
        let prefill = forms::prefill(&source_form, &answers, form, said, now);
        filled.current = prefill.answers;
        copied = prefill.media;
    } else if source_form.id == form.id {
        let shared: BTreeSet<&FieldId> = forms::shared_with_sibling(form).collect();
        filled.current = answers.into_iter().filter(|(id, _)| shared.contains(id)).collect();
        copied = shared.into_iter().cloned().collect();
    } else {
        return Err(Refusal::WrongKind.into());
    }
    // If that fails half way, the next start sweeps what was copied.
    let names = copy_media(store, source, &copied, &mut draft)?;
    for answer in filled.current.values_mut() {
        answer.name_mark_photos(|photo| names.get(photo).cloned().or(Some(photo.to_owned())));
    }
    let is_filled = !filled.current.is_empty() || !draft.body.media.is_empty();
    if source_form.purpose == Purpose::Profile && is_filled {
        draft.body.from_profile = Some(source.id);
    }
    draft.body.set_answers(form, &filled);
    for field in filled.current.into_keys().chain(names_of_media(&draft)) {
        draft.body.answered_at_ms.insert(field, now.unix_ms);
    }
    let id = draft.id;
    store.write_new(|transaction, keys| drafts::save(transaction, keys, &draft, form, now))?;
    Ok(id)
}

/// When an answer of a profile was given. Before it was begun is too early for those of which
/// nothing is known.
fn said_at(profile: &Draft, field: &FieldId, now: Moment) -> Moment {
    let known = profile.body.answered_at_ms.get(field).copied();
    Moment { unix_ms: known.unwrap_or(profile.head.created_at_ms), ..now }
}

fn names_of_media(draft: &Draft) -> Vec<FieldId> {
    draft.body.media.iter().map(|medium| medium.field.clone()).collect()
}

/// Copies what was attached to some fields, and gives the new names of the copies by the old ones.
fn copy_media(
    store: &Store,
    source: &Draft,
    fields: &BTreeSet<FieldId>,
    draft: &mut Draft,
) -> Result<BTreeMap<String, String>> {
    let mut names = BTreeMap::new();
    for medium in source.body.media.iter().filter(|medium| fields.contains(&medium.field)) {
        let copy = attachments::copy(store, medium, &source.key, &draft.key)?;
        names.insert(medium.id.to_string(), copy.id.to_string());
        draft.body.media.push(copy);
    }
    Ok(names)
}

/// The profile answers that have grown old. A child with any report has no reminders: they would
/// hurt more than they help.
pub(crate) fn reminders(store: &Store) -> Result<Vec<Reminder>> {
    let now_ms = store.now().unix_ms;
    let heads: Vec<_> = store.read_all(drafts::list)?.into_iter().flatten().collect();
    let reported: BTreeSet<ReportId> =
        heads.iter().filter_map(|(_, head)| head.as_ref()?.from_profile).collect();
    let mut reminders = Vec::new();
    for (profile, head) in heads {
        let Some(head) = head.filter(|_| !reported.contains(&profile)) else { continue };
        for (field, refresh) in head.refresh {
            if refresh.due_ms <= now_ms {
                let answered_at_ms = refresh.answered_at_ms;
                reminders.push(Reminder { profile, field, answered_at_ms });
            }
        }
    }
    Ok(reminders)
}
