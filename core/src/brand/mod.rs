//! Brand packs: what an organisation tells a phone, signed by its offline key.
//!
//! A pack names the organisation, its server and how to trust it, who may open what (recipients)
//! and who signs receipts. Nothing in it is secret: it lies in clear beside the vault, so sealing
//! and uploading need no vault key for it.

mod forms;
mod recipient;
mod server;

use serde::{Deserialize, Serialize};
use serde_json::Value;

pub use recipient::{Recipient, RecipientState};
pub use server::{Deadlines, NetworkPolicy, Pins, Server, Trust};

use crate::crypto::{SigningKey, VerifyKey, sha256};
use crate::forms::{Audience, FormError};
use crate::ids::Fingerprint;
use crate::seal;
use crate::signed::{Purpose, Signed};

/// The largest pack that is read: logos and texts fit, a trap does not.
pub const MAX_PACK_BYTES: usize = 4 << 20;

const FORMAT: &str = "homeward-pack/1";

/// The server and its mirrors are at most so many.
pub const MAX_PLACES: usize = 5;

/// What an organisation tells a phone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pack {
    format: String,
    /// Who the organisation is.
    pub organisation: Organisation,
    /// Grows with each certificate of the network root; a higher one revokes earlier keys.
    pub epoch: u32,
    /// Grows with each pack; a lower one is refused.
    pub sequence: u32,
    /// When the pack was signed, Unix ms.
    pub issued_at_ms: i64,
    /// From when on the pack is shown as old, Unix ms. It keeps sealing and sending.
    pub expires_at_ms: i64,
    /// Where parts go.
    pub server: Server,
    /// Where parts also go when nobody opens them in time, the first one first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub mirrors: Vec<Server>,
    /// How long the organisation may take.
    #[serde(default)]
    pub deadlines: Deadlines,
    /// What leaves over which network.
    #[serde(default)]
    pub network: NetworkPolicy,
    /// Who can open parts.
    pub recipients: Vec<Recipient>,
    /// Who signs receipts.
    pub receipt_keys: Vec<ReceiptKey>,
    /// The organisation's own forms, each a form file. One with the name of a built-in form takes
    /// its place.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub forms: Vec<Value>,
}

/// The organisation behind a pack.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Organisation {
    /// Its name as people know it.
    pub name: String,
    /// The key that signs its packs.
    pub key: VerifyKey,
}

impl Organisation {
    /// The hash of the organisation's key; parts and receipts are bound to it.
    #[must_use]
    pub fn fingerprint(&self) -> Fingerprint {
        let labelled = [b"homeward organisation 1\n".as_slice(), self.key.as_bytes()].concat();
        Fingerprint::from(*sha256(&labelled).as_bytes())
    }
}

/// A key that signs receipts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReceiptKey {
    /// The key.
    pub key: VerifyKey,
    /// Who holds it.
    pub holder: String,
}

/// Why a pack is not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PackError {
    /// The bytes are no pack, or of a format that this program does not know.
    #[error("not a brand pack")]
    Unreadable,
    /// The signature does not hold: the pack was changed on its way.
    #[error("the pack was changed after it was signed")]
    BadSignature,
    /// The pack names nobody who could open a report, or a recipient that is none.
    #[error("the pack has no recipient who could open a report")]
    NoRecipient,
    /// A server or mirror that no phone could use: no `https` origin, pins without a backup, no
    /// anchor, a mirror twice, a deadline of nothing.
    #[error("the pack has a server that no phone could use")]
    BadServer,
    /// One of the organisation's own forms is wrong.
    #[error("form {form}, {error}")]
    WrongForm {
        /// The form's name, or its place in the pack, from 1.
        form: String,
        /// Where in the form, and what is wrong there.
        error: FormError,
    },
}

impl Pack {
    /// A first pack; everything else can be set on it before it is signed.
    #[must_use]
    pub fn new(organisation: Organisation, server: Server) -> Self {
        Self {
            format: FORMAT.into(),
            organisation,
            epoch: 0,
            sequence: 1,
            issued_at_ms: 0,
            expires_at_ms: 0,
            server,
            mirrors: Vec::new(),
            deadlines: Deadlines::default(),
            network: NetworkPolicy::default(),
            recipients: Vec::new(),
            receipt_keys: Vec::new(),
            forms: Vec::new(),
        }
    }

