//! Reads the log from its beginning and says everything that is wrong with it.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};

use homeward_core::Digest;
use homeward_core::crypto::VerifyKey;
use homeward_core::receipts::LogHead;
use serde::Serialize;

use super::{Entry, MAX_LINE, desk_key, hash, start};
use crate::error::{Error, Result};
use crate::home::{Home, names};

/// What a check of the log found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Checked {
    /// How many entries there are.
    pub entries: u64,
    /// The hash of the last one.
    pub hash: Digest,
    /// What a kill left of a line; the next command that writes cuts it off.
    pub torn_bytes: u64,
    /// Everything that is wrong; nothing if the log is whole.
    pub faults: Vec<Fault>,
    /// The reports whose case does not read, so that their last receipt was not compared.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub unreadable: Vec<String>,
}

/// Something that is wrong with a log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, thiserror::Error)]
#[serde(tag = "fault", rename_all = "snake_case")]
pub enum Fault {
    /// The entry's text is not what its hash says.
    #[error("entry {entry} was changed")]
    Changed {
        /// The number that it should have.
        entry: u64,
    },
    /// The entry does not follow the one before it.
    #[error("before entry {entry} something was taken out, put in or written anew")]
    Broken {
        /// The number that the entry in this place should have.
        entry: u64,
    },
    /// A receipt saw more entries than there are.
    #[error("the end was cut off: a receipt saw {entries} entries")]
    Cut {
        /// How many the receipt saw.
        entries: u64,
    },
    /// A receipt saw another entry in this place.
    #[error("entry {entry} is another one than a receipt saw: the log was written anew")]
    OtherHistory {
        /// The entry.
        entry: u64,
    },
    /// A receipt is another desk's.
    #[error("the receipt was signed by another desk: check it there")]
    OtherDesk,
}

/// Checks the whole log, and that every one of `seen` was its head once.
pub fn verify(home: &Home, seen: &[LogHead]) -> Result<Checked> {
    let desk = desk_key(home)?;
    let mut seen: Vec<&LogHead> = seen.iter().collect();
    seen.sort_by_key(|head| head.entries);
    let mut checked = Checked {
        entries: 0,
        hash: start(&desk),
        torn_bytes: 0,
        faults: Vec::new(),
        unreadable: Vec::new(),
    };
    compare(&mut checked, &seen, &desk);
    checked.torn_bytes = each_line(home, |line| {
        follow(&mut checked, line);
        compare(&mut checked, &seen, &desk);
    })?;
    if let Some(last) =
        seen.last().filter(|last| last.entries > checked.entries && last.desk == desk)
    {
        checked.faults.push(Fault::Cut { entries: last.entries });
    }
    if seen.iter().any(|head| head.desk != desk) {
        checked.faults.push(Fault::OtherDesk);
    }
    Ok(checked)
}

/// Every entry that reads.
pub fn entries(home: &Home) -> Result<Vec<Entry>> {
    let mut found = Vec::new();
    each_line(home, |line| found.extend(super::parse(line).map(|(_, entry)| entry)))?;
    Ok(found)
}

/// Takes the next line for the next entry.
fn follow(checked: &mut Checked, line: &str) {
    let entry = checked.entries + 1;
    checked.entries = entry;
    let (stated, json) = line.split_once(' ').unwrap_or_default();
    let read = serde_json::from_str::<Entry>(json).ok();
    let hash = hash(json);
    let fault = match read {
        _ if stated != hash.to_string() => Some(Fault::Changed { entry }),
        None => Some(Fault::Changed { entry }),
        Some(read) if read.previous != checked.hash || read.n != entry => {
            Some(Fault::Broken { entry })
        }
        Some(_) => None,
    };
    checked.faults.extend(fault);
    // One fault is told once: the chain goes on from what the line says of itself.
    checked.hash = stated.parse().unwrap_or(hash);
}

/// Compares the entry that was just read with the heads that name its number.
fn compare(checked: &mut Checked, seen: &[&LogHead], desk: &VerifyKey) {
    let entry = checked.entries;
    let from = seen.partition_point(|head| head.entries < entry);
    let of_this = seen[from..].iter().take_while(|head| head.entries == entry);
    if of_this.filter(|head| head.desk == *desk).any(|head| head.hash != checked.hash) {
        checked.faults.push(Fault::OtherHistory { entry });
    }
}

/// Calls `each` with every whole line; gives back how many bytes come after the last.
fn each_line(home: &Home, mut each: impl FnMut(&str)) -> Result<u64> {
    let file = match File::open(home.private(names::LOG)) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(0),
        file => file.map_err(Error::io("read the log"))?,
    };
    let mut reader = BufReader::new(file);
    loop {
        let mut line = Vec::new();
        let limited = (&mut reader).take(MAX_LINE).read_until(b'\n', &mut line);
        limited.map_err(Error::io("read the log"))?;
        match line.pop() {
            None => return Ok(0),
            Some(b'\n') => each(&String::from_utf8_lossy(&line)),
            // Longer than an entry can be: taken in pieces, none of which is an entry.
            Some(_) if line.len() as u64 + 1 == MAX_LINE => each(""),
            Some(_) => return Ok(line.len() as u64 + 1),
        }
    }
}
