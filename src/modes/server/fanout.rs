//! The fan-out: all listeners that are up to date, and the threads that write to them.
//!
//! A listener that was sent everything takes a seat with one of a few [`writer`] threads. When
//! something is published, each of them writes the same bytes to all its seats in one pass, without
//! waking a task for any. What is published during a pass goes out with the next one, in one write.
//! A listener that cannot take it all at once loses its seat, and its own task goes on from there.
//!
//! What always holds:
//!
//! - A seated listener was sent everything before its seat's offset, and nothing after it.
//! - Either the writer or the task writes to a listener, never both: the writer while the listener
//!   has its seat, the task otherwise.
//! - A writer never waits for a listener, and holds no lock while it writes.
//! - Lock order: a writer's inbox, then a seat's holder. Neither is held while the room's lock is
//!   taken, nor the other way round.

pub(super) mod batches;
pub(super) mod cold;
pub(super) mod follower;
pub(super) mod peer;
pub(super) mod permits;
mod writer;

#[cfg(debug_assertions)]
use std::cell::Cell;
use std::future::Future;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use crate::sse::Encoding;

use crate::modes::server::room::Room;
use crate::modes::server::room::order::SessionId;
use crate::modes::server::room::tail::Cursor;
use cold::ColdReader;
use peer::Peer;

#[cfg(debug_assertions)]
thread_local! {
    /// True while this thread has locked a seat's holder.
    static HOLDER_LOCKED: Cell<bool> = const { Cell::new(false) };
}

/// The listeners of a room, and the seats of those that are up to date.
#[derive(Debug)]
pub struct Fanout {
    /// The room that they listen to.
    pub room: Arc<Room>,
    /// Reads what is no longer in memory, for listeners and requests.
    pub cold: ColdReader,
    inboxes: Vec<Arc<Inbox>>,
    next: AtomicUsize,
    listeners: AtomicUsize,
}

/// The reason why a listener lost its seat.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unseated {
    /// Its own task has to look for what comes next, from this cursor on.
    More(Cursor),
    /// Its peer takes no more for now; it is at this cursor.
    Full(Cursor),
    /// Its peer took only a part of a heartbeat.
    HeartbeatCut {
        /// The offset up to which it was sent everything.
        offset: u64,
        /// The number of bytes of [`Encoding::pulse`] that it was sent.
        sent: usize,
    },
    /// The listener went away, or the network did.
    Gone,
}

/// A listener's connection, shared by its task and its writer. The listener has its seat while the writer is the
/// holder.
#[derive(Debug)]
pub struct SharedPeer {
    /// The connection. Only the seat's holder writes to it.
    pub(super) peer: Peer,
    /// The address whose turn it is when the log is read for the listener.
    from: IpAddr,
    encoding: Encoding,
    /// The session that ends with the connection, if it has one.
    session: Option<SessionId>,
    /// The inbox of its writer.
    inbox: usize,
    /// Its place in the writer's list; the writer's alone.
    index: AtomicUsize,
    holder: Mutex<Holder>,
}

/// The one that may write to a listener.
#[derive(Debug)]
enum Holder {
    /// The writer; the waker is that of the task that waits for the seat's end.
    Writer(Option<Waker>),
    /// The listener's own task, since it was handed back.
    Task(Unseated),
}

/// A writer's inbox, in which listeners and the committer leave what there is to do.
#[derive(Debug, Default)]
struct Inbox {
    pending: Mutex<Pending>,
    woken: Condvar,
}

/// The contents of an inbox.
#[derive(Debug, Default)]
struct Pending {
    /// Everything before this offset is published.
    published: u64,
    /// Listeners that take a seat, with the offset up to which they were sent everything.
    arrivals: Vec<(Arc<SharedPeer>, u64)>,
    /// Listeners that went away while they had a seat.
    departures: Vec<Arc<SharedPeer>>,
    /// Listeners that are to be sent a heartbeat now.
    pulses: Vec<Arc<SharedPeer>>,
    /// Sessions whose leave was published.
    left: Vec<SessionId>,
    closing: bool,
    /// The writer waits, and must be woken.
    asleep: bool,
    /// The writer has no seats, so that what is published does not concern it.
    vacant: bool,
}

