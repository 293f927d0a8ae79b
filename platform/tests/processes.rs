//! Running programs of a name are reported only as far as they are visible, and a process's own data is read only after
//! the caller accepts it.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot be set up fails")]
#![cfg(feature = "recorded")]

use std::cell::RefCell;
use std::collections::{BTreeMap, VecDeque};
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::process::Command;

use system_facts::internal::{CANDIDATES, Candidates, Unseen, candidates};
use system_facts::{CpuidRegisters, Error, Host, LiveHost, Metadata, Platform, Quantities, RecordedHost, Start, Uname};

type Result<T> = std::result::Result<T, Error>;

const AGENT: &str = "netdata";
const OWNER: u32 = 998;
const SOMEBODY: u32 = 1000;

const EIO: Error = Error::Other(std::io::ErrorKind::Other);
const ALWAYS: usize = usize::MAX;

/// A machine made of processes. It records every question and can fail some.
struct Machine {
    folder: tempfile::TempDir,
    read: RefCell<Vec<String>>,
    /// The error of a path, and how many times.
    failing: RefCell<BTreeMap<String, (Error, usize)>>,
    /// The first answers for `/proc`, if they differ from the actual list.
    lists: RefCell<VecDeque<Vec<&'static str>>>,
}

#[derive(Clone, Copy)]
struct Made {
    user: u32,
    exe: &'static str,
    comm: &'static str,
    status: &'static str,
    ticks: u64,
}

const DAEMON: Made = Made { user: OWNER, exe: "/usr/sbin/netdata", comm: AGENT, status: "NSpid:\t7\n", ticks: 500 };

