#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| system_facts::internal::fuzz::any_machine(bytes));
