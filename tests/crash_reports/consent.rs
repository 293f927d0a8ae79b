//! Whether real daemons posted, and what this library says of the channel.

use std::ffi::{OsStr, OsString};
use std::fs;

use anonymous_statistics::agent::folders::{DirOverrides, Folders};
use anonymous_statistics::agent::installed_sender::Script;
use anonymous_statistics::agent::own_opt_out::{Access, OwnOptOut};
use anonymous_statistics::agent::process::{DaemonEnv, Daemons, EnvSource};
use anonymous_statistics::agent::version::Version;
use anonymous_statistics::channels::crash_reports::{Kept, StatusFile, ThisMachine, dedup, judgement};
use anonymous_statistics::channels::{Files, Judgement, Seen, State};
use anonymous_statistics::clock::UnixMillis;
use anonymous_statistics::consent::Consent;
use system_facts::LiveHost;
use testkit::{skip, this_test};

use crate::recording::Recording;

/// The channel before the recorded start.
fn judge(recording: &Recording) -> Judgement {
    let json = &recording.json;
    let text = |key: &str| json[key].as_str().unwrap_or_default();
    let root = tempfile::tempdir().unwrap();
    let [config, library] = ["etc", "lib"].map(|name| root.path().join(name));
    fs::create_dir_all(&config).unwrap();
    fs::create_dir_all(&library).unwrap();
    fs::write(config.join("netdata.conf"), text("netdata_conf")).unwrap();
    // The content of the file of `-c` is known by the name of the recording.
    let other = root.path().join("c.conf");
    fs::write(&other, if recording.id.contains("c-file-off") { "[global]\ncrash reports = off\n" } else { "" })
        .unwrap();
    let arguments = json["arguments"].as_array().into_iter().flatten().map(|word| match word.as_str().unwrap() {
        "/mnt/c.conf" => other.clone().into_os_string(),
        word => OsString::from(word),
    });
    let command: Vec<OsString> = std::iter::once("netdata".into()).chain(arguments).collect();
    let named = DirOverrides::by_options(Some(&config), Some(&library)).and_command(&command);
    let folders = Folders::find(&[named], std::path::Path::is_dir);

    let (starter, access) = match text("opt_out") {
        _ if json["config_dir_optout"] == true => (0, Access::Everybody),
        "file" | "link to file" | "directory" => (0, Access::Everybody),
        "unreadable" => (0, Access::Some { owner: None, by_group: false }),
        "none" | "dangling link" | "in another folder" => (0, Access::Missing),
        other => panic!("{other}"),
    };
    let starter = if text("daemon_user") == "root" { starter } else { 201 };
    let version = Version::new(&recording.daemon, "the recording");
    let newest = recording.newest();
    let kept = Kept {
        status: match newest {
            Some(bytes) if bytes.is_empty() => StatusFile::Unreadable(library.clone()),
            Some(bytes) => StatusFile::Read(library.clone(), bytes),
            None => StatusFile::None,
        },
        posted: recording.dedup.as_deref().map(dedup::read).unwrap_or_default(),
        boot_id: Some(recording.boot_id),
        machine: ThisMachine::default(),
        ..Kept::default()
    };
    let now = UnixMillis(recording.now.unwrap_or_default() / 1000);
    let mut files = Files::look(&folders, &LiveHost::new(), &kept, version.as_ref(), now);
    files.opt_out = Some(OwnOptOut { path: config.join(".opt-out-from-anonymous-statistics"), access, changed: None });
    files.claimed = Ok(json["claimed"] == true);
    let set = ["environment", "other_environment"].map(|key| json[key].as_object().cloned().unwrap_or_default());
    let variables: Vec<(String, String)> =
        set.into_iter().flatten().filter_map(|(name, value)| Some((name, value.as_str()?.to_owned()))).collect();
    let variable =
        |name: &str| variables.iter().find(|(set, _)| set == name).map(|(_, value)| OsStr::new(value.as_str()));
    judgement(&Seen {
        folders: &folders,
        consent: &Consent { steps: Vec::new() },
        daemons: &Daemons::default(),
        surroundings: &DaemonEnv::new(EnvSource::Asker, variable),
        version: version.as_ref(),
        files: &files,
        script: &Script::look(None),
        starter: Some(starter),
        runner: Some(201),
    })
}

/// A part of the reason for each recorded silence, by the recording's name and circumstances.
fn reason(recording: &Recording) -> &'static str {
    let json = &recording.json;
    if recording.id.contains("-c-file-off") || recording.id.contains("where--Wset-off") {
        "turns them off"
    } else if json["other_environment"].as_object().is_some_and(|set| !set.is_empty()) {
        "CI is set"
    } else if recording.group == "dedup" {
        "within 23 hours"
    } else {
        ""
    }
}

fn check(recordings: &[Recording], all: bool) {
    let (mut wrong, mut unexplained) = (Vec::new(), Vec::new());
    let mut silent = 0;
    let decided = recordings.iter().filter(|recording| recording.json["interrupted"] != true);
    for recording in decided {
        let posted = recording.json["posted"] == true;
        let found = judge(recording);
        let line = format!("{}: posted {posted}, said {:?}: {}", recording.id, found.state, found.why);
        if posted {
            if found.state != State::On {
                wrong.push(line);
            }
        } else {
            silent += 1;
            if !matches!(found.state, State::Off | State::OnLater) || !found.why.contains(reason(recording)) {
                unexplained.push(line);
            }
        }
    }
    assert!(wrong.is_empty(), "{} wrong\n{}", wrong.len(), wrong.join("\n"));
    // A server that resets the connection is no decision.
    unexplained.retain(|line| !(all && line.contains("srv-reset")));
    assert!(unexplained.is_empty(), "{} of {silent}\n{}", unexplained.len(), unexplained.join("\n"));
    assert!(silent > 0);
}

#[test]
fn where_a_daemon_posted_the_channel_is_on_and_its_silence_has_a_reason() {
    check(&Recording::all(include_str!("consent.jsonl")), false);
}

#[test]
fn every_recorded_decision() {
    let Some(path) = std::env::var_os("CRASH_REPORT_PAIRS") else {
        return skip(this_test!(), "CRASH_REPORT_PAIRS does not name the file with all recordings");
    };
    check(&Recording::all(&fs::read_to_string(path).unwrap()), true);
}
