//! The outbox's rows: what is in clear for planning, and what is sealed.

use std::collections::{BTreeMap, BTreeSet};

use rusqlite::{Connection, Row, Transaction};
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::forms::Audience;
use crate::ids::{Digest, Fingerprint, PartId, ReportId};
use crate::seal::PartKind;
use crate::store::Store;
use crate::tus::{Memory, Reason};
use crate::vault::cell::{Cell, CellKey};

/// How far a part is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PartState {
    /// Not all of it is at the server.
    Waiting,
    /// The server has every byte. Nobody may have read it.
    Stored,
    /// The organisation signed that it opened it, or holds it for the police.
    Opened,
    /// Only the person can start it again.
    Parked,
    /// Its report was called back before it left: it waits for the organisation's word.
    Held,
    /// The organisation does not need it any more. Its ciphertext is gone; what it was made from
    /// is still in the report.
    Dropped,
}

impl PartState {
    /// The word for it, in rows and in JSON.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Stored => "stored",
            Self::Opened => "opened",
            Self::Parked => "parked",
            Self::Held => "held",
            Self::Dropped => "dropped",
        }
    }

    fn from_str(text: &str) -> Option<Self> {
        let all =
            [Self::Waiting, Self::Stored, Self::Opened, Self::Parked, Self::Held, Self::Dropped];
        all.into_iter().find(|state| state.as_str() == text)
    }
}

/// A part's row.
pub(crate) struct PartRow {
    pub(crate) id: PartId,
    pub(crate) server: Fingerprint,
    /// Which of the organisation's servers it is on its way to: 0, or the number of a mirror.
    pub(crate) place: u32,
    pub(crate) urgency: u32,
    pub(crate) bytes: u64,
    pub(crate) wifi_only: bool,
    pub(crate) state: PartState,
    /// A message id.
    pub(crate) reason: Option<String>,
    pub(crate) sent: u64,
    pub(crate) next_try_at_ms: i64,
    pub(super) version: u64,
    pub(super) sealed: Vec<u8>,
}

#[cfg(test)]
impl PartRow {
    /// A row of a part of this kind that waits.
    pub(super) fn waiting(kind: PartKind, bytes: u64) -> Self {
        Self {
            id: PartId::make(),
            server: Fingerprint::from([7; 32]),
            place: 0,
            urgency: urgency(kind),
            bytes,
            wifi_only: false,
            state: PartState::Waiting,
            reason: None,
            sent: 0,
            next_try_at_ms: 0,
            version: 1,
            sealed: Vec::new(),
        }
    }
}

/// What of a part is nobody's business but the phone's; sealed under the queue key.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct PartSecret {
    pub(crate) report: ReportId,
    pub(crate) kind: PartKind,
    pub(crate) audiences: Vec<Audience>,
    /// The version of the report that the part came with.
    pub(crate) report_version: u32,
    /// The hash of the ciphertext.
    pub(crate) sha256: Digest,
    pub(crate) memory: Memory,
    /// Since when the organisation could have opened it: it is stored, or its server was tried in
    /// vain. Begins anew with each place.
    #[serde(default)]
    pub(crate) tried_at_ms: Option<i64>,
    /// The same at the first place; it never begins anew.
    #[serde(default)]
    pub(crate) first_tried_at_ms: Option<i64>,
    /// What is remembered of the upload at each other place, by its number.
    #[serde(default)]
    pub(crate) elsewhere: BTreeMap<u32, Memory>,
    /// It goes to a server with another key than the pack pins, because the person decided so.
    #[serde(default)]
    pub(crate) pins_waived: bool,
    /// Who can open it: age recipients.
    #[serde(default)]
    pub(crate) sealed_to: Vec<String>,
    /// Where another HTTP stack is with the upload.
    #[serde(default)]
    pub(crate) step: Option<super::steps::Kept>,
    /// How many receipts have come since the part was stored that do not name it.
    #[serde(default)]
    pub(crate) unnamed: u32,
    /// Whether the receipt was looked for since the part was stored.
    #[serde(default)]
    pub(crate) looked: bool,
    /// Whether the last receipt since then calls it missing.
    #[serde(default)]
    pub(crate) missing: bool,
    /// The ciphertext is not on this phone any more: a signed receipt let it go.
    #[serde(default)]
    pub(crate) released: bool,
}

