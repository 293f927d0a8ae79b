//! What a recording shows of the answers: what [`keep`] allows, and everything else in the same form.

use std::collections::{BTreeMap, BTreeSet};

use crate::host::recorded::Answers;
use crate::host::{CpuidRegisters, DiskQuantity, Quantities, Uname};
use crate::linux::virtualization::cpuid;
use crate::recorder::keep::{self, Keep};
use crate::recorder::record::{Node, Record, Redaction};
use crate::unix;

/// The answers as they may be shown, and which are not as they were.
pub(crate) fn record(record: &Record) -> (Record, BTreeSet<Redaction>) {
    let names = names(record);
    let mut shown = Shown { names, record: record.clone(), redactions: BTreeSet::new() };
    shown.files(record);
    let mut answers = std::mem::take(&mut shown.record.named);
    shown.texts(keep::sysctl, &mut answers.sysctl);
    shown.texts(keep::kenv, &mut answers.kenv);
    shown.texts(keep::environment, &mut answers.environment);
    shown.registers(&mut answers.cpuid.leaves);
    answers.uname.iter_mut().flatten().for_each(|uname| shown.uname(uname));
    answers.quantities.iter_mut().flatten().for_each(|quantities| shown.quantities(quantities));
    shown.record.named = answers;
    (shown.record, shown.redactions)
}

/// What the names in listed folders become, by their paths.
fn names(record: &Record) -> BTreeMap<&str, String> {
    let mut names: BTreeMap<&str, String> = BTreeMap::new();
    let mut taken = BTreeSet::new();
    for path in &record.listed {
        let Some((folder, name)) = path.rsplit_once('/') else { continue };
        let shown = keep::name(folder, name).apply_text(name);
        // Of names that look alike now, each is still one of its own.
        let mut unique = shown.clone();
        let mut number = 1;
        while !taken.insert((folder, unique.clone())) {
            number += 1;
            unique = format!("{shown}-{number}");
        }
        names.insert(path, unique);
    }
    names
}

struct Shown<'r> {
    names: BTreeMap<&'r str, String>,
    record: Record,
    redactions: BTreeSet<Redaction>,
}

