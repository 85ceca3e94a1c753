//! The tables that scans are decoded with, and which of them a scan really uses.
//!
//! A table that no scan uses is as good a hiding place as a comment: four quantisation tables and
//! eight Huffman tables may be defined again and again. So each definition is kept apart and
//! passes only if a scan used it (ITU-T T.81, B.2.4).

use super::super::{MediaError, Result};
use super::frame::{Component, Frame, Scan};

/// The markers that define tables.
pub(super) mod marker {
    pub(in super::super) const DHT: u8 = 0xC4;
    pub(in super::super) const DQT: u8 = 0xDB;
    pub(in super::super) const DRI: u8 = 0xDD;
}

/// No honest file defines more tables than this: a progressive one has some twenty.
const DEFINITIONS_MAX: usize = 1024;

/// How many different slots definitions can go to: see [`Slot::index`].
const SLOTS: usize = 4 + 2 * 4 + 1;

/// What a definition is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Slot {
    Quantisation(u8),
    /// Class (0 is DC, 1 is AC) and number.
    Huffman(u8, u8),
    RestartInterval,
}

impl Slot {
    fn index(self) -> usize {
        match self {
            Self::Quantisation(id) => usize::from(id),
            Self::Huffman(class, id) => 4 + usize::from(class * 4 + id),
            Self::RestartInterval => 12,
        }
    }
}

struct Definition {
    bytes: Vec<u8>,
    used: bool,
}

/// All tables that a file defines, in order.
pub(super) struct Tables {
    definitions: Vec<Definition>,
    /// Which definition each slot holds now.
    current: [Option<usize>; SLOTS],
}

/// The definitions of one segment.
pub(super) struct Group {
    marker: u8,
    definitions: std::ops::Range<usize>,
}

impl Tables {
    pub(super) fn new() -> Self {
        Self { definitions: Vec::new(), current: [None; SLOTS] }
    }

    /// Reads a segment that defines tables.
    pub(super) fn define(&mut self, marker: u8, mut payload: &[u8]) -> Result<Group> {
        let first = self.definitions.len();
        // Also an empty segment counts, so that their number is bounded.
        while !payload.is_empty() || self.definitions.len() == first {
            let (slot, len) = definition(marker, payload).ok_or(MediaError::Malformed)?;
            let (bytes, rest) = payload.split_at_checked(len).ok_or(MediaError::Malformed)?;
            payload = rest;
            if self.definitions.len() == DEFINITIONS_MAX {
                return Err(MediaError::TooComplex);
            }
            self.current[slot.index()] = Some(self.definitions.len());
            self.definitions.push(Definition { bytes: bytes.to_vec(), used: false });
        }
        Ok(Group { marker, definitions: first..self.definitions.len() })
    }

    /// Marks what `scan` decodes with.
    pub(super) fn mark(&mut self, frame: &Frame, scan: &Scan) {
        self.mark_slot(Slot::RestartInterval);
        for part in &scan.components {
            let Component { quantisation, started, .. } = frame.components[part.component];
            // A decoder takes a component's quantisation when the component first comes.
            if !started {
                self.mark_slot(Slot::Quantisation(quantisation));
            }
            if scan.has_dc(frame) {
                self.mark_slot(Slot::Huffman(0, part.dc_table));
            }
            if scan.has_ac(frame) {
                self.mark_slot(Slot::Huffman(1, part.ac_table));
            }
        }
    }

    fn mark_slot(&mut self, slot: Slot) {
        if let Some(at) = self.current[slot.index()] {
            self.definitions[at].used = true;
        }
    }

    /// The bytes of the table that `slot` holds now.
    pub(super) fn current(&self, slot: Slot) -> Option<&[u8]> {
        Some(&self.definitions[self.current[slot.index()]?].bytes)
    }

    /// How many units stand between two restart markers; 0 if there are none.
    pub(super) fn restart_interval(&self) -> u64 {
        match self.current(Slot::RestartInterval) {
            Some(&[high, low]) => u64::from(u16::from_be_bytes([high, low])),
            _ => 0,
        }
    }

    /// The segment of `group` again with what was used of it, and how many bytes were not.
    pub(super) fn rebuild(&self, group: &Group) -> (Vec<u8>, u64) {
        let definitions = &self.definitions[group.definitions.clone()];
        let payload: Vec<u8> = definitions
            .iter()
            .filter(|definition| definition.used)
            .flat_map(|definition| definition.bytes.iter().copied())
            .collect();
        let unused = definitions.iter().filter(|definition| !definition.used);
        let unused = unused.map(|definition| definition.bytes.len() as u64).sum();
        if payload.is_empty() {
            return (payload, unused);
        }
        (super::segment(group.marker, &payload), unused)
    }
}

/// What the first definition in `payload` is for, and how long it is.
fn definition(marker: u8, payload: &[u8]) -> Option<(Slot, usize)> {
    let first = *payload.first()?;
    let (class, id) = (first >> 4, first & 0x0F);
    match marker {
        marker::DQT if class <= 1 && id <= 3 => {
            Some((Slot::Quantisation(id), 1 + 64 * (1 + usize::from(class))))
        }
        marker::DHT if class <= 1 && id <= 3 => {
            let symbols: usize = payload.get(1..17)?.iter().map(|&count| usize::from(count)).sum();
            (symbols <= 256).then_some((Slot::Huffman(class, id), 17 + symbols))
        }
        marker::DRI if payload.len() == 2 => Some((Slot::RestartInterval, 2)),
        _ => None,
    }
}
