//! Bytes: the request of the chosen channel as it goes onto the wire, which can be saved to a file.

use anonymous_statistics::digest::sha256;
use anonymous_statistics::request::event::{Entry, Known};
use serde_json::ser::PrettyFormatter;

use crate::actions::Plan;
use crate::actions::saving::Save;
use crate::present::request;
use crate::present::{units, words};
use crate::ui::keys::{Key, OwnKey};
use crate::ui::screen::{Content, Handled, Screen, View};
use crate::ui::widgets::page::Page;

#[derive(Debug, Default)]
pub(crate) struct Bytes {
    form: Form,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Form {
    #[default]
    Pretty,
    Exact,
    /// The headers, each with its reason, and what surrounds them.
    Headers,
}

impl Form {
    const fn next(self) -> Self {
        match self {
            Self::Pretty => Self::Exact,
            Self::Exact => Self::Headers,
            Self::Headers => Self::Pretty,
        }
    }
}

const KEYS: [OwnKey; 3] = [
    OwnKey { key: "p", word: "form", does: "the body with line breaks, the exact bytes, or the headers" },
    OwnKey { key: "y", word: "copy", does: "copy the body, through the terminal (OSC 52)" },
    OwnKey { key: "w", word: "write", does: "save the request: names the file, asks, and creates it" },
];

impl Screen for Bytes {
    fn title(&self) -> &'static str {
        "Bytes"
    }

    fn content<'a>(&'a self, view: View<'a>) -> Content<'a> {
        let mut page = Page::new(view.look, view.size);
        match (bytes(view), self.form) {
            (Err(why), _) => {
                page.text(why);
            }
            (Ok(bytes), Form::Pretty) => pretty(&mut page, bytes),
            (Ok(bytes), Form::Exact) => exact(&mut page, bytes, view),
            (Ok(bytes), Form::Headers) => headers(&mut page, bytes, view),
        }
        Content::Page(page.into_rows())
    }

    fn keys(&self, view: View<'_>, _chosen: usize) -> Vec<OwnKey> {
        let count = if bytes(view).is_err() { 0 } else { 2 + usize::from(can_be_saved(view)) };
        KEYS.into_iter().take(count).collect()
    }

    fn on_key(&mut self, key: Key, view: View<'_>, _chosen: usize) -> Handled {
        match (key, bytes(view), &view.preview.assembly) {
            (Key::Char('p'), Ok(_), _) => {
                self.form = self.form.next();
                Handled::Fresh
            }
            (Key::Char('y'), Ok(bytes), _) => Handled::Copy(String::from_utf8_lossy(&bytes.body).into_owned()),
            (Key::Char('w'), Ok(_), Ok(assembly)) if can_be_saved(view) => {
                Handled::Confirm(Box::new(Plan::Save(Save::plan(assembly, &view.reader.folder))))
            }
            _ => Handled::No,
        }
    }
}

/// An error says why there are none.
fn bytes(view: View<'_>) -> Result<&request::Bytes, &str> {
    view.request()?.bytes.as_ref().map_err(String::as_str)
}

/// Whether the request is one of this project's sender and of this machine: a file would not say which values are examples.
fn can_be_saved(view: View<'_>) -> bool {
    let is_example = |entry: &Entry| entry.known() == Known::Example;
    view.is_senders()
        && view.preview.assembly.as_ref().is_ok_and(|assembly| !assembly.event.entries().iter().any(is_example))
}

/// Columns of the labels.
const LABEL: usize = 9;

fn above(page: &mut Page, bytes: &request::Bytes, what: &str) {
    let (all, body) = (bytes.size(), bytes.body.len());
    page.heading(what).row("To", LABEL, &bytes.to);
    page.row("Size", LABEL, &format!("{all} bytes, {body} of them the body ({})", units::size(all as u64)));
    page.row("Note", LABEL, &bytes.exactness).blank();
}

fn pretty(page: &mut Page, bytes: &request::Bytes) {
    above(page, bytes, "The body with line breaks");
    page.exact(&words::json_as(PrettyFormatter::new(), &String::from_utf8_lossy(&bytes.body)));
}

fn exact(page: &mut Page, bytes: &request::Bytes, view: View<'_>) {
    let what = if view.is_scripts() { "What the script gives to curl" } else { "The bytes on the wire" };
    above(page, bytes, &format!("{what}, broken to fit"));
    for line in bytes.head.split_inclusive("\r\n") {
        page.wire_line(line.strip_suffix("\r\n").unwrap_or(line), "\\r\\n");
    }
    page.exact(&String::from_utf8_lossy(&bytes.body)).blank();
    let all = [bytes.head.as_bytes(), &bytes.body].concat();
    page.row("SHA-256", LABEL, "of all bytes:").exact(&sha256(&all));
    page.row("", LABEL, "of the body:").exact(&sha256(&bytes.body));
}

fn headers(page: &mut Page, bytes: &request::Bytes, view: View<'_>) {
    above(page, bytes, "The headers");
    for line in bytes.head.lines().filter(|line| !line.is_empty()) {
        page.exact(line);
        let name = line.split(':').next().unwrap_or_default();
        page.indented(2, reason(&name.to_ascii_lowercase()));
    }
    if view.is_senders() {
        page.text("These are all: no cookies, and nothing is remembered from one request to the next.");
        page.blank().row("Proxy", 13, &words::proxy(view.preview));
        page.row("Trust store", 13, &words::trust_store(view.preview));
    }
}

fn reason(name: &str) -> &'static str {
    match name {
        "host" => "the server's name, which HTTP asks for",
        "user-agent" => "which program sends; it says nothing about the machine",
        "accept" => "any kind of answer will do: only its status is read",
        "content-type" => "the body is JSON",
        "content-length" => "where the body ends",
        _ => "",
    }
}
