//! The request of each channel in one form, whoever sends it: lines of fields, and bytes.

use std::borrow::Cow;
use std::cmp::Reverse;

use anonymous_statistics::agent::netdatas_script::{Filled, NetdatasScript, Value as ScriptValue};
use anonymous_statistics::channels::crash_reports::{If, Known as InReport, Report};
use anonymous_statistics::channels::dashboard::DESTINATION;
use anonymous_statistics::fields::{Field, Group, Sensitivity, field};
use anonymous_statistics::inspect::Preview;
use anonymous_statistics::release::Release;
use anonymous_statistics::request::event::{Content, Entry, Known};
use anonymous_statistics::request::http::METHOD;
use anonymous_statistics::request::payload::EventId;
use anonymous_statistics::request::{Assembly, NoRequest};
use anonymous_statistics::text::printable;
use serde_json::ser::CompactFormatter;

use crate::present::palette::Role;
use crate::present::words::EXAMPLE;
use crate::present::{dashboard, field_trace, report, units, words};

pub(crate) const CURL_ADDS: &str = "curl adds Host, User-Agent, Accept and Content-Length";

/// How much a field reveals, the most revealing first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Class {
    Identifier,
    /// Unchecked text of the daemon's.
    FreeText,
    Exact,
    Coarse,
    Constant,
}

impl Class {
    pub(crate) const ALL: [Self; 5] = [Self::Identifier, Self::FreeText, Self::Exact, Self::Coarse, Self::Constant];

    pub(crate) const fn of(sensitivity: Sensitivity) -> Self {
        match sensitivity {
            Sensitivity::Identifier => Self::Identifier,
            Sensitivity::Exact => Self::Exact,
            Sensitivity::Coarse => Self::Coarse,
            Sensitivity::Constant => Self::Constant,
        }
    }

    /// The mark; a word after a number of fields, and one beside a single field; the meaning.
    const fn said(self) -> [&'static str; 4] {
        match self {
            Self::Identifier => ["#", "identify", "identifier", "tells this installation from all others"],
            Self::FreeText => ["!", "free text", "free text", "nobody has checked it for names, paths or addresses"],
            Self::Exact => ["=", "rarely shared", "rarely shared", "few machines may share the value"],
            Self::Coarse => [":", "common", "common", "many machines share the value"],
            Self::Constant => [".", "constant", "constant", "the same for everybody"],
        }
    }

    /// The character that stands for it beside a field and in the bar.
    pub(crate) const fn mark(self) -> &'static str {
        self.said()[0]
    }

    pub(crate) const fn word(self) -> &'static str {
        self.said()[1]
    }

    pub(crate) const fn says(self) -> &'static str {
        self.said()[2]
    }

    pub(crate) const fn meaning(self) -> &'static str {
        self.said()[3]
    }

    /// `None`: many machines share the value.
    pub(crate) const fn role(self) -> Option<Role> {
        match self {
            Self::Identifier | Self::FreeText => Some(Role::Identifier),
            Self::Exact => Some(Role::Exact),
            Self::Coarse | Self::Constant => None,
        }
    }
}

const AS_LAST_SAID: &str = "as last said";
const WITHHELD: &str = "withheld";

/// A field with its value.
#[derive(Debug, Clone)]
pub(crate) struct Line {
    pub(crate) name: String,
    pub(crate) group: &'static str,
    pub(crate) class: Class,
    pub(crate) value: String,
    /// The value in units for people.
    pub(crate) human: Option<String>,
    /// Whether it is in the request: its value is neither refused nor withheld.
    pub(crate) is_sent: bool,
    /// Whether the value is not known here.
    pub(crate) is_open: bool,
    /// How far it is known, or why there is none, in a word or two. `None`: it is the value of now.
    pub(crate) state: Option<&'static str>,
    /// About the machine rather than the agent: this tells readers most.
    pub(crate) is_of_machine: bool,
    /// One sentence.
    pub(crate) what: &'static str,
    /// Labels and texts; an empty label continues the previous text, and an empty text makes a heading.
    pub(crate) about: Vec<(&'static str, String)>,
}

impl Line {
    /// A field with its value of now.
    fn new(name: &str, group: &'static str, class: Class, what: &'static str, value: String) -> Self {
        Self {
            name: name.to_owned(),
            group,
            class,
            human: units::human(name, &value),
            value,
            is_sent: true,
            is_open: false,
            state: None,
            is_of_machine: false,
            what,
            about: Vec::new(),
        }
    }

