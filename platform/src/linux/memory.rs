//! The memory of the machine, `proc_meminfo(5)`.

use crate::ask::{Ask, Machine};
use crate::facts::Memory;
use crate::linux::own_view;
use crate::source::Source;
use crate::text::leading_number;

const LIMIT: usize = 16 * 1024;

const TOTAL: &str = "MemTotal:";

/// `MemTotal:  16303428 kB`, where kB is 1024 bytes.
pub(crate) fn total(meminfo: &str) -> Option<u64> {
    let line = meminfo.lines().find_map(|line| line.strip_prefix(TOTAL))?;
    leading_number(line)?.checked_mul(1024).filter(|bytes| *bytes > 0)
}

#[cfg(feature = "recorded")]
pub(crate) fn kept(meminfo: &str) -> Vec<&str> {
    let Some(line) = meminfo.lines().find(|line| line.starts_with(TOTAL)) else { return Vec::new() };
    let (key, value) = line.split_at_checked(TOTAL.len()).unwrap_or_default();
    std::iter::once(key).chain(crate::text::digits(value)).collect()
}

pub(crate) fn memory(machine: &Machine<'_>) -> Memory {
    let mut ask = Ask::new(machine);
    // sysinfo(2) still has the machine's memory. The managed pages of /proc/zoneinfo would not do, as on some machines they
    // are fewer than MemTotal.
    if own_view::of_memory(&mut ask) {
        ask.contradicted(Source::MEMINFO.name(), own_view::WHY);
        let answer = machine.host.quantities();
        let bytes = ask.answer("sysinfo: memory", answer).and_then(|quantities| quantities.memory_bytes);
        if let Some(bytes) = bytes {
            ask.saw("sysinfo: memory", &format!("{bytes} bytes"));
        }
        return Memory { total_bytes: ask.done().found_in(Source::SYSINFO, bytes) };
    }
    let bytes = ask.text(Source::MEMINFO.name(), LIMIT).and_then(|file| total(&file.text));
    if let Some(bytes) = bytes {
        ask.saw("/proc/meminfo: MemTotal", &format!("{bytes} bytes"));
    }
    Memory { total_bytes: ask.done().found_in(Source::MEMINFO, bytes) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn total_is_read_in_bytes() {
        assert_eq!(total("MemTotal:       16303428 kB\nMemFree: 1 kB\n"), Some(16_303_428 * 1024));
        assert_eq!(total("MemFree: 1 kB\n"), None);
        assert_eq!(total("MemTotal: lots\n"), None);
        assert_eq!(total("MemTotal: 99999999999999999999 kB\n"), None);
        assert_eq!(total("MemTotal: 18446744073709551615 kB\n"), None);
    }
}
