//! Where Netdata's own script is the sender: `show` shows what that would send.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anonymous_statistics::agent::MARK;
use anonymous_statistics::agent::installed_sender::SCRIPT;
use testkit::{opted_out_here, skip, this_test};

use crate::common::{Agent, GUID, OPT_OUT, json};

/// A script of our own with constructs of Netdata's.
fn script() -> String {
    format!(
        r#"#!/bin/sh
ACTION="${{1}}"
ACTION_RESULT="${{2}}"
if [ -f "/etc/netdata/{OPT_OUT}" ]; then
  exit 0
fi
NETDATA_MODE="${{5}}"
REQ_BODY="$(cat << EOF
{{
  "event": "${{ACTION}} ${{ACTION_RESULT}}",
  "properties": {{
    "distinct_id": "${{NETDATA_REGISTRY_UNIQUE_ID}}",
    "os": "${{NETDATA_SYSTEM_KERNEL_NAME}}",
    "mode": ${{NETDATA_MODE}}
  }}
}}
EOF
)"
if [ -n "$(command -v curl)" ]; then
  curl -X POST --header "Content-Type: application/json" -d "${{REQ_BODY}}" https://t.example.org/x
else
  wget -q --method POST --header 'Content-Type: application/json' --body-data "${{REQ_BODY}}" https://t.example.org/x
fi
"#
    )
}

fn install(agent: &Agent, text: &str) {
    fs::write(agent.path("plugins").join(SCRIPT), text).unwrap();
}

#[test]
fn netdatas_own_script_is_shown_where_it_is_the_sender() {
    let agent = Agent::new();
    install(&agent, &script());
    fs::create_dir(agent.path("lib/registry")).unwrap();
    fs::write(agent.path("lib/registry/netdata.public.unique.id"), GUID).unwrap();
    let ran = agent.run(&["show", "--long"]);
    if !opted_out_here(this_test!()) {
        assert!(ran.out.starts_with("[+] SENDS: events, dashboard\n"), "{}", ran.out);
    }
    for part in [
        "POST https://t.example.org/x\nContent-Type: application/json\n",
        &format!(
            "  distinct_id = \"{GUID}\"  (identifier)\n      from: the daemon's variable NETDATA_REGISTRY_UNIQUE_ID\n"
        ),
        "  os = \"",
        "\"  (likely)\n",
        "  event = set by the daemon\n      from: the daemon's argument 1 and the daemon's argument 2\n",
        "  mode = set by the daemon\n      from: the daemon's argument 5\n",
        "\nNothing was sent.\n",
    ] {
        assert!(ran.out.contains(part), "{part}\n{}", ran.out);
    }
    assert!(!ran.out.contains("posthog.netdata.cloud"), "{}", ran.out);
    let shown = json(&agent.run(&["show", "--json"]));
    assert_eq!(
        (&shown["sender"], &shown["destination"]),
        (&"netdatas-script".into(), &"https://t.example.org/x".into())
    );
    assert_eq!((&shown["exact"], &shown["understood"]), (&false.into(), &true.into()));
    let raw = agent.run(&["show", "--raw"]);
    let body: serde_json::Value = serde_json::from_slice(&raw.bytes).unwrap();
    assert_eq!(body["properties"], serde_json::json!({ "distinct_id": GUID, "os": null, "mode": null }));
    assert!(raw.err.contains("properties.mode") && raw.err.contains("curl adds Host"), "{}", raw.err);
    assert_eq!(agent.run(&["show", "--strict"]).code, Some(3));

    let call = agent.recorded_call("START", "-", "-");
    let raw = agent.run(&["show", "--raw", "--strict", "--call", call.to_str().unwrap()]);
    let body: serde_json::Value = serde_json::from_slice(&raw.bytes).unwrap();
    assert_eq!((raw.code, &body["properties"]["mode"]), (Some(0), &"dbengine".into()), "{raw:?}");
    assert_eq!(body["properties"]["os"], "", "what a complete call does not set is empty in a shell");
    let own = agent.run(&["show", "--sender", "this"]);
    assert!(own.out.contains("Destination  https://posthog.netdata.cloud/capture/"), "{}", own.out);
    // A daemon that calls no script does not send this.
    assert!(!agent.run(&["show", "--daemon-version", "2.9.0"]).out.contains("t.example.org"));
    assert!(agent.run(&["show", "--daemon-version", "2.9.0", "--sender", "installed"]).out.contains("t.example.org"));
}

