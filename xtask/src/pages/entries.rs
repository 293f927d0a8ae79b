//! What only the manual pages say: descriptions, examples, files and variables.

use anonymous_statistics::agent::folders::{CONFIG_DIRECTORIES, LIBRARY_DIRECTORIES};
use anonymous_statistics::config::FILE;

use crate::pages::manual;
use crate::workspace::{PREVIEW, SENDER, SYSTEM_INFO};

/// A file or a variable, and the pages that name it: programs and verbs.
struct Entry {
    name: &'static str,
    what: &'static str,
    on: On,
}

enum On {
    /// Whatever looks at an agent.
    Looking,
    These(&'static [&'static str]),
}

impl On {
    fn has(&self, page: &str) -> bool {
        match self {
            Self::Looking => ![SYSTEM_INFO.name, "schema", FILE].contains(&page),
            Self::These(pages) => pages.contains(&page),
        }
    }
}

/// Relative ones are in the agent's folders: `CONFIG` and `LIBRARY`.
const FILES: &[Entry] = &[
    Entry {
        name: "CONFIG/.opt-out-from-anonymous-statistics",
        what: "Opts out, whatever it is or holds. It counts in each of the usual folders and in the one that is named.",
        on: On::These(&[SENDER.name, PREVIEW.name, "show", "status", "opt-out", "opt-in", "configure", "check"]),
    },
    Entry {
        name: "CONFIG/netdata.conf",
        what: "The agent's own configuration. The line `crash reports = off` in the section `[global]` turns the daemon's own reports off.",
        on: On::These(&[PREVIEW.name, "status", "opt-out", "opt-in", "check"]),
    },
    Entry {
        name: "CONFIG/anonymous-statistics.toml",
        what: "The configuration of this project's sender; see anonymous-statistics.toml(5).",
        on: On::Looking,
    },
    Entry {
        name: "CONFIG/anonymous-statistics.toml",
        what: "This file, for an agent in the usual place.",
        on: On::These(&[FILE]),
    },
    Entry {
        name: "LIBRARY/registry/netdata.public.unique.id",
        what: "The identifier of this installation.",
        on: On::These(&[SENDER.name, PREVIEW.name, "show", "diff", "explain"]),
    },
    Entry {
        name: "LIBRARY/status-netdata.json",
        what: "What a daemon since v2.3 knows about its last run, and reports at its next start.",
        on: On::These(&[SENDER.name, PREVIEW.name, "show", "diff", "explain"]),
    },
    Entry {
        name: "LIBRARY/anonymous-statistics/waiting",
        what: "Events that could not be sent yet: at most 32, for 7 days. An opt-out deletes them.",
        on: On::These(&[SENDER.name, PREVIEW.name, "opt-out", "opt-in", "history", "forget"]),
    },
    Entry {
        name: "LIBRARY/anonymous-statistics/sent",
        what: "The last requests that were answered, for people to read.",
        on: On::These(&[SENDER.name, PREVIEW.name, "show", "diff", "history", "forget"]),
    },
];

const VARIABLES: &[Entry] = &[
    Entry {
        name: "DISABLE_TELEMETRY, DO_NOT_TRACK",
        what: "Each opts out with any value, `0` and `false` too. What counts is the daemon's environment; without a daemon and a unit of its own, the caller's.",
        on: On::These(&[SENDER.name, PREVIEW.name, "show", "status", "configure", "check"]),
    },
    Entry {
        name: "NETDATA_USER_CONFIG_DIR, NETDATA_LIB_DIR",
        what: "The agent's folders, where no option names them.",
        on: On::Looking,
    },
    Entry {
        name: "NETDATA_PLUGINS_DIR",
        what: "The same for the folder of its plugins.",
        on: On::These(&[PREVIEW.name, "show", "status", "check", "configure"]),
    },
    Entry {
        name: "https_proxy, HTTPS_PROXY, all_proxy, no_proxy",
        what: "A proxy, by the rules of curl(1).",
        on: On::These(&[SENDER.name]),
    },
    Entry {
        name: "CURL_CA_BUNDLE, SSL_CERT_FILE, SSL_CERT_DIR",
        what: "The certificates to trust, in place of the system's.",
        on: On::These(&[SENDER.name]),
    },
    Entry { name: "NO_COLOR", what: "Set to anything but nothing: no colour.", on: On::These(&[PREVIEW.name]) },
    Entry {
        name: "TERM, LC_ALL, LC_CTYPE, LANG",
        what: "Without a capable terminal there are no screens; without UTF-8 everything is ASCII.",
        on: On::These(&[PREVIEW.name]),
    },
];

