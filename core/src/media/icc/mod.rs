//! Colour profiles without their words (ICC.1:2022).
//!
//! A profile says how colours look, and beside it who made it, when, on which screen or scanner,
//! sometimes with a serial number. The numbers stay bit for bit where they are, as far as the
//! [type of their tag](values) defines them; the description and the copyright, which a profile
//! must have, say nothing any more, and what is neither goes to zero. The length stays, so that no
//! container must move anything.
//!
//! Tags that draw no picture go: those for printing proofs (`gamt`), and tables of floating-point
//! numbers (`D2B0`), which only say more exactly what `A2B0` must say too.

use std::ops::Range;

use super::{Manifest, RemovedKind};
use values::{across, long};

mod values;

/// Cleans `profile` in place and notes what went; `false` if it is no profile that can be
/// understood, so that it must not pass.
pub(super) fn clean(profile: &mut [u8], manifest: &mut Manifest) -> bool {
    let Some(clean) = cleaned(profile) else { return false };
    let changed = profile.iter().zip(&clean).filter(|(before, after)| before != after).count();
    if changed > 0 {
        manifest.remove(RemovedKind::ProfileText, changed as u64);
    }
    profile.copy_from_slice(&clean);
    true
}

/// The header's length; the number of tags follows.
const HEADER_LEN: usize = 128;

/// Where the tag table's entries start, behind their number.
const TABLE_AT: usize = HEADER_LEN + 4;

/// The length of an entry of the tag table: signature, offset, length.
const ENTRY_LEN: usize = 12;

/// No profile has more tags; the standard knows some sixty.
const TAGS_MAX: usize = 128;

/// What of the header colours need: length, version, class, colour spaces, signature. Flags and the
/// illuminant are added.
const HEADER_KEPT: [Range<usize>; 4] = [0..4, 8..10, 12..24, 36..40];

/// The bytes of the header with flags, and the flags that the standard knows: whether the profile
/// is embedded and needed, what the medium is like, the intent.
const FLAGS: [(usize, u8); 3] = [(47, 0b111), (63, 0b1111), (67, 0b11)];

/// Where the illuminant stands in the header.
const ILLUMINANT: Range<usize> = 68..80;

/// The classes of profiles that describe a picture: of scanners, displays, printers, colour spaces.
const CLASSES: [&[u8]; 4] = [b"scnr", b"mntr", b"prtr", b"spac"];

/// Colour spaces, each with its channels.
const SPACES: [(&[u8], usize); 7] = [
    (b"GRAY", 1),
    (b"RGB ", 3),
    (b"YCbr", 3),
    (b"Lab ", 3),
    (b"XYZ ", 3),
    (b"CMY ", 3),
    (b"CMYK", 4),
];

/// The spaces through which profiles are connected.
const CONNECTIONS: [&[u8]; 2] = [b"XYZ ", b"Lab "];

fn cleaned(whole: &[u8]) -> Option<Vec<u8>> {
    let profile = whole.get(..usize::try_from(long(whole, 0)?).ok()?)?;
    let channels = channels(profile)?;
    let count = usize::try_from(long(profile, HEADER_LEN)?).ok()?;
    let entries = profile.get(TABLE_AT..)?;
    if count > TAGS_MAX || count * ENTRY_LEN > entries.len() {
        return None;
    }
    let (entries, _) = entries[..count * ENTRY_LEN].as_chunks();
    let mut clean = vec![0; whole.len()];
    for range in HEADER_KEPT {
        clean[range.clone()].copy_from_slice(&profile[range]);
    }
    for (at, known) in FLAGS {
        clean[at] = profile[at] & known;
    }
    if values::are_numbers(&profile[ILLUMINANT]) {
        clean[ILLUMINANT].copy_from_slice(&profile[ILLUMINANT]);
    }
    // No value may lie in the table or across another one; several tags may share one.
    let table = 0..TABLE_AT + count * ENTRY_LEN;
    let mut taken = Vec::from([table]);
    let mut kept: Vec<[u8; ENTRY_LEN]> = Vec::new();
    for entry in entries {
        let tag: &[u8; 4] = entry.first_chunk().expect("an entry begins with its tag");
        // Readers go over a tag that they can't read, and take the first of two; so does this.
        let Some(range) = range_of(entry, profile.len()) else { continue };
        if taken.iter().any(|other| *other != range && across(other, &range))
            || kept.iter().any(|other| other.starts_with(tag))
        {
            continue;
        }
        let value = &profile[range.clone()];
        let Some(value) = values::clean(tag, value, channels) else { continue };
        clean[range.clone()][..value.len()].copy_from_slice(&value);
        clean[TABLE_AT + kept.len() * ENTRY_LEN..][..ENTRY_LEN].copy_from_slice(entry);
        kept.push(*entry);
        taken.push(range);
    }
    clean[HEADER_LEN..TABLE_AT].copy_from_slice(&(kept.len() as u32).to_be_bytes());
    Some(clean)
}

