//! The decision about consent as a table: every form of an opt-out, for every user.
//!
//! Each row is checked with the real sender (`--dry-run`), the real preview (`status --json`) and, if the row's
//! configuration leads to the test's receiver, a real call: a request arrives only for `allowed`.

#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::panic, reason = "in a test a panic is a failed test")]

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use testkit::{
    GUID, Home, Receiver, Reply, opted_out_here, program, quoted, said, search_path, sender, set_mode, skip, this_test,
};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Is {
    Allowed,
    OptedOut,
    Unknown,
}
use Is::{Allowed, OptedOut, Unknown};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Who {
    Root,
    /// An ordinary user who owns the folders.
    Owner,
    /// The id of a user who owns nothing.
    Other(u32),
}

struct Row {
    name: &'static str,
    /// Shell commands that prepare the row. `$C` is the config directory, `$F` the opt-out file in it, `$S` a folder
    /// beside it.
    make: &'static str,
    options: &'static [&'static str],
    variables: Vec<(&'static str, OsString)>,
    /// For root, the owner and another user.
    is: [Is; 3],
}

fn file(name: &'static str, make: &'static str, is: Is) -> Row {
    Row { name, make, options: &[], variables: Vec::new(), is: [is; 3] }
}

fn by_rights(name: &'static str, make: &'static str, root: Is, owner: Is, other: Is) -> Row {
    Row { is: [root, owner, other], ..file(name, make, root) }
}

fn options(name: &'static str, make: &'static str, options: &'static [&'static str], is: Is) -> Row {
    Row { options, ..file(name, make, is) }
}

