//! Turns a draft into sealed parts: the step after which nothing is in clear.
//!
//! Each part is sealed into the spool and synced; then one transaction adds all queue rows and
//! writes down what was sent. A kill before that transaction leaves files without rows, which the
//! next start sweeps, and the draft unsent; a kill after it leaves nothing undone.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{BufWriter, IntoInnerError, Read};

use serde_json::Value;
use zeroize::Zeroizing;

use crate::brand::Pack;
use crate::crypto::sha256;
use crate::drafts::{self, Draft, SentMedium, SentVersion, StoredFile, Which};
use crate::error::{Error, Refusal, Result};
use crate::forms::{self, Answers, Audience, Field, FieldId, Form, FormId, Moment, Stage};
use crate::ids::{Digest, PartId, ReportId};
use crate::queue::{self, NewPart, PartSecret};
use crate::seal::{
    self, ANSWERS_FORMAT, AnswersDocument, Content, EarlierAnswer, ListedPart, MediumEntry, Part,
    PartKind, ReportKeys, Unsigned,
};
use crate::store::Store;
use crate::vault::blob::{BlobReader, sync_folder_of};

/// How much of a report leaves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Scope {
    /// Everything that was answered and attached.
    #[default]
    All,
    /// Only the ten answers of the first minute.
    FirstMinute,
}

/// Over which networks the media of a report may leave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SendWhen {
    /// Over any.
    Now,
    /// Only over one that costs nothing. Words never wait for it.
    Wifi,
}

impl SendWhen {
    /// What is meant when the person does not say: a missing child's photo does not wait.
    #[must_use]
    pub fn preset(form: &FormId) -> Self {
        if form.as_str() == "missing_child" { Self::Now } else { Self::Wifi }
    }
}

/// What was sealed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SealedReport {
    /// The report.
    pub report: ReportId,
    /// Its version, from 1.
    pub version: u32,
    /// The parts, the most urgent first.
    pub parts: Vec<SealedPart>,
}

/// A part that was sealed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SealedPart {
    /// Its id.
    pub part: PartId,
    /// Who can open it.
    pub audiences: Vec<Audience>,
    /// What it is.
    pub kind: PartKind,
    /// The length of its ciphertext.
    pub bytes: u64,
}

impl From<&ListedPart> for SealedPart {
    fn from(part: &ListedPart) -> Self {
        let ListedPart { part, kind, audiences, bytes, .. } = part.clone();
        Self { part, audiences, kind, bytes }
    }
}

/// Seals a version of a report and queues it.
pub(crate) fn send(
    store: &Store,
    pack: &Pack,
    id: ReportId,
    scope: Scope,
    when: SendWhen,
) -> Result<SealedReport> {
    // Nobody sweeps what has no row yet.
    let _held = store.home.hold_files()?;
    let draft = store.read(id, |db, keys| drafts::load(db, keys, id))?;
    let form = draft.body.form()?;
    let answers = draft.body.answers(form);
    if forms::useless(form, &answers.current, &draft.body.media_counts()).is_some() {
        return Err(Refusal::EmptyReport.into());
    }
    let version = Version::of(store, pack, &draft, form, &answers);
    let mut spool = Spool { store, parts: Vec::new(), kept: false };
    let (statement, media) = version.seal(scope, &mut spool)?;
    sync_folder_of(&store.home.spool().join("."))?;
    let sealed = SealedReport {
        report: id,
        version: version.number,
        parts: spool.parts.iter().map(SealedPart::from).collect(),
    };
    let sent = SentVersion {
        digest: statement,
        first_minute: hash_of(&version.first_minute()),
        answers: (scope == Scope::All).then(|| draft.body.answers_digest()),
    };
    let now = version.now;
    commit(store, pack, draft, Sent { version: sent, media, when }, &spool.parts, now)?;
    spool.kept = true;
    Ok(sealed)
}

/// A copy of a medium that left.
struct SentCopy {
    /// The place of the medium in the draft.
    at: usize,
    which: Which,
    sent: SentMedium,
}

/// What the draft must know of what left.
struct Sent {
    version: SentVersion,
    media: Vec<SentCopy>,
    when: SendWhen,
}

/// One transaction: the rows of all parts, and the draft that knows them.
fn commit(
    store: &Store,
    pack: &Pack,
    mut draft: Draft,
    sent: Sent,
    parts: &[ListedPart],
    now: Moment,
) -> Result<()> {
    let server = pack.organisation.fingerprint();
    draft.body.sent.push(sent.version);
    for SentCopy { at, which, sent } in sent.media {
        if let Some(file) = draft.body.media[at].file_mut(which) {
            file.sent = Some(sent);
        }
    }
    store.write(draft.id, |transaction, keys| {
        let (report, report_version) = (draft.id, draft.body.sent.len() as u32);
        for ListedPart { part, kind, audiences, bytes, sha256 } in parts.iter().cloned() {
            let wifi_only = sent.when == SendWhen::Wifi && kind.is_file();
            let memory = crate::tus::Memory::default();
            let secret = PartSecret { report, kind, audiences, report_version, sha256, memory };
            let part = NewPart { id: part, server, bytes, wifi_only, secret };
            queue::insert(transaction, &keys.queue(), &part)?;
        }
        queue::insert_receipt_row(transaction, &keys.queue(), server, &draft.body.keys())?;
        drafts::save(transaction, keys, &draft, now)
    })
}

