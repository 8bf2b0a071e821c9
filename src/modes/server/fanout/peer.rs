//! A client's connection, and the only owner of its socket.
//!
//! Everything else in the server sends and reads through this, and knows no socket: what carries the
//! bytes is decided here alone.
//!
//! What always holds: bytes that [`Peer::send`] took are sent in order. A caller that is told
//! [`SendOutcome::Full`] waits for [`Peer::writable`] before it sends more or ends, even if all its
//! bytes were taken: a peer may hold back the end of what it took until then.

use std::cell::RefCell;
use std::future::Future;
use std::io::{self, IoSlice, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::time::Duration;

use async_io::{Async, Timer};
use async_std::task;
use futures_lite::future;

use crate::system::sockets::{self, KeepAlive};

pub use crate::system::sockets::Liveness;

/// The longest time for which a peer may take nothing although there is something to send. With the heartbeat before
/// it and the grace after it, a name is free 90 s after its owner vanished without a word.
pub(super) const STALLED: Duration = Duration::from_secs(65);
/// The most bytes that one read takes.
pub const READ: usize = 4096;
/// The most bytes that the kernel may keep for one peer beyond those on their way to it. Left to
/// itself it keeps megabytes, and a crowd that does not read takes a gigabyte.
const UNSENT: u32 = 64 * 1024;
/// The most bytes that are read, and the longest time that is spent, after the last answer, so that
/// the answer arrives.
const DRAIN: (usize, Duration) = (64 << 20, Duration::from_secs(2));
/// The idle time after which the system asks whether a half-closed peer is there.
const IDLE: Duration = Duration::from_secs(1);
/// The number of times that the system asks in vain within [`STALLED`].
const PROBES: u32 = 4;

thread_local! {
    /// The buffer that a read fills first: an array in a task would stay as long as a listener does.
    static BYTES: RefCell<[u8; READ]> = const { RefCell::new([0; READ]) };
}

/// A client's connection.
#[derive(Debug)]
pub struct Peer {
    stream: Async<TcpStream>,
}

/// The outcome of sending without waiting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SendOutcome {
    /// The peer took all bytes.
    All,
    /// The peer took this many bytes, and takes no more until it is [writable](Peer::writable).
    Full(usize),
    /// The client went away, or the network did.
    Gone,
}

impl Peer {
    /// The client at the other end of a connection that was just accepted.
    pub fn new(stream: Async<TcpStream>) -> Peer {
        Peer { stream }
    }

    /// Has small messages leave at once, a client that vanished without a word noticed within 90 s,
    /// and little kept by the kernel for one that does not read.
    ///
    /// # Errors
    /// The client is gone already, or the system cannot do this.
    pub fn prepare(&self) -> io::Result<()> {
        let stream = self.stream.get_ref();
        stream.set_nodelay(true)?;
        let keep_alive = KeepAlive {
            idle: Duration::from_secs(30),
            interval: Duration::from_secs(15),
            probes: 4,
        };
        keep_alive.set(stream)?;
        sockets::give_up_after(stream, STALLED)?;
        // Where that cannot be had, only memory is lost.
        let _ = sockets::bound_unsent(stream, UNSENT);
        Ok(())
    }

    /// Sends what the peer takes without waiting.
    pub fn send(&self, bytes: &[u8]) -> SendOutcome {
        if bytes.is_empty() {
            return SendOutcome::All;
        }
        outcome(bytes.len(), || self.stream.get_ref().write(bytes))
    }

    /// Sends what the peer takes without waiting, from several pieces in order.
    pub fn send_slices(&self, slices: &[IoSlice<'_>]) -> SendOutcome {
        let length = slices.iter().map(|slice| slice.len()).sum();
        if length == 0 {
            return SendOutcome::All;
        }
        outcome(length, || self.stream.get_ref().write_vectored(slices))
    }

    /// Ready when the peer takes bytes again. Only one task may wait for it.
    ///
    /// # Errors
    /// The client went away, or the network did.
    pub fn writable(&self) -> impl Future<Output = io::Result<()>> + '_ {
        self.stream.writable()
    }

    /// Keeps the thread waiting until the peer takes bytes again, at most so long; `false` if it does
    /// not.
    pub fn is_writable_within(&self, wait: Duration) -> bool {
        sockets::is_writable_within(self.stream.get_ref(), wait)
    }

    /// Waits for bytes from the client and appends them to `buffer`, at most [`READ`]; the number of
    /// them, which is 0 once the client has closed its side.
    ///
    /// # Errors
    /// The client went away, or the network did.
    pub fn receive<'a>(
        &'a self,
        buffer: &'a mut Vec<u8>,
    ) -> impl Future<Output = io::Result<usize>> + 'a {
        self.stream.read_with(move |mut stream| {
            BYTES.with_borrow_mut(|bytes| {
                let count = stream.read(bytes)?;
                buffer.extend_from_slice(&bytes[..count]);
                Ok(count)
            })
        })
    }

    /// Ready when the client has closed its side. What it still sends is thrown away.
    ///
    /// # Errors
    /// The client went away, or the network did.
    pub async fn half_closed(&self) -> io::Result<()> {
        loop {
            self.stream.readable().await?;
            // Not in the match, which would keep the bytes over the await in it.
            let read = self.stream.get_ref().read(&mut [0; 512]);
            match read {
                Ok(0) => return Ok(()),
                Ok(_) => task::yield_now().await,
                Err(error)
                    if matches!(
                        error.kind(),
                        io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted
                    ) => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// The system's knowledge of the client's side now.
    pub fn liveness(&self) -> Liveness {
        sockets::liveness(self.stream.get_ref())
    }

    /// Has the system find out, within [`STALLED`], whether a half-closed client is there although
    /// nothing is sent to it.
    pub fn probe_while_idle(&self) {
        let keep_alive = KeepAlive {
            idle: IDLE,
            interval: STALLED.saturating_sub(IDLE) / PROBES,
            probes: PROBES,
        };
        // Where a part of it cannot be had, the next message shows whether anybody is there.
        let _ = keep_alive.set(self.stream.get_ref());
    }

    /// Ends the connection so that the last answer arrives: a close with unread bytes would send a
    /// reset, which throws the answer away at the client.
    pub async fn close(&self) {
        let _ = self.stream.get_ref().shutdown(Shutdown::Write);
        let drained = async {
            let mut left = DRAIN.0;
            while left > 0 {
                let read = self
                    .stream
                    .read_with(|mut stream| BYTES.with_borrow_mut(|bytes| stream.read(bytes)));
                match read.await {
                    Ok(0) | Err(_) => return,
                    Ok(count) => left = left.saturating_sub(count),
                }
                task::yield_now().await;
            }
        };
        let late = async {
            Timer::after(DRAIN.1).await;
        };
        future::or(drained, late).await;
    }
}

/// The outcome of writing `length` bytes, at least one, in one call.
fn outcome(length: usize, mut write: impl FnMut() -> io::Result<usize>) -> SendOutcome {
    loop {
        return match write() {
            Ok(sent) if sent == length => SendOutcome::All,
            Ok(0) => SendOutcome::Gone,
            Ok(sent) => SendOutcome::Full(sent),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => SendOutcome::Full(0),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(_) => SendOutcome::Gone,
        };
    }
}

#[cfg(test)]
pub(crate) mod tests;
