//! `cargo xtask bindings`: the Kotlin and Swift packages from what the core is now.
//!
//! Each package has its own build that anybody of its language knows (Maven, a script around the
//! Swift package manager); this is the door to them, and the place that makes their logs short.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use crate::process::{Result, root, run, run_and_sift};
use crate::say;

/// Builds the library, generates both sides, and assembles what can be assembled here.
pub(crate) fn run_all() -> Result {
    say::heading("Kotlin: the library, the generated sources, the jars");
    maven(&["package", "-DskipTests"])?;
    say::heading("Kotlin: the package for Android");
    run(&mut script("bindings/kotlin/aar.sh"))?;
    let swift = "bindings/swift/scripts/generate.sh";
    if root().join(swift).is_file() {
        say::heading("Swift: the generated sources");
        run(&mut script(swift))?;
    }
    Ok(())
}

/// The Kotlin package's own build, tests and checks, and what is in the package for Android.
pub(crate) fn kotlin() -> Result {
    maven(&["verify"])?;
    run(&mut script("bindings/kotlin/aar-test.sh"))
}

/// Compiles the Kotlin package with its tests; gives the class path of `Bench.kt`.
pub(crate) fn bench_classpath() -> Result<String> {
    let client = ["--projects", "client", "--also-make"];
    maven(&[&["process-test-classes", "-DskipTests", "-Pbench"], &client[..]].concat())?;
    Ok(fs::read_to_string(root().join("bindings/kotlin/client/target/bench.classpath"))?)
}

/// Maven in the Kotlin package. The whole log is kept in a file; printed is what tells how it went.
fn maven(goals: &[&str]) -> Result {
    run(&mut script("bindings/kotlin/setup.sh"))?;
    let mut maven = Command::new("mvn");
    maven.current_dir(root()).args(["--batch-mode", "--no-transfer-progress"]);
    maven.args(["--file", "bindings/kotlin/pom.xml"]).args(goals);
    let log = log("kotlin.log")?;
    run_and_sift(&mut maven, &log, tells)
}

/// Whether a line of Maven's log tells how it went.
fn tells(line: &str) -> bool {
    const TELLING: [&str; 4] = ["[ERROR]", "[WARNING]", "BUILD ", "SUCCESS ["];
    line.contains("Tests run:") || TELLING.iter().any(|word| line.contains(word))
}

fn log(name: &str) -> Result<PathBuf> {
    let folder = root().join("target/logs");
    fs::create_dir_all(&folder)?;
    Ok(folder.join(name))
}

fn script(path: &str) -> Command {
    let mut command = Command::new(root().join(path));
    command.current_dir(root());
    command
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn how_the_tests_ended_is_told_and_how_it_was_compiled_is_not() {
        assert!(tells("[INFO] Tests run: 34, Failures: 0, Errors: 0, Skipped: 0"));
        assert!(tells("[INFO] BUILD SUCCESS"));
        assert!(tells("[ERROR] Failed to execute goal"));
        assert!(!tells("[INFO] --- kotlin:2.4.21:compile (compile) @ homeward ---"));
    }
}
