//! The outbox as people see it: sent, refused and waiting events.

use std::io;
use std::path::Path;

use crate::clock::{BootTime, UnixMillis};
use crate::endpoint::Endpoint;
use crate::outbox::entry::age;
use crate::outbox::limits;
use crate::outbox::{Entry, Item, Outbox, Role, State, Unread};
use crate::request::payload::EventId;

/// The sender's plan for a waiting event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RetryPlan {
    /// It is sent in this place after the event of the daemon's next START or META.
    Next(usize),
    /// The same, but not before the server's `Retry-After`.
    NotBefore(UnixMillis),
    /// It is deleted: events go to another destination now, or the stored request is damaged.
    OtherDestination,
    /// It stays: events have no destination now.
    NoDestination,
    /// It is deleted: it had its number of tries.
    TriedEnough,
    /// It is deleted: it is too old.
    TooOld,
    /// It is never sent, because it cannot be read.
    Damaged,
}

/// Where events go now.
#[derive(Debug, Clone, Copy)]
pub enum To<'a> {
    Server(&'a Endpoint),
    Nowhere,
    NotKnownHere,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct History {
    /// The oldest first.
    pub sent: Vec<Item>,
    /// In sending order, after [`Self::planned`].
    pub waiting: Vec<(Item, RetryPlan)>,
    /// Further entries: anybody who may write there can leave any number.
    pub unread: Unread,
}

impl History {
    /// Reads the state folder of a library directory; empty without one.
    pub fn read(library: Option<&Path>) -> io::Result<Self> {
        let outbox = match library.map(|library| Outbox::open(library, Role::Reader)) {
            None => return Ok(Self::default()),
            Some(Err(error)) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
                return Ok(Self::default());
            }
            Some(outbox) => outbox?,
        };
        let (items, unread) = outbox.items()?;
        let (sent, waiting): (Vec<_>, Vec<_>) = items.into_iter().partition(|item| item.state == State::Sent);
        let waiting = waiting.into_iter().map(|item| (item, RetryPlan::Next(0))).collect();
        Ok(Self { sent, waiting, unread })
    }

    /// The same with the sender's plan and order. The sender itself needs neither.
    #[must_use]
    pub fn planned(self, to: To<'_>, now: UnixMillis) -> Self {
        let items = self.waiting.into_iter().map(|(item, _)| item).collect();
        Self { waiting: in_order(items, to, now, BootTime::now().as_ref()), ..self }
    }

    /// The newest readable event of an action, answered or waiting.
    pub fn newest(&self, action: &str) -> Option<(&EventId, &Entry)> {
        let items = self.sent.iter().chain(self.waiting.iter().map(|(item, _)| item));
        let readable = items.filter_map(|item| Some((&item.name, item.entry.as_ref().ok()?)));
        readable.filter(|(_, entry)| entry.action().as_deref() == Some(action)).max_by_key(|(name, _)| *name)
    }
}