    pub(crate) const fn role(&self) -> Option<Role> {
        if self.is_open { Some(Role::Unknown) } else { self.class.role() }
    }

    pub(crate) fn is_withheld(&self) -> bool {
        self.state == Some(WITHHELD)
    }

    /// The character that stands for it.
    pub(crate) const fn mark(&self) -> &'static str {
        if self.is_open { "?" } else { self.class.mark() }
    }

    /// The value for a table.
    pub(crate) fn shown(&self) -> String {
        let human = self.human.iter().map(|human| format!("{human}  "));
        // Most values of the daemon are those of the last event.
        let state = self.state_beside().filter(|state| *state != AS_LAST_SAID).map(|state| format!("  ({state})"));
        human.chain([self.value.clone()]).chain(state).collect()
    }

    /// A word or two each, beside the value in a text.
    pub(crate) fn notes(&self) -> Vec<&str> {
        let tells = self.class < Class::Coarse && self.is_sent && !self.is_open;
        let class = tells.then_some(self.class.says());
        self.human.as_deref().into_iter().chain(class).chain(self.state_beside()).collect()
    }

    /// The state, if the value does not say it.
    fn state_beside(&self) -> Option<&'static str> {
        self.state.filter(|state| !self.value.starts_with(state))
    }
}

/// The head and the body of a request.
#[derive(Debug, Clone)]
pub(crate) struct Bytes {
    pub(crate) to: String,
    /// Header lines with their ends; empty where another program adds them.
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
    /// How these bytes relate to those that are sent.
    pub(crate) exactness: String,
}

impl Bytes {
    pub(crate) fn size(&self) -> usize {
        self.head.len() + self.body.len()
    }
}

#[derive(Debug, Clone)]
pub(crate) struct Request {
    /// The event and its sender, in a few words.
    pub(crate) title: String,
    pub(crate) lines: Vec<Line>,
    /// An error says why they are not known.
    pub(crate) bytes: Result<Bytes, String>,
}

impl Request {
    /// The fields in it.
    pub(crate) fn sent(&self) -> impl Iterator<Item = &Line> {
        self.lines.iter().filter(|line| line.is_sent)
    }

    /// How many fields there are, and how far their values are known.
    pub(crate) fn count(&self) -> String {
        let mut states: Vec<&str> = self.lines.iter().filter_map(|line| line.state).collect();
        states.sort_unstable_by_key(|state| Reverse(*state));
        let counts = states.chunk_by(|state, next| state == next).map(|same| {
            let plural = if same[0] == EXAMPLE && same.len() > 1 { "s" } else { "" };
            format!(", {} {}{plural}", same.len(), same[0])
        });
        format!("{} fields{}", self.sent().count(), counts.collect::<String>())
    }

    /// How many fields reveal how much about one machine.
    pub(crate) fn by_class(&self) -> String {
        let counts = Class::ALL.map(|class| (class, self.sent().filter(|line| line.class == class).count()));
        let said = counts.into_iter().filter(|(_, count)| *count > 0).map(|(class, count)| match (class, count) {
            (Class::Identifier, 1) => "1 identifies this installation".to_owned(),
            (Class::Identifier, count) => format!("{count} identify this installation"),
            (class, 1) => format!("1 is {}", class.word()),
            (class, count) => format!("{count} are {}", class.word()),
        });
        format!("{} fields: {}.", self.sent().count(), said.collect::<Vec<_>>().join(", "))
    }
}

/// The requests of the telemetry channels, by kind.
#[derive(Debug, Clone)]
pub(crate) struct Requests {
    /// That of the program that sends it here: Netdata's own script, or this project's sender.
    pub(crate) event: Result<Request, String>,
    pub(crate) report: Result<Request, String>,
    pub(crate) dashboard: Result<Request, String>,
}

impl Requests {
    pub(crate) fn of(preview: &Preview) -> Self {
        let event = match preview.sending_original().map(|original| &original.request) {
            Some(Ok((script, filled))) => Ok(of_script(preview, script, filled)),
            Some(Err(why)) => Err(format!(
                "What Netdata's own script sends is not known: its text is not understood ({}).",
                printable(why)
            )),
            None => of_sender(preview),
        };
        Self { event, report: of_report(preview), dashboard: Ok(of_dashboard(preview)) }
    }

