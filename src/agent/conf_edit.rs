//! The smallest edit of a `netdata.conf` that turns off the daemon's own reports, and its undoing. Nothing here reads or
//! writes a file.
//!
//! The edit inserts text in one place, and every byte that was there stays: the setting that counted becomes part of a
//! comment. So undoing it is a deletion.

use std::fmt::Write as _;
use std::path::Path;

use crate::agent::conf::{Line, NetdataConf, Part, lines};
use crate::text::printable;

pub const SECTION: &str = "global";
pub const NAME: &str = "crash reports";
pub const OFF: &str = "off";

/// The beginning of our comment. The rest of the line is the setting as it was.
const MARK: &str = "# telemetry-preview opt-out; before: ";
/// The same in a file that did not exist before.
const NEW_FILE_MARK: &str = "# telemetry-preview opt-out; before, without this file: ";

/// What our comment says where there was no such setting. A setting has an equals sign.
const NOT_SET: &str = "not set";
const NO_SECTION: &str = "not set, and no such section";

const INDENT: &str = "    ";

/// The edit would change more than it should: the daemon cuts long lines, and one of them is in the way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unsafe;

/// The content of a file without our edit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Undone {
    pub bytes: Vec<u8>,
    /// Whether the file did not exist before the edit.
    pub was_new: bool,
}

/// Sets `crash reports = off`. `None`: it is so already. `is_new` says that the text is not that of the file itself.
pub fn turn_off(before: &[u8], is_new: bool) -> Result<Option<Vec<u8>>, Unsafe> {
    if value(before).as_deref() == Some(OFF) {
        return Ok(None);
    }
    let mark = if is_new { NEW_FILE_MARK } else { MARK };
    let (at, text) = insertion(before, mark);
    let mut after = before.to_vec();
    after.splice(at..at, text.into_bytes());
    let undone = undo(&after).is_some_and(|undone| undone.bytes == before && undone.was_new == is_new);
    let is_as_meant = value(&after).as_deref() == Some(OFF) && others(&after).eq(others(before)) && undone;
    if is_as_meant { Ok(Some(after)) } else { Err(Unsafe) }
}

/// Deletes our edit. `None`: there is none, or the setting below our comment is no longer ours.
pub fn undo(after: &[u8]) -> Option<Undone> {
    let all: Vec<Line<'_>> = lines(after).collect();
    let (at, mark) = ours(&all)?;
    let [ours, comment] = [all.get(at)?, all.get(at + 1)?];
    let kept = comment.bytes.get(mark.len()..)?;
    let end = comment.start + comment.bytes.len();
    let was = kept.trim_ascii_end();
    let range = if was != NOT_SET.as_bytes() && was != NO_SECTION.as_bytes() {
        ours.start..comment.start + mark.len()
    } else {
        let title = at.checked_sub(1).and_then(|at| all.get(at)).filter(|title| {
            let rest = all.get(at + 2..).unwrap_or_default();
            let mut own = rest.iter().take_while(|line| !matches!(line.part, Part::Section(_)));
            was == NO_SECTION.as_bytes() && is_section(title) && own.all(|line| line.part == Part::Other)
        });
        let start = title.map_or(ours.start, |title| title.start);
        // At the end of a file without a last line end, ours stands before the text.
        let line_end = line_end(ours.bytes).len();
        if comment.bytes.ends_with(b"\n") { start..end } else { start.saturating_sub(line_end)..end }
    };
    let mut bytes = after.to_vec();
    bytes.drain(range);
    Some(Undone { bytes, was_new: mark == NEW_FILE_MARK })
}

