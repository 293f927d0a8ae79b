//! The keys of the screens. vi's keys and the arrows are equivalent.

/// A key with a meaning here.
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
    /// Ctrl-C, a signal that ends the program, or a terminal that is gone.
    Interrupt,
    /// Ctrl-Z, or SIGTSTP.
    Suspend,
    /// Ctrl-L, or SIGCONT.
    Redraw,
    /// The first match from the current position on. No physical key: typing in a search triggers it.
    FirstMatch,
    NextMatch,
    PreviousMatch,
    Char(char),
}

impl Key {
    /// The meaning outside of text input, in which the keys of vi and less are equivalent to the arrows.
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

#[derive(Debug, Clone, Copy)]
pub(crate) struct OwnKey {
    pub(crate) key: &'static str,
    /// One word for the line of keys.
    pub(crate) word: &'static str,
    pub(crate) does: &'static str,
}
