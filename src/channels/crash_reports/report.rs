//! The report that the daemon posts at its next start, made from the status file.

use crate::agent::status_file::ending::{Ending, is_same_boot};
use crate::agent::status_file::{LastStatus, Read, Reasons, Release, State, Uuid};
use crate::channels::crash_reports::circumstances::{Circumstances, If, Known, Marks};
use crate::channels::crash_reports::field::{Facts, ReportField};
use crate::channels::crash_reports::fields::FIELDS;
use crate::channels::crash_reports::{crash, dedup, session};

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    pub path: &'static str,
    /// JSON, byte for byte.
    pub value: Vec<u8>,
    pub known: Known,
}

impl Row {
    pub fn field(&self) -> Option<&'static ReportField> {
        super::fields::field(self.path)
    }
}

/// The request, as far as it is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// In the order of the body.
    pub rows: Vec<Row>,
    pub ending: Ending,
    /// By which the daemon tells that it has posted the same report already (see [`dedup`]). `None`: it is not known,
    /// or the report is never taken for an earlier one.
    pub hash: Option<u64>,
}

/// Why there is no report to show.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unknown {
    /// The rules of this version of the status file are not known.
    File(u64),
    /// Those of this daemon are not.
    Daemon,
}

/// What a stop or a crash writes anew.
const BY_THE_STOP: [&str; 12] = [
    "host_memory_critical",
    "host_memory_free_percent",
    "@timestamp",
    "agent.uptime",
    "agent.aclk",
    "agent.timings.exit",
    "metrics",
    "host.uptime",
    "host.memory",
    "host.disk",
    "fatal.function",
    "fatal.stack_trace",
];

impl Report {
    /// The report about what the daemon has read.
    pub fn new(read: &Read, circumstances: &Circumstances<'_>) -> Result<Self, Unknown> {
        let Circumstances { daemon, case, machine, .. } = circumstances;
        let file = match read {
            Read::UnknownVersion(version) => return Err(Unknown::File(*version)),
            Read::Status(status) | Read::None(_, status) => status,
        };
        // A daemon between two releases has read its own file, if its version stands there.
        let own = (file.agent.version == daemon.text.as_bytes()).then_some(file.version);
        let schema = daemon.schema().or(own).filter(|schema| *schema >= 27).ok_or(Unknown::Daemon)?;
        let mut marks: Marks = vec![("agent_pid_now", Known::AtStart)];
        let updated = file.agent.version != daemon.text.as_bytes();
        if let Read::None(..) = read {
            let status = session::status(file, schema, circumstances, &mut marks);
            return Ok(Self::of(&status, Ending::NO_STATUS, daemon, schema, &marks));
        }
        let mut status = LastStatus::clone(file);
        session::complete(&mut status, machine, &mut marks);
        let mut rebooted = *case == If::PowerLoss;
        let runs_well = status.agent.status != State::Exited && status.agent.exit_reason.is_normal();
        let crash = crash::example(&status.agent.stack_traces).filter(|_| *case == If::Crash && runs_well);
        if let Some(fatal) = crash {
            status.fatal = fatal;
            status.agent.exit_reason.0 |= Reasons::of_signal(crash::SIGNAL).0;
            marks.extend(["fatal", "agent.exit_reason"].map(|path| (path, Known::Example)));
            marks.extend(BY_THE_STOP.map(|path| (path, Known::AtStop)));
        } else if *case == If::Stopped && status.agent.status != State::Exited {
            status.agent.status = State::Exited;
            status.agent.exit_reason.0 |= Reasons::TERMINATED.0;
            marks.extend(BY_THE_STOP.map(|path| (path, Known::AtStop)));
        } else if *case != If::PowerLoss && Ending::depends_on_boot(&status) {
            match circumstances.boot_id {
                Some(now) => rebooted = now != Uuid::default() && !is_same_boot(&now, &status.host.boot_id),
                None => marks.extend(["exit_cause", "message", "priority"].map(|path| (path, Known::NotHere))),
            }
        }
        let ending = Ending::of(&status, rebooted, updated);
        if ending.cause == "exit and updated" {
            status.agent.exit_reason.0 |= Reasons::UPDATE.0;
        }
        if updated {
            marks.push(("agent_version_now", Known::AtStart));
        }
        let hash = dedup::hash(&status, &ending, daemon);
        Ok(Self { hash, ..Self::of(&status, ending, daemon, schema, &marks) })
    }

