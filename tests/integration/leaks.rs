//! Nothing leaks: words planted in every place where a report has them are in no file of the phone,
//! in nothing that a server sees or keeps, and in no log.

#![allow(clippy::unwrap_used, reason = "a test that cannot set up its world has failed")]

use std::fs;

use data_encoding::{BASE64, HEXLOWER};
use fault_proxy::Faults;
use homeward_tests::canary::{Canaries, Found};
use homeward_tests::journey::Journey;
use homeward_tests::organisation::contents;
use homeward_tests::photo::{Exif, Photo};
use homeward_tests::programs::text;
use miniz_oxide::deflate::compress_to_vec_zlib;

#[test]
fn no_canary_word_is_in_the_phones_home_the_servers_store_the_logs_or_the_traffic() {
    let journey = Journey::begin(Faults::default());
    let exif = exif();
    let photo = journey.photo(FILE_NAME, &Photo::small(exif.clone()));
    let canaries = canaries(&exif);
    let here = |place: &str, what: &[Vec<u8>]| {
        let bytes: usize = what.iter().map(Vec::len).sum();
        let found: Vec<Found> = what.iter().flat_map(|bytes| canaries.find(bytes)).collect();
        println!("{place}: {bytes} bytes in {} pieces", what.len());
        assert!(bytes > 1000, "{place}: there is nothing to look at");
        assert_eq!(found, [], "{place}");
    };
    let home = || contents(journey.phone.home()).unwrap();

    let id = journey.draft(&ANSWERS);
    let medium = journey.phone.ask(&["attach", &id, text(&photo).unwrap()]).unwrap();
    let place = medium["if_taken_when_last_seen"][1]["answer"].to_string();
    assert!(place.contains("48.13579"), "{medium:#}");
    journey.phone.ask(&["set", &id, "last_seen_place", &place]).unwrap();
    here("the phone's home with a draft", &home());
    journey.phone.ask(&["send", &id]).unwrap();
    here("the phone's home with sealed parts", &home());
    assert_eq!(journey.run(&id)["state"], "stored");
    journey.organisation.desk.ask(&["collect"]).unwrap();
    assert_eq!(journey.run(&id)["state"], "opened");
    // What goes wrong is told, too, and must not tell more than that.
    journey.phone.ask(&["set", &id, "child_age", "{\"Canary-Broken\":"]).unwrap_err();
    journey
        .phone
        .ask(&["attach", &id, text(&journey.folder.path().join("brand")).unwrap()])
        .unwrap_err();

    here("the phone's home after the receipt", &home());
    here("what the server sees and keeps", &journey.organisation.server_view().unwrap());
    let logs = [journey.phone.log(), journey.organisation.desk.log()];
    let logs = logs.map(|log| fs::read(log).unwrap());
    println!("the logs: {} and {} bytes", logs[0].len(), logs[1].len());
    assert!(!logs[0].is_empty() && !logs[1].is_empty());
    assert_eq!(logs.iter().flat_map(|log| canaries.find(log)).collect::<Vec<_>>(), []);

    the_search_finds_them_all(&journey, &id, &photo, &canaries);
}

/// The same search in what may hold them: the photo as it was, and the report as the desk opens it,
/// also when somebody had written it in another dress.
fn the_search_finds_them_all(
    journey: &Journey,
    id: &str,
    photo: &std::path::Path,
    canaries: &Canaries,
) {
    let words = |bytes: &[u8]| {
        let mut words: Vec<String> =
            canaries.find(bytes).into_iter().map(|found| found.word).collect();
        words.dedup();
        words
    };
    let original = fs::read(photo).unwrap();
    assert_eq!(words(&original), [MAKER_NOTE, MODEL, "latitude in Exif", "longitude in Exif"]);

    let folder = journey.folder.path().join("files");
    journey.organisation.desk.ask(&["files", id, "--to", text(&folder).unwrap()]).unwrap();
    let report = contents(&folder).unwrap().concat();
    let all = ["+49 30 5550 7788", "11.57924", "48.13579", "Canary-Clothing", "Canary-Näme"];
    assert_eq!(words(&report), all);
    let report = fs::read_to_string(folder.join("answers.json")).unwrap();
    let utf16: Vec<u8> = report.encode_utf16().flat_map(u16::to_le_bytes).collect();
    assert_eq!(words(&utf16), all);
    assert_eq!(words(BASE64.encode(report.as_bytes()).as_bytes()), all);
    assert_eq!(words(HEXLOWER.encode(report.as_bytes()).as_bytes()), all);
    assert_eq!(words(&compress_to_vec_zlib(report.as_bytes(), 6)), all);
    assert_eq!(words(photo.to_str().unwrap().as_bytes()), [FILE_NAME]);
}

