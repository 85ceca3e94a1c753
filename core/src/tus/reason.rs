//! Why a part waits or is parked, in terms that an app can explain to a person.
//!
//! A waiting part goes on by itself; a parked one only when the person says so. The message ids
//! are stored in queue rows and are the keys of the texts, so a released one never changes.

/// Why nothing moves at the moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Reason {
    /// The phone has no way into any network.
    NoNetwork,
    /// There is a network, but it does not know the server's name.
    NameNotFound,
    /// The server's address refuses connections or does not answer.
    ServerUnreachable,
    /// A connection stood and was cut or fell silent.
    ConnectionLost,
    /// The server asked to come back later, or holds the upload for an earlier request.
    ServerBusy,
    /// The server answered with a fault of its own, or not as tus prescribes.
    ServerFault,
    /// Something between phone and server answers in its place: a portal that wants a login.
    CaptivePortal,
    /// Somebody else's certificate was shown: an intercepting proxy, or an attack.
    TlsUntrusted,
    /// The server's certificate is not valid yet: the phone's clock is behind.
    WrongClock,
    /// The server's certificate has expired, or the phone's clock is ahead.
    CertificateExpired,
    /// The server's certificate is good and its key is none of those that the pack names.
    PinMismatch,
    /// The TLS handshake failed for another reason.
    TlsFailed,
    /// The proxy that the person chose does not answer. Nothing goes around it.
    ProxyDown,
    /// The proxy that the person chose answers, but brought no connection to the server.
    ProxyRefused,
    /// The server does not accept the token of this organisation's pack.
    TokenRefused,
    /// The part is larger than the server takes.
    TooLarge,
    /// The server refuses the request for good.
    Rejected,
    /// The server speaks of another length than the part has.
    WrongLength,
    /// The server gave an upload address on another server.
    ForeignLocation,
    /// The sealed file of the part cannot be read, or is shorter than its row says.
    SpoolUnreadable,
}

impl Reason {
    /// Every reason, so that a test can ask for a text in each language.
    pub const ALL: [Self; 20] = [
        Self::NoNetwork,
        Self::NameNotFound,
        Self::ServerUnreachable,
        Self::ConnectionLost,
        Self::ServerBusy,
        Self::ServerFault,
        Self::CaptivePortal,
        Self::TlsUntrusted,
        Self::WrongClock,
        Self::CertificateExpired,
        Self::PinMismatch,
        Self::TlsFailed,
        Self::ProxyDown,
        Self::ProxyRefused,
        Self::TokenRefused,
        Self::TooLarge,
        Self::Rejected,
        Self::WrongLength,
        Self::ForeignLocation,
        Self::SpoolUnreadable,
    ];

    /// The id of the text that explains this reason; rows store it.
    pub const fn message_id(self) -> &'static str {
        match self {
            Self::NoNetwork => "waiting-no-network",
            Self::NameNotFound => "waiting-name-not-found",
            Self::ServerUnreachable => "waiting-server-unreachable",
            Self::ConnectionLost => "waiting-connection-lost",
            Self::ServerBusy => "waiting-server-busy",
            Self::ServerFault => "waiting-server-fault",
            Self::CaptivePortal => "waiting-captive-portal",
            Self::TlsUntrusted => "waiting-tls-untrusted",
            Self::WrongClock => "waiting-wrong-clock",
            Self::CertificateExpired => "waiting-certificate-expired",
            Self::PinMismatch => "waiting-pin-mismatch",
            Self::TlsFailed => "waiting-tls-failed",
            Self::ProxyDown => "waiting-proxy-down",
            Self::ProxyRefused => "waiting-proxy-refused",
            Self::TokenRefused => "parked-token-refused",
            Self::TooLarge => "parked-too-large",
            Self::Rejected => "parked-rejected",
            Self::WrongLength => "parked-wrong-length",
            Self::ForeignLocation => "parked-foreign-location",
            Self::SpoolUnreadable => "parked-spool-unreadable",
        }
    }

    /// The reason that a row stored, or nothing when this version does not know the id.
    pub fn from_message_id(id: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| reason.message_id() == id)
    }

    /// Whether only the person can start the part again.
    pub fn parks(self) -> bool {
        self.message_id().starts_with("parked-")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reason_comes_back_from_its_message_id() {
        for reason in Reason::ALL {
            assert_eq!(Reason::from_message_id(reason.message_id()), Some(reason));
        }
        assert_eq!(Reason::from_message_id("waiting-for-godot"), None);
    }
}
