//! The commands of the real program, on agents in temporary folders.
//!
//! The opt-out file also counts in the usual config directories, so the decision depends on the machine: the tests ask
//! the core library for the expected one.

use anonymous_statistics::agent::MARK;
use anonymous_statistics::agent::installed_sender::SCRIPT;
use anonymous_statistics::fields::withholding::needed;
use anonymous_statistics::fields::{ACTIONS, FIELDS, TEST};
use anonymous_statistics::inspect::{Preview, Question};
use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::Path;
use std::process::{Command, Stdio};

use crate::common::{Agent, EVERY_VERB, GUID, OPT_OUT, PROGRAM, Ran, is_root, only_the_daemon_says, quoted};
use anonymous_statistics::call::Invocation;
use anonymous_statistics::outbox::{Entry, Outbox, Role, State};
use serde_json::Value;
use testkit::{skip, this_test};

fn core(agent: &Agent, action: &str, call: Option<&Path>) -> Preview {
    Preview::look(&Question {
        action: action.to_owned(),
        call: call.map(|path| Invocation::from_recorded(&fs::read(path).unwrap(), None).unwrap()),
        config_dir: None,
        lib_dir: None,
        plugins_dir: None,
        examples: false,
        daemon_version: None,
        environment: agent.environment().into_iter().map(|(name, value)| (name.into(), value.into())).collect(),
    })
}

/// Bytes without the two values that are new in every event; they have a fixed length.
fn without_stamp(bytes: &[u8]) -> String {
    let text = String::from_utf8(bytes.to_vec()).unwrap();
    let (rest, stamp) = text.rsplit_once(",\"uuid\":\"").unwrap();
    assert_eq!(stamp.len(), "0b5d7d7e-4f0f-4f3a-9a57-3c1a6a2f1c11\",\"timestamp\":\"2026-01-01T00:00:00.000Z\"}".len());
    rest.to_owned()
}

fn json(ran: &Ran) -> Value {
    serde_json::from_str(&ran.out).unwrap_or_else(|error| panic!("{error}: {ran:?}"))
}

#[test]
fn raw_is_the_request_and_nothing_else() {
    let agent = Agent::new();
    for (action, result, data) in
        [("START", "-", "-"), ("EXIT", "OK", "-"), ("FATAL", "netdata:netdata", "0266@../daemon/:signals_handle /4")]
    {
        let call = agent.recorded_call(action, result, data);
        let ran = agent.run(&["show", "--raw", "--strict", "--call", call.to_str().unwrap()]);
        assert_eq!(ran.code, Some(0), "{ran:?}");
        let expected = core(&agent, action, Some(&call)).assembly.unwrap().request.to_bytes();
        assert_eq!(without_stamp(&ran.bytes), without_stamp(&expected));
        assert!(!ran.bytes.ends_with(b"\n") && !ran.err.contains("null"), "{}", ran.err);
    }
}

#[test]
fn without_a_call_and_without_history_nothing_is_invented() {
    let agent = Agent::new();
    let ran = agent.run(&["show", "--raw"]);
    assert_eq!(ran.code, Some(0));
    let (_, body) = ran.out.split_once("\r\n\r\n").unwrap();
    let body: Value = serde_json::from_str(body).unwrap();
    let null = |object: &Value| -> Vec<String> {
        object.as_object().unwrap().iter().filter(|(_, value)| value.is_null()).map(|(name, _)| name.clone()).collect()
    };
    let mut open: Vec<String> = null(&body).into_iter().chain(null(&body["properties"])).collect();
    let mut expected = only_the_daemon_says();
    open.sort();
    expected.sort_unstable();
    assert_eq!(open, expected);
    for name in &expected {
        assert!(ran.err.contains(name), "standard error names {name}");
    }
    assert_eq!(agent.run(&["show", "--raw", "--strict"]).code, Some(3));
    let text = agent.run(&["show"]);
    assert_eq!(text.out.matches(" = set by the daemon\n").count(), expected.len());
    assert!(text.out.contains("Not exact"));
}

