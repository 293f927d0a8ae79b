//! `screenshot`: a screen of the example, for the documentation.

use std::process::ExitCode;

use ratatui::layout::Size;

use crate::cli::PictureFormat;
use crate::example;
use crate::output::{self, Failure, USAGE};
use crate::ui::{self, Look};

/// Nobody should take the picture for a machine of theirs.
const CAPTION: &str = "An example: this machine and its agent are made up.";

pub(crate) fn run((columns, rows): (u16, u16), screen: &str, format: PictureFormat) -> Result<ExitCode, Failure> {
    let look = Look { colour: true, unicode: true };
    let preview = example::preview().ok_or_else(|| Failure::new(USAGE, "the example cannot be built"))?;
    let picture = ui::picture(preview, screen, Size::new(columns, rows), look)
        .ok_or_else(|| Failure::new(USAGE, format!("there is no screen {screen:?}")))?;
    output::answer(match format {
        PictureFormat::Svg => picture.svg(CAPTION),
        PictureFormat::Text => format!("{}\n{CAPTION}\n", picture.text()),
    })?;
    Ok(ExitCode::SUCCESS)
}
