//! Opting out and in as the commands and the screens do it alike: the core library acts, and here are the words about it.

use std::ffi::OsStr;
use std::io;
use std::path::{Path, PathBuf};

use anonymous_statistics::consent::Source;
use anonymous_statistics::folders::{Folders, FoundBy};
use anonymous_statistics::outbox::{Deleted, Role};
use anonymous_statistics::preview::Preview;
use anonymous_statistics::switch::{self, Done};
use anonymous_statistics::text::printable;

use crate::output::{Failure, NO_PERMISSION};
use crate::report::Report;
use crate::words;

/// Why something cannot be done here, and what would do it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Obstacle {
    what: String,
    advice: Option<&'static str>,
    commands: Vec<String>,
    elsewhere: Vec<String>,
}

impl Obstacle {
    pub(crate) fn failure(self) -> Failure {
        let elsewhere = self.advice.map(str::to_owned).into_iter().chain(self.elsewhere).collect();
        Failure::new(NO_PERMISSION, self.what).instead(self.commands).elsewhere(elsewhere)
    }

    /// The same for the screens, which have no room for more where a command helps.
    pub(crate) fn report(self) -> Report {
        let elsewhere = if self.commands.is_empty() { self.elsewhere } else { Vec::new() };
        let sentences = [self.what].into_iter().chain(self.advice.map(str::to_owned)).chain(elsewhere).collect();
        Report { title: "Not done", sentences, commands: self.commands, consent: true }
    }
}

/// What a preview found that cannot be done here, so that nobody is asked to confirm it.
#[derive(Debug, Default)]
pub(crate) struct Barred {
    pub(crate) opt_out: Option<Obstacle>,
    pub(crate) opt_in: Option<Obstacle>,
}

impl Barred {
    pub(crate) fn look(preview: &Preview) -> Self {
        Self { opt_out: OptOut::plan(preview).barred(), opt_in: OptIn::plan(preview).barred() }
    }
}

/// Who can do what failed here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Who {
    /// Root, as whom sudo runs a command.
    Root,
    /// Root, and that is who asks: something else has to be done first.
    Asker,
    /// Nobody: to root the same is refused.
    Nobody,
}

impl Who {
    fn can(refused: io::ErrorKind, root: bool) -> Self {
        match (refused, root) {
            (io::ErrorKind::ReadOnlyFilesystem, _) | (io::ErrorKind::PermissionDenied, true) => Self::Nobody,
            (_, true) => Self::Asker,
            (_, false) => Self::Root,
        }
    }

    /// What there is to say to that.
    fn advice(self) -> Option<&'static str> {
        (self == Self::Nobody).then_some("More rights would not help: root is refused as well.")
    }
}

fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

/// What has to be known to opt out: the folder of the file, and where events may wait.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct OptOut {
    folder: PathBuf,
    found_by: Option<FoundBy>,
    library: Option<(PathBuf, FoundBy)>,
    restart: Option<String>,
}

/// What came of opting out.
#[derive(Debug)]
pub(crate) struct Outcome {
    plan: OptOut,
    file: io::Result<Done>,
    /// Tried only where the file stands.
    waiting: Option<io::Result<Deleted>>,
}

impl OptOut {
    pub(crate) fn plan(preview: &Preview) -> Self {
        Self {
            folder: preview.opt_out_folder(),
            found_by: preview.folders.config.as_ref().map(|(_, found_by)| *found_by),
            library: preview.folders.library.clone(),
            restart: preview.restart.clone(),
        }
    }

    /// The file that will be created.
    pub(crate) fn file(&self) -> PathBuf {
        switch::opt_out_file(&self.folder)
    }

    /// Whether no agent was found here.
    pub(crate) fn is_without_agent(&self) -> bool {
        self.found_by.is_none()
    }

    /// Whether the folder may have to be created too: only a folder that was found is known to exist.
    pub(crate) fn may_create_folder(&self) -> bool {
        self.found_by != Some(FoundBy::Usual)
    }

