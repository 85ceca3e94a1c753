//! Who can open parts, and whether it still should.

use serde::{Deserialize, Serialize};

use crate::forms::Audience;

/// Somebody who can open parts for an audience.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recipient {
    /// For whom parts are sealed.
    pub audience: Audience,
    /// The age recipient, `age1…`.
    pub recipient: String,
    /// Who holds the identity.
    pub holder: String,
    /// Whether parts are still sealed to it.
    #[serde(default, skip_serializing_if = "RecipientState::is_active")]
    pub state: RecipientState,
}

impl Recipient {
    /// An active one.
    #[must_use]
    pub fn new(audience: Audience, recipient: String, holder: &str) -> Self {
        Self { audience, recipient, holder: holder.into(), state: RecipientState::Active }
    }
}

/// What became of a recipient's identity. Nothing new is sealed to one that is not active.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RecipientState {
    /// It is in use.
    #[default]
    Active,
    /// It was replaced in peace: what is sealed to it already can go as it is.
    Retired,
    /// Nobody can open anything with it any more.
    Lost,
    /// Somebody else may be able to open what is sealed to it.
    Compromised,
}

impl RecipientState {
    /// Whether parts are sealed to it.
    #[must_use]
    pub fn is_active(&self) -> bool {
        *self == Self::Active
    }

    /// Whether a part that is sealed to it must not leave as it is.
    #[must_use]
    pub fn spoils(self) -> bool {
        matches!(self, Self::Lost | Self::Compromised)
    }
}
