//! A writer: one thread, and the seats that it writes to.

use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};

use crate::sse::Encoding;
use crate::wire::HEARTBEAT;

use super::batches::Batches;
use super::peer::SendOutcome;
use super::{Fanout, Inbox, Pending, SharedPeer, Unseated};
use crate::modes::server::room::Room;
use crate::modes::server::room::tail::Cursor;

/// The time between two looks for listeners that are owed a heartbeat.
const TICK: Duration = Duration::from_secs(1);
/// The most bytes of the journal in one pass: encoded, about what a peer takes at once.
const PASS: usize = 32 * 1024;

/// Writes to its seats until the room closes.
#[derive(Debug)]
pub struct Writer {
    room: Arc<Room>,
    inbox: Arc<Inbox>,
    seats: Vec<Seated>,
    /// Everything before this offset was written to all seats, or they were taken after it.
    at: u64,
    /// The last time that something was written to all.
    passed: Instant,
    ticked: Instant,
}

/// A seat as the writer has it. A pass only reads it.
#[derive(Debug)]
struct Seated {
    shared: Arc<SharedPeer>,
    encoding: Encoding,
    /// The offset at which it was taken; passes have brought it to the writer's `at` if that is
    /// further.
    offset: u64,
    /// The time at which it was taken, or sent the last heartbeat.
    greeted: Instant,
}

impl Fanout {
    /// The writers, one for each thread.
    pub fn writers(&self) -> Vec<Writer> {
        let writer = |inbox: &Arc<Inbox>| Writer {
            room: Arc::clone(&self.room),
            inbox: Arc::clone(inbox),
            seats: Vec::new(),
            at: inbox.pending().published,
            passed: Instant::now(),
            ticked: Instant::now(),
        };
        self.inboxes.iter().map(writer).collect()
    }
}

impl Writer {
    /// Serves its seats until the room closes.
    pub fn run(mut self) {
        loop {
            let pending = self.wait();
            let closing = pending.closing;
            self.serve(pending, Instant::now());
            if closing {
                return;
            }
        }
    }

    /// Waits for something to do, and at most a tick if there are seats.
    fn wait(&self) -> Pending {
        let mut pending = self.inbox.pending();
        while pending.is_empty(self.at) {
            self.sleep(&mut pending);
            if self.seats.is_empty() {
                let woken = self.inbox.woken.wait(pending);
                pending = woken.unwrap_or_else(PoisonError::into_inner);
                continue;
            }
            let left = TICK.saturating_sub(self.ticked.elapsed());
            let woken = self.inbox.woken.wait_timeout(pending, left);
            let (guard, timeout) = woken.unwrap_or_else(PoisonError::into_inner);
            pending = guard;
            if timeout.timed_out() {
                break;
            }
        }
        pending.take()
    }

    /// Has the others wake this writer, for what concerns its seats.
    fn sleep(&self, pending: &mut Pending) {
        pending.asleep = true;
        pending.vacant = self.seats.is_empty();
    }

    fn serve(&mut self, pending: Pending, now: Instant) {
        if self.seats.is_empty() {
            // What has been published since was to be written to nobody.
            let first = pending.arrivals.iter().map(|(_, offset)| *offset).min();
            self.at = first.map_or(pending.published, |first| first.min(pending.published));
        }
        for (shared, offset) in pending.arrivals {
            self.seat(shared, offset, now);
        }
        for shared in pending.departures {
            self.clear(&shared);
        }
        self.pass(pending.published, now);
        for shared in pending.pulses {
            if let Some(index) = self.index(&shared) {
                self.pulse(index);
            }
        }
        if !pending.left.is_empty() {
            self.unseat_all(|shared| shared.session.is_some_and(|s| pending.left.contains(&s)));
        }
        if pending.closing {
            self.unseat_all(|_| true);
        }
        if now.duration_since(self.ticked) >= TICK {
            self.ticked = now;
            self.heartbeats(now);
        }
    }