    /// Why it cannot be done, as far as that shows before.
    pub(crate) fn barred(&self) -> Option<Obstacle> {
        switch::may_opt_out(&self.folder).err().map(|error| self.obstacle(&error, is_root()))
    }

    fn obstacle(&self, error: &io::Error, root: bool) -> Obstacle {
        let who = Who::can(error.kind(), root);
        Obstacle {
            what: format!("cannot create {}: {error}", words::path(&self.file())),
            advice: who.advice(),
            commands: self.commands(who),
            elsewhere: self.elsewhere(),
        }
    }

    pub(crate) fn perform(self) -> Outcome {
        let file = switch::opt_out(&self.folder);
        let library = self.library.as_ref().map(|(path, _)| path.as_path());
        let waiting = file.is_ok().then(|| switch::silence(library, Role::Reader));
        Outcome { plan: self, file, waiting }
    }

    /// The commands that do the same for whoever can.
    fn commands(&self, who: Who) -> Vec<String> {
        let sudo = if who == Who::Root { "sudo " } else { "" };
        let file = quoted(self.file().as_os_str());
        let create = if self.may_create_folder() {
            format!("{sudo}mkdir -p {} && {sudo}touch {file}", quoted(self.folder.as_os_str()))
        } else {
            format!("{sudo}touch {file}")
        };
        match who {
            Who::Root => vec![again("opt-out", &self.folder, self.library.as_ref()), create],
            Who::Asker => vec![create],
            Who::Nobody => Vec::new(),
        }
    }

    /// How to opt out where no command on this machine does it.
    fn elsewhere(&self) -> Vec<String> {
        let file = self.file();
        let file = file.to_string_lossy();
        vec![
            "In Docker: docker run -e DISABLE_TELEMETRY=1 ...".to_owned(),
            "In Kubernetes: kubectl set env daemonset/NAME DISABLE_TELEMETRY=1".to_owned(),
            format!(
                "With Ansible: ansible HOSTS --become -m ansible.builtin.copy -a {}",
                quoted(OsStr::new(&format!("content='' dest='{file}' mode=0644")))
            ),
        ]
    }
}

impl Outcome {
    /// Why the file does not stand.
    pub(crate) fn obstacle(&self) -> Option<Obstacle> {
        self.file.as_ref().err().map(|error| self.plan.obstacle(error, is_root()))
    }

    /// The same for the screens.
    pub(crate) fn report(&self) -> Report {
        self.obstacle().map_or_else(|| done("Opted out", self.sentences()), Obstacle::report)
    }

    /// What was done, in sentences; nothing where the file does not stand.
    pub(crate) fn sentences(&self) -> Vec<String> {
        let mut sentences = Vec::new();
        let file = words::path(&self.plan.file());
        match self.file {
            Ok(Done::Changed) => sentences.push(format!("Created {file}.")),
            Ok(Done::AlreadySo) => sentences.push(format!("{file} was there already, and stays.")),
            Err(_) => {}
        }
        match &self.waiting {
            None | Some(Ok(Deleted { number: 0, .. })) => {}
            Some(Ok(Deleted { number: 1, .. })) => sentences.push("Deleted 1 event that waited to be sent.".to_owned()),
            Some(Ok(Deleted { number, .. })) => {
                sentences.push(format!("Deleted {number} events that waited to be sent."));
            }
            Some(Err(error)) => sentences.push(format!(
                "Events that may wait to be sent could not be deleted ({error}). The sender deletes them when it is \
                 called next, and sends none."
            )),
        }
        if matches!(self.waiting, Some(Ok(Deleted { quiet: false, .. }))) {
            sentences.push(
                "A sender was about to begin a request and is still there, so that one request may still be sent."
                    .to_owned(),
            );
        }
        if self.file.is_ok() {
            sentences.extend(restart("the dashboard stops as well", self.plan.restart.as_deref()));
        }
        sentences
    }
}

/// What has to be known to opt in: the folder of the file, where events may wait, and what objects beside the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct OptIn {
    folder: PathBuf,
    folders: Folders,
    others: Vec<String>,
    restart: Option<String>,
}

