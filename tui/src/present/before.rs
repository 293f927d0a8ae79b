//! An answer that somebody kept, and the same of now.

use std::collections::BTreeMap;
use std::path::Path;

use anonymous_statistics::channels::Channel;
use anonymous_statistics::channels::crash_reports::If;
use anonymous_statistics::inspect::Preview;
use anonymous_statistics::inspect::before::{About, Before};
use anonymous_statistics::inspect::comparison::{Cell, Side};
use anonymous_statistics::release::Release;
use serde::Serialize;

use crate::output::{Failure, USAGE, object};
use crate::present::request::{NONE_BEFORE, assembly};
use crate::present::{report, words};

pub(crate) fn read(path: &Path) -> Result<Before, Failure> {
    Before::read(path).map_err(|why| Failure::new(USAGE, format!("--before {}: {why}", words::path(path))))
}

/// The side of now, and why there is no request of this kind any more, if that is how it is.
pub(crate) type Now = (Side, Option<String>);

/// What `show` would say now, as far as the kept answer says it. The daemon's own report is that after a kill, as `show`
/// has it without `--if`.
pub(crate) fn now(preview: &Preview, before: &Before) -> Result<Now, String> {
    let version = preview.version.as_ref();
    let without = match before.about {
        About::Event(_) => !preview.events().is_sent(),
        About::Report => version.is_some_and(|version| version.release() < Release::REPORTS),
    };
    if without {
        let why = if before.about == About::Report { NONE_BEFORE.to_owned() } else { preview.events().instead() };
        let mut around = around(preview, None);
        // There is no server where there is no request.
        around.retain(|(name, _)| name != "(server)");
        return Ok((Side::of([]).and_around(around, &before.side), Some(why)));
    }
    let (side, server) = match before.about {
        About::Report => {
            let report = preview.kept.report(version, If::Killed).map_err(|why| report::missing(&why))?;
            (Side::of_report(&report), Some(report::destination()))
        }
        About::Event(_) => event(preview)?,
    };
    Ok((side.and_around(around(preview, server), &before.side), None))
}

/// What surrounds the request now.
fn around(preview: &Preview, server: Option<String>) -> Vec<(String, Cell)> {
    let known = |text: Option<String>| text.map_or(Cell::SetByDaemon, |text| Cell::Value(text.into()));
    let version = preview.version.as_ref().map(|version| version.text.clone());
    let mut cells = vec![("(Netdata)".to_owned(), known(version)), ("(server)".to_owned(), known(server))];
    let state = |channel: &Channel| known(Some(channel.judgement.state.name().to_owned()));
    cells.extend(preview.channels().iter().map(|channel| (format!("(channel {})", channel.name), state(channel))));
    cells
}

/// The same in an answer of `show`, and the verdict.
pub(crate) fn surroundings(preview: &Preview) -> impl Serialize {
    let channels: BTreeMap<_, _> =
        preview.channels().iter().map(|channel| (channel.name, channel.judgement.state.name())).collect();
    let verdict = preview.verdict();
    object! {
        state: verdict.name(),
        headline: verdict.to_string(),
        netdata_version: preview.version.as_ref().map(|version| version.text.clone()),
        channels: channels,
    }
}

/// The event of the program that sends it, as `show` has it, and the server.
pub(crate) fn event(preview: &Preview) -> Result<(Side, Option<String>), String> {
    let none = |why: &str| format!("there is no request to compare: {why}");
    match preview.sending_original().map(|original| &original.request) {
        Some(Ok((script, filled))) => Ok((Side::of_script(filled), Some(script.url.clone()))),
        Some(Err(why)) => Err(none(&format!("Netdata's own script is not understood: {why}"))),
        None => {
            let assembly = assembly(preview).map_err(|why| none(&why))?;
            Ok((Side::of_event(&assembly.event), assembly.request.endpoint().map(ToString::to_string)))
        }
    }
}
