//! The passphrase: what it opens, what it keeps out, and what wrong tries cost.

#![allow(clippy::unwrap_used, reason = "a test that can't set up its world has failed")]

mod common;

use common::{Faults, Phone, begin, pack, tells_of, try_set};
use homeward_core::queue::Conditions;
use homeward_core::vault::{DeviceKeyError, Passphrase, VaultState};
use homeward_core::{Error, Refusal, Scope, SendWhen};

fn wrong() -> Error {
    Refusal::WrongPassphrase.into()
}

#[test]
fn a_passphrase_survives_a_restart_and_nothing_else_opens_the_vault() {
    let phone = Phone::new();
    let core = phone.open();
    let id = begin(&core, "Ada");
    assert_eq!(core.has_passphrase(), Ok(false));
    core.set_passphrase(None, Some(&Passphrase::new("caf\u{e9} gr\u{fc}n")), None).unwrap();
    assert!(tells_of(&core, id, "Ada"), "the vault stays open");
    drop(core);
    let core = phone.open();
    assert_eq!((core.state(), core.has_passphrase()), (VaultState::Locked, Ok(true)));
    assert_eq!(core.reports().unwrap_err(), Error::Locked);
    assert_eq!(core.report(id).unwrap_err(), Error::Locked);
    assert_eq!(core.unlock(None).unwrap_err(), Error::Locked);
    assert_eq!(core.unlock(Some(&Passphrase::new("cafe grun"))).unwrap_err(), wrong());
    assert_eq!(core.state(), VaultState::Locked);
    // Another keyboard composes the same letters otherwise.
    core.unlock(Some(&Passphrase::new("cafe\u{301} gru\u{308}n"))).unwrap();
    assert!(tells_of(&core, id, "Ada"));
    core.lock();
    assert_eq!(core.state(), VaultState::Locked);
    assert_eq!(try_set(&core, id, "clothing", "red").unwrap_err(), Error::Locked);
}

#[test]
fn a_copy_made_before_a_passphrase_change_opens_with_neither() {
    let phone = Phone::new();
    let core = phone.open();
    let id = begin(&core, "Ada");
    let (old, new) = (Passphrase::new("old"), Passphrase::new("new"));
    let before_any = phone.copy();
    core.set_passphrase(None, Some(&old), None).unwrap();
    let with_old = phone.copy();
    assert_eq!(core.set_passphrase(None, Some(&new), None).unwrap_err(), wrong());
    assert_eq!(core.set_passphrase(Some(&new), Some(&new), None).unwrap_err(), wrong());
    core.set_passphrase(Some(&old), Some(&new), None).unwrap();

    assert_eq!(before_any.open().state(), VaultState::KeyLost);
    for passphrase in [&old, &new] {
        let thief = with_old.open();
        assert_eq!(thief.unlock(Some(passphrase)).unwrap_err(), Error::KeyLost);
        assert_eq!(thief.report(id).unwrap_err(), Error::KeyLost);
    }
    drop(core);
    let core = phone.open();
    assert_eq!(core.unlock(Some(&old)).unwrap_err(), wrong());
    core.unlock(Some(&new)).unwrap();
    core.set_passphrase(Some(&new), None, None).unwrap();
    drop(core);
    assert!(tells_of(&phone.open_ready(), id, "Ada"));
}

#[test]
fn the_last_wrong_try_destroys_the_key_and_the_right_one_before_it_forgives_all() {
    let phone = Phone::new();
    let core = phone.open();
    core.pair(&pack().0).unwrap();
    let id = begin(&core, "Ada");
    core.send(id, Scope::FirstMinute, SendWhen::Now).unwrap();
    let (right, bad) = (Passphrase::new("right"), Passphrase::new("bad"));
    core.set_passphrase(None, Some(&right), Some(2)).unwrap();
    drop(core);
    // Tries count across restarts.
    assert_eq!(phone.open().unlock(Some(&bad)).unwrap_err(), wrong());
    phone.open().unlock(Some(&right)).unwrap();
    assert_eq!(phone.open().unlock(Some(&bad)).unwrap_err(), wrong());
    let core = phone.open();
    assert_eq!(core.unlock(Some(&bad)).unwrap_err(), Error::KeyLost);
    assert_eq!(core.state(), VaultState::KeyLost);
    drop(core);
    let core = phone.open();
    assert_eq!(core.unlock(Some(&right)).unwrap_err(), Error::KeyLost);
    assert_eq!(core.report(id).unwrap_err(), Error::KeyLost);
    assert_eq!(core.plan(Conditions::default()).unwrap().due.len(), 1, "what is sealed leaves");
}