/// What this machine answers stays, and nobody takes the bytes with examples for its own.
#[test]
fn examples_fill_only_what_is_unknown_here() {
    let agent = Agent::new();
    let listed = script().replace("NETDATA_MODE=", "NETDATA_LIST=\"${12}\"\nNETDATA_MODE=");
    install(&agent, &listed.replace("    \"mode\"", "    \"list\": [\n      ${NETDATA_LIST}\n    ],\n    \"mode\""));
    let mut events = ["START", "FATAL"].map(|event| {
        let own = agent.run(&["show", "--event", event]).out;
        let with = agent.run(&["show", "--event", event, "--example"]).out;
        let os = own.lines().find(|line| line.starts_with("  os = \"")).unwrap();
        assert!(os.ends_with("(likely)") && with.contains(os), "{with}");
        assert!(with.contains("  mode = \"dbengine\"  (example)\n") && !with.contains("set by the daemon"), "{with}");
        assert!(with.contains(" = [{\"plugin\":\"apps.plugin\",\"module\":\"\"},"), "one line: {with}");
        with.lines().find(|line| line.starts_with("  event = ")).unwrap().to_owned()
    });
    events.sort_unstable();
    assert!(
        events[0].starts_with("  event = \"FATAL ") && events[1] == "  event = \"START -\"  (example)",
        "{events:?}"
    );
    let shown = json(&agent.run(&["show", "--example", "--json"]));
    let mode = shown["fields"].as_array().unwrap().iter().find(|field| field["name"] == "properties.mode").unwrap();
    assert_eq!((&mode["known"], &shown["body"]), (&"example".into(), &serde_json::Value::Null));
}

#[test]
fn compared_is_what_the_script_sends() {
    let agent = Agent::new();
    install(&agent, &script());
    let fields = |answer: &serde_json::Value| -> Vec<String> {
        answer["fields"].as_array().unwrap().iter().map(|row| row["name"].as_str().unwrap().to_owned()).collect()
    };
    let events = json(&agent.run(&["diff", "--events", "START", "FATAL", "--json"]));
    assert_eq!(fields(&events), ["event", "distinct_id", "mode", "os"], "no fatal_line, no action");
    let os = events["fields"][3]["left"]["note"].as_str().unwrap();
    assert!(os.ends_with("\", likely") && events["fields"][3]["verdict"] == "cannot tell", "{events}");
    let call = agent.recorded_call("START", "-", "-");
    let kept = agent.run(&["show", "--sender", "this", "--raw", "--call", call.to_str().unwrap()]).out;
    agent.keep(1_767_248_700_000, &kept);
    let since = agent.run(&["diff", "--since-last"]);
    assert!(since.out.contains(" beside START now, by Netdata's own script: "), "{since:?}");
    assert!(
        since.out.contains("\n$host\n") && since.out.contains("  START now, by Netdata's own script  not sent\n"),
        "{since:?}"
    );
    let other = script().replace("NETDATA_MODE=\"${5}\"", "NETDATA_MODE=\"$(nc x)\"");
    install(&agent, &other);
    for line in [&["diff", "--events", "START", "FATAL"][..], &["diff", "--since-last"]] {
        let none = agent.run(line);
        assert!(none.code == Some(2) && none.err.contains("Netdata's own script is not understood"), "{none:?}");
    }
}

#[test]
fn a_script_that_is_not_understood_is_shown_as_text() {
    let agent = Agent::new();
    install(&agent, &script().replace("NETDATA_MODE=\"${5}\"", "NETDATA_MODE=\"$(nc x)\"\n# \u{202e}"));
    let ran = agent.run(&["show"]);
    assert!(ran.out.contains("NOT UNDERSTOOD: line 7 is none of Netdata's"), "{}", ran.out);
    assert!(ran.out.contains("  NETDATA_MODE=\"$(nc x)\"\n  # \\u{202e}\n"), "{}", ran.out);
    let shown = json(&agent.run(&["show", "--json"]));
    assert_eq!((&shown["understood"], &shown["body"]), (&false.into(), &serde_json::Value::Null));
    let raw = agent.run(&["show", "--raw"]);
    assert!(raw.code == Some(2) && raw.out.is_empty() && raw.err.contains("is not understood"), "{raw:?}");
}

