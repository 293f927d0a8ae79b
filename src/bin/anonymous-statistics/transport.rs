//! One request over HTTP: the only code of the project that opens a network connection.
//!
//! ureq decides nothing itself: it follows no redirect, adds no header and reads no proxy from the environment. The
//! bytes on the wire are those of the prepared request.

// The fuzz targets include this file alone.
#[path = "names.rs"]
mod names;

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::{Duration, Instant};

use anonymous_statistics::clock::UnixMillis;
use anonymous_statistics::endpoint::Endpoint;
use anonymous_statistics::files::{self, Links};
use anonymous_statistics::outbox::Passage;
use anonymous_statistics::outbox::outcome::{self, Failure, Outcome, Reply};
use anonymous_statistics::proxy::Proxy;
use anonymous_statistics::request::http::{METHOD, PreparedRequest};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use ureq::config::{AutoHeaderValue, Config};
use ureq::http::{Request, Response, Uri};
use ureq::tls::{Certificate, RootCerts, TlsConfig};
use ureq::unversioned::resolver::{ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::{
    Buffers, ConnectProxyConnector, ConnectionDetails, Connector, Either, NextTimeout, RustlsConnector, TcpConnector,
    Transport,
};
use ureq::{Agent, Error, ProxyProtocol};

/// Bytes of a reply that are read. Only the status and `Retry-After` count; nothing else is kept.
const REPLY_BYTES: usize = 16 * 1024;

/// Files in a folder of `SSL_CERT_DIR`. Debian's has about 450: each certificate under three names.
const TRUST_STORE_FILES: usize = 4096;

/// Bytes of all certificate files. Debian's trust store has about 220 KB, and its folder each certificate three times.
const TRUST_STORE_BYTES: usize = 16 * 1024 * 1024;

/// Addresses of a name that are tried: the capacity of ureq's list.
const ADDRESSES: usize = 16;

/// Makes connections, unless there is already a tunnel through a proxy.
pub(crate) trait Connects: Connector<Either<(), Box<dyn Transport>>> {}

impl<C: Connector<Either<(), Box<dyn Transport>>>> Connects for C {}

/// The consent check before each name look-up and first byte. `None` means no.
pub(crate) type Permission = dyn Fn() -> Option<Permit> + Send + Sync;

/// While a sender holds this, an opt-out waits, if both can use the same outbox.
#[derive(Debug, Default)]
pub(crate) struct Permit {
    _passage: Option<Passage>,
}

impl From<Option<Passage>> for Permit {
    fn from(passage: Option<Passage>) -> Self {
        Self { _passage: passage }
    }
}

/// A client for one destination. It reuses its connection.
pub(crate) struct Client {
    agent: Agent,
    progress: Arc<Progress>,
    /// The last reply: its body must be read before the connection can be reused.
    last: Option<ureq::Body>,
}

impl Client {
    /// Connects to nothing yet. The error is the failure of every later request.
    pub(crate) fn new(
        endpoint: &Endpoint,
        proxy: Option<&Proxy>,
        permission: Arc<Permission>,
    ) -> Result<Self, Failure> {
        Self::with(endpoint, proxy, permission, None, TcpConnector::default(), trusted)
    }

    /// A client without TCP, for the fuzz target of replies.
    #[cfg(feature = "fuzz")]
    #[allow(dead_code, reason = "tests/fuzz takes this file in")]
    pub(crate) fn over(endpoint: &Endpoint, proxy: Option<&Proxy>, connector: impl Connects) -> Result<Self, Failure> {
        Self::with(endpoint, proxy, Arc::new(|| Some(Permit::default())), None, connector, nobody)
    }

    /// A client for `--verify` that connects to this program's own socket for any destination, without a name look-up,
    /// and writes plain HTTP in place of TLS.
    pub(crate) fn to_own_socket(endpoint: &Endpoint, socket: SocketAddr) -> Result<Self, Failure> {
        if !is_loopback(socket.ip()) {
            return Err(Failure::Connect);
        }
        Self::with(endpoint, None, Arc::new(|| Some(Permit::default())), Some(socket), TcpConnector::default(), nobody)
    }

    fn with(
        endpoint: &Endpoint,
        proxy: Option<&Proxy>,
        permission: Arc<Permission>,
        own_socket: Option<SocketAddr>,
        connector: impl Connects,
        trust: fn() -> RootCerts,
    ) -> Result<Self, Failure> {
        let proxy = proxy.map(known).transpose()?;
        let to_proxy = proxy.is_some();
        let tls =
            if endpoint.is_https() { TlsConfig::builder().root_certs(trust()).build() } else { TlsConfig::default() };
        let config = Config::builder()
            .http_status_as_error(false)
            .https_only(endpoint.is_https())
            .max_redirects(0)
            .max_redirects_will_error(false)
            .user_agent(AutoHeaderValue::None)
            .accept(AutoHeaderValue::None)
            .accept_encoding(AutoHeaderValue::None)
            .max_response_header_size(REPLY_BYTES)
            .proxy(proxy)
            .tls_config(tls)
            .build();
        let progress = Arc::new(Progress::default());
        let gate = Gate { permission, progress: Arc::clone(&progress) };
        let connector =
            ().chain(ConnectProxyConnector::default())
                .chain(connector)
                .chain(Connected(Arc::clone(&progress)))
                .chain(Wire { plain: own_socket.is_some() })
                .chain(RustlsConnector::default())
                .chain(gate.clone())
                .chain(OnePiece { to_proxy });
        let resolver = Addresses {
            gate,
            host: endpoint.host(),
            // For a loopback URL a name server must not name another machine. A debug build never reaches another
            // machine at all.
            loopback_only: endpoint.is_loopback() || cfg!(debug_assertions),
            own_socket,
        };
        Ok(Self { agent: Agent::with_parts(config, connector, resolver), progress, last: None })
    }

    /// Sends a request within a time limit. Only the status and `Retry-After` of the reply are read.
    pub(crate) fn send(&mut self, request: &PreparedRequest, time: Duration) -> Reply {
        if let Some(mut body) = self.last.take() {
            // After a long or broken body the next request makes a new connection.
            let _ = body.with_config().limit(REPLY_BYTES as u64).read_to_vec();
        }
        let start = Instant::now();
        self.progress.begin();
        let mut ended = self.attempt(request, time);
        if ended.is_err() && self.progress.met_a_closed_connection() {
            // Servers close idle connections. A request without a reply was not accepted, and if it was, its random
            // number marks the repeat.
            self.progress.begin();
            ended = self.attempt(request, time.saturating_sub(start.elapsed()));
        }
        // The wait counts from the recorded time, so the clock is read once.
        let time = UnixMillis::now();
        let outcome = match ended {
            Ok(response) => {
                let asked = response.headers().get("retry-after").and_then(|value| value.to_str().ok());
                let not_before = asked.and_then(|text| outcome::not_before(text, time));
                let outcome = Outcome::Answered(response.status().as_u16());
                self.last = Some(response.into_body());
                return Reply { outcome, time, not_before };
            }
            Err(_) if is(&self.progress.withdrawn) => Outcome::Withdrawn,
            Err(error) => Outcome::Failed(self.progress.failure(&error)),
        };
        Reply { outcome, time, not_before: None }
    }

    fn attempt(&self, request: &PreparedRequest, time: Duration) -> Result<Response<ureq::Body>, Error> {
        let mut wire = Request::builder().method(METHOD).uri(request.endpoint().to_string());
        for (name, value) in request.headers() {
            wire = wire.header(*name, value.as_str());
        }
        let wire = self.agent.configure_request(wire.body(request.body())?).timeout_global(Some(time)).build();
        self.agent.run(wire)
    }
}

/// The proxy for ureq. Its own URL parser is not curl's: it bypasses a proxy of an unknown kind, and takes port 80 for
/// a port that is not a number.
fn known(proxy: &Proxy) -> Result<ureq::Proxy, Failure> {
    let server = proxy.server()?;
    let protocol = if server.tls { ProxyProtocol::Https } else { ProxyProtocol::Http };
    let mut known = ureq::Proxy::builder(protocol).host(&server.host).port(server.port);
    if let Some((user, password)) = &server.login {
        known = known.username(user).password(password);
    }
    known.build().map_err(|_error| Failure::ProxyName)
}

fn nobody() -> RootCerts {
    RootCerts::Specific(Arc::default())
}

/// The trust store of the environment, in curl's order (curl(1), ENVIRONMENT): `CURL_CA_BUNDLE` alone, else
/// `SSL_CERT_FILE` and `SSL_CERT_DIR`, else the system's. Mozilla's roots count only where a system has no store at
/// all: a store that is named and cannot be read must not widen what is trusted.
fn trusted() -> RootCerts {
    let named = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty());
    let (bundle, file, folders) = (named("CURL_CA_BUNDLE"), named("SSL_CERT_FILE"), named("SSL_CERT_DIR"));
    let certificates = match (bundle, file, folders) {
        (None, None, None) => {
            let store = rustls_native_certs::load_native_certs();
            if store.certs.is_empty() && store.errors.is_empty() {
                return RootCerts::WebPki;
            }
            store.certs
        }
        (Some(bundle), _, _) => certificates([bundle.into()]),
        (None, file, folders) => {
            let folders = folders.unwrap_or_default();
            let inside = std::env::split_paths(&folders).filter_map(|folder| std::fs::read_dir(folder).ok());
            let inside = inside.flat_map(|folder| folder.flatten().take(TRUST_STORE_FILES)).map(|file| file.path());
            certificates(file.map(PathBuf::from).into_iter().chain(inside))
        }
    };
    RootCerts::Specific(Arc::new(certificates.iter().map(|der| Certificate::from_der(der).to_owned()).collect()))
}

