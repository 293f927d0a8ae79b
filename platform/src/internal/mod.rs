//! What the programs of this repository share. It is no part of the public API and changes without notice.

#[cfg(feature = "cli")]
pub mod arguments;
pub mod catalogue;
#[cfg(feature = "cli")]
pub mod cli;
#[cfg(feature = "fuzz")]
pub mod fuzz;
pub mod netdata;

pub use crate::host::candidate::Candidate;
pub use crate::host::processes::{CANDIDATES, Candidates, Unseen, candidates};
pub use crate::host::sys::{become_account, copy_access, open_regular, rescue, utc_offset};
pub use crate::text::{is_unprintable, printable_json};
