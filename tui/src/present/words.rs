//! A preview in words, the same for the screens, the text and the JSON.

use std::borrow::Cow;
use std::path::Path;

use anonymous_statistics::agent::folders::{CONFIG_DIRECTORIES, Folders};
use anonymous_statistics::agent::installed_sender::SCRIPT;
use anonymous_statistics::agent::process::EnvSource;
use anonymous_statistics::call::Provenance;
use anonymous_statistics::channels::{Channel, Judgement, State};
use anonymous_statistics::config::{FILE as CONFIG_FILE, WITHHELD};
use anonymous_statistics::consent::{Decision, Doubt, Finding, Source, Step};
use anonymous_statistics::fields::shape::Value;
use anonymous_statistics::fields::{Action, Field, Origin};
use anonymous_statistics::inspect::{Other, Preview};
use anonymous_statistics::outbox::Unread;
use anonymous_statistics::outbox::limits::OUTBOX_NAMES;
use anonymous_statistics::request::NoRequest;
use anonymous_statistics::request::event::{Cause, Content, Entry};
use anonymous_statistics::request::http::PreparedRequest;
use anonymous_statistics::request::payload::EventId;
use anonymous_statistics::text::printable;
use serde_json::ser::Formatter;

use crate::present::palette::{Role, heading};

/// Beside a value that is not this machine's.
pub(crate) const EXAMPLE: &str = "example";

pub(crate) const NO_SOCKET: &str = "opens no network socket";

/// The data that is never sent; and the address that a server sees nevertheless.
pub(crate) const NEVER_SENT: &str = "host name, IP or MAC addresses, user names, paths of this machine, command lines, \
    tokens, machine-id or hardware UUIDs. The server still sees the address that the connection comes from.";

pub(crate) const PSEUDONYMOUS: &str =
    "Events are pseudonymous, not anonymous: they carry no name, but an identifier of this installation.";

/// The symbol of a state in ASCII. Words always accompany it.
pub(crate) const fn symbol(state: State) -> &'static str {
    match state {
        State::On | State::OnLater => "+",
        State::Off => "x",
        State::NotThere => "o",
        State::Unknown => "?",
    }
}

/// The verdict with its symbol, in one line.
pub(crate) fn headline(preview: &Preview) -> String {
    let verdict = preview.verdict();
    printable(&format!("[{}] {verdict}", symbol(verdict.state()))).into_owned()
}

/// A line for each telemetry channel of the displayed agent: name, state, reason.
pub(crate) fn telemetry(preview: &Preview) -> Vec<String> {
    telemetry_where(preview, |_channel| true)
}

fn telemetry_where(preview: &Preview, wanted: fn(&Channel) -> bool) -> Vec<String> {
    let channels = preview.channels();
    let is_wanted = |channel: &&Channel| channel.is_telemetry && wanted(channel);
    let names = channels.iter().filter(is_wanted).map(|channel| channel.name.len()).max().unwrap_or_default();
    let line = |channel: &Channel| format!("{:names$}  {}", channel.name, judged(channel));
    let mut lines: Vec<String> = channels.iter().filter(is_wanted).map(line).collect();
    if let (true, Some(folder)) = (preview.is_named, preview.folders.config_path()) {
        lines.push(format!("This is about the agent of {} only.", path(folder)));
    }
    for other in &preview.others {
        lines.push(format!("Another agent, {}:", other_agent(other)));
        lines.extend(other.channels.iter().filter(is_wanted).map(line));
    }
    lines
}

/// Which of several agents it is: its folder, and who starts it.
pub(crate) fn other_agent(other: &Other) -> String {
    let folder = other.config_directory.as_deref().map_or_else(|| "no config directory".to_owned(), path);
    match &other.whose {
        EnvSource::Unit(unit) => format!("{folder}, as {} starts it", path(unit)),
        _ => folder,
    }
}

/// The verdict in its colour, for a text.
pub(crate) fn painted_headline(preview: &Preview) -> String {
    heading(&Role::State(preview.verdict().state()).paint(&headline(preview)))
}

/// The verdict in its colour, and below it the telemetry channels that there are.
pub(crate) fn headline_and_channels(preview: &Preview) -> String {
    headline_and(preview, &telemetry_where(preview, |channel| channel.judgement.state != State::NotThere))
}

pub(crate) fn headline_and(preview: &Preview, lines: &[String]) -> String {
    lines.iter().fold(painted_headline(preview) + "\n", |text, line| format!("{text}  {line}\n"))
}

/// A channel's state and the reason.
pub(crate) fn judged(channel: &Channel) -> String {
    let Judgement { state, why, .. } = &channel.judgement;
    printable(&format!("{}: {why}", state.describe())).into_owned()
}

pub(crate) const fn decision(decision: Decision) -> &'static str {
    match decision {
        Decision::Allowed => "allowed",
        Decision::OptedOut => "opted out",
        Decision::Unknown => "unknown",
    }
}

