//! Ways to turn telemetry off where this program cannot: lines to copy.

use std::ffi::OsStr;
use std::path::Path;

use anonymous_statistics::agent::conf_edit::{NAME, SECTION};
use anonymous_statistics::agent::conf_file::Refusal;
use anonymous_statistics::agent::folders::Folders;
use anonymous_statistics::agent::systemd::{UNIT, Unit};
use anonymous_statistics::text::printable;
use system_facts::{Host, LiveHost};

use crate::present::commands::quoted;
use crate::present::words;

/// For the opt-out file, and for the daemon's own reports where it does not stop them.
pub(super) fn of_file(file: &Path, reports_go_on: bool) -> Vec<String> {
    if reports_go_on {
        let ansible = "With Ansible: ansible HOSTS --become -a 'telemetry-preview opt-out --yes'";
        return of_containers().into_iter().chain([ansible.to_owned()]).collect();
    }
    let copy = ["content='' dest='".as_ref(), file.as_os_str(), "' mode=0644".as_ref()].join(OsStr::new(""));
    vec![
        "In Docker: docker run -e DISABLE_TELEMETRY=1 ...".to_owned(),
        "In Kubernetes: kubectl set env daemonset/NAME DISABLE_TELEMETRY=1".to_owned(),
        format!("With Ansible: ansible HOSTS --become -m ansible.builtin.copy -a {}", quoted(&copy)),
    ]
}

/// For the daemon's own reports, also where it has identifiers of Netdata Cloud. The variable is for Sentry, which the
/// setting does not reach.
pub(super) fn of_reports(agent: &Folders, refusal: &Refusal) -> Vec<String> {
    let host = LiveHost::new();
    let of_nix = refusal.target().is_some_and(|target| target.starts_with("/nix") || target.starts_with("/etc/static"));
    if of_nix || host.metadata("/etc/NIXOS").is_ok() {
        return vec![
            "In NixOS:".to_owned(),
            format!("  services.netdata.config.{SECTION}.\"{NAME}\" = \"off\";"),
            "  systemd.services.netdata.environment.DISABLE_TELEMETRY = \"1\";".to_owned(),
        ];
    }
    let path = agent.conf.as_deref().map(words::path);
    let own = agent.conf_in_force(&host).ok().filter(|_| agent.names_conf());
    if let (Some(conf), Some(path)) = (own, &path)
        && conf.get(SECTION, NAME).is_some()
    {
        return vec![format!(
            "The daemon is started with -c {path}: only that file can set it, under [{SECTION}]: {NAME} = off"
        )];
    }
    let by_hand = path.map(|path| format!("By hand, in {path}: the line {NAME} = off under [{SECTION}]"));
    let systemd = Unit::find(&host).and_then(|unit| unit.exec_start).map(|command| drop_in(&command));
    by_hand.into_iter().chain(systemd.into_iter().flatten()).chain(of_containers()).collect()
}

/// A drop-in that repeats the command. Of several options `-W set` the last one counts.
fn drop_in(command: &str) -> Vec<String> {
    vec![
        format!("With systemd: sudo systemctl edit {UNIT}, and these lines:"),
        "  [Service]".to_owned(),
        "  ExecStart=".to_owned(),
        format!("  ExecStart={} -W set {SECTION} \"{NAME}\" off", printable(command)),
        "  Environment=DISABLE_TELEMETRY=1".to_owned(),
    ]
}

/// The image gives its arguments to the daemon. The names are those of Netdata's chart.
fn of_containers() -> Vec<String> {
    let patch = format!(
        r#"[{{"op":"add","path":"/spec/template/spec/containers/0/args","value":["-W","set","{SECTION}","{NAME}","off"]}}]"#
    );
    vec![
        format!("In Docker: docker run -e DISABLE_TELEMETRY=1 ... netdata/netdata -W set {SECTION} \"{NAME}\" off"),
        format!("In Kubernetes: kubectl patch daemonset netdata-child --type json -p '{patch}'"),
        "  and: kubectl set env daemonset/netdata-child DISABLE_TELEMETRY=1".to_owned(),
        format!(
            "With Helm: {NAME} = off under [{SECTION}] in the values child.configs.netdata.data, \
             parent.configs.netdata.data and k8sState.configs.netdata.data; DISABLE_TELEMETRY: 1 in child.env, \
             parent.env and k8sState.env"
        ),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_drop_in_repeats_the_command_and_sets_the_option_last() {
        let lines = drop_in("/usr/sbin/netdata -P %t/netdata.pid -D -W set global \"crash reports\" all");
        assert_eq!(lines[2], "  ExecStart=", "the list is emptied first");
        assert!(lines[3].starts_with("  ExecStart=/usr/sbin/netdata -P %t/netdata.pid -D -W set "), "{lines:?}");
        assert!(lines[3].ends_with(" -W set global \"crash reports\" off"), "{lines:?}");
    }
}
