//! A real desk for the tests: the built program as a process, and a client that trusts only the
//! desk's own authority, as a phone does.
// Each test file uses what it needs of this, and is a crate of its own.
#![allow(dead_code, unreachable_pub, clippy::unwrap_used)]

pub mod phone;

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::Arc;

use homeward_core::brand::Pack;
use reqwest::{Body, Client, Method, RequestBuilder, Response};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use serde_json::Value;
use tokio::sync::mpsc;

/// A desk in a folder of its own.
pub struct Desk {
    pub folder: tempfile::TempDir,
    pub token: String,
}

impl Desk {
    pub fn make() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let home = folder.path().join("desk");
        let made = run(&home, &["init", "--name", "Example Missing Children"]);
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        let token = std::fs::read_to_string(home.join("public/token")).unwrap().trim().to_owned();
        Self { folder, token }
    }

    pub fn home(&self) -> PathBuf {
        self.folder.path().join("desk")
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.home().join(name)
    }

    pub fn run(&self, arguments: &[&str]) -> Output {
        run(&self.home(), arguments)
    }

    /// Runs a command that must succeed; gives back its JSON.
    pub fn json(&self, arguments: &[&str]) -> Value {
        let done = self.run(&[&["--json"], arguments].concat());
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
        serde_json::from_slice(&done.stdout).unwrap()
    }

    /// Starts a command without waiting for it.
    pub fn spawn(&self, arguments: &[&str]) -> Child {
        spawn(&self.home(), arguments)
    }

    /// The path of a file beside the desk's folder, as an argument.
    pub fn beside(&self, name: &str) -> String {
        self.folder.path().join(name).to_str().unwrap().to_owned()
    }

    /// Makes the example brand source.
    pub fn new_source(&self) {
        assert!(self.run(&["brand", "new", &self.beside("brand")]).status.success());
    }

    /// Builds the pack and reads it as a phone does.
    pub fn build(&self) -> Pack {
        let out = self.beside("pack");
        let built = self.run(&["brand", "build", &self.beside("brand"), &out]);
        assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
        Pack::read(&std::fs::read(out).unwrap()).unwrap()
    }

    pub fn receive(&self) -> Receive<'_> {
        self.receive_with(&[])
    }

    pub fn receive_with(&self, arguments: &[&str]) -> Receive<'_> {
        let mut child = command(&self.home())
            .args(["receive", "--listen", "127.0.0.1:0"])
            .args(arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let url = line.trim().strip_prefix("listening on ").unwrap_or_else(|| {
            let mut error = String::new();
            child.stderr.take().unwrap().read_to_string(&mut error).unwrap();
            panic!("not listening: {error}")
        });
        Receive { desk: self, url: url.to_owned(), child, client: self.client() }
    }

    /// A client that trusts this desk's authority and no other.
    pub fn client(&self) -> Client {
        Client::builder().tls_backend_preconfigured(self.trust()).no_proxy().build().unwrap()
    }

    /// TLS that trusts this desk's authority and no other.
    pub fn trust(&self) -> rustls::ClientConfig {
        let anchor = std::fs::read(self.path("public/tls/ca.pem")).unwrap();
        let mut roots = rustls::RootCertStore::empty();
        roots.add(CertificateDer::from_pem_slice(&anchor).unwrap()).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        rustls::ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth()
    }
}

/// A running `receive`. Dropping it kills it.
pub struct Receive<'a> {
    pub desk: &'a Desk,
    pub url: String,
    pub client: Client,
    child: Child,
}

