//! Receipts: what the desk says to each phone about its report. One is put out when there is
//! something new to say, with a number that only grows.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::fs::File;
use std::io;

use homeward_core::crypto::{Hasher, SigningKey};
use homeward_core::receipts::{Receipt, RefusedPart};
use homeward_core::{Digest, Fingerprint, PartId};

use super::{Reason, Refused, now_ms};
use crate::casebook::{Case, Casebook};
use crate::error::{Error, Result};
use crate::home::{Home, names, replace_file};
use crate::keys::{SeedUse, read_seed};
use crate::store::Upload;

/// Puts out every receipt that says something new, or that was not put out when it was signed.
pub(super) fn put_out(
    home: &Home,
    casebook: &mut Casebook,
    organisation: Fingerprint,
    uploads: &[&Upload],
    refused: &[Refused],
) -> Result<u32> {
    let key = SigningKey::derive(&*read_seed(&home.private(names::RECEIPT_KEY), SeedUse::Receipt)?);
    let foreign = foreign(uploads, refused);
    let mut count = 0;
    for mut case in casebook.cases()? {
        let mut says = Receipt::new(organisation, case.report);
        fill(&mut says, &case, &foreign, refused);
        let path = home.public(names::RECEIPTS).join(case.receipt_address.to_string());
        if !says_something_new(&says, case.receipt.as_ref()) {
            if case.receipt_is_out && path.exists() {
                continue;
            }
        } else {
            says.sequence = case.receipt.as_ref().map_or(1, |last| last.sequence + 1);
            says.signed_at_ms = now_ms();
            case.receipt = Some(says);
            // Recorded before it goes out: after a kill the same number goes out again, never
            // another receipt under it.
            case.receipt_is_out = false;
            casebook.put(&case, None)?;
        }
        let Some(receipt) = &case.receipt else { continue };
        // A recipient that age does not know was signed by the phone itself: nobody to answer.
        let Ok(sealed) = receipt.seal(&key, &case.receipt_recipient) else { continue };
        replace_file(&path, &sealed).map_err(Error::io("write a receipt"))?;
        case.receipt_is_out = true;
        casebook.put(&case, None)?;
        count += 1;
    }
    Ok(count)
}

fn fill(says: &mut Receipt, case: &Case, foreign: &HashMap<Digest, &Upload>, refused: &[Refused]) {
    let opened: BTreeSet<PartId> = case.parts.iter().map(|held| held.part).collect();
    says.opened = opened.into_iter().collect();
    for listed in case.missing() {
        if foreign.contains_key(&listed.sha256) {
            says.forwarded.push(listed.part);
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
}

fn says_something_new(says: &Receipt, last: Option<&Receipt>) -> bool {
    last.is_none_or(|last| {
        (&says.opened, &says.forwarded, &says.missing, &says.refused)
            != (&last.opened, &last.forwarded, &last.missing, &last.refused)
    })
}

/// The uploads that are sealed for somebody else, by the hash of their ciphertext: a report lists
/// its parts so.
fn foreign<'a>(uploads: &[&'a Upload], refused: &[Refused]) -> HashMap<Digest, &'a Upload> {
    let names: HashSet<&str> = refused
        .iter()
        .filter(|refused| refused.reason == Reason::FOREIGN.0)
        .map(|refused| refused.upload.as_str())
        .collect();
    let foreign = uploads.iter().filter(|upload| names.contains(upload.id.as_str()));
    foreign.filter_map(|upload| Some((hash(upload).ok()?, *upload))).collect()
}

fn hash(upload: &Upload) -> io::Result<Digest> {
    struct Sink(Hasher);
    impl io::Write for Sink {
        fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
            self.0.update(buffer);
            Ok(buffer.len())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let mut sink = Sink(Hasher::default());
    io::copy(&mut File::open(&upload.data)?, &mut sink)?;
    Ok(sink.0.finish())
}
