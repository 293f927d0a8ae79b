//! The interface of the default route by the messages of route(4), as sysctl(3) gives them on macOS and FreeBSD: it takes no
//! socket. Compiled and tested on every system. The layouts are those of `route.h`, `if.h` and `if_dl.h` in `sys/net` of FreeBSD
//! and `bsd/net` of macOS.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::ask::{Ask, Machine};
use crate::host::{NetworkTable, Platform};
use crate::interface::{DefaultInterface, Found, is_name};
use crate::source::Source;

/// What differs between the systems.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Layout {
    /// Bytes of `struct rt_msghdr`.
    pub(crate) route: usize,
    /// Addresses follow each other at multiples of it (`SA_SIZE`, `ROUNDUP32`).
    pub(crate) align: usize,
    /// Bytes of `struct if_msghdr`; nothing where the message itself says it (`ifi_datalen`).
    pub(crate) interface: Option<usize>,
    /// `AF_INET6`
    pub(crate) inet6: u8,
    /// `RTF_IFSCOPE`: a route for programs that ask for this interface.
    pub(crate) scoped: u32,
}

pub(crate) const MACOS: Layout = Layout { route: 92, align: 4, interface: Some(112), inet6: 30, scoped: 0x0100_0000 };
pub(crate) const FREEBSD: Layout = Layout { route: 152, align: 8, interface: None, inet6: 28, scoped: 0 };
/// With a `long` of 32 bits.
pub(crate) const FREEBSD_32: Layout = Layout { route: 92, align: 4, ..FREEBSD };

/// Of this build: no recording has these tables.
fn layout(platform: Platform) -> Layout {
    match platform {
        Platform::MacOs => MACOS,
        _ if size_of::<usize>() == 4 => FREEBSD_32,
        _ => FREEBSD,
    }
}

pub(crate) fn default_interface(machine: &Machine<'_>) -> DefaultInterface {
    let mut ask = Ask::new(machine);
    let host = machine.host;
    let answer = host.network(NetworkTable::Routes);
    let routes = ask.answer("sysctl: net.routetable, NET_RT_DUMP", answer).unwrap_or_default();
    let layout = layout(host.platform());
    // Most machines have a default route, and FreeBSD's says everything but an address of IPv6.
    let answer = host.network(NetworkTable::Interfaces);
    let interfaces = ask.answer("sysctl: net.routetable, NET_RT_IFLIST", answer).unwrap_or_default();
    let found = find(&routes, &interfaces, layout);
    if let Found::Interface(name, address) = &found {
        ask.saw("sysctl: net.routetable: default", name);
        if let Some(address) = address {
            ask.saw("sysctl: net.routetable: address", &address.to_string());
        }
    }
    found.conclude(&ask.done(), Source::SYSCTL)
}

/// `RTM_VERSION`, and the types of messages.
const VERSION: u8 = 5;
const GET: u8 = 0x4;
const NEW_ADDRESS: u8 = 0xc;
const INTERFACE: u8 = 0xe;

/// `RTF_UP`, `RTF_HOST`, `RTF_REJECT`, `RTF_BLACKHOLE`
const UP: u32 = 0x1;
const HOST: u32 = 0x4;
const REFUSED: u32 = 0x8 | 0x1000;

/// Places in a message's list of addresses (`RTAX_DST` and others).
const DESTINATION: usize = 0;
const NETMASK: usize = 2;
const LINK: usize = 4;
const OWN: usize = 5;
const PLACES: usize = 8;

const AF_INET: u8 = 2;
const AF_LINK: u8 = 18;

/// Bytes of `struct ifa_msghdr`.
const ADDRESS_HEADER: usize = 20;

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_ne_bytes(bytes.get(at..at.checked_add(2)?)?.try_into().ok()?))
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_ne_bytes(bytes.get(at..at.checked_add(4)?)?.try_into().ok()?))
}

/// The messages of one type. What does not fit ends them.
fn messages(mut table: &[u8], kind: u8) -> impl Iterator<Item = &[u8]> {
    let next = move || {
        let length = usize::from(u16_at(table, 0)?);
        let (message, rest) = table.split_at_checked(length).filter(|_| length >= 4)?;
        table = rest;
        Some(message)
    };
    std::iter::from_fn(next).filter(move |message| message.get(2..4) == Some(&[VERSION, kind]))
}

