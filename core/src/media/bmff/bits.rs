//! Reading numbers bit by bit, and the lists of numbers whose end only such a walk tells.

/// Reads bits from the first byte's highest to the last byte's lowest.
#[derive(Clone)]
pub(super) struct Bits<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Bits<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    /// A number of `count` bits, 32 at most; none if there are fewer.
    pub(super) fn read(&mut self, count: usize) -> Option<u32> {
        let mut number = 0;
        for _ in 0..count {
            let byte = self.bytes.get(self.at / 8)?;
            number = number << 1 | u32::from(byte >> (7 - self.at % 8) & 1);
            self.at += 1;
        }
        Some(number)
    }

    pub(super) fn flag(&mut self) -> Option<bool> {
        self.read(1).map(|bit| bit == 1)
    }

    pub(super) fn skip(&mut self, count: usize) -> Option<()> {
        self.at = self.at.checked_add(count).filter(|&at| at <= self.bytes.len() * 8)?;
        Some(())
    }

    /// Passes over a number in Golomb's code, as H.264 writes it.
    fn skip_golomb(&mut self) -> Option<()> {
        let zeros = (0..32).take_while(|_| self.flag() == Some(false)).count();
        self.skip(zeros)
    }

    /// Passes over the rest of a byte that was begun.
    pub(super) fn align(&mut self) -> Option<()> {
        self.skip(self.at.next_multiple_of(8) - self.at)
    }

    /// How many bytes were begun.
    pub(super) fn bytes(&self) -> usize {
        self.at.div_ceil(8)
    }

    /// Whether nothing but zeros stands behind the byte that was begun last.
    fn is_end(&self) -> bool {
        self.bytes.get(self.bytes()..).is_some_and(|rest| rest.iter().all(|&byte| byte == 0))
    }
}

/// Whether `numbers`, behind the head of the message, are brightness curves of HDR10+ and nothing
/// else (SMPTE ST 2094-40).
pub(super) fn is_hdr10_plus(numbers: &[u8]) -> bool {
    let mut bits = Bits::new(numbers);
    skip_hdr10_plus(&mut bits).is_some() && bits.is_end()
}

fn skip_hdr10_plus(bits: &mut Bits<'_>) -> Option<()> {
    // The version; windows beside the whole picture: corners, ellipses, how they overlap.
    bits.skip(8)?;
    let windows = bits.read(2)?;
    bits.skip(153 * windows.saturating_sub(1) as usize)?;
    // The screen that it was made for.
    bits.skip(27)?;
    skip_peaks(bits)?;
    for _ in 0..windows {
        // Brightest colours and mean; a distribution; how much is bright.
        bits.skip(68)?;
        let percentiles = bits.read(4)? as usize;
        bits.skip(24 * percentiles + 10)?;
    }
    skip_peaks(bits)?;
    for _ in 0..windows {
        if bits.flag()? {
            // A knee and a curve.
            bits.skip(24)?;
            let anchors = bits.read(4)? as usize;
            bits.skip(10 * anchors)?;
        }
        if bits.flag()? {
            bits.skip(6)?;
        }
    }
    Some(())
}

/// Passes over a table of peaks, if there is one.
fn skip_peaks(bits: &mut Bits<'_>) -> Option<()> {
    if bits.flag()? {
        let (rows, columns) = (bits.read(5)? as usize, bits.read(5)? as usize);
        bits.skip(4 * rows * columns)?;
    }
    Some(())
}

/// Whether `numbers` are a model of film grain and nothing else (ITU-T H.274).
pub(super) fn is_film_grain(numbers: &[u8]) -> bool {
    let mut bits = Bits::new(numbers);
    // How long it holds follows: a number in H.264, a flag in HEVC.
    skip_film_grain(&mut bits).is_some() && numbers.len() - bits.bytes() <= 4
}

fn skip_film_grain(bits: &mut Bits<'_>) -> Option<()> {
    if bits.flag()? {
        return Some(());
    }
    // The model; colours of its own; how it is blended.
    bits.skip(2)?;
    if bits.flag()? {
        bits.skip(31)?;
    }
    bits.skip(6)?;
    let parts = [bits.flag()?, bits.flag()?, bits.flag()?];
    for _ in parts.iter().filter(|&&is_there| is_there) {
        let (intervals, values) = (bits.read(8)? + 1, bits.read(3)? + 1);
        for _ in 0..intervals {
            // From how bright to how bright; what is no interval is no model.
            let (from, to) = (bits.read(8)?, bits.read(8)?);
            (from <= to).then_some(())?;
            (0..values).try_for_each(|_| bits.skip_golomb())?;
        }
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Packs numbers of so many bits each.
    pub(crate) fn packed(fields: &[(usize, u32)]) -> Vec<u8> {
        let bits: Vec<u8> = fields
            .iter()
            .flat_map(|&(count, number)| (0..count).rev().map(move |at| (number >> at & 1) as u8))
            .collect();
        bits.chunks(8)
            .map(|byte| byte.iter().fold(0, |all, bit| all << 1 | bit) << (8 - byte.len()))
            .collect()
    }

    #[test]
    fn numbers_are_read_bit_by_bit() {
        let mut bits = Bits::new(&[0b1010_0110, 0xFF]);
        assert_eq!(
            (bits.read(3), bits.flag(), bits.read(6)),
            (Some(5), Some(false), Some(0b01_1011))
        );
        assert_eq!((bits.bytes(), bits.read(7)), (2, None));
        assert_eq!(packed(&[(3, 5), (1, 0), (6, 0b01_1011)]), [0b1010_0110, 0b1100_0000]);
    }

    fn curves() -> Vec<u8> {
        let (zeros, mean) = ((17, 9), (17, 3));
        let mut fields = vec![(8, 1), (2, 1), (27, 400), (1, 0), zeros, zeros, zeros, mean, (4, 2)];
        fields.extend([
            (7, 1),
            (17, 5),
            (7, 99),
            (17, 8),
            (10, 0),
            (1, 0),
            (1, 1),
            (12, 7),
            (12, 7),
        ]);
        fields.extend([(4, 3), (10, 1), (10, 2), (10, 3), (1, 0)]);
        packed(&fields)
    }

    #[test]
    fn brightness_curves_end_where_their_counts_say() {
        assert!(is_hdr10_plus(&curves()));
        assert!(is_hdr10_plus(&[curves(), vec![0; 3]].concat()));
        assert!(!is_hdr10_plus(&[curves(), b"CANARY".to_vec()].concat()));
        assert!(!is_hdr10_plus(&curves()[..20]));
    }

    #[test]
    fn film_grain_ends_where_its_counts_say() {
        let head = [(1, 0), (2, 0), (1, 0), (2, 0), (4, 2), (3, 0b100), (8, 0), (3, 0)];
        let model = packed(&[&head[..], &[(8, 0), (8, 255), (3, 0b010), (1, 1), (1, 1)]].concat());
        assert!(is_film_grain(&model));
        assert!(!is_film_grain(&[&model[..], b"CANARY"].concat()));
        assert!(!is_film_grain(&b"SECRET home 52.5200,13.4050 ".repeat(5)));
        assert!(is_film_grain(&[0x80]));
    }
}
