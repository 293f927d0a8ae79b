//! The one way from what the daemon said to the bytes of a request. The preview and the sender both go it.

mod error;
pub mod event;
pub mod http;
pub mod payload;

use std::ffi::{OsStr, OsString};

use system_facts::{CommonEvidence, Facts, Host, LiveHost};

use crate::call::Invocation;
use crate::config::Config;
use crate::request::event::{Event, Ingredients};
use crate::request::http::{PreparedRequest, prepare};
use crate::request::payload::{Payload, Stamp};

pub use error::NoRequest;

/// What was found out about a machine.
#[derive(Debug, Clone)]
pub struct Machine {
    /// The facts, from common evidence only: they do not depend on who asks.
    pub facts: Facts,
    /// The machine's name, which is looked for in free text so that it is not sent.
    pub nodename: String,
}

impl Machine {
    /// Asks the machine that this program runs on. Of the environment only the two variables count that the daemon's
    /// contract names, as the daemon has them.
    pub fn ask(invocation: &Invocation) -> Self {
        let known = |(name, value): (&OsStr, &OsStr)| Some((name.to_str()?.to_owned(), value.to_owned()));
        let environment: Vec<(String, OsString)> = invocation.variables().filter_map(known).collect();
        let live = LiveHost::with_environment(environment);
        let nodename = live.uname().map(|uname| uname.nodename).unwrap_or_default();
        Self { facts: system_facts::collect_from(&CommonEvidence::new(&live)), nodename }
    }
}

/// An event with its frozen request.
#[derive(Debug, Clone)]
pub struct Assembly {
    /// The event, field by field.
    pub event: Event,
    /// Random number and time of the event.
    pub stamp: Stamp,
    /// The request.
    pub request: PreparedRequest,
}

impl Assembly {
    /// Builds the event, freezes it and prepares its request.
    pub fn build(invocation: &Invocation, machine: &Machine, config: &Config, stamp: Stamp) -> Result<Self, NoRequest> {
        let event = Event::build(Ingredients {
            invocation,
            facts: &machine.facts,
            nodename: &machine.nodename,
            api_key: &config.api_key,
            selection: config.fields,
        })?;
        let payload = Payload::freeze(&event, stamp)?;
        let request = prepare(&payload, &config.endpoint);
        Ok(Self { event, stamp: payload.stamp(), request })
    }
}
