//! Which part of a moving picture is seen when. A row that stays over several frames is in the file once for them.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::ops::Range;

pub(super) struct Timeline {
    /// The beginning of each frame, and the end of the last, in milliseconds.
    marks: Vec<u64>,
    /// The frame for those who want no motion: the one that stays longest.
    poster: usize,
    /// What is drawn, by the first frame and the one after the last.
    parts: BTreeMap<(usize, usize), String>,
}

impl Timeline {
    pub(super) fn new(lengths: impl Iterator<Item = u64>) -> Self {
        let lengths: Vec<u64> = lengths.collect();
        let poster = (0..lengths.len()).rev().max_by_key(|frame| lengths[*frame]).unwrap_or_default();
        let mut marks = vec![0];
        marks.extend(lengths.iter().scan(0, |time, length| {
            *time += length;
            Some(*time)
        }));
        Self { marks, poster, parts: BTreeMap::new() }
    }

    fn frames(&self) -> usize {
        self.marks.len() - 1
    }

    /// Adds a row, as each frame draws it.
    pub(super) fn add(&mut self, drawn: impl Iterator<Item = String>) {
        let drawn: Vec<String> = drawn.collect();
        for stretch in stretches(&drawn) {
            self.parts.entry((stretch.start, stretch.end)).or_default().push_str(&drawn[stretch.start]);
        }
    }

    /// The parts that are not always seen.
    fn passing(&self) -> impl Iterator<Item = (usize, usize)> {
        self.parts.keys().copied().filter(|part| *part != (0, self.frames()))
    }

    pub(super) fn css(&self) -> String {
        let mut css = String::new();
        let whole = *self.marks.last().unwrap();
        for (from, to) in self.passing() {
            // In thousandths, which are exact enough for a minute.
            let per_mille = |frame: usize| self.marks[frame] * 100_000 / whole.max(1);
            let mark = |frame| format!("{}.{:03}%", per_mille(frame) / 1000, per_mille(frame) % 1000);
            let name = format!("t{from}-{to}");
            let _ = write!(css, "@keyframes {name}{{0%{{visibility:{}}}", seen(from == 0));
            if from > 0 {
                let _ = write!(css, "{}{{visibility:visible}}", mark(from));
            }
            if to < self.frames() {
                let _ = write!(css, "{}{{visibility:hidden}}", mark(to));
            }
            let poster = seen((from..to).contains(&self.poster));
            let _ = writeln!(css, "}}.{name}{{visibility:{poster};animation:{name} {whole}ms step-end infinite}}");
        }
        if !css.is_empty() {
            css += "@media(prefers-reduced-motion:reduce){g{animation:none!important}}\n";
        }
        css
    }

    pub(super) fn groups(&self) -> String {
        let groups = self.parts.iter().filter(|(_, drawn)| !drawn.is_empty()).map(|((from, to), drawn)| {
            if (*from, *to) == (0, self.frames()) {
                return drawn.clone();
            }
            format!("<g class=\"t{from}-{to}\">\n{drawn}</g>\n")
        });
        groups.collect()
    }
}

/// The stretches of frames that draw the same.
fn stretches(drawn: &[String]) -> impl Iterator<Item = Range<usize>> {
    drawn.chunk_by(|one, other| one == other).scan(0, |from, chunk| {
        let range = *from..*from + chunk.len();
        *from = range.end;
        Some(range)
    })
}

const fn seen(is: bool) -> &'static str {
    if is { "visible" } else { "hidden" }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(lengths: &[u64], rows: &[&[&str]]) -> Timeline {
        let mut timeline = Timeline::new(lengths.iter().copied());
        for row in rows {
            timeline.add(row.iter().map(ToString::to_string));
        }
        timeline
    }

    #[test]
    fn in_every_frame_each_row_is_seen_once() {
        for row in [["a", "a", "a", "a"], ["a", "b", "b", "a"], ["a", "b", "c", "d"]] {
            let drawn = row.map(str::to_owned);
            let covered: Vec<usize> = stretches(&drawn).flatten().collect();
            assert_eq!(covered, [0, 1, 2, 3], "{row:?}");
        }
    }

    #[test]
    fn a_row_that_stays_is_drawn_once() {
        let timeline = of(&[1, 1, 1], &[&["head", "head", "head"], &["a", "b", "b"]]);
        assert_eq!(timeline.groups(), "<g class=\"t0-1\">\na</g>\nhead<g class=\"t1-3\">\nb</g>\n");
    }

    #[test]
    fn a_part_is_seen_from_its_first_frame_to_the_end_of_its_last_and_again_in_every_round() {
        let css = of(&[1000, 500, 500], &[&["a", "b", "c"]]).css();
        for rule in [
            "t0-1{0%{visibility:visible}50.000%{visibility:hidden}}",
            "t1-2{0%{visibility:hidden}50.000%{visibility:visible}75.000%{visibility:hidden}}",
            "t2-3{0%{visibility:hidden}75.000%{visibility:visible}}",
        ] {
            assert!(css.contains(&format!("@keyframes {rule}")), "{rule}\n{css}");
        }
        let rounds = css.lines().filter(|line| line.contains("2000ms step-end infinite")).count();
        assert_eq!(rounds, css.lines().filter(|line| line.starts_with("@keyframes")).count(), "{css}");
    }

    #[test]
    fn without_motion_the_frame_that_stays_longest_is_seen() {
        let css = of(&[1, 9, 2], &[&["a", "b", "c"]]).css();
        let seen = |part: &str, is: &str| css.contains(&format!(".{part}{{visibility:{is};"));
        assert!(seen("t0-1", "hidden") && seen("t1-2", "visible") && seen("t2-3", "hidden"), "{css}");
        assert!(css.contains("prefers-reduced-motion"), "{css}");
    }
}
