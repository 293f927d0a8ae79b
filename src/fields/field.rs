//! What one row of the table says of a field.

use crate::fields::shape::Shape;

/// Which fields are sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Selection {
    /// All of the schema.
    #[default]
    All,
    /// Those that Netdata's telemetry page names, and what PostHog needs.
    Documented,
}

/// Where in the body a field stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// At the top level, beside `properties`.
    Top,
    /// In `properties`.
    Properties,
}

/// What a field is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Group {
    /// What PostHog needs to file the event.
    Envelope,
    /// Constants that stand in for what PostHog would otherwise look up.
    Masks,
    /// What happened.
    Event,
    /// Netdata itself.
    Agent,
    /// The operating system of the machine.
    System,
    /// The container in which the agent runs, where it does.
    Container,
    /// Processor, memory and disk.
    Hardware,
    /// How the agent is configured.
    Configuration,
    /// What the agent watches, in numbers.
    Usage,
    /// The browser in which the dashboard is open.
    Browser,
}

impl Group {
    /// The group's heading.
    pub const fn title(self) -> &'static str {
        match self {
            Self::Envelope => "Envelope",
            Self::Masks => "Masks",
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

    /// All groups in the order in which they are shown.
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

/// Why a field is collected: the two purposes that Netdata's telemetry page names, and what delivery needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// Does it work as expected, and on which systems do failures repeat?
    QualityAssurance,
    /// How is it used, and how do development decisions influence that?
    UsageStatistics,
    /// Both.
    Both,
    /// The event could not be delivered or counted without it.
    Delivery,
    /// It keeps something else from being collected.
    Protection,
}

impl Purpose {
    /// The purpose in words.
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

/// How much a field says about one machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Sensitivity {
    /// The same for everybody.
    Constant,
    /// One of few values that many machines share.
    Coarse,
    /// A value that few machines may share.
    Exact,
    /// It tells this installation from all others.
    Identifier,
}

impl Sensitivity {
    /// The class in one word.
    pub const fn describe(self) -> &'static str {
        match self {
            Self::Constant => "constant",
            Self::Coarse => "coarse",
            Self::Exact => "exact",
            Self::Identifier => "identifier",
        }
    }
}

/// Where a field's value comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// Always this value.
    Constant(&'static str),
    /// The public key in the configuration.
    ApiKey,
    /// The daemon's argument of this number, a JSON fragment.
    Argument(usize),
    /// The daemon's argument of this number, where it gives exactly so many.
    ArgumentOf {
        /// The argument's number.
        number: usize,
        /// The number of arguments in the call.
        count: usize,
    },
    /// A variable that the daemon sets.
    Variable(&'static str),
    /// A system fact, under the name of the daemon's variable for it.
    Fact(&'static str),
    /// What happened, from the daemon's first three arguments.
    Happened(Happened),
    /// The names of fields that were left out.
    Dropped,
    /// Set at the moment when the event is frozen: a random UUID.
    FrozenUuid,
    /// Set at the moment when the event is frozen: the time.
    FrozenTime,
    /// In the dashboard: a key of what the agent answers to `/api/v1/registry?action=hello`.
    Hello(&'static str),
    /// In the dashboard: the dashboard itself names it.
    Page,
    /// In the dashboard: PostHog's client, posthog-js, finds it out in the browser.
    Client,
}

/// The parts of what happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Happened {
    /// Action and result.
    Event,
    /// Argument 1.
    Action,
    /// Argument 2.
    Result,
    /// Argument 3.
    Data,
    /// FATAL: the program.
    Process,
    /// FATAL: the thread.
    Thread,
    /// FATAL: the line.
    Line,
    /// FATAL: the source file.
    File,
    /// FATAL: the function.
    Function,
    /// FATAL: errno.
    Errno,
}

impl Happened {
    /// The number of the daemon's argument that says it.
    pub const fn argument(self) -> usize {
        match self {
            Self::Action => 1,
            Self::Event | Self::Result | Self::Process | Self::Thread => 2,
            Self::Data | Self::Line | Self::File | Self::Function | Self::Errno => 3,
        }
    }
}

/// One row: a field that can be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Field {
    /// Name on the wire.
    pub name: &'static str,
    /// Where it stands in the body.
    pub place: Place,
    /// What it is about.
    pub group: Group,
    /// Why it is collected.
    pub purpose: Purpose,
    /// How much it says about one machine.
    pub sensitivity: Sensitivity,
    /// Where its value comes from.
    pub origin: Origin,
    /// The form that a value must have to be sent.
    pub shape: Shape,
    /// Since which version of this table it exists.
    pub since: u32,
    /// The only action in whose events it occurs; `None`: all of them.
    pub only: Option<&'static str>,
    /// Whether Netdata's own telemetry page names it.
    pub documented: bool,
    /// Whether `fields = "documented"` keeps it although that page does not name it.
    pub always: bool,
    /// What it is, in one sentence.
    pub what: &'static str,
    /// A value as an example; not of this machine.
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
            since: 1,
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

    /// Whether it occurs in events of this action.
    pub fn occurs_in(&self, action: &str) -> bool {
        self.only.is_none_or(|only| only == action)
    }

    /// Where the value comes from, in words.
    pub fn origin_in_words(&self) -> String {
        match self.origin {
            Origin::Constant(_) => "always the same".to_owned(),
            Origin::ApiKey => "the configuration (`api_key`)".to_owned(),
            Origin::Argument(number) => format!("the daemon's argument {number}"),
            Origin::ArgumentOf { number, count } => format!("the daemon's argument {number}, of {count}"),
            Origin::Variable(name) => format!("the daemon's variable {name}"),
            Origin::Fact(name) => format!("collected on this machine ({name})"),
            Origin::Happened(part) => match part {
                Happened::Event => "the daemon's arguments 1 and 2".to_owned(),
                Happened::Action => "the daemon's argument 1".to_owned(),
                Happened::Result | Happened::Process | Happened::Thread => "the daemon's argument 2".to_owned(),
                _ => "the daemon's argument 3".to_owned(),
            },
            Origin::Dropped => "this program".to_owned(),
            Origin::FrozenUuid => "random, made when the event is frozen".to_owned(),
            Origin::FrozenTime => "the clock, read when the event is frozen".to_owned(),
            Origin::Hello(key) => format!("the agent's answer to its dashboard ({key})"),
            Origin::Page => "the dashboard".to_owned(),
            Origin::Client => "posthog-js, in the browser".to_owned(),
        }
    }
}
