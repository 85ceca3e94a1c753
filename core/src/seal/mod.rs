//! Parts: what leaves the phone, signed and sealed.
//!
//! A part is an age v1 file (C2SP `age`) sealed to the recipients of its audiences. Inside is a
//! POSIX tar of two files, `part.json` (a [`Part`]: what it is, for whom, and a signature) and its
//! content (`answers.json`, `photo-1.jpg`), then zeros up to the padded size. So `age -d | tar x`
//! opens it without Homeward.
//!
//! The signature binds the content to this report, part, version, organisation and audiences: parts
//! can't be mixed, replayed into another report or passed off to another organisation. Its key is
//! the report's own and hashes to the report id, so no identity is needed to check who speaks.

mod documents;
mod keys;
mod open;
mod padding;
mod part;
mod write;

pub use documents::{
    ANSWERS_FORMAT, AnswersDocument, EarlierAnswer, ListedPart, MediumEntry, RECALL_FORMAT,
    REPLY_FORMAT, RecallDocument, RecallReason, ReplyDocument,
};
pub use keys::{ReportKeys, recipient};
pub use open::{OpenError, open};
pub(crate) use padding::padded_plaintext;
pub(crate) use part::Unsigned;
pub use part::{Content, Part, PartKind};
pub(crate) use write::Counter;
pub use write::{Sealed, seal};
