//! The tables of samples and chunks, held to as many samples and chunks as there are.
//!
//! A table says itself how many entries it has, and players read no further than the samples go. So
//! what stands behind that is read by nobody: it becomes zero, and the table's count is corrected.

use super::super::{MediaError, RemovedKind, Result};
use super::boxes::{FourCc, Node, array_at, u32_at, version};
use super::canvas::Canvas;
use super::leaf;

/// How many samples and chunks a track or a fragment has.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Counts {
    pub(super) samples: u64,
    pub(super) chunks: u64,
    /// How many sample descriptions the track has.
    pub(super) descriptions: u32,
}

/// Most descriptions of groups of one type. Encoders write one to three.
pub(super) const MAX_GROUPS: u32 = 16;

/// Where the count of a table stands, how long its entries are, and how many of them are used.
struct Table {
    at: usize,
    entry: usize,
    count: usize,
    used: usize,
}

/// Draws a box of `stbl` or `traf` if it is such a table; `false` if it is another one.
pub(super) fn draw(node: &Node<'_>, counts: Counts, canvas: &mut Canvas) -> Result<bool> {
    let body = node.body;
    let table = match &node.kind {
        b"sdtp" if has_reserved(body, counts) => {
            leaf::drop_box(node, RemovedKind::Other, canvas)?;
            return Ok(true);
        }
        b"sdtp" => {
            let len = usize::try_from(counts.samples).unwrap_or(usize::MAX).saturating_add(4);
            leaf::keep_first(node, len.min(body.len()), canvas);
            return Ok(true);
        }
        b"stts" | b"ctts" => Table::runs(body, 4, counts)?,
        b"stss" | b"stps" => Table::numbers(body, counts)?,
        b"stsc" => Table::chunk_runs(body, counts)?,
        b"stsz" if u32_at(body, 4)? == 0 => Table::first(body, 8, 4, counts.samples)?,
        b"stz2" => {
            draw_small_sizes(node, counts, canvas)?;
            return Ok(true);
        }
        b"stco" => Table::first(body, 4, 4, counts.chunks)?,
        b"co64" => Table::first(body, 4, 8, counts.chunks)?,
        b"sbgp" => {
            let wide = version(body)? != 0;
            let table = Table::runs(body, if wide { 12 } else { 8 }, counts)?;
            if !leaf::is_group(body)? || !table.entries(body).all(is_group_index) {
                leaf::drop_box(node, RemovedKind::Other, canvas)?;
                return Ok(true);
            }
            if wide && u32_at(body, 8)? != 0 {
                canvas.manifest.remove(RemovedKind::Other, 4);
                canvas.blank(node.body_at() + 8..node.body_at() + 12);
            }
            table
        }
        _ => return Ok(false),
    };
    table.draw(node, canvas);
    if let b"stts" | b"ctts" | b"sbgp" = &node.kind {
        blank_idle(node, &table, canvas);
    }
    if node.kind == *b"stsc" {
        correct_runs(node, &table, counts, canvas);
    }
    Ok(true)
}

impl Table {
    /// A table of which the first `most` entries are used.
    fn first(body: &[u8], at: usize, entry: usize, most: u64) -> Result<Self> {
        let count = u32_at(body, at)? as usize;
        let len = entry.checked_mul(count).and_then(|len| len.checked_add(at + 4));
        if len.is_none_or(|len| len > body.len()) {
            return Err(MediaError::Malformed);
        }
        let used = usize::try_from(most).unwrap_or(usize::MAX).min(count);
        Ok(Self { at, entry, count, used })
    }

    /// Entries of eight bytes, each of which begins with the number of samples that it is about.
    fn runs(body: &[u8], at: usize, counts: Counts) -> Result<Self> {
        let mut table = Self::first(body, at, 8, u64::MAX)?;
        let mut samples = 0;
        let mut before = |entry: &[u8]| {
            let is_used = samples < counts.samples;
            samples += u64::from(number(entry));
            is_used
        };
        table.used = table.entries(body).take_while(|entry| before(entry)).count();
        Ok(table)
    }

    /// Entries that are numbers of samples.
    fn numbers(body: &[u8], counts: Counts) -> Result<Self> {
        let mut table = Self::first(body, 4, 4, counts.samples)?;
        let is_sample = |entry: &&[u8]| u64::from(number(entry)) <= counts.samples;
        table.used = table.entries(body).take_while(is_sample).count();
        Ok(table)
    }

