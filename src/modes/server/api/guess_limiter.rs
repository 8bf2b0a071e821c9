//! Wrong room keys, counted for each client: a state machine without clock and chance.
//!
//! What always holds:
//!
//! - Of one client at most [`A_MINUTE`] wrong keys are answered in any minute, and nothing but that
//!   answer depends on whether a key is right.
//! - While an address guesses at most [`AT_ONCE`] keys a minute nobody waits. Beyond that all its keys
//!   wait, those that came first on their connections are drawn before the others, each as likely as
//!   any, and all that wait are let in with the first right one. Among guessers who open a connection
//!   for each key nothing tells one honest newcomer from them, so it cannot be likelier to be drawn: as
//!   often as they are, and they may be only [`A_MINUTE`] times a minute. But guessers need other keys
//!   each, and the honest have the same: a class has as many lots as it has pupils.
//! - Other addresses do not wait for it.
//! - However many other addresses guess, those that guess most stay counted.

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::time::{Duration, Instant};

use crate::modes::server::room::client::Client;

/// Wrong keys of one client that are answered at once in a minute.
pub const AT_ONCE: usize = 20;
/// Those that are answered at all.
const A_MINUTE: usize = 60;
/// Over how long wrong keys are counted, and how seldom the operator is told of an address.
const MINUTE: Duration = Duration::from_secs(60);
/// At least so long lies between two keys once they are not looked at at once.
const PAUSE: Duration = Duration::from_secs(1);
/// How many keys of one client may wait to be looked at: as many as an address may have connections.
const MAX_WAITING: usize = 1_024;
/// How many clients are watched.
const MAX_WATCHED: usize = 10_000;

/// Who tried how many wrong keys, and which keys wait to be looked at.
#[derive(Debug)]
pub struct GuessLimiter<T> {
    watched: HashMap<Client, Watched<T>>,
    /// Those of which no key waits: fewest wrong keys first, then the oldest.
    forgettable: BTreeSet<(usize, Instant, Client)>,
    /// When it was last looked whose minute is over.
    cleared: Option<Instant>,
    told: Option<Instant>,
    tickets: u64,
}

#[derive(Debug)]
struct Watched<T> {
    /// When its wrong keys were answered, oldest first.
    wrong: VecDeque<Instant>,
    waiting: Vec<Waiting<T>>,
    /// Where it stands among the forgettable.
    noted: Option<(usize, Instant)>,
}

#[derive(Debug)]
struct Waiting<T> {
    ticket: u64,
    first: bool,
    key: T,
}

/// What becomes of a key.
#[derive(Debug, PartialEq, Eq)]
pub enum Admission<T> {
    /// It is looked at now.
    Now(T),
    /// It waits under this ticket.
    Waits(u64),
    /// Too many wait: it is not looked at.
    Refused,
}

impl<T> Default for GuessLimiter<T> {
    fn default() -> GuessLimiter<T> {
        GuessLimiter {
            watched: HashMap::new(),
            forgettable: BTreeSet::new(),
            cleared: None,
            told: None,
            tickets: 0,
        }
    }
}

impl<T> GuessLimiter<T> {
    /// Somebody gives a key, the `first` on its connection or not. One that waits and is not the
    /// first of its connection makes room for one that is: it is dropped.
    pub fn ask(&mut self, from: Client, first: bool, key: T, now: Instant) -> Admission<T> {
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

    /// How long until the next key of this client may be looked at.
    pub fn due(&self, from: Client, now: Instant) -> Duration {
        let watched = self.watched.get(&from);
        let due = watched.and_then(|watched| watched.due(now));
        due.map_or(Duration::ZERO, |due| due.saturating_duration_since(now))
    }

    /// A key to look at, if it is time: one of those that came first on their connections, as
    /// `chance` says, else one of the others.
    pub fn draw(&mut self, from: Client, chance: u64, now: Instant) -> Option<T> {
        let watched = self.watched.get_mut(&from)?;
        watched.forget(now);
        if watched.due(now).is_some_and(|due| due > now) {
            return None;
        }
        let has_first = watched.waiting.iter().any(|waiting| waiting.first);
        let all = watched.waiting.iter().enumerate();
        let places = all.filter(|(_, waiting)| waiting.first == has_first);
        let places: Vec<usize> = places.map(|(place, _)| place).collect();
        let chosen = chance.checked_rem(places.len() as u64)? as usize;
        let drawn = watched.waiting.swap_remove(*places.get(chosen)?);
        self.note(from);
        Some(drawn.key)
    }

    /// The other keys of this client that wait and are like one that was right. Of wrong ones only
    /// what was drawn is answered.
    pub fn alike(&mut self, from: Client, like: impl Fn(&T) -> bool) -> Vec<T> {
        let Some(watched) = self.watched.get_mut(&from) else {
            return Vec::new();
        };
        let alike = watched.waiting.extract_if(.., |waiting| like(&waiting.key));
        let alike = alike.map(|waiting| waiting.key).collect();
        self.note(from);
        alike
    }

    /// Somebody no longer waits.
    pub fn leave(&mut self, from: Client, ticket: u64) {
        if let Some(watched) = self.watched.get_mut(&from) {
            watched.waiting.retain(|waiting| waiting.ticket != ticket);
            self.note(from);
        }
    }

    /// Counts a wrong key; whether the operator is to be told that keys of this client have to wait
    /// now. One of many addresses in a minute is enough.
    pub fn wrong(&mut self, from: Client, now: Instant) -> bool {
        self.make_room(from, now);
        let fresh = || Watched {
            wrong: VecDeque::new(),
            waiting: Vec::new(),
            noted: None,
        };
        let watched = self.watched.entry(from).or_insert_with(fresh);
        watched.forget(now);
        watched.wrong.push_back(now);
        let many = watched.wrong.len() == AT_ONCE;
        self.note(from);
        let lately = |told: Instant| now.saturating_duration_since(told) < MINUTE;
        let tell = many && !self.told.is_some_and(lately);
        if tell {
            self.told = Some(now);
        }
        tell
    }

    /// Notes what it would mean to forget the client, if it may be forgotten.
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

    /// Sees to it that `from` can be watched: first those go whose minute is over, then the one that
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

    /// When the next key may be looked at, unless that is at once. What may still be answered in the
    /// minute is spread over what is left of it, so that nobody meets a pause at its end.
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
