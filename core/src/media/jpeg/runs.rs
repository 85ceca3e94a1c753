//! Several codes of a block at one look.
//!
//! To find where a scan ends only the lengths count. So a table can say for the next bits how many
//! codes lie wholly in them, how many bits these take with their values, and how many coefficients
//! they pass. That halves the time of the proof: its cost is a look and a shift for each step.

use super::bits::{Bits, Codes};

/// How many bits are looked at: two tables of 16 KiB fit into the nearest cache.
const LOOK: u32 = 12;

/// A block has so many coefficients.
const BLOCK: u32 = 64;

/// The AC codes of a sequential scan.
pub(super) struct Runs {
    steps: Vec<Step>,
    codes: Codes,
}

/// The codes that lie wholly in the bits that were looked at.
#[derive(Clone, Copy)]
struct Step {
    /// The bits that they take, values included.
    bits: u8,
    /// The coefficients that they pass; more than a block has if the last one ends the block.
    passed: u8,
    /// The coefficients that all but the last one pass: where these end the block, fewer codes
    /// count.
    before: u8,
}

impl Step {
    /// No code lies in these bits: it is longer.
    const NONE: Self = Self { bits: 0, passed: 0, before: u8::MAX };
}

impl Runs {
    pub(super) fn new(codes: Codes) -> Self {
        let step = |top: u64| Self::step(&codes, top << (u64::BITS - LOOK));
        Self { steps: (0..1 << LOOK).map(step).collect(), codes }
    }

    fn step(codes: &Codes, bits: u64) -> Step {
        let mut step = Step::NONE;
        let (mut taken, mut passed) = (0, 0);
        while taken < LOOK {
            let (symbol, len) = codes.look_up(bits << taken);
            let with_value = taken + len + u32::from(symbol & 0x0F);
            // What follows the bits that were looked at is not known, and no more may be taken at
            // once than there are.
            if taken + len > LOOK || with_value > super::bits::FILLED {
                break;
            }
            let before = passed;
            let ends = symbol & 0x0F == 0 && symbol != 0xF0;
            passed += match symbol {
                _ if ends => BLOCK,
                0xF0 => 16,
                run => 1 + u32::from(run >> 4),
            };
            // Twelve codes of at most 16 coefficients and an end: it fits.
            step = Step { bits: with_value as u8, passed: passed as u8, before: before as u8 };
            taken = with_value;
            if ends {
                break;
            }
        }
        step
    }

    /// Goes over the AC coefficients of a block.
    #[inline]
    pub(super) fn pass(&self, bits: &mut Bits<'_>) {
        let mut at = 1;
        while at < BLOCK {
            let step = self.steps[bits.look(LOOK)];
            if at + u32::from(step.before) < BLOCK {
                bits.take(step.bits.into());
                at += u32::from(step.passed);
                continue;
            }
            match bits.code_and_value(&self.codes) {
                0xF0 => at += 16,
                code if code & 0x0F == 0 => break,
                code => at += 1 + u32::from(code >> 4),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Codes of 2, 2, 3, 4 and 13 bits: an end, a value behind no zero, one of ten bits behind two,
    /// sixteen zeros, and one that is longer than what is looked at.
    fn codes() -> Codes {
        let mut table = vec![0x10, 0, 2, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0];
        table.extend([0x00, 0x01, 0x2A, 0xF0, 0x35]);
        Codes::read(&table).unwrap()
    }

    /// As the specification says it, a code at a time.
    fn one_by_one(codes: &Codes, bits: &mut Bits<'_>) {
        let mut at = 1;
        while at < 64 {
            match bits.code_and_value(codes) {
                0xF0 => at += 16,
                code if code & 0x0F == 0 => break,
                code => at += 1 + (code >> 4),
            }
        }
    }

    #[test]
    fn many_codes_at_one_look_end_where_single_codes_end() {
        let (codes, runs) = (codes(), Runs::new(codes()));
        let mut random = 88_172_645_463_325_252_u64;
        for length in 0..400 {
            let mut next = || {
                random ^= random << 13;
                random ^= random >> 7;
                random ^= random << 17;
                // Mostly small steps, so that blocks run full, and no stuffing to think of.
                [0x55, 0x57, 0xAA, random as u8 & 0x7F][(random >> 8) as usize % 4]
            };
            let data: Vec<u8> = (0..length).map(|_| next()).collect();
            let (mut slow, mut fast) = (Bits::new(&data), Bits::new(&data));
            slow.start(0..length).unwrap();
            fast.start(0..length).unwrap();
            while !slow.exhausted {
                one_by_one(&codes, &mut slow);
                runs.pass(&mut fast);
                assert_eq!(fast.exhausted, slow.exhausted, "{data:02X?}");
                if !slow.exhausted {
                    assert_eq!(fast.position(), slow.position(), "{data:02X?}");
                }
            }
        }
    }
}
