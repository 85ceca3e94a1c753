//! Whole reports, sent by `phone` processes through troubles to our own server, opened at the desk.

use std::collections::BTreeMap;
use std::sync::Mutex;

use fault_proxy::Dice;
use fault_proxy::front::{Fault, How, Plan, Seen};
use homeward_tests::journey::{ANSWERS, Journey, Sent, part_ids};
use homeward_tests::photo::{Exif, Photo};

use super::for_each;

/// What came of it.
pub(crate) struct Reports {
    pub(crate) parts: usize,
    pub(crate) injected: BTreeMap<String, u64>,
}

/// Sends so many reports, six from each phone, some phones beside each other. Each part is at its
/// desk once in the end, and its phone knows.
pub(crate) fn reports(seed: u64, reports: usize) -> Vec<Reports> {
    let told = Mutex::new(Vec::new());
    for_each(reports.div_ceil(6), BESIDE, |phone| {
        let some = (reports - phone * 6).min(6);
        let group = of_one_phone(seed ^ phone as u64, some);
        told.lock().unwrap().push(group);
    });
    told.into_inner().unwrap()
}

fn of_one_phone(seed: u64, reports: usize) -> Reports {
    let journey = Journey::begin_behind(troubled(seed));
    let photo = Photo { width: 260, height: 260, ..Photo::small(Exif::example()) };
    let photo = journey.photo("photo.jpg", &photo);
    let sent: Vec<Sent> = (0..reports).map(|_| journey.send(&ANSWERS, &photo)).collect();
    let ids: Vec<&str> = sent.iter().map(|report| report.id.as_str()).collect();
    journey.run_until(&ids, "stored");
    journey.organisation.desk.ask(&["collect"]).unwrap();
    let front = journey.organisation.front.as_ref().unwrap();
    let injected = front.injected();
    front.set(Plan::perfect());
    journey.run_until(&ids, "opened");

    assert_eq!(journey.reports_at_the_desk(), reports, "seed {seed}");
    for report in &sent {
        let mut sealed: Vec<&str> = report.parts.iter().map(|(part, _)| part.as_str()).collect();
        sealed.sort_unstable();
        assert_eq!(part_ids(&journey.status(&report.id)["parts"]), sealed, "seed {seed}");
        journey.each_part_is_there_once(&report.id, &format!("seed {seed}"));
    }
    let parts = sent.iter().map(|report| report.parts.len()).sum();
    Reports { parts, injected }
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
