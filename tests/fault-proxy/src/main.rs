//! The bad network as a program, for the demo and for scripts.

use std::io::Write;
use std::net::SocketAddr;
use std::process::ExitCode;
use std::time::Duration;

use fault_proxy::{FaultProxy, Faults};

const HELP: &str = "\
A TCP proxy on the loopback that is a bad network.

fault-proxy --to ADDR [--listen ADDR] [--rate BYTES] [--rate-up BYTES] [--rate-down BYTES]
            [--delay-ms MS] [--cut-up-after BYTES] [--cut-down-after BYTES] [--reset]

Prints `listening on ADDR` and serves until it is killed.
Example: fault-proxy --to 127.0.0.1:8443 --rate 500000 --delay-ms 300
";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let mut out = std::io::stdout();
    if arguments.iter().any(|argument| argument == "--help") {
        let _ = out.write_all(HELP.as_bytes());
        return ExitCode::SUCCESS;
    }
    let Some((listen, to, faults)) = parse(&arguments) else {
        let _ = std::io::stderr().write_all(HELP.as_bytes());
        return ExitCode::from(2);
    };
    match FaultProxy::start_on(listen, to, Box::new(move |_| faults.clone())) {
        Ok(proxy) => {
            let _ = writeln!(out, "listening on {}", proxy.address());
            let _ = out.flush();
            proxy.wait();
            ExitCode::SUCCESS
        }
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "cannot listen on {listen}: {error}");
            ExitCode::FAILURE
        }
    }
}

fn parse(arguments: &[String]) -> Option<(SocketAddr, SocketAddr, Faults)> {
    let mut listen = SocketAddr::from(([127, 0, 0, 1], 0));
    let mut to = None;
    let mut faults = Faults::default();
    let mut rest = arguments.iter();
    while let Some(option) = rest.next() {
        if option == "--reset" {
            faults.reset = true;
            continue;
        }
        let value = rest.next()?;
        match option.as_str() {
            "--listen" => listen = value.parse().ok()?,
            "--to" => to = Some(value.parse().ok()?),
            "--rate" => {
                let rate = Some(value.parse().ok()?);
                (faults.rate_up, faults.rate_down) = (rate, rate);
            }
            "--rate-up" => faults.rate_up = Some(value.parse().ok()?),
            "--rate-down" => faults.rate_down = Some(value.parse().ok()?),
            "--delay-ms" => faults.delay = Duration::from_millis(value.parse().ok()?),
            "--cut-up-after" => faults.cut_up_after = Some(value.parse().ok()?),
            "--cut-down-after" => faults.cut_down_after = Some(value.parse().ok()?),
            _ => return None,
        }
    }
    Some((listen, to?, faults))
}
