//! A real TLS server, and the tests' certificate authorities.

use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};

pub const NGINX: &str = "/usr/sbin/nginx";

/// An authority, with its certificate in a file.
pub struct Authority {
    issuer: Issuer<'static, KeyPair>,
    pub file: PathBuf,
}

impl Authority {
    pub fn new(folder: &Path, name: &str) -> Self {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(Vec::<String>::new()).unwrap();
        params.distinguished_name.push(rcgen::DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let certificate = params.self_signed(&key).unwrap();
        let file = folder.join(format!("{name}.pem"));
        std::fs::write(&file, certificate.pem()).unwrap();
        Self { issuer: Issuer::new(params, key), file }
    }
}

/// A certificate and its key, in two files.
pub struct Identity {
    pub certificate: PathBuf,
    pub key: PathBuf,
}

pub fn identity(folder: &Path, name: &str, host: &str, expired: bool, authority: Option<&Authority>) -> Identity {
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new(vec![host.to_owned()]).unwrap();
    if expired {
        params.not_before = rcgen::date_time_ymd(2000, 1, 1);
        params.not_after = rcgen::date_time_ymd(2001, 1, 1);
    }
    let certificate = match authority {
        Some(authority) => params.signed_by(&key, &authority.issuer).unwrap(),
        None => params.self_signed(&key).unwrap(),
    };
    let path = |ending: &str| folder.join(format!("{name}.{ending}"));
    let identity = Identity { certificate: path("crt"), key: path("key") };
    std::fs::write(&identity.certificate, certificate.pem()).unwrap();
    std::fs::write(&identity.key, key.serialize_pem()).unwrap();
    identity
}

pub struct Server {
    nginx: Child,
    pub ports: Vec<u16>,
    log: PathBuf,
}

impl Server {
    /// One virtual server for each identity with its protocols. All answer 200.
    pub fn start(folder: &Path, identities: &[(Identity, &str)]) -> Self {
        let listeners: Vec<TcpListener> =
            identities.iter().map(|_| TcpListener::bind("127.0.0.1:0").unwrap()).collect();
        let ports: Vec<u16> = listeners.iter().map(|listener| listener.local_addr().unwrap().port()).collect();
        drop(listeners);
        let log = folder.join("access.log");
        let servers = identities.iter().zip(&ports).map(|((identity, protocols), port)| {
            format!(
                "server {{ listen 127.0.0.1:{port} ssl; ssl_certificate \"{}\"; ssl_certificate_key \"{}\"; ssl_protocols {protocols}; \
                 ssl_ciphers ALL:@SECLEVEL=0; location / {{ return 200 'ok'; }} }}\n",
                identity.certificate.display(),
                identity.key.display()
            )
        });
        let servers: String = servers.collect();
        let path = |name: &str| folder.join(name).display().to_string();
        let config = format!(
            "daemon off; master_process off; pid \"{}\"; error_log \"{}\";\nevents {{}}\nhttp {{ access_log \"{}\"; \
             client_body_temp_path \"{}\"; proxy_temp_path \"{}\"; fastcgi_temp_path \"{}\"; uwsgi_temp_path \"{}\"; scgi_temp_path \"{}\";\n{servers}}}\n",
            path("pid"),
            path("error.log"),
            log.display(),
            path("a"),
            path("b"),
            path("c"),
            path("d"),
            path("e"),
        );
        std::fs::write(folder.join("nginx.conf"), config).unwrap();
        let nginx = Command::new(NGINX)
            .args(["-p", &path(""), "-c", &path("nginx.conf")])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let server = Self { nginx, ports, log };
        let end = Instant::now() + Duration::from_secs(20);
        while TcpStream::connect(("127.0.0.1", server.ports[0])).is_err() {
            assert!(
                Instant::now() < end,
                "nginx does not start: {:?}",
                std::fs::read_to_string(folder.join("error.log"))
            );
            std::thread::sleep(Duration::from_millis(20));
        }
        server
    }

    pub fn answered(&self) -> usize {
        std::fs::read_to_string(&self.log)
            .unwrap_or_default()
            .lines()
            .filter(|line| line.contains("POST /capture/"))
            .count()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.nginx.kill();
        let _ = self.nginx.wait();
    }
}