fn entries(all: &[Entry], page: &str) -> String {
    let (config, library) = (CONFIG_DIRECTORIES[0], LIBRARY_DIRECTORIES[0]);
    let named = all.iter().filter(|entry| entry.on.has(page));
    named
        .map(|entry| {
            let name = entry.name.replace("CONFIG/", &format!("{config}/"));
            manual::item(&name.replace("LIBRARY/", &format!("{library}/")), entry.what)
        })
        .collect()
}

/// The files of a page, with the other places of the agent's folders.
pub(super) fn files(page: &str) -> String {
    let mut text = entries(FILES, page);
    for (folder, others) in [("config", &CONFIG_DIRECTORIES[..]), ("library", &LIBRARY_DIRECTORIES)] {
        if let Some((first, others)) = others.split_first()
            && text.contains(first)
        {
            let place = format!("An agent's {folder} directory is `{first}`, or one of {}.", others.join(", "));
            text += &manual::text(&place);
        }
    }
    text
}

pub(super) fn environment(page: &str) -> String {
    entries(VARIABLES, page)
}

/// What a page explains and a help text does not.
pub(super) fn more(page: &str) -> &'static str {
    match page {
        "show" => {
            "\
The request is built by the code that sends it, and shown byte for byte. A value that only the daemon knows
is taken from its last event that is kept here, or said to be unknown: nothing is invented, except with
`--example`. Nothing is sent.

Without `--channel` it is the request of whoever would send from this machine."
        }
        "status" => {
            "\
Every channel of every agent on this machine is judged as its own program judges it. What this account
cannot see counts as neither a yes nor a no, and is named: try it with sudo(8)."
        }
        "opt-out" => {
            "\
It says what it does on this agent before it asks. When it has returned, this project's sender begins no
request any more, and events that waited are deleted. A running daemon reads both files at its next start."
        }
        "opt-in" => "It names what else still objects, and asks for a typed word.",
        "forget" => "What was sent is with the server. It stays there.",
        "explain" => "The fields are those of the daemon's events, of its own report, and of its dashboard.",
        "schema" => "The answer is the same on every machine: it does not look at this one.",
        _ => "",
    }
}

/// The verbs whose pages a reader of this one may want too.
pub(super) fn related(page: &str) -> &'static [&'static str] {
    match page {
        "show" => &["explain", "diff"],
        "status" => &["check", "opt-out"],
        "diff" | "configure" => &["show", "history"],
        "opt-out" => &["opt-in", "status", "forget"],
        "opt-in" => &["opt-out", "status"],
        "history" => &["diff", "forget"],
        "forget" => &["history", "opt-out"],
        "check" => &["status"],
        "explain" => &["schema", "show"],
        "schema" => &["explain"],
        _ => &[],
    }
}

/// Examples and exit status of the programs whose help texts have none.
pub(super) fn end(page: &str) -> &'static str {
    match page {
        "system-info" => {
            "\
Examples:
  system-info                       a table of what this machine is
  system-info --json --explain      for programs, with the evidence for each answer
  system-info --record recording    keep what was looked at, to ask again elsewhere
  system-info --machine recording   ask that recording

Exit status:
  0  done
  1  the answer could not be written
  2  wrong usage, or the recording cannot be used"
        }
        "anonymous-statistics" => {
            "\
Examples:
  anonymous-statistics --dry-run START - -   what would this send now?
  sudo anonymous-statistics --verify         is that what reaches a listener on this machine?
  sudo anonymous-statistics --send-test      try a server of your own"
        }
        _ => "",
    }
}
