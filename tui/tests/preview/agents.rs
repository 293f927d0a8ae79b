//! The choice of the agent and its daemon, on machines with their own folders and processes.

use std::process::{Command, Stdio};

use testkit::{skip, this_test};

use crate::common::{PROGRAM, Ran, is_root};

/// Makes a machine below `$T` with this one's programs but no agent and `$1` as `/preview`, and runs `$2` there. Ends
/// with 90 if that is impossible.
const MACHINE: &str = r#"
    { cd "$T" && mkdir -p etc opt srv home var/lib run tmp proc usr dev && chmod 1777 tmp &&
    for folder in bin sbin lib lib64; do
        if [ -L "/$folder" ]; then cp -P "/$folder" "$folder"
        elif [ -d "/$folder" ]; then mkdir "$folder" && mount --bind "/$folder" "$folder"; fi || exit 90
    done
    mount --bind /usr usr &&
    for folder in usr/lib/netdata usr/libexec/netdata usr/local usr/lib/systemd/system; do
        if [ -d "$folder" ]; then mount -t tmpfs none "$folder"; fi || exit 90
    done
    mount -t proc proc proc && mount --bind /dev dev && cp "$1" preview && chmod 755 preview . &&
    printf 'root:x:0:0::/:/bin/sh\nnobody:x:65534:65534::/:/bin/sh\n' >etc/passwd; } >&2 || exit 90
    exec chroot . /bin/sh -c "$2"
"#;

/// Runs a script there as root, with three functions: `as_user ID COMMAND` runs a command as another user, `starts ID
/// FILE VARIABLE=VALUE...` starts a program from FILE (a copy of sleep(1)), and `says COMMAND` prints a command's
/// output and exit status.
pub(crate) fn on_a_machine(test: &str, script: &str) -> Option<Ran> {
    const WORDS: &str = r#"
        set -eu; PATH=/usr/sbin:/usr/bin:/sbin:/bin; umask 022; preview() { env -i /preview "$@"; }
        as_user() { id=$1; shift; env -i setpriv --reuid "$id" --regid "$id" --clear-groups -- "$@"; }
        starts() {
            id=$1; file=$2; shift 2; mkdir -p "${file%/*}"; cp /bin/sleep "$file"
            env -i setpriv --reuid "$id" --regid "$id" --clear-groups -- env "$@" "$file" 60 </dev/null >/dev/null 2>&1 &
            while [ "$(readlink "/proc/$!/exe")" != "$file" ]; do sleep 0.01; done
        }
        says() { status=0; "$@" </dev/null 2>&1 || status=$?; echo "status $status"; }
    "#;
    if !is_root() {
        skip(test, "only root can make a machine of its own");
        return None;
    }
    let folder = tempfile::tempdir().unwrap();
    let mut command = Command::new("unshare");
    command.args(["--mount", "--pid", "--fork", "--kill-child", "sh", "-c", MACHINE, "sh", PROGRAM]);
    command.arg(format!("{WORDS}\n{script}")).env("T", folder.path()).stdin(Stdio::null());
    let ran = Ran::from(&command.output().ok()?);
    if ran.code == Some(90) {
        skip(test, &format!("cannot make a machine of its own here: {}", ran.err.trim()));
        return None;
    }
    assert_eq!(ran.code, Some(0), "{}\n{}", ran.out, ran.err);
    Some(ran)
}

/// The script's output after a mark.
pub(crate) fn part<'r>(ran: &'r Ran, mark: &str) -> &'r str {
    let (_, rest) = ran.out.split_once(&format!("== {mark}\n")).unwrap_or_else(|| panic!("no {mark}:\n{}", ran.out));
    rest.split("== ").next().unwrap_or(rest)
}

