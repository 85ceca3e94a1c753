//! One measurement per process, so that the kernel can say how much memory it took. `cargo xtask
//! bench` runs them in turn.
#![allow(clippy::unwrap_used, reason = "a measurement that can't be made has failed")]
#![allow(clippy::print_stdout, reason = "one line of JSON is all that it is for")]

mod made;
mod peak;
mod photo;
mod planning;
mod rows;
mod sealing;
mod upload;
mod vault;

use std::path::PathBuf;
use std::time::{Duration, Instant};

use clap::Parser;
use serde_json::json;

/// One measurement
#[derive(Parser)]
enum Task {
    /// Run a command to its end; tell its time and its peak memory
    Peak { command: Vec<String> },
    /// Write a photo of about so many bytes
    MakePhoto { bytes: usize, to: PathBuf },
    /// Write another file to scrub: webp, png, mp4, sparse-mp4
    Make { kind: String, bytes: u64, to: PathBuf },
    /// Copy a file in memory
    Memcpy { file: PathBuf },
    /// Scrub a file in memory
    Scrub { file: PathBuf },
    /// Scrub a file as a phone does, from the disk
    ScrubStream { file: PathBuf },
    /// Plan the scrubbing of a file on the disk, and copy nothing
    Plan { file: PathBuf },
    /// Read the facts of a file and scrub it, whatever comes of it
    Attempt { file: PathBuf },
    /// Read the `moov` of a film on the disk
    ReadMoov { file: PathBuf },
    /// Inflate the pixels of a PNG
    Inflate { file: PathBuf },
    /// Seal so many bytes
    Seal { bytes: u64 },
    /// Encrypt so many bytes with ring's ChaCha20-Poly1305, in the chunks of an age file
    Chacha { bytes: u64 },
    /// Encrypt so many bytes with the age crate and nothing around it
    AgeCrate { bytes: u64 },
    /// Hash so many bytes with SHA-256
    Hash { bytes: u64 },
    /// Plan so many queued parts, in a new home
    PlanParts { parts: usize, home: PathBuf },
    /// Upload a file with the core's client
    Upload { file: PathBuf, desk: PathBuf, url: String },
    /// Cancel so many uploads of a file; tell the slowest
    Cancel { rounds: u32, file: PathBuf, desk: PathBuf, url: String },
    /// Write so many rows of 2 KB into a new database of a vault, sealed
    WriteSealed { rows: u32, file: PathBuf },
    /// The same rows as they are
    WritePlain { rows: u32, file: PathBuf },
    /// Read and open what `write-sealed` wrote
    ReadSealed { rows: u32, file: PathBuf },
    /// Read what `write-plain` wrote
    ReadPlain { rows: u32, file: PathBuf },
    /// Make a home with so many drafts
    MakeDrafts { count: u32, home: PathBuf },
    /// Open the home that `make-drafts` made, and list its drafts
    ListDrafts { count: usize, home: PathBuf },
    /// Attach a photo to a report, by its path
    Attach { photo: PathBuf, home: PathBuf },
    /// Save so many answers, one after another
    SaveAnswers { count: u32, home: PathBuf },
    /// Write so many pages, each to the disk before the next
    SyncPages { count: u32, file: PathBuf },
    /// Store a file as a blob of a vault
    StoreBlob { file: PathBuf, to: PathBuf },
}

fn main() {
    let said = match Task::parse() {
        Task::Peak { command } => peak::of(&command),
        Task::MakePhoto { bytes, to } => photo::make(bytes, &to),
        Task::Make { kind, bytes, to } => made::make(&kind, bytes, &to),
        Task::Memcpy { file } => photo::memcpy(&file),
        Task::Scrub { file } => photo::scrub(&file),
        Task::ScrubStream { file } => photo::scrub_stream(&file),
        Task::Plan { file } => photo::plan(&file),
        Task::Attempt { file } => photo::attempt(&file),
        Task::ReadMoov { file } => photo::read_moov(&file),
        Task::Inflate { file } => photo::inflate(&file),
        Task::Seal { bytes } => sealing::seal(bytes),
        Task::Chacha { bytes } => sealing::chacha(bytes),
        Task::AgeCrate { bytes } => sealing::age_crate(bytes),
        Task::Hash { bytes } => sealing::sha256(bytes),
        Task::PlanParts { parts, home } => planning::plan(parts, &home),
        Task::Upload { file, desk, url } => upload::upload(&file, &desk, &url),
        Task::Cancel { rounds, file, desk, url } => upload::cancel(rounds, &file, &desk, &url),
        Task::WriteSealed { rows, file } => rows::write_sealed(rows, &file),
        Task::WritePlain { rows, file } => rows::write_plain(rows, &file),
        Task::ReadSealed { rows, file } => rows::read_sealed(rows, &file),
        Task::ReadPlain { rows, file } => rows::read_plain(rows, &file),
        Task::MakeDrafts { count, home } => vault::make_drafts(count, &home),
        Task::ListDrafts { count, home } => vault::list_drafts(count, &home),
        Task::Attach { photo, home } => vault::attach(&photo, &home),
        Task::SaveAnswers { count, home } => vault::save_answers(count, &home),
        Task::SyncPages { count, file } => vault::sync_pages(count, &file),
        Task::StoreBlob { file, to } => vault::store_blob(&file, &to),
    };
    println!("{said}");
}

/// The quickest of several rounds: what disturbs a round only ever makes it slower.
fn quickest(rounds: u32, mut work: impl FnMut()) -> serde_json::Value {
    let mut best = Duration::MAX;
    for _ in 0..rounds {
        let start = Instant::now();
        work();
        best = best.min(start.elapsed());
    }
    json!({ "ms": best.as_secs_f64() * 1000.0 })
}
