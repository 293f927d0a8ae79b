//! The screens. A new one needs a file here and a line in [`all`].

mod bytes;
mod compare;
mod consent;
mod fields;
mod history;
mod overview;

use anonymous_statistics::inspect::before::Before;

use crate::ui::Screen;

/// In the order of their numbers. `before`: an answer to compare with.
pub(crate) fn all(before: Option<Before>) -> Vec<Box<dyn Screen>> {
    vec![
        Box::new(overview::Overview),
        Box::new(fields::Fields::default()),
        Box::new(bytes::Bytes::default()),
        Box::new(compare::Compare::with(before)),
        Box::new(consent::Consent),
        Box::new(history::History),
    ]
}
