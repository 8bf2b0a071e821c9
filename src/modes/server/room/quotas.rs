//! The quotas of one address: connections, names, joins, guests. A session has its own rate (`presence`).
//!
//! What always holds: what is counted is what there is, so that no count outlives it; what is only
//! remembered for a while is bounded, and other addresses do not wipe it. All addresses of an IPv6
//! /64 together have no more than a few times what one has: it is a whole local network, and anybody
//! in it can take as many of its addresses as they like.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::lock::{Lock, LockGuard, Rank};
use super::rate::{Buckets, Rate};
use crate::modes::server::room::client::Client;

/// Connections that one address may have open, if that is no more than its share.
const MAX_CONNECTIONS: usize = 1_024;
/// An address gets 1/4 of all connections.
const SHARE: usize = 4;
/// A network gets 1/2 of all connections.
const NETWORK_SHARE: usize = 2;
/// Neither gets fewer than 8.
const FEW_CONNECTIONS: usize = 8;
/// New ones a second, after as many as may be open.
const NEW_CONNECTIONS: u32 = 100;
/// Longest wait of a connection that came too soon.
const MAX_WAIT_TO_OPEN: Duration = Duration::from_secs(2);
/// Names that one address may have at once.
const MAX_NAMES: usize = 256;
/// Joins a second that one address may keep up, and the number that it may begin with.
const JOINS: (u32, u32) = (5, 120);
/// The longest that faster joins wait for their turn, rather than being refused: a class of two hundred
/// that a cut network brings back gets in.
const JOIN_PATIENCE: Duration = Duration::from_secs(20);
/// The number of sessions whose messages the guests of one address may send together: a class that shares one
/// address is no flood.
const GUESTS: u32 = 10;
/// The number of addresses whose quotas all addresses of an IPv6 network have together.
const NETWORK: u32 = 8;

/// The reason why an address may not have more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Over {
    /// The address or network has all the names that it may have: this many.
    Names(Client, usize),
    /// Too many came from it lately; the time to wait.
    Joins(Duration),
}

/// The limits that are counted by address: connections, names, joins, guests, waiting messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AddressLimits {
    /// They hold.
    Kept,
    /// There are none.
    Lifted,
}

/// Names and guests of each address, guarded by the room's lock.
#[derive(Debug)]
pub struct Quotas {
    limited: bool,
    names: HashMap<Client, usize>,
    joins: Rates,
    guests: Rates,
}

impl Quotas {
    /// Empty counts; `max_rate` is the number of messages that one session may send a second.
    pub fn new(limits: AddressLimits, max_rate: u32) -> Quotas {
        let limited = limits == AddressLimits::Kept;
        let guests = if limited { max_rate } else { 0 };
        let guests = guests.saturating_mul(GUESTS);
        Quotas {
            limited,
            names: HashMap::new(),
            joins: Rates::new(
                Rate::new(JOINS.0, JOINS.1),
                Rate::new(NETWORK * JOINS.0, NETWORK * JOINS.1),
            ),
            guests: Rates::new(
                Rate::of_messages(guests),
                Rate::of_messages(guests.saturating_mul(NETWORK)),
            ),
        }
    }

    /// Checks that there may be one more name from there.
    ///
    /// # Errors
    /// The address has all that it may have.
    pub fn check(&self, from: Client) -> Result<(), Over> {
        let most = |whose: Client| {
            if whose.is_network() {
                MAX_NAMES * NETWORK as usize
            } else {
                MAX_NAMES
            }
        };
        let all = |whose: Client| self.names.get(&whose).copied().unwrap_or_default();
        let over = [from, from.network()]
            .into_iter()
            .find(|whose| all(*whose) >= most(*whose));
        match over.filter(|_| self.limited) {
            Some(whose) => Err(Over::Names(whose, most(whose))),
            None => Ok(()),
        }
    }

    /// Takes one of the joins of an address, and returns the time until the newcomer may join. Coming back with a
    /// token takes none.
    ///
    /// # Errors
    /// Too many wait for theirs already.
    pub fn book(&mut self, from: Client, now: Instant) -> Result<Duration, Over> {
        if !self.limited {
            return Ok(Duration::ZERO);
        }
        let wait = self.joins.book(from, now, JOIN_PATIENCE);
        wait.map_err(Over::Joins)
    }

    /// Gives back a join that was not used.
    pub fn give_back(&mut self, from: Client) {
        self.joins.give_back(from);
    }

    /// Counts the name of a member that came in.
    pub fn came(&mut self, from: Client) {
        more(&mut self.names, from);
    }

    /// Counts the name of a member that left.
    pub fn went(&mut self, from: Client) {
        less(&mut self.names, from);
    }

    /// Checks that the guests of an address may say something.
    ///
    /// # Errors
    /// The wait until they may.
    pub fn may_say(&self, from: Client, now: Instant) -> Result<(), Duration> {
        self.guests.check(from, now)
    }

    /// Takes one of the messages that the guests of an address have.
    ///
    /// # Errors
    /// The wait until there is one.
    pub fn say(&mut self, from: Client, now: Instant) -> Result<(), Duration> {
        self.guests.book(from, now, Duration::ZERO).map(drop)
    }
}

