//! What a server can do beyond the core of the protocol. It is expected, and never asked.

use serde::{Deserialize, Serialize};

/// The extensions of a server that an upload uses. The default one offers nothing.
///
/// A stale or hopeful offer costs one round trip at most, because a refused extension is not used
/// again for that part.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Offer {
    /// `creation-with-upload`: the POST may bring bytes along.
    pub with_upload: bool,
    /// `checksum` with SHA-256: a POST with a body says what must arrive. A PATCH does not: the
    /// server would have to drop all of one that was cut, where it now keeps what came.
    pub checksum: bool,
}

impl Offer {
    /// What is expected of a server that was never asked. To ask would cost the first minute a
    /// round trip, which is 600 ms or more where it counts. A server without
    /// `creation-with-upload` takes no notice of the body, or refuses it; one without `checksum`
    /// takes no notice of the header. Either is found out by the answer to the first small part.
    pub const EXPECTED: Self = Self { with_upload: true, checksum: true };
}
