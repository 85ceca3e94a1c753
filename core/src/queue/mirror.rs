//! What nobody opens in time also goes to a mirror.
//!
//! A server can say "complete" and discard, be away, or nobody may look into it. So the deadline
//! runs for each part, from when the organisation could have had it (`tried_at_ms`), and only
//! *opened* stops it: no word of a server does. The upload at the other place stays as it is; the
//! desk drops the twin.

use rusqlite::Transaction;

use super::rows::{self, PartRow, PartSecret, PartState};
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
    for mut row in rows::all(transaction)? {
        let mut secret = row.secret(key)?;
        if row.server == server && is_late(&secret, pack, now_ms) {
            let Some(place) = next_place(&row, places) else { continue };
            move_to(place, &mut row, &mut secret);
            row.update(transaction, key, &secret)?;
        }
    }
    Ok(())
}

fn is_late(secret: &PartSecret, pack: &Pack, now_ms: i64) -> bool {
    let since = secret.tried_at_ms;
    since.is_some_and(|since| now_ms.saturating_sub(since) >= pack.deadlines.receipt_ms())
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

/// A part begun again from nothing at the same place.
pub(super) fn begin_again(secret: &mut PartSecret) {
    let starts = secret.memory.starts;
    secret.memory = Memory { starts, ..Memory::default() };
    secret.memory.starts.missing += 1;
    secret.step = None;
    secret.tried_at_ms = None;
}
