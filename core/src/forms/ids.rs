//! The names that forms, fields and choices go by.
//!
//! They become message ids, JSON keys and database values, so one narrow alphabet fits them all.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Defines a validated name over a `String`.
macro_rules! name {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// Takes `name` if it is a name: a lower-case letter, then up to 63 lower-case
            /// letters, digits or underscores.
            #[must_use]
            pub fn new(name: &str) -> Option<Self> {
                is_name(name).then(|| Self(name.to_owned()))
            }

            /// The name itself.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl TryFrom<String> for $name {
            type Error = NotAName;

            fn try_from(name: String) -> Result<Self, NotAName> {
                if is_name(&name) { Ok(Self(name)) } else { Err(NotAName) }
            }
        }

        impl std::str::FromStr for $name {
            type Err = NotAName;

            fn from_str(name: &str) -> Result<Self, NotAName> {
                Self::new(name).ok_or(NotAName)
            }
        }

        impl From<$name> for String {
            fn from(name: $name) -> Self {
                name.0
            }
        }

        // Lets maps be searched with a plain string.
        impl std::borrow::Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }
    };
}

name! {
    /// The name of a form, such as `missing_child`.
    FormId
}
name! {
    /// The name of a field, the same in every form that asks the same thing.
    FieldId
}
name! {
    /// The name of a section of a form.
    SectionId
}
name! {
    /// The name of one of the answers to choose from.
    ChoiceId
}

/// The text is not a name: a lower-case letter, then letters, digits and underscores, at most 64.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a name: a lower-case letter, then lower-case letters, digits or _, at most 64")]
pub struct NotAName;

fn is_name(name: &str) -> bool {
    name.len() <= MAX_NAME
        && name.starts_with(|first: char| first.is_ascii_lowercase())
        && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
}

const MAX_NAME: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_short_lower_case_words_are_names() {
        for good in ["a", "child_name", "x9_", &"a".repeat(64)] {
            assert!(FieldId::new(good).is_some(), "{good}");
        }
        for bad in ["", "_a", "9a", "A", "child-name", "naïve", "a b", "a\0", &"a".repeat(65)] {
            assert!(FieldId::new(bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn a_wrong_name_does_not_come_in_through_json() {
        assert!(serde_json::from_str::<FormId>("\"missing_child\"").is_ok());
        assert!(serde_json::from_str::<FormId>("\"../etc\"").is_err());
    }
}
