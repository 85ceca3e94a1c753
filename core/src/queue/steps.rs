//! The same uploads by another HTTP stack, a request at a time: a background `URLSession` goes on
//! while the app sleeps or is dead, and no run can.
//!
//! [`next`] gives a request, [`on_step`] takes its outcome, perhaps days later in another process.
//! Between the two everything is on disk. A step that is out holds the home: `next` gives it again,
//! and a run ends as busy, until its outcome comes or [`OUT_AT_MOST_MS`] have passed. So there are
//! never two drivers.

use std::fs::File;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::plan::{Conditions, Network};
use super::rows::{self, PartRow, PartSecret};
use super::way::{self, Way};
use super::{keep, learnt, mirror, spoiled, waits};
use crate::brand::Pack;
use crate::error::{Error, Refusal, Result};
use crate::ids::{PartId, StepId};
use crate::net::{self, Pacing, UploadEnd};
use crate::store::Store;
use crate::tus::{self, Failure, Reason, Response, Standing, Step, Upload};

/// After this a step whose outcome nobody told is given up.
const OUT_AT_MOST_MS: i64 = 3_600_000;

/// A request for another HTTP stack. It must not follow redirects, keep cookies, use the system's
/// proxy, or add a header that tells phones apart.
#[derive(Clone, PartialEq, Eq)]
pub struct HttpStep {
    /// Tell it with the outcome.
    pub id: StepId,
    /// `POST`, `HEAD` or `PATCH`.
    pub method: &'static str,
    /// Where to. A secret: not for logs.
    pub url: String,
    /// The headers, beside `Content-Length`. One of them is the pack's token.
    pub headers: Vec<(String, String)>,
    /// The body, if it has one.
    pub body: Option<StepBody>,
    /// Which servers are believed.
    pub trust: StepTrust,
}

/// A piece of a file of ciphertext, at most 8 MiB.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StepBody {
    /// The file. It must not be changed.
    pub file: PathBuf,
    /// Where the body begins in it.
    pub offset: u64,
    /// How long it is.
    pub bytes: u64,
}

/// Which servers are believed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StepTrust {
    /// Only these authorities, certificates in DER; none: the public web's.
    pub anchors: Vec<Vec<u8>>,
    /// On top of that the server's key must have one of these SHA-256 hashes; none: any key.
    pub pins: Vec<[u8; 32]>,
}

// The address and the token are not for a log.
impl std::fmt::Debug for HttpStep {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "HttpStep({} …)", self.method)
    }
}

/// What came of a step.
#[derive(Clone, PartialEq, Eq)]
pub enum StepOutcome {
    /// The server answered, whatever it said.
    Answered {
        /// The status code.
        status: u16,
        /// All headers.
        headers: Vec<(String, String)>,
    },
    /// There is no answer.
    Failed(StepFailure),
}

// A header may hold an address.
impl std::fmt::Debug for StepOutcome {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Answered { status, .. } => write!(f, "Answered({status})"),
            Self::Failed(failure) => write!(f, "Failed({failure:?})"),
        }
    }
}

/// Why a step has no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StepFailure {
    /// There is no network.
    NoNetwork,
    /// The server's name is not known.
    NameNotFound,
    /// The server took no connection.
    Unreachable,
    /// The server's certificate is not believed.
    Untrusted,
    /// The server's key is none of the pins.
    OtherKey,
    /// The connection broke or fell silent after something was sent.
    Interrupted,
    /// The app or the system gave it up. The next step may come at once.
    Cancelled,
    /// The file could not be read.
    Unreadable,
}

/// Where another HTTP stack is with an upload.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Kept {
    standing: Standing,
    /// The step whose outcome is awaited, and when it was given out.
    out: Option<(StepId, i64)>,
}

impl Kept {
    fn is_out(&self, now_ms: i64) -> bool {
        // Also when the clock was set back: a step from the future is nobody's.
        self.out.is_some_and(|(_, at_ms)| (at_ms..at_ms + OUT_AT_MOST_MS).contains(&now_ms))
    }
}

