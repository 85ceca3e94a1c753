//! A form: its sections, its fields, and when each field is asked.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, LazyLock};

use serde::{Deserialize, Serialize};

use super::answer::Answer;
use super::ids::{ChoiceId, FieldId, FormId, SectionId};
use super::kind::Kind;
use super::parse::FormError;

/// What is asked, in the order in which it is asked.
#[derive(Clone, Debug, PartialEq)]
pub struct Form {
    /// The form's name.
    pub id: FormId,
    /// Grows with every change of the form.
    pub version: u32,
    /// Whether the form is sent or kept.
    pub purpose: Purpose,
    /// The fields of which at least one must be answered before the form can be sent.
    pub needs_any_of: Vec<FieldId>,
    /// The fields whose answers name a draft in a list; the first answered one is taken.
    pub title_from: Vec<FieldId>,
    /// The sections, in the order shown.
    pub sections: Vec<Section>,
    /// Every field, in the order shown.
    pub fields: Vec<Field>,
    /// What is shown for messages that the texts lack, by message id. Only an organisation's own
    /// form has some.
    pub words: BTreeMap<String, String>,
}

/// What a filled form is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Purpose {
    /// It is sent to an organisation.
    Report,
    /// It stays on the phone, and fills reports.
    Profile,
}

/// A part of a form, shown as one page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Section {
    /// The section's name.
    pub id: SectionId,
}

/// One question.
#[derive(Clone, Debug, PartialEq)]
pub struct Field {
    /// The field's name.
    pub id: FieldId,
    /// The section it is shown in.
    pub section: SectionId,
    /// What sort of answer it takes.
    pub kind: Kind,
    /// When it is asked.
    pub stage: Stage,
    /// Who may see the answer, at most. Empty in a profile, which nobody is sent.
    pub audiences: Vec<Audience>,
    /// Whether "don't know" is an answer.
    pub unknown_allowed: bool,
    /// Whether leaving it out is shown as a problem.
    pub expected: bool,
    /// Whether there is a sentence that explains the question.
    pub help: bool,
    /// The name that its messages go by: its own, unless another form asks the same otherwise.
    pub text: FieldId,
    /// Where the answer, or parts of it, go in PFIF 1.4.
    pub pfif: Vec<Pfif>,
    /// All must hold for the field to be asked; none: it is always asked.
    pub shown_when: Vec<Condition>,
    /// A permission given while any of these holds does not count.
    pub void_when: Vec<Condition>,
    /// Whether a report on another child of the same event starts with the same answer.
    pub shared_with_sibling: bool,
    /// After so many months a profile's answer should be looked at again.
    pub refresh_months: Option<u32>,
}

/// When a field is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// At once; it leaves ahead of everything else.
    FirstMinute,
    /// In the first hour.
    FirstHour,
    /// Later, or only with the police.
    Later,
    /// Ahead of need, in a profile.
    Prepared,
}

/// Who may see an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Audience {
    /// The organisation that the report is sent to.
    Organisation,
    /// The police.
    Police,
    /// Another organisation, perhaps abroad.
    Partner,
    /// The public, on a poster.
    Poster,
}

/// Something about an earlier field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Condition {
    /// The earlier field.
    pub field: FieldId,
    /// Its answer is one of these; empty: it has any answer but "don't know".
    pub any_of: Vec<ChoiceId>,
}

/// The place of an answer in PFIF 1.4.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Pfif(&'static str);

