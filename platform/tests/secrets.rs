//! A recording keeps no secret: one of each kind is planted in every answer of a host, and none may come out, while the
//! recording still gives the machine's facts.
//!
//! The text of a fact is no secret: `system-info` shows it to everyone. The questions for facts are listed here; their
//! answers, too, are kept only as far as a fact shows them.
#![allow(clippy::unwrap_used, clippy::panic, reason = "in a test a panic is a failed test")]
#![cfg(feature = "cli")]

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use system_facts::{
    CpuidRegisters, DiskQuantity, Error, Facts, FileKind, Host, LiveHost, Metadata, Platform, Quantities, RecordedHost,
    Recorder, Start, Uname, Value, collect_from,
};

type Result<T> = std::result::Result<T, Error>;

/// The planted text, and the part that must not come out.
const SECRETS: [(&str, &str); 14] = [
    ("canaryhost", "canaryhost"),
    ("root@canaryhost.example.org:/usr/obj/usr/src/GENERIC", "canaryhost"),
    ("10.99.88.77", "10.99.88.77"),
    ("2001:db8::c0de", "c0de"),
    ("02:ca:11:a4:99:01", "ca:11"),
    ("/home/canaryuser/x", "canaryuser"),
    ("ghpC4n4ryT0k3nAbCdEf12", "C4n4ry"),
    ("c0ffee00-ca11-4a4a-8a4a-0123456789ab", "c0ffee00"),
    ("5000c500ca11ab1e", "ca11ab1e"),
    ("S3Z9NB0KCANARY", "S3Z9NB0K"),
    ("zcanarypool/data", "zcanarypool"),
    ("vg_canary-lv_root", "vg_canary"),
    ("docker-c0ffee00c0ffee00c0ffee00c0ffee00c0ffee00c0ffee00c0ffee00c0ffee00.scope", "c0ffee00"),
    ("sdcanary", "canary"),
];

/// Those that can be the whole answer to some questions: a name, an IP address, a container's group.
const ALONE: [&str; 3] = [SECRETS[0].0, SECRETS[2].0, SECRETS[12].0];

/// Questions whose answers are, or are part of, a fact's text.
const FACTS: &[&str] = &[
    "/System/Library/CoreServices/SystemVersion.plist",
    "/bin/freebsd-version",
    "/etc.defaults/VERSION",
    "/etc/VERSION",
    "/etc/alpine-release",
    "/etc/altlinux-release",
    "/etc/debian_version",
    "/etc/gentoo-release",
    "/etc/lsb-release",
    "/etc/mageia-release",
    "/etc/mandrake-release",
    "/etc/mandrakelinux-release",
    "/etc/mandriva-release",
    "/etc/os-release",
    "/etc/redhat-release",
    "/etc/slackware-version",
    "/etc/SuSE-release",
    "/etc/system-release",
    "/etc/version",
    "/host/etc/os-release",
    "/proc/cpuinfo",
    "/proc/device-tree/model",
    "/sys/class/dmi/id/board_vendor",
    "/sys/class/dmi/id/product_name",
    "/sys/class/dmi/id/sys_vendor",
    "/usr/lib/os-release",
    "/usr/local/opnsense/version/core",
    "/var/lib/dpkg/status",
    "hw.model",
    "kern.osproductversion",
    "kern.osversion",
    "machdep.cpu.brand_string",
    "machdep.cpu.vendor",
    "quantities",
    "smbios.system.maker",
    "smbios.system.product",
    "uname",
];

/// Fallbacks: answers that become a fact only if another question has none, and are kept in any case.
const STAND_INS: &[&str] = &["/etc/altlinux-release", "/etc/version", "/sys/class/dmi/id/board_vendor"];

/// Combines an answer with a secret.
type Form = fn(was: &str, secret: &str) -> String;

const FORMS: [Form; 7] = [
    |_, secret| secret.to_owned(),
    |was, secret| format!("{was}\n{secret}\n"),
    |was, secret| format!("{secret}\n{was}"),
    |was, secret| was.lines().flat_map(|line| [line, " ", secret, "\n"]).collect(),
    |was, secret| was.lines().flat_map(|line| [secret, " ", line, "\n"]).collect(),
    |was, secret| with_values(was, secret),
    // Behind a value that is long enough already.
    |was, secret| format!("{}{}{secret}", was.trim_end(), " y".repeat(300)),
];

fn with_values(text: &str, value: &str) -> String {
    let line = |line: &str| match (line.split_once('='), line.split_once(':')) {
        (Some((name, _)), _) => format!("{name}=\"{value}\"\nX_{name}={value}\n"),
        (None, Some((name, _))) => format!("{name}: {value}\nX {name}: {value}\n"),
        (None, None) => format!("{value}\n"),
    };
    text.lines().map(line).collect()
}

/// A machine with a secret in one answer, or in all that give no fact.
struct Planted<'h> {
    host: &'h dyn Host,
    question: Option<&'h str>,
    form: Form,
    secret: &'h str,
    /// Each question, and whether it had an answer.
    asked: RefCell<BTreeMap<String, bool>>,
}

