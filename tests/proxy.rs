//! Proxies, with a real one: squid between the sender and nginx.

#![allow(clippy::unwrap_used, reason = "in a test a panic is a failed test")]

#[path = "support/nginx.rs"]
mod nginx;
mod support;

use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use nginx::{Authority, NGINX, Server, identity};
use support::{Home, said};

const SQUID: &str = "/usr/sbin/squid";
const PASSWORDS: &str = "/usr/lib/squid/basic_ncsa_auth";

/// A name that only the proxy knows: an event for it arrives only through the proxy.
const HOST: &str = "posthog.test";

struct Squid {
    process: Child,
    port: u16,
    log: PathBuf,
}

impl Squid {
    /// A proxy that lets everybody through, or those who know the password.
    fn start(folder: &Path, password: bool) -> Self {
        std::fs::create_dir(folder).unwrap();
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let path = |name: &str| folder.join(name).display().to_string();
        std::fs::write(folder.join("hosts"), format!("127.0.0.1 {HOST}\n")).unwrap();
        // The password "secret", as crypt(3) with MD5 writes it.
        std::fs::write(folder.join("passwords"), "joe:$1$xyz$Qia9Wq6FxQkYcwNWMk/RM0\n").unwrap();
        let access = if password {
            format!(
                "auth_param basic program {PASSWORDS} {}\nacl known proxy_auth REQUIRED\nhttp_access allow known\nhttp_access deny all\n",
                path("passwords")
            )
        } else {
            "http_access allow all\n".to_owned()
        };
        let config = format!(
            "http_port 127.0.0.1:{port}\nhosts_file {}\npid_filename {}\ncache_log {}\naccess_log stdio:{}\ncache deny all\n\
             coredump_dir {}\nshutdown_lifetime 0 seconds\npinger_enable off\nnetdb_filename none\n{access}",
            path("hosts"),
            path("pid"),
            path("cache.log"),
            path("access.log"),
            folder.display(),
        );
        std::fs::write(folder.join("squid.conf"), config).unwrap();
        // As root squid becomes the user proxy, who must be able to write its logs.
        support::set_mode(folder, 0o777);
        let process = Command::new(SQUID)
            .args(["-N", "-f", &path("squid.conf")])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let squid = Self { process, port, log: folder.join("access.log") };
        let end = Instant::now() + Duration::from_secs(30);
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            let log = || std::fs::read_to_string(folder.join("cache.log"));
            assert!(Instant::now() < end, "squid does not start: {:?}", log());
            std::thread::sleep(Duration::from_millis(50));
        }
        squid
    }

    fn log(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap_or_default()
    }
}

impl Drop for Squid {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

#[test]
fn an_event_goes_through_a_proxy_and_its_password_goes_nowhere_else() {
    let test = "an_event_goes_through_a_proxy_and_its_password_goes_nowhere_else";
    if let Some(missing) = [NGINX, SQUID, PASSWORDS].into_iter().find(|program| !Path::new(program).exists()) {
        support::skip(test, &format!("{missing} is not installed"));
        return;
    }
    if support::opted_out_here(test) {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    support::set_mode(folder.path(), 0o755);
    let authority = Authority::new(folder.path(), "ours");
    let server = Server::start(
        folder.path(),
        &[(identity(folder.path(), "good", HOST, false, Some(&authority)), "TLSv1.2 TLSv1.3")],
    );
    let open = Squid::start(&folder.path().join("open"), false);
    let closed = Squid::start(&folder.path().join("closed"), true);

    let home = Home::new();
    home.configure(&format!("url = \"https://{HOST}:{}/capture/\"\n", server.ports[0]));
    let call = home.start().with("SSL_CERT_FILE", authority.file.to_str().unwrap());
    let via = |name: &str, url: &str| said(&call.clone().with(name, url).run());
    let fails = |code| ("000".to_owned(), String::new(), code);
    let open_url = format!("http://127.0.0.1:{}", open.port);
    let with = |login: &str| format!("http://{login}127.0.0.1:{}", closed.port);

    for name in ["https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"] {
        assert_eq!(via(name, &open_url), ("200".into(), String::new(), 0), "{name}");
    }
    assert_eq!(via("https_proxy", &with("joe:secret@")), ("200".into(), String::new(), 0));
    assert_eq!(server.answered(), 5);
    assert!(open.log().contains(&format!("CONNECT {HOST}:")), "{}", open.log());

    assert_eq!(via("https_proxy", &with("joe:wrong@")), fails(56), "a wrong password");
    assert_eq!(via("https_proxy", &with("")), fails(56), "no password");
    assert_eq!(via("https_proxy", "http://127.0.0.1:9"), fails(7), "nobody listens there");
    assert_eq!(server.answered(), 5);
    // Nothing that was kept or said holds the password, plain or as the header holds it ("joe:secret", RFC 4648).
    for file in home.tree().iter().filter(|path| path.is_file()) {
        let content = String::from_utf8_lossy(&std::fs::read(file).unwrap()).into_owned();
        assert!(!content.contains("secret") && !content.contains("am9lOnNlY3JldA"), "{}", file.display());
    }
}
