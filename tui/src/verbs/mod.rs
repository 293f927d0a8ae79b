//! The commands, one file each.

pub(crate) mod check;
pub(crate) mod configure;
pub(crate) mod diff;
mod done;
pub(crate) mod explain;
pub(crate) mod forget;
pub(crate) mod history;
pub(crate) mod opt_in;
pub(crate) mod opt_out;
pub(crate) mod schema;
pub(crate) mod show;
pub(crate) mod show_dashboard;
pub(crate) mod show_original;
pub(crate) mod show_report;
pub(crate) mod status;
