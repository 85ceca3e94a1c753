//! The folder that everything lives in. Names are relative and tell nothing: phones move the
//! folder at updates, and names show in backups and listings.
//!
//! ```text
//! home.sqlite   rows                     pack.json   the organisation's signed pack, in clear
//! emergency-N.sqlite   rows of reports begun while the vault was closed
//! blobs/ID      sealed photos            spool/ID    sealed parts on their way
//! intake/ID     sealed to intake.age-recipient while the vault was locked
//! run.lock      held by who sends        files.lock  held while a file has no row yet
//! passphrase.lock   held by who tries or changes the passphrase
//! spare         nothing: room for the words of a report when the disk is full
//! ```
//!
//! The folder itself is locked while a database in it is opened, closed or removed.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use crate::brand::{MAX_PACK_BYTES, Pack};
use crate::crypto::make_bytes;
use crate::error::{Error, Result};
use crate::ids::{MediumId, PartId};
use crate::vault::blob::sync_folder_of;

/// Which file of the pack lies there; see [`Home::pack_stamp`].
#[derive(PartialEq, Eq)]
pub(crate) struct PackStamp(Option<(u64, u64, i64, i64)>);

/// The folder and the names in it.
#[derive(Clone)]
pub(crate) struct Home {
    root: PathBuf,
}

impl Home {
    /// The home at `root`, made if it is not there.
    pub(crate) fn at(root: &Path) -> Result<Self> {
        let home = Self { root: root.to_owned() };
        for folder in [home.root.clone(), home.blobs(), home.spool(), home.intake()] {
            make_private_folder(&folder)?;
        }
        Ok(home)
    }

    pub(crate) fn database(&self) -> PathBuf {
        self.root.join("home.sqlite")
    }

    /// The database of the `number`-th emergency.
    pub(crate) fn emergency(&self, number: u32) -> PathBuf {
        self.root.join(format!("emergency-{number}.sqlite"))
    }

    /// A database's files: SQLite keeps a log and its index beside it.
    fn files_of(database: &Path) -> [PathBuf; 3] {
        // The file itself comes last: as long as it is there nobody makes another of its name.
        ["-wal", "-shm", ""].map(|ending| {
            let mut name = database.as_os_str().to_owned();
            name.push(ending);
            PathBuf::from(name)
        })
    }

    /// What came while the vault was locked.
    pub(crate) fn intake(&self) -> PathBuf {
        self.root.join("intake")
    }

    /// Whom it is sealed to, in clear.
    pub(crate) fn intake_key(&self) -> PathBuf {
        self.root.join("intake.age-recipient")
    }

    pub(crate) fn capture(&self, name: &str) -> PathBuf {
        self.intake().join(name)
    }

    /// Where the file of a recording has its name, for the moment that it has one.
    pub(crate) fn recording(&self) -> PathBuf {
        let name: [u8; 16] = make_bytes();
        self.intake().join(format!("{}.recording", data_encoding::HEXLOWER.encode(&name)))
    }

    pub(crate) fn blob(&self, medium: MediumId) -> PathBuf {
        self.blobs().join(medium.to_string())
    }

    pub(crate) fn spooled(&self, part: PartId) -> PathBuf {
        self.spool().join(part.to_string())
    }

    pub(crate) fn blobs(&self) -> PathBuf {
        self.root.join("blobs")
    }

    pub(crate) fn spool(&self) -> PathBuf {
        self.root.join("spool")
    }

    /// Refuses as full what would not fit on the disk. Beside `bytes` there must be room for what
    /// an upload needs to remember, and for the words of the next report.
    pub(crate) fn need(&self, bytes: u64) -> Result<()> {
        if bytes.saturating_add(LEAST_FREE) > free(&self.root)? {
            Err(Error::StorageFull)
        } else {
            Ok(())
        }
    }

