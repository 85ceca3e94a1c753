//! The troubles that an upload meets, drawn from a seed.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use fault_proxy::front::{Certificate, Does, Fault, How, Plan, Seen, Shows};
use fault_proxy::{Dice, Faults};
use homeward_tests::peers::Make;

/// What an upload is mainly about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Trouble {
    PostAnswerLost,
    PatchAnswerLost,
    AnswerDoubled,
    AnswerCut,
    AnswerStalled,
    InterimFirst,
    PortalPage,
    PortalRedirect,
    Buffered,
    LyingOffset,
    Says(u16, bool, Option<u32>),
    NoPatch(u16),
    BodyCut(How),
    BodyStalled,
    Shows(Certificate),
    SlowLine,
    LineCut,
    LineReset,
    LineStalled,
}

/// Every trouble. Each meets each server.
pub(crate) const ALL: [Trouble; 38] = {
    use Trouble::*;
    [
        PostAnswerLost,
        PatchAnswerLost,
        AnswerDoubled,
        AnswerCut,
        AnswerStalled,
        InterimFirst,
        PortalPage,
        PortalRedirect,
        Buffered,
        LyingOffset,
        Says(404, true, None),
        Says(409, true, None),
        Says(409, false, None),
        Says(410, true, None),
        Says(413, true, None),
        Says(413, false, None),
        Says(423, true, None),
        Says(423, true, Some(1)),
        Says(423, false, None),
        Says(429, true, None),
        Says(429, true, Some(1)),
        Says(429, false, Some(1)),
        Says(503, true, None),
        Says(503, true, Some(1)),
        Says(503, false, None),
        NoPatch(405),
        NoPatch(501),
        BodyCut(How::Close),
        BodyCut(How::Reset),
        BodyStalled,
        Shows(Certificate::WrongName),
        Shows(Certificate::Expired),
        Shows(Certificate::OtherKey),
        Shows(Certificate::Stranger),
        SlowLine,
        LineCut,
        LineReset,
        LineStalled,
    ]
};

impl Trouble {
    /// How many bytes the part has, so that the trouble can come.
    pub(crate) fn bytes(self, dice: &mut Dice) -> usize {
        let bytes = match self {
            Self::SlowLine => 20_000 + dice.below(20_000),
            // More than one PATCH, and more than a proxy holds.
            Self::Buffered | Self::Says(413, ..) => 300_000 + dice.below(300_000),
            // What goes with the POST is whole at once.
            Self::PatchAnswerLost | Self::NoPatch(_) | Self::LyingOffset => {
                70_000 + dice.below(400_000)
            }
            Self::Says(404 | 410, ..) => 70_000 + dice.below(400_000),
            Self::LineCut | Self::LineReset | Self::LineStalled => 30_000 + dice.below(500_000),
            _ => match dice.percent(30) {
                true => 1 + dice.below(64 << 10),
                false => 70_000 + dice.below(500_000),
            },
        };
        usize::try_from(bytes).unwrap()
    }

    /// What the front does; from the seed, half of the time, something else happens later on. A bad
    /// certificate is shown until `good` says that the phone has met it: on a machine with more to
    /// do than this test a stranger may knock at any port.
    pub(crate) fn plan(
        self,
        dice: &mut Dice,
        bytes: u64,
        make: Make,
        good: Arc<AtomicBool>,
    ) -> Plan {
        let shows: Shows = match self {
            Self::Shows(bad) => Box::new(move |_| match good.load(Ordering::SeqCst) {
                true => Certificate::Good,
                false => bad,
            }),
            _ => Box::new(|_| Certificate::Good),
        };
        let mut scripts: Vec<Script> = self.script(dice, bytes).into_iter().collect();
        if let (Self::NoPatch(_), Make::Node, Some(script)) = (self, make, scripts.first_mut()) {
            // This server does not know the disguise: nothing gets through until PATCH does.
            script.times = 6;
        }
        let calm = matches!(self, Self::Shows(_) | Self::SlowLine);
        if !calm && dice.percent(50) {
            scripts.push(later(dice, bytes));
        }
        let does: Does = Box::new(move |seen| scripts.iter_mut().find_map(|one| one.next(seen)));
        Plan { shows, does }
    }

    fn script(self, dice: &mut Dice, bytes: u64) -> Option<Script> {
        let how = if dice.percent(50) { How::Close } else { How::Reset };
        let few = 1 + dice.below(3);
        let in_body = dice.below(bytes.min(200_000));
        let (on, times, fault) = match self {
            Self::PostAnswerLost => (On::Creation, 1, Fault::LoseAnswer(how)),
            Self::PatchAnswerLost => (On::Bytes, few, Fault::LoseAnswer(how)),
            Self::AnswerDoubled => (On::Any, few, Fault::DoubleAnswer),
            Self::AnswerCut => (On::Any, few, Fault::CutAnswer(dice.below(120), how)),
            Self::AnswerStalled => (On::Any, 1, Fault::StallAnswer(dice.below(120))),
            Self::InterimFirst => (On::Any, u64::MAX, Fault::Interim),
            Self::PortalPage => (On::Any, few, Fault::PortalPage),
            Self::PortalRedirect => (On::Any, few, Fault::PortalRedirect),
            Self::Buffered => (On::Bytes, u64::MAX, Fault::Buffer(70_000 + dice.below(100_000))),
            Self::LyingOffset => (On::Bytes, 1, Fault::Lie(lie(dice))),
            Self::Says(status, tus, retry_after) => {
                let on = match status {
                    404 | 410 => On::Bytes,
                    // A proxy's limit stays, and the server's word is asked for once by a person.
                    413 if tus => return Some(Script::of(On::Bytes, 1, says(413, true, None))),
                    413 => On::Longer(100_000),
                    _ => On::Any,
                };
                let times = if status == 413 { u64::MAX } else { 1 + few / 3 };
                (on, times, says(status, tus, retry_after))
            }
            Self::NoPatch(status) => (On::PlainPatch, u64::MAX, says(status, false, None)),
            Self::BodyCut(how) => (On::Bodies, few, Fault::CutBody(in_body, how)),
            Self::BodyStalled => (On::Bodies, 1, Fault::StallBody(in_body)),
            Self::Shows(_)
            | Self::SlowLine
            | Self::LineCut
            | Self::LineReset
            | Self::LineStalled => return None,
        };
        Some(Script::of(on, times, fault))
    }

