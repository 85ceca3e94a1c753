//! Keeps what a person said out of `toString`, `print` and logs.
//!
//! Kotlin's data classes and Swift's structs print all they hold, and a record is printed sooner
//! than anybody thinks. These types print their name only, in Rust and on the other side
//! (`#[uniffi::export(Debug)]`).

/// Writes a `Debug` that tells the type's name and nothing it holds.
macro_rules! hides_value {
    ($($name:ident),+ $(,)?) => {
        $(impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(concat!(stringify!($name), "(…)"))
            }
        })+
    };
}
pub(crate) use hides_value;
