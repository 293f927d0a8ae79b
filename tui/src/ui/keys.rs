//! Keys, as the screens know them: vi keys and arrows are the same.

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

/// A key that only one screen knows.
#[derive(Debug, Clone, Copy)]
pub(crate) struct OwnKey {
    pub(crate) key: &'static str,
    /// What it does, in a word for the line of keys.
    pub(crate) word: &'static str,
    /// What it does, for the help.
    pub(crate) does: &'static str,
}
