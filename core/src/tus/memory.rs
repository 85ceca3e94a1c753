//! What an upload must remember across a kill: the part of its state that goes to disk.

use serde::{Deserialize, Serialize};

use super::Reason;

/// What a queue row keeps of an upload, sealed, because [`Memory::url`] is a secret.
///
/// Everything else is asked of the server. A default one starts a part from nothing. Fields that
/// an older version did not write read as their defaults.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Memory {
    /// Where the upload lives. Whoever knows it can write to it: keep it sealed, never show it.
    pub url: Option<String>,
    /// A POST may have gone out. With no `url` its answer was lost.
    pub posted: bool,
    /// The last offset that the server told. For display; the server is asked again anyway.
    pub offset: u64,
    /// The highest offset that the server ever told for this upload. Only more than this is
    /// progress, so a server whose offset jumps back and forth does not look like a good one.
    pub best: u64,
    /// The body size of the next PATCH; 0 before the first.
    pub patch_bytes: u64,
    /// No PATCH may be larger than this: a proxy refused more. 0 when none did.
    pub patch_ceiling: u64,
    /// How many rounds in a row added nothing at the server, although it was reached.
    pub fruitless: u32,
    /// A proxy lets no PATCH through: it goes as POST with `X-HTTP-Method-Override`.
    pub override_patch: bool,
    /// A POST that brought the part along was refused: from now on it goes empty.
    pub plain_create: bool,
    /// When the server will drop the upload, by the phone's clock.
    pub expires_at_ms: Option<i64>,
    /// How many tries in a row got no answer that could be believed.
    pub failures: u32,
    /// Nothing is sent before this time.
    pub not_before_ms: i64,
    /// When that was decided, by the phone's clock.
    pub held_at_ms: i64,
    /// The message id of the reason for `not_before_ms`.
    pub reason: Option<String>,
    /// How often the part was begun again, by cause.
    pub starts: Starts,
}

/// Why a part has had more than one upload. Each adds at most one twin at the server.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Starts {
    /// The answer to a POST never came.
    pub lost_answer: u32,
    /// The server said 404 or 410.
    pub gone: u32,
    /// The upload was about to expire.
    pub expired: u32,
    /// The organisation's server has another address now.
    pub moved: u32,
    /// A receipt said that the organisation does not have it, although the server said it did.
    pub missing: u32,
    /// Nobody opened it by the pack's deadline: it goes to a mirror.
    pub mirror: u32,
    /// The phone lost the key of its row, and with it the upload's address.
    pub key_lost: u32,
    /// The person restarted a part whose upload the server had spoilt.
    pub person: u32,
}

impl Memory {
    /// Forgets the waiting time: the network is a new one, or the person asked.
    pub fn forgive(&mut self) {
        self.failures = 0;
        self.fruitless = 0;
        self.not_before_ms = 0;
        self.held_at_ms = 0;
        self.reason = None;
    }

    /// Whether nothing may be sent at `now_ms`. A wait that was decided in the future, or that is
    /// longer than any that is ever decided, was noted by a clock that was wrong: it is over.
    pub fn waits(&self, now_ms: i64, longest_ms: i64) -> bool {
        let left = self.not_before_ms.saturating_sub(now_ms);
        self.held_at_ms <= now_ms && (1..=longest_ms).contains(&left)
    }

    /// Prepares a part that was parked for `reason` for a try that the person asked for.
    ///
    /// Goes on with the upload where that makes sense (a refused token may be accepted now), and
    /// forgets it where the server's idea of it is wrong.
    pub fn restart(&mut self, reason: Reason) {
        self.forgive();
        self.patch_bytes = 0;
        self.patch_ceiling = 0;
        self.override_patch = false;
        self.plain_create = false;
        if matches!(reason, Reason::WrongLength | Reason::ForeignLocation | Reason::Rejected)
            && (self.posted || self.url.is_some())
        {
            self.starts.person += 1;
            self.forget_upload();
        }
    }

    /// Lets go of the upload, but not of what was learnt about the way to the server.
    pub(super) fn forget_upload(&mut self) {
        self.url = None;
        self.posted = false;
        self.offset = 0;
        self.best = 0;
        self.expires_at_ms = None;
    }
}

/// The URL is a secret: whether there is one is all that shows.
impl std::fmt::Debug for Memory {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Memory")
            .field("has_url", &self.url.is_some())
            .field("posted", &self.posted)
            .field("offset", &self.offset)
            .field("patch_bytes", &self.patch_bytes)
            .field("failures", &self.failures)
            .field("not_before_ms", &self.not_before_ms)
            .field("reason", &self.reason)
            .field("starts", &self.starts)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_of_an_older_version_reads_with_defaults() {
        let memory: Memory = serde_json::from_str(r#"{"posted":true}"#).unwrap();
        assert_eq!(memory, Memory { posted: true, ..Memory::default() });
    }

    #[test]
    fn the_upload_url_does_not_show_in_debug_output() {
        let memory =
            Memory { url: Some("https://desk.test/files/canary".into()), ..Memory::default() };
        assert!(!format!("{memory:?}").contains("canary"));
    }

    #[test]
    fn a_wait_that_a_wrong_clock_noted_is_over() {
        let memory = Memory { held_at_ms: 1_000, not_before_ms: 1_600, ..Memory::default() };
        assert!(memory.waits(1_000, 600) && memory.waits(1_599, 600));
        assert!(!memory.waits(1_600, 600), "it is over");
        assert!(!memory.waits(999, 10_000), "nobody decided it yet");
        let old = Memory { not_before_ms: 1_600, ..Memory::default() };
        assert!(old.waits(1_000, 600) && !old.waits(999, 600), "longer than any");
    }

    #[test]
    fn a_restart_after_a_refused_token_keeps_the_upload() {
        let mut memory =
            Memory { url: Some("u".into()), posted: true, offset: 7, ..Memory::default() };
        memory.restart(Reason::TokenRefused);
        assert_eq!(memory.url.as_deref(), Some("u"));
        memory.restart(Reason::WrongLength);
        assert_eq!((memory.url, memory.offset, memory.starts.person), (None, 0, 1));
    }
}
