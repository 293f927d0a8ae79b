//! Pictures of a screen, for the documentation: drawn by the same code as on a terminal.

use std::fmt::Write as _;

use ratatui::buffer::{Buffer, Cell};
use ratatui::layout::{Rect, Size};
use ratatui::style::{Color, Modifier};
use unicode_width::UnicodeWidthStr;

use crate::ui::draw::draw;
use crate::ui::state::State;

/// A screen as it was drawn.
#[derive(Debug)]
pub(crate) struct Picture {
    buffer: Buffer,
}

/// A cell's width and height, and where its text stands, in SVG units.
const CELL: (u32, u32) = (9, 18);
const BASELINE: u32 = 14;
const MARGIN: u32 = 12;
/// Room for the line below the screen.
const CAPTION: u32 = 22;

/// Text, background, and what the terminal's named colours are.
const PAPER: (&str, &str) = ("#d8dee9", "#1b1f27");

impl Picture {
    pub(crate) fn of(state: &State) -> Self {
        Self::sized(state, state.size)
    }

    /// In a terminal of another size than the state has heard of.
    pub(crate) fn sized(state: &State, size: Size) -> Self {
        let mut buffer = Buffer::empty(Rect::from(size));
        draw(state, &mut buffer);
        Self { buffer }
    }

    pub(crate) fn text(&self) -> String {
        let width = usize::from(self.buffer.area.width).max(1);
        let mut text = String::new();
        for row in self.buffer.content.chunks(width) {
            let mut covered = 0;
            let mut line = String::new();
            for cell in row {
                // A wide character covers the cell after it.
                if covered > 0 {
                    covered -= 1;
                    continue;
                }
                line.push_str(cell.symbol());
                covered = cell.symbol().width().saturating_sub(1);
            }
            text.push_str(line.trim_end());
            text.push('\n');
        }
        text
    }

    #[cfg(test)]
    pub(crate) fn has_colour(&self) -> bool {
        self.buffer.content.iter().any(|cell| (cell.fg, cell.bg) != (Color::Reset, Color::Reset))
    }

    /// Where something does not look like plain text: row, columns, and how.
    #[cfg(test)]
    pub(crate) fn styles(&self) -> String {
        let width = usize::from(self.buffer.area.width).max(1);
        let mut text = String::new();
        for (row, cells) in self.buffer.content.chunks(width).enumerate() {
            let mut column = 0;
            for run in cells.chunk_by(same_style) {
                let cell = &run[0];
                if (cell.fg, cell.bg, cell.modifier) != (Color::Reset, Color::Reset, Modifier::empty()) {
                    let last = column + run.len() - 1;
                    let _ =
                        writeln!(text, "{row:2}: {column}-{last} {:?} on {:?} {:?}", cell.fg, cell.bg, cell.modifier);
                }
                column += run.len();
            }
        }
        text
    }

    #[cfg(test)]
    pub(crate) fn cells(&self) -> &[Cell] {
        &self.buffer.content
    }

    pub(crate) fn svg(&self, caption: &str) -> String {
        let (columns, rows) = (u32::from(self.buffer.area.width), u32::from(self.buffer.area.height));
        let (width, height) = (columns * CELL.0 + 2 * MARGIN, rows * CELL.1 + 2 * MARGIN + CAPTION);
        let mut svg = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" \
             height=\"{height}\" font-family=\"ui-monospace, Menlo, Consolas, 'DejaVu Sans Mono', monospace\" \
             font-size=\"15\" fill=\"{}\">\n<rect width=\"100%\" height=\"100%\" rx=\"6\" fill=\"{}\"/>\n\
             <text x=\"{MARGIN}\" y=\"{}\" font-size=\"13\" font-style=\"italic\">{}</text>\n",
            PAPER.0,
            PAPER.1,
            height - MARGIN,
            escape(caption)
        );
        for (row, cells) in (0u32..).zip(self.buffer.content.chunks(usize::from(self.buffer.area.width).max(1))) {
            let mut column = 0;
            for run in cells.chunk_by(same_style) {
                let length = u32::try_from(run.len()).unwrap_or_default();
                draw_run(&mut svg, run, (column, row), length);
                column += length;
            }
        }
        svg.push_str("</svg>\n");
        svg
    }
}

fn same_style(a: &Cell, b: &Cell) -> bool {
    (a.fg, a.bg, a.modifier) == (b.fg, b.bg, b.modifier)
}

/// Draws cells of one style.
fn draw_run(svg: &mut String, run: &[Cell], (column, row): (u32, u32), length: u32) {
    let Some(cell) = run.first() else { return };
    let (x, y) = (MARGIN + column * CELL.0, MARGIN + row * CELL.1);
    let (mut ink, mut paper) = (colour(cell.fg).unwrap_or(PAPER.0), colour(cell.bg));
    if cell.modifier.contains(Modifier::REVERSED) {
        (ink, paper) = (paper.unwrap_or(PAPER.1), Some(ink));
    }
    if let Some(paper) = paper {
        let _ = writeln!(
            svg,
            "<rect x=\"{x}\" y=\"{y}\" width=\"{}\" height=\"{}\" fill=\"{paper}\"/>",
            length * CELL.0,
            CELL.1
        );
    }
    let text: String = run.iter().map(Cell::symbol).collect();
    let front = u32::try_from(text.len() - text.trim_start().len()).unwrap_or_default();
    let shown = text.trim();
    if shown.is_empty() {
        return;
    }
    let weight = if cell.modifier.contains(Modifier::BOLD) { " font-weight=\"bold\"" } else { "" };
    let fill = if ink == PAPER.0 { String::new() } else { format!(" fill=\"{ink}\"") };
    // The length keeps columns straight whatever font the reader's system has.
    let _ = writeln!(
        svg,
        "<text x=\"{}\" y=\"{}\" textLength=\"{}\" lengthAdjust=\"spacingAndGlyphs\" xml:space=\"preserve\"{weight}{fill}>{}</text>",
        x + front * CELL.0,
        y + BASELINE,
        u32::try_from(shown.width()).unwrap_or_default() * CELL.0,
        escape(shown)
    );
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// The few colours that the screens use.
const fn colour(colour: Color) -> Option<&'static str> {
    match colour {
        Color::Black => Some("#1b1f27"),
        Color::Yellow => Some("#ebcb8b"),
        Color::Green => Some("#a3be8c"),
        Color::Cyan => Some("#88c0d0"),
        Color::Magenta => Some("#d08fc4"),
        _ => None,
    }
}
