//! A telephone number, as it was typed.

use super::debug_hides_value;
use crate::forms::clean;

/// A telephone number. It is shown as it was typed, with the digits of every script in ASCII, so
/// that whoever calls can read it.
#[derive(Clone, PartialEq, Eq)]
pub struct Phone(String);

debug_hides_value!(Phone);

impl Phone {
    pub(in crate::forms) fn new(typed: &str) -> Self {
        Self(clean::ascii_digits(&clean::line(typed)))
    }

    /// The number as typed.
    #[must_use]
    pub fn typed(&self) -> &str {
        &self.0
    }

    /// Only what is dialled: a leading plus, and digits.
    #[must_use]
    pub fn digits(&self) -> String {
        // "+49 (0)170": the zero in brackets is dialled only without the country code.
        let number = self.0.replace("(0)", if self.is_international() { "" } else { "0" });
        let plus = self.is_international().then_some('+');
        plus.into_iter().chain(number.chars().filter(char::is_ascii_digit)).collect()
    }

    fn is_international(&self) -> bool {
        self.0.starts_with('+')
    }
}
