//! Hiding places inside boxes and units that stay: each with a canary, none with one afterwards.

use super::super::{MediaError, scrub};
use super::film::{Film, picture};
use super::fixtures::{CANARY, COLOUR, boxed, copy, full, leaks, profile, scrubbed, still, unit};

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

/// A description of H.264 video whose second list of parameter sets has these units.
fn avc1(units: &[&[u8]], also: &[Vec<u8>]) -> Vec<u8> {
    let mut config = vec![1, 66, 0, 10, 0xFF, 0xE1, 0, 2, 0x67, 1, units.len() as u8];
    for unit in units {
        config.extend([&(unit.len() as u16).to_be_bytes()[..], unit].concat());
    }
    picture(b"avc1", &[&[boxed(b"avcC", &config)], also].concat())
}

/// A description of HEVC video whose list of parameter sets has this unit.
fn hvc1(set: &[u8]) -> Vec<u8> {
    let mut config = vec![0; 22];
    (config[0], config[21]) = (1, 3);
    config.extend([1, 32, 0, 1, 0, set.len() as u8]);
    picture(b"hvc1", &[boxed(b"hvcC", &[&config, set].concat())])
}

const AVC_SLICE: &[u8] = b"\x65picture";
const HEVC_SLICE: &[u8] = b"\x26\x01picture";

#[test]
fn units_that_mark_something_have_no_room_for_more() {
    let film = |entry: &[u8], unit_: &[u8], slice: &[u8]| {
        let sample = [unit(unit_), unit(slice)].concat();
        Film::new(entry.to_vec(), &[&sample])
    };
    let avc = avc1(&[b"\x68"], &[]);
    for first in [&b"\x09\xF0"[..], b"\x09", b"\x0A", b"\x0B", b"\x0C", b"\x0E", b"\x1C", b"\x1E"] {
        let clean = clean(&film(&avc, &[first, &CANARY.repeat(4)].concat(), AVC_SLICE));
        assert!(holds(&clean, AVC_SLICE));
    }
    let hevc = hvc1(b"\x40\x01vps");
    for kind in [35, 36, 37, 38, 41, 48, 62, 63] {
        let clean = clean(&film(&hevc, &[&[kind << 1, 1], CANARY].concat(), HEVC_SLICE));
        assert!(holds(&clean, HEVC_SLICE));
    }
    // As encoders write them they stay.
    for (entry, slice, marks) in [
        (&avc, AVC_SLICE, vec![&b"\x09\xF0"[..], b"\x09\x10\0", b"\x0A", b"\x0B", b"\x0C\xFF\x80"]),
        (&hevc, HEVC_SLICE, vec![b"\x46\x01\x50", b"\x48\x01", b"\x4A\x01", b"\x4C\x01\xFF\x80"]),
    ] {
        for mark in marks {
            let file = film(entry, mark, slice).bytes();
            assert!(holds(&scrubbed(&file).unwrap(), &[unit(mark), unit(slice)].concat()));
        }
    }
}

#[test]
fn units_of_dolby_vision_stay_where_a_box_says_that_there_are_some() {
    let sample = [unit(b"\x1Edolby"), unit(AVC_SLICE)].concat();
    let dolby = boxed(
        b"dvvC",
        &[1, 0, 0x10, 0x2D, 0x10].iter().copied().chain([0; 19]).collect::<Vec<_>>(),
    );
    for (boxes, stays) in [(vec![dolby], true), (vec![], false)] {
        let film = Film::new(avc1(&[b"\x68"], &boxes), &[&sample]);
        assert_eq!(holds(&scrubbed(&film.bytes()).unwrap(), b"\x1Edolby"), stays);
    }
}

#[test]
fn notes_of_numbers_have_no_room_for_more() {
    let canaries = CANARY.repeat(12);
    for (kind, head) in
        [(3, &b""[..]), (19, b""), (137, &[7; 24]), (4, b"\xB5\0\x3C\0\x01\x04"), (5, b"")]
    {
        let note = [head, &canaries].concat();
        let sei = [&[6, kind, note.len() as u8], &note[..], &[0x80]].concat();
        let sample = [unit(&sei), unit(AVC_SLICE)].concat();
        clean(&Film::new(avc1(&[b"\x68"], &[]), &[&sample]));
    }
}

#[test]
fn a_list_of_parameter_sets_has_nothing_else() {
    let note = [&b"\x06\x05\x06"[..], CANARY, &[0x80]].concat();
    clean(&Film::new(avc1(&[b"\x68", &note], &[]), &[&unit(AVC_SLICE)]));
    clean(&Film::new(avc1(&[CANARY], &[]), &[&unit(AVC_SLICE)]));
    clean(&Film::new(hvc1(&[&b"\x7C\x01"[..], CANARY].concat()), &[&unit(HEVC_SLICE)]));
}

/// A unit of AV1 with its size.
fn obu(kind: u8, payload: &[u8]) -> Vec<u8> {
    [&[kind << 3 | 2, payload.len() as u8], payload].concat()
}

#[test]
fn units_of_av1_have_no_room_for_more() {
    let tail = [CANARY, &[0x80]].concat();
    let frame = obu(6, b"picture");
    let levels = [1, 0, 9, 0, 9];
    let hidden = [
        obu(2, CANARY),
        obu(8, CANARY),
        obu(9, CANARY),
        obu(15, CANARY),
        obu(5, &[&levels, &tail[..]].concat()),
        obu(5, &[&[2; 25], &tail[..]].concat()),
        obu(5, &[&[3, 1], &tail[..]].concat()),
        obu(5, &[&b"\x04\xB5\0\x3C\0\x01\x04"[..], &tail].concat()),
        obu(5, &tail),
    ];
    for hidden in hidden {
        let film =
            Film::new(picture(b"av01", &[]), &[&[&obu(2, b""), &hidden[..], &frame].concat()]);
        assert!(holds(&clean(&film), &frame));
        let config = [&[0x81, 0, 0x0C, 0], &hidden[..]].concat();
        clean(&Film::new(picture(b"av01", &[boxed(b"av1C", &config)]), &[&frame]));
    }
    let numbers = obu(5, &[&levels[..], &[0x80]].concat());
    let sample = [obu(2, b""), numbers, frame].concat();
    let film = Film::new(picture(b"av01", &[boxed(b"av1C", b"\x81\0\x0C\0\x2A\0")]), &[&sample]);
    assert!(holds(&scrubbed(&film.bytes()).unwrap(), &sample));
}
