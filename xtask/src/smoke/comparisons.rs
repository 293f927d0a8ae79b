//! Facts that the system's own commands know too.

use std::env;
use std::process::Stdio;

use anyhow::Result;
use serde_json::Value;

use super::row::Row;
use crate::run;

/// A fact, and the command that prints the same. Of two facts, one must agree.
pub(super) struct Comparison {
    facts: &'static [&'static str],
    command: &'static [&'static str],
    reading: Reading,
}

/// The normalization of both sides before the comparison.
#[derive(Clone, Copy)]
enum Reading {
    /// Unchanged, except for whitespace.
    Text,
    /// The command counts KiB.
    Kibibytes,
    /// Presence only: the kernel's words differ from ours.
    Presence,
    /// `1403000` and `14.3-RELEASE-p2` are both 14.3 (FreeBSD's sys/param.h).
    ReleaseDate,
}

const fn text(fact: &'static [&'static str], command: &'static [&'static str]) -> Comparison {
    Comparison { facts: fact, command, reading: Reading::Text }
}

const fn read(fact: &'static [&'static str], command: &'static [&'static str], reading: Reading) -> Comparison {
    Comparison { facts: fact, command, reading }
}

/// Prints a variable of os-release(5), read by the shell.
const OS_RELEASE: &str =
    "f=/etc/os-release; [ -e $f ] || f=/usr/lib/os-release; . $f; eval \"printf %s \\\"\\$$0\\\"\"";

const LINUX: &[Comparison] = &[
    text(&["os.id"], &["sh", "-c", OS_RELEASE, "ID"]),
    text(&["os.id_like"], &["sh", "-c", OS_RELEASE, "ID_LIKE"]),
    text(&["os.name"], &["sh", "-c", OS_RELEASE, "NAME"]),
    text(&["os.version"], &["sh", "-c", OS_RELEASE, "VERSION"]),
    text(&["os.version_id"], &["sh", "-c", OS_RELEASE, "VERSION_ID"]),
    text(&["os.version_codename"], &["sh", "-c", OS_RELEASE, "VERSION_CODENAME"]),
    text(&["os.pretty_name"], &["sh", "-c", OS_RELEASE, "PRETTY_NAME"]),
    text(&["kernel.name"], &["uname", "-s"]),
    text(&["kernel.release"], &["uname", "-r"]),
    text(&["kernel.version"], &["uname", "-v"]),
    text(&["kernel.architecture"], &["uname", "-m"]),
    text(&["cpu.logical_count"], &["getconf", "_NPROCESSORS_ONLN"]),
    read(
        &["memory.total_bytes"],
        &["sed", "-n", "s/^MemTotal: *\\([0-9]*\\) kB$/\\1/p", "/proc/meminfo"],
        Reading::Kibibytes,
    ),
    // Older versions have no word for some machines, and name their hypervisor.
    text(&["virtualization.name", "virtualization.hypervisor"], &["systemd-detect-virt", "--vm"]),
];

const MACOS: &[Comparison] = &[
    text(&["os.name"], &["sw_vers", "-productName"]),
    text(&["os.version"], &["sw_vers", "-productVersion"]),
    text(&["os.build_id"], &["sw_vers", "-buildVersion"]),
    text(&["kernel.name"], &["uname", "-s"]),
    text(&["kernel.release"], &["uname", "-r"]),
    text(&["kernel.version"], &["uname", "-v"]),
    text(&["kernel.architecture"], &["uname", "-m"]),
    text(&["cpu.model"], &["sysctl", "-n", "machdep.cpu.brand_string"]),
    text(&["cpu.logical_count"], &["sysctl", "-n", "hw.ncpu"]),
    text(&["cpu.core_count"], &["sysctl", "-n", "hw.physicalcpu"]),
    text(&["memory.total_bytes"], &["sysctl", "-n", "hw.memsize"]),
    text(&["hardware.product"], &["sysctl", "-n", "hw.model"]),
    read(&["virtualization.name"], &["sysctl", "-n", "kern.hv_vmm_present"], Reading::Presence),
];

const FREEBSD: &[Comparison] = &[
    text(&["os.version"], &["freebsd-version", "-u"]),
    text(&["kernel.name"], &["uname", "-s"]),
    text(&["kernel.release"], &["uname", "-r"]),
    text(&["kernel.version"], &["uname", "-v"]),
    text(&["kernel.architecture"], &["uname", "-m"]),
    read(&["kernel.release"], &["sysctl", "-n", "kern.osreldate"], Reading::ReleaseDate),
    text(&["cpu.model"], &["sysctl", "-n", "hw.model"]),
    text(&["cpu.logical_count"], &["sysctl", "-n", "hw.ncpu"]),
    text(&["memory.total_bytes"], &["sysctl", "-n", "hw.physmem"]),
    text(&["hardware.vendor"], &["kenv", "-q", "smbios.system.maker"]),
    text(&["hardware.product"], &["kenv", "-q", "smbios.system.product"]),
    read(&["virtualization.name"], &["sysctl", "-n", "kern.vm_guest"], Reading::Presence),
    read(&["container.name"], &["sysctl", "-n", "security.jail.jailed"], Reading::Presence),
];

/// The comparisons of a system, by its name in [`std::env::consts::OS`].
pub(super) fn of(system: &str) -> &'static [Comparison] {
    match system {
        "linux" => LINUX,
        "macos" => MACOS,
        "freebsd" => FREEBSD,
        _ => &[],
    }
}

/// Asks every command.
pub(super) fn rows(document: &Value, comparisons: &[Comparison]) -> Result<Vec<Row>> {
    comparisons.iter().map(|comparison| comparison.row(document)).collect()
}

