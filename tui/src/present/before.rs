//! An answer that somebody kept, and the same of now.

use std::path::Path;

use anonymous_statistics::channels::crash_reports::If;
use anonymous_statistics::inspect::Preview;
use anonymous_statistics::inspect::before::{About, Before};
use anonymous_statistics::inspect::comparison::Side;

use crate::output::{Failure, USAGE};
use crate::present::request::assembly;
use crate::present::{report, words};

pub(crate) fn read(path: &Path) -> Result<Before, Failure> {
    Before::read(path).map_err(|why| Failure::new(USAGE, format!("--before {}: {why}", words::path(path))))
}

/// What `show` would say now. The daemon's own report is that after a kill, as `show` has it without `--if`.
pub(crate) fn now(preview: &Preview, about: &About) -> Result<Side, String> {
    match (about, preview.sending_original()) {
        (About::Report, _) => {
            let report = preview.kept.report(preview.version.as_ref(), If::Killed);
            report.map(|report| Side::of_report(&report)).map_err(|why| report::missing(&why))
        }
        (About::Event(_), Some(original)) => match &original.request {
            Ok((_, filled)) => Ok(Side::of_script(filled)),
            Err(why) => Err(format!("there is no request to compare: Netdata's own script is not understood: {why}")),
        },
        (About::Event(_), None) => event(preview),
    }
}

/// The event of this project's sender.
pub(crate) fn event(preview: &Preview) -> Result<Side, String> {
    let assembly = assembly(preview).map_err(|why| format!("there is no request to compare: {why}"))?;
    Ok(Side::of_event(&assembly.event))
}
