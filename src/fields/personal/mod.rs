//! Detects personal data: text that may identify a machine or its owner.

mod host_names;
mod plain;
#[cfg(test)]
mod tests;

pub use host_names::HostNames;
use plain::plain;

/// Content that free text must not have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Personal {
    IpAddress,
    MacAddress,
    Uuid,
    Url,
    Path,
    /// Part of a mail address or a login.
    At,
    /// A possible token or other secret.
    Token,
    Domain,
    /// As a whole word.
    HostName,
}

impl Personal {
    pub const fn describe(self) -> &'static str {
        match self {
            Self::IpAddress => "an IP address",
            Self::MacAddress => "a hardware address",
            Self::Uuid => "a UUID",
            Self::Url => "a URL",
            Self::Path => "a path",
            Self::At => "an @",
            Self::Token => "what may be a token",
            Self::Domain => "a domain name",
            Self::HostName => "this machine's host name",
        }
    }
}

/// Finds personal data in any notation: the text around or between its digits and letters does not count, nor do
/// look-alike characters (`plain`).
///
/// An `@` before a frequency is allowed: CPU models have it ("Intel(R) Core(TM) i7 CPU @ 2.60GHz"), addresses do not.
pub fn find_personal(text: &str, hosts: &HostNames) -> Option<Personal> {
    let text = &*plain(text);
    if text.contains("://") {
        return Some(Personal::Url);
    }
    if holds_at(text) {
        return Some(Personal::At);
    }
    if hosts.found_in(text) {
        return Some(Personal::HostName);
    }
    let words = runs(text, char::is_alphanumeric);
    let hexadecimal = runs(text, |c| c.is_ascii_hexdigit());
    if holds_uuid(&words, &hexadecimal) {
        return Some(Personal::Uuid);
    }
    if holds_mac(&words, &hexadecimal) {
        return Some(Personal::MacAddress);
    }
    if holds_ip_v4(&words) || holds_ip_v6(text) {
        return Some(Personal::IpAddress);
    }
    if holds_token(text, &words) {
        return Some(Personal::Token);
    }
    if holds_path(text) {
        return Some(Personal::Path);
    }
    holds_domain(text).then_some(Personal::Domain)
}

/// An `@`, unless a blank precedes it and a frequency follows.
fn holds_at(text: &str) -> bool {
    let is_of_a_frequency = |(before, after): (&str, &str)| {
        let number = after.trim_start_matches(' ');
        let unit = number.trim_start_matches(|c: char| c.is_ascii_digit() || matches!(c, '.' | ','));
        let hertz = unit.trim_start().get(..3).unwrap_or_default().to_ascii_lowercase();
        before.ends_with(' ')
            && after.starts_with(' ')
            && unit.len() < number.len()
            && matches!(hertz.as_str(), "ghz" | "mhz")
    };
    text.match_indices('@').any(|(at, sign)| {
        let after = text.get(at + sign.len()..).unwrap_or_default();
        !is_of_a_frequency((text.get(..at).unwrap_or_default(), after))
    })
}

/// A maximal run of characters of one kind, with the gap before it and the text after it.
#[derive(Debug, Clone, Copy)]
struct Run<'t> {
    gap: &'t str,
    text: &'t str,
    rest: &'t str,
}

impl Run<'_> {
    /// Whether it may be the next group of the run before it.
    fn continues(self) -> bool {
        (1..=3).contains(&self.gap.chars().count())
    }
}

fn runs(text: &str, is: impl Fn(char) -> bool) -> Vec<Run<'_>> {
    let mut runs = Vec::new();
    let mut left = text;
    while let Some((gap, from)) = left.find(&is).and_then(|at| left.split_at_checked(at)) {
        let end = from.find(|c| !is(c)).unwrap_or(from.len());
        let (text, rest) = from.split_at_checked(end).unwrap_or_default();
        runs.push(Run { gap, text, rest });
        left = rest;
    }
    runs
}