    /// The request of a channel; an error says why it is not shown.
    pub(crate) fn of_channel(&self, name: &str) -> Result<&Request, &str> {
        let request = match name {
            "events" | "hooks" => &self.event,
            "crash-reports" => &self.report,
            "dashboard" => &self.dashboard,
            _ => return Err("This project does not know what this channel sends."),
        };
        request.as_ref().map_err(String::as_str)
    }
}

fn not_this_machines(examples: usize) -> String {
    format!("NOT THIS MACHINE'S: {examples} values are examples (the key x takes them out)")
}

/// The event of this project's sender; or why there is none, and what reports in its place.
pub(crate) fn assembly(preview: &Preview) -> Result<&Assembly, String> {
    preview.assembly.as_ref().map_err(|error| match error {
        NoRequest::Destination(_) if !preview.events().is_sent() => preview.events().instead(),
        error => error.to_string(),
    })
}

/// The event of this project's sender.
pub(crate) fn of_sender(preview: &Preview) -> Result<Request, String> {
    assembly(preview).map(|assembly| of_assembly(preview, assembly)).map_err(|why| match &preview.assembly {
        Err(NoRequest::Config(config)) if config.depends_on_the_account() => {
            format!("What is sent {}: {}.", words::NOT_SEEN, config.what())
        }
        _ => format!("There is no event: {why}"),
    })
}

pub(crate) fn of_assembly(preview: &Preview, assembly: &Assembly) -> Request {
    let examples = assembly.event.entries().iter().filter(|entry| entry.known() == Known::Example).count();
    let shown = assembly.event.entries().iter().filter(|entry| words::is_shown(entry));
    let open = assembly.event.not_known_here().count();
    let exactness = match (open, assembly.event.not_of_now().count() - open) {
        _ if examples > 0 => not_this_machines(examples),
        (0, 0) => "uuid and timestamp are new in every event".to_owned(),
        (0, _) => "the values of the last event may have changed".to_owned(),
        (open, 0) => format!("null stands for {open} values that the daemon sets"),
        (open, _) => format!("null stands for {open} values; others are the last event's"),
    };
    let request = &assembly.request;
    let (to, head, body) = (words::destination_of(request), request.head(), request.body().to_vec());
    Request {
        title: printable(&preview.action).into_owned(),
        lines: shown.map(|entry| of_entry(entry, &assembly.stamp)).collect(),
        bytes: Ok(Bytes { to, head, body, exactness }),
    }
}

pub(crate) fn of_dashboard(preview: &Preview) -> Request {
    Request {
        title: "an event as this project's module sends it; Netdata's page sends more".to_owned(),
        lines: preview.dashboard.iter().map(|entry| of_entry(entry, &dashboard::STAMP)).collect(),
        bytes: Err(format!(
            "The bytes are made in the browser of whoever looks at the dashboard. Those of this project's module, \
             dashboard/telemetry.js, go to {DESTINATION}batch/ unless the dashboard names another server; in its console, \
             status().last shows the last ones. Netdata's own page sends more, and elsewhere: key 5."
        )),
    }
}

fn of_entry(entry: &Entry, stamp: &EventId) -> Line {
    let field = entry.field;
    let value = words::value(entry, stamp);
    let mut about = vec![("Value", value.clone())];
    about.extend(words::instead_of_value(entry).map(|form| ("Form", form)));
    about.extend([
        ("From", words::source(entry)),
        ("Why", field.purpose.describe().to_owned()),
        reveals(Class::of(field.sensitivity)),
        ("Netdata", field_trace::documentation(field).to_owned()),
        ("From the source to the request", String::new()),
    ]);
    about.extend(field_trace::steps(entry, stamp));
    let state = match (&entry.content, entry.known()) {
        (Content::Dropped(_), _) => Some("left out"),
        (Content::Withheld, _) => Some(WITHHELD),
        (_, Known::NotHere) => Some(words::set_by(field)),
        (_, Known::LastEvent(_)) => Some(AS_LAST_SAID),
        (_, Known::Example) => Some(EXAMPLE),
        (_, Known::Now) => None,
    };
    Line {
        is_sent: entry.content.is_in_body(),
        is_open: matches!(entry.known(), Known::NotHere | Known::Example),
        state,
        about,
        ..of_field(field, value)
    }
}

fn of_field(field: &'static Field, value: String) -> Line {
    Line {
        is_of_machine: matches!(field.group, Group::System | Group::Hardware | Group::Container),
        ..Line::new(field.name, field.group.title(), Class::of(field.sensitivity), field.what, value)
    }
}

