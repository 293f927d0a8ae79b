//! Fields: every field that the chosen channel sends, and everything known about the chosen one.

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect, Size};
use ratatui::style::Style;
use ratatui::text::{Line, Span};

use crate::actions::report::Report;
use crate::actions::withholding::Withhold;
use crate::output::{Failure, USAGE};
use crate::present::palette::Role;
use crate::present::request::{self, Request};
use crate::ui::dialog::Overlay;
use crate::ui::keys::{Key, OwnKey};
use crate::ui::screen::{Handled, Screen, View};
use crate::ui::widgets::chooser::{self, Chooser, Item};
use crate::ui::widgets::page::{Page, Row, Scroll};
use crate::ui::widgets::text::{clip, fit};

#[derive(Debug, Default)]
pub(crate) struct Fields {
    by_subject: bool,
    chooser: Chooser,
}

const DETAILS: OwnKey =
    OwnKey { key: "Enter", word: "details", does: "all about the chosen field; Enter or Esc goes back" };
const SORT: OwnKey = OwnKey { key: "s", word: "sort", does: "by how much a field reveals, or by subject" };
const COPY: OwnKey =
    OwnKey { key: "y", word: "copy", does: "copy the chosen value, if the terminal allows it (OSC 52)" };
const WITHHOLD: OwnKey =
    OwnKey { key: "w", word: "withhold", does: "withhold the chosen field, or send it again; asks first" };
const SEND_AGAIN: OwnKey = OwnKey { word: "send again", ..WITHHOLD };

impl Screen for Fields {
    fn title(&self) -> &'static str {
        "Fields"
    }

    fn keys(&self, view: View<'_>) -> Vec<OwnKey> {
        match (view.request(), self.chooser.is_open()) {
            (Err(_), _) => Vec::new(),
            (Ok(_), true) => vec![chooser::OPEN],
            (Ok(request), false) => {
                let lines = self.lines(request, view);
                let chosen = lines.get(self.chooser.place(&self.items(&lines, view)));
                let withhold = chosen
                    .filter(|_| view.is_senders())
                    .map(|line| if line.is_withheld() { SEND_AGAIN } else { WITHHOLD });
                [DETAILS, SORT].into_iter().chain(withhold).chain([COPY]).collect()
            }
        }
    }

    fn on_key(&mut self, key: Key, view: View<'_>) -> Handled {
        let Ok(request) = view.request() else { return Handled::No };
        let lines = self.lines(request, view);
        let items = self.items(&lines, view);
        match (key, lines.get(self.chooser.place(&items))) {
            (Key::Char('s'), _) if !self.chooser.is_open() => {
                self.by_subject = !self.by_subject;
                Handled::Yes
            }
            (Key::Char('y'), Some(line)) => Handled::Copy(line.value.clone()),
            (Key::Char('w'), Some(line)) if !self.chooser.is_open() => {
                let plan = if view.is_senders() {
                    Withhold::plan(view.preview, &line.name)
                } else {
                    Err(Failure::new(USAGE, "only events of this project's sender can leave a field out"))
                };
                Handled::Dialog(Box::new(match plan {
                    Ok(plan) => Overlay::Withhold(Box::new(plan)),
                    Err(failure) => {
                        let report = Report { consent: false, ..failure.into() };
                        Overlay::Report(Box::new(report), Scroll::default())
                    }
                }))
            }
            _ => self.chooser.on_key(key, &items, view, &|number, size| details(&lines, number, view, size)).into(),
        }
    }

    fn on_click(&mut self, at: Position, view: View<'_>) -> Handled {
        let Ok(request) = view.request() else { return Handled::No };
        let items = self.items(&self.lines(request, view), view);
        self.chooser.on_click(at, &items, view.size).into()
    }

    fn matches(&self, view: View<'_>) -> usize {
        view.request().map_or(0, |request| self.lines(request, view).len())
    }

    fn draw(&self, view: View<'_>, area: Rect, buffer: &mut Buffer) {
        let (lines, without) = match view.request() {
            Ok(request) => (
                self.lines(request, view),
                format!("No field, value or source holds \"{}\". Esc shows all.", view.search),
            ),
            Err(why) => (Vec::new(), why.to_owned()),
        };
        let items = self.items(&lines, view);
        self.chooser.draw(&items, &without, view, &|number, size| details(&lines, number, view, size), area, buffer);
    }
}

impl Fields {
    /// The fields in the order of the list, filtered by the search.
    fn lines<'a>(&self, request: &'a Request, view: View<'_>) -> Vec<&'a request::Line> {
        let wanted = view.search.to_lowercase();
        let holds = |line: &&request::Line| {
            let texts = [&*line.name, line.group, line.class.word(), &line.value, line.what];
            let about = line.about.iter().map(|(_, text)| &**text);
            wanted.is_empty() || texts.into_iter().chain(about).any(|text| text.to_lowercase().contains(&wanted))
        };
        let mut lines: Vec<_> = request.lines.iter().filter(holds).collect();
        // By subject: in the order of the first field of each.
        let first = |group| request.lines.iter().position(|line| line.group == group);
        lines.sort_by_key(|line| if self.by_subject { first(line.group) } else { Some(line.class as usize) });
        lines
    }

    fn items(&self, lines: &[&request::Line], view: View<'_>) -> Vec<Item> {
        let look = view.look;
        let longest = lines.iter().map(|line| line.name.len()).max().unwrap_or_default();
        let names = longest.min((usize::from(view.size.width) * 2 / 5).max(24));
        let item = |line: &&request::Line| {
            let style = line.role().map_or(Style::new(), |role| look.role(role));
            let mark = if line.is_open { "?" } else { line.class.mark() };
            Item {
                heading: if self.by_subject {
                    line.group.to_owned()
                } else {
                    format!("{} {}: {}", line.class.mark(), line.class.word(), line.class.meaning())
                },
                key: line.name.clone(),
                line: Line::from(vec![
                    Span::styled(format!("{mark} "), style),
                    Span::styled(fit(&line.name, names, look), look.role(Role::Name)),
                    Span::styled(format!(" {}", look.text(&line.shown())), style),
                ]),
            }
        };
        lines.iter().map(item).collect()
    }
}

/// Columns of the labels.
const LABEL: usize = 9;

fn details(lines: &[&request::Line], number: usize, view: View<'_>, size: Size) -> Vec<Row> {
    let mut page = Page::new(view.look, size);
    let Some(line) = lines.get(number) else { return page.into_rows() };
    page.heading(&clip(&line.name, usize::from(size.width), view.look)).text(line.what);
    if let Some(human) = &line.human {
        page.row("", LABEL, human);
    }
    for (label, text) in &line.about {
        match (*label, line.role()) {
            (label, _) if text.is_empty() => page.blank().heading(label),
            ("Value", Some(role)) => page.styled_row("Value", LABEL, text, view.look.role(role)),
            (label, _) => page.row(label, LABEL, text),
        };
    }
    page.into_rows()
}
