//! Dashboard: the events that the agent's dashboard sends from a browser, the decision about them, and what others add.

use anonymous_statistics::channels::dashboard::stock;
use ratatui::buffer::Buffer;
use ratatui::layout::{Rect, Size};

use crate::present::consent;
use crate::present::dashboard::{self, ABOUT, DECIDES, STAMP, STOCK};
use crate::ui::keys::{Key, OwnKey};
use crate::ui::screen::{Handled, Screen, View};
use crate::ui::widgets::field;
use crate::ui::widgets::page::{self, Page, Row};
use crate::ui::widgets::table::{Item, Table};

#[derive(Debug, Default)]
pub(crate) struct Dashboard {
    by_sensitivity: bool,
    table: Table,
}

/// The subject of a line that is no field.
#[derive(Debug, Clone, Copy)]
enum Subject {
    State,
    Who,
    Destination,
    Client,
    Stock,
}

impl Screen for Dashboard {
    fn title(&self) -> &'static str {
        "Dashboard"
    }

    fn keys(&self, _view: View<'_>) -> &'static [OwnKey] {
        field::keys(&self.table)
    }

    fn on_key(&mut self, key: Key, view: View<'_>) -> Handled {
        if key == Key::Char('s') && !self.table.is_open() {
            self.by_sensitivity = !self.by_sensitivity;
            return Handled::Yes;
        }
        self.table.on_key(key, &self.items(view), view).into()
    }

    fn matches(&self, view: View<'_>) -> usize {
        self.items(view).len()
    }

    fn draw(&self, view: View<'_>, area: Rect, buffer: &mut Buffer) {
        self.table.draw(&self.items(view), view, area, buffer);
    }
}

impl Dashboard {
    fn items<'a>(&self, view: View<'a>) -> Vec<Item<'a>> {
        let item = |heading: &str, name, value, subject| Item {
            heading: heading.to_owned(),
            name,
            value,
            details: Box::new(move |size| details(subject, view, size)),
        };
        let wanted = |item: &Item<'_>| {
            let room = Size::new(u16::MAX, u16::MAX);
            view.search.is_empty() || page::count(&(item.details)(room), view.search) > 0
        };
        let (client, [(_, kept), (_, removed)]) = dashboard::client();
        let client = format!("{}: {} of its {} names pass", client.program, kept.len(), kept.len() + removed.len());
        let stock = stock();
        let stock = format!("{}: {} names", stock.program, stock.names.len());
        let (above, below) = ("This channel", "What others add");
        let mut items = vec![
            item(above, "here", dashboard::state(view.preview), Subject::State),
            item(above, "who decides", "the agent, when the dashboard asks it".to_owned(), Subject::Who),
            item(above, "destination", dashboard::destination(), Subject::Destination),
        ];
        let mut after = vec![
            item(below, "PostHog's client", client, Subject::Client),
            item(below, "the agent's own dashboard", stock, Subject::Stock),
        ];
        items.retain(wanted);
        after.retain(wanted);
        items.extend(field::items(&view.preview.dashboard, &STAMP, self.by_sensitivity, view));
        items.extend(after);
        items
    }
}

/// Columns of the labels.
const LABEL: usize = 9;

fn details(subject: Subject, view: View<'_>, size: Size) -> Vec<Row> {
    let mut page = Page::new(view.look, size);
    match subject {
        Subject::State => {
            page.heading("Events of the agent's dashboard").row("Here", LABEL, &dashboard::state(view.preview));
            if let Some(channel) = dashboard::channel(view.preview) {
                page.row("To stop", LABEL, channel.how_to_stop);
            }
            page.blank().text(ABOUT);
        }
        Subject::Who => {
            page.heading("Who decides").text(DECIDES);
            page.text(
                "telemetry.js sends nothing unless it hears true, and asks again every minute and before each batch.",
            );
            for daemon in consent::daemons(view.preview) {
                page.row("Daemon", LABEL, &daemon);
            }
            if let Some(advice) = consent::advice(view.preview) {
                page.text(advice);
            }
        }
        Subject::Destination => {
            page.heading("Destination").text(&dashboard::destination());
            page.text(
                "The browser sends it, not the agent: that server sees the browser's address, its User-Agent and its \
                 language.",
            );
        }
        Subject::Client => {
            let (recording, parts) = dashboard::client();
            page.heading("What PostHog's client adds by itself");
            page.text(&format!("{}, recorded in a browser with its default settings.", recording.program));
            for (heading, names) in parts {
                page.blank().heading(&format!("{heading}: {}", names.len())).text(&names.join(", "));
            }
        }
        Subject::Stock => {
            let stock = stock();
            page.heading("What the agent's own dashboard sends").text(STOCK);
            page.text(&format!("{}, recorded in a browser, sends {} names:", stock.program, stock.names.len()));
            page.text(&stock.names.join(", "));
        }
    }
    page.into_rows()
}
