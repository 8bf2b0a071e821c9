//! The fan-out: all listeners that are up to date, and the threads that write to them.
//!
//! Who has been sent everything takes a seat with one of a few [`writer`] threads. When something
//! is published, each of them writes the same bytes to all its seats in one pass, without waking a
//! task for any. What comes while a pass is under way goes out with the next, in one write. Whoever
//! cannot take it all at once is called up from the seat, and its own task goes on from there.
//!
//! What always holds:
//!
//! - A seated listener was sent everything before its seat's offset, and nothing behind it.
//! - Either the writer or the task writes to a listener, never both: the task while it stands, the
//!   writer while it sits.
//! - A writer never waits for a listener, and holds no lock while it writes.

pub(super) mod cold;
pub(super) mod follower;
pub(super) mod portion;
pub(super) mod queue;
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
    desks: Vec<Arc<Desk>>,
    next: AtomicUsize,
    listeners: AtomicUsize,
}

/// Why a listener was called up from its seat.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Call {
    /// There is something for its own task to look at, from this cursor on.
    Up(Cursor),
    /// Its socket is full; it is at this cursor.
    Full(Cursor),
    /// Its socket is full, so of a sign of life only so many bytes went out.
    Heartbeat {
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
    desk: usize,
    /// Where the writer keeps it; the writer's alone.
    index: AtomicUsize,
    state: Mutex<State>,
}

#[derive(Debug)]
enum State {
    Sitting(Option<Waker>),
    Called(Call),
}

/// Where listeners and the committer leave word for one writer.
#[derive(Debug, Default)]
struct Desk {
    news: Mutex<News>,
    rung: Condvar,
}

#[derive(Debug, Default)]
struct News {
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
    /// The writer waits, and must be rung.
    asleep: bool,
    /// Nobody sits with the writer, so that what is published is nothing to it.
    vacant: bool,
}

impl News {
    /// Whether there is nothing to do for a writer that has written everything before `at`.
    fn is_none(&self, at: u64) -> bool {
        self.published == at
            && self.arrivals.is_empty()
            && self.departures.is_empty()
            && self.pulses.is_empty()
            && self.left.is_empty()
            && !self.closing
    }

    /// All of it, for the writer, which is awake.
    fn take(&mut self) -> News {
        self.asleep = false;
        News {
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

impl Desk {
    fn news(&self) -> MutexGuard<'_, News> {
        // A panic elsewhere leaves it whole: every change is made in one piece.
        self.news.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn ring(&self, mut news: MutexGuard<'_, News>) {
        let asleep = std::mem::take(&mut news.asleep);
        drop(news);
        if asleep {
            self.rung.notify_one();
        }
    }
}

impl Fanout {
    /// The fan-out of a room, to be served by `writers` threads, which run [`Fanout::writers`].
    pub fn new(room: Arc<Room>, writers: usize) -> Fanout {
        let end = room.end();
        let desk = || {
            let desk = Desk::default();
            desk.news().published = end;
            Arc::new(desk)
        };
        Fanout {
            room,
            desks: (0..writers.max(1)).map(|_| desk()).collect(),
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
            desk: self.next.fetch_add(1, Ordering::Relaxed) % self.desks.len(),
            index: AtomicUsize::new(usize::MAX),
            state: Mutex::new(State::Called(Call::Gone)),
        })
    }

    /// Sits down at `offset`, up to which the listener was sent everything. `None` when more than
    /// that is published, or the room is closing: then the task has to look for itself.
    pub fn sit<'a>(&'a self, seat: &'a Arc<Seat>, offset: u64) -> Option<Sitting<'a>> {
        let desk = &self.desks[seat.desk];
        let mut news = desk.news();
        if news.closing || news.published > offset {
            return None;
        }
        *seat.state() = State::Sitting(None);
        news.arrivals.push((Arc::clone(seat), offset));
        desk.ring(news);
        Some(Sitting { fanout: self, seat })
    }

    /// Has a sign of life sent to somebody who sits; who does not is written to by its own task.
    pub fn pulse(&self, seat: &Arc<Seat>) {
        let desk = &self.desks[seat.desk];
        let mut news = desk.news();
        news.pulses.push(Arc::clone(seat));
        desk.ring(news);
    }

    /// Everything before `end` may be sent. The sessions in `left` are over with it.
    pub fn publish(&self, end: u64, left: &[SessionId]) {
        for desk in &self.desks {
            let mut news = desk.news();
            news.published = end;
            // A thread that is woken for nothing takes the processor from whoever waits for the answer.
            if !(news.asleep && news.vacant) {
                news.left.extend_from_slice(left);
                desk.ring(news);
            }
        }
    }

    /// Calls everybody up: nothing more is published.
    pub fn close(&self) {
        for desk in &self.desks {
            let mut news = desk.news();
            news.closing = true;
            desk.ring(news);
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
pub enum Sent {
    /// The socket took them all.
    All,
    /// It took so many, and is full.
    Part(usize),
    /// The listener went away, or the network did.
    Gone,
}

impl Seat {
    /// Sends what the socket takes without waiting. For whose turn it is to write.
    pub fn send(&self, bytes: &[u8]) -> Sent {
        if bytes.is_empty() {
            return Sent::All;
        }
        loop {
            return match self.stream.get_ref().write(bytes) {
                Ok(sent) if sent == bytes.len() => Sent::All,
                Ok(0) => Sent::Gone,
                Ok(sent) => Sent::Part(sent),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => Sent::Part(0),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(_) => Sent::Gone,
            };
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Hands the connection back to its task.
    fn call(&self, call: Call) {
        let before = std::mem::replace(&mut *self.state(), State::Called(call));
        if let State::Sitting(Some(waker)) = before {
            waker.wake();
        }
    }
}

/// Ready when the listener is called up. Gives the seat up when dropped before that.
#[derive(Debug)]
pub struct Sitting<'a> {
    fanout: &'a Fanout,
    seat: &'a Arc<Seat>,
}

impl Future for Sitting<'_> {
    type Output = Call;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Call> {
        match &mut *self.seat.state() {
            State::Called(call) => Poll::Ready(*call),
            State::Sitting(Some(waker)) if waker.will_wake(context.waker()) => Poll::Pending,
            State::Sitting(waker) => {
                *waker = Some(context.waker().clone());
                Poll::Pending
            }
        }
    }
}

impl Drop for Sitting<'_> {
    fn drop(&mut self) {
        if matches!(*self.seat.state(), State::Sitting(_)) {
            let desk = &self.fanout.desks[self.seat.desk];
            let mut news = desk.news();
            news.departures.push(Arc::clone(self.seat));
            desk.ring(news);
        }
    }
}
