//! Files and streams that an app hands over, to be read or written once from start to end.

use std::fs::File;
use std::io::{self, Cursor, Read};

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
    pub(crate) fn open(self) -> ApiResult<File> {
        let opened = match self {
            Self::Path { path } => File::create(path),
            Self::Descriptor { fd } => fd::take(fd).ok_or(io::ErrorKind::NotFound.into()),
        };
        Ok(opened.map_err(Error::from)?)
    }
}
