//! Why a call failed, as values. No variant carries an answer, a file name, a URL or a key.

use std::io;

use crate::media::MediaError;

/// The result of a call on the core.
pub type Result<T> = std::result::Result<T, Error>;

/// Why a call failed. What waits (no network, no receipt yet) is a status, not an error.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// No such report, medium or part. The list that named it is old.
    #[error("not found")]
    NotFound,
    /// The device did not give the key. Ask the person to unlock.
    #[error("locked")]
    Locked,
    /// The device has lost the key; what it protected can't be opened any more.
    #[error("the device has lost the key")]
    KeyLost,
    /// What is stored does not open or contradicts itself. It is kept as it is.
    #[error("damaged")]
    Damaged,
    /// A newer version of Homeward wrote this home. It is kept as it is.
    #[error("written by a newer version")]
    FromNewerApp,
    /// The disk is full. Nothing acknowledged earlier is lost.
    #[error("the disk is full")]
    StorageFull,
    /// The call can't be done as asked, and the person or the app can do something about it.
    #[error("refused: {}", .0.message_id())]
    Refused(Refusal),
    /// The operating system failed in a way that nobody foresaw.
    #[error("input or output failed: {0}")]
    Io(io::ErrorKind),
    /// A bug or a broken device; the text is a message id.
    #[error("unexpected: {0}")]
    Unexpected(&'static str),
}

impl Error {
    /// The message that says it in the person's words.
    #[must_use]
    pub fn message_id(&self) -> &'static str {
        match self {
            Self::NotFound => "error-not-found",
            Self::Locked => "error-locked",
            Self::KeyLost => "error-key-lost",
            Self::Damaged => "error-damaged",
            Self::FromNewerApp => "error-from-newer-app",
            Self::StorageFull => "error-storage-full",
            Self::Refused(refusal) => refusal.message_id(),
            Self::Io(_) => "error-storage",
            Self::Unexpected(id) => id,
        }
    }
}

