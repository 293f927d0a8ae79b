//! Tests of the real program.
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers outside of test functions fail a test in the same way")]

mod agents;
mod claims;
mod common;
mod compare;
mod configure;
#[cfg(target_os = "linux")]
mod daemons;
mod network;
mod original;
mod own_reports;
mod pty;
mod reports;
mod terminal;
mod text;
mod trust;
mod verbs;
