//! Keys, as the screens know them: vi keys and arrows are the same.

use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyEventKind, KeyModifiers};

/// A key that means something here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Key {
    Up,
    Down,
    Left,
    Right,
    Home,
    End,
    PageUp,
    PageDown,
    Next,
    Previous,
    Enter,
    Escape,
    Backspace,
    /// Ctrl-C.
    Interrupt,
    /// Ctrl-Z.
    Suspend,
    /// Ctrl-L.
    Redraw,
    /// The first place that holds what is searched for, from where a person is. No key of a keyboard: typing means it.
    FirstMatch,
    NextMatch,
    PreviousMatch,
    Char(char),
}

impl Key {
    /// Which key was pressed; `None` for keys without a meaning and for releases.
    pub(crate) fn from(event: KeyEvent) -> Option<Self> {
        if event.kind == KeyEventKind::Release {
            return None;
        }
        let control = event.modifiers.contains(KeyModifiers::CONTROL);
        Some(match event.code {
            KeyCode::Char('c') if control => Self::Interrupt,
            KeyCode::Char('z') if control => Self::Suspend,
            KeyCode::Char('l') if control => Self::Redraw,
            KeyCode::Char('f') if control => Self::PageDown,
            KeyCode::Char('b') if control => Self::PageUp,
            // What old terminals send for Backspace.
            KeyCode::Char('h') if control => Self::Backspace,
            KeyCode::Char(_) if control || event.modifiers.contains(KeyModifiers::ALT) => return None,
            KeyCode::Up => Self::Up,
            KeyCode::Down => Self::Down,
            KeyCode::Left => Self::Left,
            KeyCode::Right => Self::Right,
            KeyCode::Home => Self::Home,
            KeyCode::End => Self::End,
            KeyCode::PageUp => Self::PageUp,
            KeyCode::PageDown => Self::PageDown,
            KeyCode::Tab => Self::Next,
            KeyCode::BackTab => Self::Previous,
            KeyCode::Enter => Self::Enter,
            KeyCode::Esc => Self::Escape,
            KeyCode::Backspace => Self::Backspace,
            KeyCode::Char(c) => Self::Char(c),
            _ => return None,
        })
    }

    /// What it means where nothing is typed: vi's keys and less's are the same as arrows.
    pub(crate) const fn meaning(self) -> Self {
        match self {
            Self::Char('k') => Self::Up,
            Self::Char('j') => Self::Down,
            Self::Char('h') => Self::Left,
            Self::Char('l') => Self::Right,
            Self::Char('g') => Self::Home,
            Self::Char('G') => Self::End,
            Self::Char(' ') => Self::PageDown,
            Self::Char('n') => Self::NextMatch,
            Self::Char('N') => Self::PreviousMatch,
            other => other,
        }
    }
}