/// The last setting of ours with its comment: the place of its line, and the comment's beginning.
fn ours(all: &[Line<'_>]) -> Option<(usize, &'static str)> {
    let mut inside = false;
    let mut found = None;
    for (at, line) in all.iter().enumerate() {
        match line.part {
            Part::Section(name) => inside = name == SECTION.as_bytes(),
            Part::Setting(name, value) if inside && name == NAME.as_bytes() && value == OFF.as_bytes() => {
                let next = all.get(at + 1).map(|next| next.bytes).unwrap_or_default();
                let mark = [MARK, NEW_FILE_MARK].into_iter().find(|mark| next.starts_with(mark.as_bytes()));
                found = mark.map(|mark| (at, mark)).or(found);
            }
            _ => {}
        }
    }
    found
}

/// The place of the edit, and its text.
fn insertion(before: &[u8], mark: &str) -> (usize, String) {
    let end_of_lines = lines(before).map(|line| line_end(line.bytes)).find(|end| !end.is_empty()).unwrap_or("\n");
    let mut counts = None;
    let mut title = None;
    let mut inside = false;
    for line in lines(before) {
        match line.part {
            Part::Section(_) => {
                inside = is_section(&line);
                title = title.or(inside.then_some(line));
            }
            Part::Setting(name, _) if inside && name == NAME.as_bytes() => counts = Some(line),
            _ => {}
        }
    }
    if let Some(line) = counts {
        let indent: String =
            line.bytes.iter().take_while(|byte| matches!(byte, b' ' | b'\t')).map(|byte| char::from(*byte)).collect();
        let own = Some(line_end(line.bytes)).filter(|end| !end.is_empty()).unwrap_or(end_of_lines);
        return (line.start, format!("{indent}{NAME} = {OFF}{own}{mark}"));
    }
    let (at, head, was) = match title {
        Some(title) => (title.start + title.bytes.len(), String::new(), NOT_SET),
        None => (before.len(), format!("[{SECTION}]{end_of_lines}"), NO_SECTION),
    };
    let text = format!("{head}{INDENT}{NAME} = {OFF}{end_of_lines}{mark}{was}");
    let whole = before.get(..at).is_some_and(|before| before.is_empty() || before.ends_with(b"\n"));
    (at, if whole { text + end_of_lines } else { format!("{end_of_lines}{text}") })
}

fn is_section(line: &Line<'_>) -> bool {
    line.part == Part::Section(SECTION.as_bytes())
}

fn line_end(line: &[u8]) -> &'static str {
    if line.ends_with(b"\r\n") {
        "\r\n"
    } else if line.ends_with(b"\n") {
        "\n"
    } else {
        ""
    }
}

fn value(text: &[u8]) -> Option<String> {
    NetdataConf::parse(text).get(SECTION, NAME).map(str::to_owned)
}

/// All other settings, in order and with their sections.
fn others(text: &[u8]) -> impl Iterator<Item = (&[u8], &[u8], &[u8])> {
    let mut section: &[u8] = b"";
    lines(text).filter_map(move |line| match line.part {
        Part::Section(name) => {
            section = name;
            None
        }
        Part::Setting(name, value) => {
            let is_ours = section == SECTION.as_bytes() && name == NAME.as_bytes();
            (!is_ours).then_some((section, name, value))
        }
        Part::Other => None,
    })
}