/// Whether another HTTP stack is at work on a part.
pub(super) fn is_one_out(store: &Store) -> Result<bool> {
    let now_ms = store.now().unix_ms;
    Ok(find(store, |kept| kept.is_out(now_ms))?.is_some())
}

/// The next request, if anything is due. Over another network than the `last` one waits for the way
/// end.
pub(crate) fn next(
    store: &Store,
    pacing: &Pacing,
    conditions: Conditions,
    last: Option<Network>,
) -> Result<Option<HttpStep>> {
    let _lock = store.home.lock_run()?.ok_or(Refusal::Busy)?;
    let Some(pack) = store.home.pack()? else { return Ok(None) };
    let now_ms = store.now().unix_ms;
    super::park_spoiled(store, &pack)?;
    if let Some((row, secret)) = find(store, |kept| kept.is_out(now_ms))? {
        return Hand { store, pack: &pack, pacing }.give(&row, secret);
    }
    if conditions.network != Network::None && last != Some(conditions.network) {
        waits::forgive_the_way(store)?;
    }
    store.write_outboxes(|transaction, key| {
        waits::set_right(transaction, key, now_ms)?;
        mirror::advance(transaction, key, &pack, now_ms)
    })?;
    loop {
        let plan = super::plan_now(store, conditions, pack.network, &pacing.policy)?;
        let Some(next) = plan.due.first() else { return Ok(None) };
        let (row, secret) = rows::open(store, next.part)?.ok_or(Error::NotFound)?;
        let given = Hand { store, pack: &pack, pacing }.give(&row, secret)?;
        if given.is_some() {
            return Ok(given);
        }
    }
}

/// Takes the outcome of a step. Not found: nobody waits for it any more, because it was given up or
/// its report was deleted. It may be told twice; the second time it is not found.
pub(crate) fn on_step(
    store: &Store,
    pacing: &Pacing,
    step: StepId,
    outcome: StepOutcome,
) -> Result<()> {
    let _lock = store.home.lock_run()?.ok_or(Refusal::Busy)?;
    let pack = store.home.pack()?.ok_or(Error::NotFound)?;
    let found = find(store, |kept| kept.out.is_some_and(|(id, _)| id == step))?;
    let (row, secret) = found.ok_or(Error::NotFound)?;
    let hand = Hand { store, pack: &pack, pacing };
    let mut machine = hand.machine(&row, secret)?;
    let now_ms = store.now().unix_ms;
    match outcome {
        StepOutcome::Answered { status, headers } => {
            let headers = headers.iter().map(|(name, value)| (name.as_str(), value.as_str()));
            machine.on_response(&Response::new(status, headers, now_ms), now_ms);
        }
        StepOutcome::Failed(failure) => machine.on_failure(failure.into(), now_ms),
    }
    hand.keep(row.id, &mut machine, None)?;
    if machine.memory().plain_create {
        learnt::note_plain(store, &row)?;
    }
    match machine.next_request(now_ms) {
        Step::Wait { until_ms, reason } => {
            keep::settle(store, row.id, UploadEnd::Retry { reason, not_before_ms: until_ms })
        }
        Step::Stored => keep::settle(store, row.id, UploadEnd::Stored),
        Step::Parked(reason) => keep::settle(store, row.id, UploadEnd::Parked(reason)),
        Step::Save | Step::Request(_) => Ok(()),
    }
}

/// What makes steps of a part.
struct Hand<'a> {
    store: &'a Store,
    pack: &'a Pack,
    pacing: &'a Pacing,
}

