//! A real tus server over real TLS on the loopback, with a moody gate in front of it, and a phone's
//! side that uploads to it. Shared by the `net_*` tests.

#![allow(dead_code, unused_imports, reason = "each test program uses a part of it")]
#![allow(clippy::unwrap_used, reason = "a test that cannot set up its world has failed")]

mod gate;
mod model;
mod phone;
mod server;
mod socks;

pub(crate) use gate::{Gate, Mood, Seen};
pub(crate) use model::{Fate, Model, World, policy};
pub(crate) use phone::{Phone, Row, closed_port, now_ms, part_bytes, quick};
pub(crate) use server::{Authority, TusServer};
pub(crate) use socks::Socks;
