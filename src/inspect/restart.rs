//! The command that restarts the agent. For its dashboard the opt-out takes effect only then.

use system_facts::Host;

use crate::agent::process::Daemons;
use crate::agent::systemd::UNIT;
use crate::request::Machine;

/// Service managers: a mark of the manager, the agent's service, and the command.
const SERVICES: [(&str, &str, &str); 5] = [
    // openrc-run(8)
    ("/run/openrc", "/etc/init.d/netdata", "rc-service netdata restart"),
    // service(8) of FreeBSD
    ("/usr/local/etc/rc.d", "/usr/local/etc/rc.d/netdata", "service netdata restart"),
    // launchctl(1); the name is that of Netdata's own installer
    (
        "/Library/LaunchDaemons",
        "/Library/LaunchDaemons/com.github.netdata.plist",
        "launchctl kickstart -k system/com.github.netdata",
    ),
    // Homebrew's formula
    ("/opt/homebrew/bin/brew", "/opt/homebrew/opt/netdata", "brew services restart netdata"),
    // service(8) of System V
    ("/etc/init.d", "/etc/init.d/netdata", "service netdata restart"),
];

/// `None`: the service manager is unknown.
pub(crate) fn command(host: &dyn Host, daemons: &Daemons, machine: &Machine) -> Option<String> {
    let exists = |path: &str| host.metadata(path).is_ok();
    // sd_booted(3)
    if daemons.unit.is_some() && exists("/run/systemd/system") {
        return Some(format!("systemctl restart {UNIT}"));
    }
    if let Some((.., command)) = SERVICES.iter().find(|(manager, service, _)| exists(manager) && exists(service)) {
        return Some((*command).to_owned());
    }
    let container = machine.facts.container.name.known().map(String::as_str);
    if container == Some("docker") {
        // By default Docker sets the host name to the container's identifier.
        return Some(format!("docker restart {}   (outside this container)", machine.nodename));
    }
    let mut elsewhere = daemons.running.iter().filter(|daemon| daemon.contained);
    let id = elsewhere.find_map(|daemon| container_of(host, daemon.process))?;
    Some(format!("docker restart {id}"))
}

/// The container of a process, by Docker's name of its cgroup: 64 hexadecimal digits, of which 12 suffice.
pub(super) fn container_of(host: &dyn Host, process: u32) -> Option<String> {
    let cgroup = host.read(&format!("/proc/{process}/cgroup"), 64 * 1024).ok()?;
    let text = String::from_utf8_lossy(&cgroup);
    let mut ids = text.rsplit(['/', '\n']).filter_map(|part| {
        let id = part.strip_prefix("docker-").and_then(|part| part.strip_suffix(".scope")).unwrap_or(part);
        (id.len() == 64 && id.bytes().all(|b| b.is_ascii_hexdigit())).then(|| id.chars().take(12).collect())
    });
    let docker = text.contains("docker");
    ids.next().filter(|_| docker)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use system_facts::RecordedHost;

    fn of(files: &[(&str, &str)]) -> Option<String> {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("machine.json"), r#"{"platform": "linux"}"#).unwrap();
        for (path, text) in files {
            let path = folder.path().join("root").join(path.trim_start_matches('/'));
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            if path.ends_with("exe") {
                std::os::unix::fs::symlink(text, path).unwrap();
            } else {
                fs::write(path, text).unwrap();
            }
        }
        let host = RecordedHost::open(folder.path()).unwrap();
        let machine = Machine { facts: system_facts::collect_from(&host), nodename: "0123456789ab".to_owned() };
        command(&host, &Daemons::find(&host, &|_| None, &[]), &machine)
    }

    #[test]
    fn the_manager_of_services_gives_the_command() {
        let unit = ("/usr/lib/systemd/system/netdata.service", "[Service]\nExecStart=/usr/sbin/netdata\n");
        let script = ("/etc/init.d/netdata", "");
        let systemd = ("/run/systemd/system/x", "");
        assert_eq!(of(&[unit, systemd, script]).as_deref(), Some("systemctl restart netdata.service"));
        assert_eq!(of(&[unit, script]).as_deref(), Some("service netdata restart"), "systemd does not run");
        assert_eq!(of(&[("/run/openrc/softlevel", ""), script]).as_deref(), Some("rc-service netdata restart"));
        let freebsd = ("/usr/local/etc/rc.d/netdata", "");
        assert_eq!(of(&[freebsd]).as_deref(), Some("service netdata restart"));
        let launchd = ("/Library/LaunchDaemons/com.github.netdata.plist", "");
        assert_eq!(of(&[launchd]).as_deref(), Some("launchctl kickstart -k system/com.github.netdata"));
        assert_eq!(of(&[]), None);
    }

    #[test]
    fn a_container_of_docker_is_named() {
        let id = "4f5e".repeat(16);
        for cgroup in [format!("0::/system.slice/docker-{id}.scope\n"), format!("1:cpu:/docker/{id}\n")] {
            let container = [
                ("/proc/7/comm", "netdata\n"),
                ("/proc/7/cmdline", "netdata\0-D\0"),
                ("/proc/7/exe", "/usr/sbin/netdata"),
                ("/proc/7/environ", ""),
                ("/proc/7/stat", "7 (netdata) S 1 7 7 0 -1 0 0 0 0 0 0 0 0 0 0 0 0 0 0 500 0"),
                ("/proc/7/status", "Name:\tnetdata\nPPid:\t1\nUid:\t0\t0\t0\t0\nNSpid:\t7\t1\n"),
                ("/proc/7/cgroup", cgroup.as_str()),
            ];
            assert_eq!(of(&container).as_deref(), Some("docker restart 4f5e4f5e4f5e"));
        }
    }
}
