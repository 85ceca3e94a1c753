//! Reads the bits of a scan and the Huffman codes in them (ITU-T T.81, F.2.2 and annex C).

use std::io;
use std::ops::Range;

use super::super::{MediaError, ReadAt, Result};

/// How much of the source is read at once.
const BLOCK_LEN: usize = 64 * 1024;

/// How many bytes before the next one stay at hand: more than 64 bits can lie in, stuffed.
const BEHIND: u64 = 32;

/// The bits of one interval of a scan.
pub(super) struct Bits<'a> {
    source: &'a dyn ReadAt,
    /// Bytes of the source from `block_at` on.
    block: Vec<u8>,
    block_at: u64,
    /// The next byte of `block`, and the interval's last one there.
    next: usize,
    limit: usize,
    /// Where the interval ends in the source.
    end: u64,
    /// The next bits, from the highest one down; what lies below `count` bits means nothing.
    bits: u64,
    count: u32,
    /// Whether more bits were taken than there are.
    pub(super) exhausted: bool,
    /// Why the source could not be read, which ends the bits too.
    error: Option<io::Error>,
}

impl<'a> Bits<'a> {
    pub(super) fn new(source: &'a dyn ReadAt) -> Self {
        Self {
            source,
            block: Vec::new(),
            block_at: 0,
            next: 0,
            limit: 0,
            end: 0,
            bits: 0,
            count: 0,
            exhausted: false,
            error: None,
        }
    }

    /// Goes to the first bit of `interval`.
    pub(super) fn start(&mut self, interval: Range<u64>) -> Result<()> {
        (self.bits, self.count, self.exhausted) = (0, 0, false);
        self.end = interval.end;
        let block = self.block_at..self.block_at + self.block.len() as u64;
        if block.contains(&interval.start) {
            self.next = (interval.start - self.block_at) as usize;
            self.limit = (self.end.min(block.end) - self.block_at) as usize;
            Ok(())
        } else {
            Ok(self.load(interval.start)?)
        }
    }

    /// Where in the source the bits end that were taken, rounded up to whole bytes.
    pub(super) fn taken(&mut self) -> Result<u64> {
        if let Some(error) = self.error.take() {
            return Err(error.into());
        }
        let mut next = self.next;
        for _ in 0..self.count / 8 {
            next -= 1;
            if next > 0 && self.block[next - 1..=next] == [0xFF, 0] {
                next -= 1;
            }
        }
        Ok(self.block_at + next as u64)
    }

    /// How many bits were taken of an interval that lies in one block.
    #[cfg(test)]
    pub(super) fn position(&self) -> u64 {
        8 * (self.block_at + self.next as u64) - u64::from(self.count)
    }

    /// The next code of `table`, taken together with as many bits as its lower half says.
    #[inline]
    pub(super) fn code_and_value(&mut self, table: &Codes) -> u8 {
        self.fill();
        let (symbol, len) = table.look_up(self.bits);
        self.take(len + u32::from(symbol & 0x0F));
        symbol
    }

    /// The next code of `table`.
    #[inline]
    pub(super) fn code(&mut self, table: &Codes) -> u8 {
        self.fill();
        let (symbol, len) = table.look_up(self.bits);
        self.take(len);
        symbol
    }

    /// The next `len` bits, at most 16, as a number.
    pub(super) fn number(&mut self, len: u32) -> u32 {
        self.fill();
        // Twice, since a shift by 64 is none.
        let number = (self.bits >> 32 >> (32 - len)) as u32;
        self.take(len);
        number
    }

    /// Goes over `len` bits, or as many as there are.
    #[inline]
    pub(super) fn skip(&mut self, mut len: u64) {
        while len > 0 && !self.exhausted {
            self.fill();
            let step = len.min(FILLED.into());
            self.take(step as u32);
            len -= step;
        }
    }

    /// The next `len` bits, as a number; they are not taken.
    #[inline]
    pub(super) fn look(&mut self, len: u32) -> usize {
        self.fill();
        (self.bits >> (u64::BITS - len)) as usize
    }

    /// Takes `len` bits, at most as many as are there after a [`look`](Self::look).
    #[inline]
    pub(super) fn take(&mut self, len: u32) {
        if len > self.count {
            self.exhausted = true;
            (self.bits, self.count) = (0, 0);
        } else {
            self.bits <<= len;
            self.count -= len;
        }
    }

