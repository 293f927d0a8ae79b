//! A law for each shape: a fitting value passes unchanged, and one with a foreign character or too long does not pass.

#![allow(clippy::unwrap_used, reason = "in a test a panic is a failed test")]

use anonymous_statistics::fields::personal::HostNames;
use anonymous_statistics::fields::shape::{Shape, Value};
use proptest::prelude::*;

fn text(value: &Value) -> String {
    match value {
        Value::Boolean(value) => value.to_string(),
        Value::Integer(value) => value.to_string(),
        Value::Text(text) => text.clone(),
        other => serde_json::to_string(other).unwrap(),
    }
}

fn passes(shape: Shape, value: &str) -> Option<String> {
    shape.check_text(value, &HostNames::default()).ok().as_ref().map(text)
}

/// The same as the daemon's JSON fragment: quoted, except numbers and booleans.
fn passes_as_fragment(shape: Shape, value: &str) -> Option<String> {
    let quoted = match shape {
        Shape::Boolean | Shape::Integer { .. } => value.to_owned(),
        _ => serde_json::to_string(value).unwrap(),
    };
    shape.check_fragment(&quoted, &HostNames::default()).ok().as_ref().map(text)
}

/// For each name: the shape, regular expressions for its values and for foreign characters, and a suffix that makes a
/// value too long.
macro_rules! laws {
    ($($name:ident: $shape:expr, $fits:expr, $foreign:expr, $too_long:expr;)*) => {$(
        mod $name {
            use super::*;

            proptest! {
                #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(128) })]

                #[test]
                fn what_fits_passes_unchanged(value in $fits) {
                    prop_assert_eq!(passes($shape, &value), Some(value.clone()));
                    if !matches!($shape, Shape::ConstantBoolean(_)) {
                        prop_assert_eq!(passes_as_fragment($shape, &value), Some(value.clone()));
                    }
                }

                #[test]
                fn with_a_foreign_character_it_does_not(value in $fits, foreign in $foreign, at in any::<prop::sample::Index>()) {
                    let mut spoiled: Vec<char> = value.chars().collect();
                    spoiled.insert(at.index(spoiled.len() + 1), foreign.chars().next().unwrap());
                    let spoiled: String = spoiled.into_iter().collect();
                    prop_assert_eq!(passes($shape, &spoiled), None);
                }

                #[test]
                fn with_too_much_it_does_not(value in $fits) {
                    prop_assert_eq!(passes($shape, &format!("{value}{}", $too_long)), None);
                }

                #[test]
                fn anything_else_is_refused_or_comes_out_as_it_went_in(value in ".{0,80}") {
                    // A number may lose leading zeros and its plus; nothing else changes.
                    if let Some(passed) = passes($shape, &value).filter(|_| !matches!($shape, Shape::Integer { .. })) {
                        prop_assert_eq!(passed, value);
                    }
                }
            }
        }
    )*};
}

/// Characters for free text only: control characters, quotes, and those of shells, paths and addresses.
const FOREIGN: &str = "[\u{0}-\u{1f}\"'/\\\\@$`<>;&(){}\u{7f}-\u{9f}\u{202e}]";
/// Characters that are not even in free text.
const CONTROL: &str = "[\u{0}-\u{1f}\u{7f}-\u{9f}\u{202e}@]";
/// A few plain words that are nobody's name.
const SPEECH: &str = "(red|green|blue|seven|nightly)( (sky|grass|sea|hills|builds)){0,3}";
const HEX: &str = "[1-9a-fA-F][0-9a-fA-F]{7}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}";

