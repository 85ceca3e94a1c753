//! Sends what is due, within a budget, on a thread of its own.

mod ask;

use std::collections::BTreeMap;
use std::fs::File;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::keep::{save, settle};
use super::plan::{self, Conditions, Network, Plan};
use super::rows::{self, PartRow};
use super::status::{self, ReportStatus};
use super::way::{self, Way};
use super::{abandoned, learnt, mirror, spoiled, steps, waits};
use crate::brand::Pack;
use crate::error::{Error, Result};
use crate::ids::{PartId, ReportId};
use crate::net::{self, Bell, CancelToken, Net, Pacing, Progress, Proxy, UploadEnd};
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
    let cancelled = cancel.clone();
    let told = BTreeMap::new();
    let mut runner = Runner { store, setting, deadline, cancel: cancelled, told, open: None };
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
    /// The last way, kept for the report's next part: a handshake costs two round trips.
    open: Option<(Way, Net)>,
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
        if steps::is_one_out(&self.store)? {
            return Ok(RunEnd::Busy);
        }
        self.tell()?;
        let Some(pack) = self.store.home.pack()? else {
            return Ok(RunEnd::NothingDue);
        };
        super::park_spoiled(&self.store, &pack)?;
        waits::forgive_the_way(&self.store)?;
        self.send_late_parts_on(&pack)?;
        let bell = self.store.bell();
        let mut asked = self.setting.conditions.network == Network::None;
        loop {
            if self.cancel.is_cancelled() {
                return Ok(RunEnd::Cancelled);
            }
            if self.is_time_up() {
                return Ok(RunEnd::TimeUp);
            }
            let rung = bell.rung();
            let plan = self.plan(&pack)?;
            if let Some(next) = plan.due.first() {
                self.send(&pack, next.part).await?;
            } else if !asked {
                asked = true;
                self.ask_for_receipts(&pack).await?;
                self.send_late_parts_on(&pack)?;
                self.end_abandoned(&pack).await?;
            } else if !self.wait_for(&plan, &bell, rung).await {
                return Ok(RunEnd::NothingDue);
            } else if bell.rung() != rung {
                // Somebody just sealed something: it does not wait out an older part's way.
                waits::forgive_the_way(&self.store)?;
            }
            self.tell()?;
        }
    }

    fn is_time_up(&self) -> bool {
        self.deadline.is_some_and(|deadline| Instant::now() >= deadline)
    }

    fn plan(&self, pack: &Pack) -> Result<Plan> {
        let pacing = &self.setting.pacing.policy;
        super::plan_now(&self.store, self.setting.conditions, pack.network, pacing)
    }

    /// Whether something more urgent than `urgency` could go now.
    fn is_more_urgent_due(&self, pack: &Pack, urgency: u32) -> Result<bool> {
        let (now_ms, pacing) = (self.store.now().unix_ms, &self.setting.pacing.policy);
        let rows = self.store.read_outboxes(|db, key| waits::rows_now(db, key, pacing, now_ms))?;
        let rows: Vec<PartRow> =
            rows.into_iter().flatten().filter(|row| row.urgency < urgency).collect();
        let plan = plan::plan(&rows, self.setting.conditions, pack.network, now_ms);
        Ok(!plan.due.is_empty())
    }

    fn send_late_parts_on(&self, pack: &Pack) -> Result<()> {
        let now_ms = self.store.now().unix_ms;
        self.store.write_outboxes(|transaction, key| {
            waits::set_right(transaction, key, now_ms)?;
            mirror::advance(transaction, key, pack, now_ms)
        })
    }

    /// Waits until the next part is due, or one is sealed meanwhile; false if that is not within
    /// the budget. Sleeps through: nothing wakes it but these, the end and a cancel.
    async fn wait_for(&self, plan: &Plan, bell: &Bell, rung: u64) -> bool {
        let (Some(deadline), Some(at_ms)) = (self.deadline, plan.next_at_ms) else {
            return false;
        };
        let left_ms = at_ms.saturating_sub(self.store.now().unix_ms).max(0);
        let wait = Duration::from_millis(left_ms.unsigned_abs());
        let time_left = deadline.saturating_duration_since(Instant::now());
        let sleeping = net::pause(wait.min(time_left), &self.cancel);
        bell.or_rung_after(rung, sleeping).await;
        true
    }

    /// Brings one part as far as it gets.
    async fn send(&mut self, pack: &Pack, part: PartId) -> Result<()> {
        let (row, secret) = rows::open(&self.store, part)?.ok_or(Error::NotFound)?;
        if spoiled::must_stay(&row, &secret, pack) {
            return super::park_spoiled(&self.store, pack);
        }
        let Ok(spooled) = File::open(self.store.home.spooled(part)) else {
            return settle(&self.store, part, UploadEnd::Parked(Reason::SpoolUnreadable));
        };
        let mut net = self.net(pack, &Way::of(&row, &secret))?;
        net.learn(learnt::of(&self.store, &row)?);
        let endpoint = way::endpoint(pack, row.place);
        let upload = tus::Part { endpoint, id: part.to_string(), bytes: row.bytes };
        let (cancel, deadline, stop) = (self.cancel.clone(), self.deadline, CancelToken::new());
        let mut journal = Journal {
            runner: self,
            pack,
            row: &row,
            report: secret.report,
            stop: stop.clone(),
            looked: Instant::now(),
            plain: false,
            failed: None,
        };
        let sending = net.upload(&upload, secret.memory, &spooled, &mut journal, &stop);
        let sending = net::linked(&cancel, &stop, sending);
        let end = net::within(deadline, sending).await.unwrap_or(UploadEnd::Cancelled);
        let (plain, failed) = (journal.plain, journal.failed.take());
        if plain {
            learnt::note_plain(&self.store, &row)?;
        }
        match failed {
            Some(Error::NotFound) => Ok(()),
            Some(error) => Err(error),
            None => settle(&self.store, part, end),
        }
    }

    /// The client for a way; the last one if it is the same way.
    fn net(&mut self, pack: &Pack, way: &Way) -> Result<Net> {
        if let Some((open, net)) = &self.open
            && open == way
        {
            return Ok(net.clone());
        }
        let net = way.open(&self.store, pack, &self.setting.pacing, self.setting.proxy.as_ref())?;
        self.open = Some((way.clone(), net.clone()));
        Ok(net)
    }

    /// Tells servers of uploads that nobody needs any more.
    async fn end_abandoned(&mut self, pack: &Pack) -> Result<()> {
        let found = self.store.read_outboxes(abandoned::all)?;
        for (id, abandoned) in found.into_iter().flatten() {
            let way = Way::to(data_encoding::HEXLOWER.encode(&id), abandoned.place);
            let net = self.net(pack, &way)?;
            let telling = net.terminate(&abandoned.url, &self.cancel);
            let told = net::within(self.deadline, telling).await;
            let Some(Ok(())) = told else { return Ok(()) };
            self.store.write_outboxes(|transaction, _| abandoned::forget(transaction, id))?;
        }
        Ok(())
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
        let Some((told, at)) = self.told.get(&report) else { return };
        if at.elapsed() < BETWEEN_CHANGES {
            return;
        }
        let mut status = told.clone();
        let Some(moving) = status.parts.iter_mut().find(|moving| moving.part == part) else {
            return;
        };
        moving.sent = progress.stored;
        moving.in_flight = progress.written.saturating_sub(progress.stored);
        status.sent = status.parts.iter().map(|part| part.sent).sum();
        if status != *told {
            self.tell_of(status);
        }
    }
}

