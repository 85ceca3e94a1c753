//! Nothing is lost: the phone's process is killed at random moments with SIGKILL, as a battery that
//! dies would end it.

#![allow(clippy::unwrap_used, reason = "a test that cannot set up its world has failed")]
#![allow(clippy::print_stdout, reason = "a seed and the deaths belong to what a run tells")]

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::Stdio;
use std::thread::sleep;
use std::time::{Duration, Instant};

use fault_proxy::{Dice, Faults};
use homeward_tests::deaths::Deaths;
use homeward_tests::journey::{ANSWERS, Journey, string};
use homeward_tests::photo::{Exif, Photo};
use homeward_tests::programs::text;
use homeward_tests::session::{self, Phase};
use homeward_tests::sound::{SAID, speech};

#[test]
fn kill_9_at_60_random_moments_of_a_session_loses_nothing_and_leaves_no_file_behind() {
    println!("seed {SEED}");
    let deaths = session::killed(SEED, 60, &mut |line| println!("{line}"));
    deaths.were_real();
    deaths.were_in(Phase::all().map(Phase::name));
}

#[test]
fn an_answer_acknowledged_is_there_after_kill_9() {
    let mut dice = seeded();
    let journey = Journey::begin(Faults::default());
    let id = journey.draft(&ANSWERS);
    let phone = &journey.phone;
    let mut deaths = Deaths::default();
    let mut name = "Mia Beispiel".to_owned();
    for round in 1..=40 {
        let (clothing, next) = (format!("coat {round}"), format!("Kim {round}"));
        let start = Instant::now();
        phone.ask(&["set", &id, "clothing", &clothing]).unwrap();
        let usual = micros(start.elapsed()) * 3 / 4;
        let mut setting = phone.start(&["set", &id, "child_name", &next]).unwrap();
        sleep(Duration::from_micros(dice.below(usual)));
        let acknowledged = !setting.new_lines().is_empty();
        deaths.count("set", setting.kill().unwrap());

        let answers = phone.ask(&["show", &id]).unwrap()["answers"].take();
        assert_eq!(answers["clothing"], clothing.as_str(), "round {round}: acknowledged and gone");
        let told = answers["child_name"]["full"].as_str().unwrap();
        assert!(told == next || (told == name && !acknowledged), "round {round}: {told}");
        name = told.to_owned();
    }
    println!("{}", deaths.in_words());
    deaths.were_real();
}

#[test]
fn a_recording_that_is_killed_leaves_nothing_readable_and_one_that_ends_plays_back() {
    let mut dice = seeded();
    let journey = Journey::begin(Faults::default());
    let id = journey.draft(&ANSWERS);
    let phone = &journey.phone;
    let before = phone.ask(&["show", &id]).unwrap();
    let sound = speech(3_000);
    let mut deaths = Deaths::default();
    for round in 1..=12 {
        let mut recording = phone.start_with(&["record", &id], Stdio::piped()).unwrap();
        let mut microphone = recording.input().unwrap();
        // A pipe holds 64 KiB: what was written before that was heard.
        let spoken = usize::try_from(dice.below(sound.len() as u64)).unwrap();
        microphone.write_all(&sound[..spoken]).unwrap();
        deaths.count("record", recording.kill().unwrap());
        assert!(!tells(phone.home()), "round {round}: what was said lies there");
        assert_eq!(phone.ask(&["show", &id]).unwrap(), before, "round {round}");
        for folder in ["blobs", "intake"] {
            let left = fs::read_dir(phone.home().join(folder)).unwrap().count();
            assert_eq!(left, 0, "round {round}: left in {folder}");
        }
    }
    println!("{}", deaths.in_words());
    deaths.were_real();

    let mut recording = phone.start_with(&["record", &id], Stdio::piped()).unwrap();
    recording.input().unwrap().write_all(&sound).unwrap();
    let medium = recording.next_line().unwrap();
    assert_eq!((&medium["field"], &medium["bytes"]), (&"statement".into(), &sound.len().into()));
    assert!(!tells(phone.home()));
    phone.ask(&["send", &id]).unwrap();
    assert_eq!(journey.run(&id)["state"], "stored");
    journey.organisation.desk.ask(&["collect"]).unwrap();
    let files = journey.folder.path().join("files");
    journey.organisation.desk.ask(&["files", &id, "--to", text(&files).unwrap()]).unwrap();
    assert!(fs::read(files.join("recording-1.aac")).unwrap() == sound, "it plays something else");
}

