//! Consent in a container, with a real Docker engine: three ways to opt out, and none.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Output;
use std::sync::Arc;

use libtest_mimic::{Failed, Trial};

use crate::make::{self, Scene};
use testkit::{GUID, Receiver, Reply, full, parts, skip};

struct Way {
    name: &'static str,
    /// Options of `docker run`.
    options: &'static [&'static str],
    /// Whether the mounted config folder has the opt-out file.
    file: bool,
    sends: bool,
}

const WAYS: [Way; 4] = [
    Way { name: "nothing says no", options: &[], file: false, sends: true },
    Way { name: "-e DISABLE_TELEMETRY=1", options: &["-e", "DISABLE_TELEMETRY=1"], file: false, sends: false },
    Way { name: "-e DO_NOT_TRACK=1", options: &["-e", "DO_NOT_TRACK=1"], file: false, sends: false },
    Way { name: "a mounted config folder with the file", options: &[], file: true, sends: false },
];

pub fn trials(scene: Option<&Arc<Scene>>) -> Vec<Trial> {
    let trial = |way: &'static Way| {
        let scene = scene.cloned();
        let title = format!("live: consent in docker, {}", way.name);
        Trial::test(title.clone(), move || {
            let scene = scene.ok_or("nothing to run in")?;
            try_out(way, &scene, &title)
        })
    };
    WAYS.iter().map(trial).collect()
}

fn try_out(way: &Way, scene: &Scene, title: &str) -> Result<(), Failed> {
    let receiver = Receiver::start(Reply::Status(200, ""));
    let folder = config_folder(way, &receiver)?;
    let output = match call(way, scene, &folder) {
        Ok(output) => output,
        Err(reason) => {
            skip(title, &reason);
            return Ok(());
        }
    };
    let out = String::from_utf8_lossy(&output.stdout).into_owned();
    let expected = if way.sends { ("200", 1) } else { ("", 0) };
    let found = (out.as_str(), receiver.connections());
    if found != expected || !output.stderr.is_empty() || !output.status.success() {
        return Err(format!("{found:?}, expected {expected:?}: {output:?}").into());
    }
    if way.sends {
        let (_, body) = parts(&receiver.requests()[0]);
        let properties = &body["properties"];
        // The same kernel and machine as outside, but in a container of Docker.
        let outside = |pointer: &str| scene.host().pointer(pointer).cloned().unwrap_or_default();
        for (name, expected) in [
            ("system_container", "docker".into()),
            ("system_virtualization", outside("/virtualization/name/value")),
            ("system_kernel_version", outside("/kernel/release/value")),
            ("host_os_id", "unknown".into()),
            ("distinct_id", GUID.into()),
        ] {
            if properties[name] != expected {
                return Err(format!("{name} is {}, expected {expected}", properties[name]).into());
            }
        }
        if properties["container_os_id"].is_null() || properties["container_os_id"] == "none" {
            return Err(format!("container_os_id is {}", properties["container_os_id"]).into());
        }
    }
    Ok(())
}

fn config_folder(way: &Way, receiver: &Receiver) -> Result<PathBuf, Failed> {
    let place = way.name.replace(|c: char| !c.is_ascii_alphanumeric(), "-");
    let folder = Path::new(make::SCRATCH).join("consent").join(place);
    fs::create_dir_all(&folder)?;
    fs::write(folder.join("anonymous-statistics.toml"), format!("url = \"{}\"\n", receiver.url()))?;
    if way.file {
        fs::write(folder.join(".opt-out-from-anonymous-statistics"), "")?;
    }
    Ok(folder)
}

fn call(way: &Way, scene: &Scene, config: &Path) -> Result<Output, String> {
    let config = format!("{}:/etc/netdata:ro", config.display());
    let identity = format!("NETDATA_REGISTRY_UNIQUE_ID={GUID}");
    let options = ["--network", "host", "--volume", &config, "-e", &identity];
    let arguments = full(["START", "-", "-"]);
    let mut command = make::docker_program(scene, &[&options, way.options].concat(), "anonymous-statistics")?;
    command.args(arguments).output().map_err(|error| error.to_string())
}
