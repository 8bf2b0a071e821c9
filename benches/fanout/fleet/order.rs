//! The order in which messages are heard: the same for everybody, with every message in it once.
//!
//! One connection is heard in the order in which it was written to. Where several send, it is the
//! server that decides who was first: the first listener to get as far as a place settles what is
//! there, and all others must be sent the same.

/// What is known of the order.
pub struct Order {
    /// Whether the server decides; else numbers follow each other.
    open: bool,
    numbers: Vec<u64>,
    taken: Vec<bool>,
}

impl Order {
    /// Nothing yet; `open` if several send.
    pub fn new(open: bool) -> Order {
        Order {
            open,
            numbers: Vec::new(),
            taken: Vec::new(),
        }
    }

    /// Whether this number, of so many that were sent, may be heard in this place.
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
        // A place is settled by a listener that heard all before it, so this is the next one.
        self.numbers.push(number);
        !std::mem::replace(&mut self.taken[index], true)
    }

    /// What belongs in a place, as far as that is settled.
    pub fn at(&self, place: usize) -> Option<u64> {
        match self.open {
            false => Some(place as u64),
            true => self.numbers.get(place).copied(),
        }
    }
}
