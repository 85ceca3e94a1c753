//! Every sentence that a person reads.

use homeward_core::texts;

use crate::call::quietly;
use crate::hide::hides_value;

/// The sentences behind message ids. Needs no vault and no pairing; does not block.
#[derive(uniffi::Object)]
pub struct Texts(&'static texts::Texts);

/// Something that a sentence names.
#[derive(Clone, PartialEq, uniffi::Enum)]
#[uniffi::export(Debug)]
pub enum TextArgument {
    /// Words, shown as they are.
    Words {
        /// The name that the sentence has for it.
        name: String,
        /// What stands there.
        words: String,
    },
    /// A number, written as the language writes it.
    Number {
        /// The name that the sentence has for it.
        name: String,
        /// What stands there.
        number: i64,
    },
}

hides_value!(TextArgument);

#[uniffi::export]
impl Texts {
    /// The sentences in English that every app has.
    #[uniffi::constructor]
    #[must_use]
    pub fn built_in() -> Self {
        Self(texts::Texts::built_in())
    }

    /// The sentence with this id. One that does not exist is shown by its id: a person in need sees
    /// something rather than nothing.
    #[must_use]
    pub fn text(&self, id: &str, arguments: Vec<TextArgument>) -> String {
        let arguments: Vec<texts::Arg> = arguments.into_iter().map(Into::into).collect();
        quietly(|| self.0.text(id, &arguments)).unwrap_or_else(|| id.to_owned())
    }

    /// Whether there is a sentence with this id.
    #[must_use]
    pub fn has(&self, id: &str) -> bool {
        quietly(|| self.0.has(id)).unwrap_or_default()
    }
}

impl From<TextArgument> for texts::Arg {
    fn from(argument: TextArgument) -> Self {
        match argument {
            TextArgument::Words { name, words } => {
                Self { name, value: texts::ArgValue::Text(words) }
            }
            TextArgument::Number { name, number } => {
                Self { name, value: texts::ArgValue::Number(number) }
            }
        }
    }
}
