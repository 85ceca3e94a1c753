//! Reads a form file, and says exactly what is wrong with a wrong one.
//!
//! The reader is written by hand because its errors are read by people who write forms: each names
//! the place in the file. It goes on after a mistake, so that one look shows all of them. A form
//! can come from outside, so its size is limited before it is read.

mod field;
mod reader;

use std::collections::BTreeMap;

use serde_json::Value;

use self::reader::{Object, Reader, read};
use super::clean;
use super::form::{Form, Section};
use super::ids::{FieldId, SectionId};

/// What is wrong with a form file, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{path}: {reason}")]
pub struct FormError {
    /// The place in the file, such as `$.sections[0].fields[2].kind`.
    pub path: String,
    /// What is wrong there.
    pub reason: FormFault,
}

/// A mistake in a form file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FormFault {
    /// The file is larger than any form.
    #[error("the file is larger than {MAX_BYTES} bytes")]
    TooLarge,
    /// The file is not JSON.
    #[error("not JSON (line {line}, column {column})")]
    NotJson {
        /// The line, from 1.
        line: usize,
        /// The column, from 1.
        column: usize,
    },
    /// Something else was expected here.
    #[error("expected {expected}")]
    Expected {
        /// What was expected.
        expected: &'static str,
    },
    /// The key must be there.
    #[error("missing")]
    Missing,
    /// The key means nothing here.
    #[error("unknown key, or not for this kind of field")]
    UnknownKey,
    /// More entries than a form can have.
    #[error("more than {max} entries")]
    TooMany {
        /// How many there can be.
        max: usize,
    },
    /// Nothing is listed where something must be.
    #[error("at least one entry is needed")]
    Empty,
    /// The same name twice.
    #[error("the name is used twice")]
    Twice,
    /// No earlier field has this name.
    #[error("no earlier field has this name")]
    NoSuchField,
    /// The field of the condition has no such choice.
    #[error("that field has no such choice")]
    NoSuchChoice,
    /// A profile is sent to nobody.
    #[error("a profile has no audiences: it is sent to nobody")]
    ProfileAudience,
    /// Whatever is sent, the organisation must be able to read.
    #[error("the organisation must be among the audiences")]
    NoOrganisation,
    /// The organisation and the police see every report; nobody is asked to permit it.
    #[error("a permission that lets in an audience is given for partner or poster only")]
    PermitsWrongAudience,
    /// A poster carries the organisation's number, never the family's.
    #[error("a telephone number never goes on a poster")]
    PhoneOnPoster,
    /// "Don't know" would not be a decision.
    #[error("a permission can't be answered with don't know")]
    UnknownPermission,
    /// An organisation's form shows an answer to somebody who may not see it in the built-in form.
    #[error(
        "every app asks this too, and lets fewer audiences see it: audiences are narrowed, never widened"
    )]
    WiderAudience,
    /// An organisation's form would send what is kept, or keep what is sent.
    #[error("every app has this form, and its purpose stays")]
    OtherPurpose,
    /// An organisation's form asks for a permission in a way of its own.
    #[error(
        "only permit_partner and permit_poster let in an audience, with the built-in words and conditions"
    )]
    OtherPermission,
    /// An organisation's form brings words that nothing shows.
    #[error("every app has this message, or the form does not name it")]
    NotItsMessage,
}

/// Reads a form file; see [`Form::parse_all`].
pub(in crate::forms) fn form(json: &[u8]) -> Result<Form, Vec<FormError>> {
    let whole_file = |reason| vec![FormError { path: "$".to_owned(), reason }];
    if json.len() > MAX_BYTES {
        return Err(whole_file(FormFault::TooLarge));
    }
    // serde_json refuses nesting deeper than 128 by itself.
    let value: Value = serde_json::from_slice(json).map_err(|error| {
        whole_file(FormFault::NotJson { line: error.line(), column: error.column() })
    })?;
    let mut reader = Reader::default();
    match reader.form(&value) {
        Some(form) if reader.errors.is_empty() => Ok(form),
        _ => Err(reader.errors),
    }
}