#[test]
fn the_identifier_is_read_from_disk() {
    let agent = Agent::new();
    fs::create_dir(agent.path("lib/registry")).unwrap();
    let path = agent.path("lib/registry/netdata.public.unique.id");
    fs::write(&path, format!("{GUID}\n")).unwrap();
    let shown = json(&agent.run(&["show", "--json"]));
    assert_eq!(shown["body"]["properties"]["distinct_id"], GUID);
    let field = field(&shown, "distinct_id");
    assert!(field["source"].as_str().unwrap().contains(path.to_str().unwrap()), "{field}");
    assert_eq!((&field["known"], &field["sensitivity"]), (&Value::from("now"), &Value::from("identifier")));
    assert_eq!(shown["exact"], false);
}

fn field(shown: &Value, name: &str) -> Value {
    shown["fields"].as_array().unwrap().iter().find(|field| field["name"] == name).unwrap().clone()
}

#[test]
fn the_last_event_tells_what_the_daemon_said() {
    let agent = Agent::new();
    let call = agent.recorded_call("START", "-", "-");
    let before = core(&agent, "START", Some(&call)).assembly.unwrap();
    let outbox = Outbox::open(&agent.path("lib"), Role::Sender).unwrap();
    outbox.keep(&before.stamp, &Entry::new(&before.request)).unwrap();
    let shown = json(&agent.run(&["show", "--json"]));
    assert_eq!(shown["body"]["properties"]["netdata_buildinfo"], "dbengine|JSON-C");
    assert!(field(&shown, "netdata_buildinfo")["source"].as_str().unwrap().contains("the last event of this kind"));
    // Another event was never sent, so its values stay unknown.
    assert_eq!(json(&agent.run(&["show", "--json", "--event", "EXIT"]))["exact"], false);
}

#[test]
fn every_field_of_the_request_is_explained() {
    let agent = Agent::new();
    let call = agent.recorded_call("FATAL", "netdata:netdata", "0266@../daemon/:signals_handle /4");
    let ran = agent.run(&["show", "--json", "--call", call.to_str().unwrap()]);
    let shown = json(&ran);
    let mut names: Vec<&String> = shown["body"].as_object().unwrap().keys().collect();
    names.extend(shown["body"]["properties"].as_object().unwrap().keys());
    for name in names.into_iter().filter(|name| *name != "properties") {
        let field = field(&shown, name);
        let in_body = shown["body"].get(name).unwrap_or(&shown["body"]["properties"][name]);
        assert_eq!((&field["value"], &field["known"]), (in_body, &Value::from("now")), "{name}");
        for key in ["source", "why", "what", "sensitivity", "form"] {
            assert!(field[key].as_str().is_some_and(|text| !text.is_empty()), "{name} has no {key}");
        }
        let text = agent.run(&["explain", name]);
        assert_eq!(text.code, Some(0));
        assert!(text.out.starts_with(&format!("{name}: ")), "{}", text.out);
    }
    let names: Vec<&str> = ran.out.lines().filter_map(|line| line.trim().strip_prefix("\"name\": ")).collect();
    assert!(names.iter().any(|name| name.contains("fatal_line")));
}

fn path_with(folder: &Path) -> OsString {
    let folders = std::env::var_os("PATH").unwrap_or_default();
    std::env::join_paths(std::iter::once(folder.to_owned()).chain(std::env::split_paths(&folders))).unwrap()
}

