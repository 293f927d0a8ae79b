//! The interface of the default route by `/proc/net`, without a socket: `proc_pid_net(5)`.
//!
//! `/proc/net/route` has no addresses and `/proc/net/fib_trie` no interfaces. An address is of the interface whose connected
//! network has it; of several, the one in the gateway's network is that from which the kernel sends (`inet_select_addr` in
//! net/ipv4/devinet.c).

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::ask::{Ask, Machine};
use crate::host::Error;
use crate::interface::{DefaultInterface, Found, is_name};
use crate::source::Source;

/// A default route is among the first: the tables are in the order of addresses. 2,000 routes.
const LIMIT: usize = 256 * 1024;

/// `RTF_UP` and `RTF_REJECT` (include/uapi/linux/route.h)
const UP: u32 = 0x1;
const REJECT: u32 = 0x200;

const ROUTE: &str = "/proc/net/route";
const FIB_TRIE: &str = "/proc/net/fib_trie";
const IPV6_ROUTE: &str = "/proc/net/ipv6_route";
const IF_INET6: &str = "/proc/net/if_inet6";

pub(crate) fn default_interface(machine: &Machine<'_>, architecture: Option<&str>) -> DefaultInterface {
    let mut ask = Ask::new(machine);
    let found = ipv4(&mut ask, architecture).or_else(|| ipv6(&mut ask));
    found.conclude(&ask.done(), Source::PROCFS)
}

/// Whether an interface is known to be down, as with its cable unplugged
/// (Documentation/ABI/testing/sysfs-class-net, operstate).
fn is_down(ask: &mut Ask<'_, '_>, name: &str) -> bool {
    ask.line(format!("/sys/class/net/{name}/operstate")).as_deref() == Some("down")
}

fn ipv4(ask: &mut Ask<'_, '_>, architecture: Option<&str>) -> Found {
    let Some(file) = ask.text(ROUTE, LIMIT) else { return Found::NoRoute };
    let routes = routes(&file.text, architecture);
    let Some(default) = default_route(&routes) else { return Found::NoRoute };
    let name = default.interface.to_owned();
    ask.saw("/proc/net/route: default", &name);
    if is_down(ask, &name) {
        return Found::Useless;
    }
    if !file.whole {
        ask.failed(ROUTE, Error::TooLarge);
        return Found::Interface(name, None);
    }
    let Some(trie) = ask.text(FIB_TRIE, LIMIT) else { return Found::Interface(name, None) };
    let Some(local) = local_addresses(&trie.text, trie.whole) else {
        ask.failed(FIB_TRIE, Error::TooLarge);
        return Found::Interface(name, None);
    };
    match address_of(default, &routes, &local).as_slice() {
        [] => {
            ask.contradicted("/proc/net/fib_trie: address", "none is of this interface");
            Found::Useless
        }
        [only] => {
            let address = Ipv4Addr::from_bits(*only);
            ask.saw("/proc/net/fib_trie: address", &address.to_string());
            Found::Interface(name, Some(address.into()))
        }
        [..] => {
            ask.contradicted("/proc/net/fib_trie: address", "there are several, and no file says which is the first");
            Found::Interface(name, None)
        }
    }
}

/// A row of `/proc/net/route`, with addresses in the order of the host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Route<'t> {
    pub(crate) interface: &'t str,
    pub(crate) destination: u32,
    pub(crate) gateway: u32,
    pub(crate) metric: u32,
    pub(crate) mask: u32,
}

/// The usable rows (`fib_route_seq_show` in `net/ipv4/fib_trie.c`): interface, destination, gateway, flags, counts, metric,
/// mask. The kernel prints the addresses as numbers of the processor although they are in the order of the network.
pub(crate) fn routes<'t>(text: &'t str, architecture: Option<&str>) -> Vec<Route<'t>> {
    let row = |line: &'t str| {
        let mut words = line.split_ascii_whitespace();
        let interface = words.next().filter(|name| is_name(name) && *name != "lo")?;
        let (destination, gateway) = (hexadecimal(words.next()?)?, hexadecimal(words.next()?)?);
        let flags = hexadecimal(words.next()?)?;
        let metric = words.nth(2)?.parse().ok()?;
        let mask = hexadecimal(words.next()?)?;
        (flags & UP != 0 && flags & REJECT == 0).then_some(Route { interface, destination, gateway, metric, mask })
    };
    let mut routes: Vec<Route<'_>> = text.lines().filter_map(row).collect();
    if !are_big_endian(&routes, architecture) {
        for route in &mut routes {
            for address in [&mut route.destination, &mut route.gateway, &mut route.mask] {
                *address = address.swap_bytes();
            }
        }
    }
    routes.retain(|route| is_mask(route.mask));
    routes
}

