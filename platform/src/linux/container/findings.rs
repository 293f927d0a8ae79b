//! What was found of a container so far.

use crate::source::Source;

/// systemd's word for a container that nothing names.
pub(super) const OTHER: &str = "container-other";

/// What a container's manager mounts into it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mark {
    /// Made by this manager.
    Manager(&'static str),
    /// Made for a Kubernetes pod.
    Pod,
}

/// What was found so far: the strongest evidence is asked first, so the first word stands.
#[derive(Default)]
pub(super) struct Findings {
    pub(super) proof: Option<Source>,
    pub(super) name: Option<(&'static str, Source)>,
    pub(super) pod: Option<Source>,
    /// Something that would have proven a container says that there is none.
    pub(super) initial: Option<Source>,
    /// The namespaces are there and may not be seen: then a cgroup without marks says nothing.
    pub(super) hidden: bool,
    /// All mounts were seen.
    pub(super) mounts: bool,
    /// The kernel is Microsoft's for Linux on Windows, which containers inside share.
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
