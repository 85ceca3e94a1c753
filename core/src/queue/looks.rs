//! When to look for a receipt: often at first, then slower, and never at a time that two phones or
//! two reports of one phone share.

use crate::crypto::make_bytes;

const MINUTE_MS: i64 = 60_000;
const HOUR_MS: i64 = 60 * MINUTE_MS;
const DAY_MS: i64 = 24 * HOUR_MS;

/// After so long nobody asks about a report any more; it is looked for only when it waits.
const CARES_MS: i64 = 60 * DAY_MS;

/// When to look next after a look at `now_ms` while nobody looks at the app: about every quarter of
/// an hour for a day after something was sealed, then daily.
pub(super) fn next_in_background(now_ms: i64, sealed_at_ms: i64) -> i64 {
    background(now_ms, sealed_at_ms, make_bytes::<2>())
}

fn background(now_ms: i64, sealed_at_ms: i64, dice: [u8; 2]) -> i64 {
    let is_fresh = now_ms.saturating_sub(sealed_at_ms) < DAY_MS;
    let usual = if is_fresh { 15 * MINUTE_MS } else { DAY_MS };
    now_ms.saturating_add(jittered(usual, dice))
}

/// When to look next after a look at `asked_at_ms` while the app is open: about every minute. The
/// row's random `id` spreads the reports.
pub(super) fn next_while_open(asked_at_ms: i64, id: &[u8; 16]) -> i64 {
    asked_at_ms.saturating_add(jittered(MINUTE_MS, [id[0], id[1]]))
}

/// Whether a report is looked for when a person has started the run.
pub(super) fn is_cared_for(now_ms: i64, sealed_at_ms: i64) -> bool {
    now_ms.saturating_sub(sealed_at_ms) < CARES_MS
}

/// From three quarters of `usual` to five quarters.
fn jittered(usual: i64, dice: [u8; 2]) -> i64 {
    usual * 3 / 4 + usual / 2 * i64::from(u16::from_be_bytes(dice)) / i64::from(u16::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn looks_slow_down_and_are_never_far_from_their_usual_time() {
        let sealed = 1_795_330_000_000;
        for dice in [[0, 0], [127, 3], [255, 255]] {
            let wait = |now: i64| background(now, sealed, dice) - now;
            let quarter = wait(sealed + HOUR_MS);
            assert!((11 * MINUTE_MS..=19 * MINUTE_MS).contains(&quarter), "{quarter}");
            let day = wait(sealed + DAY_MS);
            assert!((18 * HOUR_MS..=30 * HOUR_MS).contains(&day), "{day}");
            let open = next_while_open(sealed, &[dice[0]; 16]) - sealed;
            assert!((45_000..=75_000).contains(&open), "{open}");
        }
    }

    #[test]
    fn a_clock_that_was_set_makes_no_look_overflow() {
        for now in [i64::MIN, 0, i64::MAX] {
            assert!(background(now, 5, [255, 255]) >= now);
        }
    }
}
