//! A telephone number, as it was typed.

use super::debug_hides_value;
use crate::forms::clean;

/// A telephone number. It is shown as it was typed, with the digits of every script in ASCII, so
/// that whoever calls can read it.
#[derive(Clone, PartialEq, Eq)]
pub struct Phone(String);

debug_hides_value!(Phone);

impl Phone {
    /// A number as it was typed.
    #[must_use]
    pub fn new(typed: &str) -> Self {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_dialled_is_left_of_a_number() {
        for (typed, digits) in [
            ("+49 (0)170 / 123-45", "+4917012345"),
            ("(0)170 12345", "017012345"),
            ("٠١٧٠ ١٢٣", "0170123"),
            ("\u{202a}+४९ १७०\u{202c}", "+49170"),
            ("ask Anna", ""),
        ] {
            assert_eq!(Phone::new(typed).digits(), digits, "{typed}");
        }
        assert_eq!(Phone::new("٠١٧٠ ١٢٣").typed(), "0170 123");
    }
}
