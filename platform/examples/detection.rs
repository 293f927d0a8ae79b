//! Prints the tables of docs/detection.md from the tables that the detection works with.

use std::io::{self, Write};

use system_facts::tables::{
    IDENTIFIERS, IMPLEMENTERS, Kind, PARTS, Proof, VM_GUEST_WORDS, container_precedence, evidence, machine_precedence,
};

const PARTS_OF_THE_PAGE: &[(Kind, &str)] = &[
    (Kind::Machine, "What the machine runs on: `virtualization.name`"),
    (Kind::Host, "What the machine is the host of: `virtualization.host_of`"),
    (Kind::Cloud, "The cloud: `virtualization.cloud`"),
    (Kind::Protection, "Protection from the host: `virtualization.confidential`"),
    (Kind::Container, "The container: `container.name`"),
    (Kind::Pod, "A pod: `container.kubernetes`"),
];

/// A cell of a Markdown table.
fn cell(text: &str) -> String {
    text.replace('|', "\\|")
}

fn main() -> io::Result<()> {
    let mut out = io::stdout().lock();
    for (kind, title) in PARTS_OF_THE_PAGE {
        writeln!(out, "## {title}\n")?;
        let precedence = match kind {
            Kind::Machine => machine_precedence(),
            Kind::Container => container_precedence(),
            _ => Vec::new(),
        };
        if !precedence.is_empty() {
            writeln!(out, "Looked at in this order:\n")?;
            for (number, step) in precedence.iter().enumerate() {
                writeln!(out, "{}. {step}", number + 1)?;
            }
            writeln!(out)?;
        }
        writeln!(
            out,
            "| identifier | evidence, the best first | where it is documented | machine of the tests |\n|---|---|---|---|"
        )?;
        for row in IDENTIFIERS.iter().filter(|row| row.kind == *kind) {
            let (evidence, citations): (Vec<String>, Vec<&str>) = evidence(row).into_iter().unzip();
            let shown = match row.proof {
                Proof::Machine(name) => format!("`{name}`"),
                Proof::LeftOut(reason) => format!("left out: {reason}"),
            };
            let mut once: Vec<&str> = Vec::new();
            for citation in citations {
                if !once.contains(&citation) {
                    once.push(citation);
                }
            }
            let (evidence, citations) = (cell(&evidence.join("<br>")), cell(&once.join("<br>")));
            writeln!(out, "| {} | {evidence} | {citations} | {} |", row.name, cell(&shown))?;
        }
        writeln!(out)?;
    }
    writeln!(
        out,
        "## FreeBSD's words for `kern.vm_guest`\n\n| word | identifier | where it is documented |\n|---|---|---|"
    )?;
    for row in VM_GUEST_WORDS {
        writeln!(out, "| {} | {} | {} |", row.word, row.name, row.citation)?;
    }
    writeln!(out, "\n## Arm processors\n\n| maker | code | where it is documented |\n|---|---|---|")?;
    for row in IMPLEMENTERS {
        writeln!(out, "| {} | {:#04x} | {} |", row.name, row.code, row.citation)?;
    }
    writeln!(out, "\n| model | maker, part | where it is documented |\n|---|---|---|")?;
    for row in PARTS {
        writeln!(out, "| {} | {:#04x}, {:#05x} | {} |", row.name, row.implementer, row.part, row.citation)?;
    }
    Ok(())
}
