#![doc = include_str!("../README.md")]
#![deny(missing_docs)]

mod ask;
mod collect;
mod dmi;
mod fact;
mod facts;
mod freebsd;
mod host;
mod instance;
mod interface;
#[doc(hidden)]
pub mod internal;
#[cfg(feature = "serde")]
mod json;
mod linux;
mod macos;
mod mountinfo;
mod os_release;
#[cfg(feature = "recorded")]
mod recorder;
mod routing;
mod rules;
mod source;
mod tables;
mod text;
mod unix;

pub use collect::{collect, collect_from, container_from, virtualization_from};
pub use fact::{Evidence, Fact, Outcome, State};
pub use facts::{Container, Cpu, Disk, Facts, Hardware, Kernel, Leaf, Memory, Os, Value, Virtualization};
pub use host::common::CommonEvidence;
pub use host::live::LiveHost;
#[cfg(feature = "recorded")]
pub use host::recorded::RecordedHost;
pub use host::{
    CpuidRegisters, DiskQuantity, Error, FileKind, Host, Metadata, NetworkTable, Platform, Quantities, Result, Start,
    Uname,
};
#[cfg(feature = "serde")]
pub use json::Explained;
#[cfg(feature = "recorded")]
pub use recorder::{Recorder, Redaction};
pub use source::Source;
