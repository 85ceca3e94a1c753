//! The command line: what `COMMANDS.md` promises to people and scripts. No environment variable
//! changes what a command does.

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
    pub(crate) home: PathBuf,
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

Nothing in the store is changed or deleted; what is refused is tried again next time.")]
    Collect,
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
    /// Take uploads and hand out receipts; needs the folder `public` only
    #[command(after_help = "Example:
  homeward-desk --home desk receive --listen 0.0.0.0:8443

Prints `listening on URL` once it answers. Ends at SIGTERM or Ctrl-C; uploads under way are kept.")]
    Receive {
        /// The address to listen on; port 0 takes a free one
        #[arg(long, value_name = "ADDR")]
        listen: SocketAddr,
        /// The longest part that is taken
        #[arg(long, value_name = "BYTES", default_value_t = Limits::PART_BYTES)]
        max_part: u64,
        /// How much is taken in all
        #[arg(long, value_name = "BYTES", default_value_t = Limits::STORE_BYTES)]
        max_store: u64,
    },
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
