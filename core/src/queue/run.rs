//! Sends what is due, within a budget, on a thread of its own.

use std::collections::BTreeMap;
use std::fs::File;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::plan::{Conditions, Network, Plan, closes_the_way};
use super::receipts::{self, ReceiptSecret};
use super::rows::{self, PartState};
use super::status::{self, ReportStatus};
use super::{believe, looks};
use crate::brand::{self, Pack};
use crate::error::{Error, Result};
use crate::ids::{PartId, ReportId};
use crate::net::{self, CancelToken, Net, Pacing, Progress, Proxy, UploadEnd};
use crate::receipts::MAX_RECEIPT_BYTES;
use crate::store::Store;
use crate::tus::{self, Memory, Reason};

/// A listener hears of one report at most this often.
const BETWEEN_CHANGES: Duration = Duration::from_millis(250);

/// How much a run may take.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Budget {
    /// With a time, the run also waits for parts that come due within it, and ends when it is
    /// over. Without, it ends as soon as nothing is due.
    pub time: Option<Duration>,
}

/// Hears how reports get on. Called on the run's thread; must not call back into the core.
pub trait Listener: Send + Sync {
    /// A report's whole present state. Every report comes once at the start, then each change.
    fn on_change(&self, status: &ReportStatus);
}

/// Why a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RunEnd {
    /// All that could be done was done; what is left waits for a time, a network or the person.
    NothingDue,
    /// The budget is used up.
    TimeUp,
    /// Somebody cancelled it.
    Cancelled,
    /// Another process is sending from this home.
    Busy,
}

/// A run under way.
pub struct Transfer {
    cancel: CancelToken,
    thread: Mutex<RunThread>,
}

enum RunThread {
    Running(JoinHandle<Result<RunEnd>>),
    Ended(Result<RunEnd>),
}

impl Transfer {
    /// Ends the run within a moment. Nothing that was acknowledged is lost.
    pub fn cancel(&self) {
        self.cancel.cancel();
    }

    /// Waits until the run has ended, and tells why. All who wait hear the same. Never call it
    /// from the run's own listener: it would wait for itself.
    pub fn wait(&self) -> Result<RunEnd> {
        const FAILED: Result<RunEnd> = Err(Error::Unexpected("error-run-failed"));
        // Held while joining, so that a second one who waits waits too.
        let mut thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner);
        let end = match std::mem::replace(&mut *thread, RunThread::Ended(FAILED)) {
            RunThread::Running(running) => running.join().unwrap_or(FAILED),
            RunThread::Ended(end) => end,
        };
        *thread = RunThread::Ended(end.clone());
        end
    }
}

/// What a run needs beside the home.
pub(crate) struct Setting {
    pub(crate) pacing: Pacing,
    pub(crate) budget: Budget,
    pub(crate) conditions: Conditions,
    pub(crate) proxy: Option<Proxy>,
    pub(crate) listener: Arc<dyn Listener>,
}

/// Starts a run.
pub(crate) fn start(store: Arc<Store>, setting: Setting) -> Result<Transfer> {
    let cancel = CancelToken::new();
    let deadline = setting.budget.time.and_then(|time| Instant::now().checked_add(time));
    let mut runner =
        Runner { store, setting, deadline, cancel: cancel.clone(), told: BTreeMap::new() };
    let work = move || net::block_on(runner.work())?;
    let thread = std::thread::Builder::new().name("homeward-run".into()).spawn(work)?;
    Ok(Transfer { cancel, thread: Mutex::new(RunThread::Running(thread)) })
}

struct Runner {
    store: Arc<Store>,
    setting: Setting,
    deadline: Option<Instant>,
    cancel: CancelToken,
    /// What the listener heard last of each report, and when.
    told: BTreeMap<ReportId, (ReportStatus, Instant)>,
}

impl Runner {
    async fn work(&mut self) -> Result<RunEnd> {
        let end = self.send_all().await?;
        // The last word: what was held back, because too much had been said, comes now.
        if end != RunEnd::Cancelled && end != RunEnd::Busy {
            while let Some(wait) = self.tell()?
                && !self.cancel.is_cancelled()
            {
                net::pause(wait, &self.cancel).await;
            }
        }
        Ok(end)
    }

    async fn send_all(&mut self) -> Result<RunEnd> {
        let Some(_lock) = self.store.home.lock_run()? else {
            return Ok(RunEnd::Busy);
        };
        self.tell()?;
        let Some(pack) = self.store.home.pack()? else {
            return Ok(RunEnd::NothingDue);
        };
        self.forgive_the_way()?;
        let mut asked = self.setting.conditions.network == Network::None;
        loop {
            if self.cancel.is_cancelled() {
                return Ok(RunEnd::Cancelled);
            }
            if self.is_time_up() {
                return Ok(RunEnd::TimeUp);
            }
            let plan = self.plan()?;
            if let Some(next) = plan.due.first() {
                self.send(&pack, next.part).await?;
            } else if !asked {
                asked = true;
                self.ask_for_receipts(&pack).await?;
            } else if !self.wait_for(&plan).await {
                return Ok(RunEnd::NothingDue);
            }
            self.tell()?;
        }
    }

