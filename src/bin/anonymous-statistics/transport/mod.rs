//! One request over HTTP: the only code of the project that opens a network connection.
//!
//! ureq decides nothing itself: it follows no redirect, adds no header and reads no proxy from the environment. The
//! bytes on the wire are those of the prepared request.

mod layers;
mod names;
mod progress;
mod trust;

use layers::{Connected, Gate, OnePiece, Permission, Permit, Wire};
use progress::{Progress, is, refused};
use trust::{nobody, trusted};

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use anonymous_statistics::clock::UnixMillis;
use anonymous_statistics::endpoint::Endpoint;
use anonymous_statistics::outbox::outcome::{self, Failure, Outcome, Reply};
use anonymous_statistics::proxy::Proxy;
use anonymous_statistics::request::http::{METHOD, PreparedRequest};
use ureq::config::{AutoHeaderValue, Config};
use ureq::http::{Request, Response, Uri};
use ureq::tls::{RootCerts, TlsConfig};
use ureq::unversioned::resolver::{ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::{
    ConnectProxyConnector, Connector, Either, NextTimeout, RustlsConnector, TcpConnector, Transport,
};
use ureq::{Agent, Error, ProxyProtocol};

/// Bytes of a reply that are read. Only the status and `Retry-After` count; nothing else is kept.
const REPLY_BYTES: usize = 16 * 1024;

/// Addresses of a name that are tried: the capacity of ureq's list.
const ADDRESSES: usize = 16;

/// Makes connections, unless there is already a tunnel through a proxy.
pub(crate) trait Connects: Connector<Either<(), Box<dyn Transport>>> {}

impl<C: Connector<Either<(), Box<dyn Transport>>>> Connects for C {}

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
        let endpoint = request.endpoint().ok_or(Error::HostNotFound)?;
        let mut wire = Request::builder().method(METHOD).uri(endpoint.to_string());
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