    /// The same for what may take nothing of the room that is kept, be it given back or not.
    pub(crate) fn need_beside_spare(&self, bytes: u64) -> Result<()> {
        let kept = fs::metadata(self.spare()).map_or(0, |file| file.len());
        self.need(bytes.saturating_add(SPARE_BYTES.saturating_sub(kept)))
    }

    /// Gives back the room that was kept, if there is next to none left. Then what lies here is
    /// read and removed, sealed parts leave, and the next report's words are written and leave as
    /// well.
    pub(crate) fn give_spare(&self) {
        if free(&self.root).is_ok_and(|free| free < LEAST_FREE) {
            let _ = fs::remove_file(self.spare());
        }
    }

    /// Keeps that room, where there is so much and more.
    pub(crate) fn keep_spare(&self) -> Result<()> {
        let path = self.spare();
        if fs::metadata(&path).is_ok_and(|file| file.len() == SPARE_BYTES) {
            return Ok(());
        }
        self.need(2 * SPARE_BYTES)?;
        let partial = path.with_extension("partial");
        // Zeros might take no room at all.
        let written = File::create(&partial).and_then(|mut file| {
            for _ in 0..SPARE_BYTES / 4096 {
                file.write_all(&make_bytes::<4096>())?;
            }
            file.sync_all()
        });
        let kept = written.and_then(|()| fs::rename(&partial, &path));
        if kept.is_err() {
            let _ = fs::remove_file(&partial);
        }
        Ok(kept?)
    }

    fn spare(&self) -> PathBuf {
        self.root.join("spare")
    }

    /// The lock of the one who sends; `None` while another process has it.
    pub(crate) fn lock_run(&self) -> Result<Option<File>> {
        try_lock(&self.root.join("run.lock"))
    }

    /// Held, shared, while a file is on disk that has no row yet, so that nobody sweeps it.
    pub(crate) fn hold_files(&self) -> Result<File> {
        let file = lock_file(&self.root.join("files.lock"))?;
        file.lock_shared()?;
        Ok(file)
    }

    /// Held by a sweep; `None` while somebody makes files.
    pub(crate) fn lock_files(&self) -> Result<Option<File>> {
        try_lock(&self.root.join("files.lock"))
    }

    /// Held by the one who tries a passphrase or changes it; waits for another process that does.
    pub(crate) fn lock_passphrase(&self) -> Result<File> {
        let file = lock_file(&self.root.join("passphrase.lock"))?;
        file.lock()?;
        Ok(file)
    }

    /// Removes every file. Those that come meanwhile are a new home's and stay.
    pub(crate) fn remove_files(&self) -> Result<()> {
        let _names = lock_names(&self.root);
        let mut files = Vec::new();
        for folder in [self.blobs(), self.spool(), self.intake(), self.root.clone()] {
            for entry in fs::read_dir(folder)? {
                files.push(entry?.path());
            }
        }
        files.retain(|path| path.is_file());
        // A database goes after its log: a new one of its name never has the old one's log beside
        // it, and never loses its own.
        files.sort_by_key(|path| path.extension().is_some_and(|ending| ending == "sqlite"));
        files.iter().try_for_each(|path| remove_if_there(path))
    }

    /// Removes a closed database.
    pub(crate) fn remove_database(&self, database: &Path) -> Result<()> {
        let _names = lock_names(&self.root);
        Self::files_of(database).iter().try_for_each(|file| remove_if_there(file))
    }

    /// The paired organisation's pack.
    pub(crate) fn pack(&self) -> Result<Option<Pack>> {
        let Some(bytes) = self.pack_bytes()? else { return Ok(None) };
        // It was verified before it was stored: now it was changed on the disk.
        Pack::read(&bytes).map(Some).map_err(|_| Error::Damaged)
    }

