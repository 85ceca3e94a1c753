//! Every sentence that a person reads.
//!
//! The core says what it means by message ids; the words are Fluent messages, one file per
//! language. So both apps and every organisation say the same, and a translator needs no code.
//! English is built in. No vault and no pairing is needed to read it.

mod ids;

use std::borrow::Cow;
use std::sync::LazyLock;

use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::{FluentArgs, FluentResource, FluentValue};

pub use ids::{ids, of_form};

/// The messages of one language.
pub struct Texts {
    bundle: FluentBundle<FluentResource>,
}

/// Something that a message names: a number or words.
#[derive(Clone, PartialEq)]
pub struct Arg {
    /// The name that the message has for it, without the dollar sign.
    pub name: String,
    /// What stands there.
    pub value: ArgValue,
}

/// The value of an [`Arg`].
#[derive(Clone, PartialEq)]
pub enum ArgValue {
    /// Words, shown as they are.
    Text(String),
    /// A number.
    Number(i64),
}

impl Texts {
    /// The messages in English that every app has.
    #[must_use]
    pub fn built_in() -> &'static Self {
        &ENGLISH
    }

    /// The message with this id. What a message names and `args` lack is shown by its name, and a
    /// message that does not exist by its id: a person in need sees something rather than nothing.
    #[must_use]
    pub fn text(&self, id: &str, args: &[Arg]) -> String {
        let Some(pattern) = self.bundle.get_message(id).and_then(|message| message.value()) else {
            return id.to_owned();
        };
        let mut given = FluentArgs::with_capacity(args.len());
        for arg in args {
            given.set(arg.name.as_str(), arg.value.to_fluent());
        }
        self.bundle.format_pattern(pattern, Some(&given), &mut Vec::new()).into_owned()
    }

    /// Whether there is a message with this id.
    #[must_use]
    pub fn has(&self, id: &str) -> bool {
        self.bundle.get_message(id).is_some_and(|message| message.value().is_some())
    }
}

impl ArgValue {
    fn to_fluent(&self) -> FluentValue<'_> {
        match self {
            Self::Text(text) => FluentValue::String(Cow::Borrowed(text)),
            Self::Number(number) => FluentValue::from(*number),
        }
    }
}

// What a message names can be personal.
impl std::fmt::Debug for Arg {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Arg(..)")
    }
}

impl std::fmt::Debug for ArgValue {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ArgValue(..)")
    }
}

impl std::fmt::Debug for Texts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Texts(..)")
    }
}

static ENGLISH: LazyLock<Texts> = LazyLock::new(|| {
    // A message that can't be read is left out, and the test below fails: no reason to fall.
    let resource = FluentResource::try_new(SOURCE.to_owned()).unwrap_or_else(|(read, _)| read);
    let mut bundle = FluentBundle::new_concurrent(vec!["en".parse().unwrap_or_default()]);
    bundle.add_resource_overriding(resource);
    Texts { bundle }
});

const SOURCE: &str = include_str!("../../texts/en.ftl");

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn in_file() -> Vec<&'static str> {
        let starts = |line: &&str| line.starts_with(|first: char| first.is_ascii_lowercase());
        SOURCE.lines().filter(starts).filter_map(|line| Some(line.split_once(" =")?.0)).collect()
    }

    #[test]
    fn the_file_is_good_fluent_and_says_each_thing_once() {
        let resource = FluentResource::try_new(SOURCE.to_owned());
        let resource = resource.map_err(|(_, errors)| errors).unwrap();
        let mut bundle = FluentBundle::new_concurrent(vec!["en".parse().unwrap_or_default()]);
        bundle.add_resource(resource).unwrap();
        assert!(in_file().len() > 300);
    }

    #[test]
    fn everything_that_can_be_said_has_a_message() {
        let missing: Vec<String> =
            ids().into_iter().filter(|id| !Texts::built_in().has(id)).collect();
        assert_eq!(missing, [""; 0]);
    }

    #[test]
    fn every_message_can_be_said() {
        let known: BTreeSet<String> = ids().into_iter().collect();
        let unused: Vec<&str> = in_file().into_iter().filter(|id| !known.contains(*id)).collect();
        assert_eq!(unused, [""; 0]);
    }

    #[test]
    fn every_message_is_whole_with_the_arguments_that_are_told() {
        let args = [
            Arg { name: "sent".to_owned(), value: ArgValue::Number(1) },
            Arg { name: "total".to_owned(), value: ArgValue::Text("3".to_owned()) },
        ];
        for id in ids() {
            let text = Texts::built_in().text(&id, &args);
            assert!(!text.is_empty() && !text.contains(['{', '$']), "{id}: {text}");
            assert_eq!(text.trim(), text, "{id}");
        }
        assert_eq!(
            Texts::built_in().text("state-sending", &args),
            "Sending: \u{2068}1\u{2069} of \u{2068}3\u{2069}",
            "what is put in is set apart, so that it can be of another direction"
        );
    }

    #[test]
    fn what_is_missing_is_shown_by_its_name() {
        assert_eq!(Texts::built_in().text("no-such-message", &[]), "no-such-message");
        assert!(Texts::built_in().text("state-sending", &[]).contains("$sent"));
    }
}
