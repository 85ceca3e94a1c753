//! A brand pack that somebody signed.
#![no_main]

use homeward_fuzz::{check, mutate, seeds};
use libfuzzer_sys::{fuzz_mutator, fuzz_target};

fuzz_target!(|data: &[u8]| check::pack(data));

fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
    mutate::with_seeds(data, size, max_size, seed, &seeds::pack(), mutate::nothing)
});
