//! The facts as one JSON object.

use serde::ser::{Serialize, SerializeMap, Serializer};

use crate::fact::Evidence;
use crate::facts::{Facts, HOST_OS, Leaf, Value};
use crate::source::Source;

/// Serializes the facts with the evidence for each.
#[derive(Clone, Copy, Debug)]
pub struct Explained<'f>(pub &'f Facts);

impl Serialize for Facts {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        groups(self, false, serializer)
    }
}

impl Serialize for Explained<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        groups(self.0, true, serializer)
    }
}

fn groups<S: Serializer>(facts: &Facts, explain: bool, serializer: S) -> Result<S::Ok, S::Error> {
    let leaves = facts.leaves();
    let mut object = serializer.serialize_map(None)?;
    for group in leaves.chunk_by(|a, b| a.group == b.group) {
        let name = group.first().map_or("", |leaf| leaf.group);
        object.serialize_entry(name, &Group { leaves: group, explain })?;
        if name == "os" && facts.host_os.is_none() {
            object.serialize_entry(HOST_OS, &None::<()>)?;
        }
    }
    object.end()
}

struct Group<'f> {
    leaves: &'f [Leaf<'f>],
    explain: bool,
}

impl Serialize for Group<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let explain = self.explain;
        serializer.collect_map(self.leaves.iter().map(|leaf| (leaf.name, One { leaf, explain })))
    }
}

struct One<'f> {
    leaf: &'f Leaf<'f>,
    explain: bool,
}

impl Serialize for One<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self { leaf, explain } = self;
        let mut object = serializer.serialize_map(None)?;
        match leaf.value {
            Value::Text(text) => object.serialize_entry("value", text)?,
            Value::Number(number) => object.serialize_entry("value", &number)?,
            Value::Bool(bool) => object.serialize_entry("value", &bool)?,
            Value::None | Value::Unknown => object.serialize_entry("value", &None::<()>)?,
        }
        object.serialize_entry("source", &leaf.source.map(Source::name))?;
        if leaf.is_privileged() {
            object.serialize_entry("privileged", &true)?;
        }
        if *explain {
            object.serialize_entry("evidence", &Asked(leaf.evidence))?;
        }
        object.end()
    }
}

struct Asked<'f>(&'f [Evidence]);

impl Serialize for Asked<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter().map(AskedOne))
    }
}

struct AskedOne<'f>(&'f Evidence);

impl Serialize for AskedOne<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Evidence { asked, outcome } = self.0;
        let mut object = serializer.serialize_map(None)?;
        object.serialize_entry("asked", asked)?;
        object.serialize_entry("outcome", &outcome.to_string())?;
        if self.0.is_privileged() {
            object.serialize_entry("privileged", &true)?;
        }
        object.end()
    }
}
