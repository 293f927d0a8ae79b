//! Request: the bytes on the wire, which can be saved to a file.

use std::borrow::Cow;

use anonymous_statistics::digest::sha256;
use anonymous_statistics::request::Assembly;
use anonymous_statistics::request::http::METHOD;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::actions::saving::Save;
use crate::present::words;
use crate::ui::dialog::Overlay;
use crate::ui::keys::{Key, OwnKey};
use crate::ui::screen::{Handled, Screen, View};
use crate::ui::widgets::page::{self, Page, Row, Scroll};

#[derive(Debug, Default)]
pub(crate) struct Request {
    form: Form,
    scroll: Scroll,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Form {
    #[default]
    Bytes,
    Pretty,
    /// The headers, each with its reason.
    Headers,
}

impl Form {
    const fn next(self) -> Self {
        match self {
            Self::Bytes => Self::Pretty,
            Self::Pretty => Self::Headers,
            Self::Headers => Self::Bytes,
        }
    }
}

const KEYS: [OwnKey; 2] = [
    OwnKey { key: "p", word: "pretty", does: "the exact bytes, the body with line breaks, or the headers" },
    OwnKey { key: "w", word: "write", does: "save the request: names the file, asks, and creates it" },
];

impl Screen for Request {
    fn title(&self) -> &'static str {
        "Bytes"
    }

    fn keys(&self, view: View<'_>) -> &'static [OwnKey] {
        if view.preview.assembly.is_ok() { &KEYS } else { &[] }
    }

    fn on_key(&mut self, key: Key, view: View<'_>) -> Handled {
        match (key, &view.preview.assembly) {
            (Key::Char('p'), _) => {
                self.form = self.form.next();
                self.scroll = Scroll::default();
                Handled::Yes
            }
            (Key::Char('w'), Ok(assembly)) => {
                Handled::Dialog(Box::new(Overlay::Save(Save::plan(assembly, view.folder))))
            }
            _ => self.scroll.on_key(key, &self.rows(view), view.size.height, view.search).into(),
        }
    }

    fn matches(&self, view: View<'_>) -> usize {
        page::count(&self.rows(view), view.search)
    }

    fn draw(&self, view: View<'_>, area: Rect, buffer: &mut Buffer) {
        self.scroll.draw(self.rows(view), view.look, view.search, area, buffer);
    }
}

impl Request {
    fn rows(&self, view: View<'_>) -> Vec<Row> {
        let mut page = Page::new(view.look, view.size);
        match (&view.preview.assembly, self.form) {
            (Err(error), _) => {
                page.text(&format!("There is no request: {error}"));
            }
            (Ok(assembly), Form::Bytes) => bytes(&mut page, assembly),
            (Ok(assembly), Form::Pretty) => pretty(&mut page, assembly),
            (Ok(assembly), Form::Headers) => headers(&mut page, assembly, view),
        }
        page.into_rows()
    }
}

fn bytes(page: &mut Page, assembly: &Assembly) {
    let request = &assembly.request;
    let all = request.to_bytes();
    page.heading("The bytes as they go onto the wire (p: pretty)");
    page.text(&format!(
        "{} bytes to {}; {}. Lines are broken to fit.",
        all.len(),
        words::destination_of(request),
        exactness(assembly)
    ));
    page.blank();
    for line in request.head().split_inclusive("\r\n") {
        page.wire_line(line.strip_suffix("\r\n").unwrap_or(line), "\\r\\n");
    }
    page.exact(&String::from_utf8_lossy(request.body())).blank();
    page.row("SHA-256", DIGEST, &format!("{} of these {} bytes", sha256(&all), all.len()));
}

/// Columns of the label before a digest.
const DIGEST: usize = 9;

fn pretty(page: &mut Page, assembly: &Assembly) {
    let request = &assembly.request;
    page.heading(&format!("{METHOD} {} (p: headers)", words::destination_of(request)));
    for (name, value) in request.headers() {
        page.exact(&format!("{name}: {value}"));
    }
    page.blank().text(&format!("{} bytes of body; {}:", request.body().len(), exactness(assembly)));
    page.exact(&with_line_breaks(&String::from_utf8_lossy(request.body())));
}

fn headers(page: &mut Page, assembly: &Assembly, view: View<'_>) {
    let request = &assembly.request;
    page.heading("The headers (p: exact bytes)");
    page.text("These are all. There are no cookies, and nothing is remembered from one request to the next.").blank();
    for (name, value) in request.headers() {
        page.exact(&format!("{name}: {value}"));
        page.indented(2, reason(name));
    }
    page.blank().heading("Around them");
    page.row("Method", 15, METHOD);
    page.row("Destination", 15, &words::destination_of(request));
    page.row("Proxy", 15, &words::proxy(view.preview));
    page.row("Trust store", 15, &words::trust_store(view.preview));
    let (all, body) = (request.to_bytes(), request.body());
    page.row("Size", 15, &format!("{} bytes, {} of them the body", all.len(), body.len()));
    page.row("SHA-256, all", 15, &sha256(&all));
    page.row("SHA-256, body", 15, &sha256(body));
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

/// How these bytes relate to the ones that would be sent.
fn exactness(assembly: &Assembly) -> String {
    let open = assembly.event.not_known_here().count();
    match (open, assembly.event.not_of_now().count() - open) {
        (0, 0) => "uuid and timestamp are new in every event".to_owned(),
        (0, _) => "what the last event had may have changed".to_owned(),
        (open, 0) => format!("null stands for {open} values that the daemon sets"),
        (open, _) => format!("null stands for {open} values; others are the last event's"),
    }
}

/// The body with line breaks, its fields in wire order.
fn with_line_breaks(body: &str) -> Cow<'_, str> {
    let mut bytes = Vec::new();
    let mut from = serde_json::Deserializer::from_str(body);
    match serde_transcode::transcode(&mut from, &mut serde_json::Serializer::pretty(&mut bytes)) {
        Ok(()) => Cow::Owned(String::from_utf8_lossy(&bytes).into_owned()),
        Err(_not_json) => Cow::Borrowed(body),
    }
}