impl Form {
    /// The form of this name that every app has.
    #[must_use]
    pub fn built_in(id: &FormId) -> Option<&'static Self> {
        Self::all_built_in().iter().find(|form| form.id == *id).map(Arc::as_ref)
    }

    /// Every form that every app has.
    #[must_use]
    pub fn all_built_in() -> &'static [Arc<Self>] {
        &BUILT_IN
    }

    /// Reads a form file.
    ///
    /// # Errors
    /// What is wrong first, and where. See [`Form::parse_all`].
    pub fn parse(json: &[u8]) -> Result<Self, FormError> {
        Self::parse_all(json).map_err(|mut errors| errors.swap_remove(0))
    }

    /// Reads a form file, and tells everything that is wrong with it.
    ///
    /// # Errors
    /// All that is wrong, in the order of the file; never empty.
    pub fn parse_all(json: &[u8]) -> Result<Self, Vec<FormError>> {
        super::parse::form(json)
    }

    /// What is left of a form that neither the app nor its organisation has any more: it asks
    /// nothing, so that every answer is one *from an earlier form*, and is kept and sent as such.
    #[must_use]
    pub(crate) fn withdrawn(id: FormId, version: u32, purpose: Purpose) -> Self {
        let (needs_any_of, title_from) = (Vec::new(), Vec::new());
        let (sections, fields, words) = (Vec::new(), Vec::new(), BTreeMap::new());
        Self { id, version, purpose, needs_any_of, title_from, sections, fields, words }
    }

    /// The field of this name.
    #[must_use]
    pub fn field(&self, id: &FieldId) -> Option<&Field> {
        self.fields.iter().find(|field| field.id == *id)
    }

    /// The fields of one stage, in the order shown.
    pub fn stage(&self, stage: Stage) -> impl Iterator<Item = &Field> {
        self.fields.iter().filter(move |field| field.stage == stage)
    }

    /// The fields that are asked, given what was answered so far, in the order shown.
    #[must_use]
    pub fn shown(&self, answers: &BTreeMap<FieldId, Answer>) -> Vec<&Field> {
        // Conditions only look back, so one pass is enough. A hidden field's answer counts for
        // nothing: it was given to a question that is no longer asked.
        let mut shown = BTreeSet::new();
        let mut fields = Vec::new();
        for field in &self.fields {
            let holds = |condition: &Condition| {
                shown.contains(condition.field.as_str()) && condition.holds(answers)
            };
            if field.shown_when.iter().all(holds) {
                shown.insert(field.id.as_str());
                fields.push(field);
            }
        }
        fields
    }

    /// The fields whose answers may go to `audience`, in the order shown: none without permission.
    #[must_use]
    pub fn for_audience(
        &self,
        audience: Audience,
        answers: &BTreeMap<FieldId, Answer>,
    ) -> Vec<&Field> {
        if self.purpose == Purpose::Profile || !self.permitted(answers).contains(&audience) {
            return Vec::new();
        }
        let mut fields = self.shown(answers);
        fields.retain(|field| field.audiences.contains(&audience));
        fields
    }

    /// The audiences that the person lets see the report. The organisation and the police always
    /// are; partner and poster only by a permission that counts.
    #[must_use]
    pub fn permitted(&self, answers: &BTreeMap<FieldId, Answer>) -> BTreeSet<Audience> {
        let mut permitted = BTreeSet::from([Audience::Organisation, Audience::Police]);
        for field in self.shown(answers) {
            let Kind::Permission { permits: Some(audience) } = field.kind else { continue };
            let given = matches!(answers.get(&field.id), Some(Answer::Permission(true)));
            if given && !field.is_void(answers) {
                permitted.insert(audience);
            }
        }
        permitted
    }
}

impl Field {
    /// The message that asks the question.
    #[must_use]
    pub fn label_id(&self) -> String {
        format!("field-{}", self.text)
    }

    /// The message that explains the question, if there is one.
    #[must_use]
    pub fn help_id(&self) -> Option<String> {
        self.help.then(|| format!("help-{}", self.text))
    }

    /// Whether a permission given here does not count, because of another answer.
    #[must_use]
    pub fn is_void(&self, answers: &BTreeMap<FieldId, Answer>) -> bool {
        self.void_when.iter().any(|condition| condition.holds(answers))
    }
}

