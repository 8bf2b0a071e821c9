//! A writer: one thread, and the seats it writes to.

use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};

use crate::sse::Encoding;
use crate::wire::HEARTBEAT;

use super::{Call, Desk, Fanout, News, Seat, Sent};
use crate::modes::server::fanout::portion::Portion;
use crate::modes::server::room::Room;
use crate::modes::server::room::tail::Cursor;

/// How often it looks for listeners that are owed a sign of life.
const TICK: Duration = Duration::from_secs(1);
/// The most journal bytes in one pass: encoded, about what a socket takes at once.
const PASS: usize = 32 * 1024;

/// Writes to its seats until the room closes.
#[derive(Debug)]
pub struct Writer {
    room: Arc<Room>,
    desk: Arc<Desk>,
    seats: Vec<Seated>,
    /// Everything before this was written to all, or they sat down behind it.
    at: u64,
    /// When something was written to all.
    passed: Instant,
    ticked: Instant,
}

/// A seat as the writer has it. A pass only reads it.
#[derive(Debug)]
struct Seated {
    seat: Arc<Seat>,
    encoding: Encoding,
    /// Where it sat down; passes have brought it to the writer's `at` if that is further.
    offset: u64,
    /// When it sat down, or was sent the last sign of life.
    greeted: Instant,
}

impl Fanout {
    /// The writers, one for each thread.
    pub fn writers(&self) -> Vec<Writer> {
        let writer = |desk: &Arc<Desk>| Writer {
            room: Arc::clone(&self.room),
            desk: Arc::clone(desk),
            seats: Vec::new(),
            at: desk.news().published,
            passed: Instant::now(),
            ticked: Instant::now(),
        };
        self.desks.iter().map(writer).collect()
    }
}

impl Writer {
    /// Serves its seats until the room closes.
    pub fn run(mut self) {
        loop {
            let news = self.wait();
            let closing = news.closing;
            self.serve(news, Instant::now());
            if closing {
                return;
            }
        }
    }

    /// Waits for news, and at most a tick if anybody sits here.
    fn wait(&self) -> News {
        let mut news = self.desk.news();
        while news.is_none(self.at) {
            self.sleep(&mut news);
            if self.seats.is_empty() {
                let rung = self.desk.rung.wait(news);
                news = rung.unwrap_or_else(PoisonError::into_inner);
                continue;
            }
            let left = TICK.saturating_sub(self.ticked.elapsed());
            let rung = self.desk.rung.wait_timeout(news, left);
            let (guard, timeout) = rung.unwrap_or_else(PoisonError::into_inner);
            news = guard;
            if timeout.timed_out() {
                break;
            }
        }
        news.take()
    }

    /// Has the others ring, for what is news to those who sit here.
    fn sleep(&self, news: &mut News) {
        news.asleep = true;
        news.vacant = self.seats.is_empty();
    }

    fn serve(&mut self, news: News, now: Instant) {
        if self.seats.is_empty() {
            // Nobody was to be written what has been published since.
            let first = news.arrivals.iter().map(|(_, offset)| *offset).min();
            self.at = first.map_or(news.published, |first| first.min(news.published));
        }
        for (seat, offset) in news.arrivals {
            self.seat(seat, offset, now);
        }
        for seat in news.departures {
            self.clear(&seat);
        }
        self.pass(news.published, now);
        for seat in news.pulses {
            if let Some(index) = self.index(&seat) {
                self.pulse(index);
            }
        }
        if !news.left.is_empty() {
            self.call_all(|seat| seat.session.is_some_and(|s| news.left.contains(&s)));
        }
        if news.closing {
            self.call_all(|_| true);
        }
        if now.duration_since(self.ticked) >= TICK {
            self.ticked = now;
            self.heartbeats(now);
        }
    }

    fn seat(&mut self, seat: Arc<Seat>, offset: u64, greeted: Instant) {
        seat.index.store(self.seats.len(), Ordering::Relaxed);
        self.seats.push(Seated {
            encoding: seat.encoding,
            seat,
            offset,
            greeted,
        });
    }

    /// Takes the seat at `index` away from the writer.
    fn remove(&mut self, index: usize) -> Arc<Seat> {
        let seated = self.seats.swap_remove(index);
        if let Some(moved) = self.seats.get(index) {
            moved.seat.index.store(index, Ordering::Relaxed);
        }
        seated.seat
    }

    /// Lets go of one who went away while sitting, if it was not called up meanwhile.
    fn clear(&mut self, seat: &Arc<Seat>) {
        if let Some(index) = self.index(seat) {
            self.remove(index);
        }
    }

    /// Where one sits who was not called up.
    fn index(&self, seat: &Arc<Seat>) -> Option<usize> {
        let index = seat.index.load(Ordering::Relaxed);
        let seated = self.seats.get(index)?;
        Arc::ptr_eq(&seated.seat, seat).then_some(index)
    }

    fn call(&mut self, index: usize, call: Call) {
        self.remove(index).call(call);
    }

    /// Calls everybody up of whom `who` is true; they have nothing in hand.
    fn call_all(&mut self, who: impl Fn(&Seat) -> bool) {
        for index in (0..self.seats.len()).rev() {
            if who(&self.seats[index].seat) {
                let cursor = Cursor::at(self.seats[index].offset.max(self.at));
                self.call(index, Call::Up(cursor));
            }
        }
    }

    /// Writes everything up to `to` to all seats.
    fn pass(&mut self, to: u64, now: Instant) {
        while self.at < to {
            match Portion::new(self.room.published(self.at, to, PASS)) {
                Some(portion) => {
                    self.write(&portion);
                    self.at = portion.end();
                    self.passed = now;
                }
                // Memory has moved on during the last pass: each finds its way through the file.
                None => {
                    self.call_all(|_| true);
                    self.at = to;
                }
            }
        }
    }

    fn write(&mut self, portion: &Portion) {
        // Downwards, so that whoever takes a seat's index was written to already.
        for index in (0..self.seats.len()).rev() {
            let seated = &self.seats[index];
            let encoding = seated.encoding;
            // Only who has just sat down can be further than the others.
            let start = match seated.offset <= self.at {
                true => 0,
                false => portion.position(encoding, Cursor::at(seated.offset)),
            };
            match seated.seat.send(&portion.joined(encoding)[start..]) {
                Sent::All => {}
                Sent::Part(sent) => {
                    let cursor = portion.cursor(encoding, start + sent);
                    self.call(index, Call::Full(cursor));
                }
                Sent::Gone => self.call(index, Call::Gone),
            }
        }
    }

    /// A sign of life for everyone who has not been sent anything for long.
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
        match seated.seat.send(seated.encoding.pulse()) {
            Sent::All => {}
            Sent::Part(sent) => {
                let offset = seated.offset.max(self.at);
                self.call(index, Call::Heartbeat { offset, sent });
            }
            Sent::Gone => self.call(index, Call::Gone),
        }
    }
}

#[cfg(test)]
mod tests;