impl Comparison {
    /// A failing command prints nothing, so there must be no fact either; only a missing command is left out.
    fn row(&self, document: &Value) -> Result<Row> {
        let name = self.command.first().copied().unwrap_or_default();
        let shown = match self.command {
            ["sh", "-c", _, variable] => format!("os-release {variable}"),
            _ => self.command.join(" "),
        };
        let question = format!("{}: {shown}", self.facts.join(" or "));
        // The system's own commands before any replacements.
        let path = format!("/usr/bin:/bin:/usr/sbin:/sbin:{}", env::var("PATH").unwrap_or_default());
        if !env::split_paths(&path).any(|folder| folder.join(name).is_file()) {
            return Ok(Row::not_asked(question, format!("there is no {name} here")));
        }
        let mut command = run::program("env", ["-i", "LC_ALL=C"]);
        command.arg(format!("PATH={path}")).args(self.command).stdin(Stdio::null());
        let printed = run::output(&mut command)?.stdout;
        Ok(self.judge(question, document, &String::from_utf8_lossy(&printed)))
    }

    fn judge(&self, question: String, document: &Value, printed: &str) -> Row {
        let expected = self.reading.theirs(&blanks(printed));
        let all: Vec<String> = self.facts.iter().map(|fact| self.reading.ours(&value(document, fact))).collect();
        let ours = all.iter().find(|ours| **ours == expected).or_else(|| all.first()).cloned().unwrap_or_default();
        Row::of(question, ours, expected)
    }
}

/// The value of a fact as text; empty if it is unknown or null.
fn value(document: &Value, fact: &str) -> String {
    let leaf = fact.split('.').try_fold(document, |place, part| place.get(part));
    match leaf.and_then(|leaf| leaf.get("value")) {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => blanks(text),
        Some(other) => other.to_string(),
    }
}

fn blanks(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

impl Reading {
    fn ours(self, value: &str) -> String {
        match self {
            Self::Text | Self::Kibibytes => value.to_owned(),
            Self::Presence => presence(value),
            Self::ReleaseDate => value.split('-').next().unwrap_or_default().to_owned(),
        }
    }

    fn theirs(self, printed: &str) -> String {
        match (self, printed.parse::<u64>()) {
            (Self::Kibibytes, Ok(amount)) => amount.saturating_mul(1024).to_string(),
            (Self::ReleaseDate, Ok(date)) => format!("{}.{}", date / 100_000, date / 1000 % 100),
            (Self::Presence, _) => presence(printed),
            _ => printed.to_owned(),
        }
    }
}

fn presence(word: &str) -> String {
    match word {
        "" => "not known",
        "0" | "none" => "none",
        _ => "there is one",
    }
    .to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::smoke::row::Verdict;
    use serde_json::json;

    fn result(comparison: &Comparison, fact: &Value, printed: &str) -> Verdict {
        let (group, name) = comparison.facts[0].split_once('.').unwrap();
        let document = json!({group: {name: {"value": fact, "source": "x"}}});
        comparison.judge(String::new(), &document, printed).result
    }

    #[test]
    fn both_sides_are_read_in_the_same_way() {
        use Reading::{Kibibytes, Presence, ReleaseDate, Text};
        for (reading, ours, theirs, same) in [
            (Text, json!("a  b"), " a b\n", true),
            (Text, json!("a"), "b\n", false),
            (Text, json!(4), "4\n", true),
            (Text, json!(null), "", true),
            (Text, json!(null), "a\n", false),
            (Text, json!("a"), "", false),
            (Kibibytes, json!(2048), "2\n", true),
            (Kibibytes, json!(2), "2\n", false),
            (Presence, json!("none"), "0\n", true),
            (Presence, json!("none"), "none\n", true),
            (Presence, json!("kvm"), "generic\n", true),
            (Presence, json!("kvm"), "none\n", false),
            (Presence, json!("none"), "1\n", false),
            (Presence, json!(null), "0\n", false),
            (ReleaseDate, json!("14.3-RELEASE-p2"), "1403000\n", true),
            (ReleaseDate, json!("15.0-CURRENT"), "1500068\n", true),
            (ReleaseDate, json!("14.3-RELEASE"), "1402000\n", false),
        ] {
            let wanted = if same { Verdict::Same } else { Verdict::Different };
            assert_eq!(result(&read(&["a.b"], &[], reading), &ours, theirs), wanted, "{ours} {theirs}");
        }
    }

    #[test]
    fn one_of_two_facts_agrees() {
        let comparison = text(&["v.name", "v.hypervisor"], &[]);
        let document = json!({"v": {"name": {"value": "firecracker"}, "hypervisor": {"value": "kvm"}}});
        let row = |printed| comparison.judge(String::new(), &document, printed);
        assert_eq!((row("kvm\n").result, row("kvm\n").ours.as_str()), (Verdict::Same, "kvm"));
        assert_eq!(row("firecracker\n").result, Verdict::Same);
        assert_eq!((row("qemu\n").result, row("qemu\n").ours.as_str()), (Verdict::Different, "firecracker"));
    }

    #[test]
    fn a_command_that_does_not_exist_is_not_asked_and_one_that_fails_is() {
        let document = json!({"a": {"b": {"value": "x"}}});
        let missing = text(&["a.b"], &["no-such-program-here"]).row(&document).unwrap();
        assert_eq!(missing.result, Verdict::NotAsked("there is no no-such-program-here here".into()));
        assert_eq!(text(&["a.b"], &["false"]).row(&document).unwrap().result, Verdict::Different);
        assert_eq!(text(&["a.b"], &["printf", "x"]).row(&document).unwrap().result, Verdict::Same);
    }

    #[test]
    fn every_system_has_comparisons() {
        for system in ["linux", "macos", "freebsd"] {
            assert!(of(system).len() > 10, "{system}");
        }
        assert!(of("plan9").is_empty());
    }
}
