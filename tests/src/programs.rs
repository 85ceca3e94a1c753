//! The real programs as processes: a kill is a kill, and what is not on disk is gone.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fmt;
use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::OnceLock;
use std::sync::mpsc::{self, Receiver};

use serde_json::Value;

/// The programs, freshly built.
#[derive(Clone, Debug)]
pub struct Programs {
    phone: PathBuf,
    desk: PathBuf,
}

impl Programs {
    /// Builds them.
    pub fn build() -> io::Result<Self> {
        Self::of(executables(Build::Tests, &["phone", "homeward-desk"])?)
    }

    /// The programs among those that were built.
    pub fn of(mut built: BTreeMap<String, PathBuf>) -> io::Result<Self> {
        let mut program = |name: &str| {
            built.remove(name).ok_or_else(|| io::Error::other(format!("cargo built no {name}")))
        };
        Ok(Self { phone: program("phone")?, desk: program("homeward-desk")? })
    }

    /// The programs, built at the first call of this process.
    ///
    /// # Panics
    /// They do not build.
    #[must_use]
    pub fn ready() -> &'static Self {
        static BUILT: OnceLock<Programs> = OnceLock::new();
        BUILT.get_or_init(|| Self::build().unwrap())
    }

    /// A phone whose home is the folder `home`.
    #[must_use]
    pub fn phone(&self, home: impl Into<PathBuf>) -> Program {
        Program { path: self.phone.clone(), home: home.into(), within: Vec::new() }
    }

    /// A desk whose home is the folder `home`.
    #[must_use]
    pub fn desk(&self, home: impl Into<PathBuf>) -> Program {
        Program { path: self.desk.clone(), home: home.into(), within: Vec::new() }
    }
}

/// How programs are built.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Build {
    /// Quickly, as for tests.
    Tests,
    /// To be measured.
    Release,
}

/// `cargo`, the one that built us, at the root of the workspace.
#[must_use]
pub fn cargo() -> Command {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/.."));
    forget_package(&mut cargo);
    cargo
}

/// Lets a command start as if a person had called it.
///
/// A process that cargo runs is told of its own package in the environment. ring's build script
/// looks at that, so that a cargo inside a cargo would build ring, and all that stands on it, anew.
pub fn forget_package(command: &mut Command) {
    for (name, _) in std::env::vars_os() {
        let of_a_package = ["CARGO_MANIFEST_", "CARGO_PKG_", "CARGO_BIN_", "CARGO_CRATE_"];
        if name.to_str().is_some_and(|name| of_a_package.iter().any(|it| name.starts_with(it))) {
            command.env_remove(name);
        }
    }
}

/// Builds the programs of these packages, by name; what cargo has to say goes to standard error.
pub fn executables(build: Build, packages: &[&str]) -> io::Result<BTreeMap<String, PathBuf>> {
    let mut cargo = cargo();
    cargo.args(["build", "--locked", "--quiet", "--bins"]);
    if build == Build::Release {
        cargo.arg("--release");
    }
    for package in packages {
        cargo.args(["--package", package]);
    }
    cargo.args(["--message-format", "json-render-diagnostics"]);
    let built = cargo.stderr(Stdio::inherit()).output()?;
    if !built.status.success() {
        return Err(io::Error::other("the programs do not build"));
    }
    Ok(self::built(&built.stdout))
}

/// The programs that cargo says in its JSON messages that it built, by name.
#[must_use]
pub fn built(messages: &[u8]) -> BTreeMap<String, PathBuf> {
    let executable = |message: Value| {
        let name = message["target"]["name"].as_str()?.to_owned();
        Some((name, message["executable"].as_str()?.into()))
    };
    messages.split(|byte| *byte == b'\n').filter_map(json).filter_map(executable).collect()
}

/// A path as an argument.
pub fn text(path: &Path) -> io::Result<&str> {
    path.to_str().ok_or_else(|| io::Error::other("a path that is no text"))
}

/// A program with its home. Each call is one process, and prints JSON.
#[derive(Clone, Debug)]
pub struct Program {
    path: PathBuf,
    home: PathBuf,
    within: Vec<String>,
}

/// A program said no.
#[derive(Clone, PartialEq, Eq)]
pub struct Refusal {
    /// Its exit code; none if a signal ended it.
    pub code: Option<i32>,
    /// The line that it said.
    pub line: String,
}

impl Refusal {
    /// The message id in the line, which a phone puts in parentheses at its end.
    #[must_use]
    pub fn message_id(&self) -> Option<&str> {
        let (_, id) = self.line.trim_end().strip_suffix(')')?.rsplit_once('(')?;
        Some(id)
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (exit code {:?})", self.line.trim_end(), self.code)
    }
}

impl fmt::Debug for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::error::Error for Refusal {}

impl From<Refusal> for io::Error {
    fn from(refusal: Refusal) -> Self {
        Self::other(refusal)
    }
}

impl Program {
    /// The same program, started by another one: `nsenter`, for example.
    #[must_use]
    pub fn within(self, starter: Vec<String>) -> Self {
        Self { within: starter, ..self }
    }

