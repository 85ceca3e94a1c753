//! Whole reports, sent by `phone` processes through troubles to our own server, opened at the desk.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use fault_proxy::Dice;
use fault_proxy::front::{Fault, How, Plan, Seen};
use homeward_tests::journey::{ANSWERS, Journey, Sent, string};
use homeward_tests::photo::{Exif, Photo};
use serde_json::Value;

/// What came of it.
pub(crate) struct Reports {
    pub(crate) parts: usize,
    pub(crate) injected: BTreeMap<String, u64>,
}

/// Sends so many reports, six from each phone, some phones beside each other. Each part is at its
/// desk once in the end, and its phone knows.
pub(crate) fn reports(seed: u64, reports: u64) -> Vec<Reports> {
    let (phones, next) = (reports.div_ceil(6), AtomicU64::new(0));
    let told = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..BESIDE {
            scope.spawn(|| {
                loop {
                    let phone = next.fetch_add(1, Ordering::Relaxed);
                    if phone >= phones {
                        break;
                    }
                    let some = (reports - phone * 6).min(6);
                    let group = of_one_phone(seed ^ phone, usize::try_from(some).unwrap());
                    told.lock().unwrap().push(group);
                }
            });
        }
    });
    told.into_inner().unwrap()
}

fn of_one_phone(seed: u64, reports: usize) -> Reports {
    let journey = Journey::begin_behind(troubled(seed));
    let photo = Photo { width: 260, height: 260, ..Photo::small(Exif::example()) };
    let photo = journey.photo("photo.jpg", &photo);
    let sent: Vec<Sent> = (0..reports).map(|_| journey.send(&ANSWERS, &photo)).collect();
    run_until(&journey, &sent, "stored");
    journey.organisation.desk.ask(&["collect"]).unwrap();
    let front = journey.organisation.front.as_ref().unwrap();
    let injected = front.injected();
    front.set(Plan::perfect());
    run_until(&journey, &sent, "opened");

    assert_eq!(journey.reports_at_the_desk(), reports, "seed {seed}");
    for report in &sent {
        let shown = journey.organisation.desk.ask(&["show", &report.id]).unwrap();
        let mut opened: Vec<String> = shown["parts"]
            .as_array()
            .unwrap()
            .iter()
            .map(|part| {
                assert_eq!(part["state"], "opened", "seed {seed}: {shown:#}");
                string(&part["part"])
            })
            .collect();
        let mut wanted: Vec<String> = report.parts.iter().map(|(part, _)| part.clone()).collect();
        opened.sort();
        wanted.sort();
        assert_eq!(opened, wanted, "seed {seed}: each part once");
    }
    let parts = sent.iter().map(|report| report.parts.len()).sum();
    Reports { parts, injected }
}

/// A phone runs until each report is `state`. How often is bounded, not how long.
fn run_until(journey: &Journey, sent: &[Sent], state: &str) {
    for _ in 0..60 {
        journey.phone.lines(&["run", "--for", "20"]).unwrap();
        let status = journey.phone.ask(&["status"]).unwrap();
        let states: BTreeMap<&str, &str> = status
            .as_array()
            .unwrap()
            .iter()
            .filter_map(|report: &Value| Some((report["id"].as_str()?, report["state"].as_str()?)))
            .collect();
        if sent.iter().all(|report| states.get(report.id.as_str()) == Some(&state)) {
            return;
        }
    }
    panic!("not {state}: {:#}", journey.phone.ask(&["status"]).unwrap());
}

/// Every other request has an accident, for a while: a phone waits seconds after some of them.
fn troubled(seed: u64) -> Plan {
    let mut dice = Dice::new(seed);
    let mut left = 40;
    Plan::of(move |seen: &Seen| {
        if left == 0 || dice.percent(50) {
            return None;
        }
        left -= 1;
        let how = if dice.percent(50) { How::Close } else { How::Reset };
        let in_body = dice.below(seen.length().max(1));
        Some(match dice.below(7) {
            0 => Fault::CutBody(in_body, how),
            1 | 2 => Fault::LoseAnswer(how),
            3 => Fault::CutAnswer(dice.below(100), how),
            4 => Fault::DoubleAnswer,
            5 => Fault::Interim,
            _ => Fault::Says { status: 409, tus: true, retry_after: None },
        })
    })
}

/// Phones at one time.
const BESIDE: usize = 6;
