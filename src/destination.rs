//! Where events go.
//!
//! Netdata's own script posted to another server in each era of the agent. An event never goes where the script of the
//! calling daemon would not have sent it, so the default is the destination of that daemon's version, and there is none
//! where the version has none or is not known. An organisation may name a server of its own, with a key of its own. One
//! of Netdata's servers is never that: it may be named, but counts only for the daemons whose own it is.

use std::fmt;

use crate::endpoint::Endpoint;
use crate::fields::PUBLIC_KEY;
use crate::release::Release;

/// A server, and the key under which it files an event, if it takes one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Destination {
    pub endpoint: Endpoint,
    pub api_key: Option<String>,
}

/// The URL in Netdata's own script, and whether its body has the public key.
type Script = (&'static str, bool);

/// The script of each era, from the era's first release on. Up to v1.29 it sent to Google Analytics, which takes other
/// requests. From v2.6 on the script is still installed, but no daemon calls it.
const ERAS: [(Release, Option<Script>); 4] = [
    (Release(1, 30), Some(("https://posthog.netdata.cloud/capture/", true))),
    (Release(1, 39), Some(("https://app.posthog.com/capture/", true))),
    (Release(1, 40), Some(("https://us-east1-netdata-analytics-bi.cloudfunctions.net/ingest_agent_events", false))),
    (Release(2, 6), None),
];

/// Domains that only Netdata has names in, and its function at Google's. Any project can be at `app.posthog.com`.
const NETDATAS: [&str; 4] =
    ["netdata.cloud", "netdata.io", "my-netdata.io", "us-east1-netdata-analytics-bi.cloudfunctions.net"];

/// The first release whose daemon calls no script.
pub const NO_SCRIPT_FROM: Release = Release(2, 6);

fn script_of(release: Release) -> Option<Script> {
    ERAS.iter().rev().find(|(first, _)| *first <= release).and_then(|(_, script)| *script)
}

fn script_of_version(version: &str) -> Option<Script> {
    let (first, last) = Release::range(version)?;
    script_of(first).filter(|script| script_of(last) == Some(*script))
}

impl Destination {
    /// The destination of the script of a daemon of this version.
    pub fn of_version(version: &str) -> Option<Self> {
        Self::of_script(script_of_version(version)?)
    }

    /// In place of one that is not known: nothing is sent there.
    pub fn this_machine() -> Self {
        Self { endpoint: Endpoint::this_machine(), api_key: Some(PUBLIC_KEY.to_owned()) }
    }

    fn of_script((url, has_key): Script) -> Option<Self> {
        Some(Self { endpoint: Endpoint::parse(url).ok()?, api_key: has_key.then(|| PUBLIC_KEY.to_owned()) })
    }
}

/// Why what the configuration names can never be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unusable {
    NoKey,
    NoUrl,
    Netdatas,
}

impl fmt::Display for Unusable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoKey => "names a url without an api_key: a server that is not Netdata's needs a key of its own",
            Self::NoUrl => "names an api_key without a url: the key is not that of Netdata's server",
            Self::Netdatas => {
                "names a server or the key of Netdata's, but not as Netdata's own script does: name a url and an api_key \
                 of your own, or neither"
            }
        })
    }
}

/// Why an event of a daemon has no destination.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoDestination {
    UnknownVersion,
    NotOfThisVersion,
    Netdatas,
}

impl fmt::Display for NoDestination {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("nothing is sent: ")?;
        f.write_str(match self {
            Self::UnknownVersion => {
                "the daemon does not say which version it is (NETDATA_VERSION), and the configuration names no server"
            }
            Self::NotOfThisVersion => {
                "this daemon's version sends no such events (only v1.30 to v2.5 do, and not all of these), and the \
                 configuration names no server"
            }
            Self::Netdatas => {
                "the configuration names a server of Netdata's to which this daemon's version does not send"
            }
        })
    }
}

impl std::error::Error for NoDestination {}

/// What the configuration says about the destination.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Named {
    url: Option<Endpoint>,
    api_key: Option<String>,
}

