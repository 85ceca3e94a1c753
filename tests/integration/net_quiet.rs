//! A phone that waits sleeps. A program of its own, because it counts what its thread does.

#![allow(clippy::unwrap_used, reason = "a test that cannot set up its world has failed")]

mod outbox_support;

use std::fs;
use std::time::Duration;

use fault_proxy::Faults;
use homeward_core::queue::{Budget, RunEnd};
use homeward_core::{Scope, SendWhen};
use outbox_support::Scene;

#[test]
fn nothing_wakes_a_run_while_everything_waits() {
    let scene = Scene::open(Faults::default());
    let (phone, core) = scene.phone();
    let core = phone.restart_patient(core);
    let id = phone.report(&core, "Mia", None);
    scene.close_the_door();
    core.send(id, Scope::All, SendWhen::Now).unwrap();
    let run = phone.start(&core, Budget { time: Some(Duration::from_secs(600)) });
    phone.until(&core, id, |status| status.parts.iter().any(|part| part.reason.is_some()));
    // It asks for receipts and looks around once more; then it sleeps.
    std::thread::sleep(Duration::from_secs(2));
    let before = wake_ups("homeward-run");
    std::thread::sleep(Duration::from_secs(3));
    let woken = wake_ups("homeward-run") - before;
    // The timer itself may pass from one of its wheels to the next. A loop that looks would count
    // by the dozen.
    assert!(woken <= 1, "{woken} times in three seconds");
    run.cancel();
    assert_eq!(run.wait().unwrap(), RunEnd::Cancelled);
}

/// How often the kernel has put the thread of this name on a processor.
fn wake_ups(name: &str) -> u64 {
    let mut woken = 0;
    for task in fs::read_dir("/proc/self/task").unwrap() {
        let task = task.unwrap().path();
        let Ok(called) = fs::read_to_string(task.join("comm")) else { continue };
        if called.trim() != name {
            continue;
        }
        let status = fs::read_to_string(task.join("status")).unwrap();
        let counts = status.lines().filter_map(|line| {
            let (key, count) = line.split_once(':')?;
            key.ends_with("ctxt_switches").then(|| count.trim().parse::<u64>().unwrap())
        });
        woken += counts.sum::<u64>();
    }
    woken
}
