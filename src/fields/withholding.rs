//! The fields that an organisation withholds: `withhold` in its configuration.

use std::fmt;

use crate::fields::field::{Field, Purpose};
use crate::fields::table::FIELDS;
use crate::text::nearest;

/// In the order of the configuration.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Withheld(Vec<&'static Field>);

/// Why a list of names cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NotWithheld {
    Unknown(String),
    Needed(&'static str, String),
    Twice(&'static str),
}

impl fmt::Display for NotWithheld {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown(name) => {
                write!(f, "there is no field {name:?}")?;
                if let Some(near) = nearest(name, FIELDS.iter().map(|field| field.name)) {
                    write!(f, ", perhaps {near}")?;
                }
            }
            Self::Needed(name, why) => write!(f, "{name} cannot be withheld: {why}")?,
            Self::Twice(name) => write!(f, "it names {name} twice")?,
        }
        f.write_str(
            ". Any field can be withheld but those that deliver the event or protect, and what these say too \
             (docs/what-is-sent.md)",
        )
    }
}

impl std::error::Error for NotWithheld {}

impl Withheld {
    pub fn parse(names: &[String]) -> Result<Self, NotWithheld> {
        let mut withheld = Self::default();
        for name in names {
            let field = FIELDS.iter().find(|field| field.name == name);
            let field = field.ok_or_else(|| NotWithheld::Unknown(name.clone()))?;
            if let Some(why) = needed(field) {
                return Err(NotWithheld::Needed(field.name, why));
            }
            if withheld.names().any(|other| other == field.name) {
                return Err(NotWithheld::Twice(field.name));
            }
            withheld.0.push(field);
        }
        Ok(withheld)
    }

    pub fn names(&self) -> impl Iterator<Item = &'static str> {
        self.0.iter().map(|field| field.name)
    }

    /// Whether the list names the field, or one with the same value.
    pub fn holds(&self, field: &Field) -> bool {
        self.0.iter().any(|named| named.origin.has_value_of(field.origin))
    }

    /// The names with this field withheld, or sent again.
    pub fn toggled(&self, field: &'static Field) -> Vec<&'static str> {
        if self.holds(field) {
            let others = self.0.iter().filter(|named| !named.origin.has_value_of(field.origin));
            others.map(|named| named.name).collect()
        } else {
            self.names().chain([field.name]).collect()
        }
    }
}

/// Why a field cannot be withheld: it is needed itself, or its value is also in a field that is.
pub fn needed(field: &Field) -> Option<String> {
    let itself = |field: &Field| match field.purpose {
        Purpose::Delivery | Purpose::Protection => Some(field.purpose.describe()),
        _ => field.always.then_some("without it nobody could tell what the event says"),
    };
    itself(field).map(str::to_owned).or_else(|| {
        let other = FIELDS.iter().find(|other| itself(other).is_some() && other.origin.has_value_of(field.origin))?;
        Some(format!("{} has its value too, and is needed to deliver and count the event", other.name))
    })
}

/// The other fields that are withheld with this one.
pub fn together(field: &Field) -> impl Iterator<Item = &'static str> {
    let others = FIELDS.iter().filter(move |other| other.name != field.name && other.origin.has_value_of(field.origin));
    others.map(|other| other.name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fields::field;

    fn parse(names: &[&str]) -> Result<Withheld, String> {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        Withheld::parse(&names).map_err(|error| error.to_string())
    }

    #[test]
    fn what_an_event_needs_cannot_be_withheld() {
        let needed: Vec<_> =
            FIELDS.iter().filter(|field| parse(&[field.name]).is_err()).map(|field| field.name).collect();
        assert_eq!(
            needed,
            [
                "api_key",
                "event",
                "distinct_id",
                "$current_url",
                "$pathname",
                "$host",
                "$ip",
                "$process_person_profile",
                "$geoip_disable",
                "event_source",
                "action",
                "action_result",
                "netdata_process",
                "netdata_thread",
                "netdata_machine_guid",
                "dropped_fields",
                "fields_withheld",
                "uuid",
                "timestamp",
            ]
        );
        for (name, why) in [
            ("$ip", "keeps the server from filling in something else"),
            ("uuid", "needed to deliver and count the event"),
            ("netdata_machine_guid", "distinct_id has its value too"),
            ("netdata_thread", "event has its value too"),
        ] {
            let said = parse(&[name]).unwrap_err();
            assert!(said.starts_with(&format!("{name} cannot be withheld: {why}")), "{said}");
        }
    }

    #[test]
    fn a_wrong_name_is_said_with_the_nearest() {
        for (name, near) in [
            ("system_cpu_modle", "perhaps system_cpu_model."),
            ("cpu_model", "perhaps system_cpu_model."),
            ("System_Total_RAM", "perhaps system_total_ram."),
            ("colour", "\"colour\"."),
            ("", "\"\"."),
            (&"x".repeat(60_000), "x\"."),
        ] {
            let said = parse(&["system_cpu_vendor", name]).unwrap_err();
            assert!(said.contains(&format!("{near} Any field")), "{said}");
        }
        assert!(parse(&["alarms_normal", "alarms_normal"]).unwrap_err().starts_with("it names alarms_normal twice."));
    }

    #[test]
    fn fields_with_one_value_are_withheld_together() {
        let line = field("fatal_line").unwrap();
        let parts = ["action_data", "fatal_file", "fatal_function", "fatal_errno"];
        assert_eq!(together(line).collect::<Vec<_>>(), parts);
        let withheld = parse(&["fatal_errno", "alarms_normal"]).unwrap();
        for name in parts.iter().chain(&["fatal_line", "alarms_normal"]) {
            assert!(withheld.holds(field(name).unwrap()), "{name}");
        }
        assert_eq!(withheld.toggled(line), ["alarms_normal"], "nothing with that value stays withheld");
        assert_eq!(Withheld::default().toggled(line), ["fatal_line"]);
        assert_eq!(together(field("alarms_normal").unwrap()).next(), None);
    }
}
