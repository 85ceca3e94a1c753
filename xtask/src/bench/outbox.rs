//! What a family with one bar of signal waits for: on a line of 20 kB a second with 600 ms there
//! and back, a report with ten photos. The limits that were set are 5 s for the first minute and
//! 10 s for the face. With `--peers` the same bytes go by `tus-js-client` and as one multipart
//! POST: there a report is at the desk when all of it is.

use std::fs;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use fault_proxy::front::Upstream;
use fault_proxy::{FaultProxy, Faults};
use homeward_tests::organisation::Organisation;
use homeward_tests::peers::{Make, Peer, tool};
use homeward_tests::photo::{Exif, Photo};
use homeward_tests::programs::{Program, text};
use serde_json::Value;

use super::{Bench, Figure, figure};
use crate::process::{Result, output};

const FIRST_MINUTE: &str = "20 kB/s, 600 ms, ten photos: first minute at the desk";
const FACE: &str = "20 kB/s, 600 ms, ten photos: face at the desk";
const ALL: &str = "20 kB/s, 600 ms, ten photos: all at the desk";

/// Photos in the report.
const PHOTOS: u64 = 10;

/// How often the desk's store is looked at.
const LOOK: Duration = Duration::from_millis(20);

/// Longer than any of them takes.
const PATIENCE: Duration = Duration::from_secs(600);

/// One report, by each.
pub(super) fn figures(bench: &Bench) -> Result<Vec<Figure>> {
    let folder = bench.folder().join("outbox");
    fs::create_dir(&folder)?;
    let organisation = Organisation::open(&bench.programs, &folder, Faults::default())?;
    let phone = bench.programs.phone(folder.join("phone"));
    phone.ask(&["pair", text(&organisation.pack)?])?;
    let parts = queue_report(&phone, &folder)?;
    let sealed = sealed_files(&phone, &folder.join("sealed"))?;
    let bytes = sealed.iter().map(|(_, bytes)| bytes).sum();
    let files: Vec<PathBuf> = sealed.into_iter().map(|(file, _)| file).collect();
    let mut figures = ours(&organisation, &phone, parts, bytes)?;
    if bench.peers {
        figures.push(tus_js(&folder, &files, bytes)?);
        figures.push(multipart(&files, bytes)?);
    }
    Ok(figures)
}

fn line() -> Faults {
    Faults { delay: Duration::from_millis(300), ..Faults::slow(20_000) }
}

/// Seals a report; gives how many parts it has.
fn queue_report(phone: &Program, folder: &Path) -> Result<usize> {
    let id = phone.ask(&["new", "missing_child"])?["id"].clone();
    let id = id.as_str().ok_or("a draft has no id")?;
    for (field, answer) in [("child_name", "Mia"), ("child_age", "7"), ("clothing", "a red coat")] {
        phone.ask(&["set", id, field, answer])?;
    }
    for seed in 0..PHOTOS {
        let photo = folder.join(format!("photo-{seed}.jpg"));
        fs::write(&photo, Photo { seed, ..Photo::small(Exif::example()) }.to_jpeg())?;
        phone.ask(&["attach", id, text(&photo)?])?;
    }
    let sealed = phone.ask(&["send", id])?;
    Ok(sealed["parts"].as_array().map_or(0, Vec::len))
}

/// Copies of the ciphertexts, for the others to send.
fn sealed_files(phone: &Program, to: &Path) -> Result<Vec<(PathBuf, u64)>> {
    fs::create_dir(to)?;
    let mut files = Vec::new();
    for entry in fs::read_dir(phone.home().join("spool"))? {
        let entry = entry?;
        let copy = to.join(entry.file_name());
        let bytes = fs::copy(entry.path(), &copy)?;
        files.push((copy, bytes));
    }
    Ok(files)
}

/// From the moment at which there is a network.
fn ours(
    organisation: &Organisation,
    phone: &Program,
    parts: usize,
    bytes: u64,
) -> Result<Vec<Figure>> {
    organisation.link.set(line());
    let begun = Instant::now();
    let run = phone.start(&["run", "--for", "600"])?;
    let mut figures = Vec::new();
    // The parts arrive in the order of their urgency.
    for (what, wanted) in [(FIRST_MINUTE, 1), (FACE, 2), (ALL, parts)] {
        let whole = || {
            let uploads = organisation.uploads().unwrap_or_default();
            uploads.iter().filter(|upload| upload.stored == upload.length).count() >= wanted
        };
        figures.push(timed(what, "homeward", bytes, until(begun, whole)?));
    }
    run.kill()?;
    Ok(figures)
}

fn until(begun: Instant, reached: impl Fn() -> bool) -> Result<Duration> {
    while !reached() {
        if begun.elapsed() > PATIENCE {
            return Err("it did not arrive".into());
        }
        thread::sleep(LOOK);
    }
    Ok(begun.elapsed())
}

/// One file after another, to the npm server that belongs to it.
fn tus_js(folder: &Path, files: &[PathBuf], bytes: u64) -> Result<Figure> {
    let server = Peer::start(Make::Node, &folder.join("node"))?;
    let Upstream::Plain(address) = server.upstream() else {
        return Err("the npm server speaks TLS".into());
    };
    let link = FaultProxy::start(address, line())?;
    let endpoint = format!("http://{}/{}", link.address(), Make::Node.collection());
    let mut node = Command::new("node");
    node.arg(tool("tus-js")?.join("client.js")).arg(endpoint).args(files);
    let begun = Instant::now();
    output(&mut node)?;
    Ok(timed(ALL, "tus-js-client, one file after another", bytes, begun.elapsed()))
}

/// All in one request, to a server that only counts.
fn multipart(files: &[PathBuf], bytes: u64) -> Result<Figure> {
    let link = FaultProxy::start(sink()?, line())?;
    let mut curl = Command::new("curl");
    curl.args(["--silent", "--show-error", "--fail", "--noproxy", "*"]);
    for (number, file) in files.iter().enumerate() {
        curl.args(["--form", &format!("part{number}=@{}", text(file)?)]);
    }
    let begun = Instant::now();
    output(curl.arg(format!("http://{}/", link.address())))?;
    Ok(timed(ALL, "one multipart POST (curl)", bytes, begun.elapsed()))
}

/// Takes one request with a length, and says that it was taken.
fn sink() -> Result<SocketAddr> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?;
    thread::spawn(move || take_one(&listener));
    Ok(address)
}

fn take_one(listener: &TcpListener) -> io::Result<()> {
    let (mut stream, _) = listener.accept()?;
    let mut request = BufReader::new(stream.try_clone()?);
    let (mut line, mut length) = (String::new(), 0);
    while request.read_line(&mut line)? > 2 {
        let header = line.to_ascii_lowercase();
        if let Some(value) = header.strip_prefix("content-length:") {
            length = value.trim().parse().unwrap_or(0);
        }
        if header.starts_with("expect:") {
            stream.write_all(b"HTTP/1.1 100 Continue\r\n\r\n")?;
        }
        line.clear();
    }
    io::copy(&mut request.take(length), &mut io::sink())?;
    stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
}

fn timed(what: &'static str, who: &'static str, bytes: u64, took: Duration) -> Figure {
    figure(what, who, bytes, took.as_secs_f64() * 1000.0, &Value::Null)
}
