//! The order in which messages are received: the same for every listener, with every message once.
//!
//! Messages of one connection arrive in the order in which they were written. With several senders the server
//! decides: the first listener that reaches a place settles the message there, and all others must receive the same.

/// The order, as far as it is known.
pub struct Order {
    /// True if the server decides; otherwise numbers are consecutive.
    open: bool,
    numbers: Vec<u64>,
    taken: Vec<bool>,
}

impl Order {
    /// An empty order; `open` if there are several senders.
    pub fn new(open: bool) -> Order {
        Order {
            open,
            numbers: Vec::new(),
            taken: Vec::new(),
        }
    }

    /// Tells whether this number, of `sent` messages, may be received in this place.
    pub fn fits(&mut self, place: usize, number: u64, sent: usize) -> bool {
        if number >= sent as u64 {
            return false;
        }
        if !self.open {
            return number == place as u64;
        }
        if let Some(settled) = self.numbers.get(place) {
            return *settled == number;
        }
        let index = number as usize;
        if self.taken.len() <= index {
            self.taken.resize(index + 1, false);
        }
        // Only a listener that received all before it settles a place, so this is the next one.
        self.numbers.push(number);
        !std::mem::replace(&mut self.taken[index], true)
    }

    /// The number that belongs in a place, if that is settled.
    pub fn at(&self, place: usize) -> Option<u64> {
        match self.open {
            false => Some(place as u64),
            true => self.numbers.get(place).copied(),
        }
    }
}
