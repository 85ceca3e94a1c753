//! The organisation's own forms in a pack.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{Pack, PackError};
use crate::forms::{self, Form, FormBook, FormError, FormFault, FormId};

/// The most forms that a pack brings.
const MAX_FORMS: usize = 16;

impl Pack {
    /// Every form that a holder of this pack can fill in.
    #[must_use]
    pub fn form_book(&self) -> FormBook {
        let read = |form: &Value| Form::parse(&serde_json::to_vec(form).ok()?).ok();
        FormBook::with(self.forms.iter().filter(|form| is_readable(form)).filter_map(read))
    }
}

/// Refuses forms that do not read.
pub(super) fn check(forms: &[Value]) -> Result<(), PackError> {
    read_each(forms, Form::parse_all)
}

/// Refuses forms that do not read, and those that a phone would not take as they are.
pub(super) fn check_to_sign(forms: &[Value]) -> Result<(), PackError> {
    read_each(forms, Form::parse_own)
}

type Parse = fn(&[u8]) -> Result<Form, Vec<FormError>>;

/// The first form that is wrong is told.
fn read_each(forms: &[Value], parse: Parse) -> Result<(), PackError> {
    let mut names: BTreeSet<FormId> = BTreeSet::new();
    for (place, form) in (1..).zip(forms).filter(|(_, form)| is_readable(form)) {
        let name = form.get("id").and_then(Value::as_str).and_then(FormId::new);
        let wrong = |path: String, reason| {
            let form = name.as_ref().map_or_else(|| place.to_string(), FormId::to_string);
            PackError::WrongForm { form, error: FormError { path, reason } }
        };
        if place > MAX_FORMS {
            return Err(wrong("$".into(), FormFault::TooMany { max: MAX_FORMS }));
        }
        let json = serde_json::to_vec(form).map_err(|_| PackError::Unreadable)?;
        let form = parse(&json).map_err(|mut errors| {
            let FormError { path, reason } = errors.swap_remove(0);
            wrong(path, reason)
        })?;
        if !names.insert(form.id) {
            return Err(wrong("$.id".into(), FormFault::Twice));
        }
    }
    Ok(())
}

/// Whether this program knows the format of a form. One that only a newer app reads is no fault:
/// the rest of the pack must work here too.
fn is_readable(form: &Value) -> bool {
    let format = form.get("format").and_then(Value::as_str);
    let is_newer = |format: &str| format.starts_with("homeward-form/") && format != forms::FORMAT;
    !format.is_some_and(is_newer)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::brand::tests::pack_with;
    use crate::crypto::SigningKey;
    use crate::signed::{Purpose, Signed};

    fn example() -> (Pack, SigningKey) {
        let identity = age::x25519::Identity::generate();
        pack_with(&identity, &identity)
    }

    fn form(id: &str, version: u32) -> Value {
        json!({
            "format": "homeward-form/1", "id": id, "version": version, "purpose": "report",
            "sections": [{ "id": "child", "fields": [{ "id": "child_name", "kind": "text",
                "stage": "first_minute", "audiences": ["organisation"] }] }],
        })
    }

    /// Signed without a look at what it says.
    fn sign_blindly(pack: &Pack, key: &SigningKey) -> Vec<u8> {
        let body = serde_json::to_string(pack).unwrap();
        serde_json::to_vec(&Signed::make(Purpose::Pack, body, key)).unwrap()
    }

    #[test]
    fn a_wrong_form_is_told_with_its_name_its_place_and_the_reason() {
        let (mut pack, key) = example();
        let mut wrong = form("sighting", 1);
        wrong["sections"][0]["fields"][0]["kind"] = json!("colour");
        for (forms, told) in [
            (
                vec![form("missing_child", 1), wrong],
                "form sighting, $.sections[0].fields[0].kind: expected a kind of field",
            ),
            (vec![json!([])], "form 1, $: expected an object"),
            (
                vec![form("sighting", 1), form("sighting", 2)],
                "form sighting, $.id: the name is used twice",
            ),
            (
                (1..=17).map(|at| form(&format!("form_{at}"), 1)).collect(),
                "form form_17, $: more than 16 entries",
            ),
        ] {
            pack.forms = forms;
            let read = Pack::read(&sign_blindly(&pack, &key));
            assert_eq!(read.map_err(|error| error.to_string()), Err(told.to_owned()));
            assert!(pack.sign(&key).is_err());
        }
    }

    #[test]
    fn a_form_that_only_a_newer_app_reads_is_no_fault_of_the_pack() {
        let (mut pack, key) = example();
        let mut newer = form("sighting", 9);
        newer["format"] = json!("homeward-form/2");
        newer["sections"] = json!("otherwise");
        pack.forms = vec![newer, form("missing_child", 7)];
        let read = Pack::read(&pack.sign(&key).unwrap()).unwrap();
        let version = |id| read.form_book().form(&FormId::new(id).unwrap()).unwrap().version;
        assert_eq!(version("missing_child"), 7);
        assert_ne!(version("sighting"), 9, "the built-in one");
    }
}
