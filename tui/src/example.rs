//! A made-up machine, always the same, for the tests and for the pictures of the documentation.

use std::path::{Path, PathBuf};

use anonymous_statistics::agent::folders::{CONFIG_DIRECTORIES, Dir, DirSource, Folders};
use anonymous_statistics::agent::hooks::Hooks;
use anonymous_statistics::agent::installed_sender::{Program, SCRIPT, Script};
use anonymous_statistics::agent::next_call::fill;
use anonymous_statistics::agent::process::{DaemonEnv, Daemons, EnvSource};
use anonymous_statistics::agent::version::Version;
use anonymous_statistics::call::{Invocation, Provenance};
use anonymous_statistics::channels;
use anonymous_statistics::channels::crash_reports::Kept;
use anonymous_statistics::channels::dashboard;
use anonymous_statistics::clock::UnixMillis;
use anonymous_statistics::config::Config;
use anonymous_statistics::consent::{Consent, Finding};
use anonymous_statistics::fields::{ACTIONS, field};
use anonymous_statistics::inspect::comparison::Column;
use anonymous_statistics::inspect::{Preview, Target};
use anonymous_statistics::outbox::history::{History, RetryPlan};
use anonymous_statistics::outbox::{Entry, Item, State, Unread};
use anonymous_statistics::request::payload::{EventId, Uuid};
use anonymous_statistics::request::{Assembly, Machine};
use system_facts::{Evidence, Fact, Facts, Outcome, Source, State as FactState};

/// 2026-01-01, 06:25 UTC: the last call of the example's agent.
const BEFORE: UnixMillis = UnixMillis(1_767_248_700_000);
/// 2026-01-01, 20:40:30 UTC: the time of the preview.
const NOW: UnixMillis = UnixMillis(1_767_300_030_000);

const KERNEL: &str = "6.1.0-18-amd64";

/// The random number of every event.
const UUID: Uuid = Uuid::from_u128(0x0b5d_7d7e_4f0f_4f3a_9a57_3c1a_6a2f_1c11);

/// An agent that may send, with this project's sender and a complete last call.
pub(crate) fn preview() -> Preview {
    let sender = Program::ThisSender(env!("CARGO_PKG_VERSION").to_owned());
    Preview { history: Ok(history()), ..with(&last_call("START"), sender) }
}

/// In milliseconds.
const DAY: u64 = 24 * 60 * 60 * 1000;

/// Three answered events, the first with an older kernel, and a waiting one.
fn history() -> History {
    let item = |action: &str, kernel: &str, state, time, attempts, status| {
        let mut entry = Entry::new(&with(&last_call(action), Program::Missing).assembly.unwrap().request);
        let text = String::from_utf8(entry.request).unwrap();
        entry.request = text.replace(KERNEL, kernel).into_bytes();
        (entry.record.attempts, entry.record.status, entry.record.time) = (attempts, status, Some(time + 150));
        Item { state, name: EventId { uuid: UUID, time }, entry: Ok(entry) }
    };
    let sent = vec![
        item("START", "6.1.0-17-amd64", State::Sent, BEFORE - DAY, 1, Some(200)),
        item("META", KERNEL, State::Sent, BEFORE - DAY / 2, 2, Some(200)),
        item("EXIT", KERNEL, State::Sent, BEFORE - 60_000, 1, Some(400)),
    ];
    let waiting = item("FATAL", KERNEL, State::Waiting, BEFORE - 90_000, 2, None);
    History { sent, waiting: vec![(waiting, RetryPlan::Next(1))], unread: Unread::default() }
}

/// The events of all actions, each from a last call.
pub(crate) fn columns() -> Vec<Column> {
    let column = |action: &str| Column::new(action, with(&last_call(action), Program::Missing).assembly);
    ACTIONS.iter().map(|action| column(action.name)).collect()
}

