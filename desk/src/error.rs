//! Why a command was refused. Each text is the one line that the person at the desk reads, and says
//! what to do next. None holds a name, an address, a token or a key.

use std::io;

/// Why a command was refused.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// `init` found something in its place.
    #[error("there is something at --home already: choose a folder that does not exist yet")]
    DeskExists,
    /// The folder holds no desk.
    #[error(
        "there is no desk at --home: make one with `homeward-desk --home DIR init --name NAME`"
    )]
    NoDesk,
    /// A file of the desk does not read as what it should be.
    #[error("the desk's {0} is damaged: put the backup of this file back")]
    Damaged(&'static str),
    /// A name that no certificate can be made for.
    #[error("--host takes host names and IP addresses only, such as desk.example.org")]
    BadHost,
    /// The name of the organisation is empty or absurdly long.
    #[error("--name takes the organisation's name, 1 to 200 characters")]
    BadName,
    /// A certificate could not be made.
    #[error("the certificate could not be made: try again, and report it if this stays")]
    Certificate,
    /// The TLS files do not go together.
    #[error("the TLS key and certificate do not go together: put the backup of public/tls back")]
    BadTls,
    /// A source is to be made where something is already.
    #[error("there is something in that place already: choose a folder that does not exist yet")]
    FolderExists,
    /// The folder holds no brand source.
    #[error(
        "no brand.toml in that folder: make one with `homeward-desk --home DIR brand new FOLDER`"
    )]
    NoSource,
    /// The brand source is wrong somewhere.
    #[error("{0}")]
    Source(crate::brand::Fault),
    /// A mirror's anchor is no certificate.
    #[error("an anchor is no certificate in PEM: name the file of the mirror's authority")]
    NoCertificate,
    /// The source leaves the organisation without an active recipient.
    #[error("no active recipient for the audience organisation: nobody could open a report")]
    NobodyCouldOpen,
    /// `brand check` found something.
    #[error("{0} of these to put right, then `brand build` takes it")]
    Faults(usize),
    /// Another `collect` is at work.
    #[error("another `collect` is at work: wait until it has ended")]
    Busy,
    /// No such report.
    #[error("no report of this id: `homeward-desk --home DIR list` names them")]
    NoReport,
    /// What a case refers to is not in the store any more, or has changed.
    #[error("an upload of this report is gone or damaged: put the backup of public/uploads back")]
    NoUpload,
    /// What a case refers to lies in a mirror's store that is away.
    #[error("files of this report lie in a mirror's store that is away: mount it, and try again")]
    StoreAway,
    /// A store that was named is none.
    #[error(
        "--store takes the folder `public` of a mirror, or a copy of its `uploads`; this is neither"
    )]
    NoStore,
    /// A store in a bucket was named.
    #[error("stores in S3 buckets can't be read yet: copy the uploads to a folder and name that")]
    NoBuckets,
    /// A question or an answer on held media is wanted.
    #[error("nothing to ask: say a question, or --media send or drop")]
    NothingAsked,
    /// The question can't be asked.
    #[error("{0}")]
    Question(#[from] homeward_core::receipts::QuestionError),
    /// Too much was asked already.
    #[error("{0} questions of this report have no answer yet: wait, or call")]
    AskedEnough(usize),
    /// Held media were decided on where nothing is held.
    #[error("the reporter has not recalled this report, so no media are held")]
    NotRecalled,
    /// A proof does not hold, or is not from whom it should be.
    #[error("{0}")]
    Proof(#[from] homeward_core::receipts::ProofError),
    /// The log is not whole.
    #[error("the log is not whole: keep it as it is, and find out who could write to private/log")]
    LogFaults,
    /// The receipt says nothing of a log.
    #[error("this receipt names no head of a log: take a newer one")]
    NoHead,
    /// A newer program wrote the casebook.
    #[error("a newer homeward-desk wrote this casebook: use that one")]
    FromNewerDesk,
    /// The casebook's file failed.
    #[error("the casebook could not be used: look whether its disk is full or read-only")]
    Casebook(#[from] rusqlite::Error),
    /// The file system refused.
    #[error("could not {doing}: {source}")]
    Io {
        /// What was being done, as in "read the token".
        doing: &'static str,
        /// What the system said. It names no path.
        source: io::Error,
    },
}

/// What a command gives back.
pub type Result<T> = std::result::Result<T, Error>;

impl From<crate::brand::Fault> for Error {
    fn from(fault: crate::brand::Fault) -> Self {
        Self::Source(fault)
    }
}

impl Error {
    /// For `map_err`: the system refused while `doing`.
    pub fn io(doing: &'static str) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::Io { doing, source }
    }
}
