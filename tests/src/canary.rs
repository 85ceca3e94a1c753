//! Looks for words that must be nowhere, in every dress in which a program could have left them.

use data_encoding::{BASE64, BASE64URL, HEXLOWER, HEXUPPER};
use memchr::memmem::Finder;
use miniz_oxide::inflate::decompress_to_vec_with_limit as inflate;

/// Words to look for.
pub struct Canaries {
    dresses: Vec<(String, &'static str, Finder<'static>)>,
}

/// A word that was found.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Found {
    /// The word, or what the bytes stand for.
    pub word: String,
    /// How it was written.
    pub dress: &'static str,
    /// How it was packed.
    pub packed: bool,
}

impl Canaries {
    /// Words, each long enough not to come about by chance.
    #[must_use]
    pub fn words(words: &[&str]) -> Self {
        let mut canaries = Self { dresses: Vec::new() };
        for word in words {
            let utf16 = |order: fn(u16) -> [u8; 2]| word.encode_utf16().flat_map(order).collect();
            canaries.add(word, "raw", word.as_bytes());
            canaries.add_bytes(word, word.as_bytes());
            canaries.add::<Vec<u8>>(word, "UTF-16 LE", utf16(u16::to_le_bytes));
            canaries.add::<Vec<u8>>(word, "UTF-16 BE", utf16(u16::to_be_bytes));
        }
        canaries
    }

    /// Whether a word is long enough not to come about by chance, in any dress.
    #[must_use]
    pub fn is_findable(word: &str) -> bool {
        let base64 = |shift| inside(&BASE64.encode(&shifted(word.as_bytes(), shift)), shift);
        word.len() >= SHORTEST && (0..3).all(|shift| base64(shift).len() >= SHORTEST)
    }

    /// Bytes, too, told as `name`.
    #[must_use]
    pub fn and_bytes(mut self, name: &str, bytes: &[u8]) -> Self {
        self.add(name, "raw", bytes);
        self.add_bytes(name, bytes);
        self
    }

    /// What of it is in `bytes`, as they are or in a deflate stream in them.
    #[must_use]
    pub fn find(&self, bytes: &[u8]) -> Vec<Found> {
        let mut found = self.find_in(bytes, false);
        for unpacked in streams(bytes) {
            found.extend(self.find_in(&unpacked, true));
        }
        found.sort();
        found.dedup();
        found
    }

    fn find_in(&self, bytes: &[u8], packed: bool) -> Vec<Found> {
        let here = self.dresses.iter().filter(|(.., finder)| finder.find(bytes).is_some());
        here.map(|(word, dress, _)| Found { word: word.clone(), dress, packed }).collect()
    }

    fn add<B: AsRef<[u8]>>(&mut self, word: &str, dress: &'static str, bytes: B) {
        let bytes = bytes.as_ref();
        assert!(bytes.len() >= SHORTEST, "{word} as {dress} would be found by chance");
        self.dresses.push((word.to_owned(), dress, Finder::new(bytes).into_owned()));
    }

    /// The dresses that any bytes can wear.
    fn add_bytes(&mut self, word: &str, bytes: &[u8]) {
        self.add(word, "hex", HEXLOWER.encode(bytes));
        self.add(word, "HEX", HEXUPPER.encode(bytes));
        for shift in 0..3 {
            self.add(word, "base64", inside(&BASE64.encode(&shifted(bytes, shift)), shift));
            self.add(word, "base64url", inside(&BASE64URL.encode(&shifted(bytes, shift)), shift));
        }
    }
}

/// The bytes as they lie in a longer text, `shift` bytes behind a group of three.
fn shifted(bytes: &[u8], shift: usize) -> Vec<u8> {
    [&vec![0; shift], bytes].concat()
}

/// The characters of base64 that depend on nothing but the bytes.
fn inside(text: &str, shift: usize) -> String {
    let start = (shift * 8).div_ceil(6);
    let text = text.trim_end_matches('=');
    // The last character may hold bits of what follows.
    text[start..text.len() - 1].to_owned()
}

/// What comes out of every place that looks like the start of a zlib or gzip stream.
fn streams(bytes: &[u8]) -> Vec<Vec<u8>> {
    let mut unpacked = Vec::new();
    for at in memchr::memchr2_iter(0x78, 0x1f, bytes) {
        let start = match &bytes[at..] {
            [0x78, 0x01 | 0x5e | 0x9c | 0xda, ..] => at + 2,
            [0x1f, 0x8b, 8, 0, ..] => at + 10,
            _ => continue,
        };
        let packed = &bytes[start.min(bytes.len())..];
        let packed = &packed[..packed.len().min(MOST)];
        let out = match inflate(packed, MOST) {
            Ok(out) => out,
            // Cut short, or not a stream at all: what came out until then counts.
            Err(failed) => failed.output,
        };
        if out.len() >= SHORTEST {
            unpacked.push(out);
        }
    }
    unpacked
}

const SHORTEST: usize = 6;
const MOST: usize = 4 << 20;

#[cfg(test)]
mod tests {
    use miniz_oxide::deflate::{compress_to_vec, compress_to_vec_zlib};

    use super::*;

    const WORD: &str = "Zoë-Canary";

    fn dresses(bytes: &[u8]) -> Vec<&'static str> {
        let found = Canaries::words(&[WORD]).find(bytes);
        found.into_iter().map(|found| found.dress).collect()
    }

    #[test]
    fn a_word_is_found_in_every_dress_at_every_place() {
        let utf16: Vec<u8> = WORD.encode_utf16().flat_map(u16::to_be_bytes).collect();
        assert_eq!(dresses(&[b"\0", utf16.as_slice()].concat()), ["UTF-16 BE"]);
        for before in 0..9 {
            let text = format!("{}{WORD} and so on", "x".repeat(before));
            assert_eq!(dresses(text.as_bytes()), ["raw"]);
            assert_eq!(dresses(BASE64.encode(text.as_bytes()).as_bytes())[0], "base64");
            assert_eq!(
                dresses(BASE64URL.encode(text.as_bytes()).as_bytes()).last(),
                Some(&"base64url")
            );
            assert_eq!(dresses(HEXLOWER.encode(text.as_bytes()).as_bytes()), ["hex"]);
        }
    }

    #[test]
    fn a_packed_word_is_found_also_where_the_stream_is_cut() {
        let text = format!("{WORD} {}", "and much more ".repeat(50));
        let zlib = [b"PNG".as_slice(), &compress_to_vec_zlib(text.as_bytes(), 6)].concat();
        assert_eq!(dresses(&zlib), ["raw"]);
        assert_eq!(dresses(&zlib[..zlib.len() - 8]), ["raw"]);
        let gzip =
            [&[0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3][..], &compress_to_vec(text.as_bytes(), 6)];
        assert_eq!(dresses(&gzip.concat()), ["raw"]);
    }

    #[test]
    fn nothing_is_found_in_noise() {
        let mut dice = fault_proxy::Dice::new(5);
        let noise: Vec<u8> = (0..200_000).flat_map(|_| dice.roll().to_le_bytes()).collect();
        assert_eq!(Canaries::words(&[WORD]).find(&noise), []);
    }
}
