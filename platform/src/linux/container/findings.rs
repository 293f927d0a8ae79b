//! The findings that the steps share.

use crate::source::Source;

/// systemd's word for an unnamed container.
pub(super) const OTHER: &str = "container-other";

/// Proof of a container in its mounts or its cgroup.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mark {
    /// A container of this manager.
    Manager(&'static str),
    /// The image is in this manager's store, and the container may be another's: Docker keeps images in containerd's store.
    Store(&'static str),
    /// Something that comes with this manager, and that others use too.
    Weak(&'static str),
    /// A file that a manager wrote into a folder named by the container's id.
    Id,
    /// A container in a Kubernetes pod.
    Pod,
    /// A mount of WSL.
    Wsl,
}

/// How surely a mark names the manager, the weakest first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Strength {
    #[default]
    Weak,
    /// A file that can be left over.
    File,
    Store,
    /// The manager's own name or work.
    Own,
}

/// The findings so far. The first proof stays. The strongest name stays, of several the first.
#[derive(Default)]
pub(crate) struct Findings {
    pub(super) proof: Option<Source>,
    pub(super) name: Option<(&'static str, Source)>,
    pub(super) strength: Strength,
    pub(super) pod: Option<Source>,
    /// The evidence that there is no container.
    pub(super) initial: Option<Source>,
    /// The namespaces exist and are unreadable: then a cgroup without marks is no evidence.
    pub(super) hidden: bool,
    /// All mounts were read.
    pub(super) mounts: bool,
    /// A mount of a file in a folder named by the container's id.
    pub(super) id: bool,
    /// The kernel or the mounts are those of WSL, which containers inside WSL share.
    pub(super) wsl: Option<Source>,
}

impl Findings {
    pub(super) fn proves(&mut self, source: Source) {
        self.proof.get_or_insert(source);
    }

    pub(super) fn names(&mut self, name: &'static str, strength: Strength, source: Source) {
        if name != OTHER && (self.name.is_none() || self.strength < strength) {
            self.name = Some((name, source));
            self.strength = strength;
        }
    }

    pub(super) fn found(&mut self, name: &'static str, source: Source) {
        self.proves(source);
        self.names(name, Strength::Own, source);
    }

    pub(super) fn marked(&mut self, marks: &[Mark], source: Source) {
        for mark in marks {
            self.proves(source);
            match mark {
                Mark::Manager(name) => self.names(name, Strength::Own, source),
                Mark::Store(name) => self.names(name, Strength::Store, source),
                Mark::Weak(name) => self.names(name, Strength::Weak, source),
                Mark::Id => self.id = true,
                Mark::Pod => _ = self.pod.get_or_insert(source),
                Mark::Wsl => _ = self.wsl.get_or_insert(source),
            }
        }
    }
}

pub(super) const UNPROVEN: &str = "a file can be left over, and nothing proves a container";
