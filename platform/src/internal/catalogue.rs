//! All names that the detection can find, with their evidence, for docs/detection.md. It is no part of the public API.

use crate::linux::container::{self, PODS};
use crate::linux::virtualization::{self, confidential, xen};
use crate::rules::Step;
use crate::{freebsd, tables};

pub use crate::linux::cpu::arm::{IMPLEMENTERS, Implementer, PARTS, Part};
pub use crate::rules::{Citation, Rule};
pub use crate::tables::{DMI_VIRTUAL, DmiVirtual, HYPERVISOR_SIGNATURES, HypervisorSignature, VM_GUEST_WORDS, Word};

/// The names of one fact.
#[derive(Debug)]
pub struct Section {
    /// The fact, `group.name`.
    pub fact: &'static str,
    /// The heading.
    pub title: &'static str,
    /// The steps of the detection in order; empty if the order does not matter.
    pub steps: Vec<&'static str>,
    /// The evidence, the best first.
    pub rules: Vec<Rule>,
}

/// The descriptions of steps, and their rules.
fn gathered<F>(steps: &[Step<F>]) -> (Vec<&'static str>, Vec<Rule>) {
    (steps.iter().map(|step| step.what).collect(), steps.iter().flat_map(|step| (step.rules)()).collect())
}

/// All facts with a fixed list of names.
pub fn sections() -> Vec<Section> {
    let section = |fact, title, steps, rules| Section { fact, title, steps, rules };
    let (machine_steps, machines) = gathered(virtualization::STEPS);
    let (container_steps, mut containers) = gathered(container::STEPS);
    containers.extend(freebsd::CONTAINERS.to_vec());
    let none = Vec::new;
    vec![
        section("virtualization.name", "What the machine runs on", machine_steps, machines),
        section(
            "virtualization.host_of",
            "What the machine is the host of",
            none(),
            [xen::DOM0, xen::ROOT_PARTITION].concat(),
        ),
        section(
            "virtualization.cloud",
            "The cloud",
            none(),
            [tables::cloud_rules(), xen::EC2.to_vec(), virtualization::SMARTOS.to_vec()].concat(),
        ),
        section("virtualization.confidential", "Protection from the host", none(), confidential::CONFIDENTIAL.to_vec()),
        section("container.name", "The container", container_steps, containers),
        section("container.kubernetes", "A pod", none(), PODS.to_vec()),
    ]
}

#[cfg(all(test, feature = "catalogue"))]
mod tests {
    use super::*;

    #[test]
    fn every_row_is_cited() {
        let tables = [
            sections().iter().flat_map(|section| &section.rules).map(|rule| rule.citation.text()).collect::<Vec<_>>(),
            VM_GUEST_WORDS.iter().map(|row| row.citation.text()).collect(),
            IMPLEMENTERS.iter().map(|row| row.citation.text()).collect(),
            PARTS.iter().map(|row| row.citation.text()).collect(),
        ];
        for citations in tables {
            assert!(!citations.is_empty() && citations.iter().all(|citation| citation.len() > 4), "{citations:?}");
        }
    }

    #[test]
    fn freebsds_words_name_what_linux_can_name_too() {
        let sections = sections();
        let machines = sections.iter().find(|section| section.fact == "virtualization.name").unwrap();
        for row in VM_GUEST_WORDS {
            assert!(machines.rules.iter().any(|rule| rule.name == row.name), "{row:?}");
        }
    }
}
