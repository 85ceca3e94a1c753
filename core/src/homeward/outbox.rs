//! The organisation and what goes to it: pair, send, plan, run.

use std::sync::Arc;

use super::{Homeward, Pairing};
use crate::brand::Pack;
use crate::dispatch::{self, Scope, SealedReport, SendWhen};
use crate::error::{Refusal, Result};
use crate::ids::{PartId, ReportId};
use crate::net::Proxy;
use crate::queue::{self, Budget, Conditions, Listener, Plan, ReportStatus, Transfer};

impl Homeward {
    /// Takes an organisation's signed pack. A pack of the same organisation that is newer replaces
    /// the one before; nothing else does.
    pub fn pair(&self, pack: &[u8]) -> Result<Pairing> {
        let new = Pack::read(pack)?;
        if let Some(old) = self.store.home.pack()? {
            if old.organisation.key != new.organisation.key {
                return Err(Refusal::PackForeign.into());
            }
            if !new.replaces(&old) && new != old {
                return Err(Refusal::PackOlder.into());
            }
        }
        self.store.home.store_pack(pack)?;
        Ok(Pairing::of(&new.organisation))
    }

    /// The paired organisation, if any.
    pub fn pairing(&self) -> Result<Option<Pairing>> {
        let pack = self.store.home.pack()?;
        Ok(pack.map(|pack| Pairing::of(&pack.organisation)))
    }

    /// Seals a version of a report for its audiences and queues it. Needs a paired organisation.
    pub fn send(&self, id: ReportId, scope: Scope, when: SendWhen) -> Result<SealedReport> {
        let pack = self.store.home.pack()?.ok_or(Refusal::NotPaired)?;
        dispatch::send(&self.store, &pack, id, scope, when)
    }

    /// Starts a parked part again.
    pub fn retry(&self, part: PartId) -> Result<()> {
        queue::retry(&self.store, part)
    }

    /// How far every report is that was sealed.
    pub fn statuses(&self) -> Result<Vec<ReportStatus>> {
        Ok(queue::statuses(&self.store)?.into_values().collect())
    }

    /// What would be sent now, and what waits, and why.
    pub fn plan(&self, conditions: Conditions) -> Result<Plan> {
        queue::plan_now(&self.store, conditions)
    }

    /// Sends what is due and fetches receipts, on a thread of its own.
    pub fn run(
        &self,
        budget: Budget,
        conditions: Conditions,
        proxy: Option<Proxy>,
        listener: Arc<dyn Listener>,
    ) -> Result<Transfer> {
        let pacing = self.pacing.clone();
        let setting = queue::Setting { pacing, budget, conditions, proxy, listener };
        queue::start(Arc::clone(&self.store), setting)
    }
}
