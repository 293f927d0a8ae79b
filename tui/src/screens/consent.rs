//! Consent: what decides about the chosen channel, what its program found here, and what would change it.

use anonymous_statistics::channels::{Channel, Effect, State};

use crate::present::palette::Role;
use crate::present::{consent, dashboard, words};
use crate::ui::screen::{Content, Screen, View};
use crate::ui::widgets::page::{Page, Row};

#[derive(Debug)]
pub(crate) struct Consent;

impl Screen for Consent {
    fn title(&self) -> &'static str {
        "Consent"
    }

    fn content<'a>(&'a self, view: View<'a>) -> Content<'a> {
        Content::Page(rows(view))
    }
}

/// Columns of the labels.
const LABEL: usize = 9;

fn rows(view: View<'_>) -> Vec<Row> {
    let mut page = Page::new(view.look, view.size);
    let Some(channel) = view.channel() else { return page.into_rows() };
    page.heading(&format!("{}: {}", channel.name, channel.judgement.state.describe())).text(channel.what).blank();
    page.row("Why", LABEL, &channel.judgement.why);
    page.row("Goes to", LABEL, &channel.destination);
    view.how_to_stop(channel, "To stop", LABEL, &mut page);
    trace(&mut page, channel, view);
    match channel.name {
        "events" | "hooks" => senders(&mut page, view),
        "dashboard" => others(&mut page),
        _ => {}
    }
    let daemons = consent::daemons(view.preview);
    if !daemons.is_empty() {
        page.blank().heading("Running daemons");
        for daemon in daemons {
            page.text(&daemon);
        }
    }
    page.into_rows()
}

/// What the program that sends looks at, in its order.
fn trace(page: &mut Page, channel: &Channel, view: View<'_>) {
    if channel.judgement.trace.is_empty() {
        return;
    }
    page.blank().heading("What the sender checks");
    for step in &channel.judgement.trace {
        let role = match step.effect {
            Effect::On => Some(Role::State(State::On)),
            Effect::Off => Some(Role::State(State::Off)),
            Effect::Unknown => Some(Role::Unknown),
            Effect::None => None,
        };
        page.path(0, &step.asked);
        let text = format!("{}: {}", step.effect.describe(), step.found);
        page.styled_row("", 2, &text, view.look.perhaps(role));
    }
}

/// What this project's sender looks at, and how to change it.
fn senders(page: &mut Page, view: View<'_>) {
    let consent = &view.preview.consent;
    page.blank().heading(&format!("This project's sender: {}", words::decision(consent.decision())));
    page.text(&consent::explanation(consent));
    for step in &consent.steps {
        page.path(0, &step.source.to_string());
        page.indented(2, &format!("{}: {}", words::verdict(step), step.found()));
        if let Some(change) = step.what_would_change_it() {
            page.indented(2, &format!("to change this, {change}"));
        }
    }
    page.text("A variable with any value opts out, 0 and false included: Netdata has always read it so.");
    beside_each_other(page, view);
}

/// Where this shell has other variables than the deciding environment.
fn beside_each_other(page: &mut Page, view: View<'_>) {
    page.blank().heading("Whose variables decide").text(&consent::whose(view.preview));
    for row in consent::differences(view.preview) {
        page.styled_row(&row.variable, 19, "they differ: the daemon's counts", view.look.role(Role::Difference));
        page.row("  the daemon", 19, &row.daemon).row("  this shell", 19, &row.shell);
    }
    if let Some(advice) = consent::advice(view.preview) {
        page.blank().text(advice);
    }
}

/// What else leaves the browser of whoever looks at the dashboard.
fn others(page: &mut Page) {
    page.blank().heading("Who decides").text(dashboard::DECIDES).text(dashboard::ABOUT);
    for (heading, sentences) in dashboard::recordings() {
        page.blank().heading(&heading);
        sentences.iter().fold(&mut *page, |page, sentence| page.text(sentence));
    }
}
