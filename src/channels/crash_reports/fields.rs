//! Every field of the report, in the order of its body.

use crate::agent::status_file::{SignalCode, ending};
use crate::channels::crash_reports::field::{Facts, compact, dashed, process, signed, switch, text, unsigned, words};
use crate::fields::Sensitivity;

pub use crate::channels::crash_reports::field::{ReportField, Since, Source, Why};

use Sensitivity::{Coarse, Constant, Exact, Identifier};
use Since::{Daemon, File, First};
use Source::{Computed, Count, Crash, Dmi, Identity, Run, System, SystemInfo};
use Why::{Comparing, Counting, Debugging, Ending, Shortage, Unsaid};

/// One row a field: path, first version, sensitivity, source, why, what, and the value.
macro_rules! fields {
    ($($path:literal $since:expr, $sensitivity:ident $($free:ident)?, $source:ident $why:ident: $what:literal, $value:expr;)*) => {
        /// In the order of the body.
        pub static FIELDS: &[ReportField] = &[$(ReportField {
            path: $path,
            since: $since,
            sensitivity: $sensitivity,
            source: $source,
            why: $why,
            what: $what,
            free_text: fields!(@free $($free)?),
            value: $value,
        }),*];
    };
    (@free free) => { true };
    (@free) => { false };
}

