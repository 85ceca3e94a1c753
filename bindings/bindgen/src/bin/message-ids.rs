//! Writes the ids of all messages as Kotlin or Swift constants, each with its English sentence.
//!
//! A message is asked for by its id. As a constant a wrong one stops the app's build; as a string
//! it would be shown to a parent.
//!
//! `message-ids kotlin|swift FOLDER`

use std::collections::BTreeMap;
use std::path::Path;
use std::process::ExitCode;
use std::{env, fs, io};

use homeward_core::texts::{self, Texts};

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [language, folder] = arguments.as_slice() else { return usage() };
    let written = match language.as_str() {
        "kotlin" => write(&Path::new(folder).join("org/homeward/ffi/MessageIds.kt"), &kotlin()),
        "swift" => write(&Path::new(folder).join("MessageIDs.swift"), &swift()),
        _ => return usage(),
    };
    // A build tool runs this: its log is where the reason is looked for.
    written.map_or_else(
        |error| fail(&format!("message-ids: {folder}: {error}"), 1),
        |()| ExitCode::SUCCESS,
    )
}

fn usage() -> ExitCode {
    fail("message-ids kotlin|swift FOLDER", 2)
}

fn fail(line: &str, code: u8) -> ExitCode {
    use io::Write;
    // There is nobody left to tell if this fails too.
    let _ = writeln!(io::stderr(), "{line}");
    ExitCode::from(code)
}

fn write(path: &Path, text: &str) -> io::Result<()> {
    path.parent().map_or(Ok(()), fs::create_dir_all)?;
    fs::write(path, text)
}

fn kotlin() -> String {
    let mut text = String::from(
        "// Written by `message-ids`; never edited.\npackage org.homeward.ffi\n\n\
         /** The id of every message, as [Texts] knows it. */\npublic object MessageIds {\n",
    );
    for (name, id) in names(&texts::ids(), |id| id.replace('-', "_").to_uppercase()) {
        let sentence = sentence(id);
        text += &format!("    /** {sentence} */\n    public const val {name}: String = \"{id}\"\n");
    }
    text + "}\n"
}

fn swift() -> String {
    let mut text = String::from(
        "// Written by `message-ids`; never edited.\n\n\
         /// The id of every message, as `Texts` knows it.\npublic enum MessageIDs {\n",
    );
    for (name, id) in names(&texts::ids(), camel_case) {
        let sentence = sentence(id);
        text += &format!("  /// {sentence}\n  public static let {name} = \"{id}\"\n");
    }
    text + "}\n"
}

fn camel_case(id: &str) -> String {
    let capital = |word: &str| {
        let mut letters = word.chars();
        letters.next().map(|first| first.to_uppercase().chain(letters).collect::<String>())
    };
    let mut words = id.split(['-', '_']);
    let first = words.next().unwrap_or_default().to_owned();
    first + &words.filter_map(capital).collect::<String>()
}

/// The constants' names. Two ids with one name would be a mistake in the messages.
fn names(ids: &[String], name: impl Fn(&str) -> String) -> BTreeMap<String, &str> {
    let names: BTreeMap<String, &str> = ids.iter().map(|id| (name(id), id.as_str())).collect();
    assert_eq!(names.len(), ids.len(), "two messages have one name");
    names
}

/// The English sentence on one line, harmless in a comment.
fn sentence(id: &str) -> String {
    let sentence = Texts::built_in().text(id, &[]);
    let words: Vec<&str> = sentence.split_whitespace().collect();
    words.join(" ").replace(['*', '[', ']', '\u{2068}', '\u{2069}'], "")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_message_is_a_constant_with_a_name_of_its_own() {
        let kotlin = kotlin();
        assert_eq!(kotlin.matches("public const val").count(), texts::ids().len());
        assert!(kotlin.contains("val ERROR_STORAGE_FULL: String = \"error-storage-full\""));
        let swift = swift();
        assert_eq!(swift.matches("public static let").count(), texts::ids().len());
        assert!(swift.contains("static let errorStorageFull = \"error-storage-full\""));
    }
}
