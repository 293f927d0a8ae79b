//! Where the benchmarked programs send to: both receivers are on loopback.

use std::fs;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::sync::mpsc::{self, TryRecvError};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use crate::run;

pub(super) const CONFIG_FILE: &str = "anonymous-statistics.toml";

/// The whole network namespace is ours, so the port is free.
pub(super) const TLS_URL: &str = "https://localhost:8443/capture/";
const TLS_ADDRESS: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 8443);

const BODY_LIMIT: u64 = 64 * 1024;

/// Writes the sender's configuration: it must belong to the user who runs the sender, and nobody else may write to it.
pub(super) fn configure(folder: &Path, url: &str) -> Result<()> {
    let path = folder.join(CONFIG_FILE);
    fs::write(&path, format!("url = \"{url}\"\napi_key = \"benchmark\"\n"))?;
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600))?;
    Ok(())
}

/// A receiver without TLS, which keeps the bodies and says 200.
pub(super) struct Receiver {
    address: SocketAddr,
    bodies: mpsc::Receiver<Vec<u8>>,
}

impl Receiver {
    pub(super) fn start() -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let address = listener.local_addr()?;
        let (sender, bodies) = mpsc::channel();
        thread::spawn(move || {
            for connection in listener.incoming() {
                // The body is kept before it is acknowledged, so the caller finds it when its program has ended.
                let served = connection.and_then(|mut connection| {
                    let body = read_body(&connection)?;
                    let _ = sender.send(body);
                    connection.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
                });
                if let Err(error) = served {
                    eprintln!("receiver: {error}");
                }
            }
        });
        Ok(Self { address, bodies })
    }

    pub(super) fn url(&self) -> String {
        format!("http://{}/capture/", self.address)
    }

    /// The body that arrived since the last question.
    pub(super) fn take(&self) -> Result<Option<Vec<u8>>> {
        match self.bodies.try_recv() {
            Ok(body) => Ok(Some(body)),
            Err(TryRecvError::Empty) => Ok(None),
            Err(TryRecvError::Disconnected) => bail!("the receiver has ended"),
        }
    }
}

/// The body of one request that states its length.
fn read_body(connection: impl Read) -> io::Result<Vec<u8>> {
    let mut reader = BufReader::new(connection.take(2 * BODY_LIMIT));
    let mut length = 0;
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line)? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let line = line.trim_end().to_ascii_lowercase();
        if line.is_empty() {
            break;
        }
        if let Some(value) = line.strip_prefix("content-length:") {
            length = value.trim().parse().map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))?;
        }
    }
    if length > BODY_LIMIT {
        return Err(io::ErrorKind::InvalidData.into());
    }
    let mut body = Vec::new();
    if reader.take(length).read_to_end(&mut body)? as u64 != length {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok(body)
}

/// Servers are often where only root looks for programs.
pub(super) fn find(program: &str) -> Option<PathBuf> {
    run::find(program).or_else(|| Some(Path::new("/usr/sbin").join(program)).filter(|path| path.is_file()))
}

/// nginx with a certificate from an authority that is made for this run; it ends with this value.
pub(super) struct TlsServer {
    nginx: Child,
}

impl TlsServer {
    /// Starts it with all its files in `folder`, and writes the system's trust store with our authority added to `trusted`.
    pub(super) fn start(folder: &Path, trusted: &Path) -> Result<Self> {
        certificates(folder)?;
        let system = fs::read("/etc/ssl/certs/ca-certificates.crt")
            .context("no system trust store (Debian: ca-certificates)")?;
        fs::write(trusted, [system, fs::read(folder.join("ca.pem"))?].concat())?;
        fs::write(folder.join("nginx.conf"), NGINX)?;

        let mut command =
            run::program(find("nginx").context("nginx is not installed")?, ["-c", "nginx.conf", "-e", "error.log"]);
        // A prefix must end with a slash, or nginx puts file names right behind it.
        command.arg("-p").arg(folder.join("")).stdin(Stdio::null()).stdout(Stdio::null());
        let mut server = Self { nginx: command.spawn().context("cannot start nginx")? };
        let begin = Instant::now();
        while TcpStream::connect(TLS_ADDRESS).is_err() {
            if server.nginx.try_wait()?.is_some() || begin.elapsed() > Duration::from_secs(10) {
                let log = fs::read_to_string(folder.join("error.log")).unwrap_or_default();
                bail!("nginx does not listen: {}", log.trim());
            }
            thread::sleep(Duration::from_millis(20));
        }
        Ok(server)
    }
}

impl Drop for TlsServer {
    fn drop(&mut self) {
        let ended = self.nginx.kill().and_then(|()| self.nginx.wait());
        if let Err(error) = ended {
            eprintln!("WARNING: cannot end nginx: {error}");
        }
    }
}

/// One process that stays whose it is; every path relative to its folder.
const NGINX: &str = "
daemon off;
master_process off;
pid nginx.pid;
events {}
http {
    access_log off;
    client_body_temp_path body;
    proxy_temp_path proxy;
    fastcgi_temp_path fastcgi;
    uwsgi_temp_path uwsgi;
    scgi_temp_path scgi;
    server {
        listen 127.0.0.1:8443 ssl;
        ssl_certificate server.pem;
        ssl_certificate_key server.key;
        location / { return 200; }
    }
}
";

fn certificates(folder: &Path) -> Result<()> {
    let request = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"];
    let authority = ["-subj", "/CN=benchmark authority", "-keyout", "ca.key", "-out", "ca.pem"];
    let server = [
        &["-subj", "/CN=localhost", "-keyout", "server.key", "-out", "server.pem", "-CA", "ca.pem", "-CAkey", "ca.key"]
            [..],
        &["-addext", "subjectAltName=DNS:localhost", "-addext", "basicConstraints=critical,CA:FALSE"],
    ]
    .concat();
    for rest in [&authority[..], &server] {
        run::text(run::program("openssl", request).args(rest).current_dir(folder))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_is_read_to_its_stated_length() {
        let body = |text: &str| read_body(text.as_bytes());
        assert_eq!(body("POST / HTTP/1.1\r\nContent-Length: 4\r\n\r\n{\"\"}rest").unwrap(), b"{\"\"}");
        assert_eq!(body("POST / HTTP/1.1\r\n\r\n").unwrap(), b"");
        assert!(body("POST / HTTP/1.1\r\ncontent-length: 5\r\n\r\n{}").is_err());
        assert!(body("POST / HTTP/1.1\r\ncontent-length: many\r\n\r\n").is_err());
        assert!(body("POST / HTTP/1.1\r\ncontent-length: 65537\r\n\r\n").is_err());
        assert!(body("").is_err());
    }

    #[test]
    fn the_receiver_keeps_what_arrives() {
        let receiver = Receiver::start().unwrap();
        assert!(receiver.url().starts_with("http://127.0.0.1:"));
        assert!(receiver.take().unwrap().is_none());
        let mut connection = TcpStream::connect(receiver.address).unwrap();
        connection.write_all(b"POST /capture/ HTTP/1.1\r\nContent-Length: 2\r\n\r\n{}").unwrap();
        let mut answer = String::new();
        connection.read_to_string(&mut answer).unwrap();
        assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
        assert_eq!(receiver.take().unwrap().unwrap(), b"{}");
        assert!(receiver.take().unwrap().is_none());
    }
}