    fn is_time_up(&self) -> bool {
        self.deadline.is_some_and(|deadline| Instant::now() >= deadline)
    }

    fn plan(&self) -> Result<Plan> {
        super::plan_now(&self.store, self.setting.conditions)
    }

    /// Waits until the next part is due; false if that is not within the budget.
    async fn wait_for(&self, plan: &Plan) -> bool {
        let (Some(deadline), Some(at_ms)) = (self.deadline, plan.next_at_ms) else {
            return false;
        };
        let left_ms = at_ms.saturating_sub(self.store.now().unix_ms).max(0);
        let wait = Duration::from_millis(left_ms.unsigned_abs());
        let time_left = deadline.saturating_duration_since(Instant::now());
        net::pause(wait.min(time_left), &self.cancel).await;
        true
    }

    /// A person or the platform starts a run when something has changed. So waits for a way to
    /// the server end; waits that the server asked for do not.
    fn forgive_the_way(&self) -> Result<()> {
        self.store.write_outboxes(|transaction, key| {
            for mut row in rows::all(transaction)? {
                let reason = row.reason.as_deref().and_then(Reason::from_message_id);
                if row.state == PartState::Waiting && reason.is_some_and(closes_the_way) {
                    let mut secret = row.secret(key)?;
                    secret.memory.forgive();
                    row.next_try_at_ms = 0;
                    row.update(transaction, key, &secret)?;
                }
            }
            Ok(())
        })
    }

    /// Brings one part as far as it gets.
    async fn send(&mut self, pack: &Pack, part: PartId) -> Result<()> {
        let found = self.store.read_outboxes(|db, key| {
            let row = rows::find(db, part)?;
            row.map(|row| Ok((row.bytes, row.secret(key)?))).transpose()
        })?;
        let (bytes, secret) = found.into_iter().flatten().next().ok_or(Error::NotFound)?;
        let Ok(spooled) = File::open(self.store.home.spooled(part)) else {
            return self.settle(part, UploadEnd::Parked(Reason::SpoolUnreadable));
        };
        let net = self.net(pack)?;
        let endpoint = format!("{}/uploads", pack.server.url.trim_end_matches('/'));
        let upload = tus::Part { endpoint, id: part.to_string(), bytes };
        let cancel = self.cancel.clone();
        let deadline = self.deadline;
        let mut journal = Journal { runner: self, part, report: secret.report, failed: None };
        let sending = net.upload(&upload, secret.memory, &spooled, &mut journal, &cancel);
        let end = match deadline {
            None => sending.await,
            Some(deadline) => net::within(deadline, sending).await.unwrap_or(UploadEnd::Cancelled),
        };
        match journal.failed.take() {
            Some(Error::NotFound) => Ok(()),
            Some(error) => Err(error),
            None => self.settle(part, end),
        }
    }

    fn net(&self, pack: &Pack) -> Result<Net> {
        let trust = match &pack.server.trust {
            brand::Trust::Public => net::Trust::Public,
            brand::Trust::Anchors(anchors) => {
                let der = |text: &String| data_encoding::BASE64.decode(text.as_bytes());
                let anchors = anchors.iter().map(der).collect::<std::result::Result<_, _>>();
                net::Trust::Anchors(anchors.map_err(|_| Error::Unexpected("net-bad-anchor"))?)
            }
        };
        let server = net::Server {
            url: pack.server.url.clone(),
            token: pack.server.token.clone(),
            trust,
            known_ms: pack.issued_at_ms,
        };
        let clock = self.store.clock();
        let clock: net::Clock = Arc::new(move || clock.now().unix_ms);
        Net::new(&server, self.setting.proxy.as_ref(), &self.setting.pacing, clock)
            .map_err(|error| Error::Unexpected(error.message_id()))
    }

    /// Writes how a part's upload ended.
    fn settle(&self, part: PartId, end: UploadEnd) -> Result<()> {
        self.store.write_outboxes(|transaction, key| {
            let Some(mut row) = rows::find(transaction, part)? else { return Ok(()) };
            let secret = row.secret(key)?;
            if row.state == PartState::Held && end != UploadEnd::Stored {
                return Ok(());
            }
            match end {
                UploadEnd::Stored => {
                    row.state = PartState::Stored;
                    row.sent = row.bytes;
                    row.reason = None;
                }
                UploadEnd::Retry { reason, not_before_ms } => {
                    row.reason = Some(reason.message_id().into());
                    row.next_try_at_ms = not_before_ms;
                }
                UploadEnd::Parked(reason) => {
                    row.state = PartState::Parked;
                    row.reason = Some(reason.message_id().into());
                }
                UploadEnd::Cancelled | UploadEnd::SaveFailed => return Ok(()),
            }
            row.update(transaction, key, &secret)
        })
    }

