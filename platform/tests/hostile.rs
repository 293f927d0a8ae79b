//! Special files, misleading links and endless answers stop nothing.
#![allow(clippy::unwrap_used, reason = "a test that cannot be set up fails")]
#![cfg(feature = "cli")]

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use system_facts::internal::netdata;
use system_facts::{CommonEvidence, Error, FileKind, Host, LiveHost, Outcome, RecordedHost, Source, collect_from};

/// Longer than any of these takes, shorter than a wait for a writer.
const SOON: Duration = Duration::from_secs(20);

fn recorded(folder: &Path, machine: &str) -> RecordedHost {
    fs::create_dir_all(folder.join("root")).unwrap();
    fs::write(folder.join("machine.json"), machine).unwrap();
    RecordedHost::open(folder).unwrap()
}

fn linux(folder: &Path) -> RecordedHost {
    recorded(folder, r#"{"platform": "linux"}"#)
}

fn fifo(path: &Path) {
    // macOS has no mknodat(2).
    assert!(Command::new("mkfifo").arg(path).status().unwrap().success());
}

#[test]
fn what_is_no_regular_file_is_not_read() {
    let folder = tempfile::tempdir().unwrap();
    let begin = Instant::now();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    fifo(&folder.path().join("fifo"));
    symlink("fifo", folder.path().join("link")).unwrap();
    let host = LiveHost::new();
    assert_eq!(host.read_start(&path("fifo"), 100), Err(Error::Malformed));
    assert_eq!(host.read_start(&path("link"), 100), Err(Error::Malformed));
    assert_eq!(host.read_start("/dev/zero", 100), Err(Error::Malformed));
    assert_eq!(host.read_start(&path(""), 100), Err(Error::Malformed));
    assert_eq!(host.read_start(&path("missing"), 100), Err(Error::NotFound));
    assert_eq!(host.read_start(&path("fifo/below"), 100), Err(Error::NotFound));
    assert_eq!(host.metadata(&path("link")).map(|metadata| metadata.kind), Ok(FileKind::Link));
    assert_eq!(host.read_link(&path("link")), Ok(b"fifo".to_vec()));
    assert!(begin.elapsed() < SOON);
}

/// Opening a pipe releases its writer, and opening a device may have effects; paths through `/proc` to them are no
/// better.
#[cfg(target_os = "linux")]
#[test]
fn what_is_no_regular_file_is_not_even_opened() {
    use rustix::fs::inotify::{CreateFlags, WatchFlags, add_watch, init};
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().join("fifo");
    fifo(&place);
    symlink("fifo", folder.path().join("link")).unwrap();
    let held = rustix::fs::open(&place, rustix::fs::OFlags::PATH, rustix::fs::Mode::empty()).unwrap();
    let events = init(CreateFlags::NONBLOCK | CreateFlags::CLOEXEC).unwrap();
    add_watch(&events, &place, WatchFlags::OPEN).unwrap();
    let was_opened = || rustix::io::read(&events, &mut [0; 4096]).is_ok();
    let through_proc = format!("/proc/self/fd/{}", std::os::fd::AsRawFd::as_raw_fd(&held));
    for path in [place.to_str().unwrap(), folder.path().join("link").to_str().unwrap(), &through_proc] {
        assert_eq!(LiveHost::new().read_start(path, 100), Err(Error::Malformed), "{path}");
        assert!(!was_opened(), "{path}");
    }
    rustix::fs::open(&place, rustix::fs::OFlags::NONBLOCK, rustix::fs::Mode::empty()).unwrap();
    assert!(was_opened(), "the watch sees what it is there for");
}

#[test]
fn reads_stop_at_their_limit() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("file");
    let host = LiveHost::new();
    for (size, limit, whole) in
        [(0, 10, true), (10, 10, true), (11, 10, false), (40_000, 16_384, false), (40_000, 40_000, true)]
    {
        fs::write(&path, vec![b'x'; size]).unwrap();
        let start = host.read_start(path.to_str().unwrap(), limit).unwrap();
        assert_eq!((start.bytes.len(), start.whole), (size.min(limit), whole), "{size} {limit}");
        assert_eq!(host.read(path.to_str().unwrap(), limit).is_err(), !whole);
    }
    // Practically endless: sparse, and far larger than memory.
    fs::File::create(&path).unwrap().set_len(1 << 42).unwrap();
    assert_eq!(host.read(path.to_str().unwrap(), 4096), Err(Error::TooLarge));
}