impl Shown<'_> {
    fn redacted(&mut self, place: &str, what: &str) {
        self.redactions.insert(Redaction { place: place.to_owned(), what: what.to_owned() });
    }

    /// The path under which a path of the machine is shown.
    fn path(&self, path: &str) -> String {
        let mut shown = String::with_capacity(path.len());
        for (at, name) in path.split('/').enumerate() {
            if at > 0 {
                shown.push('/');
            }
            let end = name.as_ptr().addr() - path.as_ptr().addr() + name.len();
            let renamed = path.get(..end).and_then(|path| self.names.get(path));
            shown.push_str(renamed.map_or(name, String::as_str));
        }
        shown
    }

    /// An answer with what may be kept of it; where that is not all, the place is noted.
    fn answer(&mut self, place: &str, keep: Keep, bytes: &[u8]) -> Vec<u8> {
        let shown = keep.apply(bytes);
        if shown != bytes {
            let nothing =
                bytes.iter().zip(&shown).all(|(was, is)| !was.is_ascii_alphanumeric() || was != is || *is == b'x');
            self.redacted(place, if nothing { "all of it" } else { "what no fact needs" });
        }
        shown
    }

    fn files(&mut self, record: &Record) {
        self.record.failures = record.failures.iter().map(|(path, error)| (self.path(path), *error)).collect();
        self.record.nodes.clear();
        for (path, node) in &record.nodes {
            let shown = self.path(path);
            if *path != shown
                && let Some((folder, _)) = shown.rsplit_once('/')
            {
                self.redacted(folder, "names");
            }
            let node = match node {
                Node::File(bytes) => Node::File(self.answer(&shown, keep::file(path), bytes)),
                Node::Link(target) => Node::Link(self.answer(&shown, keep::file(path), target)),
                Node::Named | Node::Folder => node.clone(),
            };
            self.record.nodes.insert(shown, node);
        }
    }

    /// What is asked for by a name.
    fn texts(&mut self, keep: fn(&str) -> Keep, answers: &mut Answers<String>) {
        for (name, answer) in answers {
            if let Some(text) = answer {
                *text = String::from_utf8_lossy(&self.answer(name, keep(name), text.as_bytes())).into_owned();
            }
        }
    }

    fn registers(&mut self, leaves: &mut Answers<CpuidRegisters>) {
        for (name, answer) in leaves {
            let leaf = name.split(':').next().and_then(|leaf| u32::from_str_radix(leaf, 16).ok());
            let kept = leaf.zip(*answer).map(|(leaf, found)| cpuid::kept(leaf, found));
            if kept != *answer {
                self.redacted("cpuid", "what no fact needs");
            }
            *answer = kept;
        }
    }

    fn uname(&mut self, uname: &mut Uname) {
        let kept = unix::kept(uname);
        if !uname.nodename.is_empty() {
            self.redacted("uname", "the host name");
        }
        if kept.version != uname.version {
            self.redacted("uname", "who built the kernel");
        }
        *uname = kept;
    }

    /// A disk's name can be that of a ZFS pool and what is in it.
    fn quantities(&mut self, Quantities { cpu_model, cpu_vendor, disks, .. }: &mut Quantities) {
        for text in [cpu_model, cpu_vendor].into_iter().flatten() {
            *text = Keep::Text.apply_text(text);
        }
        let mut pools: Vec<String> = Vec::new();
        let mut changed = false;
        for DiskQuantity { name, .. } in disks {
            let (pool, rest) = name.split_once('/').map_or((name.as_str(), None), |(pool, rest)| (pool, Some(rest)));
            let number = pools.iter().position(|known| known == pool).unwrap_or_else(|| {
                pools.push(pool.to_owned());
                pools.len() - 1
            });
            // Those of one pool share its space, so pools stay apart.
            let mut shown = if pool.is_empty() { String::new() } else { format!("pool{number}") };
            if let Some(rest) = rest {
                shown = format!("{shown}/{}", Keep::NOTHING.apply_text(rest));
            }
            changed |= shown != *name;
            *name = shown;
        }
        if changed {
            self.redacted("sysinfo", "names of disks and pools");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::Error;
    use crate::host::recorded::Named;

    fn file(text: &str) -> Node {
        Node::File(text.into())
    }

    fn places(redactions: &BTreeSet<Redaction>) -> Vec<String> {
        redactions.iter().map(|redaction| format!("{}: {}", redaction.place, redaction.what)).collect()
    }

    #[test]
    fn names_that_people_chose_are_others_everywhere() {
        let mut record = Record::default();
        for name in ["md_alice", "md_bobby", "sda"] {
            record.listed.insert(format!("/sys/block/{name}"));
            record.nodes.insert(format!("/sys/block/{name}"), Node::Named);
        }
        record.nodes.insert("/sys/block".into(), Node::Folder);
        record.nodes.insert("/sys/block/md_bobby/size".into(), file("7\n"));
        record.failures.insert("/sys/block/md_alice/dm/uuid".into(), Error::NotFound);
        record.failures.insert("/sys/block/alice".into(), Error::NotFound);
        let (shown, redactions) = super::record(&record);
        let paths: Vec<_> = shown.nodes.keys().map(String::as_str).collect();
        assert_eq!(
            paths,
            [
                "/sys/block",
                "/sys/block/md_xxxxx",
                "/sys/block/md_xxxxx-2",
                "/sys/block/md_xxxxx-2/size",
                "/sys/block/sda"
            ]
        );
        // What was asked for by a name of the asker's own keeps it.
        let failed: Vec<_> = shown.failures.keys().map(String::as_str).collect();
        assert_eq!(failed, ["/sys/block/alice", "/sys/block/md_xxxxx/dm/uuid"]);
        assert_eq!(places(&redactions), ["/sys/block: names", "/sys/block/md_xxxxx-2: names"]);
    }

    #[test]
    fn it_is_said_what_is_not_shown() {
        let mut record = Record::default();
        record.nodes.insert("/proc/meminfo".into(), file("MemTotal: 7 kB\nMemFree: 7 kB\n"));
        record.nodes.insert("/sys/block/sda/size".into(), file("7\n"));
        record.nodes.insert("/proc/cmdline".into(), file("quiet\n"));
        record.nodes.insert("/run/x".into(), Node::Link(b"/home/alice".into()));
        record.named.sysctl.insert("hw.ncpu".into(), Some("8".into()));
        record.named.sysctl.insert("kern.ident".into(), Some("ALICE".into()));
        record.named.uname =
            Some(Some(Uname { nodename: "alice".into(), version: "#1 alice@home".into(), ..Uname::default() }));
        let (shown, redactions) = super::record(&record);
        assert_eq!(
            places(&redactions),
            [
                "/proc/cmdline: all of it",
                "/proc/meminfo: what no fact needs",
                "/run/x: all of it",
                "kern.ident: all of it",
                "uname: the host name",
                "uname: who built the kernel",
            ]
        );
        assert_eq!(shown.nodes.get("/run/x"), Some(&Node::Link(b"/xxxx/xxxxx".into())));
        assert_eq!(shown.named.sysctl.get("hw.ncpu"), Some(&Some("8".into())));
    }

    #[test]
    fn pools_stay_apart_without_their_names() {
        let disk = |name: &str| DiskQuantity { name: name.into(), total_bytes: 7, removable: false };
        let disks = ["tank/alice", "tank/x", "alice", "/dev/ada0p1"].map(disk).into();
        let quantities = Some(Some(Quantities { disks, ..Quantities::default() }));
        let record = Record { named: Named { quantities, ..Named::default() }, ..Record::default() };
        let shown = super::record(&record).0.named.quantities.flatten().unwrap();
        let names: Vec<String> = shown.disks.into_iter().map(|disk| disk.name).collect();
        assert_eq!(names, ["pool0/xxxxx", "pool0/x", "pool1", "/xxx/xxxxxx"]);
    }
}
