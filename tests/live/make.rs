//! For each environment, the command that asks the questions in it.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value as Json, json};

use crate::matrix::Environment;

/// On the namespace's own `/run`: in memory, and short enough for socket paths.
pub const SCRATCH: &str = "/run/live";
const QUESTIONS: &str = include_str!("ask.sh");
/// The script's path in our own root folders.
const ASK: &str = "/live/ask";
const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
/// An emulated machine takes 6 seconds on an idle core.
const LIMIT_SECONDS: &str = "120";
const DAEMON_LIMIT: Duration = Duration::from_secs(30);

const DOCKER_SOCKET: &str = "unix:///run/live/docker.sock";
const CONTAINERD_SOCKET: &str = "/run/live/containerd.sock";

/// The name that kubelet and containerd give a container's group, below a group of the tests: at the top it would make
/// this whole machine a node while it exists.
pub const POD_CGROUP: &str = "/live-matrix/kubepods.slice/kubepods-besteffort.slice/\
    kubepods-besteffort-pod6d5e0e0c_1111_4222_8333_9d1b6f2f5d3a.slice/\
    cri-containerd-0f1e2d3c4b5a69788796a5b4c3d2e1f00f1e2d3c4b5a69788796a5b4c3d2e1f0.scope";

/// Groups that managers leave behind.
const LEFT_GROUPS: [&str; 6] = ["live-matrix", "docker", "default", "libpod_parent", "lxc.pivot", "lxc.monitor.live"];

pub struct Scene {
    host: Json,
    all: bool,
    dockerd: Option<Daemon>,
    containerd: Option<Daemon>,
    image: OnceLock<Result<(), String>>,
    pub kernel: Option<PathBuf>,
    pub initial_files: OnceLock<Result<PathBuf, String>>,
    groups: Vec<PathBuf>,
}

impl Scene {
    /// Puts the programs where every user can reach them, and starts the daemons. Call it from the main thread: the
    /// daemons end with the thread that started them.
    pub fn set(static_programs: &Path, all: bool) -> Self {
        let folder = programs();
        fs::create_dir_all(&folder).unwrap();
        for name in ["system-info", "anonymous-statistics"] {
            let program = static_programs.join(name);
            fs::copy(&program, folder.join(name)).unwrap_or_else(|error| panic!("{}: {error}", program.display()));
        }
        fs::write(folder.join("ask"), QUESTIONS).unwrap();
        run(Command::new("chmod").arg("755").arg(folder.join("ask"))).unwrap();
        let answer = Command::new(folder.join("system-info")).arg("--json").output().unwrap();
        let groups = left_groups();
        let containerd = Daemon::start("containerd", |command| {
            command.args(["--root", "/run/live/containerd-data", "--state", "/run/live/containerd-state"]);
            command.args(["--address", CONTAINERD_SOCKET]);
        });
        let dockerd = Daemon::start("dockerd", |command| {
            command.args(["--storage-driver", "vfs", "--iptables=false", "--ip6tables=false", "--bridge=none"]);
            command.args(["--data-root", "/run/live/docker-data", "--exec-root", "/run/live/docker-run"]);
            command.args(["--pidfile", "/run/live/docker.pid", "--host", DOCKER_SOCKET]);
        });
        Self {
            host: serde_json::from_slice(&answer.stdout).unwrap(),
            all,
            dockerd,
            containerd,
            image: OnceLock::new(),
            kernel: std::env::var_os("GUEST_KERNEL").map(PathBuf::from),
            initial_files: OnceLock::new(),
            groups,
        }
    }

    /// system-info's answer outside every environment.
    pub fn host(&self) -> &Json {
        &self.host
    }

    /// For the script with the questions.
    pub fn argument(&self) -> &'static str {
        if self.all { "slow" } else { "fast" }
    }

    /// All output from inside, or the reason why this machine cannot make the environment.
    pub fn ask_in(&self, environment: &Environment) -> Result<String, String> {
        let container = self.host.pointer("/container/name/value").and_then(Json::as_str).unwrap_or("unknown");
        if environment.bare && container != "none" {
            return Err(format!("it needs a machine that is no container, and this one's is {container}"));
        }
        let command = (environment.make)(self)?;
        let program = command.get_program().to_string_lossy().into_owned();
        if find(&program).is_none() {
            return Err(format!("{program} is not installed"));
        }
        let mut limited = Command::new("timeout");
        limited.args(["--kill-after=5", LIMIT_SECONDS, &program]).args(command.get_args());
        let output = limited.env("PATH", PATH).stdin(Stdio::null()).output().map_err(|error| error.to_string())?;
        let printed = String::from_utf8_lossy(&output.stdout).into_owned();
        if printed.contains("@@ facts caller") {
            return Ok(printed);
        }
        let errors = String::from_utf8_lossy(&output.stderr);
        let last = errors.lines().chain(printed.lines()).map(str::trim).rfind(|line| !line.is_empty());
        Err(format!("{program} ended with {}: {}", output.status, last.unwrap_or("no word")))
    }
}

