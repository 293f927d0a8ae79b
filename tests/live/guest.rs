//! Emulated machines: QEMU without KVM, a stock kernel, and an initramfs with the programs.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::make::{Scene, bare_root};

/// Statically linked, so that it can be process 1.
const BUSYBOX: &str = "/bin/busybox";

/// The other tools, and those that change the user. Each is copied with its libraries, according to ldd(1).
const TOOLS: [&str; 6] = [
    "/usr/bin/setpriv",
    "/usr/bin/unshare",
    "/usr/bin/systemd-detect-virt",
    "/usr/sbin/virt-what",
    "/usr/libexec/virt-what-cpuid-helper",
    "/usr/sbin/dmidecode",
];

/// The applets are last in the path, behind the real tools.
const INIT: &str = "#!/usr/bin/busybox sh
busybox=/usr/bin/busybox
$busybox mkdir -p /usr/local/bin
$busybox --install -s /usr/local/bin
export PATH=/usr/sbin:/usr/bin:/usr/local/bin
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs devtmpfs /dev
/live/ask fast >/dev/console 2>&1
poweroff -f
";

/// `machine` and `cpu` in QEMU's terms, and the contents of SMBIOS.
pub fn boot(scene: &Scene, machine: &str, cpu: &str, smbios: &[&str]) -> Result<Command, String> {
    let kernel = scene.kernel.as_deref().ok_or("GUEST_KERNEL names no kernel (cargo xtask ci sets it)")?;
    let files = scene.initial_files.get_or_init(initial_files).clone()?;
    let mut made = Command::new("qemu-system-x86_64");
    made.args(["-accel", "tcg", "-machine", machine, "-cpu", cpu, "-m", "512", "-nodefaults", "-nographic"]);
    made.args(["-serial", "stdio", "-no-reboot", "-kernel"]).arg(kernel).arg("-initrd").arg(files);
    // Without tsc_early_khz a machine with only the programmable interval timer calibrates its clock by it, and hangs
    // if that fails on a busy core.
    made.args(["-append", "console=ttyS0 quiet loglevel=0 panic=-1 tsc_early_khz=1000000"]);
    for table in smbios {
        made.args(["-smbios", table]);
    }
    Ok(made)
}

/// The initramfs (Documentation/driver-api/early-userspace/buffer-format.rst).
fn initial_files() -> Result<PathBuf, String> {
    let root = bare_root("guest")?;
    let describe = |error: std::io::Error| format!("cannot make the guest's files: {error}");
    put(&root, Path::new(BUSYBOX), Path::new("/usr/bin/busybox")).map_err(describe)?;
    symlink("busybox", root.join("usr/bin/sh")).map_err(describe)?;
    for tool in TOOLS.map(Path::new).into_iter().filter(|tool| tool.is_file()) {
        put(&root, tool, tool).map_err(describe)?;
        // ldd fails for scripts and static programs, which have no libraries.
        let listed = Command::new("ldd").arg(tool).output().map_err(describe)?;
        for word in String::from_utf8_lossy(&listed.stdout).split_whitespace().filter(|word| word.starts_with('/')) {
            put(&root, Path::new(word), Path::new(word)).map_err(describe)?;
        }
    }
    fs::write(root.join("init"), INIT).map_err(describe)?;
    let archive = root.with_extension("cpio");
    let pack = "chmod 755 init && find . | busybox cpio --quiet -o -H newc";
    let status = Command::new("sh")
        .args(["-c", pack])
        .current_dir(&root)
        .stdout(fs::File::create(&archive).map_err(describe)?)
        .stdin(Stdio::null())
        .status()
        .map_err(describe)?;
    if status.success() { Ok(archive) } else { Err(format!("busybox cpio ended with {status}")) }
}

fn put(root: &Path, from: &Path, to: &Path) -> std::io::Result<()> {
    let to = root.join(to.strip_prefix("/").unwrap_or(to));
    fs::create_dir_all(to.parent().unwrap_or(root))?;
    fs::copy(from, to).map(|_| ())
}