/// The certificates in files, up to the limit. A pipe could block an unlimited read, and a device could fill the
/// memory.
fn certificates(files: impl IntoIterator<Item = PathBuf>) -> Vec<CertificateDer<'static>> {
    let mut left = TRUST_STORE_BYTES;
    let mut found = Vec::new();
    for path in files {
        let Ok(text) = files::read(&path, Links::Follow, left) else { continue };
        left = left.saturating_sub(text.len());
        found.extend(CertificateDer::pem_slice_iter(&text).filter_map(Result::ok));
    }
    // A folder has several links to each certificate (openssl-rehash(1)).
    found.sort_unstable_by(|one: &CertificateDer<'_>, other| one.as_ref().cmp(other.as_ref()));
    found.dedup();
    found
}

/// The progress of an attempt.
#[derive(Debug, Default)]
struct Progress {
    /// The number of the attempt: each needs a new permission, also on a reused connection.
    attempt: AtomicU32,
    /// The current look-up is for the proxy's name.
    looking_up_proxy: AtomicBool,
    name_failed: AtomicBool,
    connected: AtomicBool,
    /// The connection is a tunnel: bytes to the proxy now belong to TLS or the request.
    tunnelled: AtomicBool,
    /// A byte of the request, or of one to a proxy, was written.
    writing: AtomicBool,
    replied: AtomicBool,
    withdrawn: AtomicBool,
}

