//! Shared parts of the tests of the real program.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use anonymous_statistics::agent::MARK;
use anonymous_statistics::fields::{EventPart, FIELDS, Origin};
use testkit::Receiver;

pub(crate) const PROGRAM: &str = env!("CARGO_BIN_EXE_telemetry-preview");
pub(crate) const OPT_OUT: &str = ".opt-out-from-anonymous-statistics";
pub(crate) const GUID: &str = "0f2b7e3a-5a4c-4c67-8f0e-6f1d2c3b4a59";

/// The fields of a START that only the daemon knows: its outcome, arguments and variables.
pub(crate) fn only_the_daemon_says() -> Vec<&'static str> {
    let says = |origin| match origin {
        Origin::EventPart(part) => part != EventPart::Action,
        origin => matches!(origin, Origin::Argument(_) | Origin::Variable(_)),
    };
    let fields = FIELDS.iter().filter(|field| field.occurs_in("START") && says(field.origin));
    fields.map(|field| field.name).collect()
}

/// On the screen after the first preview. Most keys have to wait for it.
pub(crate) const LOOKED: &str = " event START ";

/// A command line for each verb and each other output. Some change the agent that they run for.
pub(crate) const EVERY_VERB: &[&[&str]] = &[
    &["show"],
    &["show", "--raw", "--event", "EXIT"],
    &["show", "--json", "--event", "FATAL"],
    &["show", "--channel", "dashboard"],
    &["show", "--channel", "dashboard", "--json"],
    &["status"],
    &["status", "--json"],
    &["diff", "--events", "START", "FATAL"],
    &["diff", "--since-last", "--json"],
    &["--plain"],
    &["opt-out", "--dry-run"],
    &["opt-out"],
    &["opt-in", "--yes"],
    &["explain", "distinct_id"],
    &["explain", "--all"],
    &["history"],
    &["history", "--json"],
    &["history", "--raw", "1"],
    &["forget", "--dry-run"],
    &["forget", "--yes"],
    &["configure", "--url", "http://127.0.0.1:9/", "--api-key", "own"],
    &["configure", "--test", "--yes"],
    &["check", "--expect", "on"],
    &["check", "--json"],
    &["schema"],
    &["schema", "--format", "json"],
    &["schema", "--channel", "dashboard"],
    &["help", "show"],
    &["--help"],
    &["--version"],
    &["nonsense"],
];

pub(crate) struct Agent {
    folder: tempfile::TempDir,
}

