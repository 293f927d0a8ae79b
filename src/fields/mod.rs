//! The table of everything that can ever be sent.
//!
//! An [`Event`](crate::request::event::Event) is built row by row from it, so a field without a row cannot reach a
//! body. The page "what is sent", `explain` and the preview's list are made from the same rows.

pub mod action;
mod field;
pub mod personal;
pub mod shape;
mod table;
pub mod withholding;

pub use action::{ACTIONS, Action, TEST};
pub use field::{EventPart, Field, Group, Origin, Place, Purpose, Selection, Sensitivity};
pub use table::{DASHBOARD_FIELDS, FIELDS, PUBLIC_KEY};
pub use withholding::Withheld;

/// The version of this table.
pub const VERSION: u32 = 1;

pub fn field(name: &str) -> Option<&'static Field> {
    FIELDS.iter().find(|field| field.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    use Origin::{Argument, ArgumentOf};
    use Sensitivity::Identifier;

    #[test]
    fn names_are_unique_and_rows_are_complete() {
        for fields in [FIELDS, DASHBOARD_FIELDS] {
            let names: BTreeSet<_> = fields.iter().map(|field| field.name).collect();
            assert_eq!(names.len(), fields.len());
            for field in fields {
                assert!(field.what.ends_with('.') && !field.example.is_empty(), "{}", field.name);
            }
        }
    }

    #[test]
    fn every_argument_of_the_contract_has_one_row() {
        let mut numbers: Vec<usize> = FIELDS
            .iter()
            .filter_map(|field| match field.origin {
                Origin::Argument(number) => Some(number),
                _ => None,
            })
            .collect();
        numbers.sort_unstable();
        assert_eq!(numbers, (4..=42).collect::<Vec<_>>());
    }

    #[test]
    fn only_the_guid_identifies() {
        let identifiers: Vec<_> = FIELDS.iter().filter(|f| f.sensitivity == Identifier).map(|f| f.name).collect();
        assert_eq!(identifiers, ["distinct_id", "netdata_machine_guid"]);
        let of_dashboard = DASHBOARD_FIELDS.iter().filter(|f| f.sensitivity == Identifier).map(|f| f.name);
        assert_eq!(of_dashboard.collect::<Vec<_>>(), ["distinct_id"]);
    }

    /// The interface of the default route, its address, and the place in a cloud: newer daemons set them as variables too.
    #[test]
    fn no_field_says_where_the_machine_is() {
        use system_facts::internal::netdata;

        let facts = system_facts::Facts::default();
        let names = |lines: Vec<netdata::Line<'_>>| lines.iter().map(|line| line.name).collect::<BTreeSet<_>>();
        let whereabouts = netdata::Whereabouts::default();
        let of_the_daemon = &names(netdata::all_lines(&facts, &whereabouts)) - &names(netdata::lines(&facts));
        assert!(of_the_daemon.contains("NETDATA_SYSTEM_DEFAULT_INTERFACE_IP"), "{of_the_daemon:?}");
        for field in FIELDS {
            if let Origin::Fact(name) | Origin::Variable(name) = field.origin {
                assert!(!of_the_daemon.contains(name) && !name.contains("_INTERFACE_"), "{}", field.name);
            }
        }
    }

    #[test]
    fn an_example_has_the_shape_of_its_row() {
        let hosts = crate::fields::personal::HostNames::default();
        for field in FIELDS.iter().chain(DASHBOARD_FIELDS) {
            let fits = match field.shape {
                shape::Shape::Collectors | shape::Shape::FieldNames => continue,
                _ if matches!(field.origin, Argument(_) | ArgumentOf { .. })
                    && !matches!(field.shape, shape::Shape::Boolean | shape::Shape::Integer { .. }) =>
                {
                    field.shape.check_fragment(&format!("{:?}", field.example), &hosts)
                }
                _ => field.shape.check_text(field.example, &hosts),
            };
            assert!(fits.is_ok(), "{}: {} does not fit", field.name, field.example);
        }
    }
}
