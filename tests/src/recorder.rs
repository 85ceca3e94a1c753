//! Sees what a server sees: a proxy that ends TLS with the desk's own certificate, writes down
//! every byte, and passes it on to the desk over TLS again.

mod http;

use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use fault_proxy::Serving;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::{TlsAcceptor, TlsConnector};

pub use http::Request;

use crate::tls;

/// What went over one connection.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Conversation {
    /// What the phone said.
    pub up: Vec<u8>,
    /// What the server said.
    pub down: Vec<u8>,
    /// The phone took up an earlier TLS session, and so showed that it was there before. The
    /// recorder offers it to everybody.
    pub resumed: bool,
}

/// A running recorder. Dropping it ends it.
pub struct Recorder {
    serving: Serving,
    heard: Heard,
}

type Heard = Arc<Mutex<Vec<Conversation>>>;

impl Recorder {
    /// Stands in front of the desk whose folder is `desk` and whose `receive` listens on `target`.
    pub fn start(desk: &Path, target: SocketAddr) -> io::Result<Self> {
        let (acceptor, connector) = tls::of_desk(desk)?;
        let heard = Heard::default();
        let inside = Inside { acceptor, connector, target, heard: Arc::clone(&heard) };
        let serving = Serving::start("recorder", |listener| accept(listener, inside))?;
        Ok(Self { serving, heard })
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.serving.address()
    }

    /// Everything that was heard, a connection each.
    #[must_use]
    pub fn conversations(&self) -> Vec<Conversation> {
        lock(&self.heard).clone()
    }

    /// The requests as the server saw them, in the order of their connections.
    #[must_use]
    pub fn requests(&self) -> Vec<Request> {
        let heard = lock(&self.heard);
        heard.iter().flat_map(|conversation| http::requests(&conversation.up)).collect()
    }
}

#[derive(Clone)]
struct Inside {
    acceptor: TlsAcceptor,
    connector: TlsConnector,
    target: SocketAddr,
    heard: Heard,
}

async fn accept(listener: TcpListener, inside: Inside) {
    while let Ok((phone, _)) = listener.accept().await {
        let inside = inside.clone();
        // A connection that breaks is the test's business, not the recorder's.
        tokio::spawn(async move { inside.record(phone).await.ok() });
    }
}

impl Inside {
    async fn record(&self, phone: TcpStream) -> io::Result<()> {
        phone.set_nodelay(true)?;
        let phone = self.acceptor.accept(phone).await?;
        let server = TcpStream::connect(self.target).await?;
        server.set_nodelay(true)?;
        let name = ServerName::IpAddress(self.target.ip().into());
        let server = self.connector.connect(name, server).await?;
        let number = {
            let mut heard = lock(&self.heard);
            let kind = phone.get_ref().1.handshake_kind();
            let resumed = matches!(kind, Some(rustls::HandshakeKind::Resumed));
            heard.push(Conversation { resumed, ..Conversation::default() });
            heard.len() - 1
        };
        let (mut from_phone, mut to_phone) = tokio::io::split(phone);
        let (mut from_server, mut to_server) = tokio::io::split(server);
        let up = carry(&mut from_phone, &mut to_server, |bytes| {
            lock(&self.heard)[number].up.extend_from_slice(bytes);
        });
        let down = carry(&mut from_server, &mut to_phone, |bytes| {
            lock(&self.heard)[number].down.extend_from_slice(bytes);
        });
        // Whatever was read has been passed on: when one side ends there is nothing left to say.
        tokio::select! { ended = up => ended, ended = down => ended }
    }
}

async fn carry(
    from: &mut (impl AsyncRead + Unpin),
    to: &mut (impl AsyncWrite + Unpin),
    note: impl Fn(&[u8]),
) -> io::Result<()> {
    let mut buffer = vec![0; 16 << 10];
    loop {
        let count = from.read(&mut buffer).await?;
        if count == 0 {
            return to.shutdown().await;
        }
        note(&buffer[..count]);
        to.write_all(&buffer[..count]).await?;
        to.flush().await?;
    }
}

fn lock(heard: &Heard) -> MutexGuard<'_, Vec<Conversation>> {
    heard.lock().unwrap_or_else(PoisonError::into_inner)
}