    /// Entries of twelve bytes, each of which begins with the number of a chunk.
    fn chunk_runs(body: &[u8], counts: Counts) -> Result<Self> {
        let mut table = Self::first(body, 4, 12, u64::MAX)?;
        let mut before = 0;
        let is_used = |entry: &&[u8]| {
            let chunk = number(entry);
            // Whatever the first run says, it begins with the first chunk.
            let is_there = if before == 0 { 1 } else { chunk.into() } <= counts.chunks;
            let ascends = chunk > before;
            before = chunk;
            ascends && is_there
        };
        table.used = table.entries(body).take_while(is_used).count();
        Ok(table)
    }

    /// The used entries.
    fn entries<'a>(&self, body: &'a [u8]) -> std::slice::ChunksExact<'a, u8> {
        let start = self.at + 4;
        body[start..start + self.used * self.entry].chunks_exact(self.entry)
    }

    fn draw(&self, node: &Node<'_>, canvas: &mut Canvas) {
        leaf::keep_first(node, self.at + 4 + self.used * self.entry, canvas);
        if self.used < self.count {
            let used = (self.used as u32).to_be_bytes();
            canvas.put(node.body_at() + self.at as u64, used.to_vec());
        }
    }
}

/// Whether what each sample depends on, a byte for each of four numbers of two bits, is something
/// that no sample says. All but the first number have a reserved value.
fn has_reserved(sdtp: &[u8], counts: Counts) -> bool {
    let count = usize::try_from(counts.samples).unwrap_or(usize::MAX);
    let samples = sdtp.get(4..).unwrap_or_default().iter().take(count);
    samples.into_iter().any(|byte| [0, 2, 4].iter().any(|at| byte >> at & 3 == 3))
}

/// Draws sizes of four, eight or sixteen bits each.
fn draw_small_sizes(node: &Node<'_>, counts: Counts, canvas: &mut Canvas) -> Result<()> {
    let body = node.body;
    let bits = u64::from(u32_at(body, 4)? & 0xFF);
    let count = u32_at(body, 8)?;
    let used = u64::from(count).min(counts.samples);
    let len = 12 + (used * bits).div_ceil(8);
    let len = usize::try_from(len).ok().filter(|&len| len <= body.len());
    leaf::keep_first(node, len.ok_or(MediaError::Malformed)?, canvas);
    if used < u64::from(count) {
        canvas.put(node.body_at() + 8, (used as u32).to_be_bytes().to_vec());
    }
    Ok(())
}

/// The first number of an entry.
fn number(entry: &[u8]) -> u32 {
    entry.first_chunk().map_or(0, |number| u32::from_be_bytes(*number))
}

/// Whether an entry names a group: one of the track, or one of this fragment.
fn is_group_index(entry: &[u8]) -> bool {
    let index = number(&entry[4..]);
    index <= MAX_GROUPS || (0x1_0000..=0x1_0000 + MAX_GROUPS).contains(&index)
}

/// Zeroes what entries say that are about no sample.
fn blank_idle(node: &Node<'_>, table: &Table, canvas: &mut Canvas) {
    let start = node.body_at() + table.at as u64 + 4;
    for (index, entry) in table.entries(node.body).enumerate() {
        if number(entry) == 0 && number(&entry[4..]) != 0 {
            let at = start + index as u64 * 8 + 4;
            canvas.manifest.remove(RemovedKind::Other, 4);
            canvas.blank(at..at + 4);
        }
    }
}

/// Makes the first run begin with the first chunk, and runs that name a description that is not
/// there name the first one, as players do.
fn correct_runs(node: &Node<'_>, table: &Table, counts: Counts, canvas: &mut Canvas) {
    let start = node.body_at() + table.at as u64 + 4;
    let mut correct = |at: u64| {
        canvas.manifest.remove(RemovedKind::Other, 4);
        canvas.put(start + at, 1_u32.to_be_bytes().to_vec());
    };
    for (index, entry) in table.entries(node.body).enumerate() {
        if index == 0 && number(entry) != 1 {
            correct(0);
        }
        if !(1..=counts.descriptions).contains(&number(&entry[8..])) {
            correct(index as u64 * 12 + 8);
        }
    }
}

/// What distinguishes boxes of one kind that may stand beside each other in one parent.
pub(super) fn key(node: &Node<'_>) -> (FourCc, [u8; 4]) {
    let at = match &node.kind {
        // The type of a group, the number of a track.
        b"sgpd" | b"sbgp" | b"trex" => 4,
        _ => return (node.kind, [0; 4]),
    };
    (node.kind, array_at(node.body, at).unwrap_or_default())
}
