//! What was found at a receipt's address: verified, kept, and written into the parts' rows.

use std::fs;

use rusqlite::Transaction;

use super::receipts::{self, ReceiptSecret};
use super::rows::{self, PartRow, PartSecret, PartState};
use super::{looks, mirror, spoiled};
use crate::brand::Pack;
use crate::error::Result;
use crate::ids::{PartId, ReportId};
use crate::receipts::{HoldAnswer, OpenedReceipt, Receipt, ReceiptError};
use crate::store::Store;
use crate::vault::cell::CellKey;

/// What lies at a receipt's address.
pub(super) enum Found {
    Nothing,
    /// Something that nobody signed for this report.
    Unbelievable(ReceiptError),
    Receipt(Box<OpenedReceipt>),
}

/// What a look came to.
pub(super) struct Look {
    /// The best of what was found.
    pub(super) found: Found,
    /// The organisation's own server answered, and with nothing unbelievable: no receipt was newer.
    pub(super) is_latest: bool,
}

impl Found {
    /// Verifies what one place has.
    pub(super) fn read(
        bytes: Option<&[u8]>,
        identity: &age::x25519::Identity,
        pack: &Pack,
        report: ReportId,
    ) -> Self {
        let Some(bytes) = bytes else { return Self::Nothing };
        match Receipt::open(bytes, identity, pack, report) {
            Ok(opened) => Self::Receipt(Box::new(opened)),
            Err(error) => Self::Unbelievable(error),
        }
    }

    /// The receipt with the higher number. One that is believed goes before one that is not.
    pub(super) fn or_newer(self, other: Self) -> Self {
        let rank = |found: &Self| match found {
            Self::Nothing => (0, 0),
            Self::Unbelievable(_) => (1, 0),
            Self::Receipt(opened) => (2, opened.receipt.sequence),
        };
        if rank(&other) > rank(&self) { other } else { self }
    }
}

/// Writes what was found at a receipt's address. What a signed receipt lets go of leaves this
/// phone.
pub(super) fn take(store: &Store, report: ReportId, look: Look) -> Result<()> {
    let now_ms = store.now().unix_ms;
    let mut released = Vec::new();
    store.write_outboxes(|transaction, key| {
        let found = receipts::find(transaction, key, report)?;
        let Some((mut row, mut secret)) = found else { return Ok(()) };
        row.asked_at_ms = now_ms;
        secret.look_at_ms = looks::next_in_background(now_ms, secret.sealed_at_ms);
        match &look.found {
            Found::Nothing => {}
            Found::Unbelievable(error) => secret.problem = Some(error.message_id().into()),
            Found::Receipt(opened) => {
                secret.problem = None;
                if is_newer(&opened.receipt, secret.last.as_ref()) {
                    released.extend(apply(transaction, key, &opened.receipt)?);
                    keep(&mut secret, opened);
                }
            }
        }
        if look.is_latest {
            note_look(transaction, key, report)?;
        }
        row.update(transaction, key, &secret)
    })?;
    for part in released {
        // What stays is removed with its report.
        let _ = fs::remove_file(store.home.spooled(part));
    }
    Ok(())
}

/// Remembers that the receipt was looked for since these parts were stored.
fn note_look(transaction: &Transaction<'_>, key: &CellKey, report: ReportId) -> Result<()> {
    for row in rows::all(transaction)? {
        let mut secret = row.secret(key)?;
        if secret.report == report && row.state == PartState::Stored && !secret.looked {
            secret.looked = true;
            row.update(transaction, key, &secret)?;
        }
    }
    Ok(())
}

/// A sequence never goes backwards: an old receipt that is put back says nothing.
fn is_newer(receipt: &Receipt, last: Option<&Receipt>) -> bool {
    last.is_none_or(|last| receipt.sequence > last.sequence)
}

