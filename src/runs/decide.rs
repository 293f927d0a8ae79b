//! Which events are due at a call.

use crate::agent::status_file::{self, LastStatus, Uuid};
use crate::destination::NO_SCRIPT_FROM;
use crate::release::Release;
use crate::request::payload;
use crate::runs::end::{End, UNSEEN, end, end_without_file};
use crate::runs::hook::{Hook, Stop};
use crate::runs::nothing::Nothing;
use crate::runs::record::{Key, Record, Run};

/// What a call finds.
#[derive(Debug, Clone, Copy)]
pub struct Seen<'s> {
    pub hook: Hook,
    /// The last status, if the daemon has left one.
    pub status: Option<&'s LastStatus>,
    /// Of the machine's present boot. `None`: not known.
    pub boot: Option<Uuid>,
    /// Whether the process that wrote the status is still there.
    pub still_runs: bool,
    /// The version of the installed daemon, if it is known.
    pub installed: Option<&'s str>,
    /// The agent's identifier, if it has one.
    pub identity: Option<&'s str>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum What {
    Start,
    End(End),
}

/// An event that is to be reported.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Due {
    pub what: What,
    /// The same whenever the same start or end is reported.
    pub uuid: payload::Uuid,
    /// The daemon's version.
    pub version: String,
    /// Whether the status file is of this run.
    pub of_status: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// In the order in which it happened.
    pub due: Vec<Due>,
    /// To be written once these events are stored.
    pub record: Record,
    /// Why nothing, or not everything, is due.
    pub nothing: Option<Nothing>,
}

/// `record`: what was reported so far; `None`: this is the first call.
pub fn decide(record: Option<Record>, seen: &Seen<'_>) -> Decision {
    let is_first = record.is_none();
    let mut decision = Decision { due: Vec::new(), record: record.unwrap_or_default(), nothing: None };
    match (seen.identity, seen.hook.stop) {
        (None, _) => decision.nothing = Some(Nothing::Identity),
        (Some(_), Some(stop)) => decision.stop(seen, stop),
        (Some(_), None) => decision.start(seen, is_first),
    }
    decision
}

/// Whether the daemon of this version reports no events by itself, by rules that are known.
pub fn is_ours(version: Option<&str>) -> Result<String, Nothing> {
    let text = version.ok_or(Nothing::UnknownVersion(None))?;
    match Release::range(text) {
        None => Err(Nothing::UnknownVersion(None)),
        // A build on the way to a later version may still be like the earlier one.
        Some((first, _)) if first < NO_SCRIPT_FROM => Err(Nothing::CallsItself(text.to_owned())),
        Some((first, _)) if first > Release::NEWEST_KNOWN => Err(Nothing::UnknownVersion(Some(text.to_owned()))),
        Some(_) => Ok(text.to_owned()),
    }
}

impl Seen<'_> {
    /// The run of the status file.
    fn written(&self) -> Option<Key> {
        self.status.and_then(|status| Key::new(status.agent.ephemeral_id))
    }

    fn version_of_status(&self) -> Result<String, Nothing> {
        is_ours(self.status.and_then(|status| str::from_utf8(&status.agent.version).ok()))
    }

    fn event(&self, key: Option<Key>, of: &str) -> payload::Uuid {
        Key::event(key, of, self.identity.unwrap_or_default())
    }

    fn is_updated(&self) -> bool {
        let last = self.status.and_then(|status| str::from_utf8(&status.agent.version).ok());
        let [last, installed] = [last, self.installed].map(|text| text.and_then(status_file::Release::new));
        last.zip(installed).is_some_and(|(last, installed)| last != installed)
    }
}

impl Decision {
    fn find(&self, is: impl Fn(&Run) -> bool) -> Option<usize> {
        self.record.runs.iter().rposition(is)
    }

    /// Returns whether the end is reported. `of_status`: the status file is of this run.
    fn end(&mut self, seen: &Seen<'_>, key: Option<Key>, end: End, of_status: bool) -> bool {
        let version = if of_status { seen.version_of_status() } else { is_ours(seen.installed) };
        match (key, version) {
            (Some(_), Ok(version)) => {
                self.due.push(Due { what: What::End(end), uuid: seen.event(key, "end"), version, of_status });
                true
            }
            (None, _) => self.nothing(Nothing::NoRun),
            (_, Err(why)) => self.nothing(why),
        }
    }

    fn nothing(&mut self, why: Nothing) -> bool {
        self.nothing = Some(why);
        false
    }

