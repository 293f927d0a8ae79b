//! A row of cells as SVG elements, in which no column depends on the reader's font.

use std::fmt::Write as _;

use super::{BASELINE, CELL, MARGIN};

#[derive(Clone, Default)]
pub struct Cell {
    /// Empty in the second column of a wide character.
    pub text: String,
    pub style: Style,
}

/// Colours are the numbers of the terminal's sixteen; `None` is its own text and background.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Style {
    pub ink: Option<u8>,
    pub paper: Option<u8>,
    pub weight: Weight,
    pub underlined: bool,
    pub reversed: bool,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Weight {
    #[default]
    Normal,
    Bold,
    Dim,
}

impl Style {
    /// The class of the ground, if it is not the page's.
    fn ground(self) -> Option<String> {
        match (self.reversed, self.ink, self.paper) {
            (true, None, _) => Some(String::new()),
            (true, Some(colour), _) | (false, _, Some(colour)) => Some(format!("c{colour}")),
            (false, _, None) => None,
        }
    }

    /// The colour's class. Whatever stands on a coloured ground has the page's colour: no palette has two colours for
    /// each of its sixteen that can be read on each other.
    fn colour(self) -> String {
        match (self.ground(), self.ink) {
            (Some(_), _) => "g".to_owned(),
            (None, Some(colour)) => format!("c{colour}"),
            (None, None) if self.weight == Weight::Dim => "c8".to_owned(),
            (None, None) => String::new(),
        }
    }
}

/// How a character is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// As text beside its like: every monospaced font has it, in one width.
    Text,
    /// As text of its own, since many fonts take it from another font with another width.
    Alone,
    /// As a line, light or heavy, because a font's lines have gaps between rows.
    Line { heavy: bool },
    /// As a part of the cell, of this opacity in quarters.
    Block(u8),
}

/// Adjacent cells of one style and kind.
struct Run<'a> {
    column: usize,
    cells: &'a [Cell],
    kind: Kind,
}

pub(super) fn draw(svg: &mut String, row: &[Cell], y: usize) {
    let mut column = 0;
    for cells in row.chunk_by(|one, other| one.style == other.style) {
        if let Some(class) = cells.first().and_then(|cell| cell.style.ground()) {
            let (x, width, height) = (MARGIN + column * CELL.0, cells.len() * CELL.0, CELL.1);
            let _ = write!(svg, "<rect x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\"");
            let _ = writeln!(svg, "{}/>", attribute(&[&class]));
        }
        column += cells.len();
    }
    for run in runs(row) {
        run.draw(svg, y);
    }
}

/// The runs, which cover the row without gaps.
fn runs(row: &[Cell]) -> Vec<Run<'_>> {
    let joined = |one: &Cell, other: &Cell| {
        let kind_of_one = kind(&one.text);
        let like = kind_of_one != Kind::Alone && kind_of_one == kind(&other.text);
        one.style == other.style && (other.text.is_empty() || like)
    };
    let runs = row.chunk_by(joined).scan(0, |column, cells| {
        let run = Run { column: *column, cells, kind: cells.first().map_or(Kind::Alone, |cell| kind(&cell.text)) };
        *column += cells.len();
        Some(run)
    });
    runs.collect()
}

fn kind(text: &str) -> Kind {
    let mut characters = text.chars();
    let (Some(c), None) = (characters.next(), characters.next()) else { return Kind::Alone };
    if let Some((_, heavy)) = arms(c) {
        return Kind::Line { heavy };
    }
    match (c, block(c)) {
        ('░', _) => Kind::Block(1),
        ('▒', _) => Kind::Block(2),
        ('▓', _) => Kind::Block(3),
        (_, Some(_)) => Kind::Block(4),
        (..'\u{250}', None) => Kind::Text,
        (_, None) => Kind::Alone,
    }
}

const UP: u8 = 1;
const RIGHT: u8 = 2;
const DOWN: u8 = 4;
const LEFT: u8 = 8;

