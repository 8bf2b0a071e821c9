//! The queue before the committer: [`Turns`] decides the order, here are lock and bounds.
//!
//! What always holds: [`QUEUE_LENGTH`] orders wait for as long as it takes. An order that comes when so many wait
//! is queued as well, in its turn, but its sender may lose patience and withdraw it. Of one address no more than
//! [`MAX_WAITING`] wait.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar};

use super::lock::{Lock, LockGuard, Rank};
use super::quotas::AddressLimits;
use super::turns::{Sender, Turns};
use crate::modes::server::room::order::{Job, Order};

/// The number of orders that wait before senders lose patience.
pub const QUEUE_LENGTH: usize = 1_024;
/// The number of orders of one address that may wait.
const MAX_WAITING: usize = 2_048;

/// The queue into which every request puts its order.
#[derive(Debug)]
pub struct Orders {
    state: Lock<Waiting>,
    /// Woken when an order came, or when no more will come.
    came: Condvar,
}

#[derive(Debug, Default)]
struct Waiting {
    /// The server's own orders, which go first.
    own: VecDeque<Order>,
    turns: Turns<Order>,
    /// The room's end, which comes when nothing else waits.
    end: Option<Order>,
    /// Addresses are not counted.
    unlimited: bool,
    closed: bool,
    /// The committer sleeps.
    sleeps: bool,
}

/// The reason why an order is not queued.
#[derive(Debug)]
pub enum NotQueued {
    /// The queue is closed.
    Closed,
    /// Too much of this address waits.
    TooMany,
}

/// An order that waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Queued {
    ticket: u64,
    /// [`QUEUE_LENGTH`] orders were there before it: the sender may lose patience.
    pub late: bool,
}

/// The committer's end of the queue. Once it is dropped, the queue takes nothing.
#[derive(Debug)]
pub struct Taker(Arc<Orders>);

impl Orders {
    /// An empty queue, and its other end.
    pub fn new(limits: AddressLimits) -> (Arc<Orders>, Taker) {
        let waiting = Waiting {
            unlimited: limits == AddressLimits::Lifted,
            ..Waiting::default()
        };
        let orders = Arc::new(Orders {
            state: Lock::new(Rank::Orders, waiting),
            came: Condvar::new(),
        });
        let taker = Taker(Arc::clone(&orders));
        (orders, taker)
    }

    fn state(&self) -> LockGuard<'_, Waiting> {
        self.state.lock()
    }

    /// Adds an order; one that takes a `name` waits until what guests said under that name is taken.
    ///
    /// # Errors
    /// The queue takes no more from this address, or none at all.
    pub fn push(
        &self,
        sender: Sender,
        name: Option<&str>,
        order: Order,
    ) -> Result<Queued, NotQueued> {
        let mut state = self.state();
        // Nothing is recorded after the room's end.
        if state.closed || state.end.is_some() {
            return Err(NotQueued::Closed);
        }
        if !state.unlimited && state.turns.of(sender.from) >= MAX_WAITING {
            return Err(NotQueued::TooMany);
        }
        let late = state.turns.len() >= QUEUE_LENGTH;
        let ticket = state.turns.push(sender, name, order);
        self.wake(state);
        Ok(Queued { ticket, late })
    }

    /// Takes back an order that was not taken yet; returns whether that succeeded.
    pub fn withdraw(&self, sender: &Sender, queued: Queued) -> bool {
        let taken = self.state().turns.withdraw(sender, queued.ticket);
        taken.is_some()
    }

    /// Adds an order of the server itself, unless the same waits already; returns whether it will be
    /// carried out.
    pub fn push_own(&self, order: Order) -> bool {
        let mut state = self.state();
        if state.closed {
            return false;
        }
        let again = matches!(order.job, Job::CheckLog | Job::Sync)
            && state.own.iter().any(|waits| waits.job == order.job);
        if !again {
            state.own.push_back(order);
            self.wake(state);
        }
        true
    }

    /// Adds the end of the room; returns whether it will be recorded.
    pub fn push_end(&self, order: Order) -> bool {
        let mut state = self.state();
        if state.closed {
            return false;
        }
        state.end = Some(order);
        self.wake(state);
        true
    }

    fn wake(&self, mut state: LockGuard<'_, Waiting>) {
        let sleeps = std::mem::replace(&mut state.sleeps, false);
        drop(state);
        if sleeps {
            self.came.notify_one();
        }
    }

    /// Closes the queue: nothing is taken any more.
    pub fn close(&self) {
        self.state().closed = true;
        self.came.notify_all();
    }

    /// Returns whether the queue is closed.
    pub fn is_closed(&self) -> bool {
        self.state().closed
    }
}

impl Taker {
    /// Waits for the next order; `None` when there will be none.
    pub fn wait(&self) -> Option<Order> {
        let mut state = self.0.state();
        loop {
            if let Some(order) = state.next() {
                return Some(order);
            }
            if state.closed {
                return None;
            }
            state.sleeps = true;
            state = state.wait(&self.0.came);
        }
    }

    /// Takes what waits for as long as `more` is wanted after the newest.
    pub fn gather(&self, mut more: impl FnMut(&Order) -> bool, into: &mut Vec<Order>) {
        let mut state = self.0.state();
        while into.last().is_none_or(&mut more)
            && let Some(order) = state.next()
        {
            into.push(order);
        }
    }

    /// The next order, if there is one.
    pub fn take(&self) -> Option<Order> {
        self.0.state().next()
    }

    /// Closes the queue: nothing is taken any more.
    pub fn close(&self) {
        self.0.close();
    }
}

impl Drop for Taker {
    fn drop(&mut self) {
        self.close();
        // Dropping an order tells its sender that the outcome is unknown. Not under the lock, which the
        // sender's reaction may take.
        while let Some(order) = self.take() {
            drop(order);
        }
    }
}

impl Waiting {
    fn next(&mut self) -> Option<Order> {
        let own = self.own.pop_front();
        own.or_else(|| self.turns.pop()).or_else(|| self.end.take())
    }
}

#[cfg(test)]
mod tests;