fn is(flag: &AtomicBool) -> bool {
    flag.load(Ordering::SeqCst)
}

impl Progress {
    fn begin(&self) {
        self.attempt.fetch_add(1, Ordering::SeqCst);
        for flag in [
            &self.looking_up_proxy,
            &self.name_failed,
            &self.connected,
            &self.tunnelled,
            &self.writing,
            &self.replied,
            &self.withdrawn,
        ] {
            flag.store(false, Ordering::SeqCst);
        }
    }

    /// Whether a reused connection turned out to be closed.
    fn met_a_closed_connection(&self) -> bool {
        is(&self.writing) && !is(&self.connected) && !is(&self.replied)
    }

    fn failure(&self, error: &Error) -> Failure {
        let by_time = |error: &std::io::Error| {
            matches!(error.kind(), std::io::ErrorKind::TimedOut | std::io::ErrorKind::WouldBlock)
        };
        match error {
            Error::Timeout(_) => Failure::Time,
            Error::Io(io) if by_time(io) => Failure::Time,
            _ if is(&self.name_failed) && is(&self.looking_up_proxy) => Failure::ProxyName,
            Error::InvalidProxyUrl => Failure::ProxyName,
            _ if is(&self.name_failed) => Failure::Name,
            _ if !is(&self.connected) && !is(&self.writing) => Failure::Connect,
            _ if !is(&self.writing) => tls_failure(error),
            Error::Io(io) if io.kind() == std::io::ErrorKind::UnexpectedEof && !is(&self.replied) => {
                Failure::EmptyReply
            }
            Error::ConnectionFailed => Failure::Connect,
            _ => Failure::Receive,
        }
    }
}