fn keep(secret: &mut ReceiptSecret, opened: &OpenedReceipt) {
    for question in &opened.receipt.questions {
        if !secret.questions.iter().any(|known| known.id == question.id) {
            secret.questions.push(question.clone());
        }
    }
    secret.last = Some(opened.receipt.clone());
    secret.signed = Some(opened.signed.clone());
}

/// Writes into the report's parts what its receipt says of them. Gives those whose ciphertext need
/// not stay on this phone.
fn apply(transaction: &Transaction<'_>, key: &CellKey, receipt: &Receipt) -> Result<Vec<PartId>> {
    let mut released = Vec::new();
    for mut row in rows::all(transaction)? {
        let mut secret = row.secret(key)?;
        if secret.report != receipt.report || !apply_to(&mut row, &mut secret, receipt) {
            continue;
        }
        if secret.released {
            released.push(row.id);
        }
        row.update(transaction, key, &secret)?;
    }
    Ok(released)
}

/// Changes one part as the receipt says; false if it says nothing of it.
fn apply_to(row: &mut PartRow, secret: &mut PartSecret, receipt: &Receipt) -> bool {
    let refused = receipt.refused.iter().find(|refused| refused.part == row.id);
    let opened = receipt.opened.contains(&row.id);
    if opened || receipt.forwarded.contains(&row.id) {
        row.state = PartState::Opened;
        row.sent = row.bytes;
        row.reason = None;
        // What the desk only holds for others nobody has opened yet: that stays.
        secret.released = opened;
        return true;
    }
    if let Some(refused) = refused {
        row.state = PartState::Parked;
        row.reason = Some(refused.reason.clone());
        return true;
    }
    // Also a picture that was parked while it was held, because of whom it is sealed to.
    let was_held =
        row.state == PartState::Held || spoiled::is_parked(row) && secret.kind.waits_after_recall();
    match (row.state, receipt.hold) {
        (PartState::Stored, _) => {}
        (PartState::Held, Some(HoldAnswer::Send)) => {
            (row.state, row.reason, row.next_try_at_ms) = (PartState::Waiting, None, 0);
            return true;
        }
        (_, Some(HoldAnswer::Drop)) if was_held => {
            (row.state, row.reason) = (PartState::Dropped, Some("dropped-recalled".into()));
            secret.released = true;
            return true;
        }
        _ => return false,
    }
    // The first that is found after the part was stored may be older than the part: desk and phone
    // have no clock in common. What comes after a look is newer.
    secret.missing = receipt.missing.contains(&row.id);
    secret.unnamed = secret.unnamed.saturating_add(1);
    if secret.missing && secret.looked || secret.unnamed > MAY_CROSS {
        mirror::begin_again(row, secret);
    }
    true
}

/// Nothing lists a reply or a first minute that came alone, so the desk can't miss it. A receipt
/// may have been written while the part arrived, and the next one too; the one after that names it,
/// or the server has thrown it away.
const MAY_CROSS: u32 = 2;

#[cfg(test)]
mod tests {
    use rusqlite::Connection;
    use tempfile::TempDir;

    use super::super::recalls;
    use super::super::rows::NewPart;
    use super::*;
    use crate::forms::Audience;
    use crate::ids::{Digest, Fingerprint};
    use crate::seal::PartKind;
    use crate::vault::db;

    const REPORT: [u8; 16] = [7; 16];

    /// An outbox with one part of each of these kinds.
    struct Outbox {
        _folder: TempDir,
        connection: Connection,
        key: CellKey,
        parts: Vec<PartId>,
    }

    impl Outbox {
        fn of(kinds: &[PartKind]) -> Self {
            let folder = tempfile::tempdir().unwrap();
            let connection = db::open(&folder.path().join("home.sqlite")).unwrap();
            let key = CellKey::new(&[9; 32]);
            let mut outbox = Self { _folder: folder, connection, key, parts: Vec::new() };
            for kind in kinds {
                let audiences = vec![Audience::Organisation];
                let (report, sha256) = (ReportId::from(REPORT), Digest::from([0; 32]));
                let secret = PartSecret::new(report, *kind, audiences, 1, sha256);
                let id = PartId::make();
                let server = Fingerprint::from([1; 32]);
                let part = NewPart { id, server, bytes: 10, wifi_only: false, held: false, secret };
                let transaction = db::write(&mut outbox.connection).unwrap();
                rows::insert(&transaction, &outbox.key, &part).unwrap();
                transaction.commit().unwrap();
                outbox.parts.push(id);
            }
            outbox
        }

