//! Brand packs: from a source that people edit to the one signed file that phones take.
//!
//! `build` needs `offline` (it signs) and `public` (token, certificate, recipients), and never
//! `private`: it can run on a machine that opens no report.

mod forms;
mod place;
mod source;

use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use data_encoding::BASE64;
use homeward_core::brand::{Pack, PackError, Recipient, Server, Trust};
use homeward_core::crypto::SigningKey;
use homeward_core::forms::Audience;

use crate::card::Card;
use crate::clock::now_ms;
use crate::error::{Error, Result};
use crate::home::{Home, names, read, read_text, replace_file};
use crate::keys::{SeedUse, read_seed};
use crate::tls;

pub use forms::book;
use place::{Place, TrustSource};
pub use source::{FILE, Fault};
use source::{RecipientSource, Source};

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
pub fn build(home: &Home, folder: &Path, out: &Path) -> Result<Built> {
    let text = read_source(&folder.join(FILE))?;
    let source = Source::parse(&text).map_err(first)?;
    let forms = forms::read(folder)?.map_err(first)?;
    let card = Card::read(home)?;
    let seed = read_seed(&home.offline(names::ORGANISATION_KEY), SeedUse::Organisation)?;
    let key = SigningKey::derive(&seed);

    let now_ms = now_ms();
    let mut new_certificate = false;
    let mut places = Vec::new();
    for place in &source.places {
        let (server, new) = server(home, folder, place, now_ms)?;
        new_certificate |= new;
        places.push(server);
    }
    let mirrors = places.split_off(1);
    let server = places.remove(0);
    let mut organisation = card.organisation;
    organisation.name = source.organisation.name;

    let mut pack = Pack::new(organisation, server);
    pack.sequence = next_sequence(home)?;
    pack.issued_at_ms = now_ms;
    pack.mirrors = mirrors;
    pack.deadlines = source.deadlines;
    pack.network = source.network;
    pack.expires_at_ms = pack.issued_at_ms + i64::from(source.pack.valid_days) * DAY_MS;
    pack.recipients = recipients(card.recipients, source.recipient);
    pack.receipt_keys = card.receipt_keys;
    pack.forms = forms;

    let bytes = pack.sign(&key).map_err(|error| match error {
        PackError::NoRecipient => Error::NobodyCouldOpen,
        // What is left to be wrong is their number; each was read above.
        PackError::WrongForm { error, .. } => {
            Error::Source(Fault::in_file(forms::FOLDER, error.to_string()))
        }
        _ => Error::Damaged("organisation key"),
    })?;
    forms::keep(home, &pack)?;
    replace_file(out, &bytes).map_err(Error::io("write the pack"))?;
    // A pack is for everybody; everything else that we write is for its owner.
    fs::set_permissions(out, fs::Permissions::from_mode(0o644))
        .map_err(Error::io("write the pack"))?;
    Ok(Built { pack, new_certificate })
}

/// All that is wrong with `folder`'s source, in the order of its lines, and then with its forms.
pub fn check(home: &Home, folder: &Path) -> Result<Vec<Fault>> {
    let text = read_source(&folder.join(FILE))?;
    let mut faults = match Source::parse(&text) {
        Ok(source) => check_source(home, folder, source)?,
        Err(faults) => faults,
    };
    faults.extend(forms::read(folder)?.err().unwrap_or_default());
    Ok(faults)
}

fn check_source(home: &Home, folder: &Path, source: Source) -> Result<Vec<Fault>> {
    let mut faults = Vec::new();
    for place in &source.places {
        if let Some(file) = &place.source.anchor
            && let Err(error) =
                read(&folder.join(file), "read").and_then(|pem| tls::certificate(&pem))
        {
            faults.push(Fault::of_the_whole(format!("anchor of {}: {error}", place.host)));
        }
    }
    let all = recipients(Card::read(home)?.recipients, source.recipient);
    let active = |audience: Audience| {
        all.iter().filter(move |one| one.audience == audience && one.state.is_active())
    };
    for audience in Audience::ALL {
        if active(audience).count() == 1 {
            let what = "has one recipient and no recovery key: should that key be lost, nobody opens \
                        what is sealed to it";
            faults.push(Fault::of_the_whole(format!("audience {} {what}", audience.name())));
        }
    }
    if active(Audience::Organisation).count() == 0 {
        faults.push(Fault::of_the_whole(Error::NobodyCouldOpen.to_string()));
    }
    Ok(faults)
}

fn first(faults: Vec<Fault>) -> Error {
    faults.into_iter().next().map_or(Error::NoSource, Error::Source)
}

/// A server or mirror as phones will know it, and whether its certificate had to be made anew.
fn server(home: &Home, folder: &Path, place: &Place, now_ms: i64) -> Result<(Server, bool)> {
    let source = &place.source;
    let (trust, new) = match (source.trust, &source.anchor) {
        (TrustSource::Public, _) => (Trust::Public, false),
        (TrustSource::Anchors, None) => {
            let new = tls::cover(home, &place.host)?;
            (Trust::Anchors(vec![BASE64.encode(&tls::anchor(home)?)]), new)
        }
        (TrustSource::Anchors, Some(file)) => {
            let pem = read(&folder.join(file), "read the mirror's anchor")?;
            (Trust::Anchors(vec![BASE64.encode(&tls::certificate(&pem)?)]), false)
        }
    };
    let token = match &source.token {
        Some(token) => token.clone(),
        None => read_text(&home.public(names::TOKEN), "read the token")?.trim().to_owned(),
    };
    let pins = source.pins.as_ref().map(|pins| pins.pins(now_ms));
    Ok((Server { url: source.url.clone(), token, trust, pins }, new))
}

/// The desk's own recipients and those that the source names; what the source says of one of the
/// desk's own is what holds.
fn recipients(own: Vec<Recipient>, named: Vec<RecipientSource>) -> Vec<Recipient> {
    let mut all = own;
    for RecipientSource { audience, recipient, holder, state } in named {
        let same = |one: &Recipient| one.audience == audience && one.recipient == recipient;
        all.retain(|one| !same(one));
        all.push(Recipient { audience, recipient, holder, state });
    }
    all
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
