//! When something was: exactly, between two times, around a time, or in words.

use serde_json::{Map, Value, json};

use super::debug_hides_value;
use crate::forms::clean;
use crate::forms::moment::Moment;

/// When something was, as far as it is known.
#[derive(Clone, PartialEq, Eq)]
pub enum Time {
    /// At this time.
    At(Moment),
    /// Not before one time and not after another.
    Between {
        /// Not before.
        from: Moment,
        /// Not after.
        to: Moment,
    },
    /// Within so many minutes before or after a time.
    Around {
        /// The likely time.
        at: Moment,
        /// How far off it may be.
        within_minutes: u32,
    },
    /// Words that could not be read as a time.
    Words(String),
}

debug_hides_value!(Time);

impl Time {
    /// The earliest and the latest that is meant; `None` for words.
    #[must_use]
    pub fn span(&self) -> Option<(Moment, Moment)> {
        match *self {
            Self::At(at) => Some((at, at)),
            Self::Between { from, to } => Some((from, to)),
            Self::Around { at, within_minutes } => {
                let off = i64::from(within_minutes) * 60_000;
                let moved = |by: i64| Moment { unix_ms: at.unix_ms.saturating_add(by), ..at };
                Some((moved(-off), moved(off)))
            }
            Self::Words(_) => None,
        }
    }

    /// Reads `{"at":…}`, `{"from":…,"to":…}`, `{"around":…,"within_minutes":…}` or `{"words":…}`.
    pub(in crate::forms) fn from_json(value: &Map<String, Value>) -> Option<Self> {
        let moment = |key| Moment::from_rfc3339(value.get(key)?.as_str()?);
        let keys: Vec<&str> = value.keys().map(String::as_str).collect();
        match keys.as_slice() {
            ["at"] => moment("at").map(Self::At),
            ["from", "to"] => Some(Self::Between { from: moment("from")?, to: moment("to")? }),
            ["around", "within_minutes"] => {
                let within = value["within_minutes"].as_u64()?;
                let within_minutes = u32::try_from(within).ok()?;
                Some(Self::Around { at: moment("around")?, within_minutes })
            }
            ["words"] => Some(Self::Words(clean::line(value["words"].as_str()?))),
            _ => None,
        }
    }

    pub(in crate::forms) fn to_json(&self) -> Value {
        match self {
            Self::At(at) => json!({ "at": at.to_rfc3339() }),
            Self::Between { from, to } => {
                json!({ "from": from.to_rfc3339(), "to": to.to_rfc3339() })
            }
            Self::Around { at, within_minutes } => {
                json!({ "around": at.to_rfc3339(), "within_minutes": within_minutes })
            }
            Self::Words(words) => json!({ "words": words }),
        }
    }
}
