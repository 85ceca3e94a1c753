//! Proofs that a phone exported, checked offline: of a receipt, and of where the log stood.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use homeward_core::receipts::{LogHead, MAX_PROOF_BYTES, Proof, Proven};

use crate::casebook::Casebook;
use crate::error::{Error, Result};
use crate::home::Home;
use crate::log::{Checked, verify};

/// Checks the proof in `file`, and that it is from the holder of `key`.
pub fn check(file: &Path, key: Option<&str>) -> Result<Proven> {
    let doing = "read the proof";
    let file = File::open(file).map_err(Error::io(doing))?;
    let mut bytes = Vec::new();
    let limit = MAX_PROOF_BYTES as u64 + 1;
    file.take(limit).read_to_end(&mut bytes).map_err(Error::io(doing))?;
    let proven = Proof::read(&bytes)?.verify()?;
    key.map_or(Ok(()), |key| proven.compare(key))?;
    Ok(proven)
}

/// Checks the log, also against the heads that the desk's own last receipts carry and, where there
/// is one, against a phone's proof.
pub fn check_log(home: &Home, proof: Option<&Path>) -> Result<Checked> {
    let mut seen: Vec<LogHead> = Vec::new();
    if let Some(file) = proof {
        let Proven { receipt, key, .. } = check(file, None)?;
        // A desk speaks of its own log only.
        seen.push(receipt.log_head.filter(|head| head.desk == key).ok_or(Error::NoHead)?);
    }
    let unreadable = Casebook::open(home)?
        .each(|case| seen.extend(case.receipt.and_then(|receipt| receipt.log_head)))?;
    Ok(Checked { unreadable, ..verify(home, &seen)? })
}