pub(crate) fn verdict(step: &Step) -> &'static str {
    match step.finding.verdict() {
        Decision::Allowed => "does not object",
        Decision::OptedOut => "opts out",
        Decision::Unknown => "cannot tell",
    }
}

/// Verdict and finding in a text. What objects stands out.
pub(crate) fn checked(step: &Step) -> (&'static str, String) {
    match (&step.source, &step.finding) {
        (Source::File(_), Finding::Nothing) => ("-", "not there".to_owned()),
        _ if step.finding.verdict() == Decision::Allowed => ("-", step.found()),
        _ => (verdict(step), step.found()),
    }
}

/// The daemons that call a sender at all.
pub(crate) fn daemons() -> String {
    format!(
        "Netdata's daemon calls {SCRIPT} for every event up to v2.2, and at its start and every few hours up to v2.5; from v2.6 \
         on it calls no such script, even if one is there."
    )
}

/// A path, safe for a terminal.
pub(crate) fn path(path: &Path) -> String {
    printable(&path.to_string_lossy()).into_owned()
}

/// Why the next request may differ.
pub(crate) const NOT_EXACT: &str = "Not exact: what is \"set by the daemon\" is known only when the daemon makes the call, \
    and what is \"as last said\" may have changed since.";

/// Whether the field is shown: it is in the request, or its value was refused or is unknown.
pub(crate) fn is_shown(entry: &Entry) -> bool {
    entry.content != Content::Absent
}

pub(crate) const WHY: &str =
    "Netdata's developers count installations with it, and see how the agent is used and where it fails.";

/// Who sets a value that is unknown here.
pub(crate) const fn set_by(field: &Field) -> &'static str {
    match field.origin {
        Origin::Hello(_) => "set by the agent",
        Origin::Page => "set by the dashboard",
        Origin::Client => "set by the browser",
        _ => "set by the daemon",
    }
}

pub(crate) const fn is_of_browser(field: &Field) -> bool {
    matches!(field.origin, Origin::Hello(_) | Origin::Page | Origin::Client)
}

/// The value as in the body, or why there is none.
pub(crate) fn value(entry: &Entry, stamp: &EventId) -> String {
    match &entry.content {
        // Serialized directly, so that the keys of an object keep their wire order.
        Content::Sent(value) => {
            let text = printable(&serde_json::to_string(value).unwrap_or_default()).into_owned();
            match value {
                Value::Collectors(list) if list.refused > 0 => format!("{text}; {} left out", list.refused),
                _ => text,
            }
        }
        Content::Frozen => value_in_body(entry, stamp).to_string(),
        Content::NotKnownHere => set_by(entry.field).to_owned(),
        Content::Dropped(misfit) => format!("left out: {}", misfit.describe()),
        Content::Withheld => WITHHELD.to_owned(),
        Content::Absent => "not sent".to_owned(),
    }
}

/// The value as JSON; null if it is unknown here, or left out.
pub(crate) fn value_in_body(entry: &Entry, stamp: &EventId) -> serde_json::Value {
    match &entry.content {
        // Plain data always has a JSON form.
        Content::Sent(value) => serde_json::to_value(value).unwrap_or_default(),
        Content::Frozen if entry.field.origin == Origin::FrozenUuid => stamp.uuid.to_string().into(),
        Content::Frozen => stamp.time.to_string().into(),
        Content::NotKnownHere | Content::Dropped(_) | Content::Absent | Content::Withheld => serde_json::Value::Null,
    }
}

/// Formats JSON, and keeps the order of its fields. Other text stays as it is.
pub(crate) fn json_as(format: impl Formatter, text: &str) -> Cow<'_, str> {
    let (mut bytes, mut from) = (Vec::new(), serde_json::Deserializer::from_str(text));
    let read = serde_transcode::transcode(&mut from, &mut serde_json::Serializer::with_formatter(&mut bytes, format));
    match read.and_then(|()| from.end()) {
        Ok(()) => Cow::Owned(String::from_utf8_lossy(&bytes).into_owned()),
        Err(_not_json) => Cow::Borrowed(text),
    }
}

/// The form and an example of a missing value; `None`: the value is known.
pub(crate) fn instead_of_value(entry: &Entry) -> Option<String> {
    let is_missing = matches!(entry.content, Content::NotKnownHere | Content::Dropped(_));
    is_missing.then(|| format!("{}; for example {}", entry.field.shape.describe(), entry.field.example))
}

/// Where the value comes from; the pages have names in Markdown.
pub(crate) fn origin(field: &Field) -> String {
    field.origin_in_words().replace('`', "")
}