/// At most eight digits, and no sign.
fn hexadecimal(word: &str) -> Option<u32> {
    let is_number = word.len() <= 8 && word.bytes().all(|digit| digit.is_ascii_hexdigit());
    u32::from_str_radix(word, 16).ok().filter(|_| is_number)
}

/// Ones, then zeros.
fn is_mask(mask: u32) -> bool {
    mask.leading_ones() + mask.trailing_zeros() >= 32
}

/// The order of the bytes shows in the masks; where each reads the same in both, the architecture decides. uname(2) says
/// `mips` for both orders, and the names of others tell.
fn are_big_endian(routes: &[Route<'_>], architecture: Option<&str>) -> bool {
    const BIG: [&str; 9] = ["s390", "s390x", "ppc", "ppc64", "sparc", "sparc64", "m68k", "parisc", "parisc64"];
    let all = |order: fn(u32) -> u32| routes.iter().all(|route| is_mask(order(route.mask)));
    match (all(u32::swap_bytes), all(|mask| mask)) {
        (false, true) => true,
        (true, true) => architecture.is_some_and(|name| BIG.contains(&name) || name.ends_with("_be")),
        (_, false) => false,
    }
}

/// The first default route with the lowest metric. A VPN's 0.0.0.0/1 does not count.
pub(crate) fn default_route<'r, 't>(routes: &'r [Route<'t>]) -> Option<&'r Route<'t>> {
    routes.iter().filter(|route| route.destination == 0 && route.mask == 0).min_by_key(|route| route.metric)
}

/// The machine's own addresses (`fib_trie_seq_show` in `net/ipv4/fib_trie.c`), without those of loopback. Nothing where they
/// may be incomplete: without rules of its own a machine has one tree for both tables, which stands there twice.
pub(crate) fn local_addresses(text: &str, whole: bool) -> Option<BTreeSet<u32>> {
    let mut found = BTreeSet::new();
    let mut last = None;
    let mut is_second = false;
    for line in text.lines() {
        let line = line.trim_start();
        if line == "Local:" {
            is_second = true;
        } else if let Some(address) = line.strip_prefix("|-- ") {
            last = address.trim_end().parse::<Ipv4Addr>().ok();
        } else if line.starts_with("/32 ") && line.split_ascii_whitespace().nth(2) == Some("LOCAL") {
            found.extend(last.filter(|address| !address.is_loopback()).map(Ipv4Addr::to_bits));
        }
        if !whole && is_second && !found.is_empty() {
            return Some(found);
        }
    }
    whole.then_some(found)
}

/// The addresses that can be those of the default route's interface.
pub(crate) fn address_of(default: &Route<'_>, routes: &[Route<'_>], local: &BTreeSet<u32>) -> Vec<u32> {
    let connected: Vec<&Route<'_>> = routes.iter().filter(|route| route.gateway == 0 && route.mask != 0).collect();
    // The longest mask of an interface's networks, and of any interface's.
    let longest = |address: u32, of: Option<&str>| {
        let has_it = connected.iter().filter(|route| address & route.mask == route.destination);
        has_it.filter(|route| of.is_none_or(|name| name == route.interface)).map(|route| route.mask).max()
    };
    let mut own = Vec::new();
    let mut of_none = Vec::new();
    for address in local {
        match longest(*address, None) {
            None => of_none.push(*address),
            any if any == longest(*address, Some(default.interface)) => own.push(*address),
            Some(_) => {}
        }
    }
    // A network of a single address, as some clouds and every dial-up have, is no route.
    if own.is_empty() {
        return of_none;
    }
    let gateways = longest(default.gateway, Some(default.interface)).filter(|_| default.gateway != 0);
    if let Some(mask) = gateways {
        let beside: Vec<u32> = own.iter().copied().filter(|address| address & mask == default.gateway & mask).collect();
        if !beside.is_empty() {
            return beside;
        }
    }
    own
}

