//! Each accident, over real TLS, as both sides see it.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rcgen::{CertificateParams, KeyPair};
use rustls::pki_types::{PrivateKeyDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use tokio_rustls::TlsAcceptor;

use super::*;

/// A server that counts the bodies that it gets, and answers with what it has.
struct Server {
    address: SocketAddr,
    bodies: Arc<Mutex<Vec<usize>>>,
}

impl Server {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let bodies = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&bodies);
        std::thread::spawn(move || {
            for mut stream in listener.incoming().flatten() {
                let Some((length, mut body)) = head(&mut stream) else { continue };
                while body < length {
                    match stream.read(&mut [0; 4096]) {
                        Ok(read @ 1..) => body += read,
                        _ => break,
                    }
                }
                kept.lock().unwrap().push(body);
                let answer = format!("HTTP/1.1 204 Good\r\nUpload-Offset: {body}\r\n\r\n");
                let _ = stream.write_all(answer.as_bytes());
            }
        });
        Self { address, bodies }
    }

    /// The bodies so far, once there are so many.
    fn bodies(&self, wanted: usize) -> Vec<usize> {
        for _ in 0..1000 {
            let bodies = self.bodies.lock().unwrap().clone();
            if bodies.len() >= wanted {
                return bodies;
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        panic!("the server heard nothing");
    }
}

/// The body's length, and how much of it came with the head.
fn head(stream: &mut TcpStream) -> Option<(usize, usize)> {
    let mut said = Vec::new();
    while Head::length(&said).is_none() {
        let mut block = [0; 4096];
        let read = stream.read(&mut block).ok().filter(|read| *read > 0)?;
        said.extend_from_slice(&block[..read]);
    }
    let length = Head::length(&said)?;
    let head = Head::read(&said[..length])?;
    assert_eq!(head.header("connection"), Some("close"));
    Some((head.number("content-length")? as usize, said.len() - length))
}

/// A front with a certificate for the loopback, and a client that trusts it.
fn world(server: &Server, plan: Plan) -> (Front, Arc<ClientConfig>) {
    let key = KeyPair::generate().unwrap();
    let params = CertificateParams::new(["127.0.0.1".to_owned()]).unwrap();
    let own = params.self_signed(&key).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let acceptor = rustls::ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![own.der().clone()], PrivateKeyDer::Pkcs8(key.serialize_der().into()))
        .unwrap();
    let mut roots = RootCertStore::empty();
    roots.add(own.der().clone()).unwrap();
    let client = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let good = TlsAcceptor::from(Arc::new(acceptor));
    let certificates = Arc::new(BTreeMap::from([(Certificate::Good, good)]));
    let front = Front::start(certificates, Upstream::Plain(server.address), plan).unwrap();
    (front, Arc::new(client))
}

type Client = StreamOwned<ClientConnection, TcpStream>;

fn connect(front: &Front, config: &Arc<ClientConfig>) -> Client {
    let name = ServerName::try_from("127.0.0.1").unwrap();
    let tls = ClientConnection::new(Arc::clone(config), name).unwrap();
    let stream = TcpStream::connect(front.address()).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    StreamOwned::new(tls, stream)
}

/// What a PATCH of 1,000 bytes gets back: all until the connection ends, or so many bytes of it.
fn patch(client: &mut Client, bytes: Option<usize>) -> String {
    let _ = client.write_all(b"PATCH /files/1 HTTP/1.1\r\nContent-Length: 1000\r\n\r\n");
    let _ = client.write_all(&[7; 1000]).and_then(|()| client.flush());
    let mut said = Vec::new();
    let mut block = [0; 4096];
    while bytes.is_none_or(|bytes| said.len() < bytes) {
        match client.read(&mut block) {
            Ok(read @ 1..) => said.extend_from_slice(&block[..read]),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => panic!("it never ends"),
            _ => break,
        }
    }
    String::from_utf8(said).unwrap()
}

