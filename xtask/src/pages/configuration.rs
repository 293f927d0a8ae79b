//! The page about the sender's configuration file.

use anonymous_statistics::config::{DEADLINE_MIN, FILE, HISTORY_ENTRIES};
use anonymous_statistics::fields::action::LONG;

use crate::pages::entries;
use crate::pages::manual::{Page, escaped, item, text};

/// A key of the file: a line with an example of it, and what it means.
struct Key {
    line: &'static str,
    what: &'static str,
}

const KEYS: &[Key] = &[
    Key {
        line: r#"url = "https://posthog.example.org/capture/""#,
        what: "Your own server, by https, or by http on this machine. It needs an `api_key`, unless it is this machine.",
    },
    Key {
        line: r#"api_key = "phc_0123456789""#,
        what: "The key of your own project there: letters, digits, _ and -, at most 64.",
    },
    Key {
        line: "deadline_ms = 1000",
        what: "Milliseconds after which a call gives up, if that is sooner than usual: MIN to MAX.",
    },
    Key {
        line: r#"fields = "documented""#,
        what: "`all` fields (the default), or those that Netdata's telemetry page names and those that delivery needs.",
    },
    Key {
        line: r#"withhold = ["system_cpu_model"]"#,
        what: "Names of fields that are never sent. Those that deliver or protect an event cannot be withheld.",
    },
    Key {
        line: "history = 0",
        what: "How many answered requests are kept for history: 0 to HISTORY, which is the default.",
    },
];

const ABOUT: &str = "\
This optional file in the agent's config directory says where anonymous-statistics(1) sends, and what. It is
TOML with at most the keys below. It must belong to root or to the agent's account, and nobody else may have
the right to write it. While it cannot be used, nothing is sent.

Without `url` and `api_key` an event goes where Netdata's own script of the daemon's version sends it, and
events of daemons since v2.6 go nowhere. A server or a key of Netdata's counts only for the daemons whose own
it is. Nothing in this file can turn telemetry on where something opts out.";

/// A whole file.
const EXAMPLE: &str = r#"url = "https://posthog.example.org/capture/"
api_key = "phc_0123456789"  # the key of your own project
fields = "documented"       # only what Netdata's telemetry page names
history = 5                 # keep no more than this"#;

pub(super) fn page() -> Vec<u8> {
    let mut page = Page::new(FILE, 5, "where the sender of Netdata's telemetry sends, and what");
    page.section("DESCRIPTION", &text(ABOUT));
    let limits = |what: &str| {
        what.replace("MIN", &DEADLINE_MIN.as_millis().to_string())
            .replace("MAX", &LONG.as_millis().to_string())
            .replace("HISTORY", &HISTORY_ENTRIES.to_string())
    };
    page.section("KEYS", &KEYS.iter().map(|key| item(key.line, &limits(key.what))).collect::<String>());
    let example = EXAMPLE.lines().map(escaped).collect::<Vec<_>>().join("\n");
    let tried = text(
        "`telemetry-preview configure` writes `url` and `api_key`, keeps the rest, and tries them with `--test`; `telemetry-preview show` has what would be sent then.",
    );
    page.section("EXAMPLES", &format!(".EX\n{example}\n.EE\n.nh\n{tried}"));
    page.section("FILES", &entries::files(FILE));
    page.section("SEE ALSO", &text("anonymous-statistics(1), telemetry-preview(1), telemetry-preview-configure(1)"));
    page.content()
}

#[cfg(test)]
mod tests {
    use super::*;
    use anonymous_statistics::config::Config;
    use std::collections::BTreeSet;
    use std::os::unix::fs::PermissionsExt;

    fn load(text: &str) -> Result<Config, String> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(FILE);
        std::fs::write(&path, text).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
        Config::load(Some(folder.path())).map_err(|error| error.to_string())
    }

    #[test]
    fn the_page_has_every_key_of_the_parser_and_no_other() {
        // It names them all, between backticks, when it finds another.
        let complaint = load("nonsense = 1").unwrap_err();
        let parsers: BTreeSet<&str> =
            complaint.split('`').skip(1).step_by(2).filter(|key| *key != "nonsense").collect();
        assert_eq!(parsers, KEYS.iter().map(|key| key.line.split(" =").next().unwrap()).collect(), "{complaint}");
    }

    #[test]
    fn every_example_is_a_file_that_the_parser_takes() {
        load(EXAMPLE).unwrap();
        load(&KEYS.iter().map(|key| key.line).collect::<Vec<_>>().join("\n")).unwrap();
    }
}