    /// What a front's tally calls it; none for what the line does.
    pub(crate) fn accident(self) -> Option<String> {
        let fault = match self {
            Self::PostAnswerLost | Self::PatchAnswerLost => Fault::LoseAnswer(How::Close),
            Self::AnswerDoubled => Fault::DoubleAnswer,
            Self::AnswerCut => Fault::CutAnswer(0, How::Close),
            Self::AnswerStalled => Fault::StallAnswer(0),
            Self::InterimFirst => Fault::Interim,
            Self::PortalPage => Fault::PortalPage,
            Self::PortalRedirect => Fault::PortalRedirect,
            Self::Buffered => Fault::Buffer(0),
            Self::LyingOffset => Fault::Lie(0),
            Self::Says(status, tus, retry_after) => says(status, tus, retry_after),
            Self::NoPatch(status) => says(status, false, None),
            Self::BodyCut(how) => Fault::CutBody(0, how),
            Self::BodyStalled => Fault::StallBody(0),
            Self::Shows(bad) => return Some(bad.name().to_owned()),
            Self::SlowLine | Self::LineCut | Self::LineReset | Self::LineStalled => return None,
        };
        Some(fault.name())
    }

    /// What the line to the front does, where it is about that.
    pub(crate) fn line(self, dice: &mut Dice) -> Option<impl FnMut(u64) -> Faults + Send + use<>> {
        let good = Faults::default();
        let slow = Faults { delay: Duration::from_millis(300), ..Faults::slow(20_000) };
        let mut dice = Dice::new(dice.roll());
        let few = 1 + dice.below(3);
        match self {
            Self::SlowLine | Self::LineCut | Self::LineReset | Self::LineStalled => {
                Some(move |connection: u64| match self {
                    Self::SlowLine => slow.clone(),
                    _ if connection >= few => good.clone(),
                    Self::LineStalled => stalled(&mut dice),
                    _ => cut(&mut dice, self == Self::LineReset),
                })
            }
            _ => None,
        }
    }
}

fn stalled(dice: &mut Dice) -> Faults {
    Faults { stall_up_after: Some(dice.below(30_000)), ..Faults::default() }
}

/// Towards the server anywhere, or towards the phone in what is little.
fn cut(dice: &mut Dice, reset: bool) -> Faults {
    let (up, down) = (Some(dice.below(30_000)), Some(dice.below(3_000)));
    match dice.percent(70) {
        true => Faults { reset, cut_up_after: up, ..Faults::default() },
        false => Faults { reset, cut_down_after: down, ..Faults::default() },
    }
}

fn says(status: u16, tus: bool, retry_after: Option<u32>) -> Fault {
    Fault::Says { status, tus, retry_after }
}

/// More than is there, and less.
fn lie(dice: &mut Dice) -> i64 {
    let by = i64::try_from(1 + dice.below(50_000)).unwrap();
    if dice.percent(50) { by } else { -by }
}

/// One more accident, after some requests.
fn later(dice: &mut Dice, bytes: u64) -> Script {
    let second = [
        Trouble::PatchAnswerLost,
        Trouble::AnswerDoubled,
        Trouble::AnswerCut,
        Trouble::PortalPage,
        Trouble::Says(409, true, None),
        Trouble::Says(503, false, None),
        Trouble::BodyCut(How::Close),
        Trouble::BodyCut(How::Reset),
    ];
    let chosen = *dice.pick(&second).unwrap();
    let after = 2 + dice.below(3);
    Script { after, ..chosen.script(dice, bytes).unwrap() }
}

/// The same accident for some requests.
struct Script {
    on: On,
    after: u64,
    times: u64,
    fault: Fault,
}

/// Which requests it is about.
#[derive(Clone, Copy)]
enum On {
    Any,
    Creation,
    /// PATCH, also in its disguise.
    Bytes,
    PlainPatch,
    /// Whatever carries bytes.
    Bodies,
    /// Whatever carries more bytes than this.
    Longer(u64),
}

impl Script {
    fn of(on: On, times: u64, fault: Fault) -> Self {
        Self { on, after: 0, times, fault }
    }

    fn next(&mut self, seen: &Seen) -> Option<Fault> {
        let fits = match self.on {
            On::Any => true,
            On::Creation => seen.method() == "POST",
            On::Bytes => seen.method() == "PATCH",
            On::PlainPatch => seen.head.word(0) == "PATCH",
            On::Bodies => seen.length() > 0,
            On::Longer(bytes) => seen.length() > bytes,
        };
        if !fits || seen.number < self.after || self.times == 0 {
            return None;
        }
        self.times -= 1;
        Some(self.fault.clone())
    }
}
