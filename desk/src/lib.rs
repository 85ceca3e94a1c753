//! The organisation's side of Homeward.
//!
//! Two sides that never meet in one process: [`receive`] faces the public and sees ciphertext only;
//! what opens reports holds keys and faces nobody. They share the folder that [`home`] lays out and
//! the store that [`store`] reads.

pub mod ask;
pub mod brand;
pub mod card;
pub mod casebook;
mod clock;
pub mod collect;
pub mod error;
pub mod files;
pub mod home;
pub mod init;
pub mod keys;
pub mod log;
pub mod proofs;
pub mod receive;
pub mod store;
pub mod tls;
pub mod view;

pub use error::{Error, Result};