/// The sender's order and plan.
fn in_order(items: Vec<Item>, to: To<'_>, now: UnixMillis, boot: Option<&BootTime>) -> Vec<(Item, RetryPlan)> {
    let mut waiting: Vec<(Item, RetryPlan)> = items
        .into_iter()
        .map(|item| {
            let plan = match &item.entry {
                Err(_) => RetryPlan::Damaged,
                Ok(entry) if age(now, boot, &item.name, Some(entry)) > limits::WAITING_AGE => RetryPlan::TooOld,
                Ok(entry) if entry.record.attempts >= limits::TRIES => RetryPlan::TriedEnough,
                Ok(entry) => match (to, entry.record.waits_until(now)) {
                    (To::Nowhere, _) => RetryPlan::NoDestination,
                    (To::Server(endpoint), _) if entry.request_to(endpoint).is_none() => RetryPlan::OtherDestination,
                    (_, Some(time)) => RetryPlan::NotBefore(time),
                    (_, None) => RetryPlan::Next(0),
                },
            };
            (item, plan)
        })
        .collect();
    waiting.sort_unstable_by_key(|(item, plan)| {
        let failure = item.entry.as_ref().is_ok_and(Entry::is_failure);
        (!matches!(plan, RetryPlan::Next(_)), !failure, item.name)
    });
    for (number, (_, plan)) in waiting.iter_mut().enumerate() {
        if let RetryPlan::Next(place) = plan {
            *place = number + 1;
        }
    }
    waiting
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::request::http::PreparedRequest;

    const NOW: UnixMillis = UnixMillis(1_790_000_000_000);

    fn request(action: &str, endpoint: &Endpoint) -> PreparedRequest {
        PreparedRequest::of_body(format!("{{\"properties\":{{\"action\":\"{action}\"}}}}").into_bytes(), Some(endpoint))
    }

    #[test]
    fn without_a_state_folder_there_is_nothing() {
        let library = tempfile::tempdir().unwrap();
        assert_eq!(History::read(None).unwrap(), History::default());
        assert_eq!(History::read(Some(library.path())).unwrap(), History::default());
    }

    #[test]
    fn what_waits_stands_in_the_order_in_which_it_would_be_sent() {
        let library = tempfile::tempdir().unwrap();
        let outbox = Outbox::open(library.path(), Role::Sender).unwrap();
        let here = Endpoint::parse("http://127.0.0.1:9/").unwrap();
        let there = Endpoint::parse("http://127.0.0.1:10/").unwrap();
        let keep = |age: u64, action: &str, endpoint: &Endpoint| {
            let stamp = EventId { uuid: EventId::now().uuid, time: NOW - age };
            outbox.keep(&stamp, &Entry::new(&request(action, endpoint))).unwrap().name()
        };
        let exit = keep(30, "EXIT", &here);
        let start = keep(20, "START", &here);
        let fatal = keep(10, "FATAL", &here);
        let later = keep(9, "FATAL", &here);
        outbox.record_attempt(&later, Some(429), NOW - 9, Some(NOW + 5)).unwrap();
        let elsewhere = keep(8, "START", &there);
        let tried = keep(7, "START", &here);
        for _ in 0..limits::TRIES {
            outbox.record_attempt(&tried, Some(503), NOW, None).unwrap();
        }
        let old = keep(8 * 86_400_000, "START", &here);
        let sent = keep(6, "START", &here);
        outbox.mark_sent(&sent, 200, NOW, 20).unwrap();
        let damaged = keep(5, "START", &here);
        let path = library.path().join(crate::outbox::STATE_FOLDER).join(format!("waiting/{damaged}"));
        std::fs::write(path, "{").unwrap();

        let history = History::read(Some(library.path())).unwrap().planned(To::Server(&here), NOW);
        assert_eq!(history.sent.iter().map(|item| &item.name).collect::<Vec<_>>(), [&sent]);
        let waiting: Vec<_> = history.waiting.iter().map(|(item, plan)| (&item.name, plan.clone())).collect();
        assert_eq!(
            waiting[..4],
            [
                (&fatal, RetryPlan::Next(1)),
                (&exit, RetryPlan::Next(2)),
                (&start, RetryPlan::Next(3)),
                (&later, RetryPlan::NotBefore(NOW + 5)),
            ]
        );
        for expected in [
            (&elsewhere, RetryPlan::OtherDestination),
            (&tried, RetryPlan::TriedEnough),
            (&old, RetryPlan::TooOld),
            (&damaged, RetryPlan::Damaged),
        ] {
            assert!(waiting[4..].contains(&expected), "{expected:?}");
        }
        assert_eq!(history.newest("FATAL").map(|(name, _)| name), Some(&later));
        assert_eq!(history.newest("START").map(|(name, _)| name), Some(&sent), "what is damaged is passed over");
        assert_eq!(history.newest("META"), None);
        let plans = |to| {
            let history = History::read(Some(library.path())).unwrap().planned(to, NOW);
            history.waiting.into_iter().map(|(_, plan)| plan).collect::<Vec<_>>()
        };
        assert!(plans(To::Nowhere).iter().filter(|plan| **plan == RetryPlan::NoDestination).count() > 3);
        assert!(plans(To::NotKnownHere).contains(&RetryPlan::Next(4)), "any of the two destinations");
        // The sender's own order is the same.
        let due = outbox.due(NOW).unwrap();
        let next: Vec<_> = waiting[..3].iter().map(|(name, _)| **name).collect();
        assert_eq!(due.into_iter().filter(|name| next.contains(name)).collect::<Vec<_>>(), next);
    }
}
