//! One verdict for the machine, from the channels that are telemetry.

use std::fmt;

use crate::channels::channel::Channel;
use crate::channels::judgement::State;

/// What this machine does. Both interfaces print it; none derives its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Through these channels, now or later.
    Sends {
        channels: Vec<String>,
        /// Those that may send as well.
        unknown: Vec<String>,
    },
    /// Every telemetry channel is known to be off.
    Off,
    CannotTell(String),
    NoAgent,
}

impl Verdict {
    /// `agent`: whether there is one here; an error says why that is unknown.
    pub fn of(channels: &[Channel], agent: &Result<bool, String>) -> Self {
        let telemetry = || channels.iter().filter(|channel| channel.is_telemetry);
        let named = |channel: &Channel| match channel.judgement.state {
            State::OnLater => format!("{} (not at the next start)", channel.name),
            _ => channel.name.to_owned(),
        };
        match agent {
            Ok(false) => Self::NoAgent,
            _ if telemetry().any(|channel| channel.judgement.state.sends()) => {
                let those = |is: fn(State) -> bool| {
                    let mut found: Vec<String> = Vec::new();
                    for name in telemetry().filter(|channel| is(channel.judgement.state)).map(named) {
                        // Several agents have the same channels.
                        if !found.contains(&name) {
                            found.push(name);
                        }
                    }
                    found
                };
                Self::Sends { channels: those(State::sends), unknown: those(|state| state == State::Unknown) }
            }
            Err(why) => Self::CannotTell(why.clone()),
            Ok(true) => match telemetry().find(|channel| channel.judgement.state == State::Unknown) {
                Some(channel) => Self::CannotTell(format!("{}: {}", channel.name, channel.judgement.why)),
                None => Self::Off,
            },
        }
    }

    /// That of all channels together.
    pub const fn state(&self) -> State {
        match self {
            Self::Sends { .. } => State::On,
            Self::Off => State::Off,
            Self::CannotTell(_) => State::Unknown,
            Self::NoAgent => State::NotThere,
        }
    }

    /// Stable between versions, for programs.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Sends { .. } => "sends",
            Self::Off => "off",
            Self::CannotTell(_) => "cannot-tell",
            Self::NoAgent => "no-agent",
        }
    }

    /// `None`: it cannot be told.
    pub const fn sends(&self) -> Option<bool> {
        match self {
            Self::Sends { .. } => Some(true),
            Self::Off | Self::NoAgent => Some(false),
            Self::CannotTell(_) => None,
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sends { channels, unknown } if unknown.is_empty() => write!(f, "SENDS: {}", channels.join(", ")),
            Self::Sends { channels, unknown } => {
                write!(f, "SENDS: {}; cannot tell: {}", channels.join(", "), unknown.join(", "))
            }
            Self::Off => f.write_str("OFF: every telemetry channel is off"),
            Self::CannotTell(why) => write!(f, "CANNOT TELL: {why}"),
            Self::NoAgent => f.write_str("NO AGENT: no Netdata agent was found on this machine"),
        }
    }
}