    fn of(status: &LastStatus, ending: Ending, daemon: &Release, schema: u64, marks: &Marks) -> Self {
        let facts = Facts { status, ending, daemon, schema };
        let rows = FIELDS.iter().filter(|field| facts.has(field.since)).filter_map(|field| {
            let value = Some((field.value)(&facts)).filter(|value| !value.is_empty())?;
            let mark = marks.iter().find(|(mark, _)| covers(mark, field.path));
            Some(Row { path: field.path, value, known: mark.map_or(Known::Now, |(_, known)| *known) })
        });
        let mut report = Self { rows: rows.collect(), ending, hash: None };
        for (path, _) in marks {
            if let Some(path) = path.strip_prefix('=') {
                report.forget(path);
            }
        }
        report
    }

    /// A value of which nothing is known is `null`.
    fn forget(&mut self, path: &str) {
        for row in self.rows.iter_mut().filter(|row| covers(path, row.path)) {
            row.value = b"null".to_vec();
        }
    }

    /// Whether everything but the process id of the next daemon is known.
    pub fn is_exact(&self) -> bool {
        self.rows.iter().all(|row| row.known == Known::Now || row.path == "agent_pid_now")
    }

    pub fn has_examples(&self) -> bool {
        self.rows.iter().any(|row| row.known == Known::Example)
    }

    /// The JSON of the body, with `null` for what is not known at all.
    pub fn body(&self) -> Vec<u8> {
        let mut body = vec![b'{'];
        // The objects that are open.
        let mut open: Vec<&str> = Vec::new();
        for row in &self.rows {
            let mut keys: Vec<&str> = row.path.split('.').collect();
            let name = keys.pop().unwrap_or_default();
            let common = open.iter().zip(&keys).take_while(|(open, key)| open == key).count();
            body.extend(std::iter::repeat_n(b'}', open.len() - common));
            open.truncate(common);
            for key in keys.into_iter().skip(common) {
                comma(&mut body);
                body.extend(format!("\"{key}\":{{").bytes());
                open.push(key);
            }
            comma(&mut body);
            body.extend(format!("\"{name}\":").bytes());
            body.extend(&row.value);
        }
        body.extend(std::iter::repeat_n(b'}', open.len() + 1));
        body
    }

    /// The head of the request. Its length counts the body as it is here, where the process id is `null`.
    pub fn head(&self) -> String {
        let length = self.body().len();
        format!(
            "POST /agent-events HTTP/1.1\r\nHost: {HOST}\r\nAccept: */*\r\nContent-Type: application/json\r\n\
             Content-Length: {length}\r\n\r\n"
        )
    }
}

/// Where every report goes.
pub const HOST: &str = "agent-events.netdata.cloud";

fn comma(body: &mut Vec<u8>) {
    if body.last() != Some(&b'{') {
        body.push(b',');
    }
}

