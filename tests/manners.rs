//! The sender as a process: with any streams, signals, limits, environment and privileges from its parent.
//!
//! With `STATIC_PROGRAMS`, the folder of a static build, the release sender is tested.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "in a test a panic is a failed test")]

use std::ffi::{OsStr, OsString};
use std::io::Write;
use std::os::fd::AsFd;
use std::os::unix::ffi::OsStringExt;
use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use rustix::fs::OFlags;
use rustix::process::{Pid, Signal, kill_process};
use testkit::{
    Home, Receiver, Reply, find, full, in_strace, opted_out_here, quoted, said, search_path, skip, this_test,
};

const EXIT: [&str; 3] = ["EXIT", "OK", "-"];
/// The deadline of EXIT.
const DEADLINE: Duration = Duration::from_secs(1);
/// A busy machine's delay.
const PATIENCE: Duration = Duration::from_millis(500);

fn program() -> PathBuf {
    testkit::given_away("anonymous-statistics")
}

/// An EXIT call behind another program.
fn behind(wrapper: &[&str], home: &Home) -> Command {
    let call = home.call(&full(EXIT));
    let mut words: Vec<OsString> = wrapper.iter().map(OsString::from).collect();
    words.push(program().into());
    words.extend(call.arguments.iter().map(OsString::from));
    let mut command = Command::new(&words[0]);
    command.args(&words[1..]).env_clear().envs(&call.environment).env("PATH", search_path());
    command.current_dir("/").stdin(Stdio::null());
    command
}

/// The same, traced.
fn traced(strace: &[String], options: &[&str], home: &Home) -> Output {
    let words: Vec<&str> = strace.iter().map(String::as_str).chain(options.iter().copied()).collect();
    behind(&words, home).output().unwrap()
}

/// A port without a listener: it was just released.
fn nobody() -> String {
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    format!("url = \"http://127.0.0.1:{port}/\"\n")
}

fn can_run(test: &str, programs: &[&str]) -> bool {
    if let Some(missing) = programs.iter().find(|name| find(name).is_none()) {
        skip(test, &format!("{missing} is not installed"));
        return false;
    }
    !opted_out_here(test)
}

/// The event is delivered and reported.
fn delivers(wrapper: &[&str]) {
    let receiver = Receiver::start(Reply::Status(200, ""));
    let home = Home::sending_to(&receiver);
    let output = behind(wrapper, &home).output().unwrap();
    assert_eq!(said(&output), ("200".into(), String::new(), 0), "{wrapper:?}");
    assert_eq!((receiver.requests().len(), home.events("sent").len()), (1, 1), "{wrapper:?}");
}

#[test]
fn with_closed_streams() {
    if !can_run("with_closed_streams", &["sh"]) {
        return;
    }
    let receiver = Receiver::start(Reply::Status(200, ""));
    for (number, closed) in
        ["", "<&-", ">&-", "2>&-", "<&- >&-", "<&- 2>&-", ">&- 2>&-", "<&- >&- 2>&-"].into_iter().enumerate()
    {
        let home = Home::sending_to(&receiver);
        let script = format!("exec \"$0\" \"$@\" {closed}");
        assert_eq!(behind(&["sh", "-c", &script], &home).status().unwrap().code(), Some(0), "{closed}");
        // A file that reused a closed stream's number must not receive that stream's output.
        let request = receiver.requests()[number].clone();
        assert_eq!((receiver.requests().len(), home.events("sent").len()), (number + 1, 1), "{closed}");
        let entry = std::fs::read(home.lib().join("anonymous-statistics/sent").join(&home.events("sent")[0])).unwrap();
        assert!(entry.ends_with(&request), "{closed}");
        home.configure(&nobody());
        assert_eq!(behind(&["sh", "-c", &script], &home).status().unwrap().code(), Some(7), "{closed}");
    }
}

