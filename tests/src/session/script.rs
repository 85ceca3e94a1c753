//! The script: which phase comes when, what it needs to be there, and what it calls.

use super::model::{Draft, Effect};
use super::{Call, Session};
use crate::journey::string;
use crate::programs::text;

/// What a phone does when it is killed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Phase {
    /// Begins a draft.
    New,
    /// Takes an answer.
    Set,
    /// Takes an answer back.
    Clear,
    /// Takes a photo.
    Attach,
    /// Records a voice.
    Record,
    /// Takes a photo off.
    Detach,
    /// Seals a report into the outbox.
    Seal,
    /// Deletes a report, and with it the key of the vault.
    Delete,
    /// Gets a passphrase.
    SetPassphrase,
    /// Begins a draft while it is locked.
    NewWhileLocked,
    /// Takes an answer while it is locked.
    SetWhileLocked,
    /// Opens, and moves in what was typed while it was locked.
    Unlock,
    /// Gets another passphrase.
    ChangePassphrase,
    /// Gives its passphrase up.
    RemovePassphrase,
    /// Destroys everything.
    Wipe,
}

/// Typing is what a phone does most. A passphrase costs half a second per look, so its phases stand
/// together.
const SCRIPT: &[Phase] = &[
    Phase::New,
    Phase::Set,
    Phase::Attach,
    Phase::Set,
    Phase::Clear,
    Phase::Seal,
    Phase::Record,
    Phase::Set,
    Phase::Detach,
    Phase::Attach,
    Phase::Delete,
    Phase::Seal,
    Phase::Wipe,
    Phase::Set,
    Phase::Delete,
    Phase::SetPassphrase,
    Phase::NewWhileLocked,
    Phase::SetWhileLocked,
    Phase::Unlock,
    Phase::ChangePassphrase,
    Phase::RemovePassphrase,
];

impl Phase {
    /// The phase of the `round`-th kill.
    pub(super) fn at(round: u32) -> Self {
        SCRIPT[round as usize % SCRIPT.len()]
    }

    /// Every phase of the script.
    pub fn all() -> impl Iterator<Item = Self> {
        SCRIPT.iter().copied()
    }

    /// What it is called when deaths are counted.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Set => "set",
            Self::Clear => "clear",
            Self::Attach => "attach",
            Self::Record => "record",
            Self::Detach => "detach",
            Self::Seal => "seal",
            Self::Delete => "delete",
            Self::SetPassphrase => "set passphrase",
            Self::NewWhileLocked => "new while locked",
            Self::SetWhileLocked => "set while locked",
            Self::Unlock => "unlock",
            Self::ChangePassphrase => "change passphrase",
            Self::RemovePassphrase => "remove passphrase",
            Self::Wipe => "wipe",
        }
    }

    fn needs_passphrase(self) -> bool {
        matches!(
            self,
            Self::NewWhileLocked
                | Self::SetWhileLocked
                | Self::Unlock
                | Self::ChangePassphrase
                | Self::RemovePassphrase
        )
    }
}

/// More drafts than this are deleted, so that looks stay short.
const MOST_DRAFTS: usize = 3;
/// Questions that take words as they are.
const FIELDS: &[&str] = &["clothing", "belongings", "habits", "school"];

impl Session {
    /// Brings about what the phase needs, with calls that nobody kills.
    pub(super) fn prepare(&mut self, phase: Phase) {
        if phase.needs_passphrase() && self.locked_by.is_none() {
            self.ask(&["passphrase", "set", &self.words_of(0)]);
            self.locked_by = Some(0);
        }
        if !phase.needs_passphrase() && self.locked_by.is_some() {
            self.ask(&["passphrase", "remove"]);
            self.locked_by = None;
        }
        match phase {
            Phase::NewWhileLocked | Phase::ChangePassphrase | Phase::RemovePassphrase => {}
            Phase::SetWhileLocked | Phase::Unlock => self.type_while_locked(),
            _ => {
                self.have_drafts();
                while self.drafts.len() > MOST_DRAFTS {
                    let id = self.pick();
                    self.ask(&["delete", &id]);
                    self.drafts.remove(&id);
                }
            }
        }
        if phase == Phase::Detach && self.drafts.values().all(|draft| draft.media.is_empty()) {
            let id = self.pick();
            let photo = text(&self.photo).unwrap().to_owned();
            let attached = self.ask(&["attach", &id, &photo]);
            let draft = self.drafts.get_mut(&id).unwrap();
            draft.media.insert(string(&attached["medium"]));
        }
    }

    /// Two drafts at least: one to lose, and one that must stay.
    fn have_drafts(&mut self) {
        while self.drafts.len() < 2 {
            let id = string(&self.ask(&["new", "missing_child"])["id"]);
            self.drafts.insert(id.clone(), Draft::default());
            self.answer(&id, "clothing", "a red coat");
        }
    }

