//! A number, in the unit that it was said in.

use serde::{Deserialize, Serialize, Serializer};

use super::debug_hides_value;
use crate::forms::ids::ChoiceId;

/// A number with its unit. It is not converted: "4 feet" is less exact than "122 cm".
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Number {
    /// How many.
    #[serde(serialize_with = "as_plain")]
    pub value: f64,
    /// Of what; none for a plain count.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<ChoiceId>,
}

debug_hides_value!(Number);

/// Writes whole numbers without a decimal point, as people would.
fn as_plain<S: Serializer>(value: &f64, serializer: S) -> Result<S::Ok, S::Error> {
    if value.fract() == 0.0 && value.abs() < EXACT {
        serializer.serialize_i64(*value as i64)
    } else {
        serializer.serialize_f64(*value)
    }
}

/// Up to here every whole number has its own `f64`.
const EXACT: f64 = 9_007_199_254_740_992.0;
