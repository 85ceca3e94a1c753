//! A full disk loses nothing that was acknowledged. The disk is a real one: a tmpfs of two
//! megabytes in a mount namespace of its own, which root may make, and most users in a user
//! namespace.

#![allow(clippy::unwrap_used, reason = "a test that cannot set up its world has failed")]
#![allow(clippy::print_stdout, reason = "how often each call failed belongs to what a run tells")]

use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use fault_proxy::Faults;
use homeward_tests::journey::{ANSWERS, Journey};
use homeward_tests::not_run::NotRun;
use homeward_tests::photo::{Exif, Photo};
use homeward_tests::programs::{Program, Programs, Refusal, text};
use homeward_tests::sound::speech;
use serde_json::Value;

#[test]
fn a_full_disk_is_told_and_nothing_acknowledged_is_lost() {
    let mut journey = Journey::begin(Faults::default());
    let Some(disk) = SmallDisk::mount(&journey.folder.path().join("disk")) else { return };
    journey.phone = Programs::ready().phone(disk.folder.join("phone")).within(disk.starter());
    journey.pair(&journey.phone);
    let id = journey.draft(&ANSWERS);
    let photo = journey.photo("photo.jpg", &Photo::small(Exif::example()));
    let photo = text(&photo).unwrap();
    journey.phone.ask(&["attach", &id, photo]).unwrap();
    let before = journey.phone.ask(&["show", &id]).unwrap();
    let coat = ["set", &id, "clothing", "a coat"];

    disk.fill(0);
    for refused in [&coat[..], &["attach", &id, photo], &["send", &id]] {
        is_told(&journey.phone, refused);
    }
    // Room enough for words and none for photos.
    disk.fill(ROOM);
    for refused in [["attach", &id, photo].as_slice(), &["send", &id]] {
        is_told(&journey.phone, refused);
    }

    disk.make_room();
    assert_eq!(journey.phone.ask(&["show", &id]).unwrap(), before, "acknowledged, and gone");
    let sealed = journey.phone.ask(&["send", &id]).unwrap();
    // The first minute, the face, the answers for two audiences, the photo.
    assert_eq!(sealed["parts"].as_array().unwrap().len(), 5);
    assert_eq!(journey.run(&id)["state"], "stored");
    journey.organisation.desk.ask(&["collect"]).unwrap();
    assert_eq!(journey.run(&id)["state"], "opened");
}

/// Each call of a session gets room for no write, then for one page more at a time until it comes
/// to its end, so that each of its writes is one that fails.
#[test]
fn a_disk_that_is_full_at_any_write_is_told_and_what_was_there_before_is_there() {
    let mut journey = Journey::begin(Faults::default());
    let Some(disk) = SmallDisk::mount(&journey.folder.path().join("disk")) else { return };
    let home = disk.home_beside(&journey.folder.path().join("full"));
    journey.phone = Programs::ready().phone(home).within(disk.starter());
    journey.pair(&journey.phone);
    let id = journey.draft(&ANSWERS);
    let photo = journey.photo("photo.jpg", &Photo::small(Exif::example()));
    let words = journey.folder.path().join("words");
    fs::write(&words, "correct horse").unwrap();
    let (photo, words) = (text(&photo).unwrap(), text(&words).unwrap());

    let sound = journey.folder.path().join("sound");
    fs::write(&sound, speech(20)).unwrap();
    let session = Session { phone: &journey.phone, disk: &disk, id: &id, sound: &sound };
    session.call(&["set", &id, "clothing", "a coat"], 1);
    session.call(&["clear", &id, "child_age"], 1);
    session.call(&["attach", &id, photo], 2);
    session.call(&["record", &id], 2);
    session.call(&["send", &id], 3);
    let medium = journey.phone.ask(&["show", &id]).unwrap()["media"][0]["medium"].take();
    session.call(&["detach", &id, medium.as_str().unwrap()], 1);
    session.call(&["new", "child_profile"], 1);
    session.call(&["passphrase", "set", words], 1);
    // What is said to a locked phone goes into the intake.
    assert_eq!(journey.phone.ask(&["state"]).unwrap()["state"], "locked");
    session.call(&["record", &id], 2);
    journey.phone.ask(&["--passphrase-file", words, "passphrase", "remove"]).unwrap();
    session.call(&["delete", &id], 1);
}

