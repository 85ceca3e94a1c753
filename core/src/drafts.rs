//! Drafts: every answer is on disk before the call returns.
//!
//! A report is two rows. `draft` holds everything the person said, sealed under the report's own
//! key: one answer, one commit, one fsync. `report` holds the head, sealed under the vault key: what
//! the list shows, and the version and hash of the draft row. So the list opens without touching
//! any report key, and an old draft row that is put back does not match its head.

use std::collections::{BTreeMap, BTreeSet};

use rusqlite::{Connection, OptionalExtension, Transaction};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::crypto::sha256;
use crate::error::{Error, Result};
use crate::forms::{self, Answers, FieldId, Form, FormId, Moment, Progress};
use crate::ids::{Digest, MediumId, PartId, ReportId};
use crate::media::{Facts, Manifest};
use crate::seal::ReportKeys;
use crate::vault::Keys;
use crate::vault::cell::{Cell, CellKey};
use crate::vault::keys::{ReportKey, VaultKey};

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

/// Everything the person said, sealed under the report key.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Body {
    /// The seed of the report's keys.
    seed: [u8; 32],
    pub(crate) form: FormId,
    pub(crate) form_version: u32,
    /// By field; what an earlier form asked has keys that no field has ([`Answers::to_stored`]).
    answers: BTreeMap<String, Value>,
    /// When each field was answered or attached to last.
    pub(crate) answered_at_ms: BTreeMap<FieldId, i64>,
    pub(crate) from_profile: Option<ReportId>,
    pub(crate) media: Vec<StoredMedium>,
    /// What was sent so far, oldest first.
    pub(crate) sent: Vec<SentVersion>,
}

/// A photo, video or recording of a report: a scrubbed copy, the untouched original, or both.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct StoredMedium {
    pub(crate) id: MediumId,
    pub(crate) field: FieldId,
    pub(crate) facts: Facts,
    pub(crate) manifest: Manifest,
    /// For all who may see the field; none for a file that can't be cleaned.
    pub(crate) scrubbed: Option<StoredFile>,
    /// The file as it was, for the police; only if the person wanted it.
    pub(crate) original: Option<StoredFile>,
}

/// Which of the files of a medium.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Which {
    /// The scrubbed copy.
    Scrubbed,
    /// The file as it was.
    Original,
}

/// A sealed file of a medium.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct StoredFile {
    /// The file's own id: that of the medium for the scrubbed copy, another one for the original.
    pub(crate) id: MediumId,
    /// What it is called on its way, without number and ending.
    pub(crate) stem: String,
    /// The usual ending of such a file.
    pub(crate) extension: String,
    pub(crate) bytes: u64,
    pub(crate) sha256: Digest,
    /// The hash of the sealed file.
    pub(crate) file_sha256: Digest,
    /// The part it left in, and the name it has there.
    pub(crate) sent: Option<SentMedium>,
}

impl StoredMedium {
    /// All its sealed files.
    pub(crate) fn files(&self) -> impl Iterator<Item = &StoredFile> {
        self.scrubbed.iter().chain(&self.original)
    }

    /// One of them.
    pub(crate) fn file(&self, which: Which) -> Option<&StoredFile> {
        match which {
            Which::Scrubbed => self.scrubbed.as_ref(),
            Which::Original => self.original.as_ref(),
        }
    }

    /// The same, to be changed.
    pub(crate) fn file_mut(&mut self, which: Which) -> Option<&mut StoredFile> {
        match which {
            Which::Scrubbed => self.scrubbed.as_mut(),
            Which::Original => self.original.as_mut(),
        }
    }
}

impl StoredFile {
    /// What it is called on its way, as the `number`-th medium of its report.
    pub(crate) fn name(&self, number: usize) -> String {
        format!("{}-{number}.{}", self.stem, self.extension)
    }
}

/// Where a medium went.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct SentMedium {
    pub(crate) part: PartId,
    pub(crate) name: String,
}

/// A version of the report that was sealed.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct SentVersion {
    /// The hash of the statement that led the version; the next one names it.
    pub(crate) digest: Digest,
    /// The hash of the first minute's answers, to see whether they changed.
    pub(crate) first_minute: Digest,
    /// The hash of all answers; none if only the first minute left.
    pub(crate) answers: Option<Digest>,
}

impl Body {
    pub(crate) fn keys(&self) -> ReportKeys {
        ReportKeys::derive(self.seed)
    }

