//! Connections without a request under way. When all places are taken, the one that has waited the
//! longest makes room; when those of an address are, the longest waiting of that address. Listeners are
//! not among them; members go only for their own address, and after everybody else. Each goes when its
//! time is up: one check a second for all of them, since a timer for each request costs as much as
//! reading it.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use async_io::Timer;
use event_listener::Event;

use crate::modes::server::room::client::Client;
use crate::modes::server::room::lock::{Lock, LockGuard, Rank};

/// The time between two looks for connections whose time is up.
const OFTEN: Duration = Duration::from_secs(1);

/// The connections that wait for a request.
#[derive(Debug)]
pub struct Idle {
    list: Lock<Waitlist>,
}

impl Default for Idle {
    fn default() -> Idle {
        Idle {
            list: Lock::new(Rank::Idle, Waitlist::default()),
        }
    }
}

#[derive(Debug, Default)]
struct Waitlist {
    next: u64,
    waiting: HashMap<u64, Waiting>,
    /// Those that are not a member's, the longest waiting first.
    all: BTreeSet<u64>,
    /// Those whose address is known: of each, and of each IPv6 network, the longest waiting first, and
    /// its members last.
    own: BTreeSet<(Client, bool, u64)>,
    /// The server closes: no connection may wait for a request.
    closed: bool,
}

#[derive(Debug)]
struct Waiting {
    eviction: Arc<Eviction>,
    from: Option<Client>,
    member: bool,
    until: Instant,
}

/// Asks a connection to go.
#[derive(Debug, Default)]
pub struct Eviction {
    over: AtomicBool,
    came: Event,
}

impl Eviction {
    /// Returns when the connection is to go.
    pub async fn wait(&self) {
        loop {
            let came = self.came.listen();
            if self.over.load(Ordering::Acquire) {
                return;
            }
            came.await;
        }
    }
}

impl Idle {
    /// Lists a connection of `from`, if that is known, as waiting for a request: for as long as the
    /// returned guard lives, and not much longer than `until`.
    pub fn enter(
        &self,
        eviction: &Arc<Eviction>,
        from: Option<Client>,
        member: bool,
        until: Instant,
    ) -> IdleGuard<'_> {
        let mut list = self.list();
        let number = list.next;
        list.next += 1;
        if !member {
            list.all.insert(number);
        }
        if let Some(from) = from {
            list.own.insert((from, member, number));
            list.own.insert((from.network(), member, number));
        }
        let eviction = Arc::clone(eviction);
        let waiting = Waiting {
            eviction,
            from,
            member,
            until,
        };
        list.waiting.insert(number, waiting);
        if list.closed {
            list.send_away(number);
        }
        IdleGuard { idle: self, number }
    }

    /// Sends away the connections whose time is up, for as long as it is polled.
    pub async fn watch(&self) {
        loop {
            Timer::after(OFTEN).await;
            self.sweep(Instant::now());
        }
    }

    /// Sends all of them away, and every connection that would wait for a request from now on.
    pub fn close(&self) {
        let mut list = self.list();
        list.closed = true;
        let all: Vec<u64> = list.waiting.keys().copied().collect();
        for number in all {
            list.send_away(number);
        }
    }

    fn sweep(&self, now: Instant) {
        let mut list = self.list();
        let late = list.waiting.iter().filter(|(_, one)| one.until <= now);
        let late: Vec<u64> = late.map(|(number, _)| *number).collect();
        for number in late {
            list.send_away(number);
        }
    }

    /// Sends the connection away that has waited the longest; `false` if there was none.
    pub fn make_room(&self) -> bool {
        let mut list = self.list();
        let longest = list.all.first().copied();
        longest.is_some_and(|longest| list.send_away(longest))
    }

    /// Sends the connection of an address or network away that has waited the longest; `false` if there
    /// was none.
    pub fn make_room_of(&self, from: Client) -> bool {
        let mut list = self.list();
        let mut own = list.own.range((from, false, 0)..=(from, true, u64::MAX));
        let longest = own.next().map(|(_, _, number)| *number);
        longest.is_some_and(|longest| list.send_away(longest))
    }

    fn list(&self) -> LockGuard<'_, Waitlist> {
        self.list.lock()
    }
}

impl Waitlist {
    fn send_away(&mut self, number: u64) -> bool {
        let Some(waiting) = self.remove(number) else {
            return false;
        };
        waiting.eviction.over.store(true, Ordering::Release);
        waiting.eviction.came.notify(usize::MAX);
        true
    }

    fn remove(&mut self, number: u64) -> Option<Waiting> {
        let waiting = self.waiting.remove(&number)?;
        self.all.remove(&number);
        if let Some(from) = waiting.from {
            self.own.remove(&(from, waiting.member, number));
            self.own.remove(&(from.network(), waiting.member, number));
        }
        Some(waiting)
    }
}

