//! The machine: where an upload stands, and what follows from each outcome.
//!
//! ```text
//!            url unknown                        url known
//!                 │                                 │
//!                 ▼            gone, expired        ▼        any trouble
//!   intent ─▶ Create (POST) ◀──────────────── Ask (HEAD) ◀───────────────┐
//!                 │                                 │ offset             │
//!                 └────────── new upload ─────▶ Send (PATCH) ────────────┘
//!                                                   │ offset == length
//!                                                   ▼
//!                                                Stored
//! ```
//! Two counters keep it from running hot. `failures` counts tries that nobody answered;
//! `fruitless` counts rounds in which the server answered and yet had nothing more than before.
//! The first try after trouble goes at once, for most cuts are single; later ones wait longer and
//! longer. Progress sets both to zero.

use url::Url;

use super::judge::{Verdict, judge};
use super::policy::millis;
use super::{
    Failure, Kind, Memory, Offer, Part, Policy, Range, Reason, Request, Response, location,
    same_origin,
};

/// The tus version that this machine speaks.
pub const VERSION: &str = "1.0.0";

/// What the driver does next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Put [`Upload::memory`] on disk, call [`Upload::saved`], then ask again.
    Save,
    /// Send this, and tell what came of it.
    Request(Request),
    /// Nothing before this time, for this reason.
    Wait {
        /// Unix milliseconds.
        until_ms: i64,
        /// Why.
        reason: Reason,
    },
    /// The server has every byte. That is "stored", not "opened".
    Stored,
    /// Only the person can go on from here, by [`Memory::restart`].
    Parked(Reason),
}

/// One part on its way to one server, within one process.
#[derive(Clone)]
pub struct Upload {
    pub(super) part: Part,
    pub(super) offer: Offer,
    pub(super) policy: Policy,
    pub(super) memory: Memory,
    pub(super) state: State,
    pub(super) unsaved: bool,
    /// The PATCH that is out, or whose outcome is still to be asked for.
    pub(super) sent: Option<Sent>,
    /// A PATCH was refused as if by its token, and the server is asked whether that is so.
    pub(super) refused: bool,
    /// Where a 307 or 308 led. Not remembered: it may be temporary.
    pub(super) detour: Option<String>,
    pub(super) hops: u8,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    Create { intended: bool },
    Ask,
    Send,
    Stored,
    Parked(Reason),
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Sent {
    pub(super) range: Range,
    pub(super) at_ms: i64,
}

impl Upload {
    /// Goes on with `part` from what was last put on disk for it. `offer` is what the server once
    /// said it can do; the default one expects nothing.
    pub fn new(part: Part, mut memory: Memory, offer: Offer, policy: Policy) -> Self {
        let before = memory.clone();
        let home = |url: &String| same_origin(&part.endpoint, url);
        if memory.url.as_ref().is_some_and(|url| !home(url)) {
            memory.starts.moved += 1;
            memory.forget_upload();
        }
        let state = match memory.url {
            Some(_) => State::Ask,
            None => State::Create { intended: false },
        };
        let unsaved = memory != before;
        let (sent, refused, detour, hops) = (None, false, None, 0);
        Self { part, offer, policy, memory, state, unsaved, sent, refused, detour, hops }
    }

    /// What must be on disk when [`Step::Save`] is asked for.
    pub fn memory(&self) -> &Memory {
        &self.memory
    }

    /// Tells that [`Upload::memory`] is on disk.
    pub fn saved(&mut self) {
        self.unsaved = false;
    }

    /// What to do now. Asking twice changes nothing.
    pub fn next_request(&mut self, now_ms: i64) -> Step {
        let wait = self.wait(now_ms);
        if wait.is_none() {
            self.prepare(now_ms);
        }
        if self.unsaved {
            return Step::Save;
        }
        if let Some(wait) = wait {
            return wait;
        }
        match self.state {
            State::Stored => Step::Stored,
            State::Parked(reason) => Step::Parked(reason),
            State::Create { .. } => Step::Request(self.create()),
            State::Ask => Step::Request(self.ask()),
            State::Send => Step::Request(self.send(now_ms)),
        }
    }

