//! What a server can do beyond the core of the protocol, as it says to OPTIONS.

use serde::{Deserialize, Serialize};

use super::Response;

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
    /// `termination`: an upload that nobody needs any more can be removed.
    pub termination: bool,
}

impl Offer {
    /// What is expected of a server that was never asked. To ask would cost the first minute a
    /// round trip, which is 600 ms or more where it counts. A server without
    /// `creation-with-upload` takes no notice of the body, or refuses it; one without `checksum`
    /// takes no notice of the header. Either is found out by the answer to the first small part.
    pub const EXPECTED: Self = Self { with_upload: true, checksum: true, termination: true };

    /// Reads the answer to OPTIONS; nothing when it was no tus server that answered.
    pub fn read(response: &Response) -> Option<Self> {
        let tus = response.tus && (200..300).contains(&response.status);
        tus.then(|| {
            let extensions = response.extensions.as_deref().unwrap_or_default();
            let offers = |wanted| extensions.split(',').any(|name| name.trim() == wanted);
            let algorithms = response.checksums.as_deref().unwrap_or_default();
            let sha256 = algorithms.split(',').any(|name| name.trim() == "sha256");
            Self {
                with_upload: offers("creation-with-upload"),
                checksum: offers("checksum") && sha256,
                termination: offers("termination"),
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_offer_is_read_from_a_tus_server_only() {
        let headers = |version| {
            [
                ("tus-resumable", version),
                ("tus-extension", "creation, creation-with-upload,expiration"),
            ]
        };
        assert_eq!(
            Offer::read(&Response::new(204, headers("1.0.0"), 0)),
            Some(Offer { with_upload: true, ..Offer::default() })
        );
        assert_eq!(Offer::read(&Response::new(204, headers(""), 0)), None);
        let creation_only = [("tus-resumable", "1.0.0"), ("tus-extension", "creation")];
        let offer = Offer::read(&Response::new(200, creation_only, 0)).unwrap();
        assert!(!offer.with_upload);
    }

    #[test]
    fn a_checksum_is_offered_only_with_an_algorithm_that_we_have() {
        let offer = |algorithms| {
            let headers = [
                ("tus-resumable", "1.0.0"),
                ("tus-extension", "checksum,termination"),
                ("tus-checksum-algorithm", algorithms),
            ];
            Offer::read(&Response::new(204, headers, 0)).unwrap()
        };
        let (good, old) = (offer("sha1, sha256"), offer("sha1,md5"));
        assert!(good.checksum && good.termination && !good.with_upload);
        assert!(!old.checksum && old.termination);
    }
}
