//! The `KEY=VALUE` lines that the Netdata daemon reads at start-up, in the order of its own script.

use crate::ask::{Ask, Machine};
use crate::fact::{Evidence, Fact, State};
use crate::facts::{Facts, Os};
use crate::host::{Error, Host, Platform};
use crate::instance::{Instance, instance};
use crate::interface::DefaultInterface;
use crate::linux;
use crate::routing;
use crate::source::Source;
use crate::text::{VALUE_LIMIT, clean};

/// What the daemon is told of a machine beside its facts. No event and no recording has it, and neither do
/// [`collect`](crate::collect) and the program's other formats: it says where the machine is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Whereabouts {
    /// The interface of the default route.
    pub interface: DefaultInterface,
    /// Where in its cloud.
    pub instance: Instance,
}

impl Whereabouts {
    /// Asks a machine whose facts are known.
    pub fn ask(host: &dyn Host, facts: &Facts) -> Self {
        let machine = Machine::new(host);
        let architecture = facts.kernel.architecture.known().map(String::as_str);
        let interface = match host.platform() {
            Platform::Linux => linux::routes::default_interface(&machine, architecture),
            Platform::MacOs | Platform::FreeBsd => routing::default_interface(&machine),
            Platform::Other => DefaultInterface::default(),
        };
        Self { interface, instance: instance(&machine, facts) }
    }
}

/// The name of the virtual machine where the daemon's environment provides one, as `docker run -e VIRTUALIZATION=kvm` does.
/// It is the daemon's contract, and no evidence.
pub fn provide_virtualization(host: &dyn Host, facts: &mut Facts) {
    let machine = Machine::new(host);
    let mut ask = Ask::new(&machine);
    match host.environment("VIRTUALIZATION") {
        Ok(value) => {
            let value = clean(&value, VALUE_LIMIT);
            if !value.is_empty() {
                ask.saw("VIRTUALIZATION", &value);
                let value = (!value.eq_ignore_ascii_case("none")).then_some(value);
                facts.virtualization.name = ask.done().known_or_none(value, Source::PROVIDED);
            }
        }
        Err(Error::NotFound | Error::Unsupported) => {}
        Err(error) => ask.failed("VIRTUALIZATION", error),
    }
}

/// One `KEY=VALUE`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line<'f> {
    /// The key.
    pub name: &'static str,
    /// The value: one line without control bytes and quotes.
    pub value: String,
    /// What decided the value; `None` for an unknown or constant one.
    pub source: Option<Source>,
    /// Every question in order, failed ones included.
    pub evidence: &'f [Evidence],
}

const UNKNOWN: &str = "unknown";
const NONE: &str = "none";

fn line<'f, T>(name: &'static str, fact: &'f Fact<T>, value: impl FnOnce(&T) -> String) -> Line<'f> {
    let value = match &fact.state {
        State::Known(known) => value(known),
        State::None => NONE.to_owned(),
        State::Unknown => UNKNOWN.to_owned(),
    };
    Line { name, value, source: fact.source, evidence: &fact.evidence }
}

/// The source of a fact that stands for its group. Where nothing told it, the daemon's script says `none`.
fn detection<'f, T>(name: &'static str, fact: &'f Fact<T>) -> Line<'f> {
    let value = fact.source.map_or(NONE, Source::name).to_owned();
    Line { name, value, source: fact.source, evidence: &fact.evidence }
}

fn constant(name: &'static str, value: &'static str) -> Line<'static> {
    Line { name, value: value.to_owned(), source: None, evidence: &[] }
}

const CONTAINER_OS: [&str; 6] = [
    "NETDATA_CONTAINER_OS_NAME",
    "NETDATA_CONTAINER_OS_ID",
    "NETDATA_CONTAINER_OS_ID_LIKE",
    "NETDATA_CONTAINER_OS_VERSION",
    "NETDATA_CONTAINER_OS_VERSION_ID",
    "NETDATA_CONTAINER_OS_DETECTION",
];

const HOST_OS: [&str; 6] = [
    "NETDATA_HOST_OS_NAME",
    "NETDATA_HOST_OS_ID",
    "NETDATA_HOST_OS_ID_LIKE",
    "NETDATA_HOST_OS_VERSION",
    "NETDATA_HOST_OS_VERSION_ID",
    "NETDATA_HOST_OS_DETECTION",
];

/// A missing field of os-release(5) is `unknown`, as in the daemon's script: `none` means "no container".
fn os_lines<'f>(names: [&'static str; 6], os: &'f Os) -> [Line<'f>; 6] {
    let [name, id, id_like, version, version_id, method] = names;
    let text = |name, fact: &'f Fact<String>| {
        let value = fact.known().map_or(UNKNOWN, String::as_str).to_owned();
        Line { name, value, source: fact.source, evidence: &fact.evidence }
    };
    [
        text(name, &os.name),
        text(id, &os.id),
        text(id_like, &os.id_like),
        text(version, &os.version),
        text(version_id, &os.version_id),
        // Here it says `unknown`.
        Line { value: os.name.source.map_or(UNKNOWN, Source::name).to_owned(), ..detection(method, &os.name) },
    ]
}