impl OptIn {
    pub(crate) fn plan(preview: &Preview) -> Self {
        let folder = preview.opt_out_folder();
        let source = Source::File(switch::opt_out_file(&folder));
        let others = preview.consent.in_the_way().filter(|step| step.source != source);
        let others = others.map(|step| format!("{} {}", step.source, words::finding(step))).collect();
        Self { folder, folders: preview.folders.clone(), others, restart: preview.restart.clone() }
    }

    /// Whether a preview found the file, or could not see whether it is there.
    pub(crate) fn has_something_to_do(&self, preview: &Preview) -> bool {
        let source = Source::File(self.file());
        preview.consent.in_the_way().any(|step| step.source == source)
    }

    /// The file that will be removed.
    pub(crate) fn file(&self) -> PathBuf {
        switch::opt_out_file(&self.folder)
    }

    /// What keeps the sender silent even then.
    pub(crate) fn others(&self) -> &[String] {
        &self.others
    }

    /// Why it cannot be done, as far as that shows before.
    pub(crate) fn barred(&self) -> Option<Obstacle> {
        let library = self.folders.library.as_ref().map(|(path, _)| path.as_path());
        let waiting = switch::may_forget_waiting(library).map_err(|error| self.cannot_forget(&error));
        let file = || switch::may_opt_in(&self.folder).map_err(|error| self.cannot_remove(&error));
        waiting.and_then(|()| file()).err()
    }

    fn cannot_forget(&self, error: &io::Error) -> Obstacle {
        self.obstacle("cannot delete the events that wait, so nothing was changed", error)
    }

    fn cannot_remove(&self, error: &io::Error) -> Obstacle {
        self.obstacle(&format!("cannot remove {}", words::path(&self.file())), error)
    }

    fn obstacle(&self, what: &str, error: &io::Error) -> Obstacle {
        let who = Who::can(error.kind(), is_root());
        Obstacle {
            what: format!("{what}: {error}"),
            advice: who.advice(),
            commands: again_if(who, "opt-in", &self.folder, self.folders.library.as_ref()),
            elsewhere: Vec::new(),
        }
    }

    /// Deletes the events that wait, then removes the file. An error says what was not possible, and leaves the file.
    pub(crate) fn perform(&self) -> Result<Vec<String>, Obstacle> {
        let file = words::path(&self.file());
        // Events from before this moment were made without consent, or it is not known that they were not.
        let deleted = forget_waiting(self.folders.library.as_ref()).map_err(|error| self.cannot_forget(&error))?;
        let mut sentences = match deleted {
            0 => Vec::new(),
            1 => vec!["Deleted 1 waiting event from before.".to_owned()],
            number => vec![format!("Deleted {number} waiting events from before.")],
        };
        match switch::opt_in(&self.folder).map_err(|error| self.cannot_remove(&error))? {
            Done::Changed => {
                sentences.push(format!("Removed {file}."));
                sentences.extend(restart("the daemon sees it too", self.restart.as_deref()));
            }
            Done::AlreadySo => sentences.push(format!("There is no {file}.")),
        }
        Ok(sentences)
    }

    /// Opts in, for the screens.
    pub(crate) fn report(&self) -> Report {
        self.perform().map_or_else(Obstacle::report, |sentences| done("Opted in", sentences))
    }
}

/// What has to be done then, with the command for it where that is known.
fn restart(then: &str, command: Option<&str>) -> Vec<String> {
    match command {
        None => vec![format!("Restart netdata, then {then}.")],
        // Homebrew's services are a user's own.
        Some(command) if is_root() || command.starts_with("brew ") => {
            vec![format!("Restart netdata, then {then}:"), format!("  {command}")]
        }
        Some(command) => vec![format!("Restart netdata, then {then}:"), format!("  sudo {command}")],
    }
}

fn done(title: &'static str, sentences: Vec<String>) -> Report {
    Report { title, sentences, commands: Vec::new(), consent: true }
}

/// Deletes the events that wait.
pub(crate) fn forget_waiting(library: Option<&(PathBuf, FoundBy)>) -> io::Result<usize> {
    switch::forget_waiting(library.map(|(path, _)| path.as_path()), Role::Reader)
}

