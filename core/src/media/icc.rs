//! Colour profiles without their words (ICC.1:2022).
//!
//! A profile says how colours look, and beside it who made it, when, on which screen or scanner,
//! sometimes with a serial number. The numbers stay bit for bit where they are; the description
//! and the copyright, which a profile must have, say nothing any more, and what is neither goes to
//! zero. The length stays, so that no container must move anything.

use std::ops::Range;

use super::{Manifest, RemovedKind};

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

/// What of the header colours need: length, version, class, colour spaces, signature, flags,
/// attributes of the medium, intent, illuminant.
const HEADER_KEPT: [Range<usize>; 5] = [0..4, 8..24, 36..40, 46..48, 60..80];

/// The tags that hold colours.
const COLOURS: [&[u8; 4]; 29] = [
    b"rXYZ", b"gXYZ", b"bXYZ", b"rTRC", b"gTRC", b"bTRC", b"kTRC", b"wtpt", b"bkpt", b"chad",
    b"chrm", b"lumi", b"cicp", b"gamt", b"A2B0", b"A2B1", b"A2B2", b"B2A0", b"B2A1", b"B2A2",
    b"D2B0", b"D2B1", b"D2B2", b"D2B3", b"B2D0", b"B2D1", b"B2D2", b"B2D3", b"rig0",
];

/// The tags that must be there but need not say anything.
const WORDS: [&[u8; 4]; 2] = [b"desc", b"cprt"];

fn cleaned(whole: &[u8]) -> Option<Vec<u8>> {
    let profile = whole.get(..usize::try_from(long(whole, 0)?).ok()?)?;
    if profile.get(36..40)? != b"acsp" {
        return None;
    }
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
    // No value may lie in the table or across another one; several tags may share one.
    let table = 0..TABLE_AT + count * ENTRY_LEN;
    let mut taken = Vec::from([table]);
    let mut kept = 0;
    for entry in entries {
        // Readers go over a tag that they can't read, and so does this.
        let Some(range) = range_of(entry, profile.len()) else { continue };
        let across = |other: &Range<usize>| other.start < range.end && range.start < other.end;
        if taken.iter().any(|other| *other != range && across(other)) {
            continue;
        }
        let Some(value) = clean_value(entry, &profile[range.clone()]) else { continue };
        clean[range.clone()][..value.len()].copy_from_slice(&value);
        clean[TABLE_AT + kept * ENTRY_LEN..][..ENTRY_LEN].copy_from_slice(entry);
        kept += 1;
        taken.push(range);
    }
    clean[HEADER_LEN..TABLE_AT].copy_from_slice(&(kept as u32).to_be_bytes());
    Some(clean)
}

/// Where a tag's value lies.
fn range_of(entry: &[u8; ENTRY_LEN], len: usize) -> Option<Range<usize>> {
    let from = usize::try_from(long(entry, 4)?).ok()?;
    let end = from.checked_add(usize::try_from(long(entry, 8)?).ok()?)?;
    (end <= len).then_some(from..end)
}

/// What of a tag's value stays; none if the tag goes.
fn clean_value(entry: &[u8; ENTRY_LEN], value: &[u8]) -> Option<Vec<u8>> {
    if WORDS.iter().any(|tag| entry.starts_with(*tag)) {
        return silent(value);
    }
    let colour = COLOURS.iter().any(|tag| entry.starts_with(*tag));
    colour.then(|| Some(value[..colour_len(value)?].to_vec()))?
}

/// A text of the same type as `value`, and no longer, that says nothing.
fn silent(value: &[u8]) -> Option<Vec<u8>> {
    let text: &[u8] = match value.first_chunk()? {
        // No character but the closing zero, no Unicode, no script code.
        b"desc" => b"desc\0\0\0\0\0\0\0\x01\0",
        b"text" => b"text\0\0\0\0\0",
        // One record, English: one blank.
        b"mluc" => b"mluc\0\0\0\0\0\0\0\x01\0\0\0\x0CenUS\0\0\0\x02\0\0\0\x1C\0 ",
        _ => return None,
    };
    value.get(..text.len())?;
    Some(text.to_vec())
}

/// How many bytes of a value with colours its type needs.
fn colour_len(value: &[u8]) -> Option<usize> {
    let kind = value.first_chunk::<4>()?;
    let short = |at: usize| Some(usize::from(u16::from_be_bytes(*value.get(at..)?.first_chunk()?)));
    let byte = |at: usize| value.get(at).map(|&byte| usize::from(byte));
    let len = match kind {
        b"XYZ " => 20,
        b"cicp" => 12,
        b"curv" => usize::try_from(long(value, 8)?).ok()?.checked_mul(2)?.checked_add(12)?,
        b"para" => 12 + 4 * [1, 3, 4, 5, 7].get(short(8)?).copied()?,
        // A matrix of three by three.
        b"sf32" => 44,
        b"chrm" => 12 + 8 * short(8)?,
        b"sig " => 12,
        b"mft1" | b"mft2" => {
            let (inputs, outputs, grid) = (byte(8)?, byte(9)?, byte(10)?);
            let points = grid.checked_pow(u32::try_from(inputs).ok()?)?.checked_mul(outputs)?;
            if kind == b"mft1" {
                points.checked_add(48 + 256 * (inputs + outputs))?
            } else {
                let tables = short(48)? * inputs + short(50)? * outputs;
                points.checked_add(tables)?.checked_mul(2)?.checked_add(52)?
            }
        }
        // Lists of elements that point at each other.
        b"mAB " | b"mBA " | b"mpet" => value.len(),
        _ => return None,
    };
    (len <= value.len()).then_some(len)
}

fn long(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_be_bytes(*bytes.get(at..)?.first_chunk()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    const CANARY: &[u8] = b"CANARY-icc";

    fn text(text: &[u8]) -> Vec<u8> {
        [b"text\0\0\0\0", text, b"\0"].concat()
    }

    fn xyz(value: u8) -> Vec<u8> {
        [b"XYZ \0\0\0\0", &[value; 12][..]].concat()
    }

    /// A profile whose header and values are filled with `filler` where colours need nothing.
    fn profile(tags: &[(&[u8; 4], Vec<u8>)], filler: &[u8]) -> Vec<u8> {
        let mut profile = filler.iter().copied().cycle().take(HEADER_LEN).collect::<Vec<_>>();
        profile[8..24].copy_from_slice(b"\x04\0\0\0mntrRGB XYZ ");
        profile[36..40].copy_from_slice(b"acsp");
        profile[46..48].fill(0);
        profile[60..80].fill(0);
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
        let (mut profile, mut manifest) = (talkative(), Manifest::default());
        assert!(clean(&mut profile, &mut Manifest::default()));
        let once = profile.clone();
        assert!(clean(&mut profile, &mut manifest));
        assert_eq!(profile, once);
        assert_eq!(manifest.removed, []);
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
        let whole = talkative();
        for at in 0..whole.len() {
            for flip in [0x01, 0x10, 0x80, 0xFF] {
                let mut profile = whole.clone();
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
