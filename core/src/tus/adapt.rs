//! How an upload adapts to what stands between phone and server: proxies that collect whole
//! requests, that limit their size, or that let no PATCH through.

use super::judge::Verdict;
use super::policy::millis;
use super::upload::{Hurry, Sent, State, Upload};
use super::{Kind, Reason};

impl Upload {
    pub(super) fn patch_bytes(&self) -> u64 {
        let bytes = match self.memory.patch_bytes {
            0 => self.policy.patch_first,
            bytes => bytes,
        };
        bytes.min(self.patch_ceiling()).max(1)
    }

    pub(super) fn patch_ceiling(&self) -> u64 {
        match self.memory.patch_ceiling {
            0 => self.policy.patch_max,
            ceiling => ceiling.min(self.policy.patch_max),
        }
    }

    /// A quick, whole PATCH earns a larger one.
    pub(super) fn grow(&mut self, offset: u64, now_ms: i64) {
        let Some(Sent { range, at_ms }) = self.sent else { return };
        let whole = offset == range.offset + range.bytes && range.bytes == self.patch_bytes();
        if whole && now_ms.saturating_sub(at_ms) < millis(self.policy.patch_quick) {
            self.memory.patch_bytes = (range.bytes * 2).min(self.patch_ceiling());
        }
    }

    /// Nothing of a PATCH was kept. Once is chance; again, and a proxy may be collecting the
    /// whole request before it passes anything on, or be dropping the method.
    pub(super) fn halve(&mut self, bytes: u64) {
        if self.memory.fruitless == 0 {
            return;
        }
        if self.patch_bytes() <= self.policy.patch_min && self.memory.fruitless >= DISGUISE_AFTER {
            self.memory.override_patch = !self.memory.override_patch;
        }
        let smaller = (bytes / 2).max(self.policy.patch_min);
        self.memory.patch_bytes = self.patch_bytes().min(smaller);
    }

    /// 413 from something that is no tus server: a proxy with a limit on each request.
    pub(super) fn shrink(&mut self, kind: Kind, now_ms: i64) {
        match (kind, self.sent.take()) {
            (Kind::Send, Some(sent)) if sent.range.bytes > self.policy.patch_min => {
                let smaller = (sent.range.bytes / 2).max(self.policy.patch_min);
                self.memory.patch_ceiling = smaller;
                self.memory.patch_bytes = smaller;
                self.unsaved = true;
                self.state = State::Ask;
            }
            (Kind::Ask, _) => self.trouble(Reason::ServerFault, Hurry::No, None, now_ms),
            _ => self.park(Reason::TooLarge),
        }
    }

    /// The method is not let through: it goes as a POST that says what it means.
    pub(super) fn disguise(&mut self) {
        self.sent = None;
        self.memory.override_patch = true;
        self.unsaved = true;
        self.state = State::Ask;
    }

    /// A POST with a body was refused: perhaps for the body. True when it is worth a plain one.
    pub(super) fn create_plainly(&mut self, verdict: Verdict) -> bool {
        let about_body =
            matches!(verdict, Verdict::Smaller | Verdict::TooLarge | Verdict::Rejected);
        if !about_body || !self.carries_body() {
            return false;
        }
        self.memory.plain_create = true;
        self.unsaved = true;
        self.state = State::Create { intended: false };
        true
    }
}

/// So many rounds without progress, at the smallest size, and the method comes under suspicion.
const DISGUISE_AFTER: u32 = 6;
