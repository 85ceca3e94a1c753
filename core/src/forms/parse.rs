//! Reads a form file, and says exactly what is wrong with a wrong one.
//!
//! The reader is written by hand because its errors are read by people who write forms: each names
//! the place in the file. It goes on after a mistake, so that one look shows all of them. A form
//! can come from outside, so its size is limited before it is read.

use std::collections::BTreeSet;
use std::fmt;

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::form::{Audience, Condition, Field, Form, Pfif, Purpose, Section, Stage};
use super::ids::{ChoiceId, FieldId, SectionId};
use super::kind::{Kind, MediaType, Unit};

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
    /// The first minute goes to the organisation and the police only, and never waits for more.
    #[error("a permission that lets in an audience is given for partner or poster only")]
    PermitsWrongAudience,
    /// "Don't know" would not be a decision.
    #[error("a permission can't be answered with don't know")]
    UnknownPermission,
}

/// Reads a form file; see [`Form::parse_all`].
pub(super) fn form(json: &[u8]) -> Result<Form, Vec<FormError>> {
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

#[derive(Default)]
struct Reader {
    errors: Vec<FormError>,
    purpose: Option<Purpose>,
    fields: Vec<Field>,
    ids: BTreeSet<String>,
}

/// A JSON object and its place in the file.
struct Object<'a> {
    path: String,
    map: &'a Map<String, Value>,
}

