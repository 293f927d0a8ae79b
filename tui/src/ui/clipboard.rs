//! Copies text through the terminal, which also works over ssh (xterm's ctlseqs, OSC 52 "Manipulate Selection Data").

use anonymous_statistics::text::printable;
use crossterm::Command;
use crossterm::clipboard::CopyToClipboard;

/// The bytes of the longest text that is copied.
pub(crate) const MOST: usize = 8 * 1024;

/// The command that asks the terminal to copy a text. `None` for an empty or too long text: part of a command is
/// another command.
///
/// It copies what the screen shows, [`printable`]: a line break in a value from outside would press Enter in the shell
/// into which a person pastes it.
pub(crate) fn copy(text: &str) -> Option<impl Command + use<>> {
    let text = printable(text).into_owned();
    (1..=MOST).contains(&text.len()).then(|| CopyToClipboard::to_clipboard_from(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sequence(text: &str) -> Option<String> {
        let mut sequence = String::new();
        copy(text)?.write_ansi(&mut sequence).unwrap();
        Some(sequence)
    }

    #[test]
    fn a_terminal_copies_it_and_shows_nothing() {
        #[derive(Default)]
        struct Copied(Vec<(Vec<u8>, Vec<u8>)>);
        impl vt100::Callbacks for Copied {
            fn copy_to_clipboard(&mut self, _: &mut vt100::Screen, selection: &[u8], data: &[u8]) {
                self.0.push((selection.to_vec(), data.to_vec()));
            }
        }
        let (rows, columns) = (24.try_into().unwrap(), 80.try_into().unwrap());
        let mut terminal = vt100::Parser::new_with_callbacks(rows, columns, 0, Copied::default());
        terminal.process(sequence("sudo touch /etc/é").unwrap().as_bytes());
        assert_eq!(terminal.callbacks().0, [(b"c".to_vec(), b"c3VkbyB0b3VjaCAvZXRjL8Op".to_vec())]);
        assert_eq!(terminal.screen().contents(), "");
    }

    #[test]
    fn a_copied_text_presses_no_keys_where_it_is_pasted() {
        assert_eq!(sequence("a\nb\x1b[201~\r"), sequence("a\\u{a}b\\u{1b}[201~\\u{d}"));
    }

    #[test]
    fn all_of_a_text_is_copied_or_nothing() {
        assert!(sequence(&"x".repeat(MOST)).is_some());
        assert_eq!(sequence(&"x".repeat(MOST + 1)), None);
        assert_eq!(sequence(&"\n".repeat(MOST)), None);
        // An empty one would clear the clipboard.
        assert_eq!(sequence(""), None);
    }
}
