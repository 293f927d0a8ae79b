//! Request: what goes onto the wire.

use std::borrow::Cow;

use anonymous_statistics::request::METHOD;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::Line;

use super::{OwnKey, Screen, View};
use crate::tui::key::Key;
use crate::tui::page::{Page, Scroll};

#[derive(Debug, Default)]
pub(crate) struct Request {
    pretty: bool,
    scroll: Scroll,
}

impl Screen for Request {
    fn title(&self) -> &'static str {
        "Request"
    }

    fn keys(&self) -> &'static [OwnKey] {
        &[OwnKey { key: "p", word: "pretty", does: "the exact bytes, or the body with line breaks" }]
    }

    fn on_key(&mut self, key: Key, view: View<'_>) -> bool {
        if key == Key::Char('p') {
            self.pretty = !self.pretty;
            self.scroll = Scroll::default();
            return true;
        }
        self.scroll.on_key(key, self.lines(view).len(), view.size.height)
    }

    fn draw(&self, view: View<'_>, area: Rect, buffer: &mut Buffer) {
        self.scroll.draw(self.lines(view), view.look, area, buffer);
    }
}

impl Request {
    fn lines(&self, view: View<'_>) -> Vec<Line<'static>> {
        let mut page = Page::new(view.look, view.size);
        let assembly = match &view.preview.assembly {
            Ok(assembly) => assembly,
            Err(error) => {
                page.text(&format!("There is no request: {error}"));
                return page.into_lines();
            }
        };
        let request = &assembly.request;
        let body = String::from_utf8_lossy(request.body());
        let open = assembly.event.not_known_here().count();
        let exact = if open == 0 {
            "uuid and timestamp are new in every event".to_owned()
        } else {
            format!("null stands for {open} values that the daemon sets")
        };
        if self.pretty {
            page.heading(&format!("{METHOD} {} (p: exact bytes)", request.endpoint()));
            for (name, value) in request.headers() {
                page.exact(&format!("{name}: {value}"));
            }
            page.blank().text(&format!("{} bytes of body; {exact}:", request.body().len())).exact(&pretty(&body));
        } else {
            page.heading("The bytes as they go onto the wire (p: pretty)");
            let bytes = request.to_bytes().len();
            page.text(&format!("{bytes} bytes to {}; lines are broken to fit; {exact}.", request.endpoint())).blank();
            // The head ends with an empty line; the body begins on the next one.
            let head = request.head();
            page.exact(head.strip_suffix("\r\n").unwrap_or(&head)).exact(&body);
        }
        page.into_lines()
    }
}

/// The body with line breaks. Its fields stay in wire order.
fn pretty(body: &str) -> Cow<'_, str> {
    let mut bytes = Vec::new();
    let mut from = serde_json::Deserializer::from_str(body);
    match serde_transcode::transcode(&mut from, &mut serde_json::Serializer::pretty(&mut bytes)) {
        Ok(()) => Cow::Owned(String::from_utf8_lossy(&bytes).into_owned()),
        Err(_not_json) => Cow::Borrowed(body),
    }
}
