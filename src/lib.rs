//! Netdata's telemetry events: what is sent, whether it may be sent, and what waits to be sent.
//!
//! There is one way from facts to bytes, and each stage is one type:
//!
//! [`Invocation`](invocation::Invocation) (what the daemon said) and [`Facts`](system_facts::Facts) →
//! [`Event`](event::Event) → [`Payload`](payload::Payload) (frozen bytes) →
//! [`PreparedRequest`](request::PreparedRequest) → [`Outbox`](outbox::Outbox) → the sender's transport.
//!
//! The library opens no network connection and draws nothing. The sender (`anonymous-statistics`) adds the transport, the
//! preview (`telemetry-preview`) adds the screen; both build a request with [`Assembly::build`](assemble::Assembly::build),
//! so what the one shows is what the other sends.
//!
//! - [`schema`]: the one table of everything that can ever be sent, and [`shape`], the form that a value must have.
//! - [`consent`]: the one decision whether this machine may send.
//! - [`limits`]: every number that bounds what the sender does.

#![deny(missing_docs)]

pub mod assemble;
pub mod channels;
pub mod clock;
pub mod comparison;
pub mod config;
pub mod consent;
pub mod daemon;
pub mod dashboard;
pub mod delivery;
pub mod endpoint;
pub mod event;
pub mod fatal;
pub mod files;
pub mod folders;
#[cfg(feature = "fuzz")]
#[doc(hidden)]
pub mod fuzz;
pub mod history;
pub mod invocation;
pub mod limits;
pub mod netdata_conf;
pub mod outbox;
pub mod payload;
pub mod personal;
pub mod preview;
pub mod proxy;
pub mod request;
mod restart;
pub mod schema;
pub mod script;
pub mod shape;
pub mod switch;
pub mod text;
pub mod unit;
pub mod version;
pub mod watch;