fn variables(name: &'static str, make: &'static str, set: &[(&'static str, &str)], is: Is) -> Row {
    Row { variables: set.iter().map(|(name, value)| (*name, (*value).into())).collect(), ..file(name, make, is) }
}

/// Rows that need no privilege.
fn rows() -> Vec<Row> {
    let mut rows = vec![
        file("no file", "", Allowed),
        file("an empty file", ": >$F", OptedOut),
        file("a file with words in it", "echo no >$F", OptedOut),
        file("a file that says the opposite (netdata#4735)", "echo 'usage: yes' >$F", OptedOut),
        file("a file that nobody may read", ": >$F; chmod 000 $F", OptedOut),
        file("a file for its owner alone", ": >$F; chmod 600 $F", OptedOut),
        file("a large file", "head -c 3000000 /dev/zero >$F", OptedOut),
        file("a link to a file", ": >$S/f; ln -s $S/f $F", OptedOut),
        file("a link to a folder", "ln -s $S $F", OptedOut),
        file("a link to nothing", "ln -s $S/nothing $F", OptedOut),
        file("a link to itself", "ln -s $F $F", OptedOut),
        file("a folder", "mkdir $F", OptedOut),
        file("a folder that nobody may enter", "mkdir $F; chmod 000 $F", OptedOut),
        file("a FIFO", "mkfifo $F", OptedOut),
        file("a hard link", ": >$S/f; ln $S/f $F", OptedOut),
        file("the name with more behind it", ": >$F.bak", Allowed),
        file("the name in capitals", ": >$C/.OPT-OUT-FROM-ANONYMOUS-STATISTICS", Allowed),
        file("the name without its dot", ": >$C/opt-out-from-anonymous-statistics", Allowed),
        file("the file one folder further down", "mkdir $C/d; : >$C/d/.opt-out-from-anonymous-statistics", Allowed),
        file("the config directory is a link to one with the file", "mv $C $S/c; ln -s $S/c $C; : >$F", OptedOut),
        file("the config directory is a link to one without", "mv $C $S/c; ln -s $S/c $C", Allowed),
        file("there is no config directory", "rm -r $C", Allowed),
        file("a file stands in its place", "rm -r $C; : >$C", Allowed),
        file("it is a link to nothing", "rm -r $C; ln -s $S/nothing $C", Allowed),
        file("it is a link to itself", "rm -r $C; ln -s $C $C", Unknown),
        by_rights("a folder nobody may search, without the file", "chmod 000 $C", Allowed, Unknown, Unknown),
        by_rights("a folder nobody may search, with the file", ": >$F; chmod 000 $C", OptedOut, Unknown, Unknown),
        by_rights("a folder for its owner alone, without the file", "chmod 700 $C", Allowed, Allowed, Unknown),
        by_rights("a folder for its owner alone, with the file", ": >$F; chmod 700 $C", OptedOut, OptedOut, Unknown),
        file("a folder that may be searched and not listed", ": >$F; chmod 711 $C", OptedOut),
        options("a name too long for a path", "", &["--config-dir", LONG], Unknown),
        Row {
            options: &["--config-dir", "$S/o"],
            ..variables(
                "a relative folder beside one that can be used",
                "mkdir $S/o",
                &[("NETDATA_USER_CONFIG_DIR", "config")],
                Unknown,
            )
        },
        variables("a relative folder cannot be looked at", "", &[("NETDATA_USER_CONFIG_DIR", "config")], Unknown),
        variables(
            "a relative folder and a variable",
            "",
            &[("NETDATA_USER_CONFIG_DIR", "."), ("DO_NOT_TRACK", "1")],
            OptedOut,
        ),
        options(
            "named twice, in the first",
            "mkdir $S/o; : >$S/o/.opt-out-from-anonymous-statistics",
            &["--config-dir", "$S/o"],
            OptedOut,
        ),
        options("named twice, in the second", "mkdir $S/o; : >$F", &["--config-dir", "$S/o"], OptedOut),
        options("named twice, in neither", "mkdir $S/o", &["--config-dir", "$S/o"], Allowed),
        variables("both variables empty", "", &[("DISABLE_TELEMETRY", ""), ("DO_NOT_TRACK", "")], Allowed),
        variables("both variables set", "", &[("DISABLE_TELEMETRY", "1"), ("DO_NOT_TRACK", "1")], OptedOut),
        variables("one empty, one set", "", &[("DISABLE_TELEMETRY", ""), ("DO_NOT_TRACK", "0")], OptedOut),
        variables("the file and a variable", ": >$F", &[("DO_NOT_TRACK", "1")], OptedOut),
        variables("the file and an empty variable", ": >$F", &[("DO_NOT_TRACK", "")], OptedOut),
        variables("a blind spot and a variable", "chmod 000 $C", &[("DO_NOT_TRACK", "1")], OptedOut),
        variables("a variable in lower case", "", &[("do_not_track", "1"), ("disable_telemetry", "1")], Allowed),
        variables("a variable that nobody reads (nixpkgs#97361)", "", &[("NETDATA_DISABLE_TELEMETRY", "1")], Allowed),
        variables("nothing forces telemetry on", ": >$F", &[("TELEMETRY", "1"), ("FORCE_TELEMETRY", "1")], OptedOut),
    ];
    // netdata#8875: 0 does not mean "do track".
    for name in ["DISABLE_TELEMETRY", "DO_NOT_TRACK"] {
        for value in ["1", "0", "true", "false", "no", "yes", "off", " ", "\t", "\n", "-"] {
            rows.push(variables(name, "", &[(name, value)], OptedOut));
        }
        let mut row = variables(name, "", &[], OptedOut);
        row.variables.push((name, OsString::from_vec(vec![0xff, 0xfe])));
        rows.push(row);
        let mut row = variables(name, "", &[], OptedOut);
        row.variables.push((name, "x".repeat(100_000).into()));
        rows.push(row);
    }
    rows
}

/// A path too long for every system: `PATH_MAX` is 4096 on Linux, 1024 elsewhere.
const LONG: &str = {
    const BYTES: [u8; 4200] = {
        let mut bytes = [b'a'; 4200];
        bytes[0] = b'/';
        bytes
    };
    match str::from_utf8(&BYTES) {
        Ok(text) => text,
        Err(_) => "",
    }
};

const OPT_OUT: &str = ".opt-out-from-anonymous-statistics";

/// Rows that need root and a mount namespace: the usual folders, and full or read-only file systems.
#[cfg(target_os = "linux")]
fn mounted_rows() -> Vec<Row> {
    let mut rows = vec![
        file("a read-only file system, without the file", "mount -o ro -t tmpfs none $C", Allowed),
        file(
            "a read-only file system, with the file",
            "mount -t tmpfs none $C; : >$F; mount -o remount,ro $C",
            OptedOut,
        ),
        file(
            "a full file system, without the file",
            "mount -o size=4k,mode=755 -t tmpfs none $C; head -c 9999 /dev/zero >$C/x 2>/dev/null || :",
            Allowed,
        ),
        file(
            "a full file system, with the file",
            "mount -o size=4k,mode=755 -t tmpfs none $C; : >$F; head -c 9999 /dev/zero >$C/x 2>/dev/null || :",
            OptedOut,
        ),
    ];
    // A mount covers existing system folders, so that the machine's are not touched. It must not hide what the test
    // needs.
    for (name, covered, folder) in [
        ("/etc/netdata", "/etc", "/etc/netdata"),
        ("/opt/netdata/etc/netdata (netdata#11689)", "/opt", "/opt/netdata/etc/netdata"),
        ("/usr/local/etc/netdata", "/usr/local", "/usr/local/etc/netdata"),
        ("/opt/homebrew/etc/netdata", "/opt", "/opt/homebrew/etc/netdata"),
    ] {
        let needed = [std::path::PathBuf::from(sender()), std::env::temp_dir()];
        if let Some(hidden) = needed.iter().find(|path| path.starts_with(covered)) {
            skip(&format!("every_form_that_root_can_mount, {name}"), &format!("it would hide {}", hidden.display()));
            continue;
        }
        let make = |more: &str| -> &'static str {
            let cover = format!("mount -o mode=755 -t tmpfs none {covered}; mkdir -p {folder}");
            Box::leak(format!("{cover}; {more}").into_boxed_str())
        };
        rows.push(file(name, make(&format!(": >{folder}/{OPT_OUT}")), OptedOut));
        rows.push(file(name, make(&format!("ln -s /nothing {folder}/{OPT_OUT}")), OptedOut));
        rows.push(by_rights(name, make(&format!("chmod 700 {folder}")), Allowed, Unknown, Unknown));
    }
    rows
}

/// A prepared row.
struct Place {
    home: Home,
    mounts: bool,
}

impl Place {
    fn new(receiver: &Receiver, mounts: bool) -> Self {
        let home = Home::sending_to(receiver);
        set_mode(home.path(), 0o755);
        std::fs::create_dir(home.path().join("beside")).unwrap();
        // An agent that may report by itself is never called off; this one cannot.
        std::fs::write(home.lib().join("status-netdata.json"), r#"{"agent": {"version": "v2.2.6"}}"#).unwrap();
        Self { home, mounts }
    }

    /// Names for the config directory, the opt-out file and the folder beside. Any path stays one word: without `IFS`
    /// and with `-f` the shell neither splits nor expands it.
    fn names(&self) -> String {
        let [config, beside] = ["config", "beside"].map(|name| quoted(self.home.path().join(name)));
        format!("set -ef; IFS=; C={config} S={beside}; F=$C/{OPT_OUT}; ")
    }

    /// Prepares the row and runs a program as a user.
    fn run(&self, row: &Row, who: Who, program: &Path, arguments: &[&str]) -> Output {
        let beside = self.home.path().join("beside");
        // A mount namespace ends with each run; otherwise the row is prepared once.
        let make = if self.mounts { row.make } else { "" };
        let become_other = match who {
            Who::Root | Who::Owner => String::new(),
            Who::Other(id) => format!("setpriv --reuid={id} --regid={id} --clear-groups --"),
        };
        let names = self.names();
        let script = format!("{names}{make}\nexec {become_other} \"$@\"");
        let mut command = if self.mounts {
            let mut command = Command::new("unshare");
            command.args(["--mount", "sh", "-c", &script, "sh"]);
            command
        } else {
            let mut command = Command::new("sh");
            command.args(["-c", &script, "sh"]);
            command
        };
        let options = row.options.iter().map(|option| option.replace("$S", beside.to_str().unwrap()));
        command.arg(program).args(options).args(arguments);
        command.env_clear().env("PATH", search_path());
        command.env("NETDATA_USER_CONFIG_DIR", self.home.config()).env("NETDATA_LIB_DIR", self.home.lib());
        command.env("NETDATA_REGISTRY_UNIQUE_ID", GUID);
        command.envs(row.variables.iter().map(|(name, value)| (name, value)));
        command.current_dir("/").stdin(Stdio::null()).output().unwrap()
    }

    fn make(&self, row: &Row) {
        let script = self.names() + row.make;
        assert!(Command::new("sh").args(["-c", &script]).status().unwrap().success(), "{}: {}", row.name, row.make);
    }
}

impl Drop for Place {
    /// A folder that nobody may enter cannot be deleted either.
    fn drop(&mut self) {
        let _ = Command::new("chmod").args(["-R", "u+rwX"]).arg(self.home.path()).stderr(Stdio::null()).status();
    }
}

fn user(name: &str, otherwise: u32) -> u32 {
    let passwd = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
    let line = passwd.lines().find(|line| line.split(':').next() == Some(name));
    line.and_then(|line| line.split(':').nth(2)?.parse().ok()).unwrap_or(otherwise)
}

fn everybody() -> Vec<Who> {
    if !rustix::process::geteuid().is_root() {
        return vec![Who::Owner];
    }
    let mut all = vec![Who::Root];
    let can = Command::new("setpriv")
        .args(["--reuid=65534", "--regid=65534", "--clear-groups", "test", "-x", sender(), "-a", "-x"])
        .arg(std::env::temp_dir())
        .output();
    if can.is_ok_and(|output| output.status.success()) {
        all.extend([Who::Other(user("netdata", 990)), Who::Other(user("nobody", 65534))]);
    } else {
        skip("every_form_of_saying_no", "other users cannot reach the programs and the folder for temporary files");
    }
    all
}

fn decide(row: &Row, who: Who, mounts: bool) {
    let expected = match who {
        Who::Root => row.is[0],
        Who::Owner => row.is[1],
        Who::Other(_) => row.is[2],
    };
    let receiver = Receiver::start(Reply::Status(200, ""));
    let place = Place::new(&receiver, mounts);
    if !mounts {
        place.make(row);
    }
    let what = format!("{} ({:?}) as {who:?}", row.name, row.variables);

    // The configuration may be unreadable; the decision is on standard error nevertheless.
    let (_, err, status) = said(&place.run(row, who, Path::new(sender()), &["--dry-run", "START"]));
    let line = err.lines().next().unwrap_or_default();
    let found = match line {
        _ if status != 0 => None,
        _ if line.starts_with("would be sent") => Some(Allowed),
        _ if line.starts_with("opted out by ") => Some(OptedOut),
        _ if line.starts_with("cannot tell ") => Some(Unknown),
        _ => panic!("{what}: {err}"),
    };
    assert!(found.is_none_or(|found| found == expected), "{what}: {err}");

    let status = place.run(row, who, &program("telemetry-preview"), &["status", "--json"]);
    let json: serde_json::Value =
        serde_json::from_slice(&status.stdout).unwrap_or_else(|_| panic!("{what}: {status:?}"));
    let shown = match json["decision"].as_str().unwrap() {
        "allowed" => Allowed,
        "opted out" => OptedOut,
        "unknown" => Unknown,
        other => panic!("{what}: {other}"),
    };
    assert_eq!(shown, expected, "{what}: {json}");
    // The channel is that of this sender only where it is installed.
    let events = json["channels"].as_array().unwrap().iter().find(|channel| channel["name"] == "events").unwrap();
    assert!(expected == Allowed || events["state"] != "on", "{what}: {events}");
    // The trace names every place, and for each objection the remedy.
    let trace = json["trace"].as_array().unwrap();
    assert!(trace.len() >= 6, "{what}: {json}");
    for step in trace {
        assert_eq!(step["verdict"] == "does not object", step["what_would_change_it"].is_null(), "{what}: {step}");
    }

    // Without a usable configuration the usual destination would count: then only the decision is checked.
    let sends_here = found.is_some() && json["destination"] == receiver.url();
    if expected != Allowed || sends_here {
        let (out, err, status) = said(&place.run(row, who, Path::new(sender()), &["START"]));
        let sent = if expected == Allowed { ("200", 1) } else { ("", 0) };
        assert_eq!((out.as_str(), receiver.connections()), sent, "{what}: {err}");
        assert_eq!((err.as_str(), status), ("", 0), "{what}");
    }
}

#[test]
fn every_form_of_saying_no() {
    if opted_out_here(this_test!()) {
        return;
    }
    let rows = rows();
    assert!(rows.len() >= 60, "{}", rows.len());
    for who in everybody() {
        for row in &rows {
            decide(row, who, false);
        }
    }
}

#[cfg(target_os = "linux")]
#[test]
fn every_form_that_root_can_mount() {
    if opted_out_here(this_test!()) {
        return;
    }
    let can = Command::new("unshare").args(["--mount", "true"]).output();
    if !rustix::process::geteuid().is_root() || !can.is_ok_and(|output| output.status.success()) {
        return skip(this_test!(), "only root can make a mount namespace for every user");
    }
    for who in everybody() {
        for row in mounted_rows() {
            decide(&row, who, true);
        }
    }
}