    fn start(&mut self, seen: &Seen<'_>, is_first: bool) {
        if seen.still_runs {
            self.nothing(Nothing::StillRuns);
            return;
        }
        let (hook, written) = (seen.hook, seen.written());
        // A second call at the same start; without an identifier that is one before anything new was written.
        let again = match hook.invocation {
            Some(id) => self.find(|run| run.invocation == Some(id)),
            None => {
                self.find(|run| run.invocation.is_none() && run.status.is_none() && !run.ended && run.before == written)
            }
        };
        if again.is_some() {
            self.nothing(Nothing::Reported);
            return;
        }
        if let Some(written) = written {
            self.end_of_written(seen, written, is_first);
        }
        self.lost_ends(seen);
        match is_ours(seen.installed) {
            Ok(version) => {
                // After the same run, only one start is reported where none has an identifier of its own.
                let uuid = match hook.invocation {
                    Some(_) => seen.event(hook.invocation, "start"),
                    None => seen.event(written, "start after"),
                };
                self.due.push(Due { what: What::Start, uuid, version, of_status: false });
                self.record.add(Run { invocation: hook.invocation, before: written, ..Run::default() });
            }
            Err(why) => {
                self.nothing(why);
            }
        }
    }

    /// The end of the status file's run, which no hook has reported.
    fn end_of_written(&mut self, seen: &Seen<'_>, written: Key, is_first: bool) {
        let owner = self
            .find(|run| run.wrote(written))
            .or_else(|| self.find(|run| !run.ended && run.status.is_none() && run.before != Some(written)));
        let at = owner.unwrap_or_else(|| {
            self.record.add(Run { status: Some(written), ..Run::default() });
            self.record.runs.len() - 1
        });
        let Some(run) = self.record.runs.get_mut(at) else { return };
        run.status = Some(written);
        if run.ended {
            return;
        }
        let key = run.key();
        if is_first {
            self.nothing(Nothing::OnlyNoted);
        } else if let Some(status) = seen.status {
            let end = end(status, None, seen.boot, seen.is_updated());
            if !self.end(seen, key, end, true) {
                return;
            }
        }
        if let Some(run) = self.record.runs.get_mut(at) {
            run.ended = true;
        }
    }

    /// Runs that began and wrote nothing before the next one begins.
    fn lost_ends(&mut self, seen: &Seen<'_>) {
        let lost: Vec<usize> =
            (0..self.record.runs.len()).filter(|at| self.record.runs.get(*at).is_some_and(|run| !run.ended)).collect();
        for at in lost {
            let Some(run) = self.record.runs.get(at).copied() else { continue };
            // The status file is of another run, and a version that must not be reported stays open.
            if run.status.is_none() && !self.end(seen, run.key(), UNSEEN, false) {
                continue;
            }
            if let Some(run) = self.record.runs.get_mut(at) {
                run.ended |= run.status.is_none();
            }
        }
    }

    fn stop(&mut self, seen: &Seen<'_>, stop: Stop) {
        let before = self.record.clone();
        let (id, written) = (seen.hook.invocation, seen.written());
        let of_id = id.and_then(|id| self.find(|run| run.invocation == Some(id)));
        let of_file = written.and_then(|written| self.find(|run| run.wrote(written)));
        let open = || self.find(|run| !run.ended && run.invocation.is_none() && run.status.is_none());
        let (at, of_status) = match (of_id, of_file, written) {
            (Some(at), Some(other), _) => (Some(at), at == other),
            // What lay there at its start is not of this run.
            (Some(at), None, written) => {
                let before = self.record.runs.get(at).and_then(|run| run.before);
                (Some(at), written.is_some() && written != before)
            }
            // The file is of a run that is known: of this one only if nothing else tells them apart.
            (None, Some(other), _) if id.is_none() => (Some(other), true),
            (None, Some(_), _) => (None, false),
            (None, None, Some(_)) => (if id.is_none() { open() } else { None }, true),
            (None, None, None) => (if id.is_none() { open() } else { None }, false),
        };
        let at = at.unwrap_or_else(|| {
            self.record.add(Run { invocation: id, ..Run::default() });
            self.record.runs.len() - 1
        });
        let Some(run) = self.record.runs.get_mut(at) else { return };
        if run.ended {
            self.nothing(Nothing::Reported);
            return;
        }
        if of_status {
            run.status = written;
        }
        let key = run.key();
        let is_reported = match seen.status.filter(|_| of_status) {
            Some(status) => {
                let end = end(status, Some(stop), seen.boot, seen.is_updated());
                self.end(seen, key, end, true)
            }
            None => self.end(seen, key, end_without_file(stop), false),
        };
        match self.record.runs.get_mut(at) {
            Some(run) if is_reported => run.ended = true,
            _ => self.record = before,
        }
    }
}