        fn set(&mut self, at: usize, state: PartState) {
            let transaction = db::write(&mut self.connection).unwrap();
            let mut row = rows::find(&transaction, self.parts[at]).unwrap().unwrap();
            let secret = row.secret(&self.key).unwrap();
            (row.state, row.sent) = (state, 10);
            row.update(&transaction, &self.key, &secret).unwrap();
            transaction.commit().unwrap();
        }

        fn hold(&mut self) {
            let transaction = db::write(&mut self.connection).unwrap();
            recalls::hold(&transaction, &self.key, ReportId::from(REPORT)).unwrap();
            transaction.commit().unwrap();
        }

        /// Applies a receipt; gives what it lets go of.
        fn hear(&mut self, receipt: &Receipt) -> Vec<PartId> {
            let transaction = db::write(&mut self.connection).unwrap();
            let released = apply(&transaction, &self.key, receipt).unwrap();
            transaction.commit().unwrap();
            released
        }

        /// A look that finds no newer receipt.
        fn look(&mut self) {
            let transaction = db::write(&mut self.connection).unwrap();
            note_look(&transaction, &self.key, ReportId::from(REPORT)).unwrap();
            transaction.commit().unwrap();
        }

        fn part(&self, at: usize) -> (PartState, PartSecret) {
            let row = rows::find(&self.connection, self.parts[at]).unwrap().unwrap();
            (row.state, row.secret(&self.key).unwrap())
        }

        fn state(&self, at: usize) -> PartState {
            self.part(at).0
        }
    }

    fn receipt(sequence: u32) -> Receipt {
        let report = ReportId::from(REPORT);
        let mut receipt = Receipt::new(Fingerprint::from([1; 32]), report);
        receipt.sequence = sequence;
        receipt
    }

    #[test]
    fn a_part_that_a_server_said_it_had_and_has_not_is_sent_anew_and_counted() {
        let mut outbox = Outbox::of(&[PartKind::Medium]);
        outbox.set(0, PartState::Stored);
        outbox.look();
        let mut said = receipt(1);
        said.missing.clone_from(&outbox.parts);
        outbox.hear(&said);
        let (state, secret) = outbox.part(0);
        assert_eq!((state, secret.memory.starts.missing), (PartState::Waiting, 1));
        assert_eq!(secret.memory.url, None);
    }

    #[test]
    fn a_receipt_that_may_be_older_than_a_part_does_not_send_it_again_and_the_next_one_does() {
        let mut outbox = Outbox::of(&[PartKind::Medium]);
        outbox.set(0, PartState::Stored);
        let mut said = receipt(1);
        said.missing.clone_from(&outbox.parts);
        outbox.hear(&said);
        assert_eq!(outbox.state(0), PartState::Stored);
        assert!(outbox.part(0).1.missing, "after the deadline it counts all the same");
        outbox.look();
        said.sequence = 2;
        outbox.hear(&said);
        let (state, secret) = outbox.part(0);
        assert_eq!((state, secret.missing), (PartState::Waiting, false));
    }

    #[test]
    fn the_best_of_several_places_is_the_newest_that_is_believed() {
        let opened = |sequence| {
            let (receipt, signed) = (receipt(sequence), String::new());
            Found::Receipt(Box::new(OpenedReceipt { receipt, signed }))
        };
        let bad = || Found::Unbelievable(ReceiptError::BadSignature);
        let best = |found: [Found; 3]| found.into_iter().reduce(Found::or_newer).unwrap();
        let number = |found| match found {
            Found::Receipt(opened) => opened.receipt.sequence,
            Found::Unbelievable(_) | Found::Nothing => 0,
        };
        assert_eq!(number(best([opened(2), opened(3), bad()])), 3);
        assert_eq!(number(best([bad(), opened(2), Found::Nothing])), 2);
        assert_eq!(number(best([opened(3), opened(2), opened(1)])), 3);
        assert!(matches!(best([Found::Nothing, bad(), Found::Nothing]), Found::Unbelievable(_)));
    }

