//! Homeward's core as a Kotlin or Swift app meets it.
//!
//! Conversions only: ids are hex, times are Unix milliseconds with the offset of the clock, records
//! are immutable, enums carry their data. No rule lives here that a person could notice; those are
//! the core's. One file per concern, the object [`Homeward`] over all of them.
//!
//! **Threads.** Nothing here is `async`. Every method blocks on the disk and may be called from any
//! thread but a screen's; only [`Transfer::wait`] blocks for longer. Sending runs on a thread of
//! its own. The Kotlin and Swift packages turn this into coroutines and tasks.
//!
//! **Callbacks.** A [`DeviceKey`] is called on the thread of the call that needs it, a [`Listener`]
//! on the run's thread. Whatever calls back in from there, on the same thread, is refused with
//! `refused-called-back`: a deadlock would say nothing at all. What a callback throws ends nothing.
//!
//! **Bugs.** A panic in the core becomes [`ApiError::Unexpected`]. Its text goes nowhere: neither
//! to the app, nor to a log (`call.rs`).

mod answer;
mod call;
mod device_key;
mod error;
mod fd;
mod files;
mod form;
mod hide;
mod homeward;
mod intake;
mod media;
mod names;
mod pairing;
mod plan;
mod profiles;
mod recording;
mod report;
mod sending;
mod status;
mod steps;
mod talking;
mod texts;
mod transfer;
mod vault;

pub use answer::{Age, Answer, BodyMark, MarkKind, Moment, PersonName, Place, Side, Time, Vehicle};
pub use device_key::{DeviceKey, DeviceKeyError, KeySlot};
pub use error::{ApiError, ApiResult};
pub use files::{ByteSource, ByteTarget, close_descriptor};
pub use form::{
    Audience, FieldKind, FormDefinition, FormField, FormSection, MediaType, NumberUnit, Purpose,
    Stage,
};
pub use homeward::Homeward;
pub use media::{Copies, MediaFacts, MediaSource, Medium, Offer, Original, Position, Removed};
pub use pairing::Pairing;
pub use plan::{Conditions, NetworkKind, Plan, PlannedPart};
pub use profiles::Reminder;
pub use recording::{Recorded, Recording};
pub use report::{EarlierAnswer, Problem, Report, ReportSummary, SummaryHead};
pub use sending::{Scope, SealedPart, SealedReport, SendWhen};
pub use status::{
    PartKind, PartState, PartStatus, ReceiptStatus, ReportState, ReportStatus, VaultState,
};
pub use steps::{HttpHeader, HttpStep, StepBody, StepFailure, StepOutcome};
pub use talking::{Message, MessageFrom, QrModules, RecallReason, Receipt, RefusedPart};
pub use texts::{TextArgument, Texts};
pub use transfer::{Budget, Listener, ListenerError, RunEnd, Transfer};

uniffi::setup_scaffolding!();
