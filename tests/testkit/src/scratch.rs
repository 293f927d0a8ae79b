//! `install.sh` on machines of its own, under every installed shell: a root folder with this machine's system folders
//! mounted, in namespaces that end with each command.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Deref;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Arc, LazyLock, Mutex, PoisonError, Weak};

use crate::{find, program, said, set_mode, skip};

/// The shells, which are in different packages: `bash --posix` is `sh` on macOS.
const SHELLS: [&[&str]; 4] = [&["sh"], &["dash"], &["busybox", "sh"], &["bash", "--posix"]];

pub const INSTALLER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../install.sh");
pub const PROGRAMS: [&str; 3] = ["system-info", "anonymous-statistics", "telemetry-preview"];
pub const SCRIPTS: [&str; 2] = ["system-info", "anonymous-statistics"];
pub const PLUGINS: &str = "usr/libexec/netdata/plugins.d";
pub const SOME_PAGES: [&str; 5] = [
    "man/man1/system-info.1",
    "man/man5/anonymous-statistics.toml.5",
    "bash-completion/completions/system-info",
    "zsh/site-functions/_system-info",
    "fish/vendor_completions.d/system-info.fish",
];
pub const OPT_OUT: &str = "etc/netdata/.opt-out-from-anonymous-statistics";

/// The texts by which the installer recognizes the programs in the place of a script.
pub const MARKS: [&str; 3] = [
    "Finds out what machine this is: operating system",
    "[sender of the anonymous-statistics project, version 0]",
    "Shows what the Netdata agent's telemetry would send from this machine",
];

/// The folder of the programs to install. It exists as long as somebody holds it.
#[derive(Clone)]
pub struct Built(Arc<tempfile::TempDir>);

impl Deref for Built {
    type Target = Path;

    fn deref(&self) -> &Path {
        self.0.path()
    }
}

/// The real programs without debugging information, which is nine tenths of them; each test copies them often.
pub fn built() -> Built {
    static FOLDER: Mutex<Weak<tempfile::TempDir>> = Mutex::new(Weak::new());
    // A failed test has reported its own panic.
    let mut folder = FOLDER.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(folder) = folder.upgrade() {
        return Built(folder);
    }
    let new = tempfile::tempdir().unwrap();
    for name in PROGRAMS {
        let strip = Command::new("strip").arg("-o").arg(new.path().join(name)).arg(program(name)).status();
        if !strip.is_ok_and(|status| status.success()) {
            // By a child: while this process has the file open for writing, another test's fork would make it
            // unexecutable.
            assert!(run(Command::new("cp").arg(program(name)).arg(new.path())).success());
        }
    }
    let new = Arc::new(new);
    *folder = Arc::downgrade(&new);
    Built(new)
}

/// Runs a test's body under each shell; a missing one is a skip.
pub fn under_each_shell(test: &str, body: impl Fn(&'static [&'static str])) {
    if let Some(reason) = &*OBSTACLE {
        return skip(test, reason);
    }
    let mut seen = BTreeSet::new();
    for shell in SHELLS {
        let Some(file) = find(shell[0]) else {
            skip(test, &format!("{} is not installed", shell[0]));
            continue;
        };
        // `sh` is often a link to another of them.
        if seen.insert((file.canonicalize().unwrap(), shell.len())) {
            body(shell);
        }
    }
}

/// For hundreds of runs, of which another shell changes little: under one shell, or with `MORE_KILLS` under each.
pub fn under_some_shell(test: &str, body: impl Fn(&'static [&'static str])) {
    if std::env::var_os("MORE_KILLS").is_some() {
        return under_each_shell(test, body);
    }
    match &*OBSTACLE {
        Some(reason) => skip(test, reason),
        None => body(SHELLS[0]),
    }
}

/// Writes an executable script by a child: while this process has the file open for writing, another test's fork would
/// make it unexecutable.
pub fn write_script(path: &Path, text: &str) {
    let write = r#"printf '%s' "$2" >"$1" && chmod 755 "$1""#;
    assert!(run(Command::new("sh").args(["-c", write, "sh"]).arg(path).arg(text)).success());
}

pub fn run(command: &mut Command) -> std::process::ExitStatus {
    command.stdin(Stdio::null()).status().unwrap()
}

/// What the small preview says, of a long report.
const STATUS: &str = r#"{\n  "looked_at": "/usr/libexec/netdata/plugins.d/anonymous-statistics.sh",\n  "config_directory": "/etc/netdata"\n}\n"#;

/// Why no machine of its own can be made here.
static OBSTACLE: LazyLock<Option<String>> = LazyLock::new(|| {
    let scratch = Scratch::bare(SHELLS[0]);
    let words = ["true"].map(str::to_owned);
    let (_, err, status) = said(&scratch.start(&words).output().ok()?);
    (status != 0).then(|| format!("no machine of its own can be made here: {}", err.trim()))
});

