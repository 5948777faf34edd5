//! A stream of bytes that the HTTP/1 server reads nothing else from than complete heads and well-framed bodies.
//!
//! A head that is not good never reaches the server: it gets a [`STAND_IN`] instead, whose answer is the refusal, after
//! which the connection ends. So every refusal is an answer like any other and comes after those that were due before.
//! HTTP/2, and what follows an upgrade, pass as they are.

use std::{
    io,
    pin::Pin,
    sync::{Arc, OnceLock},
    task::{Context, Poll, ready},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    time::Sleep,
};

use super::head::{Fault, HeadLimits, Scanner};

/// The method of the request that stands for one that is refused.
pub(super) const STAND_IN_METHOD: &str = "REFUSED";

/// Asks for the refusal. A client that sends it before there is one asks for a method that does not exist.
const STAND_IN: &[u8] = b"REFUSED / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";

/// Bytes that are read at once of a head that comes in pieces, and of what nobody wants any more.
const PIECE_BYTES: usize = 4 * 1024;

/// Bytes that are read after the last answer, so that the client gets it: a connection that is closed with bytes unread
/// is reset, and the answer may be lost on the way.
const LINGER_BYTES_MAX: usize = 256 * 1024;

/// Longest time for that.
const LINGER_TIME_MAX: Duration = Duration::from_secs(1);

/// Why a connection takes no further request; told to whoever answers its requests.
pub(super) type Refusal = Arc<OnceLock<Fault>>;

/// See the module.
pub(super) struct Strict<S> {
    stream: S,
    scanner: Scanner,
    /// Bytes that have come and have not been passed on.
    held: Vec<u8>,
    /// How many of these are good.
    good: usize,
    /// What is wrong with those behind them.
    fault: Option<Fault>,
    refusal: Refusal,
    is_ended: bool,
    linger: Option<Linger>,
}

struct Linger {
    bytes: usize,
    end: Pin<Box<Sleep>>,
}

impl<S> Strict<S> {
    pub(super) fn new(stream: S, limits: HeadLimits, refusal: Refusal) -> Self {
        let scanner = Scanner::new(limits);
        Self {
            stream,
            scanner,
            held: Vec::new(),
            good: 0,
            fault: None,
            refusal,
            is_ended: false,
            linger: None,
        }
    }

    /// Passes on what is good of what is held; whether there was any.
    fn pass_held(&mut self, buffer: &mut ReadBuf<'_>) -> bool {
        let passed = self.good.min(buffer.remaining());
        buffer.put_slice(&self.held[..passed]);
        self.held.drain(..passed);
        self.good -= passed;
        if self.held.is_empty() {
            // The next head comes in one piece most of the time, and needs no room here.
            self.held = Vec::new();
        }
        passed > 0
    }

    /// What the server reads of a fault: an error within a body, the stand-in before one.
    fn refuse(&mut self, fault: Fault) -> io::Result<()> {
        self.is_ended = true;
        self.held = Vec::new();
        if self.scanner.is_in_body() {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "the body is badly framed"));
        }
        // Nobody else sets it.
        let _ = self.refusal.set(fault);
        self.held = STAND_IN.to_vec();
        self.good = self.held.len();
        Ok(())
    }
}

impl<S: AsyncRead + Unpin> Strict<S> {
    /// Reads what nobody wants any more until the other end is done.
    fn poll_discard(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        let mut piece = [0; PIECE_BYTES];
        let mut piece = ReadBuf::new(&mut piece);
        ready!(Pin::new(&mut self.stream).poll_read(cx, &mut piece))?;
        Poll::Ready(Ok(piece.filled().len()))
    }

    /// Reads into the server's own buffer where nothing is held, so that bytes are copied in the rare case only.
    fn poll_read_more(&mut self, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<usize>> {
        if self.held.is_empty() {
            let before = buffer.filled().len();
            ready!(Pin::new(&mut self.stream).poll_read(cx, buffer))?;
            let read = &buffer.filled()[before..];
            let count = read.len();
            let (good, fault) = self.scanner.take(read);
            if fault.is_none() {
                self.held.extend_from_slice(&read[good..]);
            }
            self.fault = fault;
            buffer.set_filled(before + good);
            return Poll::Ready(Ok(count));
        }
        let mut piece = [0; PIECE_BYTES];
        let mut piece = ReadBuf::new(&mut piece);
        ready!(Pin::new(&mut self.stream).poll_read(cx, &mut piece))?;
        self.held.extend_from_slice(piece.filled());
        (self.good, self.fault) = self.scanner.take(&self.held);
        Poll::Ready(Ok(piece.filled().len()))
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Strict<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if buffer.remaining() == 0 {
            return Poll::Ready(Ok(()));
        }
        let before = buffer.filled().len();
        loop {
            if self.good > 0 && self.pass_held(buffer) {
                return Poll::Ready(Ok(()));
            }
            if self.is_ended {
                // The server looks whether the client is still there.
                if ready!(self.poll_discard(cx))? == 0 {
                    return Poll::Ready(Ok(()));
                }
                continue;
            }
            if let Some(fault) = self.fault.take() {
                self.refuse(fault)?;
                continue;
            }
            let is_end = ready!(self.poll_read_more(cx, buffer))? == 0;
            if is_end || buffer.filled().len() > before {
                return Poll::Ready(Ok(()));
            }
        }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Strict<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.linger.is_none() {
            ready!(Pin::new(&mut self.stream).poll_shutdown(cx))?;
            if !self.is_ended && !self.scanner.is_in_body() {
                return Poll::Ready(Ok(()));
            }
            self.linger = Some(Linger { bytes: 0, end: Box::pin(tokio::time::sleep(LINGER_TIME_MAX)) });
        }
        loop {
            let Some(linger) = &mut self.linger else { return Poll::Ready(Ok(())) };
            if linger.bytes > LINGER_BYTES_MAX || linger.end.as_mut().poll(cx).is_ready() {
                return Poll::Ready(Ok(()));
            }
            // A client that has gone was told all the same.
            let read = ready!(self.poll_discard(cx)).unwrap_or(0);
            match &mut self.linger {
                Some(linger) if read > 0 => linger.bytes += read,
                _ => return Poll::Ready(Ok(())),
            }
        }
    }
}
