use super::*;
use crate::call::Provenance;

const GUID: &str = "5c1d2a34-0b7e-4f6a-9d21-7a3e9b8c4d10";

/// A script of our own with each construct of Netdata's.
const SCRIPT: &str = r#"#!/bin/sh
# a remark
ACTION="${1}"
ACTION_RESULT="${2}"
ACTION_DATA="${3}"
ACTION_DATA=$(echo "${ACTION_DATA}" | tr '"' "'")

if [ -f "/etc/netdata/.opt-out-from-anonymous-statistics" ] ||
  [ ! "${DO_NOT_TRACK:-0}" -eq 0 ] || [ -n "$DO_NOT_TRACK" ]; then
  exit 0
fi

NETDATA_VERSION=$(echo "${NETDATA_VERSION}" | sed 's/-.*//g' | tr -d 'v')
NETDATA_MODE="${5}"
NETDATA_LIST="${12}"
[ -z "$NETDATA_REGISTRY_UNIQUE_ID" ] && NETDATA_REGISTRY_UNIQUE_ID="none"

KERNEL_NAME="$(uname -s)"
MD5_PATH="$(which md5sum)"
if [ "${KERNEL_NAME}" = Darwin ] && command -v ioreg >/dev/null 2>&1; then
  SYSTEM_DISTINCT_ID="macos-$(ioreg | awk '/IOPlatformUUID/ { printf("%s\n", line[4]); }')"
elif [ -f /etc/machine-id ] && [ -n "$MD5_PATH" ]; then
  SYSTEM_DISTINCT_ID="machine-$($MD5_PATH < /etc/machine-id | cut -f1 -d" ")"
else
  SYSTEM_DISTINCT_ID="null"
fi

REQ_BODY="$(cat << EOF
{
  "event": "${ACTION} ${ACTION_RESULT}",
  "properties": {
    "\$host": "a.b",
    "data": "${ACTION_DATA}",
    "version": "${NETDATA_VERSION}", "guid": "${NETDATA_REGISTRY_UNIQUE_ID}",
    "machine": "${SYSTEM_DISTINCT_ID}",
    "os": "${NETDATA_HOST_OS_NAME}",
    "list":[
       ${NETDATA_LIST}
    ],
    "mode": ${NETDATA_MODE}
  }
}
EOF
)"

if [ -n "$(command -v curl 2> /dev/null)" ]; then
  curl --silent -o /dev/null --write-out '%{http_code}' -X POST --max-time 2 --header "Content-Type: a/b" -d "${REQ_BODY}" https://t.example.org/x
else
  wget -q -O - --no-check-certificate \
  --method POST --timeout=1 \
  --header 'Content-Type: a/b' \
  --body-data "${REQ_BODY}" \
   'https://t.example.org/x' 2>&1 | awk '/HTTP/{print $2}'
fi
"#;

fn call(arguments: &[&str], environment: &[(&str, &str)]) -> Invocation {
    let environment = environment.iter().map(|(name, value)| ((*name).into(), (*value).into()));
    Invocation::complete(arguments.iter().map(Into::into), environment, &Provenance::Daemon)
}

fn nothing(_name: &str) -> Option<String> {
    None
}

fn row<'a>(filled: &'a Filled, path: &str) -> &'a Row {
    filled.rows.iter().find(|row| row.path == path).unwrap()
}

