//! One version of a report: what of it is new, and who may see which of it.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::Scope;
use super::sealer::Sealer;
use crate::brand::Pack;
use crate::crypto::sha256_of_json;
use crate::drafts::{Draft, SentMedium, StoredFile, Which};
use crate::error::{Error, Refusal, Result};
use crate::forms::{Answers, Audience, Field, FieldId, Form, Moment, Stage};
use crate::ids::{Digest, MediumId};
use crate::seal::{
    ANSWERS_FORMAT, AnswersDocument, Content, EarlierAnswer, ListedPart, MediumEntry, PartKind,
};
use crate::store::Store;
use crate::vault::blob::BlobReader;

/// The file that answers are in.
const ANSWERS: &str = "answers.json";

/// What the draft must know of what was sealed.
pub(super) struct Leaving {
    /// The hash of the statement that leads the version; the next one names it.
    pub(super) lead: Digest,
    /// The files that left.
    pub(super) media: Vec<SentCopy>,
    /// What each audience is told by it: the hash of its answers.
    pub(super) told: BTreeMap<Audience, Digest>,
}

/// A copy of a medium that left.
pub(super) struct SentCopy {
    /// The place of the medium in the draft.
    at: usize,
    pub(super) file: MediumId,
    pub(super) which: Which,
    pub(super) sent: SentMedium,
}

/// One version of a report, about to be sealed.
pub(super) struct Version<'a> {
    store: &'a Store,
    pack: &'a Pack,
    draft: &'a Draft,
    form: &'a Form,
    answers: &'a Answers,
    /// Who may get anything: there is a recipient, and the person permits it.
    audiences: Vec<Audience>,
    now: Moment,
}

impl<'a> Version<'a> {
    /// What `draft` says now.
    pub(super) fn of(
        store: &'a Store,
        pack: &'a Pack,
        draft: &'a Draft,
        form: &'a Form,
        answers: &'a Answers,
    ) -> Self {
        let permitted = form.permitted(&answers.current).into_iter();
        Self {
            store,
            pack,
            draft,
            form,
            answers,
            audiences: permitted.filter(|audience| pack.has(*audience)).collect(),
            now: store.now(),
        }
    }

    /// Seals what is new since the last version, the most urgent first.
    pub(super) fn seal(&self, scope: Scope, sealer: &mut Sealer<'_>) -> Result<Leaving> {
        let mut lead = None;
        if self.is_first_minute_new() {
            let document = self.document(self.first_minute());
            let audiences = self.first_minute_audiences();
            let part = sealer.words(PartKind::FirstMinute, audiences, ANSWERS, &document)?;
            lead = Some(part.digest());
        }
        let face = self.seal_face(sealer)?;
        let (face, face_digest) = face.unzip();
        let mut media: Vec<SentCopy> = face.into_iter().collect();
        if scope == Scope::FirstMinute {
            let lead = lead.or(face_digest).ok_or(Refusal::NothingNew)?;
            return Ok(Leaving { lead, media, told: BTreeMap::new() });
        }
        media.extend(self.seal_media(sealer)?);
        if media.is_empty() && !self.are_answers_new() {
            return Err(Refusal::NothingNew.into());
        }
        // The organisation's comes last: it lists all others with their hashes. It leads the
        // version, so it always gets one; who would read again what it was told before gets none.
        let (first, others) = self.audiences.split_first().ok_or(Refusal::PackWithoutRecipient)?;
        let mut told = BTreeMap::new();
        for audience in others {
            let document = self.document_for(*audience, &media);
            let says = self.hash_for(*audience, &document);
            if self.last_told(*audience) != Some(says) {
                self.seal_answers(*audience, document, sealer)?;
                told.insert(*audience, says);
            }
        }
        let document = self.document_for(*first, &media);
        told.insert(*first, self.hash_for(*first, &document));
        let lead = self.seal_answers(*first, document, sealer)?;
        Ok(Leaving { lead, media, told })
    }

    /// Seals the main photo's small copy, if there is one that has not left. Gives the hash of its
    /// statement too.
    fn seal_face(&self, sealer: &mut Sealer<'_>) -> Result<Option<(SentCopy, Digest)>> {
        let main = self.copies(Which::Face).next();
        let Some((at, _, file)) = main.filter(|(_, _, file)| file.sent.is_none()) else {
            return Ok(None);
        };
        self.seal_copy(at, Which::Face, file, "face.jpg".into(), sealer)
    }

