//! The code is formatted: by rustfmt, and for the comments, which it does not wrap, by their width.

use std::fs;
use std::path::Path;

use crate::process::{Result, cargo, root, run};
use crate::say;

/// As in `rustfmt.toml`.
const WIDTH: usize = 100;

/// Checks every crate of the workspace, and every comment of the repository.
pub(super) fn check() -> Result {
    run(&mut cargo(&["fmt", "--all", "--check"]))?;
    let mut long = Vec::new();
    look_through(root(), &mut long)?;
    long.sort();
    long.iter().for_each(|place| say::line(place));
    if long.is_empty() {
        return Ok(());
    }
    Err(format!("{} comments are longer than {WIDTH} columns", long.len()).into())
}

/// Adds the places of long comments in a folder's files.
fn look_through(folder: &Path, long: &mut Vec<String>) -> Result {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let (path, name) = (entry.path(), entry.file_name());
        // What is built or fetched is not ours.
        if name == "target" || name.as_encoded_bytes().starts_with(b".") {
            continue;
        }
        if entry.file_type()?.is_dir() {
            look_through(&path, long)?;
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let shown = path.strip_prefix(root()).unwrap_or(&path).display();
            let text = fs::read_to_string(&path)?;
            long.extend(long_comments(&text).map(|line| format!("{shown}:{line}")));
        }
    }
    Ok(())
}

/// The lines, from 1, that are comments and too long.
fn long_comments(text: &str) -> impl Iterator<Item = usize> {
    let long = |line: &str| line.trim_start().starts_with("//") && line.chars().count() > WIDTH;
    text.lines().zip(1..).filter(move |(line, _)| long(line)).map(|(_, number)| number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_comment_of_a_hundred_letters_passes_and_a_longer_one_does_not() {
        let comment = |letters: usize| format!("    /// {}", "é".repeat(letters - 8));
        let text = [comment(100), comment(101), "x".repeat(200), comment(102)].join("\n");
        assert_eq!(long_comments(&text).collect::<Vec<_>>(), [2, 4]);
    }
}
