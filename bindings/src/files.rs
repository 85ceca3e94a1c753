//! Files and streams that an app hands over, to be read or written once from start to end.

use std::fs::File;
use std::io::{self, Cursor, Read, Write};

use homeward_core::{Error, Refusal};

use crate::error::ApiResult;
use crate::fd;
use crate::hide::hides_value;

/// Where bytes come from. Need not be seekable.
#[derive(Clone, PartialEq, Eq, uniffi::Enum)]
#[uniffi::export(Debug)]
pub enum ByteSource {
    /// A file on this device that the app can open.
    Path {
        /// The file's path.
        path: String,
    },
    /// An open file or stream. It belongs to the call from then on and is closed by it, also when
    /// the call fails; use the number for nothing else.
    Descriptor {
        /// The descriptor's number.
        fd: i32,
    },
    /// Bytes in memory. Only for what is small.
    Bytes {
        /// The bytes.
        bytes: Vec<u8>,
    },
}

/// Where bytes go.
#[derive(Clone, PartialEq, Eq, uniffi::Enum)]
#[uniffi::export(Debug)]
pub enum ByteTarget {
    /// A file, made anew.
    Path {
        /// The file's path.
        path: String,
    },
    /// A file that is open for writing, handed over as in `ByteSource`.
    Descriptor {
        /// The descriptor's number.
        fd: i32,
    },
}

hides_value!(ByteSource, ByteTarget);

/// Closes a descriptor that was to be handed over by a call that could not be made: the object that
/// it was for is gone.
#[uniffi::export]
pub fn close_descriptor(fd: i32) {
    drop(fd::take(fd));
}

impl ByteSource {
    pub(crate) fn open(self) -> ApiResult<Box<dyn Read>> {
        Ok(match self {
            Self::Path { path } => {
                Box::new(File::open(path).map_err(|_| Refusal::MediaUnreadable)?)
            }
            Self::Descriptor { fd } => Box::new(fd::take(fd).ok_or(Refusal::MediaUnreadable)?),
            Self::Bytes { bytes } => Box::new(Cursor::new(bytes)),
        })
    }
}

impl ByteTarget {
    /// Takes over a descriptor. A path is only made a file once there is something to write: a call
    /// that is refused leaves what was there.
    pub(crate) fn open(self) -> ApiResult<Output> {
        Ok(match self {
            Self::Path { path } => Output::ToBe(path),
            Self::Descriptor { fd } => {
                let file = fd::take(fd).ok_or(io::Error::from(io::ErrorKind::NotFound));
                Output::Open(file.map_err(Error::from)?)
            }
        })
    }
}

/// A file to write to, made when the first byte comes.
pub(crate) enum Output {
    /// Nothing was written yet.
    ToBe(String),
    /// The file.
    Open(File),
}

impl Output {
    /// Waits until all that was written is on the disk.
    pub(crate) fn sync(&self) -> io::Result<()> {
        match self {
            Self::ToBe(_) => Ok(()),
            Self::Open(file) => file.sync_all(),
        }
    }
}

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if let Self::ToBe(path) = self {
            *self = Self::Open(File::create(path)?);
        }
        match self {
            Self::ToBe(_) => Err(io::ErrorKind::NotFound.into()),
            Self::Open(file) => file.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::ToBe(_) => Ok(()),
            Self::Open(file) => file.flush(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_only_made_when_there_is_something_to_write() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("earlier");
        std::fs::write(&path, b"earlier").unwrap();
        let target = || ByteTarget::Path { path: path.to_str().unwrap().to_owned() };
        drop(target().open().unwrap());
        assert_eq!(std::fs::read(&path).unwrap(), b"earlier", "a call that was refused");
        let mut output = target().open().unwrap();
        output.write_all(b"new").unwrap();
        output.write_all(b" bytes").unwrap();
        output.sync().unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"new bytes");
    }

    #[test]
    fn a_descriptor_that_nobody_takes_is_closed() {
        let (reader, writer) = io::pipe().unwrap();
        close_descriptor(std::os::fd::IntoRawFd::into_raw_fd(writer));
        assert_eq!(io::read_to_string(reader).unwrap(), "", "the pipe has ended");
        close_descriptor(-1);
    }

    #[test]
    fn a_path_that_takes_no_file_tells_so_at_the_first_byte() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("no folder/file").to_str().unwrap().to_owned();
        let error = ByteTarget::Path { path }.open().unwrap().write(b"bytes").unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::NotFound);
        assert!(ByteTarget::Descriptor { fd: -1 }.open().is_err());
    }
}
