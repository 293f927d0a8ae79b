//! Opting out and in, for the commands and the screens. The core library acts; the words are here.

#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::io;
use std::path::PathBuf;

use anonymous_statistics::agent::folders::{CONFIG_DIRECTORIES, Folders};
use anonymous_statistics::consent::opt_out_file::{self, Done};
use anonymous_statistics::consent::{Decision, Finding, Source};
use anonymous_statistics::inspect::{Preview, Question, Target};
use anonymous_statistics::outbox::{self, Deleted, Role};
use anonymous_statistics::text::reason;

use crate::actions::elsewhere;
use crate::actions::netdata_conf::Confs;
use crate::actions::report::Report;
use crate::actions::rights::{Who, again, again_if};
use crate::actions::step::Step;
use crate::cli::Scope;
use crate::output::{Failure, NO_PERMISSION};
use crate::present::commands::{is_root, quoted};
use crate::present::words;

/// The obstacles that a preview found, so that nobody confirms an impossible action, and the changes of `netdata.conf`.
#[derive(Debug, Default)]
pub(crate) struct Barred {
    pub(crate) opt_out: Option<Failure>,
    pub(crate) opt_in: Option<Failure>,
    pub(crate) off: Confs,
    pub(crate) on: Confs,
}

impl Barred {
    pub(crate) fn look(preview: &Preview) -> Self {
        let (off, on) = (Confs::off(&preview.targets, Scope::All), Confs::on(&preview.targets));
        Self {
            opt_out: OptOut::plan(preview, off.clone()).barred(),
            opt_in: OptIn::plan(preview, on.clone()).barred(),
            off,
            on,
        }
    }
}

/// A planned opt-out: the folders for the file, the outboxes, and the changes of `netdata.conf`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct OptOut {
    /// Empty without the file.
    targets: Vec<Target>,
    pub(crate) confs: Confs,
    without_agent: bool,
    folders: Folders,
    restart: Option<String>,
}

#[derive(Debug)]
pub(crate) struct Outcome {
    plan: OptOut,
    /// One for each target.
    files: Vec<io::Result<Done>>,
    /// Only for the agents whose file exists now.
    waiting: io::Result<Deleted>,
    /// What was changed, and what was refused.
    confs: (Vec<String>, Confs),
}

/// The places of the file: one for each agent, or the usual one for a future agent.
fn or_usual(targets: Vec<Target>) -> Vec<Target> {
    if targets.is_empty() {
        // None of the usual folders exists.
        let (folder, file) = (CONFIG_DIRECTORIES[0].into(), Finding::Nothing);
        return vec![Target { folder, exists: false, file, foreign: false, library: None, agent: None }];
    }
    targets
}

fn file_of(target: &Target) -> PathBuf {
    opt_out_file::opt_out_file(&target.folder)
}

impl OptOut {
    pub(crate) fn plan(preview: &Preview, confs: Confs) -> Self {
        Self {
            without_agent: preview.targets.is_empty(),
            targets: or_usual(preview.targets.clone()),
            confs,
            folders: preview.folders.clone(),
            restart: preview.restart.clone(),
        }
    }

    /// The same without a preview, which would take longer.
    pub(crate) fn find(question: &Question, scope: Scope) -> Self {
        let (found, folders) = Preview::targets(question);
        let (confs, without_agent) = (Confs::off(&found, scope), found.is_empty());
        let targets = if scope == Scope::Conf { Vec::new() } else { or_usual(found) };
        Self { without_agent, targets, confs, folders, restart: None }
    }

    /// The files to create.
    pub(crate) fn files(&self) -> impl Iterator<Item = PathBuf> {
        self.targets.iter().map(file_of)
    }

    pub(crate) fn steps(&self) -> Vec<Step> {
        let create = |target: &Target| {
            let folder = if target.exists { "" } else { " (and its folder)" };
            Step { how: format!("{folder} if missing"), ..Step::with("create", &file_of(target)) }
        };
        let delete = (!self.targets.is_empty()).then(Step::delete_events);
        self.targets.iter().map(create).chain(self.confs.steps()).chain(delete).collect()
    }

