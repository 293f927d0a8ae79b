//! Laws for any input of the daemon: nothing outside the schema reaches a body, and no value without its shape.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;

use anonymous_statistics::call::{Invocation, Provenance};
use anonymous_statistics::config::Config;
use anonymous_statistics::fields::personal::{HostNames, find_personal};
use anonymous_statistics::fields::shape::Shape;
use anonymous_statistics::fields::withholding::needed;
use anonymous_statistics::fields::{self, FIELDS, Field, Place, Selection, Withheld};
use anonymous_statistics::request::event::{ARGUMENT_BYTES, Event, Ingredients};
use anonymous_statistics::request::payload::{BODY_BYTES, EventId, Payload};
use anonymous_statistics::request::{Assembly, Machine};
use proptest::prelude::*;
use serde_json::{Value as Json, json};

const GUID: &str = "5c1d2a34-0b7e-4f6a-9d21-7a3e9b8c4d10";
const HOST: &str = "web1";

fn machine() -> Machine {
    Machine { facts: system_facts::Facts::default(), nodename: HOST.to_owned() }
}

fn stamp() -> EventId {
    EventId {
        uuid: uuid::uuid!("0b5d7d7e-4f0f-4f3a-9a57-3c1a6a2f1c11"),
        time: anonymous_statistics::clock::UnixMillis(0),
    }
}

fn assembled(arguments: Vec<OsString>) -> Option<(Assembly, Json)> {
    let environment = [("NETDATA_REGISTRY_UNIQUE_ID".into(), GUID.into()), ("NETDATA_HOSTNAME".into(), HOST.into())];
    let invocation = Invocation::complete(arguments, environment, &Provenance::Daemon);
    let config = Config::load(None).ok()?;
    let assembly = Assembly::build(&invocation, &machine(), &config, None, stamp()).ok()?;
    let json = serde_json::from_slice(assembly.request.body()).ok()?;
    Some((assembly, json))
}

