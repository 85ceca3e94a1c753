//! Which colours of its palette a picture uses.
//!
//! A palette may have 256 colours of which pixels use two: the others are 762 bytes of anything. So
//! the rows that come out of the [proof](super::pixels) are put together (specification, sections 7
//! and 9), and colours that none of their pixels names are blanked, or left out at the end.

use super::header::Header;

/// The colours that pixels of any frame use.
pub(super) struct Used([bool; 256]);

impl Default for Used {
    fn default() -> Self {
        Self([false; 256])
    }
}

impl Used {
    /// Notes that this colour is used.
    pub(super) fn mark(&mut self, index: u8) {
        self.0[usize::from(index)] = true;
    }

    /// Of these entries of a palette those that are used, each in its place. One is always there: a
    /// palette without any is none, and of a picture that was cut off no pixel may be known.
    pub(super) fn only(&self, entries: &[u8], entry_len: usize) -> Vec<u8> {
        let count = self.0.iter().rposition(|&used| used).map_or(1, |last| last + 1);
        let mut kept = entries[..entries.len().min(count * entry_len)].to_vec();
        for (entry, used) in kept.chunks_mut(entry_len).zip(self.0) {
            if !used {
                entry.fill(0);
            }
        }
        kept
    }

    /// Takes the rows of a frame of this size.
    pub(super) fn rows(&mut self, header: &Header, width: u32, height: u32) -> Rows<'_> {
        let len = |(width, height)| (header.row_len(width), width, height);
        let mut passes: Vec<_> = header.passes(width, height).into_iter().map(len).collect();
        passes.reverse();
        if passes.iter().any(|&(len, ..)| len > ROW_MAX) {
            passes.clear();
            self.0.fill(true);
        }
        let mut rows = Rows {
            used: self,
            depth: header.depth,
            passes,
            width: 0,
            rows_left: 0,
            row: Vec::new(),
            above: Vec::new(),
            filled: 0,
        };
        rows.next_pass();
        rows
    }
}

/// A frame whose rows come one after another.
pub(super) struct Rows<'a> {
    used: &'a mut Used,
    depth: u8,
    /// The length of a row, width and height of each pass to come, the next one last.
    passes: Vec<(u64, u32, u32)>,
    width: u32,
    rows_left: u32,
    /// The row that comes, behind the number of its filter, and the one before it.
    row: Vec<u8>,
    above: Vec<u8>,
    filled: usize,
}

impl Rows<'_> {
    /// Takes the next bytes. What follows the last row counts for nothing.
    pub(super) fn feed(&mut self, mut bytes: &[u8]) {
        while self.rows_left > 0 && !bytes.is_empty() {
            let count = bytes.len().min(self.row.len() - self.filled);
            self.row[self.filled..self.filled + count].copy_from_slice(&bytes[..count]);
            bytes = &bytes[count..];
            self.filled += count;
            if self.filled == self.row.len() {
                self.filled = 0;
                self.take_row();
            }
        }
    }

    fn take_row(&mut self) {
        if !unfilter(&mut self.row, &self.above) {
            // Decoders differ about such rows.
            self.used.0.fill(true);
        }
        let per_byte = 8 / u32::from(self.depth);
        let mask = (u16::from(u8::MAX) >> (8 - self.depth)) as u8;
        if self.depth == 8 {
            self.row[1..].iter().for_each(|&index| self.used.mark(index));
        } else {
            for x in 0..self.width {
                let byte = self.row[1 + (x / per_byte) as usize];
                let shift = 8 - u32::from(self.depth) * (x % per_byte + 1);
                self.used.mark(byte >> shift & mask);
            }
        }
        std::mem::swap(&mut self.row, &mut self.above);
        self.rows_left -= 1;
        if self.rows_left == 0 {
            self.next_pass();
        }
    }

    fn next_pass(&mut self) {
        let Some((len, width, height)) = self.passes.pop() else { return };
        // No longer than the limit.
        let len = len as usize + 1;
        self.row = vec![0; len];
        self.above = vec![0; len];
        (self.width, self.rows_left) = (width, height);
    }
}

