//! The smallest edit of the configuration that names a server and a key, or withholds a field: every other byte stays.
//! Nothing here reads or writes a file.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::Range;
use std::path::Path;

use toml::{Spanned, Value};

use crate::config::{Config, ConfigError, KEY_FORM, Problem, is_key};
use crate::destination::{Destination, Named};
use crate::endpoint::{Endpoint, EndpointError};
use crate::fields::Field;

/// Why a url and a key are not an organisation's own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotOwn {
    Url(EndpointError),
    Key,
    Netdatas,
}

impl fmt::Display for NotOwn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Url(error) => write!(f, "the url is unusable: {error}"),
            Self::Key => write!(f, "the key is unusable: {KEY_FORM}"),
            Self::Netdatas => f.write_str("the server or the key is Netdata's: name those of your own PostHog"),
        }
    }
}

impl std::error::Error for NotOwn {}

/// A server of an organisation's own, with its key.
pub fn own(url: &str, key: &str) -> Result<Destination, NotOwn> {
    let endpoint = Endpoint::parse(url).map_err(NotOwn::Url)?;
    if !is_key(key) {
        return Err(NotOwn::Key);
    }
    let named = Named::new(Some(endpoint), Some(key.to_owned())).map_err(|_unusable| NotOwn::Netdatas)?;
    named.wholly_own().ok_or(NotOwn::Netdatas)
}

/// The names and values of a text, each with its place. A text has no tables (see `Raw`).
type Settings = BTreeMap<String, Spanned<Value>>;

/// What to change in it.
#[derive(Debug, Clone, Copy)]
pub enum Edit<'a> {
    Server(&'a Destination),
    /// Withholds the field, or sends it again where it is withheld.
    Withhold(&'static Field),
}

type Wanted = Vec<(&'static str, Value)>;

impl Edit<'_> {
    /// The edited text, and what it means. The error is that of the sender with the text: what else is wrong with a file
    /// is not corrected.
    pub fn apply(self, path: &Path, text: &[u8]) -> Result<(String, Config), ConfigError> {
        self.wanted(text)
            .and_then(|wanted| edited(text, &wanted))
            .and_then(|text| Ok((Config::of(text.as_bytes(), Some(path))?, text)))
            .map(|(config, text)| (text, config))
            .map_err(|problem| ConfigError { path: path.to_owned(), problem })
    }

    fn wanted(self, text: &[u8]) -> Result<Wanted, Problem> {
        Ok(match self {
            Self::Server(own) => {
                let key = own.api_key.as_deref().unwrap_or_default();
                vec![("url", own.endpoint.to_string().into()), ("api_key", key.into())]
            }
            Self::Withhold(field) => vec![("withhold", Config::of(text, None)?.withheld.toggled(field).into())],
        })
    }
}

fn edited(text: &[u8], wanted: &Wanted) -> Result<String, Problem> {
    let text = std::str::from_utf8(text).map_err(|_error| Problem::NotUtf8)?;
    let settings: Settings = super::toml(text)?;
    let mut changes: Vec<(Range<usize>, String)> = Vec::new();
    for (name, value) in wanted {
        match settings.get(*name) {
            Some(old) if old.get_ref() == value => {}
            Some(old) => changes.push((old.span(), written(value, text.get(old.span()).unwrap_or_default())?)),
            None => changes.push((text.len()..text.len(), format!("{name} = {}\n", written(value, "")?))),
        }
    }
    let mut edited = text.to_owned();
    if !edited.is_empty() && !edited.ends_with('\n') {
        edited.push('\n');
        // What is added stands behind it.
        for (place, _) in changes.iter_mut().filter(|(place, _)| place.start == text.len()) {
            *place = edited.len()..edited.len();
        }
    }
    // From the end, so that the places before it stay. Of two additions the first one is first in the text.
    changes.sort_by_key(|(place, _)| place.start);
    for (place, new) in changes.into_iter().rev() {
        edited.replace_range(place, &new);
    }
    let after = super::toml(&edited).map_err(|_cut_apart| Problem::Edit)?;
    is_only_that(&settings, &after, wanted).then_some(edited).ok_or(Problem::Edit)
}

/// Whether nothing else became different.
fn is_only_that<'s>(before: &'s Settings, after: &'s Settings, wanted: &Wanted) -> bool {
    let others = |settings: &'s Settings| {
        let others = settings.iter().filter(|(name, _)| wanted.iter().all(|(wanted, _)| name != wanted));
        others.map(|(name, value)| (name, value.get_ref()))
    };
    let is_there = |(name, value): &(&str, Value)| after.get(*name).is_some_and(|new| new.get_ref() == value);
    wanted.iter().all(is_there) && others(before).eq(others(after))
}

