//! The desk's log, `HOME/private/log`: what this desk device did, as one chain of hashes.
//!
//! An entry is a line: its hash and a JSON text that names the hash before it. So no entry can be
//! changed, taken out or moved without all later hashes changing, and the newest hash (the *head*)
//! goes signed into each receipt: who holds a receipt sees whether the log was cut or written anew.
//! An entry holds ids and hashes, never what a report says.
//!
//! An entry is on disk before what it tells of is done. After a kill the deed may come again, and
//! its entry with it; a deed without an entry does not happen.

mod event;
mod verify;

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};

use homeward_core::Digest;
use homeward_core::crypto::{SigningKey, VerifyKey, sha256};
use homeward_core::receipts::LogHead;
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::home::{Home, names, sync_folder};
use crate::keys::{SeedUse, read_seed};

pub use event::Event;
pub use verify::{Checked, Fault, entries, verify};

/// What the hash of an entry covers before its text; the last word is the format's version.
const LABEL: &str = "homeward log 1\n";

/// The longest line: all fields have a fixed size but a reason.
const MAX_LINE: u64 = 4 << 10;

/// One entry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Its number, from 1.
    pub n: u64,
    /// When it was written, Unix ms by the desk's clock.
    pub at_ms: i64,
    /// The hash of the entry before it; in the first the hash of the desk's receipt key.
    pub previous: Digest,
    /// What happened.
    #[serde(flatten)]
    pub event: Event,
}

/// The log of one desk device, open for writing.
pub struct Log {
    file: File,
    desk: VerifyKey,
}

/// The end of the log.
struct Tail {
    head: LogHead,
    /// How long the whole lines are.
    whole: u64,
    /// How many bytes after them a kill left.
    torn: u64,
}

impl Log {
    /// Opens the desk's log, making an empty one if there is none. What a kill left of a last line
    /// is cut off, and an entry says so.
    pub fn open(home: &Home) -> Result<Self> {
        use std::os::unix::fs::OpenOptionsExt;
        let desk = desk_key(home)?;
        let path = home.private(names::LOG);
        let made = !path.exists();
        let mut options = File::options();
        let file = options.read(true).write(true).create(true).truncate(false).mode(0o600);
        let file = file.open(&path).map_err(Error::io("open the log"))?;
        if made {
            sync_folder(&home.private("")).map_err(Error::io("open the log"))?;
        }
        let mut log = Self { file, desk };
        let torn = log.locked(|log| {
            let tail = log.tail()?;
            if tail.torn > 0 {
                log.file.set_len(tail.whole).map_err(Error::io("mend the log"))?;
            }
            Ok(tail.torn)
        })?;
        if torn > 0 {
            log.append(Event::Torn { bytes: torn })?;
        }
        Ok(log)
    }

    /// Writes an entry and waits for the disk; gives back where the log stands then.
    pub fn append(&mut self, event: Event) -> Result<LogHead> {
        self.locked(|log| {
            let tail = log.tail()?;
            // Another command was killed while it wrote: its line counts as never begun.
            log.file.set_len(tail.whole).map_err(Error::io("write the log"))?;
            let (n, previous) = (tail.head.entries + 1, tail.head.hash);
            let entry = Entry { n, at_ms: crate::clock::now_ms(), previous, event };
            let json = serde_json::to_string(&entry).map_err(|_| Error::Damaged("log"))?;
            let hash = hash(&json);
            let line = format!("{hash} {json}\n");
            log.file
                .seek(SeekFrom::Start(tail.whole))
                .and_then(|_| log.file.write_all(line.as_bytes()))
                .and_then(|()| log.file.sync_data())
                .map_err(Error::io("write the log"))?;
            Ok(LogHead { desk: log.desk, entries: n, hash })
        })
    }

    /// Several commands may write; each takes its turn.
    fn locked<T>(&mut self, work: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        self.file.lock().map_err(Error::io("lock the log"))?;
        let done = work(self);
        self.file.unlock().map_err(Error::io("unlock the log"))?;
        done
    }

