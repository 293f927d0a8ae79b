//! Name resolution.
//!
//! The static build's resolver, musl's, ignores parts of hosts(5): a last line without a line feed, names in capitals,
//! and everything after the 512th byte of a line. A blocked host must not be contacted, so this module reads that file
//! first. It then asks for a name with a dot as it is, before any search domain is appended: musl gives up if a search
//! domain cannot be resolved. And it asks for IPv6 beside IPv4 addresses: musl gives up on both if a name server has
//! trouble with one.

use std::io::{self, BufRead, BufReader, Read};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::Path;
use std::sync::mpsc;
use std::time::Duration;

use anonymous_statistics::files::{self, Links};
use dns_lookup::{AddrFamily, AddrInfoHints, SockType, getaddrinfo};

/// Bytes of a thread's stack: Rust's default. `RUST_MIN_STACK` must not change it.
const STACK_BYTES: usize = 2 * 1024 * 1024;

/// The wait for IPv6 addresses once those of IPv4 are known (RFC 8305, 8).
const RESOLUTION_DELAY: Duration = Duration::from_millis(50);

/// Bytes of `/etc/hosts`. Block lists have about a hundred thousand lines.
const HOSTS_BYTES: u64 = 16 * 1024 * 1024;

const HOSTS: &str = "/etc/hosts";

/// The addresses of a host. A resolver cannot be interrupted; the watchdog ends the process instead.
pub(crate) fn look_up(host: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
    if let Ok(address) = host.parse::<IpAddr>() {
        return Ok(vec![SocketAddr::new(address, port)]);
    }
    let mut known = match files::open_regular(rustix::fs::CWD, Path::new(HOSTS), Links::Follow) {
        Ok(opened) => in_hosts(opened.file, host)?,
        Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
        // The host may be blocked there.
        Err(error) => return Err(error),
    };
    // localhost is never asked of a name server (RFC 6761, 6.3).
    let lower = host.to_ascii_lowercase();
    if known.is_empty() && (lower == "localhost" || lower.ends_with(".localhost")) {
        known = vec![Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()];
    }
    if !known.is_empty() {
        return Ok(known.into_iter().map(|address| SocketAddr::new(address, port)).collect());
    }
    // A final dot excludes search domains (RFC 1034, 3.1).
    let absolute = Some(format!("{host}.")).filter(|_| host.contains('.') && !host.ends_with('.'));
    let found = absolute.and_then(|name| ask(&name).ok()).map_or_else(|| ask(host), Ok)?;
    Ok(found.into_iter().map(|address| SocketAddr::new(address, port)).collect())
}

/// Asks for both families at once. Once IPv4 addresses are known, the other family has little time left (RFC 8305, 3).
fn ask(host: &str) -> io::Result<Vec<IpAddr>> {
    let (found, answer) = mpsc::channel();
    let name = host.to_owned();
    // The default would depend on the environment (`RUST_MIN_STACK`).
    let thread = std::thread::Builder::new().stack_size(STACK_BYTES);
    let aside = thread.spawn(move || found.send(ask_for(&name, AddrFamily::Inet6)));
    match (ask_for(host, AddrFamily::Inet), aside) {
        (Ok(mut addresses), aside) => {
            let delay = aside.map_or(Duration::ZERO, |_thread| RESOLUTION_DELAY);
            addresses.extend(answer.recv_timeout(delay).ok().and_then(Result::ok).unwrap_or_default());
            Ok(addresses)
        }
        (Err(error), Ok(_thread)) => answer.recv().map_err(|_gone| error)?,
        (Err(_), Err(_no_thread)) => ask_for(host, AddrFamily::Inet6),
    }
}

/// The addresses of one family. None is an error.
fn ask_for(host: &str, family: AddrFamily) -> io::Result<Vec<IpAddr>> {
    let hints = AddrInfoHints { address: family.into(), socktype: SockType::Stream.into(), ..AddrInfoHints::default() };
    let found = getaddrinfo(Some(host), None, Some(hints))?;
    Ok(found.flatten().map(|found| found.sockaddr.ip()).collect())
}

/// All addresses of a name in hosts(5). A line for the host without a valid address, or beyond the limit, may be meant
/// as a block, and is an error.
fn in_hosts(file: impl Read, host: &str) -> io::Result<Vec<IpAddr>> {
    let refused = |what| io::Error::new(io::ErrorKind::InvalidData, format!("{HOSTS} {what}"));
    let mut lines = BufReader::new(file.take(HOSTS_BYTES + 1));
    let (mut addresses, mut line, mut read) = (Vec::new(), Vec::new(), 0);
    loop {
        line.clear();
        read += lines.read_until(b'\n', &mut line)? as u64;
        if line.is_empty() {
            break;
        }
        let text = line.split(|byte| *byte == b'#').next().unwrap_or_default();
        let mut words = text.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty());
        let Some(address) = words.next() else { continue };
        if !words.any(|name| name.eq_ignore_ascii_case(host.as_bytes())) {
            continue;
        }
        // A link-local address needs its interface, which a URL cannot name.
        if address.contains(&b'%') {
            continue;
        }
        let address = std::str::from_utf8(address).ok().and_then(|address| address.parse().ok());
        addresses.push(address.ok_or_else(|| refused("has a line about the host without an address"))?);
    }
    if read > HOSTS_BYTES { Err(refused("is too large")) } else { Ok(addresses) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_counts_in_whatever_form() {
        let found = |text: &str| {
            let found = in_hosts(text.as_bytes(), "posthog.example.org").map_err(|error| error.kind());
            found.map(|found| found.iter().map(ToString::to_string).collect::<Vec<_>>().join(" "))
        };
        let far = format!("127.0.0.1 {} posthog.example.org\n", "x.example.org ".repeat(100));
        for (text, addresses) in [
            ("", ""),
            ("192.0.2.1 example.org a.posthog.example.org posthog.example.org.de\n", ""),
            ("# 192.0.2.1 posthog.example.org\n192.0.2.2 x # posthog.example.org\n", ""),
            ("192.0.2.1 posthog.example.org\n", "192.0.2.1"),
            ("0.0.0.0\tposthog.example.org", "0.0.0.0"),
            ("  ::  x  PostHog.Example.ORG#y\r\n", "::"),
            (far.as_str(), "127.0.0.1"),
            ("192.0.2.1 posthog.example.org\n2001:db8::1 posthog.example.org\n", "192.0.2.1 2001:db8::1"),
            ("fe80::1%lo0 posthog.example.org\n", ""),
            ("\u{fe}\n\n192.0.2.1 posthog.example.org", "192.0.2.1"),
        ] {
            assert_eq!(found(text).as_deref(), Ok(addresses), "{text}");
        }
        for text in
            ["0 posthog.example.org\n", "posthog.example.org posthog.example.org\n", "1.2.3.4.5 posthog.example.org"]
        {
            assert_eq!(found(text), Err(io::ErrorKind::InvalidData), "{text}");
        }
    }

    #[test]
    fn a_file_without_end_is_not_read_to_its_end() {
        let endless = io::repeat(b' ');
        assert!(in_hosts(endless, "posthog.example.org").is_err());
    }

    #[test]
    fn this_machine_is_known_without_asking() {
        for name in ["127.0.0.1", "::1", "localhost", "LOCALHOST", "a.localhost"] {
            let found = look_up(name, 9).unwrap();
            assert!(
                !found.is_empty() && found.iter().all(|address| address.ip().is_loopback() && address.port() == 9),
                "{name}"
            );
        }
    }
}
