//! Texts of a width in columns: wrapped, broken, cut or shortened.

use textwrap::{Options, WordSplitter, WrapAlgorithm};
use unicode_truncate::{Alignment, UnicodeTruncateStr};
use unicode_width::UnicodeWidthStr;

use crate::output::shortened;
use crate::ui::theme::Look;

/// Wraps between words; within a word that is longer than a line, after a hyphen if it has one. An empty text gives one
/// line.
pub(crate) fn wrap(text: &str, width: usize) -> Vec<String> {
    let is_long = text.split(' ').any(|word| word.width() > width);
    let splitter = if is_long { WordSplitter::HyphenSplitter } else { WordSplitter::NoHyphenation };
    let options = Options::new(width.max(1)).word_splitter(splitter).wrap_algorithm(WrapAlgorithm::FirstFit);
    textwrap::wrap(text, options).into_iter().map(std::borrow::Cow::into_owned).collect()
}

/// Breaks a command between its words only. A blank in quotes is part of a word.
pub(crate) fn wrap_words(command: &str, width: usize) -> Vec<String> {
    let is_open = |word: &str| shlex::split(word).is_none();
    let mut lines: Vec<String> = Vec::new();
    let mut word = String::new();
    for part in command.split(' ') {
        word.push_str(part);
        if is_open(&word) {
            word.push(' ');
            continue;
        }
        match lines.last_mut() {
            Some(line) if line.width() + 1 + word.width() <= width => {
                line.push(' ');
                line.push_str(&word);
            }
            _ => lines.push(word.clone()),
        }
        word.clear();
    }
    lines.extend(Some(word).filter(|word| !word.is_empty()));
    lines
}

/// Cuts the middle out of a text that is too wide, with a mark at the cut.
pub(crate) fn shorten(text: &str, width: usize, look: Look) -> String {
    shortened(text, width, look.cut())
}

/// Breaks at full lines only. A character that is wider than a line has one of its own.
pub(crate) fn break_anywhere(text: &str, width: usize) -> Vec<String> {
    let (mut lines, mut rest) = (Vec::new(), text);
    loop {
        let fitting = rest.unicode_truncate(width).0.len();
        let first = rest.chars().next().map_or(0, char::len_utf8);
        let (line, more) = rest.split_at(fitting.max(first));
        lines.push(line.to_owned());
        if more.is_empty() {
            return lines;
        }
        rest = more;
    }
}

/// Cuts a text to a number of columns, with a mark at the cut.
pub(crate) fn clip(text: &str, width: usize, look: Look) -> String {
    if text.width() <= width || width == 0 {
        return text.unicode_truncate(width).0.to_owned();
    }
    format!("{}{}", text.unicode_truncate(width - 1).0, look.cut())
}

/// Pads or cuts a text to exactly this number of columns.
pub(crate) fn fit(text: &str, width: usize, look: Look) -> String {
    clip(text, width, look).unicode_pad(width, Alignment::Left, false).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    const RICH: Look = Look { colour: true, unicode: true };

    #[test]
    fn commands_are_broken_between_the_words_of_the_shell() {
        let command = "sudo touch '/my folder/a' && x \"b c\"";
        assert_eq!(wrap_words(command, 12), ["sudo touch", "'/my folder/a'", "&& x \"b c\""]);
        assert_eq!(wrap_words("touch 'a b", 4), ["touch", "'a b "]);
    }

    #[test]
    fn wide_characters_take_two_columns() {
        assert_eq!(clip("日本語", 6, RICH), "日本語");
        assert_eq!(clip("日本語", 5, RICH), "日本…");
        assert_eq!(clip("日本語", 4, RICH), "日…");
        assert_eq!(fit("日", 4, RICH), "日  ");
        assert_eq!(clip("abc", 0, RICH), "");
        assert_eq!(break_anywhere("日本語", 4), ["日本", "語"]);
        assert_eq!(break_anywhere("", 4), [""]);
        assert_eq!(clip("e\u{301}e\u{301}e\u{301}", 2, RICH), "e\u{301}…");
    }
}
