//! What would leave now, and what waits.

use homeward_core::queue;

use crate::hide::hides_value;
use crate::names::list;

/// The way to the outside that the phone has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, uniffi::Enum)]
pub enum NetworkKind {
    /// A network that costs nothing.
    #[default]
    Wifi,
    /// A network whose bytes cost money.
    Metered,
    /// None.
    None,
}

/// What the phone says of itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, uniffi::Record)]
pub struct Conditions {
    /// The network.
    pub network: NetworkKind,
    /// Whether the person asked the phone to save its battery.
    #[uniffi(default)]
    pub battery_saver: bool,
    /// Whether nobody looks at the app: receipts are then looked for less often.
    #[uniffi(default)]
    pub in_background: bool,
}

/// What would be sent now, and what waits.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct Plan {
    /// These go now, in this order.
    pub due: Vec<PlannedPart>,
    /// These wait, each with its reason.
    pub waiting: Vec<PlannedPart>,
    /// When the first of those that wait for a time is due, Unix ms. Start the next run then.
    pub next_at_ms: Option<i64>,
    /// When a receipt should be looked for next, Unix ms: a run then does it.
    pub look_at_ms: Option<i64>,
}

/// A part in a plan.
#[derive(Clone, PartialEq, Eq, uniffi::Record)]
#[uniffi::export(Debug)]
pub struct PlannedPart {
    /// The part's id.
    pub part: String,
    /// The length of its ciphertext in bytes.
    pub bytes: u64,
    /// Why it waits: a message id. None if it goes now.
    pub reason: Option<String>,
}

hides_value!(PlannedPart);

impl From<Conditions> for queue::Conditions {
    fn from(conditions: Conditions) -> Self {
        let network = match conditions.network {
            NetworkKind::Wifi => queue::Network::Wifi,
            NetworkKind::Metered => queue::Network::Metered,
            NetworkKind::None => queue::Network::None,
        };
        let Conditions { battery_saver, in_background, .. } = conditions;
        Self { network, battery_saver, in_background }
    }
}

impl From<queue::Plan> for Plan {
    fn from(plan: queue::Plan) -> Self {
        let queue::Plan { due, waiting, next_at_ms, look_at_ms } = plan;
        Self { due: list(due), waiting: list(waiting), next_at_ms, look_at_ms }
    }
}

impl From<queue::Planned> for PlannedPart {
    fn from(planned: queue::Planned) -> Self {
        let queue::Planned { part, bytes, reason } = planned;
        Self { part: part.to_string(), bytes, reason }
    }
}
