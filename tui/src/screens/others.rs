//! Others: what is sent from here and not by this project's sender, by the daemon itself and by Netdata's own script; and
//! every channel of the agent.

use anonymous_statistics::channels::crash_reports::If;

use crate::present::{original, report, words};
use crate::ui::screen::View;
use crate::ui::widgets::page::{Page, Row};

/// Columns of a channel's labels.
const CHANNEL: usize = 11;

pub(super) fn rows(view: View<'_>) -> Vec<Row> {
    let preview = view.preview;
    let mut page = Page::new(view.look, view.size);
    if let Some(script) = &preview.original {
        page.heading("Netdata's own script, which is the sender of the events here");
        add(&mut page, &original::text(preview, script));
        page.blank();
    }
    page.heading("The daemon's own report at its next start");
    match preview.kept.report(preview.version.as_ref(), If::Killed) {
        _ if has_none(view) => {
            page.text("This agent posts none: they came with v2.3.");
        }
        Ok(made) => add(&mut page, &report::whole(preview, &made)),
        Err(why) => {
            page.text(&report::missing(&why));
        }
    }
    page.blank().heading("Every channel of the agent");
    for channel in &preview.channels() {
        page.text(&format!("{}: {}", channel.name, channel.what));
        page.row("  here", CHANNEL, &words::judged(channel));
        for step in &channel.judgement.trace {
            page.row("", CHANNEL, &words::channel_step(step));
        }
        page.row("  goes to", CHANNEL, &channel.destination);
        page.row("  to stop", CHANNEL, channel.how_to_stop);
    }
    page.into_rows()
}

fn has_none(view: View<'_>) -> bool {
    use anonymous_statistics::release::Release;
    view.preview.version.as_ref().is_some_and(|version| version.release() < Release::REPORTS)
}

/// Lines that are aligned or indented stay so.
fn add(page: &mut Page, text: &str) {
    for line in text.lines() {
        let indent = line.len() - line.trim_start().len();
        if line.is_empty() {
            page.blank();
        } else {
            page.indented(indent, line.trim_start());
        }
    }
}
