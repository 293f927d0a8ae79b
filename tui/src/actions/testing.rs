//! Starting the installed sender for one test event. Nothing else in this program starts a program, and this program opens
//! no network socket for it either.

use std::ffi::OsString;
use std::io::Read;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anonymous_statistics::agent::installed_sender::startable;
use anonymous_statistics::agent::process::TRUST_STORE_VARIABLES;
use anonymous_statistics::config::Config;
use anonymous_statistics::consent::{Consent, Decision, OPT_OUT_VARIABLES};
use anonymous_statistics::destination::Destination;
use anonymous_statistics::inspect::{Preview, Question};
use anonymous_statistics::proxy::VARIABLES as PROXY_VARIABLES;
use anonymous_statistics::request::payload::EventId;
use anonymous_statistics::request::{Assembly, Machine, test_event};
use anonymous_statistics::text::{printable, reason};

use crate::output::{Failure, NOT_DONE, USAGE};
use crate::present::words;

/// The sender ends by itself after two seconds; a busy machine needs some more to start it.
const PATIENCE: Duration = Duration::from_secs(20);

/// The interval of checking that.
const LOOK: Duration = Duration::from_millis(5);

/// Bytes of an answer. A real one is a line.
const ANSWER_BYTES: u64 = 4096;

/// A planned start of the sender.
#[derive(Debug)]
pub(crate) struct Test {
    program: PathBuf,
    folders: Vec<OsString>,
    environment: Vec<(OsString, OsString)>,
    destination: Destination,
    pub(crate) assembly: Assembly,
}

impl Test {
    /// The test of a configuration. The error says why it cannot be sent.
    pub(crate) fn plan(question: &Question, preview: &Preview, config: &Config) -> Result<Self, Failure> {
        let Some(destination) = config.wholly_own_destination() else {
            let what = "there is no server of your own to test: name one with --url and --api-key";
            return Err(Failure::new(USAGE, what));
        };
        if let Some(why) = std::iter::once(&preview.consent).chain(&preview.askers).find_map(objection) {
            return Err(not_sent(&why));
        }
        let beside = std::env::current_exe().ok();
        let folder = beside.as_deref().and_then(|program| program.parent());
        let program = startable(&preview.script, folder).map_err(|error| not_sent(&error.to_string()))?;
        let environment = environment(question, preview);
        let invocation = test_event::invocation(environment.clone());
        let machine = Machine::ask(&invocation);
        let assembly = Assembly::build(&invocation, &machine, config, Some(&destination), EventId::now())
            .map_err(|error| not_sent(&error.to_string()))?;
        let named = [("--config-dir", preview.folders.config_path()), ("--lib-dir", preview.folders.library_path())];
        let named = named.into_iter().filter_map(|(option, folder)| Some([option.into(), folder?.into()])).flatten();
        Ok(Self { program, folders: named.collect(), environment, destination, assembly })
    }

    /// What will happen.
    pub(crate) fn sentence(&self) -> String {
        format!(
            "This starts {}, which sends one event named TEST to {}",
            words::path(&self.program),
            printable(&self.destination.endpoint.to_string())
        )
    }

    /// The sender's answer in one line, and whether the server accepted the event.
    pub(crate) fn perform(&self) -> Result<(String, bool), Failure> {
        let program = words::path(&self.program);
        let failed = |error| Failure::new(NOT_DONE, format!("{program} could not be started: {}", reason(&error)));
        let mut sender = Command::new(&self.program)
            .args(&self.folders)
            .arg("--send-test")
            .env_clear()
            .envs(self.environment.iter().map(|(name, value)| (name, value)))
            .current_dir("/")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(failed)?;
        let Some(accepted) = wait(&mut sender) else {
            let what = format!("{program} did not end in time; whether the event was sent is not known");
            return Err(Failure::new(NOT_DONE, what));
        };
        let said = first_line(sender.stdout.take()).or_else(|| first_line(sender.stderr.take()));
        Ok((said.unwrap_or_else(|| "no answer".to_owned()), accepted))
    }
}

/// Whether it ended well. `None`: not in time, and now it is gone.
fn wait(sender: &mut Child) -> Option<bool> {
    let start = Instant::now();
    while start.elapsed() < PATIENCE {
        match sender.try_wait() {
            Ok(Some(status)) => return Some(status.success()),
            Ok(None) => std::thread::sleep(LOOK),
            Err(_) => break,
        }
    }
    let _ = sender.kill();
    let _ = sender.wait();
    None
}

fn first_line(stream: Option<impl Read>) -> Option<String> {
    let mut bytes = Vec::new();
    stream?.take(ANSWER_BYTES).read_to_end(&mut bytes).ok()?;
    let text = String::from_utf8_lossy(&bytes);
    let line = text.lines().next()?;
    Some(printable(line.strip_prefix("anonymous-statistics: ").unwrap_or(line)).into_owned())
}

fn objection(consent: &Consent) -> Option<String> {
    let because = consent.reason().map(|step| format!("{} {}", step.source, step.found())).unwrap_or_default();
    match consent.decision() {
        Decision::Allowed => None,
        Decision::OptedOut => Some(format!("opted out by {because}")),
        Decision::Unknown => Some(format!("cannot tell whether this machine has opted out, because of {because}")),
    }
}

fn not_sent(why: &str) -> Failure {
    Failure::new(NOT_DONE, format!("no test is sent, and nothing was changed: {why}"))
}

/// The part of the daemon's environment that decides about a request, so that the test takes the way of its events; and
/// the caller's own objections.
fn environment(question: &Question, preview: &Preview) -> Vec<(OsString, OsString)> {
    let of_daemon = PROXY_VARIABLES.into_iter().chain(TRUST_STORE_VARIABLES).chain(OPT_OUT_VARIABLES);
    let of_daemon = of_daemon.filter_map(|name| Some((name, preview.surroundings.known(name)?)));
    let of_asker = OPT_OUT_VARIABLES.into_iter().filter_map(|name| {
        let value = question.environment.get(std::ffi::OsStr::new(name))?;
        Some((name, value.as_os_str()))
    });
    of_asker.chain(of_daemon).map(|(name, value)| (name.into(), value.to_owned())).collect()
}
