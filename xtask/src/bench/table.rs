//! The page of `cargo xtask bench`.

use testkit::crowded;

use crate::workspace::Program;

/// A measured subject.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Row {
    Empty,
    Questions,
    SystemInfo,
    Crowded,
    Looks,
    OptedOut,
    Event,
    Curl,
    Script,
    DetectVirt,
}

impl Row {
    pub(super) fn label(self) -> &'static str {
        match self {
            Self::Empty => "empty static C program",
            Self::Questions => "C program with only the system calls of system-info",
            Self::SystemInfo => "system-info",
            Self::Crowded => crowded::WHAT,
            Self::Looks => "C program with only those of the opted-out sender",
            Self::OptedOut => "anonymous-statistics, opted out",
            Self::Event => "anonymous-statistics, one event over TLS",
            Self::Curl => "curl, the same body, server and trust store",
            Self::Script => "system-info.sh",
            Self::DetectVirt => "systemd-detect-virt",
        }
    }
}

pub(super) struct Figures {
    /// Seconds, the median of all runs.
    pub(super) wall: f64,
    /// User and kernel time in seconds.
    pub(super) processor: f64,
    pub(super) calls: u64,
    pub(super) processes: u64,
    /// Bytes.
    pub(super) memory: Option<u64>,
}

type Measured = [(Row, Figures)];

fn of(measured: &Measured, wanted: Row) -> Option<&Figures> {
    measured.iter().find(|(row, _)| *row == wanted).map(|(_, figures)| figures)
}

/// Both tables, and the remarks.
pub(super) fn page(measured: &Measured, sizes: &[(Program, u64)], remarks: &[String], machine: &str) -> String {
    let mut lines = vec![
        format!("Measured by `cargo xtask bench` in one run on {machine}; times are medians, ratios are what counts."),
        String::new(),
    ];
    lines.extend(programs(measured));
    lines.push(String::new());
    lines.extend(budgets(measured, sizes));
    if !remarks.is_empty() {
        lines.extend([String::new(), "Not measured:".into(), String::new()]);
        lines.extend(remarks.iter().map(|remark| format!("- {remark}")));
    }
    lines.join("\n") + "\n"
}

fn programs(measured: &Measured) -> Vec<String> {
    let mut lines = vec![
        "| program | wall, ms | × empty program | CPU, ms | system calls | processes started | peak memory, MB |"
            .to_owned(),
        "|---|---:|---:|---:|---:|---:|---:|".to_owned(),
    ];
    let empty = of(measured, Row::Empty);
    for (row, figures) in measured {
        let ratio = empty.map_or_else(|| "?".into(), |empty| ratio(figures.wall / empty.wall));
        let memory = figures.memory.map_or_else(|| "?".into(), megabytes);
        let (wall, processor) = (figures.wall * 1e3, figures.processor * 1e3);
        lines.push(format!(
            "| {} | {wall:.2} | {ratio} | {processor:.2} | {} | {} | {memory} |",
            row.label(),
            figures.calls,
            figures.processes,
        ));
    }
    lines
}