    /// Reads the last whole line.
    fn tail(&mut self) -> Result<Tail> {
        let reading = Error::io("read the log");
        let (whole, line) = last_line(&mut self.file).map_err(reading)?;
        let length = self.file.metadata().map_err(Error::io("read the log"))?.len();
        let torn = length - whole;
        let (entries, hash) = match line {
            None if whole == 0 => (0, start(&self.desk)),
            None => return Err(Error::Damaged("log")),
            Some(line) => {
                let (hash, entry) = parse(&line).ok_or(Error::Damaged("log"))?;
                (entry.n, hash)
            }
        };
        Ok(Tail { head: LogHead { desk: self.desk, entries, hash }, whole, torn })
    }
}

/// The key that names this desk device.
fn desk_key(home: &Home) -> Result<VerifyKey> {
    let seed = read_seed(&home.private(names::RECEIPT_KEY), SeedUse::Receipt)?;
    Ok(SigningKey::derive(&seed).verify_key())
}

/// What the first entry names as the one before it: so a log belongs to one desk.
fn start(desk: &VerifyKey) -> Digest {
    sha256(&[LABEL.as_bytes(), desk.as_bytes()].concat())
}

fn hash(json: &str) -> Digest {
    sha256(&[LABEL.as_bytes(), json.as_bytes()].concat())
}

/// The hash and entry of a line without its end, if the one is the other's.
fn parse(line: &str) -> Option<(Digest, Entry)> {
    let (stated, json) = line.split_once(' ')?;
    let stated: Digest = stated.parse().ok()?;
    if hash(json) != stated {
        return None;
    }
    Some((stated, serde_json::from_str(json).ok()?))
}