/// A daemon's fragments, nearly right ones, and anything at all.
fn fragment() -> impl Strategy<Value = OsString> {
    prop_oneof![
        Just("null".to_owned()),
        any::<i64>().prop_map(|number| number.to_string()),
        any::<bool>().prop_map(|value| value.to_string()),
        "[ -~]{0,80}",
        "[ -~]{0,80}".prop_map(|text| Json::String(text).to_string()),
        ".{0,60}".prop_map(|text| Json::String(text).to_string()),
        Just(r#"{"plugin":"go.d","module":"nginx"}"#.to_owned()),
        Just(format!("\"{HOST}\"")),
        Just("\"10.0.0.1\"".to_owned()),
        Just(format!("\"{}\"", "x".repeat(ARGUMENT_BYTES))),
    ]
    .prop_map(OsString::from)
    .boxed()
    .prop_union(prop::collection::vec(1u8.., 0..40).prop_map(OsString::from_vec).boxed())
}

fn call() -> impl Strategy<Value = Vec<OsString>> {
    let action = prop_oneof![Just("START"), Just("EXIT"), Just("FATAL"), Just("META"), Just("SOMETHING_NEW")];
    let happened = prop_oneof![
        "[ -~]{0,60}",
        Just("netdata:RECEIVER[web1]".to_owned()),
        Just("0266@../daemon/:signals_handle /4".to_owned()),
        "[0-9]{1,5}@[a-z./]{1,10}:[a-z_ ]{1,15}/-?[0-9]{1,3}",
    ];
    (action, prop::collection::vec(happened, 0..3), prop::collection::vec(fragment(), 0..60)).prop_map(
        |(action, happened, rest)| {
            std::iter::once(action.into()).chain(happened.into_iter().map(OsString::from)).chain(rest).collect()
        },
    )
}

fn withholdable() -> Vec<String> {
    FIELDS.iter().filter(|field| needed(field).is_none()).map(|field| field.name.to_owned()).collect()
}

fn body(arguments: &[OsString], withheld: &Withheld) -> Result<Json, TestCaseError> {
    let environment = [("NETDATA_REGISTRY_UNIQUE_ID".into(), GUID.into()), ("NETDATA_VERSION".into(), "v1".into())];
    let invocation = Invocation::complete(arguments.iter().cloned(), environment, &Provenance::Daemon);
    let Machine { facts, nodename } = &machine();
    let (destination, selection) = (None, Selection::All);
    let event =
        Event::build(Ingredients { invocation: &invocation, facts, nodename, destination, selection, withheld });
    let payload = event.and_then(|event| Payload::freeze(&event, stamp()));
    let payload = payload.map_err(|error| TestCaseError::fail(error.to_string()))?;
    serde_json::from_slice(payload.bytes()).map_err(|error| TestCaseError::fail(error.to_string()))
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(512) })]

    #[test]
    fn a_body_is_one_object_of_schema_fields_only(arguments in call()) {
        let (assembly, json) = assembled(arguments).ok_or_else(|| TestCaseError::fail("no request"))?;
        prop_assert!(assembly.request.body().len() <= BODY_BYTES);
        let top = json.as_object().ok_or_else(|| TestCaseError::fail("no object"))?;
        let properties = json["properties"].as_object().ok_or_else(|| TestCaseError::fail("no properties"))?;
        for name in top.keys().filter(|name| *name != "properties") {
            prop_assert_eq!(fields::field(name).map(|field| field.place), Some(Place::Top), "{}", name);
        }
        for name in properties.keys() {
            prop_assert_eq!(fields::field(name).map(|field| field.place), Some(Place::Properties), "{}", name);
        }
        let dropped = properties.get("dropped_fields").and_then(Json::as_array).cloned().unwrap_or_default();
        for name in dropped {
            prop_assert!(!properties.contains_key(name.as_str().unwrap_or_default()), "{} is dropped and sent", name);
        }
    }

    #[test]
    fn what_is_sent_has_its_shape_and_names_no_one(arguments in call()) {
        let (_, json) = assembled(arguments).ok_or_else(|| TestCaseError::fail("no request"))?;
        let hosts = HostNames::new([HOST]);
        for field in FIELDS {
            let holder = if field.place == Place::Top { &json } else { &json["properties"] };
            let Some(value) = holder.get(field.name) else { continue };
            let as_fragment = match value {
                Json::Array(_) if field.shape == Shape::Collectors => value.to_string().trim_matches(['[', ']']).to_owned(),
                Json::Array(_) => continue,
                value => value.to_string(),
            };
            let fits = match value.as_str() {
                Some(text) => field.shape.check_text(text, &hosts),
                None if matches!(field.shape, Shape::ConstantBoolean(_)) => continue,
                None => field.shape.check_fragment(&as_fragment, &hosts),
            };
            prop_assert!(fits.is_ok(), "{}: {}", field.name, value);
            if let (Some(text), true) = (value.as_str(), field.shape.is_free_text()) {
                prop_assert_eq!(find_personal(text, &hosts), None, "{}", field.name);
            }
        }
        prop_assert!(!json.to_string().contains("RECEIVER["));
    }

    #[test]
    fn what_is_withheld_is_all_that_is_missing(arguments in call(), names in prop::sample::subsequence(withholdable(), 0..12)) {
        let withheld = Withheld::parse(&names).map_err(|error| TestCaseError::fail(error.to_string()))?;
        let is_withheld = |field: &&Field| withheld.holds(field) && field.occurs_in(arguments[0].to_str().unwrap_or_default());
        let gone: BTreeSet<&str> = FIELDS.iter().filter(is_withheld).map(|field| field.name).collect();
        let mut expected = body(&arguments, &Withheld::default())?;
        let properties = expected["properties"].as_object_mut().ok_or_else(|| TestCaseError::fail("no properties"))?;
        properties.retain(|name, _| !gone.contains(name.as_str()));
        if let Some(Json::Array(dropped)) = properties.get_mut("dropped_fields") {
            dropped.retain(|name| !gone.contains(name.as_str().unwrap_or_default().trim_end_matches("[]")));
        }
        properties.retain(|name, value| name != "dropped_fields" || *value != json!([]));
        if !gone.is_empty() {
            properties.insert("fields_withheld".to_owned(), true.into());
        }
        prop_assert_eq!(body(&arguments, &withheld)?, expected);
    }

    #[test]
    fn anything_at_all_is_refused_or_makes_a_valid_body(arguments in prop::collection::vec(fragment(), 0..50)) {
        let environment = [("NETDATA_REGISTRY_UNIQUE_ID".into(), GUID.into())];
        let invocation = Invocation::complete(arguments, environment, &Provenance::Daemon);
        let config = Config::load(None).map_err(|error| TestCaseError::fail(error.to_string()))?;
        if let Ok(assembly) = Assembly::build(&invocation, &machine(), &config, None, stamp()) {
            let body: Result<Json, _> = serde_json::from_slice(assembly.request.body());
            prop_assert!(body.is_ok_and(|body| body.is_object()));
        }
    }
}
