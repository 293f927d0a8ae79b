#![no_main]
#![allow(clippy::all, unreachable_pub)]

#[path = "../../tests/fuzz/replies.rs"]
mod replies;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| replies::server_reply(bytes));