laws! {
    constant: Shape::Constant("agent dashboard"), "agent dashboard", FOREIGN, "s";
    constant_boolean: Shape::ConstantBoolean(true), "true", FOREIGN, " ";
    boolean: Shape::Boolean, "true|false", FOREIGN, " ";
    boolean_word: Shape::BooleanWord, "true|false", FOREIGN, "\n";
    integer: Shape::Integer { min: 0, max: 9999 }, "0|[1-9][0-9]{0,3}", FOREIGN, "99999";
    digits: Shape::Digits, "[0-9]{1,20}|unknown", FOREIGN, "000000000000000000000";
    version: Shape::Version, "v?[1-9]\\.[0-9]{1,3}\\.[0-9]{1,3}(-[0-9]{1,4}-nightly)?", FOREIGN, "+".repeat(64);
    kernel_release: Shape::KernelRelease, "[1-9]\\.[0-9]{1,3}\\.[0-9]{1,3}(-[0-9]{1,2}-(amd64|generic|RELEASE))?", CONTROL, ".".repeat(129);
    guid: Shape::Guid, HEX, FOREIGN, "0";
    uuid: Shape::Uuid, HEX, FOREIGN, "0";
    key: Shape::Key, "phc_[A-Za-z0-9_-]{1,43}", FOREIGN, "x".repeat(64);
    action: Shape::Action, "[A-Z][A-Z0-9_]{0,31}", FOREIGN, "X".repeat(32);
    word: Shape::Word, SPEECH, FOREIGN, "x".repeat(64);
    failure_point: Shape::FailurePoint, "0[0-9]{3}@daemon/[a-z]{2}:[a-z]{5,15}/(0|[1-9][0-9]?)", "[\u{0}-\u{1f}\"'\\\\$`<>;&{}\u{7f}-\u{9f}]", "x".repeat(64);
    words: Shape::Words, "(json|graphite|kafka)(\\|(json|graphite|kafka)){0,5}", FOREIGN, "x".repeat(65);
    source: Shape::Source, "unknown|none|cpuid|uname", FOREIGN, " ";
    free_text: Shape::FreeText(64), SPEECH, CONTROL, " sea".repeat(16);
    free_words: Shape::FreeWords, "(dbengine|Native HTTPS)(\\|(dbengine|Native HTTPS)){0,5}", CONTROL, "|sea".repeat(1025);
    timestamp: Shape::Timestamp, "20[0-9]{2}-0[1-9]-[12][0-9]T[01][0-9]:[0-5][0-9]:[0-5][0-9]\\.[0-9]{3}Z", FOREIGN, "Z";
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(128) })]

    #[test]
    fn collectors_pass_unchanged_and_with_nothing_beside_them(
        names in prop::collection::vec(("[a-z]{1,8}\\.plugin", "(nginx|mysql|apache|/proc/net/dev|)"), 0..8),
        more in "[a-z]{1,8}",
    ) {
        let item = |(plugin, module): &(String, String)| format!(r#"{{"plugin":"{plugin}","module":"{module}"}}"#);
        let inside = names.iter().map(item).collect::<Vec<_>>().join(",");
        let value = Shape::Collectors.check_fragment(&inside, &HostNames::default());
        prop_assert_eq!(value.map(|value| text(&value)), Ok(format!("[{inside}]")));

        let another = serde_json::json!({"plugin": "a.plugin", "module": "b", more: 1}).to_string();
        prop_assert!(Shape::Collectors.check_fragment(&another, &HostNames::default()).is_err());
        // Of several, the others stay.
        let both = format!("{another},{inside}");
        let value = Shape::Collectors.check_fragment(if names.is_empty() { &another } else { &both }, &HostNames::default());
        prop_assert_eq!(value.map(|value| text(&value)).ok(), (!names.is_empty()).then(|| format!("[{inside}]")));
    }

    #[test]
    fn names_of_fields_come_from_us_alone(value in ".{0,40}") {
        prop_assert_eq!(passes(Shape::FieldNames, &value), None);
        let fragment = Shape::FieldNames.check_fragment(&format!("[{}]", serde_json::to_string(&value).unwrap()), &HostNames::default());
        prop_assert!(fragment.is_err());
    }
}

/// A new shape needs its law.
#[test]
fn every_shape_has_its_law() {
    let source = include_str!("shapes.rs");
    for field in anonymous_statistics::fields::FIELDS {
        let shape = format!("{:?}", field.shape);
        let name = shape.split(['(', ' ', '{']).next().unwrap();
        let uses = format!("Shape::{name}");
        // `Shape::Word` is no use of `Shape::Words`.
        let mut after = source.match_indices(&uses).map(|(at, _)| source.as_bytes()[at + uses.len()]);
        assert!(after.any(|byte| !byte.is_ascii_alphanumeric()), "{name} has no law");
    }
}
