//! Consent: every place that was looked at, what it says, and what would change it.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::{Handled, Screen, View};
use crate::tui::key::Key;
use crate::tui::page::{self, Page, Row, Scroll};
use crate::verbs::status;
use crate::{views, words};

#[derive(Debug, Default)]
pub(crate) struct Consent {
    scroll: Scroll,
}

impl Screen for Consent {
    fn title(&self) -> &'static str {
        "Consent"
    }

    fn on_key(&mut self, key: Key, view: View<'_>) -> Handled {
        self.scroll.on_key(key, &rows(view), view.size.height, view.search).into()
    }

    fn matches(&self, view: View<'_>) -> usize {
        page::count(&rows(view), view.search)
    }

    fn draw(&self, view: View<'_>, area: Rect, buffer: &mut Buffer) {
        self.scroll.draw(rows(view), view.look, view.search, area, buffer);
    }
}

fn rows(view: View<'_>) -> Vec<Row> {
    let consent = &view.preview.consent;
    let mut page = Page::new(view.look, view.size);
    page.heading(&format!("Decision: {}", words::decision(consent.decision())));
    page.text(status::explanation(consent.decision())).blank();
    for step in &consent.steps {
        page.heading(&step.source.to_string());
        page.indented(2, &format!("{}: {}", words::verdict(step), words::finding(step)));
        if let Some(change) = step.what_would_change_it() {
            page.indented(2, &format!("what would change it: {change}"));
        }
    }
    page.blank().text(&views::whose(view.preview));
    page.text("A variable with any value opts out, 0 and false included: Netdata has always read it so.");
    page.into_rows()
}
