//! What the tests of all packages and `cargo xtask` share: receivers, servers, agents of their own, and skips.

#![allow(clippy::unwrap_used, clippy::missing_panics_doc, reason = "helpers of tests, where a panic is a failed test")]
#![allow(missing_debug_implementations, clippy::new_without_default, reason = "nothing prints or invents them")]

pub mod crowded;
pub mod hanging;
pub mod names;
pub mod nginx;
pub mod scratch;
mod skip;
pub mod squid;

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::{Arc, LazyLock, Mutex};
use std::time::{Duration, Instant};

pub use skip::skip;

/// The identifier in the tests' calls.
pub const GUID: &str = "5c1d2a34-0b7e-4f6a-9d21-7a3e9b8c4d10";

/// How the name of a temporary file in the outbox begins.
pub const TEMPORARY: &str = ".new-";

/// A server on loopback that answers every request alike and keeps what it received.
pub struct Receiver {
    address: String,
    received: Arc<Mutex<Vec<Vec<u8>>>>,
    connections: Arc<Mutex<usize>>,
}

/// How the receiver behaves.
#[derive(Clone, Copy)]
pub enum Reply {
    /// It answers with this status and these further header lines.
    Status(u16, &'static str),
    /// It reads the request and never answers.
    Silence,
    /// It reads the request and closes the connection.
    Close,
    /// It answers the first request of each connection, and closes it at the first byte of a second one.
    OnceEach,
    /// It answers the first request of each connection with the first status, and further ones with the second.
    Then(u16, u16),
}

impl Receiver {
    pub fn start(reply: Reply) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let received = Arc::new(Mutex::new(Vec::new()));
        let connections = Arc::new(Mutex::new(0));
        let (all, count) = (Arc::clone(&received), Arc::clone(&connections));
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                *count.lock().unwrap() += 1;
                let all = Arc::clone(&all);
                std::thread::spawn(move || {
                    let _ = serve(stream.unwrap(), reply, &all);
                });
            }
        });
        Self { address, received, connections }
    }

    pub fn url(&self) -> String {
        format!("http://{}/capture/", self.address)
    }

    /// The requests that arrived, each with all its bytes.
    pub fn requests(&self) -> Vec<Vec<u8>> {
        self.received.lock().unwrap().clone()
    }

    /// Waits until so many requests arrived.
    pub fn wait_for(&self, number: usize, time: Duration) -> Vec<Vec<u8>> {
        let until = Instant::now() + time;
        while self.requests().len() < number && Instant::now() < until {
            std::thread::sleep(Duration::from_millis(20));
        }
        self.requests()
    }

    pub fn connections(&self) -> usize {
        *self.connections.lock().unwrap()
    }

    /// The one request that arrived: its head and its body as JSON.
    pub fn single(&self) -> (String, serde_json::Value) {
        let requests = self.requests();
        assert_eq!(requests.len(), 1, "expected one request");
        parts(&requests[0])
    }
}

fn serve(mut stream: TcpStream, reply: Reply, all: &Mutex<Vec<Vec<u8>>>) -> std::io::Result<()> {
    if let Reply::Then(first, then) = reply {
        let one = |status, stream: &mut TcpStream| serve_one(stream, Reply::Status(status, ""), all);
        one(first, &mut stream)?;
        while one(then, &mut stream)? {}
        return Ok(());
    }
    if matches!(reply, Reply::OnceEach) {
        serve_one(&mut stream, Reply::Status(200, ""), all)?;
        // With the rest unread, it is reset.
        return stream.read(&mut [0]).map(drop);
    }
    serve_one(&mut stream, reply, all).map(drop)
}

/// Serves one request, and says whether there was one.
fn serve_one(stream: &mut TcpStream, reply: Reply, all: &Mutex<Vec<Vec<u8>>>) -> std::io::Result<bool> {
    let mut bytes = Vec::new();
    let mut buffer = [0; 16 * 1024];
    loop {
        let read = stream.read(&mut buffer)?;
        bytes.extend_from_slice(&buffer[..read]);
        if read == 0 || is_complete(&bytes) {
            break;
        }
    }
    if bytes.is_empty() {
        return Ok(false);
    }
    all.lock().unwrap().push(bytes);
    match reply {
        Reply::Status(status, headers) => {
            // In one piece: for the rest of it the kernel would wait until the first is acknowledged.
            let answer = format!("HTTP/1.1 {status} Status\r\ncontent-length: 2\r\n{headers}\r\nok");
            stream.write_all(answer.as_bytes())?;
        }
        Reply::Silence => std::thread::sleep(Duration::from_secs(30)),
        Reply::Close | Reply::OnceEach | Reply::Then(..) => {}
    }
    Ok(true)
}

