//! Names of things: short byte strings that are written as hex everywhere.

use std::fmt;
use std::str::FromStr;

use data_encoding::HEXLOWER;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::crypto;

/// The text is not the hex of an id of this kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an id")]
pub struct NotAnId;

macro_rules! hex_id {
    ($(#[$doc:meta])* $name:ident, $len:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name([u8; $len]);

        impl $name {
            /// The bytes of the id.
            #[must_use]
            pub fn as_bytes(&self) -> &[u8; $len] {
                &self.0
            }

            /// The id with these bytes, if there are exactly as many as it has.
            #[must_use]
            pub fn from_slice(bytes: &[u8]) -> Option<Self> {
                bytes.try_into().ok().map(Self)
            }
        }

        impl From<[u8; $len]> for $name {
            fn from(bytes: [u8; $len]) -> Self {
                Self(bytes)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&HEXLOWER.encode(&self.0))
            }
        }

        // An id may lead to a report, so it is not printed by accident.
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(concat!(stringify!($name), "(…)"))
            }
        }

        impl FromStr for $name {
            type Err = NotAnId;

            fn from_str(text: &str) -> Result<Self, NotAnId> {
                let bytes = HEXLOWER.decode(text.as_bytes()).map_err(|_| NotAnId)?;
                Self::from_slice(&bytes).ok_or(NotAnId)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = String::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    };
}

hex_id! {
    /// A report: the hash of the key that verifies its parts, so nobody else can add to it.
    ReportId, 16
}
hex_id! {
    /// A part of a report, also the name under which it is uploaded. Random.
    PartId, 16
}
hex_id! {
    /// A photo, video or recording of a report. Random.
    MediumId, 16
}
hex_id! {
    /// Something in the intake. Random.
    CaptureId, 16
}
hex_id! {
    /// A question of the organisation to the person who reported. Random.
    QuestionId, 16
}
hex_id! {
    /// One request that another HTTP stack makes for the core. Random.
    StepId, 16
}
hex_id! {
    /// Where the desk leaves a report's receipt. Told only inside the seal.
    ReceiptAddress, 16
}
hex_id! {
    /// The hash of an organisation's key.
    Fingerprint, 32
}
hex_id! {
    /// A SHA-256 hash.
    Digest, 32
}

impl ReportId {
    /// The id that no report has.
    pub(crate) const ZERO: Self = Self([0; 16]);
}

macro_rules! random_id {
    ($($name:ident),+) => {
        $(impl $name {
            /// A new random id.
            #[must_use]
            pub fn make() -> Self {
                Self(crypto::make_bytes())
            }
        })+
    };
}
random_id!(PartId, MediumId, CaptureId, QuestionId, StepId);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_reads_back_from_its_own_text() {
        let id = PartId::make();
        assert_eq!(id.to_string().parse(), Ok(id));
    }

    #[test]
    fn what_is_too_short_too_long_or_not_hex_is_no_id() {
        for text in ["", "00", "zz".repeat(16).as_str(), "00".repeat(17).as_str()] {
            assert_eq!(text.parse::<PartId>(), Err(NotAnId));
        }
    }

    #[test]
    fn debug_does_not_print_the_id() {
        let id = PartId::make();
        assert!(!format!("{id:?}").contains(&id.to_string()));
    }
}
