//! What a draft knows of what left: written down when a version is queued, and forgotten for parts
//! that are sealed anew.

use super::version::SentCopy;
use crate::drafts::{Draft, SentVersion};
use crate::ids::{Digest, PartId};
use crate::seal::PartKind;

impl Draft {
    /// Writes down a version that was sealed, and the files that left with it. One that was taken
    /// off meanwhile stays sent, and there is nothing to write it to.
    pub(super) fn note_sent(&mut self, version: SentVersion, copies: &[SentCopy]) {
        self.body.sent.push(version);
        for SentCopy { file, which, sent, .. } in copies {
            let files = self.body.media.iter_mut().filter_map(|medium| medium.file_mut(*which));
            for left in files.filter(|left| left.id == *file) {
                left.sent = Some(sent.clone());
            }
        }
    }

    /// Takes for new what is in these parts.
    pub(super) fn forget_sent(&mut self, parts: &[(PartId, PartKind)]) {
        let has = |part: PartId| parts.iter().any(|(id, _)| *id == part);
        for medium in &mut self.body.media {
            let files = [&mut medium.scrubbed, &mut medium.original, &mut medium.face];
            for file in files.into_iter().flatten() {
                file.sent = file.sent.take().filter(|sent| !has(sent.part));
            }
        }
        let first_minute = parts.iter().any(|(_, kind)| *kind == PartKind::FirstMinute);
        let rest = parts.iter().any(|(_, kind)| *kind == PartKind::Answers);
        for sent in &mut self.body.sent {
            if first_minute {
                sent.first_minute = Digest::from([0; 32]);
            }
            if rest {
                sent.answers = None;
                sent.told.clear();
            }
        }
    }
}
