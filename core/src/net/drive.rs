//! Drives the upload machine of `tus` over the network until the part is stored or must wait.

use std::fs::File;
use std::io;

use super::{CancelToken, Net};
use crate::tus::{self, Failure, Memory, Reason, Step, Upload};

/// Where an upload keeps what it must not forget, and says how far it is.
pub trait Journal {
    /// Puts `memory` on disk; returns when it is durable. Nothing is sent before.
    fn save(&mut self, memory: &Memory) -> io::Result<()>;

    /// Shows how far it is. Called for every block: throttle before a person sees it.
    fn progress(&mut self, progress: Progress);
}

/// How far an upload is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// What the server said it has. Only this counts as sent.
    pub stored: u64,
    /// `stored` and what of the running request was handed to the connection: for a bar that
    /// moves. Falls back to `stored` when the request fails.
    pub written: u64,
    /// The length of the part.
    pub total: u64,
}

/// How a call of [`Net::upload`] ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UploadEnd {
    /// The server has every byte.
    Stored,
    /// Call again, not before this time. Both are also in the memory that was saved.
    Retry {
        /// Why nothing moves.
        reason: Reason,
        /// Unix milliseconds.
        not_before_ms: i64,
    },
    /// Only the person can go on, by [`Memory::restart`].
    Parked(Reason),
    /// The token was cancelled. Call again whenever.
    Cancelled,
    /// The journal failed; nothing was sent after that.
    SaveFailed,
}

impl Net {
    /// Brings `part`, whose sealed bytes are `source`, further: from `memory`, the last one that
    /// `journal` saved, until it is stored or must wait.
    ///
    /// The file's position moves.
    pub async fn upload(
        &self,
        part: &tus::Part,
        memory: Memory,
        source: &File,
        journal: &mut dyn Journal,
        cancel: &CancelToken,
    ) -> UploadEnd {
        if !tus::same_origin(self.server.as_str(), &part.endpoint) {
            return UploadEnd::Parked(Reason::ForeignLocation);
        }
        let policy = self.pacing.policy.clone();
        let mut upload = Upload::new(part.clone(), memory, self.offer, policy);
        loop {
            if cancel.is_cancelled() {
                return UploadEnd::Cancelled;
            }
            match upload.next_request(self.now_ms()) {
                Step::Save => {
                    if journal.save(upload.memory()).is_err() {
                        return UploadEnd::SaveFailed;
                    }
                    upload.saved();
                    journal.progress(at(part, upload.memory(), 0));
                }
                Step::Request(request) => {
                    self.turn(&mut upload, part, &request, source, journal, cancel).await;
                }
                Step::Wait { until_ms, reason } => {
                    return UploadEnd::Retry { reason, not_before_ms: until_ms };
                }
                Step::Stored => return UploadEnd::Stored,
                Step::Parked(reason) => return UploadEnd::Parked(reason),
            }
        }
    }

    /// One request and what the machine makes of its outcome.
    async fn turn(
        &self,
        upload: &mut Upload,
        part: &tus::Part,
        request: &tus::Request,
        source: &File,
        journal: &mut dyn Journal,
        cancel: &CancelToken,
    ) {
        let memory = upload.memory().clone();
        let mut last = 0;
        let written = |bytes| {
            if bytes != last {
                last = bytes;
                journal.progress(at(part, &memory, bytes));
            }
        };
        match self.exchange(request, source, cancel, written).await {
            Ok(response) => upload.on_response(&response, self.now_ms()),
            Err(failure) => {
                upload.on_failure(failure, self.now_ms());
                if failure != Failure::Unreadable {
                    journal.progress(at(part, upload.memory(), 0));
                }
            }
        }
    }
}

fn at(part: &tus::Part, memory: &Memory, written: u64) -> Progress {
    let stored = memory.offset;
    Progress { stored, written: stored + written, total: part.bytes }
}
