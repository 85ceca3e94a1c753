//! Walks JSON and collects what is wrong, with the place in the file.

use std::collections::BTreeSet;

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::{FormError, FormFault};
use crate::forms::form::{Field, Purpose};
use crate::forms::ids::{FieldId, SectionId};

/// What was read so far, and what was wrong with it.
#[derive(Default)]
pub(super) struct Reader {
    pub(super) errors: Vec<FormError>,
    pub(super) purpose: Option<Purpose>,
    pub(super) fields: Vec<Field>,
    names: BTreeSet<String>,
}

/// A JSON object and its place in the file.
pub(super) struct Object<'a> {
    pub(super) path: String,
    pub(super) map: &'a Map<String, Value>,
}

impl Object<'_> {
    pub(super) fn at(&self, key: &str) -> String {
        format!("{}.{key}", self.path)
    }
}

impl Reader {
    pub(super) fn object<'a>(
        &mut self,
        path: String,
        value: &'a Value,
        keys: &[&str],
    ) -> Option<Object<'a>> {
        let Value::Object(map) = value else {
            self.fault(path, FormFault::Expected { expected: "an object" });
            return None;
        };
        for key in map.keys().filter(|key| !keys.contains(&key.as_str())) {
            self.fault(format!("{path}.{}", shortened(key)), FormFault::UnknownKey);
        }
        Some(Object { path, map })
    }

    pub(super) fn list<'a>(
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

    pub(super) fn needed<T: DeserializeOwned>(
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

    pub(super) fn maybe<T: DeserializeOwned>(
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

    pub(super) fn flag(&mut self, of: &Object<'_>, key: &str, default: bool) -> bool {
        self.maybe(of, key, "true or false").unwrap_or(default)
    }

    pub(super) fn once_section(&mut self, section: &Object<'_>, id: &SectionId) {
        self.once(section.at("id"), format!("section {id}"));
    }

    pub(super) fn once_field(&mut self, field: &Object<'_>, id: &FieldId) {
        self.once(field.at("id"), format!("field {id}"));
    }

    pub(super) fn has_seen_field(&self, id: &FieldId) -> bool {
        self.names.contains(&format!("field {id}"))
    }

    fn once(&mut self, path: String, name: String) {
        if !self.names.insert(name) {
            self.fault(path, FormFault::Twice);
        }
    }

    pub(super) fn fault(&mut self, path: String, reason: FormFault) {
        if self.errors.len() < MAX_ERRORS {
            self.errors.push(FormError { path, reason });
        }
    }
}

pub(super) fn read<T: DeserializeOwned>(value: &Value) -> Option<T> {
    T::deserialize(value).ok()
}

/// A key as it is shown in a path; a hostile file can have a very long one.
pub(super) fn shortened(key: &str) -> String {
    key.chars().take(64).collect::<String>().escape_debug().to_string()
}

/// More mistakes than anybody wants to read at once.
const MAX_ERRORS: usize = 100;
