//! From the daemon's call to the bytes of a request, for the sender and the preview alike.

mod error;
pub mod event;
pub mod http;
pub mod payload;
pub mod test_event;

use std::ffi::{OsStr, OsString};

use system_facts::{CommonEvidence, Facts, Host, LiveHost};

use crate::call::Invocation;
use crate::config::Config;
use crate::destination::Destination;
use crate::request::event::{Event, Ingredients};
use crate::request::http::{PreparedRequest, prepare};
use crate::request::payload::{EventId, Payload};

pub use error::NoRequest;

#[derive(Debug, Clone)]
pub struct Machine {
    /// From common evidence only: they do not depend on the account that asks.
    pub facts: Facts,
    /// Searched for in free text, so that it is not sent.
    pub nodename: String,
}

impl Machine {
    /// Asks this machine. Of the environment only the two variables of the daemon's contract count, with the daemon's
    /// values.
    pub fn ask(invocation: &Invocation) -> Self {
        let known = |(name, value): (&OsStr, &OsStr)| Some((name.to_str()?.to_owned(), value.to_owned()));
        let environment: Vec<(String, OsString)> = invocation.variables().filter_map(known).collect();
        let live = LiveHost::with_environment(environment);
        let nodename = live.uname().map(|uname| uname.nodename).unwrap_or_default();
        let mut facts = system_facts::collect_from(&CommonEvidence::new(&live));
        system_facts::internal::netdata::provide_virtualization(&live, &mut facts);
        Self { facts, nodename }
    }
}

#[derive(Debug, Clone)]
pub struct Assembly {
    pub event: Event,
    pub stamp: EventId,
    pub request: PreparedRequest,
}

impl Assembly {
    /// Builds the event, freezes it and prepares its request. Without a destination, where one depends on the daemon's
    /// version and that is not known here, it is only for people to look at.
    pub fn build(
        invocation: &Invocation,
        machine: &Machine,
        config: &Config,
        destination: Option<&Destination>,
        stamp: EventId,
    ) -> Result<Self, NoRequest> {
        let event = Event::build(Ingredients {
            invocation,
            facts: &machine.facts,
            nodename: &machine.nodename,
            destination,
            selection: config.fields,
            withheld: &config.withheld,
        })?;
        let payload = Payload::freeze(&event, stamp)?;
        let request = prepare(&payload, destination.map(|destination| &destination.endpoint));
        Ok(Self { event, stamp: payload.stamp(), request })
    }
}