    /// Sees to it that [`FILLED`] bits are there, unless the interval ends.
    #[inline]
    fn fill(&mut self) {
        if self.count >= FILLED {
            return;
        }
        let bytes = self.block.get(self.next..self.limit).and_then(|bytes| bytes.first_chunk());
        match bytes.map(|bytes| u64::from_be_bytes(*bytes)) {
            Some(word) if !has_ff(word) => {
                // Bits below `count` are those that the next word brings again.
                self.bits |= word >> self.count;
                let bytes = (64 - self.count) / 8;
                self.count += 8 * bytes;
                self.next += bytes as usize;
            }
            _ => self.fill_slowly(),
        }
    }

    #[cold]
    fn fill_slowly(&mut self) {
        // Nothing of the word that was looked at may stay: a stuffed 0 is in it.
        self.bits &= u64::MAX.checked_shl(64 - self.count).unwrap_or(0);
        while self.count <= 56 {
            if self.next + 2 > self.limit {
                if self.block_at + (self.limit as u64) < self.end
                    && let Err(error) = self.load(self.block_at + self.next as u64)
                {
                    self.error = Some(error);
                    self.limit = self.next;
                }
                if self.next >= self.limit {
                    return;
                }
            }
            let byte = self.block[self.next];
            self.next += if byte == 0xFF { 2 } else { 1 };
            self.bits |= u64::from(byte) << (56 - self.count);
            self.count += 8;
        }
    }

    /// Reads a block in which `at` and a little before it lie.
    fn load(&mut self, at: u64) -> io::Result<()> {
        self.block_at = at.saturating_sub(BEHIND);
        let len = (self.source.len() - self.block_at).min(BLOCK_LEN as u64) as usize;
        self.block.resize(len, 0);
        self.source.read_exact_at(self.block_at, &mut self.block)?;
        self.next = (at - self.block_at) as usize;
        self.limit = len.min((self.end - self.block_at) as usize);
        Ok(())
    }
}

/// A code, at most 17 bits, and the bits behind it, at most 15, fit into so many.
pub(super) const FILLED: u32 = 32;

/// Whether one of the eight bytes is 0xFF.
fn has_ff(word: u64) -> bool {
    const LOW: u64 = 0x0101_0101_0101_0101;
    (!word).wrapping_sub(LOW) & word & (LOW << 7) != 0
}

/// A Huffman table, ready to decode with.
pub(super) struct Codes {
    /// For the first bits of a code: its symbol and, above, its length; 0 if it is longer.
    short: Vec<u16>,
    /// For each length: the first code of a greater length, at the top of 16 bits.
    limits: [u32; 17],
    /// For each length: what to add to a code to find its symbol.
    offsets: [i32; 17],
    symbols: Vec<u8>,
}

/// Codes of up to this length are found at once.
const SHORT: u32 = 10;

impl Codes {
    /// Reads a table as it stands in a segment.
    pub(super) fn read(table: &[u8]) -> Result<Self> {
        let (counts, symbols) =
            table[1..].split_first_chunk::<16>().ok_or(MediaError::Malformed)?;
        let mut codes = Self {
            short: vec![0; 1 << SHORT],
            limits: [0; 17],
            offsets: [0; 17],
            symbols: symbols.to_vec(),
        };
        let (mut code, mut first) = (0_u32, 0_usize);
        for (len, &count) in (1_u32..).zip(counts) {
            let count = u32::from(count);
            codes.offsets[len as usize] = first as i32 - code as i32;
            if code + count > 1 << len || first + count as usize > symbols.len() {
                return Err(MediaError::Malformed);
            }
            if len <= SHORT {
                for (code, &symbol) in (code..code + count).zip(&symbols[first..]) {
                    let from = (code << (SHORT - len)) as usize;
                    codes.short[from..from + (1 << (SHORT - len))]
                        .fill((len as u16) << 8 | u16::from(symbol));
                }
            }
            first += count as usize;
            code += count;
            codes.limits[len as usize] = code << (16 - len);
            code <<= 1;
        }
        Ok(codes)
    }

    /// The symbol of the code at the top of `bits`, and the code's length.
    #[inline]
    pub(super) fn look_up(&self, bits: u64) -> (u8, u32) {
        match self.short[(bits >> (64 - SHORT)) as usize] {
            0 => self.look_up_long(bits),
            entry => (entry as u8, u32::from(entry >> 8)),
        }
    }

    fn look_up_long(&self, bits: u64) -> (u8, u32) {
        let top = (bits >> 48) as u32;
        for len in SHORT + 1..=16 {
            if top < self.limits[len as usize] {
                let code = (top >> (16 - len)) as i32;
                let symbol = self.symbols.get((code + self.offsets[len as usize]) as usize);
                return (symbol.copied().unwrap_or(0), len);
            }
        }
        // As libjpeg does with what is no code.
        (0, 17)
    }
}
