//! Proof that the chunks with pixels hold pixels and nothing else.
//!
//! The data of consecutive `IDAT` (or `fdAT`) chunks is one zlib stream. Bytes can hide behind its
//! end, inside the last chunk or in chunks of their own, and inside it as rows that no decoder
//! shows. So the stream is inflated once, into a ring that keeps nothing, to learn where it ends
//! and how many bytes come out. What lies behind its end is left out. A stream with too many rows
//! is compressed anew without them: the pixels stay the same.

use std::ops::Range;

use miniz_oxide::deflate::core as deflate;
use miniz_oxide::inflate::TINFLStatus;
use miniz_oxide::inflate::core::{self as inflate, DecompressorOxide, inflate_flags};

use super::chunk::{self, Chunk, Chunks};
use super::palette::Rows;
use crate::media::assembly::Assembly;
use crate::media::{MediaError, RemovedKind, Result};

/// Consecutive chunks that hold the pixels of one frame.
pub(super) struct Run {
    first: Chunk,
    range: Range<u64>,
    end: End,
    /// The number that the first `fdAT` should have; none for `IDAT`.
    sequence: Option<u32>,
    /// The number behind the last one.
    next_sequence: Option<u32>,
    in_sequence: bool,
    /// How many bytes the rows of the frame make.
    wanted: u64,
}

/// How the stream of a run ends.
enum End {
    /// Not yet.
    Open,
    /// With the last byte of the run.
    Whole,
    /// Behind so many bytes of pixels in this chunk; others may follow.
    Inside(Chunk, u64),
    /// Not with the last row.
    Overlong,
}

impl Run {
    /// Reads the run that begins with `first`, whose rows make `wanted` bytes, and shows them to
    /// `rows`.
    pub(super) fn read(
        chunks: &mut Chunks<'_>,
        first: Chunk,
        wanted: u64,
        sequence: Option<u32>,
        mut rows: Option<Rows<'_>>,
    ) -> Result<Self> {
        let mut run = Self {
            first,
            range: first.whole(),
            end: End::Open,
            sequence,
            next_sequence: sequence,
            in_sequence: true,
            wanted,
        };
        let mut stream = Stream::new(wanted);
        let mut next = Some(first);
        while let Some(chunk) = next {
            if chunk.kind != first.kind {
                chunks.go_to(chunk.start);
                break;
            }
            run.range.end = chunk.whole().end;
            match run.end {
                End::Open => run.end = run.feed(chunks, chunk, &mut stream, &mut rows)?,
                End::Whole => run.end = End::Inside(chunk, 0),
                End::Inside(..) | End::Overlong => {}
            }
            next = chunks.next()?;
        }
        // A stream without its last bytes is whole enough if every row is there.
        if matches!(run.end, End::Open) && stream.count < wanted {
            return Err(MediaError::Malformed);
        }
        Ok(run)
    }

    /// Inflates one chunk and says how the run ends if it ends with this chunk.
    fn feed(
        &mut self,
        chunks: &mut Chunks<'_>,
        chunk: Chunk,
        stream: &mut Stream,
        rows: &mut Option<Rows<'_>>,
    ) -> Result<End> {
        let mut crc = crc32fast::Hasher::new();
        crc.update(&chunk.kind);
        if let Some(number) = &mut self.next_sequence {
            let found = sequence_of(chunks, chunk)?;
            crc.update(&found.to_be_bytes());
            self.in_sequence &= found == *number;
            *number = number.wrapping_add(1);
        }
        let mut data = payload(chunk, self.sequence);
        let mut left = data.end - data.start;
        while !data.is_empty() {
            let bytes = chunks.window.some(data.clone())?;
            crc.update(bytes);
            let show = |shown: &[u8]| {
                if let Some(rows) = rows {
                    rows.feed(shown);
                }
                Ok(())
            };
            left -= stream.inflate(bytes, show)? as u64;
            data.start += bytes.len() as u64;
        }
        if crc.finalize().to_be_bytes() != chunks.stored_crc(chunk)? {
            return Err(MediaError::Malformed);
        }
        let data = payload(chunk, self.sequence);
        Ok(match (stream.is_overlong(), stream.done) {
            (true, _) => End::Overlong,
            (false, false) => End::Open,
            (false, true) if left == 0 => End::Whole,
            (false, true) => End::Inside(chunk, data.end - data.start - left),
        })
    }

