//! The daemon's events: whether they are sent, by whom, and on which condition the displayed one is.

use crate::agent::folders::Folders;
use crate::agent::hooks::Hooks;
use crate::agent::installed_sender::{Program, Script};
use crate::agent::own_opt_out::Access;
use crate::agent::version::{Calls, Version};
use crate::channels::channel::{Channel, NO_PLUGINS, OPT_OUT, Seen, When};
use crate::channels::hooks::Evidence;
use crate::channels::judgement::{Effect, Judgement, State, Step, by_version};
use crate::config::{Config, ConfigError};
use crate::consent::opt_out_file::opt_out_file;
use crate::consent::{Consent, Decision, Finding, Source};
use crate::release::Release;
use crate::request::{Assembly, NoRequest};
use crate::runs;
use crate::text::printable;

/// The evidence for the daemon's events.
#[derive(Debug, Clone, Copy)]
pub struct Events<'a> {
    pub action: &'a str,
    pub consent: &'a Consent,
    pub assembly: &'a Result<Assembly, NoRequest>,
    /// The program at the daemon's script path.
    pub script: &'a Script,
    /// `None`: unknown.
    pub version: Option<&'a Version>,
    pub folders: &'a Folders,
    /// The hooks of the agent's service.
    pub hooks: &'a Hooks,
    pub config: &'a Result<Config, ConfigError>,
}

const SENDS: &str = "This project's sender sends its request.";
const WOULD: &str = "This project's sender would send its request";

