//! The pictures of the documentation, drawn by the same code as the screens.

use std::fmt::Write as _;
use std::path::Path;

use ratatui::buffer::{Buffer, Cell};
use ratatui::layout::Size;
use ratatui::style::{Color, Modifier};
use unicode_width::UnicodeWidthStr;

use super::{RICH, drawn, on, preview, state};

const PICTURES: [(&str, &str, Size); 7] = [
    ("preview.svg", "Summary", Size::new(80, 24)),
    ("fields.svg", "Fields", Size::new(120, 30)),
    ("request.svg", "Bytes", Size::new(80, 24)),
    ("events.svg", "Events", Size::new(120, 30)),
    ("consent.svg", "Consent", Size::new(80, 24)),
    ("history.svg", "History", Size::new(100, 24)),
    ("dashboard.svg", "Dashboard", Size::new(120, 30)),
];

/// Nobody should mistake a picture for their own machine.
const CAPTION: &str = "An example: this machine and its agent are made up.";

/// A cell's width and height, and its baseline, in SVG units.
const CELL: (usize, usize) = (9, 18);
const BASELINE: usize = 14;
const MARGIN: usize = 12;
/// Room for the caption.
const BELOW: usize = 22;

/// Stand-ins for the terminal's own text and background colours.
const INK: &str = "#d8dee9";
const PAPER: &str = "#1b1f27";

#[test]
fn the_pictures_of_the_documentation_are_up_to_date() {
    for (file, title, size) in PICTURES {
        let drawn = svg(&drawn(&on(title, state(preview(), RICH, size))));
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs").join(file);
        if std::env::var_os("DRAW").is_some() {
            std::fs::write(&file, &drawn).unwrap();
        }
        let kept = std::fs::read_to_string(&file).unwrap();
        assert!(kept == drawn, "{} is out of date; run: cargo xtask generate", file.display());
    }
}

fn svg(buffer: &Buffer) -> String {
    let (columns, rows) = (usize::from(buffer.area.width), usize::from(buffer.area.height));
    let (width, height) = (columns * CELL.0 + 2 * MARGIN, rows * CELL.1 + 2 * MARGIN + BELOW);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" \
         height=\"{height}\" font-family=\"ui-monospace, Menlo, Consolas, 'DejaVu Sans Mono', monospace\" \
         font-size=\"15\" fill=\"{INK}\">\n<rect width=\"100%\" height=\"100%\" rx=\"6\" fill=\"{PAPER}\"/>\n\
         <text x=\"{MARGIN}\" y=\"{}\" font-size=\"13\" font-style=\"italic\">{CAPTION}</text>\n",
        height - MARGIN,
    );
    for (row, cells) in buffer.content.chunks(columns).enumerate() {
        let mut column = 0;
        for run in cells.chunk_by(|a, b| a.style() == b.style()) {
            draw_run(&mut svg, run, MARGIN + column * CELL.0, MARGIN + row * CELL.1);
            column += run.len();
        }
    }
    svg + "</svg>\n"
}

fn draw_run(svg: &mut String, run: &[Cell], x: usize, y: usize) {
    let (mut ink, mut paper) = (colour(run[0].fg).unwrap_or(INK), colour(run[0].bg));
    if run[0].modifier.contains(Modifier::REVERSED) {
        (ink, paper) = (paper.unwrap_or(PAPER), Some(ink));
    }
    let width = run.len() * CELL.0;
    if let Some(paper) = paper {
        let _ = writeln!(svg, "<rect x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{}\" fill=\"{paper}\"/>", CELL.1);
    }
    let text: String = run.iter().map(Cell::symbol).collect();
    let shown = text.trim();
    if shown.is_empty() {
        return;
    }
    let weight = if run[0].modifier.contains(Modifier::BOLD) { " font-weight=\"bold\"" } else { "" };
    let fill = if ink == INK { String::new() } else { format!(" fill=\"{ink}\"") };
    // A fixed length keeps columns straight in any font.
    let _ = writeln!(
        svg,
        "<text x=\"{}\" y=\"{}\" textLength=\"{}\" lengthAdjust=\"spacingAndGlyphs\" xml:space=\"preserve\"{weight}{fill}>{}</text>",
        x + (text.len() - text.trim_start().len()) * CELL.0,
        y + BASELINE,
        shown.width() * CELL.0,
        shown.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
    );
}

fn colour(colour: Color) -> Option<&'static str> {
    match colour {
        Color::Black => Some(PAPER),
        Color::Yellow => Some("#ebcb8b"),
        Color::Green => Some("#a3be8c"),
        Color::Cyan => Some("#88c0d0"),
        Color::Magenta => Some("#d08fc4"),
        Color::Reset => None,
        other => panic!("no colour is meant for {other:?}"),
    }
}
