//! The header of a PNG: what kind of pixels follow, and how many bytes they make (specification,
//! sections 11.2.1 and 7).

use crate::media::{MediaError, Result};

/// What `IHDR` says.
#[derive(Clone, Copy, Debug)]
pub(super) struct Header {
    pub(super) width: u32,
    pub(super) height: u32,
    pub(super) depth: u8,
    pub(super) colour: Colour,
    interlaced: bool,
}

/// How a pixel is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Colour {
    Grey,
    Rgb,
    Palette,
    GreyAlpha,
    Rgba,
}

impl Colour {
    /// How many samples a pixel has.
    pub(super) fn samples(self) -> u8 {
        match self {
            Self::Grey | Self::Palette => 1,
            Self::GreyAlpha => 2,
            Self::Rgb => 3,
            Self::Rgba => 4,
        }
    }
}

impl Header {
    /// The length of the data of `IHDR`.
    pub(super) const LEN: u32 = 13;

    /// Reads the data of `IHDR`; malformed unless every field is one that decoders know.
    pub(super) fn parse(data: [u8; Self::LEN as usize]) -> Result<Self> {
        let [w0, w1, w2, w3, h0, h1, h2, h3, depth, colour, compression, filter, interlace] = data;
        let width = u32::from_be_bytes([w0, w1, w2, w3]);
        let height = u32::from_be_bytes([h0, h1, h2, h3]);
        let (colour, depths): (_, &[u8]) = match colour {
            0 => (Colour::Grey, &[1, 2, 4, 8, 16]),
            2 => (Colour::Rgb, &[8, 16]),
            3 => (Colour::Palette, &[1, 2, 4, 8]),
            4 => (Colour::GreyAlpha, &[8, 16]),
            6 => (Colour::Rgba, &[8, 16]),
            _ => return Err(MediaError::Malformed),
        };
        let sizes = 1..=MAX_SIDE;
        if !depths.contains(&depth)
            || !sizes.contains(&width)
            || !sizes.contains(&height)
            || (compression, filter) != (0, 0)
            || interlace > 1
        {
            return Err(MediaError::Malformed);
        }
        Ok(Self { width, height, depth, colour, interlaced: interlace == 1 })
    }

    /// How many entries a palette can have.
    pub(super) fn max_palette_len(&self) -> usize {
        1 << self.depth.min(8)
    }

    /// How many bytes the rows of a frame of this size make, each with its filter byte.
    pub(super) fn row_bytes(&self, width: u32, height: u32) -> u64 {
        self.passes(width, height)
            .into_iter()
            .map(|(width, height)| (1 + self.row_len(width)).saturating_mul(height.into()))
            .fold(0, u64::saturating_add)
    }

    /// How many bytes the pixels of a row make.
    pub(super) fn row_len(&self, width: u32) -> u64 {
        let bits = u64::from(width) * u64::from(self.depth) * u64::from(self.colour.samples());
        bits.div_ceil(8)
    }

    /// Width and height of the passes in which a frame of this size comes; those without a pixel do
    /// not come.
    pub(super) fn passes(&self, width: u32, height: u32) -> Vec<(u32, u32)> {
        if !self.interlaced {
            return vec![(width, height)];
        }
        let pass = |&(x, y, dx, dy): &(u32, u32, u32, u32)| {
            (width.saturating_sub(x).div_ceil(dx), height.saturating_sub(y).div_ceil(dy))
        };
        ADAM7.iter().map(pass).filter(|&(width, height)| width > 0 && height > 0).collect()
    }
}

/// The format's own limit.
const MAX_SIDE: u32 = i32::MAX as u32;

/// First column, first row and distances of the seven passes of an interlaced picture.
const ADAM7: [(u32, u32, u32, u32); 7] = [
    (0, 0, 8, 8),
    (4, 0, 8, 8),
    (0, 4, 4, 8),
    (2, 0, 4, 4),
    (0, 2, 2, 4),
    (1, 0, 2, 2),
    (0, 1, 1, 2),
];
