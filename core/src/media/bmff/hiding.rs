//! Hiding places inside boxes and units that stay: each with a canary, none with one afterwards.

use super::super::{MediaError, scrub};
use super::film::{Film, picture, sound};
use super::fixtures::{
    CANARY, COLOUR, boxed, copy, full, leaks, parent, profile, scrubbed, still, unit, words,
};

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

fn plain() -> Film {
    Film::new(vp9(&[]), &[b"picture", b"picture"])
}

/// The canary as numbers of 32 bits.
fn numbers() -> Vec<u8> {
    CANARY.repeat(4)
}

#[test]
fn of_a_box_that_stands_once_the_first_one_stays() {
    let film = plain();
    let stts = full(b"stts", &[words(&[1, 2]), CANARY[..4].to_vec(), CANARY.to_vec()].concat());
    let hidden = boxed(b"stsz", &[words(&[0, 0, 6]), numbers()].concat());
    let cases: [(&[u8; 4], Vec<u8>); 8] = [
        (b"stbl", stts),
        (b"stbl", full(b"co64", &[words(&[3]), numbers()].concat())),
        (b"stbl", boxed(b"stz2", &[words(&[0, 32, 6]), numbers()].concat())),
        (b"minf", parent(b"stbl", &[hidden])),
        (b"mdia", full(b"mdhd", &[words(&[0, 0]), CANARY.repeat(2)].concat())),
        (b"trak", full(b"tkhd", &CANARY.repeat(14)[..80])),
        (b"moov", full(b"mvhd", &CANARY.repeat(16)[..96])),
        (b"dinf", full(b"dref", &[words(&[1]), boxed(b"url ", b"\0ANARY..CANARY")].concat())),
    ];
    for (parent, node) in cases {
        clean(&film.clone().and(parent, node));
    }
}

#[test]
fn tables_end_with_the_samples_and_chunks() {
    let at = plain().first() as u32;
    let tail = |head: &[u32]| [words(head), numbers()].concat();
    let instead = [
        full(b"stts", &tail(&[4, 2, 100])),
        full(b"stsc", &tail(&[3, 1, 2, 1])),
        full(b"stsz", &tail(&[0, 8, 7, 7])),
        full(b"stco", &tail(&[7, at])),
    ];
    for table in instead {
        let clean = clean(&plain().with(table.clone()));
        let names = memchr::memmem::find(&clean, &table[4..8]).unwrap();
        assert!(clean[names + 4..].starts_with(&[0; 4]), "the table is there");
        assert_eq!(clean[at as usize..][..14], *b"picturepicture");
    }
    let also = [
        full(b"ctts", &tail(&[4, 2, 1])),
        full(b"stss", &tail(&[7, 1])),
        full(b"stps", &tail(&[6])),
        full(b"sdtp", &[&[0x20, 0x10], CANARY].concat()),
        full(b"sbgp", &[b"roll", &tail(&[4, 2, 1])[..]].concat()),
        full(b"sbgp", &[b"roll", &words(&[1, 2])[..], CANARY].concat()),
    ];
    for table in also {
        clean(&plain().and(b"stbl", table));
    }
    let film = plain();
    for film in [
        film.clone().with(full(b"stsc", &[words(&[1, 1, 2]), b"CANA".to_vec()].concat())),
        film.clone().with(full(b"stsc", &[words(&[1]), b"CANA".to_vec(), words(&[2, 1])].concat())),
        film.clone()
            .with(full(b"stts", &[words(&[2, 0]), b"CANA".to_vec(), words(&[2, 9])].concat())),
        film.and(b"stbl", boxed(b"sbgp", b"\x01\0\0\0rollCANA\0\0\0\0")),
    ] {
        let clean = scrubbed(&film.bytes()).unwrap();
        assert!(!holds(&clean, b"CANA\0"), "{}", clean.escape_ascii());
        assert_eq!(scrubbed(&clean).unwrap(), clean);
    }
}

