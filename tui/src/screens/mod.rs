//! The screens. A new one needs a file here and a line in [`all`].

mod consent;
mod dashboard;
mod events;
mod fields;
mod history;
mod others;
mod request;
mod summary;

use crate::ui::Screen;
use crate::ui::widgets::text::Text;

/// In the order of their numbers.
pub(crate) fn all() -> Vec<Box<dyn Screen>> {
    vec![
        Box::new(Text::new("Summary", summary::rows)),
        Box::new(fields::Fields::default()),
        Box::new(request::Request::default()),
        Box::new(events::Events::default()),
        Box::new(Text::new("Consent", consent::rows)),
        Box::new(history::History::default()),
        Box::new(dashboard::Dashboard::default()),
        Box::new(Text::new("Others", others::rows)),
    ]
}