impl Condition {
    /// Whether the answers are as the condition says.
    #[must_use]
    pub fn holds(&self, answers: &BTreeMap<FieldId, Answer>) -> bool {
        let is_one = |choice: &str| self.any_of.iter().any(|wanted| wanted.as_str() == choice);
        match answers.get(&self.field) {
            None | Some(Answer::Unknown) => false,
            Some(answer) if self.any_of.is_empty() => !answer.is_empty(),
            Some(Answer::Choice(choice)) => is_one(choice),
            Some(Answer::Many(choices)) => choices.iter().any(|choice| is_one(choice)),
            Some(_) => false,
        }
    }
}

impl Stage {
    /// Every stage, in the order in which they come.
    pub const ALL: [Self; 4] = [Self::FirstMinute, Self::FirstHour, Self::Later, Self::Prepared];

    /// The word for this stage in form files.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::FirstMinute => "first_minute",
            Self::FirstHour => "first_hour",
            Self::Later => "later",
            Self::Prepared => "prepared",
        }
    }
}

impl Audience {
    /// Every audience.
    pub const ALL: [Self; 4] = [Self::Organisation, Self::Police, Self::Partner, Self::Poster];

    /// The word for this audience in form files and packages.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Organisation => "organisation",
            Self::Police => "police",
            Self::Partner => "partner",
            Self::Poster => "poster",
        }
    }
}

impl Pfif {
    /// The fields of a PFIF 1.4 person and note record that an answer can go to.
    pub const ALL: [&'static str; 33] = [
        "person.author_name",
        "person.author_email",
        "person.author_phone",
        "person.full_name",
        "person.given_name",
        "person.family_name",
        "person.alternate_names",
        "person.description",
        "person.sex",
        "person.date_of_birth",
        "person.age",
        "person.home_street",
        "person.home_neighborhood",
        "person.home_city",
        "person.home_state",
        "person.home_postal_code",
        "person.home_country",
        "person.photo_url",
        "person.profile_urls",
        "person.source_date",
        "person.expiry_date",
        "note.person_record_id",
        "note.author_name",
        "note.author_email",
        "note.author_phone",
        "note.source_date",
        "note.author_made_contact",
        "note.status",
        "note.email_of_found_person",
        "note.phone_of_found_person",
        "note.last_known_location",
        "note.text",
        "note.photo_url",
    ];

    /// Takes the name of a PFIF 1.4 field, such as `person.full_name`.
    #[must_use]
    pub fn new(name: &str) -> Option<Self> {
        Self::ALL.iter().find(|known| **known == name).map(|known| Self(known))
    }

    /// The field's name, with the record it belongs to.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        self.0
    }
}

static BUILT_IN: LazyLock<Vec<Arc<Form>>> = LazyLock::new(|| {
    let read = |json: &&str| Form::parse(json.as_bytes());
    let forms =
        SOURCES.iter().map(read).map(|form| form.expect("a test reads every built-in form"));
    forms.map(Arc::new).collect()
});

