//! Faces: a small copy of a photo that the phone's own decoder made, to leave ahead of the photo.

use std::fs;

use crate::attachments::keep_file;
use crate::drafts;
use crate::error::{Error, Refusal, Result};
use crate::ids::{MediumId, ReportId};
use crate::media::{self, Format};
use crate::store::Store;

/// A face is at most so long: it leaves within seconds over the worst network.
pub(crate) const MAX_FACE_BYTES: usize = 40_000;

/// Keeps `jpeg` as the small copy of a medium, scrubbed and sealed. One that was there before goes.
pub(crate) fn set(store: &Store, id: ReportId, medium: MediumId, jpeg: &[u8]) -> Result<()> {
    if jpeg.len() > MAX_FACE_BYTES {
        return Err(Refusal::FaceTooLarge.into());
    }
    // Nobody sweeps the file before its row is there.
    let _held = store.home.hold_files()?;
    let draft = store.read(id, |db, keys| drafts::load(db, keys, id))?;
    let source: &dyn media::ReadAt = &jpeg.to_vec();
    if media::sniff(source)? != Format::Jpeg {
        return Err(Refusal::FaceNotJpeg.into());
    }
    let plan = media::scrub(source)?;
    if plan.len() > MAX_FACE_BYTES as u64 {
        return Err(Refusal::FaceTooLarge.into());
    }
    let name = ("face", plan.format.extension());
    let file = MediumId::make();
    let face = keep_file(store, &draft.key, file, name, &mut plan.reader(source))?;
    let (now, forms) = (store.now(), store.forms());
    let before = store.write(id, |transaction, keys| {
        // Read again: the medium may have been taken off meanwhile.
        let mut draft = drafts::load(transaction, keys, id)?;
        let mut media = draft.body.media.iter_mut();
        let of = media.find(|stored| stored.id == medium).ok_or(Error::NotFound)?;
        let before = of.face.replace(face);
        drafts::save(transaction, keys, &draft, &draft.body.form(&forms), now)?;
        Ok(before)
    });
    let before = before.inspect_err(|_| {
        // What stays is swept at the next start.
        let _ = fs::remove_file(store.home.blob(file));
    })?;
    if let Some(before) = before {
        // The same.
        let _ = fs::remove_file(store.home.blob(before.id));
    }
    Ok(())
}
