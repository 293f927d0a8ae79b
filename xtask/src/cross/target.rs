//! The other systems for which this machine can build.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use super::documented::System;

pub(crate) struct Target {
    pub(crate) triple: &'static str,
    /// zig's name for it.
    pub(crate) zig: &'static str,
    pub(crate) system: System,
}

/// A target's folder below target/tools.
pub(super) fn folder(tools: &Path, target: &Target) -> Result<PathBuf> {
    let folder = tools.join("cross").join(target.triple);
    fs::create_dir_all(&folder).with_context(|| format!("cannot create {}", folder.display()))?;
    Ok(folder)
}
