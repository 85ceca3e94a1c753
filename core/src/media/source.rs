//! Where the bytes of a medium come from: a file or memory, read at any offset.

use std::fs::File;
use std::io;

/// Random access to bytes that do not change while they are read.
pub trait ReadAt: Send + Sync {
    /// The length in bytes.
    fn len(&self) -> u64;

    /// Whether there is no byte at all.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Fills `buffer` from `offset` on; an error of kind `UnexpectedEof` if there are too few
    /// bytes.
    fn read_exact_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()>;
}

impl ReadAt for File {
    fn len(&self) -> u64 {
        // A file that can't say its length is treated as empty, and no format accepts that.
        self.metadata().map_or(0, |metadata| metadata.len())
    }

    fn read_exact_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        std::os::unix::fs::FileExt::read_exact_at(self, buffer, offset)
    }
}

impl ReadAt for [u8] {
    fn len(&self) -> u64 {
        self.len() as u64
    }

    fn read_exact_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        let from = usize::try_from(offset).ok().and_then(|from| self.get(from..));
        let bytes = from.and_then(|from| from.get(..buffer.len()));
        buffer.copy_from_slice(bytes.ok_or(io::ErrorKind::UnexpectedEof)?);
        Ok(())
    }
}

impl ReadAt for Vec<u8> {
    fn len(&self) -> u64 {
        self.as_slice().len() as u64
    }

    fn read_exact_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        ReadAt::read_exact_at(self.as_slice(), offset, buffer)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    /// The same ten bytes in memory and in a file that has no name any more.
    fn sources() -> (Vec<u8>, File) {
        let bytes: Vec<u8> = (0..10).collect();
        let name =
            format!("homeward-source-{}-{:?}", std::process::id(), std::thread::current().id());
        let path = std::env::temp_dir().join(name);
        let mut options = File::options();
        let mut file = options.read(true).write(true).create_new(true).open(&path).unwrap();
        std::fs::remove_file(path).unwrap();
        file.write_all(&bytes).unwrap();
        (bytes, file)
    }

    #[test]
    fn memory_and_file_read_the_same_and_fail_the_same() {
        let (bytes, file) = sources();
        assert_eq!(ReadAt::len(&file), 10);
        assert!(!ReadAt::is_empty(&file));
        for offset in [0, 1, 9, 10, 11, u64::from(u32::MAX), 1 << 40] {
            for len in 0..12 {
                let (mut from_memory, mut from_file) = (vec![0; len], vec![0; len]);
                let memory = ReadAt::read_exact_at(&bytes, offset, &mut from_memory);
                let file = ReadAt::read_exact_at(&file, offset, &mut from_file);
                let inside = offset + len as u64 <= 10;
                assert_eq!(memory.is_ok(), inside || len == 0 && offset == 10, "{offset} {len}");
                if inside {
                    file.unwrap();
                    assert_eq!(from_memory, from_file);
                    assert_eq!(from_memory, bytes[offset as usize..][..len]);
                } else if len > 0 {
                    let kind = io::ErrorKind::UnexpectedEof;
                    assert_eq!(
                        (memory.unwrap_err().kind(), file.unwrap_err().kind()),
                        (kind, kind)
                    );
                }
            }
        }
    }
}