impl Events<'_> {
    /// Whether events are sent, by the daemon's rules, then by those of the program in the script's place.
    fn judge(&self, release: Release, seen: &Seen<'_>) -> Judgement {
        if Calls::of(release) == Calls::Never {
            return Judgement::new(State::NotThere, "this daemon calls no script: it reports by itself");
        }
        let (disabled, mut trace) = seen.disabled(release, When::Running);
        let program = self.sender();
        if disabled == Ok(true) {
            return Judgement::new(State::Off, "the daemon finds an opt-out and does not call the script").with(trace);
        }
        trace.push(match &self.script.program {
            Program::Missing => Step::new("who sends", program, Effect::Off),
            Program::CannotTell(why) => Step::new("who sends", why.clone(), Effect::Unknown),
            _ => Step::new("who sends", program, Effect::None),
        });
        let judgement = match &self.script.program {
            Program::Missing if self.script.path.is_none() => Judgement::new(State::Unknown, NO_PLUGINS),
            Program::Missing => Judgement::new(State::NotThere, "no telemetry script is installed"),
            Program::CannotTell(why) => Judgement::new(State::Unknown, format!("who would send: {why}")),
            Program::Another => Judgement::new(State::Unknown, "another program is installed, with rules of its own"),
            Program::Netdatas => self.netdatas_script(release, seen, &mut trace),
            Program::ThisSender(_) => self.this_sender(&mut trace),
        };
        judgement.with(trace)
    }

    fn this_sender(&self, trace: &mut Vec<Step>) -> Judgement {
        for step in &self.consent.steps {
            let source = step.source.to_string();
            if !trace.iter().any(|known| known.asked == source && known.effect != Effect::None) {
                trace.retain(|known| known.asked != source);
                trace.push(Step::new(source, step.found(), Effect::of(step.finding.verdict())));
            }
        }
        let reason = self.consent.reason().map(|step| format!("{} {}", step.source, step.finding)).unwrap_or_default();
        match (self.consent.decision(), self.assembly) {
            (Decision::OptedOut, _) => Judgement::new(State::Off, reason),
            (Decision::Unknown, _) => Judgement::new(State::Unknown, reason),
            (Decision::Allowed, Err(NoRequest::Config(error))) if error.depends_on_the_account() => {
                Judgement::new(State::Unknown, error.what())
            }
            (Decision::Allowed, Err(error)) => Judgement::new(State::Off, error.to_string()),
            (Decision::Allowed, Ok(_)) => Judgement::new(State::On, "no opt-out that this sender reads was found"),
        }
    }

    /// Netdata's script looks for a regular file in the daemon's config directory, and at the variables.
    fn netdatas_script(&self, release: Release, seen: &Seen<'_>, trace: &mut Vec<Step>) -> Judgement {
        // `DISABLE_TELEMETRY` since v1.34.
        let read = |name: &str| name != "DISABLE_TELEMETRY" || release >= Release(1, 34);
        let own = self.folders.config_path().map(|folder| Source::File(opt_out_file(folder)));
        let mut found = Judgement::new(State::On, "no opt-out that Netdata's own script reads was found");
        for step in &self.consent.steps {
            let counts = match &step.source {
                Source::Variable(name) => read(name),
                source @ Source::File(_) => self.folders.doubt.is_some() || Some(source) == own.as_ref(),
            };
            if !counts {
                continue;
            }
            let certain = self.folders.doubt.is_none() || matches!(step.source, Source::Variable(_));
            let dangling = seen.files.opt_out.as_ref().is_some_and(|file| file.access == Access::Missing);
            // It asks `[ -f FILE ]`, which follows a link and refuses a folder.
            let seen_by_it = match step.finding {
                Finding::Exists("a link") if certain && dangling => Decision::Allowed,
                Finding::Exists("a folder" | "a special file") if certain => Decision::Allowed,
                Finding::Exists("a file") | Finding::Holds(_) if certain => Decision::OptedOut,
                Finding::Exists(_) | Finding::Holds(_) => Decision::Unknown,
                _ => step.finding.verdict(),
            };
            let (source, finding) = (step.source.to_string(), step.found());
            if !trace.iter().any(|known| known.asked == source) {
                trace.push(Step::new(&source, &finding, Effect::of(seen_by_it)));
            }
            match seen_by_it {
                Decision::OptedOut => found = Judgement::new(State::Off, format!("{source} {finding}")),
                Decision::Unknown if found.state == State::On => {
                    found = Judgement::new(State::Unknown, format!("{source} {finding}"));
                }
                _ => {}
            }
        }
        found
    }

    /// Whether the daemon calls a script for this event, if its version is known.
    fn is_called(&self) -> bool {
        self.version.is_none_or(|version| version.calls().includes(self.action))
    }

    /// Whether this project's sender or another program may be called for this event: by the daemon, or by its service.
    pub fn is_sent(&self) -> bool {
        self.is_called() || self.is_sent_by_hooks()
    }

    /// What decides about events by the service's hooks.
    pub fn by_hooks(&self) -> Evidence<'_> {
        Evidence { hooks: self.hooks, config: self.config, consent: self.consent, version: self.version }
    }

    /// Whether the service's hooks report this event in the daemon's place.
    pub fn is_sent_by_hooks(&self) -> bool {
        runs::ACTIONS.contains(&self.action) && self.by_hooks().judge().state.sends()
    }

    /// What a daemon does that calls no script for this event: it has reports of its own, whatever its version.
    pub fn instead(&self) -> String {
        let what = if self.action == "FATAL" { "that it crashed" } else { "how its last run ended" };
        format!(
            "this daemon calls no script for {}. At its next start it reports by itself {what} (show --channel \
             crash-reports)",
            printable(self.action)
        )
    }

    /// The sender in a few words.
    pub fn sender(&self) -> String {
        match (&self.script.program, &self.script.path) {
            _ if self.is_sent_by_hooks() => "this project's sender, by the service's hooks".to_owned(),
            (_, Some(_)) if !self.is_called() => "nobody: this daemon calls none".to_owned(),
            (Program::ThisSender(_), _) => "this project's sender".to_owned(),
            (Program::Netdatas, _) => "Netdata's own script".to_owned(),
            (Program::Another, _) => "another program".to_owned(),
            (Program::Missing, None) => "nobody: no agent found here".to_owned(),
            (Program::Missing, Some(_)) => "nobody: no script installed".to_owned(),
            (Program::CannotTell(_), _) => "cannot tell".to_owned(),
        }
    }

    /// The condition for sending the request of this project's sender.
    pub fn condition(&self) -> String {
        if let Err(error) = self.assembly {
            return format!("This project's sender has no request: {error}.");
        }
        if self.is_sent_by_hooks() {
            return "The hooks of the agent's service make this project's sender send its request.".to_owned();
        }
        if !self.is_called() {
            return format!("Nobody sends the request of this project's sender: {}.", self.instead());
        }
        let consent = match self.consent.decision() {
            Decision::Allowed => None,
            Decision::OptedOut => Some("this machine had not opted out"),
            Decision::Unknown => Some("nothing objects that cannot be seen from this account"),
        };
        let sender = match &self.script.program {
            Program::ThisSender(_) => None,
            Program::Netdatas | Program::Another | Program::Missing => Some("it were installed"),
            Program::CannotTell(_) => Some("it is what is installed"),
        };
        match (sender, consent) {
            (None, None) => SENDS.to_owned(),
            (Some(one), None) | (None, Some(one)) => format!("{WOULD} if {one}."),
            (Some(sender), Some(consent)) => format!("{WOULD} if {sender} and {consent}."),
        }
    }

    pub(super) fn channel(&self, seen: &Seen<'_>) -> Channel {
        Channel {
            name: "events",
            what: "Events of the daemon (up to v2.5): its telemetry script, which this project's sender replaces.",
            is_telemetry: true,
            destination: match self.assembly.as_ref().map(|assembly| assembly.request.endpoint()) {
                Ok(Some(endpoint)) => endpoint.to_string(),
                Ok(None) => "not known here".to_owned(),
                Err(error) => format!("nowhere: {error}"),
            },
            judgement: by_version(self.version, |release| self.judge(release, seen)),
            how_to_stop: OPT_OUT,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::agent::process::{DaemonEnv, Daemons, EnvSource};
    use crate::call::{Invocation, Provenance};
    use crate::channels::Files;
    use crate::config::Config;
    use crate::consent::{Finding, Step};
    use crate::request::Machine;
    use crate::request::payload::EventId;

    /// The condition promises a delivery only if the judgement does.
    #[test]
    fn the_judgement_and_the_condition_agree() {
        let guid = "5c1d2a34-0b7e-4f6a-9d21-7a3e9b8c4d10";
        let mut call = Invocation::expected("START");
        call.know_variable("NETDATA_REGISTRY_UNIQUE_ID", guid, Provenance::Example);
        let machine = Machine { facts: system_facts::Facts::default(), nodename: String::new() };
        let config = Config::load(None);
        let built = Assembly::build(&call, &machine, config.as_ref().unwrap(), None, EventId::now());
        let requests = [built, Err(NoRequest::Identity)];
        let programs = [
            Program::ThisSender("1".into()),
            Program::Netdatas,
            Program::Another,
            Program::Missing,
            Program::CannotTell("why".into()),
        ];
        let findings = [Finding::Nothing, Finding::Exists("a file"), Finding::CannotLook("why".into())];
        let versions = [None, Version::new("v1.37.1", "x"), Version::new("v2.6.1", "x")];
        let folders = Folders::find(&[], |_folder| false);
        for assembly in &requests {
            for program in &programs {
                for finding in &findings {
                    for version in &versions {
                        let step = Step { source: Source::File("/etc/netdata/x".into()), finding: finding.clone() };
                        let consent = Consent { steps: vec![step] };
                        let script = Script { path: Some("/x".into()), program: program.clone() };
                        let events = Events {
                            action: "START",
                            consent: &consent,
                            assembly,
                            script: &script,
                            version: version.as_ref(),
                            folders: &folders,
                            hooks: &Hooks::default(),
                            config: &config,
                        };
                        let seen = Seen {
                            folders: &folders,
                            consent: &consent,
                            daemons: &Daemons::default(),
                            surroundings: &DaemonEnv::new(EnvSource::Asker, |_name| None),
                            version: version.as_ref(),
                            files: &Files::default(),
                            script: &script,
                            starter: Some(0),
                            runner: Some(0),
                        };
                        let sends = events.condition() == SENDS;
                        let judgement = events.channel(&seen).judgement;
                        let on = matches!(program, Program::ThisSender(_)) && judgement.state == State::On;
                        // Without a version nobody knows whether the daemon calls.
                        assert_eq!(sends && version.is_some(), on, "{program:?}, {version:?}: {judgement:?}");
                    }
                }
            }
        }
    }
}