fields! {
    "exit_cause" First, Coarse, Computed Ending: "How the last run ended, in a few words.", |f| text(f.ending.cause.as_bytes());
    "message" First, Coarse, Computed Ending: "The same as a sentence.", |f| text(f.ending.message.as_bytes());
    "priority" First, Coarse, Computed Ending: "How bad that is, as syslog counts: 2 is critical, 7 is nothing special.", |f| unsigned(f.ending.priority.into());
    "version_saved" First, Coarse, Computed Unsaid: "The version of the status file that was read.", |f| unsigned(f.status.version);
    "agent_version_now" First, Coarse, Computed Comparing: "The version of the daemon that starts.", |f| text(f.daemon.text.as_bytes());
    "agent_pid_now" First, Exact, Computed Unsaid: "Its process id.", |_| b"null".to_vec();
    "host_memory_critical" First, Coarse, Computed Shortage: "Whether less memory was free than the daemon keeps free.", |f| switch(f.status.host.memory.is_critical());
    "host_memory_free_percent" First, Coarse, Computed Shortage: "How much of the memory was free; 100 if that is not known.", |f| unsigned(f.status.host.memory.free_percent());
    "agent_health" First, Coarse, Computed Ending: "Whether the last runs crashed or not, in one word.", |f| text(ending::health(f.status).as_bytes());
    "@timestamp" First, Exact, Run Ending: "When the status was saved last.", |f| f.time(f.status.timestamp);
    "version" First, Coarse, Computed Unsaid: "The version of the status file that the daemon writes.", |f| unsigned(f.schema);

    "agent.id" First, Identifier, Identity Counting: "The identifier of this installation. The registry, the dashboard and the events of older agents use it too.", |f| dashed(&f.status.agent.id);
    "agent.since" File(24), Exact, Identity Comparing: "When the agent was installed: the time of the file with its identifier.", |f| if f.status.agent.since > 0 { f.time(f.status.agent.since) } else { Vec::new() };
    "agent.ephemeral_id" First, Identifier, Run Counting: "A random identifier of the run that ended.", |f| compact(&f.status.agent.ephemeral_id);
    "agent.version" First, Coarse, Run Comparing: "The version of the daemon that ended.", |f| text(&f.status.agent.version);
    "agent.uptime" First, Exact, Run Ending: "How many seconds it had run.", |f| signed(f.status.agent.uptime);
    "agent.node_id" First, Identifier, Identity Counting: "The Cloud's identifier of this machine. Once known it stays, also after the connection to the Cloud was removed.", |f| dashed(&f.status.agent.node_id);
    "agent.claim_id" First, Identifier, Identity Counting: "The Cloud's identifier of the connection to somebody's account.", |f| dashed(&f.status.agent.claim_id);
    "agent.restarts" First, Exact, Count Ending: "How often this agent was started.", |f| unsigned(f.status.agent.restarts);
    "agent.crashes" File(24), Exact, Count Ending: "How often it crashed.", |f| unsigned(f.status.agent.crashes);
    "agent.pid" File(27), Exact, Run Unsaid: "The process id of the run that ended.", |f| process(f.status.agent.pid);
    "agent.posts" File(22), Exact, Count Counting: "How many reports it posted.", |f| unsigned(f.status.agent.posts);
    "agent.aclk" File(22), Coarse, Run Comparing: "Whether it had a connection to the Cloud.", |f| text(f.status.agent.aclk.unwrap_or("available").as_bytes());
    "agent.profile" First, Coarse, Run Comparing: "Its role: alone, parent or child of others, or on a small device.", |f| words(f.status.agent.profile.words());
    "agent.status" First, Coarse, Run Ending: "Whether it was starting, running, stopping, or had stopped.", |f| text(f.status.agent.status.word().as_bytes());
    "agent.exit_reason" First, Coarse, Run Ending: "The signals and requests that ended it.", |f| words(f.status.agent.exit_reason.words());
    "agent.install_type" First, Coarse, Run Comparing: "How it was installed.", |f| text(&f.status.agent.install_type);
    "agent.db_mode" File(14), Coarse, Run Comparing: "The kind of its database.", |f| text(f.status.agent.db_mode.word().as_bytes());
    "agent.db_tiers" File(14), Coarse, Run Comparing: "The number of levels of detail in its database.", |f| unsigned(f.status.agent.db_tiers.into());
    "agent.kubernetes" File(14), Coarse, Run Comparing: "Whether it ran in Kubernetes.", |f| switch(f.status.agent.kubernetes);
    "agent.sentry_available" File(16), Coarse, Run Comparing: "Whether it was built with Sentry, which sends crashes on its own.", |f| switch(f.status.agent.sentry_available);
    "agent.reliability" File(18), Exact, Count Ending: "How many runs in a row ended well, or, negative, in a crash.", |f| signed(f.status.agent.reliability);
    "agent.stack_traces" File(18), Coarse, Run Debugging: "The way in which it records stack traces.", |f| text(&f.status.agent.stack_traces);
    "agent.timings.init" First, Exact, Run Shortage: "How many seconds its start took.", |f| signed(f.status.agent.init_seconds);
    "agent.timings.exit" First, Exact, Run Shortage: "How many seconds its stop took.", |f| signed(f.status.agent.exit_seconds);

    "metrics.nodes.total" Daemon(27), Exact, Run Comparing: "How many machines it knew, itself included.", |f| unsigned(f.status.metrics.nodes_total);
    "metrics.nodes.receiving" Daemon(27), Exact, Run Comparing: "How many sent it their metrics.", |f| unsigned(f.status.metrics.nodes_receiving);
    "metrics.nodes.sending" Daemon(27), Exact, Run Comparing: "How many it sent on.", |f| unsigned(f.status.metrics.nodes_sending);
    "metrics.nodes.archived" Daemon(27), Exact, Run Comparing: "How many were in its archive only.", |f| unsigned(f.status.metrics.nodes_archived);
    "metrics.metrics.collected" Daemon(27), Exact, Run Comparing: "How many metrics it collected.", |f| unsigned(f.status.metrics.metrics.collected);
    "metrics.metrics.available" Daemon(27), Exact, Run Comparing: "How many metrics it stored.", |f| unsigned(f.status.metrics.metrics.available);
    "metrics.instances.collected" Daemon(27), Exact, Run Comparing: "How many things, such as disks, it collected metrics of.", |f| unsigned(f.status.metrics.instances.collected);
    "metrics.instances.available" Daemon(27), Exact, Run Comparing: "Of how many it stored some.", |f| unsigned(f.status.metrics.instances.available);
    "metrics.contexts.collected" Daemon(27), Exact, Run Comparing: "How many kinds of metrics it collected.", |f| unsigned(f.status.metrics.contexts.collected);
    "metrics.contexts.available" Daemon(27), Exact, Run Comparing: "How many kinds it stored.", |f| unsigned(f.status.metrics.contexts.available);

    "host.id" First, Identifier, System Counting: "The machine-id of the operating system, unchanged. machine-id(5) asks to keep it confidential.", |f| compact(&f.status.host.id);
    "host.architecture" First, Coarse, SystemInfo Comparing: "The architecture of the processor.", |f| text(&f.status.host.architecture);
    "host.virtualization" First, Coarse, SystemInfo Comparing: "The hypervisor, if any.", |f| text(&f.status.host.virtualization);
    "host.container" First, Coarse, SystemInfo Comparing: "The kind of container, if any.", |f| text(&f.status.host.container);
    "host.uptime" First, Exact, System Unsaid: "How many seconds the machine had run.", |f| signed(f.status.host.uptime);
    "host.timezone" File(20), Exact, System Unsaid: "The time zone: roughly, where the machine is.", |f| text(&f.status.host.timezone);
    "host.cloud_provider" File(20), Coarse, SystemInfo Comparing: "The provider of a rented machine.", |f| text(&f.status.host.cloud_provider);
    "host.cloud_instance" File(20), Coarse, SystemInfo Comparing: "Its size, in the provider's words.", |f| text(&f.status.host.cloud_instance);
    "host.cloud_region" File(20), Coarse, SystemInfo Comparing: "The provider's region.", |f| text(&f.status.host.cloud_region);
    "host.system_cpus" Daemon(27), Coarse, System Comparing: "The number of processors.", |f| unsigned(f.status.host.system_cpus);
    "host.boot.id" First, Identifier, System Counting: "The kernel's identifier of the machine's last boot.", |f| compact(&f.status.host.boot_id);
    "host.memory" First, Constant, System Shortage: "Empty: the memory is not known.", |f| if f.status.host.memory.is_known() { Vec::new() } else { b"{}".to_vec() };
    "host.memory.total" First, Exact, System Shortage: "The memory in bytes.", |f| memory(f, f.status.host.memory.total);
    "host.memory.free" First, Exact, System Shortage: "How much of it was free.", |f| memory(f, f.status.host.memory.free);
    "host.memory.netdata" File(21), Exact, System Shortage: "The most that the agent had used of it.", |f| memory(f, f.status.host.memory.netdata);
    "host.memory.oom_protection" File(21), Exact, Run Shortage: "How much of it the agent keeps free.", |f| memory(f, f.status.host.memory.oom_protection);
    "host.disk.db" First, Constant, System Shortage: "Empty: the disk is not known.", |f| if f.status.host.disk.is_known() { Vec::new() } else { b"{}".to_vec() };
    "host.disk.db.total" First, Exact, System Shortage: "The size in bytes of the file system with its database.", |f| disk(f, f.status.host.disk.total);
    "host.disk.db.free" First, Exact, System Shortage: "How much of it was free.", |f| disk(f, f.status.host.disk.free);
    "host.disk.db.inodes_total" First, Exact, System Shortage: "How many files it can hold.", |f| disk(f, f.status.host.disk.inodes_total);
    "host.disk.db.inodes_free" First, Exact, System Shortage: "How many more it could hold.", |f| disk(f, f.status.host.disk.inodes_free);
    "host.disk.db.read_only" First, Coarse, System Shortage: "Whether nothing could be written there.", |f| if f.status.host.disk.is_known() { switch(f.status.host.disk.read_only) } else { Vec::new() };
    "host.disk.netdata.dbengine" Daemon(27), Exact, Run Shortage: "The size in bytes of its metrics.", |f| unsigned(f.status.host.files.dbengine);
    "host.disk.netdata.sqlite" Daemon(27), Exact, Run Shortage: "The size of its other databases.", |f| unsigned(f.status.host.files.sqlite);
    "host.disk.netdata.other" Daemon(27), Exact, Run Shortage: "The size of its other files.", |f| unsigned(f.status.host.files.other);
    "host.disk.netdata.last_updated" Daemon(27), Exact, Run Shortage: "When it last added up these sizes.", |f| f.time(f.status.host.files.last_updated);

    "os.type" First, Coarse, System Comparing: "The operating system.", |f| text(f.status.os.kind.unwrap_or("unknown").as_bytes());
    "os.kernel" First, Coarse, SystemInfo Comparing: "The version of its kernel.", |f| text(&f.status.os.kernel);
    "os.name" First, Coarse, SystemInfo Comparing: "Its name.", |f| text(&f.status.os.name);
    "os.version" First, Coarse, SystemInfo Comparing: "Its version.", |f| text(&f.status.os.version);
    "os.family" First, Coarse, SystemInfo Comparing: "Its short name.", |f| text(&f.status.os.family);
    "os.platform" First, Coarse, SystemInfo Comparing: "The systems that it descends from.", |f| text(&f.status.os.platform);

    "hw.sys.vendor" Daemon(25), Coarse, Dmi Comparing: "The machine's maker.", |f| text(&f.status.hw.sys_vendor);
    "hw.sys.uuid" Daemon(27), Identifier, Dmi Unsaid: "The identifier of the mainboard. Only root can read it, and root starts the daemon.", |f| text(&f.status.hw.sys_uuid);
    "hw.product.id" Daemon(29), Coarse, Dmi Comparing: "The machine's model, in the maker's letters.", |f| text(&f.status.hw.product_id);
    "hw.product.name" Daemon(25), Coarse, Dmi Comparing: "The machine's model.", |f| text(&f.status.hw.product_name);
    "hw.product.version" Daemon(25), Coarse, Dmi Comparing: "Its version.", |f| text(&f.status.hw.product_version);
    "hw.product.sku" Daemon(25), Exact, Dmi Comparing: "Its number in the maker's catalogue.", |f| text(&f.status.hw.product_sku);
    "hw.product.family" Daemon(25), Coarse, Dmi Comparing: "The family of models.", |f| text(&f.status.hw.product_family);
    "hw.board.name" Daemon(25), Coarse, Dmi Comparing: "The mainboard's model.", |f| text(&f.status.hw.board_name);
    "hw.board.version" Daemon(25), Coarse, Dmi Comparing: "Its version.", |f| text(&f.status.hw.board_version);
    "hw.board.vendor" Daemon(25), Coarse, Dmi Comparing: "Its maker.", |f| text(&f.status.hw.board_vendor);
    "hw.chassis.type" Daemon(25), Coarse, Dmi Comparing: "The kind of case, a number of the SMBIOS specification.", |f| text(&f.status.hw.chassis_type);
    "hw.chassis.vendor" Daemon(25), Coarse, Dmi Comparing: "Its maker.", |f| text(&f.status.hw.chassis_vendor);
    "hw.chassis.version" Daemon(25), Coarse, Dmi Comparing: "Its version.", |f| text(&f.status.hw.chassis_version);
    "hw.bios.date" Daemon(25), Coarse, Dmi Comparing: "The date of the firmware.", |f| text(&f.status.hw.bios_date);
    "hw.bios.release" Daemon(25), Coarse, Dmi Comparing: "Its release.", |f| text(&f.status.hw.bios_release);
    "hw.bios.version" Daemon(25), Coarse, Dmi Comparing: "Its version.", |f| text(&f.status.hw.bios_version);
    "hw.bios.vendor" Daemon(25), Coarse, Dmi Comparing: "Its maker.", |f| text(&f.status.hw.bios_vendor);
    "product.vendor" Daemon(26), Coarse, Dmi Comparing: "The provider of a rented machine, else the maker, in one spelling.", |f| text(&f.status.product.vendor);
    "product.id" Daemon(29), Coarse, Dmi Comparing: "The model, in the maker's letters.", |f| text(&f.status.product.id);
    "product.name" Daemon(26), Coarse, Dmi Comparing: "The size of a rented machine, else the model.", |f| text(&f.status.product.name);
    "product.type" Daemon(26), Coarse, Dmi Comparing: "Its kind: vm, server, laptop and so on.", |f| text(&f.status.product.kind);

    "fatal.line" First, Coarse, Crash Debugging: "The line of the source file with the fatal error.", |f| unsigned(f.status.fatal.line);
    "fatal.filename" First, Coarse, Crash Debugging: "The source file, with the folder of the machine that built the agent.", |f| text(&f.status.fatal.filename);
    "fatal.function" First, Coarse, Crash Debugging: "The function, or the step of a start or stop.", |f| text(&f.status.fatal.function);
    "fatal.message" First, Exact free, Crash Debugging: "The message of the fatal error, up to 511 bytes. It may hold paths, names and addresses.", |f| text(&f.status.fatal.message);
    "fatal.errno" First, Coarse, Crash Debugging: "The last error of a system call.", |f| text(&f.status.fatal.errno);
    "fatal.thread" First, Coarse, Crash Debugging: "The name of the thread.", |f| text(&f.status.fatal.thread);
    "fatal.thread_id" First, Exact, Crash Debugging: "Its number.", |f| process(f.status.fatal.thread_id);
    "fatal.stack_trace" First, Exact free, Crash Debugging: "The functions that led there, with real addresses, or the times of the steps of a stop, up to 4095 bytes.", |f| text(&f.status.fatal.stack_trace);
    "fatal.signal_code" File(16), Coarse, Crash Debugging: "The signal, and what it was about.", |f| text(f.status.fatal.signal_code.word().as_bytes());
    "fatal.sentry" File(17), Constant, Crash Unsaid: "Whether Sentry got the crash, too. The daemon loses that when it reads its file.", |f| switch(f.status.fatal.sentry);
    "fatal.fault_address" File(18), Exact, Crash Debugging: "The address that the signal was about. If somebody sent the signal: his process and user id.", |f| text(address(f.status.fatal.signal_code, f.status.fatal.fault_address).as_bytes());
    "fatal.worker_job_id" File(23), Coarse, Crash Debugging: "The task of the thread, a number.", |f| unsigned(f.status.fatal.worker_job_id.into());
}

pub fn field(path: &str) -> Option<&'static ReportField> {
    FIELDS.iter().find(|field| field.path == path)
}

fn memory(f: &Facts<'_>, number: u64) -> Vec<u8> {
    if f.status.host.memory.is_known() { unsigned(number) } else { Vec::new() }
}

fn disk(f: &Facts<'_>, number: u64) -> Vec<u8> {
    if f.status.host.disk.is_known() { unsigned(number) } else { Vec::new() }
}

fn address(signal: SignalCode, address: u64) -> String {
    if signal.0 == 0 { String::new() } else { format!("0x{address:X}") }
}
