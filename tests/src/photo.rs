//! A photo as a phone makes it, made here: noise like a sensor's, and in its Exif block everything
//! that a phone writes there. No file of a real person is needed, and every hidden word is known.

mod exif;

use fault_proxy::Dice;
use jpeg_encoder::{ColorType, Encoder, SamplingFactor};

pub use exif::Exif;

/// What a photo shows and tells.
#[derive(Clone, Debug)]
pub struct Photo {
    /// Pixels across.
    pub width: u16,
    /// Pixels down.
    pub height: u16,
    /// Which noise.
    pub seed: u64,
    /// What its Exif block tells.
    pub exif: Exif,
}

impl Photo {
    /// A photo of more than 2 MB.
    #[must_use]
    pub fn large(exif: Exif) -> Self {
        Self { width: 2016, height: 1512, seed: 1, exif }
    }

    /// A photo of some 100 kB, for tests that send many.
    #[must_use]
    pub fn small(exif: Exif) -> Self {
        Self { width: 480, height: 360, seed: 2, exif }
    }

    /// The file.
    #[must_use]
    pub fn to_jpeg(&self) -> Vec<u8> {
        let picture = encode(self.width, self.height, self.seed);
        let thumbnail = encode(160, 120, self.seed);
        let block = self.exif.app1(&thumbnail);
        // Exif comes first, right behind the start marker, in place of JFIF's block.
        let (start, rest) = picture.split_at(2);
        [start, &block, without_jfif(rest)].concat()
    }
}

/// A picture of a slope of light with a sensor's noise on it, which is what fills a file.
fn encode(width: u16, height: u16, seed: u64) -> Vec<u8> {
    let mut dice = Dice::new(seed);
    let mut pixels = Vec::with_capacity(usize::from(width) * usize::from(height) * 3);
    for y in 0..u32::from(height) {
        for x in 0..u32::from(width) {
            let noise = dice.roll().to_le_bytes();
            let light = [60 + x * 120 / u32::from(width), 70 + y * 110 / u32::from(height), 90];
            let dot = |at: usize| light[at] as u8 + (noise[at] >> 2);
            pixels.extend([dot(0), dot(1), dot(2)]);
        }
    }
    let mut jpeg = Vec::new();
    let mut encoder = Encoder::new(&mut jpeg, 94);
    encoder.set_sampling_factor(SamplingFactor::R_4_2_0);
    encoder.encode(&pixels, width, height, ColorType::Rgb).expect("pixels fit the size");
    jpeg
}

fn without_jfif(segments: &[u8]) -> &[u8] {
    match segments {
        [0xFF, 0xE0, high, low, ..] => {
            &segments[2 + usize::from(u16::from_be_bytes([*high, *low]))..]
        }
        _ => segments,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_large_photo_is_one_and_holds_what_phones_write() {
        let photo = Photo::large(Exif::example()).to_jpeg();
        assert!(photo.len() > 2_000_000, "{} bytes", photo.len());
        assert!(photo.starts_with(&[0xFF, 0xD8, 0xFF, 0xE1]) && photo.ends_with(&[0xFF, 0xD9]));
        let thumbnails = photo.windows(3).filter(|three| three == &[0xFF, 0xD8, 0xFF]).count();
        assert_eq!(thumbnails, 2, "the picture and its thumbnail");
    }

    #[test]
    fn the_same_seed_makes_the_same_photo() {
        let photo = Photo::small(Exif::example());
        assert_eq!(photo.to_jpeg(), photo.to_jpeg());
        assert_ne!(photo.to_jpeg(), Photo { seed: 3, ..photo.clone() }.to_jpeg());
    }
}
