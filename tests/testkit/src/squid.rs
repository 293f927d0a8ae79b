//! A real proxy.

use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::nginx::Identity;
use crate::set_mode;

pub const SQUID: &str = "/usr/sbin/squid";
pub const PASSWORDS: &str = "/usr/lib/squid/basic_ncsa_auth";

/// A name that only the proxy resolves: an event for it arrives only through the proxy.
pub const HOST: &str = "posthog.test";

pub struct Squid {
    process: Child,
    pub port: u16,
    /// For TLS, if there is a certificate.
    pub tls_port: u16,
    log: PathBuf,
}

/// The service name of the squid at a port, which also names its shared memory.
fn service(port: u16) -> String {
    format!("squid{port}")
}

impl Squid {
    /// A proxy for everybody, or with a password.
    pub fn start(folder: &Path, password: bool, identity: Option<&Identity>) -> Self {
        std::fs::create_dir(folder).unwrap();
        let [port, tls_port] = [(); 2].map(|()| TcpListener::bind("127.0.0.1:0").unwrap());
        let [port, tls_port] = [port, tls_port].map(|listener| listener.local_addr().unwrap().port());
        let path = |name: &str| folder.join(name).display().to_string();
        std::fs::write(folder.join("hosts"), format!("127.0.0.1 {HOST}\n")).unwrap();
        // The passwords "secret" and "s@c:r/t%", hashed by crypt(3) with MD5.
        std::fs::write(
            folder.join("passwords"),
            "joe:$1$xyz$Qia9Wq6FxQkYcwNWMk/RM0\nj@e:$1$abc$60NBHwXzZk9p9Nku2Bn29.\n",
        )
        .unwrap();
        let access = if password {
            format!(
                "auth_param basic program {PASSWORDS} \"{}\"\nacl known proxy_auth REQUIRED\nhttp_access allow known\nhttp_access deny all\n",
                path("passwords")
            )
        } else {
            "http_access allow all\n".to_owned()
        };
        let tls = identity.map_or_else(String::new, |identity| {
            let (certificate, key) = (identity.certificate.display(), identity.key.display());
            format!("https_port 127.0.0.1:{tls_port} \"tls-cert={certificate}\" \"tls-key={key}\"\n")
        });
        let config = format!(
            "configuration_includes_quoted_values on\n{tls}http_port 127.0.0.1:{port}\nhosts_file \"{}\"\npid_filename \"{}\"\ncache_log \"{}\"\naccess_log \"stdio:{}\"\ncache deny all\n\
             coredump_dir \"{}\"\nshutdown_lifetime 0 seconds\npinger_enable off\nnetdb_filename none\n{access}",
            path("hosts"),
            path("pid"),
            path("cache.log"),
            path("access.log"),
            folder.display(),
        );
        std::fs::write(folder.join("squid.conf"), config).unwrap();
        // As root, squid becomes the user proxy, who must be able to write its logs.
        set_mode(folder, 0o777);
        let process = Command::new(SQUID)
            // Two of the same name would share memory, and the second would not start.
            .args(["-N", "-n", &service(port), "-f", &path("squid.conf")])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let squid = Self { process, port, tls_port, log: folder.join("access.log") };
        let end = Instant::now() + Duration::from_secs(30);
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            let log = || std::fs::read_to_string(folder.join("cache.log"));
            assert!(Instant::now() < end, "squid does not start: {:?}", log());
            std::thread::sleep(Duration::from_millis(50));
        }
        squid
    }

    pub fn log(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap_or_default()
    }
}

impl Drop for Squid {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
        // Its shared memory outlives it.
        for part in ["metadata", "queues", "readers"] {
            let _ = std::fs::remove_file(format!("/dev/shm/{}-cf__{part}.shm", service(self.port)));
        }
    }
}
