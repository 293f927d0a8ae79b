//! The pictures of the documentation, drawn by the same code as the screens.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use ratatui::buffer::{Buffer, Cell};
use ratatui::style::{Color, Modifier};
use testkit::svg::{self, Frame, Style, Weight};
use unicode_width::UnicodeWidthStr;

use super::{RICH, SIZES, drawn, on, preview, state, titles};

/// Nobody should mistake a picture for their own machine.
const CAPTION: &str = "An example: this machine and its agent are made up.";

#[test]
fn the_pictures_of_the_documentation_are_up_to_date() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/screens");
    let wanted = pictures();
    let write = std::env::var_os("DRAW").is_some();
    if write {
        fs::create_dir_all(&folder).unwrap();
        for (name, picture) in &wanted {
            fs::write(folder.join(name), picture).unwrap();
        }
    }
    for entry in fs::read_dir(&folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        if write && !wanted.contains_key(name) {
            fs::remove_file(&path).unwrap();
            continue;
        }
        let is_wanted = wanted.get(name).is_some_and(|picture| *picture == fs::read_to_string(&path).unwrap());
        assert!(is_wanted, "{} is out of date; run: cargo xtask generate", path.display());
    }
    let missing = wanted.keys().find(|name| !folder.join(name).exists());
    assert_eq!(missing, None, "run: cargo xtask generate");
}

/// By the names of their files: each screen in each size.
fn pictures() -> BTreeMap<String, String> {
    let all = titles().into_iter().flat_map(|title| SIZES.map(|size| (title, size)));
    let draw = |(title, size): (&str, _)| {
        let buffer = drawn(&on(title, state(preview(), RICH, size)));
        let frame = Frame { rows: cells(&buffer), caption: CAPTION.to_owned(), milliseconds: 0 };
        let name = title.to_ascii_lowercase().replace(|c: char| !c.is_ascii_alphanumeric(), "-");
        (format!("{name}-{size}.svg"), svg::svg(&format!("The screen {title}, {size} characters"), &[frame]))
    };
    all.map(draw).collect()
}

fn cells(buffer: &Buffer) -> Vec<Vec<svg::Cell>> {
    let rows = buffer.content.chunks(buffer.area.width.into());
    rows.map(|row| {
        let mut hidden = 0;
        let cells = row.iter().map(|cell| {
            let text = if hidden > 0 { "" } else { cell.symbol() };
            hidden = if hidden > 0 { hidden - 1 } else { cell.symbol().width().saturating_sub(1) };
            svg::Cell { text: text.to_owned(), style: style(cell) }
        });
        cells.collect()
    })
    .collect()
}

fn style(cell: &Cell) -> Style {
    let has = |modifier| cell.modifier.contains(modifier);
    Style {
        ink: number(cell.fg),
        paper: number(cell.bg),
        weight: match (has(Modifier::BOLD), has(Modifier::DIM)) {
            (true, _) => Weight::Bold,
            (_, true) => Weight::Dim,
            _ => Weight::Normal,
        },
        underlined: has(Modifier::UNDERLINED),
        reversed: has(Modifier::REVERSED),
    }
}

/// The number of one of the terminal's sixteen colours. No screen has another.
fn number(colour: Color) -> Option<u8> {
    match colour {
        Color::Reset => None,
        Color::Indexed(number @ 0..16) => Some(number),
        other => panic!("{other:?}"),
    }
}