/// Makes the machine in `$1` and runs a command there, whose parent is not the shell under test: a process 1 takes no
/// signals.
const ENTER: &str = r#"
    cd "$1" && shift &&
    for folder in bin sbin lib lib64 usr/bin usr/sbin usr/lib usr/lib64; do
        [ -L "$folder" ] || [ ! -d "$folder" ] || mount --rbind "/$folder" "$folder" || exit 90
    done &&
    for folder in usr/lib/netdata usr/lib/systemd/system lib/systemd/system; do
        [ ! -d "$folder" ] || mount -t tmpfs none "$folder" || exit 90
    done &&
    { [ ! -f usr/sbin/netdata ] || mount --bind /dev/null usr/sbin/netdata; } && mount -t proc proc proc && mount --rbind /dev dev &&
    mount --bind ../commands commands && mount --bind ../installer installer && mount --bind "$PROGRAMS" programs || exit 90
    unset PROGRAMS
    exec chroot . /bin/sh -c 'PATH=/commands:$PATH; "$@"; exit $?' sh "$@"
"#;

/// A machine with an agent, or without one.
pub struct Scratch {
    folder: tempfile::TempDir,
    shell: &'static [&'static str],
    _built: Built,
    /// The programs to install, in the machine `/programs`.
    pub programs: PathBuf,
    pub variables: Vec<(String, String)>,
}

