//! The layers of a connection: each notes how far it came, asks for consent, or gives the kernel the request in one piece.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use anonymous_statistics::outbox::Passage;
use ureq::Error;
use ureq::unversioned::transport::{Buffers, ConnectionDetails, Connector, NextTimeout, Transport};

use super::progress::{Progress, is, refused};

/// The consent check before each name look-up and first byte. `None` means no.
pub(crate) type Permission = dyn Fn() -> Option<Permit> + Send + Sync;

/// While a sender holds this, an opt-out waits, if both can use the same outbox.
#[derive(Debug, Default)]
pub(crate) struct Permit {
    _passage: Option<Passage>,
}

impl From<Option<Passage>> for Permit {
    fn from(passage: Option<Passage>) -> Self {
        Self { _passage: passage }
    }
}

/// Records the connection, so that a later failure is known to be TLS.
#[derive(Debug)]
pub(super) struct Connected(pub(super) Arc<Progress>);

impl<In: Transport> Connector<In> for Connected {
    type Out = In;

    fn connect(&self, details: &ConnectionDetails<'_>, chained: Option<In>) -> Result<Option<In>, Error> {
        self.0.connected.store(chained.is_some(), Ordering::SeqCst);
        self.0.tunnelled.store(details.config.proxy().is_some(), Ordering::SeqCst);
        // A tunnel was written to and replied, but its TLS handshake has not begun.
        self.0.writing.store(false, Ordering::SeqCst);
        self.0.replied.store(false, Ordering::SeqCst);
        Ok(chained)
    }
}

/// Declares connections to this program's own socket to need no TLS.
#[derive(Debug)]
pub(super) struct Wire {
    pub(super) plain: bool,
}

impl<In: Transport> Connector<In> for Wire {
    type Out = Wired<In>;

    fn connect(&self, _: &ConnectionDetails<'_>, chained: Option<In>) -> Result<Option<Wired<In>>, Error> {
        Ok(chained.map(|inner| Wired { plain: self.plain, inner }))
    }
}

#[derive(Debug)]
pub(super) struct Wired<In> {
    plain: bool,
    inner: In,
}

impl<In: Transport> Transport for Wired<In> {
    fn buffers(&mut self) -> &mut dyn Buffers {
        self.inner.buffers()
    }

    fn transmit_output(&mut self, amount: usize, timeout: NextTimeout) -> Result<(), Error> {
        self.inner.transmit_output(amount, timeout)
    }

    fn await_input(&mut self, timeout: NextTimeout) -> Result<bool, Error> {
        self.inner.await_input(timeout)
    }

    fn is_open(&mut self) -> bool {
        self.inner.is_open()
    }

    fn is_tls(&self) -> bool {
        self.plain || self.inner.is_tls()
    }
}

/// Checks consent directly before the first byte of a request.
#[derive(Clone)]
pub(super) struct Gate {
    pub(super) permission: Arc<Permission>,
    pub(super) progress: Arc<Progress>,
}

impl std::fmt::Debug for Gate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Gate").field("progress", &self.progress).finish_non_exhaustive()
    }
}

impl Gate {
    pub(super) fn ask(&self) -> Result<Permit, Error> {
        (self.permission)().ok_or_else(|| {
            self.progress.withdrawn.store(true, Ordering::SeqCst);
            refused(std::io::ErrorKind::PermissionDenied, "consent was withdrawn")
        })
    }
}

impl<In: Transport> Connector<In> for Gate {
    type Out = Gated<In>;

    fn connect(&self, details: &ConnectionDetails<'_>, chained: Option<In>) -> Result<Option<Gated<In>>, Error> {
        let through_proxy = details.config.proxy().is_some();
        Ok(chained.map(|inner| Gated { gate: self.clone(), permitted: 0, through_proxy, inner }))
    }
}

#[derive(Debug)]
pub(super) struct Gated<In> {
    gate: Gate,
    /// The attempt that has permission.
    permitted: u32,
    /// The connection is to the server through a proxy, not to the proxy itself.
    through_proxy: bool,
    inner: In,
}

impl<In> Gated<In> {
    /// Whether the bytes here are HTTP with the server or the proxy, and not TLS in a tunnel.
    fn carries_http(&self) -> bool {
        self.through_proxy || !is(&self.gate.progress.tunnelled)
    }
}

impl<In: Transport> Transport for Gated<In> {
    fn buffers(&mut self) -> &mut dyn Buffers {
        self.inner.buffers()
    }

    fn transmit_output(&mut self, amount: usize, timeout: NextTimeout) -> Result<(), Error> {
        let attempt = self.gate.progress.attempt.load(Ordering::SeqCst);
        // Held until the first bytes are written.
        let _permit = if self.permitted == attempt { None } else { Some(self.gate.ask()?) };
        self.permitted = attempt;
        self.gate.progress.writing.fetch_or(self.carries_http(), Ordering::SeqCst);
        self.inner.transmit_output(amount, timeout)
    }

    fn await_input(&mut self, timeout: NextTimeout) -> Result<bool, Error> {
        let more = self.inner.await_input(timeout)?;
        self.gate.progress.replied.fetch_or(more && self.carries_http(), Ordering::SeqCst);
        Ok(more)
    }

    fn is_open(&mut self) -> bool {
        self.inner.is_open()
    }

    fn is_tls(&self) -> bool {
        self.inner.is_tls()
    }
}

/// Sends the request to a proxy in one piece. ureq writes it word by word, each in a packet of its own, and some
/// proxies do not wait for the rest of a line.
#[derive(Debug)]
pub(super) struct OnePiece {
    /// The client uses a proxy, so its direct connections are to the proxy.
    pub(super) to_proxy: bool,
}

impl<In: Transport> Connector<In> for OnePiece {
    type Out = Piece<In>;

    fn connect(&self, details: &ConnectionDetails<'_>, chained: Option<In>) -> Result<Option<Piece<In>>, Error> {
        let collects = self.to_proxy && details.config.proxy().is_none();
        Ok(chained.map(|inner| Piece { collected: collects.then(Vec::new), inner }))
    }
}

#[derive(Debug)]
pub(super) struct Piece<In> {
    /// The bytes to write before the first reply.
    collected: Option<Vec<u8>>,
    inner: In,
}

impl<In: Transport> Transport for Piece<In> {
    fn buffers(&mut self) -> &mut dyn Buffers {
        self.inner.buffers()
    }

    fn transmit_output(&mut self, amount: usize, timeout: NextTimeout) -> Result<(), Error> {
        let Some(collected) = &mut self.collected else { return self.inner.transmit_output(amount, timeout) };
        let output = self.inner.buffers().output();
        collected.extend_from_slice(output.get(..amount).unwrap_or(output));
        Ok(())
    }

    fn await_input(&mut self, timeout: NextTimeout) -> Result<bool, Error> {
        let collected = self.collected.take().unwrap_or_default();
        let room = self.inner.buffers().output().len().max(1);
        for part in collected.chunks(room) {
            let output = self.inner.buffers().output().get_mut(..part.len());
            output.ok_or_else(|| refused(std::io::ErrorKind::WriteZero, "no room"))?.copy_from_slice(part);
            self.inner.transmit_output(part.len(), timeout)?;
        }
        self.inner.await_input(timeout)
    }

    fn is_open(&mut self) -> bool {
        self.inner.is_open()
    }

    fn is_tls(&self) -> bool {
        self.inner.is_tls()
    }
}
