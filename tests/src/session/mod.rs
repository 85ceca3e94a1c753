//! A scripted session on a phone: typing, recording, attaching, sealing, deleting and locking, in
//! which each call is killed with SIGKILL at a random moment, as a battery that dies would end it.
//!
//! After each kill the phone is started again, and must have what it had before the call or what
//! the call was to bring about, and the latter if the call was acknowledged; and no file without a
//! row. What was typed while the phone was locked is looked at while it is locked, and again when
//! it is not.

mod check;
mod model;
mod script;

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::PathBuf;
use std::thread::sleep;
use std::time::{Duration, Instant};

use fault_proxy::{Dice, Faults};

use self::model::{Drafts, Effect};
pub use self::script::Phase;
use crate::deaths::Deaths;
use crate::journey::Journey;
use crate::organisation::copy_folder;
use crate::photo::{Exif, Photo};
use crate::programs::{Program, Programs, text};
use crate::sound::speech;

/// Kills the calls of a session `kills` times; the same seed plays the same calls. `tell` hears
/// how it goes.
///
/// # Panics
/// Something was lost, or left over.
pub fn killed(seed: u64, kills: u32, tell: &mut dyn FnMut(&str)) -> Deaths {
    let mut session = Session::begin(seed);
    for round in 1..=kills {
        session.round = round;
        session.step(Phase::at(round));
        if round % 100 == 0 {
            tell(&session.deaths.in_words());
        }
    }
    tell(&session.deaths.in_words());
    session.deaths
}

/// A phone, and what it must have.
struct Session {
    journey: Journey,
    dice: Dice,
    photo: PathBuf,
    /// What the microphone gives.
    sound: PathBuf,
    /// Two passphrases, each in its file.
    words: [PathBuf; 2],
    /// Which of them locks the phone.
    locked_by: Option<usize>,
    drafts: Drafts,
    /// The draft of an emergency.
    begun_while_locked: Option<String>,
    /// How long each phase takes, in microseconds, if nobody kills it.
    usual: BTreeMap<Phase, u64>,
    deaths: Deaths,
    round: u32,
}

/// A call that is going to be killed.
struct Call {
    arguments: Vec<String>,
    effect: Effect,
    /// The passphrase that is in force when it has come to its end.
    locked_by: Option<usize>,
}

impl Session {
    fn begin(seed: u64) -> Self {
        let journey = Journey::begin(Faults::default());
        let photo = journey.photo("photo.jpg", &Photo::small(Exif::example()));
        let words = ["first", "second"].map(|words| {
            let path = journey.folder.path().join(words);
            fs::write(&path, words).unwrap();
            path
        });
        let sound = journey.folder.path().join("sound");
        fs::write(&sound, speech(SPOKEN)).unwrap();
        Self {
            journey,
            dice: Dice::new(seed),
            photo,
            sound,
            words,
            locked_by: None,
            drafts: Drafts::new(),
            begun_while_locked: None,
            usual: BTreeMap::new(),
            deaths: Deaths::default(),
            round: 0,
        }
    }

    /// One phase: what it needs, the call that dies, and a look at what is there then.
    fn step(&mut self, phase: Phase) {
        self.prepare(phase);
        let call = self.call(phase);
        if phase == Phase::Wipe {
            return self.wipe(&call);
        }
        let phone = self.phone().clone();
        let acknowledged = self.kill(&phone, phase, &call);
        self.look(phase, &call, acknowledged);
    }

    /// Starts a call, kills it, and tells whether it was acknowledged before.
    fn kill(&mut self, phone: &Program, phase: Phase, call: &Call) -> bool {
        let arguments: Vec<&str> = call.arguments.iter().map(String::as_str).collect();
        let usual = match self.usual.get(&phase) {
            Some(usual) => *usual,
            None => self.measure(&arguments),
        };
        // The end is where it writes, so half of the kills fall there.
        let moment = match self.dice.percent(50) {
            true => self.dice.below(usual),
            false => usual * 3 / 4 + self.dice.below(usual / 4),
        };
        let start = Instant::now();
        let running = phone.start_with(&arguments, self.microphone()).unwrap();
        sleep(Duration::from_micros(moment));
        let lived = micros(start.elapsed());
        let (status, heard) = running.kill_and_hear().unwrap();
        let too_late = status.success();
        assert!(too_late || status.code().is_none(), "{}: refused: {status}", self.told(phase));
        // A kill that came too late draws the next ones nearer, one in time lets them come later:
        // so most find the process alive, and many at its end, on a machine that is busy or idle.
        self.usual.insert(phase, if too_late { lived / 2 } else { usual * 51 / 50 });
        self.deaths.count(phase.name(), status);
        too_late || !heard.is_empty()
    }

    /// How long a call takes at least, tried on copies of the phone.
    fn measure(&self, arguments: &[&str]) -> u64 {
        let tries = (0..2).map(|_| {
            let copy = self.copy();
            let start = Instant::now();
            copy.ask_with(arguments, self.microphone()).unwrap();
            micros(start.elapsed())
        });
        tries.min().unwrap() * 3 / 5
    }

    /// A copy of the phone, its device key included, in place of the copy before.
    fn copy(&self) -> Program {
        let place = self.journey.folder.path().join("copy");
        let copy = Programs::ready().phone(place.join("phone"));
        // There is none before the first.
        let _ = fs::remove_dir_all(&place);
        copy_folder(self.phone().home(), copy.home()).unwrap();
        fs::copy(device_key(self.phone()), device_key(&copy)).unwrap();
        copy
    }

    /// Only a recording listens to it.
    fn microphone(&self) -> File {
        File::open(&self.sound).unwrap()
    }

    fn phone(&self) -> &Program {
        &self.journey.phone
    }

    /// The option that opens the phone as it is locked now.
    fn unlocking(&self) -> Vec<&str> {
        match self.locked_by {
            Some(words) => vec!["--passphrase-file", text(&self.words[words]).unwrap()],
            None => Vec::new(),
        }
    }

    /// What a failure is told with.
    fn told(&self, phase: Phase) -> String {
        format!("kill {}, {}", self.round, phase.name())
    }
}

/// Frames that are recorded: more than stay in memory.
const SPOKEN: usize = 1_000;

/// The file of a phone's device key.
fn device_key(phone: &Program) -> PathBuf {
    let mut path = phone.home().as_os_str().to_owned();
    path.push(".device-key");
    path.into()
}

fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap()
}
