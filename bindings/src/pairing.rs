//! The organisation that reports go to.

use homeward_core as core;

/// A paired organisation.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct Pairing {
    /// Its name, as people know it.
    pub organisation: String,
    /// The hash of its key in hex, to be compared aloud or on paper.
    pub fingerprint: String,
    /// Whether a root that the person trusts stands behind it. If not, show it as not confirmed.
    pub confirmed: bool,
}

impl From<core::Pairing> for Pairing {
    fn from(pairing: core::Pairing) -> Self {
        let core::Pairing { organisation, fingerprint, confirmed } = pairing;
        Self { organisation, fingerprint: fingerprint.to_string(), confirmed }
    }
}
