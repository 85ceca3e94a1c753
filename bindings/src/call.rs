//! The door that every call goes through, in either direction.
//!
//! Inwards it keeps two things from an app: a panic's text, which UniFFI would carry into the
//! app's exception and from there into its log, and a deadlock, when a callback calls back in.
//! Outwards it remembers that this thread is inside a callback.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind, set_hook};
use std::sync::Once;

use homeward_core::{Error, Refusal};

use crate::error::ApiResult;

thread_local! {
    static IN_CALLBACK: Cell<bool> = const { Cell::new(false) };
}

/// Calls the core for the app.
pub(crate) fn call<T>(work: impl FnOnce() -> ApiResult<T>) -> ApiResult<T> {
    if IN_CALLBACK.get() {
        return Err(Refusal::CalledBack.into());
    }
    quietly(work).unwrap_or_else(|| Err(Error::Unexpected("error-internal").into()))
}

/// Does `work`; if it panics there is nothing, and nobody hears the text.
pub(crate) fn quietly<T>(work: impl FnOnce() -> T) -> Option<T> {
    // The hook belongs to the process, but only to its Rust: a cdylib has a standard library of
    // its own, and in an app that links this statically there is no other. It is set by the first
    // call, since UniFFI has no place that runs at load.
    static SILENCE: Once = Once::new();
    SILENCE.call_once(|| set_hook(Box::new(|_| {})));
    // The core's locks outlive a panic, and SQLite rolls back what was half done.
    catch_unwind(AssertUnwindSafe(work)).ok()
}

/// Calls the app for the core. Until it returns this thread can't call the core.
pub(crate) fn call_app<T>(work: impl FnOnce() -> T) -> T {
    let _inside = Inside(IN_CALLBACK.replace(true));
    work()
}

/// Puts back what was, also after a panic.
struct Inside(bool);

impl Drop for Inside {
    fn drop(&mut self) {
        IN_CALLBACK.set(self.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ApiError;

    #[test]
    fn a_panics_text_does_not_reach_the_app() {
        let failed: ApiResult<()> = call(|| panic!("canary"));
        assert_eq!(failed, Err(ApiError::Unexpected { reason: "error-internal".into() }));
    }

    #[test]
    fn a_callback_that_calls_back_in_is_refused() {
        let refused = ApiError::Refused { reason: "refused-called-back".into() };
        assert_eq!(call_app(|| call(|| Ok(()))), Err(refused));
        assert_eq!(call(|| Ok(())), Ok(()), "afterwards the thread is free again");
    }

    #[test]
    fn a_callback_that_panics_leaves_the_thread_free() {
        assert_eq!(quietly(|| call_app(|| panic!("canary"))), None::<()>);
        assert_eq!(call(|| Ok(())), Ok(()));
    }
}
