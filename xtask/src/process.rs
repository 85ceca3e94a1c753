//! Runs other programs, from the top of the repository.

use std::error::Error;
use std::fs::File;
use std::io::{self, BufRead, BufReader, BufWriter, Write};
use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};

use homeward_tests::programs::{self, forget_package};

use crate::say;

/// What a task gives back; the text of the error is for a person.
pub(crate) type Result<T = ()> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

/// The top of the repository.
pub(crate) fn root() -> &'static Path {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here)
}

/// `cargo` with these arguments.
pub(crate) fn cargo(arguments: &[&str]) -> Command {
    let mut command = programs::cargo();
    command.args(arguments);
    command
}

/// Runs a command to its end, with its output as it comes.
pub(crate) fn run(command: &mut Command) -> Result {
    let told = announced(command);
    let status = command.status().map_err(did_not_start(&told))?;
    if status.success() { Ok(()) } else { Err(format!("{told} failed: {status}").into()) }
}

/// Like [`run`], and hands each line of standard output to `look` after it was printed.
pub(crate) fn run_and_look(command: &mut Command, mut look: impl FnMut(&str)) -> Result {
    let told = announced(command);
    let status = each_line(command, &told, |line| {
        say::line(line);
        look(line);
        Ok(())
    })?;
    if status.success() { Ok(()) } else { Err(format!("{told} failed: {status}").into()) }
}

/// Like [`run`], but prints only the lines that `tells` picks; all of them are kept in `log`.
pub(crate) fn run_and_sift(command: &mut Command, log: &Path, tells: fn(&str) -> bool) -> Result {
    let told = announced(command);
    let mut kept = BufWriter::new(File::create(log)?);
    let status = each_line(command, &told, |line| {
        writeln!(kept, "{line}")?;
        if tells(line) {
            say::line(line);
        }
        Ok(())
    })?;
    kept.flush()?;
    if status.success() {
        return Ok(());
    }
    Err(format!("{told} failed: {status}; all that it said is in {}", log.display()).into())
}

/// Runs a command to its end and gives back what it printed.
pub(crate) fn output(command: &mut Command) -> Result<String> {
    let told = prepared(command);
    let output = command.stderr(Stdio::inherit()).output().map_err(did_not_start(&told))?;
    if !output.status.success() {
        return Err(format!("{told} failed: {}", output.status).into());
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Runs a command to its end and hands each line of its standard output to `look`.
fn each_line(
    command: &mut Command,
    told: &str,
    mut look: impl FnMut(&str) -> Result,
) -> Result<ExitStatus> {
    let mut child = command.stdout(Stdio::piped()).spawn().map_err(did_not_start(told))?;
    if let Some(output) = child.stdout.take() {
        for line in BufReader::new(output).split(b'\n') {
            look(&String::from_utf8_lossy(&line?))?;
        }
    }
    Ok(child.wait()?)
}

fn did_not_start(told: &str) -> impl FnOnce(io::Error) -> String {
    move |error| format!("{told} did not start: {error}")
}

/// [`prepared`], and printed.
fn announced(command: &mut Command) -> String {
    let told = prepared(command);
    say::line(&format!("$ {told}"));
    told
}

/// Takes a command out of the environment of our own cargo; gives it as a person would type it.
fn prepared(command: &mut Command) -> String {
    forget_package(command);
    let program = Path::new(command.get_program()).file_stem().unwrap_or_default();
    let words = std::iter::once(program).chain(command.get_args());
    words.map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_that_is_not_there_is_named_whoever_starts_it() {
        let missing = || Command::new("homeward-no-such-program");
        let told = [
            run(&mut missing()).unwrap_err(),
            run_and_look(&mut missing(), |_| ()).unwrap_err(),
            output(&mut missing()).unwrap_err(),
        ];
        for told in told {
            let told = told.to_string();
            assert!(told.starts_with("homeward-no-such-program did not start: "), "{told}");
        }
    }
}
