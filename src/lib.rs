//! Netdata's telemetry events: their content, the consent to send them, and the outbox.
//!
//! Each stage from facts to bytes is one type:
//!
//! [`Invocation`](call::Invocation) (the daemon's call) and [`Facts`](system_facts::Facts) →
//! [`Event`](request::event::Event) → [`Payload`](request::payload::Payload) (frozen bytes) →
//! [`PreparedRequest`](request::http::PreparedRequest) → [`Outbox`](outbox::Outbox) → the sender's transport.
//!
//! The library opens no network connection and draws nothing. The sender (`anonymous-statistics`) adds the transport,
//! the preview (`telemetry-preview`) the screen; both build a request with
//! [`Assembly::build`](request::Assembly::build), so the preview shows what the sender sends.
//!
//! - [`fields`]: the table of everything that can ever be sent, and [`fields::shape`], the form of each value.
//! - [`consent`]: the decision whether this machine may send.

pub mod agent;
pub mod call;
#[cfg(feature = "inspect")]
pub mod channels;
pub mod clock;
pub mod config;
pub mod consent;
pub mod core_dump;
pub mod destination;
pub mod digest;
pub mod endpoint;
pub mod fields;
pub mod files;
#[cfg(feature = "fuzz")]
#[doc(hidden)]
pub mod fuzz;
#[cfg(feature = "inspect")]
pub mod inspect;
pub mod options;
pub mod outbox;
pub mod proxy;
pub mod release;
pub mod request;
pub mod runs;
pub mod text;
