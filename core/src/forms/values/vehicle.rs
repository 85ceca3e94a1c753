//! A car, bicycle, boat or other vehicle, as far as somebody saw it.

use serde::{Deserialize, Serialize};

use super::{debug_hides_value, tidy};

/// A vehicle. Every part is in words: half a plate is better than none.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Vehicle {
    /// The plate, or the part of it that was seen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plate: Option<String>,
    /// The country or state of the plate.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plate_from: Option<String>,
    /// Who made it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub make: Option<String>,
    /// Which model, or what sort of vehicle.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// Its colour.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub colour: Option<String>,
    /// Where it went.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub direction: Option<String>,
    /// Anything else.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub words: Option<String>,
}

debug_hides_value!(Vehicle);

impl Vehicle {
    /// A vehicle as it was typed into one box.
    pub(in crate::forms) fn in_words(words: &str) -> Self {
        Self { words: Some(words.to_owned()), ..Self::default() }.tidied()
    }

    pub(in crate::forms) fn tidied(mut self) -> Self {
        let Self { plate, plate_from, make, model, colour, direction, words } = &mut self;
        for part in [plate, plate_from, make, model, colour, direction, words] {
            tidy(part);
        }
        self
    }

    pub(in crate::forms) fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}
