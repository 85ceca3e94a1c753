//! Hiding places inside boxes and units that stay: each with a canary, none with one afterwards.

use super::super::{MediaError, scrub};
use super::film::{Film, picture};
use super::fixtures::{CANARY, COLOUR, boxed, copy, full, leaks, profile, scrubbed, still};

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

/// A description of MPEG-4 Part 2 video whose decoder has these settings.
fn mp4v(object_type: u8, settings: &[u8]) -> Vec<u8> {
    let part = |kind: u8, body: &[u8]| [&[kind, body.len() as u8], body].concat();
    let decoder = [&[object_type, 0x11][..], &[0; 11], &part(5, settings)].concat();
    let stream = [&[0, 1, 0][..], &part(4, &decoder), &part(6, &[2])].concat();
    picture(b"mp4v", &[full(b"esds", &part(3, &stream))])
}

const VOP: &[u8] = b"\0\0\x01\xB6\x10picture";

#[test]
fn user_data_of_mpeg_4_goes_in_front_of_a_picture_and_behind_it() {
    let long = [b"\0\0\x01\xB2", &CANARY.repeat(700)[..]].concat();
    let short = [b"\0\0\x01\xB2", CANARY].concat();
    let sample = [&long, VOP, &short].concat();
    let settings = [b"\0\0\x01\xB0\x01", &short[..], b"\0\0\x01\x20layer"].concat();
    let film = Film::new(mp4v(0x20, &settings), &[&sample, &sample]);
    let clean = clean(&film);
    let at = film.first() + long.len();
    assert_eq!(clean[at..at + VOP.len()], *VOP);
    assert!(holds(&clean, b"\0\0\x01\x20layer"));
}

#[test]
fn films_of_pictures_that_are_each_a_jpeg_are_refused_whatever_names_them() {
    let film = Film::new(mp4v(0x6C, b""), &[b"\xFF\xD8\xFF"]);
    assert!(matches!(scrub(&film.bytes()), Err(MediaError::Unsupported)));
}
