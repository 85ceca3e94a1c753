//! Reads one field of a form file.

use std::collections::BTreeSet;

use serde_json::Value;

use super::reader::{Object, Reader, read};
use super::{FormFault, MAX_FIELDS};
use crate::forms::form::{Audience, Condition, Field, Pfif, Purpose, Stage};
use crate::forms::ids::{ChoiceId, FieldId, SectionId};
use crate::forms::kind::{Kind, MediaType, Unit};

impl Reader {
    pub(super) fn field(
        &mut self,
        path: String,
        value: &Value,
        section: Option<&SectionId>,
    ) -> Option<Field> {
        let field = self.object(path, value, FIELD_KEYS)?;
        let id: Option<FieldId> = self.needed(&field, "id", "the field's name");
        if let Some(id) = &id {
            self.once_field(&field, id);
        }
        if self.fields.len() >= MAX_FIELDS {
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
        let shown_when = self.conditions(&field, "shown_when", id.as_ref());
        let void_when = self.conditions(&field, "void_when", id.as_ref());
        if !is_permission && field.map.contains_key("void_when") {
            self.fault(field.at("void_when"), FormFault::UnknownKey);
        }
        let text = self.maybe(&field, "text", "the name that its messages go by");
        if matches!(kind, Some(Kind::Phone))
            && audiences.as_ref().is_some_and(|all| all.contains(&Audience::Poster))
        {
            self.fault(field.at("audiences"), FormFault::PhoneOnPoster);
        }
        let refresh_months = self.maybe(&field, "refresh_months", "a whole number of months");
        let id = id?;
        Some(Field {
            text: text.unwrap_or_else(|| id.clone()),
            id,
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
        let (kind, keys): (Kind, &[&str]) = match name.as_str() {
            "text" => (Kind::Text, &[]),
            "long_text" => (Kind::LongText, &[]),
            "voice" => (Kind::Voice, &[]),
            "person_name" => (Kind::PersonName, &[]),
            "age" => (Kind::Age, &[]),
            "time" => (Kind::Time { ahead: self.flag(field, "ahead", false) }, &["ahead"]),
            "place" => (Kind::Place, &[]),
            "choice" => (Kind::Choice { choices: self.choices(field) }, &["choices"]),
            "many" => (Kind::Many { choices: self.choices(field) }, &["choices"]),
            "number" => (Kind::Number { units: self.units(field) }, &["units"]),
            "phone" => (Kind::Phone, &[]),
            "vehicle" => (Kind::Vehicle, &[]),
            "body_marks" => (Kind::BodyMarks, &[]),
            "permission" => (Kind::Permission { permits: self.permits(field) }, &["permits"]),
            "media" => (self.media(field), &["accepts", "max"]),
            _ => {
                self.fault(field.at("kind"), FormFault::Expected { expected: "a kind of field" });
                return None;
            }
        };
        for key in KIND_KEYS.iter().filter(|key| !keys.contains(key)) {
            if field.map.contains_key(*key) {
                self.fault(field.at(key), FormFault::UnknownKey);
            }
        }
        Some(kind)
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
        for (path, value) in self.list(field, "units", MAX_SMALL, false) {
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
        for (path, value) in self.list(field, "accepts", MAX_SMALL, true) {
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
        for (path, value) in self.list(field, "audiences", MAX_SMALL, false) {
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

    fn pfif(&mut self, field: &Object<'_>) -> Vec<Pfif> {
        let mut pfif = Vec::new();
        for (path, value) in self.list(field, "pfif", MAX_SMALL, false) {
            match value.as_str().and_then(Pfif::new) {
                Some(name) => pfif.push(name),
                None => {
                    let expected = "a field of PFIF 1.4, such as person.full_name";
                    self.fault(path, FormFault::Expected { expected });
                }
            }
        }
        pfif
    }

    fn conditions(
        &mut self,
        field: &Object<'_>,
        key: &str,
        own: Option<&FieldId>,
    ) -> Vec<Condition> {
        let mut conditions = Vec::new();
        for (path, value) in self.list(field, key, MAX_CONDITIONS, false) {
            let Some(condition) = self.object(path, value, &["field", "any_of"]) else { continue };
            let on: Option<FieldId> = self.needed(&condition, "field", "a field's name");
            let Some(on) = on else { continue };
            // Only looking back: so conditions never go round in a circle.
            let Some(at) = self.fields.iter().position(|field| field.id == on) else {
                // A field with a mistake was told of already.
                if own == Some(&on) || !self.has_seen_field(&on) {
                    self.fault(condition.at("field"), FormFault::NoSuchField);
                }
                continue;
            };
            let mut any_of = Vec::new();
            for (path, value) in self.list(&condition, "any_of", MAX_CHOICES, false) {
                match read::<ChoiceId>(value) {
                    Some(choice) if self.fields[at].kind.choices().contains(&choice) => {
                        any_of.push(choice);
                    }
                    _ => self.fault(path, FormFault::NoSuchChoice),
                }
            }
            conditions.push(Condition { field: on, any_of });
        }
        conditions
    }
}

const MAX_CHOICES: usize = 512;
/// Units, media types, audiences and PFIF fields of one field.
const MAX_SMALL: usize = 16;
const MAX_CONDITIONS: usize = 8;
const MAX_MEDIA: usize = 100;
const KIND_KEYS: &[&str] = &["ahead", "choices", "units", "permits", "accepts", "max"];
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
    "text",
    "ahead",
    "refresh_months",
    "choices",
    "units",
    "permits",
    "accepts",
    "max",
];
