//! Reports on their way, whose phone is killed with SIGKILL in every phase of sending: while it
//! seals, in a POST, in a PATCH, between two requests, and while it fetches receipts.
//!
//! A front stands before the desk's server and holds a request where the kill is to find it; other
//! kills come some moments after an answer, where nobody holds anything. In the end each report is
//! at the desk once, with each of its parts once, and its phone has a receipt for it.

use std::path::PathBuf;
use std::thread::sleep;
use std::time::{Duration, Instant};

use fault_proxy::Dice;
use fault_proxy::front::{Fault, Front, Plan, Seen};

use crate::deaths::Deaths;
use crate::journey::{ANSWERS, Journey};
use crate::photo::{Exif, Photo};
use crate::programs::text;

/// What a phone is doing when it dies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Its report becomes sealed parts and rows.
    Seal,
    /// It asks for an upload; small parts go along.
    Post,
    /// It sends bytes.
    Patch,
    /// It has an answer, and does what follows.
    Between,
    /// It fetches a receipt, or believes one.
    Receipt,
}

impl Phase {
    /// All of them, in the order in which a report meets them.
    pub const ALL: [Self; 5] = [Self::Seal, Self::Post, Self::Between, Self::Patch, Self::Receipt];

    /// What it is called.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Seal => "seal",
            Self::Post => "POST",
            Self::Patch => "PATCH",
            Self::Between => "between",
            Self::Receipt => "receipt",
        }
    }
}

/// Kills a phone that sends reports `kills` times, a hundred for each phone; the same seed asks for
/// the same moments. `tell` hears how it goes.
///
/// # Panics
/// Something was lost, or is at the desk twice.
pub fn killed(seed: u64, kills: u32, tell: &mut dyn FnMut(&str)) -> Deaths {
    let mut deaths = Deaths::default();
    for begun in (0..kills).step_by(100) {
        let mut sending = Sending::begin(seed.wrapping_add(u64::from(begun)), deaths);
        for phase in Phase::ALL {
            sending.kill_in(phase, (kills - begun).min(100) / 5);
        }
        deaths = sending.bring_home();
        tell(&deaths.in_words());
    }
    deaths
}

struct Sending {
    journey: Journey,
    photo: PathBuf,
    dice: Dice,
    seed: u64,
    /// Every report that was begun.
    reports: Vec<String>,
    /// One whose sealing was killed and left no trace.
    unsealed: Option<String>,
    /// How long sealing takes, in microseconds, if nobody kills it.
    usual: u64,
    deaths: Deaths,
}

impl Sending {
    fn begin(seed: u64, deaths: Deaths) -> Self {
        let journey = Journey::begin_behind(Plan::perfect());
        let photo = Photo { width: 500, height: 500, ..Photo::small(Exif::example()) };
        let photo = journey.photo("photo.jpg", &photo);
        let dice = Dice::new(seed);
        let (reports, unsealed, usual) = (Vec::new(), None, 0);
        let mut sending = Self { journey, photo, dice, seed, reports, unsealed, usual, deaths };
        let id = sending.draft();
        let start = Instant::now();
        sending.journey.phone.ask(&["send", &id]).unwrap();
        sending.usual = micros(start.elapsed()) * 3 / 4;
        sending
    }

    /// A report that is ready to be sealed.
    fn draft(&mut self) -> String {
        let id = self.journey.draft(&ANSWERS);
        self.journey.phone.ask(&["attach", &id, text(&self.photo).unwrap()]).unwrap();
        self.reports.push(id.clone());
        id
    }

    fn kill_in(&mut self, phase: Phase, kills: u32) {
        if phase == Phase::Receipt {
            self.run_until("stored");
            self.journey.organisation.desk.ask(&["collect"]).unwrap();
        }
        let (mut done, mut tries) = (0, 0);
        while done < kills {
            tries += 1;
            assert!(tries <= kills * 4 + 20, "{}: too few kills", self.told(phase));
            done += u32::from(match phase {
                Phase::Seal => self.kill_sealing(),
                _ => self.kill_sending(phase),
            });
        }
        if let Some(id) = self.unsealed.take() {
            self.seal(&id, true);
        }
        self.front().set(Plan::perfect());
    }

    /// Kills a sealing: the report is sealed then, or a draft as before. Many a draft is killed
    /// more than once.
    fn kill_sealing(&mut self) -> bool {
        let id = self.unsealed.take().unwrap_or_else(|| self.draft());
        let moment = self.dice.below(self.usual);
        let running = self.journey.phone.start(&["send", &id]).unwrap();
        sleep(Duration::from_micros(moment));
        let (status, heard) = running.kill_and_hear().unwrap();
        let too_late = status.success();
        assert!(too_late || status.code().is_none(), "{}: {status}", self.told(Phase::Seal));
        // So most kills find it alive, many of them at its end, on a busy and on an idle machine.
        self.usual = if too_late { moment.max(2) / 2 } else { self.usual * 51 / 50 + 1 };
        self.deaths.count(Phase::Seal.name(), status);
        let is_draft = self.journey.status(&id)["state"] == "draft";
        assert!(!is_draft || heard.is_empty(), "{}: sealed, and gone", self.told(Phase::Seal));
        if is_draft && self.dice.percent(70) {
            self.unsealed = Some(id);
        } else {
            self.seal(&id, is_draft);
        }
        true
    }