/// What the client and the server see of one PATCH with this accident. The client waits for the end
/// of the connection, or for so many bytes.
fn meets(fault: &Fault, bytes: Option<usize>) -> (String, Vec<usize>) {
    let server = Server::start();
    let injected = fault.clone();
    let (front, config) = world(&server, Plan::of(move |_| Some(injected.clone())));
    let mut client = connect(&front, &config);
    let said = patch(&mut client, bytes);
    let hit = |seen: &[Seen]| seen.first().is_some_and(|seen| seen.hit.is_some());
    assert!(front.until(Duration::from_secs(10), hit), "{fault:?}");
    drop(client);
    assert_eq!(front.injected(), BTreeMap::from([(fault.name(), 1)]));
    let heard = usize::from(!fault.stands_in() && !matches!(fault, Fault::Buffer(_)));
    let bodies = server.bodies(heard);
    (said, bodies)
}

const GOOD: &str = "HTTP/1.1 204 Good\r\nupload-offset: 1000\r\n\r\n";

#[test]
fn a_request_without_an_accident_passes_and_the_connection_serves_the_next() {
    let server = Server::start();
    let (front, config) = world(&server, Plan::perfect());
    let mut client = connect(&front, &config);
    assert_eq!([(); 2].map(|()| patch(&mut client, Some(GOOD.len()))), [GOOD, GOOD]);
    assert_eq!((front.connections(), front.seen().len()), (1, 2));
    assert_eq!(server.bodies(2), [1000, 1000]);
    let seen = &front.seen()[1];
    assert_eq!((seen.body, seen.status, seen.told), (1000, Some(204), Some(1000)));
}

#[test]
fn a_body_is_cut_reset_and_stalled_where_the_plan_says() {
    for fault in
        [Fault::CutBody(300, How::Close), Fault::CutBody(0, How::Reset), Fault::StallBody(999)]
    {
        let (Fault::CutBody(at, _) | Fault::StallBody(at)) = fault else { panic!() };
        let silent = matches!(fault, Fault::StallBody(_)).then_some(0);
        assert_eq!(meets(&fault, silent), (String::new(), vec![at as usize]), "{fault:?}");
    }
}

#[test]
fn an_answer_is_lost_cut_stalled_doubled_announced_and_bent_while_the_server_did_it_all() {
    let whole = vec![1000];
    let lied = GOOD.replace("1000", "993");
    for (fault, told) in [
        (Fault::LoseAnswer(How::Close), String::new()),
        (Fault::LoseAnswer(How::Reset), String::new()),
        (Fault::CutAnswer(20, How::Close), GOOD[..20].to_owned()),
        (Fault::StallAnswer(17), GOOD[..17].to_owned()),
        (Fault::DoubleAnswer, GOOD.repeat(2)),
        (Fault::Interim, format!("{}{GOOD}", String::from_utf8_lossy(super::serve::INTERIM))),
        (Fault::Lie(-7), lied),
    ] {
        let ends = matches!(fault, Fault::LoseAnswer(_) | Fault::CutAnswer(..));
        let bytes = (!ends).then_some(told.len());
        assert_eq!(meets(&fault, bytes), (told, whole.clone()), "{fault:?}");
    }
}

#[test]
fn somebody_answers_in_the_servers_place_and_it_hears_nothing() {
    let says = |status, tus, retry_after| Fault::Says { status, tus, retry_after };
    for (fault, told) in [
        (says(423, true, None), "HTTP/1.1 423"),
        (says(503, false, Some(2)), "HTTP/1.1 503"),
        (Fault::PortalPage, "HTTP/1.1 200"),
        (Fault::PortalRedirect, "HTTP/1.1 302"),
        (Fault::Buffer(999), ""),
    ] {
        let (said, bodies) = meets(&fault, (!told.is_empty()).then_some(told.len()));
        assert!(said.starts_with(told) && said.is_empty() == told.is_empty(), "{said}");
        assert_eq!(bodies, [0; 0], "{fault:?}");
        let later = matches!(fault, Fault::Says { retry_after: Some(_), .. });
        assert_eq!(said.contains("retry-after: 2"), later);
        assert_eq!(said.contains("tus-resumable"), matches!(fault, Fault::Says { tus: true, .. }));
    }
}

#[test]
fn what_a_collecting_proxy_can_hold_passes() {
    let server = Server::start();
    let (front, config) = world(&server, Plan::of(|_| Some(Fault::Buffer(1000))));
    assert_eq!(patch(&mut connect(&front, &config), Some(GOOD.len())), GOOD);
    assert_eq!((front.injected(), server.bodies(1)), (BTreeMap::new(), vec![1000]));
}
