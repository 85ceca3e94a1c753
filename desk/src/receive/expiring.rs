//! Uploads that nobody goes on with end: one to which no byte came within an hour, one that has
//! begun a week after its last byte. A complete one never does.
//!
//! The store says when a byte came last: its file was changed then. So the end moves with each
//! byte, also over a restart, and phones read it as `Upload-Expires`.

use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use async_trait::async_trait;
use axum::http::{HeaderName, HeaderValue};
use axum::response::Response;
use tus_protocol::chrono::{DateTime, Utc};
use tus_protocol::state::file::FileStateStore;
use tus_protocol::{Error, Result, StateStore, UploadState, WriteMode};

use crate::store;

/// How long an upload stays to which no byte came: nothing is lost with it.
pub(super) const EMPTY: Duration = Duration::from_secs(60 * 60);
/// How long one stays to which no more byte came.
const BEGUN: Duration = Duration::from_secs(7 * 24 * 60 * 60);

const UPLOAD_EXPIRES: HeaderName = HeaderName::from_static("upload-expires");

/// The states of uploads, each with its end.
#[derive(Debug)]
pub(super) struct Expiring {
    states: FileStateStore,
    uploads: PathBuf,
}

impl Expiring {
    /// Over `states`, which lie in the store `uploads`.
    pub(super) fn new(states: FileStateStore, uploads: PathBuf) -> Self {
        Self { states, uploads }
    }
}

#[async_trait]
impl StateStore for Expiring {
    fn name(&self) -> &'static str {
        "expiring"
    }

    async fn set(&self, state: &UploadState, mode: WriteMode) -> Result<()> {
        self.states.set(state, mode).await
    }

    async fn get(&self, id: &str) -> Result<Option<UploadState>> {
        let Some(state) = self.states.get(id).await? else { return Ok(None) };
        let Some(handle) = state.storage_handle() else { return Ok(Some(state)) };
        let data = self.uploads.join(store::DATA).join(handle.key());
        let end = match tokio::fs::metadata(data).await {
            Ok(found) => end(found.len(), found.modified().map_err(Error::Io)?),
            // Nothing is there to go on with.
            Err(_) => end(0, SystemTime::from(*state.created_at())),
        };
        Ok(Some(state.with_expiration(end)))
    }

    async fn delete(&self, id: &str) -> Result<()> {
        self.states.delete(id).await
    }

    async fn list_expired(&self, before: DateTime<Utc>) -> Result<Vec<String>> {
        let uploads = self.uploads.clone();
        let listed = tokio::task::spawn_blocking(move || store::uploads(&uploads)).await;
        let listed = listed.map_err(|_| Error::Internal("list the uploads".into()))??;
        let over = listed.into_iter().flatten().filter(|upload| {
            let changed = std::fs::metadata(&upload.data).and_then(|found| found.modified());
            !upload.is_complete()
                && changed.is_ok_and(|changed| end(upload.stored, changed) < before)
        });
        Ok(over.map(|upload| upload.id).collect())
    }
}

/// When an upload ends of which `stored` bytes are there and that was changed at `changed`.
fn end(stored: u64, changed: SystemTime) -> DateTime<Utc> {
    DateTime::from(changed + if stored == 0 { EMPTY } else { BEGUN })
}

/// Tells in the answer to a write the end that the write has moved.
pub(super) fn tell_new_end(answer: &mut Response) {
    let offset = answer.headers().get("upload-offset");
    let stored = offset.and_then(|value| value.to_str().ok()?.parse().ok()).unwrap_or(0);
    if let Some(told) = answer.headers_mut().get_mut(UPLOAD_EXPIRES) {
        let end = end(stored, SystemTime::now()).format("%a, %d %b %Y %H:%M:%S GMT").to_string();
        if let Ok(end) = HeaderValue::from_str(&end) {
            *told = end;
        }
    }
}
