//! The organisation's own forms: the folder `forms` of a brand source, one form file each.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use homeward_core::brand::Pack;
use homeward_core::forms::{Form, FormBook};
use serde_json::Value;

use super::source::Fault;
use crate::error::{Error, Result};
use crate::home::{Home, names, replace_file};

/// The folder of the forms in a source.
pub(super) const FOLDER: &str = "forms";

/// Every form of a source in the order of their names, or all that is wrong with them.
pub(super) fn read(source: &Path) -> Result<std::result::Result<Vec<Value>, Vec<Fault>>> {
    let (mut forms, mut faults) = (Vec::new(), Vec::new());
    for path in files(&source.join(FOLDER))? {
        let json = fs::read(&path).map_err(Error::io("read the forms"))?;
        match parse(&path, &json) {
            Ok(form) => forms.push(form),
            Err(wrong) => faults.extend(wrong),
        }
    }
    Ok(if faults.is_empty() { Ok(forms) } else { Err(faults) })
}

fn files(folder: &Path) -> Result<Vec<PathBuf>> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries.collect::<io::Result<Vec<_>>>(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => Err(error),
    };
    let entries = entries.map_err(Error::io("read the forms"))?;
    let is_form = |path: &PathBuf| path.extension().is_some_and(|ending| ending == "json");
    let mut paths: Vec<_> = entries.into_iter().map(|entry| entry.path()).filter(is_form).collect();
    paths.sort();
    Ok(paths)
}

fn parse(path: &Path, json: &[u8]) -> std::result::Result<Value, Vec<Fault>> {
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    let fault = |what: String| Fault::in_file(&format!("{FOLDER}/{stem}.json"), what);
    let form = Form::parse_own(json).map_err(|errors| {
        errors.iter().map(|error| fault(error.to_string())).collect::<Vec<_>>()
    })?;
    if form.id.as_str() != stem {
        return Err(vec![fault(format!("$.id: this form's file is called {}.json", form.id))]);
    }
    // It was JSON just now.
    serde_json::from_slice(json).map_err(|error| vec![fault(error.to_string())])
}

/// Keeps the forms of a pack where the programs that read reports find them.
pub(super) fn keep(home: &Home, pack: &Pack) -> Result<()> {
    let json = serde_json::to_vec(&pack.forms).map_err(|_| Error::Damaged("form"))?;
    replace_file(&home.public(names::FORMS), &json).map_err(Error::io("keep the forms"))
}

/// The forms that reports to this desk were filled in with: the built-in ones and those of the last
/// pack. Without them reports are shown all the same, with less order.
#[must_use]
pub fn book(home: &Home) -> FormBook {
    let json = fs::read(home.public(names::FORMS)).unwrap_or_default();
    let forms: Vec<Value> = serde_json::from_slice(&json).unwrap_or_default();
    let form = |form: &Value| Form::parse(&serde_json::to_vec(form).ok()?).ok();
    FormBook::with(forms.iter().filter_map(form))
}