#[test]
fn the_installed_program_is_shown_if_it_is_known() {
    let agent = Agent::new();
    let installed = || agent.run(&["show", "--sender", "installed"]);
    assert!(installed().code == Some(2) && installed().err.contains("nobody"), "{:?}", installed());
    install(&agent, "#!/bin/sh\ncurl\n");
    assert!(installed().code == Some(2) && installed().err.contains("another program"), "{:?}", installed());
    install(&agent, &format!("\u{7f}ELF {}9.8.7{}", MARK.0, MARK.1));
    assert!(installed().out.contains("Destination  https://posthog.netdata.cloud/capture/"), "{:?}", installed());
}

/// Debian's agent, whose script runs here with a curl that only writes down its arguments.
#[test]
fn the_real_script_posts_what_is_shown() {
    let plugins = ["/usr/lib/netdata/plugins.d", "/usr/libexec/netdata/plugins.d"].map(PathBuf::from);
    let is_netdatas = |folder: &&PathBuf| {
        fs::read_to_string(folder.join(SCRIPT)).is_ok_and(|text| text.starts_with("#!") && text.contains(OPT_OUT))
    };
    let Some(plugins) = plugins.iter().find(is_netdatas) else {
        return skip(this_test!(), "Netdata's own script is not installed");
    };
    if opted_out_here(this_test!()) {
        return;
    }
    let agent = Agent::new();
    let (bin, said) = (agent.path("bin"), agent.path("said"));
    fs::create_dir(&bin).unwrap();
    let curl = "#!/bin/sh\nprintf '%s\\0' \"$@\" > \"$SAID\"\n";
    fs::write(bin.join("curl"), curl).unwrap();
    testkit::set_mode(&bin.join("curl"), 0o755);
    for (action, result, data) in
        [("START", "-", "-"), ("EXIT", "OK", "-"), ("FATAL", "netdata:netdata", "0266@../daemon/:signals_handle /4")]
    {
        let file = agent.recorded_call(action, result, data);
        let mut call: serde_json::Value = serde_json::from_slice(&fs::read(&file).unwrap()).unwrap();
        call["env"]["NETDATA_HOST_OS_NAME"] = "Debian \"GNU\"".into();
        call["env"]["NETDATA_SYSTEM_TOTAL_RAM"] = "1 $(id) \\ 2".into();
        fs::write(&file, call.to_string()).unwrap();
        let arguments = call["argv"].as_array().unwrap().iter().map(|argument| argument.as_str().unwrap());
        let environment = call["env"].as_object().unwrap().iter().map(|(name, value)| (name, value.as_str().unwrap()));
        let mut command = Command::new(plugins.join(SCRIPT));
        command.args(arguments).env_clear().envs(environment).env("SAID", &said).stdin(Stdio::null());
        command.env("PATH", format!("{}:/usr/bin:/bin", bin.display()));
        assert!(command.status().unwrap().success());
        let posted = arguments_of(&said);

        let folder = plugins.to_str().unwrap();
        let show = |form: &str| agent.run(&["show", form, "--plugins-dir", folder, "--call", file.to_str().unwrap()]);
        let raw = show("--raw");
        let body = posted[posted.iter().position(|word| word == b"-d").unwrap() + 1].clone();
        assert_eq!(String::from_utf8_lossy(&raw.bytes), String::from_utf8_lossy(&body), "{action}");
        let shown = json(&show("--json"));
        assert_eq!(shown["destination"].as_str().unwrap().as_bytes(), posted.last().unwrap());
        let header = posted[posted.iter().position(|word| word == b"--header").unwrap() + 1].clone();
        assert_eq!(shown["headers"], serde_json::json!([String::from_utf8(header).unwrap()]));
        assert_eq!(shown["exact"], true, "{action}");
    }
}

fn arguments_of(file: &Path) -> Vec<Vec<u8>> {
    let bytes = fs::read(file).unwrap();
    bytes.strip_suffix(b"\0").unwrap().split(|byte| *byte == 0).map(<[u8]>::to_vec).collect()
}
