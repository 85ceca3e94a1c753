//! Hiding places inside boxes and units that stay: each with a canary, none with one afterwards.

use super::super::scrub;
use super::film::{Film, picture};
use super::fixtures::{CANARY, COLOUR, boxed, copy, leaks, profile, scrubbed, still};

/// Scrubs `film`, whose canary must go and whose rest must be the same when scrubbed again.
fn clean(film: &Film) -> Vec<u8> {
    let file = film.bytes();
    assert!(leaks(&file), "there is a canary");
    let clean = scrubbed(&file).unwrap();
    assert_eq!(clean.len(), file.len());
    let found = memchr::memmem::find(&clean, CANARY);
    assert!(found.is_none(), "{}", clean[found.unwrap_or(0).saturating_sub(80)..].escape_ascii());
    let plan = scrub(&clean).unwrap();
    assert_eq!(copy(&plan, &clean), clean, "scrubbing twice changes nothing");
    assert_eq!(plan.manifest.removed, [], "nothing is left to remove");
    clean
}

fn holds(file: &[u8], part: &[u8]) -> bool {
    memchr::memmem::find(file, part).is_some()
}

fn vp9(boxes: &[Vec<u8>]) -> Vec<u8> {
    picture(b"vp09", boxes)
}

#[test]
fn a_profile_in_a_film_keeps_its_colours_and_loses_its_words() {
    for kind in [b"prof", b"rICC"] {
        let colr = boxed(b"colr", &[&kind[..], &profile()].concat());
        let clean = clean(&Film::new(vp9(&[colr]), &[b"picture"]));
        assert!(holds(&clean, &[&b"colr"[..], kind].concat()));
        assert!(holds(&clean, COLOUR));
    }
}

#[test]
fn what_is_no_profile_is_no_colour_of_a_film() {
    for kind in [b"prof", b"rICC", b"nclx"] {
        let colr = boxed(b"colr", &[&kind[..], &[0; 7], CANARY].concat());
        let clean = clean(&Film::new(vp9(&[colr]), &[b"picture"]));
        assert_eq!(holds(&clean, b"colr"), kind == b"nclx");
    }
}

#[test]
fn a_profile_in_a_still_keeps_its_colours_and_loses_its_words() {
    let clean = scrubbed(&still()).unwrap();
    assert!(!leaks(&clean));
    assert!(holds(&clean, b"colrprof") && holds(&clean, COLOUR));
    assert!(!holds(&clean, b"rICC"), "what is no profile went");
}
