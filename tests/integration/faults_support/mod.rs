//! Uploads through every trouble to every real server: what they have in common.

#![allow(clippy::unwrap_used, reason = "a test that cannot set up its world has failed")]

mod reports;
mod trouble;
mod upload;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use fault_proxy::front::{Certificate, Certificates};
use homeward_core::tus::Starts;
use homeward_tests::peers::{Make, Peer};
use rcgen::date_time_ymd;

use crate::net_support::Authority;
pub(crate) use reports::reports;
pub(crate) use trouble::ALL;
use trouble::Trouble;
use upload::{Broken, Case, Done};

/// What all uploads share.
pub(crate) struct World {
    authority: Authority,
    certificates: Certificates,
    pin: [u8; 32],
    peers: Vec<Peer>,
    _folder: tempfile::TempDir,
}

impl World {
    /// Starts every server.
    pub(crate) fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let peer =
            |make: Make| Peer::start(make, &folder.path().join(format!("{make:?}"))).unwrap();
        let authority = Authority::make();
        let (good, pin) = authority.acceptor_and_key("127.0.0.1", |_| {});
        let expired = authority.acceptor("127.0.0.1", |params| {
            params.not_before = date_time_ymd(2020, 1, 1);
            params.not_after = date_time_ymd(2021, 1, 1);
        });
        let certificates = BTreeMap::from([
            (Certificate::Good, good),
            (Certificate::WrongName, authority.acceptor("desk.invalid", |_| {})),
            (Certificate::Expired, expired),
            (Certificate::OtherKey, authority.acceptor("127.0.0.1", |_| {})),
            (Certificate::Stranger, Authority::make().acceptor("127.0.0.1", |_| {})),
        ]);
        let peers = Make::ALL.map(peer).into();
        Self { authority, certificates: Arc::new(certificates), pin, peers, _folder: folder }
    }

    /// Plays so many uploads, `beside` each other, each trouble at each server in turn.
    pub(crate) fn play(&self, seed: u64, uploads: usize, beside: usize) -> Tally {
        let tally = Mutex::new(Tally::default());
        for_each(uploads, beside, |number| {
            let case = case(seed, number);
            let done = self.one(&case);
            let mut tally = tally.lock().unwrap();
            tally.count(&case, done);
            if tally.uploads % 1000 == 0 {
                println!("{} uploads, broken: {:?}", tally.uploads, tally.broken);
            }
        });
        tally.into_inner().unwrap()
    }

    /// One upload alone: how a failure is played again.
    pub(crate) fn play_one(&self, seed: u64, number: usize) -> Tally {
        let (case, mut tally) = (case(seed, number), Tally::default());
        tally.count(&case, self.one(&case));
        tally
    }

    fn one(&self, case: &Case) -> Result<Done, Broken> {
        let peer = self.peers.iter().find(|peer| peer.make() == case.make).unwrap();
        case.play(self, peer)
    }
}

/// Does `work` for each number below `count`, so many `beside` each other.
fn for_each(count: usize, beside: usize, work: impl Fn(usize) + Sync) {
    let next = AtomicUsize::new(0);
    let take = || Some(next.fetch_add(1, Ordering::Relaxed)).filter(|number| *number < count);
    std::thread::scope(|scope| {
        for _ in 0..beside {
            scope.spawn(|| {
                while let Some(number) = take() {
                    work(number);
                }
            });
        }
    });
}

fn case(seed: u64, number: usize) -> Case {
    let make = Make::ALL[number % 3];
    let trouble = ALL[(number / 3) % ALL.len()];
    Case { seed, number, make, trouble }
}

/// What came of all uploads.
#[derive(Default)]
pub(crate) struct Tally {
    pub(crate) uploads: usize,
    met: BTreeMap<(Trouble, Make), u64>,
    injected: BTreeMap<(String, Make), u64>,
    starts: Starts,
    bytes: u64,
    sent: u64,
    broken: Vec<String>,
}

impl Tally {
    fn count(&mut self, case: &Case, done: Result<Done, Broken>) {
        self.uploads += 1;
        let done = match done {
            Ok(done) => done,
            Err(broken) => return self.broken.push(format!("{case:?}: {broken}")),
        };
        *self.met.entry((case.trouble, case.make)).or_default() += u64::from(done.met);
        for (name, times) in done.injected {
            *self.injected.entry((name, case.make)).or_default() += times;
        }
        self.starts.lost_answer += done.starts.lost_answer;
        self.starts.gone += done.starts.gone;
        self.starts.person += done.starts.person;
        self.bytes += done.bytes;
        self.sent += done.sent;
    }

    /// How often each accident happened at each server, and what it cost.
    pub(crate) fn in_words(&self) -> String {
        let mut words = format!("{:32} {:>6} {:>6} {:>6}\n", "injected at", "ours", "tusd", "node");
        let mut names: Vec<&String> = self.injected.keys().map(|(name, _)| name).collect();
        names.dedup();
        for name in names {
            let at = |make| self.injected.get(&(name.clone(), make)).copied().unwrap_or(0);
            let [ours, tusd, node] = Make::ALL.map(at);
            words += &format!("{name:32} {ours:>6} {tusd:>6} {node:>6}\n");
        }
        let Starts { lost_answer, gone, person, .. } = self.starts;
        words += &format!(
            "{} uploads of {} bytes, {} bytes sent; a second upload: {lost_answer} for a lost \
             answer, {gone} for 404 or 410, {person} because the person restarted it",
            self.uploads, self.bytes, self.sent
        );
        words
    }

    /// No promise was broken, and each trouble came at each server.
    pub(crate) fn assert_kept(&self, everywhere: bool) {
        assert!(self.broken.is_empty(), "{:#?}", self.broken);
        let missing: Vec<_> = self.met.iter().filter(|(_, times)| **times == 0).collect();
        assert!(!everywhere || missing.is_empty(), "it never came: {missing:?}");
        let pairs = ALL.len() * Make::ALL.len();
        assert!(!everywhere || self.met.len() == pairs, "{} of {pairs}", self.met.len());
    }
}
