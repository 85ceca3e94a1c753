//! What goes now: the plan of an outbox with many parts.

use std::path::Path;
use std::sync::Arc;

use homeward_core::brand::{Organisation, Pack, Recipient, Server, Trust};
use homeward_core::crypto::SigningKey;
use homeward_core::forms::{Audience, FieldId, FormId};
use homeward_core::net::Pacing;
use homeward_core::queue::Conditions;
use homeward_core::vault::{DeviceKey, DeviceKeyError, KeySlot};
use homeward_core::{Homeward, Options, Scope, SendWhen, SystemClock};
use serde_json::Value;

use crate::quickest;

const ROUNDS: u32 = 20;

/// Plans `parts` queued parts, read from the disk and decided on.
pub(crate) fn plan(parts: usize, home: &Path) -> Value {
    let core = Homeward::open(Options {
        home: home.to_owned(),
        device_key: Arc::new(OpenDevice),
        clock: Arc::new(SystemClock),
        pacing: Pacing::default(),
    })
    .unwrap();
    core.pair(&pack()).unwrap();
    let form = FormId::new("missing_child").unwrap();
    let name = FieldId::new("child_name").unwrap();
    let answer = core.understand(&form, &name, "Mia").unwrap();
    let queued = || core.plan(Conditions::default()).unwrap().due.len();
    while queued() < parts {
        let id = core.create(&form, None).unwrap();
        core.set(id, &name, Some(&answer)).unwrap();
        core.send(id, Scope::All, SendWhen::Now).unwrap();
    }
    quickest(ROUNDS, || assert!(queued() >= parts))
}

fn pack() -> Vec<u8> {
    let key = SigningKey::derive(&[7; 32]);
    let organisation = Organisation { name: "Bench".into(), key: key.verify_key() };
    let server = Server::new("https://desk.example".into(), "token".into(), Trust::Public);
    let mut pack = Pack::new(organisation, server);
    let recipient = age::x25519::Identity::generate().to_public().to_string();
    pack.recipients.push(Recipient::new(Audience::Organisation, recipient, "desk"));
    pack.sign(&key).unwrap()
}

/// Wraps nothing.
struct OpenDevice;

impl DeviceKey for OpenDevice {
    fn wrap(&self, _: KeySlot, key: &[u8]) -> Result<Vec<u8>, DeviceKeyError> {
        Ok(key.to_vec())
    }

    fn open(&self, _: KeySlot, wrapped: &[u8]) -> Result<Vec<u8>, DeviceKeyError> {
        Ok(wrapped.to_vec())
    }

    fn delete(&self, _: KeySlot) -> Result<(), DeviceKeyError> {
        Ok(())
    }

    fn delete_all(&self) -> Result<(), DeviceKeyError> {
        Ok(())
    }
}
