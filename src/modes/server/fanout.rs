//! The fan-out: all listeners that are up to date, and the threads that write to them.
//!
//! Who has been sent everything takes a seat with one of a few [`writer`] threads. When something
//! is published, each of them writes the same bytes to all its seats in one pass, without waking a
//! task for any. What comes while a pass is under way goes out with the next, in one write. Whoever
//! cannot take it all at once is handed back from the seat, and its own task goes on from there.
//!
//! What always holds:
//!
//! - A seated listener was sent everything before its seat's offset, and nothing behind it.
//! - Either the writer or the task writes to a listener, never both: the task while it stands, the
//!   writer while it sits.
//! - A writer never waits for a listener, and holds no lock while it writes.

pub(super) mod batches;
pub(super) mod cold;
pub(super) mod follower;
pub(super) mod permits;
mod writer;

use std::future::Future;
use std::io::{self, Write};
use std::net::{IpAddr, TcpStream};
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use async_io::Async;

use crate::sse::Encoding;

use crate::modes::server::room::Room;
use crate::modes::server::room::order::SessionId;
use crate::modes::server::room::tail::Cursor;

/// The listeners of a room, and the seats of those that are up to date.
#[derive(Debug)]
pub struct Fanout {
    /// The room that they listen to.
    pub room: Arc<Room>,
    inboxes: Vec<Arc<Inbox>>,
    next: AtomicUsize,
    listeners: AtomicUsize,
}

/// Why a listener was handed back from its seat.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unseated {
    /// There is something for its own task to look at, from this cursor on.
    More(Cursor),
    /// Its socket is full; it is at this cursor.
    Full(Cursor),
    /// Its socket is full, so of a sign of life only so many bytes went out.
    HeartbeatCut {
        /// Up to where it was sent everything.
        offset: u64,
        /// How many bytes of [`Encoding::pulse`] it was sent.
        sent: usize,
    },
    /// The listener went away, or the network did.
    Gone,
}

/// What a listener's task and its writer share.
#[derive(Debug)]
pub struct Seat {
    /// The connection.
    pub stream: Async<TcpStream>,
    /// Where the listener is.
    pub from: IpAddr,
    /// How it is sent the events.
    pub encoding: Encoding,
    /// The session that ends with the connection, if it has one.
    session: Option<SessionId>,
    inbox: usize,
    /// Where the writer keeps it; the writer's alone.
    index: AtomicUsize,
    holder: Mutex<Holder>,
}

#[derive(Debug)]
enum Holder {
    Writer(Option<Waker>),
    Task(Unseated),
}

/// Where listeners and the committer leave word for one writer.
#[derive(Debug, Default)]
struct Inbox {
    pending: Mutex<Pending>,
    woken: Condvar,
}

#[derive(Debug, Default)]
struct Pending {
    /// Everything before this offset is published.
    published: u64,
    /// Who sits down, with the offset up to which it was sent everything.
    arrivals: Vec<(Arc<Seat>, u64)>,
    /// Who went away while sitting.
    departures: Vec<Arc<Seat>>,
    /// Who is to be sent a sign of life now.
    pulses: Vec<Arc<Seat>>,
    /// Sessions whose leave was published.
    left: Vec<SessionId>,
    closing: bool,
    /// The writer waits, and must be woken.
    asleep: bool,
    /// Nobody sits with the writer, so that what is published is nothing to it.
    vacant: bool,
}

impl Pending {
    /// Whether there is nothing to do for a writer that has written everything before `at`.
    fn is_empty(&self, at: u64) -> bool {
        self.published == at
            && self.arrivals.is_empty()
            && self.departures.is_empty()
            && self.pulses.is_empty()
            && self.left.is_empty()
            && !self.closing
    }

    /// All of it, for the writer, which is awake.
    fn take(&mut self) -> Pending {
        self.asleep = false;
        Pending {
            published: self.published,
            arrivals: std::mem::take(&mut self.arrivals),
            departures: std::mem::take(&mut self.departures),
            pulses: std::mem::take(&mut self.pulses),
            left: std::mem::take(&mut self.left),
            closing: self.closing,
            asleep: false,
            vacant: false,
        }
    }
}

impl Inbox {
    fn pending(&self) -> MutexGuard<'_, Pending> {
        // A panic elsewhere leaves it whole: every change is made in one piece.
        self.pending.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wake(&self, mut pending: MutexGuard<'_, Pending>) {
        let asleep = std::mem::take(&mut pending.asleep);
        drop(pending);
        if asleep {
            self.woken.notify_one();
        }
    }
}

impl Fanout {
    /// The fan-out of a room, to be served by `writers` threads, which run [`Fanout::writers`].
    pub fn new(room: Arc<Room>, writers: usize) -> Fanout {
        let end = room.end();
        let inbox = || {
            let inbox = Inbox::default();
            inbox.pending().published = end;
            Arc::new(inbox)
        };
        Fanout {
            room,
            inboxes: (0..writers.max(1)).map(|_| inbox()).collect(),
            next: AtomicUsize::new(0),
            listeners: AtomicUsize::new(0),
        }
    }