/// Any account can call a program netdata, and give it root's folders.
#[test]
fn what_another_account_starts_is_not_the_daemon() {
    let test = this_test!();
    let script = r#"
        mkdir -p /var/lib/netdata /etc/netdata /home/mallory
        echo '{"agent": {"version": "v2.9.0"}}' >/var/lib/netdata/status-netdata.json
        chown -R 998 /var/lib/netdata; chown 1234 /home/mallory
        starts 1234 /home/mallory/netdata NETDATA_LIB_DIR=/home/mallory NETDATA_USER_CONFIG_DIR=/etc/nologin
        echo "== check"; says preview check --expect off
        echo "== status"; says preview status --json
        echo "== opt-out"; says preview opt-out
        echo "== found"; find / -xdev -name .opt-out-from-anonymous-statistics; ls -d /etc/nologin 2>&1 || true
        echo "== daemon"; starts 998 /usr/local/sbin/netdata; says preview status --json
    "#;
    // The daemon's folder does not matter, and /usr/local may not exist.
    let Some(ran) = on_a_machine(test, &script.replace("/usr/local/sbin", "/opt/sbin")) else { return };
    assert!(!part(&ran, "check").contains("status 0"), "{}", ran.out);
    assert!(part(&ran, "status").contains("\"daemons\": []"), "{}", ran.out);
    assert!(part(&ran, "opt-out").contains("Created /etc/netdata/.opt-out"), "{}", ran.out);
    let found = part(&ran, "found");
    assert!(found.starts_with("/etc/netdata/.opt-out-from-anonymous-statistics\n"), "{found}");
    assert!(found.contains("/etc/nologin': No such file") && found.lines().count() == 2, "{found}");
    // The owner of a usual library directory is trusted.
    assert!(part(&ran, "daemon").contains("\"user_id\": 998"), "{}", ran.out);
}

/// The agent's own configuration moves its config directory, the only one in which the dashboard looks for the file.
#[test]
fn opting_out_reaches_the_folder_that_the_agent_reads() {
    let script = r#"
        mkdir -p /var/lib/netdata /etc/netdata /srv/agent
        echo '{"agent": {"version": "v2.9.0"}}' >/var/lib/netdata/status-netdata.json
        printf '[SECTION]\n SETTING = /srv/agent\n' >/etc/netdata/netdata.conf
        echo "== usual"; touch /etc/netdata/.opt-out-from-anonymous-statistics; says preview status --json
        rm /etc/netdata/.opt-out-from-anonymous-statistics
        echo "== dry"; says preview opt-out --dry-run
        echo "== refused"; says preview opt-out; ls -A /srv/agent
        echo "== yes"; says preview opt-out --yes; ls -A /srv/agent /etc/netdata
        echo "== status"; says preview status --json
    "#;
    let test = this_test!();
    for (section, setting) in [("directories", "config"), ("global", "config directory")] {
        let Some(ran) = on_a_machine(test, &script.replace("SECTION", section).replace("SETTING", setting)) else {
            return;
        };
        // The daemon looks in its own folder only.
        let usual = part(&ran, "usual");
        assert!(usual.contains("\"anonymous_statistics\": true"), "{usual}");
        assert!(usual.contains("\"asked\": \"/srv/agent/.opt-out-from-anonymous-statistics\""), "{usual}");
        assert!(part(&ran, "dry").contains("Would create /srv/agent/.opt-out"), "{}", ran.out);
        let refused = part(&ran, "refused");
        assert!(refused.contains("/srv/agent/.opt-out") && refused.contains("--yes"), "{refused}");
        assert!(refused.ends_with("status 2\n"), "nothing is created: {refused}");
        let yes = part(&ran, "yes");
        assert!(yes.contains("status 0\n") && yes.contains("/etc/netdata:\nnetdata.conf\n"), "{yes}");
        assert!(yes.contains("/srv/agent:\n.opt-out-from-anonymous-statistics\n"), "{yes}");
        assert!(part(&ran, "status").contains("from the agent's next start on"), "{}", ran.out);
    }
}

