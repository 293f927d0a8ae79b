//! A stand-in for the daemon, and the hooks of its service.

use std::path::PathBuf;
use std::process::{Command, Output};

use crate::recorded;
use testkit::{Call, GUID, Home, Receiver, said};

/// A key of one's own.
pub(crate) const KEY: &str = "of-an-organisation";

/// `SERVICE_RESULT`, `EXIT_CODE` and `EXIT_STATUS` (systemd.exec(5)).
pub(crate) type End = (&'static str, &'static str, &'static str);

pub(crate) const ORDERLY: End = ("success", "exited", "0");
pub(crate) const KILLED: End = ("signal", "killed", "KILL");

/// What the daemon leaves, what systemd sees, and the event.
pub(crate) const END: [(&str, End, &str); 7] = [
    ("stopped", ORDERLY, "EXIT OK"),
    ("segv", ("core-dump", "dumped", "SEGV"), "CRASH deadly signal"),
    // As of a build that saves no deadly signal.
    ("killed", ("signal", "killed", "SEGV"), "CRASH deadly signal"),
    ("killed", KILLED, "CRASH killed hard"),
    ("out of memory", ("core-dump", "dumped", "ABRT"), "CRASH out of memory"),
    ("killed", ("oom-kill", "killed", "KILL"), "CRASH out of memory"),
    ("fatal", ("exit-code", "exited", "1"), "FATAL netdata:"),
];

pub(crate) struct Agent {
    pub(crate) home: Home,
}

impl Agent {
    pub(crate) fn sending_to(receiver: &Receiver) -> Self {
        let agent = Self { home: Home::new() };
        agent.configure(receiver);
        std::fs::create_dir(agent.home.lib().join("registry")).unwrap();
        std::fs::write(agent.identity(), GUID).unwrap();
        // It has run before, so its version is known.
        agent.leaves(0, "stopped");
        agent
    }

    fn configure(&self, receiver: &Receiver) {
        self.home.configure(&format!("url = \"{}\"\napi_key = \"{KEY}\"\n", receiver.url()));
    }

    /// Waiting events, too.
    pub(crate) fn redirect(&self, from: &Receiver, to: &Receiver) {
        self.home.redirect_waiting(from, to);
        self.configure(to);
    }

    pub(crate) fn status_file(&self) -> PathBuf {
        self.home.lib().join("status-netdata.json")
    }

    pub(crate) fn identity(&self) -> PathBuf {
        self.home.lib().join("registry/netdata.public.unique.id")
    }

    pub(crate) fn record(&self) -> PathBuf {
        self.home.lib().join("anonymous-statistics/runs")
    }

    /// The daemon's part: it ran, and left the file of this name.
    pub(crate) fn leaves(&self, run: usize, name: &str) {
        let boot = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap().trim().replace('-', "");
        // After a loss of power the file is of another boot.
        let boot = if name == "power off" { recorded::BOOT.to_owned() } else { boot };
        let text = recorded::status_file(name, &format!("{:032x}", run + 1), &boot);
        let _ = std::fs::remove_file(self.status_file());
        std::fs::write(self.status_file(), text).unwrap();
        testkit::set_mode(&self.status_file(), 0o664);
    }

    /// `ExecStartPre=`
    pub(crate) fn before_start(&self, run: usize) -> Hook {
        let call = self.home.call(&["--from-status"]).with("INVOCATION_ID", &format!("f{:031x}", run + 1));
        // A service does not have them.
        Hook(call.without("NETDATA_VERSION").without("NETDATA_REGISTRY_UNIQUE_ID"))
    }

    /// `ExecStopPost=`
    pub(crate) fn after_end(&self, run: usize, (result, code, status): End) -> Hook {
        let hook = self.before_start(run).with("SERVICE_RESULT", result);
        hook.with("EXIT_CODE", code).with("EXIT_STATUS", status)
    }
}

pub(crate) struct Hook(Call);

impl Hook {
    pub(crate) fn with(self, name: &str, value: &str) -> Self {
        Self(self.0.with(name, value))
    }

    pub(crate) fn without(self, name: &str) -> Self {
        Self(self.0.without(name))
    }

    pub(crate) fn command(&self) -> Command {
        self.0.command()
    }

    pub(crate) fn run(&self) -> Output {
        self.0.run()
    }

    /// It has done something, and says nothing.
    pub(crate) fn quietly(&self) {
        assert_eq!(said(&self.run()), (String::new(), String::new(), 0));
    }

    /// It does nothing, and says why in one line.
    pub(crate) fn says(&self, words: &str) {
        let (out, line, status) = said(&self.run());
        assert_eq!((out.as_str(), line.lines().count(), status), ("", 1, 0), "{line}");
        assert!(line.starts_with("anonymous-statistics: ") && line.contains(words), "{line}");
    }
}
