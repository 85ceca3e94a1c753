//! What goes now, in which order, and why the rest waits: a pure function.

use std::collections::BTreeMap;

use super::rows::{PartRow, PartState};
use crate::ids::{Fingerprint, PartId};
use crate::tus::Reason;

/// The way to the outside that the phone has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Network {
    /// A network that costs nothing.
    #[default]
    Wifi,
    /// A network whose bytes cost money.
    Metered,
    /// None.
    None,
}

/// What the phone says of itself when it asks for a plan.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Conditions {
    /// The network.
    pub network: Network,
    /// Whether the person asked the phone to save its battery.
    pub battery_saver: bool,
    /// Whether nobody looks at the app: receipts are then looked for less often.
    pub in_background: bool,
}

/// What would be sent now, and what waits.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// These go now, in this order.
    pub due: Vec<Planned>,
    /// These wait, each with its reason.
    pub waiting: Vec<Planned>,
    /// When the first of those that wait for a time is due, Unix ms.
    pub next_at_ms: Option<i64>,
    /// When a receipt should be looked for next, Unix ms: a run then does it. None if nothing has
    /// arrived that a receipt could tell of.
    pub look_at_ms: Option<i64>,
}

/// A part in a plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Planned {
    /// The part.
    pub part: PartId,
    /// The length of its ciphertext.
    pub bytes: u64,
    /// Why it waits: a message id. None if it goes now.
    pub reason: Option<String>,
}

/// Plans what is sent under `conditions` at `now_ms`. Reads nothing but its arguments.
///
/// The most urgent first; of equally urgent ones the smallest; of equally small ones the oldest.
pub(crate) fn plan(rows: &[PartRow], conditions: Conditions, now_ms: i64) -> Plan {
    let mut plan = Plan::default();
    let mut open: Vec<&PartRow> = rows.iter().filter(|row| is_open(row)).collect();
    // The sort is stable, and the rows come in the order of sealing.
    open.sort_by_key(|row| (row.urgency, row.bytes));
    let closed = closed_ways(rows, now_ms);
    for row in open {
        let reason = waits_for(row, conditions, now_ms)
            .or_else(|| closed.get(&row.server).map(|reason| reason.message_id().to_owned()));
        let planned = Planned { part: row.id, bytes: row.bytes, reason: reason.clone() };
        if reason.is_none() {
            plan.due.push(planned);
        } else {
            plan.waiting.push(planned);
        }
        let waits_for_time = row.state == PartState::Waiting && row.next_try_at_ms > now_ms;
        if waits_for_time && plan.next_at_ms.is_none_or(|at| row.next_try_at_ms < at) {
            plan.next_at_ms = Some(row.next_try_at_ms);
        }
    }
    plan
}

fn is_open(row: &PartRow) -> bool {
    matches!(row.state, PartState::Waiting | PartState::Parked | PartState::Held)
}

/// Why a part does not go now.
fn waits_for(row: &PartRow, conditions: Conditions, now_ms: i64) -> Option<String> {
    if row.state != PartState::Waiting {
        return row.reason.clone();
    }
    match conditions.network {
        Network::None => return Some("waiting-no-network".into()),
        Network::Metered if row.wifi_only => return Some("waiting-for-wifi".into()),
        Network::Metered | Network::Wifi => {}
    }
    if conditions.battery_saver && row.wifi_only {
        return Some("waiting-for-battery".into());
    }
    if row.next_try_at_ms > now_ms {
        return row.reason.clone().or_else(|| Some("waiting-for-next-try".into()));
    }
    None
}

/// Whether a reason is about the way to the server, so that every part would meet the same.
pub(super) fn closes_the_way(reason: Reason) -> bool {
    matches!(
        reason,
        Reason::NoNetwork
            | Reason::NameNotFound
            | Reason::ServerUnreachable
            | Reason::CaptivePortal
            | Reason::TlsUntrusted
            | Reason::WrongClock
            | Reason::CertificateExpired
            | Reason::TlsFailed
            | Reason::ProxyDown
            | Reason::ProxyRefused
    )
}

/// The breaker: while one part waits because the way to its server is closed, the others of that
/// server do not try either.
fn closed_ways(rows: &[PartRow], now_ms: i64) -> BTreeMap<Fingerprint, Reason> {
    let waits =
        rows.iter().filter(|row| row.state == PartState::Waiting && row.next_try_at_ms > now_ms);
    let reason = |row: &PartRow| {
        let reason = Reason::from_message_id(row.reason.as_deref()?)?;
        closes_the_way(reason).then_some((row.server, reason))
    };
    waits.filter_map(reason).collect()
}
