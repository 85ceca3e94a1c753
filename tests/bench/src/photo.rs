//! Scrubbing against copying.

use std::fs::{self, File};
use std::hint::black_box;
use std::io::{self, Read};
use std::path::Path;

use homeward_core::media;
use homeward_tests::photo::{Exif, Photo};
use serde_json::{Value, json};

use crate::quickest;

const ROUNDS: u32 = 15;

/// Makes a photo a little larger than `bytes`.
pub(crate) fn make(bytes: usize, to: &Path) -> Value {
    let mut width = 1200_u16;
    loop {
        let photo =
            Photo { width, height: width / 4 * 3, seed: 1, exif: Exif::example() }.to_jpeg();
        if photo.len() >= bytes {
            fs::write(to, &photo).unwrap();
            return json!({ "bytes": photo.len() });
        }
        // The length grows with the area.
        let scale = (bytes as f64 / photo.len() as f64).sqrt();
        width = (f64::from(width) * scale) as u16 + 16;
    }
}

pub(crate) fn memcpy(file: &Path) -> Value {
    let source = fs::read(file).unwrap();
    let mut copy = vec![0; source.len()];
    quickest(ROUNDS, || copy.copy_from_slice(black_box(&source)))
}

pub(crate) fn scrub(file: &Path) -> Value {
    let source = fs::read(file).unwrap();
    let mut copy = Vec::with_capacity(source.len());
    quickest(ROUNDS, || {
        copy.clear();
        let plan = media::scrub(&source).unwrap();
        plan.reader(&source).read_to_end(black_box(&mut copy)).unwrap();
    })
}

pub(crate) fn scrub_stream(file: &Path) -> Value {
    let source = File::open(file).unwrap();
    quickest(ROUNDS, || {
        let plan = media::scrub(&source).unwrap();
        io::copy(&mut plan.reader(&source), &mut io::sink()).unwrap();
    })
}
