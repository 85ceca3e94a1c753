//! The commands and their options. `--help` of each shows an example.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

/// A phone as a program: drafts, photos and the outbox of one person, from a shell.
#[derive(Parser)]
#[command(name = "phone", disable_version_flag = true)]
pub(crate) struct Cli {
    /// The phone's folder.
    #[arg(long, global = true, value_name = "DIR")]
    pub(crate) home: Option<PathBuf>,
    /// What Keystore or Secure Enclave would guard [default: DIR.device-key].
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) device_key: Option<PathBuf>,
    /// Opens a vault that has a passphrase: the file's first line.
    #[arg(long, global = true, value_name = "F")]
    pub(crate) passphrase_file: Option<PathBuf>,
    /// Print JSON only.
    #[arg(long, global = true)]
    pub(crate) json: bool,
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Take an organisation's signed brand pack.
    #[command(after_help = "Example: phone --home p pair kinder.pack")]
    Pair { pack: PathBuf },
    /// Begin a draft.
    #[command(after_help = "Example: phone --home p --json new missing_child")]
    New { form: String },
    /// Begin a draft filled from a profile, or for another child of the same event.
    #[command(after_help = "Example: phone --home p --json from PROFILE missing_child")]
    From {
        id: String,
        /// [default: the report's own form; for a profile missing_child]
        form: Option<String>,
    },
    /// A profile on its way to another phone: one age file under a passphrase.
    #[command(
        after_help = "Examples: phone --home p profile export ID --to ada.age --under words.txt\n          \
        phone --home q profile import ada.age --under words.txt"
    )]
    Profile {
        #[command(subcommand)]
        way: ProfileWay,
    },
    /// What of the profiles should be looked at again.
    #[command(after_help = "Example: phone --home p --json reminders")]
    Reminders,
    /// Answer one question; on disk when the process ends with 0.
    #[command(after_help = "Examples: phone --home p set ID child_name 'Ada Example'\n          \
        phone --home p set ID last_seen_time 'ten minutes ago'\n          \
        phone --home p set ID clothing --unknown")]
    Set {
        id: String,
        field: String,
        /// The answer's JSON if it starts with {, [ or ", else text.
        #[arg(required_unless_present = "unknown", allow_hyphen_values = true)]
        value: Option<String>,
        /// "Don't know" is the answer.
        #[arg(long, conflicts_with = "value")]
        unknown: bool,
    },
    /// Take an answer back.
    #[command(after_help = "Example: phone --home p clear ID clothing")]
    Clear { id: String, field: String },
    /// Show a report.
    #[command(after_help = "Example: phone --home p --json show ID")]
    Show { id: String },
    /// List all reports, the one changed last first.
    #[command(after_help = "Example: phone --home p --json drafts")]
    Drafts,
    /// Add a photo, video or recording; its metadata is removed first.
    #[command(
        after_help = "Examples: phone --home p attach ID photo.jpg --field photo\n          \
        phone --home p attach ID photo.dng --original\n          \
        phone --home p attach ID --capture CAPTURE --field statement"
    )]
    Attach {
        id: String,
        #[arg(required_unless_present = "capture")]
        file: Option<PathBuf>,
        /// What `record` took in while the vault was locked, in place of a file.
        #[arg(long, conflicts_with = "file")]
        capture: Option<String>,
        #[arg(long, default_value = "photo")]
        field: String,
        /// Also seal the untouched file, for the police; what can't be cleaned goes only so.
        #[arg(long)]
        original: bool,
    },
    /// Record voice straight into the vault: what standard input gives, up to its end.
    #[command(
        after_help = "Example: arecord -q | ffmpeg -v error -i - -f adts - | phone --home p record ID"
    )]
    Record {
        id: String,
        #[arg(long, default_value = "statement")]
        field: String,
    },
    /// Take a photo, video or recording off a report.
    #[command(after_help = "Example: phone --home p detach ID MEDIUM")]
    Detach { id: String, medium: String },
    /// Seal a version of a report and queue it. Needs a pack.
    #[command(after_help = "Example: phone --home p send ID --first-minute")]
    Send {
        id: String,
        /// Only the ten answers of the first minute.
        #[arg(long)]
        first_minute: bool,
        /// Media do not wait for Wi-Fi (preset for missing_child).
        #[arg(long, conflicts_with = "wifi")]
        now: bool,
        /// Media wait for Wi-Fi.
        #[arg(long)]
        wifi: bool,
    },
    /// Tell what would be sent now and what waits, and why.
    #[command(after_help = "Example: phone --home p plan --network metered")]
    Plan(NetworkArgs),
    /// Send what is due and fetch receipts; one line per change.
    #[command(after_help = "Example: phone --home p --json run --for 60")]
    Run {
        /// Also wait for what comes due within so many seconds, and end then.
        #[arg(long = "for", value_name = "SECONDS")]
        seconds: Option<u64>,
        #[command(flatten)]
        network: NetworkArgs,
        /// Nothing goes around this proxy.
        #[arg(long, value_name = "socks5h://HOST:PORT")]
        proxy: Option<String>,
    },
    /// Tell how far reports are.
    #[command(after_help = "Example: phone --home p --json status ID")]
    Status { id: Option<String> },
    /// Show what the organisation asked, and the replies.
    #[command(after_help = "Example: phone --home p --json messages ID")]
    Messages { id: String },
    /// Reply to the last question, or just write.
    #[command(after_help = "Example: phone --home p reply ID 'The red one, with a hood'")]
    Reply { id: String, text: String },
    /// Tell everybody who got the report that the search can end. Deletes nothing.
    #[command(after_help = "Example: phone --home p recall ID found")]
    Recall {
        id: String,
        #[arg(value_parser = ["found", "withdrawn", "mistake"])]
        why: String,
    },
    /// Show the organisation's last receipt, or save the proof of it.
    #[command(after_help = "Examples: phone --home p receipt ID --to proof.json\n          \
        phone --home p receipt ID --qr")]
    Receipt {
        id: String,
        /// Where the proof is written.
        #[arg(long, value_name = "FILE")]
        to: Option<PathBuf>,
        /// Draw it as a QR code.
        #[arg(long, conflicts_with = "to")]
        qr: bool,
    },
    /// Start parked parts of a report again.
    #[command(after_help = "Example: phone --home p retry ID")]
    Retry { id: String, part: Option<String> },
    /// Remove a report from this phone.
    #[command(after_help = "Example: phone --home p delete ID")]
    Delete { id: String },
    /// Set, change or remove the vault's passphrase.
    #[command(after_help = "Examples: phone --home p passphrase set new.txt\n          \
        phone --home p --passphrase-file old.txt passphrase change new.txt\n          \
        phone --home p --passphrase-file old.txt passphrase remove")]
    Passphrase {
        #[command(subcommand)]
        change: PassphraseChange,
    },
    /// Destroy everything on this phone.
    #[command(after_help = "Example: phone --home p wipe")]
    Wipe,
    /// Tell what can be done with what is stored.
    #[command(after_help = "Example: phone --home p state")]
    State,
    /// Tell what a photo tells: time, place, camera. No home needed.
    #[command(after_help = "Example: phone --json facts photo.jpg")]
    Facts { file: PathBuf },
    /// Make a copy that tells no more than it shows. No home needed.
    #[command(after_help = "Example: phone scrub photo.jpg clean.jpg")]
    Scrub {
        #[arg(value_name = "IN")]
        input: PathBuf,
        #[arg(value_name = "OUT")]
        output: PathBuf,
    },
}

