//! The findings in words, the same for the screens, the text and the JSON.

pub(crate) mod before;
pub(crate) mod commands;
pub(crate) mod consent;
pub(crate) mod dashboard;
pub(crate) mod field_trace;
pub(crate) mod fields;
pub(crate) mod history;
pub(crate) mod last_event;
pub(crate) mod overview;
pub(crate) mod palette;
pub(crate) mod report;
pub(crate) mod request;
pub(crate) mod units;
pub(crate) mod words;
