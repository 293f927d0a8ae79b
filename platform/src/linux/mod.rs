//! Linux: plain functions over a [`Host`](crate::Host), compiled and tested on every system.

pub(crate) mod container;
pub(crate) mod cpu;
pub(crate) mod disk;
mod hardware;
pub(crate) mod memory;
pub(crate) mod os;
mod own_view;
pub(crate) mod proxmox;
pub(crate) mod release_files;
pub(crate) mod routes;
pub(crate) mod virtualization;
mod vminitd;

use crate::ask::Machine;
use crate::facts::Facts;
use crate::unix;

pub(crate) fn facts(machine: &Machine<'_>) -> Facts {
    let kernel = unix::kernel(machine);
    let container = container::container(machine, &kernel);
    let host_os = container.name.known().and_then(|_| os::host(machine));
    Facts {
        os: os::os(machine, &kernel),
        host_os,
        virtualization: virtualization::virtualization(machine, &kernel),
        container,
        cpu: cpu::cpu(machine),
        memory: memory::memory(machine),
        disk: disk::disk(machine),
        hardware: hardware::hardware(machine),
        kernel,
    }
}
