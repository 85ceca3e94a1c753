//! Checks that may be absent: `tests/not-run.toml` allows them by name, and nothing else is.

use std::fs;
use std::io;
use std::path::PathBuf;

use serde::Deserialize;

/// A check that may be absent.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Allowed {
    /// What the check calls itself.
    pub name: String,
    /// When it may be absent.
    pub condition: String,
    /// Why that is all right.
    pub reason: String,
}

/// A check that was absent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Absent {
    /// What allowed it.
    pub allowed: Allowed,
    /// What the check saw.
    pub seen: String,
}

/// Where checks note that they could not run.
#[derive(Clone, Debug)]
pub struct NotRun {
    folder: PathBuf,
}

#[derive(Deserialize)]
struct List {
    check: Vec<Allowed>,
}

impl NotRun {
    /// The notes of the build that this program belongs to.
    pub fn beside_this_program() -> io::Result<Self> {
        let program = std::env::current_exe()?;
        // target/debug/xtask, target/debug/deps/some_test-0123
        let mut folders = program.ancestors().skip(1);
        let profile = folders.find(|folder| !folder.ends_with("deps"));
        let profile = profile.ok_or_else(|| io::Error::other("a program in no folder"))?;
        Ok(Self { folder: profile.join("not-run") })
    }

    /// Notes that a check can't run here. Panics unless `tests/not-run.toml` names it.
    ///
    /// # Panics
    /// The check is not listed, or the note can't be written: both are failures of the check.
    pub fn note(&self, name: &str, seen: &str) {
        let listed = allowed().into_iter().any(|allowed| allowed.name == name);
        assert!(listed, "{name} can't run here ({seen}), and tests/not-run.toml does not list it");
        fs::create_dir_all(&self.folder).unwrap();
        fs::write(self.folder.join(name), seen).unwrap();
    }

    /// Forgets all notes of earlier runs.
    pub fn forget(&self) -> io::Result<()> {
        match fs::remove_dir_all(&self.folder) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    /// What was noted since.
    pub fn absent(&self) -> io::Result<Vec<Absent>> {
        let mut found = Vec::new();
        for allowed in allowed() {
            match fs::read_to_string(self.folder.join(&allowed.name)) {
                Ok(seen) => found.push(Absent { allowed, seen }),
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(error),
            }
        }
        Ok(found)
    }
}

fn allowed() -> Vec<Allowed> {
    let list: List = toml::from_str(include_str!("../not-run.toml")).unwrap();
    list.check
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_listed_check_that_was_absent_is_told_until_forgotten() {
        let folder = tempfile::tempdir().unwrap();
        let not_run = NotRun { folder: folder.path().join("not-run") };
        let name = allowed().remove(0).name;
        assert_eq!(not_run.absent().unwrap(), []);
        not_run.note(&name, "no luck");
        assert_eq!(not_run.absent().unwrap()[0].seen, "no luck");
        not_run.forget().unwrap();
        assert_eq!(not_run.absent().unwrap(), []);
    }

    #[test]
    #[should_panic(expected = "does not list it")]
    fn a_check_that_is_not_listed_may_not_be_absent() {
        let folder = tempfile::tempdir().unwrap();
        NotRun { folder: folder.path().to_owned() }.note("all-checks", "tired");
    }

    #[test]
    fn every_file_of_the_integration_folder_is_run_by_cargo() {
        let cargo: toml::Table = toml::from_str(include_str!("../Cargo.toml")).unwrap();
        let tests = cargo["test"].as_array().unwrap().iter();
        let mut listed: Vec<String> =
            tests.map(|test| test["path"].as_str().unwrap().to_owned()).collect();
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/integration");
        let names = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name());
        let names = names.map(|name| format!("integration/{}", name.to_string_lossy()));
        let mut there: Vec<String> = names.filter(|name| name.ends_with(".rs")).collect();
        listed.sort();
        there.sort();
        assert_eq!(listed, there);
    }
}
