//! The event, built row by row from the schema out of an invocation and the facts of a machine.

use std::ffi::OsStr;

use system_facts::{Evidence, Facts, Source};

use crate::call::fatal::Fatal;
use crate::call::{Given, Invocation, Provenance};
use crate::clock::UnixMillis;
use crate::destination::Destination;
use crate::fields::personal::{HostNames, find_personal};
use crate::fields::shape::{self, Rejection, Shape, Value};
use crate::fields::{Action, EventPart, FIELDS, Field, Origin, Selection, Withheld};
use crate::request::error::NoRequest;

/// Bytes of one argument. The longest real one lists the collectors: about 4 KiB on a busy parent.
pub const ARGUMENT_BYTES: usize = 16 * 1024;

/// Bytes of one environment variable.
const VARIABLE_BYTES: usize = 1024;

/// The origin of a field's value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cause {
    /// The same for everybody, or set in the configuration.
    Fixed,
    Said(Provenance),
    Collected {
        /// The deciding source, if any.
        source: Option<Source>,
        evidence: Vec<Evidence>,
    },
    /// Made from other fields, or by this program.
    Made,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Content {
    Sent(Value),
    /// Only the daemon knows the value, at the time of its call.
    NotKnownHere,
    Dropped(Rejection),
    /// Not in the body: the daemon does not give it, or the configuration leaves it out.
    Absent,
    /// The configuration withholds it, whatever its value and whether it has one.
    Withheld,
    /// Set when the event is frozen.
    Frozen,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    pub field: &'static Field,
    /// What becomes of it.
    pub content: Content,
    pub cause: Cause,
    /// The daemon's or the machine's answer before its form was checked. Only people at this machine see it.
    pub raw: Option<String>,
}

/// How well a value is known before the daemon's call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Known {
    /// It would be sent now.
    Now,
    /// From the last event of this kind; the daemon may have another value now.
    LastEvent(UnixMillis),
    Example,
    NotHere,
}

impl Entry {
    /// The field's name if it was left out, and with brackets if a part of its list was.
    fn dropped(&self) -> Option<String> {
        match &self.content {
            Content::Dropped(_) => Some(self.field.name.to_owned()),
            Content::Sent(Value::Collectors(collectors)) if collectors.refused > 0 => {
                Some(format!("{}[]", self.field.name))
            }
            _ => None,
        }
    }

    pub fn known(&self) -> Known {
        match (&self.content, &self.cause) {
            (Content::NotKnownHere, _) => Known::NotHere,
            (Content::Withheld, _) => Known::Now,
            (_, Cause::Said(Provenance::LastEvent(time))) => Known::LastEvent(*time),
            (_, Cause::Said(Provenance::Example)) => Known::Example,
            _ => Known::Now,
        }
    }
}

/// An event before it is frozen. The only way to make one is [`Event::build`].
#[derive(Debug, Clone)]
pub struct Event {
    entries: Vec<Entry>,
}

#[derive(Debug, Clone, Copy)]
pub struct Ingredients<'a> {
    pub invocation: &'a Invocation,
    pub facts: &'a Facts,
    /// Kept out of free text.
    pub nodename: &'a str,
    /// `None`: not known before the daemon's call, because its version is not.
    pub destination: Option<&'a Destination>,
    pub selection: Selection,
    pub withheld: &'a Withheld,
}

impl Event {
    pub fn build(ingredients: Ingredients<'_>) -> Result<Self, NoRequest> {
        let builder = Builder::new(ingredients)?;
        let mut entries: Vec<Entry> = FIELDS.iter().map(|field| builder.entry(field)).collect();
        let dropped: Vec<String> = entries.iter().filter_map(Entry::dropped).collect();
        let withheld = entries.iter().any(|entry| entry.content == Content::Withheld);
        for entry in &mut entries {
            match entry.field.origin {
                Origin::Dropped if !dropped.is_empty() => entry.content = Content::Sent(Value::Names(dropped.clone())),
                Origin::Withheld if withheld => entry.content = Content::Sent(Value::Boolean(true)),
                _ => {}
            }
        }
        Ok(Self { entries })
    }