#[test]
fn with_full_streams() {
    if !can_run("with_full_streams", &[]) {
        return;
    }
    // A full pipe without a reader.
    let (_reader, mut pipe) = std::io::pipe().unwrap();
    let flags = |flags| rustix::fs::fcntl_setfl(pipe.as_fd(), flags).unwrap();
    flags(OFlags::NONBLOCK);
    while (&pipe).write(&[0; 4096]).is_ok() {}
    flags(OFlags::empty());
    let _ = pipe.flush();
    let device = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let receiver = Receiver::start(Reply::Status(200, ""));
    let pipe_end = || Stdio::from(pipe.try_clone().unwrap());
    let device_end = || Stdio::from(device.try_clone().unwrap());
    for (what, stream) in [("a full pipe", &pipe_end as &dyn Fn() -> Stdio), ("a full device", &device_end)] {
        // Delivered; lost (no listener, and no place to keep it); and an unusable configuration.
        for (config, library, code) in [
            (format!("url = \"{}\"\n", receiver.url()), true, 0),
            (nobody(), false, 7),
            ("unknown = 1\n".to_owned(), true, 2),
        ] {
            let home = Home::new();
            home.configure(&config);
            let mut command = behind(&[], &home);
            if !library {
                command.env("NETDATA_LIB_DIR", "/nonexistent");
            }
            let start = Instant::now();
            let status = command.stdout(stream()).stderr(stream()).status().unwrap();
            assert_eq!(status.code(), Some(code), "{what}");
            assert!(start.elapsed() < DEADLINE + PATIENCE, "{what}: {:?}", start.elapsed());
        }
    }
    assert_eq!(receiver.requests().len(), 2);
}

#[test]
fn with_every_signal_ignored_or_blocked() {
    if !can_run("with_every_signal_ignored_or_blocked", &["env"]) {
        return;
    }
    for wrapper in
        [&["env", "--ignore-signal"][..], &["env", "--block-signal"], &["env", "--ignore-signal", "--block-signal"]]
    {
        delivers(wrapper);
        // The deadline does not depend on a signal.
        let home = Home::sending_to(&Receiver::start(Reply::Silence));
        let start = Instant::now();
        assert_eq!(said(&behind(wrapper, &home).output().unwrap()), ("000".into(), String::new(), 28));
        assert!(start.elapsed() < DEADLINE + PATIENCE);
    }
}

#[test]
fn as_the_first_process_and_as_its_child() {
    if !can_run("as_the_first_process_and_as_its_child", &["unshare"]) {
        return;
    }
    if !rustix::process::geteuid().is_root() {
        skip(this_test!(), "only root can make a pid namespace");
        return;
    }
    delivers(&["unshare", "--pid", "--fork"]);
    delivers(&["unshare", "--pid", "--fork", "sh", "-c", "\"$0\" \"$@\"; exit $?"]);
}

#[test]
fn with_little_of_everything() {
    if !can_run("with_little_of_everything", &["prlimit"]) {
        return;
    }
    delivers(&["prlimit", "--as=67108864"]);
    delivers(&["prlimit", "--nofile=16"]);
    delivers(&["prlimit", "--stack=262144"]);
    delivers(&["prlimit", "--as=67108864", "--nofile=16", "--core=0", "--memlock=0", "--msgqueue=0", "--rtprio=0"]);
    // No file may grow: the event is sent without being kept.
    let receiver = Receiver::start(Reply::Status(200, ""));
    let home = Home::sending_to(&receiver);
    let output = behind(&["prlimit", "--fsize=0"], &home).output().unwrap();
    assert_eq!(said(&output), ("200".into(), String::new(), 0));
    assert_eq!(home.files("waiting").len() + home.files("sent").len(), 0);
}

