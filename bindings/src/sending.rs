//! Sealing a report: how much of it, when it may leave, and what came of it.

use homeward_core as core;

use crate::form::Audience;
use crate::hide::hides_value;
use crate::names::list;
use crate::status::PartKind;

/// How much of a report leaves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, uniffi::Enum)]
pub enum Scope {
    /// Everything that was answered and attached.
    #[default]
    All,
    /// Only the ten answers of the first minute.
    FirstMinute,
}

/// Over which networks the media of a report may leave. Words never wait.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, uniffi::Enum)]
pub enum SendWhen {
    /// The person did not say: a missing child's photo does not wait, every other does.
    #[default]
    Preset,
    /// Over any.
    Now,
    /// Only over one that costs nothing.
    Wifi,
}

/// What was sealed. From now on it leaves by itself at the next run.
#[derive(Clone, PartialEq, Eq, uniffi::Record)]
#[uniffi::export(Debug)]
pub struct SealedReport {
    /// The report's id.
    pub report: String,
    /// Its version, from 1.
    pub version: u32,
    /// The parts, the most urgent first.
    pub parts: Vec<SealedPart>,
}

/// A part that was sealed.
#[derive(Clone, PartialEq, Eq, uniffi::Record)]
#[uniffi::export(Debug)]
pub struct SealedPart {
    /// Its id.
    pub part: String,
    /// Who can open it.
    pub audiences: Vec<Audience>,
    /// What it is.
    pub kind: PartKind,
    /// The length of its ciphertext in bytes.
    pub bytes: u64,
}

hides_value!(SealedReport, SealedPart);

impl From<Scope> for core::Scope {
    fn from(scope: Scope) -> Self {
        match scope {
            Scope::All => Self::All,
            Scope::FirstMinute => Self::FirstMinute,
        }
    }
}

impl From<SendWhen> for core::SendWhen {
    fn from(when: SendWhen) -> Self {
        match when {
            SendWhen::Preset => Self::Preset,
            SendWhen::Now => Self::Now,
            SendWhen::Wifi => Self::Wifi,
        }
    }
}

impl From<core::SealedReport> for SealedReport {
    fn from(sealed: core::SealedReport) -> Self {
        let core::SealedReport { report, version, parts } = sealed;
        Self { report: report.to_string(), version, parts: list(parts) }
    }
}

impl From<core::SealedPart> for SealedPart {
    fn from(sealed: core::SealedPart) -> Self {
        let core::SealedPart { part, audiences, kind, bytes } = sealed;
        Self { part: part.to_string(), audiences: list(audiences), kind: kind.into(), bytes }
    }
}
