//! `cargo xtask screenshots`: the pictures of the documentation, drawn by the preview from its own screens and an example.

use std::path::{Path, PathBuf};

use anyhow::Result;

use crate::workspace::{PREVIEW, Workspace};
use crate::{pages, run};

/// A picture: its file, the screen and its size.
struct Picture {
    file: &'static str,
    screen: &'static str,
    size: &'static str,
}

const PICTURES: [Picture; 7] = [
    Picture { file: "docs/preview.svg", screen: "summary", size: "80x24" },
    Picture { file: "docs/fields.svg", screen: "fields", size: "120x30" },
    Picture { file: "docs/request.svg", screen: "request", size: "80x24" },
    Picture { file: "docs/events.svg", screen: "events", size: "120x30" },
    Picture { file: "docs/consent.svg", screen: "consent", size: "80x24" },
    Picture { file: "docs/history.svg", screen: "history", size: "100x24" },
    Picture { file: "docs/dashboard.svg", screen: "dashboard", size: "120x30" },
];

/// Draws the pictures, or with `check` only says which are out of date. Returns how many there are, and the stale ones.
pub(crate) fn run(workspace: &Workspace, programs: &Path, check: bool) -> Result<(usize, Vec<String>)> {
    let mut files = Vec::new();
    for picture in &PICTURES {
        let mut command = run::program(programs.join(PREVIEW.name), ["screenshot"]);
        command.args(["--screen", picture.screen, "--size", picture.size]);
        let svg = run::text(command.current_dir(&workspace.root))?;
        files.push((PathBuf::from(picture.file), svg.into_bytes()));
    }
    pages::written(workspace, files, check)
}