/// How long the whole lines are, and the last of them; no line where it is longer than any can be.
fn last_line(file: &mut File) -> io::Result<(u64, Option<String>)> {
    let length = file.metadata()?.len();
    let from = length.saturating_sub(2 * MAX_LINE);
    file.seek(SeekFrom::Start(from))?;
    let mut end = Vec::new();
    file.take(2 * MAX_LINE).read_to_end(&mut end)?;
    let Some(last) = end.iter().rposition(|byte| *byte == b'\n') else {
        // A kill before the first line was whole; or something that is no log.
        return Ok((if from == 0 { 0 } else { length }, None));
    };
    let whole = from + last as u64 + 1;
    let begin = end[..last].iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
    let line = (begin > 0 || from == 0).then(|| end[begin..last].to_vec());
    Ok((whole, line.and_then(|line| String::from_utf8(line).ok())))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn desk() -> (tempfile::TempDir, Home) {
        let folder = tempfile::tempdir().unwrap();
        let home = Home::at(folder.path().join("desk"));
        crate::init::init(&home, "Example", &[]).unwrap();
        (folder, home)
    }

    fn filled(home: &Home, count: u64) -> LogHead {
        let mut log = Log::open(home).unwrap();
        let heads = (0..count).map(|bytes| log.append(Event::Torn { bytes }).unwrap());
        heads.last().unwrap()
    }

    fn lines(home: &Home) -> Vec<String> {
        let text = fs::read_to_string(home.private(names::LOG)).unwrap();
        text.lines().map(str::to_owned).collect()
    }

    fn write(home: &Home, lines: &[String]) {
        fs::write(home.private(names::LOG), lines.join("\n") + "\n").unwrap();
    }

    #[test]
    fn a_log_that_was_only_written_to_is_whole() {
        let (_folder, home) = desk();
        let head = filled(&home, 5);
        let checked = verify(&home, &[head]).unwrap();
        assert_eq!((checked.entries, checked.faults), (5, vec![]));
    }

    #[test]
    fn every_changed_entry_is_found() {
        let (_folder, home) = desk();
        filled(&home, 4);
        let whole = lines(&home);
        for at in 0..4 {
            let mut changed = whole.clone();
            changed[at] = changed[at].replace("\"at_ms\":", "\"at_ms\":1");
            write(&home, &changed);
            let faults = verify(&home, &[]).unwrap().faults;
            assert_eq!(faults[0], Fault::Changed { entry: at as u64 + 1 });
        }
    }

    #[test]
    fn every_entry_taken_out_moved_or_written_anew_is_found() {
        let (_folder, home) = desk();
        filled(&home, 4);
        let whole = lines(&home);
        for at in 0..3 {
            let mut removed = whole.clone();
            removed.remove(at);
            write(&home, &removed);
            assert_eq!(
                verify(&home, &[]).unwrap().faults[0],
                Fault::Broken { entry: at as u64 + 1 }
            );
            let mut moved = whole.clone();
            moved.swap(at, at + 1);
            write(&home, &moved);
            assert_eq!(
                verify(&home, &[]).unwrap().faults[0],
                Fault::Broken { entry: at as u64 + 1 }
            );
            // With its own hash right, the next entry still names the old one.
            let mut anew = whole.clone();
            let json = anew[at].split_once(' ').unwrap().1.replace("\"at_ms\":", "\"at_ms\":1");
            anew[at] = format!("{} {json}", hash(&json));
            write(&home, &anew);
            assert_eq!(
                verify(&home, &[]).unwrap().faults[0],
                Fault::Broken { entry: at as u64 + 2 }
            );
        }
    }

    #[test]
    fn a_cut_tail_or_another_history_is_seen_with_a_head() {
        let (_folder, home) = desk();
        let head = filled(&home, 4);
        let whole = lines(&home);
        write(&home, &whole[..3]);
        assert_eq!(verify(&home, &[]).unwrap().faults, []);
        assert_eq!(verify(&home, &[head]).unwrap().faults, [Fault::Cut { entries: 4 }]);
        filled(&home, 1);
        assert_eq!(verify(&home, &[]).unwrap().faults, []);
        assert_eq!(verify(&home, &[head]).unwrap().faults, [Fault::OtherHistory { entry: 4 }]);
    }

    #[test]
    fn the_log_of_another_desk_is_not_this_desks() {
        let ((_one, home), (_two, other)) = (desk(), desk());
        let head = filled(&home, 2);
        fs::copy(home.private(names::LOG), other.private(names::LOG)).unwrap();
        let faults = verify(&other, &[head]).unwrap().faults;
        assert_eq!(faults, [Fault::Broken { entry: 1 }, Fault::OtherDesk]);
    }

    #[test]
    fn a_line_that_a_kill_tore_is_reported_cut_off_and_noted() {
        let (_folder, home) = desk();
        filled(&home, 2);
        let path = home.private(names::LOG);
        let whole = fs::read(&path).unwrap();
        let second = whole.len() - whole.iter().position(|byte| *byte == b'\n').unwrap() - 2;
        for kept in 1..second {
            fs::write(&path, &whole[..whole.len() - kept]).unwrap();
            let checked = verify(&home, &[]).unwrap();
            assert_eq!((checked.entries, checked.faults), (1, vec![]));
            assert!(checked.torn_bytes > 0);
            Log::open(&home).unwrap();
            let entries = entries(&home).unwrap();
            let torn = checked.torn_bytes;
            assert_eq!(entries.last().unwrap().event, Event::Torn { bytes: torn });
            assert_eq!(verify(&home, &[]).unwrap().faults, []);
        }
    }

    #[test]
    fn a_log_whose_end_is_no_entry_is_not_written_on() {
        let (_folder, home) = desk();
        filled(&home, 2);
        let mut lines = lines(&home);
        lines.push("nonsense".into());
        write(&home, &lines);
        assert!(matches!(Log::open(&home), Err(Error::Damaged("log"))));
        fs::write(home.private(names::LOG), vec![b'x'; 1 << 20]).unwrap();
        assert!(matches!(Log::open(&home), Err(Error::Damaged("log"))));
    }
}
