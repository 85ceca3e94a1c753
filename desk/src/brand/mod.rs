//! Brand packs: from a source that people edit to the one signed file that phones take.
//!
//! `build` needs `offline` (it signs) and `public` (token, certificate, recipients), and never
//! `private`: it can run on a machine that opens no report.

mod source;

use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use data_encoding::BASE64;
use homeward_core::brand::{Pack, Recipient, Server, Trust};
use homeward_core::crypto::SigningKey;

use crate::card::Card;
use crate::error::{Error, Result};
use crate::home::{Home, names, read_text, replace_file};
use crate::keys::{SeedUse, read_seed};
use crate::tls;

pub use source::{FILE, Fault};
use source::{Source, TrustSource};

const DAY_MS: i64 = 24 * 60 * 60 * 1000;

/// What was built.
#[derive(Clone, Debug)]
pub struct Built {
    /// The pack, as phones will read it.
    pub pack: Pack,
    /// Whether the server's certificate had to be made anew, so that `receive` must be restarted.
    pub new_certificate: bool,
}

/// Makes the folder `source` with an example that builds as it stands.
pub fn make_source(home: &Home, source: &Path) -> Result<()> {
    let card = Card::read(home)?;
    fs::create_dir(source).map_err(|error| match error.kind() {
        io::ErrorKind::AlreadyExists => Error::FolderExists,
        _ => Error::Io { doing: "make the source's folder", source: error },
    })?;
    let text = source::example(&card.organisation.name);
    fs::write(source.join(FILE), text).map_err(Error::io("write the example"))
}

/// Builds the pack of `source` and writes it to `out`.
pub fn build(home: &Home, source: &Path, out: &Path) -> Result<Built> {
    let text = read_source(&source.join(FILE))?;
    let source = Source::parse(&text)?;
    let card = Card::read(home)?;
    let seed = read_seed(&home.offline(names::ORGANISATION_KEY), SeedUse::Organisation)?;
    let key = SigningKey::derive(&seed);

    let mut new_certificate = false;
    let trust = match source.server.trust {
        TrustSource::Public => Trust::Public,
        TrustSource::Anchors => {
            new_certificate = tls::cover(home, &source.host)?;
            Trust::Anchors(vec![BASE64.encode(&tls::anchor(home)?)])
        }
    };
    let token = read_text(&home.public(names::TOKEN), "read the token")?.trim().to_owned();
    let server = Server { url: source.server.url, token, trust };
    let mut organisation = card.organisation;
    organisation.name = source.organisation.name;

    let mut pack = Pack::new(organisation, server);
    pack.sequence = next_sequence(home)?;
    pack.issued_at_ms = now_ms();
    pack.expires_at_ms = pack.issued_at_ms + i64::from(source.pack.valid_days) * DAY_MS;
    pack.recipients = card.recipients;
    pack.recipients.extend(source.recipient.into_iter().map(|other| Recipient {
        audience: other.audience,
        recipient: other.recipient,
        holder: other.holder,
    }));
    pack.receipt_keys = card.receipt_keys;

    let bytes = pack.sign(&key).map_err(|_| Error::Damaged("organisation key"))?;
    replace_file(out, &bytes).map_err(Error::io("write the pack"))?;
    // A pack is for everybody; everything else that we write is for its owner.
    fs::set_permissions(out, fs::Permissions::from_mode(0o644))
        .map_err(Error::io("write the pack"))?;
    Ok(Built { pack, new_certificate })
}

fn read_source(path: &Path) -> Result<String> {
    fs::read_to_string(path).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => Error::NoSource,
        _ => Error::Io { doing: "read the source", source: error },
    })
}

/// The number of the next pack. It is on disk before the pack is, so that no two packs ever share
/// one: phones refuse the older of two by it.
fn next_sequence(home: &Home) -> Result<u32> {
    let path = home.offline(names::PACK_SEQUENCE);
    let last = match fs::read_to_string(&path) {
        Ok(text) => text.trim().parse().map_err(|_| Error::Damaged("pack number"))?,
        Err(error) if error.kind() == io::ErrorKind::NotFound => 0_u32,
        Err(source) => return Err(Error::Io { doing: "read the pack number", source }),
    };
    let next = last.checked_add(1).ok_or(Error::Damaged("pack number"))?;
    replace_file(&path, format!("{next}\n").as_bytes())
        .map_err(Error::io("write the pack number"))?;
    Ok(next)
}

fn now_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}
