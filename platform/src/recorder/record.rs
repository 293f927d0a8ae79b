//! What a recorder was told, before it is written down.

use std::collections::{BTreeMap, BTreeSet};

use crate::host::Error;
use crate::host::recorded::Named;

/// The answers so far.
#[derive(Clone, Debug, Default)]
pub(crate) struct Record {
    pub(crate) nodes: BTreeMap<String, Node>,
    pub(crate) failures: BTreeMap<String, Error>,
    /// The paths whose names the machine gave, in the list of a folder.
    pub(crate) listed: BTreeSet<String>,
    pub(crate) named: Named,
    /// Questions that another recording had no answer to.
    pub(crate) unanswered: BTreeSet<String>,
}

/// What is known of a path, the least first: a later answer replaces it where it says more.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Node {
    /// A name in a listed folder.
    Named,
    Link(Vec<u8>),
    Folder,
    File(Vec<u8>),
}

impl Record {
    pub(super) fn keep(&mut self, path: &str, node: Node) {
        let known = self.nodes.entry(path.to_owned()).or_insert(Node::Named);
        if *known < node {
            *known = node;
        }
    }

    /// Whether something below a path was asked about, or is in its list.
    pub(super) fn has_below(&self, path: &str) -> bool {
        let below = format!("{}/", path.trim_end_matches('/'));
        self.nodes.range(below.clone()..).next().is_some_and(|(next, _)| next.starts_with(&below))
    }

    pub(super) fn failed(&mut self, path: &str, error: Error) {
        match error {
            Error::Unanswered => {
                self.unanswered.insert(path.to_owned());
            }
            // Folders, devices and FIFOs are all no files: a folder stands for them.
            Error::Malformed => self.keep(path, Node::Folder),
            error => {
                self.failures.insert(path.to_owned(), error);
            }
        }
    }
}

/// Something that a recording does not show as it is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Redaction {
    /// The file or folder, or the name of what else was asked for.
    pub place: String,
    /// What of the answer is in another form.
    pub what: String,
}