    /// Takes the answer to the last request.
    pub fn on_response(&mut self, response: &Response, now_ms: i64) {
        let kind = match self.state {
            State::Create { .. } => Kind::Create,
            State::Ask => Kind::Ask,
            State::Send => Kind::Send,
            // An answer nobody waits for any more changes nothing.
            State::Stored | State::Parked(_) => return,
        };
        let retry_after = response.retry_after_ms;
        let verdict = judge(kind, response);
        if kind == Kind::Create && verdict.refuses() {
            self.memory.posted = false;
            if self.create_plainly(verdict) {
                return;
            }
        }
        let disguised = kind == Kind::Send && self.memory.override_patch;
        match verdict {
            // Perhaps it is only the disguise that is not known here: HEAD will tell.
            Verdict::Gone | Verdict::NoPatch | Verdict::Rejected if disguised => {
                self.memory.override_patch = false;
                self.sent = None;
                self.step_back();
                self.fruitless(Reason::ServerFault, now_ms);
            }
            Verdict::Success => self.believe(kind, response, now_ms),
            Verdict::Ask => self.trouble(Reason::ServerFault, Hurry::AtOnce, None, now_ms),
            Verdict::Gone => {
                self.memory.starts.gone += 1;
                self.begin_again(now_ms);
            }
            Verdict::Busy => self.trouble(Reason::ServerBusy, Hurry::No, retry_after, now_ms),
            Verdict::Fault => self.trouble(Reason::ServerFault, Hurry::No, retry_after, now_ms),
            Verdict::Portal => self.trouble(Reason::CaptivePortal, Hurry::No, None, now_ms),
            Verdict::Elsewhere => self.follow(kind, response, now_ms),
            Verdict::Smaller => self.shrink(kind, now_ms),
            Verdict::NoPatch => self.disguise(),
            Verdict::TooLarge => self.park(Reason::TooLarge),
            // Some servers say 403 to bytes for an upload that is complete. HEAD tells: a token
            // that is refused is refused there, too.
            Verdict::TokenRefused if kind == Kind::Send && !self.refused => {
                self.refused = true;
                self.sent = None;
                self.step_back();
            }
            Verdict::TokenRefused => self.park(Reason::TokenRefused),
            Verdict::Rejected => self.park(Reason::Rejected),
        }
    }

    /// Takes the news that the last request has no answer.
    pub fn on_failure(&mut self, failure: Failure, now_ms: i64) {
        match failure {
            Failure::Unreadable => self.park(Reason::SpoolUnreadable),
            Failure::Cut => self.trouble(Reason::ConnectionLost, Hurry::AtOnce, None, now_ms),
            Failure::NotConnected(reason) => {
                match self.state {
                    State::Create { .. } => self.memory.posted = false,
                    State::Send => self.sent = None,
                    _ => {}
                }
                self.trouble(reason, Hurry::No, None, now_ms);
            }
            Failure::Cancelled => self.step_back(),
        }
    }

    /// The wait that is due.
    fn wait(&self, now_ms: i64) -> Option<Step> {
        if matches!(self.state, State::Stored | State::Parked(_)) {
            return None;
        }
        let until_ms = self.memory.not_before_ms;
        let reason = self.memory.reason.as_deref().and_then(Reason::from_message_id);
        let reason = reason.unwrap_or(Reason::ServerFault);
        let waits = self.memory.waits(now_ms, self.policy.longest_wait_ms());
        waits.then_some(Step::Wait { until_ms, reason })
    }

    /// What must be decided, and put on disk, before the next request.
    fn prepare(&mut self, now_ms: i64) {
        let margin = millis(self.policy.expiry_margin);
        let expires = self.memory.expires_at_ms;
        if self.state == State::Send
            && expires.is_some_and(|at| at <= now_ms.saturating_add(margin))
        {
            self.memory.starts.expired += 1;
            self.begin_again(now_ms);
            if self.wait(now_ms).is_some() {
                return;
            }
        }
        if self.state == (State::Create { intended: false }) {
            if self.memory.posted {
                self.memory.starts.lost_answer += 1;
            }
            self.memory.posted = true;
            self.unsaved = true;
            self.state = State::Create { intended: true };
        }
    }

    /// Acts on a success that a tus server vouches for.
    fn believe(&mut self, kind: Kind, response: &Response, now_ms: i64) {
        self.unsaved = true;
        self.hops = 0;
        if let Some(expires_in) = response.expires_in_ms {
            self.memory.expires_at_ms = Some(now_ms.saturating_add(expires_in));
        }
        match (kind, response.offset) {
            (Kind::Create, _) => self.created(response, now_ms),
            (Kind::Ask, Some(_)) if response.length.is_some_and(|n| n != self.part.bytes) => {
                self.park(Reason::WrongLength);
            }
            (Kind::Ask, Some(offset)) => {
                self.memory.failures = 0;
                self.at(offset, now_ms);
            }
            (Kind::Ask, None) => self.trouble(Reason::ServerFault, Hurry::No, None, now_ms),
            (Kind::Send, Some(offset)) => {
                self.refused = false;
                self.memory.failures = 0;
                self.grow(offset, now_ms);
                self.at(offset, now_ms);
            }
            (Kind::Send, None) => {
                self.trouble(Reason::ServerFault, Hurry::AtOnce, None, now_ms);
            }
        }
    }