    /// Seals what is a draft; what is sealed has nothing new.
    fn seal(&self, id: &str, is_draft: bool) {
        match self.journey.phone.ask(&["send", id]) {
            Ok(_) => assert!(is_draft, "{}: sealed twice", self.told(Phase::Seal)),
            Err(refusal) => {
                assert!(!is_draft, "{}: {refusal}", self.told(Phase::Seal));
                assert_eq!(refusal.message_id(), Some("refused-nothing-new"));
            }
        }
    }

    /// Lets the phone send until it is where it is to die. False when it came to its end before.
    fn kill_sending(&mut self, phase: Phase) -> bool {
        let trap = Trap::set(phase, &mut self.dice);
        self.front().set(trap.plan());
        let before = self.front().seen().len();
        let mut run = self.journey.start_run();
        let sprung = |seen: &[Seen]| trap.is_sprung(&seen[before..]);
        while !self.front().until(Duration::from_millis(50), sprung) {
            if run.ended().unwrap().is_some() {
                self.feed(phase);
                return false;
            }
        }
        sleep(Duration::from_micros(trap.after));
        let status = run.kill().unwrap();
        assert!(status.success() || status.code().is_none(), "{}: {status}", self.told(phase));
        self.deaths.count(phase.name(), status);
        true
    }

    /// There was too little left to die in.
    fn feed(&mut self, phase: Phase) {
        let id = self.draft();
        self.journey.phone.ask(&["send", &id]).unwrap();
        if phase == Phase::Receipt {
            self.run_until("stored");
            self.journey.organisation.desk.ask(&["collect"]).unwrap();
        }
    }

    /// Nobody dies any more: every report is at the desk once, and so is each part.
    fn bring_home(mut self) -> Deaths {
        self.run_until("stored");
        self.journey.organisation.desk.ask(&["collect"]).unwrap();
        self.run_until("opened");
        assert_eq!(self.journey.reports_at_the_desk(), self.reports.len(), "seed {}", self.seed);
        for id in &self.reports {
            self.journey.each_part_is_there_once(id, &format!("seed {}", self.seed));
        }
        std::mem::take(&mut self.deaths)
    }

    fn run_until(&self, state: &str) {
        self.front().set(Plan::perfect());
        let reports: Vec<&str> = self.reports.iter().map(String::as_str).collect();
        self.journey.run_until(&reports, state);
    }

    fn front(&self) -> &Front {
        self.journey.organisation.front.as_ref().unwrap()
    }

    fn told(&self, phase: Phase) -> String {
        format!("seed {}, {}", self.seed, phase.name())
    }
}

/// Where a phone is to die.
struct Trap {
    phase: Phase,
    /// What holds it there, if anything does.
    hold: Option<Hold>,
    /// How many answers it gets before.
    answers: usize,
    /// How long it lives then, in microseconds.
    after: u64,
}

#[derive(Clone, Copy)]
enum Hold {
    /// So many percent of the body are at the server.
    Body(u64),
    /// The server has done it all.
    Answer,
}

impl Trap {
    fn set(phase: Phase, dice: &mut Dice) -> Self {
        let hold = match dice.below(10) {
            _ if phase == Phase::Between => None,
            0..4 => Some(Hold::Body(dice.below(100))),
            4..7 => Some(Hold::Answer),
            _ => None,
        };
        let after = if hold.is_some() { 0 } else { dice.below(8_000) };
        Self { phase, hold, answers: 1 + dice.below(3) as usize, after }
    }

    fn plan(&self) -> Plan {
        let (phase, mut hold) = (self.phase, self.hold);
        Plan::of(move |seen| {
            if !is_of(phase, seen) {
                return None;
            }
            Some(match hold.take()? {
                Hold::Body(percent) => Fault::StallBody(seen.length() * percent / 100),
                Hold::Answer => Fault::StallAnswer(0),
            })
        })
    }

    fn is_sprung(&self, seen: &[Seen]) -> bool {
        let mut of_phase = seen.iter().filter(|seen| is_of(self.phase, seen));
        match (self.hold, self.phase) {
            (Some(_), _) => of_phase.any(|seen| seen.hit.is_some()),
            (None, Phase::Between) => {
                seen.iter().filter(|seen| seen.status.is_some()).count() >= self.answers
            }
            (None, Phase::Receipt) => of_phase.any(|seen| seen.status.is_some()),
            (None, _) => of_phase.next().is_some(),
        }
    }
}

fn is_of(phase: Phase, seen: &Seen) -> bool {
    match phase {
        Phase::Post => seen.method() == "POST",
        Phase::Patch => seen.method() == "PATCH",
        Phase::Receipt => seen.method() == "GET",
        Phase::Seal | Phase::Between => true,
    }
}

fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap()
}
