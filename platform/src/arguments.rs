//! The command line of `system-info`.

use std::path::PathBuf;

use clap::{Parser, ValueEnum};

/// How the answer is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// The Netdata daemon's NETDATA_* lines
    Env,
    /// One JSON object
    Json,
    /// A table for people
    Table,
}

/// Finds out what machine this is: operating system, virtualization, container, processor, memory and disks. It starts no
/// process and opens no network connection.
#[derive(Debug, Default, Parser)]
#[command(name = "system-info", version)]
pub struct Arguments {
    /// Print one JSON object; the same as --format json
    #[arg(long, conflicts_with = "format")]
    pub json: bool,
    /// How to print; without it a table on a terminal, else the daemon's lines
    #[arg(long, value_enum)]
    pub format: Option<Format>,
    /// Add what was looked at for each fact
    #[arg(long)]
    pub explain: bool,
    /// Also use what not every user may see, and mark what rests on it
    #[arg(long)]
    pub privileged: bool,
    /// Read a recorded machine from this folder instead of this one
    #[arg(long, value_name = "DIR")]
    pub machine: Option<PathBuf>,
    /// Write what was asked and answered into this folder, new or empty, for --machine
    #[arg(long, value_name = "DIR", conflicts_with_all = ["json", "format", "explain"])]
    pub record: Option<PathBuf>,
}
