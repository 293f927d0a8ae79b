//! The sender and curl with the same settings: they reach the same proxy, make the same request with the same password,
//! and end alike.
//!
//! The test runs in its own network and mount namespaces, so that the table can choose ports, names and the trust
//! store.

use std::fmt;
use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::sync::{Arc, Mutex};

use crate::is_missing;
use crate::settings::{SETTINGS, Setting};
use testkit::nginx::{Authority, NGINX, Server, identity};
use testkit::squid::{HOST, PASSWORDS, SQUID, Squid};
use testkit::{Home, enclosure, said, this_test};

const CURL: &str = "/usr/bin/curl";
const NAMES: &str = "127.0.0.1 localhost posthog.test proxy.test proxy_a.test ftp.proxy.test\n";
/// Debian's trust store, curl's only one for a proxy's certificate.
const STORE: &str = "/etc/ssl/certs/ca-certificates.crt";
const TRIES: u32 = 3;

#[test]
fn every_setting_ends_as_with_curl() {
    let test = this_test!();
    if is_missing(test, &[CURL, NGINX, SQUID, PASSWORDS, STORE, "/bin/ip"]) {
        return;
    }
    if !rustix::process::geteuid().is_root() {
        testkit::skip(test, "only root can give names and ports to it");
        return;
    }
    let Some(folder) = enclosure::inside() else {
        let files = [("hosts", NAMES), ("nsswitch.conf", "hosts: files\n")];
        return enclosure::enclose_test(&format!("beside_curl::{test}"), &files);
    };
    let world = World::make(&folder);
    let mut wrong = Vec::new();
    for setting in SETTINGS {
        let ends = || (world.ours(setting), world.curls(setting));
        let alike = |(ours, curls): &(End, End)| (ours == curls) == setting.difference.is_none();
        // A busy machine delays some calls; a defect is there each time.
        let (ours, curls) = (1..TRIES).map(|_| ends()).find(alike).unwrap_or_else(ends);
        println!("{setting}: {curls}{}", setting.difference.map(|_| format!(", ours: {ours}")).unwrap_or_default());
        match setting.difference {
            None if ours != curls => wrong.push(format!("{setting}\n  curl: {curls}\n  ours: {ours}")),
            Some(reason) if ours == curls => wrong.push(format!("{setting}\n  no difference any more: {reason}")),
            _ => {}
        }
    }
    assert!(wrong.is_empty(), "{} of {} settings:\n{}", wrong.len(), SETTINGS.len(), wrong.join("\n"));
}

/// The servers of the table, and their connections.
struct World {
    connections: Connections,
    _server: Server,
    _squids: [Squid; 2],
}

impl World {
    fn make(folder: &Path) -> Self {
        let authority = Authority::new(folder, "ours");
        let known = |name: &str| identity(folder, name, name, false, Some(&authority));
        let server = Server::start(folder, &[(known(HOST), "TLSv1.2 TLSv1.3")]);
        let open = Squid::start(&folder.join("open"), false, Some(&known("proxy.test")));
        let closed = Squid::start(&folder.join("closed"), true, None);
        let mounted = Command::new("mount").arg("--bind").arg(&authority.file).arg(STORE).status().unwrap();
        assert!(mounted.success());
        let connections = Connections::default();
        for (name, address, to) in [
            ("the server", "127.0.0.1:8443", server.ports[0]),
            ("the server without TLS", "127.0.0.1:8080", open.port),
            ("proxy A", "127.0.0.1:3128", open.port),
            ("proxy A", "[::1]:3128", open.port),
            ("proxy B", "127.0.0.1:3129", closed.port),
            ("the proxy with TLS", "127.0.0.1:3130", open.tls_port),
            ("the default port", "127.0.0.1:1080", open.port),
            ("a SOCKS proxy", "127.0.0.1:1081", 1),
            ("the port of HTTP", "127.0.0.1:80", open.port),
            ("the port of HTTPS", "127.0.0.1:443", open.tls_port),
        ] {
            connections.relay(name, address, to);
        }
        Self { connections, _server: server, _squids: [open, closed] }
    }

