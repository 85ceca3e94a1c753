//! One measurement: a crate, a file, the quickest of several rounds in memory.

use std::path::Path;
use std::time::{Duration, Instant};

use img_parts::{Bytes, DynImage, ImageEXIF};
use little_exif::filetype::FileExtension;
use little_exif::metadata::Metadata;

const ROUNDS: u32 = 15;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let (peer, file) = (arguments.next().ok_or("no peer")?, arguments.next().ok_or("no file")?);
    let source = std::fs::read(&file)?;
    let mut best = Duration::MAX;
    for _ in 0..ROUNDS {
        let mut copy = source.clone();
        let start = Instant::now();
        match peer.as_str() {
            "img-parts" => img_parts_clears(source.clone())?,
            "little_exif" => Metadata::clear_metadata(&mut copy, kind(&file)?)?,
            _ => return Err("no such peer".into()),
        }
        best = best.min(start.elapsed());
    }
    println!("{}", serde_json::json!({ "ms": best.as_secs_f64() * 1000.0 }));
    Ok(())
}

/// Exif goes; the crate knows nothing of the rest.
fn img_parts_clears(source: Vec<u8>) -> Result<(), Box<dyn std::error::Error>> {
    let mut image = DynImage::from_bytes(Bytes::from(source))?.ok_or("not its kind of file")?;
    image.set_exif(None);
    let mut copy = Vec::new();
    image.encoder().write_to(&mut copy)?;
    std::hint::black_box(copy);
    Ok(())
}

fn kind(file: &str) -> Result<FileExtension, Box<dyn std::error::Error>> {
    match Path::new(file).extension().and_then(|ending| ending.to_str()) {
        Some("jpg") => Ok(FileExtension::JPEG),
        Some("png") => Ok(FileExtension::PNG { as_zTXt_chunk: true }),
        Some("webp") => Ok(FileExtension::WEBP),
        Some("heic") => Ok(FileExtension::HEIF),
        _ => Err("not its kind of file".into()),
    }
}