    /// Looks for every receipt that is due, each over a connection of its own.
    async fn ask_for_receipts(&mut self, pack: &Pack) -> Result<()> {
        for secret in self.receipts_due(pack)? {
            // A client of its own: no connection links two reports.
            let net = self.net(pack)?;
            let path = format!("/receipts/{}", secret.address);
            let fetching = net.fetch(&path, MAX_RECEIPT_BYTES, &self.cancel);
            let answer = match self.deadline {
                None => Some(fetching.await),
                Some(deadline) => net::within(deadline, fetching).await,
            };
            // What did not answer was not looked at: the time of the last look stays.
            let Some(Ok(found)) = answer else { return Ok(()) };
            believe::take(&self.store, pack, &secret, found.as_deref())?;
        }
        Ok(())
    }

    /// The receipts to look for: in the background those whose time has come; else all that
    /// somebody may still care for, since a person has started the run.
    fn receipts_due(&self, pack: &Pack) -> Result<Vec<ReceiptSecret>> {
        let (now_ms, server) = (self.store.now().unix_ms, pack.organisation.fingerprint());
        let in_background = self.setting.conditions.in_background;
        let due = self.store.read_outboxes(|db, key| {
            let rows = receipts::arrived(db, key)?.into_iter();
            let ours = rows.filter(|(row, _)| row.server == server).map(|(_, secret)| secret);
            let is_due = |secret: &ReceiptSecret| {
                secret.look_at_ms <= now_ms
                    || (!in_background && looks::is_cared_for(now_ms, secret.sealed_at_ms))
            };
            Ok(ours.filter(is_due).collect::<Vec<_>>())
        })?;
        Ok(due.into_iter().flatten().collect())
    }

    /// Tells the listener what has changed since it heard of it. Gives how long to wait, if there
    /// is something that it can't hear yet.
    fn tell(&mut self) -> Result<Option<Duration>> {
        let mut wait = None;
        for status in status::statuses(&self.store)?.into_values() {
            match self.told.get(&status.report) {
                Some((told, _)) if *told == status => {}
                Some((_, at)) if at.elapsed() < BETWEEN_CHANGES => {
                    wait = wait.max(Some(BETWEEN_CHANGES.saturating_sub(at.elapsed())));
                }
                _ => self.tell_of(status),
            }
        }
        Ok(wait)
    }

    fn tell_of(&mut self, status: ReportStatus) {
        self.setting.listener.on_change(&status);
        self.told.insert(status.report, (status, Instant::now()));
    }

    /// Moves the bar of a part that is on its way, not too often.
    fn tell_progress(&mut self, report: ReportId, part: PartId, progress: Progress) {
        let Some((status, at)) = self.told.get(&report) else { return };
        if at.elapsed() < BETWEEN_CHANGES {
            return;
        }
        let mut status = status.clone();
        let Some(moving) = status.parts.iter_mut().find(|moving| moving.part == part) else {
            return;
        };
        moving.sent = progress.stored;
        moving.in_flight = progress.written.saturating_sub(progress.stored);
        status.sent = status.parts.iter().map(|part| part.sent).sum();
        self.tell_of(status);
    }
}

/// Keeps one upload's memory in its row.
struct Journal<'a> {
    runner: &'a mut Runner,
    part: PartId,
    report: ReportId,
    failed: Option<Error>,
}

impl net::Journal for Journal<'_> {
    fn save(&mut self, memory: &Memory) -> std::io::Result<()> {
        let mut found = false;
        let saved = self.runner.store.write_outboxes(|transaction, key| {
            let row = rows::find(transaction, self.part)?;
            // Held: the report was called back under the upload.
            let Some(mut row) = row.filter(|row| row.state != PartState::Held) else {
                return Ok(());
            };
            found = true;
            let mut secret = row.secret(key)?;
            row.sent = memory.offset.min(row.bytes);
            secret.memory = memory.clone();
            row.update(transaction, key, &secret)
        });
        // The person deleted the report under the upload, or called it back.
        let saved = saved.and(if found { Ok(()) } else { Err(Error::NotFound) });
        saved.map_err(|error| {
            self.failed = Some(error);
            std::io::ErrorKind::Other.into()
        })
    }

    fn progress(&mut self, progress: Progress) {
        self.runner.tell_progress(self.report, self.part, progress);
    }
}
