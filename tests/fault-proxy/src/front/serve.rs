//! One connection of a phone: request after request, each with its accident.

use std::io;

use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::server::TlsStream;

use super::http::{Answer, Head};
use super::{Certificate, Fault, How, Seen, Shared, Upstream};

/// Serves a phone's connection to its end.
pub(super) async fn connection(phone: TcpStream, shared: &Shared) {
    let (number, certificate) = shared.connected();
    let acceptor = shared.certificates.get(&certificate);
    let Some(acceptor) = acceptor.or_else(|| shared.certificates.get(&Certificate::Good)) else {
        return;
    };
    let _ = phone.set_nodelay(true);
    if certificate != Certificate::Good {
        shared.shown(certificate);
    }
    if let Ok(phone) = acceptor.accept(phone).await {
        let mut line = Line { phone, ahead: Vec::new(), shared };
        // A connection that breaks is what this is about.
        let _ = line.serve(number).await;
    }
}

/// Whether the connection serves another request. Its end is no farewell of TLS: it is cut.
#[derive(Clone, Copy, PartialEq, Eq)]
enum After {
    Next,
    End,
}

/// A server's side of the wire.
trait Wire: AsyncRead + AsyncWrite + Unpin + Send {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send> Wire for T {}

struct Line<'a> {
    phone: TlsStream<TcpStream>,
    /// What was read and belongs to what comes next.
    ahead: Vec<u8>,
    shared: &'a Shared,
}

