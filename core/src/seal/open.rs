//! Opens a part as the organisation does, and believes nothing before it is checked.

use std::io::{self, Read, Write};

use super::part::Part;
use crate::crypto::Tally;
use crate::forms::Audience;
use crate::ids::Fingerprint;

/// `part.json` is some hundred bytes; more is a trap.
const MAX_PART_JSON: u64 = 64 << 10;

/// Why a part does not open.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// None of the identities is a recipient: it is sealed for others.
    #[error("sealed for somebody else")]
    NotForUs,
    /// No age file, cut short, or changed after sealing.
    #[error("the part was changed or cut short")]
    Damaged,
    /// It opens, but inside is not what a part holds.
    #[error("the part holds something else than a report's part")]
    Malformed,
    /// Its signature does not hold for the report that it names.
    #[error("the part's signature does not hold")]
    BadSignature,
    /// It was sealed for another organisation and passed on.
    #[error("the part was made for another organisation")]
    OtherOrganisation,
    /// The content is not what was signed.
    #[error("the part's content is not what was signed")]
    BadContent,
    /// The disk failed.
    #[error("the part can't be read or written")]
    Io(#[source] io::Error),
}

impl OpenError {
    /// The message id that says it.
    #[must_use]
    pub fn message_id(&self) -> &'static str {
        match self {
            Self::NotForUs => "refused-sealed-for-others",
            Self::Damaged => "refused-damaged",
            Self::Malformed => "refused-malformed",
            Self::BadSignature => "refused-bad-signature",
            Self::OtherOrganisation => "refused-other-organisation",
            Self::BadContent => "refused-bad-content",
            Self::Io(_) => "refused-unreadable",
        }
    }

    /// Sorts what went wrong inside the ciphertext from what went wrong with the disk: age reports
    /// a failed tag as invalid data or an early end.
    fn from_stream(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::InvalidData | io::ErrorKind::UnexpectedEof | io::ErrorKind::Other => {
                Self::Damaged
            }
            _ => Self::Io(error),
        }
    }
}

/// Opens the part in `sealed` with the first of `identities` that fits, and writes its content to
/// `content`. Nothing written there may be used unless this returns `Ok`.
pub fn open(
    sealed: impl Read,
    identities: &[age::x25519::Identity],
    organisation: &Fingerprint,
    content: &mut dyn Write,
) -> Result<Part, OpenError> {
    let decryptor = age::Decryptor::new_buffered(io::BufReader::new(sealed)).map_err(refusal)?;
    let identities = identities.iter().map(|identity| identity as &dyn age::Identity);
    let mut plain = decryptor.decrypt(identities).map_err(refusal)?;
    let part = {
        let mut archive = tar::Archive::new(&mut plain);
        let mut entries = archive.entries().map_err(OpenError::from_stream)?;
        let part = read_part(entries.next(), organisation)?;
        read_content(entries.next(), &part, content)?;
        if entries.next().is_some() {
            return Err(OpenError::Malformed);
        }
        part
    };
    drain_zeros(&mut plain)?;
    Ok(part)
}

type Entry<'a, R> = Option<io::Result<tar::Entry<'a, R>>>;

fn read_part<R: Read>(entry: Entry<'_, R>, organisation: &Fingerprint) -> Result<Part, OpenError> {
    let entry = entry.ok_or(OpenError::Malformed)?.map_err(OpenError::from_stream)?;
    if &*entry.path_bytes() != b"part.json" || entry.size() > MAX_PART_JSON {
        return Err(OpenError::Malformed);
    }
    let mut json = Vec::new();
    entry.take(MAX_PART_JSON).read_to_end(&mut json).map_err(OpenError::from_stream)?;
    let part: Part = serde_json::from_slice(&json).map_err(|_| OpenError::Malformed)?;
    if !part.is_signed() {
        return Err(OpenError::BadSignature);
    }
    if part.organisation != *organisation {
        return Err(OpenError::OtherOrganisation);
    }
    if part.audiences.is_empty() || !part.audiences.is_sorted_by(|a: &Audience, b| a < b) {
        return Err(OpenError::Malformed);
    }
    Ok(part)
}

fn read_content<R: Read>(
    entry: Entry<'_, R>,
    part: &Part,
    content: &mut dyn Write,
) -> Result<(), OpenError> {
    let mut entry = entry.ok_or(OpenError::Malformed)?.map_err(OpenError::from_stream)?;
    let stated = &part.content;
    if *entry.path_bytes() != *stated.name.as_bytes() || !is_plain_name(&stated.name) {
        return Err(OpenError::Malformed);
    }
    if entry.size() != stated.bytes {
        return Err(OpenError::BadContent);
    }
    let mut tally = Tally::new(content);
    copy(&mut entry, &mut tally)?;
    let (_, bytes, sha256) = tally.finish();
    let same = bytes == stated.bytes && sha256 == stated.sha256;
    same.then_some(()).ok_or(OpenError::BadContent)
}

/// Names come from the sender: only what can't leave a folder or hide is a name.
fn is_plain_name(name: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    !name.starts_with('.') && (1..=64).contains(&name.len()) && name.chars().all(plain)
}

/// Like [`io::copy`], but tells a broken seal from a broken disk.
fn copy(from: &mut dyn Read, to: &mut dyn Write) -> Result<(), OpenError> {
    let mut buffer = vec![0; 64 << 10];
    loop {
        match from.read(&mut buffer).map_err(OpenError::from_stream)? {
            0 => return Ok(()),
            count => to.write_all(&buffer[..count]).map_err(OpenError::Io)?,
        }
    }
}

