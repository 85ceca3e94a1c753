//! Sending, which takes its time: a handle to it, and who hears how it gets on.

use std::sync::Arc;
use std::time::Duration;

use homeward_core::queue;

use crate::call::{call, call_app, quietly};
use crate::error::ApiResult;
use crate::status::ReportStatus;

/// How much a run may take.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, uniffi::Record)]
pub struct Budget {
    /// So many milliseconds. Within them the run also waits for parts that come due; none: it ends
    /// as soon as nothing is due.
    #[uniffi(default)]
    pub time_ms: Option<u64>,
}

/// Hears how reports get on.
///
/// Called on the run's own thread, at most four times a second for one report. It gets whole
/// states, so one that it missed or threw at is made good by the next. Must not call back into the
/// core from that thread: that is refused, but for `Transfer.cancel`.
#[uniffi::export(foreign)]
pub trait Listener: Send + Sync {
    /// A report's whole present state. Every report that was sealed comes once at the start, then
    /// each change. What this throws ends nothing and is not looked at.
    fn on_change(&self, status: ReportStatus) -> Result<(), ListenerError>;
}

/// What a listener may throw.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error, uniffi::Error)]
pub enum ListenerError {
    /// Anything. The run goes on.
    #[error("the listener failed")]
    Failed,
}

/// Why a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, uniffi::Enum)]
pub enum RunEnd {
    /// All that could be done was done; the rest waits for a time, a network or the person.
    NothingDue,
    /// The budget is used up.
    TimeUp,
    /// Somebody cancelled it.
    Cancelled,
    /// Another run sends from this home.
    Busy,
}

/// A run under way, on a thread of its own. Letting go of the handle does not end it.
#[derive(uniffi::Object)]
pub struct Transfer(queue::Transfer);

#[uniffi::export]
impl Transfer {
    /// Ends the run within a moment. Nothing that was acknowledged is lost. Does not block, and may
    /// be called from anywhere, also from the listener.
    pub fn cancel(&self) {
        // It gives no result, so a panic would end a Swift app.
        let _ = quietly(|| self.0.cancel());
    }

    /// Blocks until the run has ended, and tells why. All who wait hear the same.
    pub fn wait(&self) -> ApiResult<RunEnd> {
        call(|| Ok(self.0.wait()?.into()))
    }
}

impl Transfer {
    pub(crate) fn over(transfer: queue::Transfer) -> Arc<Self> {
        Arc::new(Self(transfer))
    }
}

/// The app's listener as the core calls it.
pub(crate) struct AppListener(pub(crate) Arc<dyn Listener>);

impl queue::Listener for AppListener {
    fn on_change(&self, status: &queue::ReportStatus) {
        // A screen's failure is no reason to stop sending.
        let _ = call_app(|| self.0.on_change(status.clone().into()));
    }
}

impl From<Budget> for queue::Budget {
    fn from(budget: Budget) -> Self {
        Self { time: budget.time_ms.map(Duration::from_millis) }
    }
}

impl From<queue::RunEnd> for RunEnd {
    fn from(end: queue::RunEnd) -> Self {
        match end {
            queue::RunEnd::NothingDue => Self::NothingDue,
            queue::RunEnd::TimeUp => Self::TimeUp,
            queue::RunEnd::Cancelled => Self::Cancelled,
            queue::RunEnd::Busy => Self::Busy,
        }
    }
}

impl From<uniffi::UnexpectedUniFFICallbackError> for ListenerError {
    fn from(_: uniffi::UnexpectedUniFFICallbackError) -> Self {
        Self::Failed
    }
}