/// The changed lines with two lines around, as diff(1) shows them with `-u`. Safe for a terminal.
pub fn diff(paths: [&Path; 2], before: &[u8], after: &[u8]) -> String {
    const AROUND: usize = 2;
    let [old, new] = [before, after].map(|text| text.split_inclusive(|byte| *byte == b'\n').collect::<Vec<_>>());
    let same_first = old.iter().zip(&new).take_while(|(old, new)| old == new).count();
    let [old_rest, new_rest] = [&old, &new].map(|all| all.get(same_first..).unwrap_or_default());
    let same_last = old_rest.iter().rev().zip(new_rest.iter().rev()).take_while(|(old, new)| old == new).count();
    let from = same_first.saturating_sub(AROUND);
    let [old_end, new_end] = [&old, &new].map(|all| all.len() - same_last);
    let behind = AROUND.min(same_last);
    let mut text = String::new();
    // Writing into a string cannot fail.
    let _ = writeln!(text, "--- {}", printable(&paths[0].to_string_lossy()));
    let _ = writeln!(text, "+++ {}", printable(&paths[1].to_string_lossy()));
    let count = |end: usize| end + behind - from;
    let _ = writeln!(text, "@@ -{},{} +{},{} @@", from + 1, count(old_end), from + 1, count(new_end));
    let mut add = |sign: char, lines: Option<&[&[u8]]>| {
        for line in lines.unwrap_or_default() {
            let shown = line.strip_suffix(b"\n").unwrap_or(line);
            let shown = shown.strip_suffix(b"\r").unwrap_or(shown);
            let shown = String::from_utf8_lossy(shown).replace('\t', "    ");
            let _ = writeln!(text, "{sign}{}", printable(&shown));
        }
    };
    add(' ', old.get(from..same_first));
    add('-', old.get(same_first..old_end));
    add('+', new.get(same_first..new_end));
    add(' ', old.get(old_end..old_end + behind));
    text
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    fn off(before: &str) -> String {
        String::from_utf8(turn_off(before.as_bytes(), false).unwrap().unwrap()).unwrap()
    }

    #[test]
    fn the_edit_is_an_insertion_in_one_place() {
        for (before, after) in [
            (
                "[global]\n\tcrash reports = all\n\ta = b\n",
                "[global]\n\tcrash reports = off\n# telemetry-preview opt-out; before: \tcrash reports = all\n\ta = b\n",
            ),
            // The last one counts.
            (
                "[global]\r\ncrash reports=all\r\n[web]\r\n[global]\r\ncrash reports=crashes",
                "[global]\r\ncrash reports=all\r\n[web]\r\n[global]\r\ncrash reports = off\r\n\
                 # telemetry-preview opt-out; before: crash reports=crashes",
            ),
            (
                "[global]\n# crash reports = all\n[web]\n",
                "[global]\n    crash reports = off\n# telemetry-preview opt-out; before: not set\n\
                 # crash reports = all\n[web]\n",
            ),
            ("[global]", "[global]\n    crash reports = off\n# telemetry-preview opt-out; before: not set"),
            (
                "crash reports = off\n[ global ]\n",
                "crash reports = off\n[ global ]\n[global]\n    crash reports = off\n\
                 # telemetry-preview opt-out; before: not set, and no such section\n",
            ),
            (
                "",
                "[global]\n    crash reports = off\n# telemetry-preview opt-out; before: not set, and no such section\n",
            ),
        ] {
            assert_eq!(off(before), after, "{before:?}");
            assert_eq!(turn_off(after.as_bytes(), false), Ok(None));
            assert_eq!(undo(after.as_bytes()).unwrap().bytes, before.as_bytes());
        }
    }

    #[test]
    fn what_somebody_else_set_stays() {
        for text in [
            "[global]\ncrash reports = off\n",
            "[global]\ncrash reports = off\n# before: crash reports = all\n",
            "[global]\ncrash reports = off\n\n# telemetry-preview opt-out; before: not set\n",
            // The setting of somebody who has changed ours.
            "[global]\ncrash reports = all\n# telemetry-preview opt-out; before: not set\n",
            "[web]\ncrash reports = off\n# telemetry-preview opt-out; before: not set\n",
        ] {
            assert_eq!(undo(text.as_bytes()), None, "{text}");
        }
        // Settings that were added to our section stay in it.
        let added = off("[web]\n") + "    hostname = a\n";
        assert_eq!(undo(added.as_bytes()).unwrap().bytes, b"[web]\n[global]\n    hostname = a\n");
        let beside = off("[web]\n") + "[db]\nmode = ram\n";
        assert_eq!(undo(beside.as_bytes()).unwrap().bytes, b"[web]\n[db]\nmode = ram\n");
    }

    #[test]
    fn a_new_file_says_that_it_is_new() {
        let after = turn_off(b"[web]\n", true).unwrap().unwrap();
        assert_eq!(undo(&after), Some(Undone { bytes: b"[web]\n".to_vec(), was_new: true }));
    }

    #[test]
    fn a_line_that_the_daemon_would_cut_elsewhere_stops_the_edit() {
        // As a part of a comment it would be longer, and its end another setting.
        let long = |blanks: usize| format!("[global]\ncrash reports = all{}a = b\n", " ".repeat(blanks));
        assert!(turn_off(long(8160).as_bytes(), false) == Err(Unsafe));
        assert!(turn_off(long(8000).as_bytes(), false).is_ok());
    }

    #[test]
    fn a_diff_shows_the_change_and_two_lines_around() {
        let before = "a\nb\nc\n[global]\n\tcrash reports = all\r\nd\ne\nf";
        let paths = [Path::new("/old"), Path::new("/new\u{1b}")];
        assert_eq!(
            diff(paths, before.as_bytes(), off(before).as_bytes()),
            "--- /old\n+++ /new\\u{1b}\n@@ -3,5 +3,6 @@\n c\n [global]\n-    crash reports = all\n+    crash reports = off\n\
             +# telemetry-preview opt-out; before:     crash reports = all\n d\n e\n"
        );
        let whole = diff(paths, b"", off("").as_bytes());
        assert!(whole.contains("@@ -1,0 +1,3 @@\n+[global]\n+    crash reports = off\n"), "{whole}");
    }

    /// Parts of which a file is made: those that matter, and any others.
    fn piece() -> impl Strategy<Value = Vec<u8>> {
        let known = [
            "[global]",
            "[ global ]",
            "[web]",
            "[",
            "]",
            "crash reports",
            " = ",
            "=",
            "all",
            "crashes",
            "off",
            "\n",
            "\r\n",
            "\r",
            "\n\n",
            "\t",
            "    ",
            "#",
            "\0",
            "[global]\ncrash reports = all\n",
            "\ncrash reports = crashes\n",
            MARK,
            "\n# telemetry-preview opt-out; before: not set\n",
            "\n[global]\ncrash reports = off\n# telemetry-preview opt-out; before: not set, and no such section\n",
            "\u{feff}",
        ];
        prop_oneof![
            8 => proptest::sample::select(known.to_vec()).prop_map(|text| text.as_bytes().to_vec()),
            1 => vec(any::<u8>(), 0..4),
            1 => (8180_usize..8195).prop_map(|length| vec![b'x'; length]),
        ]
        .boxed()
    }

    proptest! {
        #[test]
        fn every_other_byte_stays_and_the_daemon_sees_the_value(pieces in vec(piece(), 0..24), is_new: bool) {
            let before = pieces.concat();
            if let Ok(Some(after)) = turn_off(&before, is_new) {
                prop_assert_eq!(value(&after), Some(OFF.to_owned()));
                prop_assert!(others(&before).eq(others(&after)));
                let first = before.iter().zip(&after).take_while(|(before, after)| before == after).count();
                prop_assert!(after.ends_with(&before[first..]), "one insertion");
                prop_assert_eq!(turn_off(&after, is_new), Ok(None), "twice is once");
                prop_assert_eq!(undo(&after), Some(Undone { bytes: before, was_new: is_new }));
            }
        }

        #[test]
        fn only_long_lines_stop_it(pieces in vec(piece(), 0..24)) {
            let before = pieces.concat();
            if before.split(|byte| *byte == b'\n').all(|line| line.len() < 4000) {
                prop_assert!(turn_off(&before, false).is_ok());
            }
        }

        #[test]
        fn any_bytes_are_read_and_undone_without_a_panic(pieces in vec(piece(), 0..24)) {
            let bytes = pieces.concat();
            let length: usize = lines(&bytes).map(|line| line.bytes.len()).sum();
            prop_assert_eq!(length, bytes.len());
            if let Some(undone) = undo(&bytes) {
                prop_assert!(undone.bytes.len() < bytes.len());
                diff([Path::new("a"), Path::new("b")], &bytes, &undone.bytes);
            }
        }
    }
}
