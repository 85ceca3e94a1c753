//! The clock, as a value: everything that depends on time is told the time.

use crate::forms::Moment;

/// Tells the time.
pub trait Clock: Send + Sync {
    /// Now, and how far local time is ahead of UTC.
    fn now(&self) -> Moment;
}

/// The device's own clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Moment {
        let now = chrono::Local::now();
        Moment {
            unix_ms: now.timestamp_millis(),
            offset_minutes: now.offset().local_minus_utc() / 60,
        }
    }
}