fn reveals(class: Class) -> (&'static str, String) {
    ("Reveals", format!("{} {}: {}", class.mark(), class.word(), class.meaning()))
}

/// A value of the script as it stands in the body, and how far it is known: for programs, and for people if it is not
/// that of now.
pub(crate) fn known(value: &ScriptValue) -> (Option<&str>, &'static str, Option<&'static str>) {
    match value {
        ScriptValue::Known(value) => (Some(value), "now", None),
        ScriptValue::Likely(value) => (Some(value), "likely", Some("likely")),
        ScriptValue::Example(value) => (Some(value), "example", Some(EXAMPLE)),
        ScriptValue::Daemons => (None, "not-here", Some("set by the daemon")),
        ScriptValue::Made => (None, "made", Some("made when the script runs")),
    }
}

/// The event of Netdata's own script.
pub(crate) fn of_script(preview: &Preview, script: &NetdatasScript, filled: &Filled) -> Request {
    let lines = filled.rows.iter().map(|row| {
        let name = printable(row.path.strip_prefix("properties.").unwrap_or(&row.path)).into_owned();
        let (value, _, state) = known(&row.value);
        let value = value.or(state).unwrap_or_default();
        let value = if value.contains('\n') { words::json_as(CompactFormatter, value) } else { Cow::Borrowed(value) };
        let value = printable(&value).into_owned();
        let foreign = "This project's sender has no such field.";
        let mut line = field(&name).map_or_else(
            || Line::new(&name, "Others", Class::Coarse, foreign, value.clone()),
            |field| of_field(field, value.clone()),
        );
        line.is_open = matches!(row.value, ScriptValue::Daemons | ScriptValue::Made | ScriptValue::Example(_));
        line.state = state;
        line.about = vec![("Value", value), ("From", printable(&row.from).into_owned()), reveals(line.class)];
        line
    });
    let head = script.headers.iter().fold(format!("{METHOD} {}\r\n", script.url), |head, line| head + line + "\r\n");
    let to = printable(&script.url).into_owned();
    let exactness = match filled.examples() {
        0 if filled.is_exact() => CURL_ADDS.to_owned(),
        0 => format!("null marks values that only the daemon supplies; {CURL_ADDS}"),
        examples => not_this_machines(examples),
    };
    Request {
        title: format!("{}, by Netdata's own script", printable(&preview.action)),
        lines: lines.collect(),
        bytes: Ok(Bytes { to, head: head + "\r\n", body: filled.bytes.clone(), exactness }),
    }
}

pub(crate) const NONE_BEFORE: &str = "agents before v2.3 make no such report";

fn of_report(preview: &Preview) -> Result<Request, String> {
    if preview.version.as_ref().is_some_and(|version| version.release() < Release::REPORTS) {
        return Err(format!("There is no report: {NONE_BEFORE}."));
    }
    let made = preview.kept.report(preview.version.as_ref(), If::Killed).map_err(|why| report::missing(&why))?;
    Ok(of_made_report(&made))
}

/// The daemon's own report.
pub(crate) fn of_made_report(made: &Report) -> Request {
    let lines = made.rows.iter().filter_map(|row| {
        let field = row.field()?;
        let class = if field.free_text { Class::FreeText } else { Class::of(field.sensitivity) };
        let value = printable(&String::from_utf8_lossy(&row.value)).into_owned();
        let group = row.path.split_once('.').map_or("computed", |(object, _)| object);
        Some(Line {
            is_open: matches!(row.known, InReport::NotHere | InReport::Example)
                || (row.known == InReport::AtStart && row.value == b"null"),
            state: report::known(row).1,
            is_of_machine: !row.path.starts_with("agent") && !row.path.starts_with("metrics"),
            about: vec![
                ("Value", report::value(row)),
                ("From", field.source.describe().to_owned()),
                ("Why", field.why.describe().to_owned()),
                reveals(class),
            ],
            ..Line::new(row.path, group, class, field.what, value)
        })
    });
    let exactness = match report::open(made)[..] {
        [] => "every value is known".to_owned(),
        ref open => format!("not known before the start: {}", open.join(", ")),
    };
    Request {
        title: format!("the daemon's report: {}", printable(made.ending.message)),
        lines: lines.collect(),
        bytes: Ok(Bytes { to: report::destination(), head: made.head(), body: made.body(), exactness }),
    }
}
