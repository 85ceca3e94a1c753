//! Nothing is lost: the phone's process is killed at random moments with SIGKILL, as a battery that
//! dies would end it.

#![allow(clippy::unwrap_used, reason = "a test that cannot set up its world has failed")]
#![allow(clippy::print_stdout, reason = "a seed and the deaths belong to what a run tells")]

use std::thread::sleep;
use std::time::{Duration, Instant};

use fault_proxy::{Dice, Faults};
use homeward_tests::deaths::Deaths;
use homeward_tests::journey::{ANSWERS, Journey};
use homeward_tests::organisation::text;
use homeward_tests::photo::{Exif, Photo};
use homeward_tests::session::{self, Phase};

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
    let arrived = std::fs::read(files.join("photo-1.jpg")).unwrap();
    assert!(arrived == std::fs::read(clean).unwrap(), "the photo changed on its way");
}

fn seeded() -> Dice {
    println!("seed {SEED}");
    Dice::new(SEED)
}

fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap()
}

const SEED: u64 = 20_261_122;