/// The parts that are in the spool and have no row yet. Dropped before they have, they go.
struct Spool<'a> {
    store: &'a Store,
    parts: Vec<ListedPart>,
    kept: bool,
}

impl Drop for Spool<'_> {
    fn drop(&mut self) {
        if !self.kept {
            for part in &self.parts {
                // What stays is swept at the next start.
                let _ = fs::remove_file(self.store.home.spooled(part.part));
            }
        }
    }
}

/// One version of a report, about to be sealed.
struct Version<'a> {
    store: &'a Store,
    pack: &'a Pack,
    draft: &'a Draft,
    form: &'a Form,
    answers: &'a Answers,
    /// Who may get anything: there is a recipient, and the person permits it.
    audiences: Vec<Audience>,
    keys: ReportKeys,
    now: Moment,
    number: u32,
}

impl<'a> Version<'a> {
    fn of(
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
            keys: draft.body.keys(),
            now: store.now(),
            number: draft.body.sent.len() as u32 + 1,
        }
    }

    /// Seals what is new since the last version, the most urgent first. Gives the hash of the
    /// statement that leads the version, and where the media went.
    fn seal(&self, scope: Scope, spool: &mut Spool<'_>) -> Result<(Digest, Vec<SentCopy>)> {
        let mut statement = None;
        if self.is_first_minute_new() {
            statement = Some(self.seal_first_minute(spool)?);
        }
        if scope == Scope::FirstMinute {
            return Ok((statement.ok_or(Refusal::NothingNew)?, Vec::new()));
        }
        let sent = self.seal_media(spool)?;
        if sent.is_empty() && !self.are_answers_new() {
            return Err(Refusal::NothingNew.into());
        }
        // The organisation's comes last: it lists all others with their hashes.
        let (first, others) = self.audiences.split_first().ok_or(Refusal::PackWithoutRecipient)?;
        for audience in others {
            self.seal_answers(*audience, &sent, spool)?;
        }
        let digest = self.seal_answers(*first, &sent, spool)?;
        Ok((digest, sent))
    }

    fn is_first_minute_new(&self) -> bool {
        let last = self.draft.body.sent.last();
        last.is_none_or(|last| last.first_minute != hash_of(&self.first_minute()))
    }

    fn are_answers_new(&self) -> bool {
        let last = self.draft.body.sent.iter().rev().find_map(|sent| sent.answers);
        last != Some(self.draft.body.answers_digest())
    }

    /// The first minute is for the organisation and the police, never for anybody else.
    fn first_minute_audiences(&self) -> Vec<Audience> {
        let helpers = [Audience::Organisation, Audience::Police];
        self.audiences.iter().copied().filter(|audience| helpers.contains(audience)).collect()
    }

    fn first_minute(&self) -> BTreeMap<FieldId, Value> {
        let fields = self.form.for_audience(Audience::Organisation, &self.answers.current);
        self.answers_to(fields.into_iter().filter(|field| field.stage == Stage::FirstMinute))
    }

    fn answers_to<'f>(&self, fields: impl Iterator<Item = &'f Field>) -> BTreeMap<FieldId, Value> {
        let answer = |field: &Field| {
            Some((field.id.clone(), self.answers.current.get(&field.id)?.to_json()))
        };
        fields.filter_map(answer).collect()
    }

    /// Who may see what was attached to a field. A copy is sealed once, to all of them. An untouched
    /// original is for the police alone, or for the organisation where it has no police to seal to.
    fn audiences_of(&self, field: &FieldId, which: Which) -> Vec<Audience> {
        let field = self.form.field(field).map(|field| field.audiences.as_slice());
        let allowed = field.unwrap_or_default();
        let may_see =
            |audience: &Audience| self.audiences.contains(audience) && allowed.contains(audience);
        match which {
            Which::Scrubbed => self.audiences.iter().copied().filter(may_see).collect(),
            Which::Original => {
                let first = [Audience::Police, Audience::Organisation];
                first.into_iter().find(may_see).into_iter().collect()
            }
        }
    }

    fn seal_first_minute(&self, spool: &mut Spool<'_>) -> Result<Digest> {
        let document = self.document(self.first_minute());
        self.seal_document(PartKind::FirstMinute, self.first_minute_audiences(), &document, spool)
    }

    /// All that one audience may see.
    fn seal_answers(
        &self,
        audience: Audience,
        sent: &[SentCopy],
        spool: &mut Spool<'_>,
    ) -> Result<Digest> {
        let fields = self.form.for_audience(audience, &self.answers.current);
        let mut document = self.document(self.answers_to(fields.into_iter()));
        if audience == Audience::Organisation {
            document.earlier = self.answers.earlier.iter().map(EarlierAnswer::from).collect();
        }
        document.media = self.media_for(audience, sent);
        let may_see = |part: &&ListedPart| {
            audience == Audience::Organisation || part.audiences.contains(&audience)
        };
        document.parts = spool.parts.iter().filter(may_see).cloned().collect();
        self.seal_document(PartKind::Answers, vec![audience], &document, spool)
    }

    /// The media of this and earlier versions that an audience can open.
    fn media_for(&self, audience: Audience, sent: &[SentCopy]) -> Vec<MediumEntry> {
        let entry = |(at, which, file): (usize, Which, &StoredFile)| {
            let now = sent.iter().find(|copy| (copy.at, copy.which) == (at, which));
            let now = now.map(|copy| &copy.sent);
            let SentMedium { part, name } = file.sent.as_ref().or(now)?.clone();
            let medium = &self.draft.body.media[at];
            let (field, manifest) = (medium.field.clone(), medium.manifest.clone());
            let may_see = self.audiences_of(&field, which).contains(&audience);
            may_see.then_some(MediumEntry { part, name, field, manifest })
        };
        self.copies().filter_map(entry).collect()
    }

    /// Every file of every medium, the scrubbed copies first: they are looked at first.
    fn copies(&self) -> impl Iterator<Item = (usize, Which, &StoredFile)> {
        let of = |which: Which| {
            let media = self.draft.body.media.iter().enumerate();
            media.filter_map(move |(at, medium)| Some((at, which, medium.file(which)?)))
        };
        of(Which::Scrubbed).chain(of(Which::Original))
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

    fn seal_document(
        &self,
        kind: PartKind,
        audiences: Vec<Audience>,
        document: &AnswersDocument,
        spool: &mut Spool<'_>,
    ) -> Result<Digest> {
        let json = serde_json::to_vec_pretty(document).map(Zeroizing::new);
        let json = json.map_err(|_| Error::Unexpected("error-encoding"))?;
        let content = Content {
            name: "answers.json".into(),
            bytes: json.len() as u64,
            sha256: sha256(&json),
        };
        let part = self.sign(kind, audiences, content);
        self.spool(&part, &mut json.as_slice(), spool)?;
        Ok(part.digest())
    }

    /// Seals every copy that was not sent yet and that somebody may see.
    fn seal_media(&self, spool: &mut Spool<'_>) -> Result<Vec<SentCopy>> {
        let mut sent = Vec::new();
        for (at, which, file) in self.copies().filter(|(_, _, file)| file.sent.is_none()) {
            let audiences = self.audiences_of(&self.draft.body.media[at].field, which);
            if audiences.is_empty() {
                continue;
            }
            let name = file.name(at + 1);
            let content = Content { name: name.clone(), bytes: file.bytes, sha256: file.sha256 };
            let kind = match which {
                Which::Scrubbed => PartKind::Medium,
                Which::Original => PartKind::Original,
            };
            let part = self.sign(kind, audiences, content);
            let key = self.draft.key.blob(file.id);
            let mut blob = BlobReader::open(&self.store.home.blob(file.id), key)?;
            self.spool(&part, &mut blob, spool)?;
            sent.push(SentCopy { at, which, sent: SentMedium { part: part.part, name } });
        }
        Ok(sent)
    }

    fn sign(&self, kind: PartKind, audiences: Vec<Audience>, content: Content) -> Part {
        Unsigned {
            organisation: self.pack.organisation.fingerprint(),
            audiences,
            part: PartId::make(),
            kind,
            version: self.number,
            previous: self.draft.body.sent.last().map(|sent| sent.digest),
            content,
        }
        .sign(&self.keys)
    }

    /// Seals a part into the spool and syncs it.
    fn spool(&self, part: &Part, content: &mut dyn Read, spool: &mut Spool<'_>) -> Result<()> {
        let path = self.store.home.spooled(part.part);
        let recipients = self.pack.recipients_of(&part.audiences);
        let mut file = BufWriter::new(File::create(&path)?);
        // From here on the file is the spool's to remove.
        spool.parts.push(ListedPart {
            part: part.part,
            kind: part.kind,
            audiences: part.audiences.clone(),
            bytes: 0,
            sha256: part.content.sha256,
        });
        let sealed = seal::seal(part, content, &recipients, &mut file)?;
        let file = file.into_inner().map_err(IntoInnerError::into_error)?;
        file.sync_all()?;
        if let Some(listed) = spool.parts.last_mut() {
            (listed.bytes, listed.sha256) = (sealed.bytes, sealed.sha256);
        }
        Ok(())
    }
}

fn hash_of(answers: &BTreeMap<FieldId, Value>) -> Digest {
    // Field names are strings and the values were JSON before, so this can't fail.
    sha256(&serde_json::to_vec(answers).unwrap_or_default())
}
