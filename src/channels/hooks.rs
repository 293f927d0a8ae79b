//! Events of agents that call no script (from v2.6 on), by hooks of their service, to a server of the organisation's own.

use crate::agent::hooks::Hooks;
use crate::agent::installed_sender::Program;
use crate::agent::version::Version;
use crate::channels::channel::Channel;
use crate::channels::judgement::{Effect, Judgement, State, Step};
use crate::config::{Config, ConfigError, NO_OWN};
use crate::consent::{Consent, Decision};
use crate::runs::{self, Nothing};

/// What decides whether a hook's call sends something, by the rules of this sender.
#[derive(Debug, Clone, Copy)]
pub struct Evidence<'a> {
    pub hooks: &'a Hooks,
    pub config: &'a Result<Config, ConfigError>,
    pub consent: &'a Consent,
    /// `None`: unknown.
    pub version: Option<&'a Version>,
}

impl Evidence<'_> {
    pub fn judge(&self) -> Judgement {
        let Hooks { found, doubt, have_called } = self.hooks;
        let mut trace: Vec<Step> = found
            .iter()
            .map(|hook| {
                let effect = match hook.program {
                    Program::ThisSender(_) => Effect::On,
                    Program::Missing => Effect::Off,
                    _ => Effect::Unknown,
                };
                Step::new(&hook.place, hook.describe(), effect)
            })
            .collect();
        if *have_called {
            trace.push(Step::new("the record of runs", "a hook has called", Effect::On));
        }
        let is_called = found.iter().any(|hook| matches!(hook.program, Program::ThisSender(_))) || *have_called;
        let may_be_called = is_called || found.iter().any(|hook| hook.program != Program::Missing);
        let own = self.own_destination();
        if !may_be_called && (doubt.is_none() || own.as_ref().err().is_some_and(|none| none.state == State::Off)) {
            return match found.first() {
                None => Judgement::new(State::NotThere, "no hook of the agent's service calls this sender"),
                Some(hook) => Judgement::new(State::Off, format!("{} {}", hook.place, hook.describe())),
            }
            .with(trace);
        }
        let reason = self.consent.reason().map(|step| format!("{} {}", step.source, step.finding)).unwrap_or_default();
        trace.push(match self.consent.decision() {
            Decision::Allowed => Step::new("consent", "no opt-out that this sender reads was found", Effect::None),
            decision => Step::new("consent", reason.clone(), Effect::of(decision)),
        });
        trace.push(match &own {
            Ok(host) => Step::new("url and api_key", format!("your own: {host}"), Effect::On),
            Err(none) => {
                let effect = if none.state == State::Off { Effect::Off } else { Effect::Unknown };
                Step::new("url and api_key", none.why.clone(), effect)
            }
        });
        let by_version = runs::is_ours(self.version.map(|version| version.text.as_str()));
        // What another program sends, its own rules decide.
        let other = found.iter().find(|hook| !matches!(hook.program, Program::ThisSender(_) | Program::Missing));
        if let Some(hook) = other {
            return Judgement::new(State::Unknown, format!("{} {}", hook.place, hook.describe())).with(trace);
        }
        let judgement = match (self.consent.decision(), own, by_version) {
            (Decision::OptedOut, ..) => Judgement::new(State::Off, reason),
            (_, Err(none), _) if none.state == State::Off => none,
            (_, _, Err(why @ Nothing::CallsItself(_))) => Judgement::new(State::Off, why.to_string()),
            (Decision::Unknown, ..) => Judgement::new(State::Unknown, reason),
            (_, Err(unknown), _) => unknown,
            (_, _, Err(why)) => Judgement::new(State::Unknown, why.to_string()),
            (Decision::Allowed, Ok(_), Ok(_)) if is_called => Judgement::new(
                State::On,
                "the agent's service calls this sender, and no opt-out that it reads was found",
            ),
            (Decision::Allowed, Ok(_), Ok(_)) => {
                Judgement::new(State::Unknown, doubt.as_deref().unwrap_or("whether a hook calls cannot be seen"))
            }
        };
        judgement.with(trace)
    }

    /// The host of the organisation's own server; the error is the judgement without one.
    fn own_destination(&self) -> Result<String, Judgement> {
        match self.config {
            Ok(config) => match config.wholly_own_destination() {
                Some(own) => Ok(own.endpoint.to_string()),
                None => Err(Judgement::new(State::Off, NO_OWN)),
            },
            Err(error) if error.depends_on_the_account() => Err(Judgement::new(State::Unknown, error.what())),
            Err(error) => Err(Judgement::new(State::Off, error.to_string())),
        }
    }
}

