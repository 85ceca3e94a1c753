//! The public side: takes sealed parts over tus 1.0 and hands out sealed receipts. It sees
//! `HOME/public` only, opens nothing, and logs nothing that could name a phone or a part.
//!
//! ```text
//! connection (TLS, queue) ─▶ gate (token, places, one writer) ─▶ tus-axum ─▶ keeping (disk, room)
//!                            └▶ receipts
//! ```

mod body;
mod connections;
mod expiring;
mod gate;
mod keeping;
mod limits;
mod receipts;
mod running;

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::http::{HeaderValue, header};
use axum::middleware::{from_fn_with_state, map_response};
use axum::response::Response;
use homeward_core::PartId;
use tokio::net::TcpListener;
use tokio::time::sleep;
use tus_axum::{RouterOptions, TusState, create_router};
use tus_protocol::chrono::Utc;
use tus_protocol::locking::file::FileLocker;
use tus_protocol::state::file::FileStateStore;
use tus_protocol::storage::file::FileStorage;
use tus_protocol::{
    ChecksumAlgorithm, Config, Extension, HookChain, HookContext, PreHookResult, ProtocolHandle,
    reclaim_expired_uploads,
};

use crate::error::{Error, Result};
use crate::home::{Home, names, read_text};
use crate::{store, tls};

use expiring::Expiring;
use keeping::Keeping;
use limits::{ENTRY, Room};

pub use limits::Limits;

/// Where phones create uploads.
const COLLECTION: &str = "/uploads";

/// How long a request waits for the one that is writing the same upload.
const LOCK_WAIT: Duration = Duration::from_secs(10);

/// How often uploads are looked for that nobody goes on with.
const SWEEP: Duration = Duration::from_secs(15 * 60);

/// What a body without `Content-Length` may hold: it has to be kept in memory.
const MAX_UNSIZED_BODY: u64 = 1 << 20;

/// Where log lines go. They hold sizes and counts only.
pub type Log = Arc<dyn Fn(&str) + Send + Sync>;

/// A server that listens and has not begun to answer.
pub struct Server {
    listener: TcpListener,
    tls: Arc<rustls::ServerConfig>,
    gate: Arc<gate::Gate>,
    router: Router,
    protocol: Protocol,
}

/// tus over our folder.
type Protocol = ProtocolHandle<Keeping, Expiring, FileLocker, HookChain>;

impl Server {
    /// Reads what `receive` needs of the desk and listens on `address`.
    pub async fn bind(home: &Home, address: SocketAddr, limits: Limits, log: Log) -> Result<Self> {
        let token = read_text(&home.public(names::TOKEN), "read the token")?.trim().to_owned();
        let tls = tls::server(home)?;
        let uploads = home.public(names::UPLOADS);
        let listed = store::uploads(&uploads).map_err(Error::io("read the uploads"))?;
        let held = listed.iter().flatten().map(|upload| upload.stored.saturating_add(ENTRY));
        let held = held.fold(0, u64::saturating_add);
        let room = Arc::new(Room::new(limits.store_bytes, held));
        let gate = Arc::new(gate::Gate::new(token, Arc::clone(&room)));
        let protocol = protocol(&uploads, &limits, room, log)?;
        let router = router(home, protocol.clone(), &gate)?;
        sweep(&protocol).await;
        let listener = TcpListener::bind(address).await.map_err(Error::io("listen"))?;
        Ok(Self { listener, tls, gate, router, protocol })
    }

    /// The address it listens on; tells the port when 0 was asked for.
    pub fn address(&self) -> Result<SocketAddr> {
        self.listener.local_addr().map_err(Error::io("listen"))
    }