/// The value as TOML, a list on as many lines as the old one. What else stands in that would be lost.
fn written(value: &Value, old: &str) -> Result<String, Problem> {
    let Value::Array(list) = value else { return Ok(quoted(value.as_str().unwrap_or_default())) };
    if old.contains('#') {
        return Err(Problem::Edit);
    }
    let names: Vec<String> = list.iter().filter_map(Value::as_str).map(quoted).collect();
    let in_lines = || names.iter().fold("[\n".to_owned(), |text, name| format!("{text}  {name},\n")) + "]";
    Ok(if old.contains('\n') { in_lines() } else { format!("[{}]", names.join(", ")) })
}

/// A basic string (<https://toml.io/en/v1.0.0#string>). A URL, a key and a field's name are printable ASCII.
fn quoted(value: &str) -> String {
    format!("\"{}\"", value.replace('\\', "\\\\").replace('"', "\\\""))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fields::{PUBLIC_KEY, field};
    use proptest::prelude::*;

    const URL: &str = "https://posthog.example.org/capture/";
    const BOTH: &str = "url = \"https://posthog.example.org/capture/\"\napi_key = \"new\"\n";

    fn own(url: &str) -> Destination {
        Destination { endpoint: Endpoint::parse(url).unwrap(), api_key: Some("new".to_owned()) }
    }

    #[test]
    fn only_a_server_and_a_key_of_ones_own_are_taken() {
        for url in [URL, "https://app.posthog.com/capture/", "http://127.0.0.1:9/"] {
            assert_eq!(super::own(url, "new").map(|own| own.endpoint.to_string()).as_deref(), Ok(url));
            assert_eq!(super::own(url, PUBLIC_KEY), Err(NotOwn::Netdatas), "{url}");
            for key in ["", "a b", "a\nb", "\u{1b}[2J", "\"", &"k".repeat(1000)] {
                assert_eq!(super::own(url, key), Err(NotOwn::Key), "{key}");
            }
        }
        for url in ["https://posthog.netdata.cloud/capture/", "https://x.netdata.io/"] {
            assert_eq!(super::own(url, "new"), Err(NotOwn::Netdatas), "{url}");
        }
        for url in ["", "posthog.example.org", "http://posthog.example.org/", "https://x.org/\r\nhistory = 0"] {
            assert!(matches!(super::own(url, "new"), Err(NotOwn::Url(_))), "{url}");
        }
    }

    fn edit(text: &str) -> Result<String, String> {
        let edited = Edit::Server(&own(URL)).apply(Path::new("/x"), text.as_bytes());
        edited.map(|(text, _)| text).map_err(|error| error.to_string())
    }

    #[test]
    fn what_is_missing_is_added_at_the_end() {
        for (before, after) in [
            ("", BOTH.to_owned()),
            ("history = 0", format!("history = 0\n{BOTH}")),
            ("# a note\n\nhistory = 0 # none\n", format!("# a note\n\nhistory = 0 # none\n{BOTH}")),
            ("# a note", format!("# a note\n{BOTH}")),
        ] {
            assert_eq!(edit(before), Ok(after), "{before}");
        }
    }

    #[test]
    fn what_is_there_is_replaced_in_its_place() {
        for before in [
            "# mine\nurl = 'https://old.example.org/' # the old one\nfields = \"documented\"\n  api_key   =  \"old\"\n",
            "# mine\nurl = '''\nhttps://old.example.org/''' # the old one\nfields = \"documented\"\n  api_key   =  1\n",
        ] {
            let after =
                format!("# mine\nurl = \"{URL}\" # the old one\nfields = \"documented\"\n  api_key   =  \"new\"\n");
            assert_eq!(edit(before), Ok(after.clone()));
            assert_eq!(edit(&after), Ok(after), "twice is once");
        }
        assert_eq!(edit("\"url\" = \"x\""), Ok(format!("\"url\" = \"{URL}\"\napi_key = \"new\"\n")));
        assert_eq!(edit("api_key = 'old'\r\nhistory = 3\r\n"), {
            Ok(format!("api_key = \"new\"\r\nhistory = 3\r\nurl = \"{URL}\"\n"))
        });
    }

    #[test]
    fn other_mistakes_are_not_corrected() {
        for (bad, why) in [
            ("history = 99\n", "unusable history"),
            ("histroy = 1\n", "line 1"),
            ("a = 1\nurl\n", "line 2"),
            ("[table]\nurl = 'x'\n", "cannot be edited"),
            ("url.a = 'x'\n", "cannot be edited"),
            ("url = 'a'\nurl = 'b'\n", "line 2"),
        ] {
            let refused = edit(bad).unwrap_err();
            assert!(refused.starts_with("/x ") && refused.contains(why), "{bad}: {refused}");
        }
        for edit in [Edit::Server(&own(URL)), Edit::Withhold(field("alarms_normal").unwrap())] {
            assert!(edit.apply(Path::new("/x"), b"\xff").unwrap_err().to_string().contains("UTF-8"));
        }
    }

    fn withhold(name: &str, text: &str) -> Result<String, String> {
        let edited = Edit::Withhold(field(name).unwrap()).apply(Path::new("/x"), text.as_bytes());
        edited.map(|(text, _)| text).map_err(|error| error.to_string())
    }

    #[test]
    fn a_field_is_withheld_and_sent_again() {
        for (sent, withheld) in [
            ("", "withhold = [\"alarms_normal\"]\n"),
            ("history = 0", "history = 0\nwithhold = [\"alarms_normal\"]\n"),
            ("withhold = ['system_total_ram'] # ours\nhistory = 0", {
                "withhold = [\"system_total_ram\", \"alarms_normal\"] # ours\nhistory = 0\n"
            }),
            ("# a\nwithhold=[\n'system_total_ram']\n# b\n", {
                "# a\nwithhold=[\n  \"system_total_ram\",\n  \"alarms_normal\",\n]\n# b\n"
            }),
        ] {
            assert_eq!(withhold("alarms_normal", sent).as_deref(), Ok(withheld));
            let again = withhold("alarms_normal", withheld).unwrap();
            assert_eq!(withhold("alarms_normal", &again).as_deref(), Ok(withheld), "{again}");
        }
        assert_eq!(withhold("action_data", "withhold = ['fatal_line']").as_deref(), Ok("withhold = []\n"));
    }

    #[test]
    fn a_list_that_cannot_be_edited_is_left_alone() {
        for (bad, why) in [
            ("withhold = [ # ours\n]", "change it by hand"),
            ("withhold = ['x']", "no field"),
            ("withhold = ['$ip']", "cannot be withheld"),
            ("withhold = 1", "line 1"),
            ("histroy = 1", "line 1"),
            ("[withhold]", "line 1"),
        ] {
            let refused = withhold("alarms_normal", bad).unwrap_err();
            assert!(refused.contains(why), "{bad}: {refused}");
        }
        let needed = withhold("$ip", "").unwrap_err();
        assert!(needed.contains("cannot be withheld"), "{needed}");
    }

    #[test]
    fn whatever_a_url_holds_it_stays_one_value() {
        for url in
            ["https://example.org/\"\nhistory=0#", "https://example.org/a\"b\\c'd", "https://example.org/?{x}=[y]"]
        {
            let Ok(endpoint) = Endpoint::parse(url) else { continue };
            let own = Destination { endpoint, api_key: Some("new".to_owned()) };
            let (text, config) = Edit::Server(&own).apply(Path::new("/x"), b"history = 3\n").unwrap();
            assert_eq!((config.wholly_own_destination(), config.history), (Some(own), 3), "{text}");
        }
    }

    fn line() -> impl Strategy<Value = &'static str> {
        prop::sample::select(vec![
            "# url = 'x'",
            "url = 'https://a.example.org/'",
            "api_key = \"k\" # mine",
            "history = 3",
            "deadline_ms = 500",
            "fields = 'all'",
            "",
            "  ",
            "withhold = ['alarms_normal']",
            "withhold = [",
            "]",
            "url = \"\"\"",
            "\"\"\"",
            "[x]",
            "x = [\n1,\n2]",
            "api_key.b = 1",
            "é",
        ])
    }

    proptest! {
        #[test]
        fn any_text_keeps_its_other_lines_or_is_refused(lines in prop::collection::vec(line(), 0..7), ends in any::<bool>()) {
            let mut text = lines.join("\n");
            if ends { text.push('\n'); }
            if let Ok(edited) = edit(&text) {
                for line in text.lines().filter(|line| !line.starts_with("url") && !line.starts_with("api_key")) {
                    prop_assert!(edited.lines().any(|kept| kept == line) || text.contains("\"\"\""), "{line}: {edited}");
                }
                prop_assert_eq!(edit(&edited), Ok(edited.clone()));
            }
            if let Ok(edited) = withhold("system_total_ram", &text) {
                let lists = |line: &&str| line.starts_with("withhold") || *line == "]" || line.trim().is_empty();
                for line in text.lines().filter(|line| !lists(line)) {
                    prop_assert!(edited.lines().any(|kept| kept == line), "{line}: {edited}");
                }
                let held = |text: &str| Config::of(text.as_bytes(), None).unwrap().withheld;
                prop_assert!(held(&edited).holds(field("system_total_ram").unwrap()));
                prop_assert_eq!(held(&withhold("system_total_ram", &edited).unwrap()), held(&text));
            }
        }
    }
}