/// Keeps a connection listed while it lives.
#[derive(Debug)]
pub struct IdleGuard<'a> {
    idle: &'a Idle,
    number: u64,
}

impl Drop for IdleGuard<'_> {
    fn drop(&mut self) {
        let _ = self.idle.list().remove(self.number);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_lite::future::{block_on, poll_once};
    use std::net::IpAddr;

    #[test]
    fn the_longest_idle_goes_first_and_nobody_who_asks() {
        let idle = Idle::default();
        let later = Instant::now() + Duration::from_secs(60);
        let enter = |eviction, from, member| idle.enter(eviction, from, member, later);
        let evictions: Vec<Arc<Eviction>> = (0..3).map(|_| Arc::default()).collect();
        let is_over = |eviction: &Eviction| block_on(poll_once(eviction.wait())).is_some();
        let first = enter(&evictions[0], None, false);
        let _second = enter(&evictions[1], None, false);
        // The first one asks something, and waits again after that.
        drop(first);
        let _first = enter(&evictions[0], None, false);
        let third = enter(&evictions[2], None, false);
        drop(third);
        assert!(idle.make_room());
        assert!(is_over(&evictions[1]) && !is_over(&evictions[0]));
        assert!(idle.make_room());
        assert!(is_over(&evictions[0]));
        assert!(!idle.make_room(), "the third has a request under way");
        assert!(!is_over(&evictions[2]));
    }

    #[test]
    fn each_goes_when_its_time_is_up() {
        let idle = Idle::default();
        let evictions: Vec<Arc<Eviction>> = (0..3).map(|_| Arc::default()).collect();
        let start = Instant::now();
        let at = |second| start + Duration::from_secs(second);
        let enter =
            |eviction, second| idle.enter(&evictions[eviction], None, eviction == 1, at(second));
        let (_short, _member, asks) = (enter(0, 10), enter(1, 300), enter(2, 10));
        let over = || -> Vec<bool> {
            let is_over = |eviction: &Arc<Eviction>| block_on(poll_once(eviction.wait())).is_some();
            evictions.iter().map(is_over).collect()
        };
        drop(asks);
        idle.sweep(at(9));
        assert_eq!(over(), [false; 3]);
        idle.sweep(at(10));
        assert_eq!(over(), [true, false, false]);
        idle.sweep(at(300));
        assert_eq!(over(), [true, true, false]);
        assert!(idle.list().waiting.is_empty());
    }

    #[test]
    fn nobody_waits_once_it_is_closed() {
        let idle = Idle::default();
        let later = Instant::now() + Duration::from_secs(60);
        let evictions: Vec<Arc<Eviction>> = (0..3).map(|_| Arc::default()).collect();
        let is_over = |eviction: &Eviction| block_on(poll_once(eviction.wait())).is_some();
        let _waits = idle.enter(&evictions[0], None, true, later);
        drop(idle.enter(&evictions[1], None, false, later));
        idle.close();
        assert!(is_over(&evictions[0]));
        assert!(!is_over(&evictions[1]), "it has a request under way");
        let _waits = idle.enter(&evictions[1], None, false, later);
        let _came_last = idle.enter(&evictions[2], None, false, later);
        assert!(is_over(&evictions[1]) && is_over(&evictions[2]));
    }

    #[test]
    fn an_address_makes_room_of_its_own_and_of_members_last() {
        let idle = Idle::default();
        let later = Instant::now() + Duration::from_secs(60);
        let enter = |eviction, from, member| idle.enter(eviction, from, member, later);
        let client = |last| Some(Client::from(IpAddr::from([10, 0, 0, last])));
        let evictions: Vec<Arc<Eviction>> = (0..4).map(|_| Arc::default()).collect();
        let over = || -> Vec<bool> {
            let is_over = |eviction: &Arc<Eviction>| block_on(poll_once(eviction.wait())).is_some();
            evictions.iter().map(is_over).collect()
        };
        let of = |last| idle.make_room_of(client(last).expect("an address"));
        let _other = enter(&evictions[0], client(1), false);
        let _member = enter(&evictions[1], client(2), true);
        let _one = enter(&evictions[2], client(2), false);
        let _unknown = enter(&evictions[3], None, false);
        assert!(of(2));
        assert_eq!(over(), [false, false, true, false]);
        assert!(of(2));
        assert_eq!(over(), [false, true, true, false]);
        assert!(!of(2), "none is left of it");
        assert!(idle.make_room() && idle.make_room());
        assert_eq!(over(), [true; 4]);
        // For others no member makes room.
        let member = enter(&evictions[1], client(2), true);
        assert!(!idle.make_room());
        drop(member);
        assert!(!of(2));
        let list = idle.list();
        assert!(list.waiting.is_empty() && list.own.is_empty() && list.all.is_empty());
    }
}
