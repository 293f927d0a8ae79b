//! What the daemon's log says of earlier reports.

use std::io::{Read, Seek, SeekFrom};
use std::path::Path;

use crate::files;

/// The daemon's log, in its folder.
pub const LOG: &str = "daemon.log";

/// Bytes that are read, from the end.
const BYTES: u64 = 1024 * 1024;

/// What the daemon logs after it has posted one.
const POSTED: &str = "Posted last status to agent-events successfully";

/// The times of the reports in a log file, as it writes them, in order. An error says why it cannot be read.
pub fn logged(folder: &Path) -> Result<Vec<String>, String> {
    let read = || {
        let mut opened = files::open_below(folder, LOG.as_ref())?;
        opened.file.seek(SeekFrom::Start(opened.size().saturating_sub(BYTES)))?;
        let mut bytes = Vec::new();
        opened.file.take(BYTES).read_to_end(&mut bytes)?;
        Ok(bytes)
    };
    let bytes = read().map_err(|error: std::io::Error| crate::text::reason(&error))?;
    Ok(String::from_utf8_lossy(&bytes).lines().filter(|line| line.contains(POSTED)).filter_map(time).collect())
}

/// logfmt: `time=2026-11-27T09:36:51.990+00:00 comm=netdata ...`
fn time(line: &str) -> Option<String> {
    let time = line.split_ascii_whitespace().find_map(|word| word.strip_prefix("time="))?;
    let plain = time.bytes().all(|b| b.is_ascii_digit() || b"-:.+TZ".contains(&b));
    (plain && time.len() <= 40).then(|| time.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_of_the_posts_in_a_log() {
        let folder = tempfile::tempdir().unwrap();
        assert!(logged(folder.path()).is_err());
        let line = |time: &str, msg: &str| format!("time={time} comm=netdata level=info msg=\"{msg}\"\n");
        let log = line("2026-11-27T09:36:51.990+00:00", POSTED)
            + &line("2026-11-27T10:00:00.000+00:00", "Failed to post last status to agent-events.")
            + &line("\u{1b}[2J", POSTED)
            + &line("2026-11-28T09:36:51.990+00:00", POSTED);
        let filler = "x".repeat(usize::try_from(BYTES).unwrap()) + "\n";
        std::fs::write(folder.path().join(LOG), &log).unwrap();
        let times = ["2026-11-27T09:36:51.990+00:00", "2026-11-28T09:36:51.990+00:00"];
        assert_eq!(logged(folder.path()).unwrap(), times);
        std::fs::write(folder.path().join(LOG), line("2020-01-01T00:00:00.000+00:00", POSTED) + &filler + &log)
            .unwrap();
        assert_eq!(logged(folder.path()).unwrap(), times, "only the end is read");
    }
}