impl Named {
    /// Checks what does not depend on the daemon.
    pub fn new(url: Option<Endpoint>, api_key: Option<String>) -> Result<Self, Unusable> {
        let named = Self { url, api_key };
        if named.is_default() || named.own().is_some() {
            return Ok(named);
        }
        match (&named.url, &named.api_key) {
            (Some(url), None) if !is_netdatas(url) => Err(Unusable::NoKey),
            (None, Some(key)) if key != PUBLIC_KEY => Err(Unusable::NoUrl),
            _ if ERAS.iter().any(|(_, script)| script.is_some_and(|script| named.fits(script))) => Ok(named),
            _ => Err(Unusable::Netdatas),
        }
    }

    fn is_default(&self) -> bool {
        *self == Self::default()
    }

    /// A destination that is not Netdata's, whatever daemon calls: this machine, which needs no key, or another server
    /// with a key of its own.
    pub fn own(&self) -> Option<Destination> {
        let endpoint = self.url.clone()?;
        let api_key = match &self.api_key {
            None if endpoint.is_loopback() => PUBLIC_KEY.to_owned(),
            Some(key) if endpoint.is_loopback() || (key != PUBLIC_KEY && !is_netdatas(&endpoint)) => key.clone(),
            _ => return None,
        };
        Some(Destination { endpoint, api_key: Some(api_key) })
    }

    /// The destination, if both url and key are named and neither is Netdata's. The daemons that call no script send these
    /// events nowhere, so nothing but that is a wish to have them.
    pub fn wholly_own(&self) -> Option<Destination> {
        self.api_key.as_ref().filter(|key| *key != PUBLIC_KEY).and_then(|_own| self.own())
    }

    /// The destination of a daemon's event. `None`: its version is not known.
    pub fn of(&self, version: Option<&str>) -> Result<Destination, NoDestination> {
        if let Some(own) = self.own() {
            return Ok(own);
        }
        let version = version.filter(|version| Release::of(version).is_some()).ok_or(NoDestination::UnknownVersion)?;
        let script = script_of_version(version).filter(|script| self.fits(*script));
        let none = if self.is_default() { NoDestination::NotOfThisVersion } else { NoDestination::Netdatas };
        script.and_then(Destination::of_script).ok_or(none)
    }

    /// Whether nothing is named that is different there.
    fn fits(&self, (url, has_key): Script) -> bool {
        self.url.as_ref().is_none_or(|named| named.to_string() == url)
            && self.api_key.as_ref().is_none_or(|named| has_key && named == PUBLIC_KEY)
    }
}

fn is_netdatas(endpoint: &Endpoint) -> bool {
    let host = endpoint.host();
    NETDATAS.iter().any(|domain| host.strip_suffix(domain).is_some_and(|rest| rest.is_empty() || rest.ends_with('.')))
}

#[cfg(test)]
mod tests {
    use super::*;

    const POSTHOG: &str = "https://posthog.netdata.cloud/capture/";
    const CLOUD: &str = "https://app.posthog.com/capture/";
    const FUNCTION: &str = "https://us-east1-netdata-analytics-bi.cloudfunctions.net/ingest_agent_events";

    fn named(url: &str, key: &str) -> Result<Named, Unusable> {
        let given = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        Named::new(given(url).map(|url| Endpoint::parse(&url).unwrap()), given(key))
    }

    /// URL and key of the destination of a daemon's event.
    fn to(url: &str, key: &str, version: &str) -> Result<(String, Option<String>), NoDestination> {
        let destination = named(url, key).unwrap().of(Some(version))?;
        Ok((destination.endpoint.to_string(), destination.api_key))
    }

    #[test]
    fn the_default_is_that_of_the_daemons_own_script() {
        for (version, url, key) in [
            ("v1.30.0", POSTHOG, true),
            ("1.37.1-2", POSTHOG, true),
            ("v1.38.1", POSTHOG, true),
            ("v1.37.0-87-nightly", POSTHOG, true),
            ("v1.39.1", CLOUD, true),
            ("v1.40.0", FUNCTION, false),
            ("v1.47.5", FUNCTION, false),
            ("v2.2.6-10-nightly", FUNCTION, false),
            ("v2.5.4", FUNCTION, false),
        ] {
            let key = key.then(|| PUBLIC_KEY.to_owned());
            assert_eq!(to("", "", version), Ok((url.to_owned(), key)), "{version}");
        }
        // Between two releases nobody knows which script is installed.
        for version in ["v1.0.0", "v1.29.3", "v1.29.3-1-nightly", "v1.38.0-9-nightly", "v1.39.1-2-g0123abc"] {
            assert_eq!(to("", "", version), Err(NoDestination::NotOfThisVersion), "{version}");
        }
        for version in ["v2.5.4-3-nightly", "v2.6.0", "v2.11.0-84-nightly", "3.0"] {
            assert_eq!(to("", "", version), Err(NoDestination::NotOfThisVersion), "{version}");
        }
        for version in ["", "unknown", "\u{1b}"] {
            assert_eq!(to("", "", version), Err(NoDestination::UnknownVersion), "{version}");
        }
        assert_eq!(Named::default().of(None), Err(NoDestination::UnknownVersion));
    }

