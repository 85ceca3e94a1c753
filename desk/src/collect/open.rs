//! Opens one upload with the desk's identities and believes nothing before it is checked.

use std::io::{self, Write};
use std::path::Path;

use homeward_core::forms::Audience;
use homeward_core::seal::{
    ANSWERS_FORMAT, AnswersDocument, OpenError, Part, PartKind, RECALL_FORMAT, REPLY_FORMAT,
    RecallDocument, ReplyDocument, open,
};
use homeward_core::{Digest, Fingerprint};
use serde::de::DeserializeOwned;

use crate::error::{Error, Result};
use crate::home::Home;
use crate::keys::{identity_files, read_identity};
use crate::store::{self, Hashed, Upload};

/// Answers are a few kilobytes; a document longer than this is none.
const MAX_DOCUMENT: usize = 1 << 20;

/// How deep a document may be nested. An answer takes five levels; what reads the document again
/// from inside something else, as a case holds it, needs some above, and JSON readers stop at 127.
const MAX_DEPTH: usize = 32;

/// An identity and the audience that it opens for.
pub struct Identity {
    audience: Audience,
    identity: age::x25519::Identity,
}

/// An upload that opened.
pub struct Opened {
    /// What it says of itself, checked.
    pub part: Part,
    /// The hash of its ciphertext.
    pub sha256: Digest,
    /// The words that it holds.
    pub words: Words,
}

/// The words that a part holds, by its kind.
pub enum Words {
    /// None: it is a file.
    File,
    /// A first minute or answers.
    Answers(AnswersDocument),
    /// A reply.
    Reply(ReplyDocument),
    /// A recall.
    Recall(RecallDocument),
}

/// Why an upload is not taken: a message id that goes into receipts and lists.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reason(pub &'static str);

impl Reason {
    /// Not all of it has come.
    pub const INCOMPLETE: Self = Self("refused-incomplete");
    /// What the store says of it does not read.
    pub const STATE: Self = Self("refused-unreadable");
    /// It was uploaded under another part's id.
    pub const OTHER_PART: Self = Self("refused-other-part");
    /// It was sealed to us and says that it is not for us.
    pub const AUDIENCE: Self = Self("refused-audience");
    /// It holds no answers where it should.
    pub const MALFORMED: Self = Self("refused-malformed");
    /// It is sealed for somebody else.
    pub const FOREIGN: Self = Self("refused-sealed-for-others");
    /// Its report has as many parts or words as a report may have.
    pub const TOO_MUCH: Self = Self("refused-too-much");
    /// It is of a report whose case does not read.
    pub const CASE: Self = Self("refused-case-unreadable");
}

impl From<OpenError> for Reason {
    fn from(error: OpenError) -> Self {
        Self(error.message_id())
    }
}

/// The identities of the desk. A file is called after its audience: `police.txt`,
/// `police-2027-q1.txt`.
pub fn identities(home: &Home) -> Result<Vec<Identity>> {
    let mut found = Vec::new();
    for path in identity_files(home)? {
        let audience = audience_of(&path).ok_or(Error::Damaged("identity file's name"))?;
        found.push(Identity { audience, identity: read_identity(&path)? });
    }
    Ok(found)
}

fn audience_of(path: &Path) -> Option<Audience> {
    let name = path.file_stem()?.to_str()?.split('-').next()?;
    serde_json::from_value(name.into()).ok()
}

/// Opens `upload`, writes its content to `content` and checks that it is what it claims to be.
/// Nothing that was written may be used unless this returns `Ok`.
pub fn open_upload(
    upload: &Upload,
    identities: &[Identity],
    organisation: &Fingerprint,
    content: &mut dyn Write,
) -> std::result::Result<Opened, Reason> {
    let mut reason = Reason::FOREIGN;
    for identity in identities {
        let file = store::open(&upload.data).map_err(|_| Reason::STATE)?;
        let mut sealed = Hashed::over(file);
        let mut kept = Kept { whole: content, words: Vec::new() };
        let only = std::slice::from_ref(&identity.identity);
        match open(&mut sealed, only, organisation, &mut kept) {
            // Only the head was read: another identity may fit.
            Err(OpenError::NotForUs) => continue,
            Err(error) => return Err(error.into()),
            Ok(part) if !part.audiences.contains(&identity.audience) => reason = Reason::AUDIENCE,
            Ok(part) => {
                let words = words_of(part.kind, &kept.words)?;
                if upload.part.is_some_and(|claimed| claimed != part.part) {
                    return Err(Reason::OTHER_PART);
                }
                let sha256 = sealed.finish().map_err(|_| Reason::STATE)?;
                return Ok(Opened { part, sha256, words });
            }
        }
    }
    Err(reason)
}

fn words_of(kind: PartKind, words: &[u8]) -> std::result::Result<Words, Reason> {
    let (format, words) = match kind {
        PartKind::FirstMinute | PartKind::Answers => {
            let document: AnswersDocument = document(words)?;
            (document.format == ANSWERS_FORMAT, Words::Answers(document))
        }
        PartKind::Reply => {
            let document: ReplyDocument = document(words)?;
            (document.format == REPLY_FORMAT, Words::Reply(document))
        }
        PartKind::Recall => {
            let document: RecallDocument = document(words)?;
            (document.format == RECALL_FORMAT, Words::Recall(document))
        }
        PartKind::Face | PartKind::Medium | PartKind::Original => (true, Words::File),
    };
    format.then_some(words).ok_or(Reason::MALFORMED)
}

fn document<T: DeserializeOwned>(words: &[u8]) -> std::result::Result<T, Reason> {
    if depth(words) > MAX_DEPTH {
        return Err(Reason::MALFORMED);
    }
    serde_json::from_slice(words).map_err(|_| Reason::MALFORMED)
}

/// How deep `json` is nested. Counts only, so that nothing is too deep for it.
fn depth(json: &[u8]) -> usize {
    let (mut depth, mut deepest) = (0_usize, 0);
    let (mut quoted, mut escaped) = (false, false);
    for byte in json {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            b'[' | b'{' if !quoted => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            b']' | b'}' if !quoted => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    deepest
}

/// Passes everything on, and keeps the first bytes: a document is read from them, and a video does
/// not fill the memory.
struct Kept<'a> {
    whole: &'a mut dyn Write,
    words: Vec<u8>,
}

impl Write for Kept<'_> {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        let count = self.whole.write(buffer)?;
        let room = MAX_DOCUMENT.saturating_sub(self.words.len()).min(count);
        self.words.extend_from_slice(&buffer[..room]);
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.whole.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn brackets_in_texts_are_not_depth() {
        assert_eq!(depth(b"7"), 0);
        assert_eq!(depth(br#"{"a":[1,{"b":[]}],"c":[]}"#), 4);
        assert_eq!(depth(br#"{"a":"[[[[","b\"{":"\\"}"#), 1);
        assert_eq!(depth(br#"["\\",["\"["]]"#), 2);
    }
}
