//! The preview has no network code, and opens no network socket in a whole session.

use std::fs;
use std::path::Path;
use std::process::Command;

use testkit::{Receiver, Reply, opted_out_here, skip, this_test};

use crate::common::{Agent, EVERY_VERB, LOOKED, PROGRAM, Terminal, quoted};

/// Crates that open connections, or that only such crates need. `*` ends the name of a family.
const NETWORK: [&str; 30] = [
    "ureq*",
    "rustls*",
    "ring",
    "webpki*",
    "aws-lc*",
    "socket2",
    "hyper*",
    "http",
    "httparse",
    "h2",
    "h3",
    "quinn*",
    "native-tls",
    "openssl*",
    "schannel",
    "security-framework*",
    "tokio*",
    "async-std",
    "async-io",
    "smol",
    "reqwest",
    "curl*",
    "isahc",
    "attohttpc",
    "minreq",
    "trust-dns*",
    "hickory*",
    "tungstenite",
    "ssh2",
    "nix",
];

fn is_network(name: &str) -> bool {
    NETWORK.iter().any(|known| match known.strip_suffix('*') {
        Some(family) => {
            name == family || name.starts_with(&format!("{family}-")) || name.starts_with(&format!("{family}_"))
        }
        None => name == *known,
    })
}

#[test]
fn the_dependency_tree_has_no_network_crate() {
    let mut command = Command::new(env!("CARGO"));
    command.args(["tree", "--offline", "--locked", "--package", "telemetry-preview", "--edges", "normal"]);
    command.args(["--prefix", "none"]).current_dir(Path::new(env!("CARGO_MANIFEST_DIR")));
    let closed = std::env::var_os("CARGO_HOME").is_some_and(|home| fs::read_dir(home).is_err());
    let Some(output) = command.output().ok().filter(|_| !closed) else {
        return skip(this_test!(), "cargo or its folder is closed to this user");
    };
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let tree = String::from_utf8(output.stdout).unwrap();
    let names: Vec<&str> = tree.lines().filter_map(|line| line.split_whitespace().next()).collect();
    assert!(names.contains(&"ratatui") && names.contains(&"anonymous-statistics"), "{tree}");
    let found: Vec<&&str> = names.iter().filter(|name| is_network(name)).collect();
    assert!(found.is_empty(), "{found:?}");
    for bad in ["ureq", "rustls-webpki", "webpki-roots", "ring", "hyper-util", "tokio", "openssl-sys"] {
        assert!(is_network(bad), "{bad} would not be noticed");
    }
}

/// crossterm waits for keys with mio, which has sockets too, but none of that is left in the program: it does not even
/// import the calls that open or connect a socket or look up a name. (A local socket pair wakes it on signals.)
#[cfg(all(target_os = "linux", target_env = "gnu"))]
#[test]
fn the_program_does_not_import_what_a_connection_needs() {
    let Ok(output) = Command::new("nm").args(["--dynamic", "--undefined-only", PROGRAM]).output() else {
        return skip(this_test!(), "needs nm");
    };
    let listed = String::from_utf8(output.stdout).unwrap();
    let imports: Vec<&str> =
        listed.lines().filter_map(|line| line.split_whitespace().last()?.split('@').next()).collect();
    assert!(
        imports.contains(&"socketpair") && imports.contains(&"openat64") | imports.contains(&"open64"),
        "{imports:?}"
    );
    for call in ["socket", "connect", "bind", "listen", "accept", "accept4", "sendto", "getaddrinfo", "gethostbyname"] {
        assert!(!imports.contains(&call), "imports {call}");
    }
}

/// Whether strace works here: containers often forbid it.
pub(crate) fn strace_works(agent: &Agent) -> bool {
    let log = agent.path("try");
    Command::new("strace").arg("-o").arg(&log).arg("true").output().is_ok_and(|output| output.status.success())
}

/// Internet sockets in a log of strace, and anything else that could reach a network.
fn suspicious(log: &str) -> Vec<&str> {
    let unix_only = |line: &str| line.contains("AF_UNIX") || line.contains("resumed>");
    log.lines()
        .filter(|line| {
            line.contains("socket(")
                || line.contains("socketpair(")
                || line.contains("connect(")
                || line.contains("sendto(")
        })
        .filter(|line| {
            line.contains("AF_INET") || line.contains("connect(") || !unix_only(line) && !line.contains("sendto(")
        })
        .collect()
}

