//! A machine with an agent that is made up, inside the namespaces.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use anonymous_statistics::agent::MARK;
use anonymous_statistics::agent::installed_sender::SCRIPT;
use anonymous_statistics::agent::next_call::fill;
use anonymous_statistics::call::{Invocation, Provenance};
use anonymous_statistics::clock::UnixMillis;
use anonymous_statistics::config::Config;
use anonymous_statistics::fields::field;
use anonymous_statistics::outbox::{Entry, Outbox, Role};
use anonymous_statistics::request::payload::EventId;
use anonymous_statistics::request::{Assembly, Machine};
use anyhow::{Context, Result};
use rustix::mount::{MountFlags, mount};

use crate::workspace::PREVIEW;

/// Covered by empty folders, which get everything that is written here.
const COVERED: [&str; 4] = ["/etc", "/usr/libexec", "/usr/local", "/var/lib"];

/// Covered too where they are: another agent may be there.
const ELSEWHERE: [&str; 2] = ["/opt", "/usr/lib/netdata"];

/// What programs need of the real `/etc`.
const KEPT: [&str; 2] = ["/etc/os-release", "/etc/ld.so.cache"];

const LIBRARY: &str = "/var/lib/netdata";
const PLUGINS: &str = "/usr/libexec/netdata/plugins.d";
const VERSION: &str = "1.37.1-2";

/// Covers this machine's folders and installs the previewer, and an agent that sends.
pub(super) fn set(program: &Path) -> Result<()> {
    let program = fs::read(program).with_context(|| format!("cannot read {}", program.display()))?;
    // Some systems lack one or the other.
    let kept: Vec<_> = KEPT.iter().filter_map(|file| Some((file, fs::read(file).ok()?))).collect();
    for folder in COVERED.iter().chain(ELSEWHERE.iter().filter(|folder| Path::new(folder).is_dir())) {
        mount("tmpfs", *folder, "tmpfs", MountFlags::NOSUID | MountFlags::NODEV, c"mode=0755")
            .with_context(|| format!("cannot cover {folder}"))?;
    }
    for (file, content) in kept {
        fs::write(file, content)?;
    }
    fs::write("/etc/passwd", "root:x:0:0:root:/:/bin/sh\nnetdata:x:998:998::/var/lib/netdata:/usr/sbin/nologin\n")?;
    fs::create_dir("/etc/netdata")?;
    add("/usr/local/bin", PREVIEW.name, &program)?;
    fs::set_permissions(Path::new("/usr/local/bin").join(PREVIEW.name), PermissionsExt::from_mode(0o755))?;
    let sender = format!("#!/bin/sh\n# {}{}{}\n", MARK.0, env!("CARGO_PKG_VERSION"), MARK.1);
    add(PLUGINS, SCRIPT, sender.as_bytes())?;
    let package = format!("Package: netdata-core\nStatus: install ok installed\nVersion: {VERSION}\n");
    add("/var/lib/dpkg", "status", package.as_bytes())?;
    let identifier = field("distinct_id").context("the events have no identifier")?.example;
    add(&format!("{LIBRARY}/registry"), "netdata.public.unique.id", identifier.as_bytes())?;
    keep_last_event()
}

fn add(folder: &str, name: &str, content: &[u8]) -> Result<()> {
    fs::create_dir_all(folder)?;
    fs::write(Path::new(folder).join(name), content).with_context(|| format!("cannot write {name} into {folder}"))
}

/// The agent's last event, with the schema's examples for what only a daemon knows.
fn keep_last_event() -> Result<()> {
    let mut call = Invocation::expected("START");
    fill(&mut call, &Provenance::CallFile);
    let config = Config::load(None)?;
    let destination = config.destination(Some(VERSION))?;
    let stamp = EventId::now();
    let assembly = Assembly::build(&call, &Machine::ask(&call), &config, Some(&destination), stamp)?;
    let outbox = Outbox::open(Path::new(LIBRARY), Role::Sender)?;
    let kept = outbox.keep(&stamp, &Entry::new(&assembly.request))?.name();
    Ok(outbox.mark_sent(&kept, 200, UnixMillis::now(), 1)?)
}