/// Whether these are all bytes of a request.
pub fn is_complete(bytes: &[u8]) -> bool {
    let Some(end) = bytes.windows(4).position(|w| w == b"\r\n\r\n") else { return false };
    let head = String::from_utf8_lossy(&bytes[..end]).to_lowercase();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")?.trim().parse::<usize>().ok());
    bytes.len() >= end + 4 + length.unwrap_or(0)
}

/// Head and body of a request.
pub fn parts(request: &[u8]) -> (String, serde_json::Value) {
    let end = request.windows(4).position(|w| w == b"\r\n\r\n").unwrap() + 4;
    let head = String::from_utf8(request[..end].to_vec()).unwrap();
    (head, serde_json::from_slice(&request[end..]).unwrap())
}

/// Folders of an agent, in a temporary place.
pub struct Home {
    folder: tempfile::TempDir,
}

impl Home {
    pub fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        for name in ["config", "lib", "plugins"] {
            std::fs::create_dir(folder.path().join(name)).unwrap();
        }
        Self { folder }
    }

    /// A home whose configuration sends to this receiver.
    pub fn sending_to(receiver: &Receiver) -> Self {
        let home = Self::new();
        home.configure(&format!("url = \"{}\"\n", receiver.url()));
        home
    }

    pub fn configure(&self, text: &str) {
        let file = self.config().join("anonymous-statistics.toml");
        std::fs::write(&file, text).unwrap();
        set_mode(&file, 0o644);
    }

    pub fn config(&self) -> PathBuf {
        self.folder.path().join("config")
    }

    pub fn lib(&self) -> PathBuf {
        self.folder.path().join("lib")
    }

    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    pub fn opt_out_file(&self) -> PathBuf {
        self.config().join(".opt-out-from-anonymous-statistics")
    }

    /// Lets events that were frozen for one receiver be meant for another: the tests' servers cannot come back at the port
    /// that they had.
    pub fn redirect_waiting(&self, from: &Receiver, to: &Receiver) {
        self.configure(&format!("url = \"{}\"\n", to.url()));
        let folder = self.lib().join("anonymous-statistics/waiting");
        for name in self.events("waiting") {
            let entry = std::fs::read_to_string(folder.join(&name)).unwrap();
            std::fs::write(folder.join(&name), entry.replace(&from.address, &to.address)).unwrap();
        }
    }

    /// The names of the events in a state: `waiting` or `sent`. A sender whose time was over may have left a temporary file
    /// beside them, which a later one deletes.
    pub fn events(&self, state: &str) -> Vec<String> {
        self.files(state).into_iter().filter(|name| !name.starts_with(TEMPORARY)).collect()
    }

    /// The names of the events in a state and of temporary files.
    pub fn files(&self, state: &str) -> Vec<String> {
        let folder = self.lib().join("anonymous-statistics").join(state);
        let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
        let mut names: Vec<String> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    /// Every path below this home.
    pub fn tree(&self) -> Vec<PathBuf> {
        let mut found = Vec::new();
        let mut open = vec![self.folder.path().to_owned()];
        while let Some(folder) = open.pop() {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.symlink_metadata().unwrap().is_dir() {
                    open.push(path.clone());
                }
                found.push(path);
            }
        }
        found.sort();
        found
    }

    /// A call of the daemon with this home's folders in its environment.
    pub fn call(&self, arguments: &[&str]) -> Call {
        let path = |name: &str| self.path().join(name).into_os_string().into_string().unwrap();
        let (config, lib, plugins) = (path("config"), path("lib"), path("plugins"));
        let environment = [
            ("NETDATA_USER_CONFIG_DIR", config.as_str()),
            ("NETDATA_LIB_DIR", &lib),
            ("NETDATA_PLUGINS_DIR", &plugins),
            ("NETDATA_REGISTRY_UNIQUE_ID", GUID),
            ("NETDATA_VERSION", "v1.37.1"),
            ("NETDATA_HOSTNAME", "web1.example.org"),
            ("PATH", "/nonexistent"),
        ];
        Call {
            arguments: arguments.iter().map(ToString::to_string).collect(),
            environment: environment.map(|(name, value)| (name.to_owned(), value.to_owned())).into(),
        }
    }

    /// A START call as a daemon of version 1.37 makes it.
    pub fn start(&self) -> Call {
        self.call(&full(["START", "-", "-"]))
    }
}

