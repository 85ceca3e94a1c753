//! What is inside a sealed part, as the organisation opens it.
#![no_main]

use homeward_fuzz::{check, mutate, seeds};
use libfuzzer_sys::{fuzz_mutator, fuzz_target};

fuzz_target!(|data: &[u8]| check::part(data));

fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
    mutate::with_seeds(data, size, max_size, seed, &seeds::part(), mutate::nothing)
});
