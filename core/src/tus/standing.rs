//! Where a machine stands between two requests, for a driver whose process may end in between.
//!
//! A phone's own HTTP stack goes on while the app is dead, and hands the answer to a new process.
//! That one takes the machine up where it stood. The offsets in it are the server's own words to
//! this machine, so nothing needs to be asked again.

use serde::{Deserialize, Serialize};

use super::upload::{Sent, State, Upload};
use super::{Memory, Offer, Part, Policy, Range};

/// Where a machine stands. Keep it sealed: it may hold an address.
#[derive(Clone, Serialize, Deserialize)]
pub struct Standing {
    at: At,
    sent: Option<(Range, i64)>,
    detour: Option<String>,
    hops: u8,
}

#[derive(Clone, Copy, Serialize, Deserialize)]
enum At {
    Create,
    Ask,
    Send,
}

impl Upload {
    /// Where it stands: after [`super::Step::Request`] it waits for that request's outcome.
    pub fn standing(&self) -> Standing {
        let at = match self.state {
            State::Create { .. } => At::Create,
            State::Send => At::Send,
            // At the end there is nothing to take up.
            State::Ask | State::Stored | State::Parked(_) => At::Ask,
        };
        let sent = self.sent.map(|Sent { range, at_ms }| (range, at_ms));
        Standing { at, sent, detour: self.detour.clone(), hops: self.hops }
    }

    /// Takes up a machine that stood so with this memory.
    pub fn resume(
        part: Part,
        memory: Memory,
        standing: Standing,
        offer: Offer,
        policy: Policy,
    ) -> Self {
        let known = memory.clone();
        let mut upload = Self::new(part, memory, offer, policy);
        if upload.memory != known {
            // The server has moved: the old standing means nothing there.
            return upload;
        }
        upload.state = match standing.at {
            At::Create if known.url.is_none() => State::Create { intended: known.posted },
            At::Send if known.url.is_some() => State::Send,
            _ => upload.state,
        };
        upload.sent = standing.sent.map(|(range, at_ms)| Sent { range, at_ms });
        upload.detour = standing.detour;
        upload.hops = standing.hops;
        upload
    }
}

/// It may hold an address.
impl std::fmt::Debug for Standing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Standing(…)")
    }
}
