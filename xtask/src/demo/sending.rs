//! The report leaves over a slow link; the phone dies on the way, and another process goes on.

use std::os::unix::process::ExitStatusExt;
use std::thread::sleep;
use std::time::{Duration, Instant};

use fault_proxy::Faults;
use homeward_tests::organisation::Upload;
use homeward_tests::recorder::Request;

use super::bar::Bar;
use super::report::Report;
use super::{LINK, Stage, expect};
use crate::process::Result;
use crate::say;

/// How the server stood when the phone had died.
pub(super) struct Before {
    /// The photo's upload.
    upload: Upload,
    /// How many requests there had been.
    requests: usize,
}

/// Sends until a third of the photo has passed, and kills the phone there.
pub(super) fn until_killed(stage: &Stage, report: &Report) -> Result<Before> {
    let (photo, others) = report.last_and_others();
    let rate = LINK.min(photo / 4);
    say::step(&format!("There is a network: {} a second, over TLS", say::bytes(rate)));
    stage.organisation.link.set(Faults::slow(rate));
    let mut run = stage.phone.start(&["run", "--for", "600"])?;
    let mut bar = Bar::new(photo + others)?;
    while body_bytes(&stage.organisation.recorder.requests()) < others + photo / 3 {
        run.new_lines().iter().for_each(|status| bar.follow(status));
        expect(run.ended()?.is_none(), "the phone ended before a third of the photo had passed")?;
        sleep(LOOK);
    }
    let status = run.kill()?;
    bar.stop();
    expect(status.signal() == Some(9), "the phone did not die by SIGKILL")?;
    say::step("A third of the photo has passed: the phone is killed");
    say::detail(&format!("The process ended by {status}."));
    let upload = quiet(stage, report)?;
    say::detail(&format!("The server holds {} of the photo's {photo} bytes.", upload.stored));
    expect(upload.stored > 0, "nothing of the photo has arrived")?;
    expect(upload.stored < photo, "all of the photo has arrived: nothing is left to show")?;
    Ok(Before { upload, requests: stage.organisation.recorder.requests().len() })
}

/// Another process sends the rest.
pub(super) fn to_the_end(stage: &Stage, report: &Report, before: &Before) -> Result {
    let (photo, others) = report.last_and_others();
    say::step("A new process of the phone goes on where the server is");
    let mut run = stage.phone.start(&["run", "--for", "600"])?;
    let mut bar = Bar::new(photo + others)?;
    let start = Instant::now();
    while run.ended()?.is_none() {
        run.new_lines().iter().for_each(|status| bar.follow(status));
        if whole(stage, report)? || start.elapsed() > PATIENCE {
            break;
        }
        sleep(LOOK);
    }
    bar.stop();
    expect(whole(stage, report)?, "the photo did not arrive")?;
    drop(run);

    let path = format!("/uploads/{}", before.upload.name);
    let requests = stage.organisation.recorder.requests();
    let since = requests[before.requests..].iter();
    let sent: Vec<&Request> =
        since.filter(|request| request.method == "PATCH" && request.path == path).collect();
    let offsets: Vec<u64> =
        sent.iter().filter_map(|request| request.head.number("upload-offset")).collect();
    let (lowest, bytes) =
        (offsets.iter().min().copied().unwrap_or(0), sent.iter().map(|it| it.body).sum::<u64>());
    say::detail(&format!("It asked the server, and went on at byte {lowest} of {photo}."));
    say::detail(&format!("It sent {bytes} bytes: the server saw no byte below {lowest} again."));
    expect(lowest > 0 && lowest >= before.upload.stored, "bytes were sent a second time")?;
    expect(bytes == photo - lowest, "more or fewer bytes came than were missing")
}

fn whole(stage: &Stage, report: &Report) -> Result<bool> {
    Ok(last(stage, report)?.is_some_and(|upload| upload.stored == upload.length))
}

/// The photo's upload, once nothing moves any more: what was on its way when the phone died
/// arrives.
fn quiet(stage: &Stage, report: &Report) -> Result<Upload> {
    let mut before = None;
    for _ in 0..200 {
        let now = last(stage, report)?;
        match now {
            Some(upload) if before.as_ref() == Some(&upload) => return Ok(upload),
            now => before = now,
        }
        sleep(Duration::from_millis(500));
    }
    Err("the server does not come to rest".into())
}

/// The upload of the largest photo, which is the last to begin.
fn last(stage: &Stage, report: &Report) -> Result<Option<Upload>> {
    Ok(stage.organisation.uploads()?.into_iter().nth(report.parts.len() - 1))
}

/// What has come of sealed bytes: with the POST for a small part, by PATCH for a large one.
fn body_bytes(requests: &[Request]) -> u64 {
    requests.iter().map(|request| request.body).sum()
}

/// Between two looks at what the recorder has heard.
const LOOK: Duration = Duration::from_millis(25);
const PATIENCE: Duration = Duration::from_secs(600);
