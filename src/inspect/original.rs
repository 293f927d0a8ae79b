//! Netdata's own script in the place of a sender, and what it would send.

use std::path::Path;

use crate::agent::netdatas_script::{Filled, NetdatasScript, SCRIPT_BYTES};
use crate::call::Invocation;
use crate::files::{self, Links};
use crate::request::Machine;

#[derive(Debug, Clone)]
pub struct Original {
    /// Perhaps not all of it.
    pub text: String,
    /// An error says why it is not understood.
    pub request: Result<(NetdatasScript, Filled), String>,
}

impl Original {
    pub(super) fn look(path: &Path, call: &Invocation, machine: &Machine) -> Self {
        let bytes = match files::read(path, Links::Follow, SCRIPT_BYTES) {
            Ok(bytes) => bytes,
            Err(error) => {
                return Self {
                    text: String::new(),
                    request: Err(format!("it cannot be read: {}", crate::text::reason(&error))),
                };
            }
        };
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let request = match NetdatasScript::read(&text) {
            Ok(script) => {
                let filled = fill(&script, call, machine);
                Ok((script, filled))
            }
            Err(stopped) => Err(format!("line {} is none of Netdata's", stopped.line)),
        };
        Self { text, request }
    }

    /// What it would send in another call, if it is understood.
    pub(super) fn of(&self, call: &Invocation, machine: &Machine) -> Option<Filled> {
        self.request.as_ref().ok().map(|(script, _)| fill(script, call, machine))
    }
}

fn fill(script: &NetdatasScript, call: &Invocation, machine: &Machine) -> Filled {
    let lines = system_facts::internal::netdata::lines(&machine.facts);
    script.fill(call, |name| lines.iter().find(|line| line.name == name).map(|line| line.value.clone()))
}
