//! Finds where the data of a scan really end, by decoding how long they are and nothing more.
//!
//! Decoders stop when the picture is full and skip to the next marker. What stands between, rows
//! that were cropped away or a hidden file, is drawn by none of them, so it must not pass. No
//! value is kept but which coefficients of a progressive picture are set: later scans have a bit
//! for each of those. Where data are wrong this goes on as libjpeg does (ITU-T T.81, F.2 and G.2).

use std::ops::Range;

use super::super::{MediaError, ReadAt, Result};
use super::bits::{Bits, Codes};
use super::frame::{Frame, Scan};
use super::runs::Runs;
use super::tables::{Slot, Tables};

/// No more memory for coefficients than this: enough for 100 million points of colour.
const BLOCKS_MAX: u64 = 4 << 20;

/// What is known of a picture's coefficients, for each component and block one bit each.
#[derive(Default)]
pub(super) struct Coefficients([Vec<u64>; 4]);

/// The decoding of one scan.
pub(super) struct Proof<'a> {
    bits: Bits<'a>,
    kind: Kind<'a>,
    /// How many units are left, and how many an interval has.
    units: u64,
    interval: u64,
    /// How many units were decoded.
    done: u64,
}

/// The kinds of scans, which are coded differently.
enum Kind<'a> {
    /// Whole blocks: the part of the scan that each block of a unit belongs to, and its tables.
    Sequential { blocks: Vec<usize>, dc: Vec<Codes>, ac: Vec<Runs> },
    /// The first bits of the DC coefficients: the table of each block of a unit.
    FirstDc { blocks: Vec<usize>, codes: Vec<Codes> },
    /// One more bit of the DC coefficients of so many blocks.
    MoreDc { blocks: u64 },
    /// The first bits of a band of AC coefficients.
    FirstAc { codes: Codes, set: &'a mut [u64], band: [u8; 2] },
    /// One more bit of a band of AC coefficients.
    MoreAc { codes: Codes, set: &'a mut [u64], band: [u8; 2] },
}

impl<'a> Proof<'a> {
    /// Prepares the decoding of `scan`.
    pub(super) fn new(
        source: &'a dyn ReadAt,
        frame: &Frame,
        scan: &Scan,
        tables: &Tables,
        coefficients: &'a mut Coefficients,
    ) -> Result<Self> {
        let units = frame.units(scan);
        let interval = match tables.restart_interval() {
            0 => units,
            interval => interval,
        };
        let kind = Kind::new(frame, scan, tables, coefficients, units)?;
        Ok(Self { bits: Bits::new(source), kind, units, interval, done: 0 })
    }

    /// How many restart markers the scan has.
    pub(super) fn restarts(&self) -> u64 {
        self.units.div_ceil(self.interval) - 1
    }

    /// Where the data of the next interval end that decoders use.
    pub(super) fn end(&mut self, data: &Range<u64>) -> Result<u64> {
        self.bits.start(data.clone())?;
        let units = self.interval.min(self.units - self.done);
        self.kind.decode(&mut self.bits, self.done, units);
        self.done += units;
        let taken = self.bits.taken()?;
        Ok(if self.bits.exhausted { data.end } else { taken })
    }
}

impl<'a> Kind<'a> {
    fn new(
        frame: &Frame,
        scan: &Scan,
        tables: &Tables,
        coefficients: &'a mut Coefficients,
        units: u64,
    ) -> Result<Self> {
        let codes = |class, id| {
            let table = tables.current(Slot::Huffman(class, id)).ok_or(MediaError::Malformed)?;
            Codes::read(table)
        };
        // Which part of the scan each block of a unit belongs to.
        let mut blocks = Vec::new();
        for (index, part) in scan.components.iter().enumerate() {
            let component = &frame.components[part.component];
            let alone = scan.components.len() == 1;
            let count = if alone { 1 } else { component.across * component.down };
            blocks.extend(std::iter::repeat_n(index, count as usize));
        }
        if !frame.progressive {
            let parts = &scan.components;
            let dc = parts.iter().map(|part| codes(0, part.dc_table)).collect::<Result<_>>()?;
            let ac = parts.iter().map(|part| codes(1, part.ac_table).map(Runs::new));
            return Ok(Self::Sequential { blocks, dc, ac: ac.collect::<Result<_>>()? });
        }
        if scan.first == 0 {
            if scan.high > 0 {
                return Ok(Self::MoreDc { blocks: blocks.len() as u64 });
            }
            let codes = scan.components.iter().map(|part| codes(0, part.dc_table));
            return Ok(Self::FirstDc { blocks, codes: codes.collect::<Result<_>>()? });
        }
        let [part] = scan.components[..] else { return Err(MediaError::Malformed) };
        let codes = codes(1, part.ac_table)?;
        let set = coefficients.of(part.component, units)?;
        let band = [scan.first, scan.last];
        Ok(match scan.high {
            0 => Self::FirstAc { codes, set, band },
            _ => Self::MoreAc { codes, set, band },
        })
    }

    /// Decodes `units` units, of which the first is the `from`-th of the scan, or as many as there
    /// are bits for.
    fn decode(&mut self, bits: &mut Bits<'_>, from: u64, units: u64) {
        match self {
            Self::Sequential { blocks, dc, ac } => sequential(bits, blocks, dc, ac, units),
            Self::FirstDc { blocks, codes } => first_dc(bits, blocks, codes, units),
            Self::MoreDc { blocks } => bits.skip(*blocks * units),
            Self::FirstAc { codes, set, band } => {
                first_ac(bits, codes, &mut set[from as usize..][..units as usize], *band)
            }
            Self::MoreAc { codes, set, band } => {
                more_ac(bits, codes, &mut set[from as usize..][..units as usize], *band)
            }
        }
    }
}

impl Coefficients {
    fn of(&mut self, component: usize, blocks: u64) -> Result<&mut [u64]> {
        let others: u64 = self.0.iter().map(|set| set.len() as u64).sum();
        if self.0[component].is_empty() {
            if others + blocks > BLOCKS_MAX {
                return Err(MediaError::TooComplex);
            }
            self.0[component] = vec![0; blocks as usize];
        }
        Ok(&mut self.0[component])
    }
}

fn sequential(bits: &mut Bits<'_>, blocks: &[usize], dc: &[Codes], ac: &[Runs], units: u64) {
    for _ in 0..units {
        for &part in blocks {
            bits.code_and_value(&dc[part]);
            ac[part].pass(bits);
        }
        if bits.exhausted {
            break;
        }
    }
}

fn first_dc(bits: &mut Bits<'_>, blocks: &[usize], codes: &[Codes], units: u64) {
    for _ in 0..units {
        for &block in blocks {
            bits.code_and_value(&codes[block]);
        }
        if bits.exhausted {
            break;
        }
    }
}

fn first_ac(bits: &mut Bits<'_>, codes: &Codes, blocks: &mut [u64], [first, last]: [u8; 2]) {
    let mut block = 0;
    while block < blocks.len() && !bits.exhausted {
        let mut at = first;
        let mut run = 1;
        while at <= last {
            match bits.code_and_value(codes) {
                0xF0 => at += 16,
                code if code & 0x0F == 0 => {
                    run = end_run(bits, code);
                    break;
                }
                code => {
                    at += code >> 4;
                    blocks[block] |= 1 << at.min(63);
                    at += 1;
                }
            }
        }
        block += run;
    }
}

/// How many blocks end here: this one and those that follow without a bit.
fn end_run(bits: &mut Bits<'_>, code: u8) -> usize {
    let len = u32::from(code >> 4);
    (1 << len) + bits.number(len) as usize
}

fn more_ac(bits: &mut Bits<'_>, codes: &Codes, blocks: &mut [u64], [first, last]: [u8; 2]) {
    let mut block = 0;
    while block < blocks.len() && !bits.exhausted {
        let set = blocks[block];
        let mut at = first;
        let mut next = block + 1;
        while at <= last {
            let code = bits.code(codes);
            if code != 0xF0 && code & 0x0F == 0 {
                next = (block + end_run(bits, code)).min(blocks.len());
                let others = blocks[block + 1..next].iter();
                let others = others.map(|set| u64::from((set & band(first, last)).count_ones()));
                let rest = u64::from((set & band(at, last)).count_ones());
                bits.skip(rest + others.sum::<u64>());
                break;
            }
            let new = code & 0x0F != 0;
            let (end, corrections) = skip_unset(set, at, last, code >> 4);
            bits.skip(u64::from(new) + corrections);
            if new {
                blocks[block] |= 1 << end.min(63);
            }
            at = end + 1;
        }
        block = next;
    }
}

/// Goes over `zeros` coefficients that are not set, from `at` on, to the next such one; tells
/// where that is and how many set ones lie before, each of which has a bit.
fn skip_unset(set: u64, at: u8, last: u8, zeros: u8) -> (u8, u64) {
    let mut unset = !set & band(at, last);
    for _ in 0..zeros {
        unset &= unset.wrapping_sub(1);
    }
    let before = if unset == 0 { last + 1 } else { unset.trailing_zeros() as u8 };
    let passed = if before == at { 0 } else { band(at, before - 1) };
    (before, u64::from((set & passed).count_ones()))
}

/// The coefficients from `first` to `last`.
fn band(first: u8, last: u8) -> u64 {
    (u64::MAX << first) & (u64::MAX >> (63 - last))
}

#[cfg(test)]
mod tests {
    use super::super::fixture::*;
    use super::super::segment;
    use super::*;

    #[test]
    fn rows_below_the_picture_do_not_pass() {
        let [dqt, sof, dc, ac, sos, _] = parts();
        // Three more rows of blocks than the frame has.
        let tall = [SOI, &dqt, &sof, &dc, &ac, &sos, &data(20), EOI].concat();
        let (copy, manifest) = scrubbed(&tall);
        assert_eq!(copy, [SOI, &dqt, &sof, &dc, &ac, &sos, &data(20)[..2], EOI].concat());
        assert_eq!(manifest.removed[0].bytes, 3);
        assert!(manifest.broken);
    }

    #[test]
    fn nothing_passes_behind_the_data_of_any_scan() {
        for (source, clean) in [
            (picture_with(&[], &[], CANARY), plain()),
            (progressive_with(CANARY), progressive_with(&[])),
        ] {
            let (copy, manifest) = scrubbed(&source);
            assert_eq!(copy, clean);
            assert_eq!(manifest.removed[0].bytes, CANARY.len() as u64);
        }
    }

    #[test]
    fn nothing_passes_behind_the_data_of_any_interval_or_behind_the_last_one() {
        let [dqt, sof, dc, ac, sos, _] = parts();
        let dri = segment(0xDD, &[0, 2]);
        let head = [SOI, &dqt, &sof, &dc, &ac, &dri, &sos].concat();
        let intervals = |hidden: &[u8], last: &[u8]| {
            let (two, one) = (data(2), data(1));
            let data = [&two, hidden, b"\xFF\xD0", &two, hidden, b"\xFF\xD1", &one, hidden, last];
            [&head[..], &data.concat(), EOI].concat()
        };
        let clean = intervals(&[], &[]);
        assert_eq!(scrubbed(&clean).0, clean);
        assert_eq!(scrubbed(&intervals(CANARY, b"\xFF\xD2CANARY-e5a1")).0, clean);
        let swapped = [&head[..], &data(2), b"\xFF\xD3", &data(2), EOI].concat();
        assert!(super::super::scrub(&swapped).is_err());
    }

    #[test]
    fn a_run_of_unset_coefficients_passes_over_set_ones() {
        let set = 0b0110_1010;
        assert_eq!(skip_unset(set, 1, 63, 0), (2, 1));
        assert_eq!(skip_unset(set, 1, 63, 1), (4, 2));
        assert_eq!(skip_unset(set, 1, 63, 2), (7, 4));
        assert_eq!(skip_unset(set, 1, 6, 2), (7, 4));
        assert_eq!(skip_unset(u64::MAX, 1, 63, 0), (64, 63));
        assert_eq!(skip_unset(0, 63, 63, 0), (63, 0));
    }

    #[test]
    fn a_picture_with_too_many_coefficients_is_too_complex() {
        let mut coefficients = Coefficients::default();
        assert_eq!(coefficients.of(0, BLOCKS_MAX).unwrap().len() as u64, BLOCKS_MAX);
        assert!(matches!(coefficients.of(1, 1), Err(MediaError::TooComplex)));
    }
}
