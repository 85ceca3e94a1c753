//! What all of these formats promise, tried on small files with a canary everywhere.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::sync::atomic::{AtomicU64, Ordering};

use super::super::{Format, MediaError, Piece, Plan, ReadAt, RemovedKind, facts, scrub, sniff};
use super::boxes::top;
use super::fixtures::{
    CANARY, Media, boxed, brands, copy, fragmented, full, leaks, moov, movie, parent, scrubbed,
    slice, still, video_samples, words,
};

fn all() -> [Vec<u8>; 3] {
    [movie(), fragmented(), still()]
}

/// What must hold of any plan, whatever the source is.
fn check(file: &[u8], plan: &Plan) {
    assert_eq!(plan.len(), file.len() as u64, "the length changed");
    for piece in &plan.pieces {
        if let Piece::Copy(range) = piece {
            assert!(range.start < range.end && range.end <= file.len() as u64);
        }
    }
}

#[test]
fn no_canary_survives_and_the_length_stays() {
    for file in all() {
        let clean = scrubbed(&file).unwrap();
        assert!(leaks(&file));
        assert!(!leaks(&clean), "{:?}", memchr::memmem::find(&clean, CANARY));
        assert_eq!(clean.len(), file.len());
        assert_eq!(memchr::memmem::find(&clean, b"CANA"), None);
    }
}

#[test]
fn scrubbing_a_scrubbed_file_gives_the_same_bytes() {
    for file in all() {
        let clean = scrubbed(&file).unwrap();
        let plan = scrub(&clean).unwrap();
        assert_eq!(copy(&plan, &clean), clean);
        assert_eq!(plan.manifest.removed, [], "nothing was left to remove");
    }
}

#[test]
fn pictures_stay_where_they_were() {
    for file in all() {
        let clean = scrubbed(&file).unwrap();
        let pictures =
            |bytes: &[u8]| -> Vec<usize> { memchr::memmem::find_iter(bytes, b"picture").collect() };
        // The still's second picture is its thumbnail.
        let expected = if file == still() { &pictures(&file)[..1] } else { &pictures(&file)[..] };
        assert_eq!(pictures(&clean), expected);
    }
}

#[test]
fn a_file_cut_anywhere_gives_an_error_or_a_clean_copy() {
    for file in all() {
        for len in 0..file.len() {
            if let Ok(clean) = scrubbed(&file[..len]) {
                assert!(!leaks(&clean), "cut at {len}");
                assert_eq!(scrubbed(&clean).unwrap(), clean, "cut at {len}");
                assert!(!top(&clean).unwrap().cut, "a box is longer than the file, cut at {len}");
            }
        }
    }
}

#[test]
fn no_changed_byte_makes_it_panic() {
    for file in all() {
        for at in 0..file.len() {
            for value in [0, 1, 0x7F, 0x80, 0xFF, file[at] ^ 1, file[at].wrapping_add(1)] {
                let mut changed = file.clone();
                changed[at] = value;
                hammer(&changed);
            }
        }
    }
}

/// The body of a fuzz target: no panic, and a plan that holds what it promises.
fn hammer(file: &[u8]) {
    let source = file.to_vec();
    let _ = facts(&source);
    let Ok(plan) = scrub(&source) else { return };
    check(file, &plan);
    let clean = copy(&plan, &source);
    let again = scrub(&clean).map(|plan| copy(&plan, &clean));
    assert_eq!(again.ok().as_ref(), Some(&clean), "not a fixed point");
}

#[test]
fn thousands_of_mutations_neither_panic_nor_move_a_fixed_point() {
    let mut seed = 0x9E37_79B9_7F4A_7C15_u64;
    let mut random = move |below: usize| {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        (seed % below as u64) as usize
    };
    for round in 0..6000 {
        let mut file = all()[round % 3].clone();
        for _ in 0..=random(4) {
            let (at, to) = (random(file.len()), random(file.len()));
            match random(5) {
                0 => file[at] = random(256) as u8,
                1 => file[at] ^= 1 << random(8),
                2 => file.truncate(at.max(16)),
                3 => {
                    let piece = file[at.min(to)..at.max(to)].to_vec();
                    file.splice(at..at, piece.into_iter().take(64));
                }
                _ => {
                    file.drain(at.min(to)..at.max(to).min(at.min(to) + 64));
                }
            }
            if file.is_empty() {
                break;
            }
        }
        hammer(&file);
    }
}

#[test]
fn the_facts_of_a_movie_come_from_its_keys() {
    let facts = facts(&movie()).unwrap();
    assert_eq!(facts.taken_at.as_deref(), Some("2021-03-04T05:06:07"));
    assert_eq!(facts.offset.as_deref(), Some("+03:00"));
    let position = facts.position.unwrap();
    assert_eq!((position.latitude, position.longitude), (13.1234, 22.4321));
    assert_eq!((facts.altitude_m, facts.duration_ms), (Some(10.5), Some(200)));
    assert_eq!(facts.make.as_deref(), Some("CANARY"));
}

