//! What the command line promises to people and scripts. No environment variable changes what a
//! command does.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Parser, Subcommand};
use homeward_desk::receive::Limits;

/// The organisation's desk: makes its keys, receives sealed reports, opens them.
#[derive(Parser)]
#[command(name = "homeward-desk", version)]
pub(crate) struct Cli {
    /// The desk's folder: offline (signs packs), private (opens reports), public (receives)
    #[arg(long, value_name = "DIR")]
    pub(crate) home: Option<PathBuf>,
    /// Print JSON only
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// What to do
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What to do.
#[derive(Subcommand)]
pub(crate) enum Command {
    /// Make a new desk: keys, certificate, folders
    #[command(after_help = "Example:
  homeward-desk --home desk init --name 'Example Missing Children' --host desk.example.org

Afterwards carry desk/offline to a place of its own: only `brand build` needs it.")]
    Init {
        /// The organisation's name, as the public knows it
        #[arg(long)]
        name: String,
        /// A host name or address under which phones reach `receive`
        #[arg(long, value_name = "HOST")]
        host: Vec<String>,
    },
    /// Brand packs: what phones learn about the organisation
    #[command(subcommand)]
    Brand(Brand),
    /// Open what has arrived, verify and record it, sign receipts
    #[command(after_help = "Example:
  homeward-desk --home desk --json collect
  homeward-desk --home desk collect --store /mnt/mirror/public

Nothing in a store is changed or deleted; what is refused is tried again next time. --store names the
folder `public` of a mirror, or a copy of its `uploads`; it is read besides the desk's own, and
receipts are put out there, too.")]
    Collect {
        /// A mirror's store, besides the desk's own
        #[arg(long, value_name = "DIR")]
        store: Vec<PathBuf>,
    },
    /// List the reports, the newest first
    #[command(after_help = "Example:
  homeward-desk --home desk list")]
    List,
    /// Show one report: answers, media, receipt
    #[command(after_help = "Example:
  homeward-desk --home desk show 5f0c6b1e9d2a4c7788e1a0b3c4d5e6f7")]
    Show {
        /// The report's id
        report: String,
    },
    /// Write a report's files to a new or empty folder
    #[command(after_help = "Example:
  homeward-desk --home desk files 5f0c6b1e9d2a4c7788e1a0b3c4d5e6f7 --to case-17
  homeward-desk --home desk files 5f0c6b1e9d2a4c7788e1a0b3c4d5e6f7 --to parts --sealed
  age -d -i police.txt parts/photo-1.jpg.age | tar x")]
    Files {
        /// The report's id
        report: String,
        /// The folder to write to
        #[arg(long, value_name = "DIR")]
        to: PathBuf,
        /// As the sealed parts that came, for somebody else who can open them
        #[arg(long)]
        sealed: bool,
    },
    /// Ask the reporter something; the question goes with the next receipt
    #[command(after_help = "Example:
  homeward-desk --home desk ask 5f0c6b1e9d2a4c7788e1a0b3c4d5e6f7 'Which school does she go to?'
  homeward-desk --home desk ask 5f0c6b1e9d2a4c7788e1a0b3c4d5e6f7 --media send

--media says what becomes of the photos that the phone holds back since the reporter recalled the
report: send them after all, or drop them. `collect` puts the receipt out.")]
    Ask {
        /// The report's id
        report: String,
        /// What is asked
        text: Option<String>,
        /// What becomes of the media that a recall holds
        #[arg(long, value_enum)]
        media: Option<Media>,
    },
    /// Show what this desk did, or check that the log is whole
    #[command(after_help = "Example:
  homeward-desk --home desk log
  homeward-desk --home desk log --verify --receipt proof.homeward

--receipt takes a proof that a phone exported: it shows whether the end of the log was cut off.")]
    Log {
        /// Check that no entry was changed, taken out or moved
        #[arg(long)]
        verify: bool,
        /// A proof that names an earlier head of the log
        #[arg(long, value_name = "FILE", requires = "verify")]
        receipt: Option<PathBuf>,
    },
    /// Check a proof that a phone exported; needs no desk and no network
    #[command(after_help = "Example:
  homeward-desk verify-receipt proof.homeward --key 1f0c…9a
  homeward-desk --home desk verify-receipt proof.homeward

--key takes the organisation's fingerprint or key, or the desk's receipt key.")]
    VerifyReceipt {
        /// The proof: the file, or the text of its QR code
        file: PathBuf,
        /// Whose it should be, 64 hex digits
        #[arg(long, value_name = "K")]
        key: Option<String>,
    },
    /// The desk's keys
    #[command(subcommand)]
    Keys(Keys),
    /// Take uploads and hand out receipts; needs the folder `public` only
    #[command(after_help = "Example:
  homeward-desk --home desk receive --listen 0.0.0.0:8443

Prints `listening on URL` once it answers. Ends at SIGTERM or Ctrl-C; uploads under way are kept.
The last eighth of the store and half of the connections are for parts up to 64 KiB. An upload that
nobody goes on with is removed: after an hour without a first byte, after a week without another.")]
    Receive {
        /// The address to listen on; port 0 takes a free one
        #[arg(long, value_name = "ADDR")]
        listen: SocketAddr,
        /// The longest part that is taken
        #[arg(long, value_name = "BYTES", default_value_t = Limits::PART_BYTES)]
        max_part: u64,
        /// How much is taken in all, counted as it comes
        #[arg(long, value_name = "BYTES", default_value_t = Limits::STORE_BYTES)]
        max_store: u64,
    },
}

/// What becomes of media that a recall holds.
#[derive(Clone, Copy, clap::ValueEnum)]
pub(crate) enum Media {
    /// They are still needed
    Send,
    /// They are not needed any more
    Drop,
}

/// What to do with keys.
#[derive(Subcommand)]
pub(crate) enum Keys {
    /// Print the identities that open reports, in age's own format: keep them secret
    #[command(after_help = "Example:
  homeward-desk --home desk keys export > identities.txt
  age -d -i identities.txt photo-1.jpg.age | tar x")]
    Export,
}

/// What to do with a brand pack.
#[derive(Subcommand)]
pub(crate) enum Brand {
    /// Make a folder with an example source
    #[command(after_help = "Example:
  homeward-desk --home desk brand new our-brand")]
    New {
        /// The folder to make
        dir: PathBuf,
    },
    /// Tell all that is wrong with a source, with its lines
    #[command(after_help = "Example:
  homeward-desk --home desk brand check our-brand")]
    Check {
        /// The folder that holds brand.toml
        dir: PathBuf,
    },
    /// Build and sign a pack; needs the folders `offline` and `public`
    #[command(after_help = "Example:
  homeward-desk --home desk brand build our-brand pack.homeward")]
    Build {
        /// The folder that holds brand.toml
        dir: PathBuf,
        /// The file to write
        out: PathBuf,
    },
}
