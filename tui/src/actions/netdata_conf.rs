//! The part of opting out and in that is in the daemons' `netdata.conf`.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anonymous_statistics::agent::command_line::CommandLine;
use anonymous_statistics::agent::conf::{FILE, SettingSource};
use anonymous_statistics::agent::conf_edit::{NAME, SECTION};
use anonymous_statistics::agent::conf_file::{self, Change, Refusal};
use anonymous_statistics::agent::folders::Folders;
use anonymous_statistics::agent::systemd::Unit;
use anonymous_statistics::channels::crash_reports::SENDING;
use anonymous_statistics::inspect::{Target, goes_on_opted_out};
use system_facts::LiveHost;

use crate::actions::step::Step;
use crate::cli::Scope;
use crate::present::words;

/// A change of one agent's file, or why there will be none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Conf {
    pub(crate) agent: Arc<Folders>,
    pub(crate) change: Result<Change, Refusal>,
}

/// The changes for all agents, where they need any.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Confs(Vec<Conf>);

impl Confs {
    /// For turning off the daemons' own reports.
    pub(crate) fn off(targets: &[Target], scope: Scope) -> Self {
        Self::of(targets, |agent, path| match scope {
            Scope::All if !goes_on_opted_out(agent) => Ok(None),
            Scope::File => Ok(None),
            Scope::All | Scope::Conf => off(agent, path),
        })
    }

    /// For undoing that.
    pub(crate) fn on(targets: &[Target]) -> Self {
        Self::of(targets, |agent, path| conf_file::turn_on(path, stock(agent).as_deref()))
    }

    fn of(targets: &[Target], plan: impl Fn(&Folders, &Path) -> Result<Option<Change>, Refusal>) -> Self {
        let mut seen: Vec<&PathBuf> = Vec::new();
        let mut confs = Vec::new();
        for agent in targets.iter().filter_map(|target| target.agent.as_ref()) {
            let Some(path) = agent.conf.as_ref().filter(|path| !seen.contains(path)) else { continue };
            seen.push(path);
            if let Some(change) = plan(agent, path).transpose() {
                confs.push(Conf { agent: agent.clone(), change });
            }
        }
        Self(confs)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn changes(&self) -> impl Iterator<Item = &Change> {
        self.0.iter().filter_map(|conf| conf.change.as_ref().ok())
    }

    /// What will be done.
    pub(crate) fn steps(&self) -> impl Iterator<Item = Step> {
        self.changes().map(step)
    }

    /// The first reason, with its agent.
    pub(crate) fn refusal(&self) -> Option<(&Folders, &Refusal)> {
        self.0.iter().find_map(|conf| Some((&*conf.agent, conf.change.as_ref().err()?)))
    }

    /// Makes all possible changes. What is refused stays in the answer, beside what was done.
    pub(crate) fn perform(&self) -> (Vec<String>, Self) {
        let mut sentences = Vec::new();
        let mut refused = Vec::new();
        for conf in &self.0 {
            match conf.change.clone().and_then(|change| change.perform().map(|()| done(&change))) {
                Ok(sentence) => sentences.push(sentence),
                Err(refusal) => refused.push(Conf { agent: conf.agent.clone(), change: Err(refusal) }),
            }
        }
        (sentences, Self(refused))
    }
}

fn off(agent: &Folders, path: &Path) -> Result<Option<Change>, Refusal> {
    let is_fixed =
        |(value, by): (&str, SettingSource<'_>)| by == SettingSource::CommandLine && SENDING.contains(&value);
    match agent.conf_in_force(&LiveHost::new()) {
        Err((path, _)) if path.is_relative() => Err(Refusal::Option(path)),
        Ok(conf) if agent.names_conf() && conf.path.is_none() => Err(Refusal::Option(path.to_owned())),
        // The daemon's user could name any file of root's, and a process can change its own command line.
        Ok(_) if agent.names_conf() && !path.ends_with(FILE) && !is_named_by_unit(path) => {
            Err(Refusal::Process(path.to_owned()))
        }
        Ok(conf) if conf.setting(SECTION, NAME).is_some_and(is_fixed) => Err(Refusal::CommandLine),
        // An error will occur again.
        _ => conf_file::turn_off(path, stock(agent).as_deref()),
    }
}

fn is_named_by_unit(conf: &Path) -> bool {
    let named = Unit::find(&LiveHost::new()).and_then(|unit| CommandLine::read(&unit.command).conf);
    named.is_some_and(|named| named == conf)
}

/// The stock file does not count beside a file of the daemon's command line.
fn stock(agent: &Folders) -> Option<PathBuf> {
    agent.stock_conf.clone().filter(|_| !agent.names_conf())
}

fn step(change: &Change) -> Step {
    let (does, how) = match (change.stock(), change.backup()) {
        _ if change.removes_file() => ("remove", ", which opting out had created".to_owned()),
        (Some(stock), _) => ("create", format!(" with the content of {} and this change", words::path(stock))),
        (None, Some(backup)) => ("change", format!(", with a copy of it in {}", words::path(&backup))),
        (None, None) if change.creates_file() => ("create", String::new()),
        (None, None) => ("change", " back".to_owned()),
    };
    let lines = change.diff().lines().map(str::to_owned).collect();
    Step { does, path: words::path(change.path()), how, lines }
}

fn done(change: &Change) -> String {
    let path = words::path(change.path());
    match change.backup() {
        _ if change.removes_file() => format!("Removed {path}, which opting out had created."),
        Some(backup) => format!("Changed {path}: {NAME} = off. The file as it was is {}.", words::path(&backup)),
        None if change.creates_file() => format!("Created {path}, with {NAME} = off."),
        None => format!("Changed {path} back."),
    }
}

#[cfg(test)]
mod tests {
    use anonymous_statistics::agent::folders::DirOverrides;

    use super::*;

    /// As root this program could change any file otherwise.
    #[test]
    fn a_process_alone_cannot_choose_the_file_that_is_changed() {
        let folder = tempfile::tempdir().unwrap();
        for (name, refused) in [("sudoers", true), ("netdata.conf", false)] {
            let path = folder.path().join(name);
            std::fs::write(&path, "").unwrap();
            let line = ["/usr/sbin/netdata".into(), "-c".into(), path.clone().into_os_string()];
            let agent = Folders::find(&[DirOverrides::default().and_command(&line)], |_| false);
            let planned = off(&agent, &path);
            assert_eq!(planned == Err(Refusal::Process(path)), refused, "{name}: {planned:?}");
        }
    }
}
