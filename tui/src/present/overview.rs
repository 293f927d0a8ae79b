//! A request at first sight: how many fields reveal how much, with the values that tell most.

use anonymous_statistics::channels::Channel;
use anonymous_statistics::inspect::Preview;

use crate::present::request::{Class, Line, Request};
use crate::present::words;

/// The fields of one class.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Share {
    pub(crate) class: Class,
    pub(crate) count: usize,
    /// Values of this machine, the most telling first.
    pub(crate) telling: Vec<String>,
}

/// The classes that occur, the most revealing first.
pub(crate) fn shares(request: &Request) -> Vec<Share> {
    let share = |class| {
        let lines: Vec<&Line> = request.sent().filter(|line| line.class == class).collect();
        (!lines.is_empty()).then(|| Share { class, count: lines.len(), telling: telling(class, &lines) })
    };
    Class::ALL.into_iter().filter_map(share).collect()
}

/// A channel in one line: who sends what where.
pub(crate) fn line(preview: &Preview, channel: &Channel, request: Result<&Request, &str>) -> String {
    let state = channel.judgement.state;
    let front = format!("{} {}", channel.name, state.describe());
    let text = match channel.name {
        "dashboard" => return front + "; shown: this project's module; Netdata's own page sends more (key 5)",
        "events" | "hooks" => format!("{front}: {}", preview.events().sender()),
        "crash-reports" => front + ": the daemon",
        _ => front,
    };
    if state.is_silent() {
        return text;
    }
    let to = host(channel).map(|host| format!(" to {host}"));
    let fields = request.ok().map(|request| format!(", {} fields", request.sent().count()));
    let open = request.map_or(0, |request| request.sent().filter(|line| line.is_open).count());
    let open = (open > 0).then(|| format!("; {open} not known here"));
    [Some(text), to, fields, open].into_iter().flatten().collect()
}

/// The server to which a channel sends; the first of several. `None`: there is none, or it is not known.
fn host(channel: &Channel) -> Option<String> {
    let to = destination(channel);
    if to.starts_with("nowhere") || to.starts_with("not known") {
        return None;
    }
    let mut all = to.split(", ");
    let first = all.next().unwrap_or_default().split('/').next().unwrap_or_default();
    Some(match all.count() {
        0 => first.to_owned(),
        others => format!("{first} and {others} more"),
    })
}

/// Where a channel sends, without what is the same everywhere.
pub(crate) fn destination(channel: &Channel) -> &str {
    let to = &*channel.destination;
    ["https://", "http://"].iter().find_map(|scheme| to.strip_prefix(scheme)).unwrap_or(to)
}

/// The circumstances in rows: destination, sender, event and settings.
pub(crate) fn circumstances(preview: &Preview, request: Option<&Request>) -> Vec<(&'static str, String)> {
    let unread = preview.history.as_ref().ok().and_then(|history| words::unread(history.unread));
    [
        ("Destination", Some(words::destination(preview))),
        ("Sender", Some(preview.script.to_string())),
        ("Event", Some(words::event(preview))),
        ("Request", request.map(Request::count)),
        ("Looked at", preview.script.path.as_deref().map(words::path)),
        ("Netdata", words::agent_version(preview)),
        ("Config directory", Some(words::config_directory(&preview.folders))),
        ("Configuration", Some(words::config(preview))),
        ("Proxy", Some(words::proxy(preview))),
        ("Trust store", Some(words::trust_store(preview))),
        ("State folder", Some(words::state_folder(&preview.folders))),
        ("In it", unread),
    ]
    .into_iter()
    .filter_map(|(label, text)| Some((label, text?)))
    .collect()
}

/// Values that say nothing.
const EMPTY: [&str; 8] = ["", "null", "none", "unknown", "false", "true", "N/A", "0"];

fn telling(class: Class, lines: &[&Line]) -> Vec<String> {
    let bare = |line: &Line| line.value.trim_matches('"').to_owned();
    // Most paths are those of detections.
    let says = |value: &str| !EMPTY.contains(&value) && !value.starts_with('/');
    let mut known: Vec<&&Line> = lines.iter().filter(|line| !line.is_open && says(&bare(line))).collect();
    known.sort_by_key(|line| (!line.is_of_machine, line.human.is_none()));
    let mut told: Vec<String> = Vec::new();
    for line in known {
        let value = line.human.clone().unwrap_or_else(|| bare(line));
        let is_new = || !told.iter().any(|told| told.to_lowercase().contains(&value.to_lowercase()));
        if class != Class::Coarse {
            told.push(format!("{} {value}", short(&line.name)));
        } else if line.human.is_none() && is_new() {
            told.push(value);
        }
    }
    if told.is_empty() {
        // Names tell at least what it is about.
        told.extend(lines.iter().map(|line| short(&line.name).to_owned()));
    }
    told
}

/// A field's name without the words that most have in common.
fn short(name: &str) -> &str {
    ["system_", "host_"].iter().find_map(|front| name.strip_prefix(front)).unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::example;
    use crate::present::request::Requests;

    #[test]
    fn every_field_counts_once_and_the_machine_comes_first() {
        let request = Requests::of(&example::preview()).event.unwrap();
        let shares = shares(&request);
        assert_eq!(shares.iter().map(|share| share.count).sum::<usize>(), request.sent().count());
        let of = |class| shares.iter().find(|share| share.class == class).unwrap().telling.join(", ");
        assert!(of(Class::Identifier).starts_with("distinct_id "), "{shares:?}");
        assert!(
            of(Class::Exact).starts_with("cpu_freq 2.45 GHz") || of(Class::Exact).contains("31.3 GiB"),
            "{shares:?}"
        );
        assert!(of(Class::Coarse).contains("Debian GNU/Linux"), "{shares:?}");
    }
}
