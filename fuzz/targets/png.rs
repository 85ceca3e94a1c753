//! PNG and APNG: their walker and the reader of their facts.
#![no_main]

use homeward_fuzz::{check, mutate, seeds};
use libfuzzer_sys::{fuzz_mutator, fuzz_target};

fuzz_target!(|data: &[u8]| check::media(data));

fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
    mutate::with_seeds(data, size, max_size, seed, &seeds::png(), mutate::chunks)
});