/// The rate of an address, and that of all addresses of an IPv6 network together.
#[derive(Debug)]
struct Rates {
    each: Buckets<Client>,
    network: Buckets<Client>,
}

impl Rates {
    fn new(each: Rate, network: Rate) -> Rates {
        Rates {
            each: Buckets::new(each),
            network: Buckets::new(network),
        }
    }

    fn check(&self, from: Client, now: Instant) -> Result<(), Duration> {
        self.each.check(&from, now)?;
        self.network.check(&from.network(), now)
    }

    fn book(
        &mut self,
        from: Client,
        now: Instant,
        patience: Duration,
    ) -> Result<Duration, Duration> {
        let wait = self.each.book(&from, now, patience)?;
        let network = from.network();
        if network == from {
            return Ok(wait);
        }
        match self.network.book(&network, now, patience) {
            Ok(longer) => Ok(wait.max(longer)),
            Err(later) => {
                self.each.give_back(&from);
                Err(later)
            }
        }
    }

    fn give_back(&mut self, from: Client) {
        self.each.give_back(&from);
        if from.network() != from {
            self.network.give_back(&from.network());
        }
    }
}

/// The connections of each address.
#[derive(Debug)]
pub struct Connections {
    limited: bool,
    /// The most that one address may have open, and one network.
    most: usize,
    most_of_network: usize,
    state: Lock<Open>,
}

#[derive(Debug)]
struct Open {
    each: HashMap<Client, usize>,
    new: Rates,
}

/// The way in which a connection comes to be counted for a client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arrival {
    /// Just accepted.
    New,
    /// Open already, as a proxy's connection that now brings a request of this client.
    Open,
}

impl Connections {
    /// Empty counts, for a server that can have so many `connections` in all.
    pub fn new(limits: AddressLimits, connections: usize) -> Connections {
        let times = NETWORK as usize;
        let most = (connections / SHARE).clamp(FEW_CONNECTIONS, MAX_CONNECTIONS);
        let most_of_network =
            (connections / NETWORK_SHARE).clamp(FEW_CONNECTIONS, times * MAX_CONNECTIONS);
        let rate = |a_second, most| Rate::new(a_second, u32::try_from(most).unwrap_or(u32::MAX));
        let new = Rates::new(
            rate(NEW_CONNECTIONS, most),
            rate(NETWORK * NEW_CONNECTIONS, most_of_network),
        );
        Connections {
            limited: limits == AddressLimits::Kept,
            most,
            most_of_network,
            state: Lock::new(
                Rank::Connections,
                Open {
                    each: HashMap::new(),
                    new,
                },
            ),
        }
    }

    /// Counts a connection of `from` for as long as the returned value lives, and returns the time for which
    /// it is to be kept waiting. Where the address, or its network, has all that it may have, `make_room`
    /// sends another of it away, if it can.
    ///
    /// # Errors
    /// The wait before the next attempt.
    pub fn open(
        self: &Arc<Connections>,
        from: Client,
        arrival: Arrival,
        make_room: impl Fn(Client) -> bool,
        now: Instant,
    ) -> Result<(Connected, Duration), Duration> {
        let mut state = self.state();
        let mut wait = Duration::ZERO;
        if self.limited {
            if arrival == Arrival::New {
                wait = state.new.book(from, now, MAX_WAIT_TO_OPEN)?;
            }
            let full = [(from, self.most), (from.network(), self.most_of_network)];
            let full = full.into_iter().find(|(whose, most)| {
                let open = state.each.get(whose).copied().unwrap_or_default();
                open >= *most
            });
            // One of the address is one of its network as well.
            if full.is_some_and(|(whose, _)| !make_room(whose)) {
                return Err(Duration::from_secs(5));
            }
        }
        more(&mut state.each, from);
        let all = Arc::clone(self);
        Ok((Connected { all, from }, wait))
    }

    fn state(&self) -> LockGuard<'_, Open> {
        self.state.lock()
    }
}

/// Counts a connection while it lives.
#[derive(Debug)]
pub struct Connected {
    all: Arc<Connections>,
    from: Client,
}

impl Connected {
    /// The client whose connection it is.
    pub fn from(&self) -> Client {
        self.from
    }
}

impl Drop for Connected {
    fn drop(&mut self) {
        less(&mut self.all.state().each, self.from);
    }
}

/// Counts one more for an address, and for its network.
fn more(counts: &mut HashMap<Client, usize>, of: Client) {
    *counts.entry(of).or_default() += 1;
    if of.network() != of {
        *counts.entry(of.network()).or_default() += 1;
    }
}

/// Counts one less for both.
fn less(counts: &mut HashMap<Client, usize>, of: Client) {
    let network = Some(of.network()).filter(|network| *network != of);
    for whose in [of].into_iter().chain(network) {
        if let Some(count) = counts.get_mut(&whose) {
            *count -= 1;
            if *count == 0 {
                counts.remove(&whose);
            }
        }
    }
}

#[cfg(test)]
mod tests;
