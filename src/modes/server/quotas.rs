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

/// Connections that one address may have open.
pub const MAX_CONNECTIONS: usize = 1_024;
/// New ones a second, after as many as may be open.
const NEW_CONNECTIONS: u32 = 100;
/// Names that one address may have at once.
pub const MAX_NAMES: usize = 256;
/// Joins a second that one address may keep up, and how many it may begin with.
const JOINS: (u32, u32) = (5, 120);
/// Guests of one address may together say so many times what one session may.
const GUESTS: u32 = 2;

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
    state: Mutex<Open>,
}

#[derive(Debug)]
struct Open {
    each: HashMap<Client, usize>,
    new: Buckets<Client>,
}

impl Connections {
    /// None yet; whether they are `limited` at all.
    pub fn new(limited: bool) -> Connections {
        let most = u32::try_from(MAX_CONNECTIONS).unwrap_or(u32::MAX);
        Connections {
            limited,
            state: Mutex::new(Open {
                each: HashMap::new(),
                new: Buckets::new(Rate::new(NEW_CONNECTIONS, most)),
            }),
        }
    }

    /// Counts a connection of `from` as long as what this gives lives. One that comes through a
    /// proxy is `new` to the proxy only.
    ///
    /// # Errors
    /// How long to wait before the next attempt.
    pub fn open(
        self: &Arc<Connections>,
        from: Client,
        new: bool,
        now: Instant,
    ) -> Result<Connected, Duration> {
        let mut state = self.state();
        if self.limited {
            let open = state.each.get(&from).copied().unwrap_or_default();
            if open >= MAX_CONNECTIONS {
                return Err(Duration::from_secs(5));
            }
            if new {
                state.new.take(&from, now)?;
            }
        }
        *state.each.entry(from).or_default() += 1;
        let all = Arc::clone(self);
        Ok(Connected { all, from })
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
    fn the_guests_of_an_address_have_twice_what_a_session_has() {
        let start = Instant::now();
        let mut quotas = Quotas::new(true, 5);
        let mut say = |from| {
            (0..1_000)
                .filter(|_| quotas.say(from, start).is_ok())
                .count()
        };
        assert_eq!(say(client(1)), 100);
        assert_eq!(say(client(2)), 100);
        for mut open in [Quotas::new(true, 0), Quotas::new(false, 5)] {
            assert!((0..1_000).all(|_| open.say(client(1), start).is_ok()));
        }
    }

    #[test]
    fn connections_are_counted_while_they_are_open() {
        let start = Instant::now();
        let all = Arc::new(Connections::new(true));
        let open = |new, now| all.open(client(1), new, now);
        let mut held: Vec<Connected> = (0..MAX_CONNECTIONS)
            .map(|_| open(true, start).expect("there is room"))
            .collect();
        assert!(open(true, start).is_err());
        assert!(all.open(client(2), true, start).is_ok(), "another address");
        held.pop();
        let second = Duration::from_secs(1) / NEW_CONNECTIONS;
        assert_eq!(
            open(true, start).err(),
            Some(second),
            "one comes each 10 ms"
        );
        assert!(open(true, start + second).is_ok());
        drop(held);
        assert!(all.state().each.is_empty());
        let free = Arc::new(Connections::new(false));
        let many = (0..2 * MAX_CONNECTIONS).map(|_| free.open(client(1), true, start));
        assert!(many.collect::<Vec<_>>().iter().all(Result::is_ok));
    }
}