    pub(super) fn notes(&self) -> Vec<String> {
        let refusal = self.confs.refusal().map(|(_, refusal)| {
            format!("The daemon's own reports go on: cannot change {refusal}. What to do instead is shown afterwards.")
        });
        let file =
            "The file stops the sender. It does not stop the daemon's own reports; the change of netdata.conf does.";
        let both = self.confs.changes().next().map(|_| file.to_owned());
        let nobody = "No Netdata agent was found here. One that is installed later will start opted out.";
        let usual = || "The sender obeys it at once, the daemon and its dashboard after a restart.".to_owned();
        [refusal.or(both).unwrap_or_else(usual)]
            .into_iter()
            .chain(self.without_agent.then(|| nobody.to_owned()))
            .collect()
    }

    /// Whether only an agent names one of the folders: no file is written there without a confirmation.
    pub(crate) fn is_foreign(&self) -> bool {
        self.targets.iter().any(|target| target.foreign)
    }

    /// Whether something else than a file in a usual folder is written.
    pub(crate) fn is_to_be_confirmed(&self) -> bool {
        self.is_foreign() || self.confs.changes().next().is_some()
    }

    /// The obstacle, as far as it is visible in advance.
    pub(crate) fn barred(&self) -> Option<Failure> {
        let may: Vec<_> = self.targets.iter().map(|target| opt_out_file::may_opt_out(&target.folder)).collect();
        self.obstacle_of(&may)
    }

    /// The first error, with the commands for all failed targets.
    fn obstacle_of<T>(&self, results: &[io::Result<T>]) -> Option<Failure> {
        let failed =
            self.targets.iter().zip(results).filter_map(|(target, result)| Some((target, result.as_ref().err()?)));
        self.obstacle(&failed.collect::<Vec<_>>(), is_root())
    }

    /// The obstacle to a change of `netdata.conf`. The file is no worse for it.
    pub(crate) fn conf_obstacle(&self, confs: &Confs) -> Option<Failure> {
        let (agent, refusal) = confs.refusal()?;
        let who = Who::can(refusal.kind(), is_root());
        let verb = if self.targets.is_empty() { "opt-out --channel crash-reports" } else { "opt-out" };
        let is_of_rights = refusal.kind() == io::ErrorKind::PermissionDenied;
        let what = format!("the daemon's own reports go on: cannot change {refusal}");
        let commands = if is_of_rights { again_if(who, verb, &self.folders) } else { Vec::new() };
        let failure = Failure::new(NO_PERMISSION, what).instead(commands);
        Some(failure.elsewhere(elsewhere::of_reports(agent, refusal)))
    }

    fn obstacle(&self, failed: &[(&Target, &io::Error)], root: bool) -> Option<Failure> {
        let (first, error) = failed.first()?;
        let who: Vec<_> = failed.iter().map(|(target, error)| (*target, Who::can(error.kind(), root))).collect();
        let file = file_of(first);
        let what = format!("cannot create {}: {}", words::path(&file), reason(error));
        let failure = Failure::new(NO_PERMISSION, what).said(Who::can(error.kind(), root).advice().map(str::to_owned));
        Some(failure.instead(self.commands(&who)).elsewhere(elsewhere::of_file(&file, !self.confs.is_empty())))
    }

    pub(crate) fn perform(self) -> Outcome {
        let files: Vec<_> = self.targets.iter().map(|target| opt_out_file::opt_out(&target.folder)).collect();
        let opted_out = self.targets.iter().zip(&files).filter(|(_, file)| file.is_ok()).map(|(target, _)| target);
        let waiting = silence(opted_out);
        let confs = self.confs.perform();
        Outcome { plan: self, files, waiting, confs }
    }

    /// The equivalent commands, for each target that somebody with the necessary rights can opt out. The file alone is not
    /// equivalent where a `netdata.conf` changes too.
    fn commands(&self, targets: &[(&Target, Who)]) -> Vec<String> {
        let create = |&(target, who): &(&Target, Who)| {
            let sudo = if who == Who::Root { "sudo " } else { "" };
            let file = quoted(file_of(target).as_os_str());
            if target.exists {
                format!("{sudo}touch {file}")
            } else {
                format!("{sudo}mkdir -p {} && {sudo}touch {file}", quoted(target.folder.as_os_str()))
            }
        };
        let helped: Vec<_> = targets.iter().filter(|(_, who)| *who != Who::Nobody).collect();
        let again = helped.iter().any(|(_, who)| *who == Who::Root).then(|| again("opt-out", &self.folders));
        let enough = helped.into_iter().filter(|_| self.confs.is_empty());
        let create = enough.map(create).collect::<Vec<_>>().join(" && ");
        again.into_iter().chain(Some(create).filter(|create| !create.is_empty())).collect()
    }
}