/// Groups of hexadecimal digits of these lengths, with any separators. Letters may adjoin the first and the last group
/// (`eth52:54:...`), but not digits: the parts of a timestamp are no hardware address.
fn holds_groups(words: &[Run<'_>], lengths: &[usize]) -> bool {
    let Some((last, others)) = lengths.split_last() else { return false };
    let ends = |word: &str, length: usize| {
        let (before, group) =
            word.len().checked_sub(length).and_then(|at| word.split_at_checked(at)).unwrap_or_default();
        is_hex(group) && !before.ends_with(|c: char| c.is_ascii_digit())
    };
    let begins = |word: &str, length: usize| {
        let (group, after) = word.split_at_checked(length).unwrap_or_default();
        is_hex(group) && !after.starts_with(|c: char| c.is_ascii_hexdigit())
    };
    words.windows(lengths.len()).any(|window| {
        let Some((end, window)) = window.split_last() else { return false };
        let is_group = |(number, (word, length)): (usize, (&Run<'_>, &usize))| match number {
            0 => ends(word.text, *length),
            _ => word.continues() && word.text.len() == *length && is_hex(word.text),
        };
        end.continues() && begins(end.text, *last) && window.iter().zip(others).enumerate().all(is_group)
    })
}

/// 8-4-4-4-12 hexadecimal digits, or 32 of them in a row (machine-id(5), container identifiers).
fn holds_uuid(words: &[Run<'_>], hexadecimal: &[Run<'_>]) -> bool {
    holds_groups(words, &[8, 4, 4, 4, 12]) || hexadecimal.iter().any(|run| run.text.len() >= 32)
}

/// Twelve hexadecimal digits: in pairs, in groups of four, or in a row.
///
/// In a row they may also be a time (`202212290932` in a kernel of Pop!_OS, `202410090854` in a version of RHCOS) or a
/// commit (`-g3313732e9984`, as written by git-describe(1) and the kernel's scripts/setlocalversion).
fn holds_mac(words: &[Run<'_>], hexadecimal: &[Run<'_>]) -> bool {
    let is_moment = |run: &Run<'_>| {
        ["19", "20"].iter().any(|century| run.text.starts_with(century)) && run.text.bytes().all(|b| b.is_ascii_digit())
    };
    let is_commit = |run: &Run<'_>| run.gap.ends_with("-g") || run.gap.ends_with("+g");
    holds_groups(words, &[2; 6])
        || holds_groups(words, &[4; 3])
        || hexadecimal.iter().any(|run| run.text.len() == 12 && !is_moment(run) && !is_commit(run))
}

/// Four numbers below 256 with equal separators (`10.20.30.40`, `ip-10-20-30-40`), also inside a word
/// (`host10.1.2.3x`).
///
/// A version may have four parts and letters at its ends (`v1.12.24.136ee7c`, `6.0.0.14I`). Its first part then has one
/// digit, unlike most addresses of private networks.
fn holds_ip_v4(words: &[Run<'_>]) -> bool {
    let is_digit = |c: char| c.is_ascii_digit();
    words.windows(4).any(|window| {
        let [first, second, third, last] = window else { return false };
        let (prefix, suffix) = (first.text.trim_end_matches(is_digit), last.text.trim_start_matches(is_digit));
        let begin = first.text.strip_prefix(prefix).unwrap_or_default();
        let end = last.text.strip_suffix(suffix).unwrap_or_default();
        let is_version = begin.len() == 1 && matches!((prefix, suffix.len()), ("v" | "V", _) | ("", 1..));
        let gaps = [second, third, last].map(|word| word.gap);
        second.continues()
            && gaps.iter().all(|gap| *gap == second.gap)
            && [begin, second.text, third.text, end].iter().all(|n| n.len() <= 3 && n.parse::<u8>().is_ok())
            && !is_version
    })
}

/// An IPv6 address, also between other words and colons. Next to letters it needs a digit, so that `std::deque` is
/// none.
fn holds_ip_v6(text: &str) -> bool {
    runs(text, |c| c.is_ascii_hexdigit() || c == ':').iter().any(|run| {
        let beside = run.gap.ends_with(char::is_alphanumeric) || run.rest.starts_with(char::is_alphanumeric);
        let says_something = |b: u8| if beside { b.is_ascii_digit() } else { b.is_ascii_hexdigit() };
        let groups: Vec<&str> = run.text.split(':').collect();
        (0..groups.len()).any(|begin| {
            // An address has at most eight groups, and an empty one at each end where it begins or ends with `::`.
            (begin + 3..=groups.len().min(begin + 10))
                .filter_map(|end| groups.get(begin..end))
                .map(|part| part.join(":"))
                .any(|part| part.bytes().any(says_something) && part.parse::<std::net::Ipv6Addr>().is_ok())
        })
    })
}

/// Prefixes of tokens of well-known services. An upper-case prefix is case-sensitive.
const TOKENS: [&str; 27] = [
    "AIza",
    "AKIA",
    "dckr_pat_",
    "dop_v1_",
    "eyJ",
    "gho_",
    "ghp_",
    "ghr_",
    "ghs_",
    "ghu_",
    "github_pat_",
    "gldt-",
    "glpat-",
    "glrt-",
    "glsa_",
    "lin_api_",
    "phc_",
    "phx_",
    "pypi-age",
    "shpat_",
    "whsec_",
    "xapp-",
    "xoxa-",
    "xoxb-",
    "xoxp-",
    "xoxs-",
    "ya29.",
];
/// Prefixes that other words share: the rest must be long and hold a digit.
const PERHAPS_TOKENS: [&str; 8] = ["ASIA", "gsk_", "hf_", "hvs.", "npm_", "rk_", "sk-", "sk_"];

/// A token's prefix, or twenty letters and digits in a row, both among them: names of programs, systems and processors
/// are not like that.
fn holds_token(text: &str, words: &[Run<'_>]) -> bool {
    let has_digit = |text: &str| text.bytes().any(|b| b.is_ascii_digit());
    let has_letter = |text: &str| text.bytes().any(|b| b.is_ascii_alphabetic());
    let small = text.to_ascii_lowercase();
    let begins = |prefix: &str, is: &dyn Fn(&str) -> bool| {
        let text = if prefix.contains(char::is_uppercase) { text } else { &small };
        text.match_indices(prefix).any(|(at, _)| {
            let (before, from) = text.split_at_checked(at).unwrap_or_default();
            let secret = from.strip_prefix(prefix).unwrap_or_default();
            let end =
                secret.find(|c: char| !c.is_ascii_alphanumeric() && !matches!(c, '_' | '-')).unwrap_or(secret.len());
            !before.ends_with(char::is_alphanumeric) && secret.get(..end).is_some_and(is)
        })
    };
    let mixed = |run: &str| run.len() >= 20 && has_digit(run) && has_letter(run);
    TOKENS.iter().any(|prefix| begins(prefix, &|secret| secret.len() >= 8))
        || PERHAPS_TOKENS.iter().any(|prefix| begins(prefix, &|secret| secret.len() >= 16 && has_digit(secret)))
        || words.iter().any(|word| word.text.split(|c: char| !c.is_ascii()).any(mixed))
}

/// A path: a slash at the start of a word with a name after it (not `GNU/Linux`), a home directory anywhere, a
/// shell's variable (`~/x`, `$HOME`, `%USERPROFILE%`), any backslash (`\\server\share`, `DOMAIN\user`), or a name on a
/// drive: a shell and os-release(5) turn `C:\Users` into `C:Users`.
fn holds_path(text: &str) -> bool {
    let is_name = |c: char| c.is_alphanumeric() || matches!(c, '.' | '_');
    let homes = ["/home/", "/Users/", "/root/"];
    if text.contains('\\') || homes.iter().any(|home| text.contains(home)) {
        return true;
    }
    text.match_indices(['/', '~', '$', '%', ':']).any(|(at, sign)| {
        let (before, from) = text.split_at_checked(at).unwrap_or_default();
        let after = from.get(sign.len()..).unwrap_or_default();
        let begins_word = !before.ends_with(|b: char| b.is_alphanumeric() || matches!(b, '.' | '/' | ')' | '_' | '-'));
        match sign {
            "/" => begins_word && after.trim_start_matches('/').starts_with(is_name),
            "~" => begins_word && after.starts_with(|c: char| c == '/' || c.is_alphabetic()),
            "$" => after.starts_with(|c: char| c == '{' || c.is_alphabetic()),
            ":" => {
                let drive = before.trim_end_matches(|c: char| c.is_ascii_alphabetic());
                before.len() == drive.len() + 1
                    && !drive.ends_with(char::is_alphanumeric)
                    && after.starts_with(char::is_alphabetic)
            }
            _ => after.split_once('%').is_some_and(|(name, _)| {
                name.starts_with(char::is_alphabetic) && name.chars().all(|c| c.is_alphanumeric() || c == '_')
            }),
        }
    })
}

/// Top-level domains: the most common generic ones, those of countries, and private ones (RFC 6762, appendix G; RFC
/// 8375). `xn` begins those of other scripts. Not the whole list of public suffixes: many of its ten thousand rows are
/// words that may end a version or a module.
const SUFFIXES: &str = "\
    app arpa biz box cloud com corp dev edu eu gov home int internal intranet lan local localdomain mil net online onion org private \
    shop site store tech top xn xyz \
    ad ae af ag ai al ao aq ar at au aw ax az ba bb bd be bf bg bh bi bj bm bn bo br bs bt bw by ca cd cg ch ci ck cl cm cn \
    co cr cu cv cw cx cy cz de dj dk dm do dz ec ee eg er es et fi fj fk fm fo fr ga gd ge gf gg gh gi gl gm gn gp gq gr gt \
    gu gw gy hk hm hn hr ht hu ie il im in io iq ir is it je jm jo jp ke kg kh ki km kn kp kr kw ky kz lb lc li lk lr ls lt lu \
    lv ly ma mc me mg mh mm mn mp mq mr mt mu mv mw mx my mz na nc ne nf ng ni nl no np nr nu nz om pa pe pf pg ph pk pl pn pr \
    pt pw qa re ro ru rw sa sb sc sd se sg si sk sl sm sn sr ss su sv sx sy sz tc td tg th tj tk tl tm tn to tr tt tv tw tz \
    ua ug uk us uy uz va vc ve vg vi vn vu wf ws ye yt za zm zw";

/// Top-level domains that are also endings of files, units and attributes (`README.md`, `Config.cc`): they count only
/// after two labels.
const PERHAPS_SUFFIXES: &str = "ac am as bz cc cf id info la live md mk ml mo ms name pm ps py rs sh so st test tf zip";

/// A domain name: `www.` and more, or labels before a top-level domain. Numbers before it are a version.
fn holds_domain(text: &str) -> bool {
    text.split(|c: char| !c.is_alphanumeric() && c != '.').any(|name| {
        let name = name.trim_matches('.').to_lowercase();
        let labels: Vec<&str> = name.split('.').collect();
        let is_one_of = |suffixes: &str, last: &str| suffixes.split(' ').any(|suffix| suffix == last);
        match labels.as_slice() {
            ["www", _, ..] => true,
            [others @ .., domain, last] if domain.contains(char::is_alphabetic) => {
                is_one_of(SUFFIXES, last) || is_one_of(PERHAPS_SUFFIXES, last) && !others.is_empty()
            }
            _ => false,
        }
    })
}

fn is_hex(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_hexdigit())
}
