//! The room: the committed end of the journal, the members ([`presence`] decides about them), and the way in
//! for everything that is to be recorded.
//!
//! What always holds:
//!
//! - One short lock guards tail, committed offset and members; it is never held over an await or
//!   over I/O. The order of all locks is in [`lock`].
//! - Tail, offset and members change in one step, when a batch is published.

pub(super) mod client;
mod guards;
pub(super) mod health;
mod joining;
mod listed;
pub(super) mod lock;
pub(super) mod order;
pub(super) mod orders;
pub(super) mod presence;
pub(super) mod quotas;
pub(super) mod rate;
mod recording;
pub mod tail;
pub(super) mod turns;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use async_io::Timer;
use event_listener::Event;

use crate::event::{Id, Stamp};
use crate::journal::Reader;
use crate::name::Judged;
use crate::wire::Members;

use crate::modes::server::room::health::Health;
use crate::modes::server::room::lock::{Lock, LockGuard, Rank};
use crate::modes::server::room::order::{Reading, Verdict};
use crate::modes::server::room::orders::Orders;
use crate::modes::server::room::presence::{Change, Denied, Presence};
use crate::modes::server::room::quotas::AddressLimits;
use crate::modes::server::room::tail::{Batch, Tail};
use crate::system::clock;

pub use guards::{AnswerDue, Hold};
use listed::Listed;

/// The operator's settings of the room.
#[derive(Clone, Debug)]
pub struct Rules {
    /// The room's name.
    pub room: String,
    /// The longest name, in characters.
    pub max_name: usize,
    /// The time for which a name stays present without a connection.
    pub grace: Duration,
    /// Messages a second that one sender may keep up; 0 for no limit.
    pub max_rate: u32,
    /// The limits that are counted by address.
    pub address_limits: AddressLimits,
}

/// The one conversation that the server holds.
#[derive(Debug)]
pub struct Room {
    /// The operator's settings.
    pub rules: Rules,
    /// The judge of names.
    pub names: Judged,
    /// Reads what was committed.
    pub reader: Reader,
    started: Instant,
    /// The start by the clock that goes on while the machine sleeps.
    booted: Duration,
    orders: Arc<Orders>,
    state: Lock<Guarded>,
    /// The list of members as it was sent last.
    listed: Listed,
    /// Wakes requests that wait for a member to come or go.
    wake: Event,
    /// Wakes newcomers that wait for their turn once no more orders are taken.
    stopped: Event,
    /// The state of the log, its disk and the clock.
    pub health: Health,
    answers: AtomicUsize,
    /// The log is still being read back for the members of the time before the server's start.
    names_unknown: AtomicBool,
}

#[derive(Debug)]
struct Guarded {
    tail: Tail,
    /// Everything before this offset is committed and may be seen.
    end: u64,
    /// The newest committed event.
    last: Id,
    presence: Presence,
    closing: bool,
}

/// The next step of a follower at its cursor.
#[derive(Debug)]
pub enum Next {
    /// These batches, from memory.
    Ready(Vec<Arc<Batch>>),
    /// Older lines, up to this committed offset, which are in the file.
    InFile(u64),
    /// Nothing more yet.
    Wait,
    /// Nothing more, since the listener's own session has ended.
    Over,
    /// Nothing more ever.
    Closed,
}

impl Room {
    /// A room whose journal ends at `end` with the event `last`.
    pub fn new(rules: Rules, reader: Reader, orders: Arc<Orders>, end: u64, last: Id) -> Room {
        let mut presence = Presence::new(rules.grace, rules.max_rate);
        if rules.address_limits == AddressLimits::Lifted {
            presence = presence.without_address_limits();
        }
        Room {
            names: Judged::new(rules.max_name),
            rules,
            reader,
            started: Instant::now(),
            booted: clock::since_boot(),
            orders,
            state: Lock::new(
                Rank::Room,
                Guarded {
                    tail: Tail::default(),
                    end,
                    last,
                    presence,
                    closing: false,
                },
            ),
            listed: Listed::default(),
            wake: Event::new(),
            stopped: Event::new(),
            health: Health::default(),
            answers: AtomicUsize::new(0),
            names_unknown: AtomicBool::new(false),
        }
    }

