//! What goes now, in which order, and why the rest waits: a pure function.

use std::collections::BTreeMap;

use super::rows::{PartRow, PartState};
use crate::brand::NetworkPolicy;
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
/// So the words of a new report go before the files of an older one.
pub(crate) fn plan(
    rows: &[PartRow],
    conditions: Conditions,
    policy: NetworkPolicy,
    now_ms: i64,
) -> Plan {
    let mut plan = Plan::default();
    let mut open: Vec<&PartRow> = rows.iter().filter(|row| is_open(row)).collect();
    // The sort is stable, and the rows come in the order of sealing.
    open.sort_by_key(|row| (row.urgency, row.bytes));
    let closed = closed_ways(rows, now_ms);
    for row in open {
        let reason = waits_for(row, conditions, policy, now_ms).or_else(|| closed_to(row, &closed));
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
fn waits_for(
    row: &PartRow,
    conditions: Conditions,
    policy: NetworkPolicy,
    now_ms: i64,
) -> Option<String> {
    if row.state != PartState::Waiting {
        return Some(row.reason.clone().unwrap_or_else(|| "state-parked".into()));
    }
    match conditions.network {
        Network::None => return Some("waiting-no-network".into()),
        Network::Metered if row.wifi_only && !policy.metered_media => {
            return Some("waiting-for-wifi".into());
        }
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
            | Reason::PinMismatch
            | Reason::TlsFailed
            | Reason::ProxyDown
            | Reason::ProxyRefused
    )
}

/// The reason of a part that the person lets go in spite of the server's other key.
pub(super) const PINS_WAIVED: &str = "waiting-pins-waived";

/// A server: the organisation's, or one of its mirrors.
type Way = (Fingerprint, u32);

/// Why the way to a part's server is closed, if it is.
fn closed_to(row: &PartRow, closed: &BTreeMap<Way, Reason>) -> Option<String> {
    let reason = *closed.get(&(row.server, row.place))?;
    let waived = row.reason.as_deref() == Some(PINS_WAIVED) && reason == Reason::PinMismatch;
    (!waived).then(|| reason.message_id().to_owned())
}

/// The breaker: while one part waits because the way to its server is closed, the others of that
/// server do not try either.
fn closed_ways(rows: &[PartRow], now_ms: i64) -> BTreeMap<Way, Reason> {
    let waits =
        rows.iter().filter(|row| row.state == PartState::Waiting && row.next_try_at_ms > now_ms);
    let reason = |row: &PartRow| {
        let reason = Reason::from_message_id(row.reason.as_deref()?)?;
        closes_the_way(reason).then_some(((row.server, row.place), reason))
    };
    waits.filter_map(reason).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::seal::PartKind;

    const NOW: i64 = 1_800_000_000_000;
    const LATER: i64 = NOW + 60_000;

    fn order(rows: &[PartRow]) -> Vec<PartId> {
        plan(rows, Conditions::default(), NetworkPolicy::default(), NOW).ids()
    }

    impl Plan {
        fn ids(&self) -> Vec<PartId> {
            self.due.iter().map(|part| part.part).collect()
        }
    }

    fn waits(row: PartRow, reason: Reason) -> PartRow {
        PartRow { next_try_at_ms: LATER, reason: Some(reason.message_id().into()), ..row }
    }

    #[test]
    fn a_new_reports_words_go_before_an_older_ones_files_and_small_files_before_large_ones() {
        use PartKind::{Answers, Face, FirstMinute, Medium, Original, Recall, Reply};
        let older = [(Medium, 9), (Original, 1), (Answers, 4)];
        let newer = [(Medium, 8), (Reply, 3), (Face, 9), (FirstMinute, 9), (Recall, 9)];
        let rows: Vec<PartRow> = older
            .iter()
            .chain(&newer)
            .map(|(kind, bytes)| PartRow::waiting(*kind, *bytes))
            .collect();
        let expected = [7, 6, 5, 4, 2, 3, 0, 1].map(|at: usize| rows[at].id);
        assert_eq!(order(&rows), expected);
        let twins = [PartRow::waiting(Medium, 5), PartRow::waiting(Medium, 5)];
        assert_eq!(order(&twins), [twins[0].id, twins[1].id], "the older first");
    }

    #[test]
    fn a_closed_way_holds_back_the_parts_of_that_server_and_of_no_other() {
        let part = || PartRow::waiting(PartKind::Answers, 1);
        let other = Fingerprint::from([8; 32]);
        for reason in Reason::ALL.into_iter().filter(|reason| !reason.parks()) {
            let rows = [
                waits(part(), reason),
                part(),
                PartRow { place: 1, ..part() },
                PartRow { server: other, ..part() },
            ];
            let through = if closes_the_way(reason) { 2 } else { 1 };
            assert_eq!(order(&rows), rows[through..].iter().map(|row| row.id).collect::<Vec<_>>());
        }
    }

    #[test]
    fn what_the_person_lets_go_in_spite_of_another_key_passes_that_and_no_other_closed_way() {
        let part = || PartRow::waiting(PartKind::FirstMinute, 1);
        let waived = || PartRow { reason: Some(PINS_WAIVED.into()), ..part() };
        let rows = [waits(part(), Reason::PinMismatch), waived(), part()];
        assert_eq!(order(&rows), [rows[1].id]);
        let rows = [waits(part(), Reason::NoNetwork), waived()];
        assert_eq!(order(&rows), []);
    }

    #[test]
    fn files_wait_for_wifi_or_the_charger_and_words_for_nothing() {
        let file = PartRow { wifi_only: true, ..PartRow::waiting(PartKind::Medium, 1) };
        let rows = [PartRow::waiting(PartKind::FirstMinute, 1), file];
        let with = |network, battery_saver, metered_media| {
            let conditions = Conditions { network, battery_saver, ..Conditions::default() };
            plan(&rows, conditions, NetworkPolicy { metered_media }, NOW)
        };
        let why = |plan: &Plan| plan.waiting[0].reason.clone().unwrap();
        assert_eq!(with(Network::Wifi, false, false).due.len(), 2);
        assert_eq!(with(Network::Metered, false, true).due.len(), 2);
        assert_eq!(with(Network::None, false, true).due.len(), 0);
        let metered = with(Network::Metered, false, false);
        assert_eq!((metered.ids(), why(&metered)), (vec![rows[0].id], "waiting-for-wifi".into()));
        let saving = with(Network::Wifi, true, false);
        assert_eq!((saving.ids(), why(&saving)), (vec![rows[0].id], "waiting-for-battery".into()));
    }

    #[test]
    fn a_plan_says_when_the_first_of_those_that_wait_for_a_time_is_due() {
        let part = || PartRow::waiting(PartKind::Answers, 1);
        let at = |next_try_at_ms| PartRow { next_try_at_ms, ..part() };
        let parked = PartRow { state: PartState::Parked, ..at(NOW + 1) };
        let rows = [at(NOW + 50), at(NOW + 20), parked, at(NOW)];
        let made = plan(&rows, Conditions::default(), NetworkPolicy::default(), NOW);
        assert_eq!((made.ids(), made.next_at_ms), (vec![rows[3].id], Some(NOW + 20)));
        let made = plan(&rows[2..3], Conditions::default(), NetworkPolicy::default(), NOW);
        assert_eq!((made.due.len(), made.next_at_ms), (0, None), "only the person can start it");
    }
}
