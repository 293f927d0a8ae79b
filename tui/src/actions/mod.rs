//! The actions that a person can start, and their results.

mod elsewhere;
pub(crate) mod netdata_conf;
pub(crate) mod opting;
pub(crate) mod report;
pub(crate) mod rights;
pub(crate) mod saving;
