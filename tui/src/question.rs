//! Turns the command line into a question to the core library.

use std::path::Path;

use anonymous_statistics::call::Invocation;
use anonymous_statistics::inspect::{Environment, Question};
use anonymous_statistics::text::printable;

use crate::cli::{self, CallOptions, Place};
use crate::output::{Failure, USAGE};

/// The default event, the first that an agent sends.
const USUAL_EVENT: &str = "START";

pub(crate) fn from(place: &Place, call: &CallOptions) -> Result<Question, Failure> {
    // A recorded call may have an unknown action, since a daemon made it.
    if let (Some(event), None) = (&call.event, &call.call) {
        cli::known_action(event).map_err(|problem| Failure::new(USAGE, format!("--event: {problem}")))?;
    }
    let mut environment = Environment::new();
    environment.extend(std::env::vars_os());
    Ok(Question {
        action: call.event.clone().unwrap_or_else(|| USUAL_EVENT.to_owned()),
        call: call.call.as_deref().map(|path| recorded_call(path, call.event.as_deref())).transpose()?,
        config_dir: place.config_dir.clone(),
        lib_dir: place.lib_dir.clone(),
        plugins_dir: place.plugins_dir.clone(),
        examples: false,
        daemon_version: place.daemon_version.clone(),
        environment,
    })
}

fn recorded_call(path: &Path, action: Option<&str>) -> Result<Invocation, Failure> {
    Invocation::from_file(path, action).map_err(|error| {
        let problem = error.to_string().replace('\n', " ");
        Failure::new(USAGE, format!("--call {}: {problem}", printable(&path.to_string_lossy())))
    })
}