/// The daemon's script has a spelling of its own for three clouds.
fn cloud_type(cloud: &Fact<String>) -> Line<'_> {
    line("NETDATA_INSTANCE_CLOUD_TYPE", cloud, |id| {
        match id.as_str() {
            "aws" => "AWS",
            "gcp" => "GCP",
            "azure" => "Azure",
            other => other,
        }
        .to_owned()
    })
}

/// The daemon reads lines of at most 1,022 bytes, and takes the rest of a longer one for a line of its own
/// (`rrdhost_system_info_detect`). The longest key has 45.
const VALUE_BYTES: usize = 960;

/// The number of keys that the daemon reads.
const KEYS: usize = 36;

/// The lines that are facts, in the daemon's order. An event is made of these.
pub fn lines(facts: &Facts) -> Vec<Line<'_>> {
    let mut all = Vec::with_capacity(KEYS);
    let Facts { os, host_os, kernel, virtualization, container, cpu, memory, disk, hardware: _ } = facts;
    // Unless this is known to be a container, the operating system is the machine's.
    let inside = container.name.known().is_some();
    if inside {
        all.extend(os_lines(CONTAINER_OS, os));
        all.push(line("NETDATA_CONTAINER_IS_OFFICIAL_IMAGE", &container.official_image, bool::to_string));
        match host_os {
            Some(host_os) => all.extend(os_lines(HOST_OS, host_os)),
            None => all.extend(HOST_OS.map(|name| constant(name, UNKNOWN))),
        }
    } else {
        all.extend(CONTAINER_OS.map(|name| constant(name, NONE)));
        all.push(line("NETDATA_CONTAINER_IS_OFFICIAL_IMAGE", &container.official_image, bool::to_string));
        all.extend(os_lines(HOST_OS, os));
    }
    all.extend([
        line("NETDATA_HOST_IS_K8S_NODE", &container.kubernetes_node, bool::to_string),
        line("NETDATA_SYSTEM_KERNEL_NAME", &kernel.name, String::clone),
        line("NETDATA_SYSTEM_KERNEL_VERSION", &kernel.release, String::clone),
        line("NETDATA_SYSTEM_ARCHITECTURE", &kernel.architecture, String::clone),
        line("NETDATA_SYSTEM_VIRTUALIZATION", &virtualization.name, String::clone),
        detection("NETDATA_SYSTEM_VIRT_DETECTION", &virtualization.name),
        line("NETDATA_SYSTEM_CONTAINER", &container.name, String::clone),
        detection("NETDATA_SYSTEM_CONTAINER_DETECTION", &container.name),
        line("NETDATA_SYSTEM_CPU_LOGICAL_CPU_COUNT", &cpu.logical_count, u64::to_string),
        line("NETDATA_SYSTEM_CPU_VENDOR", &cpu.vendor, String::clone),
        line("NETDATA_SYSTEM_CPU_MODEL", &cpu.model, String::clone),
        line("NETDATA_SYSTEM_CPU_FREQ", &cpu.frequency_hz, u64::to_string),
        detection("NETDATA_SYSTEM_CPU_DETECTION", &cpu.logical_count),
        line("NETDATA_SYSTEM_TOTAL_RAM", &memory.total_bytes, u64::to_string),
        detection("NETDATA_SYSTEM_RAM_DETECTION", &memory.total_bytes),
        line("NETDATA_SYSTEM_TOTAL_DISK_SIZE", &disk.total_bytes, u64::to_string),
        detection("NETDATA_SYSTEM_DISK_DETECTION", &disk.total_bytes),
        cloud_type(&virtualization.cloud),
    ]);
    all
}

/// All lines, in the daemon's order. In its script a route is `none` where there is no default one, and the interface and its
/// address are `unknown`.
pub fn all_lines<'f>(facts: &'f Facts, whereabouts: &'f Whereabouts) -> Vec<Line<'f>> {
    let mut all = lines(facts);
    let DefaultInterface { name, address, route } = &whereabouts.interface;
    let route = Line {
        name: "NETDATA_SYSTEM_DEFAULT_INTERFACE_DETECTION",
        value: route.map_or(NONE, Source::name).to_owned(),
        source: *route,
        evidence: &name.evidence,
    };
    let Instance { kind, region } = &whereabouts.instance;
    all.extend([
        line("NETDATA_INSTANCE_CLOUD_INSTANCE_TYPE", kind, String::clone),
        line("NETDATA_INSTANCE_CLOUD_INSTANCE_REGION", region, String::clone),
        line("NETDATA_SYSTEM_DEFAULT_INTERFACE_NAME", name, String::clone),
        line("NETDATA_SYSTEM_DEFAULT_INTERFACE_IP", address, String::clone),
        route,
    ]);
    for line in &mut all {
        line.value.truncate(line.value.floor_char_boundary(VALUE_BYTES));
    }
    all
}