/// How often a running upload looks whether something more urgent was sealed meanwhile.
const BETWEEN_LOOKS: Duration = Duration::from_secs(1);

/// Keeps one upload's memory in its row, and gives way to what is more urgent.
struct Journal<'a> {
    runner: &'a mut Runner,
    pack: &'a Pack,
    row: &'a PartRow,
    report: ReportId,
    stop: CancelToken,
    looked: Instant,
    /// The server took no body with the POST.
    plain: bool,
    failed: Option<Error>,
}

impl Journal<'_> {
    /// A parent's new report does not wait for somebody's long video. What the server kept of the
    /// video stays there.
    fn give_way(&mut self) {
        if self.looked.elapsed() < BETWEEN_LOOKS {
            return;
        }
        self.looked = Instant::now();
        if self.runner.is_more_urgent_due(self.pack, self.row.urgency).unwrap_or(false) {
            self.stop.cancel();
        }
    }
}

impl net::Journal for Journal<'_> {
    fn save(&mut self, memory: &Memory) -> std::io::Result<()> {
        self.plain |= memory.plain_create;
        save(&self.runner.store, self.row.id, memory, None).map_err(|error| {
            self.failed = Some(error);
            std::io::ErrorKind::Other.into()
        })
    }

    fn progress(&mut self, progress: Progress) {
        self.runner.tell_progress(self.report, self.row.id, progress);
        self.give_way();
    }
}
