//! A person's name, in as many spellings and scripts as the person goes by.

use serde::{Deserialize, Serialize};

use super::{debug_hides_value, tidy};
use crate::forms::clean;

/// A name. Any part can be missing: many people have only one name, and not every family has one.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PersonName {
    /// The name as it is said or written as a whole.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub full: Option<String>,
    /// Given names.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub given: Option<String>,
    /// Family names.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub family: Option<String>,
    /// Nicknames, other spellings, other scripts.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub other: Vec<String>,
}

debug_hides_value!(PersonName);

impl PersonName {
    /// The name in one line.
    #[must_use]
    pub fn in_one_line(&self) -> Option<String> {
        let parts: Vec<&str> =
            [&self.given, &self.family].into_iter().flatten().map(String::as_str).collect();
        let from_parts = (!parts.is_empty()).then(|| parts.join(" "));
        self.full.clone().or(from_parts).or_else(|| self.other.first().cloned())
    }

    /// A name as it was typed into one box. It is not taken apart: which part is which differs
    /// from family to family.
    pub(in crate::forms) fn in_full(name: &str) -> Self {
        Self { full: Some(name.to_owned()), ..Self::default() }.tidied()
    }

    pub(in crate::forms) fn tidied(mut self) -> Self {
        tidy(&mut self.full);
        tidy(&mut self.given);
        tidy(&mut self.family);
        self.other = self.other.iter().map(|name| clean::line(name)).collect();
        self.other.retain(|name| !name.is_empty());
        self
    }

    pub(in crate::forms) fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}