    /// Adds the clean run to `out` and gives the number that the animation goes on with.
    pub(super) fn write(&self, chunks: &mut Chunks<'_>, out: &mut Assembly) -> Result<Option<u32>> {
        let resume = chunks.rest().start;
        let next = match self.end {
            End::Overlong => self.repack(chunks, out)?,
            End::Inside(chunk, used) => self.write_until(chunks, out, chunk, used)?,
            End::Whole | End::Open if self.in_sequence => {
                out.manifest.broken |= matches!(self.end, End::Open);
                out.copy(self.range.clone());
                self.next_sequence
            }
            End::Whole | End::Open => {
                out.manifest.broken = true;
                self.write_chunks(chunks, out, self.range.end)?
            }
        };
        chunks.go_to(resume);
        Ok(next)
    }

    /// Adds the run up to so many bytes of pixels in the chunk `last`.
    fn write_until(
        &self,
        chunks: &mut Chunks<'_>,
        out: &mut Assembly,
        last: Chunk,
        used: u64,
    ) -> Result<Option<u32>> {
        let next = self.write_chunks(chunks, out, last.start)?;
        let data = payload(last, self.sequence);
        let kept = data.start..data.start + used;
        out.remove(RemovedKind::HiddenBytes, kept.end..self.range.end);
        out.manifest.broken = true;
        if kept.is_empty() {
            return Ok(next);
        }
        write_chunk(chunks, out, last, kept, next)?;
        Ok(next.map(|number| number.wrapping_add(1)))
    }

    /// Adds the chunks of the run that begin before `end`.
    fn write_chunks(
        &self,
        chunks: &mut Chunks<'_>,
        out: &mut Assembly,
        end: u64,
    ) -> Result<Option<u32>> {
        if self.sequence.is_none() {
            out.copy(self.first.start..end);
            return Ok(None);
        }
        let mut number = self.sequence;
        chunks.go_to(self.first.start);
        while chunks.rest().start < end {
            let chunk = chunks.next()?.ok_or(MediaError::Malformed)?;
            write_chunk(chunks, out, chunk, payload(chunk, number), number)?;
            number = number.map(|number| number.wrapping_add(1));
        }
        Ok(number)
    }

    /// Compresses the rows that the frame has, and nothing behind them.
    fn repack(&self, chunks: &mut Chunks<'_>, out: &mut Assembly) -> Result<Option<u32>> {
        if self.wanted > MAX_REPACKABLE {
            return Err(MediaError::TooComplex);
        }
        let mut data = Vec::new();
        if let Some(number) = self.sequence {
            data.extend_from_slice(&number.to_be_bytes());
        }
        let mut packer = Packer::new(data, self.wanted);
        let mut stream = Stream::new(self.wanted);
        chunks.go_to(self.first.start);
        while !packer.is_done() {
            let chunk = chunks.next()?.ok_or(MediaError::Malformed)?;
            let mut data = payload(chunk, self.sequence);
            while !data.is_empty() && !packer.is_done() {
                let bytes = chunks.window.some(data.clone())?;
                data.start += bytes.len() as u64;
                stream.inflate(bytes, |rows| packer.feed(rows))?;
            }
        }
        let bytes = chunk::chunk(self.first.kind, &packer.data);
        let less = (self.range.end - self.range.start).saturating_sub(bytes.len() as u64);
        out.manifest.remove(RemovedKind::HiddenBytes, less.max(1));
        out.manifest.broken = true;
        out.put(&bytes);
        Ok(self.sequence.map(|number| number.wrapping_add(1)))
    }
}

/// Adds `chunk` with no more than the pixels at `kept`, under the number it should have.
fn write_chunk(
    chunks: &mut Chunks<'_>,
    out: &mut Assembly,
    chunk: Chunk,
    kept: Range<u64>,
    number: Option<u32>,
) -> Result<()> {
    let in_sequence = match number {
        Some(number) => sequence_of(chunks, chunk)? == number,
        None => true,
    };
    if in_sequence && kept.end == chunk.data().end {
        out.copy(chunk.whole());
        return Ok(());
    }
    let len = kept.end - kept.start + number.map_or(0, |_| SEQUENCE_LEN);
    // No longer than the chunk was.
    out.put(&(len as u32).to_be_bytes());
    out.put(&chunk.kind);
    if let Some(number) = number {
        out.put(&number.to_be_bytes());
    }
    out.copy(kept.clone());
    out.put(&chunks.crc(chunk, kept, number)?);
    Ok(())
}