impl Reader {
    fn form(&mut self, value: &Value) -> Option<Form> {
        let top = self.object("$".to_owned(), value, FORM_KEYS)?;
        if top.map.get("format").and_then(Value::as_str) != Some(FORMAT) {
            self.fault(top.at("format"), FormFault::Expected { expected: "homeward-form/1" });
            return None;
        }
        let id = self.needed(&top, "id", "the form's name");
        let version = self.needed(&top, "version", "a whole number");
        self.purpose = self.needed(&top, "purpose", "report or profile");
        let mut sections = Vec::new();
        for (path, section) in self.list(&top, "sections", MAX_SECTIONS, true) {
            sections.extend(self.section(path, section));
        }
        let needs_any_of = self.field_names(&top, "needs_any_of");
        let title_from = self.field_names(&top, "title_from");
        let words = self.words(&top);
        let fields = std::mem::take(&mut self.fields);
        let purpose = self.purpose?;
        Some(Form {
            id: id?,
            version: version?,
            purpose,
            needs_any_of,
            title_from,
            sections,
            fields,
            words,
        })
    }

    fn section(&mut self, path: String, value: &Value) -> Option<Section> {
        let section = self.object(path, value, &["id", "fields"])?;
        let id: Option<SectionId> = self.needed(&section, "id", "the section's name");
        if let Some(id) = &id {
            self.once_section(&section, id);
        }
        for (path, field) in self.list(&section, "fields", MAX_FIELDS, true) {
            let field = self.field(path, field, id.as_ref());
            self.fields.extend(field);
        }
        id.map(|id| Section { id })
    }

    /// Names of fields that were read before.
    fn field_names(&mut self, top: &Object<'_>, key: &str) -> Vec<FieldId> {
        let mut names = Vec::new();
        for (path, value) in self.list(top, key, MAX_FIELDS, false) {
            match read::<FieldId>(value) {
                Some(name) if self.has_seen_field(&name) => names.push(name),
                _ => self.fault(path, FormFault::NoSuchField),
            }
        }
        names
    }

    fn words(&mut self, top: &Object<'_>) -> BTreeMap<String, String> {
        let mut words = BTreeMap::new();
        let (path, given) = (top.at("words"), top.map.get("words"));
        match given {
            None => return words,
            Some(Value::Object(map)) if map.len() <= MAX_WORDS => {
                for (id, value) in map {
                    let path = format!("{path}.{}", reader::shortened(id));
                    if !is_message_id(id) {
                        self.fault(path, FormFault::Expected { expected: "a message's name" });
                        continue;
                    }
                    let text = value.as_str().filter(|text| text.chars().count() <= MAX_MESSAGE);
                    match text.map(clean::lines).filter(|text| !text.is_empty()) {
                        Some(text) => _ = words.insert(id.clone(), text),
                        None => {
                            let expected = "1 to 1000 characters";
                            self.fault(path, FormFault::Expected { expected });
                        }
                    }
                }
            }
            Some(Value::Object(_)) => self.fault(path, FormFault::TooMany { max: MAX_WORDS }),
            Some(_) => self.fault(path, FormFault::Expected { expected: "an object" }),
        }
        words
    }
}

fn is_message_id(id: &str) -> bool {
    let is_in = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_' || c == '-';
    id.len() <= MAX_MESSAGE_ID
        && id.starts_with(|c: char| c.is_ascii_lowercase())
        && id.chars().all(is_in)
}