#[test]
fn an_untouched_original_lies_and_travels_sealed_only_and_the_police_get_every_byte() {
    let journey = Journey::begin(Faults::default());
    let exif = exif();
    let photo = journey.photo(FILE_NAME, &Photo::small(exif.clone()));
    let canaries = canaries(&exif);
    let silent = |what: Vec<Vec<u8>>| {
        assert!(what.iter().map(Vec::len).sum::<usize>() > 1000, "there is nothing to look at");
        let found: Vec<Found> = what.iter().flat_map(|bytes| canaries.find(bytes)).collect();
        assert_eq!(found, []);
    };
    let id = journey.draft(&[("child_age", "7")]);
    journey.phone.ask(&["attach", &id, text(&photo).unwrap(), "--original"]).unwrap();
    silent(contents(journey.phone.home()).unwrap());
    journey.phone.ask(&["send", &id]).unwrap();
    assert_eq!(journey.run(&id)["state"], "stored");
    silent(contents(journey.phone.home()).unwrap());
    silent(journey.organisation.server_view().unwrap());

    // Without the identity of the police the desk opens all but the original.
    let identity = journey.organisation.desk.home().join("private/identities/police.txt");
    let elsewhere = journey.folder.path().join("police.txt");
    fs::rename(&identity, &elsewhere).unwrap();
    let collected = journey.organisation.desk.ask(&["collect"]).unwrap();
    assert_eq!(kinds(&collected["opened"]), ["answers", "face", "first_minute", "medium"]);
    let reasons: Vec<_> = collected["refused"].as_array().unwrap().iter().collect();
    assert!(reasons.iter().all(|refused| refused["reason"] == "refused-sealed-for-others"));
    assert_eq!(reasons.len(), 2, "the answers for the police and the original: {collected:#}");
    fs::rename(&elsewhere, &identity).unwrap();
    journey.organisation.desk.ask(&["collect"]).unwrap();
    let folder = journey.folder.path().join("files");
    journey.organisation.desk.ask(&["files", &id, "--to", text(&folder).unwrap()]).unwrap();
    let original = folder.join("original-1.jpg");
    assert_eq!(fs::read(&original).unwrap(), fs::read(&photo).unwrap());
    assert_eq!(canaries.find(&fs::read(folder.join("photo-1.jpg")).unwrap()), []);
    let written = |path: &std::path::Path| fs::metadata(path).unwrap().modified().unwrap();
    assert!(written(&original) > written(&photo), "the time of a file does not travel");
}

fn kinds(parts: &serde_json::Value) -> Vec<&str> {
    let parts = parts.as_array().unwrap().iter();
    let mut kinds: Vec<_> = parts.map(|part| part["kind"].as_str().unwrap()).collect();
    kinds.sort_unstable();
    kinds
}

fn canaries(exif: &Exif) -> Canaries {
    let answers = ["Canary-Näme", "Canary-Clothing", "+49 30 5550 7788", "48.13579", "11.57924"];
    let hidden = [FILE_NAME, MODEL, MAKER_NOTE, "Canary-Broken"];
    let position = exif.position_rationals();
    Canaries::words(&[&answers[..], &hidden].concat())
        .and_bytes("latitude in Exif", &position[0])
        .and_bytes("longitude in Exif", &position[1])
}

fn exif() -> Exif {
    Exif {
        model: MODEL.into(),
        latitude: 48.135_792_4,
        longitude: 11.579_246_8,
        maker_note: format!("MAKER {MAKER_NOTE}").into_bytes(),
        ..Exif::example()
    }
}

const ANSWERS: [(&str, &str); 4] = [
    ("child_name", "Canary-Näme"),
    ("child_age", "7"),
    ("clothing", "Canary-Clothing"),
    ("reporter_phone", "+49 30 5550 7788"),
];
const FILE_NAME: &str = "Canary-File-Name.jpg";
const MODEL: &str = "Canary-Model";
const MAKER_NOTE: &str = "Canary-Maker-Note";
