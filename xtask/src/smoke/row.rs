//! A question to a program, with its answer and the expected one.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Row {
    pub(super) question: String,
    pub(super) ours: String,
    pub(super) expected: String,
    pub(super) result: Verdict,
}

#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Verdict {
    Same,
    Different,
    NotAsked(String),
}

impl Row {
    pub(super) fn of(question: impl Into<String>, ours: impl Into<String>, expected: impl Into<String>) -> Self {
        let (ours, expected) = (ours.into(), expected.into());
        let result = if ours == expected { Verdict::Same } else { Verdict::Different };
        Self { question: question.into(), ours, expected, result }
    }

    pub(super) fn not_asked(question: impl Into<String>, reason: impl Into<String>) -> Self {
        let result = Verdict::NotAsked(reason.into());
        Self { question: question.into(), ours: String::new(), expected: String::new(), result }
    }
}

/// The names of the differing facts. A processor's frequency changes from moment to moment.
pub(super) fn different(one: &Value, other: &Value) -> String {
    let leaves = |document: &Value| -> BTreeMap<String, Value> {
        let groups = document.as_object().into_iter().flatten();
        let leaves = groups.flat_map(|(group, leaves)| {
            let leaves = leaves.as_object().into_iter().flatten();
            leaves.map(move |(name, value)| (format!("{group}.{name}"), value.clone()))
        });
        leaves.filter(|(name, _)| name != "cpu.frequency_hz").collect()
    };
    let (one, other) = (leaves(one), leaves(other));
    let names = one.keys().chain(other.keys().filter(|name| !one.contains_key(*name)));
    names.filter(|name| one.get(*name) != other.get(*name)).cloned().collect::<Vec<_>>().join(" ")
}