/// Distinguishes rejected certificates from other faults of the handshake.
fn tls_failure(error: &Error) -> Failure {
    let cause = match error {
        Error::Rustls(error) => Some(error),
        Error::Io(error) => error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()),
        _ => None,
    };
    match cause {
        Some(rustls::Error::InvalidCertificate(_)) => Failure::Certificate,
        _ => Failure::Tls,
    }
}

fn refused(kind: std::io::ErrorKind, why: &'static str) -> Error {
    Error::Io(std::io::Error::new(kind, why))
}

/// Resolves names, with permission, and returns only addresses that may be used.
#[derive(Debug)]
struct Addresses {
    gate: Gate,
    host: String,
    loopback_only: bool,
    /// The address of every name (`--verify`).
    own_socket: Option<SocketAddr>,
}

impl Resolver for Addresses {
    fn resolve(&self, uri: &Uri, _: &Config, _: NextTimeout) -> Result<ResolvedSocketAddrs, Error> {
        let progress = &self.gate.progress;
        self.gate.ask()?;
        if let Some(address) = self.own_socket {
            let mut found = self.empty();
            found.push(address);
            return Ok(found);
        }
        progress.looking_up_proxy.store(uri.host() != Some(self.host.as_str()), Ordering::SeqCst);
        let host = uri.host().ok_or(Error::HostNotFound)?.trim_matches(['[', ']']);
        let port = uri.port_u16().unwrap_or(if uri.scheme_str() == Some("https") { 443 } else { 80 });
        let found =
            names::look_up(host, port).inspect_err(|_error| progress.name_failed.store(true, Ordering::SeqCst))?;
        let usable = found.into_iter().filter(|address| !self.loopback_only || is_loopback(address.ip()));
        let mut allowed = self.empty();
        for address in alternating(usable).into_iter().take(ADDRESSES) {
            allowed.push(address);
        }
        if allowed.is_empty() {
            return Err(refused(std::io::ErrorKind::ConnectionRefused, "the address is not one of this machine"));
        }
        Ok(allowed)
    }
}

/// Alternates between address families (RFC 8305, 4): ureq tries addresses in turn, each with a shorter time, and if
/// packets of one family are lost, the other must have its chance.
fn alternating(addresses: impl Iterator<Item = SocketAddr>) -> Vec<SocketAddr> {
    let mut seen = [0, 0];
    let mut ranked: Vec<(usize, SocketAddr)> = addresses
        .map(|address| {
            let rank = &mut seen[usize::from(address.is_ipv6())];
            *rank += 1;
            (*rank, address)
        })
        .collect();
    // The sort is stable: it keeps the resolver's order.
    ranked.sort_by_key(|(rank, _)| *rank);
    ranked.into_iter().map(|(_, address)| address).collect()
}

fn is_loopback(address: IpAddr) -> bool {
    address.to_canonical().is_loopback()
}

/// Records the connection, so that a later failure is known to be TLS.
#[derive(Debug)]
struct Connected(Arc<Progress>);

impl<In: Transport> Connector<In> for Connected {
    type Out = In;

