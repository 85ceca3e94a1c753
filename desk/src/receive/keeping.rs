//! The folder of uploads, keeping what arrived of a write that was cut.
//!
//! tus-protocol's own file storage takes a PATCH whole or not at all: after a cut it truncates back
//! to where the PATCH began, and on a bad network a large PATCH would begin anew for ever. Here a
//! cut ends the write and what arrived stays; the phone asks for the offset and goes on there. That
//! is safe because a part is sealed and hashed: a wrong byte can't pass `collect`. A PATCH with a
//! checksum asks for all or nothing, and gets it.

use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use futures_util::{StreamExt, stream};
use tus_protocol::storage::file::FileStorage;
use tus_protocol::{
    AppendRequest, ByteStream, ChunkStream, ConcatRequest, Error, Result, Storage, StorageHandle,
};

tokio::task_local! {
    /// Whether the request at hand is to be stored whole or not at all.
    pub(super) static WHOLE: bool;
}

/// A file storage that keeps what arrived before a cut.
#[derive(Debug)]
pub(super) struct Keeping {
    files: FileStorage,
}

impl Keeping {
    pub(super) fn new(files: FileStorage) -> Self {
        Self { files }
    }
}

#[async_trait]
impl Storage for Keeping {
    fn name(&self) -> &'static str {
        "keeping"
    }

    async fn create(&self, upload_id: &str) -> Result<StorageHandle> {
        self.files.create(upload_id).await
    }

    async fn append(&self, request: AppendRequest) -> Result<StorageHandle> {
        let whole = WHOLE.try_with(|whole| *whole).unwrap_or(true);
        let (AppendRequest { handle, expected_offset, data, completes_upload, .. }, cut) =
            (request, Cut::default());
        let data = match data {
            ChunkStream::Stream(bytes) if !whole => ChunkStream::Stream(cut.end(bytes)),
            other => other,
        };
        let append = AppendRequest::new(handle, expected_offset, data, completes_upload);
        let handle = self.files.append(append).await?;
        // The offset on record is now behind the file; the next request takes the file's.
        cut.take().map_or(Ok(handle), |error| Err(Error::Io(error)))
    }

    async fn concat(&self, request: ConcatRequest) -> Result<StorageHandle> {
        self.files.concat(request).await
    }

    async fn delete(&self, handle: &StorageHandle) -> Result<()> {
        self.files.delete(handle).await
    }

    async fn size(&self, handle: &StorageHandle) -> Result<Option<u64>> {
        self.files.size(handle).await
    }
}

/// Remembers the error that ended a stream.
#[derive(Clone, Default)]
struct Cut(Arc<Mutex<Option<io::Error>>>);

impl Cut {
    /// The same bytes, but a cut is their end. What the protocol refuses (`InvalidData`: too long,
    /// too short) stays an error, and what came with it is undone.
    fn end(&self, bytes: ByteStream) -> ByteStream {
        let cut = self.clone();
        Box::pin(stream::unfold(bytes, move |mut bytes| {
            let cut = cut.clone();
            async move {
                match bytes.next().await? {
                    Err(error) if error.kind() != io::ErrorKind::InvalidData => {
                        *cut.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
                        None
                    }
                    chunk => Some((chunk, bytes)),
                }
            }
        }))
    }

    fn take(&self) -> Option<io::Error> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    fn ends_with(kind: io::ErrorKind) -> ChunkStream {
        let chunks = [Ok(Bytes::from_static(b"kept")), Err(io::Error::from(kind))];
        ChunkStream::from_stream(Box::pin(stream::iter(chunks)))
    }

    async fn size_after(kind: io::ErrorKind, whole: bool) -> Option<u64> {
        let folder = tempfile::tempdir().unwrap();
        let storage = Keeping::new(FileStorage::new_sync(folder.path()).unwrap());
        let handle = storage.create("one").await.unwrap();
        let request = AppendRequest::new(handle.clone(), 0, ends_with(kind), false);
        WHOLE.scope(whole, storage.append(request)).await.unwrap_err();
        storage.size(&handle).await.unwrap()
    }

    #[tokio::test]
    async fn what_arrived_before_a_cut_stays() {
        assert_eq!(size_after(io::ErrorKind::ConnectionReset, false).await, Some(4));
    }

    #[tokio::test]
    async fn a_write_with_a_checksum_is_whole_or_nothing() {
        assert_eq!(size_after(io::ErrorKind::ConnectionReset, true).await, Some(0));
    }

    #[tokio::test]
    async fn what_the_protocol_refuses_is_undone() {
        assert_eq!(size_after(io::ErrorKind::InvalidData, false).await, Some(0));
    }
}