/// Where a tag's value lies.
fn range_of(entry: &[u8; ENTRY_LEN], len: usize) -> Option<Range<usize>> {
    let from = usize::try_from(long(entry, 4)?).ok()?;
    let end = from.checked_add(usize::try_from(long(entry, 8)?).ok()?)?;
    (end <= len).then_some(from..end)
}

/// How many channels the colours have that a profile describes; none if it describes no picture's,
/// or is none.
fn channels(profile: &[u8]) -> Option<usize> {
    let header = profile.get(..HEADER_LEN)?;
    let is_picture = &header[36..40] == b"acsp"
        && CLASSES.contains(&&header[12..16])
        && CONNECTIONS.contains(&&header[20..24]);
    let space = SPACES.iter().find(|(space, _)| *space == &header[16..20])?;
    is_picture.then_some(space.1)
}

/// The smallest profile, which has no tag, with this in a field of its header that needs not be
/// there: for the tests of all formats.
#[cfg(test)]
pub(super) fn smallest(maker: &[u8; 4]) -> Vec<u8> {
    let mut profile = vec![0; TABLE_AT];
    profile[3] = TABLE_AT as u8;
    profile[8..24].copy_from_slice(b"\x04\0\0\0mntrRGB XYZ ");
    profile[36..40].copy_from_slice(b"acsp");
    profile[48..52].copy_from_slice(maker);
    profile
}

#[cfg(test)]
mod tests {
    use super::*;

    const CANARY: &[u8] = b"CANARY-icc";

    fn text(text: &[u8]) -> Vec<u8> {
        [b"text\0\0\0\0", text, b"\0"].concat()
    }

    fn xyz(value: u8) -> Vec<u8> {
        [b"XYZ \0\0\0\0".to_vec(), [0, 0, value, value].repeat(3)].concat()
    }

    /// A profile whose header and values are filled with `filler` where colours need nothing.
    fn profile(tags: &[(&[u8; 4], Vec<u8>)], filler: &[u8]) -> Vec<u8> {
        let mut profile = filler.iter().copied().cycle().take(HEADER_LEN).collect::<Vec<_>>();
        profile[8..24].copy_from_slice(b"\x04\0\0\0mntrRGB XYZ ");
        profile[36..40].copy_from_slice(b"acsp");
        profile.extend((tags.len() as u32).to_be_bytes());
        let mut at = TABLE_AT + tags.len() * ENTRY_LEN;
        for (tag, value) in tags {
            profile.extend(*tag);
            profile.extend((at as u32).to_be_bytes());
            profile.extend((value.len() as u32).to_be_bytes());
            at += value.len() + filler.len();
        }
        for (_, value) in tags {
            profile.extend(value);
            profile.extend(filler);
        }
        let len = profile.len() as u32;
        profile[..4].copy_from_slice(&len.to_be_bytes());
        profile
    }

