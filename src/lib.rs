//! Netdata's telemetry events: what is sent, whether it may be sent, and what waits to be sent.
//!
//! There is one way from facts to bytes, and each stage is one type:
//!
//! [`Invocation`](call::Invocation) (what the daemon said) and [`Facts`](system_facts::Facts) →
//! [`Event`](request::event::Event) → [`Payload`](request::payload::Payload) (frozen bytes) →
//! [`PreparedRequest`](request::http::PreparedRequest) → [`Outbox`](outbox::Outbox) → the sender's transport.
//!
//! The library opens no network connection and draws nothing. The sender (`anonymous-statistics`) adds the transport, the
//! preview (`telemetry-preview`) adds the screen; both build a request with [`Assembly::build`](request::Assembly::build),
//! so what the one shows is what the other sends.
//!
//! - [`fields`]: the one table of everything that can ever be sent, and [`fields::shape`], the form that a value must have.
//! - [`consent`]: the one decision whether this machine may send.

pub mod agent;
pub mod call;
#[cfg(feature = "inspect")]
pub mod channels;
pub mod clock;
pub mod config;
pub mod consent;
pub mod endpoint;
pub mod fields;
pub mod files;
#[cfg(feature = "fuzz")]
#[doc(hidden)]
pub mod fuzz;
#[cfg(feature = "inspect")]
pub mod inspect;
pub mod outbox;
pub mod proxy;
pub mod request;
pub mod text;
