//! The form of an answer, the same options with every verb.

use clap::{Args, ValueEnum};

#[derive(Debug, Clone, Copy, Default, Args)]
pub(crate) struct Format {
    /// For people, or one JSON value for programs
    #[arg(long, value_enum, default_value_t = Kind::Text)]
    format: Kind,
    /// Short for --format json
    #[arg(long, conflicts_with = "format")]
    json: bool,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
enum Kind {
    #[default]
    Text,
    Json,
}

impl Format {
    pub(crate) fn is_json(self) -> bool {
        self.json || self.format == Kind::Json
    }
}