impl<'h> Planted<'h> {
    fn new(host: &'h dyn Host, question: Option<&'h str>, form: Form, secret: &'h str) -> Self {
        Self { host, question, form, secret, asked: RefCell::default() }
    }

    /// Every question to the machine, and whether it has an answer.
    fn questions(host: &'h dyn Host) -> BTreeMap<String, bool> {
        let host = Self::new(host, Some("none"), FORMS[0], "");
        collect_from(&host);
        host.asked.into_inner()
    }

    fn is_meant<T>(&self, question: &str, answer: &Result<T>) -> bool {
        *self.asked.borrow_mut().entry(question.to_owned()).or_default() |= answer.is_ok();
        self.question.map_or(!FACTS.contains(&question), |meant| meant == question)
    }

    fn plant(&self, was: &str) -> String {
        (self.form)(was, self.secret)
    }

    /// Secrets as device names.
    fn names(&self) -> Vec<String> {
        let secrets = self.secret.split(' ').filter(|secret| !secret.is_empty()).map(|secret| secret.replace('/', "-"));
        secrets.flat_map(|name| [format!("md_{name}"), format!("dm-{name}"), name]).collect()
    }

    fn text(&self, question: &str, answer: Result<String>) -> Result<String> {
        if self.is_meant(question, &answer) { Ok(self.plant(&answer.unwrap_or_default())) } else { answer }
    }
}

impl Host for Planted<'_> {
    fn platform(&self) -> Platform {
        self.host.platform()
    }

    fn read_start(&self, path: &str, limit: usize) -> Result<Start> {
        let answer = self.host.read_start(path, limit);
        if path.strip_prefix("/sys/block/").is_some_and(|below| self.names().iter().any(|name| below.starts_with(name)))
        {
            return Ok(Start { bytes: b"8\n".into(), whole: true });
        }
        if !self.is_meant(path, &answer) {
            return answer;
        }
        let was = answer.map_or_else(|_| Vec::new(), |start| start.bytes);
        let mut bytes = self.plant(&String::from_utf8_lossy(&was)).into_bytes();
        if path == "/proc/1/environ" {
            bytes = [b"SECRET=", self.secret.as_bytes(), b"\0container=", self.secret.as_bytes(), b"\0", &was].concat();
        }
        let whole = bytes.len() <= limit;
        bytes.truncate(limit);
        Ok(Start { bytes, whole })
    }

    fn read_link(&self, path: &str) -> Result<Vec<u8>> {
        let answer = self.host.read_link(path).map(|target| String::from_utf8_lossy(&target).into_owned());
        // An empty link would plant nothing.
        self.text(path, answer).map(|text| if text.is_empty() { self.secret.to_owned() } else { text }.into_bytes())
    }

    fn list(&self, path: &str, limit: usize) -> Result<Vec<String>> {
        let mut answer = self.host.list(path, limit);
        if self.is_meant(path, &answer) {
            let mut names = answer.unwrap_or_default();
            names.extend(self.names());
            names.sort();
            answer = Ok(names);
        }
        answer
    }

    /// Always a link, in place of the real file.
    fn metadata(&self, path: &str) -> Result<Metadata> {
        let answer = self.host.metadata(path);
        if self.is_meant(path, &answer) { Ok(Metadata::new(FileKind::Link, 0)) } else { answer }
    }

    fn sysctl_text(&self, name: &str) -> Result<String> {
        self.text(name, self.host.sysctl_text(name))
    }

    fn sysctl_integer(&self, name: &str) -> Result<i64> {
        self.host.sysctl_integer(name)
    }

    fn kenv(&self, name: &str) -> Result<String> {
        self.text(name, self.host.kenv(name))
    }

    fn cpuid(&self, leaf: u32, subleaf: u32) -> Result<CpuidRegisters> {
        let answer = self.host.cpuid(leaf, subleaf);
        if !self.is_meant("cpuid", &answer) {
            return answer;
        }
        let bytes: Vec<u8> = self.secret.bytes().cycle().take(16).collect();
        let word = |at: usize| u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap());
        // EAX of a hypervisor leaf is the highest leaf.
        let eax = if leaf >= 0x4000_0000 { leaf } else { word(12) };
        Ok(CpuidRegisters { eax, ebx: word(0), ecx: word(4), edx: word(8) })
    }

    fn uname(&self) -> Result<Uname> {
        let mut uname = self.host.uname()?;
        if self.is_meant("uname", &Ok(())) {
            uname.version = self.plant(&uname.version);
        }
        self.secret.clone_into(&mut uname.nodename);
        Ok(uname)
    }

    fn environment(&self, name: &str) -> Result<Vec<u8>> {
        let answer = self.host.environment(name).map(|value| String::from_utf8_lossy(&value).into_owned());
        self.text(name, answer).map(String::into_bytes)
    }

    fn filesystem_size(&self, path: &str) -> Result<u64> {
        self.host.filesystem_size(path)
    }

    fn quantities(&self) -> Result<Quantities> {
        let mut answer = self.host.quantities()?;
        let planted = |name: String| {
            let mut disk = DiskQuantity::default();
            (disk.name, disk.total_bytes) = (name, 8);
            disk
        };
        answer.disks.extend([planted(self.secret.to_owned()), planted(format!("{}/a", self.secret))]);
        if self.is_meant("quantities", &Ok(())) {
            answer.cpu_model = answer.cpu_model.map(|model| self.plant(&model));
        }
        Ok(answer)
    }
}

