//! The outbox in words.

use anonymous_statistics::clock::UnixMillis;
use anonymous_statistics::consent::Decision;
use anonymous_statistics::inspect::Preview;
use anonymous_statistics::outbox::history::RetryPlan;
use anonymous_statistics::outbox::{Entry, Item};
use anonymous_statistics::text::printable;

use crate::output::shortened;
use crate::present::units::{duration, size};

/// Whether future events are recorded, if that differs from the default.
pub(crate) fn recorded(preview: &Preview) -> Option<String> {
    match (preview.consent.decision(), &preview.config) {
        (Decision::OptedOut, _) => Some(
            "This machine has opted out: nothing is sent, and nothing is recorded. What waits is deleted when the sender \
             is called next; telemetry-preview forget deletes it now."
                .to_owned(),
        ),
        _ if preview.sending_original().is_some() => {
            Some("Netdata's own script sends here. It keeps no record of what it sends.".to_owned())
        }
        (_, Ok(config)) if config.history == 0 => {
            Some("The configuration says \"history = 0\": requests that were sent are not kept.".to_owned())
        }
        _ => None,
    }
}

/// The result of the last attempt.
fn outcome(entry: &Entry) -> String {
    match entry.record.status {
        _ if entry.record.attempts == 0 => "not tried yet".to_owned(),
        Some(status @ 200..=299) => format!("accepted with status {status}"),
        Some(status @ (408 | 429 | 500..=599)) => format!("put off with status {status}"),
        Some(status) => format!("refused with status {status}"),
        None => "no answer".to_owned(),
    }
}

/// Columns of the longest name that the daemon may give an event.
const EVENT: usize = 32;

pub(crate) const COLUMNS: [&str; 5] = ["time", "event", "size", "took", "outcome"];

/// The same for a table: what is as long as it likes stands last.
pub(crate) fn cells(item: &Item, clock: Clock) -> [String; 5] {
    let offset = i64::try_from(item.name.time.0 / 1000).ok().and_then(clock);
    let time = shifted(item.name.time, offset.unwrap_or_default());
    let Ok(entry) = &item.entry else {
        let why = item.entry.as_ref().err().map_or_else(String::new, |why| printable(why).into_owned());
        return [time, "?".to_owned(), String::new(), String::new(), format!("damaged, and never sent: {why}")];
    };
    let record = &entry.record;
    let took = record.time.map(|end| duration(end.0.saturating_sub(item.name.time.0)));
    let tries = match record.attempts {
        0 => String::new(),
        1 => "; 1 try".to_owned(),
        number => format!("; {number} tries"),
    };
    [
        time,
        shortened(&printable(&entry.action().unwrap_or_else(|| "?".to_owned())), EVENT, "…"),
        size(entry.request.len() as u64),
        took.unwrap_or_default(),
        format!("{}{tries}; to {}", outcome(entry), printable(&record.url)),
    ]
}

/// By how many seconds a clock is ahead of UTC at a time, in seconds since 1970: `utc_offset` for the reader's own.
pub(crate) type Clock = fn(i64) -> Option<i64>;

/// A time as a clock shows it, with its distance from UTC.
fn shifted(time: UnixMillis, offset: i64) -> String {
    let there = UnixMillis(time.0.saturating_add_signed(offset.saturating_mul(1000))).to_string();
    let second = there.split_once('.').map_or(&*there, |(second, _)| second).replace('T', " ");
    let (sign, minutes) = (if offset < 0 { '-' } else { '+' }, offset.unsigned_abs() / 60);
    format!("{second} {sign}{:02}:{:02}", minutes / 60, minutes % 60)
}

/// The sender's plan for a waiting event.
pub(crate) fn becomes(prospect: &RetryPlan) -> String {
    let next = "at the daemon's next START or META";
    match prospect {
        RetryPlan::Next(place) => format!("sent {next}, after that call's own event (number {place} in the queue)"),
        RetryPlan::NotBefore(time) => format!("sent {next} after {time}: the server asked for that"),
        RetryPlan::OtherDestination => {
            format!("deleted {next}: events go to another destination now, or the request was changed")
        }
        RetryPlan::NoDestination => "not sent for now: events have no destination".to_owned(),
        RetryPlan::TriedEnough => format!("deleted {next}: all its attempts are used up"),
        RetryPlan::TooOld => format!("deleted {next}: it is too old"),
        RetryPlan::Damaged => "never sent; deleted when it is too old".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_says_how_far_it_is_from_utc() {
        let time = UnixMillis(1_767_248_700_123);
        assert_eq!(shifted(time, 0), "2026-01-01 06:25:00 +00:00");
        assert_eq!(shifted(time, 5 * 3600 + 1800), "2026-01-01 11:55:00 +05:30");
        assert_eq!(shifted(time, -9 * 3600), "2025-12-31 21:25:00 -09:00");
        assert_eq!(shifted(UnixMillis(0), -3600), "1970-01-01 00:00:00 -01:00", "before 1970 counts as 1970");
        assert_eq!(shifted(UnixMillis(u64::MAX), 3600), "9999-12-31 23:59:59 +01:00");
    }
}