    fn connect(&self, details: &ConnectionDetails<'_>, chained: Option<In>) -> Result<Option<In>, Error> {
        self.0.connected.store(chained.is_some(), Ordering::SeqCst);
        self.0.tunnelled.store(details.config.proxy().is_some(), Ordering::SeqCst);
        // A tunnel was written to and replied, but its TLS handshake has not begun.
        self.0.writing.store(false, Ordering::SeqCst);
        self.0.replied.store(false, Ordering::SeqCst);
        Ok(chained)
    }
}

/// Declares connections to this program's own socket to need no TLS.
#[derive(Debug)]
struct Wire {
    plain: bool,
}

impl<In: Transport> Connector<In> for Wire {
    type Out = Wired<In>;

    fn connect(&self, _: &ConnectionDetails<'_>, chained: Option<In>) -> Result<Option<Wired<In>>, Error> {
        Ok(chained.map(|inner| Wired { plain: self.plain, inner }))
    }
}

#[derive(Debug)]
struct Wired<In> {
    plain: bool,
    inner: In,
}

impl<In: Transport> Transport for Wired<In> {
    fn buffers(&mut self) -> &mut dyn Buffers {
        self.inner.buffers()
    }

    fn transmit_output(&mut self, amount: usize, timeout: NextTimeout) -> Result<(), Error> {
        self.inner.transmit_output(amount, timeout)
    }

    fn await_input(&mut self, timeout: NextTimeout) -> Result<bool, Error> {
        self.inner.await_input(timeout)
    }

    fn is_open(&mut self) -> bool {
        self.inner.is_open()
    }

    fn is_tls(&self) -> bool {
        self.plain || self.inner.is_tls()
    }
}

/// Checks consent directly before the first byte of a request.
#[derive(Clone)]
struct Gate {
    permission: Arc<Permission>,
    progress: Arc<Progress>,
}

impl std::fmt::Debug for Gate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Gate").field("progress", &self.progress).finish_non_exhaustive()
    }
}

impl Gate {
    fn ask(&self) -> Result<Permit, Error> {
        (self.permission)().ok_or_else(|| {
            self.progress.withdrawn.store(true, Ordering::SeqCst);
            refused(std::io::ErrorKind::PermissionDenied, "consent was withdrawn")
        })
    }
}

impl<In: Transport> Connector<In> for Gate {
    type Out = Gated<In>;

    fn connect(&self, details: &ConnectionDetails<'_>, chained: Option<In>) -> Result<Option<Gated<In>>, Error> {
        let through_proxy = details.config.proxy().is_some();
        Ok(chained.map(|inner| Gated { gate: self.clone(), permitted: 0, through_proxy, inner }))
    }
}

#[derive(Debug)]
struct Gated<In> {
    gate: Gate,
    /// The attempt that has permission.
    permitted: u32,
    /// The connection is to the server through a proxy, not to the proxy itself.
    through_proxy: bool,
    inner: In,
}

impl<In> Gated<In> {
    /// Whether the bytes here are HTTP with the server or the proxy, and not TLS in a tunnel.
    fn carries_http(&self) -> bool {
        self.through_proxy || !is(&self.gate.progress.tunnelled)
    }
}

impl<In: Transport> Transport for Gated<In> {
    fn buffers(&mut self) -> &mut dyn Buffers {
        self.inner.buffers()
    }

    fn transmit_output(&mut self, amount: usize, timeout: NextTimeout) -> Result<(), Error> {
        let attempt = self.gate.progress.attempt.load(Ordering::SeqCst);
        // Held until the first bytes are written.
        let _permit = if self.permitted == attempt { None } else { Some(self.gate.ask()?) };
        self.permitted = attempt;
        self.gate.progress.writing.fetch_or(self.carries_http(), Ordering::SeqCst);
        self.inner.transmit_output(amount, timeout)
    }

    fn await_input(&mut self, timeout: NextTimeout) -> Result<bool, Error> {
        let more = self.inner.await_input(timeout)?;
        self.gate.progress.replied.fetch_or(more && self.carries_http(), Ordering::SeqCst);
        Ok(more)
    }