#[test]
fn links_of_a_recording_stay_inside_it() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("secret"), "outside").unwrap();
    let host = linux(&folder.path().join("machine"));
    let root = folder.path().join("machine/root");
    for (name, target) in [
        ("escape", "../../secret"),
        ("absolute", "/etc/hostname"),
        ("loop", "loop"),
        ("ping", "pong"),
        ("pong", "ping"),
        ("up", "../../../../../../../../inside"),
        ("folder", "/real"),
        ("pid", "pid:[4026531836]"),
    ] {
        symlink(target, root.join(name)).unwrap();
    }
    fs::create_dir(root.join("real")).unwrap();
    fs::write(root.join("inside"), "in").unwrap();
    fs::write(root.join("real/file"), "real").unwrap();
    let read = |path: &str| host.read(path, 100);
    assert_eq!(read("/escape"), Err(Error::NotFound));
    assert_eq!(read("/../../secret"), Err(Error::NotFound));
    assert_eq!(read("/real/../../secret"), Err(Error::NotFound));
    assert_eq!(read("/absolute"), Err(Error::NotFound), "the recording has no such file, this machine may");
    assert!(matches!(read("/loop"), Err(Error::Other(_))));
    assert!(matches!(read("/ping"), Err(Error::Other(_))));
    assert!(matches!(read("/loop/below"), Err(Error::Other(_))));
    assert_eq!(read("/up"), Ok(b"in".to_vec()));
    assert_eq!(read("/folder/file"), Ok(b"real".to_vec()));
    assert_eq!(host.read_link("/pid"), Ok(b"pid:[4026531836]".to_vec()));
    assert_eq!(read("/pid"), Err(Error::NotFound));
    assert_eq!(host.list("/folder", 10), Ok(vec!["file".to_owned()]));
    assert_eq!(host.list("/folder", 0), Err(Error::TooLarge));
}

/// A machine with a file of its own, a base's file, a replacement for one, and absent ones.
#[test]
fn a_base_answers_what_the_machine_does_not() {
    let folder = tempfile::tempdir().unwrap();
    let file = |place: &str, text: &str| {
        let place = folder.path().join(place);
        fs::create_dir_all(place.parent().unwrap()).unwrap();
        fs::write(place, text).unwrap();
    };
    for (place, text) in [
        (
            "base/machine.json",
            r#"{"platform": "linux", "uname": {"release": "1", "machine": "x86_64"},
            "sysctl": {"a": "1", "b": "1"}, "cpuid": {"hypervisor_bit": true}, "unreadable": ["/etc/1"]}"#,
        ),
        ("base/root/etc/kept", "base"),
        ("base/root/etc/replaced", "base"),
        ("base/root/etc/gone", "base"),
        ("base/root/dmi/id/vendor", "base"),
        ("base/root/real/file", "base"),
        ("machine/root/etc/own", "own"),
        ("machine/root/etc/replaced", "own"),
    ] {
        file(place, text);
    }
    symlink("/etc/replaced", folder.path().join("base/root/link")).unwrap();
    symlink("/real", folder.path().join("machine/root/etc/real")).unwrap();
    let host = recorded(
        &folder.path().join("machine"),
        r#"{"base": "base", "uname": {"release": "2"}, "sysctl": {"b": "2", "c": "2"}, "cpuid": null,
            "absent": ["/etc/gone", "/dmi"], "unreadable": []}"#,
    );
    let read = |path: &str| host.read(path, 100).map(|bytes| String::from_utf8(bytes).unwrap());
    assert_eq!(read("/etc/own").as_deref(), Ok("own"));
    assert_eq!(read("/etc/kept").as_deref(), Ok("base"));
    assert_eq!(read("/etc/replaced").as_deref(), Ok("own"));
    assert_eq!(read("/link").as_deref(), Ok("own"), "a link of the base leads into the machine");
    assert_eq!(read("/etc/real/file").as_deref(), Ok("base"), "and the reverse");
    assert_eq!(read("/etc/gone"), Err(Error::NotFound));
    assert_eq!(read("/dmi/id/vendor"), Err(Error::NotFound), "what is below something absent is so too");
    assert_eq!(host.metadata("/etc/gone"), Err(Error::NotFound));
    assert_eq!(host.list("/etc", 9), Ok(["kept", "own", "real", "replaced"].map(str::to_owned).into()));
    assert_eq!(host.list("/etc", 3), Err(Error::TooLarge));
    assert_eq!(host.list("/", 9), Ok(["etc", "link", "real"].map(str::to_owned).into()));
    assert_eq!(host.list("/dmi", 9), Err(Error::NotFound));
    assert_eq!(read("/etc/1"), Err(Error::NotFound), "a list is the machine's own");
    let uname = host.uname().unwrap();
    assert_eq!((uname.release.as_str(), uname.machine.as_str()), ("2", "x86_64"));
    assert_eq!(["a", "b", "c"].map(|name| host.sysctl_integer(name)), [Ok(1), Ok(2), Ok(2)]);
    assert_eq!(host.cpuid(1, 0), Err(Error::Unsupported));
}

