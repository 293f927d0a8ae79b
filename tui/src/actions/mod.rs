//! The actions that a person can start, and their results.

pub(crate) mod opting;
pub(crate) mod report;
pub(crate) mod rights;
pub(crate) mod saving;
