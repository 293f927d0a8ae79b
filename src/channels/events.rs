//! The daemon's events: the outcome of the displayed one, its sender, and its condition.

use crate::agent::folders::Folders;
use crate::agent::installed_sender::{Program, Script};
use crate::agent::version::Version;
use crate::channels::channel::{Channel, OptOutEffect};
use crate::consent::opt_out_file::opt_out_file;
use crate::consent::{Consent, Decision, Source};
use crate::request::{Assembly, NoRequest};

/// The outcome, if the daemon made its call now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// This request is sent.
    WillSend,
    /// Another program sends another request.
    AnotherSends,
    /// No sender is known; this project's sender would send this request.
    WouldSend,
    /// There is consent, but no request.
    WillNotSend,
    /// Nothing is sent, because of an opt-out.
    OptedOut,
    /// Some of the evidence is not visible, or this sender is silent and the daemon may not be.
    CannotTell,
}

impl Verdict {
    /// Stable between versions, for programs.
    pub const fn name(self) -> &'static str {
        match self {
            Self::WillSend => "will-send",
            Self::AnotherSends => "another-sends",
            Self::WouldSend => "would-send",
            Self::WillNotSend => "will-not-send",
            Self::OptedOut => "opted-out",
            Self::CannotTell => "cannot-tell",
        }
    }
}

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
    /// Whether there is an agent here, or was at the time of the recorded call.
    pub has_agent: bool,
}