/// Deletes the waiting events of these agents. It tries all, then returns the first error.
fn silence<'t>(targets: impl Iterator<Item = &'t Target>) -> io::Result<Deleted> {
    let mut libraries = BTreeSet::new();
    libraries.extend(targets.filter_map(|target| target.library.as_deref()));
    let deleted: Vec<_> = libraries.into_iter().map(|library| outbox::silence(Some(library), Role::Reader)).collect();
    let nothing = Deleted { number: 0, quiet: true };
    deleted.into_iter().try_fold(nothing, |all, one| {
        let one = one?;
        Ok(Deleted { number: all.number + one.number, quiet: all.quiet && one.quiet })
    })
}

const BEGUN: &str = "A sender was about to begin a request and is still there, so that one request may still be sent.";

impl Outcome {
    /// The obstacle, if a file could not be created or changed.
    pub(crate) fn obstacle(&self) -> Option<Failure> {
        self.plan.obstacle_of(&self.files).or_else(|| self.plan.conf_obstacle(&self.confs.1))
    }

    pub(crate) fn report(&self) -> Report {
        let said = self.sentences(self.plan.restart.as_deref());
        let Some(obstacle) = self.obstacle() else { return Report::done("Opted out", said) };
        let mut report = Report::from(obstacle);
        report.sentences.extend(said);
        report
    }

    /// The actions taken, and the restart that remains. Empty if no file exists now.
    pub(crate) fn sentences(&self, command: Option<&str>) -> Vec<String> {
        let mut sentences = Vec::new();
        for (target, file) in self.plan.targets.iter().zip(&self.files) {
            let path = words::path(&file_of(target));
            match file {
                Ok(Done::Changed) => sentences.push(format!("Created {path}.")),
                Ok(Done::AlreadySo) => sentences.push(format!("{path} already existed, and stays.")),
                Err(_) => {}
            }
        }
        sentences.extend_from_slice(&self.confs.0);
        match &self.waiting {
            Ok(Deleted { number, quiet }) => {
                let deleted = format!("Deleted {} that waited to be sent.", counted(*number, "event"));
                sentences.extend((*number > 0).then_some(deleted));
                sentences.extend((!quiet).then(|| BEGUN.to_owned()));
            }
            Err(error) => sentences.push(format!(
                "Events that may wait to be sent could not be deleted ({}). The sender deletes them when it is called \
                 next, and sends none.",
                reason(error)
            )),
        }
        if !sentences.is_empty() {
            let then =
                if self.files.is_empty() { "for this to take effect" } else { "to stop the dashboard's events too" };
            sentences.extend(restart(then, command));
        }
        sentences
    }
}

/// A planned opt-in: the files, the outboxes, and the other objections.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct OptIn {
    targets: Vec<Target>,
    pub(crate) confs: Confs,
    folders: Folders,
    others: Vec<String>,
    restart: Option<String>,
}

impl OptIn {
    pub(crate) fn plan(preview: &Preview, confs: Confs) -> Self {
        let targets = or_usual(preview.targets.clone());
        let is_target = |source: &Source| {
            targets.iter().any(|target| matches!(source, Source::File(path) if *path == file_of(target)))
        };
        let others = preview.consent.in_the_way().filter(|step| !is_target(&step.source));
        let others = others.map(|step| format!("{} {}", step.source, step.found())).collect();
        Self { targets, confs, folders: preview.folders.clone(), others, restart: preview.restart.clone() }
    }

    fn finds_file(&self) -> bool {
        self.targets.iter().any(|target| target.file.verdict() != Decision::Allowed)
    }

    /// Whether a file or an edit of ours was found, or may exist unseen.
    pub(crate) fn has_something_to_do(&self) -> bool {
        self.finds_file() || !self.confs.is_empty()
    }

