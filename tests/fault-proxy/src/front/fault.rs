//! What a front can do to a request, as data: a plan draws it from a seed, a test prints it.

/// One accident of one request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The connection ends when the server has so many bytes of the body.
    CutBody(u64, How),
    /// Silence, when the server has so many bytes of the body, until the phone gives up.
    StallBody(u64),
    /// The server does it all, and no byte of its answer comes.
    LoseAnswer(How),
    /// Only so many bytes of the answer come.
    CutAnswer(u64, How),
    /// So many bytes of the answer come, then silence until the phone gives up.
    StallAnswer(u64),
    /// The answer comes twice, in one piece.
    DoubleAnswer,
    /// Interim answers (1xx) come before the answer.
    Interim,
    /// A proxy that collects a request before it passes it on; what is longer than this is cut
    /// while it still collects.
    Buffer(u64),
    /// The server's offset is told as so much more, or less.
    Lie(i64),
    /// Somebody answers in the server's place, when all of the body has come.
    Says {
        /// The status.
        status: u16,
        /// With `Tus-Resumable`, as only the server should.
        tus: bool,
        /// `Retry-After`, in seconds.
        retry_after: Option<u32>,
    },
    /// A page in the server's place: log in first.
    PortalPage,
    /// Log in over there first.
    PortalRedirect,
}

/// How a connection ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum How {
    /// In order.
    Close,
    /// With a reset: what the other side has not read yet may be lost, too.
    Reset,
}

impl Fault {
    /// What a tally calls it.
    #[must_use]
    pub fn name(&self) -> String {
        match self {
            Self::CutBody(_, How::Close) => "body cut".into(),
            Self::CutBody(_, How::Reset) => "body reset".into(),
            Self::StallBody(_) => "body stalled".into(),
            Self::LoseAnswer(_) => "answer lost".into(),
            Self::CutAnswer(..) => "answer cut".into(),
            Self::StallAnswer(_) => "answer stalled".into(),
            Self::DoubleAnswer => "answer doubled".into(),
            Self::Interim => "1xx first".into(),
            Self::Buffer(_) => "buffered and cut".into(),
            Self::Lie(_) => "lying offset".into(),
            Self::Says { status, tus, retry_after } => {
                let tus = if *tus { " of tus" } else { "" };
                let later = if retry_after.is_some() { ", retry-after" } else { "" };
                format!("{status}{tus}{later}")
            }
            Self::PortalPage => "portal's page".into(),
            Self::PortalRedirect => "portal's redirect".into(),
        }
    }

    /// Whether the server never hears of the request.
    pub(super) fn stands_in(&self) -> bool {
        matches!(self, Self::Says { .. } | Self::PortalPage | Self::PortalRedirect)
    }
}

/// Whose certificate a connection is shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Certificate {
    /// The server's.
    #[default]
    Good,
    /// One for another name.
    WrongName,
    /// One that has expired.
    Expired,
    /// One of the right authority and name, with a key that nobody pinned.
    OtherKey,
    /// One of an authority that nobody knows.
    Stranger,
}

impl Certificate {
    /// All but the good one.
    pub const BAD: [Self; 4] = [Self::WrongName, Self::Expired, Self::OtherKey, Self::Stranger];

    /// What a tally calls it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Good => "TLS: the server's certificate",
            Self::WrongName => "TLS: another name",
            Self::Expired => "TLS: expired",
            Self::OtherKey => "TLS: another key",
            Self::Stranger => "TLS: another authority",
        }
    }
}
