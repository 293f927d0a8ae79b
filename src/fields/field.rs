//! The row of a field.

use crate::fields::shape::Shape;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Selection {
    #[default]
    All,
    /// The fields of Netdata's telemetry page, and those that PostHog needs.
    Documented,
}

/// A field's place in the body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// Beside `properties`.
    Top,
    Properties,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Group {
    Envelope,
    /// Constants in place of values that PostHog would otherwise look up.
    Masks,
    Event,
    Agent,
    System,
    /// The agent's container, if any.
    Container,
    Hardware,
    Configuration,
    Usage,
    Browser,
}

impl Group {
    pub const fn title(self) -> &'static str {
        match self {
            Self::Envelope => "Delivery",
            Self::Masks => "Placeholders",
            Self::Event => "What happened",
            Self::Agent => "Netdata",
            Self::System => "Operating system",
            Self::Container => "Container",
            Self::Hardware => "Processor, memory, disk",
            Self::Configuration => "Configuration of the agent",
            Self::Usage => "Use of the agent",
            Self::Browser => "Browser",
        }
    }

    /// In display order.
    pub const ALL: [Self; 10] = [
        Self::Envelope,
        Self::Masks,
        Self::Event,
        Self::Agent,
        Self::System,
        Self::Container,
        Self::Hardware,
        Self::Configuration,
        Self::Usage,
        Self::Browser,
    ];
}

/// Why a field is collected: the two purposes of Netdata's telemetry page, and the needs of delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// Does it work as expected, and on which systems do failures repeat?
    QualityAssurance,
    /// How is it used, and how do development decisions influence that?
    UsageStatistics,
    Both,
    /// Delivery and counting need it.
    Delivery,
    /// It prevents the collection of something else.
    Protection,
}

impl Purpose {
    pub const fn describe(self) -> &'static str {
        match self {
            Self::QualityAssurance => "quality assurance",
            Self::UsageStatistics => "usage statistics",
            Self::Both => "quality assurance and usage statistics",
            Self::Delivery => "needed to deliver and count the event",
            Self::Protection => "keeps the server from filling in something else",
        }
    }
}

/// How much a value reveals about one machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Sensitivity {
    Constant,
    /// Many machines share the value.
    Coarse,
    /// Few machines may share the value.
    Exact,
    /// Unique to this installation.
    Identifier,
}

impl Sensitivity {
    pub const fn describe(self) -> &'static str {
        match self {
            Self::Constant => "constant",
            Self::Coarse => "coarse",
            Self::Exact => "exact",
            Self::Identifier => "identifier",
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    Constant(&'static str),
    /// The public key of the destination, if it has one.
    ApiKey,
    /// The daemon's argument of this number, a JSON fragment.
    Argument(usize),
    /// The same, if the daemon gives exactly this many.
    ArgumentOf {
        number: usize,
        count: usize,
    },
    Variable(&'static str),
    /// A system fact, by the name of the daemon's variable.
    Fact(&'static str),
    /// From the daemon's first three arguments.
    EventPart(EventPart),
    Dropped,
    /// Whether the configuration withholds a field of the event.
    Withheld,
    /// A random UUID, set when the event is frozen.
    FrozenUuid,
    /// The time when the event is frozen.
    FrozenTime,
    /// The dashboard's: a key in the agent's answer to `/api/v1/registry?action=hello`.
    Hello(&'static str),
    /// The dashboard's own.
    Page,
    /// Found by PostHog's client, posthog-js, in the browser.
    Client,
}

impl Origin {
    /// Whether fields of these origins have the same value, or parts of it.
    pub fn has_value_of(self, other: Self) -> bool {
        match (self, other) {
            (Self::EventPart(one), Self::EventPart(other)) => one.argument() == other.argument(),
            _ => self == other,
        }
    }
}

/// The parts of the daemon's first three arguments.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EventPart {
    Event,
    Action,
    Result,
    Data,
    Process,
    Thread,
    Line,
    File,
    Function,
    Errno,
}

impl EventPart {
    /// The number of the daemon's argument.
    pub const fn argument(self) -> usize {
        match self {
            Self::Action => 1,
            Self::Event | Self::Result | Self::Process | Self::Thread => 2,
            Self::Data | Self::Line | Self::File | Self::Function | Self::Errno => 3,
        }
    }
}

/// A field that can be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Field {
    /// The wire name.
    pub name: &'static str,
    pub place: Place,
    pub group: Group,
    pub purpose: Purpose,
    pub sensitivity: Sensitivity,
    pub origin: Origin,
    /// A value of another form is not sent.
    pub shape: Shape,
    /// The only action with this field; `None`: all have it.
    pub only: Option<&'static str>,
    /// Whether Netdata's telemetry page names it.
    pub documented: bool,
    /// Whether `fields = "documented"` keeps it in any case.
    pub always: bool,
    /// One sentence.
    pub what: &'static str,
    /// An example, not of this machine.
    pub example: &'static str,
}

impl Field {
    pub(super) const fn new(
        name: &'static str,
        group: Group,
        origin: Origin,
        shape: Shape,
        example: &'static str,
        what: &'static str,
    ) -> Self {
        Self {
            name,
            place: Place::Properties,
            group,
            purpose: Purpose::Both,
            sensitivity: Sensitivity::Coarse,
            origin,
            shape,
            only: None,
            documented: false,
            always: false,
            what,
            example,
        }
    }

    pub(super) const fn top(mut self) -> Self {
        self.place = Place::Top;
        self
    }

    pub(super) const fn purpose(mut self, purpose: Purpose) -> Self {
        self.purpose = purpose;
        self
    }

    pub(super) const fn is(mut self, sensitivity: Sensitivity) -> Self {
        self.sensitivity = sensitivity;
        self
    }

    pub(super) const fn documented(mut self) -> Self {
        self.documented = true;
        self
    }

    pub(super) const fn always(mut self) -> Self {
        self.always = true;
        self
    }

    pub(super) const fn only(mut self, action: &'static str) -> Self {
        self.only = Some(action);
        self
    }

    pub fn occurs_in(&self, action: &str) -> bool {
        self.only.is_none_or(|only| only == action)
    }

    /// The origin in words.
    pub fn origin_in_words(&self) -> String {
        match self.origin {
            Origin::Constant(_) => "always the same".to_owned(),
            Origin::ApiKey => "the daemon's version, or the configuration (`api_key`)".to_owned(),
            Origin::Argument(number) => format!("the daemon's argument {number}"),
            Origin::ArgumentOf { number, count } => format!("the daemon's argument {number}, of {count}"),
            Origin::Variable(name) => format!("the daemon's variable {name}"),
            Origin::Fact(name) => format!("collected on this machine ({name})"),
            Origin::EventPart(part) => match part {
                EventPart::Event => "the daemon's arguments 1 and 2".to_owned(),
                EventPart::Action => "the daemon's argument 1".to_owned(),
                EventPart::Result | EventPart::Process | EventPart::Thread => "the daemon's argument 2".to_owned(),
                _ => "the daemon's argument 3".to_owned(),
            },
            Origin::Dropped => "this program".to_owned(),
            Origin::Withheld => "the configuration (`withhold`)".to_owned(),
            Origin::FrozenUuid => "random, made with the event".to_owned(),
            Origin::FrozenTime => "the clock, read when the event is made".to_owned(),
            Origin::Hello(key) => format!("the agent's answer to its dashboard ({key})"),
            Origin::Page => "the dashboard".to_owned(),
            Origin::Client => "posthog-js, in the browser".to_owned(),
        }
    }
}