#[test]
fn a_scrubbed_movie_tells_its_length_only() {
    let clean = scrubbed(&movie()).unwrap();
    let facts = facts(&clean).unwrap();
    assert_eq!(facts, super::super::Facts { duration_ms: Some(200), ..Default::default() });
}

#[test]
fn the_facts_of_a_still_come_from_its_exif() {
    assert_eq!(facts(&still()).unwrap().orientation, Some(6));
    assert_eq!(sniff(&still()).unwrap(), Format::Heic);
}

#[test]
fn a_sequence_without_items_is_cleaned_like_a_film() {
    let mut file = movie();
    let at = memchr::memmem::find(&file, b"qt  ").unwrap();
    file[at..at + 4].copy_from_slice(b"msf1");
    assert_eq!(sniff(&file).unwrap(), Format::Heic);
    let clean = scrubbed(&file).unwrap();
    assert!(!leaks(&clean));
    let pictures = |bytes: &[u8]| memchr::memmem::find_iter(bytes, b"picture").count();
    assert_eq!(pictures(&clean), pictures(&file));
    assert_eq!(facts(&file).unwrap(), facts(&movie()).unwrap());
}

#[test]
fn the_manifest_names_what_was_removed() {
    let file = movie();
    let kinds: Vec<_> = scrub(&file).unwrap().manifest.removed.iter().map(|it| it.kind).collect();
    for kind in [
        RemovedKind::Location,
        RemovedKind::Time,
        RemovedKind::Device,
        RemovedKind::Text,
        RemovedKind::DataTrack,
        RemovedKind::HiddenBytes,
    ] {
        assert!(kinds.contains(&kind), "{kind:?}");
    }
}

#[test]
fn a_track_of_places_that_lies_in_a_picture_is_refused() {
    let head = brands(b"qt  ");
    let data = boxed(b"mdat", &video_samples().concat());
    let video = head.len() as u64 + 8;
    let media = Media { video, places: video + 4 };
    let file = [head, data, moov(&media, false, false)].concat();
    assert!(matches!(scrub(&file), Err(MediaError::Malformed)));
}

#[test]
fn a_second_file_behind_the_first_is_emptied() {
    let file = [movie(), movie()].concat();
    let clean = scrubbed(&file).unwrap();
    assert!(!leaks(&clean));
    assert_eq!(memchr::memmem::find(&clean[movie().len()..], b"picture"), None);
}

#[test]
fn an_index_of_fragments_stays_and_events_and_clocks_go() {
    let file = fragmented();
    let at = memchr::memmem::find(&file, b"moof").unwrap() - 4;
    // One reference; one entry of one random access, each number in a byte.
    let sidx = full(b"sidx", &words(&[1, 30_000, 0, 0, 1, 500, 200, 0x9000_0000]));
    let before = sidx.len() + 6 + 2 * full(b"emsg", CANARY).len();
    let tfra = [&words(&[1, 0, 1, 0, (at + before) as u32])[..], &[1, 1, 1]].concat();
    let tfra = full(b"tfra", &tfra);
    let mfro = full(b"mfro", &words(&[(tfra.len() + 24) as u32]));
    let index = parent(b"mfra", &[tfra.clone(), mfro]);
    let with = |words: &[u8]| {
        let sidx = boxed(b"sidx", &[&sidx[8..], words].concat());
        let others = [full(b"emsg", CANARY), full(b"prft", CANARY)].concat();
        [&file[..at], &sidx, &others, &file[at..], &index].concat()
    };
    let clean = scrubbed(&with(CANARY)).unwrap();
    assert!(!leaks(&clean));
    for kept in [&sidx[8..], &tfra[..]] {
        assert!(memchr::memmem::find(&clean, kept).is_some());
    }
    assert_eq!(scrubbed(&clean).unwrap(), clean);
    let pictures = |bytes: &[u8]| memchr::memmem::find_iter(bytes, b"picture").count();
    assert_eq!(pictures(&clean), pictures(&file));
}

#[test]
fn a_coding_that_is_not_known_is_refused() {
    let mut file = movie();
    let at = memchr::memmem::find(&file, b"avc1").unwrap();
    file[at..at + 4].copy_from_slice(b"abcd");
    assert!(matches!(scrub(&file), Err(MediaError::Unsupported)));
}

/// Where the still's fifth item lies: eight bytes of `idat`, behind two of nobody.
const GRID_LOCATION: &[u8] = &[0, 5, 0, 1, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 8];

fn still_with(changes: &[(&[u8], &[u8])]) -> Vec<u8> {
    let mut file = still();
    for (old, new) in changes {
        assert_eq!(old.len(), new.len());
        let at = memchr::memmem::find(&file, old).unwrap();
        file[at..at + new.len()].copy_from_slice(new);
    }
    file
}