#[test]
fn a_script_of_known_constructs_is_understood() {
    let script = NetdatasScript::read(SCRIPT).unwrap();
    assert_eq!((script.url.as_str(), script.wget_trusts_everyone), ("https://t.example.org/x", true));
    assert_eq!(script.headers, ["Content-Type: a/b"]);
    let mut arguments = vec!["null"; 42];
    arguments[..3].copy_from_slice(&["FATAL", "a:b", r#"say "x""#]);
    (arguments[4], arguments[11]) = ("\"ram\"", r#"{ "plugin": "a" },{ "plugin": "b" }"#);
    let environment = [("NETDATA_VERSION", "v1.37.1-4-x"), ("NETDATA_HOST_OS_NAME", "Debian")];
    let filled = script.fill(&call(&arguments, &environment), nothing);
    for (path, value, from) in [
        ("event", "\"FATAL a:b\"", "the daemon's argument 1 and the daemon's argument 2"),
        ("properties.$host", "\"a.b\"", "always the same"),
        ("properties.data", "\"say 'x'\"", "the daemon's argument 3, changed by the script"),
        ("properties.version", "\"1.37.1\"", "the daemon's variable NETDATA_VERSION, changed by the script"),
        (
            "properties.guid",
            "\"none\"",
            "the daemon's variable NETDATA_REGISTRY_UNIQUE_ID, or none where that is empty",
        ),
        ("properties.os", "\"Debian\"", "the daemon's variable NETDATA_HOST_OS_NAME"),
        ("properties.mode", "\"ram\"", "the daemon's argument 5"),
    ] {
        let row = row(&filled, path);
        assert_eq!((&row.value, row.from.as_str()), (&Value::Known(value.to_owned()), from), "{path}");
    }
    assert_eq!(row(&filled, "properties.machine").value, Value::Made);
    assert!(row(&filled, "properties.machine").from.contains("/etc/machine-id"));
    let body: serde_json::Value = serde_json::from_slice(&filled.bytes).unwrap();
    assert_eq!(
        (&body["properties"]["list"][1]["plugin"], &body["properties"]["machine"]),
        (&"b".into(), &serde_json::Value::Null)
    );
    assert!(!filled.is_exact() && filled.bytes.starts_with(b"{\n") && filled.bytes.ends_with(b"}"));
}

#[test]
fn what_only_the_daemon_knows_is_null_and_what_this_program_finds_is_likely() {
    let script = NetdatasScript::read(SCRIPT).unwrap();
    let mut expected = Invocation::expected("START");
    expected.know_variable("NETDATA_REGISTRY_UNIQUE_ID", GUID, Provenance::Daemon);
    let filled = script.fill(&expected, |name| (name == "NETDATA_HOST_OS_NAME").then(|| "Debian".to_owned()));
    assert_eq!(row(&filled, "event").value, Value::Daemons);
    assert_eq!(row(&filled, "properties.guid").value, Value::Known(format!("\"{GUID}\"")));
    assert_eq!(row(&filled, "properties.os").value, Value::Likely("\"Debian\"".to_owned()));
    let body: serde_json::Value = serde_json::from_slice(&filled.bytes).unwrap();
    for name in ["data", "version", "os", "list", "mode"] {
        assert_eq!(body["properties"].get(name), Some(&serde_json::Value::Null), "{name}");
    }
}

/// The examples of an event say that its daemon sets nothing else, which is no knowledge about this machine.
#[test]
fn examples_stand_only_where_nothing_is_known_and_are_told_apart() {
    let script = NetdatasScript::read(SCRIPT).unwrap();
    for provenance in [Provenance::Example, Provenance::LastEvent(crate::clock::UnixMillis(0))] {
        let mut expected = Invocation::expected("START");
        expected.know_variable("NETDATA_REGISTRY_UNIQUE_ID", GUID, Provenance::Daemon);
        crate::agent::next_call::fill(&mut expected, &provenance);
        let filled = script.fill(&expected, |name| (name == "NETDATA_HOST_OS_NAME").then(|| "Debian".to_owned()));
        let is_example = provenance == Provenance::Example;
        let filled_in = |text: &str| if is_example { Value::Example(text.into()) } else { Value::Likely(text.into()) };
        for (path, value) in [
            ("event", filled_in("\"START -\"")),
            ("properties.guid", Value::Known(format!("\"{GUID}\""))),
            ("properties.version", filled_in("\"1.37.1\"")),
            ("properties.os", Value::Likely("\"Debian\"".to_owned())),
            ("properties.machine", Value::Made),
            ("properties.mode", filled_in("\"dbengine\"")),
        ] {
            assert_eq!(row(&filled, path).value, value, "{path}");
        }
        let body: serde_json::Value = serde_json::from_slice(&filled.bytes).unwrap();
        let (event, os) = if is_example { ("START -".into(), "Debian".into()) } else { Default::default() };
        assert_eq!((&body["event"], &body["properties"]["os"]), (&event, &os));
        assert_eq!((filled.examples() > 0, filled.is_exact()), (is_example, false));
    }
}

/// What is not set is empty, as in a shell, even where that makes no JSON.
#[test]
fn a_short_call_makes_the_body_that_the_shell_would_make() {
    let script = NetdatasScript::read(&SCRIPT.replace("SYSTEM_DISTINCT_ID}", "NETDATA_MODE}")).unwrap();
    let filled = script.fill(&call(&["START", "-", "-"], &[]), nothing);
    let text = String::from_utf8(filled.bytes.clone()).unwrap();
    assert!(filled.is_exact() && text.contains("\"mode\": \n") && text.contains("\"version\": \"\","), "{text}");
}

#[test]
fn a_script_with_anything_else_is_not_understood() {
    for (from, to) in [
        ("ACTION=\"${1}\"", "ACTION=\"${1}\"; rm x"),
        ("ACTION=\"${1}\"", "PATH=\"/tmp\""),
        ("ACTION=\"${1}\"", "ACTION=\"`id`\""),
        ("ACTION=\"${1}\"", "ACTION=\"$(nc example.org)\""),
        ("# a remark", "curl https://example.org/"),
        ("# a remark", ". /etc/other"),
        ("$(which md5sum)", "/tmp/other"),
        ("tr '\"' \"'\"", "tee /tmp/x"),
        ("  exit 0\n", "  exit 1\n"),
        ("  exit 0\n", "  exit 0\n  curl x\n"),
        ("command -v ioreg >/dev/null 2>&1", "curl x"),
        ("command -v ioreg >/dev/null 2>&1", "command -v ioreg > /tmp/x"),
        ("\"mode\": ${NETDATA_MODE}", "\"mode\": $(id)"),
        ("\"mode\": ${NETDATA_MODE}", "\"mode\": ${NETDATA_MODE:-x}"),
        ("\"mode\": ${NETDATA_MODE}", "\"${NETDATA_MODE}\": 1"),
        ("\"mode\": ${NETDATA_MODE}", "\"mode\": x"),
        ("EOF\n)\"", "EOF\n)\" x"),
        (" -d \"${REQ_BODY}\" https", " -d \"${REQ_BODY}\" -d x https"),
        (" -d \"${REQ_BODY}\" https", " -d '${REQ_BODY}' https"),
        (" -d \"${REQ_BODY}\" https", " -d @/etc/passwd https"),
        (" -d \"${REQ_BODY}\" https", " -K /tmp/x -d \"${REQ_BODY}\" https"),
        ("--max-time 2", "--max-time 2 https://other.example.org/"),
        ("'https://t.example.org/x'", "'https://other.example.org/x'"),
        ("awk '/HTTP/{print $2}'", "sh"),
        ("awk '/HTTP/{print $2}'", "awk '{system($2)}'"),
        ("2>&1 | awk", "> /tmp/x | awk"),
        ("awk '/HTTP/{print $2}'", "awk '-f/tmp/x'"),
        ("-n \"$DO_NOT_TRACK\"", "-n \"${DO_NOT_TRACK:=x}\""),
        ("--header \"Content-Type: a/b\"", "--header @/etc/passwd"),
        ("--header \"Content-Type: a/b\"", "--header \"Content-Type: a/b\" --header \"X: $HOME\""),
        ("-d \"${REQ_BODY}\" https://t.example.org/x", "-d \"${REQ_BODY}\" https://t.example.org/{x,y}"),
        ("print $2}'\nfi\n", "print $2}'\nfi\ncurl x\n"),
        ("print $2}'\nfi\n", "print $2}'\n"),
        ("# a remark", "\u{1}"),
    ] {
        assert!(SCRIPT.contains(from), "{from}");
        let changed = SCRIPT.replacen(from, to, 1);
        let read = NetdatasScript::read(&changed);
        let Err(NotUnderstood { line }) = read else { panic!("{to} was understood") };
        assert!((1..=changed.lines().count()).contains(&line), "{to}: {line}");
    }
    assert!(NetdatasScript::read("").is_err());
}

/// A folder with scripts of Netdata's releases, which are not part of this project.
#[test]
fn the_scripts_of_netdatas_releases_are_understood() {
    let Some(folder) = std::env::var_os("NETDATA_SCRIPTS") else {
        return testkit::skip(testkit::this_test!(), "NETDATA_SCRIPTS names no folder with them");
    };
    for file in std::fs::read_dir(folder).unwrap() {
        let path = file.unwrap().path();
        let text = std::fs::read_to_string(&path).unwrap();
        let script = NetdatasScript::read(&text).map_err(|error| (path.clone(), error)).unwrap();
        assert!(script.fill(&call(&[], &[]), nothing).rows.len() > 40, "{}", path.display());
    }
}
