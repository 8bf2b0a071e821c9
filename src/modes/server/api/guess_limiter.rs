//! The limiter of guesses at the room key, which counts wrong keys for each client: a state machine without
//! clock or randomness.
//!
//! What always holds:
//!
//! - At most [`A_MINUTE`] wrong keys of one client are answered in any minute, and nothing but that
//!   answer depends on whether a key is right.
//! - While an address guesses at most [`AT_ONCE`] keys a minute, nobody waits. Beyond that all its keys
//!   wait. Keys that came first on their connections are drawn before the others, each with the same
//!   chance, and with the first right one all the same keys that wait are let in. Nothing tells one honest
//!   newcomer from guessers who open a connection for each key, so its chance is the same as theirs, and
//!   they are drawn at most [`A_MINUTE`] times a minute. But each guess is another key, and the honest all
//!   have the same: a class has as many lots as it has pupils.
//! - Other addresses do not wait for it.
//! - However many other addresses guess, those that guess most stay counted.

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::time::{Duration, Instant};

use crate::modes::server::room::client::Client;

/// The wrong keys of one client that are answered at once in a minute.
pub(super) const AT_ONCE: usize = 20;
/// The wrong keys of one client that are answered at all in a minute.
const A_MINUTE: usize = 60;
/// The time over which wrong keys are counted.
const MINUTE: Duration = Duration::from_secs(60);
/// The shortest time between two keys that have to wait.
const PAUSE: Duration = Duration::from_secs(1);
/// The most keys of one client that wait to be checked: as many as an address may have connections.
const MAX_WAITING: usize = 1_024;
/// The most clients that are watched.
const MAX_WATCHED: usize = 10_000;

/// The wrong keys of each client, and its keys that wait to be checked.
#[derive(Debug)]
pub(super) struct GuessLimiter<T> {
    watched: HashMap<Client, Watched<T>>,
    /// The clients of which no key waits: fewest wrong keys first, then the oldest.
    forgettable: BTreeSet<(usize, Instant, Client)>,
    /// The time at which clients whose minute is over were last removed.
    cleared: Option<Instant>,
    tickets: u64,
}

#[derive(Debug)]
struct Watched<T> {
    /// The times at which its wrong keys were answered, oldest first.
    wrong: VecDeque<Instant>,
    waiting: Vec<Waiting<T>>,
    /// Its entry among the forgettable.
    noted: Option<(usize, Instant)>,
}

#[derive(Debug)]
struct Waiting<T> {
    ticket: u64,
    first: bool,
    key: T,
}

/// The treatment of a key that was given.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Admission<T> {
    /// The key is checked now.
    Now(T),
    /// The key waits under this ticket.
    Waits(u64),
    /// Too many keys wait: this one is not checked.
    Refused,
}

impl<T> Default for GuessLimiter<T> {
    fn default() -> GuessLimiter<T> {
        GuessLimiter {
            watched: HashMap::new(),
            forgettable: BTreeSet::new(),
            cleared: None,
            tickets: 0,
        }
    }
}

impl<T> GuessLimiter<T> {
    /// Takes a key, the `first` on its connection or not. A waiting key that was not the first on its
    /// connection makes room for one that is: it is dropped.
    pub(super) fn ask(&mut self, from: Client, first: bool, key: T, now: Instant) -> Admission<T> {
        let Some(watched) = self.watched.get_mut(&from) else {
            return Admission::Now(key);
        };
        watched.forget(now);
        if watched.waiting.is_empty() && watched.wrong.len() < AT_ONCE {
            return Admission::Now(key);
        }
        if watched.waiting.len() >= MAX_WAITING {
            let later = watched.waiting.iter().position(|waiting| !waiting.first);
            match later.filter(|_| first) {
                Some(later) => drop(watched.waiting.swap_remove(later)),
                None => return Admission::Refused,
            }
        }
        self.tickets += 1;
        let ticket = self.tickets;
        watched.waiting.push(Waiting { ticket, first, key });
        self.note(from);
        Admission::Waits(ticket)
    }

    /// The time until the next key of this client may be checked.
    pub(super) fn due(&self, from: Client, now: Instant) -> Duration {
        let watched = self.watched.get(&from);
        let due = watched.and_then(|watched| watched.due(now));
        due.map_or(Duration::ZERO, |due| due.saturating_duration_since(now))
    }

