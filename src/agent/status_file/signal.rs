//! The signal that ended a run, as `SIGSEGV/SEGV_MAPERR`, with Linux's numbers (signal(7), sigaction(2)).

use super::number::leading_integer;

/// From signal 1 on.
const SIGNALS: [&str; 31] = [
    "SIGHUP",
    "SIGINT",
    "SIGQUIT",
    "SIGILL",
    "SIGTRAP",
    "SIGABRT",
    "SIGBUS",
    "SIGFPE",
    "SIGKILL",
    "SIGUSR1",
    "SIGSEGV",
    "SIGUSR2",
    "SIGPIPE",
    "SIGALRM",
    "SIGTERM",
    "SIGSTKFLT",
    "SIGCHLD",
    "SIGCONT",
    "SIGSTOP",
    "SIGTSTP",
    "SIGTTIN",
    "SIGTTOU",
    "SIGURG",
    "SIGXCPU",
    "SIGXFSZ",
    "SIGVTALRM",
    "SIGPROF",
    "SIGWINCH",
    "SIGPOLL",
    "SIGPWR",
    "SIGSYS",
];

/// The codes of every signal.
const COMMON: [(i32, &str); 10] = [
    (-60, "SI_ASYNCNL"),
    (-7, "SI_DETHREAD"),
    (-6, "SI_TKILL"),
    (-5, "SI_SIGIO"),
    (-4, "SI_ASYNCIO"),
    (-3, "SI_MESGQ"),
    (-2, "SI_TIMER"),
    (-1, "SI_QUEUE"),
    (0, "SI_USER"),
    (0x80, "SI_KERNEL"),
];

/// The codes of one signal, from 1 on. The gaps have no name.
const OWN: [(i32, &[&str]); 5] = [
    (
        4,
        &[
            "ILL_ILLOPC",
            "ILL_ILLOPN",
            "ILL_ILLADR",
            "ILL_ILLTRP",
            "ILL_PRVOPC",
            "ILL_PRVREG",
            "ILL_COPROC",
            "ILL_BADSTK",
            "ILL_BADIADDR",
        ],
    ),
    (
        8,
        &[
            "FPE_INTDIV",
            "FPE_INTOVF",
            "FPE_FLTDIV",
            "FPE_FLTOVF",
            "FPE_FLTUND",
            "FPE_FLTRES",
            "FPE_FLTINV",
            "FPE_FLTSUB",
            "",
            "",
            "",
            "",
            "",
            "FPE_FLTUNK",
            "FPE_CONDTRAP",
        ],
    ),
    (
        11,
        &[
            "SEGV_MAPERR",
            "SEGV_ACCERR",
            "SEGV_BNDERR",
            "SEGV_PKUERR",
            "SEGV_ACCADI",
            "SEGV_ADIDERR",
            "SEGV_ADIPERR",
            "SEGV_MTEAERR",
            "SEGV_MTESERR",
            "SEGV_CPERR",
        ],
    ),
    (7, &["BUS_ADRALN", "BUS_ADRERR", "BUS_OBJERR", "BUS_MCEERR_AR", "BUS_MCEERR_AO"]),
    (5, &["TRAP_BRKPT", "TRAP_TRACE", "TRAP_BRANCH", "TRAP_HWBKPT", "TRAP_UNK"]),
];

/// Signal and code; zero: none.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct SignalCode(pub u64);

impl SignalCode {
    /// A pointer to nowhere.
    pub const SEGV_MAPERR: Self = Self(11 << 32 | 1);