/// A seccomp(2) filter: system calls with these numbers fail with EPERM. Each instruction is a struct `sock_filter`
/// (linux/filter.h): code, two jumps and a constant.
fn refusing(numbers: &[u32]) -> Vec<u8> {
    const LOAD_NUMBER: (u16, u32) = (0x20, 0);
    const IF_EQUAL: u16 = 0x15;
    const RETURN: u16 = 0x06;
    const ALLOW: u32 = 0x7fff_0000;
    const EPERM: u32 = 0x0005_0001;
    let mut program = vec![(LOAD_NUMBER.0, 0, 0, LOAD_NUMBER.1)];
    for number in numbers {
        program.extend([(IF_EQUAL, 0, 1, *number), (RETURN, 0, 0, EPERM)]);
    }
    program.push((RETURN, 0, 0, ALLOW));
    let bytes = |(code, yes, no, value): (u16, u8, u8, u32)| {
        let mut bytes = code.to_ne_bytes().to_vec();
        bytes.extend([yes, no]);
        bytes.extend(value.to_ne_bytes());
        bytes
    };
    program.into_iter().flat_map(bytes).collect()
}

/// Numbers of `x86_64` (`asm/unistd_64.h`).
#[cfg(target_arch = "x86_64")]
#[test]
fn where_system_calls_are_refused() {
    const SOCKET: u32 = 41;
    const CONNECT: u32 = 42;
    const CLONE: u32 = 56;
    const FORK: u32 = 57;
    const CLONE3: u32 = 435;
    const FSYNC: u32 = 74;
    const GETRANDOM: u32 = 318;
    const PRCTL: u32 = 157;

    let test = this_test!();
    if !can_run(test, &["bwrap", "sh"]) {
        return;
    }
    let receiver = Receiver::start(Reply::Status(200, ""));
    for (what, numbers, out, code, line, waits) in [
        ("socket", &[SOCKET][..], "000", 7, false, 1),
        ("connect", &[CONNECT], "000", 7, false, 1),
        // Without a second process the first does the work.
        ("a process", &[CLONE, CLONE3, FORK], "200", 0, false, 0),
        ("fsync", &[FSYNC], "200", 0, false, 0),
        ("prctl", &[PRCTL], "200", 0, false, 0),
        // Falls back to another source of random numbers.
        ("getrandom", &[GETRANDOM], "200", 0, false, 0),
    ] {
        let home = Home::sending_to(&receiver);
        let filter = home.path().join("filter");
        std::fs::write(&filter, refusing(numbers)).unwrap();
        // bwrap reads the filter from a descriptor.
        let script =
            format!("exec bwrap --bind / / --dev-bind /dev /dev --seccomp 3 \"$0\" \"$@\" 3<{}", quoted(&filter));
        let output = behind(&["sh", "-c", &script], &home).output().unwrap();
        let (said_out, err, status) = said(&output);
        assert_eq!((said_out.as_str(), status, err.lines().count()), (out, code, usize::from(line)), "{what}: {err}");
        assert_eq!(home.events("waiting").len(), waits, "{what}");
    }
}

/// The random number distinguishes a repeat from a second event, and cannot be replaced.
#[cfg(target_arch = "x86_64")]
#[test]
fn without_random_numbers_nothing_is_sent() {
    const GETRANDOM: u32 = 318;
    if !can_run("without_random_numbers_nothing_is_sent", &["bwrap", "sh"]) {
        return;
    }
    let receiver = Receiver::start(Reply::Status(200, ""));
    let home = Home::sending_to(&receiver);
    let filter = home.path().join("filter");
    std::fs::write(&filter, refusing(&[GETRANDOM])).unwrap();
    // Without the device to fall back on.
    let script = format!("exec bwrap --bind / / --tmpfs /dev --seccomp 3 \"$0\" \"$@\" 3<'{}'", filter.display());
    let (out, err, code) = said(&behind(&["sh", "-c", &script], &home).output().unwrap());
    assert_eq!((out.as_str(), code), ("", 2), "{err}");
    assert!(err.lines().count() == 1 && err.contains("the system gives no random number"), "{err}");
    assert_eq!((receiver.connections(), home.files("waiting").len()), (0, 0));
}

