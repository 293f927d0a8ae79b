//! What was found, in words: the screens, the text and the JSON say it alike.

pub(crate) mod consent;
pub(crate) mod dashboard;
pub(crate) mod field_trace;
pub(crate) mod fields;
pub(crate) mod history;
pub(crate) mod last_event;
pub(crate) mod words;
