//! All answers of one report, and what an earlier form asked.
//!
//! Forms change while drafts lie on phones. What was answered under an older form opens under a
//! newer one, and whatever has no place there is kept and shown as *from an earlier form*: it was
//! typed, so it is not ours to drop. When a later form asks for it again, it is an answer again.

use std::collections::BTreeMap;

use serde_json::Value;

use super::answer::Answer;
use super::form::Form;
use super::ids::FieldId;

/// The answers of one report.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Answers {
    /// The answers to the fields of the form.
    pub current: BTreeMap<FieldId, Answer>,
    /// What the form has no place for.
    pub earlier: Vec<Earlier>,
}

/// An answer to a question that the form no longer asks, or asks otherwise.
#[derive(Clone, PartialEq)]
pub struct Earlier {
    /// The field that was answered.
    pub field: String,
    /// The answer's JSON.
    pub value: Value,
}

impl Answers {
    /// Reads what [`Answers::to_stored`] wrote, perhaps under another version of `form`. Nothing
    /// is dropped.
    #[must_use]
    pub fn read(form: &Form, stored: BTreeMap<String, Value>) -> Self {
        let mut answers = Self::default();
        // Answers of today come first: an earlier one never takes the place of a newer one.
        let (earlier, today): (Vec<_>, Vec<_>) =
            stored.into_iter().partition(|(key, _)| key.starts_with(EARLIER));
        for (key, value) in today.into_iter().chain(earlier) {
            let name = key.strip_prefix(EARLIER).and_then(|rest| rest.split_once('/'));
            let field = name.map_or(key.as_str(), |(_, field)| field);
            match answers.fits(form, field, &value) {
                Some((id, answer)) => _ = answers.current.insert(id, answer),
                None => answers.earlier.push(Earlier { field: field.to_owned(), value }),
            }
        }
        answers
    }

    /// Everything, as JSON by field. Earlier answers have keys that no field has.
    #[must_use]
    pub fn to_stored(&self) -> BTreeMap<String, Value> {
        let current = self.current.iter().map(|(field, it)| (field.to_string(), it.to_json()));
        let earlier = self.earlier.iter().enumerate();
        let earlier =
            earlier.map(|(at, it)| (format!("{EARLIER}{at:06}/{}", it.field), it.value.clone()));
        current.chain(earlier).collect()
    }

    fn fits(&self, form: &Form, field: &str, value: &Value) -> Option<(FieldId, Answer)> {
        let field = form.field(&FieldId::new(field)?)?;
        let free = !self.current.contains_key(&field.id);
        let answer = Answer::from_json(&field.kind, value).ok()?;
        free.then(|| (field.id.clone(), answer))
    }
}

impl Earlier {
    /// The answer in words, as far as it has any: what its JSON holds, in order.
    #[must_use]
    pub fn words(&self) -> String {
        fn collect(value: &Value, words: &mut Vec<String>) {
            match value {
                Value::String(text) => words.push(text.clone()),
                Value::Number(number) => words.push(number.to_string()),
                Value::Array(list) => list.iter().for_each(|value| collect(value, words)),
                Value::Object(map) => map.values().for_each(|value| collect(value, words)),
                Value::Bool(_) | Value::Null => {}
            }
        }
        let mut words = Vec::new();
        collect(&self.value, &mut words);
        words.join(", ")
    }
}

impl std::fmt::Debug for Earlier {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Earlier(..)")
    }
}

/// No field's name has a slash.
const EARLIER: &str = "earlier/";

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn form(fields: &str) -> Form {
        let json = format!(
            r#"{{"format":"homeward-form/1","id":"f","version":1,"purpose":"profile",
            "sections":[{{"id":"s","fields":[{fields}]}}]}}"#
        );
        Form::parse(json.as_bytes()).unwrap()
    }

    #[test]
    fn an_older_draft_opens_under_a_newer_form_and_loses_nothing() {
        let old = form(
            r#"{"id":"a","kind":"text","stage":"prepared"},
            {"id":"gone","kind":"text","stage":"prepared"},
            {"id":"changed","kind":"text","stage":"prepared"}"#,
        );
        let stored = BTreeMap::from([
            ("a".to_owned(), json!("1")),
            ("gone".to_owned(), json!("2")),
            ("changed".to_owned(), json!("3")),
        ]);
        assert!(Answers::read(&old, stored.clone()).earlier.is_empty());

        let new = form(
            r#"{"id":"a","kind":"text","stage":"prepared"},
            {"id":"changed","kind":"age","stage":"prepared"}"#,
        );
        let mut answers = Answers::read(&new, stored.clone());
        let earlier: Vec<(&str, String)> =
            answers.earlier.iter().map(|it| (it.field.as_str(), it.words())).collect();
        assert_eq!(earlier, [("changed", "3".to_owned()), ("gone", "2".to_owned())]);
        assert_eq!(answers.current.len(), 1);

        // Answered anew under the newer form; then the older form comes back.
        let changed = FieldId::new("changed").unwrap();
        let age = Answer::from_json(&new.field(&changed).unwrap().kind, &json!({ "years": 7 }));
        answers.current.insert(changed, age.unwrap());
        let again = Answers::read(&new, answers.to_stored());
        assert_eq!(again.to_stored(), answers.to_stored());
        assert_eq!((again.current.len(), again.earlier.len()), (2, 2));

        let back = Answers::read(&old, answers.to_stored());
        assert_eq!(back.current.len(), 3, "the earlier answers are answers again");
        assert_eq!(back.earlier.len(), 1, "the answer to the newer form is kept");
    }

    #[test]
    fn keys_that_no_field_has_are_kept() {
        let form = form(r#"{"id":"a","kind":"text","stage":"prepared"}"#);
        let stored = BTreeMap::from([
            ("earlier/x".to_owned(), json!(1)),
            ("".to_owned(), json!(null)),
            ("earlier/000000/b".to_owned(), json!({ "c": [true] })),
        ]);
        let answers = Answers::read(&form, stored);
        assert_eq!(answers.earlier.len(), 3);
        assert_eq!(Answers::read(&form, answers.to_stored()).earlier.len(), 3);
    }
}