macro_rules! refusals {
    ($($(#[$doc:meta])* $name:ident => $id:literal,)*) => {
        /// Why a call is refused.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[non_exhaustive]
        pub enum Refusal {
            $($(#[$doc])* $name,)*
        }

        impl Refusal {
            /// Every refusal, for those who must have words for each.
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            /// The message that says it in the person's words.
            #[must_use]
            pub fn message_id(self) -> &'static str {
                match self {
                    $(Self::$name => $id,)*
                }
            }
        }
    };
}

refusals! {
    /// No form has this name.
    UnknownForm => "refused-unknown-form",
    /// The form has no such field.
    UnknownField => "refused-unknown-field",
    /// The field takes no such answer: "don't know" to a permission, words to a photo field.
    WrongKind => "refused-wrong-kind",
    /// No organisation is paired yet, so nobody could open the report.
    NotPaired => "refused-not-paired",
    /// The report says nothing that could help to find the child.
    EmptyReport => "refused-empty-report",
    /// Nothing has changed since the report was last sent.
    NothingNew => "refused-nothing-new",
    /// Another process works in this home.
    Busy => "refused-busy",
    /// The person chose a proxy, and another HTTP stack would go around it.
    StepBesideProxy => "refused-step-beside-proxy",
    /// Only a profile can be saved for another phone.
    NotAProfile => "refused-not-a-profile",
    /// The file is no exported profile, or was damaged on its way.
    ProfileUnreadable => "refused-profile-unreadable",
    /// Opening the file asks more of this phone than it could do.
    ProfileTooCostly => "refused-profile-too-costly",
    /// The passphrase is not the right one.
    WrongPassphrase => "refused-wrong-passphrase",
    /// A passphrase that is empty keeps nobody out.
    EmptyPassphrase => "refused-empty-passphrase",
    /// With a limit of no tries, the right passphrase would be one too many.
    NoTries => "refused-no-tries",
    /// The app suspended the core and has not resumed it.
    Suspended => "refused-suspended",
    /// A listener or device key called back into the core from within its call.
    CalledBack => "refused-called-back",
    /// The bytes are no brand pack.
    PackUnreadable => "refused-pack-unreadable",
    /// The pack was changed after it was signed.
    PackChanged => "refused-pack-changed",
    /// The pack is older than the one on the phone.
    PackOlder => "refused-pack-older",
    /// Another organisation is paired, and a pack never replaces it.
    PackForeign => "refused-pack-foreign",
    /// The pack names nobody who could open a report.
    PackWithoutRecipient => "refused-pack-without-recipient",
    /// The pack has a server or mirror that no phone could use.
    PackBadServer => "refused-pack-bad-server",
    /// One of the organisation's own forms is wrong.
    PackForm => "refused-pack-form",
    /// The recording was finished or discarded already.
    RecordingOver => "refused-recording-over",
    /// A profile stays on the phone; what is sent is a report that it fills.
    ProfileStays => "refused-profile-stays",
    /// This kind of file can't be cleaned.
    MediaUnsupported => "refused-media-unsupported",
    /// The file is damaged, and no clean copy can be promised.
    MediaMalformed => "refused-media-malformed",
    /// The file is built in a way that can't be cleaned safely.
    MediaTooComplex => "refused-media-too-complex",
    /// The file can't be read.
    MediaUnreadable => "refused-media-unreadable",
    /// The small copy of a photo is not small enough.
    FaceTooLarge => "refused-face-too-large",
    /// The small copy of a photo is no JPEG.
    FaceNotJpeg => "refused-face-not-jpeg",
    /// Nothing of the report was sealed yet, so there is nothing to answer or to call back.
    NothingSent => "refused-nothing-sent",
    /// The reply says nothing.
    EmptyReply => "refused-empty-reply",
    /// The reply is too long.
    ReplyTooLong => "refused-reply-too-long",
    /// The organisation has not signed a receipt for the report yet.
    NoReceipt => "refused-no-receipt",
    /// The receipt names too many parts for one QR code; the file has them all.
    ReceiptTooLong => "refused-receipt-too-long",
}

impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl From<io::Error> for Error {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::StorageFull,
            // What a sealed file's reader says of a chunk that does not open.
            io::ErrorKind::InvalidData => Self::Damaged,
            kind => Self::Io(kind),
        }
    }
}

impl From<rusqlite::Error> for Error {
    fn from(error: rusqlite::Error) -> Self {
        use rusqlite::ErrorCode as Code;
        // Where the file is mapped SQLite can't say DiskFull: it fails to make the map grow.
        let no_map = |error: &rusqlite::ffi::Error| {
            error.extended_code == rusqlite::ffi::SQLITE_IOERR_SHMSIZE
        };
        if error.sqlite_error().is_some_and(no_map) {
            return Self::StorageFull;
        }
        match error.sqlite_error_code() {
            Some(Code::DiskFull) => Self::StorageFull,
            Some(Code::DatabaseCorrupt | Code::NotADatabase) => Self::Damaged,
            // The program's own statements fail so only on tables that are not as it made them.
            Some(Code::Unknown | Code::ConstraintViolation | Code::TypeMismatch) => Self::Damaged,
            // The last one is what is said where many open and close the file at once.
            Some(Code::DatabaseBusy | Code::DatabaseLocked | Code::FileLockingProtocolFailed) => {
                Refusal::Busy.into()
            }
            Some(Code::OutOfMemory) => Self::Io(io::ErrorKind::OutOfMemory),
            Some(Code::ReadOnly | Code::CannotOpen | Code::PermissionDenied) => {
                Self::Io(io::ErrorKind::PermissionDenied)
            }
            Some(Code::SystemIoFailure) => Self::Io(io::ErrorKind::Other),
            // A column of another type than the schema says, or another schema than ours: somebody
            // wrote into the file.
            _ if matches!(
                error,
                rusqlite::Error::InvalidColumnType(..)
                    | rusqlite::Error::IntegralValueOutOfRange(..)
                    | rusqlite::Error::Utf8Error(..)
                    | rusqlite::Error::QueryReturnedNoRows
                    | rusqlite::Error::FromSqlConversionFailure(..)
                    | rusqlite::Error::SqlInputError { .. }
                    | rusqlite::Error::SqliteFailure(..)
            ) =>
            {
                Self::Damaged
            }
            _ => Self::Unexpected("error-database"),
        }
    }
}

impl From<MediaError> for Error {
    fn from(error: MediaError) -> Self {
        match error {
            MediaError::Unsupported => Refusal::MediaUnsupported.into(),
            MediaError::Malformed => Refusal::MediaMalformed.into(),
            MediaError::TooComplex => Refusal::MediaTooComplex.into(),
            MediaError::Io(_) => Refusal::MediaUnreadable.into(),
        }
    }
}

impl From<crate::brand::PackError> for Error {
    fn from(error: crate::brand::PackError) -> Self {
        use crate::brand::PackError;
        Self::Refused(match error {
            PackError::Unreadable => Refusal::PackUnreadable,
            PackError::BadSignature => Refusal::PackChanged,
            PackError::NoRecipient => Refusal::PackWithoutRecipient,
            PackError::BadServer => Refusal::PackBadServer,
            PackError::WrongForm { .. } => Refusal::PackForm,
        })
    }
}