/// The format label of the form files that this program reads.
pub(crate) const FORMAT: &str = "homeward-form/1";
const MAX_WORDS: usize = 4096;
/// A prefix such as `section-`, and a name.
const MAX_MESSAGE_ID: usize = 80;
/// A message is a few sentences at most.
const MAX_MESSAGE: usize = 1000;
const MAX_BYTES: usize = 512 * 1024;
const MAX_SECTIONS: usize = 64;
const MAX_FIELDS: usize = 512;
const FORM_KEYS: &[&str] = &[
    "$schema",
    "format",
    "id",
    "version",
    "purpose",
    "needs_any_of",
    "title_from",
    "sections",
    "words",
];

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn valid() -> Value {
        json!({
            "format": "homeward-form/1", "id": "f", "version": 1, "purpose": "report",
            "needs_any_of": ["b"], "title_from": ["a"], "words": { "form-f": "F" },
            "sections": [{ "id": "s", "fields": [
                { "id": "a", "kind": "choice", "choices": ["yes", "no"], "stage": "later",
                  "audiences": ["organisation"] },
                { "id": "b", "kind": "number", "units": [{ "id": "cm", "min": 1 }],
                  "stage": "first_minute", "audiences": ["police", "organisation"],
                  "shown_when": [{ "field": "a", "any_of": ["yes"] }, { "field": "a" }] },
                { "id": "c", "kind": "permission", "permits": "poster", "stage": "later",
                  "audiences": ["organisation"],
                  "void_when": [{ "field": "a", "any_of": ["no"] }] }
            ] }]
        })
    }

    fn errors(form: &Value) -> Vec<String> {
        let json = serde_json::to_vec(form).unwrap();
        let errors = Form::parse_all(&json).err().unwrap_or_default();
        errors.iter().map(ToString::to_string).collect()
    }

    /// Mistakes that a JSON Schema can see too: where, what is put there, what is said.
    fn mistakes() -> Vec<(String, Value, String)> {
        let in_field = mistakes_in_a_field().into_iter().map(|(pointer, value, told)| {
            (format!("/sections/0/fields/{pointer}"), value, format!("$.sections[0].fields[{told}"))
        });
        mistakes_in_the_form()
            .into_iter()
            .map(|(pointer, value, told)| (pointer.to_owned(), value, told.to_owned()))
            .chain(in_field)
            .collect()
    }

    fn mistakes_in_the_form() -> Vec<(&'static str, Value, &'static str)> {
        vec![
            ("/format", json!("homeward-form/2"), "$.format: expected homeward-form/1"),
            ("/id", json!("../f"), "$.id: expected the form's name"),
            ("/version", json!(1.5), "$.version: expected a whole number"),
            ("/purpose", json!("other"), "$.purpose: expected report or profile"),
            ("/sections", json!([]), "$.sections: at least one entry is needed"),
            ("/sections/0", json!(7), "$.sections[0]: expected an object"),
            ("/sections/0/id", json!(null), "$.sections[0].id: expected the section's name"),
            ("/words", json!(["F"]), "$.words: expected an object"),
            ("/words/Form F", json!("F"), "$.words.Form F: expected a message's name"),
            ("/words/form-f", json!(1), "$.words.form-f: expected 1 to 1000 characters"),
            ("/words/form-f", json!(""), "$.words.form-f: expected 1 to 1000 characters"),
        ]
    }

    /// The same in one field: the pointer goes on from the list of fields, the path too.
    fn mistakes_in_a_field() -> Vec<(&'static str, Value, &'static str)> {
        vec![
            ("0/kind", json!("colour"), "0].kind: expected a kind of field"),
            ("0/choices", json!({}), "0].choices: expected a list"),
            ("0/choices/1", json!("No!"), "0].choices[1]: expected a choice's name"),
            ("0/choices/1", json!("yes"), "0].choices[1]: the name is used twice"),
            ("0/stage", json!(1), "0].stage: expected first_minute, first_hour, later or prepared"),
            (
                "1/audiences",
                json!(["police"]),
                "1].audiences: the organisation must be among the audiences",
            ),
            ("1/units/0/min", json!("1"), "1].units[0].min: expected a number"),
            ("1/max", json!(3), "1].max: unknown key, or not for this kind of field"),
            ("1/labelled", json!(3), "1].labelled: unknown key, or not for this kind of field"),
            (
                "1/pfif",
                json!(["person.name"]),
                "1].pfif[0]: expected a field of PFIF 1.4, such as person.full_name",
            ),
            ("1/void_when", json!([]), "1].void_when: unknown key, or not for this kind of field"),
            (
                "2/unknown",
                json!(true),
                "2].unknown: a permission can't be answered with don't know",
            ),
            (
                "2/permits",
                json!("police"),
                "2].permits: a permission that lets in an audience is given for partner or poster only",
            ),
            (
                "2",
                json!({ "id": "c", "kind": "media", "accepts": ["photo"], "max": 0, "stage": "later", "audiences": ["organisation"] }),
                "2].max: expected 1 to 100",
            ),
            (
                "2",
                json!({ "id": "c", "kind": "phone", "stage": "later", "audiences": ["organisation", "poster"] }),
                "2].audiences: a telephone number never goes on a poster",
            ),
            (
                "2",
                json!({ "id": "c", "stage": "later", "audiences": ["organisation"] }),
                "2].kind: missing",
            ),
        ]
    }

    fn with(pointer: &str, value: Value) -> Value {
        let mut form = valid();
        let (parent, key) = pointer.rsplit_once('/').unwrap();
        match form.pointer_mut(parent).unwrap() {
            Value::Array(list) => list[key.parse::<usize>().unwrap()] = value,
            Value::Object(map) => _ = map.insert(key.to_owned(), value),
            _ => unreachable!("only lists and objects have parts"),
        }
        form
    }

    #[test]
    fn a_mistake_is_told_with_its_place() {
        assert_eq!(errors(&valid()), [""; 0]);
        for (pointer, value, expected) in mistakes() {
            let errors = errors(&with(&pointer, value));
            assert_eq!(errors[0], expected, "{pointer}");
            // One mistake in a field is told once, not again wherever the field is named.
            assert!(
                errors.len() == 1 || !pointer.contains("/fields/") || pointer.contains("choices"),
                "{pointer}: {errors:?}"
            );
        }
    }

    #[test]
    fn names_must_lead_to_earlier_fields() {
        for (pointer, value, expected) in [
            ("/needs_any_of/0", json!("z"), "$.needs_any_of[0]: no earlier field has this name"),
            ("/title_from/0", json!("z"), "$.title_from[0]: no earlier field has this name"),
            (
                "/sections/0/fields/1/id",
                json!("a"),
                "$.sections[0].fields[1].id: the name is used twice",
            ),
            (
                "/sections/0/fields/1/shown_when/0/field",
                json!("b"),
                "$.sections[0].fields[1].shown_when[0].field: no earlier field has this name",
            ),
            (
                "/sections/0/fields/1/shown_when/0/any_of/0",
                json!("maybe"),
                "$.sections[0].fields[1].shown_when[0].any_of[0]: that field has no such choice",
            ),
        ] {
            assert!(errors(&with(pointer, value)).contains(&expected.to_owned()), "{pointer}");
        }
    }

    #[test]
    fn all_mistakes_are_told_at_once() {
        let mut form = with("/sections/0/fields/0/stage", json!("soon"));
        form["version"] = json!("1");
        assert_eq!(errors(&form).len(), 2);
    }

    #[test]
    fn a_profile_is_sent_to_nobody() {
        let expected =
            "$.sections[0].fields[0].audiences: a profile has no audiences: it is sent to nobody";
        assert_eq!(errors(&with("/purpose", json!("profile")))[0], expected);
    }

    #[test]
    fn a_hostile_file_is_refused_quickly() {
        let huge = vec![b' '; MAX_BYTES + 1];
        assert_eq!(Form::parse(&huge).unwrap_err().reason, FormFault::TooLarge);
        let deep = "[".repeat(100_000);
        assert!(matches!(
            Form::parse(deep.as_bytes()).unwrap_err().reason,
            FormFault::NotJson { .. }
        ));
        assert!(matches!(Form::parse(b"{\"a\xff").unwrap_err().reason, FormFault::NotJson { .. }));
        let many: Vec<Value> = (0..=MAX_FIELDS)
            .map(|n| json!({ "id": format!("f{n}"), "kind": "text", "stage": "later", "audiences": ["organisation"] }))
            .collect();
        assert_eq!(errors(&with("/sections/0/fields", json!(many))).len(), 3);
        let sections: Vec<Value> = (0..2)
            .map(|s| {
                json!({ "id": format!("s{s}"), "fields": many.iter().skip(1).map(|field| {
                let mut field = field.clone();
                field["id"] = json!(format!("{}_{s}", field["id"].as_str().unwrap()));
                field
            }).collect::<Vec<_>>() })
            })
            .collect();
        let told = errors(
            &json!({ "format": "homeward-form/1", "id": "f", "version": 1, "purpose": "report", "sections": sections }),
        );
        assert_eq!(told.len(), 100, "mistakes are counted, not listed for ever");
        let key = "k\u{1b}".repeat(1000);
        let told = errors(&with(&format!("/{key}"), json!(1)));
        assert!(told[0].len() < 300 && !told[0].contains('\u{1b}'), "{}", told[0].len());
    }

    #[test]
    fn the_schema_and_the_reader_agree() {
        let schema: Value =
            serde_json::from_str(include_str!("../../../../docs/formats/form.schema.json"))
                .unwrap();
        let mut schemas = boon::Schemas::new();
        let mut compiler = boon::Compiler::new();
        compiler.add_resource("https://homeward.invalid/form", schema).unwrap();
        let schema = compiler.compile("https://homeward.invalid/form", &mut schemas).unwrap();
        for form in crate::forms::form::SOURCES {
            let form = serde_json::from_str(form).unwrap();
            schemas.validate(&form, schema).map_err(|error| error.to_string()).unwrap();
        }
        schemas.validate(&valid(), schema).map_err(|error| error.to_string()).unwrap();
        for (pointer, value, _) in mistakes() {
            assert!(schemas.validate(&with(&pointer, value), schema).is_err(), "{pointer}");
        }
        assert!(schemas.validate(&with("/purpose", json!("profile")), schema).is_err());
    }

    proptest! {
        #[test]
        fn no_file_makes_the_reader_panic(at in 0usize..2_000, bytes in proptest::collection::vec(any::<u8>(), 0..8)) {
            let mut json = serde_json::to_vec(&valid()).unwrap();
            let at = at % json.len();
            json.splice(at..(at + bytes.len()).min(json.len()), bytes);
            let _ = Form::parse_all(&json);
        }
    }
}