fn ipv6(ask: &mut Ask<'_, '_>) -> Found {
    let Some(file) = ask.text(IPV6_ROUTE, LIMIT) else { return Found::NoRoute };
    let Some(name) = ipv6_default(&file.text).map(str::to_owned) else { return Found::NoRoute };
    ask.saw("/proc/net/ipv6_route: default", &name);
    if is_down(ask, &name) {
        return Found::Useless;
    }
    let Some(file) = ask.text(IF_INET6, LIMIT) else { return Found::Interface(name, None) };
    match ipv6_address(&file.text, &name) {
        Some(address) => {
            ask.saw("/proc/net/if_inet6: address", &address.to_string());
            Found::Interface(name, Some(IpAddr::V6(address)))
        }
        None if file.whole => Found::Useless,
        None => {
            ask.failed(IF_INET6, Error::TooLarge);
            Found::Interface(name, None)
        }
    }
}

/// The interface of `::/0` with the lowest metric, of several the first.
pub(crate) fn ipv6_default(text: &str) -> Option<&str> {
    text.lines().filter_map(ipv6_row).min_by_key(|(metric, _)| *metric).map(|(_, interface)| interface)
}

/// Metric and interface of a usable default route (`rt6_info_route` in net/ipv6/route.c): destination, length, source, length,
/// next hop, metric, counts, flags, interface.
fn ipv6_row(line: &str) -> Option<(u32, &str)> {
    let words: Vec<&str> = line.split_ascii_whitespace().take(11).collect();
    let [destination, "00", source, "00", _, metric, _, _, flags, interface] = words.as_slice() else { return None };
    let zeros = |address: &str| address.len() == 32 && address.bytes().all(|digit| digit == b'0');
    let flags = hexadecimal(flags)?;
    let is_usable = flags & UP != 0 && flags & REJECT == 0 && is_name(interface) && *interface != "lo";
    let metric = hexadecimal(metric)?;
    (zeros(destination) && zeros(source) && is_usable).then_some((metric, *interface))
}

