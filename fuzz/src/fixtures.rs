//! The files that the walkers' own tests are built of, with a word in every hiding place.
#![allow(dead_code, reason = "some of it only those tests need")]

pub(crate) mod bmff;
pub(crate) mod jpeg;

pub(crate) use homeward_core::media::{Manifest, Plan, ReadAt, Result, scrub};

pub(crate) mod exif {
    /// The smallest TIFF block with an orientation.
    pub(crate) fn orientation_block(orientation: u8) -> Vec<u8> {
        let mut block = b"MM\0\x2A\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0".to_vec();
        block.extend([orientation, 0, 0, 0, 0, 0, 0]);
        block
    }
}