/// The report of parts that were rescued from a spool whose rows can't be read.
pub(crate) const RESCUED: ReportId = ReportId::ZERO;

/// Rescued parts up to this size are taken for words.
const MOST_BYTES_OF_WORDS: u64 = 64 << 10;

/// A part that was just sealed.
pub(crate) struct NewPart {
    pub(crate) id: PartId,
    pub(crate) server: Fingerprint,
    pub(crate) bytes: u64,
    pub(crate) wifi_only: bool,
    /// Whether it waits for the organisation's word, since its report was called back.
    pub(crate) held: bool,
    pub(crate) secret: PartSecret,
}

/// Why a part is held: a message id.
pub(super) const HELD: &str = "held-recalled";

impl PartSecret {
    /// The part is stored from now on: what receipts said before means nothing any more.
    pub(super) fn forget_receipts(&mut self) {
        (self.unnamed, self.looked, self.missing) = (0, false, false);
    }

    /// A part that has gone nowhere yet.
    pub(crate) fn new(
        report: ReportId,
        kind: PartKind,
        audiences: Vec<Audience>,
        report_version: u32,
        sha256: Digest,
    ) -> Self {
        Self {
            report,
            kind,
            audiences,
            report_version,
            sha256,
            memory: Memory::default(),
            tried_at_ms: None,
            first_tried_at_ms: None,
            elsewhere: BTreeMap::new(),
            pins_waived: false,
            sealed_to: Vec::new(),
            step: None,
            unnamed: 0,
            looked: false,
            missing: false,
            released: false,
        }
    }

    /// What is known of a part whose row can't be read: nothing but its length.
    fn rescued(bytes: u64) -> Self {
        let words = bytes <= MOST_BYTES_OF_WORDS;
        let kind = if words { PartKind::Answers } else { PartKind::Medium };
        let mut rescued = Self::new(RESCUED, kind, Vec::new(), 0, Digest::from([0; 32]));
        rescued.memory.starts.key_lost = 1;
        rescued
    }
}

/// Lower leaves first: words and the face before files, and a recall before all.
fn urgency(kind: PartKind) -> u32 {
    match kind {
        PartKind::Recall => 5,
        PartKind::FirstMinute => 10,
        PartKind::Face => 20,
        PartKind::Answers | PartKind::Reply => 30,
        PartKind::Medium => 40,
        PartKind::Original => 50,
    }
}

const COLUMNS: &str = "id, server, urgency, bytes, wifi_only, state, reason, sent, next_try_at, version, sealed, place";

/// Adds a part to the outbox.
pub(crate) fn insert(transaction: &Transaction<'_>, key: &CellKey, part: &NewPart) -> Result<()> {
    let sealed = key.seal_json(cell(&part.id, 1), &part.secret)?;
    let state = if part.held { PartState::Held } else { PartState::Waiting };
    transaction.execute(
        "INSERT INTO part (id, number, server, place, urgency, bytes, wifi_only, state, reason,
                           sent, next_try_at, version, sealed)
         VALUES (?1, (SELECT coalesce(max(number), 0) + 1 FROM part), ?2, 0, ?3, ?4, ?5, ?6, ?7,
                 0, 0, 1, ?8)",
        (
            part.id.as_bytes(),
            part.server.as_bytes(),
            urgency(part.secret.kind),
            part.bytes,
            part.wifi_only,
            state.as_str(),
            part.held.then_some(HELD),
            sealed,
        ),
    )?;
    Ok(())
}

/// Every part, in the order of sealing.
pub(crate) fn all(connection: &Connection) -> Result<Vec<PartRow>> {
    let sql = format!("SELECT {COLUMNS} FROM part ORDER BY number");
    let mut statement = connection.prepare(&sql)?;
    let rows = statement.query_map([], |row| Ok(read(row)))?;
    rows.map(|row| row?).collect()
}

