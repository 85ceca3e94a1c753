//! What every walker must bear, as tests of all formats share it: a file cut anywhere, with bytes
//! changed anywhere, with pieces moved about. The answer is an error or a clean copy.

use std::io::Read;

use super::{Facts, Piece, Plan, Result, facts, scrub};

/// The word that fixtures hide where it must not survive.
pub(super) const CANARY: &[u8] = b"CANARY";

/// Whether `bytes` hold the canary.
pub(super) fn sings(bytes: &[u8]) -> bool {
    memchr::memmem::find(bytes, CANARY).is_some()
}

/// The scrubbed copy of `source`. Its plan is checked, and that scrubbing it changes nothing more.
pub(super) fn scrubbed(source: &[u8]) -> Result<Vec<u8>> {
    Ok(scrubbed_with_plan(source)?.0)
}

/// The same with the plan.
pub(super) fn scrubbed_with_plan(source: &[u8]) -> Result<(Vec<u8>, Plan)> {
    let source = source.to_vec();
    let plan = scrub(&source)?;
    let copy = copied(&source, &plan);
    let again = scrub(&copy).expect("a scrubbed copy can be scrubbed");
    assert_eq!(copied(&copy, &again), copy, "scrubbing twice changes nothing");
    assert_eq!(again.manifest.removed, [], "nothing is left to remove");
    Ok((copy, plan))
}

/// The facts of `source`.
pub(super) fn facts_of(source: &[u8]) -> Facts {
    facts(&source.to_vec()).expect("the facts can be read")
}

/// Cuts, changes and shuffles `fixture` in every way that a second allows. `check` sees what comes
/// of it: it is given to [`stays_silent`] or [`stays_sane`].
pub(super) fn abuse(fixture: &[u8], check: impl Fn(&[u8])) {
    for len in 0..fixture.len() {
        stays_silent(&fixture[..len]);
    }
    let mut changed = fixture.to_vec();
    for at in 0..fixture.len() {
        for bits in [0xFF, 0x01, 0x80, 0x20] {
            changed[at] ^= bits;
            check(&changed);
            changed[at] ^= bits;
        }
    }
    let mut random = Random(fixture.len() as u64);
    for _ in 0..ROUNDS {
        check(&random.mutate(fixture));
    }
}

/// For formats whose pixels are proved to be pixels: there is an error or a copy without the
/// canary.
pub(super) fn stays_silent(source: &[u8]) {
    let _ = facts(&source.to_vec());
    if let Ok(copy) = scrubbed(source) {
        assert!(!sings(&copy), "the canary survived in {source:02X?}");
    }
}

/// For formats where a length that lies can make anything part of a bitstream: there is an error or
/// a copy that scrubbing leaves as it is.
pub(super) fn stays_sane(source: &[u8]) {
    let _ = facts(&source.to_vec());
    let _ = scrubbed(source);
}

fn copied(source: &[u8], plan: &Plan) -> Vec<u8> {
    for piece in &plan.pieces {
        if let Piece::Copy(range) = piece {
            assert!(range.start <= range.end && range.end <= source.len() as u64);
        }
    }
    let mut copy = Vec::new();
    let source = source.to_vec();
    plan.reader(&source).read_to_end(&mut copy).expect("the plan can be read");
    assert_eq!(copy.len() as u64, plan.len());
    copy
}

/// How many random changes a fixture gets.
const ROUNDS: u32 = 4000;

/// A xorshift generator: the same changes in every run.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % limit.max(1) as u64) as usize
    }

    fn mutate(&mut self, fixture: &[u8]) -> Vec<u8> {
        let mut bytes = fixture.to_vec();
        for _ in 0..=self.below(3) {
            let from = self.below(bytes.len());
            let to = from + self.below((bytes.len() - from).min(64) + 1);
            match self.below(5) {
                0 => drop(bytes.drain(from..to)),
                1 => {
                    let part = bytes[from..to].to_vec();
                    let at = self.below(bytes.len() + 1);
                    bytes.splice(at..at, part);
                }
                2 if from + 4 <= bytes.len() => {
                    // A length that lies.
                    let lie = [0, 1, u32::MAX, 0x8000_0000, 0x7FFF_FFFF][self.below(5)];
                    bytes[from..from + 4].copy_from_slice(&lie.to_be_bytes());
                }
                _ if from < bytes.len() => bytes[from] = self.below(256) as u8,
                _ => {}
            }
        }
        bytes
    }
}
