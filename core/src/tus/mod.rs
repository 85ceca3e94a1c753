//! A tus 1.0 client that does no I/O: it says what to send, and is told what came back.
//!
//! Networks cut, servers restart, proxies buffer and phones die in the middle of a request. All
//! that can go wrong is a rule in this room, and because nothing here reads a clock, a file or a
//! socket, a property test can play ten thousand bad networks against it in a second. One driver
//! is `net`; a platform's own HTTP stack (URLSession) can be another.
//!
//! A driver turns one wheel: [`Upload::next_request`] gives a [`Step`], the driver does it and
//! tells the outcome by [`Upload::saved`], [`Upload::on_response`] or [`Upload::on_failure`].
//!
//! The rules, in the order in which they matter:
//! * **Persist, then act.** [`Step::Save`] comes before every request that depends on something
//!   new, above all before the POST: a kill after it can then be told from a kill before it.
//! * **The server's word wins.** A process never trusts an offset of an earlier process: when an
//!   upload URL is known, it asks (HEAD) before it sends (PATCH). Whatever goes wrong during a
//!   PATCH leads to HEAD. The offset may go backwards.
//! * **Believe only tus.** Success, an offset and "gone" count only when the answer says
//!   `Tus-Resumable: 1.0.0`; a captive portal says 200 to everything.
//! * **One upload per part.** A second one is created only when the answer to the POST was lost,
//!   the server says 404 or 410, or the upload is about to expire; [`Starts`] counts the causes.
//! * **The token stays home.** Every URL is held to the origin of [`Part::endpoint`].

mod adapt;
mod judge;
mod location;
mod memory;
mod message;
mod offer;
mod policy;
mod reason;
mod requests;
mod standing;
mod upload;

pub use location::same_origin;
pub use memory::{Memory, Starts};
pub use message::{Failure, Kind, Method, Range, Request, Response};
pub use offer::Offer;
pub use policy::Policy;
pub use reason::Reason;
pub use standing::Standing;
pub use upload::{Step, Upload, VERSION};

/// One sealed part to bring to a server.
#[derive(Clone, PartialEq, Eq)]
pub struct Part {
    /// The absolute https URL of the server's tus collection.
    pub endpoint: String,
    /// The random id of the part, hex. The server sees it as the metadata value `part`, and the
    /// desk uses it to drop the twin that a lost answer can leave.
    pub id: String,
    /// The length of the sealed part.
    pub bytes: u64,
}

/// A part's id and server are nobody's business in a log.
impl std::fmt::Debug for Part {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Part").field("bytes", &self.bytes).finish_non_exhaustive()
    }
}