/// With the room that the home has kept everything goes on but photos; without it, what is there
/// can still be read, and removed.
#[test]
fn on_a_full_disk_all_is_read_and_words_leave_and_a_wipe_is_one() {
    let mut journey = Journey::begin(Faults::default());
    let Some(disk) = SmallDisk::mount(&journey.folder.path().join("disk")) else { return };
    let home = disk.home_beside(&journey.folder.path().join("full"));
    journey.phone = Programs::ready().phone(home).within(disk.starter());
    journey.pair(&journey.phone);
    let phone = &journey.phone;
    let (id, other) = (journey.draft(&ANSWERS), journey.draft(&ANSWERS));
    let photo = journey.photo("photo.jpg", &Photo::small(Exif::example()));
    phone.ask(&["attach", &id, text(&photo).unwrap()]).unwrap();
    phone.ask(&["send", &id]).unwrap();
    let reads: [&[&str]; 5] =
        [&["state"], &["drafts"], &["show", &id], &["status"], &["plan", "--network", "none"]];
    let read = || reads.map(|call| phone.ask(call).unwrap());
    let before = read();

    disk.fill_around_spare();
    assert_eq!(read(), before);
    assert_eq!(journey.run(&id)["state"], "stored", "a sealed part leaves");
    let new = journey.draft(&ANSWERS);
    phone.ask(&["set", &other, "clothing", "a coat"]).unwrap();
    is_told(phone, &["attach", &new, text(&photo).unwrap()]);
    phone.ask(&["send", &new, "--first-minute"]).unwrap();
    assert_eq!(journey.run(&new)["state"], "stored", "and so does the next first minute");
    phone.ask(&["delete", &other]).unwrap();
    journey.organisation.desk.ask(&["collect"]).unwrap();
    assert_eq!(journey.run(&id)["state"], "opened", "a receipt is kept");
    let before = read();

    // To the last byte.
    disk.fill(0);
    assert_eq!(read(), before);
    is_told(phone, &["set", &new, "clothing", "a coat"]);
    assert_eq!(read(), before);
    phone.ask(&["wipe"]).unwrap();
    assert_eq!(phone.ask(&["drafts"]).unwrap(), Value::Array(Vec::new()));
    let left = disk.shell("cd \"$1/phone\" && find blobs spool intake -type f");
    assert_eq!(left, "");
    // There is room again, and so it is kept again.
    disk.make_room();
    phone.ask(&["state"]).unwrap();
    disk.shell("test -s \"$1/phone/spare\"");
}

/// Nothing can be written, and nothing is lost or taken for damaged.
#[test]
fn a_read_only_folder_is_told_and_what_was_there_before_is_there() {
    let mut journey = Journey::begin(Faults::default());
    let Some(disk) = SmallDisk::mount(&journey.folder.path().join("disk")) else { return };
    journey.phone = Programs::ready().phone(disk.folder.join("phone")).within(disk.starter());
    let phone = &journey.phone;
    journey.pair(phone);
    let id = journey.draft(&ANSWERS);
    let before = phone.ask(&["show", &id]).unwrap();
    let read = || ["state", "drafts", "status", "plan"].map(|call| phone.ask(&[call]).unwrap());
    let all = read();
    disk.shell("mount -o remount,ro \"$1\"");
    assert_eq!(read(), all);
    assert_eq!(phone.ask(&["show", &id]).unwrap(), before);
    for refused in [&["set", &id, "clothing", "a coat"][..], &["new", "missing_child"]] {
        let refusal = phone.ask(refused).unwrap_err();
        assert_eq!(refusal.message_id(), Some("error-storage"), "{}: {refusal}", refused[0]);
        assert_eq!(refusal.code, Some(1), "{refusal}");
    }
    disk.shell("mount -o remount,rw \"$1\"");
    assert_eq!(phone.ask(&["state"]).unwrap()["state"], "ready");
    assert_eq!(phone.ask(&["show", &id]).unwrap(), before);
    phone.ask(&["set", &id, "clothing", "a coat"]).unwrap();
}

/// What the phone says; a locked one says so.
type Seen = Result<Value, Refusal>;

struct Session<'a> {
    phone: &'a Program,
    disk: &'a SmallDisk,
    id: &'a str,
    /// What a recording hears.
    sound: &'a Path,
}

impl Session<'_> {
    /// Makes the call with more and more room, until it succeeds; at least `writes` times it fails.
    fn call(&self, call: &[&str], writes: usize) {
        let before = self.seen();
        for (failed, room) in (0..MOST_ROOM).step_by(PAGE).enumerate() {
            self.disk.fill(room);
            let done = self.phone.ask_with(call, fs::File::open(self.sound).unwrap());
            self.disk.make_room();
            let Err(refusal) = done else {
                println!("{}: failed {failed} times, succeeded with {room} bytes", call[0]);
                assert!(failed >= writes, "{}: {failed} failures", call[0]);
                return;
            };
            let told = format!("{} with {room} bytes: {refusal}", call[0]);
            assert_eq!(refusal.message_id(), Some("error-storage-full"), "{told}");
            assert_eq!(refusal.code, Some(1), "{told}");
            assert_eq!(self.seen(), before, "{told}");
        }
        panic!("{} needs more than {MOST_ROOM} bytes", call[0]);
    }

    /// All that the phone has: the list, the report, how far it is, and the files.
    fn seen(&self) -> (Seen, Seen, Seen, String) {
        let ask = |call: &[&str]| self.phone.ask(call);
        let seen = (ask(&["drafts"]), ask(&["show", self.id]), ask(&["status"]));
        (seen.0, seen.1, seen.2, self.disk.shell("cd \"$1/phone\" && find blobs spool intake"))
    }
}

