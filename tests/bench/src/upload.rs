//! The core's own client, as a run of the queue drives it.

use std::fs::{self, File};
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

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
    let (net, part, source) = ready(file, desk, url);
    let (mut journal, cancel) = (Nowhere, CancelToken::new());
    let start = Instant::now();
    let sending = net.upload(&part, Memory::default(), &source, &mut journal, &cancel);
    let end = net::block_on(sending).unwrap();
    let ms = start.elapsed().as_secs_f64() * 1000.0;
    assert_eq!(end, UploadEnd::Stored);
    json!({ "ms": ms })
}

/// Cancels so many uploads of `file`, each farther on than the one before; tells the longest time
/// from the cancel to the end of the call.
pub(crate) fn cancel(rounds: u32, file: &Path, desk: &Path, url: &str) -> Value {
    let (net, part, source) = ready(file, desk, url);
    let mut longest = Duration::ZERO;
    for round in 0..rounds {
        let cancel = CancelToken::new();
        let at = part.bytes * u64::from(round) / u64::from(rounds);
        let mut journal = Stopper { at, cancel: cancel.clone(), cancelled: None };
        let sending = net.upload(&part, Memory::default(), &source, &mut journal, &cancel);
        let end = net::block_on(sending).unwrap();
        assert_eq!(end, UploadEnd::Cancelled);
        longest = longest.max(journal.cancelled.unwrap().elapsed());
    }
    json!({ "ms": longest.as_secs_f64() * 1000.0 })
}

/// Cancels when so much was written.
struct Stopper {
    at: u64,
    cancel: CancelToken,
    cancelled: Option<Instant>,
}

impl Journal for Stopper {
    fn save(&mut self, _memory: &Memory) -> io::Result<()> {
        Ok(())
    }

    fn progress(&mut self, progress: Progress) {
        if progress.written >= self.at && self.cancelled.is_none() {
            self.cancelled = Some(Instant::now());
            self.cancel.cancel();
        }
    }
}

/// A client, and a part of its own whose bytes are those of `file`.
fn ready(file: &Path, desk: &Path, url: &str) -> (Net, Part, File) {
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
    (net, part, source)
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