    /// Seals every medium that has not left yet and that somebody may see, the scrubbed copies
    /// first: they are looked at first.
    fn seal_media(&self, sealer: &mut Sealer<'_>) -> Result<Vec<SentCopy>> {
        let mut sent = Vec::new();
        // A medium that was taken off leaves its number free, but what left has its name for good.
        let left = self.draft.body.files().filter_map(|file| file.sent.as_ref());
        let mut names: BTreeSet<String> = left.map(|left| left.name.clone()).collect();
        let copies = self.copies(Which::Scrubbed).chain(self.copies(Which::Original));
        for (at, which, file) in copies.filter(|(_, _, file)| file.sent.is_none()) {
            let free = (at + 1..).map(|number| file.name(number)).find(|it| !names.contains(it));
            let name = free.ok_or(Error::Damaged)?;
            let sealed = self.seal_copy(at, which, file, name.clone(), sealer)?;
            names.insert(name);
            sent.extend(sealed.map(|(copy, _)| copy));
        }
        Ok(sent)
    }

    fn seal_copy(
        &self,
        at: usize,
        which: Which,
        file: &StoredFile,
        name: String,
        sealer: &mut Sealer<'_>,
    ) -> Result<Option<(SentCopy, Digest)>> {
        let audiences = self.audiences_of(&self.draft.body.media[at].field, which);
        if audiences.is_empty() {
            return Ok(None);
        }
        let kind = match which {
            Which::Scrubbed => PartKind::Medium,
            Which::Original => PartKind::Original,
            Which::Face => PartKind::Face,
        };
        let content = Content { name: name.clone(), bytes: file.bytes, sha256: file.sha256 };
        let key = self.draft.key.blob(file.id);
        let mut blob = BlobReader::open(&self.store.home.blob(file.id), key)?;
        let part = sealer.file(kind, audiences, content, &mut blob)?;
        let sent = SentMedium { part: part.part, name };
        Ok(Some((SentCopy { at, file: file.id, which, sent }, part.digest())))
    }

    /// A file of each medium that has it.
    fn copies(&self, which: Which) -> impl Iterator<Item = (usize, Which, &'a StoredFile)> {
        let media = self.draft.body.media.iter().enumerate();
        media.filter_map(move |(at, medium)| Some((at, which, medium.file(which)?)))
    }

    /// About how many bytes the sealed parts will take, a little more rather than less.
    pub(super) fn room(&self, scope: Scope) -> u64 {
        const WORDS: u64 = 16 << 10;
        let unsent = |which| self.copies(which).filter(|(_, _, file)| file.sent.is_none());
        // Padding adds an eighth at most.
        let sealed = |file: &StoredFile| file.bytes + file.bytes / 8 + WORDS;
        let face: u64 = unsent(Which::Face).take(1).map(|(_, _, file)| sealed(file)).sum();
        if scope == Scope::FirstMinute {
            return WORDS + face;
        }
        let files = unsent(Which::Scrubbed).chain(unsent(Which::Original));
        let files: u64 = files.map(|(_, _, file)| sealed(file)).sum();
        files + face + WORDS * (1 + self.audiences.len() as u64)
    }

    fn is_first_minute_new(&self) -> bool {
        let last = self.draft.body.sent.last();
        last.is_none_or(|last| last.first_minute != self.first_minute_digest())
    }

    fn are_answers_new(&self) -> bool {
        let last = self.draft.body.sent.iter().rev().find_map(|sent| sent.answers);
        last != Some(self.draft.body.answers_digest())
    }

    /// The first minute is for the organisation and the police, never for anybody else.
    fn first_minute_audiences(&self) -> Vec<Audience> {
        self.audiences.iter().copied().filter(|audience| is_helper(*audience)).collect()
    }

    fn first_minute(&self) -> BTreeMap<FieldId, Value> {
        let fields = self.form.for_audience(Audience::Organisation, &self.answers.current);
        // No picture leaves with it that a mark could name.
        let fields = fields.into_iter().filter(|field| field.stage == Stage::FirstMinute);
        self.answers_to(fields, &BTreeMap::new())
    }

