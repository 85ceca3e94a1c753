//! A SOCKS5 proxy that resolves `desk.test` itself and records what it was asked.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

/// What the proxy was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Asked {
    pub(crate) login: Option<(String, String)>,
    /// The name, or "an address" when the phone had resolved it.
    pub(crate) name: String,
}

/// A running proxy. It ends with the test program.
pub(crate) struct Socks {
    pub(crate) address: SocketAddr,
    asked: Arc<Mutex<Vec<Asked>>>,
}

impl Socks {
    /// Connects every request to `target`, or refuses them all.
    pub(crate) fn start(target: Option<SocketAddr>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let asked = Arc::new(Mutex::new(Vec::new()));
        let record = asked.clone();
        thread::spawn(move || {
            for phone in listener.incoming().flatten() {
                let record = record.clone();
                thread::spawn(move || serve(phone, target, &record));
            }
        });
        Self { address, asked }
    }

    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }
}

fn serve(
    mut phone: TcpStream,
    target: Option<SocketAddr>,
    record: &Mutex<Vec<Asked>>,
) -> io::Result<()> {
    let methods = counted(&mut phone, 1)?;
    let login = if methods.contains(&2) {
        phone.write_all(&[5, 2])?;
        let user = counted(&mut phone, 1)?;
        let word = counted(&mut phone, 0)?;
        phone.write_all(&[1, 0])?;
        Some((String::from_utf8(user).unwrap(), String::from_utf8(word).unwrap()))
    } else {
        phone.write_all(&[5, 0])?;
        None
    };
    let mut head = [0; 4];
    phone.read_exact(&mut head)?;
    let name = match head[3] {
        3 => String::from_utf8(counted(&mut phone, 0)?).unwrap(),
        kind => {
            phone.read_exact(&mut vec![0; if kind == 1 { 4 } else { 16 }])?;
            "an address".into()
        }
    };
    phone.read_exact(&mut [0; 2])?;
    record.lock().unwrap().push(Asked { login, name });
    let Some(target) = target else {
        return phone.write_all(&[5, 5, 0, 1, 0, 0, 0, 0, 0, 0]);
    };
    let mut server = TcpStream::connect(target)?;
    phone.write_all(&[5, 0, 0, 1, 0, 0, 0, 0, 0, 0])?;
    let (mut from_phone, mut to_server) = (phone.try_clone()?, server.try_clone()?);
    thread::spawn(move || io::copy(&mut from_phone, &mut to_server));
    io::copy(&mut server, &mut phone)?;
    Ok(())
}

/// Skips `skip` bytes and reads a length-prefixed string.
fn counted(stream: &mut TcpStream, skip: usize) -> io::Result<Vec<u8>> {
    let mut head = vec![0; skip + 1];
    stream.read_exact(&mut head)?;
    let mut bytes = vec![0; usize::from(head[skip])];
    stream.read_exact(&mut bytes)?;
    Ok(bytes)
}
