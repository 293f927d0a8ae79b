//! The other systems that are built for from here.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use super::documented::System;

pub(crate) struct Target {
    pub(crate) triple: &'static str,
    /// The same in zig's words.
    pub(crate) zig: &'static str,
    pub(crate) system: System,
}

/// Where a target's files of ours lie below target/tools.
pub(super) fn folder(tools: &Path, target: &Target) -> Result<PathBuf> {
    let folder = tools.join("cross").join(target.triple);
    fs::create_dir_all(&folder).with_context(|| format!("cannot create {}", folder.display()))?;
    Ok(folder)
}
