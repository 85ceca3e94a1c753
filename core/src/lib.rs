//! Homeward's core: everything that must not go wrong, in one place.
//!
//! `docs/ARCHITECTURE.md` is the map. Each room is a module with its design at its head.

mod age_file;
mod attachments;
pub mod brand;
mod clock;
pub mod crypto;
mod dispatch;
mod drafts;
mod error;
mod faces;
pub mod forms;
mod home;
mod homeward;
mod ids;
mod intake;
pub mod media;
pub mod net;
mod offers;
mod profiles;
pub mod queue;
pub mod receipts;
mod recording;
pub mod seal;
pub mod signed;
mod store;
pub mod texts;
pub mod tus;
pub mod vault;

pub use attachments::Original;
pub use clock::{Clock, SystemClock};
pub use dispatch::{Message, MessageFrom, Scope, SealedPart, SealedReport, SendWhen};
pub use error::{Error, Refusal, Result};
pub use homeward::{
    Copies, Homeward, Medium, Offer, Options, Pairing, QrModules, Recorded, Recording, Report,
    ReportSummary, Source, SummaryHead,
};
pub use ids::{
    CaptureId, Digest, Fingerprint, MediumId, NotAnId, PartId, QuestionId, ReceiptAddress, ReportId,
};
pub use profiles::Reminder;