    /// All fields of the schema in wire order.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    pub fn entry(&self, name: &str) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.field.name == name)
    }

    pub fn action(&self) -> &str {
        match self.entry("action").map(|entry| &entry.content) {
            Some(Content::Sent(Value::Text(action))) => action,
            _ => "",
        }
    }

    pub fn not_known_here(&self) -> impl Iterator<Item = &'static str> {
        self.entries.iter().filter(|entry| entry.content == Content::NotKnownHere).map(|entry| entry.field.name)
    }

    /// The fields whose values the daemon may change in its call. An event without any is exact.
    pub fn not_of_now(&self) -> impl Iterator<Item = &Entry> {
        self.entries.iter().filter(|entry| entry.known() != Known::Now)
    }
}

struct Builder<'a> {
    ingredients: Ingredients<'a>,
    lines: Vec<system_facts::internal::netdata::Line<'a>>,
    hosts: HostNames,
    action: &'a str,
    fatal: Option<Fatal>,
}

impl<'a> Builder<'a> {
    fn new(ingredients: Ingredients<'a>) -> Result<Self, NoRequest> {
        let invocation = ingredients.invocation;
        let action = invocation.action().filter(|action| shape::is_action(action)).ok_or(NoRequest::Action)?;
        let variables = ["NETDATA_HOSTNAME", "NETDATA_REGISTRY_HOSTNAME"];
        let names = variables.iter().filter_map(|name| invocation.known_variable(name)).filter_map(OsStr::to_str);
        let hosts = HostNames::new(names.chain([ingredients.nodename]));
        let harmless = |text: &str| find_personal(text, &hosts).is_none();
        // A later daemon may have an action that is not known here; a hostile caller may put anything there.
        if Action::named(action).is_none() && !harmless(action) {
            return Err(NoRequest::Action);
        }
        match invocation.variable("NETDATA_REGISTRY_UNIQUE_ID") {
            Given::Value(guid, _) if guid.to_str().is_some_and(shape::is_guid) => {}
            Given::NotKnownHere => {}
            Given::Value(..) | Given::Absent(_) => return Err(NoRequest::Identity),
        }
        let argument = |number| match invocation.argument(number) {
            Given::Value(value, _) => value.to_str(),
            Given::Absent(_) | Given::NotKnownHere => None,
        };
        let fatal = (action == "FATAL").then(|| Fatal::parse(argument(2), argument(3)).keep(harmless));
        Ok(Self { ingredients, lines: system_facts::internal::netdata::lines(ingredients.facts), hosts, action, fatal })
    }

    fn entry(&self, field: &'static Field) -> Entry {
        let kept = self.ingredients.selection == Selection::All || field.documented || field.always;
        if !kept || !field.occurs_in(self.action) {
            return Entry { field, content: Content::Absent, cause: Cause::Made, raw: None };
        }
        let (content, cause) = self.content(field);
        let raw = match cause {
            Cause::Said(_) | Cause::Collected { .. } => self.raw(field.origin),
            Cause::Fixed | Cause::Made => None,
        };
        let content = if self.ingredients.withheld.holds(field) { Content::Withheld } else { content };
        Entry { field, content, cause, raw }
    }

    /// The answer before the check.
    fn raw(&self, origin: Origin) -> Option<String> {
        let invocation = self.ingredients.invocation;
        let (given, max) = match origin {
            Origin::Argument(number) | Origin::ArgumentOf { number, .. } => {
                (invocation.argument(number), ARGUMENT_BYTES)
            }
            Origin::EventPart(part) => (invocation.argument(part.argument()), ARGUMENT_BYTES),
            Origin::Variable(name) => (invocation.variable(name), VARIABLE_BYTES),
            Origin::Fact(name) => {
                return self.lines.iter().find(|line| line.name == name).map(|line| line.value.clone());
            }
            Origin::Constant(_)
            | Origin::ApiKey
            | Origin::Dropped
            | Origin::Withheld
            | Origin::FrozenUuid
            | Origin::FrozenTime
            | Origin::Hello(_)
            | Origin::Page
            | Origin::Client => return None,
        };
        match given {
            Given::Value(value, _) if value.len() <= max => Some(value.to_string_lossy().into_owned()),
            Given::Value(..) | Given::Absent(_) | Given::NotKnownHere => None,
        }
    }