#[test]
fn each_agent_that_is_installed_is_opted_out() {
    let test = this_test!();
    let script = r#"
        mkdir -p /var/lib/netdata /etc/netdata /opt/netdata/var/lib/netdata /opt/netdata/etc
        echo "== both"; says preview opt-out; ls -d /etc/netdata/.opt* /opt/netdata/etc/netdata/.opt*
        rm /etc/netdata/.opt* /opt/netdata/etc/netdata/.opt*
        echo "== one"; says preview opt-out --config-dir /opt/netdata/etc/netdata; find /etc /opt -name '.opt-out*'
        echo "== in"; touch /etc/netdata/.opt-out-from-anonymous-statistics; says preview opt-in --yes; find /etc /opt -name '.opt-out*'
    "#;
    let Some(ran) = on_a_machine(test, script) else { return };
    let files = ["/etc/netdata", "/opt/netdata/etc/netdata"]
        .map(|folder| format!("{folder}/.opt-out-from-anonymous-statistics"));
    let both = part(&ran, "both");
    assert!(files.iter().all(|file| both.matches(file).count() >= 2), "{both}");
    let one = part(&ran, "one");
    assert!(one.lines().any(|line| line == files[1]) && !one.lines().any(|line| line == files[0]), "{one}");
    let opted_in = part(&ran, "in");
    assert!(files.iter().all(|file| opted_in.contains(&format!("Removed {file}."))), "{opted_in}");
    assert!(!opted_in.ends_with("statistics\n"), "{opted_in}");
}

/// The unit names the agent's folders even while no daemon runs.
#[test]
fn the_command_of_the_unit_names_the_agent() {
    let script = r#"
        mkdir -p /etc/netdata /var/lib/netdata /opt/netdata/etc/netdata /run/systemd/system /srv/agent
        unit() { printf '[Service]\nExecStart=%s\n' "$1" >/run/systemd/system/netdata.service; }
        unit '/opt/netdata/bin/srv/netdata -P /run/netdata.pid -D'; echo "== prefix"; says preview status --json
        printf '[directories]\nconfig = /srv/agent\n' >/srv/netdata.conf
        unit '/usr/sbin/netdata -D -c /srv/netdata.conf'; echo "== option"; says preview status --json
        chown 1234 /srv /srv/agent; rmdir /srv/agent; echo "== owner"; says preview opt-out --yes; ls /srv
    "#;
    let Some(ran) = on_a_machine("the_command_of_the_unit_names_the_agent", script) else { return };
    assert!(part(&ran, "prefix").contains("\"config_directory\": \"/opt/netdata/etc/netdata\""), "{}", ran.out);
    assert!(part(&ran, "option").contains("\"config_directory\": \"/srv/agent\""), "{}", ran.out);
    // No folder is created where another account could replace it.
    let owner = part(&ran, "owner");
    assert!(owner.contains("cannot create /srv/agent/.opt-out") && !owner.contains("\nagent\n"), "{owner}");
    assert!(owner.contains("Created /etc/netdata/.opt-out"), "the others are opted out all the same: {owner}");
}

/// An invisible process may be a daemon.
#[test]
fn where_processes_are_hidden_nothing_is_claimed() {
    let script = r#"
        mkdir -p /var/lib/netdata /etc/netdata; chmod 755 /etc/netdata
        echo "== seen"; says as_user 65534 /preview status --json
        mount -t proc -o hidepid=2 proc /proc
        echo "== hidden"; says as_user 65534 /preview status --json
        echo "== check"; says as_user 65534 /preview check --expect on
        echo "== root"; says preview status --json
        umount /proc; umount /proc; echo "== none"; says preview status --json
    "#;
    let Some(ran) = on_a_machine("where_processes_are_hidden_nothing_is_claimed", script) else { return };
    assert!(part(&ran, "seen").contains("\"decision\": \"allowed\""), "{}", ran.out);
    for mark in ["hidden", "none"] {
        let said = part(&ran, mark);
        assert!(said.contains("\"decision\": \"unknown\"") && said.contains("\"decided_for\": \"unseen\""), "{said}");
    }
    assert!(part(&ran, "check").contains("status 3"), "{}", ran.out);
    assert!(part(&ran, "root").contains("\"decision\": \"allowed\""), "{}", ran.out);
}

