#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| anonymous_statistics::fuzz::netdatas_script(bytes));
