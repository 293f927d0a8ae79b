//! Dashboard: what the agent's dashboard sends from a browser, who decides that, and what others add.

use anonymous_statistics::dashboard::stock;
use anonymous_statistics::event::Entry;
use ratatui::buffer::Buffer;
use ratatui::layout::{Rect, Size};

use super::{Handled, OwnKey, Screen, View};
use crate::dashboard::{self, ABOUT, DECIDES, STAMP, STOCK};
use crate::tui::field;
use crate::tui::key::Key;
use crate::tui::page::{self, Page, Row};
use crate::tui::table::{Item, Table};
use crate::views;

#[derive(Debug, Default)]
pub(crate) struct Dashboard {
    by_sensitivity: bool,
    table: Table,
}

/// What a line stands for.
#[derive(Debug, Clone, Copy)]
enum Subject<'a> {
    State,
    Who,
    Destination,
    Field(&'a Entry),
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
        self.table.on_key(key, &self.items(view), view, |subject, size| details(*subject, view, size)).into()
    }

    fn matches(&self, view: View<'_>) -> usize {
        self.items(view).len()
    }

    fn draw(&self, view: View<'_>, area: Rect, buffer: &mut Buffer) {
        self.table.draw(&self.items(view), view, |subject, size| details(*subject, view, size), area, buffer);
    }
}

impl Dashboard {
    /// What is listed. What is searched for leaves out the others.
    fn items<'a>(&self, view: View<'a>) -> Vec<Item<Subject<'a>>> {
        let item = |heading: &str, name, value, of| Item { heading: heading.to_owned(), name, value, of };
        let above = "This channel";
        let (client, [(_, kept), (_, removed)]) = dashboard::client();
        let client = format!("{}: {} of its {} names pass", client.program, kept.len(), kept.len() + removed.len());
        let stock = stock();
        let stock = format!("{}: {} names", stock.program, stock.names.len());
        let fields = field::items(&view.preview.dashboard, &STAMP, self.by_sensitivity, view.search);
        let fields = fields.into_iter().map(|Item { heading, name, value, of }| Item {
            heading,
            name,
            value,
            of: Subject::Field(of),
        });
        let wanted = |item: &Item<Subject<'_>>| {
            let rows = || details(item.of, view, Size::new(u16::MAX, u16::MAX));
            view.search.is_empty() || page::count(&rows(), view.search) > 0
        };
        let before = [
            item(above, "here", dashboard::state(view.preview), Subject::State),
            item(above, "who decides", "the agent, when the dashboard asks it".to_owned(), Subject::Who),
            item(above, "destination", dashboard::destination(), Subject::Destination),
        ];
        let after = [
            item("What others add", "PostHog's client", client, Subject::Client),
            item("What others add", "the agent's own dashboard", stock, Subject::Stock),
        ];
        before.into_iter().filter(wanted).chain(fields).chain(after.into_iter().filter(wanted)).collect()
    }
}

/// Columns of the labels.
const LABEL: usize = 9;

fn details(subject: Subject<'_>, view: View<'_>, size: Size) -> Vec<Row> {
    let mut page = Page::new(view.look, size);
    match subject {
        Subject::Field(entry) => return field::details(entry, &STAMP, view.look, size),
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
            for daemon in views::daemons(view.preview) {
                page.row("Daemon", LABEL, &daemon);
            }
            if let Some(advice) = views::advice(view.preview) {
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
