//! Drafts: every answer is on disk before the call returns.
//!
//! A report is two rows. `draft` holds everything the person said, sealed under the report's own
//! key: one answer, one commit, one fsync. `report` holds the head, sealed under the vault key:
//! what the list shows, and the version and hash of the draft row. So the list opens without
//! touching any report key, and an old draft row that is put back does not match its head.

mod body;
mod moves;

use std::collections::{BTreeMap, BTreeSet};

use rusqlite::{Connection, OptionalExtension, Transaction};
use serde::{Deserialize, Serialize};

use crate::crypto::sha256;
use crate::error::{Error, Refusal, Result};
use crate::forms::{self, Answer, FieldId, Form, FormId, Moment, Progress};
use crate::ids::{Digest, MediumId, ReportId};
use crate::seal::ReportKeys;
use crate::store::Store;
use crate::vault::Keys;
use crate::vault::cell::Cell;
use crate::vault::keys::ReportKey;

pub(crate) use body::{
    Body, SentMedium, SentRecall, SentReply, SentVersion, StoredFile, StoredMedium, Which,
};
pub(crate) use moves::{copy_all, reseal_all};

/// A report as it is stored.
pub(crate) struct Draft {
    pub(crate) id: ReportId,
    pub(crate) key: ReportKey,
    pub(crate) head: Head,
    pub(crate) body: Body,
    /// The version of the `report` row; the draft row's is in the head.
    version: u64,
}

/// What the list shows, sealed under the vault key.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Head {
    pub(crate) form: FormId,
    pub(crate) title: Option<String>,
    pub(crate) answered: usize,
    pub(crate) total: usize,
    pub(crate) created_at_ms: i64,
    pub(crate) updated_at_ms: i64,
    /// The profile that the report was begun with.
    pub(crate) from_profile: Option<ReportId>,
    /// What of a profile should be looked at again, and when.
    pub(crate) refresh: BTreeMap<FieldId, Refresh>,
    draft_version: u64,
    draft_sha256: Digest,
}

/// When an answer of a profile should be looked at again.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Refresh {
    pub(crate) answered_at_ms: i64,
    pub(crate) due_ms: i64,
}

impl Draft {
    /// An empty draft, on no disk yet.
    pub(crate) fn new(form: &Form, now: Moment) -> Self {
        let report = ReportKeys::make();
        let body = Body::new(&report, form);
        let head = Head {
            form: form.id.clone(),
            title: None,
            answered: 0,
            total: 0,
            created_at_ms: now.unix_ms,
            updated_at_ms: now.unix_ms,
            from_profile: None,
            refresh: BTreeMap::new(),
            draft_version: 0,
            draft_sha256: sha256(&[]),
        };
        Self { id: report.report_id(), key: ReportKey::make(), head, body, version: 0 }
    }
}

/// Reads a report, and refuses rows that do not belong together.
pub(crate) fn load(connection: &Connection, keys: Keys<'_>, id: ReportId) -> Result<Draft> {
    let sql = "SELECT report.version, report.key, report.head, draft.version, draft.body
               FROM report LEFT JOIN draft USING (id) WHERE id = ?1";
    type Row = (u64, Vec<u8>, Vec<u8>, Option<u64>, Option<Vec<u8>>);
    let row: Option<Row> = connection
        .query_row(sql, [id.as_bytes()], |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?))
        })
        .optional()?;
    let Some((version, wrapped, head, draft_version, body)) = row else {
        return Err(missing(connection, id)?);
    };
    let head: Head = keys.vault.cells().open_json(head_cell(&id, version), &head)?;
    let (Some(draft_version), Some(sealed)) = (draft_version, body) else {
        return Err(Error::Damaged);
    };
    if draft_version != head.draft_version || sha256(&sealed) != head.draft_sha256 {
        return Err(Error::Damaged);
    }
    let key = keys.vault.unwrap(id, &wrapped)?;
    let body = key.cells().open_json(body_cell(&id, draft_version), &sealed)?;
    Ok(Draft { id, key, head, body, version })
}

/// Works on a report as it is, and anew if that fails because the report was changed meanwhile: the
/// file of a photo that another process took off is no damage.
pub(crate) fn work_on<T>(
    store: &Store,
    id: ReportId,
    work: impl Fn(Draft) -> Result<T>,
) -> Result<T> {
    let load = || store.read(id, |connection, keys| load(connection, keys, id));
    loop {
        let draft = load()?;
        let begun_at = draft.version;
        match work(draft) {
            Err(Error::Damaged | Error::Refused(Refusal::Busy)) if load()?.version != begun_at => {}
            done => return done,
        }
    }
}

/// A report without its head was damaged; one without any row is not there.
fn missing(connection: &Connection, id: ReportId) -> Result<Error> {
    let sql = "SELECT count(*) FROM draft WHERE id = ?1";
    let rows: u32 = connection.query_row(sql, [id.as_bytes()], |row| row.get(0))?;
    Ok(if rows == 0 { Error::NotFound } else { Error::Damaged })
}

