//! What a server can do beyond the core of the protocol, as it says to OPTIONS.

use serde::{Deserialize, Serialize};

use super::Response;

/// The extensions of a server that an upload uses. The default one offers nothing.
///
/// Worth keeping with the server's address: asking costs a round trip, and a stale offer costs no
/// more, because a refused extension is not used again for that part.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Offer {
    /// `creation-with-upload`: the POST may bring bytes along.
    pub with_upload: bool,
}

impl Offer {
    /// Reads the answer to OPTIONS; nothing when it was no tus server that answered.
    pub fn read(response: &Response) -> Option<Self> {
        let tus = response.tus && (200..300).contains(&response.status);
        tus.then(|| {
            let extensions = response.extensions.as_deref().unwrap_or_default();
            let mut extensions = extensions.split(',').map(str::trim);
            let with_upload = extensions.any(|name| name == "creation-with-upload");
            Self { with_upload }
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
            Some(Offer { with_upload: true })
        );
        assert_eq!(Offer::read(&Response::new(204, headers(""), 0)), None);
        let creation_only = [("tus-resumable", "1.0.0"), ("tus-extension", "creation")];
        let offer = Offer::read(&Response::new(200, creation_only, 0)).unwrap();
        assert!(!offer.with_upload);
    }
}
