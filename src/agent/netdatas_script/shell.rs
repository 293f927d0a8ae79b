//! The few forms of a shell's language in the script.

/// Stands for a `$` that the shell leaves alone.
const QUOTED_DOLLAR: char = '\u{2}';

#[derive(Debug, PartialEq, Eq)]
pub(super) enum Token {
    Word(String),
    Pipe,
    /// `> FILE`, `2> FILE` or `2>&1`, with its target.
    Into(String),
}

impl Token {
    pub(super) fn word(&self) -> Option<&str> {
        if let Self::Word(word) = self { Some(word) } else { None }
    }
}

/// Splits a command line. `None`: it holds something else than words, pipes and redirections.
pub(super) fn tokens(line: &str) -> Option<Vec<Token>> {
    let mut rest = line.chars().peekable();
    let mut tokens = Vec::new();
    loop {
        while rest.next_if(|c| *c == ' ' || *c == '\t').is_some() {}
        match rest.peek() {
            None => return Some(tokens),
            Some('|') => {
                rest.next();
                tokens.push(Token::Pipe);
            }
            Some('>') => {
                rest.next();
                let mut target: String = rest.next_if_eq(&'&').into_iter().collect();
                while rest.next_if_eq(&' ').is_some() {}
                target.push_str(&word(&mut rest)?);
                tokens.push(Token::Into(target));
            }
            Some(_) => {
                let text = word(&mut rest)?;
                let is_stream = matches!(text.as_str(), "1" | "2") && rest.peek() == Some(&'>');
                if !is_stream {
                    tokens.push(Token::Word(text));
                }
            }
        }
    }
}

fn word(rest: &mut std::iter::Peekable<std::str::Chars<'_>>) -> Option<String> {
    let mut word = String::new();
    while let Some(c) = rest.next_if(|c| !matches!(c, ' ' | '\t' | '|' | '>')) {
        match c {
            '\'' | '"' => loop {
                match rest.next()? {
                    end if end == c => break,
                    '$' if c == '\'' => word.push(QUOTED_DOLLAR),
                    '\\' | '`' if c == '"' => return None,
                    inside => word.push(inside),
                }
            },
            ';' | '&' | '<' | '(' | ')' | '`' | '\\' | '*' | '?' | '#' => return None,
            c => word.push(c),
        }
    }
    if word.contains("$(") { None } else { Some(word) }
}

/// Whether the output of a request goes nowhere, or through an awk that can do nothing but print.
pub(super) fn only_drops_or_prints(output: &[Token]) -> bool {
    let (into, through) =
        output.split_at(output.iter().position(|token| *token == Token::Pipe).unwrap_or(output.len()));
    let drops =
        into.iter().all(|token| matches!(token, Token::Into(target) if target == "/dev/null" || target == "&1"));
    let prints = match through {
        [] => true,
        [Token::Pipe, Token::Word(awk), Token::Word(program)] => {
            awk == "awk" && program.starts_with(['/', '{']) && !program.contains(['(', '|', '>', '<', '"'])
        }
        _ => false,
    };
    drops && prints
}

/// Whether a condition only asks for files, variables and programs.
pub(super) fn is_condition(text: &str) -> bool {
    text.replace("&&", "||").split("||").map(str::trim).all(|part| {
        let program = part.strip_prefix("[ -n \"$(").and_then(|part| part.strip_suffix(")\" ]")).unwrap_or(part);
        match program.strip_prefix("command -v ") {
            Some(name) => matches!(tokens(name).as_deref(), Some([Token::Word(name), output @ ..])
                if name.bytes().all(|b| b.is_ascii_alphanumeric()) && only_drops_or_prints(output)),
            None => {
                part.starts_with("[ ")
                    && part.ends_with(" ]")
                    && !part.contains("$(")
                    && !part.contains(":=")
                    && !part.contains(['`', ';', '|', '&', '<', '>', '\\'])
            }
        }
    })
}

/// The words in Netdata's commands that find out the kernel's name and the machine's identifier, and in their arguments.
const WORDS: [&str; 37] = [
    "IOPlatformExpertDevice",
    "IOPlatformUUID",
    "MD5_PATH",
    "awk",
    "c",
    "command",
    "cut",
    "d",
    "db",
    "dbus",
    "etc",
    "exec",
    "f1",
    "id",
    "ioreg",
    "lib",
    "line",
    "lower",
    "machine",
    "macos",
    "md5sum",
    "n",
    "null",
    "printf",
    "rd1",
    "s",
    "split",
    "tr",
    "type",
    "uname",
    "upper",
    "uuid",
    "uuidgen",
    "v",
    "var",
    "which",
    "",
];

/// Whether a text with commands holds no other word than those: then it sends nothing by itself.
pub(super) fn is_harmless_command(text: &str) -> bool {
    let mut words = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    text.is_ascii() && !text.contains('`') && words.all(|word| word.parse::<u8>().is_ok() || WORDS.contains(&word))
}
