//! Homeward's core: everything that must not go wrong, in one place.
//!
//! `docs/ARCHITECTURE.md` is the map. Each room is a module with its design at its head.

pub mod brand;
pub mod crypto;
mod error;
pub mod forms;
mod ids;
pub mod media;
pub mod receipts;
pub mod seal;
pub mod signed;

pub use error::{Error, Refusal, Result};
pub use ids::{
    Digest, Fingerprint, MediumId, NotAnId, PartId, ReceiptAddress, ReportId,
};
