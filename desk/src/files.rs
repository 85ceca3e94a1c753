//! Writes a report's files to a folder: in clear for the people who work on it, or as the sealed
//! parts that came, which `age -d | tar x` opens anywhere.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::card::Card;
use crate::casebook::{Case, HeldPart};
use crate::collect::{identities, open_upload};
use crate::error::{Error, Result};
use crate::home::{self, Home};
use crate::log::{Event, Log};
use crate::store::{self, Store, Upload};
use crate::view;

/// A file that was written.
#[derive(Clone, Debug, Serialize)]
pub struct Written {
    /// Its name in the folder.
    pub file: String,
    /// The part that it comes from.
    pub part: homeward_core::PartId,
}

/// Writes the files of `report` to `folder`, in clear or sealed. Nothing is ever overwritten.
///
/// A part is taken from wherever its ciphertext lies: it may have come to several stores, and the
/// one that it was collected from may be away.
pub fn write(home: &Home, report: &str, folder: &Path, sealed: bool) -> Result<Vec<Written>> {
    let case = view::case(home, report)?;
    let (uploads, away) = uploads_of(home, &case)?;
    prepare(folder)?;
    Log::open(home)?.append(Event::Files { report: case.report, sealed })?;
    let mut written = Vec::new();
    for (held, name) in named(&case, sealed) {
        let gone = if away { Error::StoreAway } else { Error::NoUpload };
        let upload = upload_of(held, &uploads).ok_or(gone)?;
        let path = folder.join(&name);
        let temporary = folder.join(format!(".{name}.part"));
        let put = if sealed { copy(upload, &temporary) } else { open(home, upload, &temporary) };
        // A name that exists is refused, also one that came into being meanwhile.
        let put = put.and_then(|()| {
            fs::hard_link(&temporary, &path).map_err(Error::io("write a file of the report"))
        });
        let _ = fs::remove_file(&temporary);
        put?;
        written.push(Written { file: name, part: held.part });
    }
    home::sync_folder(folder).map_err(Error::io("write the report's files"))?;
    Ok(written)
}

/// The uploads of every store that parts of the case came from, and whether a mirror's is away.
fn uploads_of(home: &Home, case: &Case) -> Result<(Vec<Upload>, bool)> {
    let own = store::uploads(&Store::own(home).uploads).map_err(Error::io("read the uploads"))?;
    let mut uploads: Vec<_> = own.into_iter().flatten().collect();
    let named: BTreeSet<_> = case.parts.iter().filter_map(|held| held.store.as_deref()).collect();
    let mut away = false;
    for folder in named {
        match Store::at(folder).map(|store| store::uploads(&store.uploads)) {
            Ok(Ok(listed)) => uploads.extend(listed.into_iter().flatten()),
            _ => away = true,
        }
    }
    Ok((uploads, away))
}

/// An upload with the ciphertext of `held`: the one that was collected, or another.
fn upload_of<'a>(held: &HeldPart, uploads: &'a [Upload]) -> Option<&'a Upload> {
    let of_length = || uploads.iter().filter(|it| it.is_complete() && it.length == held.bytes);
    let collected = of_length().filter(|it| it.id == held.upload);
    let others = of_length().filter(|it| it.id != held.upload);
    collected.chain(others).find(|it| it.hash().is_ok_and(|hash| hash == held.sha256))
}

/// The folder is made, or must be empty: then no file of the report can meet another file.
fn prepare(folder: &Path) -> Result<()> {
    let doing = "make the folder for the files";
    match home::make_folder(folder) {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            let mut entries = fs::read_dir(folder).map_err(Error::io(doing))?;
            if entries.next().is_none() { Ok(()) } else { Err(Error::FolderExists) }
        }
        Err(source) => Err(Error::Io { doing, source }),
    }
}

fn copy(upload: &Upload, to: &Path) -> Result<()> {
    let mut from = store::open(&upload.data).map_err(Error::io("read an upload"))?;
    let doing = "write a file of the report";
    let mut file = make(to).map_err(Error::io(doing))?;
    io::copy(&mut from, &mut file).and_then(|_| file.sync_all()).map_err(Error::io(doing))
}

/// Checked once more on the way: what lies in the store may have changed since it was collected.
fn open(home: &Home, upload: &Upload, to: &Path) -> Result<()> {
    let organisation = Card::read(home)?.organisation.fingerprint();
    let doing = "write a file of the report";
    let mut file = make(to).map_err(Error::io(doing))?;
    let opened = open_upload(upload, &identities(home)?, &organisation, &mut file);
    opened.map_err(|_| Error::NoUpload)?;
    file.sync_all().map_err(Error::io(doing))
}

fn make(path: &Path) -> io::Result<File> {
    use std::os::unix::fs::OpenOptionsExt;
    File::options().write(true).create_new(true).mode(0o600).open(path)
}

/// Every part with a name of its own: the one inside the part, numbered where two share it.
fn named(case: &Case, sealed: bool) -> Vec<(&HeldPart, String)> {
    let mut taken = BTreeSet::new();
    let mut names = Vec::new();
    for held in case.parts_in_order() {
        let name = (1..)
            .map(|number| numbered(&held.content.name, number))
            .map(|name| if sealed { format!("{name}.age") } else { name })
            .find(|name| taken.insert(name.to_ascii_lowercase()))
            .unwrap_or_default();
        names.push((held, name));
    }
    names
}

fn numbered(name: &str, number: u32) -> String {
    if number == 1 {
        return name.to_owned();
    }
    let path = PathBuf::from(name);
    match (path.file_stem(), path.extension()) {
        (Some(stem), Some(extension)) => {
            format!("{}-{number}.{}", stem.to_string_lossy(), extension.to_string_lossy())
        }
        _ => format!("{name}-{number}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_second_file_of_a_name_is_numbered_before_its_ending() {
        assert_eq!(numbered("answers.json", 1), "answers.json");
        assert_eq!(numbered("answers.json", 2), "answers-2.json");
        assert_eq!(numbered("answers", 3), "answers-3");
    }
}
