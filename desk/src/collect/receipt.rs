//! Receipts: what the desk says to each phone about its report. One is put out when there is
//! something new to say, or when the last one does not lie where a phone would look.
//!
//! Its number never goes backwards, not even when the casebook is put back from an older copy: it
//! is the second in which the receipt was signed, or one more than the last; and where another
//! receipt lies than the casebook knows of, the log says which number was the last.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::path::{Path, PathBuf};

use homeward_core::crypto::{SigningKey, sha256};
use homeward_core::receipts::{HoldAnswer, Receipt, RefusedPart};
use homeward_core::seal::{ListedPart, recipient};
use homeward_core::{Digest, PartId, ReportId};

use super::{Collected, Desk, Reason, Refused};
use crate::casebook::Case;
use crate::clock::now_ms;
use crate::error::{Error, Result};
use crate::home::{Home, names, replace_file};
use crate::keys::{SeedUse, read_seed};
use crate::log::{self, Event};
use crate::store::{self, Store, Upload};

/// A file longer than this is no receipt of ours.
const MAX_RECEIPT: u64 = 16 << 20;

/// How many parts a receipt names as more than the report may have.
const MAX_REFUSED: usize = 256;

/// Puts out every receipt that is due.
pub(super) fn put_out(
    home: &Home,
    desk: &mut Desk,
    stores: &[Store],
    uploads: &[Upload],
    collected: &mut Collected,
) -> Result<()> {
    let key = SigningKey::derive(&*read_seed(&home.private(names::RECEIPT_KEY), SeedUse::Receipt)?);
    let mut foreign = Foreign::among(uploads, &collected.refused);
    for id in desk.casebook.reports()? {
        let mut case = match desk.casebook.find(&id)? {
            Some(Ok(case)) => case,
            Some(Err(_)) => {
                collected.unreadable.push(id);
                continue;
            }
            None => continue,
        };
        // One that nothing can be sealed to was signed by the phone itself: nobody to answer.
        if recipient(&case.receipt_recipient).is_none() {
            continue;
        }
        let mut says = Receipt::new(desk.organisation, case.report);
        fill(&mut says, &case, &mut foreign, &collected.refused);
        let address = case.receipt_address.to_string();
        if !says_something_new(&says, case.receipt.as_ref()) && lies_out(&case, stores, &address) {
            continue;
        }
        let floor = if lies_elsewise(&case, stores, &address) {
            last_in_log(home, case.report)?
        } else {
            0
        };
        sign(desk, &mut case, says, floor)?;
        let Some(receipt) = &case.receipt else { continue };
        let sealed = receipt.seal(&key, &case.receipt_recipient);
        let sealed = sealed.map_err(|_| Error::Damaged("casebook"))?;
        for store in stores {
            let Some(folder) = &store.receipts else { continue };
            match (replace_file(&folder.join(&address), &sealed), &store.named) {
                (Err(_), Some(named)) => note(&mut collected.unreachable, named),
                (put, _) => put.map_err(Error::io("write a receipt"))?,
            }
        }
        case.receipt_file = Some(sha256(&sealed));
        desk.casebook.put(&case.body()?)?;
        collected.receipts += 1;
    }
    Ok(())
}

/// Gives the receipt its number and the log's head. It is in the log and the casebook before
/// anybody can see it.
fn sign(desk: &mut Desk, case: &mut Case, mut says: Receipt, floor: u32) -> Result<()> {
    says.signed_at_ms = now_ms();
    let second = u32::try_from(says.signed_at_ms / 1000).unwrap_or(0);
    let last = case.receipt.as_ref().map_or(0, |last| last.sequence).max(floor);
    says.sequence = last.saturating_add(1).max(second);
    let text = serde_json::to_vec(&says).map_err(|_| Error::Damaged("casebook"))?;
    let (report, sequence) = (case.report, says.sequence);
    let head = desk.log.append(Event::Receipt { report, sequence, says: sha256(&text) })?;
    says.log_head = Some(head);
    case.receipt = Some(says);
    case.receipt_file = None;
    desk.casebook.put(&case.body()?)
}

/// The number of the last receipt that the log tells of; 0 if there is none.
fn last_in_log(home: &Home, wanted: ReportId) -> Result<u32> {
    let entries = log::entries(home)?.into_iter();
    let numbers = entries.filter_map(|entry| match entry.event {
        Event::Receipt { report, sequence, .. } if report == wanted => Some(sequence),
        _ => None,
    });
    Ok(numbers.max().unwrap_or(0))
}

