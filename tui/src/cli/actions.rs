//! The names of events on the command line.

use anonymous_statistics::fields::{self, shape};
use anonymous_statistics::text::nearest;

pub(super) fn action(text: &str) -> Result<String, &'static str> {
    let known = fields::ACTIONS.iter().find(|action| action.name.eq_ignore_ascii_case(text));
    match known {
        Some(action) => Ok(action.name.to_owned()),
        None if shape::is_action(text) => Ok(text.to_owned()),
        None => Err("an event is letters, digits and underscores, at most 32 (START, EXIT, FATAL ...)"),
    }
}

/// An action of the schema.
pub(crate) fn known_action(text: &str) -> Result<String, String> {
    let action = action(text)?;
    if fields::Action::named(&action).is_some() {
        return Ok(action);
    }
    let names: Vec<&str> = fields::ACTIONS.iter().map(|action| action.name).collect();
    let meant =
        nearest(&action, names.iter().copied()).map_or_else(String::new, |meant| format!(" (did you mean {meant}?)"));
    Err(format!("there is no event {action}{meant}; there are {}", names.join(", ")))
}
