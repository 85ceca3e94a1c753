//! Through a real SOCKS proxy the phone asks nobody for the server's name, and around it goes
//! nothing. The name is one that only the proxy can resolve; strace watches what the phone's
//! process opens and whom it calls.

#![allow(clippy::unwrap_used, reason = "a test that cannot set up its world has failed")]

mod net_support;
mod outbox_support;

use std::collections::BTreeSet;
use std::fs;
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use fault_proxy::{FaultProxy, Faults};
use homeward_core::net::Proxy;
use homeward_core::queue::{Budget, Conditions, ReportState};
use homeward_core::{Scope, SendWhen};
use homeward_tests::journey::string;
use homeward_tests::organisation::{pack, receive};
use homeward_tests::peers::set_up;
use homeward_tests::programs::{Program, Programs, Running, text};
use net_support::{Socks, closed_port};
use outbox_support::Scene;
use serde_json::Value;

#[test]
fn through_microsocks_a_report_arrives_and_its_servers_name_is_never_asked_for() {
    let hidden = Hidden::begin();
    let microsocks = Microsocks::start(hidden.folder.path());

    let status = hidden.run(Some(&microsocks.url()));

    assert_eq!(status["state"], "stored", "{status:#}");
    assert!(hidden.link.counts().connections > 0);
    hidden.called_only(microsocks.address);
    assert_eq!(hidden.looked_up(), [""; 0], "it asked for a name");
}

#[test]
fn without_the_proxy_the_watch_sees_that_the_name_is_asked_for() {
    let hidden = Hidden::begin();

    let status = hidden.run(None);

    assert_eq!(status["reason"], "waiting-name-not-found", "{status:#}");
    assert_ne!(hidden.looked_up(), [""; 0], "the watch sees nothing");
}

#[test]
fn when_the_proxy_is_down_it_waits_for_that_reason_and_nothing_is_on_the_wire() {
    let hidden = Hidden::begin();
    let nobody = closed_port();

    let status = hidden.run(Some(&format!("socks5h://{nobody}")));

    assert_eq!(
        (&status["state"], &status["reason"]),
        (&"waiting".into(), &"waiting-proxy-down".into())
    );
    assert_eq!(hidden.link.counts().connections, 0);
    hidden.called_only(nobody);
    assert_eq!(hidden.looked_up(), [""; 0], "it asked for a name");
}

#[test]
fn each_report_has_a_login_of_its_own_at_the_proxy() {
    let scene = Scene::open(Faults::default());
    let (phone, core) = scene.phone();
    let socks = Socks::start(Some(scene.organisation.link.address()));
    let proxy = Proxy::parse(&format!("socks5h://{}", socks.address)).unwrap();
    let reports = ["Mia", "Ada", "Eva"].map(|child| {
        let id = phone.report(&core, child, Some(40_000));
        core.send(id, Scope::All, SendWhen::Now).unwrap();
        id
    });
    let (budget, conditions) = (Budget::default(), Conditions::default());
    let run = core.run(budget, conditions, Some(proxy), std::sync::Arc::new(outbox_support::Deaf));
    run.unwrap().wait().unwrap();

    for id in reports {
        assert_eq!(phone.status(&core, id).state, ReportState::Stored);
    }
    let asked = socks.asked();
    let logins: BTreeSet<_> = asked.iter().map(|asked| asked.login.clone().unwrap()).collect();
    // One for each report's own stream. What is looked for on behalf of none has its own, too.
    assert!(logins.len() >= reports.len(), "{} logins for three reports", logins.len());
    let ids = reports.map(|id| id.to_string());
    for (user, word) in &logins {
        assert!(!ids.iter().any(|id| id.contains(user) || user.contains(id) || word.contains(id)));
    }
}

/// A phone whose organisation's server has a name that nothing on this machine resolves.
struct Hidden {
    folder: tempfile::TempDir,
    link: FaultProxy,
    phone: Program,
    report: String,
    _receive: Running,
}

