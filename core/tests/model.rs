//! A vault against a plain map: whatever a person does, in any order and over restarts, the vault
//! has what the map has.

mod common;

use std::collections::{BTreeMap, BTreeSet};

use common::{Phone, field};
use homeward_core::forms::{Answer, FieldId};
use homeward_core::{Error, Homeward, MediumId, ReportId};
use proptest::prelude::*;

/// What a person or the phone does next. Numbers pick among what is there.
#[derive(Clone, Debug)]
enum Step {
    Create,
    Set(usize, usize, String),
    Unknown(usize),
    Clear(usize, usize),
    Attach(usize),
    Detach(usize, usize),
    Delete(usize),
    LockAndUnlock,
    Reopen,
}

const FIELDS: [&str; 3] = ["child_name", "clothing", "reporter_phone"];

#[derive(Clone, Debug, Default, PartialEq)]
struct Expected {
    answers: BTreeMap<FieldId, Answer>,
    media: BTreeSet<MediumId>,
}

type Model = BTreeMap<ReportId, Expected>;

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let any = 0usize..8;
    let step = prop_oneof![
        2 => Just(Step::Create),
        6 => (any.clone(), 0usize..3, "[a-z]{1,12}( [a-z]{1,12})?")
            .prop_map(|(report, field, words)| Step::Set(report, field, words)),
        1 => any.clone().prop_map(Step::Unknown),
        2 => (any.clone(), 0usize..3).prop_map(|(report, field)| Step::Clear(report, field)),
        2 => any.clone().prop_map(Step::Attach),
        1 => (any.clone(), any.clone()).prop_map(|(report, medium)| Step::Detach(report, medium)),
        1 => any.prop_map(Step::Delete),
        1 => Just(Step::LockAndUnlock),
        2 => Just(Step::Reopen),
    ];
    prop::collection::vec(step, 1..40)
}

fn pick(model: &Model, number: usize) -> Option<ReportId> {
    model.keys().nth(number % model.len().max(1)).copied()
}

fn apply(core: &Homeward, model: &mut Model, step: &Step) {
    let number = match step {
        Step::Create => {
            let id = core.create(&common::form("missing_child")).unwrap();
            model.insert(id, Expected::default());
            return;
        }
        Step::LockAndUnlock => {
            core.lock();
            assert_eq!(core.reports().unwrap_err(), Error::Locked);
            return core.unlock(None).unwrap();
        }
        Step::Reopen => return,
        Step::Set(number, ..) | Step::Unknown(number) | Step::Clear(number, _) => *number,
        Step::Attach(number) | Step::Detach(number, _) | Step::Delete(number) => *number,
    };
    let Some(id) = pick(model, number) else { return };
    let expected = model.get_mut(&id).unwrap();
    match step {
        Step::Set(_, at, words) => {
            let answer = common::answer(core, FIELDS[*at], words);
            core.set(id, &field(FIELDS[*at]), Some(&answer)).unwrap();
            expected.answers.insert(field(FIELDS[*at]), answer);
        }
        Step::Unknown(_) => {
            core.set(id, &field("clothing"), Some(&Answer::Unknown)).unwrap();
            expected.answers.insert(field("clothing"), Answer::Unknown);
        }
        Step::Clear(_, at) => {
            core.set(id, &field(FIELDS[*at]), None).unwrap();
            expected.answers.remove(&field(FIELDS[*at]));
        }
        Step::Attach(_) => {
            expected.media.insert(common::attach(core, id).id);
        }
        Step::Detach(_, at) => {
            let medium = expected.media.iter().nth(at % expected.media.len().max(1)).copied();
            if let Some(medium) = medium {
                core.detach(id, medium).unwrap();
                expected.media.remove(&medium);
            }
        }
        _ => {
            core.delete(id).unwrap();
            model.remove(&id);
        }
    }
}

fn stored(core: &Homeward) -> Model {
    let report = |id: ReportId| {
        let report = core.report(id).unwrap();
        let media = report.media.iter().map(|medium| medium.id).collect();
        (id, Expected { answers: report.answers, media })
    };
    core.reports().unwrap().into_iter().map(|summary| report(summary.id)).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn the_vault_has_what_a_plain_map_has(steps in steps()) {
        let phone = Phone::new();
        let (mut core, mut model) = (phone.open(), Model::new());
        for step in steps {
            if matches!(step, Step::Reopen) {
                drop(core);
                core = phone.open_ready();
            }
            apply(&core, &mut model, &step);
            let media: BTreeSet<String> =
                model.values().flat_map(|report| &report.media).map(ToString::to_string).collect();
            prop_assert_eq!(phone.names_in("blobs").into_iter().collect::<BTreeSet<_>>(), media);
        }
        prop_assert_eq!(&stored(&core), &model);
        drop(core);
        prop_assert_eq!(&stored(&phone.open_ready()), &model);
    }
}
