//! Which messages there must be.
//!
//! Each list comes from what can say it where that can be asked: a form, an enum with its `ALL`.
//! The rest is written down here. A test compares the whole with the messages, both ways.

use std::collections::BTreeSet;

use crate::forms::{Audience, Form, Kind, MarkKind, MediaType, ProblemReason, Side, Stage};

/// The id of every message that the core can name, in order, each once.
#[must_use]
pub fn ids() -> Vec<String> {
    let mut ids: BTreeSet<String> = BTreeSet::new();
    Form::all_built_in().iter().for_each(|form| ids.extend(of_form(form)));
    ids.extend(Stage::ALL.map(|stage| format!("stage-{}", stage.name())));
    ids.extend(Audience::ALL.map(|audience| format!("audience-{}", audience.name())));
    ids.extend(MarkKind::ALL.map(|mark| format!("mark-{}", mark.name())));
    ids.extend(Side::ALL.map(|side| format!("side-{}", side.name())));
    ids.extend(MediaType::ALL.map(|media| format!("media-{}", media.name())));
    ids.extend(ProblemReason::ALL.map(|reason| reason.message_id().to_owned()));
    let lists = [
        ANSWERS, STATES, BESIDE, PARTS, VAULT, RECEIPTS, WAITING, PARKED, ERRORS, NETWORK, REFUSED,
        REMOVED, REMAINING,
    ];
    ids.extend(lists.into_iter().flatten().map(|id| (*id).to_owned()));
    ids.into_iter().collect()
}

/// The id of every message that a form names: what an organisation's pack must bring with a form.
#[must_use]
pub fn of_form(form: &Form) -> Vec<String> {
    let mut ids = vec![format!("form-{}", form.id)];
    ids.extend(form.sections.iter().map(|section| format!("section-{}", section.id)));
    for field in &form.fields {
        ids.push(field.label_id());
        ids.extend(field.help_id());
        ids.extend(field.kind.choices().iter().map(|choice| format!("choice-{choice}")));
        if let Kind::Number { units } = &field.kind {
            ids.extend(units.iter().map(|unit| format!("unit-{}", unit.id)));
        }
    }
    ids
}

const ANSWERS: &[&str] =
    &["answer-unknown", "answer-earlier-form", "answer-permitted", "answer-not-permitted"];

const STATES: &[&str] = &[
    "state-draft",
    "state-waiting",
    "state-sending",
    "state-stored",
    "state-opened",
    "state-parked",
    "state-recalled",
];

/// What is said beside a state.
const BESIDE: &[&str] = &[
    "nobody-opened",
    "part-not-opened",
    "recall-not-sent",
    "recall-stored",
    "held-recalled",
    "dropped-recalled",
];

const PARTS: &[&str] = &[
    "part-first_minute",
    "part-face",
    "part-answers",
    "part-medium",
    "part-original",
    "part-reply",
    "part-recall",
];

const VAULT: &[&str] =
    &["vault-ready", "vault-locked", "vault-key-lost", "vault-damaged", "vault-from-newer-app"];

const RECEIPTS: &[&str] = &[
    "receipt-opened",
    "receipt-forwarded",
    "receipt-missing",
    "receipt-refused",
    "receipt-unreadable",
    "receipt-bad-signature",
    "receipt-other-report",
    "nobody-opened",
];

const WAITING: &[&str] = &[
    "waiting-for-wifi",
    "waiting-for-battery",
    "waiting-for-next-try",
    "waiting-no-network",
    "waiting-name-not-found",
    "waiting-server-unreachable",
    "waiting-connection-lost",
    "waiting-server-busy",
    "waiting-server-fault",
    "waiting-captive-portal",
    "waiting-tls-untrusted",
    "waiting-wrong-clock",
    "waiting-certificate-expired",
    "waiting-pin-mismatch",
    "waiting-pins-waived",
    "waiting-tls-failed",
    "waiting-proxy-down",
    "waiting-proxy-refused",
];

const PARKED: &[&str] = &[
    "parked-token-refused",
    "parked-too-large",
    "parked-rejected",
    "parked-wrong-length",
    "parked-foreign-location",
    "parked-spool-unreadable",
    "parked-recipient-lost",
    "parked-recipient-compromised",
];

const ERRORS: &[&str] = &[
    "error-not-found",
    "error-locked",
    "error-key-lost",
    "error-damaged",
    "error-from-newer-app",
    "error-storage-full",
    "error-storage",
    "error-device-key",
    "error-encoding",
    "error-encryption",
    "error-passphrase",
    "error-database",
    "error-run-failed",
    "error-internal",
    "seal-encoding",
    "seal-without-recipient",
];

const NETWORK: &[&str] =
    &["net-bad-server", "net-bad-anchor", "net-bad-proxy", "net-bad-token", "net-setup"];

const REFUSED: &[&str] = &[
    "refused-unknown-form",
    "refused-unknown-field",
    "refused-wrong-kind",
    "refused-not-paired",
    "refused-empty-report",
    "refused-nothing-new",
    "refused-busy",
    "refused-step-beside-proxy",
    "refused-wrong-passphrase",
    "refused-empty-passphrase",
    "refused-no-tries",
    "refused-not-a-profile",
    "refused-profile-unreadable",
    "refused-profile-too-costly",
    "refused-suspended",
    "refused-called-back",
    "refused-pack-unreadable",
    "refused-pack-changed",
    "refused-pack-older",
    "refused-pack-foreign",
    "refused-pack-without-recipient",
    "refused-pack-bad-server",
    "refused-pack-form",
    "refused-profile-stays",
    "refused-recording-over",
    "refused-media-unsupported",
    "refused-media-malformed",
    "refused-media-too-complex",
    "refused-media-unreadable",
    "refused-face-too-large",
    "refused-face-not-jpeg",
    "refused-nothing-sent",
    "refused-empty-reply",
    "refused-reply-too-long",
    "refused-no-receipt",
    "refused-receipt-too-long",
    "refused-damaged",
    "refused-malformed",
    "refused-bad-signature",
    "refused-bad-content",
    "refused-other-organisation",
    "refused-sealed-for-others",
    "refused-unreadable",
    "refused-too-much",
    "refused-other-part",
    "refused-audience",
    "refused-case-unreadable",
];

const REMOVED: &[&str] = &[
    "removed-location",
    "removed-time",
    "removed-device",
    "removed-maker-note",
    "removed-exif",
    "removed-xmp",
    "removed-iptc",
    "removed-preview",
    "removed-embedded-video",
    "removed-gain-map",
    "removed-text",
    "removed-provenance",
    "removed-profile-text",
    "removed-data-track",
    "removed-hidden-bytes",
    "removed-other",
];

const REMAINING: &[&str] =
    &["remaining-picture", "remaining-sound", "remaining-unproven-end", "remaining-cut-off"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_thing_removed_from_a_picture_is_listed() {
        let manifest = include_str!("../media/manifest.rs");
        let named: BTreeSet<&str> = manifest.split('"').filter(|it| is_kind(it)).collect();
        let listed: BTreeSet<&str> = [REMOVED, REMAINING].into_iter().flatten().copied().collect();
        assert_eq!(named, listed);
    }

    fn is_kind(text: &str) -> bool {
        ["removed-", "remaining-"].iter().any(|start| text.starts_with(start))
    }
}
