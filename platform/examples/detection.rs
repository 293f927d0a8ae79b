//! Prints the generated part of docs/detection.md, from the rules beside the detection code and the machines of the tests.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Write};
use std::path::Path;

use serde_json::Value;
use system_facts::internal::catalogue::{IMPLEMENTERS, PARTS, VM_GUEST_WORDS, sections};

/// The recorded machines, each with the answers that it must have.
fn machines() -> io::Result<BTreeMap<String, Value>> {
    let mut machines = BTreeMap::new();
    for folder in fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/machines"))? {
        let folder = folder?;
        if let Ok(expected) = fs::read(folder.path().join("expected.json")) {
            machines.insert(folder.file_name().to_string_lossy().into_owned(), serde_json::from_slice(&expected)?);
        }
    }
    Ok(machines)
}

/// The machine that has this answer: the one that is named after it, else the one with the shortest name.
fn machine_with<'m>(machines: &'m BTreeMap<String, Value>, fact: &str, name: &str) -> Option<&'m String> {
    let has_it = |expected: &Value| expected[fact] == name || expected[fact] == true;
    let found = machines.iter().filter(|(_, expected)| has_it(expected)).map(|(machine, _)| machine);
    found.min_by_key(|machine| (!machine.starts_with(name), machine.len()))
}

/// A cell of a Markdown table: these parts, each once.
fn cell<'p>(parts: impl Iterator<Item = &'p str>) -> String {
    let mut once = Vec::new();
    for part in parts {
        if !once.contains(&part) {
            once.push(part);
        }
    }
    once.join("<br>").replace('|', "\\|")
}

fn main() -> io::Result<()> {
    let machines = machines()?;
    let mut out = io::stdout().lock();
    for section in sections() {
        writeln!(out, "## {}: `{}`\n", section.title, section.fact)?;
        if !section.steps.is_empty() {
            writeln!(out, "Looked at in this order:\n")?;
            for (number, step) in section.steps.iter().enumerate() {
                writeln!(out, "{}. {step}", number + 1)?;
            }
            writeln!(out)?;
        }
        writeln!(
            out,
            "| identifier | evidence, the best first | where it is documented | machine of the tests |\n|---|---|---|---|"
        )?;
        let mut by_name: BTreeMap<&str, Vec<_>> = BTreeMap::new();
        for rule in &section.rules {
            by_name.entry(rule.name).or_default().push(rule);
        }
        for (name, rules) in by_name {
            let machine = machine_with(&machines, section.fact, name).ok_or_else(|| {
                io::Error::new(
                    io::ErrorKind::NotFound,
                    format!("no machine in tests/machines is {name}: {}", section.fact),
                )
            })?;
            let evidence = cell(rules.iter().map(|rule| rule.evidence.as_ref()));
            let citations = cell(rules.iter().map(|rule| rule.citation.text()));
            writeln!(out, "| {name} | {evidence} | {citations} | `{machine}` |")?;
        }
        writeln!(out)?;
    }
    writeln!(
        out,
        "## FreeBSD's words for `kern.vm_guest`\n\n| word | identifier | where it is documented |\n|---|---|---|"
    )?;
    for row in VM_GUEST_WORDS {
        writeln!(out, "| {} | {} | {} |", row.word, row.name, row.citation.text())?;
    }
    writeln!(out, "\n## Arm processors\n\n| maker | code | where it is documented |\n|---|---|---|")?;
    for row in IMPLEMENTERS {
        writeln!(out, "| {} | {:#04x} | {} |", row.name, row.code, row.citation.text())?;
    }
    writeln!(out, "\n| model | maker, part | where it is documented |\n|---|---|---|")?;
    for row in PARTS {
        writeln!(out, "| {} | {:#04x}, {:#05x} | {} |", row.name, row.implementer, row.part, row.citation.text())?;
    }
    Ok(())
}
