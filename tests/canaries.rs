//! Nothing personal is sent, by construction: a canary of each forbidden kind is planted in everything that a call can
//! read, and none may reach the wire.
//!
//! A bare user name is a word like any other, and nothing on the machine is read to recognize it; it is covered only in
//! a path, an address or its own variable. The threat model says so.

#![allow(clippy::unwrap_used, clippy::panic, reason = "in a test a panic is a failed test")]

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use anonymous_statistics::call::{Invocation, Provenance};
use anonymous_statistics::config::Config;
use anonymous_statistics::fields::{FIELDS, Origin};
use anonymous_statistics::request::payload::EventId;
use anonymous_statistics::request::{Assembly, Machine};
use serde_json::Value as Json;
use system_facts::internal::netdata;
use system_facts::{CommonEvidence, Facts, RecordedHost, collect_from};
use testkit::{GUID, Home, Receiver, Reply, full, opted_out_here, parts, this_test};

/// The planted text, and the part that must not come out in any spelling.
const CANARIES: [(&str, &str); 26] = [
    ("canaryhost", "canaryhost"),
    ("canaryhost.example.org", "canaryhost"),
    ("10.99.88.77", "10.99.88.77"),
    ("2001:db8::c0de", "2001:db8"),
    ("02:ca:11:a4:99:01", "02:ca:11"),
    ("/home/canaryuser/netdata", "canaryuser"),
    ("canary@example.org", "canary@"),
    ("ghpC4n4ryT0k3nAbCdEf12", "C4n4ryT0k3n"),
    ("c0ffee00-ca11-4a4a-8a4a-0123456789ab", "c0ffee00"),
    ("https://canaryurl.example/x", "canaryurl"),
    // The same in other forms.
    ("ip-10-99-88-77", "10-99-88-77"),
    ("10_99_88_77", "10_99_88_77"),
    ("host10.99.88.77x", "10.99.88.77"),
    ("02caf1a49901", "02caf1a49901"),
    ("02_ca_f1_a4_99_01", "02_ca_f1"),
    ("c0ffee00_ca11_4a4a_8a4a_0123456789ab", "c0ffee00"),
    ("www.canarysite", "canarysite"),
    ("db.canarysite.example.org", "canarysite"),
    ("C:\\Users\\canaryuser", "canaryuser"),
    ("~/canaryuser", "canaryuser"),
    ("$HOME/canaryuser", "canaryuser"),
    ("%USERPROFILE%/canaryuser", "canaryuser"),
    ("canary @ example.org", "canary @"),
    ("ghp_C4n4ryT0k3n", "C4n4ryT0k3n"),
    ("１０.９９.８８.７７", "９９"),
    ("10.9\u{200b}9.88.77", "88.77"),
];

/// The forms of a value.
const FORMS: [&str; 10] = [
    "@@",
    "\"@@\"",
    "\"before @@ after\"",
    "before (@@) after",
    "\"a|@@|b\"",
    r#"{"plugin":"@@","module":""}"#,
    r#"{"plugin":"x.plugin","module":"@@"}"#,
    "netdata:@@",
    "0266@@@:function/4",
    "0266@main.c:@@/4",
];

fn nothing_of(needle: &str, body: &[u8], what: &str) {
    let body = String::from_utf8_lossy(body).to_lowercase();
    assert!(!body.contains(&needle.to_lowercase()), "{what}: {body}");
}

fn build(arguments: Vec<OsString>, environment: &[(&str, &str)], machine: &Machine) -> Option<Vec<u8>> {
    let identity = [("NETDATA_REGISTRY_UNIQUE_ID", GUID), ("NETDATA_HOSTNAME", "canaryhost.example.org")];
    let environment = environment.iter().chain(&identity).map(|(name, value)| ((*name).into(), (*value).into()));
    let invocation = Invocation::complete(arguments, environment, &Provenance::Daemon);
    let assembly = Assembly::build(&invocation, machine, &Config::load(None).unwrap(), None, EventId::now()).ok()?;
    Some(assembly.request.to_bytes())
}

fn plain_machine() -> Machine {
    Machine { facts: Facts::default(), nodename: "canaryhost".into() }
}

#[test]
fn in_every_argument() {
    let machine = plain_machine();
    for (canary, needle) in CANARIES {
        for form in FORMS {
            let text = form.replace("@@", canary);
            for action in ["START", "EXIT", "FATAL", "SOMETHING_NEW"] {
                for count in [3, 42, 43, 44, 60] {
                    let mut arguments = vec![OsString::from(&text); count];
                    arguments[0] = action.into();
                    let body = build(arguments, &[], &machine).unwrap();
                    nothing_of(needle, &body, &format!("{text} in {count} arguments of {action}"));
                }
            }
        }
        // An unusable action gives no event.
        for text in [canary.to_owned(), canary.to_uppercase()] {
            if let Some(body) = build(vec![text.clone().into()], &[], &machine) {
                nothing_of(needle, &body, &format!("{text} as the action"));
            }
        }
    }
}