/// The design's budgets that have a figure.
fn budgets(measured: &Measured, sizes: &[(Program, u64)]) -> Vec<String> {
    let mut lines = vec!["| what | budget | measured |".to_owned(), "|---|---:|---:|".to_owned()];
    let mut add = |what: &str, limit: f64, value: f64, shown: &dyn Fn(f64) -> String| {
        lines.push(format!("| {what} | {} | {} |", shown(limit), shown(value)));
    };
    let times = |value: f64| format!("{} ×", ratio(value));
    let count = |value: f64| format!("{value:.0}");
    let size = |value: f64| format!("{:.2} MB", value / 1e6);
    if let (Some(floor), Some(collector)) = (of(measured, Row::Questions), of(measured, Row::SystemInfo)) {
        add("system-info, wall time beside its C program", 1.4, collector.wall / floor.wall, &times);
        add("system-info, system calls", 90.0, exact(collector.calls), &count);
        add("system-info, processes started", 0.0, exact(collector.processes), &count);
    }
    if let Some(crowded) = of(measured, Row::Crowded) {
        add(Row::Crowded.label(), 0.005, crowded.wall, &|seconds| format!("{:.2} ms", seconds * 1e3));
    }
    if let (Some(floor), Some(silent)) = (of(measured, Row::Looks), of(measured, Row::OptedOut)) {
        add("opted-out sender, wall time beside its C program", 1.5, silent.wall / floor.wall, &times);
    }
    if let (Some(curl), Some(event)) = (of(measured, Row::Curl), of(measured, Row::Event)) {
        add("one event over TLS, wall time beside curl", 0.15, event.wall / curl.wall, &times);
        add("one event over TLS, CPU beside curl", 0.15, event.processor / curl.processor, &times);
    }
    for (program, bytes) in sizes {
        add(&format!("{}, file", program.name), exact(program.size_budget), exact(*bytes), &size);
    }
    for (row, budget) in [(Row::SystemInfo, 3_000_000), (Row::Event, 8_000_000)] {
        if let Some(memory) = of(measured, row).and_then(|figures| figures.memory) {
            add(&format!("{}, peak memory", row.label()), exact(budget), exact(memory), &size);
        }
    }
    lines
}

/// Two decimals for small ratios.
fn ratio(value: f64) -> String {
    if value < 10.0 { format!("{value:.2}") } else { format!("{value:.0}") }
}

fn megabytes(bytes: u64) -> String {
    format!("{:.1}", exact(bytes) / 1e6)
}

#[expect(clippy::cast_precision_loss, reason = "bytes and counts are far below 2^52")]
fn exact(number: u64) -> f64 {
    number as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workspace::{SENDER, SYSTEM_INFO};

    fn figures(wall: f64, processor: f64, calls: u64, memory: Option<u64>) -> Figures {
        Figures { wall, processor, calls, processes: 0, memory }
    }

    #[test]
    fn budgets_stand_beside_what_was_measured() {
        let measured = [
            (Row::Empty, figures(0.0005, 0.0004, 6, Some(1_000_000))),
            (Row::Questions, figures(0.0008, 0.0008, 80, Some(1_000_000))),
            (Row::SystemInfo, figures(0.001, 0.001, 91, Some(2_900_000))),
            (Row::Crowded, figures(0.0101, 0.010, 5000, None)),
            (Row::Event, figures(0.012, 0.010, 300, None)),
            (Row::Curl, figures(0.046, 0.016, 900, None)),
        ];
        let page = page(&measured, &[(SYSTEM_INFO, 900_000), (SENDER, 2_300_000)], &["x: no y".into()], "2 cores");
        for line in [
            "| system-info | 1.00 | 2.00 | 1.00 | 91 | 0 | 2.9 |",
            "| curl, the same body, server and trust store | 46.00 | 92 | 16.00 | 900 | 0 | ? |",
            "| system-info, wall time beside its C program | 1.40 × | 1.25 × |",
            "| system-info, system calls | 90 | 91 |",
            "| system-info, 1,024 CPUs, 10,000 mounts, 2,000 disks, 1 MB of cgroups | 5.00 ms | 10.10 ms |",
            "| one event over TLS, wall time beside curl | 0.15 × | 0.26 × |",
            "| one event over TLS, CPU beside curl | 0.15 × | 0.62 × |",
            "| system-info, file | 1.00 MB | 0.90 MB |",
            "| anonymous-statistics, file | 2.20 MB | 2.30 MB |",
            "| system-info, peak memory | 3.00 MB | 2.90 MB |",
            "- x: no y",
        ] {
            assert!(page.lines().any(|known| known == line), "{line}\n{page}");
        }
        assert!(!page.contains("opted-out"), "no row without figures");
    }
}