/// What is said on a locked phone goes into the intake, and is attached when the vault opens.
#[test]
fn a_recording_on_a_locked_phone_is_kept_sealed_and_attached_later() {
    let journey = Journey::begin(Faults::default());
    let (phone, id) = (&journey.phone, journey.draft(&ANSWERS));
    let words = journey.folder.path().join("words");
    fs::write(&words, "correct horse").unwrap();
    let words = text(&words).unwrap();
    phone.ask(&["passphrase", "set", words]).unwrap();
    let sound = speech(1_000);
    let record = |kill: bool| {
        let mut recording = phone.start_with(&["record", &id], Stdio::piped()).unwrap();
        let mut microphone = recording.input().unwrap();
        microphone.write_all(&sound).unwrap();
        if kill {
            assert_eq!(recording.kill().unwrap().code(), None);
            return None;
        }
        drop(microphone);
        recording.next_line().map(|told| string(&told["capture"]))
    };
    record(true);
    let capture = record(false).unwrap();
    assert!(!tells(phone.home()));
    assert_eq!(phone.ask(&["state"]).unwrap()["state"], "locked");
    let intake = fs::read_dir(phone.home().join("intake")).unwrap();
    let intake: Vec<_> = intake.map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(intake, [capture.as_str()], "the one that was killed left nothing");
    let attach = ["attach", &id, "--capture", &capture, "--field", "statement"];
    let medium = phone.ask(&[&["--passphrase-file", words][..], &attach].concat()).unwrap();
    assert_eq!(medium["bytes"], sound.len());
    assert!(!tells(phone.home()));
}

/// Whether a file in the folder has a word of what was said.
fn tells(folder: &Path) -> bool {
    fs::read_dir(folder).unwrap().any(|entry| {
        let path = entry.unwrap().path();
        let said = |bytes: Vec<u8>| memchr::memmem::find(&bytes, SAID).is_some();
        // Whatever goes between the list and the look is gone.
        if path.is_dir() { tells(&path) } else { fs::read(path).is_ok_and(said) }
    })
}

#[test]
fn a_kill_at_50_random_moments_of_the_upload_ends_in_exactly_one_opened_report() {
    let mut dice = seeded();
    let journey = Journey::begin(Faults::slow(120_000));
    let photo = Photo { width: 1200, height: 900, ..Photo::small(Exif::example()) };
    let photo = journey.photo("photo.jpg", &photo);
    let sent = journey.send(&ANSWERS, &photo);

    let mut deaths = Deaths::default();
    let mut offsets = Vec::new();
    for _ in 0..50 {
        let run = journey.start_run();
        sleep(Duration::from_millis(dice.below(400)));
        deaths.count("upload", run.kill().unwrap());
        let uploads = journey.organisation.uploads().unwrap();
        offsets.push(uploads.iter().map(|upload| upload.stored).sum::<u64>());
    }
    println!("{}", deaths.in_words());
    deaths.were_real();
    println!("the server held, after each kill: {offsets:?} of {}", sent.bytes);
    assert!(offsets.is_sorted(), "what had arrived was lost");
    assert!(*offsets.last().unwrap() < sent.bytes, "the upload ended before the kills did");
    assert!(offsets.last() > offsets.first(), "no kill fell into the upload");

    journey.organisation.link.set(Faults::default());
    journey.bring_home(&sent);
    assert_eq!(journey.reports_at_the_desk(), 1);
    let files = journey.folder.path().join("files");
    journey.organisation.desk.ask(&["files", &sent.id, "--to", text(&files).unwrap()]).unwrap();
    let clean = journey.folder.path().join("clean.jpg");
    journey.phone.ask(&["scrub", text(&photo).unwrap(), text(&clean).unwrap()]).unwrap();
    let arrived = fs::read(files.join("photo-1.jpg")).unwrap();
    assert!(arrived == fs::read(clean).unwrap(), "the photo changed on its way");
}

fn seeded() -> Dice {
    println!("seed {SEED}");
    Dice::new(SEED)
}

fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap()
}

const SEED: u64 = 20_261_122;
