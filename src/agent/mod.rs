//! The agent on this machine: its folders, configuration, process, unit and version, and the program that sends for it.

mod binary;
pub mod command_line;
pub mod conf;
#[cfg(feature = "inspect")]
pub mod conf_edit;
#[cfg(feature = "inspect")]
pub mod conf_file;
pub mod folders;
#[cfg(feature = "inspect")]
pub mod hooks;
#[cfg(feature = "inspect")]
pub mod installed_sender;
#[cfg(feature = "inspect")]
pub mod netdatas_script;
pub mod next_call;
#[cfg(feature = "inspect")]
pub mod own_config;
#[cfg(feature = "inspect")]
pub mod own_opt_out;
mod pieces;
#[cfg(feature = "inspect")]
pub mod process;
pub mod status_file;
#[cfg(feature = "inspect")]
pub mod systemd;
pub mod version;

/// The ends of a text, with the version between them, that identifies this project's sender without running it. The
/// sender contains it in one piece and the preview in two, so that the preview cannot be taken for the sender.
pub const MARK: (&str, &str) = ("[sender of the anonymous-statistics project, version ", "]");
