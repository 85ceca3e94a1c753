//! Voice recorded straight into the vault, whatever happens meanwhile.

#![allow(clippy::unwrap_used, reason = "a test that can't set up its world has failed")]

mod common;

use common::{Phone, begin, field, form, speech};
use homeward_core::vault::{Passphrase, VaultState};
use homeward_core::{Error, Homeward, Original, Recorded, Refusal, ReportId, Source};

fn speak(core: &Homeward, id: ReportId, sound: &[u8]) -> homeward_core::Recording {
    let mut recording = core.record(id, &field("statement")).unwrap();
    sound.chunks(4_000).for_each(|bytes| recording.write(bytes).unwrap());
    recording
}

/// Whether any file of the phone's home has a word of what was said.
fn tells(phone: &Phone) -> bool {
    let mut folders = vec![phone.home().to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if std::fs::read(path).unwrap().windows(6).any(|bytes| bytes == b"CANARY") {
                return true;
            }
        }
    }
    false
}

#[test]
fn a_long_recording_is_whole_and_like_any_other_medium() {
    let phone = Phone::new();
    let core = phone.open_ready();
    let id = begin(&core, "Ada");
    let sound = [b"ID3\x04\0\0\0\0\0\x06CANARY".to_vec(), speech(60_000)].concat();
    assert!(sound.len() > 20 << 20);
    let mut recording = speak(&core, id, &sound);
    let Recorded::Attached(medium) = recording.finish().unwrap() else { panic!("not attached") };
    assert_eq!(medium.bytes, sound.len() as u64 - 16, "whole, and without its tag");
    let other = core.attach(id, &field("statement"), Source::Bytes(sound), Original::Drop).unwrap();
    assert_eq!((&medium.facts, &medium.manifest), (&other.facts, &other.manifest));
    assert_eq!(core.report(id).unwrap().media.len(), 2);
    drop(recording);
    assert_eq!(phone.names_in("intake"), [""; 0]);
    assert!(!tells(&phone));
}

#[test]
fn a_recording_that_is_dropped_or_killed_leaves_nothing() {
    let phone = Phone::new();
    let core = phone.open_ready();
    let id = begin(&core, "Ada");
    let recording = speak(&core, id, &speech(1_000));
    assert!(!tells(&phone) && phone.names_in("intake").is_empty());
    drop(recording);
    // A kill runs no destructor.
    std::mem::forget(speak(&core, id, &speech(1_000)));
    assert!(!tells(&phone) && phone.names_in("intake").is_empty());
    assert!(phone.names_in("blobs").is_empty());
    assert_eq!(core.report(id).unwrap().media, []);
}

#[test]
fn what_a_kill_leaves_in_the_intake_goes_at_the_next_start_and_captures_stay() {
    let phone = Phone::new();
    let core = phone.open_ready();
    let capture = core.capture(&mut speech(10).as_slice()).unwrap();
    core.set_passphrase(None, Some(&Passphrase::new("correct horse")), None).unwrap();
    drop(core);
    for name in ["00.recording", "0123.partial"] {
        std::fs::write(phone.home().join("intake").join(name), b"").unwrap();
    }
    let core = phone.open();
    assert_eq!(core.state(), VaultState::Locked);
    assert_eq!(phone.names_in("intake"), [capture.to_string()]);
}

#[test]
fn a_vault_that_locks_while_somebody_speaks_takes_the_recording_into_its_intake() {
    let phone = Phone::new();
    let core = phone.open_ready();
    let id = begin(&core, "Ada");
    let passphrase = Passphrase::new("correct horse");
    core.set_passphrase(None, Some(&passphrase), None).unwrap();
    let sound = speech(2_000);
    let mut recording = speak(&core, id, &sound);
    core.lock();
    let Recorded::Captured(first) = recording.finish().unwrap() else { panic!("not captured") };
    // Spoken to a report that lies in the locked vault.
    let mut recording = speak(&core, id, &sound);
    let Recorded::Captured(second) = recording.finish().unwrap() else { panic!("not captured") };
    assert!(!tells(&phone));
    // A report begun meanwhile has its recording at once.
    let late = core.create(&form("missing_child"), None).unwrap();
    let attached = speak(&core, late, &sound).finish().unwrap();
    assert!(matches!(attached, Recorded::Attached(_)));

    core.unlock(Some(&passphrase)).unwrap();
    for capture in [first, second] {
        let medium =
            core.attach(id, &field("statement"), Source::Capture(capture), Original::Drop).unwrap();
        assert_eq!(medium.bytes, sound.len() as u64);
    }
    assert_eq!(phone.names_in("intake"), [""; 0]);
    assert_eq!(core.report(late).unwrap().media.len(), 1);
}

#[test]
fn nobody_speaks_in_vain_to_a_field_that_takes_no_recording() {
    let phone = Phone::new();
    let core = phone.open_ready();
    let id = begin(&core, "Ada");
    for (name, refusal) in [
        ("permit_poster", Refusal::WrongKind),
        ("photo", Refusal::WrongKind),
        ("no_such_field", Refusal::UnknownField),
    ] {
        let refused = core.record(id, &field(name)).map(|_| ());
        assert_eq!(refused, Err(Error::Refused(refusal)), "{name}");
    }
    // Whatever is typed may be spoken instead.
    assert!(core.record(id, &field("clothing")).is_ok());
    core.delete(id).unwrap();
    assert_eq!(core.record(id, &field("statement")).map(|_| ()), Err(Error::NotFound));
}

#[test]
fn a_recording_that_could_not_be_attached_is_still_there() {
    let phone = Phone::new();
    let core = phone.open_ready();
    let id = begin(&core, "Ada");
    let mut recording = core.record(id, &field("statement")).unwrap();
    let empty = recording.finish().map(|_| ());
    assert_eq!(empty, Err(Error::Refused(Refusal::MediaUnsupported)));
    recording.write(&speech(3)).unwrap();
    assert!(matches!(recording.finish(), Ok(Recorded::Attached(_))));
}
