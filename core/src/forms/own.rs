//! What an organisation's own form may change of what every app asks, and what it may not.
//!
//! An organisation may ask more, ask less, and let fewer audiences see an answer. It may not let
//! more of them see what the built-in forms guard: not by a form in the place of a built-in one,
//! and not by a form of another name, which a profile would fill just the same. And it may not make
//! a permission easier to give, or let it say something else than in every app.
//!
//! Who builds a pack is told ([`Form::parse_own`]). A phone that meets such a form all the same
//! ([`bounded`]) takes it as far as it may go: refusing the pack would leave nobody to report to,
//! and what is built in differs between versions of the app.

use super::form::{Audience, Field, Form, Purpose};
use super::ids::FieldId;
use super::kind::Kind;
use super::parse::{FormError, FormFault};
use crate::texts::{self, Texts};

impl Form {
    /// Reads an organisation's own form, and tells everything that is wrong with it: with the file,
    /// with what it changes of a built-in form, and messages that nobody has words for.
    ///
    /// # Errors
    /// All that is wrong; never empty.
    pub fn parse_own(json: &[u8]) -> Result<Self, Vec<FormError>> {
        let form = Self::parse_all(json)?;
        let mut errors = faults(&form);
        errors.extend(message_faults(&form));
        if errors.is_empty() { Ok(form) } else { Err(errors) }
    }
}

/// An organisation's form as far as it may go; none where a built-in form has another purpose.
pub(super) fn bounded(form: Form) -> Option<Form> {
    if built_in_forms().any(|it| it.id == form.id && it.purpose != form.purpose) {
        return None;
    }
    let fields = form.fields.iter().map(|field| bounded_field(&form, field)).collect();
    let mut words = form.words.clone();
    // A built-in message says the same in every app.
    words.retain(|id, _| !Texts::built_in().has(id));
    Some(Form { fields, words, ..form })
}

fn bounded_field(form: &Form, field: &Field) -> Field {
    let mut bounded = field.clone();
    bounded.audiences.retain(|audience| may_see(form, &field.id, *audience));
    if !is_trusted(form, field) {
        bounded.kind = Kind::Permission { permits: None };
    }
    bounded
}

/// Whether an answer to `field` may go to `audience`: it may in the form that this one replaces, or
/// in each built-in report that asks the same.
fn may_see(form: &Form, field: &FieldId, audience: Audience) -> bool {
    let asked = |it: &Form| it.field(field).map(|field| field.audiences.contains(&audience));
    let replaced = built_in_forms().find(|it| it.id == form.id).and_then(asked);
    replaced.unwrap_or_else(|| {
        let reports = built_in_forms().filter(|it| it.purpose == Purpose::Report);
        reports.filter_map(asked).all(|may| may)
    })
}

/// Whether a permission lets in an audience just as a built-in one does; true for other fields.
fn is_trusted(form: &Form, field: &Field) -> bool {
    let Kind::Permission { permits: Some(_) } = field.kind else { return true };
    let same = |base: &Form| {
        base.field(&field.id).is_some_and(|built_in| {
            built_in.kind == field.kind
                && (&built_in.text, built_in.help) == (&field.text, field.help)
                && built_in.void_when.iter().all(|condition| {
                    field.void_when.contains(condition) && asks_alike(base, form, &condition.field)
                })
        })
    };
    built_in_forms().any(same)
}

/// Whether both forms put a question in the same way, and to the same people.
fn asks_alike(base: &Form, form: &Form, field: &FieldId) -> bool {
    base.field(field).zip(form.field(field)).is_some_and(|(base, own)| {
        (&base.kind, &base.text, &base.shown_when) == (&own.kind, &own.text, &own.shown_when)
    })
}

fn built_in_forms() -> impl Iterator<Item = &'static Form> {
    Form::all_built_in().iter().map(AsRef::as_ref)
}

