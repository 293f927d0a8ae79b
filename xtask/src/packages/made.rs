//! What both kinds of packages are made from.

use std::path::{Path, PathBuf};

use crate::workspace::Workspace;

/// The same for each program.
pub(super) struct Made<'a> {
    pub(super) tools: &'a Workspace,
    pub(super) checkout: &'a Workspace,
    pub(super) arch: &'a str,
    pub(super) version: &'a str,
    /// That every file gets, in seconds since 1970.
    pub(super) time: String,
    pub(super) work: PathBuf,
    /// The programs and licences, in a target folder of its own: cargo-deb knows no other place.
    pub(super) staged: PathBuf,
    pub(super) out: &'a Path,
}
