//! Nothing is lost and nothing is twice: a phone that sends is killed in every phase.

#![allow(clippy::print_stdout, reason = "a seed and the deaths belong to what a run tells")]

use homeward_tests::sending::{self, Phase};

#[test]
fn kill_9_in_every_phase_of_sending_loses_nothing_and_doubles_nothing() {
    println!("seed {SEED}");
    let deaths = sending::killed(SEED, 100, &mut |line| println!("{line}"));
    deaths.were_real();
    deaths.were_in(Phase::ALL.map(Phase::name));
}

const SEED: u64 = 20_261_126;