    fn state(&self) -> LockGuard<'_, Guarded> {
        self.state.lock()
    }

    /// Both clocks now.
    pub fn clock(&self) -> Reading {
        Reading {
            wall: Stamp::now(),
            mono: clock::since_boot().saturating_sub(self.booted),
        }
    }

    /// The time since the server's start.
    pub fn uptime(&self) -> Duration {
        self.started.elapsed()
    }

    /// Makes a committed batch visible: tail, offset and members change in one step. Wakes the requests
    /// that wait for a member; listeners are the fan-out's.
    pub fn publish(&self, batch: Arc<Batch>, last: Id, changes: &[Change]) {
        let end = batch.end();
        {
            let mut state = self.state();
            state.end = end;
            state.last = last;
            state.tail.push(batch);
            state.presence.apply(changes, Instant::now());
        }
        self.wake.notify(usize::MAX);
    }

    /// Batches from `offset` on for the fan-out, up to `to` and about `bytes` of the journal; none
    /// when they are no longer in memory.
    pub fn published(&self, offset: u64, to: u64, bytes: usize) -> Vec<Arc<Batch>> {
        self.state().tail.range(offset, to, bytes)
    }

    /// Changes members without a batch.
    pub fn change(&self, changes: &[Change]) {
        self.state().presence.apply(changes, Instant::now());
        self.wake.notify(usize::MAX);
    }

    /// Takes no more orders. Requests that wait for what is still read back are told.
    pub fn stop_orders(&self) {
        self.state().closing = true;
        self.wake.notify(usize::MAX);
        self.stopped.notify(usize::MAX);
    }

    /// Ends the room: a listener that has been sent everything finds [`Next::Closed`]. The orders must
    /// have stopped.
    pub fn close(&self) {
        self.orders.close();
        self.wake.notify(usize::MAX);
    }

    /// The next step of a follower at `offset`, which keeps a session present by `hold`.
    pub fn next(&self, offset: u64, count: usize, hold: Option<&Hold>) -> Next {
        let state = self.state();
        if offset >= state.end {
            return if self.orders.is_closed() {
                Next::Closed
            } else if hold.is_some_and(|hold| state.presence.has_left(hold.session)) {
                Next::Over
            } else {
                Next::Wait
            };
        }
        let batches = state.tail.from(offset, count);
        if batches.is_empty() {
            Next::InFile(state.end)
        } else {
            Next::Ready(batches)
        }
    }

    /// The committed length of the journal.
    pub fn end(&self) -> u64 {
        self.state().end
    }

    /// The members that are present.
    pub fn members(&self) -> Members {
        let state = self.state();
        Members {
            id: state.last,
            members: state.presence.list(Instant::now()),
        }
    }

    /// The present members as JSON. Joins and leaves are always in it; idle times may be as old as they are
    /// exact.
    pub fn members_as_sent(&self) -> Vec<u8> {
        let make = || {
            let mut bytes = Vec::new();
            // Before the list: if somebody comes in between it is made again.
            let changes = self.state().presence.changes();
            let members = self.members();
            let last = members.id;
            // infallible: a list of names and numbers.
            let _ = crate::json::write(&members, &mut bytes);
            bytes.push(b'\n');
            (bytes, listed::Version { changes, last })
        };
        let state = || {
            let state = self.state();
            let (changes, last) = (state.presence.changes(), state.last);
            listed::Version { changes, last }
        };
        self.listed.get(Instant::now(), state, make)
    }

    /// The newest committed event.
    pub fn last(&self) -> Id {
        self.state().last
    }

    /// The number of present members.
    pub fn member_count(&self) -> usize {
        self.state().presence.count()
    }

    /// Counts a request that waits for its answer as long as what this gives lives.
    pub fn answer_due(self: &Arc<Room>) -> AnswerDue {
        self.answers.fetch_add(1, Ordering::AcqRel);
        AnswerDue(Arc::clone(self))
    }

    /// The number of requests that wait for their answer.
    pub fn answers(&self) -> usize {
        self.answers.load(Ordering::Acquire)
    }
}

/// Records, for as long as it is polled, the leave of every member whose grace ran out.
pub async fn sweep_often(room: Arc<Room>, grace: Duration) {
    let often = (grace / 5).clamp(Duration::from_millis(20), Duration::from_millis(500));
    loop {
        Timer::after(often).await;
        room.sweep();
    }
}

#[cfg(test)]
pub(crate) mod tests;
