//! The agent on this machine: its folders, its configuration, its process, its unit, its version, and the program that sends for it.

pub mod conf;
pub mod folders;
pub mod installed_sender;
pub mod next_call;
pub mod process;
pub mod systemd;
pub mod version;