/// The addresses behind the head of a message, each at its place.
fn addresses(message: &[u8], head: usize, which: u32, align: usize) -> [&[u8]; PLACES] {
    let mut found: [&[u8]; PLACES] = [&[]; PLACES];
    let mut rest = message.get(head..).unwrap_or_default();
    for (_, found) in found.iter_mut().enumerate().filter(|(place, _)| which & (1 << place) != 0) {
        let Some(length) = rest.first().map(|length| usize::from(*length)) else { break };
        let Some(address) = rest.get(..length) else { break };
        // An empty netmask has a length of 0.
        *found = address;
        rest = rest.get(length.max(1).next_multiple_of(align)..).unwrap_or_default();
    }
    found
}

/// The bytes of an address's family, with zeros for those that are left out.
fn digits<const N: usize>(address: &[u8], at: usize) -> [u8; N] {
    let mut digits = [0; N];
    for (to, from) in digits.iter_mut().zip(address.get(at..).unwrap_or_default()) {
        *to = *from;
    }
    digits
}

impl Layout {
    fn address(self, address: &[u8]) -> Option<IpAddr> {
        match address.get(1)? {
            &AF_INET => Some(Ipv4Addr::from(digits::<4>(address, 4)).into()),
            family if *family == self.inet6 => Some(Ipv6Addr::from(digits::<16>(address, 8)).into()),
            _ => None,
        }
    }
}

/// The name in a `struct sockaddr_dl`.
fn link_name(address: &[u8]) -> Option<&str> {
    let length = usize::from(*address.get(5).filter(|_| address.get(1) == Some(&AF_LINK))?);
    let name = str::from_utf8(address.get(8..)?.get(..length)?).ok()?;
    Some(name).filter(|name| is_name(name))
}

/// `lo0`
fn is_loopback(name: &str) -> bool {
    name.strip_prefix("lo").is_some_and(|number| number.bytes().all(|digit| digit.is_ascii_digit()))
}

/// A default route: the index of its interface, and the two addresses that FreeBSD adds.
struct Default<'t> {
    index: u16,
    is_scoped: bool,
    is_ipv6: bool,
    name: Option<&'t str>,
    own: Option<IpAddr>,
}

fn default_route(message: &[u8], layout: Layout) -> Option<Default<'_>> {
    let (index, flags, which) = (u16_at(message, 4)?, u32_at(message, 8)?, u32_at(message, 12)?);
    let found = addresses(message, layout.route, which, layout.align);
    let destination = layout.address(found[DESTINATION])?;
    let skipped = if destination.is_ipv6() { 8 } else { 4 };
    let is_open = found[NETMASK].get(skipped..).unwrap_or_default().iter().all(|byte| *byte == 0);
    let is_default = destination.is_unspecified() && is_open && flags & (UP | HOST | REFUSED) == UP;
    is_default.then(|| Default {
        index,
        is_scoped: flags & layout.scoped != 0,
        is_ipv6: destination.is_ipv6(),
        name: link_name(found[LINK]),
        own: layout.address(found[OWN]),
    })
}

/// The name of an interface (`RTM_IFINFO`).
fn name_of(interfaces: &[u8], index: u16, layout: Layout) -> Option<&str> {
    let is_meant = |message: &&[u8]| u16_at(message, 12) == Some(index);
    messages(interfaces, INTERFACE).filter(is_meant).find_map(|message| {
        let head = layout.interface.or_else(|| Some(16 + usize::from(u16_at(message, 22)?)))?;
        link_name(addresses(message, head, u32_at(message, 4)?, layout.align)[LINK])
    })
}

/// Whether an address is one that others can send to.
fn counts(address: &IpAddr) -> bool {
    !address.is_unspecified()
        && !address.is_loopback()
        && match address {
            IpAddr::V4(_) => true,
            IpAddr::V6(address) => !address.is_unicast_link_local(),
        }
}

/// The first address of an interface (`RTM_NEWADDR`).
fn address_of(interfaces: &[u8], index: u16, is_ipv6: bool, layout: Layout) -> Option<IpAddr> {
    let is_meant = |message: &&[u8]| u16_at(message, 12) == Some(index);
    messages(interfaces, NEW_ADDRESS).filter(is_meant).find_map(|message| {
        let found = addresses(message, ADDRESS_HEADER, u32_at(message, 4)?, layout.align);
        layout.address(found[OWN]).filter(|address| address.is_ipv6() == is_ipv6 && counts(address))
    })
}