/// Every variable that an event reads, and the usual ones with personal values.
#[test]
fn in_every_variable() {
    let machine = plain_machine();
    let mut names: Vec<&str> = FIELDS
        .iter()
        .filter_map(|field| match field.origin {
            Origin::Variable(name) | Origin::Fact(name) => Some(name),
            _ => None,
        })
        .filter(|name| *name != "NETDATA_REGISTRY_UNIQUE_ID")
        .collect();
    names.extend([
        "VIRTUALIZATION",
        "NETDATA_OFFICIAL_IMAGE",
        "USER",
        "LOGNAME",
        "HOME",
        "HOSTNAME",
        "MAIL",
        "SSH_CLIENT",
    ]);
    // What newer daemons learn from system-info, and put into the environment of what they start.
    let whereabouts = netdata::Whereabouts::default();
    names.extend(netdata::all_lines(&Facts::default(), &whereabouts).iter().map(|line| line.name));
    names.extend(["NETDATA_REGISTRY_URL", "NETDATA_CLAIM_TOKEN", "NETDATA_LISTEN_PORT", "NETDATA_WEB_DIR"]);
    for (canary, needle) in CANARIES {
        for form in FORMS {
            let text = form.replace("@@", canary);
            let environment: Vec<(&str, &str)> = names.iter().map(|name| (*name, text.as_str())).collect();
            let arguments = full(["START", "-", "-"]).into_iter().map(OsString::from).collect();
            let body = build(arguments, &environment, &machine).unwrap();
            nothing_of(needle, &body, &format!("{text} in every variable"));
        }
    }
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let (source, target) = (entry.path(), to.join(entry.file_name()));
        let kind = entry.file_type().unwrap();
        if kind.is_dir() {
            copy(&source, &target);
        } else if kind.is_symlink() {
            std::os::unix::fs::symlink(fs::read_link(&source).unwrap(), target).unwrap();
        } else {
            fs::copy(source, target).unwrap();
        }
    }
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut open = vec![folder.to_owned()];
    while let Some(folder) = open.pop() {
        // A machine that consists of sysctl values has no files.
        for entry in fs::read_dir(folder).into_iter().flatten() {
            let path = entry.unwrap().path();
            let kind = path.symlink_metadata().unwrap().file_type();
            if kind.is_dir() {
                open.push(path);
            } else if kind.is_file() {
                found.push(path);
            }
        }
    }
    found
}

/// Replaces the value of each `name = value` or `name: value`.
fn with_values(text: &str, value: &str) -> String {
    let line = |line: &str| match (line.split_once('='), line.split_once(':')) {
        (Some((name, _)), _) => format!("{name}={value}\n"),
        (None, Some((name, _))) => format!("{name}: {value}\n"),
        (None, None) => format!("{value}\n"),
    };
    text.lines().map(line).collect()
}

/// Replaces every text of a machine's description, except its platform and the keys for the format.
fn poison(json: &mut Json, value: &str) {
    match json {
        Json::String(text) => value.clone_into(text),
        Json::Array(items) => items.iter_mut().for_each(|item| poison(item, value)),
        Json::Object(object) => {
            for (name, item) in object {
                if !matches!(name.as_str(), "platform" | "base" | "origin" | "absent" | "unreadable" | "kind") {
                    poison(item, value);
                }
            }
        }
        _ => {}
    }
}

/// Copies a machine; every text in its description becomes the canary, and every value in its files the given one.
fn poisoned_copy(from: &Path, to: &Path, canary: &str, value: &str) {
    copy(from, to);
    let mut json = description(to);
    poison(&mut json, canary);
    fs::write(to.join("machine.json"), json.to_string()).unwrap();
    for file in files(&to.join("root")) {
        let text = String::from_utf8_lossy(&fs::read(&file).unwrap()).into_owned();
        fs::write(&file, with_values(&text, value)).unwrap();
    }
}

fn description(machine: &Path) -> Json {
    serde_json::from_slice(&fs::read(machine.join("machine.json")).unwrap()).unwrap()
}

fn facts(folder: &Path) -> Option<Facts> {
    Some(collect_from(&CommonEvidence::new(RecordedHost::open(folder).ok()?)))
}

