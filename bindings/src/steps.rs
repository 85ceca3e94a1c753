//! Uploads by the platform's own HTTP stack, a request at a time: it goes on while the app sleeps.

use homeward_core::queue;

use crate::call::call;
use crate::error::ApiResult;
use crate::hide::hides_value;
use crate::homeward::Homeward;
use crate::names::list;
use crate::plan::Conditions;

/// A request for the platform's HTTP stack. It must not follow redirects, keep cookies or add a
/// header that tells phones apart.
#[derive(Clone, PartialEq, Eq, uniffi::Record)]
#[uniffi::export(Debug)]
pub struct HttpStep {
    /// Tell it with the outcome. Hex.
    pub id: String,
    /// `POST`, `HEAD` or `PATCH`.
    pub method: String,
    /// Where to. A secret: not for logs.
    pub url: String,
    /// The headers, beside `Content-Length`.
    pub headers: Vec<HttpHeader>,
    /// The body, if it has one.
    pub body: Option<StepBody>,
    /// Only these authorities are believed, certificates in DER; none: the system's.
    pub anchors: Vec<Vec<u8>>,
    /// On top of that the SHA-256 of the server's key (its DER `SubjectPublicKeyInfo`) must be one
    /// of these; none: any key.
    pub pins: Vec<Vec<u8>>,
}

/// A header of a request or an answer.
#[derive(Clone, PartialEq, Eq, uniffi::Record)]
#[uniffi::export(Debug)]
pub struct HttpHeader {
    /// Its name, in any case.
    pub name: String,
    /// Its value.
    pub value: String,
}

/// A piece of a file of ciphertext, at most 8 MiB.
#[derive(Clone, PartialEq, Eq, uniffi::Record)]
#[uniffi::export(Debug)]
pub struct StepBody {
    /// The file's path. It must not be changed.
    pub file: String,
    /// Where the body begins in it, in bytes.
    pub offset: u64,
    /// How long it is, in bytes.
    pub bytes: u64,
}

// Addresses, the token and ids are not for a log.
hides_value!(HttpStep, HttpHeader, StepBody);

/// What came of a step.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Enum)]
pub enum StepOutcome {
    /// The server answered, whatever it said.
    Answered {
        /// The status code.
        status: u16,
        /// All headers.
        headers: Vec<HttpHeader>,
    },
    /// There is no answer.
    Failed {
        /// Why.
        why: StepFailure,
    },
}

/// Why a step has no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, uniffi::Enum)]
pub enum StepFailure {
    /// There is no network.
    NoNetwork,
    /// The server's name is not known.
    NameNotFound,
    /// The server took no connection.
    Unreachable,
    /// The server's certificate is not believed.
    Untrusted,
    /// The server's key is none of the pins.
    OtherKey,
    /// The connection broke or fell silent after something was sent.
    Interrupted,
    /// The app or the system gave it up. The next step may come at once.
    Cancelled,
    /// The file could not be read.
    Unreadable,
}

#[uniffi::export]
impl Homeward {
    /// The next request for the platform's HTTP stack; none if nothing is due. Asked again before
    /// its outcome was told it is the same one. `Refused` as busy while a run sends, and where the
    /// person chose a proxy (`proxied`): nothing goes around that.
    pub fn next_step(&self, conditions: Conditions, proxied: bool) -> ApiResult<Option<HttpStep>> {
        call(|| Ok(self.0.next_step(conditions.into(), proxied)?.map(Into::into)))
    }

    /// Takes the outcome of a step, in this process or a later one. `NotFound`: nobody waits for it
    /// any more.
    pub fn on_step(&self, step: &str, outcome: StepOutcome) -> ApiResult<()> {
        call(|| Ok(self.0.on_step(step.parse()?, outcome.into())?))
    }

    /// Lets the sealed first minute of a report go although the server shows another key than the
    /// pack names (`waiting-pin-mismatch`). Only the person may decide that.
    pub fn send_first_minute_anyway(&self, report: &str) -> ApiResult<()> {
        call(|| Ok(self.0.send_first_minute_anyway(report.parse()?)?))
    }
}

impl From<queue::HttpStep> for HttpStep {
    fn from(step: queue::HttpStep) -> Self {
        let queue::HttpStep { id, method, url, headers, body, trust } = step;
        let queue::StepTrust { anchors, pins } = trust;
        let header = |(name, value)| HttpHeader { name, value };
        Self {
            id: id.to_string(),
            method: method.into(),
            url,
            headers: headers.into_iter().map(header).collect(),
            body: body.map(Into::into),
            anchors,
            pins: list(pins),
        }
    }
}

impl From<queue::StepBody> for StepBody {
    fn from(body: queue::StepBody) -> Self {
        let queue::StepBody { file, offset, bytes } = body;
        Self { file: file.to_string_lossy().into_owned(), offset, bytes }
    }
}

impl From<StepOutcome> for queue::StepOutcome {
    fn from(outcome: StepOutcome) -> Self {
        match outcome {
            StepOutcome::Answered { status, headers } => {
                let header = |HttpHeader { name, value }| (name, value);
                Self::Answered { status, headers: headers.into_iter().map(header).collect() }
            }
            StepOutcome::Failed { why } => Self::Failed(why.into()),
        }
    }
}

impl From<StepFailure> for queue::StepFailure {
    fn from(failure: StepFailure) -> Self {
        match failure {
            StepFailure::NoNetwork => Self::NoNetwork,
            StepFailure::NameNotFound => Self::NameNotFound,
            StepFailure::Unreachable => Self::Unreachable,
            StepFailure::Untrusted => Self::Untrusted,
            StepFailure::OtherKey => Self::OtherKey,
            StepFailure::Interrupted => Self::Interrupted,
            StepFailure::Cancelled => Self::Cancelled,
            StepFailure::Unreadable => Self::Unreadable,
        }
    }
}
