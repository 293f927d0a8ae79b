//! The findings that the steps share.

use crate::source::Source;

/// systemd's word for an unnamed container.
pub(super) const OTHER: &str = "container-other";

/// Proof of a container in its mounts or its cgroup.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mark {
    /// A container of this manager.
    Manager(&'static str),
    /// A container in a Kubernetes pod.
    Pod,
}

/// The findings so far. The strongest evidence comes first, so the first proof and the first name stay.
#[derive(Default)]
pub(crate) struct Findings {
    pub(super) proof: Option<Source>,
    pub(super) name: Option<(&'static str, Source)>,
    pub(super) pod: Option<Source>,
    /// The evidence that there is no container.
    pub(super) initial: Option<Source>,
    /// The namespaces exist and are unreadable: then a cgroup without marks is no evidence.
    pub(super) hidden: bool,
    /// All mounts were read.
    pub(super) mounts: bool,
    /// The kernel is that of WSL, which containers inside WSL share.
    pub(super) wsl: bool,
}

impl Findings {
    pub(super) fn proves(&mut self, source: Source) {
        self.proof.get_or_insert(source);
    }

    pub(super) fn names(&mut self, name: &'static str, source: Source) {
        if name != OTHER {
            self.name.get_or_insert((name, source));
        }
    }

    pub(super) fn found(&mut self, name: &'static str, source: Source) {
        self.proves(source);
        self.names(name, source);
    }

    pub(super) fn marked(&mut self, marks: &[Mark], source: Source) {
        for mark in marks {
            match mark {
                Mark::Manager(name) => self.found(name, source),
                Mark::Pod => {
                    self.proves(source);
                    self.pod.get_or_insert(source);
                }
            }
        }
    }
}

pub(super) const UNPROVEN: &str = "a file can be left over, and nothing proves a container";
