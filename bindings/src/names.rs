//! Names that an app hands in as text. What is no name is refused like a name that nobody has.

use homeward_core::Refusal;
use homeward_core::forms::{FieldId, FormId};

use crate::error::ApiResult;

pub(crate) fn form(name: &str) -> ApiResult<FormId> {
    Ok(FormId::new(name).ok_or(Refusal::UnknownForm)?)
}

pub(crate) fn field(name: &str) -> ApiResult<FieldId> {
    Ok(FieldId::new(name).ok_or(Refusal::UnknownField)?)
}

/// The texts of a list of names or ids.
pub(crate) fn texts<'a, T: ToString + 'a>(names: impl IntoIterator<Item = &'a T>) -> Vec<String> {
    names.into_iter().map(ToString::to_string).collect()
}

/// A count, as the other side counts.
pub(crate) fn count(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

/// A list, each item converted.
pub(crate) fn list<A, B: From<A>>(items: impl IntoIterator<Item = A>) -> Vec<B> {
    items.into_iter().map(B::from).collect()
}