/// One part, if it is in this outbox.
pub(crate) fn find(connection: &Connection, id: PartId) -> Result<Option<PartRow>> {
    let sql = format!("SELECT {COLUMNS} FROM part WHERE id = ?1");
    let mut statement = connection.prepare(&sql)?;
    let mut rows = statement.query([id.as_bytes()])?;
    rows.next()?.map(read).transpose()
}

/// A part in whichever outbox has it, with what is sealed in its row.
pub(super) fn open(store: &Store, id: PartId) -> Result<Option<(PartRow, PartSecret)>> {
    let found = store.read_outboxes(|connection, key| {
        let row = find(connection, id)?;
        row.map(|row| row.secret(key).map(|secret| (row, secret))).transpose()
    })?;
    Ok(found.into_iter().flatten().next())
}

/// The parts that need not leave any more. Needs no key.
pub(crate) fn arrived(connection: &Connection) -> Result<Vec<PartId>> {
    let arrived = [PartState::Stored, PartState::Opened, PartState::Dropped];
    let rows = all(connection)?.into_iter().filter(|row| arrived.contains(&row.state));
    Ok(rows.map(|row| row.id).collect())
}

/// The organisations that parts are sealed for. Needs no key.
pub(crate) fn organisations(connection: &Connection) -> Result<BTreeSet<Fingerprint>> {
    // A damaged row is not asked.
    let named = |row: &Row<'_>| row.get::<_, Vec<u8>>(0);
    let mut statement = connection.prepare("SELECT DISTINCT server FROM part")?;
    let named = statement.query_map([], named)?.flatten();
    Ok(named.filter_map(|bytes| Fingerprint::from_slice(&bytes)).collect())
}

/// Queues parts that lie in the spool and whose rows can't be read, to be uploaded afresh. What
/// they are is not known any more; the small ones are taken for words, which go first.
pub(crate) fn adopt(
    transaction: &Transaction<'_>,
    key: &CellKey,
    server: Fingerprint,
    parts: &[(PartId, u64)],
) -> Result<()> {
    for (id, bytes) in parts.iter().copied() {
        if find(transaction, id)?.is_some() {
            continue;
        }
        let secret = PartSecret::rescued(bytes);
        insert(
            transaction,
            key,
            &NewPart { id, server, bytes, wifi_only: false, held: false, secret },
        )?;
    }
    Ok(())
}

/// Copies every part into another outbox. A rescued part is there already: only whether it arrived
/// is copied.
pub(super) fn copy_all(
    from: &Connection,
    old: &CellKey,
    to: &Transaction<'_>,
    new: &CellKey,
) -> Result<()> {
    for row in all(from)? {
        let secret = row.secret(old)?;
        let there = find(to, row.id)?;
        if there.is_none() && secret.report != RESCUED {
            let (id, server, bytes, wifi_only) = (row.id, row.server, row.bytes, row.wifi_only);
            let secret = secret.clone();
            let part = NewPart { id, server, bytes, wifi_only, held: false, secret };
            insert(to, new, &part)?;
        }
        let Some(mut copy) = find(to, row.id)? else { continue };
        let known = copy.secret(new)?;
        (copy.state, copy.reason, copy.place) = (row.state, row.reason, row.place);
        (copy.sent, copy.next_try_at_ms) = (row.sent, row.next_try_at_ms);
        let secret = if secret.report == RESCUED { known } else { secret };
        copy.update(to, new, &secret)?;
    }
    Ok(())
}

