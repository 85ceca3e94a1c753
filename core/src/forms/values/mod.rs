//! The answers that have a shape of their own.
//!
//! Each has one JSON form, reads it strictly, and never shows its value in `Debug`.

mod age;
mod mark;
mod name;
mod number;
mod phone;
mod place;
mod time;
mod vehicle;

pub use age::{Age, PartialDate, Years};
pub use mark::{BodyMark, MarkKind, Side};
pub use name::PersonName;
pub use number::Number;
pub use phone::Phone;
pub use place::Place;
pub(super) use place::is_on_earth;
pub use time::Time;
pub use vehicle::Vehicle;

/// Writes a `Debug` that names the type only: values are personal.
macro_rules! debug_hides_value {
    ($name:ident) => {
        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(concat!(stringify!($name), "(..)"))
            }
        }
    };
}
pub(in crate::forms) use debug_hides_value;

/// Cleans words, and turns empty ones into none.
fn tidy(words: &mut Option<String>) {
    *words = words.take().map(|words| super::clean::line(&words)).filter(|words| !words.is_empty());
}