/// The 42 arguments of a daemon of version 1.37 for an action with its result and data.
pub fn full(happened: [&str; 3]) -> Vec<&str> {
    let mut arguments = vec!["null"; 42];
    arguments[..3].copy_from_slice(&happened);
    for (number, value) in [
        (4, "false"),
        (5, "\"dbengine\""),
        (12, r#"{"plugin":"apps.plugin","module":""}, {"plugin":"proc.plugin","module":"/proc/stat"}"#),
        (13, "2"),
        (14, "\"dbengine|Native HTTPS|TLS Host Verification|JSON-C|libcap\""),
        (15, "32"),
        (16, "256"),
        (17, "true"),
        (18, "true"),
        (19, "\"stable\""),
        (34, "\"Next Generation\""),
        (36, "false"),
        (38, "\"unknown\""),
        (41, "-1000"),
    ] {
        arguments[number - 1] = value;
    }
    arguments
}

/// A call of the daemon.
#[derive(Clone)]
pub struct Call {
    pub arguments: Vec<String>,
    pub environment: BTreeMap<String, String>,
}

impl Call {
    #[must_use]
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.environment.insert(name.to_owned(), value.to_owned());
        self
    }

    #[must_use]
    pub fn without(mut self, name: &str) -> Self {
        self.environment.remove(name);
        self
    }

    /// The command that makes the call.
    pub fn command(&self) -> Command {
        let mut command = Command::new(sender());
        command.args(&self.arguments).env_clear().envs(&self.environment).current_dir("/").stdin(Stdio::null());
        command
    }

    pub fn run(&self) -> Output {
        self.command().output().unwrap()
    }

    /// The form of `--call FILE`.
    pub fn record(&self, file: &Path) {
        let call = serde_json::json!({ "argv": self.arguments, "env": self.environment });
        std::fs::write(file, call.to_string()).unwrap();
    }
}

/// The folder of the programs that cargo has built. To the tests of a package it names those of the package, which lie beside
/// all others.
fn programs() -> PathBuf {
    let named = std::env::vars_os().find(|(name, _)| name.to_string_lossy().starts_with("CARGO_BIN_EXE_"));
    match named {
        Some((_, file)) => Path::new(&file).parent().unwrap().to_owned(),
        None => std::env::current_exe().unwrap().ancestors().nth(2).unwrap().to_owned(),
    }
}

/// The sender.
pub fn sender() -> &'static str {
    static FILE: LazyLock<String> =
        LazyLock::new(|| program("anonymous-statistics").into_os_string().into_string().unwrap());
    &FILE
}

/// A word for a shell. Where the folder for temporary files lies is not for the tests to say: its path may have blanks.
pub fn quoted(word: impl AsRef<Path>) -> String {
    format!("'{}'", word.as_ref().to_str().unwrap().replace('\'', r"'\''"))
}

/// Where commands are looked for: a person's search path, and the folders of the system's own, which an ordinary user's need
/// not hold (Debian's does not; dpkg is one of those that look there).
pub fn search_path() -> OsString {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let system = ["/usr/local/sbin", "/usr/sbin", "/sbin"].map(PathBuf::from);
    std::env::join_paths(std::env::split_paths(&path).chain(system)).unwrap()
}

/// Where a command is found.
pub fn find(name: &str) -> Option<PathBuf> {
    std::env::split_paths(&search_path()).map(|folder| folder.join(name)).find(|file| file.is_file())
}

