//! The daemon's environment counts, not the shell's. Linux shows it in /proc.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use testkit::{skip, this_test};

use crate::common::{Agent, OPT_OUT, Ran, json};

/// A running program with the name netdata: a copy of sleep(1).
struct Daemon(Child);

impl Daemon {
    fn start(agent: &Agent, variables: &[(&str, &str)]) -> Option<Self> {
        let program = agent.path("netdata");
        if !program.exists() {
            let sleep = ["/bin/sleep", "/usr/bin/sleep"].map(PathBuf::from).into_iter().find(|path| path.is_file())?;
            // A child copies it: a file that this process has open cannot be executed while another test forks.
            assert!(Command::new("cp").arg(sleep).arg(&program).status().unwrap().success());
        }
        let mut command = Command::new(&program);
        command.arg("60").env_clear().envs(agent.environment()).envs(variables.iter().copied());
        Some(Self(command.stdin(Stdio::null()).spawn().unwrap()))
    }

    fn id(&self) -> u32 {
        self.0.id()
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Whether this machine has opted out, so that no agent on it may send: a skip. `cargo xtask test` covers its folders.
fn opted_out_here(test: &str) -> bool {
    let file = anonymous_statistics::agent::folders::CONFIG_DIRECTORIES.map(|folder| Path::new(folder).join(OPT_OUT));
    let found = file.into_iter().find(|file| file.symlink_metadata().is_ok());
    if let Some(file) = &found {
        skip(test, &format!("this machine has opted out: {}", file.display()));
    }
    found.is_some()
}

/// netdata#8875, nixpkgs#260035: variables of a shell or of another program do not reach the daemon.
#[test]
fn the_daemons_variables_count_and_the_shells_stand_beside_them() {
    if opted_out_here(this_test!()) {
        return;
    }
    let agent = Agent::new();
    agent.install_sender();
    let Some(daemon) = Daemon::start(&agent, &[("DO_NOT_TRACK", "0"), ("API_TOKEN", "canary-5d1f")]) else {
        return skip(this_test!(), "there is no sleep(1)");
    };
    let ran = agent.run(&["status"]);
    // The dashboard of this daemon goes by the file alone.
    assert!(ran.out.starts_with("[+] SENDS: dashboard\n"), "{}", ran.out);
    assert!(ran.out.contains("events         off: DO_NOT_TRACK set to \"0\""), "{}", ran.out);
    for said in [
        format!("Decided for the running daemon, process {}", daemon.id()),
        "daemon: set to \"0\", which opts out too".to_owned(),
        "shell:  not set".to_owned(),
        "Only a variable opts out. The agent's dashboard looks at the file alone".to_owned(),
    ] {
        assert!(ran.out.contains(&said), "{said}\n{}", ran.out);
    }
    let status = json(&agent.run(&["status", "--json"]));
    assert_eq!(status["anonymous_statistics"], true);
    assert_eq!((&status["decided_for"], &status["shell_would_decide"]), (&"daemon".into(), &"allowed".into()));
    // This machine may run others.
    let listed = status["daemons"].as_array().unwrap();
    assert!(listed.iter().any(|listed| listed["process"] == daemon.id()), "{status}");
    // Nothing else is read from its environment, so nothing else can be shown.
    for verb in [&["status"][..], &["status", "--json"], &["show"], &["show", "--json"], &["explain", "--all"]] {
        let ran = agent.run(verb);
        assert!(!(ran.out + &ran.err).contains("canary-5d1f"), "{verb:?}");
    }
    // The other way round.
    drop(daemon);
    let _daemon = Daemon::start(&agent, &[]);
    let output = agent.command(&["status", "--json"]).env("DISABLE_TELEMETRY", "1").output().unwrap();
    let status = json(&Ran::from(&output));
    assert_ne!(status["decision"], "opted out", "{status}");
    assert_eq!(status["shell_would_decide"], "opted out");
}

#[test]
fn of_several_daemons_the_one_that_sends_decides() {
    if opted_out_here(this_test!()) {
        return;
    }
    let agent = Agent::new();
    let Some(silent) = Daemon::start(&agent, &[("DISABLE_TELEMETRY", "yes")]) else {
        return skip(this_test!(), "there is no sleep(1)");
    };
    let sends = Daemon::start(&agent, &[]).unwrap();
    let status = json(&agent.run(&["status", "--json"]));
    assert_ne!(status["decision"], "opted out", "{status}");
    let text = agent.run(&["status"]).out;
    for said in [
        format!("Decided for the running daemon, process {}", sends.id()),
        format!("process {}, user id", silent.id()),
        "opted out: DISABLE_TELEMETRY set to \"yes\"".to_owned(),
    ] {
        assert!(text.contains(&said), "{said}\n{text}");
    }
}

/// A daemon that was started before the file was created has told its dashboard "yes" already.
///
/// netdata#20969: an opt-out that does not reach every channel must say so.
#[test]
fn the_dashboards_channel_waits_for_a_restart() {
    let (agent, another) = (Agent::new(), Agent::new());
    let Some(before) = Daemon::start(&agent, &[]) else {
        return skip(this_test!(), "there is no sleep(1)");
    };
    // A daemon with another configuration does not count.
    let _another = Daemon::start(&another, &[]);
    // Both times are known to a hundredth of a second.
    std::thread::sleep(std::time::Duration::from_millis(2100));
    assert_eq!(agent.run(&["opt-out"]).code, Some(0));
    let here = |agent: &Agent| {
        let status = json(&agent.run(&["status", "--json"]));
        let channels = status["channels"].as_array().unwrap().clone();
        assert!(channels.iter().all(|channel| !channel["why"].as_str().unwrap().is_empty()), "{channels:?}");
        channels.iter().find(|channel| channel["name"] == "dashboard").unwrap()["why"].as_str().unwrap().to_owned()
    };
    assert!(here(&agent).contains("restart netdata"), "{}", here(&agent));
    drop(before);
    assert!(here(&agent).starts_with("from the agent's next start on"), "{}", here(&agent));
}