    /// An emergency: a draft that is begun and answered without the passphrase.
    fn type_while_locked(&mut self) {
        let locked_by = self.locked_by.take();
        let id = string(&self.ask(&["new", "missing_child"])["id"]);
        self.drafts.insert(id.clone(), Draft::default());
        self.answer(&id, "clothing", "a green coat");
        self.locked_by = locked_by;
        self.begun_while_locked = Some(id);
    }

    fn answer(&mut self, id: &str, field: &str, words: &str) {
        self.ask(&["set", id, field, words]);
        self.drafts.get_mut(id).unwrap().answers.insert(field.into(), words.into());
    }

    /// A call that nobody kills.
    fn ask(&self, arguments: &[&str]) -> serde_json::Value {
        self.phone().ask(&[&self.unlocking()[..], arguments].concat()).unwrap()
    }

    /// What the phase calls. The dice choose where and which words.
    pub(super) fn call(&mut self, phase: Phase) -> Call {
        let (arguments, effect, locked_by) = match phase {
            Phase::New | Phase::NewWhileLocked => {
                (vec!["new".into(), "missing_child".into()], Effect::New, self.locked_by)
            }
            Phase::Set => {
                let id = self.pick();
                self.set(id)
            }
            Phase::SetWhileLocked => {
                let id = self.begun_while_locked.clone().unwrap();
                self.set(id)
            }
            Phase::Clear => {
                let (id, field) = (self.pick(), self.field());
                let arguments = vec!["clear".into(), id.clone(), field.clone()];
                (arguments, Effect::Answered { id, field, answer: None }, self.locked_by)
            }
            Phase::Attach => {
                let (id, photo) = (self.pick(), text(&self.photo).unwrap().to_owned());
                let arguments = vec!["attach".into(), id.clone(), photo];
                (arguments, Effect::Attached(id), self.locked_by)
            }
            Phase::Record => {
                let id = self.pick();
                let arguments = vec!["record".into(), id.clone()];
                (arguments, Effect::Attached(id), self.locked_by)
            }
            Phase::Detach => {
                let (id, medium) = self.medium();
                let arguments = vec!["detach".into(), id.clone(), medium.clone()];
                (arguments, Effect::Detached { id, medium }, self.locked_by)
            }
            Phase::Seal => {
                // Only what has changed can be sealed again.
                let id = self.pick();
                let words = format!("a coat before kill {}", self.round);
                self.answer(&id, "clothing", &words);
                (vec!["send".into(), id], Effect::None, self.locked_by)
            }
            Phase::Delete => {
                let id = self.pick();
                (vec!["delete".into(), id.clone()], Effect::Deleted(id), self.locked_by)
            }
            Phase::SetPassphrase => {
                let arguments = vec!["passphrase".into(), "set".into(), self.words_of(0)];
                (arguments, Effect::None, Some(0))
            }
            Phase::ChangePassphrase => {
                let next = 1 - self.locked_by.unwrap_or(0);
                let arguments = ["passphrase".into(), "change".into(), self.words_of(next)];
                (self.unlocked(&arguments), Effect::None, Some(next))
            }
            Phase::RemovePassphrase => {
                let arguments = ["passphrase".into(), "remove".into()];
                (self.unlocked(&arguments), Effect::None, None)
            }
            Phase::Unlock => (self.unlocked(&["drafts".into()]), Effect::None, self.locked_by),
            Phase::Wipe => (vec!["wipe".into()], Effect::None, None),
        };
        Call { arguments, effect, locked_by }
    }

    fn set(&mut self, id: String) -> (Vec<String>, Effect, Option<usize>) {
        let field = self.field();
        let words = format!("words of kill {}", self.round);
        let arguments = vec!["set".into(), id.clone(), field.clone(), words.clone()];
        (arguments, Effect::Answered { id, field, answer: Some(words) }, self.locked_by)
    }

    /// The same call with the passphrase in force.
    fn unlocked(&self, arguments: &[String]) -> Vec<String> {
        let unlocking = self.unlocking().into_iter().map(str::to_owned);
        unlocking.chain(arguments.iter().cloned()).collect()
    }

    fn words_of(&self, which: usize) -> String {
        text(&self.words[which]).unwrap().to_owned()
    }

    fn pick(&mut self) -> String {
        let ids: Vec<&String> = self.drafts.keys().collect();
        (*self.dice.pick(&ids).unwrap()).clone()
    }

    fn field(&mut self) -> String {
        (*self.dice.pick(FIELDS).unwrap()).to_owned()
    }

    fn medium(&mut self) -> (String, String) {
        let media: Vec<(&String, &String)> = self
            .drafts
            .iter()
            .flat_map(|(id, draft)| draft.media.iter().map(move |medium| (id, medium)))
            .collect();
        let (id, medium) = self.dice.pick(&media).unwrap();
        ((*id).clone(), (*medium).clone())
    }
}