fn read(row: &Row<'_>) -> Result<PartRow> {
    let (id, server): (Vec<u8>, Vec<u8>) = (row.get(0)?, row.get(1)?);
    let state: String = row.get(5)?;
    Ok(PartRow {
        id: PartId::from_slice(&id).ok_or(Error::Damaged)?,
        server: Fingerprint::from_slice(&server).ok_or(Error::Damaged)?,
        urgency: row.get(2)?,
        bytes: row.get(3)?,
        wifi_only: row.get(4)?,
        // A damaged word holds up nobody: the part goes once more, and the server says how much
        // of it is there.
        state: PartState::from_str(&state).unwrap_or(PartState::Waiting),
        reason: row.get(6)?,
        sent: row.get(7)?,
        next_try_at_ms: row.get(8)?,
        version: row.get(9)?,
        sealed: row.get(10)?,
        place: row.get(11)?,
    })
}

impl PartRow {
    /// Opens what is sealed in the row. A damaged one holds up no other: its part leaves like one
    /// that was rescued, by a fresh upload.
    pub(crate) fn secret(&self, key: &CellKey) -> Result<PartSecret> {
        match self.open(key) {
            Err(Error::Damaged) => Ok(PartSecret::rescued(self.bytes)),
            opened => opened,
        }
    }

    /// Whether the row was written again since the part was queued: as every try does, and every
    /// word of a server or of the organisation.
    pub(super) fn is_touched(&self) -> bool {
        self.version > 1
    }

    /// Whether the row is as it was written.
    pub(super) fn opens(&self, key: &CellKey) -> bool {
        self.open(key).is_ok()
    }

    fn open(&self, key: &CellKey) -> Result<PartSecret> {
        key.open_json(cell(&self.id, self.version), &self.sealed)
    }

    /// Writes the row's changed state, and what is sealed in it.
    pub(crate) fn update(
        &self,
        connection: &Connection,
        key: &CellKey,
        secret: &PartSecret,
    ) -> Result<()> {
        let version = self.version + 1;
        let sealed = key.seal_json(cell(&self.id, version), secret)?;
        let changed = connection.execute(
            "UPDATE part SET state = ?2, reason = ?3, sent = ?4, next_try_at = ?5, version = ?6,
                             sealed = ?7, place = ?9
             WHERE id = ?1 AND version = ?8",
            (
                self.id.as_bytes(),
                self.state.as_str(),
                &self.reason,
                self.sent,
                self.next_try_at_ms,
                version,
                sealed,
                self.version,
                self.place,
            ),
        )?;
        // Gone or changed meanwhile: the report was deleted under the upload.
        if changed == 1 { Ok(()) } else { Err(Error::NotFound) }
    }
}

/// Removes the parts of a report and its receipt; gives the parts, whose spool files go after the
/// commit.
pub(crate) fn delete_of(
    transaction: &Transaction<'_>,
    key: &CellKey,
    report: ReportId,
) -> Result<Vec<PartId>> {
    let mut deleted = Vec::new();
    for row in all(transaction)? {
        let secret = row.secret(key)?;
        if secret.report == report {
            super::abandoned::remember(transaction, key, &row, &secret)?;
            transaction.execute("DELETE FROM part WHERE id = ?1", [row.id.as_bytes()])?;
            deleted.push(row.id);
        }
    }
    for row in super::receipts::all(transaction)? {
        if row.is_of(key, report) {
            row.delete(transaction)?;
        }
    }
    Ok(deleted)
}

/// Starts a parked part again, because the person asked for it.
///
/// False if the part is not in this outbox.
pub(super) fn retry(transaction: &Transaction<'_>, key: &CellKey, id: PartId) -> Result<bool> {
    let Some(mut row) = find(transaction, id)? else { return Ok(false) };
    if row.state != PartState::Parked {
        return Ok(true);
    }
    let mut secret = row.secret(key)?;
    let reason = row.reason.as_deref().and_then(Reason::from_message_id);
    secret.step = None;
    secret.memory.restart(reason.unwrap_or(Reason::Rejected));
    row.state = PartState::Waiting;
    row.reason = None;
    row.next_try_at_ms = 0;
    row.update(transaction, key, &secret)?;
    Ok(true)
}

fn cell(id: &PartId, version: u64) -> Cell<'_> {
    Cell { table: "part", id: id.as_bytes(), column: "sealed", version }
}