/// The files of the built-in forms.
pub(super) const SOURCES: &[&str] = &[
    include_str!("../../forms/missing_child.json"),
    include_str!("../../forms/sighting.json"),
    include_str!("../../forms/child_profile.json"),
];

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn missing_child() -> &'static Form {
        Form::built_in(&FormId::new("missing_child").unwrap()).unwrap()
    }

    fn answers(given: &[(&str, serde_json::Value)]) -> BTreeMap<FieldId, Answer> {
        let read = |(field, json): &(&str, serde_json::Value)| {
            let field = missing_child().field(&FieldId::new(field).unwrap()).unwrap();
            (field.id.clone(), Answer::from_json(&field.kind, json).unwrap())
        };
        given.iter().map(read).collect()
    }

    fn shows(answers: &BTreeMap<FieldId, Answer>, field: &str) -> bool {
        missing_child().shown(answers).iter().any(|shown| shown.id.as_str() == field)
    }

    #[test]
    fn every_built_in_form_is_there() {
        let ids: Vec<&str> = Form::all_built_in().iter().map(|form| form.id.as_str()).collect();
        assert_eq!(ids, ["missing_child", "sighting", "child_profile"]);
    }

    #[test]
    fn the_first_minute_asks_ten_questions() {
        let ids: Vec<&str> =
            missing_child().stage(Stage::FirstMinute).map(|field| field.id.as_str()).collect();
        assert_eq!(
            ids.join(" "),
            "reporter_phone relation child_name child_age sex photo last_seen_time \
             last_seen_place clothing dangers"
        );
        assert!(missing_child().stage(Stage::FirstMinute).all(|field| field.unknown_allowed));
    }

    #[test]
    fn a_question_is_asked_when_its_condition_holds() {
        assert!(!shows(&answers(&[]), "police_station"));
        assert!(!shows(&answers(&[("police_called", json!("no"))]), "police_station"));
        assert!(!shows(
            &answers(&[("police_called", json!({ "unknown": true }))]),
            "police_station"
        ));
        assert!(shows(&answers(&[("police_called", json!("yes"))]), "police_station"));
        assert!(shows(&answers(&[("dangers", json!(["none", "taken"]))]), "danger_words"));
    }

    #[test]
    fn the_answer_to_a_hidden_question_shows_nothing() {
        let form =
            br#"{"format":"homeward-form/1","id":"f","version":1,"purpose":"profile","sections":[
            {"id":"s","fields":[
                {"id":"a","kind":"choice","choices":["yes","no"],"stage":"later"},
                {"id":"b","kind":"choice","choices":["yes","no"],"stage":"later",
                 "shown_when":[{"field":"a","any_of":["yes"]}]},
                {"id":"c","kind":"text","stage":"later","shown_when":[{"field":"b"}]}]}]}"#;
        let form = Form::parse(form).unwrap();
        let id = |name| FieldId::new(name).unwrap();
        let choice = |choice: &str| Answer::Choice(choice.to_owned());
        let mut answers = BTreeMap::from([(id("a"), choice("yes")), (id("b"), choice("no"))]);
        assert_eq!(form.shown(&answers).len(), 3);
        answers.insert(id("a"), choice("no"));
        assert_eq!(form.shown(&answers).len(), 1);
    }

    #[test]
    fn partner_and_poster_see_nothing_without_permission() {
        let given = answers(&[("child_name", json!("Anna"))]);
        for audience in [Audience::Partner, Audience::Poster] {
            assert!(missing_child().for_audience(audience, &given).is_empty());
        }
        let given = answers(&[("permit_partner", json!({ "words": "yes, maybe" }))]);
        assert!(!missing_child().permitted(&given).contains(&Audience::Partner));
        let given = answers(&[("permit_poster", json!(true))]);
        let fields = missing_child().for_audience(Audience::Poster, &given);
        assert!(fields.iter().any(|field| field.id.as_str() == "child_name"));
        assert!(fields.iter().all(|field| field.kind != Kind::Phone));
        assert!(missing_child().for_audience(Audience::Partner, &given).is_empty());
    }

    #[test]
    fn a_minors_permission_to_publish_does_not_count() {
        let given = answers(&[("permit_poster", json!(true)), ("reporter_minor", json!("yes"))]);
        assert!(missing_child().for_audience(Audience::Poster, &given).is_empty());
        assert!(!missing_child().for_audience(Audience::Organisation, &given).is_empty());
    }

    #[test]
    fn what_is_never_exported_stays_with_organisation_and_police() {
        let never = [
            "reporter_phone",
            "reporter_name",
            "reporter_place",
            "parents",
            "custody",
            "must_not_be_told",
            "abduction_risk",
            "passports",
            "health",
            "health_words",
            "medicines",
            "home_address",
            "suspect_name",
            "statement",
            "identity_documents",
        ];
        for field in never {
            let field = missing_child().field(&FieldId::new(field).unwrap()).unwrap();
            assert_eq!(field.audiences, [Audience::Organisation, Audience::Police], "{}", field.id);
        }
    }

    #[test]
    fn a_profile_is_for_no_audience() {
        let profile = Form::built_in(&FormId::new("child_profile").unwrap()).unwrap();
        assert_eq!(profile.purpose, Purpose::Profile);
        assert!(profile.for_audience(Audience::Organisation, &BTreeMap::new()).is_empty());
    }
}