pub(crate) fn find(routes: &[u8], interfaces: &[u8], layout: Layout) -> Found {
    let of = |is_ipv6: bool| {
        let defaults = messages(routes, GET).filter_map(|message| default_route(message, layout));
        let named = defaults.filter(|route| route.is_ipv6 == is_ipv6).filter_map(|route| {
            let name = route.name.or_else(|| name_of(interfaces, route.index, layout))?;
            (!is_loopback(name)).then_some((name, route))
        });
        // macOS has a default route of IPv6 for each tunnel of its own services.
        let best = named.min_by_key(|(name, route)| (route.is_scoped, is_ipv6 && name.starts_with("utun")));
        let Some((name, route)) = best else { return Found::NoRoute };
        let own = route.own.filter(|own| own.is_ipv6() == is_ipv6 && counts(own));
        match own.or_else(|| address_of(interfaces, route.index, is_ipv6, layout)) {
            None if !interfaces.is_empty() => Found::Useless,
            address => Found::Interface(name.to_owned(), address),
        }
    };
    of(false).or_else(|| of(true))
}

#[cfg(test)]
mod tests {
    use super::*;

    const LAYOUTS: [(&str, Layout); 3] = [("macOS", MACOS), ("FreeBSD", FREEBSD), ("FreeBSD, 32 bits", FREEBSD_32)];

    fn inet(address: &str, layout: Layout) -> Vec<u8> {
        match address.parse().unwrap() {
            IpAddr::V4(address) => [&[16, AF_INET, 0, 0], &address.octets()[..], &[0; 8]].concat(),
            IpAddr::V6(address) => [&[28, layout.inet6, 0, 0, 0, 0, 0, 0], &address.octets()[..], &[0; 4]].concat(),
        }
    }

    fn link(index: u8, name: &str) -> Vec<u8> {
        let length = u8::try_from(8 + name.len() + 6).unwrap();
        let head = [length, AF_LINK, index, 0, 6, u8::try_from(name.len()).unwrap(), 6, 0];
        [&head, name.as_bytes(), &[2, 0, 0, 0, 0, 1]].concat()
    }

    /// A message with these addresses at their places.
    fn message(kind: u8, mut head: Vec<u8>, at: usize, list: &[(usize, Vec<u8>)], layout: Layout) -> Vec<u8> {
        let which: u32 = list.iter().map(|(place, _)| 1 << place).sum();
        head[at..at + 4].copy_from_slice(&which.to_ne_bytes());
        for (_, address) in list {
            let size = address.len().max(1).next_multiple_of(layout.align);
            head.extend(address);
            head.resize(head.len() + size - address.len(), 0);
        }
        let length = u16::try_from(head.len()).unwrap().to_ne_bytes();
        head[..4].copy_from_slice(&[length[0], length[1], VERSION, kind]);
        head
    }

    fn route(flags: u32, index: u16, list: &[(usize, Vec<u8>)], layout: Layout) -> Vec<u8> {
        let mut head = vec![0; layout.route];
        head[4..6].copy_from_slice(&index.to_ne_bytes());
        head[8..12].copy_from_slice(&flags.to_ne_bytes());
        message(GET, head, 12, list, layout)
    }

    fn interface(index: u8, name: &str, own: &[&str], layout: Layout) -> Vec<u8> {
        let mut head = vec![0; layout.interface.unwrap_or(168)];
        head[22..24].copy_from_slice(&152_u16.to_ne_bytes());
        head[12..14].copy_from_slice(&u16::from(index).to_ne_bytes());
        let mut table = message(INTERFACE, head, 4, &[(LINK, link(index, name))], layout);
        for address in own {
            let mut head = vec![0; ADDRESS_HEADER];
            head[12..14].copy_from_slice(&u16::from(index).to_ne_bytes());
            // A short netmask comes before the address.
            let list = [(NETMASK, vec![7, 0, 0, 0, 255, 255, 255]), (OWN, inet(address, layout))];
            table.extend(message(NEW_ADDRESS, head, 4, &list, layout));
        }
        table
    }

    fn default(flags: u32, index: u16, to: &str, by: &str, layout: Layout) -> Vec<u8> {
        let list = [(DESTINATION, inet(to, layout)), (1, inet(by, layout)), (NETMASK, vec![])];
        // An empty netmask is one of length 0.
        route(flags, index, &list, layout)
    }

    fn known(name: &str, address: &str) -> Found {
        Found::Interface(name.to_owned(), Some(address.parse().unwrap()))
    }