impl Agent {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        for name in ["etc", "lib", "plugins"] {
            fs::create_dir(folder.path().join(name)).unwrap();
        }
        let agent = Self { folder };
        // Debian's, which reports by its script alone.
        agent.set_version("v1.37.1");
        agent
    }

    /// Sets the agent's version, in the file of later agents.
    pub(crate) fn set_version(&self, version: &str) {
        let status = format!("{{\"agent\": {{\"version\": \"{version}\"}}}}");
        fs::write(self.path("lib/status-netdata.json"), status).unwrap();
    }

    /// Puts a program with this sender's mark in the script's place.
    pub(crate) fn install_sender(&self) {
        let mark = format!("#!/bin/sh\n# {}1.0.0{}\n", MARK.0, MARK.1);
        fs::write(self.path("plugins/anonymous-statistics.sh"), mark).unwrap();
    }

    /// Puts this project's sender in the script's place. A child makes the copy (see [`Agent::as_nobody`]).
    pub(crate) fn install_this_sender(&self) {
        for folder in ["", "etc", "lib", "plugins"] {
            fs::set_permissions(self.path(folder), fs::Permissions::from_mode(0o755)).unwrap();
        }
        let script = self.path("plugins/anonymous-statistics.sh");
        assert!(Command::new("cp").arg(testkit::sender()).arg(&script).status().unwrap().success());
        fs::set_permissions(&script, fs::Permissions::from_mode(0o755)).unwrap();
    }

    pub(crate) fn config_file(&self) -> PathBuf {
        self.path("etc/anonymous-statistics.toml")
    }

    /// Configures a server and a key of one's own.
    pub(crate) fn configure(&self, receiver: &Receiver) {
        fs::write(self.config_file(), format!("url = \"{}\"\napi_key = \"own\"\n", receiver.url())).unwrap();
        fs::set_permissions(self.config_file(), fs::Permissions::from_mode(0o644)).unwrap();
    }

    /// Keeps a request as if it had been sent at this time, in milliseconds since 1970.
    pub(crate) fn keep(&self, time: u64, request: &str) {
        let state = self.path("lib/anonymous-statistics");
        for folder in ["waiting", "sent"] {
            fs::create_dir_all(state.join(folder)).unwrap();
        }
        let record = r#"{"format":1,"url":"http://127.0.0.1/","attempts":1,"status":200,"time":1767248700000}"#;
        let name = format!("sent/{time}-0b5d7d7e-4f0f-4f3a-9a57-3c1a6a2f1c11");
        fs::write(state.join(name), format!("{record}\n{request}")).unwrap();
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn root(&self) -> &Path {
        self.folder.path()
    }

    /// The environment that selects this agent and no other.
    pub(crate) fn environment(&self) -> Vec<(&'static str, String)> {
        let path = |name: &str| self.path(name).to_str().unwrap().to_owned();
        vec![
            ("NETDATA_USER_CONFIG_DIR", path("etc")),
            ("NETDATA_LIB_DIR", path("lib")),
            ("NETDATA_PLUGINS_DIR", path("plugins")),
        ]
    }

    /// The same as arguments of env(1), for a shell.
    pub(crate) fn variables(&self) -> String {
        let words = self.environment().into_iter().map(|(name, value)| quoted(format!("{name}={value}")));
        words.collect::<Vec<_>>().join(" ")
    }

    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(PROGRAM);
        command.args(arguments).env_clear().envs(self.environment()).stdin(Stdio::null());
        command
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Ran {
        Ran::from(&self.command(arguments).output().unwrap())
    }

    /// A recorded call of a daemon, with all its values.
    pub(crate) fn recorded_call(&self, action: &str, result: &str, data: &str) -> PathBuf {
        let fragments = [
            "false",
            "\"dbengine\"",
            "null",
            "null",
            "null",
            "null",
            "null",
            "null",
            "{\"plugin\":\"proc.plugin\",\"module\":\"/proc/stat\"},{\"plugin\":\"apps.plugin\",\"module\":\"\"}",
            "2",
            "\"dbengine|JSON-C\"",
            "32",
            "256",
            "true",
            "true",
            "\"stable\"",
            "0",
            "0",
            "0",
            "\"email\"",
            "117",
            "0",
            "0",
            "312",
            "2047",
            "false",
            "1",
            "true",
            "true",
            "\"New\"",
            "\"Next Generation\"",
            "false",
            "true",
            "\"Native HTTPS\"",
            "\"unknown\"",
            "false",
            "false",
            "1000",
            "\"debian\"",
        ];
        let mut arguments = vec![action, result, data];
        arguments.extend(fragments);
        assert_eq!(arguments.len(), 42);
        let mut environment: BTreeMap<&str, String> = self.environment().into_iter().collect();
        environment.insert("NETDATA_REGISTRY_UNIQUE_ID", GUID.to_owned());
        environment.insert("NETDATA_VERSION", "v1.37.1".to_owned());
        let call = serde_json::json!({ "argv": arguments, "env": environment });
        let path = self.path(&format!("{action}.json"));
        fs::write(&path, call.to_string()).unwrap();
        path
    }

    /// The shell's words for a copy of the program as an ordinary user, who may read this agent but change nothing.
    /// `None` if nobody can become one.
    pub(crate) fn as_nobody(&self) -> Option<String> {
        const NOBODY: [&str; 3] = ["--reuid=65534", "--regid=65534", "--clear-groups"];
        // Others may not be able to enter the folder of the tests' programs. A child makes the copy: a file that this
        // process has open for writing cannot be executed while another test forks.
        let program = self.path("telemetry-preview");
        assert!(Command::new("cp").arg(PROGRAM).arg(&program).status().unwrap().success());
        fs::set_permissions(self.root(), fs::Permissions::from_mode(0o755)).unwrap();
        let arguments = NOBODY.iter().copied().chain([program.to_str()?, "--version"]);
        let output = Command::new("setpriv").args(arguments).output().ok()?;
        output.status.success().then(|| format!("setpriv {} {}", NOBODY.join(" "), quoted(&program)))
    }

    /// Every file and folder with its content, to find changes.
    pub(crate) fn tree(&self) -> BTreeMap<PathBuf, Option<Vec<u8>>> {
        let mut tree = BTreeMap::new();
        let mut folders = vec![self.root().to_owned()];
        while let Some(folder) = folders.pop() {
            for item in fs::read_dir(folder).unwrap() {
                let path = item.unwrap().path();
                if path.is_dir() {
                    tree.insert(path.clone(), None);
                    folders.push(path);
                } else {
                    let content = fs::read(&path).unwrap();
                    tree.insert(path, Some(content));
                }
            }
        }
        tree
    }
}

