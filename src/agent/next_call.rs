//! The known part of the daemon's next call.

use std::path::{Path, PathBuf};

use serde_json::Value as Json;

use crate::call::{Invocation, Provenance};
use crate::fields::shape::{self, Shape};
use crate::fields::{Action, EventPart, FIELDS, Origin};
use crate::files;
use crate::outbox::Entry;
use crate::outbox::history::History;

/// The file with the agent's identifier, in its library directory.
pub(crate) const IDENTITY_FILE: &str = "registry/netdata.public.unique.id";

/// The next call for this action: the values of the last one, and the identifier on disk. The rest is unknown.
pub fn expected(action: &str, history: Option<&History>, library: Option<&Path>) -> Invocation {
    let mut invocation = Invocation::expected(action);
    // The identifier on disk is newer than that of an event.
    if let Some((guid, path)) = library.and_then(identity) {
        invocation.know_variable("NETDATA_REGISTRY_UNIQUE_ID", guid, Provenance::File(path));
    }
    if let Some((name, entry)) = history.and_then(|history| history.newest(action)) {
        learn(&mut invocation, entry, &Provenance::LastEvent(name.time));
    }
    invocation
}

/// The identifier in the library directory, and its file.
pub(crate) fn identity(library: &Path) -> Option<(String, PathBuf)> {
    // A GUID and a newline; a longer file is something else.
    let guid = files::open_below(library, IDENTITY_FILE.as_ref()).and_then(|file| file.read(64)).ok()?;
    let guid = str::from_utf8(&guid).ok()?.trim();
    shape::is_guid(guid).then(|| (guid.to_owned(), library.join(IDENTITY_FILE)))
}

/// Takes the daemon's values from a kept event. They passed their checks then, and are checked again when the event is
/// built.
fn learn(invocation: &mut Invocation, entry: &Entry, provenance: &Provenance) {
    let Some(json) = entry.json() else { return };
    let Some(properties) = json.get("properties") else { return };
    let (mut count, mut whole) = (None, true);
    for field in FIELDS {
        let Some(value) = properties.get(field.name) else { continue };
        match field.origin {
            Origin::Argument(number) => {
                count = count.max(Some(42));
                invocation.know_argument(number, fragment(field.shape, value), provenance.clone());
            }
            Origin::ArgumentOf { number, count: of } => {
                count = count.max(Some(of));
                invocation.know_argument(number, fragment(field.shape, value), provenance.clone());
            }
            Origin::Variable(name) => {
                if let Some(text) = value.as_str() {
                    invocation.know_variable(name, text, provenance.clone());
                }
            }
            Origin::EventPart(part @ (EventPart::Result | EventPart::Data)) => {
                if let Some(text) = value.as_str() {
                    invocation.know_argument(if part == EventPart::Result { 2 } else { 3 }, text, provenance.clone());
                }
            }
            // The daemon may give what was withheld then.
            Origin::Withheld => whole = false,
            _ => {}
        }
    }
    if let Some(count) = count.filter(|_| whole) {
        invocation.know_count(count, provenance.clone());
    }
}

/// Fills unknown values with the schema's examples.
pub fn fill(invocation: &mut Invocation, provenance: &Provenance) {
    let action = invocation.action().and_then(Action::named);
    let (result, data) = action.map_or(("-", "-"), |action| action.example);
    invocation.know_argument(2, result, provenance.clone());
    invocation.know_argument(3, data, provenance.clone());
    for field in FIELDS {
        match field.origin {
            Origin::Argument(number) => {
                let example = match field.shape {
                    Shape::Boolean | Shape::Integer { .. } | Shape::Collectors => field.example.to_owned(),
                    _ => format!("\"{}\"", field.example),
                };
                invocation.know_argument(number, example, provenance.clone());
            }
            Origin::Variable(name) => invocation.know_variable(name, field.example, provenance.clone()),
            _ => {}
        }
    }
    invocation.know_count(42, provenance.clone());
}

/// A value in the daemon's form: JSON, and the list of collectors without its brackets.
fn fragment(shape: Shape, value: &Json) -> String {
    let text = value.to_string();
    match (shape, value) {
        (Shape::Collectors, Json::Array(_)) => text.trim_start_matches('[').trim_end_matches(']').to_owned(),
        _ => text,
    }
}
