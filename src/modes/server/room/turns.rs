//! Whose turn it is: everything that waits, taken from each address in turn, and of one address
//! from each sender in turn, so that a flood delays the flooder.
//!
//! What always holds:
//!
//! - What one sender asked for keeps its order.
//! - Nobody comes in under a name before what guests said under it, since that was decided while
//!   the name was free.

use std::collections::{HashMap, VecDeque};

use crate::modes::server::room::client::Client;
use crate::modes::server::room::order::{SessionId, Speaker};

/// The sender of an order: a client, and a session or guest of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sender {
    /// The address, or the IPv6 network, whose turn the order takes. For a session always the one from which its
    /// owner joined.
    pub from: Client,
    /// The session or the guest.
    pub speaker: Speaker,
}

impl Sender {
    /// The sender of a session whose owner joined from `client`. All of an IPv6 network have one turn: nobody gets
    /// more turns by more addresses.
    pub fn of_session(session: SessionId, client: Client) -> Sender {
        Sender {
            from: client.network(),
            speaker: Speaker::Session(session),
        }
    }
}

/// The orders that wait, in turn.
#[derive(Debug)]
pub struct Turns<T> {
    clients: HashMap<Client, Lanes<T>>,
    /// The addresses of which something waits, in the order in which they are taken from.
    ring: VecDeque<Client>,
    /// The number of orders that guests of each name have waiting.
    guests: HashMap<String, usize>,
    /// The joins that wait until what guests said under their name is taken.
    deferred: HashMap<String, Vec<(Sender, u64, T)>>,
    count: usize,
    tickets: u64,
}

/// The orders of one address.
#[derive(Debug)]
struct Lanes<T> {
    each: HashMap<Speaker, VecDeque<(u64, T)>>,
    ring: VecDeque<Speaker>,
    count: usize,
}

impl<T> Default for Turns<T> {
    fn default() -> Turns<T> {
        Turns {
            clients: HashMap::new(),
            ring: VecDeque::new(),
            guests: HashMap::new(),
            deferred: HashMap::new(),
            count: 0,
            tickets: 0,
        }
    }
}

impl<T> Turns<T> {
    /// The number of orders that wait.
    pub fn len(&self) -> usize {
        self.count
    }

    /// The number of orders of one address that wait.
    pub fn of(&self, from: Client) -> usize {
        self.clients.get(&from).map_or(0, |lanes| lanes.count)
    }

    /// Adds something that waits, and returns its ticket. If it takes a `name`, it waits until what guests said under
    /// that name is taken.
    pub fn push(&mut self, sender: Sender, name: Option<&str>, what: T) -> u64 {
        self.tickets += 1;
        self.count += 1;
        let ticket = self.tickets;
        if let Some(name) = name.filter(|name| self.guests.contains_key(*name)) {
            let deferred = self.deferred.entry(name.to_string()).or_default();
            deferred.push((sender, ticket, what));
            return ticket;
        }
        if let Speaker::Guest(name) = &sender.speaker {
            *self.guests.entry(name.clone()).or_default() += 1;
        }
        self.enqueue(sender, ticket, what);
        ticket
    }

    fn enqueue(&mut self, sender: Sender, ticket: u64, what: T) {
        let empty = || Lanes {
            each: HashMap::new(),
            ring: VecDeque::new(),
            count: 0,
        };
        let lanes = self.clients.entry(sender.from).or_insert_with(empty);
        if lanes.count == 0 {
            self.ring.push_back(sender.from);
        }
        lanes.count += 1;
        match lanes.each.get_mut(&sender.speaker) {
            Some(lane) => lane.push_back((ticket, what)),
            None => {
                lanes.ring.push_back(sender.speaker.clone());
                let lane = VecDeque::from([(ticket, what)]);
                lanes.each.insert(sender.speaker, lane);
            }
        }
    }

    /// Takes the next one.
    pub fn pop(&mut self) -> Option<T> {
        let from = self.ring.pop_front()?;
        let lanes = self.clients.get_mut(&from)?;
        let speaker = lanes.ring.pop_front()?;
        let lane = lanes.each.get_mut(&speaker)?;
        let (_, what) = lane.pop_front()?;
        lanes.count -= 1;
        self.count -= 1;
        let over = lane.is_empty();
        if over {
            lanes.each.remove(&speaker);
        } else {
            lanes.ring.push_back(speaker.clone());
        }
        if lanes.count == 0 {
            self.clients.remove(&from);
        } else {
            self.ring.push_back(from);
        }
        self.taken(&speaker);
        Some(what)
    }

