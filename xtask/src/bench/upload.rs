//! An upload on the loopback: the core's client and `curl` to the same server, and what the disk
//! alone can do.

use std::fs;
use std::path::Path;
use std::process::Command;

use homeward_tests::programs::text;

use super::{Bench, Figure, noise, race};
use crate::process::{Result, output};

const WHAT: &str = "upload on the loopback";

/// The limit that was set is 100 ms.
const CANCEL: &str = "from a cancel in an upload to its end";

/// Uploads of 20 MB and 1 GB.
pub(super) fn figures(bench: &Bench) -> Result<Vec<Figure>> {
    let folder = bench.folder();
    let desk = bench.programs.desk(folder.join("desk"));
    desk.ask(&["init", "--name", "Bench", "--host", "127.0.0.1"])?;
    let mut receive = desk.start(&["receive", "--listen", "127.0.0.1:0"])?;
    let line = receive.next_line().ok_or("receive does not listen")?;
    let url = line["listening"].as_str().ok_or("receive does not listen")?;
    let home = text(desk.home())?;
    let mut figures = Vec::new();
    for bytes in [20_000_000, 1_000_000_000] {
        let path = folder.join(bytes.to_string());
        noise(&path, bytes)?;
        let file = text(&path)?;
        let copy = format!("of={}", text(&folder.join("copy"))?);
        let source = format!("if={file}");
        let disk = ["dd", &source, &copy, "bs=1M", "conv=fsync", "status=none"];
        figures.extend(race([
            &|| bench.process(WHAT, "the disk: dd with fsync", bytes, &disk),
            &|| curl(bench, desk.home(), url, file, bytes),
            &|| bench.task(WHAT, "homeward", bytes, &["upload", file, home, url]),
        ])?);
        if bytes == 20_000_000 {
            let cancel = ["cancel", "20", file, home, url];
            figures.push(bench.task(CANCEL, "homeward: the slowest of 20", 0, &cancel)?);
        }
        fs::remove_file(path)?;
    }
    Ok(figures)
}

/// Creates the upload first; what is measured is the one PATCH, as a person with curl would do it.
fn curl(bench: &Bench, desk: &Path, url: &str, file: &str, bytes: u64) -> Result<Figure> {
    let authority = desk.join("public/tls/ca.pem");
    let token = fs::read_to_string(desk.join("public/token"))?;
    let token = format!("Authorization: Bearer {}", token.trim());
    let tus =
        ["--silent", "--show-error", "--fail", "--noproxy", "*", "--cacert", text(&authority)?];
    let tus = [&tus[..], &["--header", &token, "--header", "Tus-Resumable: 1.0.0"]].concat();
    let (length, uploads) = (format!("Upload-Length: {bytes}"), format!("{url}/uploads"));
    let mut create = Command::new("curl");
    create.args(&tus).args(["--include", "--request", "POST", "--header", &length, &uploads]);
    let answer = output(&mut create)?;
    let header = |line: &str| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("location").then(|| value.trim().to_owned())
    };
    let location = answer.lines().find_map(header).ok_or("the server gave no location")?;
    let upload = format!("{url}{location}");
    let patch = ["--request", "PATCH", "--header", "Upload-Offset: 0", "--header"];
    let body = ["Content-Type: application/offset+octet-stream", "--upload-file", file, &upload];
    bench.process(WHAT, "curl", bytes, &[&["curl"], &tus[..], &patch, &body].concat())
}
