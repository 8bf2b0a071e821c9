//! What one address may have of the room: connections, names, joins, guests. A session has its own
//! rate (`presence`).
//!
//! What always holds: what is counted is what there is, so that no count outlives it; what is only
//! remembered for a while is bounded, and other addresses do not wipe it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::clients::Client;
use super::rate::{Buckets, Rate};

/// Connections that one address may have open, if that is no more than its share.
const MAX_CONNECTIONS: usize = 1_024;
/// One address may have this part of all places, and at least so many.
const SHARE: usize = 4;
const FEW_CONNECTIONS: usize = 8;
/// New ones a second, after as many as may be open.
const NEW_CONNECTIONS: u32 = 100;
/// How long those that come faster may be kept waiting.
const PATIENCE: Duration = Duration::from_secs(2);
/// Names that one address may have at once.
pub const MAX_NAMES: usize = 256;
/// Joins a second that one address may keep up, and how many it may begin with.
const JOINS: (u32, u32) = (5, 120);
/// Guests of one address may together say so many times what one session may: a class behind one
/// address is no flood.
const GUESTS: u32 = 10;

/// Why an address may not have more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Over {
    /// It has all the names it may have.
    Names,
    /// Too many came from it lately. How long to wait.
    Joins(Duration),
}

/// Names and guests of each address. Who asks holds the room's lock.
#[derive(Debug)]
pub struct Quotas {
    limited: bool,
    names: HashMap<Client, usize>,
    joins: Buckets<Client>,
    guests: Buckets<Client>,
}

impl Quotas {
    /// Nobody yet; whether addresses are `limited` at all, and what one session may say a second.
    pub fn new(limited: bool, max_rate: u32) -> Quotas {
        let guests = if limited { max_rate } else { 0 };
        Quotas {
            limited,
            names: HashMap::new(),
            joins: Buckets::new(Rate::new(JOINS.0, JOINS.1)),
            guests: Buckets::new(Rate::of_messages(guests.saturating_mul(GUESTS))),
        }
    }

    /// Whether somebody may come in from there. Only who is `new` takes one of its joins: coming
    /// back with a token is free.
    ///
    /// # Errors
    /// Why not.
    pub fn check(&mut self, from: Client, new: bool, now: Instant) -> Result<(), Over> {
        if !self.limited {
            return Ok(());
        }
        if self
            .names
            .get(&from)
            .is_some_and(|names| *names >= MAX_NAMES)
        {
            return Err(Over::Names);
        }
        if new {
            self.joins.take(&from, now).map_err(Over::Joins)?;
        }
        Ok(())
    }

    /// Somebody came in.
    pub fn came(&mut self, from: Client) {
        *self.names.entry(from).or_default() += 1;
    }

    /// Somebody is gone.
    pub fn went(&mut self, from: Client) {
        less(&mut self.names, from);
    }

    /// Whether the guests of an address may say something.
    ///
    /// # Errors
    /// How long it takes until they may.
    pub fn may_say(&self, from: Client, now: Instant) -> Result<(), Duration> {
        self.guests.look(&from, now)
    }

    /// Takes one of the messages that the guests of an address have.
    ///
    /// # Errors
    /// How long it takes until there is one.
    pub fn say(&mut self, from: Client, now: Instant) -> Result<(), Duration> {
        self.guests.take(&from, now)
    }
}

/// The connections of each address.
#[derive(Debug)]
pub struct Connections {
    limited: bool,
    /// How many one address may have open.
    most: usize,
    state: Mutex<Open>,
}

#[derive(Debug)]
struct Open {
    each: HashMap<Client, usize>,
    new: Buckets<Client>,
}

impl Connections {
    /// None yet; whether they are `limited` at all, and for how many in all there are `places`.
    pub fn new(limited: bool, places: usize) -> Connections {
        let most = (places / SHARE).clamp(FEW_CONNECTIONS, MAX_CONNECTIONS);
        let burst = u32::try_from(most).unwrap_or(u32::MAX);
        Connections {
            limited,
            most,
            state: Mutex::new(Open {
                each: HashMap::new(),
                new: Buckets::new(Rate::new(NEW_CONNECTIONS, burst)),
            }),
        }
    }

    /// Counts a connection of `from` as long as what this gives lives, and says how long it is to be
    /// kept waiting. One that comes through a proxy is `new` to the proxy only. Where the address has
    /// all that it may have, `make_room` sends another of it away, if it can.
    ///
    /// # Errors
    /// How long to wait before the next attempt.
    pub fn open(
        self: &Arc<Connections>,
        from: Client,
        new: bool,
        make_room: impl FnOnce() -> bool,
        now: Instant,
    ) -> Result<(Connected, Duration), Duration> {
        let mut state = self.state();
        let mut wait = Duration::ZERO;
        if self.limited {
            if new {
                wait = state.new.book(&from, now, PATIENCE)?;
            }
            let open = state.each.get(&from).copied().unwrap_or_default();
            if open >= self.most && !make_room() {
                return Err(Duration::from_secs(5));
            }
        }
        *state.each.entry(from).or_default() += 1;
        let all = Arc::clone(self);
        Ok((Connected { all, from }, wait))
    }