#[test]
fn a_passphrase_that_is_empty_and_a_limit_of_no_tries_are_refused() {
    let phone = Phone::new();
    let core = phone.open();
    let id = begin(&core, "Ada");
    let words = Passphrase::new("words");
    for empty in ["", " \t\u{2003}"] {
        let refused = core.set_passphrase(None, Some(&Passphrase::new(empty)), None);
        assert_eq!(refused.unwrap_err(), Error::from(Refusal::EmptyPassphrase));
    }
    let refused = core.set_passphrase(None, Some(&words), Some(0));
    assert_eq!(refused.unwrap_err(), Error::from(Refusal::NoTries));
    drop(core);
    assert!(tells_of(&phone.open_ready(), id, "Ada"));
}

#[test]
fn a_changed_passphrase_keeps_the_limit_of_the_one_before() {
    let phone = Phone::new();
    let core = phone.open();
    let (old, new, bad) = (Passphrase::new("old"), Passphrase::new("new"), Passphrase::new("bad"));
    core.set_passphrase(None, Some(&old), Some(1)).unwrap();
    core.set_passphrase(Some(&old), Some(&new), None).unwrap();
    let copy = phone.twin();
    assert_eq!(copy.open().unlock(Some(&bad)).unwrap_err(), Error::KeyLost);
    // Who wants none any more removes the passphrase first.
    core.set_passphrase(Some(&new), None, None).unwrap();
    core.set_passphrase(None, Some(&new), None).unwrap();
    core.lock();
    for _ in 0..3 {
        assert_eq!(core.unlock(Some(&bad)).unwrap_err(), wrong());
    }
    core.unlock(Some(&new)).unwrap();
}

#[test]
fn a_passphrase_whose_key_the_device_has_lost_is_told_as_lost_before_anybody_types() {
    let phone = Phone::new();
    let core = phone.open();
    core.set_passphrase(None, Some(&Passphrase::new("words")), None).unwrap();
    drop(core);
    assert_eq!(phone.open().state(), VaultState::Locked);
    let refused = Faults { vault: Some(DeviceKeyError::Refused), ..Faults::default() };
    phone.device.fail(refused);
    assert_eq!(phone.open().state(), VaultState::Locked);
    phone.device.fail(Faults::default());
    phone.device.lose_all();
    let core = phone.open();
    assert_eq!(core.state(), VaultState::KeyLost);
    let unlocked = core.unlock(Some(&Passphrase::new("words")));
    assert_eq!(unlocked.unwrap_err(), Error::KeyLost);
}

#[test]
fn too_many_wrong_old_passphrases_close_an_open_vault_too() {
    let phone = Phone::new();
    let core = phone.open();
    let id = begin(&core, "Ada");
    let (right, bad) = (Passphrase::new("right"), Passphrase::new("bad"));
    core.set_passphrase(None, Some(&right), Some(1)).unwrap();
    assert_eq!(core.set_passphrase(Some(&bad), None, None).unwrap_err(), Error::KeyLost);
    assert_eq!(core.state(), VaultState::KeyLost);
    assert_eq!(core.report(id).unwrap_err(), Error::KeyLost);
}

#[test]
fn a_passphrase_is_changed_although_the_device_does_not_destroy_the_old_key_yet() {
    let phone = Phone::new();
    let core = phone.open();
    let id = begin(&core, "Ada");
    let (old, new) = (Passphrase::new("old"), Passphrase::new("new"));
    core.set_passphrase(None, Some(&old), None).unwrap();
    let copy = phone.copy();
    phone.device.fail(Faults { deletions: 1, ..Faults::default() });
    core.set_passphrase(Some(&old), Some(&new), None).unwrap();
    assert!(core.is_erasure_unfinished().unwrap());
    drop(core);
    let core = phone.open();
    assert_eq!(core.unlock(Some(&old)).unwrap_err(), wrong());
    core.unlock(Some(&new)).unwrap();
    assert!(tells_of(&core, id, "Ada"));
    assert!(!core.is_erasure_unfinished().unwrap());
    assert_eq!(copy.open().unlock(Some(&old)).unwrap_err(), Error::KeyLost);
}

#[test]
fn a_passphrase_set_after_another_process_deleted_loses_nothing() {
    let phone = Phone::new();
    let (one, other) = (phone.open(), phone.open());
    let (kept, gone) = (begin(&one, "Ada"), begin(&one, "Ben"));
    one.delete(gone).unwrap();
    let passphrase = Passphrase::new("words");
    other.set_passphrase(None, Some(&passphrase), None).unwrap();
    assert!(tells_of(&other, kept, "Ada"));
    // Whoever does not know it is locked from now on.
    assert_eq!(one.report(kept).unwrap_err(), Error::Locked);
    assert_eq!(one.state(), VaultState::Locked);
    one.unlock(Some(&passphrase)).unwrap();
    assert!(tells_of(&one, kept, "Ada"));
}
