//! The folder of uploads, keeping what arrived of a write that was cut.
//!
//! tus-protocol's own file storage takes a PATCH whole or not at all: after a cut it truncates back
//! to where the PATCH began, and on a bad network a large PATCH would begin anew for ever. Here a
//! cut ends the write and what arrived stays; the phone asks for the offset and goes on there. That
//! is safe because a part is sealed and hashed: a wrong byte can't pass `collect`. A PATCH with a
//! checksum asks for all or nothing, and gets it.
//!
//! Here bytes meet the disk, so the room that is left is counted here, too.

use std::io;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use futures_util::{StreamExt, stream};
use tus_protocol::storage::file::FileStorage;
use tus_protocol::{
    AppendRequest, ByteStream, ChunkStream, ConcatRequest, Error, Result, Storage, StorageHandle,
};

use super::limits::{ENTRY, Room};

tokio::task_local! {
    /// On what terms the request at hand is stored.
    pub(super) static TERMS: Terms;
}

/// On what terms a request is stored.
#[derive(Clone, Debug, Default)]
pub(super) struct Terms {
    /// Whole or not at all.
    pub(super) whole: bool,
    /// With the room that is kept for small parts.
    pub(super) small: bool,
    /// Told back: there was no room, or no space on the disk.
    full: Arc<AtomicBool>,
}

impl Terms {
    pub(super) fn new(whole: bool, small: bool) -> Self {
        Self { whole, small, full: Arc::default() }
    }

    /// Whether it was for want of room that the request failed.
    pub(super) fn found_full(&self) -> bool {
        self.full.load(Ordering::Relaxed)
    }

    /// Those of the request at hand; the strictest outside of any.
    fn at_hand() -> Self {
        TERMS.try_with(Self::clone).unwrap_or_else(|_| Self::new(true, false))
    }

    fn note<T>(&self, done: Result<T>) -> Result<T> {
        if let Err(Error::Io(error)) = &done
            && error.kind() == io::ErrorKind::StorageFull
        {
            self.full.store(true, Ordering::Relaxed);
        }
        done
    }
}

/// A file storage that keeps what arrived before a cut, within the room that there is.
#[derive(Debug)]
pub(super) struct Keeping {
    files: FileStorage,
    room: Arc<Room>,
}

impl Keeping {
    pub(super) fn new(files: FileStorage, room: Arc<Room>) -> Self {
        Self { files, room }
    }

    /// The same bytes, each piece with room taken for it; `taken` counts them.
    fn within_room(&self, data: ChunkStream, small: bool, taken: &Arc<AtomicU64>) -> ByteStream {
        let pieces = match data {
            ChunkStream::Stream(pieces) => pieces,
            ChunkStream::Buffered(bytes) => Box::pin(stream::once(async { Ok(bytes) })),
        };
        let (room, taken) = (Arc::clone(&self.room), Arc::clone(taken));
        Box::pin(pieces.map(move |piece| {
            let piece = piece?;
            if !room.take(piece.len() as u64, small) {
                return Err(io::ErrorKind::StorageFull.into());
            }
            taken.fetch_add(piece.len() as u64, Ordering::Relaxed);
            Ok(piece)
        }))
    }
}

#[async_trait]
impl Storage for Keeping {
    fn name(&self) -> &'static str {
        "keeping"
    }

    async fn create(&self, upload_id: &str) -> Result<StorageHandle> {
        let terms = Terms::at_hand();
        if !self.room.take(ENTRY, terms.small) {
            return terms.note(Err(Error::Io(io::ErrorKind::StorageFull.into())));
        }
        let created = self.files.create(upload_id).await;
        if created.is_err() {
            self.room.release(ENTRY);
        }
        terms.note(created)
    }

    async fn append(&self, request: AppendRequest) -> Result<StorageHandle> {
        let (terms, taken) = (Terms::at_hand(), Arc::default());
        let (AppendRequest { handle, expected_offset, data, completes_upload, .. }, cut) =
            (request, Cut::default());
        let mut pieces = self.within_room(data, terms.small, &taken);
        if !terms.whole {
            pieces = cut.end(pieces);
        }
        let data = ChunkStream::Stream(pieces);
        let append = AppendRequest::new(handle.clone(), expected_offset, data, completes_upload);
        // The offset on record is behind the file after a cut; the next request takes the file's.
        let appended = self.files.append(append).await;
        let appended = match (appended, cut.take()) {
            (Ok(_), Some(error)) => Err(Error::Io(error)),
            (appended, _) => appended,
        };
        if appended.is_err() {
            let length = self.files.size(&handle).await.ok().flatten().unwrap_or(expected_offset);
            let kept = length.saturating_sub(expected_offset);
            self.room.release(taken.load(Ordering::Relaxed).saturating_sub(kept));
        }
        terms.note(appended)
    }

    async fn concat(&self, request: ConcatRequest) -> Result<StorageHandle> {
        self.files.concat(request).await
    }

    async fn delete(&self, handle: &StorageHandle) -> Result<()> {
        let length = self.files.size(handle).await?;
        self.files.delete(handle).await?;
        self.room.release(length.map_or(0, |length| length.saturating_add(ENTRY)));
        Ok(())
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
        let room = Arc::new(Room::new(2 * ENTRY, 0));
        let storage = Keeping::new(FileStorage::new_sync(folder.path()).unwrap(), room.clone());
        let handle = storage.create("one").await.unwrap();
        let request = AppendRequest::new(handle.clone(), 0, ends_with(kind), false);
        TERMS.scope(Terms::new(whole, true), storage.append(request)).await.unwrap_err();
        let size = storage.size(&handle).await.unwrap();
        let left = ENTRY - size.unwrap();
        assert!(!room.take(left + 1, true) && room.take(left, true), "room for what stayed only");
        room.release(left);
        storage.delete(&handle).await.unwrap();
        assert!(room.take(2 * ENTRY, true), "all room is given back");
        size
    }

    #[tokio::test]
    async fn what_arrived_before_a_cut_stays() {
        assert_eq!(size_after(io::ErrorKind::ConnectionReset, false).await, Some(4));
    }

    #[tokio::test]
    async fn bytes_for_which_there_is_no_room_are_a_cut() {
        let folder = tempfile::tempdir().unwrap();
        let room = Arc::new(Room::new(ENTRY + 6, 0));
        let storage = Keeping::new(FileStorage::new_sync(folder.path()).unwrap(), room);
        let terms = Terms::new(false, true);
        TERMS
            .scope(terms.clone(), async {
                let handle = storage.create("one").await.unwrap();
                let pieces = [b"four", b"more"].map(|piece| Ok(Bytes::from_static(piece)));
                let data = ChunkStream::from_stream(Box::pin(stream::iter(pieces)));
                let request = AppendRequest::new(handle.clone(), 0, data, true);
                storage.append(request).await.unwrap_err();
                assert_eq!(storage.size(&handle).await.unwrap(), Some(4));
            })
            .await;
        assert!(terms.found_full());
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
