//! What a phone must have: a plain map, and what one call changes in it.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::journey::string;
use crate::programs::{Program, Refusal};

/// Every draft by its id.
pub(super) type Drafts = BTreeMap<String, Draft>;

/// What a draft holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Draft {
    pub(super) answers: BTreeMap<String, Value>,
    pub(super) media: BTreeSet<String>,
}

impl Draft {
    fn read(shown: &Value) -> Self {
        let answers = shown["answers"].as_object().unwrap();
        let media = shown["media"].as_array().unwrap().iter();
        Self {
            answers: answers.clone().into_iter().collect(),
            media: media.map(|medium| string(&medium["medium"])).collect(),
        }
    }
}

/// One draft as the phone shows it.
pub(super) fn shown(phone: &Program, id: &str, words: &[&str]) -> Result<Draft, Refusal> {
    Ok(Draft::read(&phone.ask(&[words, &["show", id]].concat())?))
}

/// Every draft as the phone shows it.
pub(super) fn all(phone: &Program, words: &[&str]) -> Result<Drafts, Refusal> {
    let list = phone.ask(&[words, &["drafts"]].concat())?;
    let ids = list.as_array().unwrap().iter().map(|summary| string(&summary["id"]));
    ids.map(|id| Ok((id.clone(), shown(phone, &id, words)?))).collect()
}

/// What a call does to the drafts when it comes to its end.
#[derive(Clone, Debug)]
pub(super) enum Effect {
    None,
    /// One draft more.
    New,
    Answered {
        id: String,
        field: String,
        answer: Option<String>,
    },
    /// One medium more.
    Attached(String),
    Detached {
        id: String,
        medium: String,
    },
    Deleted(String),
}

impl Effect {
    /// The drafts after it. What a killed process could not tell, a new id, is taken from what is
    /// `seen`; none if it is not there.
    pub(super) fn on(&self, before: &Drafts, seen: &Drafts) -> Option<Drafts> {
        let mut after = before.clone();
        match self {
            Self::None => {}
            Self::New => {
                let id = seen.keys().find(|id| !before.contains_key(*id))?;
                after.insert(id.clone(), Draft::default());
            }
            Self::Answered { id, field, answer: Some(answer) } => {
                let answers = &mut after.get_mut(id)?.answers;
                answers.insert(field.clone(), answer.as_str().into());
            }
            Self::Answered { id, field, answer: None } => {
                after.get_mut(id)?.answers.remove(field);
            }
            Self::Attached(id) => {
                let medium = seen.get(id)?.media.difference(&before[id].media).next()?;
                after.get_mut(id)?.media.insert(medium.clone());
            }
            Self::Detached { id, medium } => {
                after.get_mut(id)?.media.remove(medium);
            }
            Self::Deleted(id) => {
                after.remove(id);
            }
        }
        Some(after)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_seen_after_an_effect_is_the_effect_and_nothing_else() {
        let one: Drafts = [("a".to_owned(), Draft::default())].into();
        let mut two = one.clone();
        two.insert("b".into(), Draft::default());
        assert_eq!(Effect::New.on(&one, &two), Some(two.clone()));
        assert_eq!(Effect::New.on(&one, &one), None);
        assert_eq!(Effect::Deleted("b".into()).on(&two, &one), Some(one.clone()));

        let mut attached = one.clone();
        attached.get_mut("a").unwrap().media.insert("m".into());
        assert_eq!(Effect::Attached("a".into()).on(&one, &attached), Some(attached.clone()));
        let away = Effect::Detached { id: "a".into(), medium: "m".into() };
        assert_eq!(away.on(&attached, &one), Some(one));
    }
}