/// Reads the padding to its end, so that the last chunk is authenticated and nothing hides there.
fn drain_zeros(plain: &mut dyn Read) -> Result<(), OpenError> {
    let mut buffer = vec![0; 64 << 10];
    loop {
        match plain.read(&mut buffer).map_err(OpenError::from_stream)? {
            0 => return Ok(()),
            count if buffer[..count].iter().all(|byte| *byte == 0) => {}
            _ => return Err(OpenError::Malformed),
        }
    }
}

fn refusal(error: age::DecryptError) -> OpenError {
    match error {
        age::DecryptError::NoMatchingKeys => OpenError::NotForUs,
        age::DecryptError::Io(error) => OpenError::from_stream(error),
        _ => OpenError::Damaged,
    }
}

#[cfg(test)]
mod tests {
    use super::super::part::{Content, PartKind, Unsigned};
    use super::super::{ReportKeys, seal};
    use super::*;
    use crate::crypto::sha256;
    use crate::ids::PartId;

    const TEXT: &[u8] = b"{\"child_name\":\"canary\"}";

    fn part_of(keys: &ReportKeys, content: &[u8]) -> Part {
        Unsigned {
            organisation: Fingerprint::from([4; 32]),
            audiences: vec![Audience::Police, Audience::Organisation],
            part: PartId::make(),
            kind: PartKind::Answers,
            version: 1,
            previous: None,
            content: Content {
                name: "answers.json".into(),
                bytes: content.len() as u64,
                sha256: sha256(content),
            },
        }
        .sign(keys)
    }

    fn sealed(part: &Part, content: &[u8], to: &age::x25519::Identity) -> Vec<u8> {
        let mut sealed = Vec::new();
        seal(part, &mut &*content, &[to.to_public()], &mut sealed).unwrap();
        sealed
    }

    fn open_with(sealed: &[u8], identity: &age::x25519::Identity) -> Result<Part, OpenError> {
        let identities = [identity.clone()];
        open(sealed, &identities, &Fingerprint::from([4; 32]), &mut io::sink())
    }

    #[test]
    fn what_was_sealed_opens_whole_for_its_recipient() {
        let identity = age::x25519::Identity::generate();
        let part = part_of(&ReportKeys::make(), TEXT);
        let mut content = Vec::new();
        let opened = open(
            sealed(&part, TEXT, &identity).as_slice(),
            std::slice::from_ref(&identity),
            &part.organisation,
            &mut content,
        );
        assert_eq!(opened.unwrap(), part);
        assert_eq!(content, TEXT);
    }

    #[test]
    fn two_parts_of_words_have_the_same_size() {
        let identity = age::x25519::Identity::generate();
        let keys = ReportKeys::make();
        for content in [TEXT, &[b'x'; 700]] {
            let length = sealed(&part_of(&keys, content), content, &identity).len();
            assert!([4 << 10, 16 << 10].contains(&length), "{length}");
        }
    }

    #[test]
    fn somebody_else_does_not_open_it() {
        let part = part_of(&ReportKeys::make(), TEXT);
        let sealed = sealed(&part, TEXT, &age::x25519::Identity::generate());
        let stranger = age::x25519::Identity::generate();
        assert!(matches!(open_with(&sealed, &stranger), Err(OpenError::NotForUs)));
    }

    #[test]
    fn any_flipped_byte_and_any_cut_is_refused() {
        let identity = age::x25519::Identity::generate();
        let sealed = sealed(&part_of(&ReportKeys::make(), TEXT), TEXT, &identity);
        for at in (0..sealed.len()).step_by(7) {
            let mut flipped = sealed.clone();
            flipped[at] ^= 1;
            assert!(open_with(&flipped, &identity).is_err(), "byte {at}");
            assert!(open_with(&sealed[..at], &identity).is_err(), "cut at {at}");
        }
    }

    #[test]
    fn a_part_signed_for_another_report_is_refused() {
        let identity = age::x25519::Identity::generate();
        let mut part = part_of(&ReportKeys::make(), TEXT);
        part.report = ReportKeys::make().report_id();
        let sealed = sealed(&part, TEXT, &identity);
        assert!(matches!(open_with(&sealed, &identity), Err(OpenError::BadSignature)));
    }

    #[test]
    fn a_part_passed_off_to_another_organisation_is_refused() {
        let identity = age::x25519::Identity::generate();
        let sealed = sealed(&part_of(&ReportKeys::make(), TEXT), TEXT, &identity);
        let other = Fingerprint::from([5; 32]);
        let opened = open(sealed.as_slice(), &[identity], &other, &mut io::sink());
        assert!(matches!(opened, Err(OpenError::OtherOrganisation)));
    }

    #[test]
    fn content_that_is_not_what_the_part_states_is_not_sealed() {
        let identity = age::x25519::Identity::generate();
        let part = part_of(&ReportKeys::make(), TEXT);
        let mut output = Vec::new();
        let other = vec![b'y'; TEXT.len()];
        assert!(seal(&part, &mut other.as_slice(), &[identity.to_public()], &mut output).is_err());
    }

    #[test]
    fn a_name_that_leaves_its_folder_is_no_name() {
        for name in ["../x", "a/b", ".bashrc", "", "a\0b", "é"] {
            assert!(!is_plain_name(name), "{name:?}");
        }
        assert!(is_plain_name("photo-1.jpg"));
    }
}
