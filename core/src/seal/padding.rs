//! Sizes that tell little: a few fixed ones for words, Padmé for media.

/// The ciphertext sizes of small parts. A first minute, a reply and a recall look alike.
const SMALL: [u64; 3] = [4 << 10, 16 << 10, 64 << 10];

/// Plaintext bytes per chunk of an age file, and the bytes that each chunk's tag adds.
const CHUNK: u64 = 64 << 10;
const TAG: u64 = 16;

/// How many plaintext bytes an age file must hold, so that it is as long as its padded size,
/// when its header takes `header` bytes and at least `content` plaintext bytes are needed.
pub(crate) fn padded_plaintext(header: u64, content: u64) -> u64 {
    let mut size = padded(header + sealed(content));
    loop {
        let body = size - header;
        let chunks = body.div_ceil(CHUNK + TAG).max(1);
        let plaintext = body.saturating_sub(chunks * TAG);
        // A last chunk of one to sixteen bytes would be a tag without text: one size further.
        if plaintext >= content && header + sealed(plaintext) == size {
            return plaintext;
        }
        size += 1;
    }
}

/// The length of `plaintext` bytes once sealed in chunks.
fn sealed(plaintext: u64) -> u64 {
    plaintext + plaintext.div_ceil(CHUNK).max(1) * TAG
}

/// The smallest allowed size of at least `bytes`.
///
/// Padmé: K. Nikitin et al., "Reducing Metadata Leakage from Encrypted Files and Communication with
/// PURBs", PETS 2019, section 4: lengths keep their first log log bits, so at most 12 % is added.
fn padded(bytes: u64) -> u64 {
    if let Some(size) = SMALL.into_iter().find(|size| bytes <= *size) {
        return size;
    }
    let exponent = bytes.ilog2();
    let kept = exponent.ilog2() + 1;
    let step = 1 << (exponent - kept);
    bytes.div_ceil(step) * step
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_first_minute_and_a_long_reply_have_the_same_size() {
        let header = 400;
        let size = |content| header + sealed(padded_plaintext(header, content));
        assert_eq!(size(1_536), 4 << 10);
        assert_eq!(size(3_000), 4 << 10);
        assert_eq!(size(3_700), 16 << 10);
    }

    #[test]
    fn padding_holds_the_content_and_adds_at_most_an_eighth_to_media() {
        for content in (1..200_000).step_by(997).chain([CHUNK - 1, CHUNK, CHUNK + 1, 1 << 33]) {
            let plaintext = padded_plaintext(300, content);
            assert!(plaintext >= content);
            if content > 64 << 10 {
                assert!(plaintext <= content + content / 8, "{content} became {plaintext}");
            }
        }
    }

    #[test]
    fn the_ciphertext_is_one_of_the_allowed_sizes() {
        // Up to the few bytes by which a chunk's tag can't be hit exactly.
        for content in (1..3_000_000).step_by(9_973) {
            let size = 300 + sealed(padded_plaintext(300, content));
            assert!(size - padded(size - TAG) <= TAG || padded(size) == size, "{size}");
        }
    }

    #[test]
    fn the_pinned_sizes_are_those_of_the_page() {
        let vectors = include_str!("../../../docs/formats/report.vectors.json");
        let vectors: serde_json::Value = serde_json::from_str(vectors).unwrap();
        let rows: Vec<[u64; 4]> = serde_json::from_value(vectors["padding"].clone()).unwrap();
        assert_eq!(rows.len(), 9);
        for [header, content, plaintext, file] in rows {
            assert_eq!(padded_plaintext(header, content), plaintext, "{content}");
            assert_eq!(header + sealed(plaintext), file, "{content}");
        }
    }
}
