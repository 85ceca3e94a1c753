//! Every kind of answer, there and back.

use super::*;

fn moment(unix_ms: i64) -> Moment {
    Moment { unix_ms, offset_minutes: 60 }
}

fn words(words: &str) -> Option<String> {
    Some(words.to_owned())
}

fn every_answer() -> Vec<Answer> {
    let ages = [
        Age::Years { years: 7 },
        Age::Months { months: 8 },
        Age::Range { from: 7, to: 9 },
        Age::Born { date: "2019-05".into() },
    ];
    let times = [
        Time::At { at: moment(0) },
        Time::Between { from: moment(0), to: moment(1) },
        Time::Around { at: moment(1), within_minutes: 30 },
        Time::Words { words: "after school".into() },
    ];
    let marks = MarkKind::ALL.iter().zip(Side::ALL.iter().cycle());
    let marks = marks.map(|(mark, side)| BodyMark {
        mark: Some(*mark),
        side: Some(*side),
        x: Some(0.25),
        y: Some(0.5),
        words: words("left knee"),
        photo: words("00"),
    });
    let name = PersonName {
        full: words("Zoë Šmid"),
        given: words("Zoë"),
        family: words("Šmid"),
        other: vec!["زوي".into()],
    };
    let place = Place {
        latitude: Some(48.1),
        longitude: Some(11.5),
        accuracy_m: Some(20.0),
        address: words("Seestraße 1"),
        words: words("at the lake"),
    };
    let vehicle = Vehicle {
        plate: words("M-AB"),
        plate_from: words("D"),
        make: words("VW"),
        model: words("van"),
        colour: words("red"),
        direction: words("north"),
        words: words("dented"),
    };
    let mut answers = vec![
        Answer::Unknown,
        Answer::Text { text: "red".into() },
        Answer::PersonName { name },
        Answer::Place { place },
        Answer::Choice { choice: "mother".into() },
        Answer::Many { choices: vec!["taken".into(), "rabies".into()] },
        Answer::Number { value: 132.5, unit: words("cm") },
        Answer::Number { value: 2.0, unit: None },
        Answer::Phone { typed: "+49 170 123".into() },
        Answer::Vehicle { vehicle },
        Answer::BodyMarks { marks: marks.collect() },
        Answer::Permission { given: true },
        Answer::Words { words: "in year two".into() },
    ];
    answers.extend(ages.map(|age| Answer::Age { age }));
    answers.extend(times.map(|time| Answer::Time { time }));
    answers
}

#[test]
fn every_answer_comes_back_as_it_went() {
    for answer in every_answer() {
        let there = forms::Answer::try_from(answer.clone()).unwrap();
        assert!(Answer::from(there) == answer, "{answer:?}");
    }
}

#[test]
fn no_answer_is_printed() {
    for answer in every_answer() {
        assert_eq!(format!("{answer:?}"), "Answer(…)");
    }
}

#[test]
fn a_date_or_a_unit_that_is_none_is_refused() {
    let wrong = [
        Answer::Age { age: Age::Born { date: "2019-02-30".into() } },
        Answer::Age { age: Age::Born { date: "last May".into() } },
        Answer::Number { value: 1.0, unit: words("not a name") },
    ];
    for answer in wrong {
        let refused = ApiError::Refused { reason: "refused-wrong-kind".into() };
        assert_eq!(forms::Answer::try_from(answer), Err(refused));
    }
}