    fn is_open(&mut self) -> bool {
        self.inner.is_open()
    }

    fn is_tls(&self) -> bool {
        self.inner.is_tls()
    }
}

/// Sends the request to a proxy in one piece. ureq writes it word by word, each in a packet of its own, and some
/// proxies do not wait for the rest of a line.
#[derive(Debug)]
struct OnePiece {
    /// The client uses a proxy, so its direct connections are to the proxy.
    to_proxy: bool,
}

impl<In: Transport> Connector<In> for OnePiece {
    type Out = Piece<In>;

    fn connect(&self, details: &ConnectionDetails<'_>, chained: Option<In>) -> Result<Option<Piece<In>>, Error> {
        let collects = self.to_proxy && details.config.proxy().is_none();
        Ok(chained.map(|inner| Piece { collected: collects.then(Vec::new), inner }))
    }
}

#[derive(Debug)]
struct Piece<In> {
    /// The bytes to write before the first reply.
    collected: Option<Vec<u8>>,
    inner: In,
}

impl<In: Transport> Transport for Piece<In> {
    fn buffers(&mut self) -> &mut dyn Buffers {
        self.inner.buffers()
    }

    fn transmit_output(&mut self, amount: usize, timeout: NextTimeout) -> Result<(), Error> {
        let Some(collected) = &mut self.collected else { return self.inner.transmit_output(amount, timeout) };
        let output = self.inner.buffers().output();
        collected.extend_from_slice(output.get(..amount).unwrap_or(output));
        Ok(())
    }

    fn await_input(&mut self, timeout: NextTimeout) -> Result<bool, Error> {
        let collected = self.collected.take().unwrap_or_default();
        let room = self.inner.buffers().output().len().max(1);
        for part in collected.chunks(room) {
            let output = self.inner.buffers().output().get_mut(..part.len());
            output.ok_or_else(|| refused(std::io::ErrorKind::WriteZero, "no room"))?.copy_from_slice(part);
            self.inner.transmit_output(part.len(), timeout)?;
        }
        self.inner.await_input(timeout)
    }

    fn is_open(&mut self) -> bool {
        self.inner.is_open()
    }

    fn is_tls(&self) -> bool {
        self.inner.is_tls()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_address_is_tried_after_the_first_of_each_family() {
        let order = |addresses: &[&str]| {
            let parsed = addresses.iter().map(|address| address.parse().unwrap());
            alternating(parsed).iter().map(ToString::to_string).collect::<Vec<_>>()
        };
        assert_eq!(order(&["[::1]:1", "[::2]:1", "127.0.0.1:1"]), ["[::1]:1", "127.0.0.1:1", "[::2]:1"]);
        assert_eq!(order(&["127.0.0.2:1", "127.0.0.1:1", "[::1]:1"]), ["127.0.0.2:1", "[::1]:1", "127.0.0.1:1"]);
        assert_eq!(order(&["127.0.0.1:1"]), ["127.0.0.1:1"]);
    }

    #[test]
    fn past_a_proxy_of_another_kind_there_is_no_way() {
        let endpoint = Endpoint::parse("https://posthog.example.org/").unwrap();
        let through = |url: &str| {
            let set = |name: &str| (name == "https_proxy").then(|| url.into());
            let proxy = anonymous_statistics::proxy::choose(&endpoint, set);
            Client::new(&endpoint, proxy.as_ref(), Arc::new(|| Some(Permit::default()))).map(drop)
        };
        for url in ["socks4://p:1", "socks4a://p:1", "socks5://p:1", "socks5h://p:1", "socks://p:1", "ftp://p:1"] {
            assert_eq!(through(url), Err(Failure::Connect), "{url}");
        }
        assert_eq!(through("p:x"), Err(Failure::ProxyName));
        for url in ["http://p:1", "https://p:1", "p:1", "p"] {
            assert_eq!(through(url), Ok(()), "{url}");
        }
    }
}
