//! The parsers of foreign input as functions of bytes, each with what must hold for any bytes. The targets in `fuzz/`
//! and `tests/fuzz/` call them.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};

use serde_json::Value as Json;
use system_facts::Facts;
use system_facts::internal::is_unprintable;

use crate::agent::conf::NetdataConf;
#[cfg(feature = "inspect")]
use crate::agent::status_file::{LastStatus, Release};
use crate::call::fatal::Fatal;
use crate::call::{Invocation, Provenance};
#[cfg(feature = "inspect")]
use crate::channels::crash_reports::{Circumstances, If, Report, ThisMachine, dedup};
use crate::clock::UnixMillis;
use crate::config::{Config, DEADLINE_MIN, HISTORY_ENTRIES};
use crate::destination::Destination;
use crate::endpoint::Endpoint;
use crate::fields::personal::{HostNames, find_personal};
use crate::fields::shape::{Shape, Value, without_versions};
use crate::fields::{FIELDS, Field, Place, Purpose};
use crate::outbox::Entry;
use crate::request::http::parse_stored;
use crate::request::payload::{BODY_BYTES, EventId};
use crate::request::{Assembly, Machine};
use crate::{fields, proxy};

pub type Target = (&'static str, fn(&[u8]));

pub const TARGETS: &[Target] = &[
    ("invocation", invocation),
    ("fragment", fragment),
    ("configuration", configuration),
    ("outbox_entry", outbox_entry),
    ("fatal", fatal),
    ("personal", personal),
    ("recorded_call", recorded_call),
    ("proxy", proxy),
    #[cfg(feature = "inspect")]
    ("crash_report", crash_report),
    #[cfg(feature = "inspect")]
    ("netdatas_script", netdatas_script),
];

const GUID: &str = "5c1d2a34-0b7e-4f6a-9d21-7a3e9b8c4d10";
/// The machine's name, which must never be sent.
const HOST: &str = "web1";

fn hosts() -> HostNames {
    HostNames::new([HOST])
}

/// The daemon's call: arguments, each ended by NUL; after an empty one, variables as `NAME=VALUE`.
pub fn invocation(bytes: &[u8]) {
    let mut words = bytes.split(|byte| *byte == 0);
    let arguments: Vec<OsString> =
        words.by_ref().take_while(|word| !word.is_empty()).map(|word| OsString::from_vec(word.to_vec())).collect();
    let variables = words.filter_map(|word| {
        let at = word.iter().position(|byte| *byte == b'=')?;
        Some((OsString::from_vec(word.get(..at)?.to_vec()), OsString::from_vec(word.get(at + 1..)?.to_vec())))
    });
    let known = [("NETDATA_REGISTRY_UNIQUE_ID".into(), GUID.into()), ("NETDATA_HOSTNAME".into(), HOST.into())];
    let call = Invocation::complete(arguments, known.into_iter().chain(variables), &Provenance::Daemon);
    is_sendable(&call);
}

/// A recorded call (`--call FILE`), and the agent's own configuration.
pub fn recorded_call(bytes: &[u8]) {
    if let Ok(call) = Invocation::from_recorded(bytes, None) {
        is_sendable(&call);
    }
    let conf = NetdataConf::from(String::from_utf8_lossy(bytes).into_owned());
    let _ = (conf.get("directories", "lib"), conf.get("global", "crash reports"));
}

/// There is no request, or its body is one JSON object within the limit, with fields of the schema only and nothing
/// personal.
fn is_sendable(call: &Invocation) {
    let machine = Machine { facts: Facts::default(), nodename: HOST.to_owned() };
    let config = Config::load(None).ok();
    let destination = Destination::of_version("v1.37.1");
    let stamp = EventId { uuid: uuid::uuid!("0b5d7d7e-4f0f-4f3a-9a57-3c1a6a2f1c11"), time: UnixMillis(0) };
    let Some(Ok(assembly)) = config.map(|config| Assembly::build(call, &machine, &config, destination.as_ref(), stamp))
    else {
        return;
    };
    let request = &assembly.request;
    assert!(request.body().len() <= BODY_BYTES);
    let body: Json = serde_json::from_slice(request.body()).unwrap_or_default();
    let fields = |place: Place| match place {
        Place::Top => body.as_object(),
        Place::Properties => body.get("properties").and_then(Json::as_object),
    };
    for place in [Place::Top, Place::Properties] {
        let held = fields(place);
        assert!(held.is_some_and(|fields| !fields.is_empty()), "no object");
        for (name, value) in held.into_iter().flatten().filter(|(name, _)| *name != "properties") {
            let field = fields::field(name).filter(|field| field.place == place);
            assert!(field.is_some_and(|field| is_harmless(field, value)), "{name}: {value}");
        }
    }
    // It parses to the same request.
    let bytes = request.to_bytes();
    let thawed = request.endpoint().and_then(|endpoint| parse_stored(&bytes, endpoint));
    assert_eq!(thawed.map(|thawed| thawed.to_bytes()), Some(bytes));
}

fn is_harmless(field: &Field, value: &Json) -> bool {
    let Some(text) = value.as_str() else { return true };
    let clean = !text.contains(is_unprintable);
    let personal = |text: &str| field.shape.is_free_text() && find_personal(text, &hosts()).is_some();
    if field.shape != Shape::KernelRelease {
        return clean && !personal(text);
    }
    // A kernel's version may have four parts, and is no address.
    let number = text.split(|c: char| !c.is_ascii_digit() && c != '.').next().unwrap_or_default();
    let parts = number.split('.').filter(|part| !part.is_empty()).count();
    text == "unknown" || clean && parts <= 4 && without_versions(text).is_some_and(|rest| !personal(&rest))
}

/// A JSON fragment for a field, which the first byte chooses.
pub fn fragment(bytes: &[u8]) {
    let Some((first, rest)) = bytes.split_first() else { return };
    let Ok(text) = std::str::from_utf8(rest) else { return };
    let Some(field) = FIELDS.get(usize::from(*first) % FIELDS.len()) else { return };
    for value in
        [field.shape.check_fragment(text, &hosts()), field.shape.check_text(text, &hosts())].into_iter().flatten()
    {
        let written = serde_json::to_value(&value).unwrap_or_default();
        assert!(is_harmless(field, &written), "{}: {written}", field.name);
        // What was accepted is accepted again, and does not change.
        let again = match &value {
            Value::Text(text) => field.shape.check_text(text, &hosts()),
            Value::Collectors(_) => {
                let list = written.to_string();
                let inner = list.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or_default();
                Shape::Collectors.check_fragment(inner, &hosts())
            }
            Value::Names(_) => continue,
            Value::Null | Value::Boolean(_) | Value::Integer(_) => match field.shape {
                Shape::ConstantBoolean(_) => continue,
                shape => shape.check_fragment(&written.to_string(), &hosts()),
            },
        };
        let again = again.map(|again| serde_json::to_value(again).unwrap_or_default());
        assert_eq!(again.as_ref(), Ok(&written), "{}: {text}", field.name);
    }
}

/// One of each kind that must not be sent, in several shapes.
const SECRETS: [&str; 16] = [
    "10.20.30.40",
    "ip-10-20-30-40",
    "host10_20_30_40x",
    "2001:db8::c0de",
    "52:54:00:12:34:56",
    "525400abcdef",
    "5254.0012.3456",
    "f5f3005e_e656_11f1_aa14_02fc00000001",
    "https://example.org",
    "joe @ example.org",
    "ghp_0123456789",
    "C:\\Users\\joe",
    "~/joe",
    "%APPDATA%",
    "db2.example.co.uk",
    HOST,
];

/// The first byte chooses a secret, the next eight its disguise, the rest the text around it.
pub fn personal(bytes: &[u8]) {
    let Some(((which, how), around)) =
        bytes.split_at_checked(9).and_then(|(head, rest)| Some((head.split_first()?, rest)))
    else {
        return;
    };
    let Some(secret) = SECRETS.get(usize::from(*which) % SECRETS.len()) else { return };
    let disguised = secret.chars().zip(how.iter().cycle()).flat_map(|(c, how)| {
        let wide = char::from_u32(u32::from(c) + 0xfee0).filter(|_| how % 4 == 0 && c != ' ');
        let unseen = ['\u{200b}', '\u{ad}', '\u{fe0f}'].get(usize::from(how / 4));
        [Some(wide.unwrap_or(c)), unseen.copied()]
    });
    let disguised: String = disguised.flatten().collect();
    let around = String::from_utf8_lossy(around);
    let (before, after) = around.split_once('\0').unwrap_or((&around, ""));
    let text = format!("{before}|{disguised}|{after}");
    assert!(find_personal(&text, &hosts()).is_some(), "{text}");
}

/// The configuration file.
pub fn configuration(bytes: &[u8]) {
    match Config::from_bytes(bytes) {
        Ok(config) => {
            for destination in [None, Some("v1.37.1"), Some("v1.47.5")].map(|version| config.destination(version)) {
                let Ok(Destination { endpoint, api_key }) = destination else { continue };
                let url = endpoint.to_string();
                assert_eq!(Endpoint::parse(&url), Ok(endpoint.clone()), "{url}");
                assert!(endpoint.is_https() || endpoint.is_loopback());
                assert!(api_key.is_none_or(|key| !key.is_empty() && key.bytes().all(|b| b.is_ascii_graphic())));
            }
            assert!(config.history <= HISTORY_ENTRIES);
            let withheld = FIELDS.iter().filter(|field| config.withheld.holds(field));
            for Field { name, purpose, always, .. } in withheld {
                assert!(!always && !matches!(purpose, Purpose::Delivery | Purpose::Protection), "{name}");
            }
            for action in ["START", "EXIT"] {
                assert!((DEADLINE_MIN..=fields::action::LONG).contains(&config.deadline(action)));
            }
        }
        Err(error) => assert!(!error.to_string().contains('\n'), "{error}"),
    }
}

/// A file in the outbox.
pub fn outbox_entry(bytes: &[u8]) {
    let Ok(entry) = Entry::decode(bytes) else { return };
    let written = entry.encode().unwrap_or_default();
    assert_eq!(Entry::decode(&written).ok().as_ref(), Some(&entry));
    let _ = (entry.json(), entry.action());
    assert!(entry.request.ends_with(entry.body()));
    let Ok(endpoint) = Endpoint::parse(&entry.record.url) else { return };
    if let Some(request) = parse_stored(&entry.request, &endpoint) {
        assert_eq!(request.to_bytes(), entry.request);
        assert_eq!((request.body(), request.endpoint()), (entry.body(), Some(&endpoint)));
        assert!(request.head().bytes().all(|b| b.is_ascii_graphic() || matches!(b, b' ' | b'\r' | b'\n')));
    }
}

/// Result and data of a FATAL, with a NUL between them.
pub fn fatal(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let mut words = text.splitn(2, '\0');
    let fatal = Fatal::parse(words.next(), words.next());
    let names = [&fatal.process, &fatal.thread, &fatal.file, &fatal.function];
    for name in names.into_iter().flatten() {
        let plain = |b: u8| b.is_ascii_alphanumeric() || b"-_./".contains(&b);
        assert!((1..=64).contains(&name.len()) && name.bytes().all(plain), "{name}");
    }
    // No folder of the machine that built the agent.
    assert!(fatal.file.as_deref().is_none_or(|file| !file.starts_with('/') && file.matches('/').count() <= 1));
    // The rewritten form parses to itself.
    let again = Fatal::parse(fatal.result().as_deref(), fatal.data().as_deref());
    assert_eq!((again.result(), again.data()), (fatal.result(), fatal.data()));
}

/// A script in the place of Netdata's: what is understood of it goes to one server, and is a body with every value.
#[cfg(feature = "inspect")]
pub fn netdatas_script(bytes: &[u8]) {
    use crate::agent::netdatas_script::{NetdatasScript, Value};

    let Ok(script) = NetdatasScript::read(&String::from_utf8_lossy(bytes)) else { return };
    assert!(script.url.starts_with("https://") && !script.url.contains('$'), "{}", script.url);
    let complete = Invocation::complete(["START".into()], [], &Provenance::Daemon);
    for call in [Invocation::expected("START"), complete] {
        let filled = script.fill(&call, |_name| None);
        assert!(!filled.bytes.contains(&1), "a place was left empty");
        let open = filled.rows.iter().filter(|row| !matches!(row.value, Value::Known(_))).count();
        let text = String::from_utf8_lossy(&filled.bytes);
        assert!(text.matches("null").count() >= open, "{text}");
    }
}

/// The values of `https_proxy`, `all_proxy` and `no_proxy` and a destination, with a NUL between them.
pub fn proxy(bytes: &[u8]) {
    let mut words = bytes.splitn(4, |byte| *byte == 0).map(OsStr::from_bytes);
    let values = [words.next(), words.next(), words.next()];
    let names = ["https_proxy", "all_proxy", "no_proxy"];
    let variable = |name: &str| {
        let at = names.iter().position(|known| *known == name)?;
        values.get(at).copied().flatten().map(OsStr::to_owned)
    };
    let url = words.next().and_then(OsStr::to_str).unwrap_or("https://posthog.example.org/");
    let Ok(endpoint) = Endpoint::parse(url) else { return };
    let chosen = proxy::choose(&endpoint, variable);
    assert!(chosen.is_none() || !endpoint.is_loopback());
    if let Some(proxy) = chosen {
        // Everything before the last @ may be a password.
        let shown = proxy.shown();
        let split = shown.split_once("://").map(|(scheme, rest)| (scheme, rest.strip_prefix("***@").unwrap_or(rest)));
        let hidden = split.is_some_and(|(scheme, host)| !scheme.contains([':', '@']) && !host.contains('@'));
        assert!(hidden, "{shown}");
        if let Ok(server) = proxy.server() {
            assert!(server.host.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'@'), "{}", server.host);
        }
    }
}

/// The daemon's status file, and its file of posted reports.
#[cfg(feature = "inspect")]
pub fn crash_report(bytes: &[u8]) {
    let _ = dedup::posted(&dedup::read(bytes), 0, 0);
    let cases = [("v2.5.4", If::Killed), ("v2.9.0", If::Stopped), ("v2.10.4", If::PowerLoss), ("v2.11.0", If::Crash)];
    for (version, case) in cases {
        let Some(daemon) = &Release::new(version) else { continue };
        let circumstances = Circumstances { daemon, boot_id: None, case, machine: ThisMachine::default() };
        let Ok(report) = Report::new(&LastStatus::read(bytes, daemon), &circumstances) else { continue };
        let body = report.body();
        // It is JSON, but for bytes that are no UTF-8, with each row at its place.
        let json: Json = serde_json::from_str(&String::from_utf8_lossy(&body)).unwrap_or_default();
        for row in &report.rows {
            assert!(json.pointer(&format!("/{}", row.path.replace('.', "/"))).is_some(), "{}", row.path);
        }
        assert!(report.head().ends_with(&format!("Content-Length: {}\r\n\r\n", body.len())));
    }
}