#[test]
fn an_item_that_lies_in_another_item_or_another_file_is_refused_as_unsupported() {
    for place in [[2, 0, 0], [1, 0, 1], [0, 0, 1]] {
        let mut elsewhere = GRID_LOCATION.to_vec();
        elsewhere[3..6].copy_from_slice(&place);
        let file = still_with(&[(GRID_LOCATION, &elsewhere)]);
        assert!(matches!(scrub(&file), Err(MediaError::Unsupported)), "{place:?}");
    }
}

#[test]
fn an_identity_image_needs_no_box_for_the_bytes_that_it_does_not_have() {
    let nowhere = [&GRID_LOCATION[..8], &[0; 8]].concat();
    let changes: [(&[u8], &[u8]); 3] =
        [(b"grid", b"iden"), (b"idat", b"free"), (GRID_LOCATION, &nowhere)];
    let file = still_with(&changes);
    let clean = scrubbed(&file).unwrap();
    assert_eq!(clean.len(), file.len());
    assert!(!leaks(&clean));
    // A grid without its instruction is none.
    assert!(matches!(scrub(&still_with(&changes[1..])), Err(MediaError::Malformed)));
}

/// Counts how much is read.
struct Counted {
    file: File,
    bytes: AtomicU64,
}

impl ReadAt for Counted {
    fn len(&self) -> u64 {
        ReadAt::len(&self.file)
    }

    fn read_exact_at(&self, offset: u64, buffer: &mut [u8]) -> std::io::Result<()> {
        self.bytes.fetch_add(buffer.len() as u64, Ordering::Relaxed);
        ReadAt::read_exact_at(&self.file, offset, buffer)
    }
}

#[test]
fn a_video_of_five_gigabytes_is_planned_by_its_headers() {
    const LEN: u64 = 5 << 30;
    let dir = std::env::temp_dir().join(format!("homeward-bmff-{}", std::process::id()));
    std::fs::create_dir_all(&dir).unwrap();
    let path = dir.join("sparse.mov");
    let file = File::options().read(true).write(true).create(true).truncate(true).open(&path);
    let file = file.unwrap();
    // A box of more than four gigabytes, with the samples near its end.
    let head = brands(b"qt  ");
    let samples = video_samples();
    let video = LEN - 4096;
    let places = video + samples.concat().len() as u64;
    let data_end = LEN - 2048;
    let data_len = data_end - head.len() as u64;
    let header = [&1_u32.to_be_bytes()[..], b"mdat", &data_len.to_be_bytes()].concat();
    file.write_all_at(&[head.clone(), header].concat(), 0).unwrap();
    file.write_all_at(&[samples.concat(), CANARY.to_vec()].concat(), video).unwrap();
    let moov = moov(&Media { video, places }, true, false);
    file.write_all_at(&moov, data_end).unwrap();
    file.set_len(data_end + moov.len() as u64).unwrap();
    std::fs::remove_file(&path).unwrap();
    std::fs::remove_dir(&dir).unwrap();

    let source = Counted { file, bytes: AtomicU64::new(0) };
    let plan = scrub(&source).unwrap();

    let first = samples[0].len() as u64;
    let kept = video + first..video + first + samples[1].len() as u64;
    let holds = |range: &std::ops::Range<u64>| {
        plan.pieces.iter().any(|piece| {
            matches!(piece, Piece::Copy(copied) if copied.start <= range.start && copied.end >= range.end)
        })
    };
    assert!(holds(&kept), "the second picture stays where it is");
    assert_eq!(plan.len(), source.len());
    assert!(plan.pieces.len() < 200);
    assert!(source.bytes.load(Ordering::Relaxed) < 256 * 1024, "only headers were read");
    let mut tail = vec![0; (source.len() - video) as usize];
    read_copy(&plan, &source, video, &mut tail);
    assert!(!leaks(&tail));
    assert_eq!(memchr::memmem::find(&tail, &slice()), Some(first as usize - slice().len()));
}

/// Reads the copy from `from` on, without reading what stands before.
fn read_copy(plan: &Plan, source: &dyn ReadAt, from: u64, out: &mut [u8]) {
    let mut at = 0;
    for piece in &plan.pieces {
        let len = match piece {
            Piece::Copy(range) => range.end - range.start,
            Piece::Put(bytes) => bytes.len() as u64,
            Piece::Zeros(count) => *count,
        };
        let (start, end) = (at.max(from), at + len);
        if start < end {
            let target = &mut out[(start - from) as usize..(end - from) as usize];
            let skip = start - at;
            match piece {
                Piece::Copy(range) => source.read_exact_at(range.start + skip, target).unwrap(),
                Piece::Put(bytes) => target.copy_from_slice(&bytes[skip as usize..]),
                Piece::Zeros(_) => target.fill(0),
            }
        }
        at = end;
    }
}
