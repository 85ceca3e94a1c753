//! Photos, videos and recordings: attach, capture, offer, detach.

use std::fs::File;
use std::io::Read;

use super::{Homeward, Medium, Offer, Source};
use crate::attachments::{self, Original};
use crate::drafts;
use crate::error::{Error, Refusal, Result};
use crate::forms::FieldId;
use crate::ids::{CaptureId, MediumId, ReportId};
use crate::intake;
use crate::media;

impl Homeward {
    /// Adds a photo, video or recording to a field: reads its facts, scrubs it and keeps the
    /// scrubbed copy, sealed; the untouched file beside it if the person wants that. A file that
    /// can't be cleaned is refused unless its original is kept. On disk when this returns; nothing
    /// is ever written in clear.
    pub fn attach(
        &self,
        id: ReportId,
        field: &FieldId,
        source: Source,
        original: Original,
    ) -> Result<Medium> {
        let unreadable = |_| Error::from(Refusal::MediaUnreadable);
        match source {
            Source::Path(path) => {
                let file = File::open(path).map_err(unreadable)?;
                self.attach_from(id, field, &file, original)
            }
            Source::File(file) => self.attach_from(id, field, &file, original),
            Source::Bytes(bytes) => self.attach_from(id, field, &bytes, original),
            Source::Capture(capture) => {
                let opened = self.store.open_capture(capture)?;
                let medium = self.attach_from(id, field, &opened, original)?;
                intake::remove(&self.store.home, capture);
                Ok(medium)
            }
        }
    }

    fn attach_from(
        &self,
        id: ReportId,
        field: &FieldId,
        source: &dyn media::ReadAt,
        original: Original,
    ) -> Result<Medium> {
        let stored = attachments::attach(&self.store, id, field, source, original)?;
        Ok(Medium::from(&stored))
    }

    /// Takes in what can be read only once, or what comes while the vault is locked: sealed to the
    /// vault, to be attached later as [`Source::Capture`]. While the vault is closed for another
    /// reason than being locked it is sealed as reports are that are begun then, and can be
    /// attached to those at once. On disk when this returns.
    pub fn capture(&self, input: &mut dyn Read) -> Result<CaptureId> {
        // Nobody sweeps it before it has its name.
        let _held = self.store.home.hold_files()?;
        intake::put(&self.store.home, &self.store.intake_recipient()?, input)
    }

    /// What was captured and not attached yet.
    pub fn captures(&self) -> Result<Vec<CaptureId>> {
        intake::list(&self.store.home)
    }

    /// What an attached photo could answer. In a report of a missing child its time and place are
    /// offered as "last seen" only if the person said that it was taken then.
    pub fn offers(
        &self,
        id: ReportId,
        medium: MediumId,
        taken_when_last_seen: bool,
    ) -> Result<Vec<Offer>> {
        let draft = self.store.read(id, |db, keys| drafts::load(db, keys, id))?;
        let form = draft.body.form(&self.store.forms());
        let stored = draft.body.media.iter().find(|stored| stored.id == medium);
        let facts = &stored.ok_or(Error::NotFound)?.facts;
        Ok(crate::offers::offers(&form, facts, taken_when_last_seen, self.store.now()))
    }

    /// Takes a medium off a report. What was sent of it stays sent.
    pub fn detach(&self, id: ReportId, medium: MediumId) -> Result<()> {
        attachments::detach(&self.store, id, medium)
    }
}
