//! The idempotency keys that are known.
//!
//! What always holds: they are a pure function of the log. Known are those among the newest
//! [`Limits::messages`] messages that are no more than [`Limits::bytes`] before the log's end, of
//! each sender the newest [`Limits::sender`]. So a server that goes on knows the same as one that
//! was started again, and nobody's keys push out anybody else's.

use std::collections::{HashMap, VecDeque};
use std::hash::{BuildHasher, RandomState};

use crate::event::Key;
use crate::modes::server::room::order::OldKey;
use crate::wire::Said;

/// The limits to the keys that are known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The number of newest messages whose keys are known.
    pub messages: u64,
    /// The number of keys of one sender.
    pub sender: usize,
    /// The distance from the log's end, in bytes.
    pub bytes: u64,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            messages: 200_000,
            sender: 2_000,
            bytes: 256 << 20,
        }
    }
}

/// The keys that are known, each scoped to the name that used it.
#[derive(Debug)]
pub struct Keys {
    limits: Limits,
    hashers: [RandomState; 2],
    known: HashMap<u128, Known>,
    /// The keys, oldest first. One that was forgotten may stand here until it is too old.
    order: VecDeque<Slot>,
    /// The known keys of each sender, oldest first.
    senders: HashMap<u64, VecDeque<u128>>,
    /// The number of the newest message; those of this run count from 1.
    newest: i64,
    /// The number of the newest message that is in the log.
    committed: i64,
}

#[derive(Clone, Copy, Debug)]
struct Known {
    said: Said,
    text: u64,
    number: i64,
}

#[derive(Clone, Copy, Debug)]
struct Slot {
    hash: u128,
    sender: u64,
    number: i64,
    offset: i64,
}

impl Keys {
    /// A table without keys.
    pub fn new(limits: Limits) -> Keys {
        Keys {
            limits,
            hashers: [RandomState::new(), RandomState::new()],
            known: HashMap::new(),
            order: VecDeque::new(),
            senders: HashMap::new(),
            newest: 0,
            committed: 0,
        }
    }

    /// The first answer to the message with this key, and what stands for its text.
    pub fn get(&self, from: &str, key: &Key) -> Option<(Said, u64)> {
        let known = self.known.get(&self.hash(from, key))?;
        Some((known.said, known.text))
    }

    /// Counts a message without a key.
    pub fn pass(&mut self) {
        self.newest += 1;
    }

    /// Adds the key of a message, which must not be known yet.
    pub fn insert(&mut self, from: &str, key: &Key, said: Said, text: u64) {
        self.newest += 1;
        let slot = Slot {
            hash: self.hash(from, key),
            sender: self.sender(from),
            number: self.newest,
            offset: said.id.offset as i64,
        };
        let number = slot.number;
        self.known.insert(slot.hash, Known { said, text, number });
        self.order.push_back(slot);
        self.senders
            .entry(slot.sender)
            .or_default()
            .push_back(slot.hash);
    }

    /// Takes a key that is older than all that are known, of a log that ends at `end`.
    pub fn recall(&mut self, old: &OldKey, end: u64) {
        let slot = Slot {
            hash: self.hash(&old.from, &old.key),
            sender: self.sender(&old.from),
            number: -(old.after as i64),
            offset: old.offset,
        };
        let of_sender = self.senders.get(&slot.sender).map_or(0, VecDeque::len);
        if self.is_too_old(&slot, end)
            || of_sender >= self.limits.sender
            || self.known.contains_key(&slot.hash)
        {
            return;
        }
        let known = Known {
            said: old.said,
            text: old.text,
            number: slot.number,
        };
        self.known.insert(slot.hash, known);
        self.order.push_front(slot);
        self.senders
            .entry(slot.sender)
            .or_default()
            .push_front(slot.hash);
    }

    /// Makes what was recorded since the last call final: it is in the log, which ends at `end`.
    pub fn keep(&mut self, end: u64) {
        let new = self.order.iter().rev();
        let new: Vec<u64> = new
            .take_while(|slot| slot.number > self.committed)
            .map(|slot| slot.sender)
            .collect();
        for sender in new {
            let Some(keys) = self.senders.get_mut(&sender) else {
                continue;
            };
            while keys.len() > self.limits.sender {
                keys.pop_front().map(|oldest| self.known.remove(&oldest));
            }
        }
        while let Some(slot) = self.order.front().copied()
            && self.is_too_old(&slot, end)
        {
            self.order.pop_front();
            self.forget(&slot);
        }
        self.committed = self.newest;
    }

    /// Takes back what was recorded since the last [`Keys::keep`]: it is not in the log.
    pub fn undo(&mut self) {
        while let Some(slot) = self.order.back().copied()
            && slot.number > self.committed
        {
            self.order.pop_back();
            self.known.remove(&slot.hash);
            if let Some(keys) = self.senders.get_mut(&slot.sender) {
                keys.pop_back();
                if keys.is_empty() {
                    self.senders.remove(&slot.sender);
                }
            }
        }
        self.newest = self.committed;
    }

    fn is_too_old(&self, slot: &Slot, end: u64) -> bool {
        let back = (end as i64).saturating_sub(slot.offset);
        self.newest.saturating_sub(slot.number) >= self.limits.messages as i64
            || back > self.limits.bytes as i64
    }

    /// Forgets a key, unless its sender has used it again since it was forgotten.
    fn forget(&mut self, slot: &Slot) {
        let known = self.known.get(&slot.hash);
        if known.is_none_or(|known| known.number != slot.number) {
            return;
        }
        self.known.remove(&slot.hash);
        if let Some(keys) = self.senders.get_mut(&slot.sender) {
            // Of its sender it is the oldest, too.
            keys.pop_front();
            if keys.is_empty() {
                self.senders.remove(&slot.sender);
            }
        }
    }

    fn hash(&self, from: &str, key: &Key) -> u128 {
        let [high, low] = self.hashers.each_ref();
        let name = (from, key.as_str());
        u128::from(high.hash_one(name)) << 64 | u128::from(low.hash_one(name))
    }

    fn sender(&self, from: &str) -> u64 {
        self.hashers[0].hash_one(from)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{Elapsed, Id, LogId, Stamp};

    #[test]
    fn nothing_is_left_of_whoever_could_not_be_written() {
        let mut keys = Keys::new(Limits::default());
        let key = Key::new("k").expect("a key");
        let said = Said {
            id: Id {
                log: LogId(7),
                offset: 0,
                check: 0,
            },
            at: Stamp::from_micros(0),
            elapsed: Elapsed(0),
        };
        keys.insert("ann", &key, said, 1);
        keys.keep(100);
        for n in 0..100 {
            keys.insert(&format!("name{n}"), &key, said, 1);
            keys.undo();
        }
        assert_eq!((keys.known.len(), keys.order.len()), (1, 1));
        assert_eq!(keys.senders.len(), 1);
        assert_eq!(keys.get("ann", &key), Some((said, 1)));
    }
}
