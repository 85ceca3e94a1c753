//! The core's own client, as a run of the queue drives it.

use std::fs::{self, File};
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use homeward_core::PartId;
use homeward_core::net::{
    self, CancelToken, Journal, Net, Pacing, Progress, Server, Trust, UploadEnd,
};
use homeward_core::tus::{Memory, Part};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use serde_json::{Value, json};

/// Uploads `file` to the desk whose folder is `desk` and that listens on `url`.
pub(crate) fn upload(file: &Path, desk: &Path, url: &str) -> Value {
    let anchor = CertificateDer::from_pem_file(desk.join("public/tls/ca.pem")).unwrap();
    let token = fs::read_to_string(desk.join("public/token")).unwrap();
    let server = Server {
        url: url.to_owned(),
        token: token.trim().to_owned(),
        trust: Trust::Anchors(vec![anchor.to_vec()]),
        pins: None,
        known_ms: 0,
    };
    let net = Net::new(&server, None, &Pacing::default(), Arc::new(now_ms)).unwrap();
    let source = File::open(file).unwrap();
    let part = Part {
        endpoint: format!("{url}/uploads"),
        id: PartId::make().to_string(),
        bytes: source.metadata().unwrap().len(),
    };
    let (mut journal, cancel) = (Nowhere, CancelToken::new());
    let start = Instant::now();
    let sending = net.upload(&part, Memory::default(), &source, &mut journal, &cancel);
    let end = net::block_on(sending).unwrap();
    let ms = start.elapsed().as_secs_f64() * 1000.0;
    assert_eq!(end, UploadEnd::Stored);
    json!({ "ms": ms })
}

/// The rows are not what is measured: a save is one small commit per 8 MiB.
struct Nowhere;

impl Journal for Nowhere {
    fn save(&mut self, _memory: &Memory) -> io::Result<()> {
        Ok(())
    }

    fn progress(&mut self, _progress: Progress) {}
}

fn now_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    i64::try_from(since.as_millis()).unwrap()
}
