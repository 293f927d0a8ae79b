//! The daemon waits for no disk: frozen file systems, unresponsive disks, and failing forks.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "in a test a panic is a failed test")]
#![allow(unreachable_pub, reason = "as in the other tests' modules")]

use std::os::unix::fs::chown;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use testkit::{Home, Receiver, Reply, full, hanging, opted_out_here, said, sender, set_mode, skip, this_test};

const START: [&str; 3] = ["START", "-", "-"];
const EXIT: [&str; 3] = ["EXIT", "OK", "-"];
const FATAL: [&str; 3] = ["FATAL", "netdata:netdata", "0266@../daemon/:signals_handle /4"];

/// A call and its deadline.
const CALLS: [([&str; 3], Duration); 3] =
    [(START, Duration::from_secs(2)), (EXIT, Duration::from_secs(1)), (FATAL, Duration::from_millis(700))];

/// A busy machine's delay, far below that of a hung disk.
const PATIENCE: Duration = Duration::from_millis(500);

const NOBODY: u32 = 65534;

fn works(program: &str, arguments: &[&str]) -> bool {
    Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

fn can_run(test: &str, programs: &[&str]) -> bool {
    if !rustix::process::geteuid().is_root() {
        skip(test, "only root can make file systems that hang");
        return false;
    }
    let path = std::env::var_os("PATH").unwrap();
    let is_here = |name: &str| std::env::split_paths(&path).any(|folder| folder.join(name).is_file());
    if let Some(missing) = programs.iter().find(|name| !is_here(name)) {
        skip(test, &format!("{missing} is not installed"));
        return false;
    }
    !opted_out_here(test)
}

/// A mounted disk image. The end of the test thaws and unmounts it in any case.
struct Disk {
    folder: PathBuf,
    frozen: bool,
}

impl Disk {
    /// `None`, after a skip, if this machine cannot mount it.
    fn new(test: &str, file: &Path, megabytes: u64, folder: PathBuf) -> Option<Self> {
        std::fs::File::create(file).unwrap().set_len(megabytes * 1024 * 1024).unwrap();
        let (file, at) = (file.to_str().unwrap(), folder.to_str().unwrap());
        assert!(works("mkfs.ext4", &["-q", file]));
        if !works("mount", &["-o", "loop", file, at]) {
            skip(test, "no file can be mounted as a disk here");
            return None;
        }
        Some(Self { folder, frozen: false })
    }

    fn fsfreeze(&mut self, option: &str) {
        assert!(works("fsfreeze", &[option, self.folder.to_str().unwrap()]), "fsfreeze {option}");
        self.frozen = option == "--freeze";
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        if self.frozen {
            self.fsfreeze("--unfreeze");
        }
        let gone = |_| {
            works("umount", &[self.folder.to_str().unwrap()]) || {
                std::thread::sleep(Duration::from_millis(100));
                false
            }
        };
        assert!((0..50).any(gone), "somebody still uses the disk");
    }
}

/// A call's output, and the daemon's wait for its exit and the end of its output.
fn timed(home: &Home, happened: [&str; 3]) -> ((String, String, i32), Duration) {
    let start = Instant::now();
    let output = home.call(&full(happened)).run();
    (said(&output), start.elapsed())
}

fn freezes(test: &str, frozen: impl Fn(&mut [Disk])) {
    let receiver = Receiver::start(Reply::Status(503, ""));
    let home = Home::sending_to(&receiver);
    // The outer disk contains the image of the inner one, which has the events.
    let outer = home.path().join("outer");
    std::fs::create_dir(&outer).unwrap();
    let Some(below) = Disk::new(test, &home.path().join("outer.img"), 24, outer.clone()) else { return };
    let Some(above) = Disk::new(test, &outer.join("inner.img"), 8, home.lib()) else { return };
    let mut disks = [above, below];
    assert_eq!(timed(&home, START).0, ("503".into(), String::new(), 0));
    frozen(&mut disks);
    for (happened, deadline) in CALLS {
        let ((out, line, code), took) = timed(&home, happened);
        assert_eq!((out.as_str(), code), ("000", 28), "{happened:?}: {line}");
        assert!(
            line.lines().count() == 1 && line.contains("the event was lost, unless the disk took it after all"),
            "{line}"
        );
        assert!(took < deadline + PATIENCE, "{happened:?} took {took:?}");
    }
    std::fs::write(home.opt_out_file(), "").unwrap();
    for (happened, deadline) in CALLS {
        let (words, took) = timed(&home, happened);
        assert_eq!(words, (String::new(), String::new(), 0));
        assert!(took < deadline / 4 + PATIENCE, "opted out, {happened:?} took {took:?}");
    }
    assert_eq!(receiver.requests().len(), 1, "only the first call could send");
    for disk in &mut disks {
        if disk.frozen {
            disk.fsfreeze("--unfreeze");
        }
    }
    // The requested deletions happen as soon as the disk answers again.
    let end = Instant::now() + Duration::from_secs(10);
    while !home.events("waiting").is_empty() && Instant::now() < end {
        std::thread::sleep(Duration::from_millis(20));
    }
    assert_eq!(home.events("waiting"), [""; 0]);
}

#[test]
fn a_frozen_file_system_holds_nobody_up() {
    let test = this_test!();
    if can_run(test, &["mkfs.ext4", "mount", "umount", "fsfreeze"]) {
        freezes(test, |disks| disks[0].fsfreeze("--freeze"));
    }
}

/// The outer disk, frozen, accepts the events' file system's writes and never completes them.
#[test]
fn a_disk_that_does_not_answer_holds_nobody_up() {
    let test = this_test!();
    if can_run(test, &["mkfs.ext4", "mount", "umount", "fsfreeze"]) {
        freezes(test, |disks| disks[1].fsfreeze("--freeze"));
    }
}

/// An overlay as config directory: its layers hang, which its own file system type does not show.
#[test]
fn an_overlay_above_a_file_system_that_hangs_holds_nobody_up() {
    let test = this_test!();
    if !can_run(test, &["mount", "umount", "unshare"]) {
        return;
    }
    if std::env::var_os(ENCLOSED).is_none() {
        return enclosed(test);
    }
    for dead in [hanging::mount_that_never_answers as fn(&Path), hanging::mount_that_nobody_serves] {
        let home = Home::sending_to(&Receiver::start(Reply::Status(200, "")));
        let [lower, upper] = ["lower", "upper"].map(|name| home.path().join(name));
        for folder in [&lower, &upper] {
            std::fs::create_dir(folder).unwrap();
        }
        let layers = format!("lowerdir={}:{}", lower.display(), upper.display());
        if !works("mount", &["-t", "overlay", "-o", &layers, "overlay", home.config().to_str().unwrap()]) {
            return skip(test, "no overlay can be mounted here");
        }
        // A layer with this mount already in it would be refused.
        dead(&home.config());
        for (happened, deadline) in CALLS {
            let (words, took) = timed(&home, happened);
            assert_eq!(words, (String::new(), String::new(), 0));
            assert!(took < deadline / 4 + PATIENCE, "{happened:?} took {took:?}");
        }
        assert!(works("umount", &["--lazy", "--internal-only", home.config().to_str().unwrap()]));
    }
}

/// Set inside the test's own mount namespace, which takes hung file systems with it.
const ENCLOSED: &str = "DEADLINE_ENCLOSED";

/// Reruns a test in a mount namespace, so that its mounts end with it.
fn enclosed(test: &str) {
    let mut command = Command::new("unshare");
    command.args(["--mount", "--propagation", "private"]).arg(std::env::current_exe().unwrap());
    let status = command.args(["--exact", test, "--nocapture"]).env(ENCLOSED, "1").status().unwrap();
    assert!(status.success());
}

/// Makes a home accessible to every user, with a library directory of another user than root.
fn of_nobody(home: &Home) {
    for folder in [home.path(), &home.config(), &home.lib()] {
        set_mode(folder, 0o755);
    }
    chown(home.lib(), Some(NOBODY), Some(NOBODY)).unwrap();
}

/// The sender as another user than root, without a second process.
fn alone(home: &Home, happened: [&str; 3]) -> Command {
    let call = home.call(&full(happened));
    let mut command = Command::new("/usr/bin/prlimit");
    command.arg("--nproc=1").arg(sender()).args(&call.arguments).env_clear().envs(&call.environment);
    command.uid(NOBODY).gid(NOBODY).current_dir("/").stdin(Stdio::null());
    command
}

#[test]
fn where_no_second_process_can_be_made() {
    let test = this_test!();
    if !can_run(test, &["prlimit"]) {
        return;
    }
    let receiver = Receiver::start(Reply::Status(200, ""));
    let silent = Receiver::start(Reply::Silence);
    let home = Home::sending_to(&receiver);
    of_nobody(&home);
    if !Command::new(sender())
        .arg("--version")
        .uid(NOBODY)
        .gid(NOBODY)
        .stdout(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
    {
        return skip(test, "other users cannot start the sender where it was built");
    }
    let call = |happened| {
        let start = Instant::now();
        (said(&alone(&home, happened).output().unwrap()), start.elapsed())
    };
    // It sends nevertheless, and keeps the deadline in spite of a slow network or name server.
    assert_eq!(call(START).0, ("200".into(), String::new(), 0));
    assert_eq!((receiver.requests().len(), home.events("sent").len()), (1, 1));
    home.configure(&format!("url = \"{}\"\n", silent.url()));
    for (happened, deadline) in CALLS {
        let (words, took) = call(happened);
        assert_eq!(words, ("000".into(), String::new(), 28));
        assert!(took < deadline + PATIENCE, "{happened:?} took {took:?}");
    }
    assert_eq!(home.events("waiting").len(), 3);
    // Opted out, it is silent and deletes the waiting events.
    std::fs::write(home.opt_out_file(), "").unwrap();
    assert_eq!(call(EXIT).0, (String::new(), String::new(), 0));
    assert_eq!(home.files("waiting"), [""; 0]);
    assert_eq!(call(EXIT).0, (String::new(), String::new(), 0));
}

#[test]
fn opted_out_is_silent_with_little_memory() {
    let test = this_test!();
    if !can_run(test, &["prlimit"]) {
        return;
    }
    // A dynamically linked program needs more before main.
    let Some(program) = testkit::needs_static_program(test, "anonymous-statistics") else { return };
    let home = Home::sending_to(&Receiver::start(Reply::Status(503, "")));
    assert_eq!(timed(&home, EXIT).0.0, "503");
    std::fs::write(home.opt_out_file(), "").unwrap();
    let call = home.call(&full(EXIT));
    for _ in 0..2 {
        let mut command = Command::new("prlimit");
        command.arg("--as=4194304").arg(&program).args(&call.arguments).env_clear().envs(&call.environment);
        command.env("PATH", std::env::var_os("PATH").unwrap());
        assert_eq!(said(&command.output().unwrap()), (String::new(), String::new(), 0));
        assert_eq!(home.events("waiting"), [""; 0]);
    }
}
