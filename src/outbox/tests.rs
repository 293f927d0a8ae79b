//! What the outbox promises, on real folders.

use std::path::Path;
use std::time::{Duration, Instant};

use super::entry::{FORMAT, age};
use super::folder::TEMPORARY;
use super::*;
use crate::clock::{BootTime, UnixMillis};
use crate::outbox::limits;
use crate::request::payload::EventId;
use std::os::unix::fs::{PermissionsExt, symlink};

fn entry(action: &str, filler: usize) -> Entry {
    let body = format!("{{\"properties\":{{\"action\":\"{action}\",\"filler\":\"{}\"}}}}", "x".repeat(filler));
    let record = Record {
        format: FORMAT,
        url: "http://127.0.0.1/".into(),
        attempts: 0,
        begun: false,
        status: None,
        time: None,
        not_before: None,
        frozen: None,
    };
    Entry { record, request: format!("POST / HTTP/1.1\r\nhost: x\r\n\r\n{body}").into_bytes() }
}

/// Keeps an event, and sends it no further.
fn keep(outbox: &Outbox, stamp: &EventId, entry: &Entry) -> EventId {
    outbox.keep(stamp, entry).unwrap().name()
}

fn stamp(time: UnixMillis) -> EventId {
    EventId { uuid: EventId::now().uuid, time }
}

fn library() -> tempfile::TempDir {
    tempfile::tempdir().unwrap()
}

#[test]
fn an_event_waits_and_is_then_history() {
    let library = library();
    let outbox = Outbox::open(library.path(), Role::Sender).unwrap();
    let now = UnixMillis::now();
    let name = keep(&outbox, &stamp(now), &entry("START", 0));
    assert_eq!(outbox.names(State::Waiting).unwrap(), std::slice::from_ref(&name));
    assert_eq!(outbox.read(State::Waiting, &name).unwrap().action().as_deref(), Some("START"));
    outbox.record_attempt(&name, Some(503), now, None).unwrap();
    assert_eq!(outbox.read(State::Waiting, &name).unwrap().record.status, Some(503));
    outbox.mark_sent(&name, 200, now, 20).unwrap();
    assert!(outbox.names(State::Waiting).unwrap().is_empty());
    let record = outbox.read(State::Sent, &name).unwrap().record;
    assert_eq!((record.attempts, record.status, record.time), (2, Some(200), Some(now)));
}

#[test]
fn the_folders_are_private() {
    let library = library();
    let outbox = Outbox::open(library.path(), Role::Sender).unwrap();
    let name = keep(&outbox, &stamp(UnixMillis(1)), &entry("START", 0));
    let state = library.path().join(STATE_FOLDER);
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&state), 0o700);
    assert_eq!(mode(&state.join("waiting")), 0o700);
    assert_eq!(mode(&state.join("waiting").join(name.to_string())), 0o600);
    std::fs::set_permissions(&state, std::fs::Permissions::from_mode(0o750)).unwrap();
    assert!(Outbox::open(library.path(), Role::Sender).is_err());
    assert!(Outbox::open(library.path(), Role::Cleaner).is_err());
}

#[test]
fn only_the_sender_creates_folders_and_no_one_follows_links() {
    let library = library();
    assert!(Outbox::open(library.path(), Role::Reader).is_err());
    assert!(Outbox::open(library.path(), Role::Cleaner).is_err());
    assert_eq!(std::fs::read_dir(library.path()).unwrap().count(), 0);
    let link = library.path().join("link");
    let elsewhere = tempfile::tempdir().unwrap();
    symlink(elsewhere.path(), &link).unwrap();
    assert!(Outbox::open(&link, Role::Sender).is_ok(), "an administrator may move the library directory");
    let elsewhere = tempfile::tempdir().unwrap();
    symlink(elsewhere.path(), library.path().join(STATE_FOLDER)).unwrap();
    assert!(Outbox::open(library.path(), Role::Sender).is_err());
    assert_eq!(std::fs::read_dir(elsewhere.path()).unwrap().count(), 0);
}