impl Receive<'_> {
    /// A tus request with the pack's token; `path` is absolute within the server.
    pub fn tus(&self, method: Method, path: &str) -> RequestBuilder {
        self.client
            .request(method, format!("{}{path}", self.url))
            .bearer_auth(&self.desk.token)
            .header("tus-resumable", "1.0.0")
    }

    pub fn post(&self, length: u64) -> RequestBuilder {
        self.tus(Method::POST, "/uploads").header("upload-length", length)
    }

    /// Begins an upload; gives back its path.
    pub async fn create(&self, length: u64) -> String {
        let answer = self.post(length).send().await.unwrap();
        assert_eq!(answer.status(), 201);
        let location = answer.headers()["location"].to_str().unwrap().to_owned();
        assert!(location.starts_with("/uploads/"), "relative, so that it suits any proxy");
        location
    }

    pub fn patch(&self, path: &str, offset: u64) -> RequestBuilder {
        self.tus(Method::PATCH, path)
            .header("upload-offset", offset)
            .header("content-type", "application/offset+octet-stream")
    }

    pub async fn head(&self, path: &str) -> Response {
        self.tus(Method::HEAD, path).send().await.unwrap()
    }

    pub async fn offset(&self, path: &str) -> u64 {
        let answer = self.head(path).await;
        assert_eq!(answer.status(), 200);
        header(&answer, "upload-offset").parse().unwrap()
    }

    /// Ends it as a power cut would.
    pub fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Asks it to end; gives back its exit code and what it logged.
    pub fn stop(mut self) -> (Option<i32>, String) {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &id]).status().unwrap().success());
        let code = self.child.wait().unwrap().code();
        let mut log = String::new();
        self.child.stderr.take().unwrap().read_to_string(&mut log).unwrap();
        (code, log)
    }
}

impl Drop for Receive<'_> {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub fn header(answer: &Response, name: &str) -> String {
    answer.headers().get(name).map_or("", |value| value.to_str().unwrap()).to_owned()
}

/// Bytes that differ everywhere, so that a shift would show.
pub fn bytes(length: usize) -> Vec<u8> {
    (0..length).map(|at| (at.wrapping_mul(2_654_435_761) >> 13) as u8).collect()
}

/// A PATCH that sends `sent` and then falls silent, as a phone in a tunnel does. It stays open
/// until the returned task is aborted.
pub async fn stalled_patch(
    server: &Receive<'_>,
    path: &str,
    sent: &[u8],
    length: usize,
) -> (tokio::task::JoinHandle<()>, mpsc::Sender<Vec<u8>>) {
    let (sender, mut pieces) = mpsc::channel::<Vec<u8>>(1);
    let body = futures_util::stream::poll_fn(move |context| {
        pieces.poll_recv(context).map(|piece| piece.map(Ok::<_, std::io::Error>))
    });
    let request =
        server.patch(path, 0).header("content-length", length).body(Body::wrap_stream(body));
    let task = tokio::spawn(async move {
        let _ = request.send().await;
    });
    sender.send(sent.to_vec()).await.unwrap();
    let data = only_file(&server.desk.path("public/uploads/data"));
    // Not before all of it has reached the server's disk.
    while std::fs::metadata(&data).unwrap().len() < sent.len() as u64 {
        tokio::task::yield_now().await;
    }
    (task, sender)
}

/// Every file below `folder`.
pub fn contents(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(contents(&path));
        } else {
            found.insert(path.to_string_lossy().into_owned(), std::fs::read(path).unwrap());
        }
    }
    found
}

/// One key of each object of a list.
pub fn ids(values: &Value, key: &str) -> Vec<String> {
    let values = values.as_array().unwrap().iter();
    values.map(|value| value[key].as_str().unwrap().to_owned()).collect()
}

/// The one file of `folder`.
pub fn only_file(folder: &Path) -> PathBuf {
    let mut files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let file = files.next().unwrap();
    assert!(files.next().is_none(), "one file only");
    file
}

pub fn run(home: &Path, arguments: &[&str]) -> Output {
    command(home).args(arguments).output().unwrap()
}

/// Starts a command without waiting for it.
pub fn spawn(home: &Path, arguments: &[&str]) -> Child {
    command(home).args(arguments).stdout(Stdio::null()).spawn().unwrap()
}

fn command(home: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_homeward-desk"));
    command.arg("--home").arg(home);
    command
}
