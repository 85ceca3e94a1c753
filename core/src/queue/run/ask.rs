//! A run looks for receipts: at each of the organisation's servers, each over a connection of its
//! own. One server may be away, put an old receipt back, or hand out something that nobody signed;
//! none of that hides what another has.

use super::Runner;
use crate::brand::Pack;
use crate::error::Result;
use crate::net::{self, Waiting};
use crate::queue::believe::{self, Found, Look};
use crate::queue::receipts::{self, ReceiptRow, ReceiptSecret};
use crate::queue::way::Way;
use crate::queue::{looks, rows};
use crate::receipts::MAX_RECEIPT_BYTES;

impl Runner {
    /// Looks for every receipt that is due.
    pub(super) async fn ask_for_receipts(&mut self, pack: &Pack) -> Result<()> {
        for secret in self.receipts_due(pack)? {
            // What did not answer was not looked at: the time of the last look stays.
            let Some(look) = self.look(pack, &secret).await? else { return Ok(()) };
            believe::take(&self.store, secret.report, look)?;
        }
        Ok(())
    }

    /// The best of what lies at a receipt's address at all places; none if no place answered.
    async fn look(&mut self, pack: &Pack, secret: &ReceiptSecret) -> Result<Option<Look>> {
        let path = format!("/receipts/{}", secret.address);
        let identity = secret.identity()?;
        let (mut best, mut is_latest) = (None, false);
        for place in 0..=pack.mirrors.len() as u32 {
            // A client of its own: no connection links two reports.
            let net = self.net(pack, &Way::to(secret.report.to_string(), place))?;
            let fetching = net.fetch(&path, MAX_RECEIPT_BYTES, &self.cancel);
            let found = match net::within(self.deadline, fetching).await {
                Some(Ok(bytes)) => Found::read(bytes.as_deref(), &identity, pack, secret.report),
                Some(Err(Waiting::Because { .. })) => continue,
                Some(Err(Waiting::Cancelled)) | None => break,
            };
            // The desk puts its receipts here first, and at mirrors when it reads those.
            is_latest |= place == 0 && !matches!(found, Found::Unbelievable(_));
            best = Some(match best {
                None => found,
                Some(known) => found.or_newer(known),
            });
        }
        Ok(best.map(|found| Look { found, is_latest }))
    }

    /// The receipts to look for: in the background those whose time has come; else all that
    /// somebody may still care for, since a person has started the run.
    fn receipts_due(&self, pack: &Pack) -> Result<Vec<ReceiptSecret>> {
        let (now_ms, server) = (self.store.now().unix_ms, pack.organisation.fingerprint());
        let in_background = self.setting.conditions.in_background;
        let due = self.store.read_outboxes(|db, key| {
            let rows = receipts::arrived(db, key, &rows::all(db)?)?.into_iter();
            let ours = rows.filter(|(row, _)| row.server == server);
            let is_due = |(row, secret): &(ReceiptRow, ReceiptSecret)| {
                row.next_look_ms(secret, true, now_ms) <= now_ms
                    || (!in_background && looks::is_cared_for(now_ms, secret.sealed_at_ms))
            };
            Ok(ours.filter(is_due).map(|(_, secret)| secret).collect::<Vec<_>>())
        })?;
        Ok(due.into_iter().flatten().collect())
    }
}