    /// Takes something back that waits no longer; nothing if it was taken.
    pub fn withdraw(&mut self, sender: &Sender, ticket: u64) -> Option<T> {
        let deferred = self.deferred.values_mut().find_map(|deferred| {
            let index = deferred.iter().position(|(_, other, _)| *other == ticket)?;
            Some(deferred.swap_remove(index).2)
        });
        if deferred.is_some() {
            self.count -= 1;
            return deferred;
        }
        let lanes = self.clients.get_mut(&sender.from)?;
        let lane = lanes.each.get_mut(&sender.speaker)?;
        let index = lane.iter().position(|(other, _)| *other == ticket)?;
        let (_, what) = lane.remove(index)?;
        lanes.count -= 1;
        self.count -= 1;
        if lane.is_empty() {
            lanes.each.remove(&sender.speaker);
            lanes.ring.retain(|speaker| *speaker != sender.speaker);
        }
        if lanes.count == 0 {
            self.clients.remove(&sender.from);
            self.ring.retain(|from| *from != sender.from);
        }
        self.taken(&sender.speaker);
        Some(what)
    }

    /// Counts an order of a guest as taken.
    fn taken(&mut self, speaker: &Speaker) {
        let Speaker::Guest(name) = speaker else {
            return;
        };
        let Some(left) = self.guests.get_mut(name) else {
            return;
        };
        *left -= 1;
        if *left == 0 {
            self.guests.remove(name);
            for (sender, ticket, what) in self.deferred.remove(name).unwrap_or_default() {
                self.enqueue(sender, ticket, what);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::IpAddr;

    fn session(address: u8, number: u8) -> Sender {
        Sender {
            from: IpAddr::from([10, 0, 0, address]).into(),
            speaker: Speaker::Session([number; 16]),
        }
    }

    fn guest(address: u8, name: &str) -> Sender {
        Sender {
            from: IpAddr::from([10, 0, 0, address]).into(),
            speaker: Speaker::Guest(name.to_string()),
        }
    }

    fn all<T>(turns: &mut Turns<T>) -> Vec<T> {
        std::iter::from_fn(|| turns.pop()).collect()
    }

    #[test]
    fn a_flood_delays_the_flooder() {
        let mut turns = Turns::default();
        // One address with many sessions, of which each says much.
        for round in 0..100 {
            for number in 0..10 {
                turns.push(session(1, number), None, format!("flood {number} {round}"));
            }
        }
        turns.push(session(2, 77), None, "other address".to_string());
        turns.push(session(1, 88), None, "same address".to_string());
        assert_eq!((turns.len(), turns.of(session(1, 0).from)), (1_002, 1_001));
        let order = all(&mut turns);
        let place = |what: &str| order.iter().position(|said| said == what);
        assert_eq!(place("other address"), Some(1));
        // After one of each of the ten, and one of the other address.
        assert_eq!(place("same address"), Some(11));
        assert_eq!(turns.len(), 0);
        assert!(turns.clients.is_empty() && turns.ring.is_empty() && turns.guests.is_empty());
    }

    #[test]
    fn what_one_sender_says_keeps_its_order() {
        let mut turns = Turns::default();
        for count in 0..50 {
            for number in 0..3 {
                turns.push(session(number % 2, number), None, (number, count));
                turns.push(guest(number, "ci"), None, (10 + number, count));
            }
        }
        let order = all(&mut turns);
        for sender in [0, 1, 2, 10, 11, 12] {
            let own = order.iter().filter(|(who, _)| *who == sender);
            assert!(own.map(|(_, count)| *count).eq(0..50), "{sender}");
        }
    }

    #[test]
    fn nobody_comes_in_before_what_guests_said_under_the_name() {
        let mut turns = Turns::default();
        turns.push(guest(1, "bob"), None, "guest");
        turns.push(guest(1, "bob"), None, "guest again");
        let join = turns.push(session(2, 1), Some("bob"), "bob comes");
        turns.push(session(2, 2), Some("eve"), "eve comes");
        assert_eq!(turns.len(), 4);
        assert_eq!(
            all(&mut turns),
            ["guest", "eve comes", "guest again", "bob comes"]
        );
        assert_eq!(turns.withdraw(&session(2, 1), join), None, "it was taken");
        // An order that is withdrawn delays no other.
        let said = turns.push(guest(1, "bob"), None, "guest");
        let join = turns.push(session(2, 1), Some("bob"), "bob comes");
        assert_eq!(turns.withdraw(&session(2, 1), join), Some("bob comes"));
        turns.push(session(2, 1), Some("bob"), "bob comes");
        assert_eq!(turns.withdraw(&guest(1, "bob"), said), Some("guest"));
        assert_eq!(all(&mut turns), ["bob comes"]);
        assert_eq!(turns.len(), 0);
        assert!(turns.clients.is_empty() && turns.ring.is_empty());
    }

    #[test]
    fn what_is_taken_back_is_not_taken() {
        let mut turns = Turns::default();
        let mut tickets = Vec::new();
        for count in 0..4 {
            tickets.push(turns.push(session(1, 1), None, count));
        }
        assert_eq!(turns.withdraw(&session(1, 1), tickets[1]), Some(1));
        assert_eq!(turns.withdraw(&session(1, 1), tickets[1]), None);
        assert_eq!(turns.withdraw(&session(2, 1), tickets[0]), None);
        assert_eq!(all(&mut turns), [0, 2, 3]);
    }
}