impl Drop for Scene {
    fn drop(&mut self) {
        drop(self.dockerd.take());
        drop(self.containerd.take());
        // Control groups exist in all namespaces: removes the new ones.
        for group in left_groups().iter().filter(|group| !self.groups.contains(group)) {
            let _ =
                Command::new("find").arg(group).args(["-depth", "-type", "d", "-exec", "rmdir", "{}", ";"]).output();
        }
    }
}

/// The managers' groups in every hierarchy.
fn left_groups() -> Vec<PathBuf> {
    let top = Path::new("/sys/fs/cgroup");
    let hierarchies = fs::read_dir(top).into_iter().flatten().flatten().map(|entry| entry.path());
    let all = hierarchies.chain([top.to_owned()]).flat_map(|folder| LEFT_GROUPS.map(|name| folder.join(name)));
    all.filter(|group| group.is_dir()).collect()
}

/// A daemon with its own folders. The drop ends it, or the kernel, if the tests end in another way.
struct Daemon {
    child: Child,
}

impl Daemon {
    fn start(program: &str, arguments: impl FnOnce(&mut Command)) -> Option<Self> {
        find(program)?;
        let log = fs::File::create(Path::new(SCRATCH).join(format!("{program}.log"))).unwrap();
        let mut command = Command::new("setpriv");
        command.args(["--pdeathsig", "TERM", "--", program]).env("PATH", PATH);
        arguments(&mut command);
        let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log).spawn().unwrap();
        Some(Self { child })
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = kill_process(Pid::from_child(&self.child), Signal::TERM);
        if !until(DAEMON_LIMIT, || self.child.try_wait().is_ok_and(|ended| ended.is_some())) {
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
    }
}

pub fn until(time: Duration, mut condition: impl FnMut() -> bool) -> bool {
    let end = Instant::now() + time;
    while Instant::now() < end {
        if condition() {
            return true;
        }
        thread::sleep(Duration::from_millis(100));
    }
    condition()
}

fn find(program: &str) -> Option<PathBuf> {
    PATH.split(':').map(|folder| Path::new(folder).join(program)).find(|path| path.is_file())
}

pub fn programs() -> PathBuf {
    Path::new(SCRATCH).join("programs")
}

fn run(command: &mut Command) -> Result<(), String> {
    let shown = command.get_program().to_string_lossy().into_owned();
    let output = command.env("PATH", PATH).output().map_err(|error| format!("{shown}: {error}"))?;
    let errors = String::from_utf8_lossy(&output.stderr);
    if output.status.success() { Ok(()) } else { Err(format!("{shown}: {}", errors.trim())) }
}

/// An empty root with the programs, its own `os-release`, and this machine's links into /usr.
pub fn bare_root(name: &str) -> Result<PathBuf, String> {
    let root = Path::new(SCRATCH).join(name);
    let describe = |error: std::io::Error| format!("{}: {error}", root.display());
    for folder in ["dev", "proc", "sys", "run", "tmp", "etc", "live", "usr", "var", "root"] {
        fs::create_dir_all(root.join(folder)).map_err(describe)?;
    }
    for link in ["bin", "sbin", "lib", "lib32", "lib64", "libx32"] {
        if let Ok(target) = fs::read_link(Path::new("/").join(link)) {
            fs::create_dir_all(root.join(&target)).map_err(describe)?;
            symlink(target, root.join(link)).map_err(describe)?;
        }
    }
    for entry in fs::read_dir(programs()).map_err(describe)?.flatten() {
        fs::hard_link(entry.path(), root.join("live").join(entry.file_name())).map_err(describe)?;
    }
    let files = [
        ("etc/os-release", "ID=livetest\nNAME=\"Live Test\"\nVERSION_ID=7\nPRETTY_NAME=\"Live Test 7\"\n"),
        ("etc/passwd", "root:x:0:0::/root:/bin/sh\n"),
        ("etc/group", "root:x:0:\n"),
    ];
    for (file, text) in files {
        fs::write(root.join(file), text).map_err(describe)?;
    }
    Ok(root)
}

