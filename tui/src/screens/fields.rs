//! Fields: every field that the chosen channel sends, and everything known about the chosen one.

use ratatui::layout::Size;
use ratatui::text::{Line, Span};

use crate::actions::Plan;
use crate::actions::report::Report;
use crate::actions::withholding::Withhold;
use crate::present::palette::Role;
use crate::present::request::{self, Request};
use crate::ui::keys::{Key, OwnKey};
use crate::ui::screen::{Content, Handled, Screen, View};
use crate::ui::theme::Look;
use crate::ui::widgets::chooser::{Choice, Item};
use crate::ui::widgets::page::{Page, Row};
use crate::ui::widgets::text::{clip, fit};

#[derive(Debug, Default)]
pub(crate) struct Fields {
    by_subject: bool,
}

const DETAILS: OwnKey =
    OwnKey { key: "Enter", word: "details", does: "all about the chosen field; Enter or Esc goes back" };
const SORT: OwnKey = OwnKey { key: "s", word: "sort", does: "by how much a field reveals, or by subject" };
const COPY: OwnKey = OwnKey { key: "y", word: "copy", does: "copy the chosen value, through the terminal (OSC 52)" };
const WITHHOLD: OwnKey =
    OwnKey { key: "w", word: "withhold", does: "withhold the chosen field, or send it again; asks first" };
const SEND_AGAIN: OwnKey = OwnKey { word: "send again", ..WITHHOLD };

impl Screen for Fields {
    fn title(&self) -> &'static str {
        "Fields"
    }

    fn content<'a>(&'a self, view: View<'a>) -> Content<'a> {
        let (lines, without) = match view.request() {
            Ok(request) => (
                self.lines(request, view),
                format!("No field, value or source holds \"{}\". Esc shows all.", view.search),
            ),
            Err(why) => (Vec::new(), why.to_owned()),
        };
        Content::List(Choice {
            above: Vec::new(),
            items: self.items(&lines, view),
            without,
            details: Box::new(move |number, size| details(lines.get(number).copied(), view, size)),
            is_wide: false,
        })
    }

    fn keys(&self, view: View<'_>, chosen: usize) -> Vec<OwnKey> {
        let Ok(request) = view.request() else { return Vec::new() };
        let chosen = self.lines(request, view).get(chosen).copied().filter(|_| view.is_senders());
        let withhold = chosen.map(|line| if line.is_withheld() { SEND_AGAIN } else { WITHHOLD });
        [DETAILS, SORT].into_iter().chain(withhold).chain([COPY]).collect()
    }

    fn on_key(&mut self, key: Key, view: View<'_>, chosen: usize) -> Handled {
        let Ok(request) = view.request() else { return Handled::No };
        match (key, self.lines(request, view).get(chosen)) {
            (Key::Char('s'), _) => {
                self.by_subject = !self.by_subject;
                Handled::Yes
            }
            (Key::Char('y'), Some(line)) => Handled::Copy(line.value.clone()),
            (Key::Char('w'), Some(line)) if view.is_senders() => match Withhold::plan(view.preview, &line.name) {
                Ok(plan) => Handled::Confirm(Box::new(Plan::Withhold(plan))),
                Err(failure) => Handled::Report(Box::new(Report { consent: false, ..failure.into() })),
            },
            _ => Handled::No,
        }
    }
}

impl Fields {
    /// The fields in the order of the list, filtered by the search.
    fn lines<'a>(&self, request: &'a Request, view: View<'_>) -> Vec<&'a request::Line> {
        let holds = |line: &&request::Line| {
            let texts = [&*line.name, line.group, line.class.word(), &line.value, line.what];
            view.finds(texts.into_iter().chain(line.about.iter().map(|(_, text)| &**text)))
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
        let item = |line: &&request::Line| Item {
            heading: if self.by_subject {
                line.group.to_owned()
            } else {
                format!("{} {}: {}", line.class.mark(), line.class.word(), line.class.meaning())
            },
            key: line.name.clone(),
            line: in_one(line, names, usize::MAX, look),
        };
        lines.iter().map(item).collect()
    }
}

/// A field with its mark, its name in a column, and as much of its value as there is room for.
pub(super) fn in_one(line: &request::Line, names: usize, room: usize, look: Look) -> Line<'static> {
    let style = look.perhaps(line.role());
    Line::from(vec![
        Span::styled(format!("{} ", line.mark()), style),
        Span::styled(fit(&line.name, names, look), look.role(Role::Name)),
        Span::styled(format!(" {}", clip(&look.text(&line.shown()), room, look)), style),
    ])
}

/// Columns of the labels.
const LABEL: usize = 9;

fn details(line: Option<&request::Line>, view: View<'_>, size: Size) -> Vec<Row> {
    let mut page = Page::new(view.look, size);
    let Some(line) = line else { return page.into_rows() };
    page.heading(&clip(&line.name, usize::from(size.width), view.look)).text(line.what);
    for (label, text) in &line.about {
        match (*label, line.role()) {
            (label, _) if text.is_empty() => page.blank().heading(label),
            ("Value", role) => {
                let style = view.look.perhaps(role);
                let labels = ["Value", ""].into_iter().zip(line.human.iter().chain([text]));
                labels.fold(&mut page, |page, (label, text)| page.styled_row(label, LABEL, text, style))
            }
            (label, _) => page.row(label, LABEL, text),
        };
    }
    page.into_rows()
}
