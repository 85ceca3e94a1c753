//! Makes the generated Kotlin compare its checksums with the library's before anything is called.
//!
//! The generator writes the comparison into an object that nobody has to touch: whoever begins with
//! another call than `uniffiEnsureInitialized` would call a library of another version, and get
//! whatever comes of that. Here the object that all calls go through begins with the comparison.
//! Swift's side needs nothing: there each call compares first.
//!
//! `check-first FILE`

use std::io::Write;
use std::process::ExitCode;
use std::{env, fs, io};

/// Where the object that all calls go through begins to load the library.
const LOADS: &str = "        Native.register(UniffiLib::class.java";

/// Loads the library by itself, and compares.
const CHECKS: &str = "        IntegrityCheckingUniffiLib.ensureInitialized()\n";

fn main() -> ExitCode {
    let Some(file) = env::args().nth(1) else { return fail("check-first FILE", 2) };
    let done = fs::read_to_string(&file).map_err(|error| error.to_string()).and_then(|kotlin| {
        let kotlin = checked(&kotlin).ok_or("the generator writes something else by now")?;
        fs::write(&file, kotlin).map_err(|error| error.to_string())
    });
    match done {
        Ok(()) => ExitCode::SUCCESS,
        // A build tool runs this: its log is where the reason is looked for.
        Err(error) => fail(&format!("check-first: {file}: {error}"), 1),
    }
}

/// The same text with the comparison in it, once. None if there is not one place for it.
fn checked(kotlin: &str) -> Option<String> {
    let whole = kotlin.replace(&format!("{CHECKS}{LOADS}"), LOADS);
    let once = whole.matches(LOADS).count() == 1
        && whole.contains("internal object IntegrityCheckingUniffiLib {")
        && whole.contains("uniffiCheckApiChecksums(this)");
    once.then(|| whole.replace(LOADS, &format!("{CHECKS}{LOADS}")))
}

fn fail(line: &str, code: u8) -> ExitCode {
    // There is nobody left to tell if this fails too.
    let _ = writeln!(io::stderr(), "{line}");
    ExitCode::from(code)
}

#[cfg(test)]
mod tests {
    use super::*;

    const GENERATED: &str = "internal object IntegrityCheckingUniffiLib {
    init {
        uniffiCheckApiChecksums(this)
    }
}
internal object UniffiLib {
    init {
        Native.register(UniffiLib::class.java, name)
    }
}
";

    #[test]
    fn the_object_of_all_calls_compares_before_it_loads_and_only_once() {
        let first = checked(GENERATED).unwrap();
        let comparison = first.find("IntegrityCheckingUniffiLib.ensureInitialized()").unwrap();
        assert!(comparison < first.find("Native.register(UniffiLib").unwrap());
        assert_eq!(checked(&first), Some(first));
    }

    #[test]
    fn what_has_no_comparison_or_no_such_object_is_an_error() {
        assert_eq!(checked(""), None);
        assert_eq!(checked(&GENERATED.replace("uniffiCheckApiChecksums(this)", "")), None);
        assert_eq!(checked(&GENERATED.replace("UniffiLib::class", "Other::class")), None);
    }
}