#[test]
fn tables_that_are_right_stay_as_they_are() {
    let wide = [&b"\x01\0\0\0roll"[..], &words(&[2, 1]), &[0xFF, 0xFF]].concat();
    let tables = [
        full(b"ctts", &words(&[2, 1, 5, 1, 0])),
        full(b"stss", &words(&[2, 1, 2])),
        full(b"sdtp", &[0x20, 0x10]),
        boxed(b"sgpd", &wide),
        full(b"sgpd", &[b"rap ", &words(&[1])[..], &[0x81]].concat()),
        full(b"sbgp", &[b"roll", &words(&[1, 2, 1])[..]].concat()),
    ];
    let film = tables.iter().fold(plain(), |film, table| film.and(b"stbl", table.clone()));
    let clean = scrubbed(&film.bytes()).unwrap();
    for table in tables {
        assert!(holds(&clean, &table), "{}", table[4..8].escape_ascii());
    }
}

#[test]
fn descriptions_of_groups_have_the_length_of_their_type() {
    let of_length = |len: u32, body: &[u8]| {
        boxed(b"sgpd", &[&b"\x01\0\0\0roll"[..], &words(&[len, 1]), body].concat())
    };
    clean(&plain().and(b"stbl", of_length(30, &CANARY.repeat(5))));
    let many = boxed(b"sgpd", &[&b"\x01\0\0\0roll"[..], &words(&[2, 12]), &numbers()].concat());
    clean(&plain().and(b"stbl", many));
}

#[test]
fn defaults_of_tracks_that_are_not_there_and_modes_that_nobody_knows_go() {
    let trex = |id| full(b"trex", &[&words(&[id])[..], CANARY, CANARY, &[0; 4]].concat());
    clean(&plain().and(b"moov", parent(b"mvex", &[trex(7)])));
    let own = full(b"trex", &words(&[1, 1, 0, 0, 0]));
    clean(&plain().and(b"moov", parent(b"mvex", &[own, trex(1)])));
    clean(&plain().with(full(b"vmhd", &[&[0; 2], CANARY].concat())));
    let dither = boxed(b"vmhd", b"\0\0\0\x01\0\x40\x80\0\x80\0\x80\0");
    let clean = scrubbed(&plain().with(dither.clone()).bytes()).unwrap();
    assert!(holds(&clean, &dither));
}

#[test]
fn an_index_of_fragments_goes_where_there_are_none() {
    let entries = [&words(&[1, 1000, 0, 0])[..], &[0, 0, 0, 2], &numbers()].concat();
    let tfra = full(b"tfra", &[words(&[1, 0, 2]), numbers()].concat());
    for tail in [full(b"sidx", &entries), parent(b"mfra", &[tfra])] {
        clean(&Film { tail, ..plain() });
    }
}

#[test]
fn boxes_of_a_description_belong_to_its_coding_and_have_its_length() {
    let words_ = CANARY.repeat(12);
    let alpha = [&[0; 4][..], b"urn:mpeg:mpegB:cicp:systems:auxiliary:alpha\0", CANARY].concat();
    let chan = |count: u32| boxed(b"chan", &[words(&[0, 0, 0, count]), CANARY.repeat(10)].concat());
    let opus = |family: u8| {
        boxed(
            b"dOps",
            &[&[0, 2, 0, 0, 0, 0, 0xBB, 0x80, 0, 0, family, 1, 1, 0, 1], CANARY].concat(),
        )
    };
    for node in [
        boxed(b"auxi", &[&[0; 4], &words_[..], &[0]].concat()),
        boxed(b"auxi", &alpha),
        boxed(b"dOps", &words_[..64]),
        boxed(b"alac", &words_[..28]),
        boxed(b"damr", &words_[..9]),
        chan(0),
        chan(1),
        boxed(b"pasp", &[&words(&[1, 1])[..], CANARY].concat()),
    ] {
        clean(&Film::new(vp9(&[node]), &[b"picture"]));
    }
    for (kind, node) in [
        (b"Opus", opus(0)),
        (b"Opus", opus(1)),
        (b"ec-3", boxed(b"dec3", &[&[0, 0x20, 0x20, 0x0F, 0, 1, 16], CANARY].concat())),
        (b"sowt", chan(3)),
        (b"sowt", boxed(b"pcmC", &words_[..6])),
        (b"ipcm", boxed(b"pcmC", &[&[0, 0, 0, 0, 1, 16], CANARY].concat())),
    ] {
        clean(&Film::of_sound(sound(kind, &[node]), &[b"sounds"]));
    }
    let twice = [boxed(b"pasp", &words(&[1, 1])), boxed(b"pasp", b"CANARY!!")];
    clean(&Film::new(vp9(&twice), &[b"picture"]));
}