pub(super) fn channel(evidence: &Evidence<'_>) -> Channel {
    Channel {
        name: "hooks",
        what: "Events by the service's hooks (from v2.6 on): starts, stops and crashes, to your own PostHog only.",
        is_telemetry: true,
        destination: evidence.own_destination().unwrap_or_else(|none| format!("nowhere: {}", none.why)),
        judgement: evidence.judge(),
        how_to_stop: "telemetry-preview opt-out; or take url and api_key out of anonymous-statistics.toml",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::agent::hooks::Hook;
    use crate::consent::{Finding, Source, Step as Looked};

    const OWN: &str = "url = 'https://posthog.example.org/capture/'\napi_key = 'own'\n";

    fn config(text: &str) -> Result<Config, ConfigError> {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join(crate::config::FILE), text).unwrap();
        Config::load(Some(folder.path()))
    }

    fn judged(hooks: &Hooks, toml: &str, found: &Finding, version: Option<&str>) -> State {
        let steps = vec![Looked { source: Source::File("/etc/netdata/x".into()), finding: found.clone() }];
        let version = version.and_then(|text| Version::new(text, "x"));
        let (config, consent) = (config(toml), Consent { steps });
        Evidence { hooks, config: &config, consent: &consent, version: version.as_ref() }.judge().state
    }

    #[test]
    fn every_condition_of_the_sender_counts() {
        let hook = |program| Hook { place: "here".into(), path: "/x".into(), program };
        let hooks =
            |found, doubt: Option<&str>, have_called| Hooks { found, doubt: doubt.map(ToOwned::to_owned), have_called };
        let ours = hooks(vec![hook(Program::ThisSender("1".into()))], None, false);
        let nothing = Finding::Nothing;
        let file = Finding::Exists("a file");
        let unseen = Finding::CannotLook("why".into());
        let new = Some("v2.9.0");
        for (hooks, toml, finding, version, state) in [
            (&ours, OWN, &nothing, new, State::On),
            (&ours, OWN, &nothing, None, State::Unknown),
            (&ours, OWN, &nothing, Some("v2.5.4"), State::Off),
            // A newer sender may know it.
            (&ours, OWN, &nothing, Some("v2.99.0"), State::Unknown),
            (&ours, OWN, &file, new, State::Off),
            (&ours, OWN, &unseen, new, State::Unknown),
            (&ours, "", &nothing, new, State::Off),
            (&ours, "", &unseen, None, State::Off),
            (&ours, "url = 'http://127.0.0.1:9/'\n", &nothing, new, State::Off),
            (&ours, "nonsense", &nothing, new, State::Off),
            (&hooks(Vec::new(), None, false), OWN, &nothing, new, State::NotThere),
            (&hooks(Vec::new(), Some("why"), false), OWN, &nothing, new, State::Unknown),
            (&hooks(Vec::new(), Some("why"), false), "", &nothing, new, State::NotThere),
            (&hooks(Vec::new(), None, true), OWN, &nothing, new, State::On),
            (&hooks(vec![hook(Program::Missing)], None, false), OWN, &nothing, new, State::Off),
            (&hooks(vec![hook(Program::Another)], None, false), OWN, &nothing, new, State::Unknown),
            (&hooks(vec![hook(Program::Another)], None, true), OWN, &file, new, State::Unknown),
            (&hooks(vec![hook(Program::CannotTell("why".into()))], None, false), "", &nothing, new, State::Unknown),
        ] {
            let found = judged(hooks, toml, finding, version);
            assert_eq!(found, state, "{hooks:?} {toml} {finding:?} {version:?}");
        }
    }
}