/// The same with this machine's /usr mounted read-only, for the other tools.
fn root(name: &str) -> Result<String, String> {
    let root = bare_root(name)?;
    run(Command::new("cp").args(["-a", "/etc/alternatives"]).arg(root.join("etc")))?;
    run(Command::new("mount").args(["--bind", "/usr"]).arg(root.join("usr")))?;
    run(Command::new("mount").args(["-o", "remount,bind,ro"]).arg(root.join("usr")))?;
    Ok(root.to_string_lossy().into_owned())
}

fn command(program: &str, arguments: &[&str]) -> Command {
    let mut command = Command::new(program);
    command.args(arguments);
    command
}

pub fn outside(scene: &Scene) -> Result<Command, String> {
    outside_in(scene, &["env"])
}

/// On this machine's own files, behind another program.
#[allow(clippy::unnecessary_wraps, reason = "like everything that makes an environment")]
pub fn outside_in(scene: &Scene, front: &[&str]) -> Result<Command, String> {
    let mut made = command(front[0], &front[1..]);
    made.arg(programs().join("ask")).arg(scene.argument());
    Ok(made)
}

pub fn chroot(scene: &Scene) -> Result<Command, String> {
    let root = root("chroot")?;
    for folder in ["/proc", "/sys", "/dev"] {
        run(&mut command("mount", &["--rbind", folder, &format!("{root}{folder}")]))?;
    }
    Ok(command("chroot", &[&root, ASK, scene.argument()]))
}

pub fn bubblewrap(scene: &Scene) -> Result<Command, String> {
    let root = root("bubblewrap")?;
    let mounts = ["--bind", &root, "/", "--dev", "/dev", "--proc", "/proc", "--ro-bind", "/sys", "/sys"];
    let mut made = command("bwrap", &mounts);
    made.args(["--unshare-all", ASK, scene.argument()]);
    Ok(made)
}

pub fn proot(scene: &Scene) -> Result<Command, String> {
    let root = root("proot")?;
    let bound = ["/proc", "/sys", "/dev", "/usr"].map(|folder| ["-b", folder]).concat();
    let mut made = command("proot", &["-r", &root]);
    made.args(bound).args(["-w", "/", ASK, scene.argument()]);
    Ok(made)
}

/// `runc spec`'s configuration, with these capabilities in place of its few.
pub fn runc(scene: &Scene, name: &str, capabilities: &[&str]) -> Result<Command, String> {
    let root = root(name)?;
    let bundle = format!("{SCRATCH}/{name}-bundle");
    fs::create_dir_all(&bundle).map_err(|error| format!("{bundle}: {error}"))?;
    run(&mut command("runc", &["spec", "--bundle", &bundle]))?;
    let file = format!("{bundle}/config.json");
    let text = fs::read(&file).map_err(|error| format!("{file}: {error}"))?;
    let mut config: Json = serde_json::from_slice(&text).map_err(|error| format!("{file}: {error}"))?;
    config["root"]["path"] = json!(root);
    config["process"]["terminal"] = json!(false);
    config["process"]["args"] = json!([ASK, scene.argument()]);
    if !capabilities.is_empty() {
        config["process"]["noNewPrivileges"] = json!(false);
        for set in ["bounding", "effective", "permitted"] {
            config["process"]["capabilities"][set] = json!(capabilities);
        }
        // The kernel mounts a second proc only if the first is fully visible (mount_too_revealing, fs/namespace.c).
        config["linux"]["maskedPaths"] = json!([]);
        config["linux"]["readonlyPaths"] = json!([]);
    }
    fs::write(&file, config.to_string()).map_err(|error| format!("{file}: {error}"))?;
    Ok(command("runc", &["--root", &format!("{SCRATCH}/runc"), "run", "--bundle", &bundle, &format!("live-{name}")]))
}

pub fn docker(scene: &Scene, arguments: &[&str]) -> Result<Command, String> {
    let mut made = docker_run(scene, &[&["--network", "none", "--volume", "/usr:/usr:ro"], arguments].concat())?;
    made.args(["live", ASK, scene.argument()]);
    Ok(made)
}

/// A static program in a container, without its arguments.
pub fn docker_program(scene: &Scene, arguments: &[&str], program: &str) -> Result<Command, String> {
    let mut made = docker_run(scene, arguments)?;
    made.args(["live", &format!("/live/{program}")]);
    Ok(made)
}

