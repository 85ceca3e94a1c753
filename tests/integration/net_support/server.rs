//! `tus-axum` over TLS, with certificates of an authority made for the test.

use std::fs;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use axum::Router;
use axum::serve::Listener;
use fault_proxy::Serving;
use homeward_core::crypto::sha256;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair, PublicKeyData};
use rustls::pki_types::PrivateKeyDer;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio_rustls::server::TlsStream;
use tokio_rustls::{TlsAcceptor, TlsConnector};
use tus_axum::{RouterOptions, TusState, create_router};
use tus_protocol::locking::file::FileLocker;
use tus_protocol::state::file::FileStateStore;
use tus_protocol::storage::file::FileStorage;
use tus_protocol::{Config, NoopHookExecutor, ProtocolHandle};

use super::gate::{Gate, gated};

/// A certificate authority as `homeward-desk init` makes one.
pub(crate) struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
}

impl Authority {
    pub(crate) fn make() -> Self {
        let mut params = CertificateParams::new([]).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        Self { issuer }
    }

    /// What a pack would name as its anchor.
    pub(crate) fn anchor(&self) -> Vec<u8> {
        self.issuer.der().to_vec()
    }

    /// A client's TLS side that believes this authority only.
    pub(crate) fn connector(&self) -> TlsConnector {
        let mut roots = rustls::RootCertStore::empty();
        roots.add(self.issuer.der().clone()).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = rustls::ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        TlsConnector::from(Arc::new(config))
    }

    /// A server's TLS side, with a certificate for `name` that is valid as `adjust` says.
    pub(crate) fn acceptor(
        &self,
        name: &str,
        adjust: impl FnOnce(&mut CertificateParams),
    ) -> TlsAcceptor {
        self.acceptor_and_key(name, adjust).0
    }

    /// The same, and the hash of the certificate's key as a pin names it.
    pub(crate) fn acceptor_and_key(
        &self,
        name: &str,
        adjust: impl FnOnce(&mut CertificateParams),
    ) -> (TlsAcceptor, [u8; 32]) {
        let mut params = CertificateParams::new([name.to_owned()]).unwrap();
        adjust(&mut params);
        let key = KeyPair::generate().unwrap();
        let leaf = params.signed_by(&key, &self.issuer).unwrap();
        let hash = sha256(&key.subject_public_key_info());
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(
                vec![leaf.der().clone()],
                PrivateKeyDer::Pkcs8(key.serialize_der().into()),
            )
            .unwrap();
        (TlsAcceptor::from(Arc::new(config)), *hash.as_bytes())
    }
}

/// A running server; dropping it stops it.
pub(crate) struct TusServer {
    pub(crate) address: SocketAddr,
    pub(crate) gate: Arc<Gate>,
    pub(crate) folder: tempfile::TempDir,
    _serving: Serving,
}

impl TusServer {
    /// Offers all extensions.
    pub(crate) fn start(acceptor: TlsAcceptor) -> Self {
        Self::start_with(acceptor, Config::all_extensions())
    }

    pub(crate) fn start_with(acceptor: TlsAcceptor, config: Config) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let gate = Arc::new(Gate::default());
        let router = gated(tus(&folder, config), gate.clone());
        let serving = Serving::start("tus-server", |listener| async {
            let listener = TlsListener::over(listener, acceptor);
            axum::serve(listener, router).await.unwrap();
        });
        let serving = serving.unwrap();
        Self { address: serving.address(), gate, folder, _serving: serving }
    }

    /// That there is one upload, and that it is `bytes`; a difference is told by its place.
    pub(crate) fn assert_holds_only(&self, bytes: &[u8]) {
        let uploads = self.uploads();
        let lengths: Vec<usize> = uploads.iter().map(Vec::len).collect();
        assert_eq!(lengths, [bytes.len()]);
        let differs = uploads[0].iter().zip(bytes).position(|(theirs, ours)| theirs != ours);
        assert_eq!(differs, None, "the first byte that differs");
    }

    /// The complete and incomplete uploads as they lie in the server's folder.
    pub(crate) fn uploads(&self) -> Vec<Vec<u8>> {
        let mut files: Vec<PathBuf> = Vec::new();
        let mut folders = vec![self.folder.path().join("data")];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
                if entry.is_dir() { folders.push(entry) } else { files.push(entry) }
            }
        }
        files.iter().map(|file| fs::read(file).unwrap()).collect()
    }
}

fn tus(folder: &tempfile::TempDir, config: Config) -> Router {
    let place = |name| folder.path().join(name);
    let protocol = ProtocolHandle::new(
        config,
        FileStorage::new_sync(place("data")).unwrap(),
        FileStateStore::new_sync(place("state")).unwrap(),
        FileLocker::new_sync(place("locks")).unwrap(),
        NoopHookExecutor::new(),
    );
    create_router(TusState::new(protocol), RouterOptions::default()).unwrap()
}

/// Hands out finished TLS connections. Handshakes run beside each other: one that hangs, because
/// the network does, must not hold up the rest.
struct TlsListener {
    address: SocketAddr,
    ready: mpsc::Receiver<(TlsStream<TcpStream>, SocketAddr)>,
}

impl TlsListener {
    fn over(listener: TcpListener, acceptor: TlsAcceptor) -> Self {
        let address = listener.local_addr().unwrap();
        let (send, ready) = mpsc::channel(16);
        tokio::spawn(async move {
            while let Ok((stream, peer)) = listener.accept().await {
                let (send, acceptor) = (send.clone(), acceptor.clone());
                tokio::spawn(async move {
                    if let Ok(stream) = acceptor.accept(stream).await {
                        let _ = send.send((stream, peer)).await;
                    }
                });
            }
        });
        Self { address, ready }
    }
}

impl Listener for TlsListener {
    type Io = TlsStream<TcpStream>;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        match self.ready.recv().await {
            Some(connection) => connection,
            None => std::future::pending().await,
        }
    }

    fn local_addr(&self) -> std::io::Result<SocketAddr> {
        Ok(self.address)
    }
}