#[test]
fn deleting_what_waits_leaves_the_history_and_foreign_files() {
    let library = library();
    let outbox = Outbox::open(library.path(), Role::Sender).unwrap();
    let sent = keep(&outbox, &stamp(UnixMillis(1)), &entry("START", 0));
    outbox.mark_sent(&sent, 200, UnixMillis(2), 20).unwrap();
    keep(&outbox, &stamp(UnixMillis(3)), &entry("FATAL", 0));
    let waiting = library.path().join(STATE_FOLDER).join("waiting");
    std::fs::write(waiting.join(format!("{TEMPORARY}{sent}")), "half").unwrap();
    std::fs::write(waiting.join("notes"), "mine").unwrap();
    assert_eq!(delete_all(library.path(), State::Waiting, Role::Reader).unwrap(), Deleted { number: 1, quiet: true });
    let left: Vec<_> = std::fs::read_dir(&waiting).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert_eq!(left, ["notes"]);
    assert_eq!(outbox.names(State::Sent).unwrap().len(), 1);
}

#[test]
fn over_the_limit_everyday_events_go_first() {
    let library = library();
    let outbox = Outbox::open(library.path(), Role::Sender).unwrap();
    let now = UnixMillis::now();
    let fatal = keep(&outbox, &stamp(now - 100_000), &entry("FATAL", 0));
    let ancient = keep(&outbox, &stamp(now - 8 * 86_400_000), &entry("FATAL", 0));
    let starts: Vec<EventId> =
        (0..limits::WAITING_EVENTS as u64).map(|i| keep(&outbox, &stamp(now - 1000 + i), &entry("START", 0))).collect();
    let unset = keep(&outbox, &stamp(UnixMillis(1000)), &entry("FATAL", 0));
    outbox.enforce_limits(now).unwrap();
    let left = outbox.names(State::Waiting).unwrap();
    assert_eq!(left.len(), limits::WAITING_EVENTS);
    assert!(left.contains(&unset), "nobody knows how old it is");
    assert!(
        left.contains(&fatal) && !left.contains(&ancient) && !left.contains(&starts[0]) && !left.contains(&starts[1])
    );
}

#[test]
fn an_event_is_sent_by_one_at_a_time_and_deleted_for_room_by_nobody_meanwhile() {
    let library = library();
    let [one, other] = [(); 2].map(|()| Outbox::open(library.path(), Role::Sender).unwrap());
    let now = UnixMillis::now();
    let claim = one.keep(&stamp(now - 5000), &entry("START", 0)).unwrap();
    let name = claim.name();
    assert!(other.claim(&name).unwrap().is_none());
    for i in 0..limits::WAITING_EVENTS as u64 {
        keep(&other, &stamp(now + i), &entry("START", 0));
    }
    other.enforce_limits(now).unwrap();
    let left = other.names(State::Waiting).unwrap();
    assert!(left.len() == limits::WAITING_EVENTS && left.contains(&name), "the oldest is being sent");
    // What is written down about an attempt makes another file of it; whoever held the old one has nothing.
    one.record_attempt(&name, Some(503), now, None).unwrap();
    let (claim, entry) = other.claim(&name).unwrap().unwrap();
    assert_eq!(entry.record.attempts, 1);
    assert!(one.claim(&name).unwrap().is_none());
    drop(claim);
    assert!(one.claim(&name).unwrap().is_some());
    one.mark_sent(&name, 200, now, 20).unwrap();
    assert!(other.claim(&name).is_err(), "it waits no more");
}

#[test]
fn who_opts_out_waits_for_who_is_about_to_send_but_not_for_ever() {
    let library = library();
    let outbox = Outbox::open(library.path(), Role::Sender).unwrap();
    let forget = || delete_all(library.path(), State::Waiting, Role::Reader).unwrap();
    let barrier = outbox.barrier().unwrap();
    let name = keep(&outbox, &stamp(UnixMillis::now()), &entry("START", 0));
    let passage = barrier.pass();
    let others = outbox.barrier().unwrap().pass();
    let start = Instant::now();
    assert_eq!(forget(), Deleted { number: 1, quiet: false });
    assert!(start.elapsed() >= limits::OPT_OUT_WAIT);
    drop(others);
    let release = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(100));
        drop(passage);
    });
    assert_eq!(forget(), Deleted { number: 0, quiet: true });
    release.join().unwrap();
    // What was deleted does not come back.
    assert!(outbox.record_attempt(&name, Some(503), UnixMillis(1), None).is_err());
    assert!(outbox.names(State::Waiting).unwrap().is_empty());
    drop(barrier.pass());
}

