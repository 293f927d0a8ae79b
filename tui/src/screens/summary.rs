//! Summary: everything important on one page.

use anonymous_statistics::agent::version::Version;
use anonymous_statistics::channels::Verdict;
use anonymous_statistics::consent::Decision;
use anonymous_statistics::fields::ACTIONS;
use anonymous_statistics::release::Release;

use crate::present::{dashboard, words};
use crate::ui::screen::View;
use crate::ui::widgets::page::{Page, Row};

/// Columns of the labels.
const LABEL: usize = 11;

pub(super) fn rows(view: View<'_>) -> Vec<Row> {
    let preview = view.preview;
    let mut page = Page::new(view.look, view.size);
    if preview.verdict() == Verdict::NoAgent {
        page.text("No Netdata agent was found on this machine. This is what one would send from here.").blank();
    }
    page.heading("Every telemetry channel");
    for line in words::telemetry(preview) {
        page.text(&line);
    }
    page.blank();
    let release = preview.version.as_ref().map(Version::release);
    if release.is_none_or(|release| release >= Release::REPORTS) {
        page.row("Report", LABEL, words::REPORT);
    }
    if preview.events().is_called() {
        event(&mut page, view);
    }
    if preview.consent.decision() == Decision::OptedOut {
        page.row(
            "Stopped",
            LABEL,
            "This project's sender sends nothing from here. The key i shows what opting in would do.",
        );
    } else {
        page.row(
            "To stop",
            LABEL,
            &format!("Press o. That creates {}, and does what else is necessary here", stop_file(view)),
        );
    }
    let state = dashboard::state(preview);
    page.row("Dashboard", LABEL, &format!("It may send events of its own, from a browser: key 7. Here: {state}."));
    if !preview.is_exact() && preview.assembly.is_ok() {
        page.blank().text(words::NOT_EXACT);
    }
    page.blank().heading("Who would send");
    page.text(&preview.script.to_string());
    page.text(&format!("{} {}", preview.events().condition(), words::daemons()));
    page.blank().heading("With what");
    for (label, text) in words::overview(preview).into_iter().filter(|(label, _)| !SAID.contains(label)) {
        page.row(label, 18, &text);
    }
    page.blank().heading("All events");
    for action in ACTIONS {
        page.row(action.name, 21, action.when);
    }
    page.into_rows()
}

/// The daemon's event.
fn event(page: &mut Page, view: View<'_>) {
    let preview = view.preview;
    match &preview.assembly {
        Err(error) => {
            page.row("Problem", LABEL, &error.to_string());
        }
        Ok(assembly) => {
            page.row("What", LABEL, &format!("A usage event of Netdata. {}", words::by_sensitivity(preview)));
            page.row("Why", LABEL, words::WHY);
            if let Some(entry) = assembly.event.entry("distinct_id") {
                let known = words::instead_of_value(entry).is_none();
                let id = if known { words::value(entry, &assembly.stamp) } else { "An identifier".to_owned() };
                let text =
                    format!("{id}, the same in every event. Pseudonymous: no name, but no other installation has it.");
                page.row("Who", LABEL, &text);
            }
        }
    }
    if preview.original.is_some() {
        page.row("Not this", LABEL, "Netdata's own script is the sender here, and sends another request: key 8.");
    }
    let action = &preview.action;
    let when = words::when(action).map_or_else(|| action.clone(), |when| format!("{action}: {when}."));
    page.row("When", LABEL, &format!("{when} The key e shows the other events."));
    if let Ok(destination) = &preview.destination {
        let proxy = if destination.is_some() { format!(" (proxy: {})", words::proxy(preview)) } else { String::new() };
        page.row("Where to", LABEL, &(words::destination(preview) + &proxy));
    }
    page.row("Not sent", LABEL, words::NEVER_SENT);
}

/// Rows of the overview that are already in the head or in the sentences above.
const SAID: [&str; 4] = ["Destination", "Event", "Request", "Who would send"];

fn stop_file(view: View<'_>) -> String {
    words::path(&anonymous_statistics::consent::opt_out_file::opt_out_file(&view.preview.opt_out_folder()))
}
