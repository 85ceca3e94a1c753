//! A pack that brings forms, changes them and takes them back, under a draft that lies open on a
//! phone: with the real programs, from `brand build` to what the desk shows.

#![allow(clippy::unwrap_used, reason = "a test that can't set up its world has failed")]

use std::fs;

use fault_proxy::Faults;
use homeward_tests::journey::{Journey, string};
use homeward_tests::programs::text;
use serde_json::{Value, json};

#[test]
fn a_pack_that_changes_a_form_under_an_open_draft_loses_no_answer() {
    let journey = Journey::begin(Faults::default());
    publish(&journey, Some(&pet(1, &["pet_name", "colour"])));
    let id = string(&journey.phone.ask(&["new", "pet"]).unwrap()["id"]);
    for (field, answer) in [("pet_name", "Bello"), ("colour", "brown")] {
        journey.phone.ask(&["set", &id, field, answer]).unwrap();
    }

    publish(&journey, Some(&pet(2, &["pet_name", "size"])));
    let shown = journey.phone.ask(&["show", &id]).unwrap();
    assert_eq!(shown["answers"], json!({ "pet_name": "Bello" }));
    assert_eq!(shown["earlier"], json!([{ "field": "colour", "value": "brown" }]));
    journey.phone.ask(&["set", &id, "size", "small"]).unwrap();

    journey.phone.ask(&["send", &id]).unwrap();
    let at_the_desk = deliver(&journey, &id);
    assert_eq!(at_the_desk["form"], "pet");
    assert_eq!(at_the_desk["title"], "Bello", "the desk knows the form that its pack brings");
    assert_eq!(at_the_desk["answers"], json!({ "pet_name": "Bello", "size": "small" }));
    assert_eq!(at_the_desk["earlier"], json!([{ "field": "colour", "value": "brown" }]));

    // The form is taken back. What was sent opens, and has nothing new to send.
    let open = string(&journey.phone.ask(&["new", "pet"]).unwrap()["id"]);
    journey.phone.ask(&["set", &open, "pet_name", "Rex"]).unwrap();
    publish(&journey, None);
    let shown = journey.phone.ask(&["show", &id]).unwrap();
    assert_eq!((&shown["answers"], shown["earlier"].as_array().unwrap().len()), (&json!({}), 3));
    assert!(journey.phone.ask(&["send", &id]).is_err());

    // A draft that lay open meanwhile keeps its name, and is sent with all that it says.
    let listed = journey.phone.ask(&["drafts"]).unwrap();
    assert_eq!(listed[0]["title"], "Rex");
    journey.phone.ask(&["send", &open]).unwrap();
    let at_the_desk = deliver(&journey, &open);
    assert_eq!(at_the_desk["form"], "pet");
    assert_eq!(at_the_desk["earlier"], json!([{ "field": "pet_name", "value": "Rex" }]));
}

/// Builds the organisation's pack anew, with this form or none, and gives it to the phone.
fn publish(journey: &Journey, form: Option<&Value>) {
    let source = journey.folder.path().join("brand");
    let file = source.join("forms/pet.json");
    fs::create_dir_all(source.join("forms")).unwrap();
    match form {
        Some(form) => fs::write(file, form.to_string()).unwrap(),
        None => fs::remove_file(file).unwrap(),
    }
    let pack = text(&journey.organisation.pack).unwrap();
    journey.organisation.desk.ask(&["brand", "build", text(&source).unwrap(), pack]).unwrap();
    journey.pair(&journey.phone);
}

/// Sends what is due, and gives what the desk shows of the report then.
fn deliver(journey: &Journey, id: &str) -> Value {
    assert_eq!(journey.run(id)["state"], "stored");
    journey.organisation.desk.ask(&["collect"]).unwrap();
    journey.organisation.desk.ask(&["show", id]).unwrap()
}

fn pet(version: u32, fields: &[&str]) -> Value {
    let field = |id: &&str| json!({ "id": id, "kind": "text", "stage": "first_hour", "audiences": ["organisation"] });
    let mut words = json!({ "form-pet": "Missing pet" });
    for field in fields {
        words[format!("field-{field}")] = json!(format!("The {field}"));
    }
    json!({
        "format": "homeward-form/1", "id": "pet", "version": version, "purpose": "report",
        "title_from": ["pet_name"],
        "sections": [{ "id": "child", "fields": fields.iter().map(field).collect::<Value>() }],
        "words": words,
    })
}
