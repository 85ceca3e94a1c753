//! How processes ended that a test killed: a kill that comes too late shows nothing.

use std::collections::BTreeMap;
use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;

/// How the processes ended, by what they were doing.
#[derive(Clone, Debug, Default)]
pub struct Deaths(BTreeMap<String, Ends>);

#[derive(Clone, Copy, Debug, Default)]
struct Ends {
    killed: u32,
    all: u32,
}

impl Deaths {
    /// A process that was doing `phase` has ended.
    pub fn count(&mut self, phase: &str, status: ExitStatus) {
        let ends = self.0.entry(phase.to_owned()).or_default();
        ends.all += 1;
        ends.killed += u32::from(status.signal() == Some(SIGKILL));
    }

    /// The processes that really died, in all phases and in each.
    #[must_use]
    pub fn in_words(&self) -> String {
        let Ends { killed, all } = self.total();
        let each =
            self.0.iter().map(|(phase, ends)| format!("{phase} {}/{}", ends.killed, ends.all));
        let each: Vec<String> = each.collect();
        format!("{killed} of {all} processes died by SIGKILL: {}", each.join(", "))
    }

    /// Four of five processes died by the signal, and in each phase at least one.
    ///
    /// # Panics
    /// They did not.
    pub fn were_real(&self) {
        let Ends { killed, all } = self.total();
        assert!(all > 0 && killed * 100 >= all * 80, "{}", self.in_words());
        assert!(self.0.values().all(|ends| ends.killed > 0), "{}", self.in_words());
    }

    /// Each of these phases was hit.
    ///
    /// # Panics
    /// One was not.
    pub fn were_in<'a>(&self, phases: impl IntoIterator<Item = &'a str>) {
        for phase in phases {
            assert!(self.0.contains_key(phase), "no kill in {phase}: {}", self.in_words());
        }
    }

    fn total(&self) -> Ends {
        self.0.values().fold(Ends::default(), |sum, ends| Ends {
            killed: sum.killed + ends.killed,
            all: sum.all + ends.all,
        })
    }
}

const SIGKILL: i32 = 9;

#[cfg(test)]
mod tests {
    use super::*;

    fn deaths(phases: &[(&str, i32)]) -> Deaths {
        let mut deaths = Deaths::default();
        for (phase, signal) in phases {
            deaths.count(phase, ExitStatus::from_raw(*signal));
        }
        deaths
    }

    #[test]
    fn four_of_five_by_the_signal_are_enough() {
        deaths(&[("set", 9), ("set", 9), ("set", 9), ("set", 9), ("set", 0)]).were_real();
    }

    #[test]
    #[should_panic(expected = "3 of 4")]
    fn three_of_four_are_not() {
        deaths(&[("set", 9), ("set", 9), ("set", 9), ("set", 0)]).were_real();
    }

    #[test]
    #[should_panic(expected = "attach 0/1")]
    fn a_phase_in_which_nobody_died_was_not_tested() {
        let set = [("set", 9); 9];
        deaths(&[&set[..], &[("attach", 0)]].concat()).were_real();
    }

    #[test]
    #[should_panic(expected = "no kill in delete")]
    fn a_phase_that_never_came_is_missed() {
        deaths(&[("set", 9)]).were_in(["set", "delete"]);
    }
}
