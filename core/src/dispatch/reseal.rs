//! Seals anew what was sealed to a key that was lost or that somebody else may have: with the vault
//! open again, as a further version of its report, under new part ids.

use std::fs;

use super::{Scope, SendWhen, send_version, words};
use crate::brand::Pack;
use crate::error::{Error, Result};
use crate::ids::PartId;
use crate::queue::{self, Spoiled};
use crate::seal::PartKind;
use crate::store::Store;

/// Seals anew all that can be: what is in a vault that stays closed waits for the next time.
pub(crate) fn reseal(store: &Store, pack: &Pack) -> Result<()> {
    let found = store.read_outboxes(queue::spoiled)?;
    for spoiled in found.into_iter().flatten() {
        match seal_anew(store, pack, &spoiled) {
            Err(Error::NotFound | Error::Locked | Error::KeyLost | Error::Refused(_)) | Ok(()) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// The words that were written once, for a question or a recall, are sealed anew as they are;
/// everything else as a further version of the report. Neither waits for the other to succeed.
fn seal_anew(store: &Store, pack: &Pack, spoiled: &Spoiled) -> Result<()> {
    let _held = store.home.hold_files()?;
    let is_word = |kind: &PartKind| matches!(kind, PartKind::Reply | PartKind::Recall);
    let (words, parts): (Vec<_>, Vec<_>) =
        spoiled.parts.iter().copied().partition(|(_, kind)| is_word(kind));
    let version = seal_version_anew(store, pack, spoiled, &parts);
    let words: Vec<PartId> = words.into_iter().map(|(id, _)| id).collect();
    version.and(words::seal_anew(store, pack, spoiled.report, &words))
}

fn seal_version_anew(
    store: &Store,
    pack: &Pack,
    spoiled: &Spoiled,
    parts: &[(PartId, PartKind)],
) -> Result<()> {
    if parts.is_empty() {
        return Ok(());
    }
    let first_only =
        parts.iter().all(|(_, kind)| matches!(kind, PartKind::FirstMinute | PartKind::Face));
    let scope = if first_only { Scope::FirstMinute } else { Scope::All };
    let when = if spoiled.wifi_only { SendWhen::Wifi } else { SendWhen::Now };
    send_version(store, pack, spoiled.report, scope, when, parts)?;
    unlink(store, parts.iter().map(|(id, _)| *id));
    Ok(())
}

/// Removes ciphertext that other ciphertext has taken the place of.
pub(super) fn unlink(store: &Store, parts: impl Iterator<Item = PartId>) {
    for part in parts {
        // What stays is swept at the next start.
        let _ = fs::remove_file(store.home.spooled(part));
    }
}
