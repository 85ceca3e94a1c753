//! Answers that were given before: in a profile, or for another child of the same event.
//!
//! In the first minute every tick saved counts. But what is copied is not looked at again, so only
//! what is still true is copied.

use std::collections::{BTreeMap, BTreeSet};

use super::answer::Answer;
use super::form::{Form, Purpose};
use super::ids::FieldId;
use super::kind::Kind;
use super::moment::Moment;

/// What a new report starts with.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Prefill {
    /// Answers to set.
    pub answers: BTreeMap<FieldId, Answer>,
    /// Fields whose media are copied.
    pub media: BTreeSet<FieldId>,
}

/// What `profile` can fill of `target`: every question that both forms ask in the same words. What
/// a witness saw is another question than how the child looks.
///
/// "Don't know" is not copied: a parent may know by now. An age has grown from when it was `said`
/// until `now`.
#[must_use]
pub fn prefill(
    profile: &Form,
    answers: &BTreeMap<FieldId, Answer>,
    target: &Form,
    said: impl Fn(&FieldId) -> Moment,
    now: Moment,
) -> Prefill {
    let mut prefill = Prefill::default();
    for field in &target.fields {
        let from = profile.field(&field.id);
        let same = from
            .is_some_and(|from| (from.kind.name(), &from.text) == (field.kind.name(), &field.text));
        // What may be done with a report is asked anew for each.
        if !same || matches!(field.kind, Kind::Permission { .. }) {
            continue;
        }
        prefill.media.insert(field.id.clone());
        let answer = match answers.get(&field.id) {
            None | Some(Answer::Unknown) => continue,
            Some(Answer::Age(age)) => Answer::Age(age.grown(said(&field.id), now)),
            Some(answer) => answer.clone(),
        };
        prefill.answers.insert(field.id.clone(), answer);
    }
    prefill
}

/// The fields that a report on another child of the same event starts with: who reports, where and
/// when it was, who is suspected. Each child keeps its own name, photo and state.
pub fn shared_with_sibling(form: &Form) -> impl Iterator<Item = &FieldId> {
    let is_report = form.purpose == Purpose::Report;
    form.fields.iter().filter(move |field| is_report && field.shared_with_sibling).map(|it| &it.id)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::forms::ids::FormId;

    fn form(id: &str) -> &'static Form {
        Form::built_in(&FormId::new(id).unwrap()).unwrap()
    }

    fn moment(text: &str) -> Moment {
        Moment::from_rfc3339(text).unwrap()
    }

    fn answers(form: &Form, answers: &[(&str, serde_json::Value)]) -> BTreeMap<FieldId, Answer> {
        let read = |(field, json): &(&str, serde_json::Value)| {
            let field = form.field(&FieldId::new(field).unwrap()).unwrap();
            (field.id.clone(), Answer::from_json(&field.kind, json).unwrap())
        };
        answers.iter().map(read).collect()
    }

    #[test]
    fn every_question_of_the_profile_fills_one_of_the_report() {
        let report = form("missing_child");
        for field in &form("child_profile").fields {
            let asked = report.field(&field.id);
            let same = asked.is_some_and(|it| (&it.kind, &it.text) == (&field.kind, &field.text));
            assert!(same, "{}", field.id);
        }
    }

    #[test]
    fn a_profile_fills_a_report_with_what_is_still_true() {
        let profile = form("child_profile");
        let given = answers(
            profile,
            &[
                ("child_name", json!({ "full": "Anna" })),
                ("child_age", json!({ "years": 7 })),
                ("height", json!({ "value": 132, "unit": "cm" })),
                ("sex", json!({ "unknown": true })),
            ],
        );
        let (saved, now) = ("2026-01-10T10:00:00+01:00", "2026-11-22T10:00:00+01:00");
        let report = form("missing_child");
        let filled = prefill(profile, &given, report, |_| moment(saved), moment(now));
        let json = |field: &str| filled.answers.get(field).map(Answer::to_json);
        assert_eq!(json("child_name"), Some(json!({ "full": "Anna" })));
        assert_eq!(json("height"), Some(json!({ "value": 132, "unit": "cm" })));
        assert_eq!(json("child_age"), Some(json!({ "from": 7, "to": 8 })), "it may have grown");
        assert_eq!(json("sex"), None, "a parent may know by now");
        assert!(filled.media.contains("photo") && filled.media.contains("body_marks"));
        assert!(!filled.media.contains("statement") && !filled.media.contains("permit_poster"));
        let same_day = prefill(profile, &given, report, |_| moment(now), moment(now));
        assert_eq!(same_day.answers["child_age"].to_json(), json!({ "years": 7 }));
    }

    #[test]
    fn a_profile_never_says_what_a_witness_saw() {
        let profile = form("child_profile");
        let given = answers(
            profile,
            &[
                ("height", json!({ "value": 132, "unit": "cm" })),
                ("hair", json!("blond")),
                ("wears", json!(["glasses"])),
                ("sex", json!("female")),
            ],
        );
        let now = moment("2026-11-22T10:00:00+01:00");
        let filled = prefill(profile, &given, form("sighting"), |_| now, now);
        assert_eq!(filled, Prefill::default());
    }

    #[test]
    fn another_child_of_the_same_event_keeps_its_own_face_and_state() {
        let shared: Vec<&str> =
            shared_with_sibling(form("missing_child")).map(FieldId::as_str).collect();
        for field in
            ["reporter_phone", "last_seen_time", "last_seen_place", "suspect_name", "vehicle"]
        {
            assert!(shared.contains(&field), "{field}");
        }
        for field in [
            "child_name",
            "child_age",
            "photo",
            "clothing",
            "dangers",
            "permit_poster",
            "police_case_number",
        ] {
            assert!(!shared.contains(&field), "{field}");
        }
        assert_eq!(shared_with_sibling(form("child_profile")).count(), 0);
    }
}