/// Makes pixels of a row of one byte a pixel or less, given the row above; both stand behind the
/// number of a filter. Whether there is such a filter.
fn unfilter(row: &mut [u8], above: &[u8]) -> bool {
    let filter = row[0];
    let (mut left, mut left_above) = (0_u8, 0_u8);
    for (byte, &above) in row.iter_mut().zip(above).skip(1) {
        let guess = match filter {
            0 => return true,
            1 => left,
            2 => above,
            3 => left.midpoint(above),
            4 => paeth(left, above, left_above),
            _ => return false,
        };
        *byte = byte.wrapping_add(guess);
        (left, left_above) = (*byte, above);
    }
    true
}

/// Which of three neighbours is nearest to what they predict.
fn paeth(left: u8, above: u8, left_above: u8) -> u8 {
    let [a, b, c] = [left, above, left_above].map(i16::from);
    let (to_a, to_b, to_c) = ((b - c).abs(), (a - c).abs(), (a + b - 2 * c).abs());
    if to_a <= to_b && to_a <= to_c {
        left
    } else if to_b <= to_c {
        above
    } else {
        left_above
    }
}

/// The palettes of pictures with longer rows are kept whole: two such rows are held in memory.
const ROW_MAX: u64 = 1 << 20;

#[cfg(test)]
mod tests {
    use super::*;

    /// The header of a picture with a palette.
    fn header(depth: u8, interlace: u8) -> Header {
        Header::parse([0, 0, 0, 9, 0, 0, 0, 9, depth, 3, 0, 0, interlace]).unwrap()
    }

    fn used(header: &Header, width: u32, height: u32, rows: &[u8]) -> Vec<usize> {
        let mut used = Used::default();
        let mut all = used.rows(header, width, height);
        rows.chunks(3).for_each(|part| all.feed(part));
        used.0.iter().enumerate().filter(|(_, used)| **used).map(|(index, _)| index).collect()
    }

    #[test]
    fn every_filter_gives_its_pixels() {
        // The first row is 7, 9, 5; what follows it says 8, 6, 4 in each way.
        for (filter, row) in [
            (0, [8, 6, 4]),
            (1, [8, 254, 254]),
            (2, [1, 253, 255]),
            (3, [5, 254, 255]),
            (4, [1, 253, 255]),
        ] {
            let rows = [&[0, 7, 9, 5, filter][..], &row].concat();
            assert_eq!(used(&header(8, 0), 3, 2, &rows), [4, 5, 6, 7, 8, 9], "filter {filter}");
        }
        assert_eq!(used(&header(8, 0), 1, 1, &[5, 0]).len(), 256);
    }

    #[test]
    fn pixels_of_a_few_bits_are_told_apart_and_filling_is_none() {
        assert_eq!(used(&header(4, 0), 3, 1, &[0, 0x12, 0x3F]), [1, 2, 3]);
        assert_eq!(used(&header(2, 0), 3, 1, &[0, 0b00_01_00_11]), [0, 1]);
        assert_eq!(used(&header(1, 0), 3, 1, &[0, 0b0101_1111]), [0, 1]);
        assert_eq!(used(&header(1, 0), 3, 1, &[0, 0b0001_1111]), [0]);
    }

    #[test]
    fn the_passes_of_an_interlaced_picture_are_pictures() {
        // Two by two: pass 1, 6 and 7, each with a row above of zeros.
        let rows = [2, 1, 2, 2, 2, 3, 4];
        assert_eq!(used(&header(8, 1), 2, 2, &rows), [1, 2, 3, 4]);
    }

    #[test]
    fn what_follows_the_last_row_uses_no_colour() {
        assert_eq!(used(&header(8, 0), 1, 2, &[0, 1, 0, 2, 0, 3, 0, 4]), [1, 2]);
    }
}