    /// Answers until `stop` is done. Writes under way end with what has arrived so far.
    pub async fn run(self, stop: impl Future<Output = ()>) {
        let gate = Arc::clone(&self.gate);
        let cut = move || gate.running().cut_all();
        let serving = connections::serve(
            self.listener,
            connections::MAX_CONNECTIONS,
            self.tls,
            self.router,
            stop,
            cut,
        );
        let sweeping = async {
            loop {
                sleep(SWEEP).await;
                sweep(&self.protocol).await;
            }
        };
        tokio::select! {
            () = serving => {}
            () = sweeping => {}
        }
    }
}

/// Removes the uploads that have ended without being complete. What can't be removed now is tried
/// again the next time.
async fn sweep(protocol: &Protocol) {
    let (storage, states) = (protocol.storage_arc(), protocol.state_store_arc());
    let locker = protocol.locker_arc();
    let _ = reclaim_expired_uploads(&*storage, &*states, &*locker, Utc::now()).await;
}

fn protocol(uploads: &Path, limits: &Limits, room: Arc<Room>, log: Log) -> Result<Protocol> {
    let files = FileStorage::new_sync(uploads.join(store::DATA)).map_err(opening)?;
    let states = FileStateStore::new_sync(uploads.join(store::STATE)).map_err(opening)?;
    Ok(ProtocolHandle::new(
        config(limits),
        Keeping::new(files, room),
        Expiring::new(states, uploads.to_owned()),
        FileLocker::new_sync(uploads.join(store::LOCKS)).map_err(opening)?,
        hooks(log),
    ))
}

fn router(home: &Home, protocol: Protocol, gate: &Arc<gate::Gate>) -> Result<Router> {
    let uploads = create_router(TusState::new(protocol), RouterOptions::new())
        .map_err(|_| Error::Damaged("upload path"))?
        .layer(from_fn_with_state(Arc::clone(gate), gate::pass));
    let receipts = receipts::router(home.public(names::RECEIPTS));
    Ok(uploads.merge(receipts).layer(map_response(unstored)))
}

fn config(limits: &Limits) -> Config {
    Config::new()
        .with_base_path(COLLECTION)
        .with_max_size(limits.part_bytes)
        .with_lock_timeout(LOCK_WAIT)
        .with_expiration(expiring::EMPTY)
        .with_max_intake_buffer(MAX_UNSIZED_BODY)
        .without_download()
        .without_extension(Extension::CreationDeferLength)
        .with_extension(Extension::CreationWithUpload)
        .with_checksum(ChecksumAlgorithm::Sha256)
}

fn hooks(log: Log) -> HookChain {
    HookChain::new()
        .on_pre_create(|context| async move { Ok(check_metadata(&context)) })
        .on_pre_terminate(|context| async move {
            // What has arrived whole is the desk's: a stolen URL must not delete a report.
            Ok(match context.upload().is_complete() {
                true => PreHookResult::reject(403, "a complete upload stays"),
                false => PreHookResult::proceed(),
            })
        })
        .on_post_finish(move |context| {
            log(&format!("an upload is complete: {} bytes", context.upload().offset()));
            async { Ok(()) }
        })
}

/// Lets only `part` through, with an id: a file name would tell the server what it must not know.
fn check_metadata(context: &HookContext) -> PreHookResult {
    let mut entries = context.upload().metadata().iter();
    let allowed = entries.all(|(key, value)| {
        let id = value.as_str().and_then(|text| text.parse::<PartId>().ok());
        key == store::PART_KEY && id.is_some()
    });
    if allowed {
        PreHookResult::proceed()
    } else {
        PreHookResult::reject(400, "metadata holds `part` and its id, nothing else")
    }
}

/// Nothing that this server says is to lie in a cache.
async fn unstored(mut response: Response) -> Response {
    let no_store = HeaderValue::from_static("no-store");
    response.headers_mut().insert(header::CACHE_CONTROL, no_store);
    response
}

fn opening(error: tus_protocol::Error) -> Error {
    let source = match error {
        tus_protocol::Error::Io(source) => source,
        other => std::io::Error::other(other.status_code().to_string()),
    };
    Error::Io { doing: "open the folder of uploads", source }
}