/// All names, link targets and contents in a recording.
fn everything(folder: &Path, found: &mut Vec<String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        found.push(path.file_name().unwrap().to_string_lossy().into_owned());
        let kind = path.symlink_metadata().unwrap().file_type();
        if kind.is_dir() {
            everything(&path, found);
        } else if kind.is_symlink() {
            found.push(fs::read_link(&path).unwrap().to_string_lossy().into_owned());
        } else {
            found.push(String::from_utf8_lossy(&fs::read(&path).unwrap()).into_owned());
        }
    }
}

fn show(facts: &Facts, needle: &str) -> bool {
    facts.leaves().iter().any(|leaf| matches!(leaf.value, Value::Text(text) if text.contains(needle)))
}

/// Records a machine and returns its facts and the recording's text. The recording must give the same facts.
fn record(host: &Planted<'_>, what: &str) -> (Facts, String) {
    // In memory if possible: there are thousands of small files.
    let folder = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap();
    let recorder = Recorder::new(host);
    let was = collect_from(&recorder);
    recorder.write(folder.path(), "recorded: by a test").unwrap();
    let is = collect_from(&RecordedHost::open(folder.path()).unwrap());
    for (was, is) in was.leaves().iter().zip(is.leaves()) {
        assert_eq!((was.value, was.source), (is.value, is.source), "{what}: {}.{}", was.group, was.name);
    }
    let mut found = Vec::new();
    everything(folder.path(), &mut found);
    (was, found.join("\n"))
}

/// A secret's registers, in the format of a recording.
fn registers(secret: &str) -> Vec<String> {
    let bytes: Vec<u8> = secret.bytes().cycle().take(16).collect();
    bytes.chunks(4).map(|word| format!(" {},", u32::from_le_bytes(word.try_into().unwrap()))).collect()
}

fn all() -> String {
    SECRETS.map(|(secret, _)| secret).join(" ")
}

fn one_answer_at_a_time(host: &dyn Host, machine: &str, absent_too: bool) {
    let all = all();
    let mut planted = 0;
    for (question, _) in Planted::questions(host).into_iter().filter(|(_, answered)| *answered || absent_too) {
        let alone = ALONE.iter().map(|secret| (FORMS[0], *secret));
        for (number, (form, secret)) in FORMS.iter().map(|form| (*form, all.as_str())).chain(alone).enumerate() {
            let what = format!("{machine}: {question}, {number}: {secret}");
            let (facts, text) = record(&Planted::new(host, Some(&question), form, secret), &what);
            for (_, needle) in SECRETS.iter().filter(|(one, _)| secret.contains(one)) {
                if show(&facts, needle) {
                    assert!(FACTS.contains(&question.as_str()), "{what}: {needle} in a fact");
                } else if !STAND_INS.contains(&question.as_str()) {
                    assert!(!text.contains(needle), "{what}: {needle} in {text}");
                }
            }
            for register in registers(secret) {
                assert!(!text.contains(&register), "{what}: cpuid {register}");
            }
            planted += 1;
        }
    }
    println!("{machine}: {planted} recordings");
}

/// All answers at once, but for those that become a fact's text.
fn all_answers_together(host: &dyn Host, machine: &str) {
    let all = all();
    for form in [FORMS[0], FORMS[1], FORMS[5]] {
        let (facts, text) = record(&Planted::new(host, None, form, &all), machine);
        for (_, needle) in SECRETS {
            assert!(!show(&facts, needle), "{machine}: {needle} in a fact");
            assert!(!text.contains(needle), "{machine}: {needle} in {text}");
        }
    }
}

fn machines() -> Vec<PathBuf> {
    let all = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/machines");
    fs::read_dir(all).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_dir()).collect()
}

fn check(names: &[&str]) {
    for name in names {
        let machine = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/machines").join(name);
        one_answer_at_a_time(&RecordedHost::open(&machine).unwrap(), name, false);
    }
}

#[test]
fn of_this_machine() {
    one_answer_at_a_time(&LiveHost::new(), "live", true);
}

#[test]
fn of_machines_of_all_systems() {
    check(&[
        "kvm-guest",
        "podman",
        "zvm",
        "alt-linux",
        "proxmox-ve",
        "synology",
        "arm-kvm",
        "freebsd-virtualbox",
        "freebsd-zfs-without-geom",
        "mac-intel",
    ]);
}

#[test]
fn of_every_recorded_machine_at_once() {
    for folder in machines() {
        let name = folder.file_name().unwrap().to_string_lossy().into_owned();
        all_answers_together(&RecordedHost::open(&folder).unwrap(), &name);
    }
}
