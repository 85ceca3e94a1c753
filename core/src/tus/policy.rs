//! How patient and how greedy an upload is: plain numbers, so that tests can use other ones.

use std::time::Duration;

/// The numbers of the machine. The default ones are for real networks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    /// The first wait after a failure; each further one doubles it.
    pub backoff_base: Duration,
    /// No wait is longer than this, unless the server asks for it.
    pub backoff_max: Duration,
    /// What a server can ask for at most by Retry-After. More would be a mistake or malice.
    pub retry_after_max: Duration,
    /// Parts up to this size go with the POST, where the server offers it.
    pub create_max: u64,
    /// The body of the first PATCH of an upload.
    pub patch_first: u64,
    /// No PATCH is made smaller than this on account of a buffering proxy.
    pub patch_min: u64,
    /// No PATCH is larger than this.
    pub patch_max: u64,
    /// The PATCH size doubles while a whole PATCH takes less time than this.
    pub patch_quick: Duration,
    /// An upload that expires within this time is not sent to any more.
    pub expiry_margin: Duration,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            backoff_base: Duration::from_secs(2),
            backoff_max: Duration::from_secs(600),
            retry_after_max: Duration::from_secs(24 * 3600),
            create_max: 64 << 10,
            // Small at first: on 20 kB/s the server confirms something after a few seconds, and
            // a proxy that buffers whole requests loses little. A good network grows it at once.
            patch_first: 256 << 10,
            patch_min: 64 << 10,
            patch_max: 8 << 20,
            patch_quick: Duration::from_secs(10),
            expiry_margin: Duration::from_secs(15),
        }
    }
}

impl Policy {
    /// How long to wait after the `failures`-th failure in a row, in milliseconds.
    ///
    /// Between half and the whole of an exponentially growing time. The jitter is drawn from
    /// `seed` (the random part id), so phones and parts that failed together come back apart,
    /// and the machine needs no source of randomness.
    pub fn backoff_ms(&self, failures: u32, seed: &str) -> i64 {
        let doublings = failures.saturating_sub(1).min(32);
        let whole = millis(self.backoff_base).saturating_mul(1 << doublings);
        let whole = whole.min(millis(self.backoff_max));
        let half = whole / 2;
        half + (mix(seed, failures) % (half.unsigned_abs() + 1)).cast_signed()
    }

    /// No wait that is decided is longer than this.
    pub fn longest_wait_ms(&self) -> i64 {
        millis(self.retry_after_max.max(self.backoff_max))
    }
}

/// A duration in the unit of this room's times.
pub(super) fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

/// Spreads a part id and a count over all 64 bits (FNV-1a, then the end of splitmix64).
fn mix(seed: &str, count: u32) -> u64 {
    let bytes = seed.bytes().chain(count.to_le_bytes());
    let mut hash = bytes.fold(0xcbf2_9ce4_8422_2325, |hash: u64, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    });
    hash = (hash ^ (hash >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    hash = (hash ^ (hash >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    hash ^ (hash >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_stay_between_half_and_the_whole_of_a_doubling_time_and_under_the_cap() {
        let policy = Policy::default();
        for failures in 1..200 {
            let whole = (2000_i64 << (failures - 1).min(20)).min(600_000);
            let wait = policy.backoff_ms(failures, "5eed");
            assert!((whole / 2..=whole).contains(&wait), "{wait} after {failures}");
        }
        assert!(policy.backoff_ms(u32::MAX, "5eed") <= 600_000);
    }

    #[test]
    fn two_parts_that_fail_together_come_back_apart() {
        let policy = Policy::default();
        let waits: std::collections::HashSet<i64> =
            (0..100).map(|part| policy.backoff_ms(5, &format!("{part:032x}"))).collect();
        assert!(waits.len() > 90, "only {} different waits", waits.len());
    }
}