/// What a phone would not take as it is written.
fn faults(form: &Form) -> Vec<FormError> {
    let Some(bounded) = bounded(form.clone()) else {
        return vec![FormError { path: "$.purpose".into(), reason: FormFault::OtherPurpose }];
    };
    let mut faults = Vec::new();
    for ((field, bounded), path) in form.fields.iter().zip(&bounded.fields).zip(paths(form)) {
        if field.audiences != bounded.audiences {
            let path = format!("{path}.audiences");
            faults.push(FormError { path, reason: FormFault::WiderAudience });
        }
        if field.kind != bounded.kind {
            faults.push(FormError { path, reason: FormFault::OtherPermission });
        }
    }
    faults
}

/// The place of each field in its file.
fn paths(form: &Form) -> Vec<String> {
    let in_section = |(at, section): (usize, &super::form::Section)| {
        let fields = form.fields.iter().filter(|field| field.section == section.id).count();
        (0..fields).map(move |field| format!("$.sections[{at}].fields[{field}]"))
    };
    form.sections.iter().enumerate().flat_map(in_section).collect()
}

/// Messages that the form names and nobody has, and words that nothing shows.
fn message_faults(form: &Form) -> Vec<FormError> {
    let mut named = texts::of_form(form);
    named.sort_unstable();
    named.dedup();
    let fault = |id: &String, reason| FormError { path: format!("$.words.{id}"), reason };
    let missing =
        named.iter().filter(|id| !Texts::built_in().has(id) && !form.words.contains_key(*id));
    let idle = form.words.keys().filter(|id| !named.contains(id) || Texts::built_in().has(id));
    missing
        .map(|id| fault(id, FormFault::Missing))
        .chain(idle.map(|id| fault(id, FormFault::NotItsMessage)))
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::forms::{FormBook, FormId};

    /// A form that asks for a pet, with what a test puts into it.
    fn pet(id: &str, fields: &Value, words: &Value) -> Vec<u8> {
        let form = json!({
            "format": "homeward-form/1", "id": id, "version": 1, "purpose": "report",
            "sections": [
                { "id": "child", "fields": [{ "id": "child_name", "kind": "person_name",
                    "stage": "first_minute", "audiences": ["organisation"] }] },
                { "id": "permissions", "fields": fields },
            ],
            "words": words,
        });
        serde_json::to_vec(&form).unwrap()
    }

    fn told(json: &[u8]) -> Vec<String> {
        let errors = Form::parse_own(json).err().unwrap_or_default();
        errors.iter().map(ToString::to_string).collect()
    }

    fn field(id: &str, kind: &str, audiences: &[&str]) -> Value {
        json!({ "id": id, "kind": kind, "stage": "later", "audiences": audiences })
    }

    fn poster(change: impl Fn(&mut Value)) -> Value {
        let mut fields = json!([
            { "id": "reporter_minor", "kind": "choice", "choices": ["yes", "no"], "help": true,
              "stage": "first_hour", "audiences": ["organisation"] },
            { "id": "permit_poster", "kind": "permission", "permits": "poster", "help": true,
              "stage": "first_hour", "audiences": ["organisation"],
              "void_when": [{ "field": "reporter_minor", "any_of": ["yes"] }] },
        ]);
        change(&mut fields);
        fields
    }

    #[test]
    fn a_form_that_asks_less_and_shows_less_is_taken_as_it_is() {
        let words = json!({ "form-pet": "Missing pet", "field-pet_name": "Its name" });
        let mut fields = poster(|_| {});
        let more = field("pet_name", "text", &["organisation", "poster"]);
        fields.as_array_mut().unwrap().push(more);
        let json = pet("pet", &fields, &words);
        assert_eq!(told(&json), [""; 0]);
        let form = Form::parse_own(&json).unwrap();
        assert_eq!(bounded(form.clone()), Some(form));
    }

    #[test]
    fn nobody_more_may_see_what_a_built_in_form_guards() {
        let widened = "every app asks this too, and lets fewer audiences see it: audiences are \
                       narrowed, never widened";
        let wide = ["organisation", "police", "partner", "poster"];
        let words = json!({ "form-pet": "Missing pet" });
        for (form, words) in [("missing_child", &json!({})), ("pet", &words)] {
            let json = pet(form, &json!([field("home_address", "place", &wide)]), words);
            assert_eq!(told(&json), [format!("$.sections[1].fields[0].audiences: {widened}")]);
            // A phone that meets it all the same lets nobody more see it.
            let book = FormBook::with(Form::parse(&json));
            let form = book.form(&FormId::new(form).unwrap()).unwrap();
            let field = form.field(&FieldId::new("home_address").unwrap()).unwrap();
            assert_eq!(field.audiences, [Audience::Organisation, Audience::Police]);
        }
        // The same word asks for something else in another kind of answer, and is guarded too.
        let json = pet("pet", &json!([field("reporter_phone", "text", &wide)]), &words);
        assert_eq!(told(&json).len(), 1);
    }

    #[test]
    fn a_permission_is_never_easier_to_give_than_in_every_app() {
        let words = json!({ "form-pet": "Missing pet" });
        assert_eq!(told(&pet("pet", &poster(|_| {}), &words)), [""; 0]);
        type Change = fn(&mut Value);
        let changes: [(Change, &Value); 6] = [
            (|fields| fields[1]["void_when"] = json!([]), &words),
            (|fields| fields[1]["help"] = json!(false), &words),
            (|fields| fields[1]["text"] = json!("permit_partner"), &words),
            (|fields| fields[1]["id"] = json!("clothing"), &words),
            (|fields| fields[0]["text"] = json!("police_called"), &words),
            (
                |fields| {
                    fields[0]["shown_when"] = json!([{ "field": "child_name" }]);
                },
                &words,
            ),
        ];
        for (change, words) in changes {
            let json = pet("pet", &poster(change), words);
            let told = told(&json);
            assert!(told.iter().any(|told| told.contains("only permit_partner")), "{told:?}");
            let form = bounded(Form::parse(&json).unwrap()).unwrap();
            let permits =
                |field: &Field| matches!(field.kind, Kind::Permission { permits: Some(_) });
            assert!(!form.fields.iter().any(permits), "it lets nobody in");
        }
    }

    #[test]
    fn what_is_kept_is_never_sent_because_a_form_says_so() {
        let json =
            pet("child_profile", &json!([field("sex", "text", &["organisation"])]), &json!({}));
        assert_eq!(told(&json), ["$.purpose: every app has this form, and its purpose stays"]);
        let book = FormBook::with(Form::parse(&json));
        let profile = FormId::new("child_profile").unwrap();
        assert_eq!(book.form(&profile).unwrap().purpose, Purpose::Profile);
    }

    #[test]
    fn each_message_has_words_and_a_built_in_one_keeps_its_own() {
        let fields = json!([field("pet_name", "text", &["organisation"])]);
        let words = json!({ "field-child_name": "Favourite colour", "field-other": "?" });
        assert_eq!(
            told(&pet("pet", &fields, &words)),
            [
                "$.words.field-pet_name: missing",
                "$.words.form-pet: missing",
                "$.words.field-child_name: every app has this message, or the form does not name it",
                "$.words.field-other: every app has this message, or the form does not name it",
            ]
        );
        let form = bounded(Form::parse(&pet("pet", &fields, &words)).unwrap()).unwrap();
        assert!(!form.words.contains_key("field-child_name"));
    }

    #[test]
    fn a_book_has_each_form_once_and_the_organisations_own_comes_first() {
        let own = |id| Form::parse(&pet(id, &poster(|_| {}), &json!({}))).unwrap();
        let book = FormBook::with([own("pet"), own("sighting")]);
        let ids: Vec<&str> = book.all().map(|form| form.id.as_str()).collect();
        assert_eq!(ids, ["pet", "sighting", "missing_child", "child_profile"]);
        assert_eq!(book.form(&FormId::new("sighting").unwrap()).unwrap().fields.len(), 3);
    }
}
