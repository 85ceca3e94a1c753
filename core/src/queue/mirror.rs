//! What nobody opens in time also goes to a mirror, and words go once more.
//!
//! A server can say "complete" and discard, be away, or nobody may look into it. So the deadline
//! runs for each part, from when the organisation could have had it (`tried_at_ms`), and only
//! *opened* stops it: no word of a server does. The upload at the other place stays as it is; the
//! desk drops the twin.
//!
//! Nothing lists the organisation's answers, a reply, a recall or a first minute that came alone.
//! If the server throws one away the desk can't miss it, and has nothing new to say in a receipt.
//! So words that are at every place and that no receipt named go again from the start, after the
//! deadline, then after twice that, and so on: a desk that sleeps over a weekend costs a few small
//! twins. Files do not: the answers list them, and so a receipt says that they are missing. Where
//! that receipt may be older than the file (`believe`), it counts after the deadline.

use rusqlite::Transaction;

use super::rows::{self, PartRow, PartSecret, PartState, RESCUED};
use crate::brand::Pack;
use crate::error::Result;
use crate::tus::{Memory, Reason};
use crate::vault::cell::CellKey;

/// Sends the parts on that were not opened by the deadline.
pub(super) fn advance(
    transaction: &Transaction<'_>,
    key: &CellKey,
    pack: &Pack,
    now_ms: i64,
) -> Result<()> {
    let (server, places) = (pack.organisation.fingerprint(), pack.mirrors.len() as u32 + 1);
    let within_ms = pack.deadlines.receipt_ms();
    for mut row in rows::all(transaction)? {
        let mut secret = row.secret(key)?;
        let late_by = late_by(&secret, within_ms, now_ms);
        if row.server != server || late_by < 0 {
            continue;
        }
        if let Some(place) = next_place(&row, places) {
            move_to(place, &mut row, &mut secret);
        } else if goes_again(&row, &secret, within_ms, late_by) {
            secret.elsewhere.clear();
            row.place = 0;
            begin_again(&mut row, &mut secret);
        } else {
            continue;
        }
        row.update(transaction, key, &secret)?;
    }
    Ok(())
}

/// For how long a part has waited to be opened beyond the deadline; negative before it.
fn late_by(secret: &PartSecret, within_ms: i64, now_ms: i64) -> i64 {
    secret.tried_at_ms.map_or(-1, |at| now_ms.saturating_sub(at).saturating_sub(within_ms))
}

/// Whether a part that is at every place goes once more: each time that it did, it waits for twice
/// as long.
fn goes_again(row: &PartRow, secret: &PartSecret, within_ms: i64, late_by: i64) -> bool {
    const DOUBLINGS: u32 = 6;
    let patience = within_ms.saturating_mul((1 << secret.memory.starts.missing.min(DOUBLINGS)) - 1);
    // What was rescued from damage is of a report that is not known: no receipt will ever name it.
    row.state == PartState::Stored
        && secret.report != RESCUED
        && (!secret.kind.is_file() || secret.missing)
        && late_by >= patience
}

/// Where a late part goes next. A stored one goes to each mirror once; one that does not get
/// through tries each place in turn. A parked one waits for the person.
fn next_place(row: &PartRow, places: u32) -> Option<u32> {
    let next = row.place.saturating_add(1);
    match row.state {
        PartState::Stored => (next < places).then_some(next),
        PartState::Waiting => (places > 1).then_some(if next < places { next } else { 0 }),
        _ => None,
    }
}

/// Takes up the upload at `place`, or begins one there.
fn move_to(place: u32, row: &mut PartRow, secret: &mut PartSecret) {
    let starts = secret.memory.starts;
    let known = secret.elsewhere.remove(&place);
    let fresh = known.is_none();
    let left = std::mem::replace(&mut secret.memory, known.unwrap_or_default());
    secret.elsewhere.insert(row.place, left);
    secret.memory.starts = starts;
    if fresh {
        secret.memory.starts.mirror += 1;
    }
    secret.memory.forgive();
    secret.tried_at_ms = None;
    secret.step = None;
    row.place = place;
    row.state = PartState::Waiting;
    row.sent = secret.memory.offset.min(row.bytes);
    (row.reason, row.next_try_at_ms) = (None, 0);
}

/// The organisation could have had the part from now on: it is stored, or its server was tried.
pub(super) fn note_try(secret: &mut PartSecret, why_not: Option<Reason>, now_ms: i64) {
    use Reason::{CaptivePortal, NoNetwork, ProxyDown, ProxyRefused, WrongClock};
    let on_our_side = [NoNetwork, CaptivePortal, WrongClock, ProxyDown, ProxyRefused];
    if why_not.is_none_or(|reason| !on_our_side.contains(&reason)) {
        secret.tried_at_ms.get_or_insert(now_ms);
        secret.first_tried_at_ms.get_or_insert(now_ms);
    }
}

/// The others that would have gone the same way were tried in vain with it.
pub(super) fn note_closed_way(
    transaction: &Transaction<'_>,
    key: &CellKey,
    tried: &PartRow,
    why: Reason,
    now_ms: i64,
) -> Result<()> {
    for row in rows::all(transaction)? {
        let with_it = row.server == tried.server && row.place == tried.place && row.id != tried.id;
        if with_it && row.state == PartState::Waiting {
            let mut secret = row.secret(key)?;
            if secret.tried_at_ms.is_none() {
                note_try(&mut secret, Some(why), now_ms);
                row.update(transaction, key, &secret)?;
            }
        }
    }
    Ok(())
}

/// The server said that it had every byte. It has not: once more, from the start.
pub(super) fn begin_again(row: &mut PartRow, secret: &mut PartSecret) {
    let starts = secret.memory.starts;
    secret.memory = Memory { starts, ..Memory::default() };
    secret.memory.starts.missing += 1;
    secret.forget_receipts();
    (secret.step, secret.tried_at_ms) = (None, None);
    (row.state, row.sent) = (PartState::Waiting, 0);
    (row.reason, row.next_try_at_ms) = (None, 0);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::forms::Audience;
    use crate::ids::{Digest, ReportId};
    use crate::seal::PartKind;

    /// Whether a part that is at every place goes again so long after the deadline, in deadlines.
    fn again(kind: PartKind, times: u32, deadlines: i64) -> bool {
        again_of(ReportId::from([7; 16]), kind, times, deadlines)
    }

    fn again_of(report: ReportId, kind: PartKind, times: u32, deadlines: i64) -> bool {
        let sha256 = Digest::from([0; 32]);
        let mut secret = PartSecret::new(report, kind, vec![Audience::Organisation], 1, sha256);
        secret.memory.starts.missing = times;
        let row = PartRow { state: PartState::Stored, ..PartRow::waiting(kind, 9) };
        goes_again(&row, &secret, 60_000, 60_000 * deadlines)
    }

    #[test]
    fn words_that_nobody_named_go_again_ever_more_seldom_and_files_never() {
        use PartKind::{Answers, Face, FirstMinute, Medium, Original, Recall, Reply};
        for kind in [Answers, Face, FirstMinute, Recall, Reply] {
            assert!(again(kind, 0, 0) && !again(kind, 0, -1), "{kind:?}");
            assert!(again(kind, 1, 1) && !again(kind, 1, 0));
            assert!(again(kind, 3, 7) && !again(kind, 3, 6));
            assert!(again(kind, u32::MAX, 63) && !again(kind, u32::MAX, 62));
        }
        assert!(!again_of(RESCUED, Answers, 0, 1_000), "nobody can name it");
        assert!(!again(Medium, 0, 1_000) && !again(Original, 0, 1_000));
    }
}