pub(crate) fn with(invocation: &Invocation, program: Program) -> Preview {
    let config = Config::load(None).unwrap();
    let destination = config.destination(Some("1.37.1-2")).unwrap();
    let stamp = EventId { uuid: UUID, time: NOW };
    let machine = Machine { facts: facts(), nodename: "example-host".to_owned() };
    let found = |path: &str| Some(Dir { path: path.into(), by: DirSource::Usual });
    Preview {
        action: invocation.action().unwrap_or_default().to_owned(),
        folders: Folders {
            config: found("/etc/netdata"),
            library: found("/var/lib/netdata"),
            plugins: found("/usr/lib/netdata/plugins.d"),
            consent: CONFIG_DIRECTORIES.map(PathBuf::from).to_vec(),
            conf: Some("/etc/netdata/netdata.conf".into()),
            stock_conf: None,
            command: None,
            doubt: None,
        },
        targets: vec![Target {
            folder: "/etc/netdata".into(),
            exists: true,
            file: Finding::Nothing,
            foreign: false,
            library: Some("/var/lib/netdata".into()),
            agent: None,
        }],
        consent: consent(&[]),
        script: Script { path: Some(Path::new("/usr/lib/netdata/plugins.d").join(SCRIPT)), program },
        original: None,
        version: Version::new("1.37.1-2", "/var/lib/dpkg/status"),
        daemons: Daemons::default(),
        surroundings: DaemonEnv::new(EnvSource::Daemon(812), |_variable| None),
        others: Vec::new(),
        is_named: false,
        unseen_agent: None,
        accounts: (Some(0), Some(998)),
        askers: Some(consent(&[])),
        proxy: Ok(None),
        trust_store: Ok(None),
        history: Ok(History::default()),
        restart: Some("systemctl restart netdata.service".to_owned()),
        hooks: Hooks::default(),
        files: channels::Files::default(),
        kept: Kept::default(),
        dashboard: dashboard::entries(Some(&identity())),
        assembly: Assembly::build(invocation, &machine, &config, Some(&destination), stamp),
        destination: Ok(Some(destination)),
        machine,
        config: Ok(config),
    }
}

/// The agent's identifier and its file.
fn identity() -> (String, PathBuf) {
    let identifier = field("distinct_id").unwrap().example;
    (identifier.to_owned(), "/var/lib/netdata/registry/netdata.public.unique.id".into())
}

/// A decision without objections, except for these findings in the first directories.
pub(crate) fn consent(findings: &[Finding]) -> Consent {
    let look = |path: &Path| {
        let at = CONFIG_DIRECTORIES.iter().position(|directory| path.starts_with(directory));
        at.and_then(|at| findings.get(at)).cloned().unwrap_or(Finding::Nothing)
    };
    Consent::decide(CONFIG_DIRECTORIES.iter().map(Path::new), |_variable| Ok(None), look)
}

/// A call with the schema's examples as the values of the last one.
pub(crate) fn last_call(action: &str) -> Invocation {
    let mut call = Invocation::expected(action);
    fill(&mut call, &Provenance::LastEvent(BEFORE));
    call
}

fn facts() -> Facts {
    let os = |value: &str| known(value.to_owned(), Source::OS_RELEASE, value);
    let uname = |value: &str| known(value.to_owned(), Source::UNAME, value);
    let mut facts = Facts::default();
    facts.os.name = os("Debian GNU/Linux");
    facts.os.id = os("debian");
    facts.os.version = os("12 (bookworm)");
    facts.os.version_id = os("12");
    facts.kernel.name = uname("Linux");
    facts.kernel.release = uname(KERNEL);
    facts.kernel.architecture = uname("x86_64");
    facts.virtualization.name = known("kvm".to_owned(), Source::CPUID, "KVMKVMKVM");
    facts.container.name = fact(FactState::None, Source::PID_NAMESPACE, "pid:[4026531836]");
    facts.container.kubernetes_node = known(false, Source::CGROUP_TREE, "no pods");
    facts.container.official_image = known(false, Source::OFFICIAL_IMAGE, "not set");
    let model = "AMD EPYC 7763 64-Core Processor";
    facts.cpu.model = known(model.to_owned(), Source::PROC_CPUINFO, model);
    facts.cpu.vendor = known("AuthenticAMD".to_owned(), Source::PROC_CPUINFO, "AuthenticAMD");
    facts.cpu.logical_count = known(8, Source::SYS_CPU, "0-7");
    facts.cpu.frequency_hz = known(2_445_000_000, Source::PROC_CPUINFO, "2445.406");
    facts.memory.total_bytes = known(33_651_187_712, Source::MEMINFO, "32862488 kB");
    facts.disk.total_bytes = known(274_877_906_944, Source::SYS_BLOCK, "vda: 536870912 sectors");
    facts
}

fn known<T>(value: T, source: Source, saw: &str) -> Fact<T> {
    fact(FactState::Known(value), source, saw)
}

fn fact<T>(state: FactState<T>, source: Source, saw: &str) -> Fact<T> {
    Fact::new(state, Some(source), [Evidence::new(source.name(), Outcome::Saw(saw.to_owned()))])
}