    /// The pack's file, signed by the organisation's key.
    pub fn sign(&self, key: &SigningKey) -> Result<Vec<u8>, PackError> {
        if key.verify_key() != self.organisation.key {
            return Err(PackError::BadSignature);
        }
        self.check()?;
        forms::check_to_sign(&self.forms)?;
        let body = serde_json::to_string(self).map_err(|_| PackError::Unreadable)?;
        let signed = Signed::make(Purpose::Pack, body, key);
        serde_json::to_vec_pretty(&signed).map_err(|_| PackError::Unreadable)
    }

    /// Reads a pack's file. Only a pack signed by the organisation that it names is one.
    pub fn read(bytes: &[u8]) -> Result<Self, PackError> {
        if bytes.len() > MAX_PACK_BYTES {
            return Err(PackError::Unreadable);
        }
        let signed: Signed = serde_json::from_slice(bytes).map_err(|_| PackError::Unreadable)?;
        let (body, key) = signed.verify(Purpose::Pack).ok_or(PackError::BadSignature)?;
        let pack: Self = serde_json::from_str(body).map_err(|_| PackError::Unreadable)?;
        if pack.format != FORMAT {
            return Err(PackError::Unreadable);
        }
        if pack.organisation.key != key {
            return Err(PackError::BadSignature);
        }
        pack.check()?;
        forms::check(&pack.forms)?;
        Ok(pack)
    }

    /// The age recipients of everybody who may open a part for any of `audiences`, each once.
    /// Only active ones: nothing is sealed to a key that was retired or lost.
    pub fn recipients_of(&self, audiences: &[Audience]) -> Vec<age::x25519::Recipient> {
        let mut texts: Vec<&str> = self
            .active()
            .filter(|recipient| audiences.contains(&recipient.audience))
            .map(|recipient| recipient.recipient.as_str())
            .collect();
        texts.sort_unstable();
        texts.dedup();
        texts.into_iter().filter_map(|text| text.parse().ok()).collect()
    }

    /// Whether anybody can open a part for `audience`.
    #[must_use]
    pub fn has(&self, audience: Audience) -> bool {
        self.active().any(|recipient| recipient.audience == audience)
    }

    /// Where parts can go: the server, then the mirrors.
    pub fn places(&self) -> impl Iterator<Item = &Server> {
        std::iter::once(&self.server).chain(&self.mirrors)
    }

    fn active(&self) -> impl Iterator<Item = &Recipient> {
        self.recipients.iter().filter(|recipient| recipient.state.is_active())
    }

    /// Whether `self` replaces `other`: the same organisation, and newer.
    #[must_use]
    pub fn replaces(&self, other: &Self) -> bool {
        self.organisation.key == other.organisation.key
            && (self.epoch, self.sequence) > (other.epoch, other.sequence)
    }

    fn check(&self) -> Result<(), PackError> {
        let sealable = self.recipients.iter().all(|one| seal::recipient(&one.recipient).is_some());
        let usable = sealable && self.has(Audience::Organisation);
        if !usable {
            return Err(PackError::NoRecipient);
        }
        self.are_places_usable().then_some(()).ok_or(PackError::BadServer)
    }

