//! Pictures of a terminal's screens as SVG: still, or moving in a loop. One file is right on a light and a dark page.

mod palette;
mod row;
mod timeline;

use std::fmt::Write as _;

pub use row::{Cell, Style, Weight};

/// A cell's width and height, and its baseline, in SVG units.
const CELL: (usize, usize) = (9, 18);
const BASELINE: usize = 14;
const MARGIN: usize = 12;

/// What one moment shows: a screen, a line below it, and how long it stays.
pub struct Frame {
    /// As many cells in each row.
    pub rows: Vec<Vec<Cell>>,
    pub caption: String,
    pub milliseconds: u64,
}

/// A picture of the frames, which starts again after the last one. Of a single frame it is still.
pub fn svg(title: &str, frames: &[Frame]) -> String {
    let columns = frames.iter().flat_map(|frame| &frame.rows).map(Vec::len).max().unwrap_or_default();
    let rows = frames.iter().map(|frame| frame.rows.len()).max().unwrap_or_default();
    let (width, height) = (columns * CELL.0 + 2 * MARGIN, (rows + 1) * CELL.1 + 2 * MARGIN);
    let mut timeline = timeline::Timeline::new(frames.iter().map(|frame| frame.milliseconds));
    for row in 0..rows {
        timeline.add(frames.iter().map(|frame| {
            let mut drawn = String::new();
            row::draw(&mut drawn, frame.rows.get(row).map_or(&[], Vec::as_slice), MARGIN + row * CELL.1);
            drawn
        }));
    }
    let below = height - MARGIN;
    timeline.add(frames.iter().map(|frame| match frame.caption.as_str() {
        "" => String::new(),
        caption => format!("<text x=\"{MARGIN}\" y=\"{below}\" class=\"n\">{}</text>\n", row::escaped(caption)),
    }));
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" \
         height=\"{height}\" role=\"img\" xml:space=\"preserve\">\n<title>{}</title>\n<style>\n",
        row::escaped(title)
    );
    svg.push_str(
        "text{font:15px ui-monospace,SFMono-Regular,Menlo,Consolas,'DejaVu Sans Mono',monospace;white-space:pre}\n\
         .n{font:italic 14px sans-serif}.b{font-weight:bold}.u{text-decoration:underline}\n\
         text,rect,path{fill:currentColor}.l,.h{fill:none;stroke:currentColor;stroke-linecap:square}.h{stroke-width:2}\n",
    );
    svg += &palette::css();
    svg += &timeline.css();
    let _ = write!(
        svg,
        "</style>\n<rect width=\"{width}\" height=\"{height}\" class=\"g\" rx=\"6\"/>\n<rect x=\".5\" y=\".5\" \
         width=\"{}\" height=\"{}\" rx=\"6\" class=\"l c8\" stroke-opacity=\".5\"/>\n{}</svg>\n",
        width - 1,
        height - 1,
        timeline.groups()
    );
    svg
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(text: &str, milliseconds: u64) -> Frame {
        let cells = text.chars().map(|c| Cell { text: c.to_string(), style: Style::default() });
        Frame { rows: vec![cells.collect()], caption: String::new(), milliseconds }
    }

    #[test]
    fn one_frame_is_a_still_picture_and_more_are_a_loop() {
        let still = svg("A", &[frame("one", 0)]);
        assert!(still.contains(">one</text>") && !still.contains("animation"), "{still}");
        let moving = svg("A", &[frame("one", 500), frame("two", 1500)]);
        assert!(moving.contains(" 2000ms step-end infinite"), "{moving}");
        assert!(moving.contains(">one</text>") && moving.contains(">two</text>"), "{moving}");
    }

    #[test]
    fn what_is_not_drawn_here_is_not_in_the_file() {
        let file = svg("<script>", &[frame("<a href='x'>&\u{1b}[2J", 0)]);
        assert!(file.contains("<title>&lt;script&gt;</title>"), "{file}");
        assert!(file.contains("&lt;a href='x'&gt;&amp;") && !file.contains('\u{1b}'), "{file}");
        // Nothing to run or to load, on whatever page the picture is.
        for foreign in ["<script", "href=", "@import", "url("] {
            assert!(!svg("A", &[frame("one", 1), frame("two", 1)]).contains(foreign), "{foreign}");
        }
    }

    #[test]
    fn a_caption_is_below_the_screen() {
        let file = svg("A", &[Frame { caption: "a < b".into(), ..frame("one", 0) }]);
        assert!(file.contains("class=\"n\">a &lt; b</text>"), "{file}");
    }
}