impl Hidden {
    fn begin() -> Self {
        set_up("microsocks").unwrap();
        let folder = tempfile::tempdir().unwrap();
        let programs = Programs::ready();
        let desk = programs.desk(folder.path().join("desk"));
        desk.ask(&["init", "--name", "Hidden", "--host", NAME]).unwrap();
        let (running, address) = receive(&desk, "127.0.0.1:0").unwrap();
        let link = FaultProxy::start(address, Faults::default()).unwrap();
        let url = format!("https://{NAME}:{}", link.address().port());
        let pack = pack(&desk, folder.path(), &url).unwrap();
        let phone = programs.phone(folder.path().join("phone"));
        phone.ask(&["pair", text(&pack).unwrap()]).unwrap();
        let report = string(&phone.ask(&["new", "missing_child"]).unwrap()["id"]);
        phone.ask(&["set", &report, "child_name", "Mia Beispiel"]).unwrap();
        phone.ask(&["send", &report]).unwrap();
        Self { folder, link, phone, report, _receive: running }
    }

    /// Lets the phone send under a watch, and gives the report's status then.
    fn run(&self, proxy: Option<&str>) -> Value {
        let watch = ["strace", "-f", "-qq", "-e", "trace=network,openat", "-o"];
        let mut words: Vec<String> = watch.map(str::to_owned).into();
        words.push(text(&self.trace()).unwrap().to_owned());
        let phone = self.phone.clone().within(words);
        let mut run = vec!["run", "--for", "5"];
        run.extend(proxy.map(|proxy| ["--proxy", proxy]).into_iter().flatten());
        phone.lines(&run).unwrap();
        self.phone.ask(&["status", &self.report]).unwrap()[0].take()
    }

    fn trace(&self) -> PathBuf {
        self.folder.path().join("trace")
    }

    fn traced(&self) -> String {
        let traced = fs::read_to_string(self.trace()).unwrap();
        assert!(traced.contains("openat("), "nothing was watched");
        traced
    }

    /// Every call to another socket of the network went to this one.
    fn called_only(&self, address: SocketAddr) {
        let traced = self.traced();
        let port = format!("sin_port=htons({})", address.port());
        let calls: Vec<&str> = traced.lines().filter(|line| line.contains("sin_port")).collect();
        let called = |line: &&&str| line.contains(" connect(") || line.contains("sendto(");
        assert!(calls.iter().any(|line| line.contains(&port)), "nobody was called");
        for call in calls.iter().filter(called) {
            assert!(call.contains(&port), "{call}");
        }
    }

    /// What the process asked that resolves names: the files and the socket of the system's
    /// resolver.
    fn looked_up(&self) -> Vec<String> {
        const ASKED: [&str; 5] = [
            "/etc/hosts\"",
            "/etc/resolv.conf\"",
            "/etc/nsswitch.conf\"",
            "/nscd/socket\"",
            "htons(53)",
        ];
        let traced = self.traced();
        let asks = |line: &&str| ASKED.iter().any(|asked| line.contains(asked));
        traced.lines().filter(asks).map(str::to_owned).collect()
    }
}

/// `microsocks` with a login, and with a name that nobody else on the machine knows.
struct Microsocks {
    address: SocketAddr,
    process: Child,
}

impl Microsocks {
    fn start(folder: &Path) -> Self {
        let hosts = folder.join("hosts");
        fs::write(&hosts, format!("127.0.0.1 {NAME}\n")).unwrap();
        let address = closed_port();
        let process = Command::new("microsocks")
            .args(["-i", "127.0.0.1", "-p", &address.port().to_string()])
            .args(["-u", "somebody", "-P", "word"])
            .env("LD_PRELOAD", "libnss_wrapper.so")
            .env("NSS_WRAPPER_HOSTS", &hosts)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let listens = (0..600).any(|_| {
            std::thread::sleep(Duration::from_millis(50));
            TcpStream::connect(address).is_ok()
        });
        assert!(listens, "microsocks does not listen");
        Self { address, process }
    }

    fn url(&self) -> String {
        format!("socks5h://somebody:word@{}", self.address)
    }
}

impl Drop for Microsocks {
    fn drop(&mut self) {
        // It may have ended long ago.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// A name under a domain that never resolves.
const NAME: &str = "desk.invalid";
