//! What an untouched original is called on its way. It may be of any kind, also one that is not
//! cleaned, and its name on the phone may tell what its content does not: so its content decides.

use super::exif::is_dng;
use super::{ReadAt, sniff};

/// The usual ending of a file with the content of `source`.
pub(crate) fn extension_by_content(source: &dyn ReadAt) -> &'static str {
    if let Ok(format) = sniff(source) {
        return format.extension();
    }
    let mut head = [0; 5];
    match source.read_exact_at(0, &mut head) {
        Ok(()) if head == *b"%PDF-" => "pdf",
        Ok(()) if is_dng(source) => "dng",
        Ok(()) if matches!(&head[..4], b"II\x2A\0" | b"MM\0\x2A") => "tif",
        _ => "bin",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_content_names_the_ending_and_nothing_else_does() {
        let tiff = |tag: [u8; 2]| {
            let mut file = b"II\x2A\0\x08\0\0\0\x01\0".to_vec();
            file.extend([tag[0], tag[1], 1, 0, 4, 0, 0, 0, 1, 4, 0, 0, 0, 0, 0, 0]);
            file
        };
        for (content, extension) in [
            (b"\xFF\xD8\xFF\xE0".to_vec(), "jpg"),
            (b"%PDF-1.7".to_vec(), "pdf"),
            (tiff([0x12, 0xC6]), "dng"),
            (tiff([0x00, 0x01]), "tif"),
            (b"%PD".to_vec(), "bin"),
            (b"a secret.docx".to_vec(), "bin"),
            (Vec::new(), "bin"),
        ] {
            assert_eq!(extension_by_content(&content), extension, "{content:02X?}");
        }
    }
}