    /// The files to remove; if none was found, all possible ones.
    pub(crate) fn files(&self) -> Vec<PathBuf> {
        let is_one = |target: &&Target| !self.finds_file() || target.file.verdict() != Decision::Allowed;
        self.targets.iter().filter(is_one).map(file_of).collect()
    }

    pub(crate) fn steps(&self) -> Vec<Step> {
        let remove = self.files().into_iter().map(|file| Step::with("remove", &file));
        std::iter::once(Step::delete_events()).chain(remove).chain(self.confs.steps()).collect()
    }

    pub(super) fn notes(&self) -> Vec<String> {
        let others = self.others.iter().map(|other| format!("Still opted out by {other}."));
        ["From then on this machine may send telemetry.".to_owned()].into_iter().chain(others).collect()
    }

    /// The obstacle, as far as it is visible in advance.
    pub(crate) fn barred(&self) -> Option<Failure> {
        let waiting = |target: &Target| {
            outbox::may_forget_waiting(target.library.as_deref()).map_err(|error| self.cannot_forget(&error))
        };
        let file = |target: &Target| {
            opt_out_file::may_opt_in(&target.folder).map_err(|error| self.cannot_remove(target, &error))
        };
        self.targets.iter().find_map(|target| waiting(target).and_then(|()| file(target)).err())
    }

    fn cannot_forget(&self, error: &io::Error) -> Failure {
        let line = format!("cannot delete the events that wait, so nothing was changed: {}", reason(error));
        self.obstacle(line, error.kind())
    }

    fn cannot_remove(&self, target: &Target, error: &io::Error) -> Failure {
        self.obstacle(format!("cannot remove {}: {}", words::path(&file_of(target)), reason(error)), error.kind())
    }

    fn obstacle(&self, line: String, refused: io::ErrorKind) -> Failure {
        let who = Who::can(refused, is_root());
        Failure::new(NO_PERMISSION, line).said(who.advice().map(str::to_owned)).instead(again_if(
            who,
            "opt-in",
            &self.folders,
        ))
    }

    /// Deletes the waiting events, then removes the files. It stops at the first error, with the remaining files in
    /// place.
    pub(crate) fn perform(&self) -> Result<Vec<String>, Failure> {
        // These events were made without consent, or at least without proof of it.
        let deleted = silence(self.targets.iter()).map_err(|error| self.cannot_forget(&error))?;
        let mut sentences = Vec::new();
        if deleted.number > 0 {
            sentences.push(format!("Deleted {} from before.", counted(deleted.number, "waiting event")));
        }
        let mut changed = false;
        for target in &self.targets {
            let file = words::path(&file_of(target));
            match opt_out_file::opt_in(&target.folder) {
                Ok(Done::Changed) => {
                    changed = true;
                    sentences.push(format!("Removed {file}."));
                }
                Ok(Done::AlreadySo) if self.targets.len() == 1 => sentences.push(format!("There is no {file}.")),
                Ok(Done::AlreadySo) => {}
                Err(error) => return Err(self.cannot_remove(target, &error).after(sentences)),
            }
        }
        let (done, refused) = self.confs.perform();
        changed |= !done.is_empty();
        sentences.extend(done);
        if let Some((_, refusal)) = refused.refusal() {
            let line = format!("cannot undo the change of netdata.conf: {refusal}");
            return Err(self.obstacle(line, refusal.kind()).after(sentences));
        }
        if changed {
            sentences.extend(restart("for this to take effect", self.restart.as_deref()));
        }
        Ok(sentences)
    }

    /// The same for the screens.
    pub(crate) fn report(&self) -> Report {
        self.perform().map_or_else(Report::from, |sentences| Report::done("Opted in", sentences))
    }
}

fn counted(number: usize, what: &str) -> String {
    format!("{number} {what}{}", if number == 1 { "" } else { "s" })
}

/// The restart that remains, with its command if that is known.
fn restart(then: &str, command: Option<&str>) -> Vec<String> {
    let Some(command) = command else { return vec![format!("Restart netdata {then}.")] };
    // Homebrew's services belong to a user.
    let sudo = if is_root() || command.starts_with("brew ") { "" } else { "sudo " };
    vec![format!("Restart netdata {then}:"), format!("  {sudo}{command}")]
}