/// The light and the heavy character with these arms from the middle of the cell, and a light one with a round corner.
const LINES: [(&str, u8); 15] = [
    ("─━", LEFT | RIGHT),
    ("│┃", UP | DOWN),
    ("┌┏╭", RIGHT | DOWN),
    ("┐┓╮", LEFT | DOWN),
    ("└┗╰", UP | RIGHT),
    ("┘┛╯", UP | LEFT),
    ("├┣", UP | DOWN | RIGHT),
    ("┤┫", UP | DOWN | LEFT),
    ("┬┳", LEFT | RIGHT | DOWN),
    ("┴┻", LEFT | RIGHT | UP),
    ("┼╋", LEFT | RIGHT | UP | DOWN),
    ("╴╸", LEFT),
    ("╵╹", UP),
    ("╶╺", RIGHT),
    ("╷╻", DOWN),
];

/// A line's arms, and whether it is heavy.
fn arms(c: char) -> Option<(u8, bool)> {
    LINES.iter().find_map(|(characters, arms)| {
        let at = characters.chars().position(|line| line == c)?;
        Some((*arms, at == 1))
    })
}

/// The part of the cell that a block element fills: left, top, width and height in eighths.
fn block(c: char) -> Option<[usize; 4]> {
    let place = |characters: &str| characters.chars().position(|block| block == c);
    if let Some(place) = place("▁▂▃▄▅▆▇█") {
        return Some([0, 7 - place, 8, place + 1]);
    }
    if let Some(place) = place("▏▎▍▌▋▊▉") {
        return Some([0, 0, place + 1, 8]);
    }
    match c {
        '▀' => Some([0, 0, 8, 4]),
        '▔' => Some([0, 0, 8, 1]),
        '▐' => Some([4, 0, 4, 8]),
        '▕' => Some([7, 0, 1, 8]),
        '░' | '▒' | '▓' => Some([0, 0, 8, 8]),
        _ => None,
    }
}

