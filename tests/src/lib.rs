//! What tests, demo and benchmarks share: the real programs as processes, an organisation and a
//! phone that reports to it, photos and sounds made here, sessions that are killed, a recorder that
//! sees what a server sees, and a search for words that must be nowhere.

#![allow(clippy::unwrap_used, reason = "a test that can't set up its world has failed")]

pub mod bombs;
pub mod canary;
pub mod deaths;
pub mod journey;
pub mod not_run;
pub mod organisation;
pub mod peers;
pub mod photo;
pub mod programs;
pub mod recorder;
pub mod released;
pub mod sending;
pub mod session;
pub mod sound;
pub mod tls;