#[test]
fn settings_of_sound_have_no_room_for_words() {
    let part = |kind: u8, body: &[u8]| [&[kind, body.len() as u8], body].concat();
    let mp4a = |object_type: u8, settings: &[u8], sync: &[u8]| {
        let decoder = [&[object_type, 0x15][..], &[0; 11], settings].concat();
        let stream = [&[0, 1, 0][..], &part(4, &decoder), sync].concat();
        let esds = full(b"esds", &part(3, &stream));
        Film::of_sound(sound(b"mp4a", &[esds]), &[b"sounds"])
    };
    let aac = part(5, b"\x12\x08\x56\xE5\0");
    let words_ = part(5, &[&b"\x12\x08\x56\xE5\0"[..], CANARY].concat());
    for film in [
        mp4a(0x40, &words_, &part(6, &[2])),
        mp4a(0x40, &aac, &part(6, &[&[2][..], CANARY].concat())),
        mp4a(0x40, &[aac.clone(), words_.clone()].concat(), &part(6, &[2])),
        mp4a(0x40, &aac, &[part(6, &[2]), part(6, CANARY)].concat()),
        mp4a(0x6B, &words_, &part(6, &[2])),
        mp4a(0xDD, &part(5, &[&[7; 64][..], CANARY].concat()), &part(6, &[2])),
    ] {
        clean(&film);
    }
    let file = mp4a(0x40, &aac, &part(6, &[2])).bytes();
    assert!(holds(&scrubbed(&file).unwrap(), &aac));
}

/// A still of one HEVC picture with these properties behind its configuration and its size.
fn small_still(properties: &[Vec<u8>]) -> Vec<u8> {
    let mut config = vec![0; 23];
    (config[0], config[21]) = (1, 3);
    let own = [boxed(b"hvcC", &config), full(b"ispe", &words(&[64, 64]))].concat();
    let count = 2 + properties.len() as u8;
    let indexes: Vec<u8> = (1..=count).collect();
    let associations = [&[0, 0, 0, 1, 0, 1, count][..], &indexes].concat();
    let ipco = boxed(b"ipco", &[own, properties.concat()].concat());
    let picture = unit(HEVC_SLICE);
    let meta = |at: u32| {
        let place = words(&[at, picture.len() as u32]);
        let iloc = [&[0x44, 0, 0, 1, 0, 1, 0, 0, 0, 1][..], &place].concat();
        let infe = boxed(b"infe", b"\x02\0\0\0\0\x01\0\0hvc1\0");
        let parts = [
            full(b"hdlr", b"\0\0\0\0pict\0\0\0\0\0\0\0\0\0\0\0\0\0"),
            full(b"pitm", &[0, 1]),
            full(b"iloc", &iloc),
            full(b"iinf", &[&[0, 1], &infe[..]].concat()),
            parent(b"iprp", &[ipco.clone(), full(b"ipma", &associations)]),
        ];
        full(b"meta", &parts.concat())
    };
    let head = boxed(b"ftyp", b"heic\0\0\0\0heic");
    let at = head.len() + meta(0).len() + 8;
    [head, meta(at as u32), boxed(b"mdat", &picture)].concat()
}

#[test]
fn a_still_that_loses_a_few_bytes_of_its_lists_keeps_its_length() {
    let colr = boxed(b"colr", &[b"prof", CANARY].concat());
    let pixi = full(b"pixi", &[&[255], &CANARY.repeat(43)[..255]].concat());
    let file = small_still(&vec![boxed(b"udes", CANARY); 6]);
    for file in [small_still(&[colr]), small_still(&[pixi]), file] {
        assert!(leaks(&file));
        let clean = scrubbed(&file).unwrap();
        assert_eq!(clean.len(), file.len());
        assert!(!leaks(&clean) && holds(&clean, HEVC_SLICE));
        assert_eq!(scrubbed(&clean).unwrap(), clean);
    }
}

#[test]
fn what_no_sample_says_of_itself_goes() {
    let mut film = plain();
    film.samples = vec![b"picture".to_vec(); 6];
    clean(&film.and(b"stbl", full(b"sdtp", CANARY)));
}