#[test]
fn a_whole_session_opens_no_network_socket() {
    let test = this_test!();
    let agent = Agent::new();
    if !strace_works(&agent) {
        return skip(test, "needs strace, and the right to use it");
    }
    let call = agent.recorded_call("START", "-", "-");
    let call = call.to_str().unwrap();
    let trace = |log: &Path| {
        let mut command = Command::new("strace");
        command.args(["-f", "-e", "trace=%network,execve", "-o"]).arg(log).arg(PROGRAM);
        command.env_clear().envs(agent.environment()).env("PATH", std::env::var_os("PATH").unwrap_or_default());
        command
    };
    let with_call = ["show", "--call", call];
    for (number, arguments) in EVERY_VERB.iter().copied().chain([&with_call[..]]).enumerate() {
        let log = agent.path(&format!("log{number}"));
        trace(&log).args(arguments).output().unwrap();
        check(&log, arguments);
    }
    if !Terminal::is_there() {
        return skip(test, "the part with the screens needs tmux");
    }
    let log = agent.path("log-screens");
    let command = format!(
        "cd {}; env {} LANG=C.UTF-8 strace -f -e trace=%network,execve -o {} {}; echo the end; sleep 60",
        quoted(agent.root()),
        agent.variables(),
        quoted(&log),
        quoted(PROGRAM)
    );
    let terminal = Terminal::run((80, 24), &command);
    terminal.wait_for(LOOKED);
    for (key, shows) in [
        ("2", "[2 Fields]"),
        ("Enter", "Reveals"),
        ("Escape", "> ? distinct_id"),
        ("y", "asked the terminal"),
        ("3", "[3 Bytes]"),
        ("p", "on the wire"),
        ("p", "The headers"),
        ("w", "Save the request?"),
        ("Enter", "Created "),
        ("Enter", "? help"),
        ("4", "[4 Compare]"),
        ("d", "d: differences"),
        ("/", "Enter done"),
        ("a", "/a_"),
        ("Escape", "? help"),
        ("6", "[6 History]"),
        ("5", "[5 Consent]"),
        ("c", "channel"),
        ("5", "[5 Consent]"),
        ("e", "event EXIT"),
        ("x", "event EXIT"),
        ("r", "[5 Consent]"),
        ("?", "Keys"),
        ("Escape", "Why"),
        ("o", "Opt out?"),
        ("Enter", "Status: OFF"),
        ("Enter", "? help"),
        ("i", "Opt in?"),
        ("Escape", "? help"),
        ("q", "the end"),
    ] {
        terminal.keys(&[key]);
        // Where a busy machine still looks, the key says so; then it is pressed again, until the events come round.
        let is_there = |screen: &str| screen.contains(shows);
        while !is_there(&terminal.wait_until(shows, |screen| is_there(screen) || screen.contains("still looking"))) {
            terminal.keys(&[key]);
        }
    }
    check(&log, &["the screens"]);
}

/// The one exception: a confirmed test starts the installed sender. That one connects; the preview does not.
#[test]
fn a_test_starts_the_sender_alone() {
    let test = this_test!();
    if opted_out_here(test) {
        return;
    }
    let agent = Agent::new();
    if !strace_works(&agent) {
        return skip(test, "needs strace, and the right to use it");
    }
    let receiver = Receiver::start(Reply::Status(200, ""));
    agent.install_this_sender();
    agent.configure(&receiver);
    let log = agent.path("log");
    let mut command = Command::new("strace");
    command.args(["-f", "-s", "4096", "-e", "trace=%network,execve", "-o"]).arg(&log).arg(PROGRAM);
    command.args(["configure", "--test", "--yes"]).env_clear().envs(agent.environment());
    let output = command.env("PATH", std::env::var_os("PATH").unwrap_or_default()).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    assert_eq!(receiver.requests().len(), 1);
    let log = fs::read_to_string(&log).unwrap();
    let starts: Vec<&str> = log.lines().filter(|line| line.contains("execve(")).collect();
    let [preview, sender] = starts[..] else { panic!("{log}") };
    let script = agent.path("plugins/anonymous-statistics.sh").canonicalize().unwrap();
    assert!(sender.contains(&format!("execve(\"{}\"", script.to_str().unwrap())), "{sender}");
    assert!(sender.ends_with(" = 0") && sender.contains("\"--send-test\"]"), "{sender}");
    let process = |line: &str| line.split_whitespace().next().unwrap().to_owned();
    let before = log.lines().take_while(|line| *line != sender);
    let of_preview = log.lines().filter(|line| process(line) == process(preview));
    let all: Vec<&str> = before.chain(of_preview).collect();
    assert_eq!(suspicious(&all.join("\n")), Vec::<&str>::new());
    assert!(!suspicious(&log).is_empty(), "the sender's connection is seen: {log}");
}

/// Only one file names the type that starts programs.
#[test]
fn one_place_starts_a_program() {
    let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut starting = Vec::new();
    let mut folders = vec![sources.clone()];
    while let Some(folder) = folders.pop() {
        for item in fs::read_dir(folder).unwrap() {
            let path = item.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let text = fs::read_to_string(&path).unwrap();
                if text.contains("process::Command") || text.contains("process::{") && text.contains("Command::new(") {
                    starting.push(path.strip_prefix(&sources).unwrap().to_owned());
                }
            }
        }
    }
    assert_eq!(starting, [Path::new("actions/testing.rs")]);
}

fn check(log: &Path, what: &[&str]) {
    let log = fs::read_to_string(log).unwrap();
    assert_eq!(log.matches("execve(").count(), 1, "{what:?} starts a process:\n{log}");
    assert!(log.contains("exited with"), "{what:?}: the log is not complete:\n{log}");
    assert_eq!(suspicious(&log), Vec::<&str>::new(), "{what:?}");
}

#[test]
fn a_network_socket_would_be_noticed() {
    let log = "1 socket(AF_INET, SOCK_STREAM, 0) = 3\n1 socketpair(AF_UNIX, SOCK_STREAM, 0, [4, 5]) = 0\n\
               1 socket(AF_NETLINK, SOCK_RAW, 0) = 6\n1 connect(3, {sa_family=AF_INET6}, 16) = 0\n1 sendto(4, \"x\", 1) = 1";
    assert_eq!(suspicious(log).len(), 3, "{:?}", suspicious(log));
}