impl Run<'_> {
    fn draw(&self, svg: &mut String, y: usize) {
        let colour = self.style().colour();
        match self.kind {
            Kind::Text | Kind::Alone => self.draw_text(svg, y, &colour),
            Kind::Line { heavy } => {
                let class = attribute(&[if heavy { "h" } else { "l" }, &colour]);
                let _ = writeln!(svg, "<path{class} d=\"{}\"/>", self.lines(y));
            }
            Kind::Block(quarters) => {
                let opacity = match quarters {
                    4 => String::new(),
                    quarters => format!(" opacity=\"{}\"", f32::from(quarters) / 4.0),
                };
                let _ = writeln!(svg, "<path{}{opacity} d=\"{}\"/>", attribute(&[&colour]), self.blocks(y));
            }
        }
    }

    fn style(&self) -> Style {
        self.cells.first().map(|cell| cell.style).unwrap_or_default()
    }

    fn draw_text(&self, svg: &mut String, y: usize, colour: &str) {
        let blank = |cell: &Cell| cell.text == " ";
        let Some(first) = self.cells.iter().position(|cell| !blank(cell)) else { return };
        let shown = self.cells.iter().rposition(|cell| !blank(cell)).map_or(&[][..], |last| &self.cells[first..=last]);
        let text: String = shown.iter().map(|cell| cell.text.as_str()).collect();
        let style = self.style();
        let (bold, line) = (style.weight == Weight::Bold, style.underlined);
        let class = attribute(&[colour, if bold { "b" } else { "" }, if line { "u" } else { "" }]);
        // A fixed length keeps columns straight in any font.
        let _ = writeln!(
            svg,
            "<text x=\"{}\" y=\"{}\" textLength=\"{}\" lengthAdjust=\"spacingAndGlyphs\"{class}>{}</text>",
            MARGIN + (self.column + first) * CELL.0,
            y + BASELINE,
            shown.len() * CELL.0,
            escaped(&text)
        );
    }

    /// The arms of all cells, those that meet side by side as one line.
    fn lines(&self, y: usize) -> String {
        // In halves of a unit; half a unit above the middle, a line of one unit fills a row of pixels.
        let (top, middle, bottom) = (2 * y, 2 * y + CELL.1 - 1, 2 * (y + CELL.1));
        let mut path = String::new();
        let mut across: Vec<(usize, usize)> = Vec::new();
        for (place, cell) in self.cells.iter().enumerate() {
            let (arms, _) = cell.text.chars().next().and_then(arms).unwrap_or_default();
            let has = |arm: u8| arms & arm != 0;
            let left = 2 * (MARGIN + (self.column + place) * CELL.0);
            let centre = left + CELL.0;
            let (from, to) = (if has(LEFT) { left } else { centre }, if has(RIGHT) { centre + CELL.0 } else { centre });
            match across.last_mut() {
                Some((_, end)) if *end == from => *end = to,
                _ if from < to => across.push((from, to)),
                _ => (),
            }
            let (from, to) = (if has(UP) { top } else { middle }, if has(DOWN) { bottom } else { middle });
            if from < to {
                let _ = write!(path, "M{} {}V{}", part(centre, 2), part(from, 2), part(to, 2));
            }
        }
        for (from, to) in across {
            let _ = write!(path, "M{} {}H{}", part(from, 2), part(middle, 2), part(to, 2));
        }
        path
    }

    /// The parts of all cells, those that fill the width as one for equal cells.
    fn blocks(&self, y: usize) -> String {
        let (mut path, mut column) = (String::new(), self.column);
        let joined = |one: &Cell, other: &Cell| one.text == other.text && !"▏▎▍▌▋▊▉▐▕".contains(&one.text);
        for cells in self.cells.chunk_by(joined) {
            let c = cells.first().and_then(|cell| cell.text.chars().next());
            let [left, top, width, height] = c.and_then(block).unwrap_or_default();
            let (x, y) = (8 * (MARGIN + column * CELL.0) + left * CELL.0, 8 * y + top * CELL.1);
            let (width, height) = (width * CELL.0 * cells.len(), height * CELL.1);
            let [x, y, width, height] = [x, y, width, height].map(|eighths| part(eighths, 8));
            let _ = write!(path, "M{x} {y}h{width}v{height}h-{width}z");
            column += cells.len();
        }
        path
    }
}

/// A number of halves or eighths, without a superfluous zero.
fn part(number: usize, of: usize) -> String {
    let thousandths = format!("{:03}", number % of * 1000 / of);
    match thousandths.trim_end_matches('0') {
        "" => (number / of).to_string(),
        fraction => format!("{}.{fraction}", number / of),
    }
}

fn attribute(classes: &[&str]) -> String {
    let classes: Vec<&str> = classes.iter().copied().filter(|class| !class.is_empty()).collect();
    if classes.is_empty() { String::new() } else { format!(" class=\"{}\"", classes.join(" ")) }
}

