//! The agent's own configuration, `netdata.conf`: sections of `name = value`.

use system_facts::{Error, Host};

pub const FILE: &str = "netdata.conf";

/// Bytes that are read. A file with all defaults has about 100 KiB.
const BYTES: usize = 1024 * 1024;

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NetdataConf {
    text: String,
}

impl NetdataConf {
    /// A missing file means the agent's defaults.
    pub fn read(host: &dyn Host, path: &str) -> Result<Self, Error> {
        match host.read(path, BYTES) {
            Ok(bytes) => Ok(Self::from(String::from_utf8_lossy(&bytes).into_owned())),
            Err(Error::NotFound) => Ok(Self::default()),
            Err(error) => Err(error),
        }
    }

    /// `None`: it is not set. The last assignment counts.
    pub fn get(&self, section: &str, name: &str) -> Option<&str> {
        let mut inside = false;
        let mut found = None;
        for line in self.text.lines().map(str::trim).filter(|line| !line.starts_with('#')) {
            if let Some(title) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
                inside = title.trim() == section;
            } else if let (true, Some((key, value))) = (inside, line.split_once('='))
                && key.trim() == name
            {
                found = Some(value.trim());
            }
        }
        found
    }

    /// The config, library and plugins directories, by their current names or those before v1.33.
    pub fn directories(&self) -> [Option<&str>; 3] {
        let either = |name, old| self.get("directories", name).or_else(|| self.get("global", old));
        // There may be several quoted folders; the first has the agent's own plugins.
        let plugins = either("plugins", "plugins directory");
        let plugins = plugins.and_then(|text| text.split('"').find(|part| part.starts_with('/')));
        [either("config", "config directory"), either("lib", "lib directory"), plugins]
    }
}

impl From<String> for NetdataConf {
    fn from(text: String) -> Self {
        Self { text }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_of_a_section() {
        let text = "# lib = /no\n[global]\n  crash reports = off\n[directories]\n\tlib = /a\n# lib = /b\n lib=/c \n[web]\nlib = /d\n";
        let conf = NetdataConf::from(text.to_owned());
        assert_eq!(conf.get("directories", "lib"), Some("/c"));
        assert_eq!(conf.get("global", "crash reports"), Some("off"));
        assert_eq!(conf.get("directories", "config"), None);
        assert_eq!(conf.get("no such", "lib"), None);
    }
}
