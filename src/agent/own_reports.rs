//! Whether a daemon reports by itself although it finds the opt-out file.

use std::io;
use std::path::Path;

use serde_json::Value;
use system_facts::Host;

use crate::agent::conf::NetdataConf;
use crate::agent::conf_edit::{NAME, SECTION};
use crate::agent::folders::Folders;
use crate::agent::version::{STATUS_FILE, Version};
use crate::files;

/// The values with which a daemon reports; any other but an empty one stops it.
pub const SENDING: [&str; 2] = ["all", "crashes"];

/// Bytes of a file with identifiers. The daemon reads no more of its status file.
const BYTES: usize = 64 * 1024;

/// Whether the opt-out file is not enough for this agent, or may not be: its setting says so, or it has an identifier of
/// Netdata Cloud. What cannot be read counts as such.
pub fn go_on(folders: &Folders, host: &dyn Host) -> bool {
    if Version::installed(folders).is_some_and(|version| !version.reports_itself()) {
        return false;
    }
    match folders.conf_in_force(host) {
        Ok(conf) => match conf.get(SECTION, NAME) {
            None | Some("") => folders.library_path().is_some_and(is_known_to_the_cloud),
            Some(value) => SENDING.contains(&value),
        },
        Err(_unreadable) => true,
    }
}

/// An agent of the Cloud, or below one, has an identifier in its own files or in its last status.
fn is_known_to_the_cloud(library: &Path) -> bool {
    let says = |file: &str, is: fn(&[u8]) -> bool| match files::open_below(library, file.as_ref())
        .and_then(|file| file.read(BYTES))
    {
        Ok(bytes) => is(&bytes),
        Err(error) => !matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory),
    };
    says("cloud.d/claimed_id", |bytes| !bytes.trim_ascii().is_empty())
        || says("cloud.d/cloud.conf", |bytes| {
            NetdataConf::parse(bytes).get(SECTION, "claimed_id").is_some_and(|id| !id.is_empty())
        })
        || says(STATUS_FILE, |bytes| {
            let Ok(status) = serde_json::from_slice::<Value>(bytes) else { return true };
            let id = |name: &str| status.pointer(name).and_then(Value::as_str).unwrap_or_default();
            [id("/agent/node_id"), id("/agent/claim_id")].iter().any(|id| id.contains(|c| !matches!(c, '0' | '-')))
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::agent::folders::DirOverrides;
    use std::fs;
    use system_facts::LiveHost;

    #[test]
    fn the_setting_and_the_identifiers_decide() {
        const ID: &str = "0f2b7e3a-5a4c-4c67-8f0e-6f1d2c3b4a59";
        let status = |version: &str, id: &str| {
            ("lib/status-netdata.json", format!("{{\"agent\": {{\"version\": \"{version}\", \"node_id\": {id}}}}}"))
        };
        let conf = |value: &str| ("etc/netdata.conf", format!("[global]\ncrash reports = {value}\n"));
        let new = || status("v2.9.0", "null");
        let claimed = || ("lib/cloud.d/claimed_id", ID.to_owned());
        for (files, goes_on) in [
            (vec![new()], false),
            (vec![], false),
            (vec![claimed()], true),
            (vec![new(), claimed()], true),
            (vec![new(), claimed(), conf("no")], false),
            (vec![new(), claimed(), conf("")], true),
            (vec![new(), conf("crashes")], true),
            (vec![new(), conf("All")], false),
            (vec![new(), ("lib/cloud.d/claimed_id", String::new())], false),
            (vec![new(), ("lib/cloud.d/cloud.conf", format!("[global]\n claimed_id = {ID}\n"))], true),
            (vec![status("v2.9.0", &format!("\"{ID}\""))], true),
            (vec![status("v2.9.0", "\"00000000-0000-0000-0000-000000000000\"")], false),
            (vec![status("v2.2.6", &format!("\"{ID}\"")), conf("all"), claimed()], false),
            (vec![("lib/status-netdata.json", "{broken".to_owned())], true),
        ] {
            let agent = tempfile::tempdir().unwrap();
            for folder in ["etc", "lib/cloud.d"] {
                fs::create_dir_all(agent.path().join(folder)).unwrap();
            }
            for (path, text) in &files {
                fs::write(agent.path().join(path), text).unwrap();
            }
            let [config, library] = ["etc", "lib"].map(|name| agent.path().join(name));
            let named = DirOverrides::by_options(Some(&config), Some(&library));
            assert_eq!(go_on(&Folders::find(&[named], |_| true), &LiveHost::new()), goes_on, "{files:?}");
        }
    }
}
