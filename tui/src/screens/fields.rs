//! Fields: every field of the event, and everything known about the chosen one.

use anonymous_statistics::request::Assembly;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::ui::keys::{Key, OwnKey};
use crate::ui::screen::{Handled, Screen, View};
use crate::ui::widgets::field;
use crate::ui::widgets::page::{Page, Scroll};
use crate::ui::widgets::table::{Item, Table};

#[derive(Debug, Default)]
pub(crate) struct Fields {
    by_sensitivity: bool,
    table: Table,
}

impl Screen for Fields {
    fn title(&self) -> &'static str {
        "Fields"
    }

    fn keys(&self, view: View<'_>) -> &'static [OwnKey] {
        if view.preview.assembly.is_ok() { field::keys(&self.table) } else { &[] }
    }

    fn on_key(&mut self, key: Key, view: View<'_>) -> Handled {
        let Ok(assembly) = &view.preview.assembly else { return Handled::No };
        if key == Key::Char('s') && !self.table.is_open() {
            self.by_sensitivity = !self.by_sensitivity;
            return Handled::Yes;
        }
        let items = self.items(assembly, view);
        self.table.on_key(key, &items, view).into()
    }

    fn matches(&self, view: View<'_>) -> usize {
        view.preview.assembly.as_ref().map_or(0, |assembly| self.items(assembly, view).len())
    }

    fn draw(&self, view: View<'_>, area: Rect, buffer: &mut Buffer) {
        match &view.preview.assembly {
            Ok(assembly) => self.table.draw(&self.items(assembly, view), view, area, buffer),
            Err(error) => {
                let mut page = Page::new(view.look, view.size);
                page.text(&format!("There is no event: {error}"));
                Scroll::default().draw(page.into_rows(), view.look, "", area, buffer);
            }
        }
    }
}

impl Fields {
    fn items<'a>(&self, assembly: &'a Assembly, view: View<'_>) -> Vec<Item<'a>> {
        field::items(assembly.event.entries(), &assembly.stamp, self.by_sensitivity, view)
    }
}
