//! Damage in what lies in clear: the passphrase's recipe, whom captures are sealed to, the pack. It
//! is told or mended, and costs nobody a key, a capture or a way to report.

#![allow(clippy::unwrap_used, reason = "a test that can't set up its world has failed")]

mod common;

use std::fs;

use common::{Phone, begin, field, pack, tells_of};
use homeward_core::queue::Conditions;
use homeward_core::vault::Passphrase;
use homeward_core::{Error, Homeward, Original, Refusal, ReportId, Scope, SendWhen, Source};
use rusqlite::Connection;

fn phone_with_ada() -> (Phone, ReportId) {
    let phone = Phone::new();
    let ada = begin(&phone.open(), "Ada");
    (phone, ada)
}

/// Flips every bit of the passphrase's row, one at a time. The right passphrase opens the vault or
/// is told that there is damage; and it never destroys anything.
#[test]
fn every_bit_of_the_passphrases_row_flipped_destroys_nothing() {
    let (phone, ada) = phone_with_ada();
    let right = Passphrase::new("right");
    let core = phone.open_ready();
    core.set_passphrase(None, Some(&right), Some(3)).unwrap();
    let wrong = core.set_passphrase(Some(&Passphrase::new("bad")), None, None);
    assert_eq!(wrong.unwrap_err(), Error::from(Refusal::WrongPassphrase));
    drop(core);
    let raw = Connection::open(phone.database()).unwrap();
    let sql = "SELECT salt, memory_kib, passes, tries, try_limit FROM passphrase";
    type Row = (Vec<u8>, i64, i64, i64, i64);
    let row: Row = raw
        .query_row(sql, [], |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?))
        })
        .unwrap();
    drop(raw);
    let try_with = |(salt, memory_kib, passes, tries, try_limit): Row| {
        let copy = phone.twin();
        let raw = Connection::open(copy.database()).unwrap();
        let sql = "UPDATE passphrase SET salt = ?1, memory_kib = ?2, passes = ?3, tries = ?4,
                       try_limit = ?5";
        raw.execute(sql, (salt, memory_kib, passes, tries, try_limit)).unwrap();
        drop(raw);
        let core = copy.open();
        let keys = copy.device.slots().len();
        let unlocked = core.unlock(Some(&right));
        assert_eq!(copy.device.slots().len(), keys, "a key was destroyed");
        assert_eq!(tells_of(&core, ada, "Ada"), unlocked.is_ok());
        unlocked
    };
    for bit in 0..row.0.len() * 8 {
        let mut flipped = row.clone();
        flipped.0[bit / 8] ^= 1 << (bit % 8);
        assert_eq!(try_with(flipped), Err(Error::Damaged), "salt, bit {bit}");
    }
    // What no number of the schema has can't be asked for.
    for bit in 0..63 {
        let flip = 1 << bit;
        for flipped in [
            (row.1 ^ flip, row.2, row.4),
            (row.1, row.2 ^ flip, row.4),
            (row.1, row.2, row.4 ^ flip),
        ] {
            let flipped = (row.0.clone(), flipped.0, flipped.1, row.3, flipped.2);
            assert_eq!(try_with(flipped), Err(Error::Damaged), "numbers, bit {bit}");
        }
    }
    // Argon2 takes its half a second: a few bits of each half.
    for bit in [0, 1, 2, 7, 31, 32, 62] {
        let mut flipped = row.clone();
        flipped.3 ^= 1 << bit;
        assert_eq!(try_with(flipped), Ok(()), "tries, bit {bit}");
    }
}

/// Flips bytes of the file that says whom a locked vault's captures are sealed to, one at a
/// time; and puts somebody else's in its place. Each capture is attached when the vault opens.
#[test]
fn whatever_the_intakes_file_says_a_capture_is_sealed_to_the_persons_own() {
    let (phone, ada) = phone_with_ada();
    let core = phone.open_ready();
    let path = phone.home().join("intake.age-recipient");
    let whole = fs::read_to_string(&path).unwrap();
    let (public, check) = whole.split_once('\n').unwrap();
    let stranger = age::x25519::Identity::generate().to_public();
    let mut others: Vec<_> = (0..whole.len())
        .step_by(5)
        .map(|at| {
            let mut flipped = whole.clone().into_bytes();
            flipped[at] ^= 1 << (at % 7);
            flipped
        })
        .collect();
    others.push(format!("{stranger}\n{check}").into());
    others.push(format!("{stranger}\n").into());
    others.push(stranger.to_string().into());
    others.push(format!("{public}\n").into());
    others.push(Vec::new());
    for (number, other) in others.into_iter().enumerate() {
        core.lock();
        fs::write(&path, other).unwrap();
        let capture = core.capture(&mut common::photo().as_slice()).unwrap();
        core.unlock(None).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), whole, "{number}: not mended");
        let source = Source::Capture(capture);
        let attached = core.attach(ada, &field("photo"), source, Original::Drop).unwrap();
        core.detach(ada, attached.id).unwrap();
    }
    // Gone, and in an open vault.
    fs::remove_file(&path).unwrap();
    let capture = core.capture(&mut common::photo().as_slice()).unwrap();
    core.attach(ada, &field("photo"), Source::Capture(capture), Original::Drop).unwrap();
    drop(core);
    phone.open_ready();
    assert_eq!(fs::read_to_string(&path).unwrap(), whole);
}

#[test]
fn a_damaged_pack_is_replaced_by_one_of_the_organisation_that_parts_are_sealed_for() {
    let (at_rest, ada) = phone_with_ada();
    let core = at_rest.open_ready();
    core.pair(&pack().0).unwrap();
    core.send(ada, Scope::All, SendWhen::Now).unwrap();
    drop(core);
    let spoil = |phone: &Phone| {
        let path = phone.home().join("pack.json");
        let mut pack = fs::read(&path).unwrap();
        let at = pack.len() / 2;
        pack[at] ^= 1;
        fs::write(path, pack).unwrap();
    };
    let foreign = |core: &Homeward| {
        let refused = core.pair(&common::foreign_pack()).unwrap_err();
        assert_eq!(refused, Error::from(Refusal::PackForeign));
    };
    spoil(&at_rest);
    // With the vault open, and with every key lost: who it was is in clear.
    for loses_keys in [false, true] {
        let copy = at_rest.twin();
        if loses_keys {
            copy.device.lose_all();
        }
        let core = copy.open();
        assert_eq!(core.pairing().unwrap_err(), Error::Damaged);
        foreign(&core);
        core.pair(&pack().0).unwrap();
        drop(core);
        let core = copy.open();
        assert_eq!(core.pairing().unwrap().unwrap().organisation, "Example");
        assert!(
            !core.plan(Conditions::default()).unwrap().due.is_empty(),
            "what was sealed leaves"
        );
        foreign(&core);
        core.send(begin(&core, "Cem"), Scope::All, SendWhen::Now).unwrap();
    }
    // Where nothing was sealed yet nobody is known.
    let phone = Phone::new();
    let core = phone.open();
    core.pair(&pack().0).unwrap();
    spoil(&phone);
    core.pair(&common::foreign_pack()).unwrap();
}