/// Each scene is an agent of v2.9 with the opt-out file, and something else that lets it send, or of which nobody knows.
#[test]
fn off_is_not_said_where_the_next_start_may_find_something_else() {
    let script = r#"
        out=/etc/netdata/.opt-out-from-anonymous-statistics; node=0f2b7e3a-5a4c-4c67-8f0e-6f1d2c3b4a59
        scene() {
            echo "== $1"; rm -rf /etc/netdata /var/lib/netdata /srv/* /run/systemd /usr/lib/netdata/*
            mkdir -p /etc/netdata /var/lib/netdata /srv /run/systemd/system; touch $out; status v2.9.0 null /var/lib/netdata
        }
        status() {
            echo "{\"version\": 28, \"agent\": {\"version\": \"$1\", \"status\": \"exited\", \"node_id\": $2}}" >$3/status-netdata.json
        }
        unit() { printf '[Service]\n%s\n' "$1" >/run/systemd/system/netdata.service; }
        check() { says preview check --expect off "$@"; preview status | sed -n 2,5p; }
        scene nothing; check
        scene option; unit 'ExecStart=/usr/sbin/netdata -D -W set global "crash reports" all'
        starts 0 /opt/sbin/netdata; daemon=$!; check; kill $daemon
        scene variable; rm $out; unit 'ExecStart=/usr/sbin/netdata -D'
        starts 0 /opt/sbin/netdata DISABLE_TELEMETRY=1; daemon=$!; check; kill $daemon
        scene library; rm -r /var/lib/netdata; unit 'ExecStart=/usr/sbin/netdata -D'; check --daemon-version v2.9.0
        scene cache; mkdir /srv/cache; printf '[global]\ncache directory = /srv/cache\n' >/etc/netdata/netdata.conf
        status v2.9.0 "\"$node\"" /srv/cache; touch -d '+1 hour' /srv/cache/status-netdata.json; check
        scene folder; mkdir /srv/wd; unit 'ExecStart=/usr/sbin/netdata -D
WorkingDirectory=/srv/wd'
        status v2.9.0 "\"$node\"" /srv/wd; touch -d '+1 hour' /srv/wd/status-netdata.json; check
        scene stream; printf '[stream]\nenabled = yes\n' >/etc/netdata/stream.conf; check
        scene token; printf '[global]\ntoken = x\n' >/etc/netdata/claim.conf; check
        scene web; rm $out; printf '[global]\ncrash reports = off\n' >/etc/netdata/netdata.conf; check
        scene plugins; rm $out; status v2.2.6 null /var/lib/netdata; mkdir -p /usr/lib/netdata/plugins.d
        printf '#!/bin/sh\n' >/usr/lib/netdata/plugins.d/anonymous-statistics.sh
        printf '[directories]\nplugins = /usr/lib/netdata/plugins.d /etc/custom\n' >/etc/netdata/netdata.conf; check
        scene newer; status v2.11.0-900-nightly null /var/lib/netdata; check
        scene account; rm -r /etc/netdata /var/lib/netdata; starts 1234 /home/mallory/netdata; daemon=$!; check; kill $daemon
        scene nobody; rm -r /etc/netdata /var/lib/netdata; check
    "#;
    let script = script.replace("/home/mallory", "/srv/mallory");
    let Some(ran) = on_a_machine(this_test!(), &script) else { return };
    for (scene, code) in [
        ("nothing", 0),
        ("option", 1),
        ("variable", 1),
        ("library", 3),
        ("cache", 1),
        ("folder", 1),
        ("stream", 1),
        ("token", 1),
        ("web", 1),
        ("plugins", 1),
        ("newer", 3),
        ("account", 3),
        ("nobody", 0),
    ] {
        let said = part(&ran, scene);
        assert!(said.contains(&format!("status {code}\n")), "{scene}: {said}");
    }
}