    /// Counts a listener for as long as the result lives.
    pub fn listener(self: &Arc<Fanout>) -> Listener {
        self.listeners.fetch_add(1, Ordering::AcqRel);
        Listener(Arc::clone(self))
    }

    /// The number of listeners.
    pub fn listeners(&self) -> usize {
        self.listeners.load(Ordering::Acquire)
    }

    /// A seat for a connection, not yet taken.
    pub fn seat(
        &self,
        (stream, from): (Async<TcpStream>, IpAddr),
        encoding: Encoding,
        session: Option<SessionId>,
    ) -> Arc<Seat> {
        Arc::new(Seat {
            stream,
            from,
            encoding,
            session,
            inbox: self.next.fetch_add(1, Ordering::Relaxed) % self.inboxes.len(),
            index: AtomicUsize::new(usize::MAX),
            holder: Mutex::new(Holder::Task(Unseated::Gone)),
        })
    }

    /// Sits down at `offset`, up to which the listener was sent everything. `None` when more than
    /// that is published, or the room is closing: then the task has to look for itself.
    pub fn sit<'a>(&'a self, seat: &'a Arc<Seat>, offset: u64) -> Option<SeatGuard<'a>> {
        let inbox = &self.inboxes[seat.inbox];
        let mut pending = inbox.pending();
        if pending.closing || pending.published > offset {
            return None;
        }
        *seat.holder() = Holder::Writer(None);
        pending.arrivals.push((Arc::clone(seat), offset));
        inbox.wake(pending);
        Some(SeatGuard { fanout: self, seat })
    }

    /// Has a sign of life sent to somebody who sits; who does not is written to by its own task.
    pub fn pulse(&self, seat: &Arc<Seat>) {
        let inbox = &self.inboxes[seat.inbox];
        let mut pending = inbox.pending();
        pending.pulses.push(Arc::clone(seat));
        inbox.wake(pending);
    }

    /// Everything before `end` may be sent. The sessions in `left` are over with it.
    pub fn publish(&self, end: u64, left: &[SessionId]) {
        for inbox in &self.inboxes {
            let mut pending = inbox.pending();
            pending.published = end;
            // A thread that is woken for nothing takes the processor from whoever waits for the answer.
            if !(pending.asleep && pending.vacant) {
                pending.left.extend_from_slice(left);
                inbox.wake(pending);
            }
        }
    }

    /// Hands everybody back: nothing more is published.
    pub fn close(&self) {
        for inbox in &self.inboxes {
            let mut pending = inbox.pending();
            pending.closing = true;
            inbox.wake(pending);
        }
    }
}

/// One of the listeners that are counted; dropped, it is one no more.
#[derive(Debug)]
pub struct Listener(Arc<Fanout>);

impl Listener {
    /// The fan-out that counts it.
    pub fn fanout(&self) -> &Arc<Fanout> {
        &self.0
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.0.listeners.fetch_sub(1, Ordering::AcqRel);
    }
}

/// What became of bytes that were to be sent at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SendOutcome {
    /// The socket took them all.
    All,
    /// It took so many, and is full.
    Full(usize),
    /// The listener went away, or the network did.
    Gone,
}

impl Seat {
    /// Sends what the socket takes without waiting. For whose turn it is to write.
    pub fn send(&self, bytes: &[u8]) -> SendOutcome {
        if bytes.is_empty() {
            return SendOutcome::All;
        }
        loop {
            return match self.stream.get_ref().write(bytes) {
                Ok(sent) if sent == bytes.len() => SendOutcome::All,
                Ok(0) => SendOutcome::Gone,
                Ok(sent) => SendOutcome::Full(sent),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => SendOutcome::Full(0),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(_) => SendOutcome::Gone,
            };
        }
    }

    fn holder(&self) -> MutexGuard<'_, Holder> {
        self.holder.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Hands the connection back to its task.
    fn hand_back(&self, why: Unseated) {
        let before = std::mem::replace(&mut *self.holder(), Holder::Task(why));
        if let Holder::Writer(Some(waker)) = before {
            waker.wake();
        }
    }
}

/// Ready when the listener is handed back. Gives the seat up when dropped before that.
#[derive(Debug)]
pub struct SeatGuard<'a> {
    fanout: &'a Fanout,
    seat: &'a Arc<Seat>,
}

impl Future for SeatGuard<'_> {
    type Output = Unseated;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Unseated> {
        match &mut *self.seat.holder() {
            Holder::Task(why) => Poll::Ready(*why),
            Holder::Writer(Some(waker)) if waker.will_wake(context.waker()) => Poll::Pending,
            Holder::Writer(waker) => {
                *waker = Some(context.waker().clone());
                Poll::Pending
            }
        }
    }
}

impl Drop for SeatGuard<'_> {
    fn drop(&mut self) {
        if matches!(*self.seat.holder(), Holder::Writer(_)) {
            let inbox = &self.fanout.inboxes[self.seat.inbox];
            let mut pending = inbox.pending();
            pending.departures.push(Arc::clone(self.seat));
            inbox.wake(pending);
        }
    }
}
