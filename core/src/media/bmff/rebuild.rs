//! Writing the `meta` box of a HEIF file again, with the picture's items only.
//!
//! The box keeps its length: what it loses becomes a `free` box at its end, inside it. So the
//! offsets in `iloc`, which count from the start of the file, stay right. Properties keep their
//! numbers. Writing a box that was written here gives the same bytes.

use std::collections::BTreeMap;

use super::super::{MediaError, RemovedKind, Result};
use super::boxes::{FourCc, Node, array_at, u32_at, version};
use super::canvas::Canvas;
use super::items;
use super::leaf;
use super::property;
use super::stills::Meta;

/// Relations between images that are needed to draw them.
const RELATIONS: &[FourCc] = &[*b"dimg", *b"auxl", *b"prem"];

/// Gives the body of `meta` with the items of `picture` only. `idat` is the body of the `idat` box
/// as it shall stand there.
pub(super) fn meta(
    node: &Node<'_>,
    meta: &Meta<'_>,
    picture: &BTreeMap<u32, FourCc>,
    idat: &[u8],
    canvas: &mut Canvas,
) -> Result<Vec<u8>> {
    let mut parts = Vec::new();
    for child in node.children(4) {
        let child = child?;
        let clean = match &child.kind {
            b"hdlr" => leaf::clean(&child, canvas)?,
            b"pitm" => exact(&child, if version(child.body)? == 0 { 6 } else { 8 })?,
            b"dinf" => continue,
            b"iinf" => item_info(&child, meta, picture, canvas),
            b"iloc" => item_location(&child, meta, picture)?,
            b"iref" => item_reference(&child, meta, picture),
            b"iprp" => item_properties(&child, meta, picture, canvas)?,
            b"grpl" => groups(&child, picture)?,
            b"idat" => idat.to_vec(),
            b"free" | b"skip" => {
                if child.body.iter().any(|&byte| byte != 0) {
                    canvas.manifest.remove(RemovedKind::HiddenBytes, child.len());
                }
                continue;
            }
            _ => {
                canvas.manifest.remove(RemovedKind::Other, child.len());
                continue;
            }
        };
        if !(clean.is_empty() && child.kind == *b"grpl") {
            parts.push((child.kind, clean));
        }
    }
    fill(&mut parts, node.body.len())?;
    let mut body = vec![0; 4];
    for (kind, clean) in parts {
        push(&mut body, kind, &clean)?;
    }
    Ok(body)
}

/// Fills the room that is left in a body of `room` bytes: with a `free` box, or if it is too small
/// for one with zeros behind the handler's name, which says nothing either.
fn fill(parts: &mut Vec<(FourCc, Vec<u8>)>, room: usize) -> Result<()> {
    let taken = 4 + parts.iter().map(|(_, clean)| 8 + clean.len()).sum::<usize>();
    match room.checked_sub(taken).ok_or(MediaError::Malformed)? {
        0 => {}
        left @ 1..8 => {
            let handler = parts.iter_mut().find(|(kind, _)| kind == b"hdlr");
            let (_, handler) = handler.ok_or(MediaError::Malformed)?;
            handler.resize(handler.len() + left, 0);
        }
        left => parts.push((*b"free", vec![0; left - 8])),
    }
    Ok(())
}

/// Appends a box.
fn push(out: &mut Vec<u8>, kind: FourCc, body: &[u8]) -> Result<()> {
    let len = u32::try_from(body.len() + 8).map_err(|_| MediaError::TooComplex)?;
    out.extend(len.to_be_bytes());
    out.extend(kind);
    out.extend(body);
    Ok(())
}

/// The first `len` bytes of a body that must have them.
fn exact(node: &Node<'_>, len: usize) -> Result<Vec<u8>> {
    Ok(node.body.get(..len).ok_or(MediaError::Malformed)?.to_vec())
}

/// Entries of the items that stay, without their names.
fn item_info(
    node: &Node<'_>,
    meta: &Meta<'_>,
    picture: &BTreeMap<u32, FourCc>,
    canvas: &mut Canvas,
) -> Vec<u8> {
    let wide = node.body[0] != 0;
    let mut out = count_head(node.body, wide, picture.len());
    for entry in meta.entries.iter().filter(|entry| picture.contains_key(&entry.id)) {
        let names = entry.texts();
        if names.iter().any(|&byte| byte != 0) {
            canvas.manifest.remove(RemovedKind::Text, names.len() as u64);
        }
        let mut body = entry.node.body.to_vec();
        body[entry.name_at..].fill(0);
        // An entry comes from a box in memory, so its length fits.
        let _ = push(&mut out, *b"infe", &body);
    }
    out
}

/// Version, flags and a count of 16 or 32 bits.
fn count_head(body: &[u8], wide: bool, count: usize) -> Vec<u8> {
    let mut out = vec![body[0], 0, 0, 0];
    if wide {
        out.extend((count as u32).to_be_bytes());
    } else {
        out.extend((count as u16).to_be_bytes());
    }
    out
}