/// Text in XML 1.0, which has neither control characters nor the last two of a plane's first (2.2, Characters).
pub(super) fn escaped(text: &str) -> String {
    text.chars().fold(String::new(), |mut escaped, c| {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '\u{fffe}' | '\u{ffff}' => escaped.push(char::REPLACEMENT_CHARACTER),
            c if c.is_control() => escaped.push(char::REPLACEMENT_CHARACTER),
            c => escaped.push(c),
        }
        escaped
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Cells of a text whose wide characters are followed by `_`.
    fn cells(text: &str, style: Style) -> Vec<Cell> {
        text.chars().map(|c| Cell { text: if c == '_' { String::new() } else { c.to_string() }, style }).collect()
    }

    fn drawn(row: &[Cell]) -> String {
        let mut svg = String::new();
        draw(&mut svg, row, MARGIN);
        svg
    }

    const RED: Style = Style { ink: Some(1), paper: None, weight: Weight::Normal, underlined: false, reversed: false };

    #[test]
    fn the_runs_of_a_row_are_as_wide_as_the_row() {
        for text in ["", "plain", "日_本_ and ► x", "┌──┐┏━┓╭─", "▁▂█░░▌▌ ", "a\u{301}é…b", "_", "  "]
        {
            let row = [cells(text, Style::default()), cells(text, RED)].concat();
            let mut next = 0;
            for run in runs(&row) {
                assert_eq!(run.column, next, "{text}");
                next += run.cells.len();
            }
            assert_eq!(next, row.len(), "{text}");
        }
    }

    #[test]
    fn a_text_is_as_long_as_its_columns() {
        let row = [cells("ab ", Style::default()), cells("日_", RED), cells("  cd", RED)].concat();
        let shown = drawn(&row);
        let at = |column: usize| MARGIN + column * CELL.0;
        for (text, column, columns) in [("ab", 0, 2), ("日", 3, 2), ("cd", 7, 2)] {
            let place = format!("<text x=\"{}\" y=\"26\" textLength=\"{}\"", at(column), columns * CELL.0);
            assert!(shown.lines().any(|line| line.starts_with(&place) && line.contains(text)), "{text}: {shown}");
        }
    }

    #[test]
    fn a_symbol_from_another_font_moves_no_column() {
        let shown = drawn(&cells("a►b", Style::default()));
        assert_eq!(shown.lines().count(), 3, "{shown}");
        assert!(shown.contains("x=\"30\"") && shown.contains(">b</text>"), "{shown}");
    }

    #[test]
    fn lines_reach_from_edge_to_edge_and_meet_in_the_middle() {
        assert!(drawn(&cells("──", Style::default())).contains("\"M12 20.5H30\""), "two cells, one line");
        let corner = drawn(&cells("┌─", Style::default()));
        assert!(corner.contains("M16.5 20.5V30") && corner.contains("M16.5 20.5H30"), "{corner}");
        let row = [cells("│", Style::default())].concat();
        let mut below = String::new();
        draw(&mut below, &row, MARGIN + CELL.1);
        assert!(drawn(&row).contains("M16.5 12V30") && below.contains("M16.5 30V48"), "no gap between rows");
    }

    #[test]
    fn a_bar_fills_its_part_of_the_cells() {
        let shown = drawn(&cells("██▌▄", Style::default()));
        for part in ["M12 12h18v18h-18z", "M30 12h4.5v18h-4.5z", "M39 21h9v9h-9z"] {
            assert!(shown.contains(part), "{part}: {shown}");
        }
    }

    #[test]
    fn text_on_a_coloured_ground_has_the_colour_of_the_page() {
        let reversed = Style { reversed: true, ..RED };
        let ground = Style { ink: Some(0), paper: Some(1), ..Style::default() };
        for style in [reversed, ground] {
            let shown = drawn(&cells("x", style));
            assert!(shown.contains("height=\"18\" class=\"c1\"/>") && shown.contains("class=\"g\">x<"), "{shown}");
        }
        let plain = drawn(&cells("x", Style { reversed: true, ..Style::default() }));
        assert!(plain.contains("height=\"18\"/>") && plain.contains("class=\"g\">x<"), "{plain}");
    }

    #[test]
    fn a_style_is_a_class() {
        let style = |weight| Style { weight, underlined: true, ..RED };
        assert!(drawn(&cells("x", style(Weight::Bold))).contains("class=\"c1 b u\""));
        assert!(drawn(&cells("x", Style { weight: Weight::Dim, ..Style::default() })).contains("class=\"c8\""));
        assert!(!drawn(&cells("x", Style::default())).contains("class"));
    }

    #[test]
    fn text_is_escaped() {
        assert_eq!(escaped("<&>\u{1b}\u{9b}é"), "&lt;&amp;&gt;\u{fffd}\u{fffd}é");
    }
}