    /// The program itself.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Its home.
    #[must_use]
    pub fn home(&self) -> &Path {
        &self.home
    }

    /// The file beside its home that holds all that it ever said on standard error.
    #[must_use]
    pub fn log(&self) -> PathBuf {
        let mut name = self.home.file_name().unwrap_or_default().to_owned();
        name.push(".log");
        self.home.with_file_name(name)
    }

    /// One call to its end; gives what it printed.
    pub fn ask(&self, arguments: &[&str]) -> Result<Value, Refusal> {
        self.ask_with(arguments, Stdio::null())
    }

    /// The same for a call that reads this on its standard input.
    pub fn ask_with(&self, arguments: &[&str], input: impl Into<Stdio>) -> Result<Value, Refusal> {
        let mut lines = self.lines_with(arguments, input.into())?;
        Ok(lines.pop().unwrap_or(Value::Null))
    }

    /// One call to its end; gives each line that it printed.
    pub fn lines(&self, arguments: &[&str]) -> Result<Vec<Value>, Refusal> {
        self.lines_with(arguments, Stdio::null())
    }

    fn lines_with(&self, arguments: &[&str], input: Stdio) -> Result<Vec<Value>, Refusal> {
        let failed = |error: io::Error| Refusal { code: None, line: error.to_string() };
        let done = self.command(arguments).stdin(input).output().map_err(failed)?;
        self.open_log().and_then(|mut log| log.write_all(&done.stderr)).map_err(failed)?;
        if !done.status.success() {
            let line = String::from_utf8_lossy(&done.stderr).into_owned();
            return Err(Refusal { code: done.status.code(), line });
        }
        Ok(done.stdout.split(|byte| *byte == b'\n').filter_map(json).collect())
    }

    /// Starts a call without waiting for its end.
    pub fn start(&self, arguments: &[&str]) -> io::Result<Running> {
        self.start_with(arguments, Stdio::null())
    }

    /// Starts a call that reads this on its standard input.
    pub fn start_with(&self, arguments: &[&str], input: impl Into<Stdio>) -> io::Result<Running> {
        let log = self.open_log()?;
        let mut command = self.command(arguments);
        let child = command.stdin(input).stdout(Stdio::piped()).stderr(log).spawn()?;
        Running::over(child)
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut words = self.within.iter().map(OsStr::new).chain([self.path.as_os_str()]);
        let mut command = Command::new(words.next().unwrap_or_default());
        command.args(words).arg("--home").arg(&self.home).arg("--json").args(arguments);
        command
    }

    fn open_log(&self) -> io::Result<File> {
        OpenOptions::new().create(true).append(true).open(self.log())
    }
}

/// A process that runs. Dropped, it is killed.
pub struct Running {
    child: Child,
    /// Read on a thread of its own: a process never waits for us to listen.
    lines: Receiver<Value>,
}

impl Running {
    fn over(mut child: Child) -> io::Result<Self> {
        let output = child.stdout.take().ok_or_else(|| io::Error::other("no output"))?;
        let (heard, lines) = mpsc::channel();
        std::thread::spawn(move || {
            let lines = BufReader::new(output).split(b'\n').map_while(Result::ok);
            lines.filter_map(json).try_for_each(|line| heard.send(line))
        });
        Ok(Self { child, lines })
    }

    /// The next line that it prints; none once it has ended.
    pub fn next_line(&mut self) -> Option<Value> {
        self.lines.recv().ok()
    }

    /// Its standard input, if it was started with a pipe; what it reads ends when that is dropped.
    pub fn input(&mut self) -> Option<ChildStdin> {
        self.child.stdin.take()
    }

    /// The lines that it has printed since the last look.
    pub fn new_lines(&mut self) -> Vec<Value> {
        self.lines.try_iter().collect()
    }

    /// Whether it has ended, and how.
    pub fn ended(&mut self) -> io::Result<Option<ExitStatus>> {
        self.child.try_wait()
    }

    /// Kills it as a battery that dies would, with SIGKILL, and tells how it ended.
    pub fn kill(mut self) -> io::Result<ExitStatus> {
        self.child.kill()?;
        self.child.wait()
    }

    /// Kills it, and tells also what it had printed before it died.
    pub fn kill_and_hear(mut self) -> io::Result<(ExitStatus, Vec<Value>)> {
        self.child.kill()?;
        let status = self.child.wait()?;
        // Its end closes the pipe, and with it ends the thread that listens.
        Ok((status, self.lines.iter().collect()))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended long ago.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn json(line: impl AsRef<[u8]>) -> Option<Value> {
    serde_json::from_slice(line.as_ref()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_message_id_stands_at_the_end_of_the_line() {
        let refusal = |line: &str| Refusal { code: Some(1), line: line.into() };
        let said = refusal("phone: Nothing has changed (really) (refused-nothing-new)\n");
        assert_eq!(said.message_id(), Some("refused-nothing-new"));
        assert_eq!(refusal("phone: no").message_id(), None);
    }
}