impl Events<'_> {
    pub fn verdict(&self) -> Verdict {
        let verdict = match (self.consent.decision(), self.assembly, &self.script.program) {
            (Decision::OptedOut, _, Program::Netdatas) if !self.netdatas_script_sees_it() => Verdict::AnotherSends,
            (Decision::OptedOut, ..) => Verdict::OptedOut,
            (Decision::Unknown, ..) => Verdict::CannotTell,
            (Decision::Allowed, Err(NoRequest::Config(error)), _) if error.depends_on_the_account() => {
                Verdict::CannotTell
            }
            (Decision::Allowed, Err(_), _) => Verdict::WillNotSend,
            // A daemon that does not call its script for this event reports by itself.
            (Decision::Allowed, Ok(_), _) if !self.is_called() => Verdict::CannotTell,
            (Decision::Allowed, Ok(_), Program::ThisSender(_)) => Verdict::WillSend,
            (Decision::Allowed, Ok(_), Program::Netdatas | Program::Another) => Verdict::AnotherSends,
            (Decision::Allowed, Ok(_), Program::Missing | Program::CannotTell(_)) => Verdict::WouldSend,
        };
        match verdict {
            Verdict::OptedOut | Verdict::WillNotSend if self.may_report_itself() => Verdict::CannotTell,
            verdict => verdict,
        }
    }

    /// Whether Netdata's own script sees the opt-out: it looks for the file only in the daemon's config directory.
    fn netdatas_script_sees_it(&self) -> bool {
        let own = self.folders.config_path().map(|folder| Source::File(opt_out_file(folder)));
        self.consent.steps.iter().filter(|step| step.finding.verdict() == Decision::OptedOut).any(|step| {
            match step.source {
                Source::Variable(_) => true,
                Source::File(_) => self.folders.doubt.is_none() && Some(&step.source) == own.as_ref(),
            }
        })
    }

    /// Whether the daemon may also report by itself: it does from v2.3 on, by rules of its own. An agent of unknown
    /// version may be one of those.
    pub fn may_report_itself(&self) -> bool {
        match self.version {
            Some(version) => version.reports_itself(),
            None => self.has_agent,
        }
    }

    /// The outcome and its reason in one line.
    pub fn headline(&self) -> String {
        let reason =
            || self.consent.reason().map(|step| format!("{} {}", step.source, step.finding)).unwrap_or_default();
        match (self.verdict(), self.assembly) {
            (Verdict::OptedOut, _) => format!("OPTED OUT: {}", reason()),
            (Verdict::CannotTell, _) if self.consent.decision() == Decision::Unknown => {
                format!("CANNOT TELL from this account: {}", reason())
            }
            (Verdict::CannotTell, Err(NoRequest::Config(error))) if error.depends_on_the_account() => {
                format!("CANNOT TELL from this account: {}", error.what())
            }
            (Verdict::CannotTell, _) => match self.version {
                Some(version) => format!("CANNOT TELL: this daemon also reports by itself ({})", version.text),
                None => "CANNOT TELL: this daemon also reports by itself, unless it is older than v2.3".to_owned(),
            },
            (Verdict::WillNotSend, Err(error)) => format!("WILL NOT SEND: {error}"),
            (Verdict::WillNotSend, Ok(_)) => "WILL NOT SEND".to_owned(),
            (Verdict::WillSend, _) => "WILL SEND".to_owned(),
            (Verdict::AnotherSends, _) if self.script.program == Program::Netdatas => {
                "NOT THIS: Netdata's own script is installed".to_owned()
            }
            (Verdict::AnotherSends, _) => "NOT THIS: another program is installed".to_owned(),
            (Verdict::WouldSend, _) if matches!(self.script.program, Program::CannotTell(_)) => {
                "WOULD SEND, if this sender is what is installed".to_owned()
            }
            (Verdict::WouldSend, _) => "WOULD SEND, if this sender were installed".to_owned(),
        }
    }

    /// Whether the daemon calls a script for this event, if its version is known.
    pub fn is_called(&self) -> bool {
        self.version.is_none_or(|version| version.calls().includes(self.action))
    }

    /// The sender in a few words.
    pub fn sender(&self) -> String {
        match (&self.script.program, &self.script.path) {
            (_, Some(_)) if !self.is_called() => "nobody: this daemon calls none".to_owned(),
            (Program::ThisSender(version), _) => format!("this sender, {version}"),
            (Program::Netdatas, _) => "Netdata's own script".to_owned(),
            (Program::Another, _) => "another program".to_owned(),
            (Program::Missing, None) => "nobody: no agent found here".to_owned(),
            (Program::Missing, Some(_)) => "nobody: no script installed".to_owned(),
            (Program::CannotTell(_), _) => "cannot tell".to_owned(),
        }
    }

    /// The condition for sending the displayed request.
    pub fn condition(&self) -> String {
        if self.assembly.is_err() {
            return "There is no request that could be sent.".to_owned();
        }
        if !self.is_called() {
            return "Nobody sends this request: this daemon calls no script for this event.".to_owned();
        }
        let consent = match self.consent.decision() {
            Decision::Allowed => None,
            Decision::OptedOut => Some("this machine had not opted out"),
            Decision::Unknown => Some("nothing objects that cannot be seen from this account"),
        };
        let sender = match &self.script.program {
            Program::ThisSender(_) => None,
            Program::Netdatas | Program::Another | Program::Missing => Some("this sender were installed"),
            Program::CannotTell(_) => Some("this sender is what is installed"),
        };
        match (sender, consent) {
            (None, None) => "This request is the one that it sends.".to_owned(),
            (Some(one), None) | (None, Some(one)) => format!("This request would be sent, if {one}."),
            (Some(sender), Some(consent)) => format!("This request would be sent, if {sender} and {consent}."),
        }
    }

    pub(super) fn channel(&self) -> Channel {
        Channel {
            name: "events",
            what: "Events of the daemon: its telemetry script, which this project's sender replaces.",
            reach: OptOutEffect::Stops,
            state: self.headline(),
            how_to_stop: "telemetry-preview opt-out",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::call::{Invocation, Provenance};
    use crate::config::Config;
    use crate::consent::{Finding, Step};
    use crate::request::Machine;
    use crate::request::payload::EventId;

    /// The condition promises a delivery only if the headline does.
    #[test]
    fn the_headline_and_the_condition_agree() {
        let guid = "5c1d2a34-0b7e-4f6a-9d21-7a3e9b8c4d10";
        let mut call = Invocation::expected("START");
        call.know_variable("NETDATA_REGISTRY_UNIQUE_ID", guid, Provenance::Example);
        let machine = Machine { facts: system_facts::Facts::default(), nodename: String::new() };
        let built = Assembly::build(&call, &machine, &Config::load(None).unwrap(), EventId::now());
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
                        let events = Events {
                            action: "START",
                            consent: &Consent { steps: vec![step] },
                            assembly,
                            script: &Script { path: Some("/x".into()), program: program.clone() },
                            version: version.as_ref(),
                            folders: &folders,
                            has_agent: true,
                        };
                        let sends = events.condition() == "This request is the one that it sends.";
                        assert_eq!(sends, events.verdict() == Verdict::WillSend, "{events:?}: {}", events.headline());
                    }
                }
            }
        }
    }
}
