//! The files that hold secrets. A seed file is a line that says what it is for and a line of hex,
//! so that a key can't be taken for another; an identity file is age's own, so that `age -d -i`
//! reads it.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use age::secrecy::ExposeSecret;
use data_encoding::HEXLOWER;
use homeward_core::crypto::SigningKey;
use zeroize::Zeroizing;

use crate::error::{Error, Result};
use crate::home::{Home, make_file, names, read_text};
use crate::log::{Event, Log};

/// What a seed is for: the first line of its file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SeedUse {
    /// Signs brand packs.
    Organisation,
    /// Signs receipts.
    Receipt,
    /// Seals the casebook.
    Casebook,
}

impl SeedUse {
    fn label(self) -> &'static str {
        match self {
            Self::Organisation => "homeward organisation key 1",
            Self::Receipt => "homeward receipt key 1",
            Self::Casebook => "homeward casebook key 1",
        }
    }
}

/// Makes a random seed and its file.
pub fn make_seed(path: &Path, used: SeedUse) -> Result<Zeroizing<[u8; 32]>> {
    let seed = SigningKey::make_seed();
    let hex = Zeroizing::new(HEXLOWER.encode(seed.as_ref()));
    let text = Zeroizing::new(format!("{}\n{}\n", used.label(), *hex));
    make_file(path, text.as_bytes()).map_err(Error::io("write a key"))?;
    Ok(seed)
}

/// Reads a seed's file; a key made for something else is refused.
pub fn read_seed(path: &Path, used: SeedUse) -> Result<Zeroizing<[u8; 32]>> {
    let text = Zeroizing::new(read_text(path, "read a key")?);
    let hex = text.strip_prefix(used.label()).and_then(|rest| rest.strip_prefix('\n'));
    let bytes = hex.and_then(|hex| HEXLOWER.decode(hex.trim_end().as_bytes()).ok());
    let bytes = Zeroizing::new(bytes.ok_or(Error::Damaged("key file"))?);
    let seed = bytes.as_slice().try_into().map_err(|_| Error::Damaged("key file"))?;
    Ok(Zeroizing::new(seed))
}

/// Makes an age identity and its file; gives back the recipient, `age1…`.
pub fn make_identity(path: &Path) -> Result<String> {
    let identity = age::x25519::Identity::generate();
    let recipient = identity.to_public().to_string();
    let secret = identity.to_string();
    let text = Zeroizing::new(format!("# public key: {recipient}\n{}\n", secret.expose_secret()));
    make_file(path, text.as_bytes()).map_err(Error::io("write an identity"))?;
    Ok(recipient)
}

/// Reads an identity file of age's format; comments and empty lines are skipped.
pub fn read_identity(path: &Path) -> Result<age::x25519::Identity> {
    let text = Zeroizing::new(read_text(path, "read an identity")?);
    let mut lines = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    let identity = lines.next().and_then(|line| line.trim().parse().ok());
    identity.ok_or(Error::Damaged("identity file"))
}

/// The desk's identity files, in the order of their names.
pub fn identity_files(home: &Home) -> Result<Vec<PathBuf>> {
    let reading = |source| Error::Io { doing: "read the identities", source };
    let entries = fs::read_dir(home.private(names::IDENTITIES)).map_err(|error| {
        if error.kind() == io::ErrorKind::NotFound { Error::NoDesk } else { reading(error) }
    })?;
    let paths: io::Result<Vec<PathBuf>> =
        entries.map(|entry| entry.map(|entry| entry.path())).collect();
    let mut paths = paths.map_err(reading)?;
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "txt"));
    paths.sort();
    Ok(paths)
}

/// The identities of the desk, for a person with `age`.
pub struct Exported {
    /// An identity file of age's format that holds all of them.
    pub text: Zeroizing<String>,
    /// Each with its audience.
    pub list: Vec<ExportedIdentity>,
}

/// One identity.
#[derive(serde::Serialize)]
pub struct ExportedIdentity {
    /// Its file, which begins with the audience that it opens for.
    pub name: String,
    /// Its public half, `age1…`.
    pub recipient: String,
    /// The secret, `AGE-SECRET-KEY-1…`.
    pub identity: String,
}

/// Everything that opens the desk's reports.
pub fn export(home: &Home) -> Result<Exported> {
    let (mut text, mut list) = (Zeroizing::new(String::new()), Vec::new());
    for path in identity_files(home)? {
        let identity = read_identity(&path)?;
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let recipient = identity.to_public().to_string();
        let secret = identity.to_string().expose_secret().to_owned();
        *text += &format!("# {name}\n# public key: {recipient}\n{secret}\n");
        list.push(ExportedIdentity { name, recipient, identity: secret });
    }
    Log::open(home)?.append(Event::KeysExported)?;
    Ok(Exported { text, list })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_reads_back_for_its_own_use_only() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        let seed = make_seed(&path, SeedUse::Receipt).unwrap();
        assert_eq!(read_seed(&path, SeedUse::Receipt).unwrap(), seed);
        assert!(matches!(read_seed(&path, SeedUse::Organisation), Err(Error::Damaged(_))));
    }

    #[test]
    fn an_identity_reads_back() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("identity.txt");
        let recipient = make_identity(&path).unwrap();
        assert_eq!(read_identity(&path).unwrap().to_public().to_string(), recipient);
    }

    #[test]
    fn a_damaged_seed_is_refused_and_not_guessed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        make_file(&path, b"homeward receipt key 1\n00ff\n").unwrap();
        assert!(matches!(read_seed(&path, SeedUse::Receipt), Err(Error::Damaged(_))));
    }
}