impl Object<'_> {
    fn at(&self, key: &str) -> String {
        format!("{}.{key}", self.path)
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
        })
    }

    fn section(&mut self, path: String, value: &Value) -> Option<Section> {
        let section = self.object(path, value, &["id", "fields"])?;
        let id: Option<SectionId> = self.needed(&section, "id", "the section's name");
        if let Some(id) = &id {
            self.once(section.at("id"), format!("section {id}"));
        }
        for (path, field) in self.list(&section, "fields", MAX_FIELDS, true) {
            let field = self.field(path, field, id.as_ref());
            self.fields.extend(field);
        }
        id.map(|id| Section { id })
    }

    fn field(&mut self, path: String, value: &Value, section: Option<&SectionId>) -> Option<Field> {
        let field = self.object(path, value, FIELD_KEYS)?;
        let id: Option<FieldId> = self.needed(&field, "id", "the field's name");
        if let Some(id) = &id {
            self.once(field.at("id"), format!("field {id}"));
        }
        if self.ids.len() > MAX_FIELDS {
            self.fault(field.path, FormFault::TooMany { max: MAX_FIELDS });
            return None;
        }
        let kind = self.kind(&field);
        let stage: Option<Stage> =
            self.needed(&field, "stage", "first_minute, first_hour, later or prepared");
        let audiences = self.audiences(&field);
        let is_permission = matches!(kind, Some(Kind::Permission { .. }));
        let unknown_allowed = self.flag(&field, "unknown", !is_permission);
        if is_permission && unknown_allowed {
            self.fault(field.at("unknown"), FormFault::UnknownPermission);
        }
        let expected = self.flag(&field, "expected", stage == Some(Stage::FirstMinute));
        let help = self.flag(&field, "help", false);
        let shared_with_sibling = self.flag(&field, "shared_with_sibling", false);
        let pfif = self.pfif(&field);
        let shown_when = self.conditions(&field, "shown_when");
        let void_when = self.conditions(&field, "void_when");
        if !is_permission && field.map.contains_key("void_when") {
            self.fault(field.at("void_when"), FormFault::UnknownKey);
        }
        let refresh_months = self.maybe(&field, "refresh_months", "a whole number of months");
        Some(Field {
            id: id?,
            section: section?.clone(),
            kind: kind?,
            stage: stage?,
            audiences: audiences?,
            unknown_allowed,
            expected,
            help,
            pfif,
            shown_when,
            void_when,
            shared_with_sibling,
            refresh_months,
        })
    }

    fn kind(&mut self, field: &Object<'_>) -> Option<Kind> {
        let name: String = self.needed(field, "kind", "a kind of field")?;
        let allowed: &[&str] = match name.as_str() {
            "choice" | "many" => &["choices"],
            "number" => &["units"],
            "permission" => &["permits"],
            "media" => &["accepts", "max"],
            _ => &[],
        };
        for key in KIND_KEYS.iter().filter(|key| !allowed.contains(key)) {
            if field.map.contains_key(*key) {
                self.fault(field.at(key), FormFault::UnknownKey);
            }
        }
        Some(match name.as_str() {
            "text" => Kind::Text,
            "long_text" => Kind::LongText,
            "voice" => Kind::Voice,
            "person_name" => Kind::PersonName,
            "age" => Kind::Age,
            "time" => Kind::Time,
            "place" => Kind::Place,
            "choice" => Kind::Choice { choices: self.choices(field) },
            "many" => Kind::Many { choices: self.choices(field) },
            "number" => Kind::Number { units: self.units(field) },
            "phone" => Kind::Phone,
            "vehicle" => Kind::Vehicle,
            "body_marks" => Kind::BodyMarks,
            "permission" => Kind::Permission { permits: self.permits(field) },
            "media" => self.media(field),
            _ => {
                self.fault(field.at("kind"), FormFault::Expected { expected: "a kind of field" });
                return None;
            }
        })
    }

    fn choices(&mut self, field: &Object<'_>) -> Vec<ChoiceId> {
        let mut choices = Vec::new();
        for (path, value) in self.list(field, "choices", MAX_CHOICES, true) {
            match read::<ChoiceId>(value) {
                Some(choice) if choices.contains(&choice) => self.fault(path, FormFault::Twice),
                Some(choice) => choices.push(choice),
                None => self.fault(path, FormFault::Expected { expected: "a choice's name" }),
            }
        }
        choices
    }

    fn units(&mut self, field: &Object<'_>) -> Vec<Unit> {
        let mut units = Vec::new();
        for (path, value) in self.list(field, "units", MAX_UNITS, false) {
            let Some(unit) = self.object(path, value, &["id", "min", "max"]) else { continue };
            let id: Option<ChoiceId> = self.needed(&unit, "id", "the unit's name");
            let min = self.maybe(&unit, "min", "a number");
            let max = self.maybe(&unit, "max", "a number");
            units.extend(id.map(|id| Unit { id, min, max }));
        }
        units
    }

    fn permits(&mut self, field: &Object<'_>) -> Option<Audience> {
        let permits = self.maybe(field, "permits", "partner or poster");
        if matches!(permits, Some(Audience::Organisation | Audience::Police)) {
            self.fault(field.at("permits"), FormFault::PermitsWrongAudience);
        }
        permits
    }

    fn media(&mut self, field: &Object<'_>) -> Kind {
        let mut accepts: Vec<MediaType> = Vec::new();
        for (path, value) in self.list(field, "accepts", MAX_UNITS, true) {
            match read(value) {
                Some(accepted) => accepts.push(accepted),
                None => {
                    let expected = "photo, video, audio or document";
                    self.fault(path, FormFault::Expected { expected });
                }
            }
        }
        let max = self.maybe(field, "max", "a whole number").unwrap_or(1);
        if !(1..=MAX_MEDIA).contains(&max) {
            self.fault(field.at("max"), FormFault::Expected { expected: "1 to 100" });
        }
        Kind::Media { accepts, max }
    }

    fn audiences(&mut self, field: &Object<'_>) -> Option<Vec<Audience>> {
        let path = field.at("audiences");
        let mut audiences = BTreeSet::new();
        for (path, value) in self.list(field, "audiences", MAX_UNITS, false) {
            match read(value) {
                Some(audience) => _ = audiences.insert(audience),
                None => {
                    let expected = "organisation, police, partner or poster";
                    self.fault(path, FormFault::Expected { expected });
                }
            }
        }
        match self.purpose? {
            Purpose::Profile if field.map.contains_key("audiences") => {
                self.fault(path, FormFault::ProfileAudience);
            }
            Purpose::Report if !audiences.contains(&Audience::Organisation) => {
                self.fault(path, FormFault::NoOrganisation);
            }
            _ => {}
        }
        Some(audiences.into_iter().collect())
    }

    fn pfif(&mut self, field: &Object<'_>) -> Option<Pfif> {
        let name: String = self.maybe(field, "pfif", "a field of PFIF 1.4")?;
        let pfif = Pfif::new(&name);
        if pfif.is_none() {
            let expected = "a field of PFIF 1.4, such as person.full_name";
            self.fault(field.at("pfif"), FormFault::Expected { expected });
        }
        pfif
    }

    fn conditions(&mut self, field: &Object<'_>, key: &str) -> Vec<Condition> {
        let mut conditions = Vec::new();
        for (path, value) in self.list(field, key, MAX_CONDITIONS, false) {
            let Some(condition) = self.object(path, value, &["field", "any_of"]) else { continue };
            let Some(on): Option<FieldId> = self.needed(&condition, "field", "a field's name")
            else {
                continue;
            };
            let earlier = self.fields.iter().find(|field| field.id == on).map(|f| f.kind.clone());
            let Some(kind) = earlier else {
                self.fault(condition.at("field"), FormFault::NoSuchField);
                continue;
            };
            let mut any_of = Vec::new();
            for (path, value) in self.list(&condition, "any_of", MAX_CHOICES, false) {
                match (read::<ChoiceId>(value), &kind) {
                    (Some(choice), Kind::Choice { choices } | Kind::Many { choices })
                        if choices.contains(&choice) =>
                    {
                        any_of.push(choice);
                    }
                    _ => self.fault(path, FormFault::NoSuchChoice),
                }
            }
            conditions.push(Condition { field: on, any_of });
        }
        conditions
    }

    /// Names of fields that were read before.
    fn field_names(&mut self, top: &Object<'_>, key: &str) -> Vec<FieldId> {
        let mut names = Vec::new();
        for (path, value) in self.list(top, key, MAX_FIELDS, false) {
            match read::<FieldId>(value) {
                Some(name) if self.fields.iter().any(|field| field.id == name) => names.push(name),
                _ => self.fault(path, FormFault::NoSuchField),
            }
        }
        names
    }

    fn object<'a>(&mut self, path: String, value: &'a Value, keys: &[&str]) -> Option<Object<'a>> {
        let Value::Object(map) = value else {
            self.fault(path, FormFault::Expected { expected: "an object" });
            return None;
        };
        for key in map.keys().filter(|key| !keys.contains(&key.as_str())) {
            self.fault(format!("{path}.{}", shortened(key)), FormFault::UnknownKey);
        }
        Some(Object { path, map })
    }

    fn list<'a>(
        &mut self,
        of: &Object<'a>,
        key: &str,
        max: usize,
        needed: bool,
    ) -> Vec<(String, &'a Value)> {
        let path = of.at(key);
        let list = match of.map.get(key) {
            Some(Value::Array(list)) => list,
            Some(_) => {
                self.fault(path, FormFault::Expected { expected: "a list" });
                return Vec::new();
            }
            None if needed => {
                self.fault(path, FormFault::Missing);
                return Vec::new();
            }
            None => return Vec::new(),
        };
        if list.len() > max {
            self.fault(path, FormFault::TooMany { max });
            return Vec::new();
        }
        if list.is_empty() && needed {
            self.fault(path.clone(), FormFault::Empty);
        }
        list.iter().enumerate().map(|(at, value)| (format!("{path}[{at}]"), value)).collect()
    }

    fn needed<T: DeserializeOwned>(
        &mut self,
        of: &Object<'_>,
        key: &str,
        expected: &'static str,
    ) -> Option<T> {
        if !of.map.contains_key(key) {
            self.fault(of.at(key), FormFault::Missing);
        }
        self.maybe(of, key, expected)
    }

    fn maybe<T: DeserializeOwned>(
        &mut self,
        of: &Object<'_>,
        key: &str,
        expected: &'static str,
    ) -> Option<T> {
        let value = read(of.map.get(key)?);
        if value.is_none() {
            self.fault(of.at(key), FormFault::Expected { expected });
        }
        value
    }

    fn flag(&mut self, of: &Object<'_>, key: &str, default: bool) -> bool {
        self.maybe(of, key, "true or false").unwrap_or(default)
    }

    fn once(&mut self, path: String, name: String) {
        if !self.ids.insert(name) {
            self.fault(path, FormFault::Twice);
        }
    }

    fn fault(&mut self, path: String, reason: FormFault) {
        if self.errors.len() < MAX_ERRORS {
            self.errors.push(FormError { path, reason });
        }
    }
}

