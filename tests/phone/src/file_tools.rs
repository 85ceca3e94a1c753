//! `facts` and `scrub`: what the media room does, on files, without a home.

use std::fs::{self, File};
use std::hash::{BuildHasher, RandomState};
use std::io::{self, BufWriter, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use homeward_core::media::{Piece, Plan, ReadAt};
use homeward_core::{Refusal, media};
use serde_json::json;

use crate::json::facts_json;
use crate::output::{Output, Problem};

pub(crate) fn facts(file: &Path, output: &Output) -> Result<(), Problem> {
    let facts = media::facts(&open(file)?)?;
    let json = facts_json(&facts);
    output.tell(&json, || match json.as_object() {
        Some(facts) if !facts.is_empty() => facts
            .iter()
            .map(|(key, value)| format!("{key}: {value}"))
            .collect::<Vec<_>>()
            .join("\n"),
        _ => "The file tells nothing about when, where or with what it was taken.".into(),
    })
}

/// Writes the copy beside its place first: an interrupted scrub leaves no half file.
pub(crate) fn scrub(input: &Path, to: &Path, output: &Output) -> Result<(), Problem> {
    let source = open(input)?;
    let plan = media::scrub(&source)?;
    let (partial, file) = create_beside(to).map_err(homeward_core::Error::from)?;
    let written =
        write(&plan, &source, &file).and_then(|bytes| fs::rename(&partial, to).map(|()| bytes));
    let bytes_out = written.map_err(|error| {
        let _ = fs::remove_file(&partial);
        homeward_core::Error::from(error)
    })?;
    let json = json!({
        "format": plan.format.extension(),
        "removed": plan.manifest.removed,
        "remaining": plan.manifest.remaining,
        "broken": plan.manifest.broken,
        "bytes_in": ReadAt::len(&source),
        "bytes_out": bytes_out,
    });
    output.tell(&json, || crate::json::removed_in_words(&plan.manifest))
}

/// A new file beside `to`, under a name that nothing has: what lies there is the person's.
fn create_beside(to: &Path) -> io::Result<(PathBuf, File)> {
    loop {
        // The standard library's hashers begin at random.
        let number = RandomState::new().hash_one(std::process::id());
        let path = to.with_extension(format!("{number:016x}.partial"));
        match File::options().write(true).create_new(true).open(&path) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            file => return file.map(|file| (path, file)),
        }
    }
}

/// Carries out a plan from file to file. A long stretch is copied by the kernel; the many short
/// ones of a film with a data track would each cost five calls of it, so they are put together
/// first.
fn write(plan: &Plan, mut source: &File, to: &File) -> io::Result<u64> {
    let mut to = BufWriter::with_capacity(LONG as usize, to);
    for piece in &plan.pieces {
        match piece {
            Piece::Copy(range) if range.end - range.start < LONG => {
                let mut bytes = vec![0; (range.end - range.start) as usize];
                source.read_exact_at(range.start, &mut bytes)?;
                to.write_all(&bytes)?;
            }
            Piece::Copy(range) => {
                let len = range.end - range.start;
                to.flush()?;
                source.seek(SeekFrom::Start(range.start))?;
                if io::copy(&mut source.take(len), to.get_mut())? != len {
                    return Err(io::ErrorKind::UnexpectedEof.into());
                }
            }
            Piece::Put(bytes) => to.write_all(bytes)?,
            Piece::Zeros(len) => {
                io::copy(&mut io::repeat(0).take(*len), &mut to)?;
            }
        }
    }
    to.flush()?;
    Ok(plan.len())
}

/// From so many bytes on a stretch is long.
const LONG: u64 = 64 << 10;

fn open(path: &Path) -> Result<File, Problem> {
    File::open(path).map_err(|_| Problem::Core(Refusal::MediaUnreadable.into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scrub_leaves_every_other_file_as_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        fs::write(
            path("in.gif"),
            b"GIF89a\x01\0\x01\0\0\0\0,\0\0\0\0\x01\0\x01\0\0\x02\x02\x44\x01\0;",
        )
        .unwrap();
        fs::write(path("out.partial"), b"the person's").unwrap();
        let to_nowhere = path("none/out.gif");
        for (to, done) in [(path("out.gif"), true), (path("out.gif"), true), (to_nowhere, false)] {
            assert_eq!(scrub(&path("in.gif"), &to, &Output::new(true)).is_ok(), done);
        }
        assert_eq!(fs::read(path("out.partial")).unwrap(), b"the person's");
        assert_eq!(fs::read(path("in.gif")).unwrap(), fs::read(path("out.gif")).unwrap());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 3);
    }
}