    pub(crate) fn form(&self) -> Result<&'static Form> {
        // The form of a stored draft is one that this program had when it was begun.
        Form::built_in(&self.form).ok_or(Error::Damaged)
    }

    /// The answers as the form understands them, and those it has no place for.
    pub(crate) fn answers(&self, form: &Form) -> Answers {
        Answers::read(form, self.answers.clone())
    }

    /// Replaces all answers.
    pub(crate) fn set_answers(&mut self, answers: &Answers) {
        self.answers = answers.to_stored();
    }

    /// The hash of all answers, to see whether they changed.
    pub(crate) fn answers_digest(&self) -> Digest {
        // Strings and what was JSON before: this can't fail.
        sha256(&serde_json::to_vec(&self.answers).unwrap_or_default())
    }

    /// How many media each field has.
    pub(crate) fn media_counts(&self) -> BTreeMap<FieldId, usize> {
        let mut counts = BTreeMap::new();
        for medium in &self.media {
            *counts.entry(medium.field.clone()).or_default() += 1;
        }
        counts
    }
}

impl Draft {
    /// An empty draft, on no disk yet.
    pub(crate) fn new(form: &Form, now: Moment) -> Self {
        let report = ReportKeys::make();
        let body = Body {
            seed: *report.seed(),
            form: form.id.clone(),
            form_version: form.version,
            answers: BTreeMap::new(),
            answered_at_ms: BTreeMap::new(),
            from_profile: None,
            media: Vec::new(),
            sent: Vec::new(),
        };
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
    let head = open_head(&keys.vault.cells(), id, version, &head)?;
    let (Some(draft_version), Some(sealed)) = (draft_version, body) else {
        return Err(Error::Damaged);
    };
    if draft_version != head.draft_version || sha256(&sealed) != head.draft_sha256 {
        return Err(Error::Damaged);
    }
    let key = keys.vault.unwrap(id, &wrapped)?;
    let body = key.cells().open(body_cell(&id, draft_version), &sealed)?;
    let body = serde_json::from_slice(&body).map_err(|_| Error::Damaged)?;
    Ok(Draft { id, key, head, body, version })
}

/// A report without its head was damaged; one without any row is not there.
fn missing(connection: &Connection, id: ReportId) -> Result<Error> {
    let sql = "SELECT count(*) FROM draft WHERE id = ?1";
    let rows: u32 = connection.query_row(sql, [id.as_bytes()], |row| row.get(0))?;
    Ok(if rows == 0 { Error::NotFound } else { Error::Damaged })
}

/// Writes a report: both rows, in the caller's transaction.
pub(crate) fn save(
    transaction: &Transaction<'_>,
    keys: Keys<'_>,
    draft: &Draft,
    now: Moment,
) -> Result<()> {
    let form = draft.body.form()?;
    let answers = draft.body.answers(form).current;
    let Progress { answered, total } = forms::progress(form, &answers, &draft.body.media_counts());
    let (id, version) = (draft.id, draft.version + 1);
    let body = serde_json::to_vec(&draft.body).map(zeroize::Zeroizing::new);
    let body = body.map_err(|_| Error::Unexpected("error-encoding"))?;
    let draft_version = draft.head.draft_version + 1;
    let sealed = draft.key.cells().seal(body_cell(&id, draft_version), &body)?;
    let head = Head {
        title: forms::title(form, &answers),
        answered,
        total,
        updated_at_ms: now.unix_ms,
        from_profile: draft.body.from_profile,
        refresh: refresh(form, &draft.body.answered_at_ms),
        draft_version,
        draft_sha256: sha256(&sealed),
        ..draft.head.clone()
    };
    let head = serde_json::to_vec(&head).map(zeroize::Zeroizing::new);
    let head = head.map_err(|_| Error::Unexpected("error-encoding"))?;
    let head = keys.vault.cells().seal(head_cell(&id, version), &head)?;
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
    for file in draft.body.media.iter().flat_map(StoredMedium::files) {
        let row = (file.id.as_bytes(), id.as_bytes());
        transaction.execute("INSERT INTO medium (id, report) VALUES (?1, ?2)", row)?;
    }
    Ok(())
}

/// When the answers that grow old should be looked at again.
fn refresh(form: &Form, answered_at_ms: &BTreeMap<FieldId, i64>) -> BTreeMap<FieldId, Refresh> {
    // A month of a reminder is thirty days; nobody counts them.
    const MONTH_MS: i64 = 30 * 24 * 3_600_000;
    let due = |field: &forms::Field| {
        let answered_at_ms = *answered_at_ms.get(&field.id)?;
        let months = i64::from(field.refresh_months?);
        let due_ms = answered_at_ms.saturating_add(months * MONTH_MS);
        Some((field.id.clone(), Refresh { answered_at_ms, due_ms }))
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
        let head = open_head(&key, id, version, &head).ok();
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
            Ok(draft) => {
                let files = draft.body.media.iter().flat_map(StoredMedium::files);
                media.extend(files.map(|file| file.id));
            }
            Err(Error::Damaged) => return Ok(None),
            Err(error) => return Err(error),
        }
    }
    Ok(Some(media))
}

