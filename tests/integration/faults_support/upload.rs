//! One upload through one trouble to one real server, and whether all promises were kept.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use fault_proxy::front::{Certificate, Fault, Front, Seen};
use fault_proxy::{Dice, FaultProxy};
use homeward_core::net::{Net, Pacing, Pins, Server, Trust, UploadEnd};
use homeward_core::tus::{Offer, Reason, Starts};
use homeward_tests::peers::{Make, Peer};

use super::World;
use super::trouble::Trouble;
use crate::net_support::{Phone, now_ms, part_bytes, quick};

/// What an upload was, so that a failure tells how to play it again.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Case {
    pub(crate) seed: u64,
    pub(crate) number: usize,
    pub(crate) make: Make,
    pub(crate) trouble: Trouble,
}

/// How it went.
pub(crate) struct Done {
    /// The trouble really came.
    pub(crate) met: bool,
    pub(crate) starts: Starts,
    pub(crate) bytes: u64,
    /// All bytes of bodies that reached the front.
    pub(crate) sent: u64,
    /// What happened, by name.
    pub(crate) injected: Vec<(String, u64)>,
}

/// A broken promise, in words.
pub(crate) type Broken = String;

impl Case {
    /// Brings one part to the server.
    pub(crate) fn play(&self, world: &World, peer: &Peer) -> Result<Done, Broken> {
        let mut dice = Dice::new(self.seed ^ (self.number as u64).wrapping_mul(0x9e37_79b9));
        let size = self.trouble.bytes(&mut dice);
        let good = Arc::new(AtomicBool::new(false));
        let plan = self.trouble.plan(&mut dice, size as u64, self.make, Arc::clone(&good));
        let front = Front::start(Arc::clone(&world.certificates), peer.upstream(), plan).unwrap();
        let line = self
            .trouble
            .line(&mut dice)
            .map(|faults| FaultProxy::start_with(front.address(), Box::new(faults)).unwrap());
        let address = line.as_ref().map_or(front.address(), FaultProxy::address);
        let mut phone = self.phone(world, peer, &address.to_string(), dice.roll(), size);
        if matches!(self.trouble, Trouble::Shows(_)) {
            mistrusts(&mut phone)?;
            // An expired one may be the phone's wrong clock: the server is asked for its own.
            let tells = |seen: &Seen| seen.head.header("authorization").is_some() || seen.body > 0;
            if front.seen().iter().any(tells) {
                return Err("a token went to a server with a wrong certificate".into());
            }
        }
        good.store(true, Ordering::SeqCst);
        bring(&mut phone)?;
        let seen = front.seen();
        let faulted = line.as_ref().map_or(0, |line| line.counts().faulted);
        let slow = self.trouble == Trouble::SlowLine;
        self.check(&phone, peer, &seen)?;
        let mut injected: Vec<_> = front.injected().into_iter().collect();
        if slow || faulted > 0 {
            injected.push((format!("{:?}", self.trouble), faulted.max(1)));
        }
        Ok(Done {
            met: self.met(&front, faulted),
            starts: phone.row.memory.starts,
            bytes: size as u64,
            sent: seen.iter().map(|seen| seen.body).sum(),
            injected,
        })
    }

    fn phone(&self, world: &World, peer: &Peer, host: &str, seed: u64, size: usize) -> Phone {
        let server = Server {
            url: format!("https://{host}/"),
            token: peer.token().into(),
            trust: Trust::Anchors(vec![world.authority.anchor()]),
            pins: Some(Pins { sha256: vec![world.pin, [7; 32]], expires_at_ms: i64::MAX }),
            known_ms: 0,
        };
        let mut net = Net::new(&server, None, &self.pacing(), Arc::new(now_ms)).unwrap();
        net.learn(Offer::EXPECTED);
        let mut phone = Phone::over(net, &server, part_bytes(seed, size));
        phone.part.endpoint = format!("{}{}", server.url, self.make.collection());
        phone.part.id = format!("{:016x}{:016x}", self.seed, self.number);
        phone
    }

    /// Silence is given up soon where it is what it is about, and not for a busy machine.
    fn pacing(&self) -> Pacing {
        let silent = matches!(
            self.trouble,
            Trouble::BodyStalled | Trouble::AnswerStalled | Trouble::LineStalled
        );
        let patience = Duration::from_secs(if silent { 2 } else { 60 });
        Pacing {
            connect_timeout: patience,
            answer_timeout: patience,
            stall_timeout: patience,
            ..quick()
        }
    }

    /// Whether the trouble came, and not only another one.
    fn met(&self, front: &Front, faulted: u64) -> bool {
        match self.trouble {
            Trouble::SlowLine => true,
            Trouble::PostAnswerLost => front.seen().iter().any(|seen| {
                seen.method() == "POST" && matches!(seen.hit, Some(Fault::LoseAnswer(_)))
            }),
            trouble => match trouble.accident() {
                Some(name) => front.injected().contains_key(&name),
                None => faulted > 0,
            },
        }
    }

    fn check(&self, phone: &Phone, peer: &Peer, seen: &[Seen]) -> Result<(), Broken> {
        let url = phone.row.memory.url.as_deref().unwrap_or_default();
        let id = url.rsplit('/').next().unwrap_or_default();
        let held = peer.upload(id).map_err(|error| format!("the server lost it: {error}"))?;
        if held != phone.bytes {
            return Err(format!("the server has {} other bytes", held.len()));
        }
        once(phone, seen)?;
        no_byte_again(seen)?;
        none_after_a_doubled_answer(seen)?;
        only_what_was_cut_again(phone, seen)?;
        self.told(&phone.row.reasons)
    }