    fn are_places_usable(&self) -> bool {
        let places: Vec<&Server> = self.places().collect();
        let minutes = self.deadlines.receipt_minutes;
        let twice =
            |(at, place): (usize, &&Server)| places[..at].iter().any(|one| one.is_at(place));
        places.len() <= MAX_PLACES
            && places.iter().all(|place| place.is_usable())
            && !places.iter().enumerate().any(twice)
            && (1..=Deadlines::MAX_RECEIPT_MINUTES).contains(&minutes)
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use data_encoding::BASE64;

    use super::*;

    /// A pack with one recipient for the organisation and one for the police.
    pub(crate) fn pack_with(
        organisation: &age::x25519::Identity,
        police: &age::x25519::Identity,
    ) -> (Pack, SigningKey) {
        let key = SigningKey::derive(&[3; 32]);
        let server = Server::new("https://desk.example".into(), "token".into(), Trust::Public);
        let organisation_name = Organisation { name: "Example".into(), key: key.verify_key() };
        let mut pack = Pack::new(organisation_name, server);
        for (audience, identity) in
            [(Audience::Organisation, organisation), (Audience::Police, police)]
        {
            let recipient = identity.to_public().to_string();
            pack.recipients.push(Recipient::new(audience, recipient, "desk"));
        }
        (pack, key)
    }

    fn example() -> (Pack, SigningKey) {
        let identity = age::x25519::Identity::generate();
        pack_with(&identity, &identity)
    }

    #[test]
    fn a_signed_pack_reads_back() {
        let (pack, key) = example();
        assert_eq!(Pack::read(&pack.sign(&key).unwrap()), Ok(pack));
    }

    #[test]
    fn a_pack_changed_after_signing_is_refused() {
        let (pack, key) = example();
        let text = String::from_utf8(pack.sign(&key).unwrap()).unwrap();
        let changed = text.replace("desk.example", "desk.exampl3");
        assert_eq!(Pack::read(changed.as_bytes()), Err(PackError::BadSignature));
    }

    #[test]
    fn a_pack_signed_by_another_organisation_is_refused() {
        let (pack, _) = example();
        let thief = SigningKey::derive(&[9; 32]);
        assert_eq!(pack.sign(&thief), Err(PackError::BadSignature));
        let body = serde_json::to_string(&pack).unwrap();
        let signed = Signed::make(Purpose::Pack, body, &thief);
        let bytes = serde_json::to_vec(&signed).unwrap();
        assert_eq!(Pack::read(&bytes), Err(PackError::BadSignature));
    }

    #[test]
    fn a_pack_that_nobody_could_open_reports_with_is_refused() {
        let (mut pack, key) = example();
        pack.recipients.clear();
        assert_eq!(pack.sign(&key), Err(PackError::NoRecipient));
    }

    #[test]
    fn an_older_pack_never_replaces_a_newer_one() {
        let (pack, _) = example();
        let newer = Pack { sequence: 2, ..pack.clone() };
        assert!(newer.replaces(&pack) && !pack.replaces(&newer) && !pack.replaces(&pack));
    }

    #[test]
    fn a_pack_of_before_pins_mirrors_and_deadlines_reads_with_their_defaults() {
        let (pack, key) = example();
        let mut body = serde_json::to_value(&pack).unwrap();
        let fields = body.as_object_mut().unwrap();
        assert!(fields.remove("deadlines").is_some() && fields.remove("network").is_some());
        assert!(!fields.contains_key("mirrors"));
        let signed = Signed::make(Purpose::Pack, body.to_string(), &key);
        assert_eq!(Pack::read(&serde_json::to_vec(&signed).unwrap()), Ok(pack));
    }

    #[test]
    fn nothing_is_sealed_to_a_recipient_that_is_not_active() {
        let (mut pack, key) = example();
        for state in [RecipientState::Retired, RecipientState::Lost, RecipientState::Compromised] {
            pack.recipients[1].state = state;
            assert!(pack.recipients_of(&[Audience::Police]).is_empty());
            assert!(!pack.has(Audience::Police), "{state:?}");
            assert_eq!(Pack::read(&pack.sign(&key).unwrap()).as_ref(), Ok(&pack));
        }
        pack.recipients[0].state = RecipientState::Retired;
        assert_eq!(pack.sign(&key), Err(PackError::NoRecipient));
    }

    #[test]
    fn a_server_that_no_phone_could_use_is_refused() {
        let (good, key) = example();
        let pins = |sha256: &[&str]| {
            let sha256 = sha256.iter().map(|hash| (*hash).to_owned()).collect();
            Some(Pins { sha256, expires_at_ms: 1 })
        };
        let (one, two) = (BASE64.encode(&[1; 32]), BASE64.encode(&[2; 32]));
        let verdict = |change: &dyn Fn(&mut Pack)| {
            let mut pack = good.clone();
            change(&mut pack);
            pack.sign(&key).map(|bytes| assert_eq!(Pack::read(&bytes).as_ref(), Ok(&pack)))
        };
        assert_eq!(verdict(&|pack| pack.server.pins = pins(&[&one, &two])), Ok(()));
        for too_few in [&[][..], &[one.as_str()], &[&one, &one], &[&one, "no hash"]] {
            let refused = verdict(&|pack| pack.server.pins = pins(too_few));
            assert_eq!(refused, Err(PackError::BadServer), "{too_few:?}");
        }
        let mirror = |url: &str| Server { url: url.into(), ..good.server.clone() };
        assert_eq!(verdict(&|pack| pack.mirrors = vec![mirror("https://m.example")]), Ok(()));
        for url in
            ["https://desk.example/", "http://m.example", "https://m.example/x", "https://u@m", ""]
        {
            let refused = verdict(&|pack| pack.mirrors = vec![mirror(url)]);
            assert_eq!(refused, Err(PackError::BadServer), "{url}");
        }
        for minutes in [0, u32::MAX] {
            let refused = verdict(&|pack| pack.deadlines.receipt_minutes = minutes);
            assert_eq!(refused, Err(PackError::BadServer), "{minutes}");
        }
        for trust in [Trust::Anchors(vec![]), Trust::Anchors(vec!["?".into()])] {
            assert_eq!(
                verdict(&|pack| pack.server.trust = trust.clone()),
                Err(PackError::BadServer)
            );
        }
    }
}
