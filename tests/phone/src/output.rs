//! What is printed where: results on standard output, one line of complaint on standard error.

use std::io::{self, Write};

use homeward_core::texts::Texts;
use serde_json::Value;

/// Why a command did not do it.
pub(crate) enum Problem {
    /// The core said no; the message id says why.
    Core(homeward_core::Error),
    /// A message id and what it is about.
    Refused(&'static str),
    /// The command line makes no sense.
    Usage(&'static str),
    /// Nobody reads the output any more.
    Output,
}

impl Problem {
    pub(crate) fn exit_code(&self) -> u8 {
        match self {
            Self::Usage(_) => 2,
            Self::Core(_) | Self::Refused(_) | Self::Output => 1,
        }
    }
}

impl<E: Into<homeward_core::Error>> From<E> for Problem {
    fn from(error: E) -> Self {
        Self::Core(error.into())
    }
}

/// The two streams.
pub(crate) struct Output {
    json: bool,
}

impl Output {
    pub(crate) fn new(json: bool) -> Self {
        Self { json }
    }

    pub(crate) fn is_json(&self) -> bool {
        self.json
    }

    /// One result: as JSON if that was asked for, else in words.
    pub(crate) fn tell(&self, json: &Value, words: impl FnOnce() -> String) -> Result<(), Problem> {
        let line = if self.json { json.to_string() } else { words() };
        let mut out = io::stdout().lock();
        // Flushed at once: a script reads each change as it comes, and may kill us after it.
        writeln!(out, "{line}").and_then(|()| out.flush()).map_err(|_| Problem::Output)
    }

    /// One line that says what went wrong, in words and by its message id.
    pub(crate) fn complain(&self, problem: &Problem) {
        let line = match problem {
            Problem::Core(homeward_core::Error::Locked) => {
                format!("locked: {}", sentence("error-locked"))
            }
            Problem::Core(error) => sentence(error.message_id()),
            Problem::Refused(id) => sentence(id),
            Problem::Usage(words) => (*words).to_owned(),
            Problem::Output => return,
        };
        // If standard error is gone there is nobody to tell.
        let _ = writeln!(io::stderr(), "phone: {line}");
    }
}

/// The message in words, with its id for scripts.
pub(crate) fn sentence(id: &str) -> String {
    let texts = Texts::built_in();
    if texts.has(id) { format!("{} ({id})", texts.text(id, &[])) } else { id.to_owned() }
}