impl Pending {
    /// Reports whether there is nothing to do for a writer that has written everything before `at`.
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
        #[cfg(debug_assertions)]
        assert!(!HOLDER_LOCKED.get(), "an inbox is locked before a holder");
        // A panic elsewhere leaves it whole: every change is made in one piece.
        self.pending.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Gives the inbox back, and wakes its writer if it waits.
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
            cold: ColdReader::new(room.reader.clone(), writers),
            room,
            inboxes: (0..writers.max(1)).map(|_| inbox()).collect(),
            next: AtomicUsize::new(0),
            listeners: AtomicUsize::new(0),
        }
    }

    /// Counts a listener for as long as the result lives.
    fn listener(self: &Arc<Fanout>) -> Listener {
        self.listeners.fetch_add(1, Ordering::AcqRel);
        Listener(Arc::clone(self))
    }

    /// The number of listeners.
    pub fn listeners(&self) -> usize {
        self.listeners.load(Ordering::Acquire)
    }

    /// A listener's connection, which its task holds: it has no seat yet.
    fn share(
        &self,
        peer: Peer,
        from: IpAddr,
        encoding: Encoding,
        session: Option<SessionId>,
    ) -> Arc<SharedPeer> {
        Arc::new(SharedPeer {
            peer,
            from,
            encoding,
            session,
            inbox: self.next.fetch_add(1, Ordering::Relaxed) % self.inboxes.len(),
            index: AtomicUsize::new(usize::MAX),
            holder: Mutex::new(Holder::Task(Unseated::Gone)),
        })
    }

    /// Takes the seat at `offset`, up to which the listener was sent everything. `None` when more
    /// than that is published, or the room is closing: then the task has to look for itself.
    fn sit<'a>(&'a self, shared: &'a Arc<SharedPeer>, offset: u64) -> Option<SeatGuard<'a>> {
        let inbox = &self.inboxes[shared.inbox];
        let mut pending = inbox.pending();
        if pending.closing || pending.published > offset {
            return None;
        }
        shared.with_holder(|holder| *holder = Holder::Writer(None));
        pending.arrivals.push((Arc::clone(shared), offset));
        inbox.wake(pending);
        Some(SeatGuard {
            fanout: self,
            shared,
        })
    }

    /// Has a heartbeat sent to a listener that has its seat; nothing happens to one that has not,
    /// whose own task writes to it.
    fn pulse(&self, shared: &Arc<SharedPeer>) {
        let inbox = &self.inboxes[shared.inbox];
        let mut pending = inbox.pending();
        pending.pulses.push(Arc::clone(shared));
        inbox.wake(pending);
    }

    /// Lets everything before `end` be sent. The sessions in `left` are over with it.
    pub fn publish(&self, end: u64, left: &[SessionId]) {
        for inbox in &self.inboxes {
            let mut pending = inbox.pending();
            pending.published = end;
            // A thread that is woken for nothing takes the processor from the poster, who waits
            // for the answer.
            if !(pending.asleep && pending.vacant) {
                pending.left.extend_from_slice(left);
                inbox.wake(pending);
            }
        }
    }

    /// Takes every seat away: nothing more is published.
    pub fn close(&self) {
        for inbox in &self.inboxes {
            let mut pending = inbox.pending();
            pending.closing = true;
            inbox.wake(pending);
        }
    }
}

/// Counts a listener while it lives.
#[derive(Debug)]
struct Listener(Arc<Fanout>);

impl Drop for Listener {
    fn drop(&mut self) {
        self.0.listeners.fetch_sub(1, Ordering::AcqRel);
    }
}

impl SharedPeer {
    /// Does something with the holder while it is locked. No inbox may be locked in it.
    fn with_holder<T>(&self, work: impl FnOnce(&mut Holder) -> T) -> T {
        let mut holder = self.holder.lock().unwrap_or_else(PoisonError::into_inner);
        #[cfg(debug_assertions)]
        HOLDER_LOCKED.set(true);
        let outcome = work(&mut holder);
        #[cfg(debug_assertions)]
        HOLDER_LOCKED.set(false);
        outcome
    }

    /// Hands the connection back to its task.
    fn hand_back(&self, why: Unseated) {
        let before = self.with_holder(|holder| std::mem::replace(holder, Holder::Task(why)));
        if let Holder::Writer(Some(waker)) = before {
            waker.wake();
        }
    }
}

/// A taken seat: ready when the listener is handed back to its task. Gives the seat up when it is
/// dropped before that.
#[derive(Debug)]
struct SeatGuard<'a> {
    fanout: &'a Fanout,
    shared: &'a Arc<SharedPeer>,
}

impl Future for SeatGuard<'_> {
    type Output = Unseated;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Unseated> {
        self.shared.with_holder(|holder| match holder {
            Holder::Task(why) => Poll::Ready(*why),
            Holder::Writer(Some(waker)) if waker.will_wake(context.waker()) => Poll::Pending,
            Holder::Writer(waker) => {
                *waker = Some(context.waker().clone());
                Poll::Pending
            }
        })
    }
}

impl Drop for SeatGuard<'_> {
    fn drop(&mut self) {
        let writers = |holder: &mut Holder| matches!(holder, Holder::Writer(_));
        if self.shared.with_holder(writers) {
            let inbox = &self.fanout.inboxes[self.shared.inbox];
            let mut pending = inbox.pending();
            pending.departures.push(Arc::clone(self.shared));
            inbox.wake(pending);
        }
    }
}