    /// The reason that the person could have read is the true one.
    fn told(&self, reasons: &BTreeSet<String>) -> Result<(), Broken> {
        let expected = match self.trouble {
            Trouble::Shows(Certificate::WrongName | Certificate::Stranger) => Reason::TlsUntrusted,
            Trouble::Shows(Certificate::Expired) => Reason::CertificateExpired,
            Trouble::Shows(Certificate::OtherKey) => Reason::PinMismatch,
            Trouble::PortalPage | Trouble::PortalRedirect => Reason::CaptivePortal,
            Trouble::Says(413, true, _) => Reason::TooLarge,
            Trouble::Says(429 | 503, ..) => Reason::ServerBusy,
            _ => return Ok(()),
        };
        match reasons.contains(expected.message_id()) {
            true => Ok(()),
            false => Err(format!("it never said {}, but {reasons:?}", expected.message_id())),
        }
    }
}

/// Tries once, in vain.
fn mistrusts(phone: &mut Phone) -> Result<(), Broken> {
    match phone.upload() {
        UploadEnd::Retry { .. } => Ok(()),
        end => Err(format!("{end:?} through a wrong certificate")),
    }
}

/// Sends until all is stored; a person restarts what is parked.
fn bring(phone: &mut Phone) -> Result<(), Broken> {
    for _ in 0..200 {
        match phone.upload() {
            UploadEnd::Stored => return Ok(()),
            UploadEnd::Retry { not_before_ms, .. } => {
                let left = not_before_ms.saturating_sub(now_ms()).clamp(0, 5_000);
                std::thread::sleep(Duration::from_millis(left.unsigned_abs()));
            }
            UploadEnd::Parked(reason @ (Reason::TooLarge | Reason::WrongLength)) => {
                phone.row.memory.restart(reason);
            }
            end => return Err(format!("{end:?}")),
        }
    }
    Err(format!("two hundred tries and no end: {:?}", phone.row.memory))
}

/// There is one upload, and one more for each cause that was counted.
fn once(phone: &Phone, seen: &[Seen]) -> Result<(), Broken> {
    let made = seen.iter().filter(|seen| seen.method() == "POST" && seen.status == Some(201));
    let (made, starts) = (made.count(), phone.row.memory.starts);
    let causes = starts.lost_answer + starts.gone + starts.person;
    let others = starts.expired + starts.moved + starts.missing + starts.mirror + starts.key_lost;
    if others > 0 {
        return Err(format!("a cause that cannot be: {starts:?}"));
    }
    if made == 0 || made > 1 + causes as usize {
        return Err(format!("{made} uploads for {starts:?}"));
    }
    // A lost answer to a POST costs what went with it, twice.
    let most = seen.iter().filter(|seen| seen.method() == "POST").map(|seen| seen.length()).max();
    if most > Some(64 << 10) {
        return Err(format!("{most:?} bytes in a POST"));
    }
    Ok(())
}

/// Within an upload, no byte below what its server last told is sent, unless the server was made to
/// lie.
fn no_byte_again(seen: &[Seen]) -> Result<(), Broken> {
    let lied = seen.iter().any(|seen| matches!(seen.hit, Some(Fault::Lie(_))));
    for (at, patch) in seen.iter().enumerate().filter(|(_, seen)| seen.method() == "PATCH") {
        let before = seen[..at].iter().rev();
        let told = before.filter(|one| one.path() == patch.path()).find_map(|one| one.told);
        let from = patch.head.number("upload-offset");
        if !lied && from < told {
            return Err(format!("from {from:?}, and the server had told {told:?}"));
        }
    }
    Ok(())
}

/// A connection on which an answer came twice serves no other request.
fn none_after_a_doubled_answer(seen: &[Seen]) -> Result<(), Broken> {
    let doubled = |seen: &&Seen| seen.hit == Some(Fault::DoubleAnswer);
    for before in seen.iter().filter(doubled) {
        let on_it = |after: &&Seen| after.connection == before.connection;
        if let Some(after) = seen.iter().filter(on_it).find(|after| after.number > before.number) {
            return Err(format!("{} after an answer that came twice", after.head.word(0)));
        }
    }
    Ok(())
}

/// What went over the wire is the part, the bytes of POSTs whose answer was lost, and what belonged
/// to requests that the server did not confirm.
fn only_what_was_cut_again(phone: &Phone, seen: &[Seen]) -> Result<(), Broken> {
    let sent: u64 = seen.iter().map(|seen| seen.body).sum();
    let starts = phone.row.memory.starts;
    // A server that breaks a request off for a newer one may confirm only some of it.
    let confirmed = |seen: &&Seen| {
        let end = seen.head.number("upload-offset").unwrap_or(0) + seen.length();
        seen.hit.is_none() && matches!(seen.status, Some(200..=299)) && seen.told == Some(end)
    };
    let cut: u64 = seen.iter().filter(|seen| !confirmed(seen)).map(|seen| seen.body).sum();
    // An upload that is gone or was begun anew by the person is sent again from its first byte.
    let again = u64::from(starts.gone + starts.person) + 1;
    let twins = u64::from(starts.lost_answer) * (64 << 10);
    let most = phone.bytes.len() as u64 * again + cut + twins;
    if sent > most {
        return Err(format!("{sent} bytes sent, {most} at most, {cut} of them cut"));
    }
    Ok(())
}
