//! `public/desk.json`: who the desk is, with the public halves of its keys, so that a pack can be
//! built without `private` and parts can be checked without `offline`.

use serde::{Deserialize, Serialize};

use homeward_core::brand::{Organisation, ReceiptKey, Recipient};

use crate::error::{Error, Result};
use crate::home::{Home, names, read};

/// The longest name that fits on a phone's screen, by far.
pub(crate) const MAX_NAME: usize = 200;

const FORMAT: &str = "homeward-desk/1";

/// Whether an organisation may be called `name`.
pub(crate) fn is_name(name: &str) -> bool {
    (1..=MAX_NAME).contains(&name.chars().count())
}

/// Who the desk is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Card {
    format: String,
    /// The organisation that the desk serves.
    pub organisation: Organisation,
    /// Who can open parts, per audience.
    pub recipients: Vec<Recipient>,
    /// Who signs receipts.
    pub receipt_keys: Vec<ReceiptKey>,
}

impl Card {
    /// A card in today's format.
    #[must_use]
    pub fn new(
        organisation: Organisation,
        recipients: Vec<Recipient>,
        receipt_keys: Vec<ReceiptKey>,
    ) -> Self {
        Self { format: FORMAT.into(), organisation, recipients, receipt_keys }
    }

    /// The desk's card.
    pub fn read(home: &Home) -> Result<Self> {
        let bytes = read(&home.public(names::CARD), "read the desk's card")?;
        let card: Self = serde_json::from_slice(&bytes).map_err(|_| Error::Damaged("card"))?;
        if card.format == FORMAT { Ok(card) } else { Err(Error::Damaged("card")) }
    }

    /// The bytes of its file.
    pub fn to_bytes(&self) -> Result<Vec<u8>> {
        serde_json::to_vec_pretty(self).map_err(|_| Error::Damaged("card"))
    }
}