    /// The pack's file as the organisation signed it.
    pub(crate) fn pack_bytes(&self) -> Result<Option<Vec<u8>>> {
        let mut bytes = Vec::new();
        let file = match File::open(self.pack_path()) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        io::copy(&mut io::Read::take(file, MAX_PACK_BYTES as u64 + 1), &mut bytes)?;
        Ok(Some(bytes))
    }

    /// What changes whenever the pack's file does: nobody writes into it, it is only replaced.
    pub(crate) fn pack_stamp(&self) -> PackStamp {
        let file = fs::metadata(self.pack_path()).ok();
        PackStamp(file.map(|file| (file.ino(), file.len(), file.mtime(), file.mtime_nsec())))
    }

    /// Puts a pack's file in place of the one before, whole or not at all.
    pub(crate) fn store_pack(&self, bytes: &[u8]) -> Result<()> {
        replace_file(&self.pack_path(), bytes)
    }

    fn pack_path(&self) -> PathBuf {
        self.root.join("pack.json")
    }
}

/// What must stay free.
const LEAST_FREE: u64 = 64 << 10;

/// What is kept for when that is gone: SQLite's log and its index, and some sealed words.
const SPARE_BYTES: u64 = 256 << 10;

/// How many bytes the disk of `folder` still takes.
fn free(folder: &Path) -> io::Result<u64> {
    let disk = rustix::fs::statvfs(folder)?;
    Ok(disk.f_bavail.saturating_mul(disk.f_frsize))
}

/// Whether a log in `folder` should be kept short.
pub(crate) fn is_scarce(folder: &Path) -> bool {
    free(folder).is_ok_and(|free| free < SPARE_BYTES + LEAST_FREE)
}

/// The names in `folder`; one that is not Unicode is none of ours.
pub(crate) fn names(folder: &Path) -> Result<Vec<String>> {
    let name = |entry: io::Result<fs::DirEntry>| Ok(entry?.file_name().into_string().ok());
    fs::read_dir(folder)?.filter_map(|entry| name(entry).transpose()).collect()
}

/// Puts `bytes` in place of a file, whole or not at all. On disk when this returns.
pub(crate) fn replace_file(path: &Path, bytes: &[u8]) -> Result<()> {
    let partial = path.with_extension("partial");
    let mut file = File::create(&partial)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&partial, path)?;
    Ok(sync_folder_of(path)?)
}

/// Removes a file. Another process may have done it.
pub(crate) fn remove_if_there(path: &Path) -> Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error.into()),
        _ => Ok(()),
    }
}

/// Removes the files in `folder` whose name is not `kept`.
pub(crate) fn sweep(folder: &Path, kept: impl Fn(&str) -> bool) -> Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if !entry.file_name().to_str().is_some_and(&kept) {
            remove_if_there(&entry.path())?;
        }
    }
    Ok(())
}

/// Held, shared, while a database in `folder` is opened or closed: SQLite finds a database's log by
/// its name, and must not take or remove that of another database which has the name meanwhile.
///
/// The folder itself is locked, so there is nothing to make on a full disk. Where it can't be, the
/// database opens all the same.
pub(crate) fn hold_names(folder: &Path) -> Option<File> {
    let folder = File::open(folder).ok()?;
    folder.lock_shared().ok()?;
    Some(folder)
}

/// Held while a database's files are removed.
fn lock_names(folder: &Path) -> Option<File> {
    let folder = File::open(folder).ok()?;
    folder.lock().ok()?;
    Some(folder)
}

fn lock_file(path: &Path) -> Result<File> {
    Ok(OpenOptions::new().create(true).truncate(false).write(true).open(path)?)
}

/// The kernel frees the lock when its holder dies.
fn try_lock(path: &Path) -> Result<Option<File>> {
    let file = lock_file(path)?;
    match file.try_lock() {
        Ok(()) => Ok(Some(file)),
        Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(error)) => Err(error.into()),
    }
}

fn make_private_folder(path: &Path) -> Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    let made = fs::DirBuilder::new().recursive(true).mode(0o700).create(path);
    Ok(made?)
}