    #[test]
    fn a_reply_that_no_receipt_names_is_sent_anew_once_no_receipt_can_have_crossed_it() {
        let mut outbox = Outbox::of(&[PartKind::Reply]);
        outbox.set(0, PartState::Stored);
        // A desk numbers its receipts by the second in which it signs them.
        for sequence in [1_795_330_000, 1_795_330_600] {
            outbox.hear(&receipt(sequence));
            assert_eq!(outbox.state(0), PartState::Stored, "receipt {sequence}");
        }
        outbox.hear(&receipt(1_795_330_601));
        let (state, secret) = outbox.part(0);
        assert_eq!((state, secret.memory.starts.missing), (PartState::Waiting, 1));
    }

    #[test]
    fn ciphertext_goes_with_the_receipt_that_says_opened_and_not_before() {
        let mut outbox = Outbox::of(&[PartKind::Answers, PartKind::Medium, PartKind::Answers]);
        (0..3).for_each(|at| outbox.set(at, PartState::Stored));
        let [opened, forwarded, _] = outbox.parts[..] else { panic!("three parts") };
        let mut said = receipt(1);
        (said.opened, said.forwarded) = (vec![opened], vec![forwarded]);
        assert_eq!(outbox.hear(&said), [opened]);
        assert_eq!([0, 1, 2].map(|at| outbox.part(at).1.released), [true, false, false]);
        let states = [PartState::Opened, PartState::Opened, PartState::Stored];
        assert_eq!([0, 1, 2].map(|at| outbox.state(at)), states);
    }

    #[test]
    fn a_recall_holds_pictures_until_a_receipt_says_send_or_drop() {
        let kinds = [PartKind::FirstMinute, PartKind::Face, PartKind::Medium, PartKind::Original];
        for (answer, expected) in
            [(HoldAnswer::Send, PartState::Waiting), (HoldAnswer::Drop, PartState::Dropped)]
        {
            let mut outbox = Outbox::of(&kinds);
            outbox.hold();
            assert_eq!(outbox.state(0), PartState::Waiting, "words go on");
            outbox.hear(&receipt(1));
            assert!((1..4).all(|at| outbox.state(at) == PartState::Held), "nothing was said");
            let mut said = receipt(2);
            said.hold = Some(answer);
            let released = outbox.hear(&said);
            assert!((1..4).all(|at| outbox.state(at) == expected));
            assert_eq!(released.len(), if answer == HoldAnswer::Drop { 3 } else { 0 });
        }
    }

    #[test]
    fn a_refused_part_is_parked_with_the_desks_reason() {
        let mut outbox = Outbox::of(&[PartKind::Medium]);
        outbox.set(0, PartState::Stored);
        let (part, reason) = (outbox.parts[0], "refused-bad-content".to_owned());
        let mut said = receipt(1);
        said.refused.push(crate::receipts::RefusedPart { part, reason });
        outbox.hear(&said);
        let row = rows::find(&outbox.connection, part).unwrap().unwrap();
        assert_eq!(
            (row.state, row.reason.as_deref()),
            (PartState::Parked, Some("refused-bad-content"))
        );
    }

    #[test]
    fn the_sequence_never_goes_backwards() {
        assert!(is_newer(&receipt(1), None));
        assert!(is_newer(&receipt(3), Some(&receipt(2))));
        assert!(!is_newer(&receipt(2), Some(&receipt(2))));
        assert!(!is_newer(&receipt(1), Some(&receipt(2))));
    }
}
