//! What the daemon finds out by itself at its start: everything where it has no last status, and what old files lack.

use crate::agent::status_file::ending::{has_crashed, is_same_boot};
use crate::agent::status_file::{DbMode, Disk, LastStatus, Memory, Product, Profile, Release, Text, Uuid};
use crate::channels::crash_reports::circumstances::{Circumstances, Known, Marks, ThisMachine};

/// Fills what files before version 28 lack.
pub(super) fn complete(status: &mut LastStatus, machine: &ThisMachine, marks: &mut Marks) {
    if status.version <= 27 {
        status.host.system_cpus = known(machine.cpus, "=host.system_cpus", marks);
    }
    if status.version <= 26 {
        hardware(status, machine, marks);
    }
}

/// The new session's status, which the daemon posts where it has no last one.
pub(super) fn status(last: &LastStatus, schema: u64, now: &Circumstances<'_>, marks: &mut Marks) -> LastStatus {
    let (machine, daemon) = (&now.machine, now.daemon);
    let mut status = LastStatus { version: schema, ..LastStatus::default() };
    let at_start = [
        "=host_memory_free_percent",
        "=@timestamp",
        "=agent.ephemeral_id",
        "agent.uptime",
        "=agent.pid",
        "agent.profile",
        "agent.db_mode",
        "agent.db_tiers",
        "=host.uptime",
        "=host.memory.free",
        "=host.memory.netdata",
        "=host.disk",
    ];
    marks.extend(at_start.map(|path| (path, Known::AtStart)));

    let agent = &mut status.agent;
    let crashed = has_crashed(last);
    // A new installation makes its identifier at its first start.
    let guid = machine.guid.filter(|(guid, _)| *guid != Uuid::default());
    (agent.id, agent.since) = guid.unwrap_or_else(|| {
        marks.extend(["=agent.id", "=agent.since"].map(|path| (path, Known::AtStart)));
        (Uuid::default(), 1)
    });
    agent.version = daemon.text.clone().into();
    agent.node_id = last.agent.node_id;
    // The claim is not read yet.
    agent.restarts = last.agent.restarts.wrapping_add(1);
    agent.crashes = last.agent.crashes.wrapping_add(u64::from(crashed));
    agent.reliability = match last.agent.reliability {
        reliability if crashed => reliability.min(0).wrapping_sub(1),
        reliability => reliability.max(0).wrapping_add(1),
    };
    agent.posts = last.agent.posts;
    agent.profile = Profile::STANDALONE;
    agent.db_mode = DbMode::DBENGINE;
    agent.db_tiers = 3;
    agent.install_type = known(machine.install_type.clone(), "=agent.install_type", marks);
    // Of the same build the last status tells, too.
    let same = (last.agent.version == agent.version).then_some(&last.agent);
    let traces = machine.stack_traces.clone().or_else(|| same.map(|same| same.stack_traces.clone()));
    agent.stack_traces = known(traces, "=agent.stack_traces", marks);
    let sentry = machine.sentry.or(same.map(|same| same.sentry_available));
    agent.sentry_available = known(sentry, "agent.sentry_available", marks);

    let host = &mut status.host;
    host.id = known(machine.machine_id, "=host.id", marks);
    host.architecture.clone_from(&last.host.architecture);
    host.virtualization.clone_from(&last.host.virtualization);
    host.container.clone_from(&last.host.container);
    host.timezone = timezone(daemon, last, marks);
    host.cloud_provider.clone_from(&last.host.cloud_provider);
    host.cloud_instance.clone_from(&last.host.cloud_instance);
    host.cloud_region.clone_from(&last.host.cloud_region);
    host.system_cpus = known(machine.cpus, "=host.system_cpus", marks);
    host.boot_id = known(now.boot_id, "=host.boot.id", marks);
    if is_same_boot(&host.boot_id, &last.host.boot_id) {
        host.boot_id = last.host.boot_id;
    }
    let total = known(machine.memory, "=host.memory.total", marks).max(1);
    // Nothing is kept free yet.
    host.memory = Memory { total, free: total, ..Memory::default() };
    host.disk = Disk { total: 1, ..Disk::default() };

    status.os = last.os.clone();
    status.os.kind = Some(match std::env::consts::OS {
        os @ ("linux" | "freebsd" | "macos") => os,
        _ => "unknown",
    });
    hardware(&mut status, machine, marks);
    status
}

/// Without a table of the firmware the daemon knows the provider and the hypervisor only. With one its words are
/// cleaned by long lists, which are not repeated here.
fn hardware(status: &mut LastStatus, machine: &ThisMachine, marks: &mut Marks) {
    status.hw = crate::agent::status_file::Hardware::default();
    let host = &status.host;
    let named = |word: &[u8]| !word.is_empty() && !word.eq_ignore_ascii_case(b"unknown");
    let or_unknown = |word: &Text| if named(word) { word.clone() } else { b"unknown".to_vec() };
    let virtual_machine = named(&host.virtualization) && !host.virtualization.eq_ignore_ascii_case(b"none");
    status.product = Product {
        vendor: or_unknown(&host.cloud_provider),
        id: Text::new(),
        name: or_unknown(&host.cloud_instance),
        kind: if virtual_machine { b"vm".to_vec() } else { b"unknown".to_vec() },
    };
    if machine.dmi != Some(false) {
        marks.extend(["=hw", "=product"].map(|path| (path, Known::NotHere)));
    } else if !virtual_machine {
        // Error-correcting memory, a management controller or a second socket make it a server.
        marks.push(("product.type", Known::NotHere));
    }
}

/// From 2.10 on the daemon has not looked for it yet; before, it keeps the last one.
fn timezone(daemon: &Release, last: &LastStatus, marks: &mut Marks) -> Text {
    marks.push(("host.timezone", Known::AtStart));
    if daemon.keeps_timezone() { last.host.timezone.clone() } else { b"unknown".to_vec() }
}

fn known<T: Default>(value: Option<T>, path: &'static str, marks: &mut Marks) -> T {
    value.unwrap_or_else(|| {
        marks.push((path, Known::NotHere));
        T::default()
    })
}
