//! Every field that can ever be sent.

use crate::fields::field::{EventPart, Field, Group as G, Origin, Purpose, Sensitivity};
use crate::fields::shape::{Shape, Shape as S};

use Origin::{Argument, ArgumentOf, Fact, Variable};
use Purpose::{Delivery, Protection, QualityAssurance, UsageStatistics};
use Sensitivity::{Constant, Exact, Identifier};

/// The public key in Netdata's own script. It selects a project and opens nothing.
pub const PUBLIC_KEY: &str = "mqkwGT0JNFqO-zX2t0mW6Tec9yooaVu7xCBlXtHnt5Y";

const COUNT: Shape = Shape::Integer { min: 0, max: i64::MAX };
const NAME: Shape = Shape::FreeText(128);

const fn constant(name: &'static str, value: &'static str, what: &'static str) -> Field {
    Field::new(name, G::Masks, Origin::Constant(value), S::Constant(value), value, what)
        .purpose(Protection)
        .is(Constant)
}

const fn switch(name: &'static str, on: bool, what: &'static str) -> Field {
    let text = if on { "true" } else { "false" };
    Field::new(name, G::Masks, Origin::Constant(text), S::ConstantBoolean(on), text, what)
        .purpose(Protection)
        .is(Constant)
}

const fn happened(
    name: &'static str,
    part: EventPart,
    shape: Shape,
    example: &'static str,
    what: &'static str,
) -> Field {
    Field::new(name, G::Event, Origin::EventPart(part), shape, example, what).purpose(QualityAssurance)
}