#[derive(Subcommand)]
pub(crate) enum ProfileWay {
    /// Save a profile as a file.
    Export {
        id: String,
        #[arg(long, value_name = "FILE")]
        to: PathBuf,
        /// The passphrase: the file's first line [default: --passphrase-file].
        #[arg(long, value_name = "F")]
        under: Option<PathBuf>,
    },
    /// Read a profile from a file.
    Import {
        file: PathBuf,
        /// The passphrase: the file's first line [default: --passphrase-file].
        #[arg(long, value_name = "F")]
        under: Option<PathBuf>,
    },
}

#[derive(Subcommand)]
pub(crate) enum PassphraseChange {
    /// A vault without one gets one: the file's first line.
    Set(NewPassphrase),
    /// Another one in place of the one before.
    Change(NewPassphrase),
    /// The device alone opens the vault again.
    Remove,
}

#[derive(Args)]
pub(crate) struct NewPassphrase {
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,
    /// So many wrong tries in a row destroy the vault's key [default: as before].
    #[arg(long, value_name = "TRIES")]
    pub(crate) limit: Option<u32>,
}

#[derive(Args)]
pub(crate) struct NetworkArgs {
    /// The network that the phone has.
    #[arg(long, value_enum, default_value = "wifi")]
    pub(crate) network: NetworkName,
    /// The person asked the phone to save its battery.
    #[arg(long)]
    pub(crate) battery_saver: bool,
    /// Nobody looks at the app: receipts are looked for less often.
    #[arg(long)]
    pub(crate) background: bool,
}

#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum NetworkName {
    Wifi,
    Metered,
    None,
}
