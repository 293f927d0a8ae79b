//! The real Netdata daemon with this project's two programs in its plugins folder, and a receiver on loopback.
//!
//! Debian's package contains the opt-out file in `/etc/netdata`, and the sender skips no directory. So each test runs
//! in a mount namespace with an empty folder over each default config directory, and in a network namespace with
//! loopback only. The machine's own files are never touched.

#![allow(clippy::unwrap_used, reason = "in a test a panic is a failed test")]

use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anonymous_statistics::fields::{FIELDS, Origin, Place};
use serde_json::Value as Json;
use testkit::{Receiver, Reply, enclosure, parts, program, sender, this_test};

const STOCK_PLUGINS: &str = "/usr/lib/netdata/plugins.d";
const CONFIG: &str = "/etc/netdata";
const LONG: Duration = Duration::from_mins(1);

/// The daemon's own plugins, which the tests do not need.
const PLUGINS: [&str; 17] = [
    "proc",
    "diskspace",
    "cgroups",
    "tc",
    "idlejitter",
    "timex",
    "apps",
    "python.d",
    "charts.d",
    "perf",
    "slabinfo",
    "fping",
    "nfacct",
    "ioping",
    "cups",
    "checks",
    "statsd",
];

/// Runs a test's body in new namespaces: this program restarts itself there.
fn enclosed(test: &str, body: impl FnOnce()) {
    if !Path::new("/usr/sbin/netdata").exists() {
        testkit::skip(test, "the netdata daemon is not installed (Debian package netdata)");
        return;
    }
    match enclosure::inside() {
        Some(_) => body(),
        None => enclosure::enclose_test(test, &[]),
    }
}

/// A running daemon with its own folders.
struct Daemon {
    child: Child,
    folder: tempfile::TempDir,
    port: u16,
}

impl Daemon {
    /// Prepares the folders and starts the daemon; its configuration is in the (empty) default config directory.
    fn start(receiver: &Receiver, variables: &[(&str, &str)], opt_out_file: bool) -> Self {
        let folder = tempfile::tempdir().unwrap();
        testkit::set_mode(folder.path(), 0o755);
        let path = |name: &str| folder.path().join(name);
        for name in ["cache", "lib", "log", "lock", "plugins.d"] {
            fs::create_dir(path(name)).unwrap();
        }
        for entry in fs::read_dir(STOCK_PLUGINS).unwrap() {
            let stock = entry.unwrap().path();
            let name = stock.file_name().unwrap();
            let ours: PathBuf = match name.to_str() {
                Some("anonymous-statistics.sh") => sender().into(),
                Some("system-info.sh") => program("system-info"),
                _ => {
                    std::os::unix::fs::symlink(&stock, path("plugins.d").join(name)).unwrap();
                    continue;
                }
            };
            fs::copy(ours, path("plugins.d").join(name)).unwrap();
        }
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        // Only real root can make the daemon run as another user.
        let real_root = enclosure::by_root();
        let user = if real_root { "netdata" } else { "root" };
        if real_root {
            let chown = Command::new("chown")
                .args(["-R", "netdata:netdata"])
                .args(["cache", "lib", "log", "lock"].map(path))
                .status();
            assert!(chown.unwrap().success());
        }
        let directory = |name: &str| path(name).display().to_string();
        let plugins_off = PLUGINS.map(|name| format!("    {name} = no\n")).concat();
        let config = format!(
            "[global]\n    run as user = {user}\n    hostname = system-test.example.org\n\
             [directories]\n    config = {CONFIG}\n    plugins = \"{}\"\n    cache = {}\n    lib = {}\n    log = {}\n    lock = {}\n\
             [db]\n    mode = ram\n[ml]\n    enabled = no\n[health]\n    enabled = no\n[cloud]\n    enabled = no\n\
             [web]\n    default port = {port}\n    bind to = 127.0.0.1\n[plugins]\n{plugins_off}",
            directory("plugins.d"),
            directory("cache"),
            directory("lib"),
            directory("log"),
            directory("lock"),
        );
        fs::write(Path::new(CONFIG).join("netdata.conf"), config).unwrap();
        let ours = Path::new(CONFIG).join("anonymous-statistics.toml");
        fs::write(&ours, format!("url = \"{}\"\n", receiver.url())).unwrap();
        testkit::set_mode(&ours, 0o644);
        let file = Path::new(CONFIG).join(".opt-out-from-anonymous-statistics");
        let _ = fs::remove_file(&file);
        if opt_out_file {
            fs::write(&file, "").unwrap();
        }
        let child = Command::new("/usr/sbin/netdata")
            .args(["-D", "-c"])
            .arg(Path::new(CONFIG).join("netdata.conf"))
            .env_clear()
            .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")
            .envs(variables.iter().copied())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let daemon = Self { child, folder, port };
        assert!(until(LONG, || daemon.get("/api/v1/info").is_some()), "the daemon does not answer:\n{}", daemon.log());
        daemon
    }

