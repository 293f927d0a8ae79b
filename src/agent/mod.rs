//! The agent on this machine: its folders, its configuration, its process, its unit, its version, and the program that sends for it.

pub mod conf;
pub mod folders;
#[cfg(feature = "inspect")]
pub mod installed_sender;
pub mod next_call;
#[cfg(feature = "inspect")]
pub mod process;
#[cfg(feature = "inspect")]
pub mod systemd;
#[cfg(feature = "inspect")]
pub mod version;

/// The two ends of the text by which this project's sender is known without running it. Its version stands between them.
/// The sender holds them in one piece and the preview in two, so that the preview cannot be taken for the sender.
pub const MARK: (&str, &str) = ("[sender of the anonymous-statistics project, version ", "]");
