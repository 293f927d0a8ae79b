//! The table for people: fact, value and source, by group.

use std::fmt::Write;

use system_facts::{Evidence, Facts, Leaf, Value};

const WIDTH: usize = 80;
const INDENT: &str = "  ";
const GAP: usize = 2;
/// Room for the longest name and its indent.
const NAME_WIDTH: usize = 20;

/// Headings of the groups.
const TITLES: &[(&str, &str)] = &[
    ("os", "Operating system"),
    ("host_os", "Operating system of the container's host"),
    ("kernel", "Kernel"),
    ("virtualization", "Virtualization"),
    ("container", "Container"),
    ("cpu", "Processor"),
    ("memory", "Memory"),
    ("disk", "Disks"),
    ("hardware", "Hardware"),
];

pub(crate) fn render(facts: &Facts, explain: bool) -> String {
    let leaves = facts.leaves();
    let widest_source = leaves.iter().map(|leaf| source(leaf).chars().count()).max().unwrap_or(0);
    let source_column = WIDTH.saturating_sub(widest_source);
    let mut text = String::new();
    let mut privileged = false;
    for group in leaves.chunk_by(|a, b| a.group == b.group) {
        let name = group.first().map_or("", |leaf| leaf.group);
        let title = TITLES.iter().find(|(group, _)| *group == name).map_or(name, |(_, title)| title);
        if !text.is_empty() {
            text.push('\n');
        }
        text.push_str(title);
        text.push('\n');
        let mut shown: Option<&[Evidence]> = None;
        for leaf in group {
            privileged |= leaf.is_privileged();
            row(&mut text, leaf, source_column);
        }
        if explain {
            for leaf in group {
                // Facts that are decided together share their evidence.
                if shown.is_none_or(|shown| !std::ptr::eq(shown, leaf.evidence)) {
                    evidence(&mut text, leaf.evidence);
                }
                shown = Some(leaf.evidence);
            }
        }
    }
    if privileged {
        text.push_str("\n* not every user of this machine may see this\n");
    }
    text
}

fn row(text: &mut String, leaf: &Leaf<'_>, source_column: usize) {
    let name = leaf.name.replace('_', " ");
    let begin = format!("{INDENT}{name:<width$}{}", value(leaf), width = NAME_WIDTH - INDENT.len());
    text.push_str(&begin);
    let source = source(leaf);
    if !source.is_empty() {
        let used = begin.chars().count();
        // Next to a long value the source moves to the right, or to a line of its own.
        let pad = if used + GAP <= source_column {
            source_column - used
        } else if used + GAP + source.chars().count() <= WIDTH {
            WIDTH - used - source.chars().count()
        } else {
            text.push('\n');
            source_column
        };
        text.push_str(&" ".repeat(pad));
        text.push_str(&source);
    }
    text.push('\n');
}

fn evidence(text: &mut String, evidence: &[Evidence]) {
    if evidence.is_empty() {
        return;
    }
    text.push_str("  looked at\n");
    for asked in evidence {
        let mark = if asked.is_privileged() { "*" } else { "" };
        // Writing to a String cannot fail.
        let _ = writeln!(text, "    {}{mark}: {}", asked.asked, asked.outcome);
    }
}

fn source(leaf: &Leaf<'_>) -> String {
    let mark = if leaf.is_privileged() { "*" } else { "" };
    leaf.source.map(|source| format!("{source}{mark}")).unwrap_or_default()
}

fn value(leaf: &Leaf<'_>) -> String {
    match leaf.value {
        Value::Number(number) if leaf.name.ends_with("_bytes") => binary(number),
        Value::Number(number) if leaf.name.ends_with("_hz") => gigahertz(number),
        Value::Bool(true) => "yes".to_owned(),
        Value::Bool(false) => "no".to_owned(),
        Value::None => "-".to_owned(),
        other => other.to_string(),
    }
}

/// An amount in the largest binary unit below it, with one decimal.
fn binary(bytes: u64) -> String {
    let units = ["KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];
    let mut shown = format!("{bytes} bytes");
    let mut size = 1_u64 << 10;
    for unit in units {
        if bytes < size {
            break;
        }
        let tenths = (u128::from(bytes) * 10 + u128::from(size) / 2) / u128::from(size);
        shown = format!("{}.{} {unit} ({bytes})", tenths / 10, tenths % 10);
        size = size.saturating_mul(1 << 10);
    }
    shown
}

fn gigahertz(hertz: u64) -> String {
    let hundredths = (hertz + 5_000_000) / 10_000_000;
    format!("{}.{:02} GHz", hundredths / 100, hundredths % 100)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units() {
        assert_eq!(binary(0), "0 bytes");
        assert_eq!(binary(1023), "1023 bytes");
        assert_eq!(binary(16_694_710_272), "15.5 GiB (16694710272)");
        assert_eq!(binary(u64::MAX), "16.0 EiB (18446744073709551615)");
        assert_eq!(gigahertz(2_596_990_000), "2.60 GHz");
    }

    #[test]
    fn rows_stay_within_eighty_columns() {
        let text = render(&Facts::default(), false);
        assert!(text.starts_with("Operating system\n  family            unknown\n"), "{text}");
        let facts = system_facts::collect();
        let text = render(&facts, false);
        for line in text.lines().filter(|line| line.chars().count() > WIDTH) {
            let fits =
                |leaf: &&Leaf<'_>| line.contains(&value(leaf)) && value(leaf).chars().count() + NAME_WIDTH <= WIDTH;
            assert_eq!(facts.leaves().iter().find(fits).map(|leaf| leaf.name), None, "{line}");
        }
        assert!(!text.contains("looked at"));
        assert!(render(&facts, true).contains("looked at"));
    }
}