/// Whether another receipt than the casebook's last one lies somewhere: then it may be newer.
fn lies_elsewise(case: &Case, stores: &[Store], address: &str) -> bool {
    let mut folders = stores.iter().filter_map(|store| store.receipts.as_deref());
    folders.any(|folder| {
        let path = folder.join(address);
        // What does not read as a receipt of ours is another one, too.
        path.symlink_metadata().is_ok() && hash_of(&path) != case.receipt_file
    })
}

/// Whether the last receipt lies wherever a phone would look for it.
fn lies_out(case: &Case, stores: &[Store], address: &str) -> bool {
    let Some(file) = case.receipt_file else { return false };
    let folders = stores.iter().filter_map(|store| store.receipts.as_deref());
    // Where a mirror's folder is away there is no place to put one.
    let mut folders = folders.filter(|folder| folder.is_dir());
    folders.all(|folder: &Path| hash_of(&folder.join(address)) == Some(file))
}

fn hash_of(receipt: &Path) -> Option<Digest> {
    store::hash(receipt, MAX_RECEIPT).ok()
}

fn note(unreachable: &mut Vec<PathBuf>, named: &PathBuf) {
    if !unreachable.contains(named) {
        unreachable.push(named.clone());
    }
}

fn fill(says: &mut Receipt, case: &Case, foreign: &mut Foreign<'_>, refused: &[Refused]) {
    let opened: BTreeSet<PartId> = case.parts.iter().map(|held| held.part).collect();
    says.opened = opened.into_iter().collect();
    says.questions = case.unanswered().into_iter().map(|asked| asked.sealed.clone()).collect();
    says.hold = case.hold;
    for listed in case.missing() {
        if foreign.holds(listed) {
            says.forwarded.push(listed.part);
            continue;
        }
        // What the phone was told to drop is not asked for.
        if case.hold == Some(HoldAnswer::Drop) && listed.kind.is_file() {
            continue;
        }
        says.missing.push(listed.part);
        let of_part = |refused: &&Refused| {
            refused.part == Some(listed.part) && refused.reason != Reason::INCOMPLETE.0
        };
        if let Some(refused) = refused.iter().find(of_part) {
            says.refused.push(RefusedPart { part: listed.part, reason: refused.reason.into() });
        }
    }
    // Also what nothing lists, such as a reply: else the phone would send it again and again.
    let of_report = refused.iter().filter(|refused| refused.report == Some(case.report));
    for Refused { part, reason, .. } in of_report.take(MAX_REFUSED) {
        let Some(part) = *part else { continue };
        if !says.opened.contains(&part) && says.refused.iter().all(|told| told.part != part) {
            says.refused.push(RefusedPart { part, reason: (*reason).into() });
        }
    }
}

fn says_something_new(says: &Receipt, last: Option<&Receipt>) -> bool {
    last.is_none_or(|last| {
        (&says.opened, &says.forwarded, &says.missing, &says.refused)
            != (&last.opened, &last.forwarded, &last.missing, &last.refused)
            || (&says.questions, says.hold) != (&last.questions, last.hold)
    })
}

/// The uploads that are sealed for somebody else, by their length: a report lists its parts with
/// length and hash. Only what a report lists is hashed, and once.
struct Foreign<'a> {
    by_length: HashMap<u64, Vec<&'a Upload>>,
    hashes: HashMap<&'a str, Option<Digest>>,
}

impl<'a> Foreign<'a> {
    fn among(uploads: &'a [Upload], refused: &[Refused]) -> Self {
        let foreign = refused.iter().filter(|refused| refused.reason == Reason::FOREIGN.0);
        let names: HashSet<&str> = foreign.map(|refused| refused.upload.as_str()).collect();
        let mut by_length: HashMap<u64, Vec<&Upload>> = HashMap::new();
        for upload in uploads.iter().filter(|upload| names.contains(upload.id.as_str())) {
            by_length.entry(upload.length).or_default().push(upload);
        }
        Self { by_length, hashes: HashMap::new() }
    }

    fn holds(&mut self, listed: &ListedPart) -> bool {
        let Self { by_length, hashes } = self;
        by_length.get(&listed.bytes).into_iter().flatten().any(|upload| {
            let hash = hashes.entry(&upload.id).or_insert_with(|| upload.hash().ok());
            *hash == Some(listed.sha256)
        })
    }
}