/// The folders of this agent are in the caller's environment, which sudo drops.
#[test]
fn the_command_that_stops_works_where_it_is_pasted() {
    for (asked, label) in [("show", "To stop:  "), ("status", "\nTo opt ")] {
        let agent = Agent::new();
        // What no terminal shows as it is.
        let folder = agent.path("it's \u{1b}[2J\n\\x");
        fs::rename(agent.path("etc"), &folder).unwrap();
        let shown = agent.command(&[asked]).env("NETDATA_USER_CONFIG_DIR", &folder).output().unwrap();
        let shown = Ran::from(&shown).out;
        let (_, command) = shown.split_once(label).unwrap_or_else(|| panic!("{label}:\n{shown}"));
        // Where this machine has opted out, the other verb is offered.
        let command = command.trim_start_matches(|c| c != '\n' && asked == "status").trim_start();
        let command = &command.lines().next().unwrap().replace(" opt-in", " opt-out");
        assert_eq!(command.contains("sudo "), !is_root(), "{command}");
        let mut shell = Command::new("bash");
        shell.args(["-c", &command.replacen("sudo ", "", 1)]).env_clear();
        let Ok(pasted) = shell.env("PATH", path_with(Path::new(PROGRAM).parent().unwrap())).status() else {
            return skip(this_test!(), "there is no bash");
        };
        assert!(pasted.success() && folder.join(OPT_OUT).exists(), "{command}");
    }
}

/// netdata#5863, #7401: nobody was told what is sent, nor that an identifier is.
#[test]
fn the_text_says_where_to_what_and_who() {
    let agent = Agent::new();
    let call = agent.recorded_call("START", "-", "-");
    let ran = agent.run(&["show", "--call", call.to_str().unwrap()]);
    for part in [
        "\nDestination  https://posthog.netdata.cloud/capture/\n",
        "\nSender       nobody: no telemetry script is installed\n",
        "would send its request if it were installed",
        "2 identify this installation",
        "pseudonymous",
        "Never sent: host name, ",
        "  host_collectors = [{\"plugin\":\"proc.plugin\",\"module\":\"/proc/stat\"},",
        "  distinct_id = \"0f2b7e3a-5a4c-4c67-8f0e-6f1d2c3b4a59\"  (identifier)\n",
        "  config_multidb_disk_quota = 256  (256 MiB)\n",
    ] {
        assert!(ran.out.contains(part), "{part:?} is missing:\n{}", ran.out);
    }
    let fields = FIELDS.iter().filter(|field| field.occurs_in("START")).count();
    assert!(ran.out.lines().count() < 110 && ran.out.lines().count() > fields / 2, "{}", ran.out);
    assert!(!ran.out.contains("      from: ") && ran.err.is_empty(), "{ran:?}");
    let long = agent.run(&["show", "--long", "--call", call.to_str().unwrap()]);
    for part in [
        "\nRequest           ",
        "opens no network socket",
        "POST https://posthog.netdata.cloud/capture/\nhost: posthog.netdata.cloud\n",
        "      from: the daemon's variable NETDATA_REGISTRY_UNIQUE_ID (the recorded call)\n",
        "Proxy",
        "Trust store",
        agent.path("etc").to_str().unwrap(),
    ] {
        assert!(long.out.contains(part), "{part:?} is missing:\n{}", long.out);
    }
    assert!(ran.out.ends_with("\nNothing was sent.\n") && !ran.out.contains("anonymous data"));
    // Without a terminal, no command means `show`.
    let bare = agent.run(&["--call", call.to_str().unwrap()]);
    let lines = |text: &str| {
        text.lines()
            .map(str::to_owned)
            .filter(|line| !["  uuid", "  timestamp", "SHA-256"].iter().any(|new| line.starts_with(new)))
            .collect::<Vec<_>>()
    };
    assert_eq!(lines(&bare.out), lines(&ran.out));
}

#[test]
fn who_would_send_is_told_apart() {
    let agent = Agent::new();
    let call = agent.recorded_call("START", "-", "-");
    let show = || agent.run(&["show", "--raw", "--sender", "this", "--call", call.to_str().unwrap()]).err;
    let script = agent.path("plugins").join(SCRIPT);
    fs::write(&script, "#!/bin/sh\ncurl\n").unwrap();
    assert!(show().contains("another program") && show().contains("if it were installed"));
    fs::write(&script, format!("#!/bin/sh\n[ -f /etc/netdata/{OPT_OUT} ] && exit 0\ncurl\n")).unwrap();
    assert!(show().contains("Netdata's own script") && show().contains("if it were installed"));
    fs::write(&script, format!("\u{7f}ELF {}9.8.7{}", MARK.0, MARK.1)).unwrap();
    assert!(show().contains("this project's sender, v9.8.7") && !show().contains("if it were installed"));
}