    #[test]
    fn the_default_route_is_found_on_each_system() {
        for (system, layout) in LAYOUTS {
            let interfaces = [
                interface(1, "lo0", &["127.0.0.1", "::1"], layout),
                interface(4, "en0", &["fe80::1", "192.0.2.7", "2001:db8::7"], layout),
                interface(5, "utun3", &["fe80::2"], layout),
            ]
            .concat();
            let lan = route(
                1,
                4,
                &[(DESTINATION, inet("192.0.2.0", layout)), (NETMASK, vec![7, 0, 0, 0, 255, 255, 255])],
                layout,
            );
            let ipv4 = default(0x803, 4, "0.0.0.0", "192.0.2.1", layout);
            let tunnel = default(0x803, 5, "::", "fe80::9", layout);
            let ipv6 = default(0x803, 4, "::", "fe80::9", layout);
            let half = route(3, 5, &[(DESTINATION, inet("0.0.0.0", layout)), (NETMASK, vec![5, 0, 0, 0, 128])], layout);
            let whole_mask =
                route(3, 4, &[(DESTINATION, inet("0.0.0.0", layout)), (NETMASK, inet("0.0.0.0", layout))], layout);
            let host = route(5, 4, &[(DESTINATION, inet("0.0.0.0", layout))], layout);
            for (what, routes, expected) in [
                ("plain", [&lan[..], &ipv4, &ipv6].concat(), known("en0", "192.0.2.7")),
                ("half of the internet first", [&half[..], &ipv4].concat(), known("en0", "192.0.2.7")),
                ("a netmask of zeros", whole_mask, known("en0", "192.0.2.7")),
                ("IPv6 alone", [&lan[..], &tunnel, &ipv6].concat(), known("en0", "2001:db8::7")),
                ("rejected", default(0x80b, 4, "0.0.0.0", "192.0.2.1", layout), Found::NoRoute),
                ("not up", default(0x802, 4, "0.0.0.0", "192.0.2.1", layout), Found::NoRoute),
                ("loopback", default(3, 1, "0.0.0.0", "127.0.0.1", layout), Found::NoRoute),
                ("a host", host, Found::NoRoute),
                ("no address", default(3, 5, "0.0.0.0", "192.0.2.1", layout), Found::Useless),
                ("none", lan, Found::NoRoute),
                ("nothing", Vec::new(), Found::NoRoute),
            ] {
                assert_eq!(find(&routes, &interfaces, layout), expected, "{system}: {what}");
            }
            // Without the list of interfaces the address is unseen, and not missing.
            assert_eq!(find(&ipv4, &[], layout), Found::NoRoute, "{system}");
        }
    }

    /// FreeBSD adds the interface and its address to each route; macOS has a default route for each interface.
    #[test]
    fn what_one_system_has_alone() {
        let list = [
            (DESTINATION, inet("0.0.0.0", FREEBSD)),
            (1, inet("192.0.2.1", FREEBSD)),
            (NETMASK, vec![]),
            (LINK, link(2, "vtnet0")),
            (OWN, inet("192.0.2.9", FREEBSD)),
        ];
        assert_eq!(find(&route(3, 2, &list, FREEBSD), &[], FREEBSD), known("vtnet0", "192.0.2.9"));

        let interfaces =
            [interface(4, "en0", &["192.0.2.7"], MACOS), interface(5, "en1", &["198.51.100.7"], MACOS)].concat();
        let second = default(0x0100_0803, 5, "0.0.0.0", "198.51.100.1", MACOS);
        let first = default(0x803, 4, "0.0.0.0", "192.0.2.1", MACOS);
        assert_eq!(find(&[&second[..], &first].concat(), &interfaces, MACOS), known("en0", "192.0.2.7"));
        assert_eq!(find(&second, &interfaces, MACOS), known("en1", "198.51.100.7"));
    }

    #[test]
    fn a_table_that_is_cut_off_or_wrong_is_read_as_far_as_it_goes() {
        for (_, layout) in LAYOUTS {
            let interfaces = interface(4, "en0", &["192.0.2.7"], layout);
            let routes = default(3, 4, "0.0.0.0", "192.0.2.1", layout);
            for at in 0..routes.len() {
                find(&routes[..at], &interfaces, layout);
                for wrong in [0, 1, 127, 255] {
                    let mut routes = routes.clone();
                    routes[at] = wrong;
                    find(&routes, &interfaces, layout);
                }
            }
            for at in 0..interfaces.len() {
                find(&routes, &interfaces[..at], layout);
                let mut interfaces = interfaces.clone();
                interfaces[at] = 255;
                find(&routes, &interfaces, layout);
            }
        }
    }
}