/// A word in a shell's quotes: the path of the temporary folder may have blanks.
pub(crate) fn quoted(word: impl AsRef<OsStr>) -> String {
    shlex::try_quote(word.as_ref().to_str().unwrap()).unwrap().into_owned()
}

/// Whether a screen shows a text, regardless of line breaks: a long path is broken anywhere.
pub(crate) fn shows(screen: &str, text: &str) -> bool {
    let packed = |text: &str| text.replace(['│', '┃', '█', '#'], "").split_whitespace().collect::<String>();
    packed(screen).contains(&packed(text))
}

#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: Option<i32>,
    pub(crate) bytes: Vec<u8>,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl From<&Output> for Ran {
    fn from(output: &Output) -> Self {
        Self {
            code: output.status.code(),
            bytes: output.stdout.clone(),
            out: String::from_utf8_lossy(&output.stdout).into_owned(),
            err: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }
}

pub(crate) fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

pub(crate) fn json(ran: &Ran) -> serde_json::Value {
    serde_json::from_str(&ran.out).unwrap_or_else(|error| panic!("{error}: {ran:?}"))
}

/// A shell command that runs the program for this agent, prints its exit status, and keeps the terminal open.
pub(crate) fn shell(agent: &Agent, before: &str, after: &str) -> String {
    shell_for(agent, &format!("{before} {}", quoted(PROGRAM)), after)
}

/// The same for a program in a shell's words.
pub(crate) fn shell_for(agent: &Agent, program: &str, after: &str) -> String {
    let variables = agent.variables();
    format!("env {variables} LANG=C.UTF-8 RUST_BACKTRACE=0 {program} {after}; echo \"ended with $?\"; sleep 60")
}

/// Whether the alternate screen, the cursor, and the mouse's reports in numbers are on, in tmux' words.
const MODES: &str = "#{alternate_on} #{cursor_flag} #{mouse_any_flag} #{mouse_sgr_flag}";

pub(crate) struct Terminal {
    folder: tempfile::TempDir,
}

impl Terminal {
    pub(crate) fn is_there() -> bool {
        Command::new("tmux").arg("-V").output().is_ok_and(|output| output.status.success())
    }

    pub(crate) fn run(size: (u16, u16), command: &str) -> Self {
        let terminal = Self { folder: tempfile::tempdir().unwrap() };
        let (width, height) = (size.0.to_string(), size.1.to_string());
        terminal.tmux(&["-f", "/dev/null", "new-session", "-d", "-x", &width, "-y", &height, command]);
        terminal
    }

    /// A relative socket name, since some systems allow no more than 103 bytes (unix(4) of FreeBSD and macOS). The
    /// terminal gets nothing from the caller's environment, be it `NO_COLOR`, a locale or a login shell that refuses.
    fn tmux(&self, arguments: &[&str]) -> String {
        let mut command = Command::new("tmux");
        command.env_clear().env("PATH", std::env::var_os("PATH").unwrap_or_default()).env("SHELL", "/bin/sh");
        let output =
            command.args(["-u", "-S", "socket"]).args(arguments).current_dir(self.folder.path()).output().unwrap();
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    pub(crate) fn keys(&self, keys: &[&str]) {
        for key in keys {
            self.tmux(&["send-keys", key]);
        }
    }

    pub(crate) fn many_keys(&self, keys: &[&str]) {
        self.tmux(&[&["send-keys", "--"], keys].concat());
    }

    pub(crate) fn line(&self, line: &str) {
        self.tmux(&["send-keys", "-l", line]);
        self.keys(&["Enter"]);
    }

    /// The id of the process with this name in the terminal.
    pub(crate) fn running(&self, name: &str) -> String {
        let tty = self.ask("#{pane_tty}");
        let output =
            Command::new("ps").args(["-t", tty.trim_start_matches("/dev/"), "-o", "pid=,comm="]).output().unwrap();
        let listed = String::from_utf8_lossy(&output.stdout).into_owned();
        let found = listed.lines().filter_map(|line| line.trim().split_once(' ')).find(|(_, found)| {
            // Linux cuts the name to 15 bytes (proc_pid_comm(5)).
            found.rsplit('/').next().is_some_and(|found| name.starts_with(found.trim()))
        });
        found.unwrap_or_else(|| panic!("{name} does not run: {listed}")).0.to_owned()
    }

    /// Whether the terminal edits lines, as for a shell.
    pub(crate) fn is_cooked(&self) -> bool {
        let tty = std::fs::File::open(self.ask("#{pane_tty}")).unwrap();
        let output = Command::new("stty").arg("-a").stdin(tty).output().unwrap();
        String::from_utf8_lossy(&output.stdout).contains(" icanon")
    }

    pub(crate) fn resize(&self, width: u16, height: u16) {
        self.tmux(&["resize-window", "-x", &width.to_string(), "-y", &height.to_string()]);
    }

    /// Whether the screen has a colour: an SGR sequence (ECMA-48, 8.3.117) that sets one.
    pub(crate) fn has_colour(&self) -> bool {
        let screen = self.tmux(&["capture-pane", "-p", "-e"]);
        let parameters = screen.split('\u{1b}').filter_map(|part| part.strip_prefix('[')?.split('m').next());
        let mut numbers = parameters.flat_map(|list| list.split(';')).filter_map(|number| number.parse::<u8>().ok());
        numbers.any(|number| matches!(number, 30..=38 | 40..=48 | 90..=97 | 100..=107))
    }

    pub(crate) fn screen(&self) -> String {
        self.tmux(&["capture-pane", "-p"])
    }

    /// Everything that was written, with the lines as they were before the terminal broke them.
    pub(crate) fn written(&self) -> String {
        self.tmux(&["capture-pane", "-p", "-J", "-S", "-"])
    }

    pub(crate) fn wait_for(&self, text: &str) -> String {
        self.wait_until(text, |screen| screen.contains(text))
    }

    /// Waits for a screen that stays for a moment: drawings arrive in pieces.
    pub(crate) fn wait_until(&self, what: &str, is: impl Fn(&str) -> bool) -> String {
        let mut before = None;
        for _ in 0..400 {
            let screen = self.screen();
            if is(&screen) && before.as_ref() == Some(&screen) {
                return screen;
            }
            before = Some(screen);
            std::thread::sleep(std::time::Duration::from_millis(25));
        }
        panic!("the screen never shows: {what}\n{}", self.screen());
    }

    /// Waits until the program has the alternate screen without a cursor, and the mouse. Its drawing may show earlier.
    pub(crate) fn wait_until_taken(&self) {
        self.wait_until("the program's screen and mouse, without a cursor", |_| self.ask(MODES) == "1 0 1 1");
    }

    /// Waits until the terminal has its previous state.
    pub(crate) fn wait_until_given_back(&self, why: &str) {
        self.wait_until(why, |_| self.ask(MODES) == "0 1 0 0");
    }

    /// A property of the pane, in tmux' words.
    pub(crate) fn ask(&self, format: &str) -> String {
        self.tmux(&["display-message", "-p", format]).trim().to_owned()
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        self.tmux(&["kill-server"]);
    }
}
