//! The recipe for Docker in `docs/service-hooks.md`, with a real engine. A stand-in for the image's entrypoint waits, and
//! the test leaves the status files that a real daemon left.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use libtest_mimic::{Failed, Trial};
use testkit::{GUID, Receiver, Reply, parts, skip};

use crate::make::{self, Scene};
use crate::recorded;

const TITLE: &str = "live: service hooks in docker";
/// The engine has to start a container.
const PATIENCE: Duration = Duration::from_secs(30);

pub fn trial(scene: Option<&Arc<Scene>>) -> Trial {
    let scene = scene.cloned();
    Trial::test(TITLE, move || {
        let scene = scene.ok_or("nothing to run in")?;
        try_out(&scene)
    })
}

fn try_out(scene: &Scene) -> Result<(), Failed> {
    let busybox = Path::new("/bin/busybox");
    if !busybox.exists() {
        skip(TITLE, "there is no static busybox for a container");
        return Ok(());
    }
    let receiver = Receiver::start(Reply::Status(200, ""));
    let folder = Path::new(make::SCRATCH).join("hooks");
    let [config, library, image] = ["config", "lib", "image"].map(|name| folder.join(name));
    for folder in [&config, &library.join("registry"), &image] {
        fs::create_dir_all(folder)?;
    }
    let own = format!("url = \"{}\"\napi_key = \"own\"\n", receiver.url());
    fs::write(config.join("anonymous-statistics.toml"), own)?;
    fs::write(library.join("registry/netdata.public.unique.id"), GUID)?;
    leave(&library, "stopped", 1)?;
    let run = image.join("run.sh");
    testkit::scratch::write_script(&run, "#!/bin/sh\necho \"$@\" >/var/lib/netdata/words\nexec sleep 600\n");

    let page = include_str!("../../docs/service-hooks.md");
    let (_, rest) = page.split_once("<!-- tested: docker -->\n\n```sh\n").ok_or("no recipe")?;
    let recipe = rest.split_once("```").ok_or("no end")?.0.trim();
    let files = format!(
        "--volume {0}:/usr/bin/sh:ro --volume {0}:/usr/bin/sleep:ro --volume {1}:/usr/sbin/run.sh:ro",
        busybox.display(),
        run.display()
    );
    let mut command = format!("{recipe} of the agent");
    for (of_the_page, ours) in [
        ("--restart unless-stopped", format!("--restart unless-stopped --network host {files}")),
        ("--name netdata", "--name live-hooks".to_owned()),
        ("netdataconfig:", format!("{}:", config.display())),
        ("netdatalib:", format!("{}:", library.display())),
        (
            "/usr/local/bin/anonymous-statistics:",
            format!("{}:", make::programs().join("anonymous-statistics").display()),
        ),
        ("netdata/netdata", "live".to_owned()),
    ] {
        if !command.contains(of_the_page) {
            return Err(format!("no {of_the_page} in {command}").into());
        }
        command = command.replacen(of_the_page, &ours, 1);
    }
    let docker = match make::docker_client(scene) {
        Ok(docker) => docker,
        Err(reason) => {
            skip(TITLE, &reason);
            return Ok(());
        }
    };
    let in_shell = |words: &str| {
        let output = Command::new("sh").args(["-euc", &words.replacen("docker ", &docker, 1)]).output();
        output.map_err(|error| error.to_string()).and_then(|output| {
            let ended = format!("{words}: {output:?}");
            if output.status.success() { Ok(()) } else { Err(ended) }
        })
    };
    let heard = in_shell(&command).and_then(|()| {
        is(&receiver, &["START -"])?;
        until_written(&library.join("words"))?;
        leave(&library, "killed", 2).map_err(|error| error.to_string())?;
        in_shell("docker restart --time 0 live-hooks")?;
        is(&receiver, &["START -", "CRASH killed hard", "START -"])
    });
    let words = fs::read_to_string(library.join("words")).unwrap_or_default();
    in_shell("docker rm --force live-hooks")?;
    heard?;
    if words == "of the agent\n" { Ok(()) } else { Err(format!("the entrypoint got: {words}").into()) }
}

/// The entrypoint runs when the hook has ended.
fn until_written(file: &Path) -> Result<(), String> {
    if make::until(PATIENCE, || file.exists()) { Ok(()) } else { Err("the entrypoint does not run".to_owned()) }
}

fn leave(library: &Path, name: &str, run: u8) -> std::io::Result<()> {
    let boot = fs::read_to_string("/proc/sys/kernel/random/boot_id")?.trim().replace('-', "");
    let file: PathBuf = library.join("status-netdata.json");
    fs::write(&file, recorded::status_file(name, &format!("{run:032x}"), &boot))
}

fn is(receiver: &Receiver, expected: &[&str]) -> Result<(), String> {
    let requests = receiver.wait_for(expected.len(), PATIENCE);
    let events: Vec<String> =
        requests.iter().map(|request| parts(request).1["event"].as_str().unwrap_or_default().to_owned()).collect();
    if events == expected { Ok(()) } else { Err(format!("{events:?}, expected {expected:?}")) }
}