fn read<T: DeserializeOwned>(value: &Value) -> Option<T> {
    T::deserialize(value).ok()
}

/// A key as it is shown in a path; a hostile file can have a very long one.
fn shortened(key: &str) -> impl fmt::Display {
    key.chars().take(64).collect::<String>().escape_debug().to_string()
}

const FORMAT: &str = "homeward-form/1";
const MAX_BYTES: usize = 512 * 1024;
const MAX_SECTIONS: usize = 64;
const MAX_FIELDS: usize = 512;
const MAX_CHOICES: usize = 512;
const MAX_UNITS: usize = 16;
const MAX_CONDITIONS: usize = 8;
const MAX_MEDIA: usize = 100;
const MAX_ERRORS: usize = 100;
const FORM_KEYS: &[&str] =
    &["$schema", "format", "id", "version", "purpose", "needs_any_of", "title_from", "sections"];
const KIND_KEYS: &[&str] = &["choices", "units", "permits", "accepts", "max"];
const FIELD_KEYS: &[&str] = &[
    "id",
    "kind",
    "stage",
    "audiences",
    "unknown",
    "expected",
    "help",
    "pfif",
    "shown_when",
    "void_when",
    "shared_with_sibling",
    "refresh_months",
    "choices",
    "units",
    "permits",
    "accepts",
    "max",
];
