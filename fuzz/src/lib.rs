//! What the fuzz targets share: the promises that every input must keep, the files that fuzzing
//! starts from, and changes that respect a format's structure, so that they reach behind its
//! lengths and checksums.
//!
//! No seed is stored: the mutator makes them in code, and libFuzzer keeps what finds new paths.

pub mod check;
mod fixtures;
pub mod mutate;
pub mod seeds;