impl Machine {
    /// Only process 1 runs, and nothing is hidden from the asker.
    fn new() -> Self {
        let machine = Self {
            folder: tempfile::tempdir().unwrap(),
            read: RefCell::default(),
            failing: RefCell::default(),
            lists: RefCell::default(),
        };
        machine.file("machine.json", r#"{"platform": "linux"}"#);
        machine.file("root/proc/stat", "cpu 1\nbtime 1700000000\n");
        machine.process(1, Made { user: 0, exe: "/usr/lib/systemd/systemd", comm: "systemd", ..DAEMON });
        machine.mounts(&proc_mount(""));
        machine.asker(SOMEBODY, 0);
        machine
    }

    fn with_daemon() -> Self {
        let machine = Self::new();
        machine.process(7, DAEMON);
        machine
    }

    fn file(&self, path: &str, text: impl AsRef<[u8]>) {
        let path = self.folder.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn mounts(&self, text: &str) {
        self.file("root/proc/self/mountinfo", text);
    }

    fn asker(&self, user: u32, capabilities: u64) {
        let status = format!("PPid:\t1\nUid:\t{user}\t{user}\t{user}\t{user}\nCapEff:\t{capabilities:016x}\n");
        self.file("root/proc/self/status", status);
    }

    fn process(&self, id: u32, made: Made) {
        let Made { user, exe, comm, status, ticks } = made;
        let file = |name: &str| format!("root/proc/{id}/{name}");
        self.file(&file("comm"), format!("{comm}\n"));
        self.file(&file("status"), format!("PPid:\t1\nUid:\t{user}\t{user}\t{user}\t{user}\n{status}"));
        self.file(&file("stat"), format!("{id} (x) S {}{ticks} 0", "0 ".repeat(18)));
        self.file(&file("cmdline"), "netdata\0-D\0");
        self.file(&file("environ"), "DO_NOT_TRACK=1\0");
        let link = self.folder.path().join(file("exe"));
        let _ = fs::remove_file(&link);
        if !exe.is_empty() {
            symlink(exe, link).unwrap();
        }
    }

    fn fails(&self, path: &str, error: Error, times: usize) {
        self.failing.borrow_mut().insert(path.to_owned(), (error, times));
    }

    fn look(&self) -> Result<Candidates> {
        candidates(self, AGENT, &|candidate| candidate.runs_as(0) || candidate.runs_as(OWNER))
    }

    fn found(&self) -> Vec<u32> {
        self.look().unwrap().counting.iter().map(|candidate| candidate.id).collect()
    }

    fn unseen(&self) -> Option<Unseen> {
        self.look().unwrap().unseen
    }

    fn host(&self) -> RecordedHost {
        RecordedHost::open(self.folder.path()).unwrap()
    }

    fn ask(&self, path: &str) -> Result<()> {
        self.read.borrow_mut().push(path.to_owned());
        match self.failing.borrow_mut().get_mut(path) {
            Some((error, times)) if *times > 0 => {
                *times -= 1;
                Err(*error)
            }
            _ => Ok(()),
        }
    }
}

fn proc_mount(options: &str) -> String {
    format!("25 1 0:23 / /proc rw,nosuid - proc proc rw{options}\n")
}

impl Host for Machine {
    fn platform(&self) -> Platform {
        Platform::Linux
    }
    fn read_start(&self, path: &str, limit: usize) -> Result<Start> {
        self.ask(path)?;
        self.host().read_start(path, limit)
    }
    fn read_link(&self, path: &str) -> Result<Vec<u8>> {
        self.ask(path)?;
        self.host().read_link(path)
    }
    fn list(&self, path: &str, limit: usize) -> Result<Vec<String>> {
        self.ask(path)?;
        if let Some(names) = self.lists.borrow_mut().pop_front() {
            return Ok(names.into_iter().map(str::to_owned).collect());
        }
        self.host().list(path, limit)
    }
    fn metadata(&self, path: &str) -> Result<Metadata> {
        self.ask(path)?;
        self.host().metadata(path)
    }
    fn sysctl_text(&self, _name: &str) -> Result<String> {
        Err(Error::Unsupported)
    }
    fn sysctl_integer(&self, _name: &str) -> Result<i64> {
        Err(Error::Unsupported)
    }
    fn kenv(&self, _name: &str) -> Result<String> {
        Err(Error::Unsupported)
    }
    fn cpuid(&self, _leaf: u32, _subleaf: u32) -> Result<CpuidRegisters> {
        Err(Error::Unsupported)
    }
    fn uname(&self) -> Result<Uname> {
        Err(Error::Unsupported)
    }
    fn environment(&self, _name: &str) -> Result<Vec<u8>> {
        Err(Error::Unsupported)
    }
    fn filesystem_size(&self, _path: &str) -> Result<u64> {
        Err(Error::Unsupported)
    }
    fn quantities(&self) -> Result<Quantities> {
        Err(Error::Unsupported)
    }
}

#[test]
fn what_a_process_says_is_read_of_those_only_that_count() {
    let machine = Machine::with_daemon();
    machine.process(8, Made { user: SOMEBODY, ..DAEMON });
    let found = machine.look().unwrap();
    assert_eq!((found.counting.len(), found.others, found.complete()), (1, 1, true));
    let said = |path: &&String| ["environ", "cmdline"].iter().any(|file| path.ends_with(file));
    assert_eq!(machine.read.borrow().iter().find(said), None);
    assert_eq!(found.counting[0].environment(&machine), Ok(vec![("DO_NOT_TRACK".into(), "1".into())]));
    assert_eq!(found.counting[0].arguments(&machine), Ok(vec!["netdata".into(), "-D".into()]));
    let read = machine.read.borrow().iter().filter(said).cloned().collect::<Vec<_>>();
    assert_eq!(read, ["/proc/7/environ", "/proc/7/cmdline"]);
}

#[test]
fn the_kernel_says_who_it_is() {
    let machine = Machine::with_daemon();
    let daemon = || machine.look().unwrap().counting.remove(0);
    assert_eq!((daemon().id, daemon().parent, daemon().owner), (7, 1, OWNER));
    assert_eq!((daemon().contained, daemon().started), (Some(false), Some(1_700_000_005_000)));
    machine.process(7, Made { status: "NSpid:\t7\t1\n", ..DAEMON });
    assert_eq!(daemon().contained, Some(true));
    // Before Linux 4.1 only the namespaces tell, and only with permission to look at them.
    machine.process(7, Made { status: "", ..DAEMON });
    assert_eq!(daemon().contained, None);
    for (process, target) in [("self", "pid:[1]"), ("7", "pid:[2]")] {
        let folder = machine.folder.path().join(format!("root/proc/{process}/ns"));
        fs::create_dir_all(&folder).unwrap();
        symlink(target, folder.join("pid")).unwrap();
    }
    assert_eq!(daemon().contained, Some(true));
}

/// `su`, called `netdata` by a link, runs as root with its caller's environment.
#[test]
fn a_program_that_one_user_started_as_another_is_neithers() {
    let machine = Machine::with_daemon();
    for users in ["1000\t0\t0\t0", "1000\t998\t998\t998", "998\t998\t0\t998", "998\t998\t998\t1000"] {
        machine.file("root/proc/7/status", format!("PPid:\t1\nUid:\t{users}\n"));
        let found = machine.look().unwrap();
        assert_eq!((found.counting.len(), found.others), (0, 1), "{users}");
    }
}

#[test]
fn the_file_counts_and_where_it_is_not_seen_the_name() {
    let machine = Machine::new();
    machine.process(7, Made { exe: "/opt/netdata/bin/netdata (deleted)", ..DAEMON });
    machine.process(8, Made { exe: "/usr/bin/netdata-updater", ..DAEMON });
    machine.process(9, DAEMON);
    machine.process(10, Made { comm: "other", ..DAEMON });
    // A kernel thread and a zombie have no file.
    machine.process(11, Made { exe: "", comm: "kthreadd", ..DAEMON });
    machine.process(12, Made { exe: "", status: "State:\tZ (zombie)\n", ..DAEMON });
    for id in [9, 10] {
        machine.fails(&format!("/proc/{id}/exe"), Error::PermissionDenied, ALWAYS);
    }
    assert_eq!(machine.found(), [7, 9]);
    assert!(machine.look().unwrap().complete());
}

#[test]
fn a_few_are_kept_and_the_rest_is_counted() {
    let machine = Machine::new();
    for id in 100..120 {
        machine.process(id, Made { user: SOMEBODY, ..DAEMON });
    }
    machine.process(200, DAEMON);
    let found = machine.look().unwrap();
    assert_eq!((machine.found(), found.others, found.complete()), (vec![200], 20, true), "others take no place");
    for id in 201..220 {
        machine.process(id, DAEMON);
    }
    let found = machine.look().unwrap();
    assert_eq!((found.counting.len(), found.more, found.complete()), (CANDIDATES, 20 - CANDIDATES, false));
}

#[test]
fn blocks_without_end_are_refused() {
    let machine = Machine::with_daemon();
    let daemon = machine.look().unwrap().counting.remove(0);
    machine.file("root/proc/7/environ", "A=1\0".repeat(64 * 1024));
    assert_eq!(daemon.environment(&machine).map(|list| list.len()), Ok(64 * 1024));
    machine.file("root/proc/7/environ", "A=1\0".repeat(64 * 1024 + 1));
    assert_eq!(daemon.environment(&machine), Err(Error::TooLarge));
    machine.file("root/proc/7/cmdline", "a\0".repeat(64 * 1024));
    assert_eq!(daemon.arguments(&machine), Err(Error::TooLarge));
}

#[test]
fn a_number_that_another_process_has_since_is_nobody() {
    let machine = Machine::with_daemon();
    let daemon = machine.look().unwrap().counting.remove(0);
    machine.process(7, Made { user: SOMEBODY, ticks: 501, ..DAEMON });
    assert_eq!(daemon.environment(&machine), Err(Error::NotFound));
    assert_eq!(daemon.arguments(&machine), Err(Error::NotFound));
}

#[test]
fn without_a_list_nothing_is_known() {
    for error in [Error::NotFound, Error::PermissionDenied, Error::TooLarge, EIO] {
        let machine = Machine::with_daemon();
        machine.fails("/proc", error, 1);
        assert_eq!(machine.look(), Err(error));
    }
}

/// Any file of a process may be unreadable, temporarily or permanently.
#[test]
fn what_cannot_be_read_leaves_the_matter_open() {
    for file in ["exe", "comm", "status"] {
        let path = format!("/proc/7/{file}");
        for error in [EIO, Error::TooLarge] {
            let machine = Machine::new();
            machine.process(7, DAEMON);
            if file == "comm" {
                machine.fails("/proc/7/exe", Error::PermissionDenied, ALWAYS);
            }
            machine.fails(&path, error, 2);
            let found = machine.look().unwrap();
            assert_eq!((found.counting.len(), found.unseen), (1, None), "{path}: for a moment");
            machine.fails(&path, error, ALWAYS);
            let found = machine.look().unwrap();
            assert_eq!((found.counting.len(), found.unseen), (0, Some(Unseen::Failed(error))), "{path}: for good");
        }
    }
    // Listed, but closed to the asker.
    let machine = Machine::with_daemon();
    for file in ["exe", "comm"] {
        machine.fails(&format!("/proc/7/{file}"), Error::PermissionDenied, ALWAYS);
    }
    assert_eq!(machine.unseen(), Some(Unseen::Failed(Error::PermissionDenied)));
    let machine = Machine::with_daemon();
    machine.file("root/proc/7/status", "Name:\tx\n");
    assert_eq!(machine.unseen(), Some(Unseen::Failed(Error::Malformed)));
}

/// A daemonizing process starts another and ends.
#[test]
fn a_process_that_goes_away_may_have_left_another() {
    let machine = Machine::new();
    machine.process(8, DAEMON);
    machine.lists.borrow_mut().push_back(vec!["1", "7"]);
    let found = machine.look().unwrap();
    assert_eq!((found.counting[0].id, found.unseen), (8, None));
    // It ends after its name was read.
    let machine = Machine::with_daemon();
    machine.process(8, DAEMON);
    machine.fails("/proc/7/status", Error::NotFound, ALWAYS);
    machine.lists.borrow_mut().extend([vec!["1", "7"], vec!["1", "8"]]);
    let found = machine.look().unwrap();
    assert_eq!((found.counting[0].id, found.unseen), (8, None));
    // If it never settles, the answer says so.
    let machine = Machine::with_daemon();
    for path in ["/proc/7/exe", "/proc/7"] {
        machine.fails(path, Error::NotFound, ALWAYS);
    }
    let found = machine.look().unwrap();
    assert_eq!((found.counting.len(), found.unseen), (0, Some(Unseen::Vanished)));
    // A process that stays without a program is a kernel thread or has ended.
    let machine = Machine::new();
    machine.process(7, Made { exe: "", ..DAEMON });
    let found = machine.look().unwrap();
    assert_eq!((found.counting.len(), found.unseen), (0, None));
}

#[test]
fn hidden_processes_are_said_to_be() {
    const PTRACE: u64 = 1 << 19;
    let machine = Machine::new();
    for (options, user, capabilities, hidden) in [
        ("", SOMEBODY, 0, false),
        (",hidepid=off", SOMEBODY, 0, false),
        (",hidepid=0", SOMEBODY, 0, false),
        // Process 1 is visible by a group or a capability.
        (",gid=4,hidepid=invisible", SOMEBODY, 0, false),
        (",hidepid=2", 0, PTRACE, false),
        // Process 1 is the asker's own: root's in a container.
        (",hidepid=2", 0, 0, true),
        (",hidepid=ptraceable", 0, 0, true),
    ] {
        machine.mounts(&proc_mount(options));
        machine.asker(user, capabilities);
        assert_eq!(machine.unseen(), hidden.then_some(Unseen::Hidden), "{options} {user}");
    }
    // hidepid=1: listed, but closed.
    machine.mounts(&proc_mount(",hidepid=noaccess"));
    machine.asker(SOMEBODY, 0);
    machine.fails("/proc/1/status", Error::PermissionDenied, ALWAYS);
    assert_eq!(machine.unseen(), Some(Unseen::Hidden));
    // Another mount covers it.
    machine.mounts(&(proc_mount(",hidepid=2") + &proc_mount("")));
    assert_eq!(machine.unseen(), None);
    // For any reason.
    fs::remove_dir_all(machine.folder.path().join("root/proc/1")).unwrap();
    assert_eq!(machine.unseen(), Some(Unseen::Hidden));
}

#[test]
fn where_it_cannot_be_told_whether_any_are_hidden_the_matter_is_open() {
    for path in ["/proc/self/mountinfo", "/proc/self/status"] {
        let machine = Machine::new();
        machine.mounts(&proc_mount(",hidepid=2"));
        machine.fails(path, EIO, ALWAYS);
        assert_eq!(machine.unseen(), Some(Unseen::Failed(EIO)), "{path}");
    }
}

fn own_name() -> String {
    std::env::current_exe().unwrap().file_name().unwrap().to_str().unwrap().to_owned()
}

#[cfg(target_os = "linux")]
#[test]
fn this_process_is_found_by_its_name() {
    let host = LiveHost::new();
    let found = candidates(&host, &own_name(), &|candidate| candidate.id == std::process::id()).unwrap();
    let [own] = found.counting.as_slice() else { panic!("{found:?}") };
    assert!(own.runs_as(rustix::process::geteuid().as_raw()));
    assert_eq!(own.arguments(&host).unwrap().len(), std::env::args_os().len());
    let path = ("PATH".into(), std::env::var_os("PATH").unwrap());
    assert!(own.environment(&host).unwrap().contains(&path));
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_millis();
    assert!(u128::from(own.started.unwrap()) <= now + 2000);
}

/// Run by the next test as another user.
#[test]
#[ignore = "started by another test"]
fn say_whether_it_is_seen() {
    let wanted: u32 = std::env::var("LOOK_FOR").unwrap().parse().unwrap();
    let found = candidates(&LiveHost::new(), &own_name(), &|candidate| candidate.id == wanted).unwrap();
    println!("found {} unseen {:?}", found.counting.len(), found.unseen);
}

/// The kernel's ways of hiding processes, in a separate mount namespace.
#[test]
fn a_kernel_that_hides_processes_is_recognised() {
    let test = testkit::this_test!();
    if !cfg!(target_os = "linux") {
        return testkit::skip(test, "no other system has a /proc that hides processes");
    }
    // In a folder from which anyone can start it.
    let folder = tempfile::tempdir().unwrap();
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
    let program = folder.path().join(own_name());
    fs::copy(std::env::current_exe().unwrap(), &program).unwrap();
    let look = |options: &str, user: u32| {
        let script = format!(
            "mount -t proc -o {options} proc /proc && exec setpriv --reuid={user} --regid={user} --clear-groups \
             \"$0\" --exact --ignored --nocapture say_whether_it_is_seen"
        );
        let output = Command::new("unshare")
            .args(["--mount", "sh", "-c", &script])
            .arg(&program)
            .env("LOOK_FOR", std::process::id().to_string())
            .current_dir("/")
            .output();
        output.map_or_else(
            |error| error.to_string(),
            |output| String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned(),
        )
    };
    let nobody = 65534;
    let all = look("hidepid=0", nobody);
    if !all.contains("unseen") {
        return testkit::skip(test, &format!("no other /proc can be mounted: {}", all.trim()));
    }
    assert!(all.contains("found 1 unseen None"), "{all}");
    let invisible = look("hidepid=2", nobody);
    assert!(invisible.contains("found 0 unseen Some(Hidden)"), "{invisible}");
    let closed = look("hidepid=1", nobody);
    assert!(closed.contains("found 0 unseen Some(Hidden)"), "{closed}");
    let root = look("hidepid=2", 0);
    assert!(root.contains("found 1 unseen None"), "{root}");
}
