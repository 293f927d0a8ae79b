//! `forget`: deletes the kept requests and the waiting events.

use anonymous_statistics::inspect::{Preview, Question};
use anonymous_statistics::outbox;
use anonymous_statistics::outbox::Role;
use anonymous_statistics::text::reason;

use crate::actions::rights;
use crate::cli::UndoOptions;
use crate::output::{self, Failure, NO_PERMISSION};
use crate::present::words;
use crate::verbs::done;

pub(crate) fn run(question: &Question, options: UndoOptions) -> Result<(), Failure> {
    let preview = Preview::look(question);
    let state = words::state_folder(&preview.folders);
    if options.dry_run {
        let would = format!("Would delete the requests that were sent and the events that wait, in {state}.");
        return done::nothing(options.format, vec![would], &preview);
    }
    if !options.yes {
        let what = format!("This deletes the requests that were sent and the events that wait, in {state}.");
        output::confirm("forget", &what)?;
    }
    let library = preview.folders.library_path();
    let failed = |what: &str, error: std::io::Error| {
        Failure::new(NO_PERMISSION, format!("cannot delete {what} in {state}: {}", reason(&error)))
            .instead(rights::with_more_rights("forget", &preview))
    };
    let waiting =
        outbox::forget_waiting(library, Role::Reader).map_err(|error| failed("the events that wait", error))?;
    let sent = outbox::forget_history(library).map_err(|error| failed("the requests that were sent", error))?;
    let said = [
        format!("Deleted {sent} requests that were sent, and {waiting} events that waited, from {state}."),
        "The server still has what was sent. To cut its link to this machine, give the agent a new identifier, and ask \
         Netdata to delete what has the old one."
            .to_owned(),
    ];
    done::say(options.format, true, &said, &preview)
}