fn is_told(phone: &Program, refused: &[&str]) {
    let refusal = phone.ask(refused).unwrap_err();
    assert_eq!(refusal.message_id(), Some("error-storage-full"), "{}: {refusal}", refused[0]);
    assert_eq!(refusal.code, Some(1));
}

/// A disk of two megabytes. Goes when this is dropped.
struct SmallDisk {
    folder: PathBuf,
    keeper: Child,
    namespaces: &'static [&'static str],
}

impl SmallDisk {
    /// Mounts it on `folder`; where that is not allowed the check is noted as absent.
    fn mount(folder: &Path) -> Option<Self> {
        fs::create_dir(folder).unwrap();
        let as_root = Self::mount_in(folder, &["--mount"]);
        let disk = as_root.or_else(|| Self::mount_in(folder, &["--mount", "--user"]));
        if disk.is_none() {
            let seen = "unshare and mount were refused, also in a user namespace";
            NotRun::beside_this_program().unwrap().note("full-disk", seen);
        }
        disk
    }

    /// A shell keeps the namespace in which the disk is mounted.
    fn mount_in(folder: &Path, namespaces: &'static [&'static str]) -> Option<Self> {
        let mut unshare = Command::new("unshare");
        if namespaces.contains(&"--user") {
            unshare.arg("--map-root-user");
        }
        unshare.args(namespaces).args(["sh", "-c", MOUNT, "sh", text(folder).unwrap()]);
        unshare.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut keeper = unshare.spawn().ok()?;
        let output = keeper.stdout.take()?;
        // Dropping it ends a shell that could not mount.
        let disk = Self { folder: folder.to_owned(), keeper, namespaces };
        let mut line = String::new();
        BufReader::new(output).read_line(&mut line).ok()?;
        (line == "mounted\n").then_some(disk)
    }

    /// What starts a program that sees the disk.
    fn starter(&self) -> Vec<String> {
        let target = self.keeper.id().to_string();
        let mut words = vec!["nsenter", "--target", &target];
        words.extend(self.namespaces);
        if self.namespaces.contains(&"--user") {
            words.push("--preserve-credentials");
        }
        words.into_iter().map(str::to_owned).collect()
    }

    /// A home on the disk, by a link at `link`. The device's key lies beside the link: Keystore is
    /// elsewhere.
    fn home_beside(&self, link: &Path) -> PathBuf {
        self.shell("mkdir \"$1/phone\"");
        symlink(self.folder.join("phone"), link).unwrap();
        link.to_owned()
    }

    /// Takes all that is left, but not what the home has kept for this hour.
    fn fill_around_spare(&self) {
        self.shell("test -s \"$1/phone/spare\" && ! cat /dev/zero > \"$1/filler\" 2> /dev/null");
    }

    /// Takes all that is left and all that was kept, but for `room` bytes.
    fn fill(&self, room: u64) {
        let fill = "rm -f \"$1/phone/spare\"; cat /dev/zero > \"$1/filler\" 2> /dev/null";
        self.shell(&format!("{fill}; truncate -s -{room} \"$1/filler\""));
    }

    fn make_room(&self) {
        self.shell("rm \"$1/filler\"");
    }

    /// Runs a script that has the disk's folder as its argument; gives what it says.
    fn shell(&self, script: &str) -> String {
        let starter = self.starter();
        let mut command = Command::new(&starter[0]);
        command.args(&starter[1..]).args(["sh", "-c", script, "sh", text(&self.folder).unwrap()]);
        let done = command.stderr(Stdio::inherit()).output().unwrap();
        assert!(done.status.success(), "{script}");
        String::from_utf8(done.stdout).unwrap()
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        drop(self.keeper.stdin.take());
        self.keeper.wait().unwrap();
    }
}

const ROOM: u64 = 96 << 10;
/// More than any call of the session needs.
const MOST_ROOM: u64 = 1 << 20;
/// What a tmpfs gives out.
const PAGE: usize = 4 << 10;
const MOUNT: &str = "mount -t tmpfs -o size=2m tmpfs \"$1\" && echo mounted && read -r _";