/// Locations of the items that stay, byte for byte.
fn item_location(
    node: &Node<'_>,
    meta: &Meta<'_>,
    picture: &BTreeMap<u32, FourCc>,
) -> Result<Vec<u8>> {
    let kept: Vec<_> =
        meta.locations.iter().filter(|location| picture.contains_key(&location.id)).collect();
    let mut out = vec![node.body[0], 0, 0, 0];
    out.extend(array_at::<2>(node.body, 4)?);
    if node.body[0] < 2 {
        out.extend((kept.len() as u16).to_be_bytes());
    } else {
        out.extend((kept.len() as u32).to_be_bytes());
    }
    for location in kept {
        out.extend(&node.body[location.raw.clone()]);
    }
    Ok(out)
}

/// Relations between items that stay.
fn item_reference(node: &Node<'_>, meta: &Meta<'_>, picture: &BTreeMap<u32, FourCc>) -> Vec<u8> {
    let mut out = vec![node.body[0], 0, 0, 0];
    for reference in &meta.references {
        let all_stay = reference.to.iter().all(|id| picture.contains_key(id));
        if RELATIONS.contains(&reference.kind) && picture.contains_key(&reference.from) && all_stay
        {
            let id_len = if node.body[0] == 0 { 2 } else { 4 };
            let len = id_len + 2 + id_len * reference.to.len();
            let _ = push(&mut out, reference.kind, &reference.node.body[..len]);
        }
    }
    out
}

/// Properties that stay in their places, and which item has which.
fn item_properties(
    node: &Node<'_>,
    meta: &Meta<'_>,
    picture: &BTreeMap<u32, FourCc>,
    canvas: &mut Canvas,
) -> Result<Vec<u8>> {
    // Which properties the picture has, and whether no reader may pass over them.
    let mut wanted = vec![None; meta.properties.len() + 1];
    for (_, own) in meta.associations.iter().filter(|(id, _)| picture.contains_key(id)) {
        for &(index, essential) in own {
            if let Some(wanted) = wanted.get_mut(usize::from(index)) {
                *wanted = Some(essential || *wanted == Some(true));
            }
        }
    }
    let mut used = vec![false; wanted.len()];
    let mut container = Vec::new();
    for (index, property) in meta.properties.iter().enumerate() {
        let clean = match wanted[index + 1] {
            Some(_) => property::clean(property, &mut canvas.manifest)?,
            None => None,
        };
        used[index + 1] = clean.is_some();
        if !used[index + 1] && property::is_needed(property, wanted[index + 1] == Some(true)) {
            return Err(MediaError::Unsupported);
        }
        if clean.is_none() && property.body.iter().any(|&byte| byte != 0) {
            canvas.manifest.remove(RemovedKind::Other, property.len());
        }
        let changed = clean.as_ref().filter(|clean| *clean != property.body);
        if let Some(clean) = changed.filter(|_| property.kind != *b"colr") {
            let blanked = clean.iter().zip(property.body).filter(|(new, old)| new != old).count();
            canvas.manifest.remove(RemovedKind::Other, blanked as u64);
        }
        let kind = if clean.is_some() { property.kind } else { *b"free" };
        // A property keeps the form of its header too, so that its length stays.
        if property.header != 8 {
            return Err(MediaError::TooComplex);
        }
        push(&mut container, kind, &clean.unwrap_or_else(|| vec![0; property.body.len()]))?;
    }
    let mut out = Vec::new();
    push(&mut out, *b"ipco", &container)?;
    for child in node.children(0) {
        let child = child?;
        if child.kind == *b"ipma" {
            push(&mut out, child.kind, &association(&child, picture, &used)?)?;
        }
    }
    Ok(out)
}

/// The associations of one `ipma` box, of items and properties that stay.
fn association(node: &Node<'_>, picture: &BTreeMap<u32, FourCc>, used: &[bool]) -> Result<Vec<u8>> {
    let [version, _, _, flags] = array_at(node.body, 0)?;
    let mut out = vec![version, 0, 0, flags & 1];
    let kept: Vec<_> = items::associations(node)?
        .into_iter()
        .filter(|association| picture.contains_key(&association.id))
        .collect();
    out.extend((kept.len() as u32).to_be_bytes());
    for mut association in kept {
        association.properties.retain(|(index, _)| used.get(usize::from(*index)) == Some(&true));
        if version == 0 {
            out.extend((association.id as u16).to_be_bytes());
        } else {
            out.extend(association.id.to_be_bytes());
        }
        out.push(association.properties.len() as u8);
        for (index, essential) in association.properties {
            if flags & 1 == 1 {
                out.extend((index | u16::from(essential) << 15).to_be_bytes());
            } else {
                out.push(index as u8 | u8::from(essential) << 7);
            }
        }
    }
    Ok(out)
}

/// Groups of alternatives whose members all stay, such as a picture and its brighter form.
fn groups(node: &Node<'_>, picture: &BTreeMap<u32, FourCc>) -> Result<Vec<u8>> {
    let mut out = Vec::new();
    for group in node.children(0) {
        let group = group?;
        if group.kind != *b"altr" {
            continue;
        }
        let count = u32_at(group.body, 8)? as usize;
        let members = group.body.get(12..).unwrap_or_default().chunks_exact(4).take(count);
        let ids: Vec<u32> = members.map(|id| u32_at(id, 0)).collect::<Result<_>>()?;
        if ids.len() == count && ids.iter().all(|id| picture.contains_key(id)) {
            push(&mut out, group.kind, &exact(&group, 12 + 4 * count)?)?;
        }
    }
    Ok(out)
}
