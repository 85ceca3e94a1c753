//! What goes back and forth after a report: questions, replies, recalls, receipts.

use super::Homeward;
use crate::dispatch::{self, Message, SealedReport};
use crate::error::{Error, Refusal, Result};
use crate::faces;
use crate::ids::{MediumId, ReportId};
use crate::queue;
use crate::receipts::{Proof, Receipt};
use crate::seal::RecallReason;

/// A QR code: a square of modules, row by row, without the quiet zone of four around it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QrModules {
    /// Modules along one side.
    pub side: usize,
    /// Whether each is dark.
    pub dark: Vec<bool>,
}

impl Homeward {
    /// Keeps a small JPEG of at most 40 kB as the face of a photo, scrubbed and sealed. The first
    /// photo's leaves right after the first minute.
    pub fn set_face(&self, id: ReportId, medium: MediumId, jpeg: &[u8]) -> Result<()> {
        faces::set(&self.store, id, medium, jpeg)
    }

    /// What the organisation asked and the person replied, the oldest first. Needs the vault.
    pub fn messages(&self, id: ReportId) -> Result<Vec<Message>> {
        dispatch::messages(&self.store, id)
    }

    /// Seals a reply for the organisation and queues it. It answers the last question that has no
    /// reply yet; without one the person just writes.
    pub fn reply(&self, id: ReportId, text: &str) -> Result<SealedReport> {
        let pack = self.store.home.pack()?.ok_or(Refusal::NotPaired)?;
        dispatch::reply(&self.store, &pack, id, text)
    }

    /// Tells everybody who got anything of the report that the search can end, first in the queue.
    /// A claim: nothing is deleted anywhere, and pictures that have not left are held until a
    /// receipt says what becomes of them.
    pub fn recall(&self, id: ReportId, why: RecallReason) -> Result<SealedReport> {
        let pack = self.store.home.pack()?.ok_or(Refusal::NotPaired)?;
        dispatch::recall(&self.store, &pack, id, why)
    }

    /// The last receipt that was believed. Its questions are sealed; [`messages`](Self::messages)
    /// opens them.
    pub fn receipt(&self, id: ReportId) -> Result<Option<Receipt>> {
        Ok(queue::last_receipt(&self.store, id)?.map(|(receipt, _)| receipt))
    }

    /// The file that proves the receipt to anyone: what the desk signed, and the pack that names
    /// the desk's key.
    pub fn proof(&self, id: ReportId) -> Result<Vec<u8>> {
        let pack = self.store.home.pack_bytes()?.ok_or(Refusal::NotPaired)?;
        Ok(self.make_proof(id, Some(&pack))?.to_file())
    }

    /// The same without the pack, as a QR code.
    pub fn proof_qr(&self, id: ReportId) -> Result<QrModules> {
        let compact = self.make_proof(id, None)?.to_compact();
        let code = qrcode::QrCode::with_error_correction_level(compact, qrcode::EcLevel::L);
        let code = code.map_err(|_| Refusal::ReceiptTooLong)?;
        let dark = code.to_colors().into_iter().map(|color| color == qrcode::Color::Dark).collect();
        Ok(QrModules { side: code.width(), dark })
    }

    fn make_proof(&self, id: ReportId, pack: Option<&[u8]>) -> Result<Proof> {
        let signed = queue::last_receipt(&self.store, id)?.and_then(|(_, signed)| signed);
        let signed = signed.ok_or(Refusal::NoReceipt)?;
        Proof::make(&signed, pack).map_err(|_| Error::Damaged)
    }
}