#[test]
fn what_matters_most_is_due_first_and_not_before_its_time() {
    let library = library();
    let outbox = Outbox::open(library.path(), Role::Sender).unwrap();
    let now = UnixMillis::now();
    let keep = |age: u64, action| keep(&outbox, &stamp(now - age), &entry(action, 0));
    let (exit, start, later, fatal) = (keep(400, "EXIT"), keep(300, "START"), keep(200, "CRASH"), keep(100, "FATAL"));
    outbox.record_attempt(&later, Some(429), now, Some(now + 1000)).unwrap();
    let due = |now| outbox.due(now).unwrap();
    assert_eq!(due(now), [fatal, exit, start]);
    assert_eq!(due(now + 1000), [later, fatal, exit, start]);
    // The clock was years ahead when the server asked for time.
    outbox.record_attempt(&later, Some(429), now, Some(now + 400 * 86_400_000)).unwrap();
    assert_eq!(due(now).first(), Some(&later));
}

/// An event of before the clock was corrected by 8 days, and one of an older version of this program.
#[test]
fn a_clock_that_was_corrected_makes_nothing_older() {
    let library = library();
    let outbox = Outbox::open(library.path(), Role::Sender).unwrap();
    let (now, days) = (UnixMillis::now(), |days: u64| days * 86_400_000);
    let name = keep(&outbox, &stamp(now), &entry("START", 0));
    let kept = outbox.read(State::Waiting, &name).unwrap();
    assert_eq!(kept.record.frozen.is_some(), cfg!(target_os = "linux"));
    if kept.record.frozen.is_some() {
        for now in [now + days(8), now + days(800), now - days(8)] {
            outbox.enforce_limits(now).unwrap();
            assert_eq!(outbox.names(State::Waiting).unwrap(), std::slice::from_ref(&name));
        }
    }
    // Of another start of the machine, or of a time when nobody wrote that down, the clock tells.
    let boot = BootTime::now();
    for line in ["", r#","frozen":{"boot":"another","ms":1}"#] {
        let text = format!(r#"{{"format":1,"url":"http://127.0.0.1/","attempts":0,"status":null,"time":null{line}}}"#);
        let old = Entry::decode(format!("{text}\nPOST").as_bytes()).unwrap();
        assert_eq!(age(now + days(8), boot.as_ref(), &name, Some(&old)), Duration::from_millis(days(8)));
    }
}

#[test]
fn an_event_is_tried_so_often_and_not_more() {
    let library = library();
    let outbox = Outbox::open(library.path(), Role::Sender).unwrap();
    let now = UnixMillis::now();
    let name = keep(&outbox, &stamp(now), &entry("FATAL", 0));
    for tries in 1..=limits::TRIES {
        assert_eq!(outbox.names(State::Waiting).unwrap().len(), 1, "before try {tries}");
        outbox.record_attempt(&name, None, now, None).unwrap();
        outbox.enforce_limits(now).unwrap();
    }
    assert!(outbox.names(State::Waiting).unwrap().is_empty());
}

/// A sender that is killed at its deadline records no end.
#[test]
fn an_attempt_counts_from_its_beginning() {
    let library = library();
    let outbox = Outbox::open(library.path(), Role::Sender).unwrap();
    let now = UnixMillis::now();
    let name = keep(&outbox, &stamp(now), &entry("START", 0).begun(now));
    let begin = || {
        let (claim, entry) = outbox.claim(&name).unwrap().unwrap();
        let claim = outbox.begin_attempt(&claim, entry, now).unwrap();
        assert!(outbox.claim(&name).unwrap().is_none(), "it is this sender's");
        claim
    };
    let attempts = || outbox.read(State::Waiting, &name).unwrap().record.attempts;
    assert_eq!(attempts(), 1);
    drop(begin());
    assert_eq!(attempts(), 2);
    let claim = begin();
    outbox.record_attempt(&name, Some(503), now, None).unwrap();
    drop(claim);
    assert_eq!(attempts(), 3);
    outbox.record_attempt(&name, None, now, None).unwrap();
    assert_eq!(attempts(), 4);
    let (claim, entry) = outbox.claim(&name).unwrap().unwrap();
    outbox.delete(State::Waiting, &name).unwrap();
    assert!(outbox.begin_attempt(&claim, entry, now).is_err(), "what was deleted does not come back");
}

#[test]
fn the_history_is_bounded_by_number_size_and_age() {
    let library = library();
    let outbox = Outbox::open(library.path(), Role::Sender).unwrap();
    let now = UnixMillis::now();
    let sent = |time, filler, number| {
        let name = keep(&outbox, &stamp(time), &entry("START", filler));
        outbox.mark_sent(&name, 200, now, number).unwrap();
    };
    sent(now - 91 * 86_400_000, 0, 20);
    assert!(outbox.names(State::Sent).unwrap().is_empty());
    (0..5).for_each(|i| sent(now + i, 0, 3));
    assert_eq!(outbox.names(State::Sent).unwrap().len(), 3);
    (0..20).for_each(|i| sent(now + 10 + i, 60_000, 20));
    assert_eq!(outbox.names(State::Sent).unwrap().len(), 17);
    sent(now, 0, 0);
    assert_eq!(outbox.names(State::Sent).unwrap().len(), 17);
}

/// Fills a folder of the outbox with names of one file, the newest of this time.
fn crowd(library: &Path, state: State, number: u64, newest: UnixMillis, file: &str) {
    let folder = library.join(STATE_FOLDER).join(state.folder());
    let one = library.join(file);
    for i in 0..number {
        std::fs::hard_link(&one, folder.join(stamp(newest - i).to_string())).unwrap();
    }
}

#[test]
fn so_much_is_read_of_a_crowded_outbox_and_no_more() {
    let library = library();
    let outbox = Outbox::open(library.path(), Role::Sender).unwrap();
    let now = UnixMillis::now();
    let write = |name: &str, filler| {
        let file = library.path().join(name);
        std::fs::write(&file, entry("START", filler).encode().unwrap()).unwrap();
        std::fs::set_permissions(file, std::fs::Permissions::from_mode(0o600)).unwrap();
    };
    write("small", 0);
    write("large", 60_000);
    let bytes = |items: &[Item]| {
        items.iter().filter_map(|item| item.entry.as_ref().ok()).map(|entry| entry.request.len()).sum::<usize>()
    };
    crowd(library.path(), State::Sent, 300, now, "small");
    crowd(library.path(), State::Waiting, 300, now, "large");
    let (items, unread) = outbox.items().unwrap();
    assert!(items.len() <= 100 && bytes(&items) <= 4 << 20, "{} with {} bytes", items.len(), bytes(&items));
    assert_eq!((items.len() + unread.number, unread.or_more), (600, false));
    for (state, is_there) in [(State::Sent, 50), (State::Waiting, limits::SHOWN_BYTES as u64 / 70_000)] {
        let times: Vec<UnixMillis> =
            items.iter().filter(|item| item.state == state).map(|item| item.name.time).collect();
        assert!(times.iter().is_sorted() && (0..is_there).all(|ago| times.contains(&(now - ago))), "{times:?}");
    }
    // A file that is larger than any entry costs nothing.
    let huge = std::fs::File::create(library.path().join("huge")).unwrap();
    huge.set_len(1 << 40).unwrap();
    crowd(library.path(), State::Waiting, 40, now + 100, "huge");
    let (items, _) = outbox.items().unwrap();
    let waiting = || items.iter().filter(|item| item.state == State::Waiting);
    assert_eq!(waiting().filter(|item| item.entry.is_err()).count(), 40);
    assert_eq!(waiting().count(), 50);
    // The sender leaves of it what it leaves of everything.
    outbox.enforce_limits(now + 1000).unwrap();
    assert!(outbox.names(State::Waiting).unwrap().len() <= limits::WAITING_EVENTS);
    outbox.enforce_history_limits(now + 1000, 20).unwrap();
    assert_eq!(outbox.names(State::Sent).unwrap().len(), 20);
}

#[test]
fn names_without_end_cost_nobody_time_and_are_all_deleted() {
    let library = library();
    let outbox = Outbox::open(library.path(), Role::Sender).unwrap();
    let now = UnixMillis::now();
    std::fs::write(library.path().join("empty"), "").unwrap();
    let number = limits::OUTBOX_NAMES as u64 + 500;
    crowd(library.path(), State::Waiting, number, now, "empty");
    let (items, unread) = outbox.items().unwrap();
    assert!(items.len() == limits::SHOWN_ENTRIES && unread.or_more, "{} and {unread:?}", items.len());
    outbox.enforce_limits(now).unwrap();
    assert!(outbox.due(now).unwrap().len() <= limits::OUTBOX_ENTRIES);
    let left = std::fs::read_dir(library.path().join(STATE_FOLDER).join("waiting")).unwrap().count();
    assert!(left < usize::try_from(number).unwrap() && something_waits(library.path()));
    let deleted = delete_all(library.path(), State::Waiting, Role::Reader).unwrap();
    assert_eq!(deleted, Deleted { number: left, quiet: true });
    assert!(!something_waits(library.path()));
}

#[test]
fn what_a_killed_sender_left_is_deleted_after_a_minute() {
    let library = library();
    let outbox = Outbox::open(library.path(), Role::Sender).unwrap();
    let now = UnixMillis::now();
    let waiting = library.path().join(STATE_FOLDER).join("waiting");
    for time in [now, now - 120_000, now + 120_000, UnixMillis(0)] {
        std::fs::write(waiting.join(format!("{TEMPORARY}{}", stamp(time))), "half").unwrap();
    }
    outbox.enforce_limits(now).unwrap();
    assert_eq!(std::fs::read_dir(&waiting).unwrap().count(), 1);
}

#[test]
fn a_damaged_entry_is_an_error_and_never_a_request() {
    for bytes in [
        &b""[..],
        b"\n",
        b"{}\nPOST",
        b"POST / HTTP/1.1",
        br#"{"format":2,"url":"http://127.0.0.1/","attempts":0,"status":null,"time":null}"#,
    ] {
        assert!(Entry::decode(bytes).is_err());
    }
    let bytes = b"{\"format\":1,\"url\":\"http://example.org/\",\"attempts\":0,\"status\":null,\"time\":null}\nPOST";
    assert!(Entry::decode(bytes).is_err());
    let entry = entry("START", 3);
    assert_eq!(Entry::decode(&entry.encode().unwrap()).unwrap(), entry);
}

#[test]
fn what_waits_is_forgotten_even_where_the_history_is_gone() {
    let library = tempfile::tempdir().unwrap();
    assert_eq!(forget_waiting(None, Role::Reader).unwrap(), 0);
    assert_eq!(forget_waiting(Some(library.path()), Role::Reader).unwrap(), 0);
    drop(Outbox::open(library.path(), Role::Sender).unwrap());
    let state = library.path().join(STATE_FOLDER);
    let event = state.join("waiting/1-0b5d7d7e-4f0f-4f3a-9a57-3c1a6a2f1c11");
    std::fs::write(&event, "").unwrap();
    std::fs::remove_dir(state.join("sent")).unwrap();
    assert_eq!(forget_waiting(Some(library.path()), Role::Reader).unwrap(), 1);
    assert!(!event.exists());
}

#[test]
fn whether_what_waits_may_be_deleted_is_known_before() {
    let library = library();
    assert!(may_forget_waiting(None).is_ok() && may_forget_waiting(Some(library.path())).is_ok());
    drop(Outbox::open(library.path(), Role::Sender).unwrap());
    assert!(may_forget_waiting(Some(library.path())).is_ok());
    let mode = |mode| {
        std::fs::set_permissions(library.path().join(STATE_FOLDER).join("waiting"), PermissionsExt::from_mode(mode))
    };
    mode(0o500).unwrap();
    // Root may write everywhere.
    assert_eq!(may_forget_waiting(Some(library.path())).is_ok(), rustix::process::geteuid().is_root());
    mode(0o700).unwrap();
}
