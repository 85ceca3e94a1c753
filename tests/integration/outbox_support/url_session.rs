//! A platform's own HTTP stack, as plain as can be: one connection per step, a body that is a slice
//! of a file, no redirects, and the step's own idea of whom to trust.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom, Write};
use std::net::TcpStream;
use std::sync::Arc;

use homeward_core::queue::{HttpStep, StepOutcome};
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};

/// The stack.
pub(crate) struct UrlSession;

impl UrlSession {
    /// Makes the request and tells the answer.
    pub(crate) fn ask(step: &HttpStep) -> StepOutcome {
        let (host, path) = step.url.strip_prefix("https://").unwrap().split_once('/').unwrap();
        let mut roots = RootCertStore::empty();
        for anchor in &step.trust.anchors {
            roots.add(CertificateDer::from(anchor.clone())).unwrap();
        }
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        let (name, _) = host.rsplit_once(':').unwrap();
        let name = ServerName::try_from(name.to_owned()).unwrap();
        let tls = ClientConnection::new(Arc::new(config), name).unwrap();
        let mut stream = StreamOwned::new(tls, TcpStream::connect(host).unwrap());

        let body = body(step);
        let mut head = format!("{} /{path} HTTP/1.1\r\nHost: {host}\r\n", step.method);
        for (name, value) in &step.headers {
            head += &format!("{name}: {value}\r\n");
        }
        head += &format!("Content-Length: {}\r\nConnection: close\r\n\r\n", body.len());
        stream.write_all(head.as_bytes()).unwrap();
        stream.write_all(&body).unwrap();
        stream.flush().unwrap();
        answer(&mut stream)
    }
}

fn body(step: &HttpStep) -> Vec<u8> {
    let Some(piece) = &step.body else { return Vec::new() };
    assert!(piece.bytes <= 8 << 20, "a slice of {} bytes", piece.bytes);
    let mut file = File::open(&piece.file).unwrap();
    file.seek(SeekFrom::Start(piece.offset)).unwrap();
    let mut bytes = Vec::new();
    file.take(piece.bytes).read_to_end(&mut bytes).unwrap();
    assert_eq!(bytes.len() as u64, piece.bytes);
    bytes
}

fn answer(stream: &mut impl Read) -> StepOutcome {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte).unwrap();
        head.push(byte[0]);
    }
    let head = String::from_utf8(head).unwrap();
    let mut lines = head.lines();
    let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
    let header = |line: &str| {
        let (name, value) = line.split_once(':')?;
        Some((name.to_owned(), value.trim().to_owned()))
    };
    StepOutcome::Answered { status, headers: lines.filter_map(header).collect() }
}