impl Scratch {
    /// Without an agent.
    pub fn bare(shell: &'static [&'static str]) -> Self {
        // With the usual umask: the installer refuses group-writable folders.
        rustix::process::umask(rustix::fs::Mode::from_raw_mode(0o022));
        let folder = tempfile::tempdir().unwrap();
        for name in ["root", "commands", "installer"] {
            std::fs::create_dir(folder.path().join(name)).unwrap();
        }
        let root = folder.path().join("root");
        for name in ["usr", "etc", "dev", "proc", "tmp", "commands", "installer", "programs"] {
            std::fs::create_dir(root.join(name)).unwrap();
        }
        for name in ["bin", "sbin", "lib", "lib64", "usr/bin", "usr/sbin", "usr/lib", "usr/lib64"] {
            let real = Path::new("/").join(name);
            match real.read_link() {
                Ok(target) => std::os::unix::fs::symlink(target, root.join(name)).unwrap(),
                Err(_) if real.is_dir() => std::fs::create_dir(root.join(name)).unwrap(),
                Err(_) => {}
            }
        }
        if let Ok(awk) = Path::new("/etc/alternatives/awk").read_link() {
            std::fs::create_dir(root.join("etc/alternatives")).unwrap();
            std::os::unix::fs::symlink(awk, root.join("etc/alternatives/awk")).unwrap();
        }
        std::fs::write(root.join("etc/passwd"), "root:x:0:0::/root:/bin/sh\n").unwrap();
        std::fs::write(root.join("etc/group"), "root:x:0:\n").unwrap();
        // Of dpkg, with no package.
        std::fs::create_dir_all(root.join("var/lib/dpkg")).unwrap();
        std::fs::write(root.join("var/lib/dpkg/status"), "\n").unwrap();
        // Without the pages: most tests are about other files.
        std::fs::copy(INSTALLER, folder.path().join("installer/install.sh")).unwrap();
        let built = built();
        let programs = built.to_path_buf();
        Self { folder, shell, _built: built, programs, variables: Vec::new() }
    }

    /// With a page of each kind.
    #[must_use]
    pub fn with_pages(self) -> Self {
        for page in SOME_PAGES {
            let from = Path::new(INSTALLER).with_file_name("share").join(page);
            let to = self.beside("installer/share").join(page);
            std::fs::create_dir_all(to.parent().unwrap()).unwrap();
            std::fs::copy(from, to).unwrap();
        }
        self
    }

    /// With an agent of a Linux package.
    pub fn with_agent(shell: &'static [&'static str]) -> Self {
        let scratch = Self::bare(shell);
        scratch.add_agent(&format!("/{PLUGINS}"), "/etc/netdata");
        scratch
    }

    pub fn add_agent(&self, plugins: &str, config: &str) {
        std::fs::create_dir_all(self.path(config)).unwrap();
        let plugins = self.path(plugins);
        std::fs::create_dir_all(&plugins).unwrap();
        for (name, mode) in [("system-info", 0o755), ("anonymous-statistics", 0o750)] {
            let script = plugins.join(format!("{name}.sh"));
            std::fs::write(&script, format!("#!/bin/sh\n# the agent's own {name}\n")).unwrap();
            set_mode(&script, mode);
        }
    }

    /// With small programs, for hundreds of runs that check only the files. They print their names, and contain the
    /// installer's marks. The preview among them knows the agent of a Linux package.
    #[must_use]
    pub fn with_small_programs(mut self) -> Self {
        self.programs = self.beside("small");
        std::fs::create_dir(&self.programs).unwrap();
        for (name, mark) in PROGRAMS.into_iter().zip(MARKS) {
            let text = format!(
                "#!/bin/sh\n# {mark}\ncase $1 in\nstatus) printf '{STATUS}' ;;\n*) echo '{name} 0.0' ;;\nesac\n"
            );
            write_script(&self.programs.join(name), &text);
        }
        self
    }

    pub fn root(&self) -> PathBuf {
        self.folder.path().join("root")
    }

    /// A path in the machine.
    pub fn path(&self, path: &str) -> PathBuf {
        self.root().join(path.trim_start_matches('/'))
    }

    /// A folder beside the root, for the test's own files.
    pub fn beside(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn script(&self, name: &str) -> PathBuf {
        self.path(PLUGINS).join(format!("{name}.sh"))
    }

    #[must_use]
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.variables.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Overrides a command of the machine.
    pub fn command(&self, name: &str, text: &str) {
        write_script(&self.beside("commands").join(name), text);
    }

    pub fn without_commands(&self) {
        for entry in std::fs::read_dir(self.beside("commands")).unwrap() {
            std::fs::remove_file(entry.unwrap().path()).unwrap();
        }
    }

    /// Whether the shell starts the system's mv rather than a builtin.
    pub fn starts_mv(&self) -> bool {
        self.shell[0] != "busybox"
    }

    /// The installer's command line.
    pub fn words(&self, arguments: &[&str]) -> Vec<String> {
        let words = self.shell.iter().copied().chain(["/installer/install.sh", "--from", "/programs"]);
        words.chain(arguments.iter().copied()).map(str::to_owned).collect()
    }

    /// A command in the machine, with the installer's environment.
    pub fn start(&self, words: &[String]) -> Command {
        let mut command = Command::new("unshare");
        command.args(["--mount", "--pid", "--fork", "--kill-child"]);
        if !rustix::process::geteuid().is_root() {
            command.args(["--user", "--map-root-user"]);
        }
        command.args(["sh", "-c", ENTER, "sh"]).arg(self.root()).args(words);
        command.env_clear().env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin").env("PROGRAMS", &self.programs);
        command.envs(self.variables.iter().map(|(name, value)| (name, value))).stdin(Stdio::null());
        command
    }

    /// The installer's output and exit status.
    pub fn install(&self, arguments: &[&str]) -> (String, String, i32) {
        said(&self.start(&self.words(arguments)).output().unwrap())
    }

    /// Must succeed; returns the output.
    pub fn installed(&self, arguments: &[&str]) -> String {
        let (out, err, status) = self.install(arguments);
        assert_eq!((err.as_str(), status), ("", 0), "{:?} {arguments:?}: {out}", self.shell);
        out
    }

    /// Must fail with this status and complaint, and change nothing.
    pub fn refused(&self, arguments: &[&str], status: i32, complaint: &str) {
        let before = self.tree();
        let (out, err, is) = self.install(arguments);
        assert_eq!(is, status, "{arguments:?}: {out}{err}");
        assert!(err.contains(complaint), "{complaint} is not in: {err}");
        assert_eq!(self.tree(), before, "{arguments:?}: {err}");
    }

    /// Everything in the root: type, owner, permissions and content.
    pub fn tree(&self) -> BTreeMap<PathBuf, String> {
        let mut found = BTreeMap::new();
        let (mut open, mut files) = (vec![self.root()], Vec::new());
        while let Some(folder) = open.pop() {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                let metadata = path.symlink_metadata().unwrap();
                let content = if metadata.is_dir() {
                    open.push(path.clone());
                    "a folder".to_owned()
                } else if metadata.is_symlink() {
                    format!("to {}", path.read_link().unwrap().display())
                } else {
                    files.push(path.clone());
                    format!("of {}:{}", metadata.uid(), metadata.gid())
                };
                found.insert(path, format!("{:o} {content}", metadata.permissions().mode()));
            }
        }
        // Many megabytes, which an unoptimized test would hash slowly.
        let output = Command::new("cksum").args(&files).stdin(Stdio::null()).output().unwrap();
        let sums = String::from_utf8(output.stdout).unwrap();
        for (file, line) in files.iter().zip(sums.lines()) {
            let sum = line.strip_suffix(file.to_str().unwrap()).unwrap_or(line);
            found.get_mut(file).unwrap().extend([", checksum and size ", sum]);
        }
        found.into_iter().map(|(path, what)| (path.strip_prefix(self.root()).unwrap().to_owned(), what)).collect()
    }

    /// Without folders.
    pub fn files(&self) -> BTreeMap<PathBuf, String> {
        self.tree().into_iter().filter(|(_, what)| !what.ends_with("a folder")).collect()
    }
}

pub fn same_content(one: &Path, other: &Path) -> bool {
    std::fs::read(one).unwrap() == std::fs::read(other).unwrap()
}

pub fn mode(path: &Path) -> u32 {
    path.symlink_metadata().unwrap().permissions().mode() & 0o7777
}