    /// Draws a key to check, if it is time: one of those that came first on their connections, else one of
    /// the others. `chance` is the random number that decides.
    pub(super) fn draw(&mut self, from: Client, chance: u64, now: Instant) -> Option<T> {
        let watched = self.watched.get_mut(&from)?;
        watched.forget(now);
        if watched.due(now).is_some_and(|due| due > now) {
            return None;
        }
        let has_first = watched.waiting.iter().any(|waiting| waiting.first);
        let all = watched.waiting.iter().enumerate();
        let eligible = all.filter(|(_, waiting)| waiting.first == has_first);
        let eligible: Vec<usize> = eligible.map(|(index, _)| index).collect();
        let chosen = chance.checked_rem(eligible.len() as u64)? as usize;
        let drawn = watched.waiting.swap_remove(*eligible.get(chosen)?);
        self.note(from);
        Some(drawn.key)
    }

    /// Takes out the other waiting keys of this client that are like one that was right. Of wrong keys only
    /// the one that was drawn is answered.
    pub(super) fn alike(&mut self, from: Client, like: impl Fn(&T) -> bool) -> Vec<T> {
        let Some(watched) = self.watched.get_mut(&from) else {
            return Vec::new();
        };
        let alike = watched.waiting.extract_if(.., |waiting| like(&waiting.key));
        let alike = alike.map(|waiting| waiting.key).collect();
        self.note(from);
        alike
    }

    /// Drops the key of a caller that no longer waits.
    pub(super) fn leave(&mut self, from: Client, ticket: u64) {
        if let Some(watched) = self.watched.get_mut(&from) {
            watched.waiting.retain(|waiting| waiting.ticket != ticket);
            self.note(from);
        }
    }

    /// Counts a wrong key. Returns the number of wrong keys of this client within the last minute.
    pub(super) fn wrong(&mut self, from: Client, now: Instant) -> usize {
        self.make_room(from, now);
        let fresh = || Watched {
            wrong: VecDeque::new(),
            waiting: Vec::new(),
            noted: None,
        };
        let watched = self.watched.entry(from).or_insert_with(fresh);
        watched.forget(now);
        watched.wrong.push_back(now);
        let lately = watched.wrong.len();
        self.note(from);
        lately
    }

    /// Files the client among the forgettable, if it may be forgotten.
    fn note(&mut self, from: Client) {
        let Some(watched) = self.watched.get_mut(&from) else {
            return;
        };
        if let Some((many, last)) = watched.noted.take() {
            self.forgettable.remove(&(many, last, from));
        }
        if !watched.waiting.is_empty() {
            return;
        }
        match watched.wrong.back() {
            None => drop(self.watched.remove(&from)),
            Some(last) => {
                let many = watched.wrong.len();
                watched.noted = Some((many, *last));
                self.forgettable.insert((many, *last, from));
            }
        }
    }

    /// Makes sure that `from` can be watched: removes the clients whose minute is over, then the one that
    /// guessed least.
    fn make_room(&mut self, from: Client, now: Instant) {
        if self.watched.len() < MAX_WATCHED || self.watched.contains_key(&from) {
            return;
        }
        let lately = |then: Instant| now.saturating_duration_since(then) < PAUSE;
        if !self.cleared.is_some_and(lately) {
            self.cleared = Some(now);
            let over = |last: Instant| now.saturating_duration_since(last) >= MINUTE;
            let all = std::mem::take(&mut self.forgettable);
            let (gone, stay): (BTreeSet<_>, _) =
                all.into_iter().partition(|(_, last, _)| over(*last));
            self.forgettable = stay;
            for (_, _, client) in gone {
                self.watched.remove(&client);
            }
        }
        if self.watched.len() >= MAX_WATCHED
            && let Some((_, _, least)) = self.forgettable.pop_first()
        {
            self.watched.remove(&least);
        }
    }
}

impl<T> Watched<T> {
    /// Forgets the wrong keys that are a minute old.
    fn forget(&mut self, now: Instant) {
        let old = |then: &Instant| now.saturating_duration_since(*then) >= MINUTE;
        while self.wrong.front().is_some_and(old) {
            self.wrong.pop_front();
        }
    }

    /// The time at which the next key may be checked; `None` for at once. The keys that may still be answered
    /// in the minute are spread over the rest of it, so that nobody meets a pause at its end.
    fn due(&self, now: Instant) -> Option<Instant> {
        let lately = |then: &&Instant| now.saturating_duration_since(**then) < MINUTE;
        let many = self.wrong.iter().filter(lately).count();
        if many < AT_ONCE {
            return None;
        }
        let (oldest, last) = (self.wrong.iter().find(lately)?, self.wrong.back()?);
        let over = *oldest + MINUTE;
        Some(match A_MINUTE.saturating_sub(many) {
            0 => over,
            left => *last + PAUSE.max(over.saturating_duration_since(*last) / left as u32),
        })
    }
}

#[cfg(test)]
mod tests;
