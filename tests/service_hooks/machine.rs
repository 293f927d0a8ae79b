//! A booted container of systemd-nspawn: a tree of its own, this machine's `/usr` read-only, and systemd as process 1.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use testkit::scratch::write_script;
use testkit::{find, said, search_path};

/// For what takes a second; a busy machine needs longer.
const PATIENCE: Duration = Duration::from_mins(1);
const STATES: [&str; 2] = ["waiting", "sent"];

pub(crate) struct Machine {
    root: PathBuf,
    group: PathBuf,
    running: Option<(Child, String)>,
}

pub(crate) fn until(what: &str, mut is: impl FnMut() -> bool) {
    assert!(comes(&mut is), "it did not happen: {what}");
}

fn comes(is: &mut impl FnMut() -> bool) -> bool {
    let end = Instant::now() + PATIENCE;
    while Instant::now() < end {
        if is() {
            return true;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    is()
}

fn run(program: &str, arguments: &[&str]) {
    let status = Command::new(program).args(arguments).env("PATH", search_path()).status().unwrap();
    assert!(status.success(), "{program} {arguments:?}");
}

impl Machine {
    /// The tree, in the namespaces of this test. The error says why there can be none.
    pub(crate) fn build(folder: &Path) -> Result<Self, String> {
        if find("systemd-nspawn").is_none() {
            return Err("systemd-nspawn is not installed (Debian package systemd-container)".into());
        }
        let group = group()?;
        let root = folder.join("root");
        for name in ["dev", "proc", "sys", "run", "tmp", "etc/systemd/system", "usr", "var/tmp", "root"] {
            fs::create_dir_all(root.join(name)).unwrap();
        }
        for link in ["bin", "sbin", "lib", "lib32", "lib64", "libx32"] {
            if let Ok(target) = fs::read_link(Path::new("/").join(link)) {
                symlink(target, root.join(link)).unwrap();
            }
        }
        let usr = root.join("usr").into_os_string().into_string().unwrap();
        run("mount", &["--bind", "/usr", &usr]);
        run("mount", &["-o", "remount,bind,ro", &usr]);
        // Nothing here may see an agent of this machine.
        for agent in ["lib/netdata", "libexec/netdata", "sbin/netdata"].map(|name| format!("{usr}/{name}")) {
            match Path::new(&agent) {
                folder if folder.is_dir() => run("mount", &["-t", "tmpfs", "none", &agent]),
                file if file.exists() => run("mount", &["--bind", "/dev/null", &agent]),
                _ => {}
            }
        }
        let machine = Self { root, group, running: None };
        machine.write("etc/os-release", "ID=test\n");
        // Without one, systemd would enable the units that this machine's packages want at a first boot.
        machine.write("etc/machine-id", "00000000000040008000000000000001\n");
        let accounts = "root:x:0:0::/root:/bin/sh\nnetdata:x:990:990::/:/bin/sh\n";
        machine.write("etc/passwd", accounts);
        machine.write("etc/group", "root:x:0:\nnetdata:x:990:\n");
        machine.write("etc/systemd/system/machine.target", "[Unit]\nDescription=Nothing but what a test starts\n");
        Ok(machine)
    }

    pub(crate) fn path(&self, path: &str) -> PathBuf {
        self.root.join(path.trim_start_matches('/'))
    }

    pub(crate) fn write(&self, path: &str, text: &str) {
        fs::create_dir_all(self.path(path).parent().unwrap()).unwrap();
        fs::write(self.path(path), text).unwrap();
    }

    pub(crate) fn script(&self, path: &str, text: &str) {
        fs::create_dir_all(self.path(path).parent().unwrap()).unwrap();
        write_script(&self.path(path), text);
    }

    /// The error says why this machine cannot boot one.
    pub(crate) fn boot(&mut self) -> Result<(), String> {
        assert!(self.running.is_none());
        let console = self.root.with_extension("console");
        let log = fs::File::create(&console).unwrap();
        // The kernel ends it with this thread, however the test ends. Its groups are below one of ours, to be found.
        let enter = r#"echo $$ >"$1"/cgroup.procs && shift && exec setpriv --pdeathsig KILL "$@""#;
        let mut command = Command::new("sh");
        command.args(["-c", enter, "sh"]).arg(&self.group).args(["systemd-nspawn", "--quiet", "--directory"]);
        command.arg(&self.root).args(["--register=no", "--keep-unit", "--link-journal=no", "--boot"]);
        command.args(["--console=pipe", "--", "systemd.unit=machine.target"]);
        command.env("PATH", search_path()).env("SYSTEMD_NSPAWN_UNIFIED_HIERARCHY", "yes");
        command.stdin(Stdio::null()).stdout(log.try_clone().unwrap()).stderr(log);
        let mut child = command.spawn().unwrap();
        let children = format!("/proc/{0}/task/{0}/children", child.id());
        let mut leader = None;
        let answers = &mut || {
            let all = fs::read_to_string(&children).unwrap_or_default();
            leader = all.split_whitespace().map(str::to_owned).find(|pid| name_of(pid) == "systemd");
            let is_active = ["systemctl", "is-active", "--quiet", "machine.target"];
            let ended = child.try_wait().unwrap().is_some();
            ended || leader.as_ref().is_some_and(|leader| inside(leader, &is_active).status.success())
        };
        let answered = comes(answers) && child.try_wait().unwrap().is_none();
        let (Some(leader), true) = (leader, answered) else {
            let _ = child.kill();
            let _ = child.wait();
            let words = fs::read_to_string(console).unwrap_or_default();
            let last = words.lines().map(str::trim).rfind(|line| !line.is_empty());
            return Err(format!("systemd-nspawn boots nothing here: {}", last.unwrap_or("without a word")));
        };
        self.running = Some((child, leader));
        Ok(())
    }

    fn leader(&self) -> &str {
        &self.running.as_ref().unwrap().1
    }

    pub(crate) fn try_run(&self, words: &[&str]) -> Output {
        inside(self.leader(), words)
    }

    pub(crate) fn run(&self, words: &[&str]) -> String {
        let (out, err, status) = said(&self.try_run(words));
        assert_eq!(status, 0, "{words:?}: {out}{err}");
        out
    }

    /// In its control group `group`.
    pub(crate) fn in_group(&self, group: &str, file: &str) -> PathBuf {
        Path::new("/proc").join(self.leader()).join("root/sys/fs/cgroup").join(group).join(file)
    }

    /// Nothing in it can do anything about it.
    pub(crate) fn power_off(&mut self) {
        let pid = self.leader().parse().ok().and_then(rustix::process::Pid::from_raw).unwrap();
        rustix::process::kill_process(pid, rustix::process::Signal::KILL).unwrap();
        self.is_off();
    }

    /// Waits until it is.
    pub(crate) fn is_off(&mut self) {
        let (mut child, _) = self.running.take().unwrap();
        until("the container ends", || child.try_wait().unwrap().is_some());
    }

    /// The files of stored events, with their state.
    pub(crate) fn stored(&self) -> Vec<(&'static str, String)> {
        let folder = self.path("var/lib/netdata/anonymous-statistics");
        let of = |state: &'static str| {
            let files = fs::read_dir(folder.join(state)).into_iter().flatten().flatten();
            files.filter_map(move |file| Some((state, fs::read_to_string(file.path()).ok()?)))
        };
        STATES.into_iter().flat_map(of).collect()
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        if let Some((mut child, _)) = self.running.take() {
            let _ = fs::write(self.group.join("cgroup.kill"), "1");
            let _ = child.kill();
            let _ = child.wait();
        }
        // Control groups exist in all namespaces.
        let mut remove = Command::new("find");
        remove.arg(&self.group).args(["-depth", "-type", "d", "-exec", "rmdir", "{}", ";"]);
        comes(&mut || {
            let _ = remove.output();
            !self.group.exists()
        });
    }
}

fn name_of(pid: &str) -> String {
    fs::read_to_string(format!("/proc/{pid}/comm")).unwrap_or_default().trim().to_owned()
}

fn inside(leader: &str, words: &[&str]) -> Output {
    let mut command = Command::new("nsenter");
    command.args(["--target", leader, "--mount", "--uts", "--ipc", "--pid", "--cgroup", "--root", "--wd", "--"]);
    let path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
    command.args(words).env_clear().env("PATH", path).stdin(Stdio::null()).output().unwrap()
}

/// A new control group of version 2, with the memory controller where there is one.
fn group() -> Result<PathBuf, String> {
    let mounts = fs::read_to_string("/proc/self/mountinfo").unwrap();
    let of_version_2 = mounts.lines().find(|line| line.contains(" - cgroup2 "));
    let top = of_version_2.and_then(|line| line.split(' ').nth(4)).ok_or("there are no control groups of version 2")?;
    let _ = fs::write(Path::new(top).join("cgroup.subtree_control"), "+memory");
    let name = tempfile::Builder::new().prefix("service-hooks-").tempdir_in(top);
    let group = name.map_err(|error| format!("no control group can be made in {top}: {error}"))?.keep();
    Ok(group)
}