    fn seat(&mut self, shared: Arc<SharedPeer>, offset: u64, greeted: Instant) {
        shared.index.store(self.seats.len(), Ordering::Relaxed);
        self.seats.push(Seated {
            encoding: shared.encoding,
            shared,
            offset,
            greeted,
        });
    }

    /// Takes the seat at `index` out of the list.
    fn remove(&mut self, index: usize) -> Arc<SharedPeer> {
        let seated = self.seats.swap_remove(index);
        if let Some(moved) = self.seats.get(index) {
            moved.shared.index.store(index, Ordering::Relaxed);
        }
        seated.shared
    }

    /// Lets go of a listener that went away while it was seated, if it was not handed back meanwhile.
    fn clear(&mut self, shared: &Arc<SharedPeer>) {
        if let Some(index) = self.index(shared) {
            self.remove(index);
        }
    }

    /// The place of a seat in the list; `None` for a listener that was handed back.
    fn index(&self, shared: &Arc<SharedPeer>) -> Option<usize> {
        let index = shared.index.load(Ordering::Relaxed);
        let seated = self.seats.get(index)?;
        Arc::ptr_eq(&seated.shared, shared).then_some(index)
    }

    fn unseat(&mut self, index: usize, why: Unseated) {
        self.remove(index).hand_back(why);
    }

    /// Hands back all listeners of which `who` is true; no part of an event is under way to them.
    fn unseat_all(&mut self, who: impl Fn(&SharedPeer) -> bool) {
        for index in (0..self.seats.len()).rev() {
            if who(&self.seats[index].shared) {
                let cursor = Cursor::at(self.seats[index].offset.max(self.at));
                self.unseat(index, Unseated::More(cursor));
            }
        }
    }

    /// Writes everything up to `to` to all seats.
    fn pass(&mut self, to: u64, now: Instant) {
        while self.at < to {
            match Batches::new(self.room.published(self.at, to, PASS)) {
                Some(batches) => {
                    self.write(&batches);
                    self.at = batches.end();
                    self.passed = now;
                }
                // Memory has moved on during the last pass: each task goes on through the file.
                None => {
                    self.unseat_all(|_| true);
                    self.at = to;
                }
            }
        }
    }

    fn write(&mut self, batches: &Batches) {
        // Downwards, so that the seat that takes a removed one's index was written to already.
        for index in (0..self.seats.len()).rev() {
            let seated = &self.seats[index];
            let encoding = seated.encoding;
            // Only a seat that was just taken can be further than the others.
            let start = if seated.offset <= self.at {
                0
            } else {
                batches.position(encoding, Cursor::at(seated.offset))
            };
            match seated.shared.peer.send(&batches.joined(encoding)[start..]) {
                SendOutcome::All => {}
                SendOutcome::Full(sent) => {
                    let cursor = batches.cursor(encoding, start + sent);
                    self.unseat(index, Unseated::Full(cursor));
                }
                SendOutcome::Gone => self.unseat(index, Unseated::Gone),
            }
        }
    }

    /// Sends a heartbeat to each listener that has not been sent anything for long.
    fn heartbeats(&mut self, now: Instant) {
        for index in (0..self.seats.len()).rev() {
            let seated = &mut self.seats[index];
            let heard = seated.greeted.max(self.passed);
            if now.saturating_duration_since(heard) < Duration::from_secs(HEARTBEAT) {
                continue;
            }
            seated.greeted = now;
            if !seated.encoding.heartbeat().is_empty() {
                self.pulse(index);
            }
        }
    }

    fn pulse(&mut self, index: usize) {
        let seated = &self.seats[index];
        match seated.shared.peer.send(seated.encoding.pulse()) {
            SendOutcome::All => {}
            SendOutcome::Full(sent) => {
                let offset = seated.offset.max(self.at);
                self.unseat(index, Unseated::HeartbeatCut { offset, sent });
            }
            SendOutcome::Gone => self.unseat(index, Unseated::Gone),
        }
    }
}

#[cfg(test)]
mod tests;
