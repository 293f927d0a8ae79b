//! What a person can have done, and what comes of it.

pub(crate) mod opting;
pub(crate) mod report;
pub(crate) mod rights;
pub(crate) mod saving;
