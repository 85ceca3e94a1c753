//! Edit lists (ISO/IEC 14496-12, 8.6.6): which part of a track is shown.
//!
//! A film that was cut on a phone often keeps what was cut off, and only the list leaves it out. It
//! can't be removed: pictures are coded from others, also from such that are not shown.

use super::boxes::{Node, u32_at, u64_at, version};
use super::tags::{milliseconds, times};

/// So much before the first picture or sound is the coder's own.
const LEAD_MS: u64 = 500;

/// Whether the list of a track leaves out some of what was recorded. One that can't be read leaves
/// out nothing: then players show all.
pub(super) fn is_cut(moov: &Node<'_>, trak: &Node<'_>) -> bool {
    let (shown, recorded) = (shown_ms(moov, trak), recorded_ms(trak));
    shown.zip(recorded).is_some_and(|(shown, recorded)| recorded > shown.saturating_add(LEAD_MS))
}

/// How long it plays by its list; none without a list, or if that goes to the end.
fn shown_ms(moov: &Node<'_>, trak: &Node<'_>) -> Option<u64> {
    let (_, scale, _) = times(moov.child(b"mvhd")?.body).ok()?;
    let list = trak.child(b"edts")?.child(b"elst")?.body;
    let wide = version(list).ok()? == 1;
    let edits = list.get(8..)?.chunks_exact(if wide { 20 } else { 12 });
    let mut shown: u64 = 0;
    for edit in edits.take(u32_at(list, 4).ok()? as usize) {
        let (duration, is_empty) = if wide {
            (u64_at(edit, 0).ok()?, u64_at(edit, 8).ok()? == u64::MAX)
        } else {
            (u64::from(u32_at(edit, 0).ok()?), u32_at(edit, 4).ok()? == u32::MAX)
        };
        if duration == 0 {
            return None;
        }
        shown = shown.saturating_add(if is_empty { 0 } else { duration });
    }
    milliseconds(shown, scale)
}

fn recorded_ms(trak: &Node<'_>) -> Option<u64> {
    let (_, scale, duration) = times(trak.child(b"mdia")?.child(b"mdhd")?.body).ok()?;
    milliseconds(duration?, scale)
}

#[cfg(test)]
mod tests {
    use super::super::super::{Plan, RemainingKind, scrub};
    use super::super::film::{Film, picture};
    use super::super::fixtures::{full, parent, words};

    /// Three seconds, of which the list shows these, in milliseconds.
    fn shows(edits: &[[u32; 2]]) -> Plan {
        let edits: Vec<u32> = edits.iter().flat_map(|[ms, from]| [*ms, *from, 1 << 16]).collect();
        let count = words(&[edits.len() as u32 / 3]);
        let list = full(b"elst", &[count, words(&edits)].concat());
        let mut header = vec![0; 96];
        header[8..12].copy_from_slice(&1000_u32.to_be_bytes());
        let film = Film::new(picture(b"vp09", &[full(b"vpcC", &[0; 8])]), &[b"picture"])
            .with(full(b"mvhd", &header))
            .with(full(b"mdhd", &words(&[0, 0, 1000, 3000, 0x55C4_0000])))
            .and(b"trak", parent(b"edts", &[list]));
        scrub(&film.bytes()).unwrap()
    }

    fn has_cut_off(plan: &Plan) -> bool {
        plan.manifest.remaining.iter().any(|remaining| remaining.kind == RemainingKind::CutOff)
    }

    #[test]
    fn what_was_cut_off_and_lies_in_the_file_is_told() {
        assert!(has_cut_off(&shows(&[[1000, 1500]])));
        assert!(has_cut_off(&shows(&[[1000, 0], [500, 2500]])), "a piece from the middle");
        assert!(has_cut_off(&shows(&[[2000, u32::MAX], [1000, 0]])), "a pause shows nothing");
    }

    #[test]
    fn a_coders_lead_and_a_list_that_shows_all_are_no_cut() {
        assert!(!has_cut_off(&shows(&[[3000, 0]])));
        assert!(!has_cut_off(&shows(&[[2900, 100]])));
        assert!(!has_cut_off(&shows(&[[0, 0]])), "to the end");
        assert!(!has_cut_off(&shows(&[])));
    }
}