    /// Answers in JSON; `names` are those of the media that their reader can open.
    fn answers_to<'f>(
        &self,
        fields: impl Iterator<Item = &'f Field>,
        names: &BTreeMap<String, String>,
    ) -> BTreeMap<FieldId, Value> {
        let answer = |field: &Field| {
            let mut answer = self.answers.current.get(&field.id)?.clone();
            answer.name_mark_photos(|photo| names.get(photo).cloned());
            Some((field.id.clone(), answer.to_json()))
        };
        fields.filter_map(answer).collect()
    }

    /// Who may see what was attached to a field. A copy is sealed once, to all of them. An
    /// untouched original is for the police alone, or for the organisation where it has no police
    /// to seal to.
    fn audiences_of(&self, field: &FieldId, which: Which) -> Vec<Audience> {
        let field = self.form.field(field).map(|field| field.audiences.as_slice());
        // What an earlier form asked for goes to the organisation, as such answers do.
        let allowed = field.unwrap_or(&[Audience::Organisation]);
        let may_see =
            |audience: &Audience| self.audiences.contains(audience) && allowed.contains(audience);
        match which {
            Which::Scrubbed => self.audiences.iter().copied().filter(may_see).collect(),
            Which::Face => {
                let may_see = |audience: &Audience| is_helper(*audience) && may_see(audience);
                self.audiences.iter().copied().filter(may_see).collect()
            }
            Which::Original => {
                let first = [Audience::Police, Audience::Organisation];
                first.into_iter().find(may_see).into_iter().collect()
            }
        }
    }

    /// The hash of the first minute's answers, to see later whether they changed.
    pub(super) fn first_minute_digest(&self) -> Digest {
        sha256_of_json(&self.first_minute())
    }

    /// All that one audience may see.
    fn document_for(&self, audience: Audience, sent: &[SentCopy]) -> AnswersDocument {
        let fields = self.form.for_audience(audience, &self.answers.current);
        let (names, media) = self.media_for(audience, sent);
        let mut document = self.document(self.answers_to(fields.into_iter(), &names));
        if audience == Audience::Organisation {
            document.earlier = self.answers.earlier.iter().map(EarlierAnswer::from).collect();
        }
        document.media = media;
        document
    }

    /// Seals what one audience may see, with a list of the version's other parts.
    fn seal_answers(
        &self,
        audience: Audience,
        mut document: AnswersDocument,
        sealer: &mut Sealer<'_>,
    ) -> Result<Digest> {
        let may_see = |part: &&ListedPart| {
            audience == Audience::Organisation || part.audiences.contains(&audience)
        };
        document.parts = sealer.parts().iter().filter(may_see).cloned().collect();
        Ok(sealer.words(PartKind::Answers, vec![audience], ANSWERS, &document)?.digest())
    }

    /// What a document says to an audience, whenever it is sealed. Somebody new among its
    /// recipients was told nothing yet.
    fn hash_for(&self, audience: Audience, document: &AnswersDocument) -> Digest {
        let AnswersDocument { form, form_version, answers, earlier, media, .. } = document;
        let recipients = self.pack.recipients_of(&[audience]);
        let recipients: Vec<String> = recipients.iter().map(ToString::to_string).collect();
        sha256_of_json(&(recipients, form, form_version, answers, earlier, media))
    }

    /// What an audience was told last.
    fn last_told(&self, audience: Audience) -> Option<Digest> {
        self.draft.body.sent.iter().rev().find_map(|sent| sent.told.get(&audience).copied())
    }

    /// The media of this and earlier versions that an audience can open, and their names by their
    /// ids on this phone.
    fn media_for(
        &self,
        audience: Audience,
        sent: &[SentCopy],
    ) -> (BTreeMap<String, String>, Vec<MediumEntry>) {
        let (mut names, mut entries) = (BTreeMap::new(), Vec::new());
        for (at, which, file) in self.copies(Which::Scrubbed).chain(self.copies(Which::Original)) {
            let now = sent.iter().find(|copy| (copy.at, copy.which) == (at, which));
            let Some(left) = file.sent.as_ref().or(now.map(|copy| &copy.sent)) else { continue };
            let medium = &self.draft.body.media[at];
            if self.audiences_of(&medium.field, which).contains(&audience) {
                let SentMedium { part, name } = left.clone();
                // The scrubbed copy comes first: it is the one to look at.
                names.entry(medium.id.to_string()).or_insert_with(|| name.clone());
                let (field, manifest) = (medium.field.clone(), medium.manifest.clone());
                entries.push(MediumEntry { part, name, field, manifest });
            }
        }
        (names, entries)
    }

    fn document(&self, answers: BTreeMap<FieldId, Value>) -> AnswersDocument {
        AnswersDocument {
            format: ANSWERS_FORMAT.into(),
            form: self.form.id.clone(),
            form_version: self.form.version,
            sealed_at_ms: self.now.unix_ms,
            offset_minutes: self.now.offset_minutes,
            answers,
            earlier: Vec::new(),
            media: Vec::new(),
            parts: Vec::new(),
        }
    }
}

/// Who gets what leaves first: nobody else can help in the first minute.
fn is_helper(audience: Audience) -> bool {
    matches!(audience, Audience::Organisation | Audience::Police)
}
