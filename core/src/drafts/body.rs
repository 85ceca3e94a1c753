//! What a report holds, sealed under its own key.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::crypto::sha256_of_json;
use crate::forms::{Answers, Audience, FieldId, Form, FormBook, FormId, Purpose};
use crate::ids::{Digest, MediumId, PartId, ReportId};
use crate::media::{Facts, Manifest};
use crate::seal::{RecallDocument, ReplyDocument, ReportKeys};

/// Everything the person said, sealed under the report key.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Body {
    /// The seed of the report's keys.
    seed: [u8; 32],
    pub(crate) form: FormId,
    /// The version of the form when the answers were written last.
    form_version: u32,
    /// What the form was for when the draft was begun. Drafts older than this field have none;
    /// their forms are all built in.
    #[serde(default)]
    purpose: Option<Purpose>,
    /// By field; what an earlier form asked has keys that no field has ([`Answers::to_stored`]).
    answers: BTreeMap<String, Value>,
    /// When each field was answered or attached to last.
    pub(crate) answered_at_ms: BTreeMap<FieldId, i64>,
    pub(crate) from_profile: Option<ReportId>,
    pub(crate) media: Vec<StoredMedium>,
    /// What was sent so far, oldest first.
    pub(crate) sent: Vec<SentVersion>,
    /// What the person wrote to the organisation, oldest first.
    #[serde(default)]
    pub(crate) replies: Vec<SentReply>,
    /// What the person claimed when they called the report back, oldest first.
    #[serde(default)]
    pub(crate) recalls: Vec<SentRecall>,
}

/// A photo, video or recording of a report: a scrubbed copy, the untouched original, or both.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct StoredMedium {
    pub(crate) id: MediumId,
    pub(crate) field: FieldId,
    pub(crate) facts: Facts,
    pub(crate) manifest: Manifest,
    /// For all who may see the field; none for a file that can't be cleaned.
    pub(crate) scrubbed: Option<StoredFile>,
    /// The file as it was, for the police; only if the person wanted it.
    pub(crate) original: Option<StoredFile>,
    /// A small copy of a photo that the phone's own decoder made, to leave ahead of it.
    #[serde(default)]
    pub(crate) face: Option<StoredFile>,
}

/// Which of the files of a medium.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Which {
    /// The scrubbed copy.
    Scrubbed,
    /// The file as it was.
    Original,
    /// The small copy.
    Face,
}

/// A sealed file of a medium.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct StoredFile {
    /// The file's own id: that of the medium for the scrubbed copy, another one for the others.
    pub(crate) id: MediumId,
    /// What it is called on its way, without number and ending.
    pub(crate) stem: String,
    /// The usual ending of such a file.
    pub(crate) extension: String,
    pub(crate) bytes: u64,
    pub(crate) sha256: Digest,
    /// The hash of the sealed file.
    pub(crate) file_sha256: Digest,
    /// The part it left in, and the name it has there.
    pub(crate) sent: Option<SentMedium>,
}

impl StoredMedium {
    /// All its sealed files.
    pub(crate) fn files(&self) -> impl Iterator<Item = &StoredFile> {
        self.scrubbed.iter().chain(&self.original).chain(&self.face)
    }

    /// One of them.
    pub(crate) fn file(&self, which: Which) -> Option<&StoredFile> {
        match which {
            Which::Scrubbed => self.scrubbed.as_ref(),
            Which::Original => self.original.as_ref(),
            Which::Face => self.face.as_ref(),
        }
    }

    /// The same, to be changed.
    pub(crate) fn file_mut(&mut self, which: Which) -> Option<&mut StoredFile> {
        match which {
            Which::Scrubbed => self.scrubbed.as_mut(),
            Which::Original => self.original.as_mut(),
            Which::Face => self.face.as_mut(),
        }
    }
}

impl StoredFile {
    /// What it is called on its way, as the `number`-th medium of its report.
    pub(crate) fn name(&self, number: usize) -> String {
        format!("{}-{number}.{}", self.stem, self.extension)
    }
}

/// Where a medium went.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct SentMedium {
    pub(crate) part: PartId,
    pub(crate) name: String,
}

/// A version of the report that was sealed.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct SentVersion {
    /// The hash of the statement that led the version; the next one names it.
    pub(crate) digest: Digest,
    /// The hash of the first minute's answers, to see whether they changed.
    pub(crate) first_minute: Digest,
    /// The hash of all answers; none if only the first minute left.
    pub(crate) answers: Option<Digest>,
    /// What each audience that got a part was told: the hash of what it says.
    #[serde(default)]
    pub(crate) told: BTreeMap<Audience, Digest>,
}

/// What the person wrote to the organisation.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct SentReply {
    pub(crate) part: PartId,
    pub(crate) document: ReplyDocument,
}

/// What the person claimed when they called the report back.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct SentRecall {
    /// The part it left in; none in drafts of before it was kept.
    #[serde(default)]
    pub(crate) part: Option<PartId>,
    #[serde(flatten)]
    pub(crate) document: RecallDocument,
}

impl Body {
    /// What an empty report holds.
    pub(super) fn new(keys: &ReportKeys, form: &Form) -> Self {
        Self {
            seed: *keys.seed(),
            form: form.id.clone(),
            form_version: form.version,
            purpose: Some(form.purpose),
            answers: BTreeMap::new(),
            answered_at_ms: BTreeMap::new(),
            from_profile: None,
            media: Vec::new(),
            sent: Vec::new(),
            replies: Vec::new(),
            recalls: Vec::new(),
        }
    }

    /// Every sealed file that the report has.
    pub(crate) fn files(&self) -> impl Iterator<Item = &StoredFile> {
        self.media.iter().flat_map(StoredMedium::files)
    }

    pub(crate) fn keys(&self) -> ReportKeys {
        ReportKeys::derive(self.seed)
    }

    /// The form as it is today. What was begun as a profile is never sent, and the other way
    /// round: a form that changed in that is another form.
    pub(crate) fn form(&self, book: &FormBook) -> Arc<Form> {
        let form =
            book.form(&self.form).filter(|form| self.purpose.is_none_or(|it| it == form.purpose));
        form.unwrap_or_else(|| {
            let purpose = self.purpose.unwrap_or(Purpose::Report);
            Arc::new(Form::withdrawn(self.form.clone(), self.form_version, purpose))
        })
    }

    /// The answers as the form understands them, and those it has no place for.
    pub(crate) fn answers(&self, form: &Form) -> Answers {
        Answers::read(form, self.answers.clone())
    }

    /// Replaces all answers by those to `form`.
    pub(crate) fn set_answers(&mut self, form: &Form, answers: &Answers) {
        self.form_version = form.version;
        self.answers = answers.to_stored();
    }

    /// Forgets when a field was answered, if nothing that answers it is left.
    pub(crate) fn forget_time(&mut self, field: &FieldId) {
        let is_attached = self.media.iter().any(|medium| medium.field == *field);
        if !is_attached && !self.answers.contains_key(field.as_str()) {
            self.answered_at_ms.remove(field);
        }
    }

    /// The hash of all answers, to see whether they changed.
    pub(crate) fn answers_digest(&self) -> Digest {
        sha256_of_json(&self.answers)
    }

    /// How many media each field has.
    pub(crate) fn media_counts(&self) -> BTreeMap<FieldId, usize> {
        let mut counts = BTreeMap::new();
        for medium in &self.media {
            *counts.entry(medium.field.clone()).or_default() += 1;
        }
        counts
    }
}
