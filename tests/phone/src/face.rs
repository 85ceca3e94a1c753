//! The small copy of a photo, as a phone's own decoder makes it.

use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use jpeg_decoder::{Decoder, PixelFormat};
use jpeg_encoder::{ColorType, Encoder};

/// The longer side of a face, in pixels.
const SIDE: usize = 320;
/// A face that is longer is not taken.
const MOST_BYTES: usize = 40_000;
/// A photo with more pixels than any phone takes is not decoded.
const MOST_PIXELS: usize = 400_000_000;

/// An upright small JPEG of the photo in `file`; none if this decoder can't read it.
pub(crate) fn of(file: &Path, orientation: Option<u16>) -> Option<Vec<u8>> {
    let mut decoder = Decoder::new(BufReader::new(File::open(file).ok()?));
    decoder.read_info().ok()?;
    let info = decoder.info()?;
    if usize::from(info.width) * usize::from(info.height) > MOST_PIXELS {
        return None;
    }
    // The decoder itself halves as often as it can without falling below this.
    let (width, height) = fit(info.width.into(), info.height.into());
    decoder.scale(u16::try_from(width).ok()?, u16::try_from(height).ok()?).ok()?;
    let pixels = decoder.decode().ok()?;
    let info = decoder.info()?;
    let channels = match info.pixel_format {
        PixelFormat::L8 => 1,
        PixelFormat::RGB24 => 3,
        PixelFormat::L16 | PixelFormat::CMYK32 => return None,
    };
    let large = Picture { width: info.width.into(), height: info.height.into(), channels, pixels };
    let picture = large.shrunk().turned(orientation.unwrap_or(1));
    [80, 65, 50, 35, 20].into_iter().find_map(|quality| picture.to_jpeg(quality))
}

/// The size with the same shape whose longer side is [`SIDE`], or less if it is less already.
fn fit(width: usize, height: usize) -> (usize, usize) {
    let longer = width.max(height).max(1);
    let scale = |side: usize| if longer <= SIDE { side } else { side * SIDE / longer };
    (scale(width).max(1), scale(height).max(1))
}

struct Picture {
    width: usize,
    height: usize,
    channels: usize,
    pixels: Vec<u8>,
}

impl Picture {
    /// The mean of the pixels that fall together.
    fn shrunk(&self) -> Self {
        let (width, height) = fit(self.width, self.height);
        let mut pixels = Vec::with_capacity(width * height * self.channels);
        for y in 0..height {
            let rows = y * self.height / height..((y + 1) * self.height / height);
            for x in 0..width {
                let columns = x * self.width / width..((x + 1) * self.width / width);
                for channel in 0..self.channels {
                    let of = |(row, column)| u32::from(self.at(column, row)[channel]);
                    let all = rows.clone().flat_map(|row| columns.clone().map(move |c| (row, c)));
                    let count = (rows.len() * columns.len()).max(1) as u32;
                    pixels.push((all.map(of).sum::<u32>() / count) as u8);
                }
            }
        }
        Self { width, height, channels: self.channels, pixels }
    }

    /// The picture upright: `orientation` is Exif's, 1 to 8.
    fn turned(&self, orientation: u16) -> Self {
        let lies = orientation >= 5;
        let (width, height) =
            if lies { (self.height, self.width) } else { (self.width, self.height) };
        let (right, bottom) = (self.width - 1, self.height - 1);
        let mut pixels = Vec::with_capacity(self.pixels.len());
        for y in 0..height {
            for x in 0..width {
                let (from_x, from_y) = match orientation {
                    2 => (right - x, y),
                    3 => (right - x, bottom - y),
                    4 => (x, bottom - y),
                    5 => (y, x),
                    6 => (y, bottom - x),
                    7 => (right - y, bottom - x),
                    8 => (right - y, x),
                    _ => (x, y),
                };
                pixels.extend_from_slice(self.at(from_x, from_y));
            }
        }
        Self { width, height, channels: self.channels, pixels }
    }

    fn at(&self, x: usize, y: usize) -> &[u8] {
        let start = (y * self.width + x) * self.channels;
        &self.pixels[start..start + self.channels]
    }

    /// The file, if it is small enough.
    fn to_jpeg(&self, quality: u8) -> Option<Vec<u8>> {
        let (width, height) = (u16::try_from(self.width).ok()?, u16::try_from(self.height).ok()?);
        let color = if self.channels == 1 { ColorType::Luma } else { ColorType::Rgb };
        let mut jpeg = Vec::new();
        Encoder::new(&mut jpeg, quality).encode(&self.pixels, width, height, color).ok()?;
        (jpeg.len() <= MOST_BYTES).then_some(jpeg)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Black but for a white first row.
    fn picture(width: usize, height: usize) -> Picture {
        let mut pixels = vec![0; width * height];
        pixels[..width].fill(255);
        Picture { width, height, channels: 1, pixels }
    }

    #[test]
    fn turning_loses_no_pixel_and_turns_the_right_way() {
        for orientation in 1..=8_u16 {
            let turned = picture(4, 3).turned(orientation);
            let size = if orientation >= 5 { (3, 4) } else { (4, 3) };
            assert_eq!((turned.width, turned.height), size, "{orientation}");
            let white = turned.pixels.iter().filter(|pixel| **pixel == 255).count();
            assert_eq!(white, 4, "{orientation}: no pixel is lost");
        }
        let lying = picture(4, 3).turned(6);
        assert_eq!(
            [lying.at(2, 0), lying.at(2, 3)],
            [&[255], &[255]],
            "its first row is the right side"
        );
        let other = picture(4, 3).turned(8);
        assert_eq!(
            [other.at(0, 0), other.at(0, 3)],
            [&[255], &[255]],
            "its first row is the left side"
        );
        assert_eq!(picture(4, 3).turned(3).at(0, 2), &[255]);
    }

    #[test]
    fn a_large_picture_becomes_small_and_keeps_its_shape() {
        let noise =
            (0..1_200 * 900 * 3).map(|at: u32| (at.wrapping_mul(2_654_435_761) >> 24) as u8);
        let large = Picture { width: 1_200, height: 900, channels: 3, pixels: noise.collect() };
        let small = large.shrunk();
        assert_eq!((small.width, small.height), (320, 240));
        let jpeg = [80, 65, 50, 35, 20].into_iter().find_map(|quality| small.to_jpeg(quality));
        assert!(jpeg.is_some_and(|jpeg| jpeg.len() <= MOST_BYTES));
    }
}
