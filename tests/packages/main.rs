//! The packages with apt, dpkg and rpm, in roots of their own without a network, beside the real netdata and others.

#![allow(clippy::unwrap_used, reason = "in a test a panic is a failed test")]

mod apt;
mod lint;
mod place;
mod root;
mod rpm;
