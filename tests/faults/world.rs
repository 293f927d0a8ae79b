//! Causes the faults: servers on loopback, and the obstacles before them.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, Shutdown, TcpListener, TcpStream};
use std::path::Path;
use std::process::Command;
use std::sync::{Arc, Weak};
use std::time::Duration;

use crate::table::{Connect, Fault, Files, Names, Step, Then, Version, Way};
use testkit::hanging;
use testkit::nginx::{Authority, Identity, Server, identity};
use testkit::{Call, Home, Receiver, Reply, is_complete};

/// Ports in the packet filter.
const DROPPED: u16 = 1001;
const REJECTED: u16 = 1002;
const DROPPED_ON_IPV6: u16 = 1003;

/// The duration of an idle connection: longer than any call.
const LONG: Duration = Duration::from_secs(10);

/// The steps of a working server.
const GOOD: &[Step] = &[Step::Read, Step::Say("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok")];

/// Shared by all faults.
pub struct World {
    authority: Authority,
    tls: Server,
    /// Answers 200 to everybody.
    good: Receiver,
    /// Deleted at the end.
    _folder: tempfile::TempDir,
}

/// One call that meets a fault.
pub struct Scene {
    pub home: Home,
    pub call: Call,
}

impl World {
    pub fn make() -> Self {
        let folder = tempfile::tempdir().unwrap();
        filter();
        let authority = Authority::new(folder.path(), "ours");
        let make = |name: &str| -> Identity { identity(folder.path(), name, "localhost", false, Some(&authority)) };
        let late = identity(folder.path(), "late", "late.test", false, Some(&authority));
        let tls = Server::start(
            folder.path(),
            &[(make("old"), "TLSv1.2"), (make("new"), "TLSv1.3"), (late, "TLSv1.2 TLSv1.3")],
        );
        serve_at((Ipv4Addr::LOCALHOST, DROPPED_ON_IPV6), GOOD);
        Self { authority, tls, good: Receiver::start(Reply::Status(200, "")), _folder: folder }
    }

    /// A home with a configuration for the fault, and the call that meets it.
    pub fn scene(&self, fault: &Fault, arguments: &[&str]) -> Scene {
        let home = Home::new();
        let call = home.call(arguments).with("SSL_CERT_FILE", self.authority.file.to_str().unwrap());
        let at = |host: &str, port: u16| {
            home.configure(&format!("url = \"http://{host}:{port}/capture/\"\napi_key = \"k\"\n"));
        };
        let tls_at = |host: &str, port: u16| {
            home.configure(&format!("url = \"https://{host}:{port}/capture/\"\napi_key = \"k\"\n"));
        };
        let proxied = |proxy: &str| call.clone().with("https_proxy", proxy);
        let call = match fault.way {
            // Only TLS is allowed to a host other than loopback.
            Way::Names(names) => {
                tls_at(name_of(names), named_port(names, self));
                call
            }
            Way::Connect(connect) => {
                let (host, port) = address(connect);
                at(host, port);
                call
            }
            Way::Server(steps) => {
                at("127.0.0.1", serve(steps));
                call
            }
            Way::TlsServer(steps) => {
                tls_at("localhost", serve(steps));
                call
            }
            Way::Tls(version, records, then) => {
                tls_at("localhost", relay(self.tls.ports[usize::from(version == Version::Tls13)], records, then));
                call
            }
            Way::Proxy(steps) => {
                tls_at("posthog.test", 443);
                proxied(&format!("http://127.0.0.1:{}", serve(steps)))
            }
            Way::ProxyAt(url) => {
                tls_at("posthog.test", 443);
                proxied(url)
            }
            Way::Files(files) => self.files(files, &home, call),
        };
        Scene { home, call }
    }

