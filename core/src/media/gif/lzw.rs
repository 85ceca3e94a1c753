//! How far the pixels of a GIF image reach in its data.
//!
//! Decoders stop when the image is full, so anything may follow in the sub-blocks. To learn where
//! that is, the codes are read as a decoder reads them (GIF89a specification, appendix F), but of
//! the strings that they stand for only the lengths are kept. Which colours they use tell the codes
//! that stand for one pixel: every longer string begins with one and grows by those that came.

use crate::media::{MediaError, Result};

/// A walk over the codes of one image.
pub(super) struct Lzw {
    /// The code that starts the table anew; the one behind it ends the image.
    clear: u16,
    /// How many bits a code has now.
    bits: u32,
    /// The code that the next string gets.
    next: u16,
    /// The length of the string of each code behind the one that ends the image. Grows with the
    /// codes: a file of a million tiny images must not fill a table for each.
    lengths: Vec<u16>,
    /// The length of the string before; none right after a clear.
    last_len: Option<u16>,
    /// Bits that were read but are no whole code yet.
    pool: u32,
    pooled: u32,
    pixels_left: u64,
    ended: bool,
    used: Used,
}

/// Which colours are used.
pub(super) type Used = [bool; 256];

impl Lzw {
    /// A walk over an image of so many pixels; none if there can't be such an image.
    pub(super) fn new(code_bits: u8, pixels: u64) -> Option<Self> {
        if !(1..=8).contains(&code_bits) || pixels == 0 {
            return None;
        }
        let clear = 1 << code_bits;
        Some(Self {
            clear,
            bits: u32::from(code_bits) + 1,
            next: clear + 2,
            lengths: Vec::new(),
            last_len: None,
            pool: 0,
            pooled: 0,
            pixels_left: pixels,
            ended: false,
            used: [false; 256],
        })
    }

    /// The colours of the pixels so far.
    pub(super) fn used(&self) -> &Used {
        &self.used
    }

    /// Takes all colours for used.
    pub(super) fn mark_all(&mut self) {
        self.used.fill(true);
    }

    /// Reads codes until the image is full or ended. If it is, gives how many of `bytes` were read:
    /// the last one holds the last bit.
    pub(super) fn feed(&mut self, bytes: &[u8]) -> Result<Option<usize>> {
        for (at, &byte) in bytes.iter().enumerate() {
            self.pool |= u32::from(byte) << self.pooled;
            self.pooled += 8;
            while self.pooled >= self.bits {
                let code = (self.pool & ((1 << self.bits) - 1)) as u16;
                self.pool >>= self.bits;
                self.pooled -= self.bits;
                self.code(code)?;
                if self.ended || self.pixels_left == 0 {
                    return Ok(Some(at + 1));
                }
            }
        }
        Ok(None)
    }

    /// What should stand in the data from `last` on, the last byte that was read: the bits of it
    /// that belong to pixels, the end code, and zeros up to the next whole byte.
    pub(super) fn tail(&self, last: u8) -> Vec<u8> {
        // Fewer than eight bits are left over, or the byte would not have been read.
        let used = 8 - self.pooled;
        let mut tail = u32::from(last) & ((1 << used) - 1);
        let mut bits = used;
        if !self.ended {
            tail |= u32::from(self.clear + 1) << bits;
            bits += self.bits;
        }
        tail.to_le_bytes()[..bits.div_ceil(8) as usize].to_vec()
    }

    fn code(&mut self, code: u16) -> Result<()> {
        if code == self.clear {
            self.bits = self.clear.trailing_zeros() + 1;
            self.next = self.clear + 2;
            self.lengths.clear();
            self.last_len = None;
            return Ok(());
        }
        if code == self.clear + 1 {
            self.ended = true;
            return Ok(());
        }
        if code < self.clear {
            self.used[usize::from(code)] = true;
        }
        let grown = self.last_len.map(|len| len + 1);
        let len = match grown {
            _ if code < self.clear => 1,
            Some(_) if code < self.next => self.lengths[usize::from(code - self.clear - 2)],
            // The string that this very code completes.
            Some(grown) if code == self.next && usize::from(code) < TABLE_LEN => grown,
            _ => return Err(MediaError::Malformed),
        };
        if let Some(grown) = grown
            && usize::from(self.next) < TABLE_LEN
        {
            self.lengths.push(grown);
            self.next += 1;
            if self.next == 1 << self.bits && self.bits < MAX_BITS {
                self.bits += 1;
            }
        }
        self.last_len = Some(len);
        self.pixels_left = self.pixels_left.saturating_sub(u64::from(len));
        Ok(())
    }
}

/// The longest code.
const MAX_BITS: u32 = 12;

/// How many codes there are at most.
const TABLE_LEN: usize = 1 << MAX_BITS;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_image_ends_with_its_last_pixel() {
        // Clear, 1, 1, 1, end in codes of three bits, which pixel 3 makes four bits long.
        let bytes = [0b0100_1100, 0b0101_0010, 0xAA];
        let mut lzw = Lzw::new(2, 3).unwrap();
        assert_eq!(lzw.feed(&bytes).unwrap(), Some(2));
        assert_eq!(lzw.tail(bytes[1]), [0b0101_0010]);
        let used: Vec<_> = (0..256).filter(|&colour| lzw.used()[colour]).collect();
        assert_eq!(used, [1]);
    }

    #[test]
    fn a_code_of_the_future_is_malformed() {
        let bytes = [0b11_111_100];
        assert!(Lzw::new(2, 9).unwrap().feed(&bytes).is_err());
    }

    #[test]
    fn an_image_that_cannot_be_is_none() {
        assert!(Lzw::new(0, 1).is_none());
        assert!(Lzw::new(9, 1).is_none());
        assert!(Lzw::new(8, 0).is_none());
    }
}