#[test]
fn what_cannot_be_used_is_one_line_and_exit_2() {
    let agent = Agent::new();
    let file = |name: &str, content: &str| {
        fs::write(agent.path(name), content).unwrap();
        agent.path(name).to_str().unwrap().to_owned()
    };
    let several = file("several", r#"{"calls": [{"argv": ["START"], "env": {}}]}"#);
    let other = file("other", r#"{"argv": 1}"#);
    let broken = file("broken", "{\n\"argv\": \u{7}[");
    let huge = file("huge", &" ".repeat(1024 * 1024 + 1));
    let zero = file(
        "zero",
        r#"{"argv": ["START"], "env": {"NETDATA_REGISTRY_UNIQUE_ID": "00000000-0000-0000-0000-000000000000", "NETDATA_VERSION": "v1.37.1"}}"#,
    );
    for (arguments, says) in [
        (&["show", "--event", "EXIT", "--call", &several][..], "holds no call for EXIT"),
        (&["show", "--call", &other], "holds no call"),
        (&["show", "--call", &broken], "is not JSON"),
        (&["show", "--call", &huge], "larger than"),
        (&["show", "--call", "/nonexistent/\u{1b}[31m"], "No such file"),
        (&["show", "--call", "/dev/zero"], "not a regular file"),
        (&["show", "--sender", "this", "--call", &zero], "not a GUID"),
        (&["show", "--config-dir", "relative"], "must be absolute"),
        (&["show", "--event", "a b"], "letters, digits and underscores"),
        (&["explain", "nonsense"], "there is no field"),
        (&["explain", "guid"], "did you mean netdata_machine_guid"),
        (&["nonsense"], "nonsense"),
        (&["shwo"], "did you mean show?"),
        (&["explain", "distnct_id"], "did you mean distinct_id?"),
        (&["show", "--event", "STRAT"], "did you mean START?"),
        (&["show", "--channel", "evnts"], "did you mean events?"),
        (&["status", "--jsno"], "did you mean --json?"),
        (&["--nonsense"], "nonsense"),
        (&["opt-in"], "no terminal"),
    ] {
        let ran = agent.run(arguments);
        assert_eq!((ran.code, ran.out.as_str()), (Some(2), ""), "{arguments:?}: {ran:?}");
        assert!(ran.err.contains(says) && ran.err.lines().count() == 1, "{arguments:?}: {}", ran.err);
        assert!(!ran.err.trim_end().contains(char::is_control), "{:?}", ran.err);
    }
}

#[test]
fn a_configuration_that_cannot_be_used_is_shown() {
    let agent = Agent::new();
    let path = agent.path("etc/anonymous-statistics.toml");
    fs::write(&path, "url = 'http://example.org/'\n").unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
    let ran = agent.run(&["show"]);
    assert_eq!(ran.code, Some(2));
    assert!(ran.err.contains("anonymous-statistics.toml") && ran.err.contains("must be https"), "{}", ran.err);
    let status = agent.run(&["status"]);
    assert_eq!(status.code, Some(0));
    assert!(status.out.contains("must be https"), "{}", status.out);
    fs::write(&path, "url = 'http://127.0.0.1:9/x'\nfields = 'documented'\n").unwrap();
    let shown = json(&agent.run(&["show", "--json"]));
    assert_eq!(
        (&shown["destination"], &shown["headers"]["host"]),
        (&"http://127.0.0.1:9/x".into(), &"127.0.0.1:9".into())
    );
    assert!(shown["body"]["properties"].get("netdata_buildinfo").is_none());
}

/// On a laptop nobody knows which daemon would call.
#[test]
fn without_a_version_the_destination_is_not_known_here() {
    let agent = Agent::new();
    fs::remove_file(agent.path("lib/status-netdata.json")).unwrap();
    let ran = agent.run(&["show", "--json"]);
    let shown = json(&ran);
    assert_eq!((&shown["destination"], &shown["headers"]["host"]), (&Value::Null, &"null".into()), "{ran:?}");
    assert_eq!((&shown["body"]["api_key"], &field(&shown, "api_key")["known"]), (&Value::Null, &"not-here".into()));
    assert!(shown["body"].get("event").is_some() && shown["exact"] == false);
    for verb in ["show", "status"] {
        let text = agent.run(&[verb]).out;
        assert!(text.contains("not known here: it depends on the daemon's version"), "{text}");
    }
    assert!(agent.run(&["show", "--raw"]).out.starts_with("POST null HTTP/1.1\r\nhost: null\r\n"));
    let of = |version: &str| json(&agent.run(&["show", "--json", "--daemon-version", version]));
    assert_eq!(of("1.37.1")["destination"], "https://posthog.netdata.cloud/capture/");
    assert_eq!(of("v1.39.0")["destination"], "https://app.posthog.com/capture/");
    let shown = of("2.2.6");
    assert_eq!(shown["headers"]["host"], "us-east1-netdata-analytics-bi.cloudfunctions.net");
    assert_eq!(shown["body"].get("api_key"), None);
    let none = agent.run(&["show", "--event", "START", "--daemon-version", "2.6.0"]);
    assert!(none.code == Some(2) && none.err.contains("this daemon calls no script for START"), "{none:?}");
    // A complete call that does not say its version goes nowhere, as with the sender.
    let call = agent.recorded_call("START", "-", "-");
    let text = fs::read_to_string(&call).unwrap().replace("NETDATA_VERSION", "ANOTHER");
    fs::write(&call, text).unwrap();
    let none = agent.run(&["show", "--call", call.to_str().unwrap()]);
    assert!(none.code == Some(2) && none.err.contains("does not say which version"), "{none:?}");
    // Which events there are depends on it, too.
    let fatal = |version: &str| agent.run(&["show", "--event", "FATAL", "--daemon-version", version]).out;
    let nobody = "calls no script for FATAL";
    assert!(fatal("2.5.4").contains(nobody) && !fatal("2.2.6").contains(nobody));
}

#[test]
fn a_configuration_of_another_account_tells_nothing_about_the_daemon() {
    let agent = Agent::new();
    agent.install_sender();
    let path = agent.path("etc/anonymous-statistics.toml");
    fs::write(&path, "history = 0\n").unwrap();
    // Only root can give a file away, and only root can read a file without permissions.
    let other = fs::metadata(&path).unwrap().uid() + 1;
    if std::os::unix::fs::chown(&path, Some(other), None).is_err() {
        fs::set_permissions(&path, fs::Permissions::from_mode(0o000)).unwrap();
    }
    let status = json(&agent.run(&["status", "--json"]));
    if core(&agent, "START", None).consent.in_the_way().next().is_none() {
        assert_eq!(
            (&status["channels"][0]["name"], &status["channels"][0]["state"]),
            (&"events".into(), &"unknown".into())
        );
    }
    assert_eq!(agent.run(&["show"]).code, Some(2));
}

#[test]
fn status_tells_the_whole_trace() {
    let agent = Agent::new();
    let call = agent
        .command(&["status"])
        .env("DO_NOT_TRACK", "0")
        .env("https_proxy", "http://joe:secret@proxy:1")
        .output()
        .unwrap();
    let ran = Ran::from(&call);
    assert_eq!(ran.code, Some(0));
    for part in [
        "[x] OFF",
        "This project's sender: opted out",
        OPT_OUT,
        "DISABLE_TELEMETRY",
        "which opts out too: Netdata has always read any value so",
        "unset DO_NOT_TRACK",
        "http://***@proxy:1 (https_proxy)",
        "v2.6",
    ] {
        assert!(ran.out.contains(part), "{part}:\n{}", ran.out);
    }
    assert!(!ran.out.contains("secret"));
    let status = json(&agent.run(&["status", "--json"]));
    let expected = core(&agent, "START", None);
    assert_eq!(status["state"], expected.verdict().name());
    assert_eq!(status["trace"].as_array().unwrap().len(), expected.consent.steps.len());
    assert_eq!(status["trace"][0]["source"], agent.path("etc").join(OPT_OUT).to_str().unwrap());
}

#[test]
fn what_cannot_be_looked_at_is_not_called_opted_out() {
    let agent = Agent::new();
    symlink("loop", agent.path("loop")).unwrap();
    let looped = agent.path("loop/netdata");
    let ran = agent.run(&["status", "--json", "--config-dir", looped.to_str().unwrap()]);
    let status = json(&ran);
    assert_eq!(status["trace"][0]["verdict"], "cannot tell");
    if core(&agent, "START", None).consent.in_the_way().next().is_none() {
        assert_eq!((&status["state"], &status["decision"]), (&"cannot-tell".into(), &"unknown".into()));
    }
}

#[test]
fn opting_out_creates_one_file_and_deletes_what_waits() {
    let agent = Agent::new();
    let call = agent.recorded_call("START", "-", "-");
    let before = core(&agent, "START", Some(&call)).assembly.unwrap();
    let outbox = Outbox::open(&agent.path("lib"), Role::Sender).unwrap();
    outbox.keep(&before.stamp, &Entry::new(&before.request)).unwrap();
    let mut tree = agent.tree();

    let dry = agent.run(&["opt-out", "--dry-run"]);
    assert!(dry.code == Some(0) && dry.out.contains(OPT_OUT) && dry.out.contains("Nothing was done"), "{dry:?}");
    assert_eq!(agent.tree(), tree, "a dry run does nothing");

    let ran = agent.run(&["opt-out"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    for part in ["Created ", "Deleted 1 event", "Restart netdata to stop the dashboard's events too", "[x] OFF"] {
        assert!(ran.out.contains(part), "{part}: {}", ran.out);
    }
    assert_eq!(outbox.names(State::Waiting).unwrap(), []);
    tree.retain(|path, _| {
        !path.starts_with(agent.path("lib/anonymous-statistics/waiting")) || path.ends_with("waiting")
    });
    tree.insert(agent.path("etc").join(OPT_OUT), Some(Vec::new()));
    assert_eq!(agent.tree(), tree);
    let mode = fs::metadata(agent.path("etc").join(OPT_OUT)).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o644, "the daemon must be able to see it");

    let again = agent.run(&["opt-out"]);
    assert!(again.code == Some(0) && again.out.contains("already existed"), "{again:?}");
    assert_eq!(agent.tree(), tree);

    outbox.keep(&before.stamp, &Entry::new(&before.request)).unwrap();
    let refused = agent.run(&["opt-in"]);
    assert_eq!(refused.code, Some(2), "without a terminal and --yes it does nothing");
    let ran = agent.run(&["opt-in", "--yes"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert!(ran.out.contains("Deleted 1 waiting event") && ran.out.contains("Removed "), "{}", ran.out);
    tree.remove(&agent.path("etc").join(OPT_OUT));
    assert_eq!(agent.tree(), tree);
    for step in core(&agent, "START", None).consent.in_the_way() {
        assert!(ran.out.contains(&format!("Still in the way: {}", step.source)), "{}", ran.out);
    }
}

#[test]
fn opting_in_lists_what_still_opts_out() {
    let agent = Agent::new();
    fs::write(agent.path("etc").join(OPT_OUT), "").unwrap();
    let ran = Ran::from(&agent.command(&["opt-in", "--yes"]).env("DISABLE_TELEMETRY", "1").output().unwrap());
    assert!(ran.out.contains("Still in the way: DISABLE_TELEMETRY set to \"1\""), "{}", ran.out);
    assert!(ran.out.contains("[x] OFF"), "{}", ran.out);
}

#[test]
fn what_cannot_be_created_exits_77_with_the_command() {
    let agent = Agent::new();
    fs::write(agent.path("file"), "").unwrap();
    let below = agent.path("file/net data");
    let tree = agent.tree();
    for directory in [below.to_str().unwrap(), "/nonexistent/netdata"] {
        let ran = agent.run(&["opt-out", "--config-dir", directory]);
        assert_eq!((ran.code, ran.out.as_str()), (Some(77), ""), "{ran:?}");
        assert!(ran.err.contains(&format!("cannot create {directory}/{OPT_OUT}")), "{}", ran.err);
        // Root is not advised to become root.
        let sudo = if is_root() { "" } else { "sudo " };
        assert_eq!(ran.err.contains("sudo ") && ran.err.contains(" opt-out --config-dir "), !is_root(), "{}", ran.err);
        let file = quoted(format!("{directory}/{OPT_OUT}"));
        assert!(ran.err.contains(&format!(" && {sudo}touch {file}")), "{}", ran.err);
    }
    assert_eq!(agent.tree(), tree);
}

#[test]
fn opting_in_needs_the_right_to_delete_what_waits() {
    let agent = Agent::new();
    fs::write(agent.path("etc").join(OPT_OUT), "").unwrap();
    // A folder with an event's name cannot be deleted like a file, not even by root.
    fs::create_dir_all(agent.path("lib/anonymous-statistics/sent")).unwrap();
    fs::create_dir_all(agent.path("lib/anonymous-statistics/waiting").join(format!("1-{GUID}"))).unwrap();
    let ran = agent.run(&["opt-in", "--yes"]);
    assert_eq!(ran.code, Some(77), "{ran:?}");
    assert!(ran.err.contains("nothing was changed"), "{}", ran.err);
    assert!(agent.path("etc").join(OPT_OUT).exists());
}

#[test]
fn looking_changes_nothing() {
    let agent = Agent::new();
    let call = agent.recorded_call("START", "-", "-");
    let tree = agent.tree();
    let call = call.to_str().unwrap();
    for arguments in [
        &["show"][..],
        &["show", "--raw", "--call", call],
        &["show", "--json", "--event", "FATAL"],
        &["status"],
        &["status", "--json"],
        &["opt-out", "--dry-run"],
        &["schema"],
        &["schema", "--format", "json"],
        &["explain", "--all"],
        &["--help"],
        &["--version"],
        &[],
    ] {
        let ran = agent.run(arguments);
        assert!(ran.code == Some(0) && !ran.out.is_empty(), "{arguments:?}: {ran:?}");
        assert_eq!(agent.tree(), tree, "{arguments:?}");
    }
}

/// The first character that no terminal may get, except for line ends.
pub(crate) fn unprintable(text: &str) -> Option<char> {
    text.chars().find(|c| !matches!(c, '\n' | '\r') && system_facts::internal::is_unprintable(*c))
}

/// One character of each kind that a terminal obeys or does not draw, with plain text around them.
pub(crate) const HOSTILE: &str =
    "a\u{1b}]0;x\u{7}\u{9b}2J\u{7f}b\u{202e}\u{61c}\u{2066}c\u{200b}\u{ad}\u{2060}\u{feff}\u{fe0f}d\u{2028}\u{e0041}z";

#[test]
fn hostile_values_are_escaped_everywhere() {
    let hostile = HOSTILE;
    let agent = Agent::new();
    let environment = [
        ("DO_NOT_TRACK", hostile),
        ("https_proxy", hostile),
        ("SSL_CERT_FILE", hostile),
        ("NETDATA_PLUGINS_DIR", &format!("/{hostile}")),
        ("NETDATA_LIB_DIR", &format!("/{hostile}")),
    ];
    for arguments in EVERY_VERB {
        let ran = Ran::from(&agent.command(arguments).envs(environment).output().unwrap());
        for text in [&ran.out, &ran.err] {
            assert_eq!(unprintable(text), None, "{arguments:?}: {text:?}");
        }
    }
}

#[test]
fn a_body_holds_no_control_characters() {
    let agent = Agent::new();
    let path = agent.recorded_call("FATAL", "netdata:a\u{7f}b\u{9b}", "0266@../daemon/:\u{1b}[31m/4");
    let mut call: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    for argument in call["argv"].as_array_mut().unwrap().iter_mut().skip(3) {
        if let Some(text) = argument.as_str().filter(|text| text.starts_with('"')) {
            *argument = text.replacen('"', &format!("\"{HOSTILE}"), 1).into();
        }
    }
    call["env"]["NETDATA_VERSION"] = "v1\u{9b}".into();
    let config = agent.path("etc/anonymous-statistics.toml");
    fs::write(&config, "url = 'http://127.0.0.1:9/'\n").unwrap();
    fs::set_permissions(&config, fs::Permissions::from_mode(0o644)).unwrap();
    fs::write(&path, call.to_string()).unwrap();
    let ran = agent.run(&["show", "--raw", "--call", path.to_str().unwrap()]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert_eq!(unprintable(&ran.out), None, "{:?}", ran.out);
    assert!(ran.out.contains("\"dropped_fields\":[") && ran.out.contains("netdata_version"), "{}", ran.out);
}

#[test]
fn every_verb_is_among_those_that_are_tested() {
    let help = Agent::new().run(&["--help"]).out;
    let commands = help.lines().skip_while(|line| !line.starts_with("Commands:")).skip(1);
    let verbs: Vec<&str> = commands.map_while(|line| line.strip_prefix("  ")?.split_whitespace().next()).collect();
    assert!(verbs.len() >= 10, "{help}");
    for verb in verbs {
        assert!(EVERY_VERB.iter().any(|arguments| arguments[0] == verb), "{verb}");
    }
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    for arguments in EVERY_VERB {
        let whole = Agent::new().run(arguments);
        let agent = Agent::new();
        let mut child = agent.command(arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        drop(child.stdout.take());
        let ran = Ran::from(&child.wait_with_output().unwrap());
        assert_eq!(ran.code, whole.code, "{arguments:?}: {ran:?}");
        assert_eq!(ran.err.lines().count(), whole.err.lines().count(), "{arguments:?}: {ran:?}");
    }
    let agent = Agent::new();
    let Ok(full) = fs::OpenOptions::new().write(true).open("/dev/full") else {
        testkit::skip(testkit::this_test!(), "the part about a full disk needs /dev/full");
        return;
    };
    let ran = Ran::from(&agent.command(&["schema"]).stdout(full).output().unwrap());
    assert!(ran.code == Some(1) && ran.err.contains("cannot write"), "{ran:?}");
}

#[test]
fn the_schema_lists_every_field_once() {
    let agent = Agent::new();
    let markdown = agent.run(&["schema", "--format", "md"]).out;
    let schema = json(&agent.run(&["schema", "--format", "json"]));
    for field in FIELDS {
        let rows = markdown.lines().filter(|line| line.starts_with(&format!("| `{}` |", field.name)));
        let rows: Vec<&str> = rows.collect();
        assert_eq!(rows.len(), 1, "{}", field.name);
        let yes = |is| if is { "Y" } else { "-" };
        let end = format!("| {} | {} |", yes(field.documented), yes(needed(field).is_none()));
        assert!(rows[0].ends_with(&end), "{}", rows[0]);
        assert_eq!(rows[0].replace("\\|", "").matches('|').count(), 8, "{}", rows[0]);
        let listed = schema["fields"].as_array().unwrap();
        assert_eq!(listed.iter().filter(|row| row["name"] == field.name).count(), 1);
    }
    assert_eq!(schema["events"].as_array().unwrap().len(), ACTIONS.len());
    // A person's own event stands beside the daemon's.
    assert_eq!(schema["test_event"]["name"], TEST.name);
    assert!(!markdown.contains("| `TEST` |") && markdown.contains("None of the daemon's is `TEST`: "), "{markdown}");
}

#[test]
fn the_help_names_every_exit_status() {
    let agent = Agent::new();
    let help = agent.run(&["--help"]).out;
    for line in ["  0   ", "  1   ", "  2   ", "  3   ", "  77  "] {
        assert!(help.contains(line), "{help}");
    }
    assert_eq!(help.lines().find(|line| line.len() > 100), None);
}