/// Seals every report again under a new vault key. What does not open under the old one stays as
/// it is: it is damaged already, and not ours to delete.
pub(crate) fn reseal_all(
    transaction: &Transaction<'_>,
    old: &VaultKey,
    new: &VaultKey,
) -> Result<()> {
    for row in report_rows(transaction)? {
        let Some(key) = moved_key(&row, old, new)? else { continue };
        let head = moved_head(&row, old, new)?;
        transaction.execute(
            "UPDATE report SET key = ?2, head = ?3 WHERE id = ?1",
            (row.id.as_bytes(), key, head),
        )?;
    }
    Ok(())
}

/// Copies every report into another database, sealed under its vault key. Report keys, and with
/// them drafts and blobs, stay as they are.
pub(crate) fn copy_all(
    from: &Connection,
    old: &VaultKey,
    to: &Transaction<'_>,
    new: &VaultKey,
) -> Result<()> {
    for row in report_rows(from)? {
        let key = moved_key(&row, old, new)?.ok_or(Error::Damaged)?;
        to.execute(
            "INSERT OR REPLACE INTO report (id, version, key, head) VALUES (?1, ?2, ?3, ?4)",
            (row.id.as_bytes(), row.version, key, moved_head(&row, old, new)?),
        )?;
    }
    for (table, columns) in [("draft", "id, version, body"), ("medium", "id, report")] {
        copy_table(from, to, table, columns)?;
    }
    Ok(())
}

/// Copies rows whose columns need no other key.
fn copy_table(from: &Connection, to: &Transaction<'_>, table: &str, columns: &str) -> Result<()> {
    let mut select = from.prepare(&format!("SELECT {columns} FROM {table}"))?;
    let count = select.column_count();
    let places = vec!["?"; count].join(", ");
    let mut insert =
        to.prepare(&format!("INSERT OR REPLACE INTO {table} ({columns}) VALUES ({places})"))?;
    let mut rows = select.query([])?;
    while let Some(row) = rows.next()? {
        let values = (0..count).map(|at| row.get::<_, rusqlite::types::Value>(at));
        let values = values.collect::<rusqlite::Result<Vec<_>>>()?;
        insert.execute(rusqlite::params_from_iter(values))?;
    }
    Ok(())
}

/// A row of the `report` table, sealed.
struct ReportRow {
    id: ReportId,
    version: u64,
    key: Vec<u8>,
    head: Vec<u8>,
}

fn report_rows(connection: &Connection) -> Result<Vec<ReportRow>> {
    let mut statement = connection.prepare("SELECT id, version, key, head FROM report")?;
    let rows = statement.query_map([], |row| {
        Ok((row.get::<_, Vec<u8>>(0)?, row.get(1)?, row.get(2)?, row.get(3)?))
    })?;
    let mut reports = Vec::new();
    for row in rows {
        let (id, version, key, head) = row?;
        let id = ReportId::from_slice(&id).ok_or(Error::Damaged)?;
        reports.push(ReportRow { id, version, key, head });
    }
    Ok(reports)
}

/// The report key under the new vault key; none if it does not open under the old one.
fn moved_key(row: &ReportRow, old: &VaultKey, new: &VaultKey) -> Result<Option<Vec<u8>>> {
    let Ok(key) = old.unwrap(row.id, &row.key) else { return Ok(None) };
    new.wrap(row.id, &key).map(Some)
}

/// The head under the new vault key, or as it is if it does not open under the old one.
fn moved_head(row: &ReportRow, old: &VaultKey, new: &VaultKey) -> Result<Vec<u8>> {
    let cell = head_cell(&row.id, row.version);
    match old.cells().open(cell, &row.head) {
        Ok(head) => new.cells().seal(cell, &head),
        Err(_) => Ok(row.head.clone()),
    }
}

fn open_head(key: &CellKey, id: ReportId, version: u64, sealed: &[u8]) -> Result<Head> {
    let head = key.open(head_cell(&id, version), sealed)?;
    serde_json::from_slice(&head).map_err(|_| Error::Damaged)
}

fn head_cell(id: &ReportId, version: u64) -> Cell<'_> {
    Cell { table: "report", id: id.as_bytes(), column: "head", version }
}

fn body_cell(id: &ReportId, version: u64) -> Cell<'_> {
    Cell { table: "draft", id: id.as_bytes(), column: "body", version }
}
