//! A number, in the unit that it was said in.

use serde::{Deserialize, Serialize};

use super::debug_hides_value;
use crate::forms::ids::ChoiceId;

/// A number with its unit. It is not converted: "4 feet" is less exact than "122 cm".
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Number {
    /// How many.
    pub value: f64,
    /// Of what; none for a plain count.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<ChoiceId>,
}

debug_hides_value!(Number);
