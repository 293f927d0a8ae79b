//! Numbers for a person, beside the raw ones: amounts, frequencies and times in the units in which people think.

use anonymous_statistics::channels::crash_reports::fields::field as report_field;
use anonymous_statistics::fields::field;

/// The value of this field in a person's unit, for example 23.5 GiB. `None`: it is no amount, or unknown.
///
/// The value is as in the body, with quotes or without.
pub(crate) fn human(name: &str, value: &str) -> Option<String> {
    let number: u64 = value.trim_matches('"').parse().ok()?;
    // The field's own row names the unit, or else its name says that it is an amount.
    let what = field(name).map(|field| field.what).or_else(|| report_field(name).map(|field| field.what))?;
    let is_amount = name.starts_with("host.memory.") || name.starts_with("host.disk.") && !name.contains("inodes");
    match what {
        _ if what.contains("in bytes") => Some(size(number)),
        _ if what.contains("in MiB") => Some(size(number.checked_mul(1 << 20)?)),
        _ if what.contains("in Hz") => Some(decimal(number, 1_000_000_000, 2, "GHz")),
        _ if what.contains("How many seconds") => Some(duration(number.checked_mul(1000)?)),
        _ => is_amount.then(|| size(number)),
    }
}

/// An amount of bytes in the largest binary unit below it.
pub(crate) fn size(bytes: u64) -> String {
    let units = ["KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];
    let fitting = units.into_iter().zip((1..).map(|power| 1_u64 << (10 * power))).take_while(|(_, one)| *one <= bytes);
    fitting.last().map_or_else(|| format!("{bytes} bytes"), |(name, one)| decimal(bytes, one, 1, name))
}

/// A time span in milliseconds, in the one or two units that matter.
pub(crate) fn duration(ms: u64) -> String {
    let seconds = ms / 1000;
    let (minutes, hours, days) = (seconds / 60, seconds / 3600, seconds / 86_400);
    match ms {
        0..1000 => format!("{ms} ms"),
        1000..60_000 => decimal(ms, 1000, 1, "s"),
        60_000..3_600_000 => format!("{minutes} min {} s", seconds % 60),
        3_600_000..86_400_000 => format!("{hours} h {} min", minutes % 60),
        _ => format!("{days} d {} h", hours % 24),
    }
}

/// A multiple of a unit, rounded; zeros at the end say nothing.
fn decimal(number: u64, one: u64, digits: usize, unit: &str) -> String {
    let parts = 10_u128.pow(u32::try_from(digits).unwrap_or_default());
    let rounded = (u128::from(number) * parts + u128::from(one) / 2) / u128::from(one);
    let fraction = format!("{:0digits$}", rounded % parts);
    let fraction = fraction.trim_end_matches('0');
    let point = if fraction.is_empty() { "" } else { "." };
    format!("{}{point}{fraction} {unit}", rounded / parts)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_have_the_unit_that_their_row_names() {
        for (name, value, shown) in [
            ("system_total_ram", "\"25276510208\"", "23.5 GiB"),
            ("system_total_disk_size", "274877906944", "256 GiB"),
            ("system_cpu_freq", "\"2445406000\"", "2.45 GHz"),
            ("system_cpu_freq", "\"3000000000\"", "3 GHz"),
            ("config_multidb_disk_quota", "256", "256 MiB"),
            ("host.memory.total", "1023", "1023 bytes"),
            ("host.memory.free", "1048576", "1 MiB"),
            ("host.disk.netdata.sqlite", "18446744073709551615", "16 EiB"),
            ("agent.uptime", "93784", "1 d 2 h"),
            ("host.uptime", "59", "59 s"),
            ("agent.timings.init", "184", "3 min 4 s"),
        ] {
            assert_eq!(human(name, value).as_deref(), Some(shown), "{name} {value}");
        }
    }

    #[test]
    fn other_values_stay_as_they_are() {
        for (name, value) in [
            ("system_total_ram", "\"unknown\""),
            ("system_total_ram", "set by the daemon"),
            ("host_charts_count", "312"),
            ("host.disk.db.inodes_free", "9000"),
            ("host.disk.db.read_only", "false"),
            ("config_page_cache_size", "18446744073709551615"),
            ("agent.uptime", "-1"),
            ("no_such_field", "1"),
        ] {
            assert_eq!(human(name, value), None, "{name} {value}");
        }
    }

    #[test]
    fn times_have_at_most_two_units() {
        for (ms, shown) in
            [(0, "0 ms"), (150, "150 ms"), (1500, "1.5 s"), (60_000, "1 min 0 s"), (7_260_000, "2 h 1 min")]
        {
            assert_eq!(duration(ms), shown);
        }
    }
}
