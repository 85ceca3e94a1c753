//! Uploads to real servers through every fault: lost and doubled answers, cuts, resets, silence,
//! portals, collecting proxies, lies, wrong certificates, a line of 20 kB/s with 600 ms. Nothing is
//! lost, nothing is twice, and no byte is sent again without a cause.
//!
//! The environment plays it again, or at length: `UPLOADS` and `SEED` (`cargo xtask soak uploads`
//! sets them), and `ONLY` with the number that a failure tells.

#![allow(clippy::unwrap_used, reason = "a test that cannot set up its world has failed")]
#![allow(
    clippy::print_stdout,
    reason = "the seed and what was injected belong to what a run tells"
)]

mod faults_support;
mod net_support;

use std::fmt::Debug;
use std::str::FromStr;

use faults_support::{World, reports};

#[test]
fn every_fault_at_every_real_server_ends_with_each_part_there_once() {
    let uploads: usize = given("UPLOADS").unwrap_or(300);
    let seed: u64 = given("SEED").unwrap_or(SEED);
    println!("seed {seed}, {uploads} uploads");
    let world = World::start();
    if let Some(only) = given("ONLY") {
        return world.play_one(seed, only).assert_kept(false);
    }
    // Eight of a hundred are the parts of whole reports, five parts each.
    let (whole, alone) = (uploads / 60, uploads - uploads / 60 * 5);
    let (tally, told) = std::thread::scope(|scope| {
        let told = scope.spawn(move || reports(seed, whole));
        (world.play(seed, alone, BESIDE), told.join().unwrap())
    });
    println!("{}", tally.in_words());
    let parts: usize = told.iter().map(|group| group.parts).sum();
    println!("and {parts} parts of {whole} reports, each opened once, through:");
    for group in &told {
        println!("  {:?}", group.injected);
    }
    tally.assert_kept(true);
    let all = tally.uploads + parts;
    assert!(all >= uploads, "{all} uploads");
}

fn given<T: FromStr<Err: Debug>>(name: &str) -> Option<T> {
    std::env::var(name).ok().map(|value| value.parse().unwrap())
}

/// At one time. Most of them wait most of the time.
const BESIDE: usize = 24;

const SEED: u64 = 20_261_126;
