//! How far an attempt came, which says why it failed.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use anonymous_statistics::outbox::outcome::Failure;
use ureq::Error;

/// The progress of an attempt.
#[derive(Debug, Default)]
pub(super) struct Progress {
    /// The number of the attempt: each needs a new permission, also on a reused connection.
    pub(super) attempt: AtomicU32,
    /// The current look-up is for the proxy's name.
    pub(super) looking_up_proxy: AtomicBool,
    pub(super) name_failed: AtomicBool,
    pub(super) connected: AtomicBool,
    /// The connection is a tunnel: bytes to the proxy now belong to TLS or the request.
    pub(super) tunnelled: AtomicBool,
    /// A byte of the request, or of one to a proxy, was written.
    pub(super) writing: AtomicBool,
    pub(super) replied: AtomicBool,
    pub(super) withdrawn: AtomicBool,
}

pub(super) fn is(flag: &AtomicBool) -> bool {
    flag.load(Ordering::SeqCst)
}

impl Progress {
    pub(super) fn begin(&self) {
        self.attempt.fetch_add(1, Ordering::SeqCst);
        for flag in [
            &self.looking_up_proxy,
            &self.name_failed,
            &self.connected,
            &self.tunnelled,
            &self.writing,
            &self.replied,
            &self.withdrawn,
        ] {
            flag.store(false, Ordering::SeqCst);
        }
    }

    /// Whether a reused connection turned out to be closed.
    pub(super) fn met_a_closed_connection(&self) -> bool {
        is(&self.writing) && !is(&self.connected) && !is(&self.replied)
    }

    pub(super) fn failure(&self, error: &Error) -> Failure {
        let by_time = |error: &std::io::Error| {
            matches!(error.kind(), std::io::ErrorKind::TimedOut | std::io::ErrorKind::WouldBlock)
        };
        match error {
            Error::Timeout(_) => Failure::Time,
            Error::Io(io) if by_time(io) => Failure::Time,
            _ if is(&self.name_failed) && is(&self.looking_up_proxy) => Failure::ProxyName,
            Error::InvalidProxyUrl => Failure::ProxyName,
            _ if is(&self.name_failed) => Failure::Name,
            _ if !is(&self.connected) && !is(&self.writing) => Failure::Connect,
            _ if !is(&self.writing) => tls_failure(error),
            Error::Io(io) if io.kind() == std::io::ErrorKind::UnexpectedEof && !is(&self.replied) => {
                Failure::EmptyReply
            }
            Error::ConnectionFailed => Failure::Connect,
            _ => Failure::Receive,
        }
    }
}

/// Distinguishes rejected certificates from other faults of the handshake.
fn tls_failure(error: &Error) -> Failure {
    let cause = match error {
        Error::Rustls(error) => Some(error),
        Error::Io(error) => error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()),
        _ => None,
    };
    match cause {
        Some(rustls::Error::InvalidCertificate(_)) => Failure::Certificate,
        _ => Failure::Tls,
    }
}

pub(super) fn refused(kind: std::io::ErrorKind, why: &'static str) -> Error {
    Error::Io(std::io::Error::new(kind, why))
}