    fn content(&self, field: &'static Field) -> (Content, Cause) {
        match field.origin {
            Origin::Constant(value) => (self.check_text(field, value), Cause::Fixed),
            Origin::ApiKey => match self.ingredients.destination.map(|destination| &destination.api_key) {
                Some(Some(key)) => (self.check_text(field, key), Cause::Fixed),
                Some(None) => (Content::Absent, Cause::Fixed),
                None => (Content::NotKnownHere, Cause::Made),
            },
            Origin::Argument(number) => self.argument(field, number),
            Origin::ArgumentOf { number, count } => match self.ingredients.invocation.count() {
                Some(given) if given == count => self.argument(field, number),
                // The form of the call is not known before it is made; most daemons give neither argument.
                Some(_) | None => (Content::Absent, Cause::Made),
            },
            Origin::Variable(name) => {
                said(self.ingredients.invocation.variable(name), VARIABLE_BYTES, |text| self.check_text(field, text))
            }
            Origin::Fact(name) => match self.lines.iter().find(|line| line.name == name) {
                Some(line) => {
                    let cause = Cause::Collected { source: line.source, evidence: line.evidence.to_vec() };
                    (self.check_text(field, &line.value), cause)
                }
                None => (Content::Absent, Cause::Made),
            },
            Origin::EventPart(part) => self.happened(field, part),
            // The dashboard's fields have a table of their own.
            Origin::Dropped | Origin::Withheld | Origin::Hello(_) | Origin::Page | Origin::Client => {
                (Content::Absent, Cause::Made)
            }
            Origin::FrozenUuid | Origin::FrozenTime => (Content::Frozen, Cause::Made),
        }
    }

    fn check_text(&self, field: &Field, text: &str) -> Content {
        match field.shape.check_text(text, &self.hosts) {
            Ok(value) => Content::Sent(value),
            Err(misfit) => Content::Dropped(misfit),
        }
    }

    fn argument(&self, field: &Field, number: usize) -> (Content, Cause) {
        said(self.ingredients.invocation.argument(number), ARGUMENT_BYTES, |fragment| {
            match field.shape.check_fragment(fragment, &self.hosts) {
                Ok(value) => Content::Sent(value),
                Err(misfit) => Content::Dropped(misfit),
            }
        })
    }

    fn happened(&self, field: &Field, part: EventPart) -> (Content, Cause) {
        let given = self.ingredients.invocation.argument(part.argument());
        if part == EventPart::Event && matches!(given, Given::Absent(_)) {
            return (self.check_text(field, self.action), Cause::Made);
        }
        said(given, ARGUMENT_BYTES, |text| match part {
            EventPart::Action => self.check_text(field, text),
            EventPart::Event => {
                let result =
                    self.part(EventPart::Result, text).filter(|text| Shape::Word.check_text(text, &self.hosts).is_ok());
                let full = result.map(|result| self.check_text(field, &format!("{} {result}", self.action)));
                // An unusable result is left out; the event is still worth counting.
                full.filter(|full| matches!(full, Content::Sent(_)))
                    .unwrap_or_else(|| self.check_text(field, self.action))
            }
            EventPart::Thread if self.fatal.as_ref().is_some_and(|fatal| fatal.unnamed) => Content::Absent,
            _ => self
                .part(part, text)
                .map_or(Content::Dropped(Rejection::WrongShape), |text| self.check_text(field, &text)),
        })
    }

    /// For FATAL the arguments are never copied: each part is one that parsed.
    fn part(&self, part: EventPart, argument: &str) -> Option<String> {
        let Some(fatal) = &self.fatal else { return Some(argument.to_owned()) };
        let number = |value: Option<i64>| value.map(|number| number.to_string());
        match part {
            EventPart::Event | EventPart::Action => None,
            EventPart::Result => fatal.result(),
            EventPart::Data => fatal.data(),
            EventPart::Process => fatal.process.clone(),
            EventPart::Thread => fatal.thread.clone(),
            EventPart::Line => number(fatal.line),
            EventPart::File => fatal.file.clone(),
            EventPart::Function => fatal.function.clone(),
            EventPart::Errno => number(fatal.errno),
        }
    }
}

/// Checks the daemon's value, if it is text within the limit.
fn said(given: Given<&OsStr>, max: usize, check: impl Fn(&str) -> Content) -> (Content, Cause) {
    match given {
        Given::Value(value, provenance) => {
            let content = match value.to_str() {
                _ if value.len() > max => Content::Dropped(Rejection::TooLong),
                None => Content::Dropped(Rejection::Malformed),
                Some(text) => check(text),
            };
            (content, Cause::Said(provenance))
        }
        Given::Absent(provenance) => (Content::Absent, Cause::Said(provenance)),
        Given::NotKnownHere => (Content::NotKnownHere, Cause::Made),
    }
}