/// Whether a path is this one, or below it. A mark may begin with `=` (see [`Report::forget`]).
fn covers(mark: &str, path: &str) -> bool {
    let rest = path.strip_prefix(mark.strip_prefix('=').unwrap_or(mark));
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::agent::status_file::NoStatus;
    use crate::channels::crash_reports::circumstances::ThisMachine;

    fn running() -> (Release, Read) {
        let daemon = Release::new("v2.11.0").unwrap();
        let file = br#"{"version": 29, "agent": {"status": "running", "version": "v2.11.0"}, "host": {"boot": {"id":
            "b0070000000040008000000000000001"}}}"#;
        let read = LastStatus::read(file, &daemon);
        (daemon, read)
    }

    fn cause(said: &Read, daemon: &Release, boot_id: Option<Uuid>, next: If) -> (String, Report) {
        let circumstances = Circumstances { daemon, boot_id, case: next, machine: ThisMachine::default() };
        let report = Report::new(said, &circumstances).unwrap();
        let cause = report.rows.iter().find(|row| row.path == "exit_cause").unwrap();
        (format!("{} {:?}", String::from_utf8_lossy(&cause.value), cause.known), report.clone())
    }

    #[test]
    fn what_happens_until_the_start() {
        let (daemon, read) = running();
        let (same, other) = ([0xb0, 7, 0, 0, 0, 0, 0x40, 0, 0x80, 0, 0, 0, 0, 0, 0, 1], [1; 16]);
        for (boot_id, case, said) in [
            (Some(same), If::Killed, "\"killed hard\" Now"),
            (Some(other), If::Killed, "\"abnormal power off\" Now"),
            (None, If::Killed, "\"killed hard\" NotHere"),
            (None, If::PowerLoss, "\"abnormal power off\" Now"),
            (Some(same), If::Stopped, "\"exit instructed\" Now"),
        ] {
            let (cause, report) = cause(&read, &daemon, boot_id, case);
            assert_eq!(cause, said);
            assert_eq!(report.is_exact(), case != If::Stopped && !said.ends_with("NotHere"), "{said}");
        }
        // Another version starts.
        let daemon = Release::new("v2.11.1").unwrap();
        let (cause, report) = cause(&read, &daemon, Some(same), If::Stopped);
        assert_eq!(cause, "\"exit and updated\" Now");
        let reasons = report.rows.iter().find(|row| row.path == "agent.exit_reason").unwrap();
        assert_eq!(reasons.value, br#"["signal-terminate","update"]"#);
    }

    #[test]
    fn what_is_not_known_is_null() {
        let (daemon, _) = running();
        let (said, report) = cause(&Read::nothing(NoStatus::NoFile), &daemon, None, If::Killed);
        assert_eq!(said, "\"no last status\" Now");
        for path in ["agent_pid_now", "@timestamp", "agent.id", "host.id", "host.memory.total", "hw.sys.uuid"] {
            let row = report.rows.iter().find(|row| row.path == path).unwrap();
            assert!(row.value == b"null" && row.known != Known::Now, "{row:?}");
        }
    }

    #[test]
    fn an_unknown_version_is_never_guessed() {
        let daemon = Release::new("v2.11.0").unwrap();
        let report = |daemon: &Release, file: &str| {
            let read = LastStatus::read(file.as_bytes(), daemon);
            let machine = ThisMachine::default();
            Report::new(&read, &Circumstances { daemon, boot_id: None, case: If::Killed, machine }).err()
        };
        assert_eq!(report(&daemon, r#"{"version": 30, "agent": {"status": "running"}}"#), Some(Unknown::File(30)));
        assert_eq!(report(&Release::new("v2.12.0").unwrap(), "{}"), Some(Unknown::Daemon));
        // It has written this file itself.
        let own = r#"{"version": 29, "agent": {"status": "running", "version": "v2.12.0"}}"#;
        assert_eq!(report(&Release::new("v2.12.0").unwrap(), own), None);
    }

    #[test]
    fn every_row_has_its_field_once() {
        let mut paths: Vec<&str> = FIELDS.iter().map(|field| field.path).collect();
        paths.sort_unstable();
        assert!(paths.windows(2).all(|pair| pair[0] != pair[1]));
        for mark in BY_THE_STOP {
            assert!(FIELDS.iter().any(|field| covers(mark, field.path)), "{mark}");
        }
        assert!(
            FIELDS
                .iter()
                .filter(|field| field.free_text)
                .map(|field| field.path)
                .eq(["fatal.message", "fatal.stack_trace"])
        );
    }
}