    fn talkative() -> Vec<u8> {
        let tags = [
            (b"desc", text(CANARY)),
            (b"rXYZ", [xyz(1), CANARY.to_vec()].concat()),
            (b"dmdd", text(CANARY)),
            (b"cprt", text(CANARY)),
            (b"gXYZ", xyz(2)),
            (b"mmod", text(CANARY)),
        ];
        profile(&tags, CANARY)
    }

    fn value(profile: &[u8], tag: &[u8; 4]) -> Option<Vec<u8>> {
        let count = long(profile, HEADER_LEN).unwrap() as usize;
        let (entries, _) = profile[TABLE_AT..][..count * ENTRY_LEN].as_chunks();
        let entry = entries.iter().find(|entry| entry.starts_with(tag))?;
        Some(profile[range_of(entry, profile.len()).unwrap()].to_vec())
    }

    #[test]
    fn colours_stay_and_words_go() {
        let (mut profile, mut manifest) = (talkative(), Manifest::default());
        let before = profile.clone();
        assert!(clean(&mut profile, &mut manifest));
        assert_eq!(profile.len(), before.len());
        // Not even four letters of it.
        assert!(!profile.windows(4).any(|part| part == &CANARY[..4] || part == &CANARY[6..]));
        assert_eq!(value(&profile, b"rXYZ").unwrap()[..20], xyz(1));
        assert_eq!(value(&profile, b"gXYZ").unwrap(), xyz(2));
        assert_eq!(value(&profile, b"desc").unwrap()[..9], *b"text\0\0\0\0\0");
        assert_eq!(value(&profile, b"dmdd"), None);
        assert_eq!(manifest.removed[0].kind, RemovedKind::ProfileText);
    }

    #[test]
    fn a_clean_profile_stays_as_it_is() {
        for mut profile in [talkative(), profile(&[(b"A2B0", grid_table(CANARY))], CANARY)] {
            let mut manifest = Manifest::default();
            assert!(clean(&mut profile, &mut Manifest::default()));
            let once = profile.clone();
            assert!(clean(&mut profile, &mut manifest));
            assert_eq!(profile, once);
            assert_eq!(manifest.removed, []);
        }
    }

    /// A table of the newer type with curves, a matrix and a grid, and this between them.
    fn grid_table(filler: &[u8]) -> Vec<u8> {
        let curve = [b"para", &filler[..4], &[0, 0], &filler[..2], &[0, 1, 0, 0]].concat();
        let grid = [&[2, 2, 2][..], &filler[..1].repeat(13), &[1], &filler[..3], &[9; 24]].concat();
        let parts = [curve.repeat(3), [0, 0, 1, 2].repeat(12), curve.repeat(3), grid];
        let mut table = [b"mAB ", &filler[..4], &[3, 3], &filler[..2], &[0; 20]].concat();
        for (part, at) in parts.iter().zip([12, 16, 20, 24]) {
            table.extend(filler);
            let from = table.len() as u32;
            table[at..at + 4].copy_from_slice(&from.to_be_bytes());
            table.extend(part);
        }
        [&table[..], filler].concat()
    }

    #[test]
    fn tables_keep_their_numbers_and_nothing_between_them() {
        let silence = [0; CANARY.len()];
        let mut table = profile(&[(b"A2B0", grid_table(CANARY))], CANARY);
        assert!(clean(&mut table, &mut Manifest::default()));
        assert_eq!(value(&table, b"A2B0").unwrap(), grid_table(&silence));
        for kind in [*b"mft1", *b"mft2"] {
            let points = if kind == *b"mft1" { 256 * 6 + 3 } else { 4 + 2 * 15 };
            let mut value = [&kind[..], b"CNRY", &[3, 3, 1], b"C", &[0; 36]].concat();
            value.extend([0, 2, 0, 2].into_iter().chain([7; 2048]).take(points));
            let len = value.len();
            value.extend(CANARY);
            let mut table = profile(&[(b"A2B0", value.clone())], CANARY);
            assert!(clean(&mut table, &mut Manifest::default()));
            value[4..8].fill(0);
            value[11] = 0;
            value[len..].fill(0);
            assert_eq!(self::value(&table, b"A2B0").unwrap(), value, "{kind:?}");
        }
    }