impl Hand<'_> {
    /// The part's next request; none if it is stored, parked or waits, which its row then says.
    fn give(&self, row: &PartRow, secret: PartSecret) -> Result<Option<HttpStep>> {
        if spoiled::must_stay(row, &secret, self.pack) {
            super::park_spoiled(self.store, self.pack)?;
            return Ok(None);
        }
        let file = self.store.home.spooled(row.id);
        let Ok(spooled) = File::open(&file) else {
            keep::settle(self.store, row.id, UploadEnd::Parked(Reason::SpoolUnreadable))?;
            return Ok(None);
        };
        let now_ms = self.store.now().unix_ms;
        let out = secret.step.as_ref().filter(|kept| kept.is_out(now_ms));
        let out = out.and_then(|kept| kept.out);
        let way = Way::of(row, &secret);
        let mut machine = self.machine(row, secret)?;
        let end = loop {
            match machine.next_request(now_ms) {
                Step::Save => self.keep(row.id, &mut machine, None)?,
                Step::Request(request) => {
                    let (id, at_ms) = out.unwrap_or_else(|| (StepId::make(), now_ms));
                    self.keep(row.id, &mut machine, Some((id, at_ms)))?;
                    return self.step(id, request, &way, file, &spooled).map(Some);
                }
                Step::Wait { until_ms, reason } => {
                    break UploadEnd::Retry { reason, not_before_ms: until_ms };
                }
                Step::Stored => break UploadEnd::Stored,
                Step::Parked(reason) => break UploadEnd::Parked(reason),
            }
        };
        keep::settle(self.store, row.id, end)?;
        Ok(None)
    }

    fn machine(&self, row: &PartRow, secret: PartSecret) -> Result<Upload> {
        let offer = learnt::of(self.store, row)?;
        let policy = self.pacing.policy.clone();
        let endpoint = way::endpoint(self.pack, row.place);
        let part = tus::Part { endpoint, id: row.id.to_string(), bytes: row.bytes };
        Ok(match secret.step {
            Some(kept) => Upload::resume(part, secret.memory, kept.standing, offer, policy),
            None => Upload::new(part, secret.memory, offer, policy),
        })
    }

    fn keep(&self, part: PartId, machine: &mut Upload, out: Option<(StepId, i64)>) -> Result<()> {
        let kept = Kept { standing: machine.standing(), out };
        keep::save(self.store, part, machine.memory(), Some(&kept))?;
        machine.saved();
        Ok(())
    }

    fn step(
        &self,
        id: StepId,
        request: tus::Request,
        way: &Way,
        file: PathBuf,
        spooled: &File,
    ) -> Result<HttpStep> {
        let server = way.server(self.pack)?;
        let own = request.headers.into_iter().map(|(name, value)| (name.to_owned(), value));
        let mut headers: Vec<(String, String)> = own.collect();
        headers.push(("Authorization".into(), format!("Bearer {}", server.token)));
        if let (true, Some(range)) = (request.checksum, request.body) {
            let checksum = net::checksum(spooled, range).map_err(|_| Error::Damaged)?;
            headers.push(("Upload-Checksum".into(), checksum));
        }
        let pins = server.pins.map(|pins| pins.sha256).unwrap_or_default();
        let anchors = match server.trust {
            net::Trust::Public => Vec::new(),
            net::Trust::Anchors(anchors) => anchors,
        };
        let body =
            request.body.map(|tus::Range { offset, bytes }| StepBody { file, offset, bytes });
        let (method, url) = (request.method.as_str(), request.url);
        Ok(HttpStep { id, method, url, headers, body, trust: StepTrust { anchors, pins } })
    }
}

/// The part whose step is as asked for.
fn find(store: &Store, is_it: impl Fn(&Kept) -> bool) -> Result<Option<(PartRow, PartSecret)>> {
    let found = store.read_outboxes(|db, key| {
        for row in rows::all(db)? {
            let secret = row.secret(key)?;
            if secret.step.as_ref().is_some_and(&is_it) {
                return Ok(Some((row, secret)));
            }
        }
        Ok(None)
    })?;
    Ok(found.into_iter().flatten().next())
}

impl From<StepFailure> for Failure {
    fn from(failure: StepFailure) -> Self {
        match failure {
            StepFailure::NoNetwork => Self::NotConnected(Reason::NoNetwork),
            StepFailure::NameNotFound => Self::NotConnected(Reason::NameNotFound),
            StepFailure::Unreachable => Self::NotConnected(Reason::ServerUnreachable),
            StepFailure::Untrusted => Self::NotConnected(Reason::TlsUntrusted),
            StepFailure::OtherKey => Self::NotConnected(Reason::PinMismatch),
            StepFailure::Interrupted => Self::Cut,
            StepFailure::Cancelled => Self::Cancelled,
            StepFailure::Unreadable => Self::Unreadable,
        }
    }
}
