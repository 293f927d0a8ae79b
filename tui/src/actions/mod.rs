//! The actions that a person can start, and their results.

pub(crate) mod configuring;
mod elsewhere;
pub(crate) mod netdata_conf;
pub(crate) mod opting;
pub(crate) mod report;
pub(crate) mod rights;
pub(crate) mod saving;
pub(crate) mod testing;
pub(crate) mod withholding;