    #[test]
    fn a_server_of_ones_own_does_not_depend_on_the_daemon() {
        for version in ["v1.21.0", "v1.37.1", "v2.9.0", "unknown"] {
            let server = "https://posthog.example.org/capture/";
            assert_eq!(to(server, "k", version), Ok((server.to_owned(), Some("k".into()))), "{version}");
            assert_eq!(to(CLOUD, "k", version), Ok((CLOUD.to_owned(), Some("k".into()))), "{version}");
            for (url, key, sent) in [
                ("http://127.0.0.1:9/", "", PUBLIC_KEY),
                ("http://localhost/", PUBLIC_KEY, PUBLIC_KEY),
                ("https://[::1]/", "k", "k"),
            ] {
                assert_eq!(to(url, key, version), Ok((url.to_owned(), Some(sent.into()))), "{version}");
            }
        }
    }

    #[test]
    fn a_daemon_that_does_not_call_needs_both_of_ones_own() {
        for (url, key, is_own) in [
            ("https://posthog.example.org/capture/", "k", true),
            (CLOUD, "k", true),
            ("http://127.0.0.1:9/", "k", true),
            ("http://127.0.0.1:9/", "", false),
            ("http://127.0.0.1:9/", PUBLIC_KEY, false),
            (POSTHOG, "", false),
            (POSTHOG, PUBLIC_KEY, false),
            (FUNCTION, "", false),
            ("", PUBLIC_KEY, false),
            ("", "", false),
        ] {
            assert_eq!(named(url, key).unwrap().wholly_own().is_some(), is_own, "{url} {key}");
        }
    }

    #[test]
    fn a_key_and_a_server_that_do_not_belong_together_are_refused() {
        for (url, key, why) in [
            ("https://posthog.example.org/", "", Unusable::NoKey),
            (CLOUD, "", Unusable::NoKey),
            ("https://xnetdata.cloud/", "", Unusable::NoKey),
            ("", "k", Unusable::NoUrl),
            ("https://posthog.example.org/", PUBLIC_KEY, Unusable::Netdatas),
            (POSTHOG, "k", Unusable::Netdatas),
            (FUNCTION, "k", Unusable::Netdatas),
            (FUNCTION, PUBLIC_KEY, Unusable::Netdatas),
            ("https://posthog.netdata.cloud/other/", "", Unusable::Netdatas),
            ("https://POSTHOG.netdata.cloud:8443/capture/", "", Unusable::Netdatas),
            ("https://agent-events.netdata.cloud/agent-events", "k", Unusable::Netdatas),
        ] {
            assert_eq!(named(url, key), Err(why), "{url} {key}");
        }
    }

    #[test]
    fn a_server_of_netdatas_counts_only_for_its_own_daemons() {
        for (url, key, own, sends_key) in [
            (POSTHOG, "", "v1.37.1", true),
            (POSTHOG, PUBLIC_KEY, "v1.37.1", true),
            ("", PUBLIC_KEY, "v1.37.1", true),
            (CLOUD, PUBLIC_KEY, "v1.39.0", true),
            (FUNCTION, "", "v1.47.5", false),
        ] {
            assert_eq!(to(url, key, own).unwrap().1.is_some(), sends_key, "{url} {key}");
            for other in ["v1.29.0", "v1.37.1", "v1.39.0", "v1.47.5", "v2.9.0"] {
                if other != own && !(url.is_empty() && other == "v1.39.0") {
                    assert_eq!(to(url, key, other), Err(NoDestination::Netdatas), "{url} {key} {other}");
                }
            }
            assert_eq!(named(url, key).unwrap().of(None), Err(NoDestination::UnknownVersion));
            assert_eq!(named(url, key).unwrap().own(), None);
        }
    }
}
