//! Several processes on one home: what one acknowledged is there, whatever another does meanwhile.

#![allow(clippy::unwrap_used, reason = "a test that cannot set up its world has failed")]

use std::path::PathBuf;
use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use fault_proxy::Faults;
use homeward_tests::journey::{ANSWERS, Journey, string};
use homeward_tests::photo::{Exif, Photo};
use homeward_tests::programs::{Program, Programs, Refusal, text};
use serde_json::{Value, json};
use tempfile::TempDir;

/// A phone that nobody has started yet.
struct Fresh {
    folder: TempDir,
    phone: Program,
}

impl Fresh {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let phone = Programs::ready().phone(folder.path().join("phone"));
        Self { folder, phone }
    }

    fn words(&self, name: &str) -> PathBuf {
        let path = self.folder.path().join(name);
        std::fs::write(&path, name).unwrap();
        path
    }

    fn begin(&self) -> String {
        begin(&self.phone).unwrap()
    }
}

fn begin(phone: &Program) -> Result<String, Refusal> {
    Ok(string(&phone.ask(&["new", "missing_child"])?["id"]))
}

fn drafts(phone: &Program) -> Vec<String> {
    let drafts = phone.ask(&["drafts"]).unwrap();
    let mut drafts: Vec<String> =
        drafts.as_array().unwrap().iter().map(|draft| string(&draft["id"])).collect();
    drafts.sort();
    drafts
}

fn answer(phone: &Program, id: &str, field: &str) -> Value {
    phone.ask(&["show", id]).unwrap()["answers"][field].take()
}

/// Does `work` in so many threads at once, each with its number.
fn at_once<T: Send>(threads: usize, work: impl Fn(usize) -> T + Sync) -> Vec<T> {
    let start = Barrier::new(threads);
    thread::scope(|scope| {
        let spawned: Vec<_> = (0..threads)
            .map(|number| {
                let (start, work) = (&start, &work);
                scope.spawn(move || {
                    start.wait();
                    work(number)
                })
            })
            .collect();
        spawned.into_iter().map(|thread| thread.join().unwrap()).collect()
    })
}

#[test]
fn eight_processes_that_type_begin_and_delete_at_once_lose_nothing_and_are_refused_nothing() {
    let fresh = Fresh::new();
    let phone = &fresh.phone;
    let mine: Vec<String> = (0..7).map(|_| fresh.begin()).collect();
    at_once(8, |number| match mine.get(number) {
        Some(id) => {
            for round in 0..ROUNDS {
                let words = format!("coat {round}");
                phone.ask(&["set", id, "clothing", &words]).unwrap();
                assert_eq!(answer(phone, id, "clothing"), words, "acknowledged, and gone");
            }
        }
        None => {
            for _ in 0..ROUNDS {
                let id = begin(phone).unwrap();
                phone.ask(&["set", &id, "clothing", "a coat"]).unwrap();
                phone.ask(&["delete", &id]).unwrap();
                let gone = phone.ask(&["show", &id]).unwrap_err();
                assert_eq!(gone.message_id(), Some("error-not-found"), "{gone}");
            }
        }
    });
    let mut kept = mine.clone();
    kept.sort();
    assert_eq!(drafts(phone), kept);
    for id in &mine {
        assert_eq!(answer(phone, id, "clothing"), format!("coat {}", ROUNDS - 1));
    }
}

#[test]
fn eight_processes_that_find_no_home_make_one_together() {
    for _ in 0..ROUNDS {
        let fresh = Fresh::new();
        let mut begun = at_once(8, |_| fresh.begin());
        begun.sort();
        assert_eq!(drafts(&fresh.phone), begun);
    }
}

#[test]
fn who_types_while_another_process_seals_and_recalls_the_same_report_loses_no_answer() {
    let journey = Journey::begin(Faults::default());
    let (phone, id) = (&journey.phone, journey.draft(&ANSWERS));
    let photo = journey.photo("photo.jpg", &Photo::small(Exif::example()));
    phone.ask(&["attach", &id, text(&photo).unwrap()]).unwrap();
    phone.ask(&["send", &id]).unwrap();
    let sending = AtomicBool::new(true);
    at_once(2, |number| {
        if number == 0 {
            for round in 0..ROUNDS {
                phone.ask(&["set", &id, "belongings", &format!("bag {round}")]).unwrap();
                phone.ask(&["send", &id]).unwrap();
                phone.ask(&["reply", &id, "words"]).unwrap();
                let why = ["found", "withdrawn"][round % 2];
                phone.ask(&["recall", &id, why]).unwrap();
            }
            sending.store(false, Ordering::Relaxed);
            return;
        }
        for round in (0..).take_while(|_| sending.load(Ordering::Relaxed)) {
            let words = format!("coat {round}");
            phone.ask(&["set", &id, "clothing", &words]).unwrap();
            let medium = phone.ask(&["attach", &id, text(&photo).unwrap()]).unwrap();
            assert_eq!(answer(phone, &id, "clothing"), words, "acknowledged, and gone");
            phone.ask(&["detach", &id, &string(&medium["medium"])]).unwrap();
            assert_eq!(answer(phone, &id, "clothing"), words, "acknowledged, and gone");
        }
    });
    let shown = phone.ask(&["show", &id]).unwrap();
    assert_eq!(shown["answers"]["belongings"], format!("bag {}", ROUNDS - 1));
    assert_eq!(shown["media"].as_array().unwrap().len(), 1);
    assert_eq!(journey.status(&id)["version"], ROUNDS + 1);
    let replies = phone.ask(&["messages", &id]).unwrap();
    assert_eq!(replies.as_array().unwrap().len(), ROUNDS, "{replies}");
}

