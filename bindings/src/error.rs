//! Why a call failed, in terms that an app acts on. The one place where the core's errors become
//! the app's.

use homeward_core::net::NetError;
use homeward_core::{Error, NotAnId, Refusal};

/// The result of a call.
pub type ApiResult<T> = Result<T, ApiError>;

/// Why a call failed. What waits (no network, no receipt yet) is a status, never an error.
///
/// A `reason` is the id of a message in `Texts`. No variant carries an answer, a
/// file name, an address or a key.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error, uniffi::Error)]
pub enum ApiError {
    /// The device did not give the key. Ask the person to unlock, then open again.
    #[error("locked")]
    Locked,
    /// The device has lost the key for ever: what it protected no longer opens. Say so.
    #[error("the device has lost the key")]
    KeyLost,
    /// What is stored does not open or contradicts itself. It is kept as it is: never delete it.
    #[error("damaged")]
    Damaged,
    /// A newer version of the app wrote what is stored. Offer the update.
    #[error("written by a newer version")]
    FromNewerApp,
    /// The disk is full. What was acknowledged before is safe; ask the person to free some space.
    #[error("the disk is full")]
    StorageFull,
    /// No such report, medium or part. The list that named it is old: read it again.
    #[error("not found")]
    NotFound,
    /// It can't be done as asked, and the person or the app can do something about it.
    #[error("refused: {reason}")]
    Refused {
        /// Why: a message id.
        reason: String,
    },
    /// A bug or a broken device. Show it, offer to report it.
    #[error("unexpected: {reason}")]
    Unexpected {
        /// What: a message id.
        reason: String,
    },
}

impl From<Error> for ApiError {
    fn from(error: Error) -> Self {
        match error {
            Error::Locked => Self::Locked,
            Error::KeyLost => Self::KeyLost,
            Error::Damaged => Self::Damaged,
            Error::FromNewerApp => Self::FromNewerApp,
            Error::StorageFull => Self::StorageFull,
            Error::NotFound => Self::NotFound,
            Error::Refused(refusal) => Self::Refused { reason: refusal.message_id().into() },
            other => Self::Unexpected { reason: other.message_id().into() },
        }
    }
}

impl From<Refusal> for ApiError {
    fn from(refusal: Refusal) -> Self {
        Error::from(refusal).into()
    }
}

// What is no id names nothing.
impl From<NotAnId> for ApiError {
    fn from(_: NotAnId) -> Self {
        Self::NotFound
    }
}

impl From<NetError> for ApiError {
    fn from(error: NetError) -> Self {
        Self::Refused { reason: error.message_id().into() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_refusal_keeps_its_message_id() {
        for refusal in Refusal::ALL {
            let reason = refusal.message_id().to_owned();
            assert_eq!(ApiError::from(*refusal), ApiError::Refused { reason });
        }
    }

    #[test]
    fn what_the_app_can_not_act_on_is_unexpected_and_tells_its_message_id() {
        let error = Error::Io(std::io::ErrorKind::PermissionDenied);
        let reason = "error-storage".to_owned();
        assert_eq!(ApiError::from(error), ApiError::Unexpected { reason });
    }
}
