//! Shared by the tests of all packages and `cargo xtask`: receivers, servers, agents, pictures, and skips.

#![allow(clippy::unwrap_used, clippy::missing_panics_doc, reason = "helpers of tests, where a panic is a failed test")]
#![allow(missing_debug_implementations, clippy::new_without_default, reason = "nothing prints or invents them")]

pub mod crowded;
pub mod enclosure;
pub mod hanging;
mod home;
pub mod names;
pub mod nginx;
mod programs;
mod receiver;
pub mod scratch;
mod skip;
pub mod squid;
mod strace;
pub mod svg;

pub use home::{Call, GUID, Home, OPT_OUT, TEMPORARY, full};
pub use programs::{
    command, find, given_away, needs_static_program, program, quoted, said, search_path, sender, set_mode,
    static_program,
};
pub use receiver::{Receiver, Reply, is_complete, parts};
pub use skip::{around, opt_out_file_here, opted_out_here, skip};
pub use strace::{Point, in_strace, points, strace};