    fn state(&self) -> MutexGuard<'_, Open> {
        // A panic elsewhere leaves the counts whole: every change is made in one piece.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Counts a connection while it lives.
#[derive(Debug)]
pub struct Connected {
    all: Arc<Connections>,
    from: Client,
}

impl Connected {
    /// Whose it is.
    pub fn from(&self) -> Client {
        self.from
    }
}

impl Drop for Connected {
    fn drop(&mut self) {
        less(&mut self.all.state().each, self.from);
    }
}

fn less(counts: &mut HashMap<Client, usize>, of: Client) {
    if let Some(count) = counts.get_mut(&of) {
        *count -= 1;
        if *count == 0 {
            counts.remove(&of);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::IpAddr;

    fn client(last: u8) -> Client {
        IpAddr::from([10, 0, 0, last]).into()
    }

    #[test]
    fn an_address_has_so_many_names_and_comes_so_fast() {
        let start = Instant::now();
        let mut quotas = Quotas::new(true, 5);
        for _ in 0..120 {
            assert_eq!(quotas.check(client(1), true, start), Ok(()));
            quotas.came(client(1));
        }
        let wait = Duration::from_millis(200);
        assert_eq!(quotas.check(client(1), true, start), Err(Over::Joins(wait)));
        assert_eq!(quotas.check(client(1), true, start + wait), Ok(()));
        assert_eq!(quotas.check(client(2), true, start), Ok(()));
        // Whoever comes back with a token does not wait, but is counted.
        for _ in 120..MAX_NAMES {
            assert_eq!(quotas.check(client(1), false, start), Ok(()));
            quotas.came(client(1));
        }
        assert_eq!(quotas.check(client(1), false, start), Err(Over::Names));
        quotas.went(client(1));
        assert_eq!(quotas.check(client(1), false, start), Ok(()));
        for _ in 1..MAX_NAMES {
            quotas.went(client(1));
        }
        assert!(quotas.names.is_empty());
        let mut open = Quotas::new(false, 5);
        for _ in 0..2 * MAX_NAMES {
            assert_eq!(open.check(client(1), true, start), Ok(()));
            open.came(client(1));
        }
    }

    #[test]
    fn the_guests_of_an_address_have_ten_times_what_a_session_has() {
        let start = Instant::now();
        let mut quotas = Quotas::new(true, 5);
        let mut say = |from| {
            (0..1_000)
                .filter(|_| quotas.say(from, start).is_ok())
                .count()
        };
        assert_eq!(say(client(1)), 500);
        assert_eq!(say(client(2)), 500);
        for mut open in [Quotas::new(true, 0), Quotas::new(false, 5)] {
            assert!((0..1_000).all(|_| open.say(client(1), start).is_ok()));
        }
    }

    fn open(
        all: &Arc<Connections>,
        from: Client,
        now: Instant,
    ) -> Result<(Connected, Duration), Duration> {
        all.open(from, true, || false, now)
    }

    #[test]
    fn connections_are_counted_while_they_are_open() {
        let start = Instant::now();
        let all = Arc::new(Connections::new(true, usize::MAX));
        let mut held: Vec<_> = (0..MAX_CONNECTIONS)
            .map(|_| open(&all, client(1), start).expect("there is room"))
            .collect();
        assert!(held.iter().all(|(_, wait)| wait.is_zero()));
        let second = start + Duration::from_secs(1);
        assert!(open(&all, client(1), second).is_err());
        assert!(open(&all, client(2), second).is_ok(), "another address");
        held.pop();
        assert!(open(&all, client(1), second).is_ok());
        // One of its own goes, and nobody else's.
        assert!(all.open(client(1), true, || true, second).is_ok());
        drop(held);
        assert!(all.state().each.is_empty());
        let free = Arc::new(Connections::new(false, usize::MAX));
        let many = (0..2 * MAX_CONNECTIONS).map(|_| open(&free, client(1), start));
        assert!(many.collect::<Vec<_>>().iter().all(Result::is_ok));
    }

    #[test]
    fn connections_that_come_too_fast_wait_for_their_turn() {
        let start = Instant::now();
        let all = Arc::new(Connections::new(true, usize::MAX));
        let wait = |from| open(&all, from, start).map(|(_, wait)| wait);
        for _ in 0..MAX_CONNECTIONS {
            assert_eq!(wait(client(1)), Ok(Duration::ZERO));
        }
        let each = Duration::from_secs(1) / NEW_CONNECTIONS;
        for turn in 1..=200 {
            assert_eq!(wait(client(1)), Ok(turn * each));
        }
        assert_eq!(wait(client(1)), Err(each), "as many wait as may");
        assert_eq!(wait(client(2)), Ok(Duration::ZERO));
    }

    #[test]
    fn an_address_has_no_more_than_a_quarter_of_all_places() {
        let start = Instant::now();
        for (places, most) in [(0, 8), (10, 8), (960, 240), (1 << 20, MAX_CONNECTIONS)] {
            let all = Arc::new(Connections::new(true, places));
            let held: Vec<_> = (0..2 * MAX_CONNECTIONS)
                .map_while(|_| open(&all, client(1), start).ok())
                .collect();
            assert_eq!(held.len(), most, "of {places}");
        }
    }
}