/// The part of the zlib stream in `chunk`.
fn payload(chunk: Chunk, sequence: Option<u32>) -> Range<u64> {
    let data = chunk.data();
    data.start + sequence.map_or(0, |_| SEQUENCE_LEN)..data.end
}

/// The number that an `fdAT` starts with.
fn sequence_of(chunks: &mut Chunks<'_>, chunk: Chunk) -> Result<u32> {
    if u64::from(chunk.len) < SEQUENCE_LEN {
        return Err(MediaError::Malformed);
    }
    Ok(u32::from_be_bytes(chunks.window.array(chunk.data().start)?))
}

/// A zlib stream that is inflated and forgotten.
struct Stream {
    inflate: Box<DecompressorOxide>,
    ring: Vec<u8>,
    at: usize,
    count: u64,
    wanted: u64,
    done: bool,
}

impl Stream {
    fn new(wanted: u64) -> Self {
        Self {
            inflate: Box::default(),
            ring: vec![0; RING_LEN],
            at: 0,
            count: 0,
            wanted,
            done: false,
        }
    }

    /// Whether more came out than the rows make.
    fn is_overlong(&self) -> bool {
        self.count > self.wanted
    }

    /// Takes the next bytes and shows what comes out, until the stream is done or overlong; gives
    /// how many of them belong to the stream.
    fn inflate(
        &mut self,
        bytes: &[u8],
        mut show: impl FnMut(&[u8]) -> Result<()>,
    ) -> Result<usize> {
        const FLAGS: u32 =
            inflate_flags::TINFL_FLAG_PARSE_ZLIB_HEADER | inflate_flags::TINFL_FLAG_HAS_MORE_INPUT;
        let mut used = 0;
        while !self.done && !self.is_overlong() {
            let (status, read, written) = inflate::decompress(
                &mut self.inflate,
                &bytes[used..],
                &mut self.ring,
                self.at,
                FLAGS,
            );
            used += read;
            self.count += written as u64;
            show(&self.ring[self.at..self.at + written])?;
            self.at = (self.at + written) % RING_LEN;
            match status {
                TINFLStatus::Done => self.done = true,
                TINFLStatus::HasMoreOutput => {}
                TINFLStatus::NeedsMoreInput => break,
                _ => return Err(MediaError::Malformed),
            }
        }
        Ok(used)
    }
}

/// Compresses rows until there are enough.
struct Packer {
    deflate: Box<deflate::CompressorOxide>,
    data: Vec<u8>,
    left: u64,
}

impl Packer {
    fn new(data: Vec<u8>, wanted: u64) -> Self {
        let flags = deflate::create_comp_flags_from_zip_params(REPACK_LEVEL, ZLIB_WINDOW_BITS, 0);
        Self { deflate: Box::new(deflate::CompressorOxide::new(flags)), data, left: wanted }
    }

    fn is_done(&self) -> bool {
        self.left == 0
    }

    fn feed(&mut self, rows: &[u8]) -> Result<()> {
        if self.is_done() {
            return Ok(());
        }
        let count = rows.len().min(usize::try_from(self.left).unwrap_or(usize::MAX));
        self.left -= count as u64;
        let flush =
            if self.is_done() { deflate::TDEFLFlush::Finish } else { deflate::TDEFLFlush::None };
        let data = &mut self.data;
        deflate::compress_to_output(&mut self.deflate, &rows[..count], flush, |packed| {
            data.extend_from_slice(packed);
            data.len() <= MAX_REPACKED
        });
        if self.data.len() > MAX_REPACKED { Err(MediaError::TooComplex) } else { Ok(()) }
    }
}

/// The length of the number in front of the pixels in `fdAT`.
const SEQUENCE_LEN: u64 = 4;

/// The ring must hold the 32 KiB that a zlib stream refers back to; twice that is quick.
const RING_LEN: usize = 64 << 10;

/// Hidden rows are taken out only of a picture that is quickly packed again: 22 million pixels of
/// three bytes.
const MAX_REPACKABLE: u64 = 64 << 20;

/// A picture with hidden rows is refused if its other rows can't be held in memory.
const MAX_REPACKED: usize = 24 << 20;

/// Quick rather than small.
const REPACK_LEVEL: i32 = 1;
const ZLIB_WINDOW_BITS: i32 = 15;

const _: () = assert!(RING_LEN.is_power_of_two(), "the inflater wraps by a mask");