#[test]
fn what_is_deleted_while_another_process_seals_it_stays_deleted() {
    let journey = Journey::begin(Faults::default());
    let phone = &journey.phone;
    for _ in 0..ROUNDS {
        let id = journey.draft(&ANSWERS);
        at_once(2, |number| match number {
            0 => {
                phone.ask(&["delete", &id]).unwrap();
            }
            _ => {
                let sent = phone.ask(&["send", &id]);
                assert!(sent.is_ok() || is(&sent, "error-not-found"), "{sent:?}");
            }
        });
        assert!(is(&phone.ask(&["show", &id]), "error-not-found"));
        assert_eq!(phone.ask(&["status"]).unwrap(), json!([]), "nothing of it leaves");
    }
    assert_eq!(drafts(phone), [""; 0]);
}

#[test]
fn what_is_typed_and_begun_while_another_process_sets_and_removes_the_passphrase_is_there() {
    let fresh = Fresh::new();
    let (phone, words) = (&fresh.phone, fresh.words("words"));
    let words = text(&words).unwrap();
    let mine = [fresh.begin(), fresh.begin(), fresh.begin()];
    let changing = AtomicBool::new(true);
    let typed = at_once(4, |number| {
        let Some(id) = mine.get(number) else {
            for _ in 0..2 {
                phone.ask(&["passphrase", "set", words]).unwrap();
                phone.ask(&["--passphrase-file", words, "passphrase", "remove"]).unwrap();
            }
            changing.store(false, Ordering::Relaxed);
            return (String::new(), Vec::new());
        };
        let (mut coat, mut begun) = (String::new(), Vec::new());
        for round in (0..).take_while(|_| changing.load(Ordering::Relaxed)) {
            let next = format!("coat {round}");
            match phone.ask(&["set", id, "clothing", &next]) {
                Ok(_) => coat = next,
                locked => assert!(is(&locked, "error-locked"), "{locked:?}"),
            }
            // Nobody is ever locked out of this.
            let new = begin(phone).unwrap();
            phone.ask(&["set", &new, "clothing", "a coat"]).map_or_else(
                // It has just moved into the locked vault with the passphrase's change.
                |locked| assert_eq!(locked.message_id(), Some("error-locked"), "{locked}"),
                |_| begun.push(new.clone()),
            );
        }
        (coat, begun)
    });
    for ((coat, begun), id) in typed.iter().zip(&mine) {
        assert_eq!(answer(phone, id, "clothing"), coat.as_str());
        for id in begun {
            assert_eq!(answer(phone, id, "clothing"), "a coat");
        }
    }
    let strays: Vec<_> = std::fs::read_dir(phone.home()).unwrap().collect();
    let strays = strays.into_iter().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    assert!(!strays.into_iter().any(|name| name.starts_with("emergency")));
}

#[test]
fn eight_processes_that_know_the_passphrase_use_up_no_tries() {
    let fresh = Fresh::new();
    let (phone, id, words) = (&fresh.phone, fresh.begin(), fresh.words("words"));
    let words = text(&words).unwrap();
    phone.ask(&["passphrase", "set", words, "--limit", "2"]).unwrap();
    at_once(8, |_| phone.ask(&["--passphrase-file", words, "show", &id]).unwrap());
    assert_eq!(phone.ask(&["state"]).unwrap()["state"], "locked");
    phone.ask(&["--passphrase-file", words, "show", &id]).unwrap();
}

#[test]
fn what_is_begun_after_another_process_wiped_is_there() {
    let fresh = Fresh::new();
    let phone = &fresh.phone;
    for _ in 0..ROUNDS {
        let old: Vec<String> = (0..2).map(|_| fresh.begin()).collect();
        let wiped = AtomicBool::new(false);
        let begun = at_once(4, |number| {
            if number == 0 {
                phone.ask(&["wipe"]).unwrap();
                wiped.store(true, Ordering::SeqCst);
                return Vec::new();
            }
            let mut begun = Vec::new();
            while begun.len() < 2 {
                let after = wiped.load(Ordering::SeqCst);
                let id = begin(phone).unwrap();
                if after {
                    begun.push(id);
                }
            }
            begun
        });
        let there = drafts(phone);
        assert!(old.iter().all(|id| !there.contains(id)), "wiped, and there");
        assert!(begun.iter().flatten().all(|id| there.contains(id)), "begun after, and gone");
        assert_eq!(phone.ask(&["state"]).unwrap()["state"], "ready");
    }
}

fn is<T>(asked: &Result<T, Refusal>, id: &str) -> bool {
    asked.as_ref().is_err_and(|refusal| refusal.message_id() == Some(id))
}

const ROUNDS: usize = 4;