/// In wire order.
pub static FIELDS: &[Field] = &[
    Field::new("api_key", G::Envelope, Origin::ApiKey, S::Key, PUBLIC_KEY, "The public key under which the PostHog server files the event. The server for daemons from 1.40 on takes none.")
        .top()
        .purpose(Delivery)
        .is(Constant)
        .always(),
    happened("event", EventPart::Event, S::FreeText(256), "START -", "The event's name: action and result.").top().purpose(Delivery).always(),
    Field::new("distinct_id", G::Envelope, Variable("NETDATA_REGISTRY_UNIQUE_ID"), S::Guid, "f5f3005e-e656-11f1-aa14-02fc00000001", "The identifier of this installation, made by the agent at its first start. The registry and the dashboard use it too.")
        .purpose(Delivery)
        .is(Identifier)
        .always(),
    constant("$current_url", "agent backend", "Stands in for the address of a page.").documented(),
    constant("$pathname", "netdata-backend", "Stands in for the path of a page.").documented(),
    constant("$host", "backend.netdata.io", "Stands in for the host name.").documented(),
    constant("$ip", "127.0.0.1", "Stands in for the sender's address, so that PostHog stores none with the event. The server still sees the address of the connection.").documented(),
    switch("$process_person_profile", false, "Tells PostHog to make no person profile.").always(),
    switch("$geoip_disable", true, "Tells PostHog not to look up where the sender's address is.").always(),
    Field::new("event_source", G::Event, Origin::Constant("agent backend"), S::Constant("agent backend"), "agent backend", "Tells events of the daemon from events of the dashboard.").purpose(Delivery).is(Constant).always(),
    happened("action", EventPart::Action, S::Action, "START", "What the agent did.").always(),
    happened("action_result", EventPart::Result, S::Word, "-", "How it went. For FATAL: program and thread.").documented(),
    happened("action_data", EventPart::Data, S::FailurePoint, "-", "More about it. For FATAL: line, source file, function and errno.").documented(),
    happened("netdata_process", EventPart::Process, S::FreeText(64), "netdata", "The program that failed.").only("FATAL").documented(),
    happened("netdata_thread", EventPart::Thread, S::FreeText(64), "netdata", "The thread that failed, up to a bracket or a blank: names of receiving threads contain host names.").only("FATAL").documented(),
    happened("fatal_line", EventPart::Line, COUNT, "266", "The line of the agent's source code where it failed.").only("FATAL").documented(),
    happened("fatal_file", EventPart::File, S::FreeText(64), "daemon/", "The file of the agent's source code, as far as the daemon gives it.").only("FATAL").documented(),
    happened("fatal_function", EventPart::Function, S::FreeText(64), "signals_handle", "The function of the agent's source code, as far as the daemon gives it.").only("FATAL").documented(),
    happened("fatal_errno", EventPart::Errno, S::Integer { min: -4096, max: 65535 }, "4", "The system's last error number.").only("FATAL"),
    Field::new("netdata_machine_guid", G::Agent, Variable("NETDATA_REGISTRY_UNIQUE_ID"), S::Guid, "f5f3005e-e656-11f1-aa14-02fc00000001", "The same identifier as distinct_id.").is(Identifier),
    Field::new("netdata_version", G::Agent, Variable("NETDATA_VERSION"), S::Version, "v1.37.1", "The agent's version.").documented(),
    Field::new("netdata_buildinfo", G::Agent, Argument(14), S::FreeWords, "dbengine|Native HTTPS|JSON-C", "What the agent was built with."),
    Field::new("netdata_release_channel", G::Agent, Argument(19), S::Word, "stable", "Stable or nightly releases."),
    Field::new("netdata_install_type", G::Agent, Argument(38), S::Word, "unknown", "How the agent was installed."),
    Field::new("netdata_prebuilt_distro", G::Agent, Argument(42), S::Word, "debian", "The distribution for which the agent was built."),
    Field::new("netdata_fail_reason", G::Agent, ArgumentOf { number: 43, count: 43 }, S::Word, "none", "Why an earlier run failed (some later agents).").purpose(QualityAssurance),
    Field::new("health_enabled", G::Configuration, ArgumentOf { number: 43, count: 44 }, S::Boolean, "true", "Whether health checks are on (later agents).").purpose(UsageStatistics),
    Field::new("health_conf_alarms_disabled", G::Configuration, ArgumentOf { number: 44, count: 44 }, S::Boolean, "false", "Whether alerts are turned off in the configuration (later agents).").purpose(UsageStatistics),
    Field::new("host_os_name", G::System, Fact("NETDATA_HOST_OS_NAME"), NAME, "Debian GNU/Linux", "The operating system's name. Inside a container: the host's, where it can be seen.").documented(),
    Field::new("host_os_id", G::System, Fact("NETDATA_HOST_OS_ID"), NAME, "debian", "The operating system's identifier (os-release ID).").documented(),
    Field::new("host_os_id_like", G::System, Fact("NETDATA_HOST_OS_ID_LIKE"), NAME, "rhel fedora", "Related operating systems (os-release ID_LIKE).").documented(),
    Field::new("host_os_version", G::System, Fact("NETDATA_HOST_OS_VERSION"), NAME, "12 (bookworm)", "The operating system's version.").documented(),
    Field::new("host_os_version_id", G::System, Fact("NETDATA_HOST_OS_VERSION_ID"), NAME, "12", "The operating system's version, for machines.").documented(),
    Field::new("host_os_detection", G::System, Fact("NETDATA_HOST_OS_DETECTION"), S::Source, "/etc/os-release", "Where the operating system's name was found.").purpose(QualityAssurance),
    Field::new("host_is_k8s_node", G::Container, Fact("NETDATA_HOST_IS_K8S_NODE"), S::BooleanWord, "false", "Whether this is part of a Kubernetes cluster."),
    Field::new("system_kernel_name", G::System, Fact("NETDATA_SYSTEM_KERNEL_NAME"), NAME, "Linux", "The kernel's name.").documented(),
    Field::new("system_kernel_version", G::System, Fact("NETDATA_SYSTEM_KERNEL_VERSION"), S::KernelRelease, "6.1.0-18-amd64", "The kernel's version.").documented(),
    Field::new("system_architecture", G::System, Fact("NETDATA_SYSTEM_ARCHITECTURE"), S::Word, "x86_64", "The machine's architecture.").documented(),
    Field::new("system_virtualization", G::System, Fact("NETDATA_SYSTEM_VIRTUALIZATION"), S::Word, "kvm", "The virtual machine's technology, or none.").documented(),
    Field::new("system_virt_detection", G::System, Fact("NETDATA_SYSTEM_VIRT_DETECTION"), S::Source, "cpuid", "Where the virtual machine's technology was found.").purpose(QualityAssurance),
    Field::new("system_container", G::Container, Fact("NETDATA_SYSTEM_CONTAINER"), S::Word, "none", "The container's technology, or none.").documented(),
    Field::new("system_container_detection", G::Container, Fact("NETDATA_SYSTEM_CONTAINER_DETECTION"), S::Source, "/proc/self/ns/pid", "Where the container's technology was found.").purpose(QualityAssurance),
    Field::new("container_os_name", G::Container, Fact("NETDATA_CONTAINER_OS_NAME"), NAME, "Alpine Linux", "The name of the operating system in the container.").documented(),
    Field::new("container_os_id", G::Container, Fact("NETDATA_CONTAINER_OS_ID"), NAME, "alpine", "Its identifier.").documented(),
    Field::new("container_os_id_like", G::Container, Fact("NETDATA_CONTAINER_OS_ID_LIKE"), NAME, "debian", "Related operating systems.").documented(),
    Field::new("container_os_version", G::Container, Fact("NETDATA_CONTAINER_OS_VERSION"), NAME, "3.20", "Its version.").documented(),
    Field::new("container_os_version_id", G::Container, Fact("NETDATA_CONTAINER_OS_VERSION_ID"), NAME, "3.20.1", "Its version, for machines.").documented(),
    Field::new("container_os_detection", G::Container, Fact("NETDATA_CONTAINER_OS_DETECTION"), S::Source, "/etc/os-release", "Where the container's operating system was found.").purpose(QualityAssurance),
    Field::new("container_is_official_image", G::Container, Fact("NETDATA_CONTAINER_IS_OFFICIAL_IMAGE"), S::Boolean, "false", "Whether the container is Netdata's own image."),
    Field::new("system_cpu_detection", G::Hardware, Fact("NETDATA_SYSTEM_CPU_DETECTION"), S::Source, "/proc/cpuinfo", "Where the processor was found.").purpose(QualityAssurance),
    Field::new("system_cpu_freq", G::Hardware, Fact("NETDATA_SYSTEM_CPU_FREQ"), S::Digits, "2596000000", "The processor's frequency in Hz.").is(Exact),
    Field::new("system_cpu_logical_cpu_count", G::Hardware, Fact("NETDATA_SYSTEM_CPU_LOGICAL_CPU_COUNT"), S::Digits, "8", "How many logical processors there are."),
    Field::new("system_cpu_model", G::Hardware, Fact("NETDATA_SYSTEM_CPU_MODEL"), NAME, "AMD EPYC 7763 64-Core Processor", "The processor's model."),
    Field::new("system_cpu_vendor", G::Hardware, Fact("NETDATA_SYSTEM_CPU_VENDOR"), NAME, "AuthenticAMD", "The processor's vendor."),
    Field::new("system_disk_detection", G::Hardware, Fact("NETDATA_SYSTEM_DISK_DETECTION"), S::Source, "/sys/block", "Where the disks were found.").purpose(QualityAssurance),
    Field::new("system_ram_detection", G::Hardware, Fact("NETDATA_SYSTEM_RAM_DETECTION"), S::Source, "/proc/meminfo", "Where the memory was found.").purpose(QualityAssurance),
    Field::new("system_total_disk_size", G::Hardware, Fact("NETDATA_SYSTEM_TOTAL_DISK_SIZE"), S::Digits, "274877906944", "The size of all disks together, in bytes.").is(Exact),
    Field::new("system_total_ram", G::Hardware, Fact("NETDATA_SYSTEM_TOTAL_RAM"), S::Digits, "25276514304", "The size of the memory, in bytes.").is(Exact),
    Field::new("config_stream_enabled", G::Configuration, Argument(4), S::Boolean, "false", "Whether the agent sends its metrics to a parent."),
    Field::new("config_memory_mode", G::Configuration, Argument(5), S::Word, "dbengine", "How metrics are stored."),
    Field::new("config_page_cache_size", G::Configuration, Argument(15), COUNT, "32", "Size of the page cache, in MiB."),
    Field::new("config_multidb_disk_quota", G::Configuration, Argument(16), COUNT, "256", "Disk space for metrics, in MiB."),
    Field::new("config_https_enabled", G::Configuration, Argument(17), S::Boolean, "true", "Whether the dashboard can be served over https."),
    Field::new("config_https_available", G::Configuration, Argument(37), S::Words, "Native HTTPS", "Which https support was built in."),
    Field::new("config_web_enabled", G::Configuration, Argument(18), S::Boolean, "true", "Whether the dashboard is on."),
    Field::new("config_exporting_enabled", G::Configuration, Argument(6), S::Boolean, "false", "Whether metrics are exported."),
    Field::new("config_is_parent", G::Configuration, Argument(29), S::Boolean, "false", "Whether other agents send to this one."),
    Field::new("config_is_private_registry", G::Configuration, Argument(39), S::Boolean, "false", "Whether this agent is a registry."),
    Field::new("config_private_registry_used", G::Configuration, Argument(40), S::Boolean, "false", "Whether a registry other than Netdata's is used."),
    Field::new("config_hosts_available", G::Configuration, Argument(30), COUNT, "1", "How many machines this agent has metrics of."),
    Field::new("config_oom_score", G::Configuration, Argument(41), S::Integer { min: -1000, max: 1000 }, "1000", "The agent's out-of-memory score."),
    Field::new("alarms_normal", G::Usage, Argument(24), COUNT, "117", "How many alerts are in order."),
    Field::new("alarms_warning", G::Usage, Argument(25), COUNT, "0", "How many alerts warn."),
    Field::new("alarms_critical", G::Usage, Argument(26), COUNT, "0", "How many alerts are critical."),
    Field::new("host_charts_count", G::Usage, Argument(27), COUNT, "312", "How many charts there are.").is(Exact),
    Field::new("host_metrics_count", G::Usage, Argument(28), COUNT, "2047", "How many metrics there are.").is(Exact),
    Field::new("host_collectors", G::Usage, Argument(12), S::Collectors, r#"{"plugin":"apps.plugin","module":""},{"plugin":"proc.plugin","module":"/proc/stat"}"#, "Which collectors run: plugin and module names.").is(Exact),
    Field::new("host_collectors_count", G::Usage, Argument(13), COUNT, "23", "How many collectors run."),
    Field::new("host_notification_methods", G::Usage, Argument(23), S::FreeWords, "email|slack", "Which ways of sending alerts are configured."),
    Field::new("host_allmetrics_prometheus_used", G::Usage, Argument(8), COUNT, "0", "How often metrics were fetched in Prometheus format."),
    Field::new("host_allmetrics_shell_used", G::Usage, Argument(9), COUNT, "0", "How often metrics were fetched in shell format."),
    Field::new("host_allmetrics_json_used", G::Usage, Argument(10), COUNT, "0", "How often metrics were fetched in JSON format."),
    Field::new("host_dashboard_used", G::Usage, Argument(11), COUNT, "3", "How often the dashboard was opened."),
    Field::new("host_cloud_available", G::Configuration, Argument(31), S::Boolean, "true", "Whether Cloud features were built in."),
    Field::new("host_cloud_enabled", G::Configuration, Argument(36), S::Boolean, "true", "Whether Cloud features are on."),
    Field::new("host_agent_claimed", G::Configuration, Argument(35), S::Boolean, "false", "Whether the agent is claimed into a Cloud space."),
    Field::new("host_aclk_available", G::Configuration, Argument(32), S::Boolean, "true", "Whether the link to the Cloud is up."),
    Field::new("host_aclk_protocol", G::Configuration, Argument(33), S::Word, "New", "The protocol of the link to the Cloud."),
    Field::new("host_aclk_implementation", G::Configuration, Argument(34), S::Word, "Next Generation", "The implementation of the link to the Cloud."),
    Field::new("mirrored_host_count", G::Usage, Argument(20), COUNT, "0", "How many machines send to this agent."),
    Field::new("mirrored_hosts_reachable", G::Usage, Argument(21), COUNT, "0", "How many of them are reachable."),
    Field::new("mirrored_hosts_unreachable", G::Usage, Argument(22), COUNT, "0", "How many of them are not."),
    Field::new("exporting_connectors", G::Usage, Argument(7), S::Words, "prometheus", "Which exporting connectors are on."),
    Field::new("dropped_fields", G::Event, Origin::Dropped, S::FieldNames, "host_collectors", "The names of fields that were left out because their value did not have the expected form, and with [] of a list of which a part was. Absent when there are none.")
        .purpose(QualityAssurance)
        .always(),
    Field::new("fields_withheld", G::Event, Origin::Withheld, S::ConstantBoolean(true), "true", "Whether the configuration withholds fields that such an event has; not which. Absent when it withholds none.")
        .purpose(QualityAssurance)
        .always(),
    Field::new("uuid", G::Envelope, Origin::FrozenUuid, S::Uuid, "0b5d7d7e-4f0f-4f3a-9a57-3c1a6a2f1c11", "A random number of this one event, so that a repeat can be told from a second event.")
        .top()
        .purpose(Delivery)
        .is(Exact)
        .always(),
    Field::new("timestamp", G::Envelope, Origin::FrozenTime, S::Timestamp, "2026-01-01T00:00:00.000Z", "When the event was made, in UTC.")
        .top()
        .purpose(Delivery)
        .is(Exact)
        .always(),
];

const fn client(name: &'static str, shape: Shape, example: &'static str, what: &'static str) -> Field {
    Field::new(name, G::Browser, Origin::Client, shape, example, what).purpose(UsageStatistics)
}

const fn masked(name: &'static str, what: &'static str) -> Field {
    constant(name, "masked", what)
}

/// The fields of the second channel, the agent's dashboard, in wire order.
///
/// `dashboard/telemetry.js` lets only these pass; its constants are generated from them. An event also has the
/// properties that the dashboard has declared for it.
pub static DASHBOARD_FIELDS: &[Field] = &[
    Field::new("api_key", G::Envelope, Origin::Constant(PUBLIC_KEY), S::Key, PUBLIC_KEY, "The public key under which the PostHog server files the events. It is Netdata's, unless the dashboard has its own.").top().purpose(Delivery).is(Constant),
    Field::new("event", G::Envelope, Origin::Page, S::Word, "tab opened", "The event's name: $pageview when the dashboard is opened, or one that the dashboard has declared.").top().purpose(Delivery),
    Field::new("uuid", G::Envelope, Origin::Client, S::Uuid, "01a20c99-9df4-73de-8389-8de843ba2790", "A number of this one event, made of the time and chance, so that a repeat can be told from a second event.").top().purpose(Delivery).is(Exact),
    Field::new("timestamp", G::Envelope, Origin::Client, S::Timestamp, "2026-01-01T00:00:00.000Z", "When the event was made, in UTC, by the browser's clock.").top().purpose(Delivery).is(Exact),
    Field::new("distinct_id", G::Envelope, Origin::Hello("machine_guid"), S::Guid, "f5f3005e-e656-11f1-aa14-02fc00000001", "The identifier of this installation, the same as in the events of the daemon.").purpose(Delivery).is(Identifier).documented(),
    client("$browser", S::Word, "Chrome", "The browser's name."),
    client("$browser_version", S::Integer { min: 0, max: 9999 }, "156", "The browser's main version."),
    client("$os", S::Word, "Linux", "The operating system of the machine on which the browser runs."),
    client("$os_version", S::Word, "10.0", "Its version, where the browser tells."),
    client("$device_type", S::Word, "Desktop", "Whether that is a desktop, a tablet or a telephone."),
    client("$screen_width", S::Integer { min: 0, max: 99_999 }, "1280", "The width of the screen, in pixels."),
    client("$screen_height", S::Integer { min: 0, max: 99_999 }, "720", "The height of the screen, in pixels."),
    client("$lib", S::Word, "web", "Which of PostHog's clients it is.").purpose(Delivery),
    client("$lib_version", S::Version, "1.449.2", "The client's version.").purpose(QualityAssurance),
    client("$session_id", S::Uuid, "01a20c99-9e14-7041-b682-eaf136cce98a", "A number of this visit, so that events of one visit can be counted as one. It is kept in the page's memory alone and is gone when the page is closed.").is(Exact),
    constant("$ip", "127.0.0.1", "Stands in for the browser's address, so that PostHog stores none with the event. The server still sees the address of the connection.").documented(),
    constant("$current_url", "agent dashboard", "Stands in for the address of the page, which names the machine.").documented(),
    constant("$pathname", "netdata-dashboard", "Stands in for the path of the page.").documented(),
    constant("$host", "dashboard.netdata.io", "Stands in for the host name in the page's address.").documented(),
    masked("$referrer", "Stands in for the page from which the dashboard was opened."),
    masked("$referring_domain", "Stands in for the host name of that page."),
    masked("$initial_referrer", "Stands in for the page from which the dashboard was first opened."),
    masked("$initial_referring_domain", "Stands in for the host name of that page."),
    switch("$process_person_profile", false, "Tells PostHog to make no person profile."),
    switch("$geoip_disable", true, "Tells PostHog not to look up where the browser's address is."),
    Field::new("event_source", G::Masks, Origin::Constant("agent dashboard"), S::Constant("agent dashboard"), "agent dashboard", "Tells events of the dashboard from events of the daemon.").purpose(Delivery).is(Constant),
];