/// A recording may come from anybody. Its base is the folder of that name beside it: no other path, no link, no chain.
#[test]
fn a_base_leads_nowhere_else() {
    let folder = tempfile::tempdir().unwrap();
    let machine = folder.path().join("machines/machine");
    for name in ["outside", "machines/base", "machines/machine", "machines/chain"] {
        fs::create_dir_all(folder.path().join(name).join("root/etc")).unwrap();
        fs::write(folder.path().join(name).join("machine.json"), r#"{"platform": "linux"}"#).unwrap();
        fs::write(folder.path().join(name).join("root/etc/secret"), "secret").unwrap();
    }
    fs::write(folder.path().join("machines/chain/machine.json"), r#"{"platform": "linux", "base": "base"}"#).unwrap();
    symlink("../outside", folder.path().join("machines/link")).unwrap();
    fs::create_dir(folder.path().join("machines/linked")).unwrap();
    fs::write(folder.path().join("machines/linked/machine.json"), r#"{"platform": "linux"}"#).unwrap();
    symlink("../../outside/root", folder.path().join("machines/linked/root")).unwrap();
    let open = |base: &str| {
        fs::write(machine.join("machine.json"), format!(r#"{{"base": {base}}}"#)).unwrap();
        RecordedHost::open(&machine).map_err(|error| error.to_string())
    };
    let outside = serde_json::json!(folder.path().join("outside")).to_string();
    for (base, why) in [
        (outside.as_str(), "not the name of a folder beside this one"),
        (r#""../../outside""#, "not the name of a folder beside this one"),
        (r#""../base""#, "not the name of a folder beside this one"),
        (r#""base/""#, "not the name of a folder beside this one"),
        (r#""base/../../outside""#, "not the name of a folder beside this one"),
        (r#"".""#, "not the name of a folder beside this one"),
        (r#""..""#, "not the name of a folder beside this one"),
        (r#""""#, "not the name of a folder beside this one"),
        ("null", "not the name of a folder beside this one"),
        (r#"["base"]"#, "not the name of a folder beside this one"),
        (r#""link""#, "a link"),
        (r#""linked""#, "a link"),
        (r#""chain""#, "has a base itself"),
        (r#""machine""#, "has a base itself"),
        (r#""nowhere""#, "not found"),
    ] {
        let error = open(base).unwrap_err();
        assert!(error.starts_with("machine.json: `base`") && error.contains(why), "{base}: {error}");
    }

    // Links inside the base are resolved in the machine, even where the machine has a folder of that name.
    for name in ["folder", "other"] {
        symlink(folder.path().join("outside/root/etc"), folder.path().join("machines/base/root").join(name)).unwrap();
    }
    fs::create_dir(machine.join("root/folder")).unwrap();
    let host = open(r#""base""#).unwrap();
    assert_eq!(host.read("/folder/secret", 10), Err(Error::NotFound));
    assert_eq!(host.list("/folder", 10), Ok(Vec::new()));
    assert_eq!(host.read("/other/secret", 10), Err(Error::NotFound));
    assert_eq!(host.list("/other", 10), Err(Error::NotFound));
    fs::write(folder.path().join("machines/base/root/file"), "").unwrap();
    fs::create_dir(machine.join("root/file")).unwrap();
    assert_eq!(host.list("/file", 10), Ok(Vec::new()));
    fs::write(machine.join("root/plain"), "").unwrap();
    fs::create_dir_all(folder.path().join("machines/base/root/plain")).unwrap();
    fs::write(folder.path().join("machines/base/root/plain/secret"), "secret").unwrap();
    assert!(host.read("/plain/secret", 10).is_err(), "what is a file in the machine is no folder of its base");
    assert!(host.list("/plain", 10).is_err());
}

#[test]
fn a_machine_of_fifos_and_endless_files_is_collected() {
    let folder = tempfile::tempdir().unwrap();
    let host = linux(folder.path());
    let root = folder.path().join("root");
    let begin = Instant::now();
    for path in ["etc/os-release", "proc/self/mountinfo", "proc/meminfo", "sys/class/dmi/id/sys_vendor"] {
        fs::create_dir_all(root.join(path).parent().unwrap()).unwrap();
        fifo(&root.join(path));
    }
    for path in ["proc/cpuinfo", "proc/self/cgroup", "proc/self/status", "usr/lib/os-release", "proc/1/environ"] {
        fs::create_dir_all(root.join(path).parent().unwrap()).unwrap();
        fs::File::create(root.join(path)).unwrap().set_len(1 << 40).unwrap();
    }
    fs::create_dir_all(root.join("sys/block/sda/size")).unwrap();
    let facts = collect_from(&host);
    assert!(facts.os.id.known().is_none() && facts.memory.total_bytes.known().is_none());
    assert!(begin.elapsed() < SOON);
}

#[test]
fn random_bytes_are_collected() {
    const ALPHABET: &[u8] = b"=:\"'\\ \n\t/-[](),.0123abcID\x00\x1b\xff\xc3\xe2\x80\xae\x8b";
    let folder = tempfile::tempdir().unwrap();
    let host = linux(folder.path());
    let root = folder.path().join("root");
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    for round in 0..40 {
        for path in [
            "etc/os-release",
            "etc/lsb-release",
            "etc/redhat-release",
            "proc/cpuinfo",
            "proc/meminfo",
            "proc/self/mountinfo",
            "proc/self/cgroup",
            "proc/self/status",
            "proc/1/environ",
            "proc/sysinfo",
            "sys/devices/system/cpu/online",
            "sys/class/dmi/id/sys_vendor",
            "sys/block/sda/size",
            "sys/hypervisor/type",
        ] {
            let bytes: Vec<u8> = (0..round * 50)
                .map(|_| {
                    // xorshift64: the same bytes in every run.
                    state ^= state << 13;
                    state ^= state >> 7;
                    state ^= state << 17;
                    ALPHABET[usize::try_from(state % ALPHABET.len() as u64).unwrap()]
                })
                .collect();
            fs::create_dir_all(root.join(path).parent().unwrap()).unwrap();
            fs::write(root.join(path), bytes).unwrap();
        }
        let facts = collect_from(&host);
        for line in netdata::lines(&facts) {
            assert!(!line.value.contains(system_facts::internal::is_unprintable), "{line:?}");
        }
    }
}

/// A composed value is limited to the length of a single one.
#[test]
fn values_put_together_stay_short() {
    let long = "9".repeat(250);
    for platform in ["freebsd", "macos"] {
        let folder = tempfile::tempdir().unwrap();
        let json = format!(
            r#"{{"platform": "{platform}", "uname": {{"sysname": "FreeBSD", "release": "{long}"}}, "sysctl": {{"kern.osproductversion": "27.0.{long}"}}}}"#
        );
        let facts = collect_from(&recorded(folder.path(), &json));
        let pretty = facts.os.pretty_name.known().unwrap();
        assert_eq!(pretty.chars().count(), 256, "{platform}: {pretty}");
    }
}

/// A kernel's builder and build machine appear in no fact and no evidence, whether from uname or /proc/version.
#[test]
fn no_kernel_says_who_built_it() {
    const BUILDER: &str = "alice@workshop.example.org";
    for (platform, version) in [
        ("linux", format!("#1 SMP Debian 6.1 {BUILDER}")),
        ("freebsd", format!("FreeBSD 14.2-STABLE #0: Thu Nov 10 10:10:10 UTC 2024     {BUILDER}:/usr/obj/a b/GENERIC")),
        ("macos", format!("Darwin Kernel Version 22.6.0: x; {BUILDER}/RELEASE_X86_64")),
        ("other", format!("OpenBSD 7.4 (GENERIC.MP) #1397: x {BUILDER}:/usr/src/sys")),
    ] {
        for uname in [true, false] {
            let folder = tempfile::tempdir().unwrap();
            let uname =
                if uname { serde_json::json!({"sysname": "x", "version": version}) } else { serde_json::Value::Null };
            let json = serde_json::json!({"platform": platform, "uname": uname});
            let host = recorded(folder.path(), &json.to_string());
            fs::create_dir_all(folder.path().join("root/proc")).unwrap();
            let proc_version = format!("Linux version 6.1.0 ({BUILDER}) (gcc 12) #1 SMP\n");
            fs::write(folder.path().join("root/proc/version"), proc_version).unwrap();
            let explained = serde_json::to_string(&system_facts::Explained(&collect_from(&host))).unwrap();
            assert!(!explained.contains("alice") && !explained.contains("workshop"), "{explained}");
        }
    }
}

/// An empty file gives no value, and pfSense's version must be a version.
#[test]
fn an_empty_or_foreign_text_is_no_version() {
    let folder = tempfile::tempdir().unwrap();
    let plist = "<key>ProductName</key><string></string><key>ProductVersion</key><string></string>";
    let mac = folder.path().join("mac");
    let host = recorded(&mac, r#"{"platform": "macos"}"#);
    fs::create_dir_all(mac.join("root/System/Library/CoreServices")).unwrap();
    fs::write(mac.join("root/System/Library/CoreServices/SystemVersion.plist"), plist).unwrap();
    let os = collect_from(&host).os;
    assert_eq!((os.name.known(), os.version.known()), (None, None));

    let bsd = folder.path().join("bsd");
    let host = recorded(&bsd, r#"{"platform": "freebsd", "uname": {"sysname": "FreeBSD", "release": "14.0-RELEASE"}}"#);
    fs::create_dir_all(bsd.join("root/etc")).unwrap();
    fs::write(bsd.join("root/etc/platform"), "pfSense\n").unwrap();
    for (text, version) in [("2.7.2-RELEASE\n", "2.7.2-RELEASE"), ("alice's firewall\n", "14.0-RELEASE")] {
        fs::write(bsd.join("root/etc/version"), text).unwrap();
        let os = collect_from(&host).os;
        assert_eq!(os.id.known().map(String::as_str), Some("pfsense"));
        assert_eq!(os.version.known().map(String::as_str), Some(version));
    }
}

#[test]
fn a_recording_that_is_none_says_why() {
    let folder = tempfile::tempdir().unwrap();
    assert!(RecordedHost::open(folder.path()).is_err());
    for wrong in [
        "",
        "[]",
        "{}",
        "{\"platform\": 1}",
        r#"{"platform": "linux", "absent": "/etc"}"#,
        r#"{"platform": "linux", "cpuid": {"leaves": {"0:0": [1]}}}"#,
    ] {
        fs::write(folder.path().join("machine.json"), wrong).unwrap();
        let error = RecordedHost::open(folder.path()).unwrap_err().to_string();
        assert!(error.starts_with("machine.json: "), "{wrong}: {error}");
    }
}

#[test]
fn a_complete_recording_tells_absent_from_never_asked() {
    let folder = tempfile::tempdir().unwrap();
    let json = r#"{"platform": "linux", "complete": true, "absent": ["/etc/a"], "unreadable": ["/etc/b"],
        "pid1_env": {"container": "lxc"}, "cpuid": {"leaves": {"8000001f:0": [1, 2, 3, 4]}}, "environment": {"X": "y"},
        "filesystems": {"/": 5}}"#;
    let host = recorded(folder.path(), json);
    assert_eq!(host.read("/etc/a", 10), Err(Error::NotFound));
    assert_eq!(host.read("/etc/b", 10), Err(Error::PermissionDenied));
    assert_eq!(host.read("/etc/c", 10), Err(Error::Unanswered));
    assert_eq!(host.read("/proc/1/environ", 100), Ok(b"container=lxc\0".to_vec()));
    assert_eq!(host.cpuid(0x8000_001f, 0).map(|registers| registers.edx), Ok(4));
    assert_eq!(host.cpuid(1, 0), Err(Error::Unanswered));
    assert_eq!(host.environment("X"), Ok(b"y".to_vec()));
    assert_eq!(host.filesystem_size("/"), Ok(5));
    assert_eq!(host.uname(), Err(Error::Unanswered));
}

#[test]
fn common_evidence_refuses_whoever_asks() {
    let host =
        LiveHost::with_environment([("VIRTUALIZATION".to_owned(), "here".into()), ("HOME".to_owned(), "/root".into())]);
    let common = CommonEvidence::new(&host);
    assert_eq!(common.read("/proc/1/environ", 10), Err(Error::Refused));
    assert_eq!(common.read_link("/proc/1/ns/pid"), Err(Error::Refused));
    assert_eq!(common.list("/sys/firmware/acpi/tables", 10), Err(Error::Refused));
    assert_eq!(common.metadata("/dev/kvm"), Err(Error::Refused));
    assert_eq!(common.environment("HOME"), Err(Error::Refused));
    assert_eq!(common.environment("VIRTUALIZATION"), Ok(b"here".to_vec()));
    // It is the daemon's word, and no evidence.
    let mut facts = collect_from(&common);
    assert_ne!(facts.virtualization.name.source, Some(Source::PROVIDED));
    netdata::provide_virtualization(&common, &mut facts);
    assert_eq!(facts.virtualization.name.known().map(String::as_str), Some("here"));
    assert_eq!(facts.virtualization.name.source, Some(Source::PROVIDED));
    assert_eq!(LiveHost::with_environment([]).environment("PATH"), Err(Error::NotFound));
}

/// The answer is the sum of any number of disks, without those of a removable medium.
#[test]
fn hundreds_of_disks_are_summed() {
    let folder = tempfile::tempdir().unwrap();
    let host = linux(folder.path());
    let root = folder.path().join("root");
    let names: Vec<String> = (0..200).map(|number| format!("sd{number:04}")).collect();
    let write = |name: &str, file: &str, text: &str| {
        let disk = root.join("sys/block").join(name);
        fs::create_dir_all(&disk).unwrap();
        fs::write(disk.join(file), text).unwrap();
    };
    for name in &names {
        write(name, "size", "2000\n");
    }
    let partitions: Vec<String> =
        names.iter().map(|name| format!("   8 0 1000 {name}\n   8 1 500 {name}p1\n")).collect();
    fs::create_dir_all(root.join("proc")).unwrap();
    fs::write(root.join("proc/partitions"), format!("major minor  #blocks  name\n\n{}", partitions.concat())).unwrap();
    assert_eq!(collect_from(&host).disk.total_bytes.known(), Some(&(200 * 2000 * 512)));
    write("sd0007", "removable", "1\n");
    assert_eq!(collect_from(&host).disk.total_bytes.known(), Some(&(200 * 2000 * 512)));
    std::os::unix::fs::symlink("../../../6:0:0:0", root.join("sys/block/sd0007/device")).unwrap();
    fs::create_dir_all(root.join("sys/class/scsi_host/host6")).unwrap();
    fs::write(root.join("sys/class/scsi_host/host6/proc_name"), "usb-storage\n").unwrap();
    assert_eq!(collect_from(&host).disk.total_bytes.known(), Some(&(199 * 2000 * 512)));
    // The list has no such name.
    write("vda", "size", "3\n");
    assert_eq!(collect_from(&host).disk.total_bytes.known(), Some(&(199 * 2000 * 512 + 3 * 512)));
}

/// Thousands of disks make megabytes of text on FreeBSD. All of them count, or none.
#[test]
fn a_sum_of_disks_is_whole_or_unknown() {
    let folder = tempfile::tempdir().unwrap();
    let text = |disks: u64| -> String {
        let partition = "PART da7p1 1000 512 i 1 o 40 ty freebsd-zfs xs GPT xt 516e7cba-6ecf-11d6-8ff8-00022d09712b";
        let lines = (0..disks).map(|disk| format!("0 DISK da{disk} {} 512 hd 255 sc 63\n1 {partition}\n", 1000 + disk));
        lines.collect::<Vec<_>>().concat()
    };
    for (text, sum) in [
        (text(1_200), Some((0..1_200).map(|disk| 1000 + disk).sum::<u64>())),
        (text(40_000), Some((0..40_000).map(|disk| 1000 + disk).sum())),
        (text(130_000), None),
        (format!("{}0 DISK da1 10", text(3)), None),
    ] {
        let machine = serde_json::json!({
            "platform": "freebsd",
            "sysctl": {"kern.geom.conftxt": text},
            "quantities": {"disks": [{"name": "/dev/da0p1", "total_bytes": 7}]},
        });
        let facts = collect_from(&recorded(folder.path(), &machine.to_string()));
        let disk = &facts.disk.total_bytes;
        assert_eq!(disk.known().copied(), sum, "{} bytes", text.len());
        let is_malformed = |asked: &system_facts::Evidence| asked.outcome == Outcome::Failed(Error::Malformed);
        assert_eq!(disk.evidence.iter().any(is_malformed), sum.is_none(), "{} bytes", text.len());
    }
}
