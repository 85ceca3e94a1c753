//! An age file on its way to the disk, whose failures are told as what they are.
//!
//! Once it writes a header, the `age` crate reports every failure as *other*, even a full disk that
//! took part of a write. A person can act on a full disk, so this writer writes all or nothing and
//! remembers the first error.

use std::cell::Cell;
use std::io::{self, Write};
use std::rc::Rc;

use age::stream::StreamWriter;

/// A writer that remembers how it failed first.
pub(crate) struct Remembering<W> {
    output: W,
    failed: Rc<Cell<Option<io::ErrorKind>>>,
}

/// Writes the header of an age file to `output`; what is written to the result is its content.
pub(crate) fn begin<W: Write>(
    encryptor: age::Encryptor,
    output: W,
) -> io::Result<StreamWriter<Remembering<W>>> {
    let failed = Rc::new(Cell::new(None));
    let output = Remembering { output, failed: Rc::clone(&failed) };
    encryptor.wrap_output(output).map_err(|error| failed.get().map_or(error, io::Error::from))
}

impl<W> Remembering<W> {
    /// What was written to.
    pub(crate) fn into_inner(self) -> W {
        self.output
    }

    fn remember(&self, error: &io::Error) {
        if self.failed.get().is_none() {
            self.failed.set(Some(error.kind()));
        }
    }
}

impl<W: Write> Write for Remembering<W> {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        let written = self.output.write_all(buffer);
        written.inspect_err(|error| self.remember(error))?;
        Ok(buffer.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        let flushed = self.output.flush();
        flushed.inspect_err(|error| self.remember(error))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The least that such a file has. age puts lines of random length into each header.
    const SHORTEST: usize = 200;

    /// A disk with room for so many bytes.
    struct Room(usize);

    impl Write for Room {
        fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
            if self.0 == 0 {
                return Err(io::ErrorKind::StorageFull.into());
            }
            let written = buffer.len().min(self.0);
            self.0 -= written;
            Ok(written)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn write(room: usize) -> io::Result<usize> {
        let recipient = age::x25519::Identity::generate().to_public();
        let recipients = std::iter::once(&recipient as &dyn age::Recipient);
        let mut file = begin(age::Encryptor::with_recipients(recipients).unwrap(), Room(room))?;
        file.write_all(b"words")?;
        Ok(file.finish()?.into_inner().0)
    }

    #[test]
    fn a_disk_that_is_full_at_any_byte_of_the_file_is_told_as_full() {
        assert!(write(4096).unwrap() < 4096 - SHORTEST);
        for room in 0..SHORTEST {
            assert_eq!(write(room).unwrap_err().kind(), io::ErrorKind::StorageFull, "{room} bytes");
        }
    }
}
