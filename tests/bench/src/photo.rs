//! Scrubbing against copying.

use std::fs::{self, File};
use std::hint::black_box;
use std::io::Read;
use std::os::unix::fs::FileExt;
use std::path::Path;

use homeward_core::media;
use homeward_tests::photo::{Exif, Photo};
use miniz_oxide::inflate::{decompress_slice_iter_to_slice, decompress_to_vec_zlib};
use serde_json::{Value, json};

use crate::quickest;

const ROUNDS: u32 = 15;

/// How much the vault takes at once.
const BLOCK: usize = 64 << 10;

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
    let mut copy = Vec::new();
    quickest(ROUNDS, || {
        let plan = media::scrub(&source).unwrap();
        // Into a buffer that is there already, like memcpy's: `read_to_end` would fill one with
        // zeros first, which is a second memcpy and none of ours.
        copy.resize(plan.len() as usize, 0);
        plan.reader(&source).read_exact(black_box(&mut copy)).unwrap();
    })
}

pub(crate) fn scrub_stream(file: &Path) -> Value {
    let source = File::open(file).unwrap();
    above_idle(|| {
        let plan = media::scrub(&source).unwrap();
        let mut block = vec![0; BLOCK];
        let mut copy = plan.reader(&source);
        while copy.read(black_box(&mut block)).unwrap() > 0 {}
    })
}

pub(crate) fn plan(file: &Path) -> Value {
    let source = File::open(file).unwrap();
    above_idle(|| {
        black_box(media::scrub(&source).unwrap());
    })
}

/// Once: a hostile file is met once.
pub(crate) fn attempt(file: &Path) -> Value {
    let source = File::open(file).unwrap();
    let idle = crate::peak::held();
    let mut said = quickest(1, || {
        let _ = black_box(media::facts(&source));
        if let Ok(plan) = media::scrub(&source) {
            let mut block = vec![0; BLOCK];
            let mut copy = plan.reader(&source);
            while copy.read(black_box(&mut block)).unwrap() > 0 {}
        }
    });
    said["idle_bytes"] = idle.into();
    said
}

/// The same reads as the plan can't do without: the top boxes' heads and the whole `moov`.
pub(crate) fn read_moov(file: &Path) -> Value {
    let source = File::open(file).unwrap();
    let end = source.metadata().unwrap().len();
    quickest(ROUNDS, || {
        let mut at = 0;
        while at < end {
            let mut head = [0; 16];
            source.read_exact_at(&mut head, at).unwrap();
            let short = u32::from_be_bytes(*head.first_chunk().unwrap());
            let long = u64::from_be_bytes(*head.last_chunk().unwrap());
            let length = if short == 1 { long } else { short.into() };
            if head[4..8] == *b"moov" {
                let mut moov = vec![0; length as usize];
                source.read_exact_at(&mut moov, at).unwrap();
                black_box(moov);
            }
            at += length;
        }
    })
}

/// What the proof of a PNG's end costs by itself.
pub(crate) fn inflate(file: &Path) -> Value {
    let file = fs::read(file).unwrap();
    let (mut packed, mut at) = (Vec::new(), 8);
    while at < file.len() {
        let length = u32::from_be_bytes(*file[at..].first_chunk().unwrap()) as usize;
        if file[at + 4..at + 8] == *b"IDAT" {
            packed.extend(&file[at + 8..at + 8 + length]);
        }
        at += 12 + length;
    }
    let mut rows = decompress_to_vec_zlib(&packed).unwrap();
    quickest(ROUNDS, || {
        let parts = std::iter::once(packed.as_slice());
        decompress_slice_iter_to_slice(black_box(&mut rows), parts, true, true).unwrap();
    })
}

/// The time, and what the process held before.
fn above_idle(work: impl FnMut()) -> Value {
    let idle = crate::peak::held();
    let mut said = quickest(ROUNDS, work);
    said["idle_bytes"] = idle.into();
    said
}