/// The words that start strace so that it sees all that the sender does; where there are none, that is a skip.
///
/// The sender makes itself not dumpable. Then its memory, where file names and addresses are, is open to those only who have
/// `CAP_SYS_PTRACE` over it (ptrace(2), "Ptrace access mode checking"): root, and anyone in a user namespace of their own.
pub fn strace(test: &str) -> Option<&'static [String]> {
    const IN_A_NAMESPACE: [&str; 5] = ["unshare", "--user", "--map-current-user", "--keep-caps", "--"];
    static WORDS: LazyLock<Option<Vec<String>>> = LazyLock::new(|| {
        let sees = |words: &[String]| {
            let folder = tempfile::tempdir().unwrap();
            let log = folder.path().join("log");
            let mut command = command(words);
            command.arg("-o").arg(&log).arg(sender()).args(["--config-dir", "/nonexistent", "--dry-run", "START"]);
            let ran = command.env_clear().stdin(Stdio::null()).output().is_ok();
            ran && std::fs::read_to_string(log).is_ok_and(|log| log.contains("\"/nonexistent/"))
        };
        let words = |before: &[&str]| -> Option<Vec<String>> {
            let mut words: Vec<String> = before.iter().map(ToString::to_string).collect();
            if let Some(first) = words.first_mut() {
                *first = find(first)?.into_os_string().into_string().ok()?;
            }
            words.push(find("strace")?.into_os_string().into_string().ok()?);
            Some(words)
        };
        [&[][..], &IN_A_NAMESPACE].into_iter().filter_map(words).find(|words| sees(words))
    });
    if WORDS.is_none() {
        skip(test, "strace is not installed, or cannot see here what the sender does");
    }
    WORDS.as_deref()
}

/// A path as strace prints it: bytes that are not ASCII in octal.
pub fn in_strace(path: &Path) -> String {
    let bytes = path.to_str().unwrap().bytes();
    bytes.map(|byte| if byte.is_ascii() { char::from(byte).to_string() } else { format!("\\{byte:o}") }).collect()
}

/// The command that these words begin.
pub fn command(words: &[String]) -> Command {
    let mut command = Command::new(&words[0]);
    command.args(&words[1..]);
    command
}

/// One of the programs of the workspace.
pub fn program(name: &str) -> PathBuf {
    let path = programs().join(name);
    assert!(path.is_file(), "{} is missing: build the workspace first (cargo build --workspace)", path.display());
    path
}

/// A program as it is given away, where there is a static build: it makes half as many system calls before it begins to work.
pub fn given_away(name: &str) -> PathBuf {
    let folder = std::env::var_os("STATIC_PROGRAMS");
    folder.map_or_else(|| program(name), |folder| Path::new(&folder).join(name))
}

/// A system call: its name, and which of the calls with this name of its process it is.
pub type Point = (String, usize);

/// Every system call in a log of strace at which a program can be ended, or told of an error.
pub fn points(log: &Path) -> Vec<Point> {
    let text = std::fs::read_to_string(log).unwrap();
    let mut counts: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    let mut points = BTreeSet::new();
    for line in text.lines() {
        let Some((process, rest)) = line.split_once(' ') else { continue };
        let Some((name, _)) = rest.trim_start().split_once('(') else { continue };
        let plain = !name.is_empty() && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
        // strace follows the program from its start on, which itself cannot be ended.
        if !plain || name == "execve" {
            continue;
        }
        let count = counts.entry((process, name)).or_default();
        *count += 1;
        // strace counts for each process: the one that gets there first is ended.
        points.insert((name.to_owned(), *count));
    }
    points.into_iter().collect()
}

/// Standard output and standard error as text, and the exit status.
pub fn said(output: &Output) -> (String, String, i32) {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    (text(&output.stdout), text(&output.stderr), output.status.code().unwrap())
}

/// Whether the machine itself has opted out, as Debian's package of netdata does: then no test can send from here, unless
/// it runs where those folders are empty. Reports it as a skip.
pub fn opted_out_here(test: &str) -> bool {
    let places = anonymous_statistics::agent::folders::CONFIG_DIRECTORIES.map(Path::new);
    let found = places
        .iter()
        .map(|place| place.join(".opt-out-from-anonymous-statistics"))
        .find(|file| file.symlink_metadata().is_ok());
    if let Some(file) = &found {
        skip(
            test,
            &format!("this machine has opted out ({}); cargo xtask test gives the tests empty folders", file.display()),
        );
    }
    found.is_some()
}

pub fn set_mode(path: &Path, mode: u32) {
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
}