pub(crate) fn source(entry: &Entry) -> String {
    let origin = origin(entry.field);
    match &entry.cause {
        Cause::Said(Provenance::Daemon) => origin,
        Cause::Said(provenance) => format!("{origin} ({provenance})"),
        Cause::Collected { source: Some(source), .. } => format!("collected on this machine: {source}"),
        Cause::Collected { .. } => "collected on this machine".to_owned(),
        Cause::Made if entry.content == Content::NotKnownHere => {
            let known = if is_of_browser(entry.field) { "not known here" } else { "known only when it calls" };
            format!("{origin}, {known}")
        }
        Cause::Fixed | Cause::Made => origin,
    }
}

/// The questions to the machine behind a value, with their answers, in order.
pub(crate) fn evidence(entry: &Entry) -> Vec<String> {
    let Cause::Collected { evidence, .. } = &entry.cause else { return Vec::new() };
    evidence.iter().map(|found| printable(&format!("{}: {}", found.asked, found.outcome)).into_owned()).collect()
}

pub(crate) fn config(preview: &Preview) -> String {
    match (preview.config.as_ref().map(|config| &config.file), preview.folders.config_path()) {
        (Err(error), _) => error.to_string(),
        (Ok(Some(file)), _) => path(file),
        (Ok(None), Some(directory)) => format!("the defaults (there is no {CONFIG_FILE} in {})", path(directory)),
        (Ok(None), None) => "the defaults (there is no config directory)".to_owned(),
    }
}

pub(crate) fn config_directory(folders: &Folders) -> String {
    match folders.config_path() {
        Some(directory) => path(directory),
        None => format!("none found; opting out creates {}", CONFIG_DIRECTORIES[0]),
    }
}

pub(crate) fn state_folder(folders: &Folders) -> String {
    folders.state().map_or_else(|| "none: no library directory found".to_owned(), |state| path(&state))
}

/// The unread rest of the state folder, in a sentence.
pub(crate) fn unread(unread: Unread) -> Option<String> {
    not_read(unread).map(|what| format!("{what}. No sender leaves that many; telemetry-preview forget deletes them."))
}

/// The same in a few words.
pub(crate) fn not_read(unread: Unread) -> Option<String> {
    let how_many = match unread {
        Unread { number: 0, or_more: false } => return None,
        Unread { or_more: true, .. } => format!("the rest of more than {OUTBOX_NAMES} files"),
        Unread { number: 1, .. } => "1 more entry".to_owned(),
        Unread { number, .. } => format!("{number} more entries"),
    };
    Some(format!("Not read: {how_many}"))
}

/// Where the event goes.
pub(crate) fn destination(preview: &Preview) -> String {
    match &preview.destination {
        Ok(Some(destination)) => destination.endpoint.to_string(),
        Ok(None) => DESTINATION_OPEN.to_owned(),
        Err(NoRequest::Config(error)) if error.depends_on_the_account() => NOT_SEEN.to_owned(),
        Err(NoRequest::Config(_)) => "none (configuration invalid)".to_owned(),
        Err(error) => error.to_string(),
    }
}

/// Instead of what the daemon may see, and this account does not.
pub(crate) const NOT_SEEN: &str = "cannot be told from this account: run this with sudo";

/// The same of a request.
pub(crate) fn destination_of(request: &PreparedRequest) -> String {
    request.endpoint().map_or_else(|| DESTINATION_OPEN.to_owned(), ToString::to_string)
}

const DESTINATION_OPEN: &str = "not known here: it depends on the daemon's version (--daemon-version chooses one)";

pub(crate) fn proxy(preview: &Preview) -> String {
    let shown = match &preview.proxy {
        Ok(Some(proxy)) => format!("{} ({})", proxy.shown(), proxy.variable),
        Ok(None) => "none".to_owned(),
        Err(Doubt::Destination) => "not known here: it depends on the destination".to_owned(),
        Err(why) => format!("cannot tell from this account: {why}"),
    };
    printable(&shown).into_owned()
}

/// The certificates that the sender trusts.
pub(crate) fn trust_store(preview: &Preview) -> String {
    let shown = match &preview.trust_store {
        Ok(Some(store)) => store.to_string_lossy().into_owned(),
        Ok(None) => "the system's".to_owned(),
        Err(why) => format!("cannot tell from this account: {why}"),
    };
    printable(&shown).into_owned()
}

pub(crate) fn agent_version(preview: &Preview) -> Option<String> {
    preview.version.as_ref().map(ToString::to_string)
}

/// The event, and when the daemon sends it.
pub(crate) fn event(preview: &Preview) -> String {
    let action = printable(&preview.action);
    Action::named(&preview.action).map_or_else(|| action.to_string(), |known| format!("{action}: {}", known.when))
}

/// Aligned rows of a label and a text.
pub(crate) fn aligned(rows: &[(&str, String)]) -> String {
    let width = rows.iter().map(|(label, _)| label.len()).max().unwrap_or_default();
    rows.iter().fold(String::new(), |text, (label, row)| text + &format!("{label:width$}  {row}\n"))
}