/// What deletes or reads what is kept where rights are missing: `forget`, `history` or `diff` with more of them.
pub(crate) fn with_more_rights(verb: &str, preview: &Preview) -> Vec<String> {
    let who = if is_root() { Who::Asker } else { Who::Root };
    again_if(who, verb, &preview.opt_out_folder(), preview.folders.library.as_ref())
}

/// To do the same again helps only as somebody else.
fn again_if(who: Who, verb: &str, folder: &Path, library: Option<&(PathBuf, FoundBy)>) -> Vec<String> {
    (who == Who::Root).then(|| again(verb, folder, library)).into_iter().collect()
}

/// This program once more, with sudo. That drops most of the environment, so the folders stand in the command.
fn again(verb: &str, folder: &Path, library: Option<&(PathBuf, FoundBy)>) -> String {
    let program = std::env::current_exe().unwrap_or_else(|_unknown| PathBuf::from("telemetry-preview"));
    let mut command =
        format!("sudo {} {verb} --config-dir {}", quoted(program.as_os_str()), quoted(folder.as_os_str()));
    if let Some((library, FoundBy::Option | FoundBy::Variable | FoundBy::Daemon)) = library {
        command.push_str(" --lib-dir ");
        command.push_str(&quoted(library.as_os_str()));
    }
    command
}

/// A word for a shell.
fn quoted(word: &OsStr) -> String {
    match shlex::bytes::try_quote(word.as_encoded_bytes()) {
        Ok(quoted) => String::from_utf8_lossy(&quoted).into_owned(),
        // Only a NUL cannot be quoted, and no path holds one.
        Err(_nul) => printable(&word.to_string_lossy()).into_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_can_be_pasted() {
        assert_eq!(quoted(OsStr::new("/etc/netdata")), "/etc/netdata");
        assert_eq!(quoted(OsStr::new("/my folder/it's")), "\"/my folder/it's\"");
        assert_eq!(quoted(OsStr::new("/$(reboot)")), "'/$(reboot)'");
    }

    #[test]
    fn the_command_names_what_sudo_would_forget() {
        let library = Some((PathBuf::from("/lib dir"), FoundBy::Variable));
        let plan = OptOut { folder: "/nonexistent/a b".into(), found_by: None, library, restart: None };
        let commands = plan.commands(Who::Root);
        assert!(commands[0].starts_with("sudo "), "{commands:?}");
        assert!(commands[0].ends_with(" opt-out --config-dir '/nonexistent/a b' --lib-dir '/lib dir'"), "{commands:?}");
        let touch = "sudo touch '/nonexistent/a b/.opt-out-from-anonymous-statistics'";
        assert_eq!(commands[1], format!("sudo mkdir -p '/nonexistent/a b' && {touch}"));
    }
    #[test]
    fn sudo_is_for_those_whom_it_helps() {
        let plan =
            OptOut { folder: "/etc/netdata".into(), found_by: Some(FoundBy::Usual), library: None, restart: None };
        let touch = "touch /etc/netdata/.opt-out-from-anonymous-statistics";
        for (error, root, last, refused) in [
            (io::ErrorKind::PermissionDenied, false, Some(format!("sudo {touch}")), false),
            (io::ErrorKind::NotFound, false, Some(format!("sudo {touch}")), false),
            (io::ErrorKind::NotFound, true, Some(touch.to_owned()), false),
            (io::ErrorKind::PermissionDenied, true, None, true),
            (io::ErrorKind::ReadOnlyFilesystem, false, None, true),
            (io::ErrorKind::ReadOnlyFilesystem, true, None, true),
        ] {
            let report = plan.obstacle(&error.into(), root).report();
            assert_eq!(report.commands.last().cloned(), last, "{error:?}, {root}");
            assert!(report.sentences[0].ends_with(&format!(": {error}")), "{report:?}");
            assert_eq!(report.sentences.iter().any(|said| said.contains("root is refused")), refused, "{report:?}");
            assert!(!root || !format!("{report:?}").contains("sudo"), "{report:?}");
        }
    }
}