    fn ours(&self, setting: &Setting) -> End {
        let home = Home::new();
        home.configure(&format!("url = \"{}\"\napi_key = \"k\"\n", setting.url));
        let mut call = home.start();
        for (name, value) in setting.variables {
            call = call.with(name, value);
        }
        self.end(call.command(), |output| {
            let (status, error, code) = said(output);
            assert_eq!(error, "", "{setting}");
            (status, code)
        })
    }

    fn curls(&self, setting: &Setting) -> End {
        let mut command = Command::new(CURL);
        command
            .args(["-q", "--silent", "--max-time", "2", "--request", "POST", "--data", "{}"])
            .args(["--output", "/dev/null", "--write-out", "%{http_code}", setting.url])
            .env_clear()
            .envs(setting.variables.iter().copied())
            .stdin(Stdio::null());
        self.end(command, |output| {
            let (status, _, code) = said(output);
            (status, code)
        })
    }

    fn end(&self, mut command: Command, read: impl Fn(&Output) -> (String, i32)) -> End {
        self.connections.0.lock().unwrap().clear();
        let (status, code) = read(&command.output().unwrap());
        let connections = self.connections.0.lock().unwrap();
        let reached = connections.first().map(|connection| {
            let head = connection.heard.lock().unwrap();
            let head = String::from_utf8_lossy(&head);
            let wanted = |line: &&str| line.starts_with("CONNECT ") || line.to_lowercase().starts_with("proxy-auth");
            (
                connection.name,
                head.lines().take_while(|line| !line.is_empty()).filter(wanted).map(str::to_owned).collect(),
            )
        });
        End { reached, status, code }
    }
}

/// The outcome of a call: the first server reached and the request to it, the HTTP status, and the exit status.
#[derive(PartialEq, Eq)]
struct End {
    reached: Option<(&'static str, Vec<String>)>,
    status: String,
    code: i32,
}

impl fmt::Display for End {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.reached {
            Some((name, lines)) if lines.is_empty() => f.write_str(name)?,
            Some((name, lines)) => write!(f, "{name} ({})", lines.join(", "))?,
            None => f.write_str("nobody")?,
        }
        write!(f, ", {}, exit status {}", self.status, self.code)
    }
}

/// The accepted connections, in order.
#[derive(Default, Clone)]
struct Connections(Arc<Mutex<Vec<Connection>>>);

struct Connection {
    name: &'static str,
    heard: Arc<Mutex<Vec<u8>>>,
}

impl Connections {
    /// Listens at an address and relays to a local port.
    fn relay(&self, name: &'static str, address: &str, to: u16) {
        let listener = TcpListener::bind(address).unwrap();
        let connections = self.clone();
        std::thread::spawn(move || {
            for near in listener.incoming().map_while(Result::ok) {
                let heard = Arc::default();
                connections.0.lock().unwrap().push(Connection { name, heard: Arc::clone(&heard) });
                let Ok(far) = TcpStream::connect(("127.0.0.1", to)) else { continue };
                let (from, back) = (near.try_clone().unwrap(), far.try_clone().unwrap());
                std::thread::spawn(move || pass(from, far, Some(&heard)));
                std::thread::spawn(move || pass(back, near, None));
            }
        });
    }
}

fn pass(mut from: TcpStream, mut to: TcpStream, heard: Option<&Mutex<Vec<u8>>>) {
    let mut buffer = [0; 16 * 1024];
    while let Ok(length @ 1..) = from.read(&mut buffer) {
        if let Some(heard) = heard {
            heard.lock().unwrap().extend_from_slice(&buffer[..length]);
        }
        if to.write_all(&buffer[..length]).is_err() {
            break;
        }
    }
    let _ = to.shutdown(Shutdown::Write);
}