/// The global address of an interface (`if6_seq_show` in net/ipv6/addrconf.c): address, index, length, scope, flags,
/// interface. The kernel's order is that of a hash table: a lasting address counts more than a temporary one, an address of
/// the internet more than a private one, and then the lowest.
pub(crate) fn ipv6_address(text: &str, name: &str) -> Option<Ipv6Addr> {
    /// `include/uapi/linux/if_addr.h`: temporary; failed or waiting for the check for duplicates; no longer for new connections.
    const TEMPORARY: u32 = 0x01;
    const UNUSABLE: u32 = 0x08 | 0x20 | 0x40;
    let row = |line: &str| {
        let words: Vec<&str> = line.split_ascii_whitespace().take(7).collect();
        let [address, _, _, "00", flags, interface] = words.as_slice() else { return None };
        let flags = hexadecimal(flags)?;
        let is_usable = address.len() == 32 && *interface == name && flags & UNUSABLE == 0;
        let address = Ipv6Addr::from_bits(u128::from_str_radix(address, 16).ok().filter(|_| is_usable)?);
        Some((flags & TEMPORARY != 0, address.is_unique_local(), address))
    };
    text.lines().filter_map(row).min().map(|(.., address)| address)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str = "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\n";

    /// Interface, destination, gateway, flags, metric, length of the mask.
    type Row<'t> = (&'t str, [u8; 4], [u8; 4], u32, u32, u32);

    /// `/proc/net/route` as the kernel of a little-endian processor writes it.
    fn route_file(rows: &[Row<'_>]) -> String {
        let number = u32::from_le_bytes;
        let row = |(name, to, by, flags, metric, length): &Row<'_>| {
            let mask = u32::MAX.checked_shl(32 - length).unwrap_or(0).swap_bytes();
            let line = format!(
                "{name}\t{:08X}\t{:08X}\t{flags:04X}\t0\t0\t{metric}\t{mask:08X}\t0\t0\t0",
                number(*to),
                number(*by)
            );
            format!("{line:127}\n")
        };
        HEAD.to_owned() + &rows.iter().map(row).collect::<String>()
    }

    const NONE: [u8; 4] = [0; 4];

    fn is_of(rows: &[Row<'_>], local: &[[u8; 4]]) -> Option<(String, Vec<Ipv4Addr>)> {
        let file = route_file(rows);
        let routes = routes(&file, Some("x86_64"));
        let default = default_route(&routes)?;
        let local = local.iter().copied().map(u32::from_be_bytes).collect();
        let found = address_of(default, &routes, &local).into_iter().map(Ipv4Addr::from_bits).collect();
        Some((default.interface.to_owned(), found))
    }

    #[test]
    fn the_default_route_names_the_interface_and_its_network_the_address() {
        let lan = ("eth0", [192, 0, 2, 0], NONE, 1, 0, 24);
        let by_lan = ("eth0", NONE, [192, 0, 2, 1], 3, 100, 0);
        let docker = ("docker0", [172, 17, 0, 0], NONE, 1, 0, 16);
        let bridge: [u8; 4] = [172, 17, 0, 1];
        let (host, other) = ([192, 0, 2, 7], [192, 0, 2, 9]);
        let dial_up = ("ppp0", NONE, NONE, 1, 0, 0);
        for (what, rows, local, expected) in [
            ("plain", vec![by_lan, lan], vec![host], Some(("eth0", vec![host]))),
            ("a bridge beside it", vec![by_lan, docker, lan], vec![bridge, host], Some(("eth0", vec![host]))),
            ("two of one network", vec![by_lan, lan], vec![host, other], Some(("eth0", vec![host, other]))),
            (
                "that of the gateway's network",
                vec![by_lan, lan, ("eth0", [10, 0, 0, 0], NONE, 1, 0, 8)],
                vec![[10, 1, 1, 1], host],
                Some(("eth0", vec![host])),
            ),
            (
                "a smaller network of another interface inside it",
                vec![by_lan, lan, ("eth1", [192, 0, 2, 128], NONE, 1, 0, 25)],
                vec![host, [192, 0, 2, 200]],
                Some(("eth0", vec![host])),
            ),
            (
                "a network of one address, with a route to the gateway",
                vec![by_lan, ("eth0", [192, 0, 2, 1], NONE, 5, 0, 32), docker],
                vec![bridge, host],
                Some(("eth0", vec![host])),
            ),
            ("dial-up", vec![dial_up, docker], vec![bridge, host], Some(("ppp0", vec![host]))),
            ("an interface without an address", vec![dial_up, lan], vec![host], Some(("ppp0", vec![]))),
            (
                "the lowest metric",
                vec![("wlan0", NONE, [10, 0, 0, 1], 3, 600, 0), by_lan, lan],
                vec![host],
                Some(("eth0", vec![host])),
            ),
            (
                "half of the internet",
                vec![("tun0", NONE, [10, 8, 0, 1], 3, 0, 1), by_lan, lan],
                vec![host],
                Some(("eth0", vec![host])),
            ),
            (
                "a route of loopback",
                vec![("lo", NONE, NONE, 1, 0, 0), by_lan, lan],
                vec![host],
                Some(("eth0", vec![host])),
            ),
            ("unreachable", vec![("*", NONE, NONE, 0x201, 0, 0)], vec![host], None),
            ("not up", vec![("eth0", NONE, [192, 0, 2, 1], 2, 0, 0)], vec![host], None),
            ("no route", vec![lan], vec![host], None),
            ("nothing", vec![], vec![], None),
        ] {
            let expected =
                expected.map(|(name, found)| (name.to_owned(), found.into_iter().map(Ipv4Addr::from).collect()));
            assert_eq!(is_of(&rows, &local), expected, "{what}");
        }
    }

    /// The same table as processors of both orders print it.
    #[test]
    fn the_order_of_bytes_shows() {
        let little = "eth0\t00000000\t010200C0\t0003\t0\t0\t0\t00000000\t0\t0\t0\neth0\t000200C0\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0\n";
        let big = "eth0\t00000000\tC0000201\t0003\t0\t0\t0\t00000000\t0\t0\t0\neth0\tC0000200\t00000000\t0001\t0\t0\t0\tFFFFFF00\t0\t0\t0\n";
        let short = "eth0\t00000000\tC0000201\t0003\t0\t0\t0\t00000000\t0\t0\t0\n";
        let gateway = |text, of| routes(text, of).first().map(|route| Ipv4Addr::from_bits(route.gateway));
        let expected = Some(Ipv4Addr::new(192, 0, 2, 1));
        for (text, architecture) in
            [(little, None), (little, Some("mips")), (big, None), (big, Some("mips")), (short, Some("s390x"))]
        {
            assert_eq!(gateway(text, architecture), expected, "{text}: {architecture:?}");
        }
        assert_eq!(gateway(short, Some("riscv64")), Some(Ipv4Addr::new(1, 2, 0, 192)));
    }

    #[test]
    fn broken_rows_are_passed_over() {
        for wrong in [
            "",
            "\n\n",
            HEAD,
            "eth0",
            "eth0\t00000000\t010200C0\t0003\t0\t0\t0\n",
            "eth0\t00000000\t010200C0\t0003\t0\t0\t-1\t00000000\n",
            "eth0\t000000000\t010200C0F\t0003\t0\t0\t0\t00000000\n",
            "../../etc\t00000000\t010200C0\t0003\t0\t0\t0\t00000000\n",
            "eth0\u{1b}[m\t00000000\t010200C0\t0003\t0\t0\t0\t00000000\n",
            "eth0 zz 00 0003 0 0 0 00",
        ] {
            assert_eq!(default_route(&routes(wrong, None)), None, "{wrong:?}");
        }
    }

    const TRIE: &str = "  +-- 0.0.0.0/0 3 0 5
     |-- 0.0.0.0
        /0 universe UNICAST
     +-- 127.0.0.0/8 2 0 2
           |-- 127.0.0.1
              /32 host LOCAL
     +-- 192.0.2.0/24 2 0 2
           |-- 192.0.2.0
              /24 link UNICAST
           |-- 192.0.2.7
              /32 host LOCAL
        |-- 192.0.2.255
           /32 link BROADCAST
     |-- 198.51.100.0
        /24 host LOCAL
     |-- 203.0.113.9
        /32 universe UNICAST
";

    #[test]
    fn own_addresses_are_local_and_alone() {
        let expected = Some(BTreeSet::from([Ipv4Addr::new(192, 0, 2, 7).to_bits()]));
        let twice = format!("Main:\n{TRIE}Local:\n{TRIE}");
        assert_eq!(local_addresses(&twice, true), expected);
        let apart = format!("Main:\n  |-- 0.0.0.0\n     /0 universe UNICAST\nLocal:\n{TRIE}");
        assert_eq!(local_addresses(&apart, true), expected);
        // Cut off: the first tree is whole, or nothing is.
        assert_eq!(local_addresses(twice.get(..twice.len() - 40).unwrap(), false), expected);
        assert_eq!(local_addresses(TRIE, false), None);
        assert_eq!(local_addresses("Main:\n", true), Some(BTreeSet::new()));
        assert_eq!(local_addresses("|-- 300.0.0.1\n/32 host LOCAL\n/32\n", true), Some(BTreeSet::new()));
    }

    #[test]
    fn without_ipv4_the_route_and_the_address_are_those_of_ipv6() {
        let zeros = "0".repeat(32);
        let row = |length: &str, metric: &str, flags: &str, name: &str| {
            format!(
                "{zeros} {length} {zeros} 00 fe800000000000000000000000000001 {metric} 00000001 00000000 {flags} {name:>8}\n"
            )
        };
        for (text, expected) in [
            (row("00", "00000400", "00000003", "eth0"), Some("eth0")),
            (row("00", "00000400", "00000003", "wlan0") + &row("00", "00000064", "00000003", "eth0"), Some("eth0")),
            (row("00", "ffffffff", "00200200", "lo"), None),
            (row("00", "00000400", "00000203", "eth0"), None),
            (row("40", "00000400", "00000003", "eth0"), None),
            (row("00", "00000400", "00000003", "a/b"), None),
            (row("00", "00000400", "00000003", "eth0 more"), None),
            (zeros.clone(), None),
        ] {
            assert_eq!(ipv6_default(&text), expected, "{text}");
        }
        let private = "fd000000000000000000000000000002 02 40 00 80     eth0\n";
        let public = "20010db8000000000000000000000007 02 40 00 80     eth0\n";
        let temporary = "20010db8000000000000000000000001 02 40 00 01     eth0\n";
        let deprecated = "20010db8000000000000000000000002 02 40 00 a0     eth0\n";
        let link = "fe800000000000000000000000000001 02 40 20 80     eth0\n";
        let others = "20010db8000000000000000000000003 03 40 00 80     eth1\n";
        for (text, expected) in [
            ([link, private, temporary, public, deprecated, others].concat(), Some("2001:db8::7")),
            ([link, private].concat(), Some("fd00::2")),
            ([link, temporary].concat(), Some("2001:db8::1")),
            ([link, deprecated, others].concat(), None),
            ("20010db8 02 40 00 80 eth0\nx".to_owned(), None),
        ] {
            let expected = expected.map(|address| address.parse::<Ipv6Addr>().unwrap());
            assert_eq!(ipv6_address(&text, "eth0"), expected, "{text}");
        }
    }
}
