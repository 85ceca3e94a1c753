//! Signs and seals parts into the spool. Until they have rows they are this value's, and go with
//! it.

use std::fs::{self, File};
use std::io::{BufWriter, IntoInnerError, Read};

use serde::Serialize;
use zeroize::Zeroizing;

use super::{SealedPart, SealedReport};
use crate::brand::Pack;
use crate::crypto::sha256;
use crate::drafts::Draft;
use crate::error::{Error, Result};
use crate::forms::Audience;
use crate::ids::{Digest, PartId, ReportId};
use crate::seal::{self, Content, ListedPart, Part, PartKind, ReportKeys, Unsigned};
use crate::store::Store;
use crate::vault::blob::sync_folder_of;

/// Seals the parts of one report.
pub(super) struct Sealer<'a> {
    store: &'a Store,
    pack: &'a Pack,
    keys: ReportKeys,
    version: u32,
    previous: Option<Digest>,
    parts: Vec<ListedPart>,
    kept: bool,
}

impl<'a> Sealer<'a> {
    /// Seals parts that come with version `version` of `draft`.
    pub(super) fn new(store: &'a Store, pack: &'a Pack, draft: &Draft, version: u32) -> Self {
        let previous = draft.body.sent.last().map(|sent| sent.digest);
        let keys = draft.body.keys();
        Self { store, pack, keys, version, previous, parts: Vec::new(), kept: false }
    }

    /// What was sealed so far.
    pub(super) fn parts(&self) -> &[ListedPart] {
        &self.parts
    }

    /// What was sealed, for the person.
    pub(super) fn sealed(&self, report: ReportId, version: u32) -> SealedReport {
        SealedReport { report, version, parts: self.parts.iter().map(SealedPart::from).collect() }
    }

    /// Makes sure that the files are found after a power cut.
    pub(super) fn sync(&self) -> Result<()> {
        Ok(sync_folder_of(&self.store.home.spool().join("."))?)
    }

    /// The parts have rows now: they stay.
    pub(super) fn keep(mut self) {
        self.kept = true;
    }

    /// Seals words.
    pub(super) fn words(
        &mut self,
        kind: PartKind,
        audiences: Vec<Audience>,
        name: &str,
        document: &impl Serialize,
    ) -> Result<Part> {
        let json = serde_json::to_vec_pretty(document).map(Zeroizing::new);
        let json = json.map_err(|_| Error::Unexpected("error-encoding"))?;
        let (bytes, sha256) = (json.len() as u64, sha256(&json));
        let content = Content { name: name.into(), bytes, sha256 };
        self.file(kind, audiences, content, &mut json.as_slice())
    }

    /// Seals a file.
    pub(super) fn file(
        &mut self,
        kind: PartKind,
        audiences: Vec<Audience>,
        content: Content,
        bytes: &mut dyn Read,
    ) -> Result<Part> {
        let part = Unsigned {
            organisation: self.pack.organisation.fingerprint(),
            audiences,
            part: PartId::make(),
            kind,
            version: self.version,
            previous: self.previous,
            content,
        };
        let part = part.sign(&self.keys);
        self.spool(&part, bytes)?;
        Ok(part)
    }

    /// Seals a part into the spool and syncs it.
    fn spool(&mut self, part: &Part, content: &mut dyn Read) -> Result<()> {
        let recipients = self.pack.recipients_of(&part.audiences);
        let mut file = BufWriter::new(File::create(self.store.home.spooled(part.part))?);
        // From here on the file is this value's to remove.
        self.parts.push(ListedPart {
            part: part.part,
            kind: part.kind,
            audiences: part.audiences.clone(),
            bytes: 0,
            sha256: part.content.sha256,
        });
        let sealed = seal::seal(part, content, &recipients, &mut file)?;
        let file = file.into_inner().map_err(IntoInnerError::into_error)?;
        file.sync_all()?;
        if let Some(listed) = self.parts.last_mut() {
            (listed.bytes, listed.sha256) = (sealed.bytes, sealed.sha256);
        }
        Ok(())
    }
}

impl Drop for Sealer<'_> {
    fn drop(&mut self) {
        if !self.kept {
            for part in &self.parts {
                // What stays is swept at the next start.
                let _ = fs::remove_file(self.store.home.spooled(part.part));
            }
        }
    }
}
