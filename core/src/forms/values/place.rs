//! Where something was: a pin with its accuracy, an address, words, or all of them.

use serde::{Deserialize, Serialize};

use super::{debug_hides_value, tidy};

/// Where something was, as far as it is known.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Place {
    /// Degrees north of the equator.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub latitude: Option<f64>,
    /// Degrees east of Greenwich.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub longitude: Option<f64>,
    /// How far the pin may be off, in metres.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub accuracy_m: Option<f64>,
    /// A postal address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// How a person would tell the way.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub words: Option<String>,
}

debug_hides_value!(Place);

impl Place {
    /// Latitude and longitude, if both are known and lie on the earth.
    #[must_use]
    pub fn pin(&self) -> Option<(f64, f64)> {
        let pin = (self.latitude?, self.longitude?);
        is_on_earth(pin).then_some(pin)
    }

    /// A place known by words only.
    pub(in crate::forms) fn in_words(words: &str) -> Self {
        Self { words: Some(words.to_owned()), ..Self::default() }.tidied()
    }

    /// A place known by its pin.
    pub(in crate::forms) fn at_pin((latitude, longitude): (f64, f64)) -> Self {
        Self { latitude: Some(latitude), longitude: Some(longitude), ..Self::default() }
    }

    pub(in crate::forms) fn tidied(mut self) -> Self {
        tidy(&mut self.address);
        tidy(&mut self.words);
        self
    }

    pub(in crate::forms) fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// Whether there is such a place at all.
pub(in crate::forms) fn is_on_earth((latitude, longitude): (f64, f64)) -> bool {
    (-90.0..=90.0).contains(&latitude) && (-180.0..=180.0).contains(&longitude)
}