/// Every file of a machine contains nothing but canaries: real and made-up machines of all systems.
#[test]
fn in_every_file_of_a_machine() {
    let machines = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/machines");
    let call = || full(["START", "-", "-"]).into_iter().map(OsString::from).collect();
    let mut events = 0;
    for name in ["recorded-firecracker", "podman", "kvm-guest", "arm-kvm", "freebsd-jail", "mac-under-rosetta", "zvm"] {
        for (canary, needle) in CANARIES {
            for quote in ["", "\""] {
                let value = format!("{quote}{canary}{quote}");
                let folder = tempfile::tempdir().unwrap();
                let poisoned = folder.path().join(name);
                poisoned_copy(&machines.join(name), &poisoned, canary, &value);
                if let Some(base) = description(&poisoned)["base"].as_str() {
                    poisoned_copy(&machines.join(base), &folder.path().join(base), canary, &value);
                }
                // A refused description gives no facts.
                let Some(facts) = facts(&poisoned) else { continue };
                let machine = Machine { facts, nodename: "canaryhost".into() };
                let body = build(call(), &[], &machine).unwrap();
                nothing_of(needle, &body, &format!("{value} in every file of {name}"));
                events += 1;
            }
        }
    }
    assert!(events > 50, "{events}");
}

/// The same with the real sender and all sources at once.
///
/// netdata#20969, #9759: host names got out in spite of all masks.
#[test]
fn on_the_wire() {
    if opted_out_here(this_test!()) {
        return;
    }
    for (canary, needle) in CANARIES {
        let receiver = Receiver::start(Reply::Status(200, ""));
        let home = Home::sending_to(&receiver);
        fs::create_dir_all(home.lib().join("registry")).unwrap();
        for file in [
            "lib/registry/netdata.public.unique.id",
            "lib/status-netdata.json",
            "config/netdata.conf",
            "config/claim.conf",
        ] {
            fs::write(home.path().join(file), canary).unwrap();
        }
        home.configure(&format!("# {canary}\nurl = \"{}\"\n", receiver.url()));
        let fragment = format!("\"{canary}\"");
        for happened in [["START", canary, canary], ["FATAL", canary, canary]] {
            let mut arguments = full(happened);
            arguments[3..].fill(&fragment);
            let mut call = home.call(&arguments);
            call.environment.insert("NETDATA_HOSTNAME".into(), "canaryhost.example.org".into());
            for name in ["NETDATA_VERSION", "VIRTUALIZATION", "USER", "HOME", "HOSTNAME", "NETDATA_OFFICIAL_IMAGE"] {
                call.environment.insert(name.into(), canary.into());
            }
            assert_eq!(call.run().stdout, b"200");
        }
        let requests = receiver.requests();
        assert_eq!(requests.len(), 2);
        for request in requests {
            nothing_of(needle, &request, canary);
            assert!(parts(&request).1["properties"]["dropped_fields"].as_array().unwrap().len() > 10);
        }
    }
}

/// A host name that is also a product's name costs no field of a real daemon.
#[test]
fn a_machine_with_an_everyday_name_loses_nothing() {
    let body = |host: &str| -> Json {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/machines/recorded-firecracker");
        let machine = Machine { facts: facts(&folder).unwrap(), nodename: host.into() };
        let mut arguments: Vec<OsString> = full(["START", "-", "-"]).into_iter().map(OsString::from).collect();
        for (number, value) in [(19, "\"stable\""), (42, "\"debian\""), (23, "\"email|custom\"")] {
            arguments[number - 1] = value.into();
        }
        let environment = [
            ("NETDATA_REGISTRY_UNIQUE_ID", GUID),
            ("NETDATA_HOSTNAME", host),
            ("NETDATA_REGISTRY_HOSTNAME", host),
            ("NETDATA_VERSION", "v1.37.1"),
        ];
        let environment = environment.map(|(name, value)| (name.into(), value.into()));
        let invocation = Invocation::complete(arguments, environment, &Provenance::Daemon);
        let stamp = EventId { uuid: uuid::Uuid::nil(), time: anonymous_statistics::clock::UnixMillis(0) };
        let assembly = Assembly::build(&invocation, &machine, &Config::load(None).unwrap(), None, stamp).unwrap();
        serde_json::from_slice(assembly.request.body()).unwrap()
    };
    let usual = body("web1.example.org");
    assert!(usual["properties"]["dropped_fields"].is_null(), "{usual}");
    for host in ["debian", "vm", "netdata", "agent", "stable", "localhost", "docker"] {
        assert_eq!(body(host), usual, "{host}");
    }
}
