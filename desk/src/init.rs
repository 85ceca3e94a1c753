//! Makes a desk: its keys, its certificate, its folders. Everything is made beside its place and
//! put there in one rename, so that a kill leaves no desk or a whole one, never half of its keys.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use data_encoding::HEXLOWER;
use homeward_core::brand::{Organisation, ReceiptKey, Recipient};
use homeward_core::crypto::SigningKey;
use homeward_core::forms::Audience;

use crate::card::{Card, is_name};
use crate::error::{Error, Result};
use crate::home::{self, Home, make_file, make_folder, names};
use crate::keys::{SeedUse, make_identity, make_seed};
use crate::{store, tls};

/// The audiences that a new desk has an identity for, and its file.
const AUDIENCES: [(Audience, &str); 2] =
    [(Audience::Organisation, "organisation.txt"), (Audience::Police, "police.txt")];

/// Makes a desk for the organisation `name`, reachable as any of `hosts`.
pub fn init(home: &Home, name: &str, hosts: &[String]) -> Result<Card> {
    let name = name.trim();
    if !is_name(name) {
        return Err(Error::BadName);
    }
    if home.root().symlink_metadata().is_ok() {
        return Err(Error::DeskExists);
    }
    let temporary = temporary_beside(home.root())?;
    let made = make(&Home::at(&temporary), name, hosts).and_then(|card| {
        // A folder that came into being meanwhile is refused here, unless it is empty.
        fs::rename(&temporary, home.root()).map_err(Error::io("put the desk in its place"))?;
        Ok(card)
    });
    if made.is_err() {
        // Nothing was ever sealed to these keys. What stays behind opens nothing.
        let _ = fs::remove_dir_all(&temporary);
    }
    let card = made?;
    let parent = parent_of(home.root());
    home::sync_folder(&parent).map_err(Error::io("write the desk's folder"))?;
    Ok(card)
}

fn make(home: &Home, name: &str, hosts: &[String]) -> Result<Card> {
    make_folders(home).map_err(Error::io("make the desk's folders"))?;

    let organisation = make_seed(&home.offline(names::ORGANISATION_KEY), SeedUse::Organisation)?;
    let recovery = make_identity(&home.offline(names::RECOVERY))?;
    let receipt = make_seed(&home.private(names::RECEIPT_KEY), SeedUse::Receipt)?;
    make_seed(&home.private(names::CASEBOOK_KEY), SeedUse::Casebook)?;
    tls::make(home, hosts)?;

    let mut recipients = Vec::new();
    for (audience, file) in AUDIENCES {
        let desk = make_identity(&home.private(names::IDENTITIES).join(file))?;
        recipients.push(Recipient::new(audience, desk, "desk"));
        recipients.push(Recipient::new(audience, recovery.clone(), "recovery"));
    }
    let organisation =
        Organisation { name: name.into(), key: SigningKey::derive(&organisation).verify_key() };
    let receipt_key = SigningKey::derive(&receipt).verify_key();
    let receipt_keys = vec![ReceiptKey { key: receipt_key, holder: "desk".into() }];
    let card = Card::new(organisation, recipients, receipt_keys);

    let token = HEXLOWER.encode(SigningKey::make_seed().as_ref());
    make_file(&home.public(names::TOKEN), format!("{token}\n").as_bytes())
        .map_err(Error::io("write the token"))?;
    make_file(&home.public(names::CARD), &card.to_bytes()?)
        .map_err(Error::io("write the desk's card"))?;
    sync_tree(home.root()).map_err(Error::io("write the desk"))?;
    Ok(card)
}

fn make_folders(home: &Home) -> std::io::Result<()> {
    make_folder(home.root())?;
    for folder in [home.offline(""), home.private(""), home.public("")] {
        make_folder(&folder)?;
    }
    make_folder(&home.private(names::IDENTITIES))?;
    make_folder(&home.public("tls"))?;
    make_folder(&home.public(names::RECEIPTS))?;
    let uploads = home.public(names::UPLOADS);
    make_folder(&uploads)?;
    store::FOLDERS.iter().try_for_each(|folder| make_folder(&uploads.join(folder)))
}

fn sync_tree(folder: &Path) -> std::io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            sync_tree(&entry.path())?;
        }
    }
    home::sync_folder(folder)
}

fn temporary_beside(root: &Path) -> Result<PathBuf> {
    let name = root.file_name().ok_or(Error::DeskExists)?;
    let mut temporary = OsString::from(".");
    temporary.push(name);
    temporary.push(format!(".init-{}", HEXLOWER.encode(&SigningKey::make_seed()[..8])));
    Ok(parent_of(root).join(temporary))
}

fn parent_of(root: &Path) -> PathBuf {
    match root.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent.to_owned(),
        _ => PathBuf::from("."),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn modes(folder: &Path, found: &mut Vec<(PathBuf, u32)>) {
        for entry in fs::read_dir(folder).unwrap() {
            let entry = entry.unwrap();
            let mode = entry.metadata().unwrap().permissions().mode() & 0o777;
            found.push((entry.path(), mode));
            if entry.file_type().unwrap().is_dir() {
                modes(&entry.path(), found);
            }
        }
    }

    #[test]
    fn nobody_but_the_owner_reads_anything_of_a_desk() {
        let folder = tempfile::tempdir().unwrap();
        let home = Home::at(folder.path().join("desk"));
        init(&home, "Example", &[]).unwrap();
        let mut found = Vec::new();
        modes(home.root(), &mut found);
        assert!(found.len() > 15);
        for (path, mode) in found {
            assert!(mode == 0o600 || mode == 0o700, "{} has mode {mode:o}", path.display());
        }
    }

    #[test]
    fn a_desk_is_never_made_over_another() {
        let folder = tempfile::tempdir().unwrap();
        let home = Home::at(folder.path().join("desk"));
        let first = init(&home, "Example", &[]).unwrap();
        assert!(matches!(init(&home, "Other", &[]), Err(Error::DeskExists)));
        assert_eq!(Card::read(&home).unwrap(), first);
    }

    #[test]
    fn a_refused_init_leaves_nothing_behind() {
        let folder = tempfile::tempdir().unwrap();
        let home = Home::at(folder.path().join("desk"));
        assert!(matches!(init(&home, "Example", &["no host".into()]), Err(Error::BadHost)));
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[test]
    fn each_audience_has_the_desk_and_the_paper_recovery_key() {
        let folder = tempfile::tempdir().unwrap();
        let card = init(&Home::at(folder.path().join("desk")), "Example", &[]).unwrap();
        for (audience, _) in AUDIENCES {
            let held = card.recipients.iter().filter(|recipient| recipient.audience == audience);
            let holders: Vec<&str> = held.map(|recipient| recipient.holder.as_str()).collect();
            assert_eq!(holders, ["desk", "recovery"]);
        }
    }
}