fn docker_run(scene: &Scene, arguments: &[&str]) -> Result<Command, String> {
    has_docker(scene)?;
    let mut made = command("docker", &["--host", DOCKER_SOCKET, "run", "--rm"]);
    made.args(arguments);
    Ok(made)
}

/// The beginning of a shell's command line for the tests' engine.
pub fn docker_client(scene: &Scene) -> Result<String, String> {
    has_docker(scene)?;
    Ok(format!("docker --host {DOCKER_SOCKET} "))
}

/// Waits for the engine, and gives it the image.
fn has_docker(scene: &Scene) -> Result<(), String> {
    if scene.dockerd.is_none() {
        return Err("dockerd is not installed".into());
    }
    scene.image.get_or_init(import_image).clone()
}

fn import_image() -> Result<(), String> {
    if !until(DAEMON_LIMIT, || run(&mut command("docker", &["--host", DOCKER_SOCKET, "info"])).is_ok()) {
        return Err("dockerd does not answer".into());
    }
    let root = bare_root("image")?;
    run(Command::new("cp").args(["-a", "/etc/alternatives"]).arg(root.join("etc")))?;
    let archive = format!("{SCRATCH}/image.tar");
    run(Command::new("tar").arg("-C").arg(root).args(["-cf", &archive, "."]))?;
    run(&mut command("docker", &["--host", DOCKER_SOCKET, "import", &archive, "live"]))
}

pub fn podman(scene: &Scene, name: &str, arguments: &[&str]) -> Result<Command, String> {
    let root = root(name)?;
    let mut made = Command::new("podman");
    for (option, folder) in [("--root", "storage"), ("--runroot", "state"), ("--tmpdir", "temporary")] {
        made.arg(option).arg(format!("{SCRATCH}/{name}-{folder}"));
    }
    made.args(["--storage-driver", "vfs", "--runtime", "runc", "--cgroup-manager", "cgroupfs"]);
    made.args(["--events-backend", "none", "run", "--rm", "--network", "none"]);
    // Podman's default is a million, which not every machine allows.
    made.args(["--ulimit", "nofile=1024:1024", "--ulimit", "nproc=1000:1000"]);
    made.args(arguments).args(["--rootfs", &root, ASK, scene.argument()]);
    Ok(made)
}

pub fn containerd(scene: &Scene, name: &str, arguments: &[&str]) -> Result<Command, String> {
    if scene.containerd.is_none() {
        return Err("containerd is not installed".into());
    }
    let answers = || run(&mut command("ctr", &["--address", CONTAINERD_SOCKET, "version"])).is_ok();
    if !until(DAEMON_LIMIT, answers) {
        return Err("containerd does not answer".into());
    }
    let root = root(name)?;
    let mut made = command("ctr", &["--address", CONTAINERD_SOCKET, "run", "--rm"]);
    made.args(arguments).args(["--rootfs", &root, name, ASK, scene.argument()]);
    Ok(made)
}

/// `program` is lxc-start or lxc-execute.
pub fn lxc(scene: &Scene, program: &str) -> Result<Command, String> {
    let root = root(program)?;
    let folder = format!("{SCRATCH}/{program}-containers");
    fs::create_dir_all(&folder).map_err(|error| format!("{folder}: {error}"))?;
    let file = format!("{SCRATCH}/{program}.conf");
    let config = format!(
        "lxc.rootfs.path = dir:{root}\nlxc.uts.name = live\nlxc.net.0.type = empty\nlxc.console.path = none\nlxc.mount.auto = proc sys\n\
         lxc.init.cmd = {ASK} {}\n",
        scene.argument()
    );
    fs::write(&file, config).map_err(|error| format!("{file}: {error}"))?;
    let mut made = command(program, &["--name", "live", "--rcfile", &file, "--lxcpath", &folder]);
    if program == "lxc-start" {
        made.arg("--foreground");
    } else {
        made.args(["--", ASK, scene.argument()]);
    }
    Ok(made)
}

pub fn nspawn(scene: &Scene, name: &str, arguments: &[&str]) -> Result<Command, String> {
    let root = root(name)?;
    let mut made = command("systemd-nspawn", &["--quiet", "--directory", &root, "--register=no", "--keep-unit"]);
    made.arg("--private-network").args(arguments).args([ASK, scene.argument()]);
    Ok(made)
}