    fn files(&self, files: Files, home: &Home, call: Call) -> Call {
        home.configure(&format!("url = \"{}\"\n", self.good.url()));
        match files {
            Files::ConfigHangs => hanging::mount_that_never_answers(&home.config()),
            Files::ConfigDead => hanging::mount_that_nobody_serves(&home.config()),
            Files::LibraryHangs => hanging::mount_that_never_answers(&home.lib()),
            Files::LibraryHangsAndServerIsSilent => {
                hanging::mount_that_never_answers(&home.lib());
                home.configure(&format!("url = \"http://127.0.0.1:{}/capture/\"\n", serve(&[Step::Read])));
            }
            Files::Full => full(&home.lib()),
            Files::FullAndServerIsSilent => {
                full(&home.lib());
                home.configure(&format!("url = \"http://127.0.0.1:{}/capture/\"\n", serve(&[Step::Read])));
            }
            Files::ReadOnly => mount(&["-t", "tmpfs", "-o", "ro,mode=755", "none"], &home.lib()),
            Files::TrustStoreHangs => {
                let fifo = home.path().join("fifo");
                assert!(Command::new("mkfifo").arg(&fifo).status().unwrap().success());
                home.configure(&format!("url = \"https://localhost:{}/capture/\"\n", self.tls.ports[1]));
                return call.with("SSL_CERT_FILE", fifo.to_str().unwrap());
            }
            Files::TrustStoreEndless => {
                home.configure(&format!("url = \"https://localhost:{}/capture/\"\n", self.tls.ports[1]));
                return call.with("SSL_CERT_FILE", "/dev/zero");
            }
        }
        call
    }
}

/// A file system of one page, filled by a file.
fn full(folder: &Path) {
    mount(&["-t", "tmpfs", "-o", "size=4k,mode=755", "none"], folder);
    std::fs::write(folder.join("filler"), [0; 4096]).unwrap();
}

fn mount(arguments: &[&str], folder: &Path) {
    let status = Command::new("mount").args(arguments).arg(folder).status().unwrap();
    assert!(status.success(), "mount {arguments:?}");
}

/// Unmounts lazily: a hung file system can only be detached.
pub fn unmount(home: &Home) {
    for folder in [home.config(), home.lib()] {
        let _ = Command::new("umount").args(["--lazy", "--internal-only"]).arg(folder).output();
    }
}

/// The packet filter of this network namespace.
fn filter() {
    let rules = format!(
        "table inet faults {{ \nchain input {{\n type filter hook input priority 0;\n\
         tcp dport {DROPPED} drop\n tcp dport {REJECTED} reject\n meta nfproto ipv6 tcp dport {DROPPED_ON_IPV6} drop\n}}\n}}\n"
    );
    let status = Command::new("nft").arg(rules).status().unwrap();
    assert!(status.success(), "nft cannot set its rules");
}

fn name_of(names: Names) -> &'static str {
    match names {
        Names::Silent => "silent.test",
        Names::Late => "late.test",
        Names::Missing => "missing.test",
        Names::Failing => "failing.test",
        Names::Garbage => "garbage.test",
        Names::Elsewhere => "elsewhere.test",
    }
}

/// The port for a name with an address.
fn named_port(names: Names, world: &World) -> u16 {
    if names == Names::Late { world.tls.ports[2] } else { 443 }
}

fn address(connect: Connect) -> (&'static str, u16) {
    match connect {
        Connect::Refused => ("127.0.0.1", 9),
        Connect::Dropped => ("127.0.0.1", DROPPED),
        Connect::Rejected => ("127.0.0.1", REJECTED),
        Connect::Full => ("127.0.0.1", full_queue()),
        // It has both addresses, and IPv6 is tried first (RFC 6724).
        Connect::DroppedOnIpv6 => ("localhost", DROPPED_ON_IPV6),
        Connect::RefusedOnIpv6 => ("localhost", serve(GOOD)),
    }
}

/// A listener that accepts nothing, with a full queue: the kernel drops further connections.
fn full_queue() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let address = listener.local_addr().unwrap();
    let mut queued = Vec::new();
    while let Ok(stream) = TcpStream::connect_timeout(&address, Duration::from_millis(300)) {
        queued.push(stream);
        assert!(queued.len() < 10_000, "the queue does not fill");
    }
    std::mem::forget((listener, queued));
    address.port()
}

/// A server that performs these steps on each connection.
fn serve(steps: &'static [Step]) -> u16 {
    serve_at((Ipv4Addr::LOCALHOST, 0), steps)
}