    /// Asks the daemon's API.
    fn get(&self, path: &str) -> Option<Json> {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).ok()?;
        stream.set_read_timeout(Some(Duration::from_secs(10))).ok()?;
        write!(stream, "GET {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n").ok()?;
        let mut reply = Vec::new();
        stream.read_to_end(&mut reply).ok()?;
        let end = reply.windows(4).position(|w| w == b"\r\n\r\n")? + 4;
        serde_json::from_slice(&reply[end..]).ok()
    }

    fn lib(&self) -> PathBuf {
        self.folder.path().join("lib")
    }

    fn guid(&self) -> String {
        fs::read_to_string(self.lib().join("registry/netdata.public.unique.id")).unwrap().trim().to_owned()
    }

    fn log(&self) -> String {
        let bytes = fs::read(self.folder.path().join("log/error.log")).unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// Sends a signal and waits for the daemon's end. A signal just before the daemon's wait for one is noted, but not
    /// handled before the next, so it is repeated.
    fn signal(&mut self, signal: rustix::process::Signal) {
        let pid = rustix::process::Pid::from_child(&self.child);
        let mut ended = false;
        for _ in 0..6 {
            rustix::process::kill_process(pid, signal).unwrap();
            ended = until(Duration::from_secs(10), || self.child.try_wait().unwrap().is_some());
            if ended {
                break;
            }
        }
        assert!(ended, "the daemon does not end:\n{}", self.log());
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn until(time: Duration, mut condition: impl FnMut() -> bool) -> bool {
    let end = Instant::now() + time;
    while Instant::now() < end {
        if condition() {
            return true;
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    condition()
}

fn events(requests: &[Vec<u8>]) -> Vec<String> {
    requests.iter().map(|request| parts(request).1["event"].as_str().unwrap().to_owned()).collect()
}

fn facts() -> Json {
    let output = Command::new(program("system-info")).arg("--json").env_clear().output().unwrap();
    serde_json::from_slice(&output.stdout).unwrap()
}

/// A fact in the form of the event and the daemon.
fn fact(facts: &Json, path: &str) -> String {
    let leaf = path.split('.').fold(facts, |value, key| &value[key]);
    match &leaf["value"] {
        Json::Null => "unknown".to_owned(),
        Json::String(text) => text.clone(),
        other => other.to_string(),
    }
}

const FACTS: [(&str, &str); 14] = [
    ("host_os_name", "os.name"),
    ("host_os_id", "os.id"),
    ("host_os_id_like", "os.id_like"),
    ("host_os_version", "os.version"),
    ("host_os_version_id", "os.version_id"),
    ("system_kernel_name", "kernel.name"),
    ("system_kernel_version", "kernel.release"),
    ("system_architecture", "kernel.architecture"),
    ("system_virtualization", "virtualization.name"),
    ("system_container", "container.name"),
    ("system_cpu_logical_cpu_count", "cpu.logical_count"),
    ("system_cpu_model", "cpu.model"),
    ("system_total_ram", "memory.total_bytes"),
    ("system_total_disk_size", "disk.total_bytes"),
];

fn check_event(request: &[u8], daemon: &Daemon, facts: &Json) {
    let (_, body) = parts(request);
    let properties = &body["properties"];
    let action = properties["action"].as_str().unwrap();
    for field in FIELDS.iter().filter(|field| field.place == Place::Properties && field.occurs_in(action)) {
        let expected = !matches!(field.origin, Origin::ArgumentOf { .. } | Origin::Dropped | Origin::Withheld);
        assert_eq!(properties.get(field.name).is_some(), expected, "{action}: {}", field.name);
    }
    for name in ["distinct_id", "netdata_machine_guid"] {
        assert_eq!(properties[name], daemon.guid(), "{name}");
    }
    // In a container the operating system's facts have other names.
    let inside = fact(facts, "container.name") != "none";
    for (name, path) in FACTS {
        let name = if inside { name.replace("host_os", "container_os") } else { name.to_owned() };
        assert_eq!(properties[&name], fact(facts, path), "{name}");
    }
    assert_eq!(properties["netdata_version"], "v1.37.1");
    assert_eq!(properties["alarms_normal"], Json::Null);
    assert!(!body.to_string().contains("system-test"), "the host name is in the event");
}

/// The daemon's log has no complaint about the scripts.
fn check_log(daemon: &Daemon) {
    for line in
        daemon.log().lines().filter(|line| line.contains("system-info") || line.contains("anonymous-statistics"))
    {
        let complaint =
            ["exited", "cannot", "failed", "Failed", "Unexpected", "error"].iter().any(|word| line.contains(word));
        assert!(!complaint, "{line}");
    }
    assert!(!daemon.log().contains("Statistics failed to send"), "{}", daemon.log());
}

#[test]
fn a_real_daemon_sends_its_events_through_us() {
    enclosed(this_test!(), || {
        let receiver = Receiver::start(Reply::Status(200, ""));
        let mut daemon = Daemon::start(&receiver, &[], false);
        let started = receiver.wait_for(2, LONG);
        assert_eq!(events(&started), ["START -", "ACLK_DISABLED -"]);

        let hello = daemon.get("/api/v1/registry?action=hello").unwrap();
        assert_eq!(hello["anonymous_statistics"], true);
        let facts = facts();
        let info = daemon.get("/api/v1/info").unwrap();
        for (name, path) in [
            ("kernel_name", "kernel.name"),
            ("kernel_version", "kernel.release"),
            ("architecture", "kernel.architecture"),
            ("virtualization", "virtualization.name"),
            ("container", "container.name"),
            ("cores_total", "cpu.logical_count"),
            ("ram_total", "memory.total_bytes"),
            ("total_disk_space", "disk.total_bytes"),
        ] {
            assert_eq!(info[name], fact(&facts, path), "/api/v1/info: {name}");
        }
        assert_eq!(info["virt_detection"], facts["virtualization"]["name"]["source"].as_str().unwrap_or("unknown"));

        // The preview now shows what the daemon sent, byte for byte, up to the random number and the time. It gets the
        // directories, since another daemon may run on this machine.
        let shown = Command::new(program("telemetry-preview"))
            .args(["show", "--raw", "--event", "START", "--config-dir", CONFIG, "--lib-dir"])
            .arg(daemon.lib())
            .env_clear()
            .stdin(Stdio::null())
            .output()
            .unwrap();
        assert!(shown.status.success(), "{}", String::from_utf8_lossy(&shown.stderr));
        let without_stamp =
            |bytes: &[u8]| String::from_utf8_lossy(bytes).split_once("\"uuid\":\"").unwrap().0.to_owned();
        assert_eq!(without_stamp(&shown.stdout), without_stamp(&started[0]));
        assert_eq!(shown.stdout.len(), started[0].len());

        daemon.signal(rustix::process::Signal::TERM);
        let all = receiver.wait_for(3, LONG);
        assert_eq!(events(&all), ["START -", "ACLK_DISABLED -", "EXIT OK"]);
        for request in &all {
            check_event(request, &daemon, &facts);
        }
        check_log(&daemon);
        let state = daemon.lib().join("anonymous-statistics");
        assert_eq!(fs::read_dir(state.join("sent")).unwrap().count(), 3);
        assert_eq!(fs::read_dir(state.join("waiting")).unwrap().count(), 0);
    });
}

#[test]
fn a_failing_daemon_sends_what_failed() {
    enclosed(this_test!(), || {
        let receiver = Receiver::start(Reply::Status(200, ""));
        let mut daemon = Daemon::start(&receiver, &[], false);
        receiver.wait_for(2, LONG);
        daemon.signal(rustix::process::Signal::BUS);
        let all = receiver.wait_for(4, LONG);
        assert_eq!(events(&all), ["START -", "ACLK_DISABLED -", "FATAL netdata:netdata", "EXIT ERROR"]);
        let facts = facts();
        for request in &all {
            check_event(request, &daemon, &facts);
        }
        let (_, body) = parts(&all[2]);
        let properties = &body["properties"];
        assert_eq!(
            (&properties["netdata_process"], &properties["fatal_function"]),
            (&"netdata".into(), &"signals_handle".into())
        );
        assert_eq!(properties["fatal_file"], "daemon/");
        assert!(properties["fatal_line"].is_u64() && properties["fatal_errno"].is_i64());
        check_log(&daemon);
    });
}

/// Starts and stops a daemon that must not send, and returns the value for its dashboard.
fn silent_daemon(variables: &[(&str, &str)], file: bool) -> Json {
    let receiver = Receiver::start(Reply::Status(200, ""));
    let mut daemon = Daemon::start(&receiver, variables, file);
    let hello = daemon.get("/api/v1/registry?action=hello").unwrap();
    daemon.signal(rustix::process::Signal::TERM);
    assert_eq!(receiver.connections(), 0, "{variables:?} {file}");
    assert!(!daemon.lib().join("anonymous-statistics").exists());
    check_log(&daemon);
    hello["anonymous_statistics"].clone()
}

#[test]
fn with_the_opt_out_file_nothing_arrives() {
    enclosed(this_test!(), || assert_eq!(silent_daemon(&[], true), false));
}

#[test]
fn with_disable_telemetry_nothing_arrives() {
    enclosed(this_test!(), || {
        silent_daemon(&[("DISABLE_TELEMETRY", "1")], false);
    });
}

#[test]
fn with_do_not_track_nothing_arrives() {
    enclosed(this_test!(), || {
        silent_daemon(&[("DO_NOT_TRACK", "1")], false);
    });
}