/// Writes a report: both rows, in the caller's transaction. `form` is [`Body::form`].
pub(crate) fn save(
    transaction: &Transaction<'_>,
    keys: Keys<'_>,
    draft: &Draft,
    form: &Form,
    now: Moment,
) -> Result<()> {
    let answers = draft.body.answers(form).current;
    let Progress { answered, total } = forms::progress(form, &answers, &draft.body.media_counts());
    let (id, version) = (draft.id, draft.version + 1);
    let draft_version = draft.head.draft_version + 1;
    let sealed = draft.key.cells().seal_json(body_cell(&id, draft_version), &draft.body)?;
    let head = Head {
        // A form that asks nothing any more names nothing; the draft keeps its name.
        title: match form.fields.is_empty() {
            true => draft.head.title.clone(),
            false => forms::title(form, &answers),
        },
        answered,
        total,
        updated_at_ms: now.unix_ms,
        from_profile: draft.body.from_profile,
        refresh: refresh(form, &answers, &draft.body),
        draft_version,
        draft_sha256: sha256(&sealed),
        ..draft.head.clone()
    };
    let head = keys.vault.cells().seal_json(head_cell(&id, version), &head)?;
    transaction.execute(
        "INSERT INTO report (id, version, key, head) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT (id) DO UPDATE SET version = excluded.version, head = excluded.head",
        (id.as_bytes(), version, keys.vault.wrap(id, &draft.key)?, head),
    )?;
    transaction.execute(
        "INSERT INTO draft (id, version, body) VALUES (?1, ?2, ?3)
         ON CONFLICT (id) DO UPDATE SET version = excluded.version, body = excluded.body",
        (id.as_bytes(), draft_version, sealed),
    )?;
    transaction.execute("DELETE FROM medium WHERE report = ?1", [id.as_bytes()])?;
    for file in draft.body.files() {
        let row = (file.id.as_bytes(), id.as_bytes());
        transaction.execute("INSERT INTO medium (id, report) VALUES (?1, ?2)", row)?;
    }
    Ok(())
}

/// When the answers that grow old should be looked at again. What is not known grows no older.
fn refresh(
    form: &Form,
    answers: &BTreeMap<FieldId, Answer>,
    body: &Body,
) -> BTreeMap<FieldId, Refresh> {
    // A month of a reminder is thirty days; nobody counts them.
    const MONTH_MS: i64 = 30 * 24 * 3_600_000;
    let is_answered = |field: &FieldId| {
        answers.get(field).is_some_and(|it| *it != Answer::Unknown && !it.is_empty())
            || body.media.iter().any(|medium| medium.field == *field)
    };
    let due = |field: &forms::Field| {
        let answered_at_ms = *body.answered_at_ms.get(&field.id)?;
        let months = i64::from(field.refresh_months?);
        let due_ms = answered_at_ms.saturating_add(months * MONTH_MS);
        is_answered(&field.id).then(|| (field.id.clone(), Refresh { answered_at_ms, due_ms }))
    };
    form.fields.iter().filter_map(due).collect()
}

/// Removes a report's rows, and with them its key; gives the media whose files go after the commit.
///
/// Needs no key, so that a damaged report can be removed too.
pub(crate) fn delete(transaction: &Transaction<'_>, id: ReportId) -> Result<Vec<MediumId>> {
    let media = {
        let mut statement = transaction.prepare("SELECT id FROM medium WHERE report = ?1")?;
        let ids = statement.query_map([id.as_bytes()], |row| row.get::<_, Vec<u8>>(0))?;
        let mut media = Vec::new();
        for medium in ids {
            media.push(MediumId::from_slice(&medium?).ok_or(Error::Damaged)?);
        }
        media
    };
    let mut rows = 0;
    for table in ["report", "draft"] {
        let sql = format!("DELETE FROM {table} WHERE id = ?1");
        rows += transaction.execute(&sql, [id.as_bytes()])?;
    }
    transaction.execute("DELETE FROM medium WHERE report = ?1", [id.as_bytes()])?;
    if rows == 0 { Err(Error::NotFound) } else { Ok(media) }
}

/// The heads of all reports, newest first; one that does not open is there as damaged.
pub(crate) fn list(
    connection: &Connection,
    keys: Keys<'_>,
) -> Result<Vec<(ReportId, Option<Head>)>> {
    // An old row that was put back does not match the other; one without the other is damaged.
    let sql = "SELECT report.id, report.version, head, draft.version FROM report
               LEFT JOIN draft USING (id)
               UNION ALL
               SELECT id, 0, x'', NULL FROM draft WHERE id NOT IN (SELECT id FROM report)";
    let mut statement = connection.prepare(sql)?;
    type Row = (Vec<u8>, u64, Vec<u8>, Option<u64>);
    let rows = statement.query_map([], |row| -> rusqlite::Result<Row> {
        Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?))
    })?;
    let key = keys.vault.cells();
    let mut reports = Vec::new();
    for row in rows {
        let (id, version, head, draft_version) = row?;
        let id = ReportId::from_slice(&id).ok_or(Error::Damaged)?;
        let head: Option<Head> = key.open_json(head_cell(&id, version), &head).ok();
        reports.push((id, head.filter(|head| Some(head.draft_version) == draft_version)));
    }
    let updated = |head: &Option<Head>| head.as_ref().map_or(i64::MIN, |head| head.updated_at_ms);
    reports.sort_by_key(|(_, head)| std::cmp::Reverse(updated(head)));
    Ok(reports)
}

/// The files of all media, as the reports themselves say; none if a report does not open.
pub(crate) fn all_media(
    connection: &Connection,
    keys: Keys<'_>,
) -> Result<Option<BTreeSet<MediumId>>> {
    let mut media = BTreeSet::new();
    for (id, _) in list(connection, keys)? {
        match load(connection, keys, id) {
            Ok(draft) => media.extend(draft.body.files().map(|file| file.id)),
            Err(Error::Damaged) => return Ok(None),
            Err(error) => return Err(error),
        }
    }
    Ok(Some(media))
}

fn head_cell(id: &ReportId, version: u64) -> Cell<'_> {
    Cell { table: "report", id: id.as_bytes(), column: "head", version }
}

fn body_cell(id: &ReportId, version: u64) -> Cell<'_> {
    Cell { table: "draft", id: id.as_bytes(), column: "body", version }
}
