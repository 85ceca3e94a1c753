//! Where everything of a desk lies, stated once.
//!
//! Three folders, so that each program can be given only what it needs: `offline` (signs packs, can
//! be carried away), `private` (opens reports) and `public` (what the receiving server sees: only
//! ciphertext, receipts, and its own token and certificate).

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use crate::error::{Error, Result};

/// The folder of one desk.
#[derive(Clone, Debug)]
pub struct Home {
    root: PathBuf,
}

impl Home {
    /// The desk at `root`, whether or not it exists.
    pub fn at(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into() }
    }

    /// The folder itself.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// A file of `offline`: read by `brand build` only.
    #[must_use]
    pub fn offline(&self, name: &str) -> PathBuf {
        self.root.join("offline").join(name)
    }

    /// A file of `private`: never read by `receive`.
    #[must_use]
    pub fn private(&self, name: &str) -> PathBuf {
        self.root.join("private").join(name)
    }

    /// A file of `public`.
    #[must_use]
    pub fn public(&self, name: &str) -> PathBuf {
        self.root.join("public").join(name)
    }
}

/// The files and folders of a desk, relative to their part of [`Home`].
pub mod names {
    /// `offline`: the seed of the key that signs packs.
    pub const ORGANISATION_KEY: &str = "organisation.key";
    /// `offline`: the identity to print and lock away.
    pub const RECOVERY: &str = "recovery.txt";
    /// `offline`: the number of the last pack that was signed.
    pub const PACK_SEQUENCE: &str = "pack-sequence";
    /// `offline`: the key of the desk's own certificate authority.
    pub const TLS_CA_KEY: &str = "tls-ca.key";
    /// `private`: one age identity file per audience.
    pub const IDENTITIES: &str = "identities";
    /// `private`: the seed of the key that signs receipts.
    pub const RECEIPT_KEY: &str = "receipt.key";
    /// `private`: the key that seals the casebook.
    pub const CASEBOOK_KEY: &str = "casebook.key";
    /// `private`: what is known of each report.
    pub const CASEBOOK: &str = "casebook.sqlite";
    /// `private`: what this desk did, as a chain of hashes.
    pub const LOG: &str = "log";
    /// `private`: held while `collect` works.
    pub const COLLECT_LOCK: &str = "collect.lock";
    /// `public`: who the desk is, and the public halves of its keys.
    pub const CARD: &str = "desk.json";
    /// `public`: the organisation's own forms, as the last pack has them.
    pub const FORMS: &str = "forms.json";
    /// `public`: what a phone shows to be let in.
    pub const TOKEN: &str = "token";
    /// `public`: what phones sent.
    pub const UPLOADS: &str = "uploads";
    /// `public`: what phones fetch.
    pub const RECEIPTS: &str = "receipts";
    /// `public`: the certificate authority's certificate, which packs name.
    pub const TLS_CA: &str = "tls/ca.pem";
    /// `public`: the server's certificate.
    pub const TLS_LEAF: &str = "tls/leaf.pem";
    /// `public`: the server's key.
    pub const TLS_LEAF_KEY: &str = "tls/leaf.key";
    /// `public`: which hosts the server's certificate covers, and until when.
    pub const TLS_LEAF_NOTE: &str = "tls/leaf.json";
}

/// Makes a folder that only its owner enters.
pub fn make_folder(path: &Path) -> io::Result<()> {
    fs::DirBuilder::new().mode(0o700).create(path)
}

/// Makes a file that only its owner reads, and that outlives a power cut. Never overwrites.
pub fn make_file(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

/// Puts `bytes` in the place of `path` in one step: a reader sees the old file or the new one.
pub fn replace_file(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let folder = path.parent().ok_or(io::ErrorKind::InvalidInput)?;
    let name = path.file_name().ok_or(io::ErrorKind::InvalidInput)?;
    // The same name each time: what a kill leaves behind is taken away by the next try.
    let mut temporary = std::ffi::OsString::from(".");
    temporary.push(name);
    temporary.push(".new");
    let temporary = folder.join(temporary);
    match fs::remove_file(&temporary) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    make_file(&temporary, bytes)?;
    fs::rename(&temporary, path)?;
    sync_folder(folder)
}

/// Makes the names in a folder outlive a power cut.
pub fn sync_folder(path: &Path) -> io::Result<()> {
    // The folder of a bare name is the current one.
    let path = if path.as_os_str().is_empty() { Path::new(".") } else { path };
    File::open(path)?.sync_all()
}

/// Reads a file of the desk; without it there is no desk.
pub fn read(path: &Path, doing: &'static str) -> Result<Vec<u8>> {
    fs::read(path).map_err(|source| match source.kind() {
        io::ErrorKind::NotFound => Error::NoDesk,
        _ => Error::Io { doing, source },
    })
}

/// Like [`read`], for text.
pub fn read_text(path: &Path, doing: &'static str) -> Result<String> {
    String::from_utf8(read(path, doing)?).map_err(|_| Error::Damaged("file"))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_file_is_replaced_whole_and_stays_its_owners() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("token");
        make_file(&path, b"one").unwrap();
        replace_file(&path, b"two").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"two");
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn making_a_file_never_overwrites_one() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        make_file(&path, b"one").unwrap();
        assert!(make_file(&path, b"two").is_err());
        assert_eq!(fs::read(&path).unwrap(), b"one");
    }
}