impl Line<'_> {
    async fn serve(&mut self, connection: u64) -> io::Result<()> {
        while let Some(head) = self.head().await? {
            let (seen, fault) = self.shared.begun(connection, head);
            let after = match &fault {
                Some(fault) if fault.stands_in() => self.stand_in(&seen, fault).await?,
                Some(Fault::Buffer(most)) => self.buffered(&seen, *most).await?,
                fault => self.passed(&seen, fault.as_ref()).await?,
            };
            if after == After::End {
                return Ok(());
            }
        }
        Ok(())
    }

    /// The head of the next request; none when the phone has closed.
    async fn head(&mut self) -> io::Result<Option<Head>> {
        loop {
            if let Some(length) = Head::length(&self.ahead) {
                let rest = self.ahead.split_off(length);
                let head = std::mem::replace(&mut self.ahead, rest);
                return Ok(Head::read(&head));
            }
            let mut block = [0; 4 << 10];
            match self.phone.read(&mut block).await? {
                0 => return Ok(None),
                read => self.ahead.extend_from_slice(&block[..read]),
            }
        }
    }

    /// The next piece of a body of which `left` bytes are to come; empty when the phone has closed.
    async fn piece(&mut self, seen: &Seen, left: u64) -> io::Result<Vec<u8>> {
        if self.ahead.is_empty() {
            let mut block = vec![0; 16 << 10];
            let read = self.phone.read(&mut block).await?;
            block.truncate(read);
            self.ahead = block;
        }
        let most = usize::try_from(left).unwrap_or(usize::MAX).min(self.ahead.len());
        let rest = self.ahead.split_off(most);
        let piece = std::mem::replace(&mut self.ahead, rest);
        self.shared.note(seen.number, |seen| seen.body += piece.len() as u64);
        Ok(piece)
    }

    /// Reads so much of a body, and gives it; shorter when the phone has closed.
    async fn collect(&mut self, seen: &Seen, bytes: u64) -> io::Result<Vec<u8>> {
        let mut body = Vec::new();
        while (body.len() as u64) < bytes {
            let piece = self.piece(seen, bytes - body.len() as u64).await?;
            if piece.is_empty() {
                break;
            }
            body.extend(piece);
        }
        Ok(body)
    }

    /// Answers in the server's place. The body is read, so that the answer is not lost in a reset.
    async fn stand_in(&mut self, seen: &Seen, fault: &Fault) -> io::Result<After> {
        self.collect(seen, seen.length()).await?;
        let answer = match fault {
            Fault::Says { status, tus, retry_after } => {
                let seconds = retry_after.map(|seconds| seconds.to_string());
                let mut headers = Vec::new();
                headers.extend(tus.then_some(("tus-resumable", "1.0.0")));
                headers.extend(seconds.as_deref().map(|seconds| ("retry-after", seconds)));
                Answer::made(*status, &headers, "")
            }
            Fault::PortalRedirect => {
                Answer::made(302, &[("location", "https://portal.invalid/login")], "")
            }
            _ => Answer::made(200, &[("content-type", "text/html")], PAGE),
        };
        self.shared.hit(seen.number, fault);
        self.phone.write_all(&spoken(&answer, seen)).await?;
        self.phone.flush().await?;
        Ok(After::Next)
    }

    /// Collects the request before the server hears of it.
    async fn buffered(&mut self, seen: &Seen, most: u64) -> io::Result<After> {
        if seen.length() > most {
            self.collect(seen, most).await?;
            self.shared.hit(seen.number, &Fault::Buffer(most));
            return Ok(After::End);
        }
        let body = self.collect(seen, seen.length()).await?;
        let mut server = self.dial().await?;
        server.write_all(&asked(seen)).await?;
        server.write_all(&body).await?;
        server.flush().await?;
        let Some(answer) = self.answer(&mut *server, seen).await? else { return Ok(After::End) };
        self.tell(&answer, seen, None).await
    }

    /// Passes the request on as it comes.
    async fn passed(&mut self, seen: &Seen, fault: Option<&Fault>) -> io::Result<After> {
        let length = seen.length();
        let stop = match fault {
            Some(Fault::CutBody(at, _) | Fault::StallBody(at)) if *at <= length => Some(*at),
            _ => None,
        };
        let mut server = self.dial().await?;
        server.write_all(&asked(seen)).await?;
        let mut left = stop.unwrap_or(length);
        while left > 0 {
            let piece = self.piece(seen, left).await?;
            if piece.is_empty() {
                return Ok(After::End);
            }
            left -= piece.len() as u64;
            // A server may answer and close before it has read it all: its answer counts.
            if server.write_all(&piece).await.is_err() || server.flush().await.is_err() {
                break;
            }
        }
        let _ = server.flush().await;
        if let (Some(_), Some(fault)) = (stop, fault) {
            return self.stopped(seen, fault).await;
        }
        let Some(answer) = self.answer(&mut *server, seen).await? else { return Ok(After::End) };
        self.collect(seen, left).await?;
        self.tell(&answer, seen, fault).await
    }

    /// The accident in the middle of a body. The server loses its connection only when the phone
    /// has lost it.
    async fn stopped(&mut self, seen: &Seen, fault: &Fault) -> io::Result<After> {
        self.shared.hit(seen.number, fault);
        match fault {
            Fault::CutBody(_, how) => self.cut(*how),
            _ => self.silence(seen).await?,
        }
        Ok(After::End)
    }

    async fn tell(
        &mut self,
        answer: &Answer,
        seen: &Seen,
        fault: Option<&Fault>,
    ) -> io::Result<After> {
        let mut said = spoken(answer, seen);
        let (mut most, mut silent) = (said.len(), false);
        match fault {
            Some(Fault::LoseAnswer(how)) => {
                self.cut(*how);
                most = 0;
            }
            Some(Fault::CutAnswer(at, how)) => {
                self.cut(*how);
                most = bounded(*at, most);
            }
            Some(Fault::StallAnswer(at)) => {
                silent = true;
                most = bounded(*at, most);
            }
            Some(Fault::DoubleAnswer) => {
                said.extend_from_within(..);
                most = said.len();
            }
            Some(Fault::Interim) => {
                said = [INTERIM, said.as_slice()].concat();
                most = said.len();
            }
            Some(Fault::Lie(by)) => {
                let Some(told) = answer.head.number("upload-offset") else {
                    self.phone.write_all(&said).await?;
                    return self.phone.flush().await.map(|()| After::Next);
                };
                let mut lie = answer.clone();
                let offset = told.saturating_add_signed(*by).to_string();
                lie.head.set("upload-offset", Some(&offset));
                said = spoken(&lie, seen);
                most = said.len();
            }
            _ => {}
        }
        // Noted before the phone can know.
        if let Some(fault) = fault
            && !matches!(fault, Fault::CutBody(..) | Fault::StallBody(_))
        {
            self.shared.hit(seen.number, fault);
        }
        self.phone.write_all(&said[..most]).await?;
        self.phone.flush().await?;
        if silent {
            self.silence(seen).await?;
        }
        Ok(if most < said.len() { After::End } else { After::Next })
    }

    /// What the server says, once it has closed; none when that is no answer.
    async fn answer(
        &mut self,
        server: &mut (dyn Wire + 'static),
        seen: &Seen,
    ) -> io::Result<Option<Answer>> {
        let mut said = Vec::new();
        let mut block = vec![0; 16 << 10];
        // An end without TLS's farewell, or a reset behind the answer, takes nothing from it.
        while let Ok(read @ 1..) = server.read(&mut block).await {
            said.extend_from_slice(&block[..read]);
        }
        let answer = Answer::read(&said);
        if let Some(answer) = &answer {
            let told = answer.head.number("upload-offset");
            self.shared.note(seen.number, |seen| {
                seen.status = answer.status();
                seen.told = told;
            });
        }
        Ok(answer)
    }

    /// Says nothing more, and hears the phone out until it gives up.
    async fn silence(&mut self, seen: &Seen) -> io::Result<()> {
        self.ahead.clear();
        while !self.piece(seen, u64::MAX).await?.is_empty() {}
        Ok(())
    }

    /// Makes the end of the connection a reset.
    fn cut(&self, how: How) {
        if how == How::Reset {
            let _ = self.phone.get_ref().0.set_zero_linger();
        }
    }

    async fn dial(&self) -> io::Result<Box<dyn Wire>> {
        let address = match &self.shared.upstream {
            Upstream::Plain(address) | Upstream::Tls(address, _) => *address,
        };
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        match &self.shared.upstream {
            Upstream::Plain(_) => Ok(Box::new(stream)),
            Upstream::Tls(_, connector) => {
                let name = ServerName::IpAddress(address.ip().into());
                Ok(Box::new(connector.connect(name, stream).await?))
            }
        }
    }
}

/// The request's head as the server gets it: it is the only one on its connection.
fn asked(seen: &Seen) -> Vec<u8> {
    let mut head = seen.head.clone();
    head.set("connection", Some("close"));
    head.bytes()
}

/// An answer as the phone gets it: the connection stays.
fn spoken(answer: &Answer, seen: &Seen) -> Vec<u8> {
    let mut answer = answer.clone();
    answer.head.set("connection", None);
    if seen.head.word(0) == "HEAD" {
        answer.body.clear();
    }
    answer.bytes()
}

/// At least one byte of the answer is missing.
fn bounded(at: u64, length: usize) -> usize {
    usize::try_from(at).unwrap_or(usize::MAX).min(length.saturating_sub(1))
}

pub(super) const INTERIM: &[u8] = b"HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 103 Early Hints\r\n\
    link: </style.css>; rel=preload\r\n\r\n";

const PAGE: &str = "<html><body>Welcome to the Wi-Fi. Log in first.</body></html>";
