//! A made-up machine, larger than most, in the form for `system-info --machine`.

use std::fs;
use std::path::Path;

pub struct Size {
    pub processors: usize,
    pub mounts: usize,
    pub disks: usize,
    pub cgroup_bytes: usize,
}

pub const CROWDED: Size = Size { processors: 1024, mounts: 10_000, disks: 2_000, cgroup_bytes: 1_000_000 };

pub const WHAT: &str = "system-info, 1,024 CPUs, 10,000 mounts, 2,000 disks, 1 MB of cgroups";

/// A line of the answer which shows that the machine was read.
pub const ANSWER: &str = "NETDATA_SYSTEM_CPU_LOGICAL_CPU_COUNT=1024";

pub fn write(machine: &Path, size: &Size) {
    put(
        machine.join("machine.json"),
        r##"{"platform": "linux", "uname": {"sysname": "Linux", "release": "6.1.0", "version": "#1 SMP", "machine": "x86_64"}}"##,
    );
    let root = machine.join("root");
    put(root.join("etc/os-release"), "NAME=\"Made up\"\nID=made-up\n");
    put(root.join("proc/meminfo"), "MemTotal:       1073741824 kB\n");
    put(root.join("proc/cpuinfo"), &(0..size.processors).map(processor).collect::<Vec<_>>().concat());
    let cgroup = (0..).map(|number| format!("{number}:controller{number}:/slice/unit{number}.service\n"));
    let mut length = 0;
    let cgroup: Vec<String> = cgroup
        .take_while(|line| {
            length += line.len();
            length < size.cgroup_bytes
        })
        .collect();
    let mounts = (0..size.mounts).map(|number| {
        format!(
            "{} 1 0:{number} / /srv/volume{number} rw,relatime shared:{number} - ext4 /dev/volume{number} rw\n",
            number + 100
        )
    });
    let mounts = mounts.collect::<Vec<_>>().concat();
    for process in ["1", "self"] {
        put(root.join("proc").join(process).join("cgroup"), &cgroup.concat());
        put(root.join("proc").join(process).join("mountinfo"), &mounts);
    }
    // Every kernel with block devices has this list too (block/genhd.c).
    let listed = (0..size.disks).map(|disk| format!(" 259 {disk:8} 3907018584 nvme{disk}n1\n"));
    put(root.join("proc/partitions"), &format!("major minor  #blocks  name\n\n{}", listed.collect::<String>()));
    for disk in 0..size.disks {
        let folder = root.join(format!("sys/block/nvme{disk}n1"));
        put(folder.join("size"), "7814037168\n");
        put(folder.join("removable"), "0\n");
    }
    let processors = root.join("sys/devices/system/cpu");
    let all = format!("0-{}\n", size.processors - 1);
    for name in ["online", "possible", "present"] {
        put(processors.join(name), &all);
    }
    for cpu in 0..size.processors {
        let topology = processors.join(format!("cpu{cpu}/topology"));
        let (package, first) = (cpu / 128, cpu / 2 * 2);
        put(topology.join("physical_package_id"), &format!("{package}\n"));
        put(topology.join("core_cpus_list"), &format!("{first}-{}\n", first + 1));
        put(topology.join("package_cpus_list"), &format!("{}-{}\n", package * 128, package * 128 + 127));
    }
}

/// A record of /proc/cpuinfo (`proc_cpuinfo(5)`), as long as on current processors.
fn processor(number: usize) -> String {
    let flags: Vec<String> = (0..130).map(|flag| format!("flag{flag}")).collect();
    format!(
        "processor\t: {number}\nvendor_id\t: AuthenticAMD\nmodel name\t: Made up\ncpu MHz\t\t: 2000.000\nphysical id\t: {}\n\
         siblings\t: 128\ncore id\t\t: {}\ncpu cores\t: 64\nflags\t\t: fpu {}\n\n",
        number / 128,
        number % 128 / 2,
        flags.join(" "),
    )
}

fn put(path: impl AsRef<Path>, text: &str) {
    let path = path.as_ref();
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_machine_is_as_large_as_it_says() {
        let folder = tempfile::tempdir().unwrap();
        let size = Size { processors: 4, mounts: 5, disks: 6, cgroup_bytes: 700 };
        write(folder.path(), &size);
        let root = folder.path().join("root");
        let read = |path: &str| fs::read_to_string(root.join(path)).unwrap();
        assert_eq!(read("proc/cpuinfo").matches("processor\t").count(), 4);
        assert_eq!(read("proc/self/mountinfo").lines().count(), 5);
        assert!((600..700).contains(&read("proc/1/cgroup").len()));
        assert_eq!(fs::read_dir(root.join("sys/block")).unwrap().count(), 6);
    }
}