fn serve_at(address: (Ipv4Addr, u16), steps: &'static [Step]) -> u16 {
    let listener = TcpListener::bind(address).unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            std::thread::spawn(move || follow(stream, steps));
        }
    });
    port
}

fn follow(mut stream: TcpStream, steps: &[Step]) {
    for step in steps {
        let went = match step {
            Step::Read => read(&mut stream),
            Step::Pause => {
                std::thread::sleep(Duration::from_millis(100));
                Ok(())
            }
            Step::ReadByte => stream.read_exact(&mut [0]),
            Step::Say(text) => stream.write_all(&bytes(text)),
            Step::Drip(text) => bytes(text).iter().try_for_each(|byte| {
                std::thread::sleep(Duration::from_secs(1));
                stream.write_all(&[*byte])
            }),
            Step::Flood(text) => {
                let block = bytes(text).repeat(100);
                // More than any limit; and an end, in case there is no limit.
                (0..20_000).try_for_each(|_| stream.write_all(&block))
            }
            Step::EndWriting => stream.shutdown(Shutdown::Write),
            Step::EndReading => stream.shutdown(Shutdown::Read),
            Step::Close => return,
            Step::Reset => return reset(&stream),
        };
        if went.is_err() {
            return;
        }
    }
    std::thread::sleep(LONG);
}

/// One character per byte, as in the tables.
fn bytes(text: &str) -> Vec<u8> {
    text.chars().map(|c| u8::try_from(u32::from(c)).unwrap()).collect()
}

fn read(stream: &mut TcpStream) -> std::io::Result<()> {
    let (mut all, mut buffer) = (Vec::new(), [0; 16 * 1024]);
    while !is_complete(&all) {
        let length = stream.read(&mut buffer)?;
        if length == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        all.extend_from_slice(&buffer[..length]);
    }
    Ok(())
}

/// A linger time of 0 makes close(2) reset the connection (`SO_LINGER`, socket(7)).
fn reset(stream: &TcpStream) {
    rustix::net::sockopt::set_socket_linger(stream, Some(Duration::ZERO)).unwrap();
}

/// Passes bytes between the sender and a TLS server, and limits the number of the server's records.
fn relay(server: u16, records: usize, then: Then) -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for client in listener.incoming().flatten() {
            let behind = TcpStream::connect((Ipv4Addr::LOCALHOST, server)).unwrap();
            let to = behind.try_clone().unwrap();
            client.set_read_timeout(Some(Duration::from_millis(20))).unwrap();
            let client = Arc::new(client);
            let from = Arc::downgrade(&client);
            std::thread::spawn(move || forward(&from, to));
            std::thread::spawn(move || pass(behind, &client, records, then));
        }
    });
    port
}

/// Passes on the sender's bytes, as long as the other direction exists.
fn forward(from: &Weak<TcpStream>, mut to: TcpStream) {
    let mut buffer = [0; 16 * 1024];
    while let Some(from) = from.upgrade() {
        match (&*from).read(&mut buffer) {
            Ok(0) => return,
            Ok(length) if to.write_all(&buffer[..length]).is_ok() => {}
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {}
            _ => return,
        }
    }
}

fn pass(mut from: TcpStream, to: &Arc<TcpStream>, records: usize, then: Then) {
    for _ in 0..records {
        // Type, version and length (RFC 8446, 5.1).
        let mut head = [0; 5];
        if from.read_exact(&mut head).is_err() {
            break;
        }
        let mut record = vec![0; usize::from(u16::from_be_bytes([head[3], head[4]]))];
        if from.read_exact(&mut record).and_then(|()| (&**to).write_all(&[&head[..], &record].concat())).is_err() {
            break;
        }
    }
    if then == Then::Stall {
        return std::thread::sleep(LONG);
    }
    // Time for the sender to read the last record and answer.
    std::thread::sleep(Duration::from_millis(100));
    match then {
        Then::Reset => reset(to),
        Then::Stall | Then::Close => drop(to.shutdown(Shutdown::Both)),
    }
}
