//! The frame of a JPEG and its scans: which parts of the picture each scan brings.
//!
//! A scan that brings what was there already draws nothing and may hold anything, so each part
//! may come once (ITU-T T.81, B.2.2, B.2.3 and G.1.1.1.1).

use super::super::{MediaError, Result};

/// No camera takes larger pictures, and no phone could show them.
const POINTS_MAX: u64 = 1 << 29;

/// No honest encoder makes more scans; some twenty are usual. What a scan costs is bounded by the
/// picture's size, not by the scan's length, so their number must be.
const SCANS_MAX: u32 = 100;

/// A frame header and what came of its picture so far.
#[derive(Clone, Debug)]
pub(super) struct Frame {
    pub(super) progressive: bool,
    width: u32,
    height: u32,
    pub(super) components: Vec<Component>,
    scans: u32,
}

/// One colour of the picture.
#[derive(Clone, Debug)]
pub(super) struct Component {
    id: u8,
    /// How many blocks stand side by side and on top of each other in a unit of all components.
    pub(super) across: u32,
    pub(super) down: u32,
    pub(super) quantisation: u8,
    /// Whether a scan brought any of it.
    pub(super) started: bool,
    /// The lowest bit of each coefficient that came; none before the first.
    bits: [Option<u8>; 64],
}

/// A scan header.
#[derive(Clone, Debug)]
pub(super) struct Scan {
    pub(super) components: Vec<ScanComponent>,
    pub(super) first: u8,
    pub(super) last: u8,
    /// Which bit came last before this scan (0: none), and which comes last in it.
    pub(super) high: u8,
    pub(super) low: u8,
}

/// A component in a scan.
#[derive(Clone, Copy, Debug)]
pub(super) struct ScanComponent {
    /// Its index in the frame.
    pub(super) component: usize,
    pub(super) dc_table: u8,
    pub(super) ac_table: u8,
}

impl Frame {
    /// Reads a frame header. Lossless, hierarchical and arithmetically coded frames, and such of 12
    /// bits, are nothing that phones make or browsers draw.
    pub(super) fn read(marker: u8, payload: &[u8]) -> Result<Self> {
        let progressive = match marker {
            0xC0 | 0xC1 => false,
            0xC2 => true,
            _ => return Err(MediaError::Unsupported),
        };
        let [bits, height1, height0, width1, width0, count @ 1..=4, rest @ ..] = payload else {
            return Err(MediaError::Malformed);
        };
        if *bits != 8 {
            return Err(MediaError::Unsupported);
        }
        let height = u32::from(u16::from_be_bytes([*height1, *height0]));
        let width = u32::from(u16::from_be_bytes([*width1, *width0]));
        let (components, []) = rest.as_chunks::<3>() else { return Err(MediaError::Malformed) };
        let components: Vec<_> = components.iter().map(Component::read).collect::<Result<_>>()?;
        // The height comes in a DNL segment behind the first scan, which decoders do not read.
        if height == 0 {
            return Err(MediaError::Unsupported);
        }
        let ids_differ = (1..components.len())
            .all(|at| components[..at].iter().all(|before| before.id != components[at].id));
        if components.len() != usize::from(*count) || width == 0 || !ids_differ {
            return Err(MediaError::Malformed);
        }
        if u64::from(width) * u64::from(height) > POINTS_MAX {
            return Err(MediaError::TooComplex);
        }
        Ok(Self { progressive, width, height, components, scans: 0 })
    }

    /// Reads the header of a scan of this frame and notes what it brings.
    pub(super) fn scan(&self, payload: &[u8]) -> Result<Scan> {
        let Some((&count @ 1..=4, rest)) = payload.split_first() else {
            return Err(MediaError::Malformed);
        };
        let Some((parts, &[first, last, bits])) = rest.split_last_chunk() else {
            return Err(MediaError::Malformed);
        };
        let (parts, []) = parts.as_chunks::<2>() else { return Err(MediaError::Malformed) };
        if parts.len() != usize::from(count) {
            return Err(MediaError::Malformed);
        }
        let mut components = Vec::with_capacity(parts.len());
        for &[id, tables] in parts {
            let component = self.components.iter().position(|component| component.id == id);
            let component = component.ok_or(MediaError::Malformed)?;
            let (dc_table, ac_table) = (tables >> 4, tables & 0x0F);
            if dc_table > 3 || ac_table > 3 {
                return Err(MediaError::Malformed);
            }
            components.push(ScanComponent { component, dc_table, ac_table });
        }
        Ok(Scan { components, first, last, high: bits >> 4, low: bits & 0x0F })
    }

    /// Takes down what `scan` brings; an error if some of it was there already.
    pub(super) fn take(&mut self, scan: &Scan) -> Result<()> {
        self.scans += 1;
        if self.scans > SCANS_MAX {
            return Err(MediaError::TooComplex);
        }
        let (first, last) = if self.progressive {
            scan.check_progression()?;
            (usize::from(scan.first), usize::from(scan.last))
        } else {
            (0, 63)
        };
        for part in &scan.components {
            let component = &mut self.components[part.component];
            component.started = true;
            for bits in &mut component.bits[first..=last] {
                let expected =
                    if self.progressive && scan.high > 0 { Some(scan.high) } else { None };
                if *bits != expected {
                    return Err(MediaError::Malformed);
                }
                *bits = Some(if self.progressive { scan.low } else { 0 });
            }
        }
        Ok(())
    }

    /// How many units a scan has: what restart intervals count.
    pub(super) fn units(&self, scan: &Scan) -> u64 {
        let (widest, tallest) = self.sampling();
        let (across, down) = match scan.components.as_slice() {
            // Alone, a component has only the blocks that its part of the picture touches.
            [part] => {
                let component = &self.components[part.component];
                let width = (self.width * component.across).div_ceil(widest);
                let height = (self.height * component.down).div_ceil(tallest);
                (width.div_ceil(8), height.div_ceil(8))
            }
            _ => (self.width.div_ceil(8 * widest), self.height.div_ceil(8 * tallest)),
        };
        u64::from(across) * u64::from(down)
    }

    fn sampling(&self) -> (u32, u32) {
        let across = self.components.iter().map(|component| component.across).max();
        let down = self.components.iter().map(|component| component.down).max();
        (across.unwrap_or(1), down.unwrap_or(1))
    }
}

impl Component {
    fn read(&[id, sampling, quantisation]: &[u8; 3]) -> Result<Self> {
        let (across, down) = (u32::from(sampling >> 4), u32::from(sampling & 0x0F));
        if !(1..=4).contains(&across) || !(1..=4).contains(&down) || quantisation > 3 {
            return Err(MediaError::Malformed);
        }
        Ok(Self { id, across, down, quantisation, started: false, bits: [None; 64] })
    }
}

impl Scan {
    /// Whether codes of the DC table occur.
    pub(super) fn has_dc(&self, frame: &Frame) -> bool {
        // Later bits of DC coefficients come uncoded.
        !frame.progressive || self.first == 0 && self.high == 0
    }

    /// Whether codes of the AC table occur.
    pub(super) fn has_ac(&self, frame: &Frame) -> bool {
        !frame.progressive || self.first > 0
    }

    fn check_progression(&self) -> Result<()> {
        let band = match self.first {
            0 => self.last == 0,
            first => (first..64).contains(&self.last) && self.components.len() == 1,
        };
        let step = self.high == 0 || self.high == self.low + 1;
        if band && step && self.low <= 13 { Ok(()) } else { Err(MediaError::Malformed) }
    }
}
