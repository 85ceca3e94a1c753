//! The body of a PATCH: a piece of a file in small blocks, never more than one in memory.
//!
//! Small blocks let progress be shown and a cancel be obeyed while a slow link takes its time. The
//! reads block; they are short, and the runtime has a thread of its own.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use tokio::sync::Notify;

use crate::tus::Range;

/// What the body and the one who waits for the answer share.
#[derive(Debug, Default)]
pub(super) struct Meter {
    written: AtomicU64,
    unreadable: AtomicBool,
    moved: Notify,
}

impl Meter {
    /// How many bytes of the body were handed to the connection.
    pub(super) fn written(&self) -> u64 {
        self.written.load(Ordering::Relaxed)
    }

    /// Whether the request failed because the file did.
    pub(super) fn unreadable(&self) -> bool {
        self.unreadable.load(Ordering::Relaxed)
    }

    /// Returns when more was written.
    pub(super) async fn moved(&self) {
        self.moved.notified().await;
    }
}

/// A piece of a file as an HTTP body.
pub(super) struct FileBody {
    file: File,
    left: u64,
    meter: Arc<Meter>,
}

impl FileBody {
    /// Begins at `range` in `file`, which must be a handle that nobody else moves.
    pub(super) fn new(mut file: File, range: Range, meter: Arc<Meter>) -> io::Result<Self> {
        file.seek(SeekFrom::Start(range.offset))?;
        Ok(Self { file, left: range.bytes, meter })
    }

    fn read_block(&mut self) -> io::Result<Bytes> {
        let bytes = self.left.min(BLOCK as u64) as usize;
        let mut block = vec![0; bytes];
        self.file.read_exact(&mut block)?;
        Ok(block.into())
    }
}

impl Body for FileBody {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        if self.left == 0 {
            return Poll::Ready(None);
        }
        let block = self.read_block();
        match &block {
            Ok(block) => {
                self.left -= block.len() as u64;
                self.meter.written.fetch_add(block.len() as u64, Ordering::Relaxed);
            }
            Err(_) => self.meter.unreadable.store(true, Ordering::Relaxed),
        }
        self.meter.moved.notify_one();
        Poll::Ready(Some(block.map(Frame::data)))
    }

    fn is_end_stream(&self) -> bool {
        self.left == 0
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left)
    }
}

/// The block size: one TLS record holds at most this much.
const BLOCK: usize = 16 << 10;
