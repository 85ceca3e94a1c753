//! Seals a part: tar, padding and age in one pass, so that memory does not grow with the content.

use std::cell::Cell;
use std::io::{self, Read, Write};

use super::padding::padded_plaintext;
use super::part::Part;
use crate::age_file;
use crate::crypto::{Hasher, Tally};
use crate::error::{Error, Result};
use crate::ids::Digest;

/// Zero bytes are written from a buffer of this size.
const ZEROS: [u8; 16 << 10] = [0; 16 << 10];

/// A tar file ends with two blocks of zeros (POSIX.1-2017, pax, "ustar Interchange Format").
const TAR_END: u64 = 2 * BLOCK;

/// A tar file is made of blocks of this size.
const BLOCK: u64 = 512;

/// What was sealed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sealed {
    /// The length of the ciphertext.
    pub bytes: u64,
    /// The hash of the ciphertext.
    pub sha256: Digest,
}

/// Seals `part` with its `content` to `recipients` and writes the age file to `output`.
///
/// The content must have the length and hash that the part states; it is checked while it passes.
pub fn seal(
    part: &Part,
    content: &mut dyn Read,
    recipients: &[age::x25519::Recipient],
    output: &mut dyn Write,
) -> Result<Sealed> {
    let recipients = recipients.iter().map(|recipient| recipient as &dyn age::Recipient);
    let encryptor = age::Encryptor::with_recipients(recipients)
        .map_err(|_| Error::Unexpected("seal-without-recipient"))?;
    let json = serde_json::to_vec_pretty(part).map_err(|_| Error::Unexpected("seal-encoding"))?;
    let plain = blocks(json.len() as u64) + blocks(part.content.bytes) + TAR_END;

    let count = Cell::new(0);
    let mut tally = Tally::new(Counter { inner: output, count: &count });
    let mut age = age_file::begin(encryptor, &mut tally)?;
    // Only now is the header's length known: age adds a random stanza of its own.
    let plaintext = padded_plaintext(count.get(), plain);
    write_file(&mut age, "part.json", &mut json.as_slice(), json.len() as u64)?;
    write_content(&mut age, part, content)?;
    write_zeros(&mut age, plaintext - (plain - TAR_END))?;
    age.finish()?;
    let (_, bytes, sha256) = tally.finish();
    Ok(Sealed { bytes, sha256 })
}

/// Writes the content and checks that it is what the part states.
fn write_content(tar: &mut dyn Write, part: &Part, content: &mut dyn Read) -> Result<()> {
    let mut hashing = Hashing { inner: content, hasher: Hasher::default() };
    write_file(tar, &part.content.name, &mut hashing, part.content.bytes)?;
    // The blob was authenticated while it was read, so another hash means a wrong row.
    if hashing.hasher.finish() != part.content.sha256 {
        return Err(Error::Damaged);
    }
    Ok(())
}

/// Writes one file as tar stores it: a header, the bytes, zeros up to a whole block.
fn write_file(tar: &mut dyn Write, name: &str, bytes: &mut dyn Read, length: u64) -> Result<()> {
    let mut header = tar::Header::new_ustar();
    header.set_path(name).map_err(|_| Error::Unexpected("seal-encoding"))?;
    header.set_size(length);
    header.set_mode(0o600);
    header.set_cksum();
    tar.write_all(header.as_bytes())?;
    if io::copy(&mut bytes.take(length), tar)? != length {
        return Err(Error::Damaged);
    }
    write_zeros(tar, length.next_multiple_of(BLOCK) - length)
}

/// How much a file of `length` bytes takes in a tar.
fn blocks(length: u64) -> u64 {
    BLOCK + length.next_multiple_of(BLOCK)
}

fn write_zeros(output: &mut dyn Write, mut count: u64) -> Result<()> {
    while count > 0 {
        let now = usize::try_from(count).unwrap_or(usize::MAX).min(ZEROS.len());
        output.write_all(&ZEROS[..now])?;
        count -= now as u64;
    }
    Ok(())
}

/// Hashes what is read through it.
struct Hashing<'a> {
    inner: &'a mut dyn Read,
    hasher: Hasher,
}

impl Read for Hashing<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        self.hasher.update(&buffer[..count]);
        Ok(count)
    }
}

/// Counts what is written through it, where the caller can see it while the writer is lent out.
pub(crate) struct Counter<'a> {
    pub(crate) inner: &'a mut dyn Write,
    pub(crate) count: &'a Cell<u64>,
}

impl Write for Counter<'_> {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        let count = self.inner.write(buffer)?;
        self.count.set(self.count.get() + count as u64);
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}
