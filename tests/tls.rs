//! Certificates, with a real nginx and the test's own authorities.

#![allow(clippy::unwrap_used, reason = "in a test a panic is a failed test")]

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use testkit::nginx::{Authority, NGINX, Server, identity};
use testkit::{Home, full, said, this_test};

/// The number of waiting events in the count of bytes.
const WAITING: usize = 8;

#[test]
fn a_certificate_is_accepted_only_through_the_trust_store() {
    let test = this_test!();
    if !Path::new(NGINX).exists() {
        testkit::skip(test, "nginx is not installed");
        return;
    }
    if testkit::opted_out_here(test) {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let ours = Authority::new(folder.path(), "ours");
    let other = Authority::new(folder.path(), "other");
    let make = |name: &str, host: &str, expired, authority| identity(folder.path(), name, host, expired, authority);
    let modern = "TLSv1.2 TLSv1.3";
    let server = Server::start(
        folder.path(),
        &[
            (make("good", "localhost", false, Some(&ours)), modern),
            (make("address", "127.0.0.1", false, Some(&ours)), modern),
            (make("expired", "localhost", true, Some(&ours)), modern),
            (make("elsewhere", "posthog.example.org", false, Some(&ours)), modern),
            (make("unknown", "localhost", false, Some(&other)), modern),
            (make("self", "localhost", false, None), modern),
            (make("old", "localhost", false, Some(&ours)), "TLSv1.1"),
        ],
    );
    let ask = |port: u16, host: &str, store: &Path| {
        let home = Home::new();
        home.configure(&format!("url = \"https://{host}:{port}/capture/\"\napi_key = \"k\"\n"));
        said(&home.start().with("SSL_CERT_FILE", store.to_str().unwrap()).run())
    };
    let fails = |code| ("000".to_owned(), String::new(), code);
    let [good, address, expired, elsewhere, unknown, own, old] = server.ports[..] else { panic!("seven servers") };
    assert_eq!(ask(good, "localhost", &ours.file), ("200".into(), String::new(), 0));
    assert_eq!(ask(address, "127.0.0.1", &ours.file), ("200".into(), String::new(), 0));
    assert_eq!(server.answered(), 2);
    for (what, port) in [
        ("expired", expired),
        ("for another name", elsewhere),
        ("of an unknown authority", unknown),
        ("self-signed", own),
    ] {
        assert_eq!(ask(port, "localhost", &ours.file), fails(60), "{what}");
    }
    assert_eq!(ask(old, "localhost", &ours.file), fails(35), "TLS 1.1");
    // A given store that is unreadable or empty trusts nobody: there is no fallback.
    assert_eq!(ask(good, "localhost", Path::new("/nonexistent")), fails(60));
    assert_eq!(ask(good, "localhost", &other.file), fails(60));
    assert_eq!(server.answered(), 2, "a request arrived although the certificate was not accepted");
    // Precedence among several stores.
    let store = |name: &str, content: &[&Path]| {
        let at = folder.path().join(name);
        std::fs::create_dir(&at).unwrap();
        for file in content {
            std::fs::copy(file, at.join(file.file_name().unwrap())).unwrap();
        }
        at.to_str().unwrap().to_owned()
    };
    let (with, without) = (store("with", &[&ours.file, &other.file]), store("without", &[&other.file]));
    let huge = store("huge", &[]);
    std::fs::File::create(Path::new(&huge).join("a")).unwrap().set_len(1 << 40).unwrap();
    std::fs::copy(&ours.file, Path::new(&huge).join("b")).unwrap();
    let both = format!("{without}::{with}");
    let [ours, other] = [&ours.file, &other.file].map(|file| file.to_str().unwrap());
    for (trusted, variables) in [
        (true, &[("SSL_CERT_DIR", with.as_str())][..]),
        (false, &[("SSL_CERT_DIR", &without)]),
        (true, &[("SSL_CERT_DIR", &both)]),
        (true, &[("SSL_CERT_FILE", ""), ("SSL_CERT_DIR", &with)]),
        (true, &[("SSL_CERT_FILE", "/nonexistent"), ("SSL_CERT_DIR", &with)]),
        (true, &[("SSL_CERT_FILE", other), ("SSL_CERT_DIR", &with)]),
        (true, &[("SSL_CERT_FILE", ours), ("SSL_CERT_DIR", "/nonexistent")]),
        (false, &[("SSL_CERT_DIR", "/nonexistent")]),
        (true, &[("SSL_CERT_DIR", &huge)]),
        (true, &[("CURL_CA_BUNDLE", ours)]),
        (true, &[("CURL_CA_BUNDLE", ours), ("SSL_CERT_FILE", other)]),
        (false, &[("CURL_CA_BUNDLE", other), ("SSL_CERT_FILE", ours), ("SSL_CERT_DIR", &with)]),
        (false, &[("CURL_CA_BUNDLE", "/nonexistent"), ("SSL_CERT_FILE", ours)]),
        (true, &[("CURL_CA_BUNDLE", ""), ("SSL_CERT_FILE", ours)]),
    ] {
        let home = Home::new();
        home.configure(&format!("url = \"https://localhost:{good}/capture/\"\n"));
        let call = variables.iter().fold(home.start(), |call, (name, value)| call.with(name, value));
        let expected = if trusted { ("200".into(), String::new(), 0) } else { fails(60) };
        assert_eq!(said(&call.run()), expected, "{variables:?}");
    }
}

/// The system's store is its one file; its folder counts only without that.
#[test]
#[cfg(target_os = "linux")]
fn the_systems_own_store() {
    const STORE: &str = "/etc/ssl/certs";
    let test = this_test!();
    if !Path::new(NGINX).exists() || !Path::new(STORE).is_dir() {
        testkit::skip(test, "nginx, or a folder of certificates, is not installed");
        return;
    }
    if testkit::enclosure::inside().is_none() {
        let empty = format!("mount -t tmpfs none {STORE} || exit 93");
        let status = testkit::enclosure::enclose(&[test, "--exact", "--nocapture"], &[], &empty);
        assert!(status.success(), "{test} failed inside its namespaces: {status}");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let [one, other] = ["one", "other"].map(|name| Authority::new(folder.path(), name));
    let names = [("one.com", &one), ("other.com", &other)];
    let identities = names.map(|(name, of)| (identity(folder.path(), name, "localhost", false, Some(of)), "TLSv1.3"));
    let server = Server::start(folder.path(), &identities);
    let file = Path::new(STORE).join("ca-certificates.crt");
    let ask = || {
        [0, 1].map(|at| {
            let home = Home::new();
            home.configure(&format!("url = \"https://localhost:{}/capture/\"\napi_key = \"k\"\n", server.ports[at]));
            said(&home.start().run()).0
        })
    };
    assert_eq!(ask(), ["000", "000"], "an empty store trusts nobody");
    std::fs::copy(&other.file, Path::new(STORE).join("other.pem")).unwrap();
    assert_eq!(ask(), ["000", "200"], "without a file the folder counts");
    std::fs::copy(&one.file, &file).unwrap();
    assert_eq!(ask(), ["200", "000"], "with a file it counts alone");
    std::fs::write(&file, "").unwrap();
    assert_eq!(ask(), ["000", "000"], "an empty file trusts nobody");
}

/// Relays connections to a server and counts, or closes them at once.
#[derive(Default)]
struct Counter {
    closed: AtomicBool,
    connections: AtomicUsize,
    up: AtomicUsize,
    down: AtomicUsize,
}

impl Counter {
    fn start(to: u16) -> (Arc<Self>, SocketAddr) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let counter = Arc::new(Self::default());
        let own = Arc::clone(&counter);
        std::thread::spawn(move || {
            for near in listener.incoming().map_while(Result::ok) {
                if own.closed.load(Ordering::SeqCst) {
                    continue;
                }
                own.connections.fetch_add(1, Ordering::SeqCst);
                let far = TcpStream::connect(("127.0.0.1", to)).unwrap();
                let (from, back) = (near.try_clone().unwrap(), far.try_clone().unwrap());
                let (up, down) = (Arc::clone(&own), Arc::clone(&own));
                std::thread::spawn(move || pass(from, far, &up.up));
                std::thread::spawn(move || pass(back, near, &down.down));
            }
        });
        (counter, address)
    }

    /// Connections, and bytes to and from the server, since the last call.
    fn take(&self) -> [usize; 3] {
        // The last bytes may still be on their way after the sender's exit.
        std::thread::sleep(std::time::Duration::from_millis(200));
        [&self.connections, &self.up, &self.down].map(|number| number.swap(0, Ordering::SeqCst))
    }
}

fn pass(mut from: TcpStream, mut to: TcpStream, bytes: &AtomicUsize) {
    let mut buffer = [0; 16 * 1024];
    while let Ok(length @ 1..) = from.read(&mut buffer) {
        bytes.fetch_add(length, Ordering::SeqCst);
        if to.write_all(&buffer[..length]).is_err() {
            break;
        }
    }
    let _ = to.shutdown(Shutdown::Write);
}

#[test]
fn the_page_on_scale_counts_bytes_as_they_are_on_the_wire() {
    let test = this_test!();
    if !Path::new(NGINX).exists() {
        testkit::skip(test, "nginx is not installed");
        return;
    }
    if testkit::opted_out_here(test) {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let ours = Authority::new(folder.path(), "ours");
    let identity = identity(folder.path(), "good", "localhost", false, Some(&ours));
    let server = Server::start(folder.path(), &[(identity, "TLSv1.2 TLSv1.3")]);
    let (counter, address) = Counter::start(server.ports[0]);
    let home = Home::new();
    home.configure(&format!("url = \"https://localhost:{}/capture/\"\n", address.port()));
    let send = |happened: [&str; 3]| {
        let call = home.call(&full(happened)).with("SSL_CERT_FILE", ours.file.to_str().unwrap());
        said(&call.run()).0
    };

    assert_eq!(send(["START", "-", "-"]), "200");
    let [connections, up, down] = counter.take();
    assert_eq!(connections, 1);

    counter.closed.store(true, Ordering::SeqCst);
    for _ in 0..WAITING {
        assert_eq!(send(["EXIT", "OK", "-"]), "000");
    }
    assert_eq!(home.events("waiting").len(), WAITING);
    counter.closed.store(false, Ordering::SeqCst);
    assert_eq!(send(["START", "-", "-"]), "200");
    let [connections, all_up, all_down] = counter.take();
    assert_eq!(connections, 1, "what waits goes the way of the call's own event");
    assert_eq!(home.files("waiting"), [""; 0]);
    let further = |all: usize, first: usize| (all - first) / WAITING;

    let page = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/scale.md")).unwrap();
    for (row, to_server, from_server) in [
        ("one event, with its connection", up, down),
        ("each further event on the same connection", further(all_up, up), further(all_down, down)),
    ] {
        println!("| {row} | {to_server} | {from_server} |");
        let stated = page.lines().find_map(|line| line.strip_prefix(&format!("| {row} | "))).unwrap();
        let stated: Vec<usize> =
            stated.trim_end_matches(" |").split(" | ").map(|number| number.replace(',', "").parse().unwrap()).collect();
        for (measured, stated) in [to_server, from_server].into_iter().zip(stated) {
            assert!(measured.abs_diff(stated) * 10 <= stated, "{row}: {measured} bytes, the page says {stated}");
        }
    }
}