    #[test]
    fn a_tag_that_draws_nothing_goes() {
        let words = CANARY.repeat(40);
        let curve = [b"curv\0\0\0\0\0\0\0\x64", &words[..200]].concat();
        let table = [b"mAB \0\0\0\0", &words[..]].concat();
        let grey = {
            let mut profile = profile(&[(b"rTRC", curve.clone())], CANARY);
            profile[16..20].copy_from_slice(b"GRAY");
            profile
        };
        let colours = |tag, value: &[u8]| profile(&[(tag, value.to_vec())], CANARY);
        for mut profile in [
            grey,
            colours(b"kTRC", &curve),
            colours(b"A2B0", &table),
            colours(b"A2B0", &[b"mAB \0\0\0\0\x03\x03", &words[..]].concat()),
            colours(b"B2A0", &grid_table(CANARY)),
            colours(b"D2B0", &[b"mpet\0\0\0\0", &words[..]].concat()),
            colours(b"wtpt", &[b"XYZ \0\0\0\0", &words[..12]].concat()),
            colours(b"chad", &[b"sf32\0\0\0\0", &words[..36]].concat()),
            colours(b"rTRC", &[b"para\0\0\0\0\0\0\0\0", &words[..4]].concat()),
            colours(b"cicp", b"cicp\0\0\0\0CNRY"),
            colours(b"rig0", b"sig \0\0\0\0CNRY"),
        ] {
            assert!(clean(&mut profile, &mut Manifest::default()));
            assert_eq!(profile[HEADER_LEN..TABLE_AT], [0; 4]);
            assert!(profile[TABLE_AT..].iter().all(|&byte| byte == 0));
        }
    }

    #[test]
    fn a_tag_stands_once_and_its_reserved_bytes_say_nothing() {
        let white = |reserved: &[u8; 4]| [b"XYZ ", &reserved[..], &xyz(3)[8..]].concat();
        let tags = [(b"wtpt", white(b"CNRY")), (b"rXYZ", xyz(1)), (b"wtpt", white(b"CANA"))];
        let mut profile = profile(&tags, CANARY);
        assert!(clean(&mut profile, &mut Manifest::default()));
        assert_eq!(long(&profile, HEADER_LEN), Some(2));
        assert_eq!(value(&profile, b"wtpt").unwrap(), xyz(3));
        assert!(!profile.windows(4).any(|part| part == b"CNRY" || part == b"CANA"));
    }

    #[test]
    fn a_profile_of_no_picture_does_not_pass() {
        for (at, field) in [(12, b"link"), (12, b"nmcl"), (16, b"CNRY"), (20, b"CNRY")] {
            let mut profile = talkative();
            profile[at..at + 4].copy_from_slice(field);
            assert!(!clean(&mut profile, &mut Manifest::default()));
        }
    }

    #[test]
    fn what_is_no_profile_does_not_pass() {
        let whole = talkative();
        for len in 0..whole.len() {
            assert!(!clean(&mut whole[..len].to_vec(), &mut Manifest::default()));
        }
    }

    #[test]
    fn damage_never_panics_and_what_passes_is_clean() {
        let grid = profile(&[(b"A2B0", grid_table(CANARY)), (b"wtpt", xyz(1))], &[0]);
        for whole in [talkative(), grid] {
            changed_anywhere(&whole);
        }
    }

    fn changed_anywhere(whole: &[u8]) {
        for at in 0..whole.len() {
            for flip in [0x01, 0x10, 0x80, 0xFF] {
                let mut profile = whole.to_vec();
                profile[at] ^= flip;
                if clean(&mut profile, &mut Manifest::default()) {
                    let once = profile.clone();
                    assert!(clean(&mut profile, &mut Manifest::default()));
                    assert_eq!(profile, once, "flip at {at}");
                }
            }
        }
    }
}
