//! The organisation and what goes to it: pair, send, plan, run.

use std::collections::BTreeSet;
use std::sync::{Arc, PoisonError};

use super::{Homeward, Pairing};
use crate::brand::Pack;
use crate::dispatch::{self, Scope, SealedReport, SendWhen};
use crate::error::{Error, Refusal, Result};
use crate::ids::{PartId, ReportId, StepId};
use crate::net::Proxy;
use crate::queue::{
    self, Budget, Conditions, HttpStep, Listener, Plan, ReportStatus, StepOutcome, Transfer,
};

impl Homeward {
    /// Takes an organisation's signed pack. A pack of the same organisation that is newer replaces
    /// the one before; nothing else does. One that was damaged on the phone tells no number: any of
    /// the organisation that parts are sealed for replaces it.
    pub fn pair(&self, pack: &[u8]) -> Result<Pairing> {
        let new = Pack::read(pack)?;
        self.may_replace(&new)?;
        self.store.home.store_pack(pack)?;
        // A kill here leaves it to the next run and the next unlock.
        queue::park_spoiled(&self.store, &new)?;
        self.seal_spoiled_anew()?;
        Ok(Pairing::of(&new.organisation))
    }

    fn may_replace(&self, new: &Pack) -> Result<()> {
        match self.store.home.pack() {
            Ok(Some(old)) if old.organisation.key != new.organisation.key => {
                Err(Refusal::PackForeign.into())
            }
            Ok(Some(old)) if !new.replaces(&old) && *new != old => Err(Refusal::PackOlder.into()),
            Ok(_) => Ok(()),
            Err(Error::Damaged) => {
                let known = self.store.read_clear(queue::organisations)?;
                let known: BTreeSet<_> = known.into_iter().flatten().collect();
                let is_known = known.contains(&new.organisation.fingerprint());
                if known.is_empty() || is_known { Ok(()) } else { Err(Refusal::PackForeign.into()) }
            }
            Err(error) => Err(error),
        }
    }

    /// Seals anew what is parked because somebody lost a key, as far as the vault is open.
    pub(super) fn seal_spoiled_anew(&self) -> Result<()> {
        match self.store.home.pack()? {
            Some(pack) => dispatch::reseal(&self.store, &pack),
            None => Ok(()),
        }
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

    /// Lets the sealed first minute of a report go although the server shows another key than the
    /// pack names (`waiting-pin-mismatch`). Only the person may decide that. Its certificate must
    /// still be good, and nothing else of the report goes there.
    pub fn send_first_minute_anyway(&self, id: ReportId) -> Result<()> {
        queue::waive_pins(&self.store, id)
    }

    /// How far every report is that was sealed.
    pub fn statuses(&self) -> Result<Vec<ReportStatus>> {
        Ok(queue::statuses(&self.store)?.into_values().collect())
    }

    /// What would be sent now, and what waits, and why.
    pub fn plan(&self, conditions: Conditions) -> Result<Plan> {
        let pack = self.store.home.pack()?;
        let policy = pack.map(|pack| pack.network).unwrap_or_default();
        queue::plan_now(&self.store, conditions, policy, &self.pacing.policy)
    }

    /// The next request for another HTTP stack, such as a background `URLSession`; none if nothing
    /// is due. Asked again before its outcome was told it is the same one. Refused as busy while a
    /// run sends, and refused where the person chose a proxy (`proxied`): nothing goes around that.
    /// Asked for the first time, or over another kind of network, it waits for no way that was
    /// closed before, as a run does.
    pub fn next_step(&self, conditions: Conditions, proxied: bool) -> Result<Option<HttpStep>> {
        if proxied {
            return Err(Refusal::StepBesideProxy.into());
        }
        let _ = self.seal_spoiled_anew();
        let mut last = self.steps_over.lock().unwrap_or_else(PoisonError::into_inner);
        let step = queue::next_step(&self.store, &self.pacing, conditions, *last)?;
        *last = Some(conditions.network);
        Ok(step)
    }

    /// Takes the outcome of a step, in this process or a later one. Not found: nobody waits for it
    /// any more.
    pub fn on_step(&self, step: StepId, outcome: StepOutcome) -> Result<()> {
        queue::on_step(&self.store, &self.pacing, step, outcome)
    }

    /// Sends what is due and fetches receipts, on a thread of its own.
    pub fn run(
        &self,
        budget: Budget,
        conditions: Conditions,
        proxy: Option<Proxy>,
        listener: Arc<dyn Listener>,
    ) -> Result<Transfer> {
        // What the last run parked, in a vault that is never locked and so never unlocked. What
        // can't be sealed anew now is parked, and holds up nothing else.
        let _ = self.seal_spoiled_anew();
        let pacing = self.pacing.clone();
        let setting = queue::Setting { pacing, budget, conditions, proxy, listener };
        queue::start(Arc::clone(&self.store), setting)
    }
}