    /// The signal alone, as `SIGSEGV`, if it has a name.
    pub fn signal(self) -> Option<&'static str> {
        let number = usize::try_from(self.0 >> 32).ok()?;
        SIGNALS.get(number.checked_sub(1)?).copied()
    }

    /// The name with its prefix of a signal that is named without it, as by systemd (`SEGV`).
    pub fn named(short: &str) -> Option<&'static str> {
        SIGNALS.iter().find(|name| name.strip_prefix("SIG") == Some(short)).copied()
    }

    fn new(signal: i32, code: i32) -> Self {
        Self((i64::from(signal).cast_unsigned() << 32) | u64::from(code.cast_unsigned()))
    }

    pub(super) fn read(text: &[u8]) -> Self {
        if text.is_empty() {
            return Self(0);
        }
        let slash = text.iter().position(|byte| *byte == b'/');
        let (signal, code) = match slash {
            Some(at) => (text.get(..at).unwrap_or_default(), text.get(at + 1..)),
            None => (text, None),
        };
        // A code of one signal decides alone.
        let code = code.filter(|code| !code.is_empty());
        for (signal, names) in OWN {
            if let Some(at) = names.iter().position(|name| code == Some(name.as_bytes())) {
                return Self::new(signal, i32::try_from(at + 1).unwrap_or(0));
            }
        }
        let number = SIGNALS.iter().position(|name| name.as_bytes() == signal);
        let number = number.map_or_else(|| leading_integer(signal), |at| i32::try_from(at + 1).unwrap_or(0));
        let code = code.map_or(0, |code| {
            let known = COMMON.iter().find(|(_, name)| name.as_bytes() == code);
            known.map_or_else(|| leading_integer(code), |(code, _)| *code)
        });
        Self::new(number, code)
    }

    pub fn word(self) -> String {
        if self.0 == 0 {
            return String::new();
        }
        // The halves of the number.
        #[expect(clippy::cast_possible_truncation, reason = "each half is taken")]
        let (signal, code) = (((self.0 >> 32) as u32).cast_signed(), (self.0 as u32).cast_signed());
        let at = |number: i32| usize::try_from(number.wrapping_sub(1)).ok();
        let name =
            at(signal).and_then(|at| SIGNALS.get(at)).map_or_else(|| signal.to_string(), |name| (*name).to_owned());
        let own = OWN.iter().find(|(of, _)| *of == signal).and_then(|(_, names)| names.get(at(code)?));
        let common = || COMMON.iter().find(|(number, _)| *number == code).map(|(_, name)| name);
        let code = own.filter(|name| !name.is_empty()).or_else(common);
        let code = code.map_or_else(|| code_number(self), |name| (*name).to_owned());
        let mut text = format!("{name}/{code}");
        // The daemon's buffer.
        text.truncate(23);
        text
    }
}

#[expect(clippy::cast_possible_truncation, reason = "the lower half is taken")]
fn code_number(code: SignalCode) -> String {
    (code.0 as u32).cast_signed().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_signals() {
        assert_eq!(SignalCode::read(b"SIGSEGV/SEGV_MAPERR").signal(), Some("SIGSEGV"));
        assert_eq!(SignalCode::read(b"").signal(), None);
        assert_eq!(SignalCode::read(b"99/-6").signal(), None);
        assert_eq!(SignalCode::named("KILL"), Some("SIGKILL"));
        for other in ["", "SIGKILL", "kill", "9"] {
            assert_eq!(SignalCode::named(other), None, "{other}");
        }
    }

    #[test]
    fn read_and_written_again() {
        for (text, written) in [
            ("SIGSEGV/SEGV_MAPERR", "SIGSEGV/SEGV_MAPERR"),
            ("nonsense/SEGV_ACCERR", "SIGSEGV/SEGV_ACCERR"),
            ("11/1", "SIGSEGV/SEGV_MAPERR"),
            ("SIGBUS/SI_KERNEL", "SIGBUS/SI_KERNEL"),
            ("SIGABRT", "SIGABRT/SI_USER"),
            ("SIGFPE/14", "SIGFPE/FPE_FLTUNK"),
            ("SIGFPE/9", "SIGFPE/9"),
            ("99/-6x", "99/SI_TKILL"),
            ("sigsegv/", ""),
            ("/", ""),
            ("", ""),
        ] {
            assert_eq!(SignalCode::read(text.as_bytes()).word(), written, "{text}");
        }
    }
}
