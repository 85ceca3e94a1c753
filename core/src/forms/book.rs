//! The forms that a phone or a desk knows: the built-in ones, and those of an organisation, which
//! can take the place of a built-in one.

use std::sync::Arc;

use super::form::Form;
use super::ids::FormId;
use super::own;

/// Every form by its name. The default book has the built-in ones.
#[derive(Clone, Debug, Default)]
pub struct FormBook {
    own: Vec<Arc<Form>>,
}

impl FormBook {
    /// The built-in forms and an organisation's own. What a built-in form guards stays guarded,
    /// whatever an own form says.
    #[must_use]
    pub fn with(own: impl IntoIterator<Item = Form>) -> Self {
        Self { own: own.into_iter().filter_map(own::bounded).map(Arc::new).collect() }
    }

    /// The form of this name: the organisation's, if it has one.
    #[must_use]
    pub fn form(&self, id: &FormId) -> Option<Arc<Form>> {
        self.all().find(|form| form.id == *id).map(Arc::clone)
    }

    /// Every form once: the organisation's, then the built-in ones that it leaves as they are.
    pub fn all(&self) -> impl Iterator<Item = &Arc<Form>> {
        let replaced = |form: &Arc<Form>| self.own.iter().any(|own| own.id == form.id);
        let rest = Form::all_built_in().iter().filter(move |form| !replaced(form));
        self.own.iter().chain(rest)
    }
}