/// It waits and is sent again by the next call.
#[test]
fn an_event_whose_answer_cannot_be_written_down_is_not_sent_again_by_the_same_call() {
    let test = this_test!();
    let Some(strace) = testkit::strace(test).filter(|_| !opted_out_here(test)) else { return };
    let receiver = Receiver::start(Reply::Then(200, 200));
    let home = Home::sending_to(&receiver);
    // The first rename keeps the event.
    let inject = "inject=renameat,renameat2:error=ENOSPC:when=2+";
    let traced = traced(strace, &["-f", "-o", "/dev/null", "-e", "trace=renameat,renameat2", "-e", inject], &home);
    assert_eq!(said(&traced), ("200".into(), String::new(), 0));
    assert_eq!((receiver.requests().len(), home.events("waiting").len()), (1, 1));
}

/// Refuses each kind of a send's system calls, every time: it may cost the event, but neither the deadline nor the
/// process.
#[test]
fn no_refused_system_call_is_its_end() {
    /// No program runs without these.
    const VITAL: [&str; 17] = [
        "execve",
        "brk",
        "mmap",
        "munmap",
        "mremap",
        "mprotect",
        "arch_prctl",
        "set_tid_address",
        "futex",
        "exit",
        "exit_group",
        "rt_sigreturn",
        "restart_syscall",
        // Rust's startup code aborts without these: it checks the standard streams, and ignores SIGPIPE.
        "poll",
        "rt_sigaction",
        "sigaltstack",
        // The dynamic loader's.
        "pread64",
    ];
    let test = this_test!();
    let Some(strace) = testkit::strace(test).filter(|_| !opted_out_here(test)) else { return };
    let receiver = Receiver::start(Reply::Status(200, ""));
    let home = Home::sending_to(&receiver);
    let log = home.path().join("strace");
    let log = log.to_str().unwrap();
    assert!(traced(strace, &["-f", "-o", log], &home).status.success());
    let calls = std::fs::read_to_string(log).unwrap();
    let name = |line: &str| line.split_once(' ')?.1.trim_start().split_once('(').map(|(name, _)| name.to_owned());
    let names: std::collections::BTreeSet<String> = calls
        .lines()
        .filter_map(name)
        .filter(|name| name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_'))
        .filter(|name| !VITAL.contains(&name.as_str()))
        .collect();
    assert!(names.len() > 20 && names.contains("socket"), "{names:?}");
    for name in names {
        for error in ["EPERM", "ENOMEM"] {
            let home = Home::sending_to(&receiver);
            let inject = format!("inject={name}:error={error}");
            let trace = format!("trace={name}");
            let start = Instant::now();
            let output = traced(strace, &["-f", "-o", "/dev/null", "-e", &trace, "-e", &inject], &home);
            assert_eq!(output.status.signal(), None, "{name} {error}");
            // The loader's own error: it cannot read libraries.
            if output.status.code() == Some(127) {
                continue;
            }
            let (out, err, code) = said(&output);
            assert!(["", "000", "200"].contains(&out.as_str()), "{name} {error}: {out}");
            assert!([0, 2, 7, 28, 52, 56].contains(&code), "{name} {error}: exit status {code}, {err}");
            assert!(err.lines().count() <= 1 && !err.contains("panic"), "{name} {error}: {err}");
            assert!(start.elapsed() < DEADLINE + PATIENCE, "{name} {error}: {:?}", start.elapsed());
        }
    }
}

#[test]
fn in_an_empty_root_folder() {
    let test = this_test!();
    let Some(given_away) = testkit::needs_static_program(test, "anonymous-statistics") else { return };
    if !rustix::process::geteuid().is_root() {
        skip(test, "only root can change the root folder");
        return;
    }
    if !can_run(test, &["chroot"]) {
        return;
    }
    let receiver = Receiver::start(Reply::Status(200, ""));
    let home = Home::sending_to(&receiver);
    std::fs::copy(given_away, home.path().join("sender")).unwrap();
    let mut command = Command::new("chroot");
    command.arg(home.path()).arg("/sender").args(["--config-dir=/config", "--lib-dir=/lib"]).args(full(EXIT));
    command.env_clear().env("PATH", search_path());
    command.env("NETDATA_REGISTRY_UNIQUE_ID", testkit::GUID);
    assert_eq!(said(&command.output().unwrap()), ("200".into(), String::new(), 0));
    assert_eq!((receiver.requests().len(), home.events("sent").len()), (1, 1));
}

#[test]
fn with_a_hostile_environment() {
    if !can_run("with_a_hostile_environment", &[]) {
        return;
    }
    let receiver = Receiver::start(Reply::Status(200, ""));
    let huge = "x".repeat(100_000);
    let bytes = |bytes: &[u8]| OsString::from_vec(bytes.to_vec());
    let mut environments: Vec<Vec<(OsString, OsString)>> = vec![
        // The kernel's maximum (execve(2): 128 KiB each, a quarter of the stack together).
        (0..15).map(|number| (format!("HUGE_{number}").into(), huge.clone().into())).collect(),
        (0..5000).map(|number| (format!("MANY_{number}").into(), "x".into())).collect(),
        vec![(bytes(b"NOT_\xff_TEXT"), bytes(b"\xfe\xff")), (bytes(b"\x1b[2J"), bytes(b"\x1b[2J\n"))],
        vec![("NETDATA_VERSION".into(), huge.clone().into()), ("VIRTUALIZATION".into(), bytes(b"\xff"))],
        vec![("PATH".into(), bytes(b"\xff")), ("HOME".into(), "/nonexistent".into()), ("PWD".into(), "".into())],
    ];
    let settings = |pairs: &[(&str, &str)]| pairs.iter().map(|(name, value)| (name.into(), value.into())).collect();
    environments.push(settings(&[
        ("RUST_BACKTRACE", "full"),
        ("RUST_LOG", "trace"),
        ("RUST_MIN_STACK", "1"),
        ("TMPDIR", "/nonexistent"),
        ("MALLOC_PERTURB_", "165"),
    ]));
    environments.push(settings(&[
        ("LC_ALL", "tr_TR.UTF-8"),
        ("LANG", "\u{1b}[2J"),
        ("LANGUAGE", "xx"),
        ("TZ", ":/etc/shadow"),
        ("LC_NUMERIC", "de_DE"),
    ]));
    environments.push(settings(&[
        ("RES_OPTIONS", "timeout:60 attempts:9"),
        ("LOCALDOMAIN", "example.org"),
        ("HOSTALIASES", "/dev/zero"),
        ("SSL_CERT_DIR", "/proc"),
        ("http_proxy", "http://127.0.0.1:9"),
        ("ANONYMOUS_STATISTICS_PARENT", "1"),
    ]));
    if testkit::static_program("anonymous-statistics").is_some() {
        // A dynamic loader obeys some of these; the static program has none.
        environments.push(settings(&[
            ("LD_PRELOAD", "/nonexistent.so"),
            ("LD_LIBRARY_PATH", "/nonexistent"),
            ("LD_DEBUG", "all"),
            ("LD_AUDIT", "/nonexistent.so"),
            ("LD_BIND_NOW", "1"),
            ("GCONV_PATH", "/nonexistent"),
        ]));
    }
    for (number, environment) in environments.iter().enumerate() {
        let home = Home::sending_to(&receiver);
        let mut command = behind(&[], &home);
        command.envs(environment.iter().map(|(name, value)| (name.as_os_str(), value.as_os_str())));
        let keys = home.path().join("keys");
        command.env("SSLKEYLOGFILE", &keys);
        assert_eq!(said(&command.output().unwrap()), ("200".into(), String::new(), 0), "{number}");
        assert!(!keys.exists(), "keys of TLS are written down");
        assert_eq!((receiver.requests().len(), home.events("sent").len()), (number + 1, 1));
    }
}

/// It starts no other program, so no argument contains a body; its second process ends before it; and it writes to its
/// state folder only.
#[test]
fn nothing_is_started_and_nothing_is_written_elsewhere() {
    let test = this_test!();
    let Some(strace) = testkit::strace(test).filter(|_| !opted_out_here(test)) else { return };
    let receiver = Receiver::start(Reply::Status(200, ""));
    let home = Home::sending_to(&receiver);
    let log = home.path().join("strace");
    assert!(traced(strace, &["-f", "-y", "-s", "4096", "-o", log.to_str().unwrap()], &home).status.success());
    let traced = std::fs::read_to_string(&log).unwrap();
    let inside = format!("<{}", in_strace(&home.lib()));
    let (mut written, mut processes) = (0, 0);
    for line in traced.lines() {
        let call = line.split_once(' ').map_or("", |(_, rest)| rest.trim_start());
        let name = call.split('(').next().unwrap_or_default();
        if matches!(name, "clone" | "clone3" | "fork" | "vfork") {
            processes += 1;
            assert!(!call.contains("CLONE_THREAD"), "{line}");
        }
        let opens_for_writing =
            name.starts_with("open") && ["O_WRONLY", "O_RDWR", "O_CREAT"].iter().any(|flag| call.contains(flag));
        let changes = ["mkdir", "rename", "unlink", "link", "symlink", "rmdir", "mknod", "chmod", "chown", "truncate"];
        if opens_for_writing || changes.iter().any(|change| name.starts_with(change)) {
            written += 1;
            assert!(call.contains(&inside), "{line}");
        }
    }
    assert!(written > 5, "strace shows nothing:\n{traced}");
    assert_eq!((traced.matches("execve(").count(), processes), (1, 1));
    let ends: Vec<&str> = traced.lines().filter(|line| line.contains("+++ exited")).collect();
    let first = traced.split(' ').next().unwrap();
    assert!(ends.len() == 2 && ends[1].starts_with(first), "the second process outlives the first:\n{ends:?}");
}

#[test]
fn no_core_dump_holds_a_body() {
    let test = this_test!();
    if !can_run(test, &["prlimit", "sleep"]) {
        return;
    }
    let home = Home::sending_to(&Receiver::start(Reply::Silence));
    let dumps = |command: &mut Command| {
        let mut child = command.current_dir(home.path()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        std::thread::sleep(Duration::from_millis(300));
        kill_process(Pid::from_child(&child), Signal::ABORT).unwrap();
        let status = child.wait().unwrap();
        assert_eq!(status.signal(), Some(6), "it has ended before");
        status.core_dumped()
    };
    let unlimited = ["prlimit", "--core=unlimited"];
    if !dumps(Command::new(unlimited[0]).arg(unlimited[1]).args(["sleep", "5"])) {
        skip(test, "this machine writes no core dumps");
        return;
    }
    assert!(!dumps(&mut behind(&unlimited, &home)));
}

#[test]
fn other_programs_are_told_nothing() {
    if !can_run("other_programs_are_told_nothing", &["env"]) {
        return;
    }
    let home = Home::new();
    home.configure(&nobody());
    let secret: &OsStr = OsStr::new("http://joe:secret@127.0.0.1:9");
    for name in ["https_proxy", "all_proxy", "no_proxy"] {
        let (out, err, code) = said(&behind(&["env"], &home).env(name, secret).output().unwrap());
        assert_eq!((out.as_str(), err.as_str(), code), ("000", "", 7));
    }
    for file in home.tree().iter().filter(|path| path.is_file()) {
        let content = String::from_utf8_lossy(&std::fs::read(file).unwrap()).into_owned();
        assert!(!content.contains("secret"), "{}", file.display());
    }
}