    fn created(&mut self, response: &Response, now_ms: i64) {
        self.detour = None;
        if self.part.bytes == 0 {
            self.state = State::Stored;
            return;
        }
        let Some(location) = &response.location else {
            self.trouble(Reason::ServerFault, Hurry::No, None, now_ms);
            return;
        };
        let Some(url) = location::resolve(&self.part.endpoint, location) else {
            self.park(Reason::ForeignLocation);
            return;
        };
        self.memory.url = Some(url);
        self.memory.failures = 0;
        self.memory.offset = 0;
        self.memory.best = 0;
        // Without an offset the server took no notice of a body.
        let kept = if self.carries_body() { response.offset.unwrap_or(0) } else { 0 };
        self.memory.plain_create |= self.carries_body() && response.offset.is_none();
        self.at(kept, now_ms);
    }

    /// The server says how far it is. Its word wins, forwards and backwards.
    fn at(&mut self, offset: u64, now_ms: i64) {
        let sent = self.sent.take();
        if offset > self.part.bytes {
            self.park(Reason::WrongLength);
            return;
        }
        self.memory.offset = offset;
        if offset > self.memory.best {
            self.memory.best = offset;
            self.memory.forgive();
        }
        self.state = if offset == self.part.bytes { State::Stored } else { State::Send };
        if let Some(sent) = sent
            && offset <= sent.range.offset
            && self.state == State::Send
        {
            self.halve(sent.range.bytes);
            self.fruitless(Reason::ConnectionLost, now_ms);
        }
    }

    /// A round without progress. The first is free, so that a single cut costs no time.
    fn fruitless(&mut self, reason: Reason, now_ms: i64) {
        self.unsaved = true;
        self.memory.fruitless = self.memory.fruitless.saturating_add(1);
        if self.memory.fruitless > 1 {
            self.hold(self.memory.fruitless - 1, reason, None, now_ms);
        }
    }

    /// Something went wrong: step back to the last certain ground, and come back later.
    pub(super) fn trouble(
        &mut self,
        reason: Reason,
        hurry: Hurry,
        retry_after: Option<i64>,
        now_ms: i64,
    ) {
        self.unsaved = true;
        self.step_back();
        self.memory.failures = self.memory.failures.saturating_add(1);
        if hurry == Hurry::AtOnce && self.memory.failures == 1 && retry_after.is_none() {
            return;
        }
        let rounds = self.memory.failures.max(self.memory.fruitless);
        self.hold(rounds, reason, retry_after, now_ms);
    }

    fn hold(&mut self, rounds: u32, reason: Reason, retry_after: Option<i64>, now_ms: i64) {
        let asked = retry_after.unwrap_or(0).min(millis(self.policy.retry_after_max));
        let wait = self.policy.backoff_ms(rounds, &self.part.id).max(asked);
        self.memory.not_before_ms = now_ms.saturating_add(wait);
        self.memory.held_at_ms = now_ms;
        self.memory.reason = Some(reason.message_id().into());
    }

    fn step_back(&mut self) {
        self.detour = None;
        self.hops = 0;
        self.state = match self.memory.url {
            Some(_) => State::Ask,
            None => State::Create { intended: false },
        };
    }

    /// The upload is lost; the part is not.
    fn begin_again(&mut self, now_ms: i64) {
        self.sent = None;
        self.memory.forget_upload();
        self.step_back();
        self.fruitless(Reason::ServerFault, now_ms);
    }

    pub(super) fn park(&mut self, reason: Reason) {
        self.unsaved = true;
        self.memory.reason = Some(reason.message_id().into());
        self.state = State::Parked(reason);
    }

    /// 307 or 308: only on the same origin, and not for ever.
    fn follow(&mut self, kind: Kind, response: &Response, now_ms: i64) {
        let from = if kind == Kind::Create { self.create().url } else { self.upload_url() };
        let to = response
            .location
            .as_deref()
            .and_then(|location| Url::parse(&from).ok()?.join(location).ok().map(String::from));
        match to {
            Some(to) if same_origin(&self.part.endpoint, &to) && self.hops < MAX_HOPS => {
                self.hops += 1;
                self.detour = Some(to);
                if kind == Kind::Send {
                    self.state = State::Ask;
                }
            }
            Some(to) if same_origin(&self.part.endpoint, &to) => {
                self.trouble(Reason::ServerFault, Hurry::No, None, now_ms);
            }
            _ => self.trouble(Reason::CaptivePortal, Hurry::No, None, now_ms),
        }
    }
}

/// The way there is a secret.
impl std::fmt::Debug for Upload {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Upload")
            .field("part", &self.part)
            .field("memory", &self.memory)
            .field("state", &self.state)
            .field("sent", &self.sent)
            .finish_non_exhaustive()
    }
}

/// Whether a first failure may be followed by a try at once.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Hurry {
    AtOnce,
    No,
}

/// More redirects than this are a loop.
const MAX_HOPS: u8 = 5;
