//! Messages and presence by name.
//!
//! Invariant: at most [`MOST_NAMES`] names are kept one by one, so that no log can use up the memory; the
//! counts of all others are in [`Names::others`], and in every sum. Presence is counted as far as the log
//! shows it: one that a join began lasts until the leave, until the room was closed or opened again, or to
//! the end; one that a message began (its join is not in the lines read) lasts until the leave, or else to
//! the last message.

use std::hash::{BuildHasher, RandomState};

use hashbrown::HashTable;

use crate::event::Stamp;

/// Names that are kept one by one, at most; years of the busiest channel have fewer.
pub(crate) const MOST_NAMES: usize = 50_000;
/// Bytes of names that are kept, at most.
const MOST_BYTES: usize = 2 << 20;
/// Entries of the cache before the table; a power of two.
const NEAR: usize = 256;
/// An empty entry.
const NOBODY: u32 = u32::MAX;

/// The counts of one name.
#[derive(Clone, Debug, Default)]
pub(crate) struct NameTally {
    /// The name, escaped as in the log.
    pub name: Box<[u8]>,
    pub messages: u64,
    /// Words of the messages: runs without white space.
    pub words: u64,
    /// Unicode scalar values of the messages.
    pub characters: u64,
    /// Characters of the longest message.
    pub longest: u64,
    /// The times of the first and the last message.
    pub spoke: Option<(Stamp, Stamp)>,
    pub joins: u64,
    pub leaves: u64,
    /// The time of the first join.
    pub joined: Option<Stamp>,
    /// The time of the last departure.
    pub left: Option<Stamp>,
    /// The presence in microseconds.
    pub present: u64,
    /// Still present at the end.
    pub is_present: bool,
    presence: Option<Stay>,
}

/// The line that shows that somebody is present.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Evidence {
    Join,
    /// A message of somebody whose join is not in the log.
    Message,
}

/// A presence that has not ended.
#[derive(Clone, Copy, Debug)]
struct Stay {
    since: Stamp,
    /// The newest line of that name.
    seen: Stamp,
    known_by: Evidence,
    /// The index among those present.
    place: u32,
}

/// The size of one message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TextSize {
    /// Runs without white space.
    pub words: u64,
    /// Unicode scalar values.
    pub characters: u64,
}

impl NameTally {
    fn says(&mut self, size: TextSize, at: Stamp) {
        self.messages += 1;
        self.words += size.words;
        self.characters += size.characters;
        self.longest = self.longest.max(size.characters);
        let (first, last) = self.spoke.unwrap_or((at, at));
        self.spoke = Some((first.min(at), last.max(at)));
    }

    /// The average number of characters of a message.
    pub(crate) fn mean(&self) -> f64 {
        match self.messages {
            0 => 0.0,
            messages => self.characters as f64 / messages as f64,
        }
    }

    /// Whole minutes of presence.
    pub(crate) fn minutes(&self) -> u64 {
        self.present / 60_000_000
    }
}

/// The counts of all names.
pub(crate) struct Names {
    table: HashTable<u32>,
    hasher: RandomState,
    near: [u32; NEAR],
    all: Vec<NameTally>,
    /// Those present now.
    present: Vec<u32>,
    bytes: usize,
    most: usize,
    /// The totals of the names that are not kept, if there are any.
    pub others: Option<NameTally>,
}

impl Default for Names {
    fn default() -> Names {
        Names::at_most(MOST_NAMES)
    }
}

impl Names {
    /// No names yet, and at most `most` later.
    pub(crate) fn at_most(most: usize) -> Names {
        Names {
            table: HashTable::new(),
            hasher: RandomState::new(),
            near: [NOBODY; NEAR],
            all: Vec::new(),
            present: Vec::new(),
            bytes: 0,
            most,
            others: None,
        }
    }

    /// The kept names, in no order before [`Names::sort`].
    pub(crate) fn all(&self) -> &[NameTally] {
        &self.all
    }

    /// Sorts by messages, then by presence, the most first, then by name.
    pub(crate) fn sort(&mut self) {
        self.table.clear();
        self.near = [NOBODY; NEAR];
        let most = |n: u64| std::cmp::Reverse(n);
        self.all.sort_unstable_by(|a, b| {
            let key = |p: &NameTally| (most(p.messages), most(p.present));
            key(a).cmp(&key(b)).then_with(|| a.name.cmp(&b.name))
        });
    }

    /// Counts a message.
    #[inline]
    pub(crate) fn says(&mut self, name: &[u8], size: TextSize, at: Stamp) {
        let Some(who) = self.find(name) else {
            return self.other().says(size, at);
        };
        let person = &mut self.all[who as usize];
        person.says(size, at);
        match &mut person.presence {
            Some(presence) => presence.seen = at,
            None => self.enters(who, at, Evidence::Message),
        }
    }

    /// Counts a join.
    pub(crate) fn joins(&mut self, name: &[u8], at: Stamp) {
        let Some(who) = self.find(name) else {
            self.other().joins += 1;
            return;
        };
        let person = &mut self.all[who as usize];
        person.joins += 1;
        person.joined.get_or_insert(at);
        match person.presence {
            Some(presence) if presence.known_by == Evidence::Join => (),
            Some(presence) => {
                // Nothing is known about the time between the last message and the join.
                self.goes(who, presence.seen);
                self.enters(who, at, Evidence::Join);
            }
            None => self.enters(who, at, Evidence::Join),
        }
    }

    /// Counts a leave.
    pub(crate) fn leaves(&mut self, name: &[u8], at: Stamp) {
        let Some(who) = self.find(name) else {
            self.other().leaves += 1;
            return;
        };
        self.all[who as usize].leaves += 1;
        self.goes(who, at);
        self.all[who as usize].left = Some(at);
    }

    /// Ends all presences, as the room was closed or opened.
    pub(crate) fn all_go(&mut self, at: Stamp) {
        while let Some(who) = self.present.last().copied() {
            let presence = self.all[who as usize].presence;
            match presence {
                Some(presence) if presence.known_by == Evidence::Message => {
                    self.goes(who, presence.seen)
                }
                _ => {
                    self.goes(who, at);
                    self.all[who as usize].left = Some(at);
                }
            }
        }
    }

    /// Ends the log: whoever is present is marked, and counted until then.
    pub(crate) fn end(&mut self, at: Stamp) {
        for who in std::mem::take(&mut self.present) {
            let person = &mut self.all[who as usize];
            if let Some(presence) = person.presence.take() {
                person.is_present = presence.known_by == Evidence::Join;
                let until = match presence.known_by {
                    Evidence::Join => at,
                    Evidence::Message => presence.seen,
                };
                person.present += micros(presence.since, until);
            }
        }
    }

    fn enters(&mut self, who: u32, at: Stamp, known_by: Evidence) {
        self.all[who as usize].presence = Some(Stay {
            since: at,
            seen: at,
            known_by,
            place: self.present.len() as u32,
        });
        self.present.push(who);
    }

    fn goes(&mut self, who: u32, at: Stamp) {
        let person = &mut self.all[who as usize];
        let Some(presence) = person.presence.take() else {
            return;
        };
        person.present += micros(presence.since, at);
        let place = presence.place as usize;
        self.present.swap_remove(place);
        if let Some(moved) = self.present.get(place)
            && let Some(presence) = &mut self.all[*moved as usize].presence
        {
            presence.place = place as u32;
        }
    }

    fn other(&mut self) -> &mut NameTally {
        self.others.get_or_insert_default()
    }

    /// The index of that name; `None` if there are too many.
    #[inline]
    fn find(&mut self, name: &[u8]) -> Option<u32> {
        let near = near(name);
        match self.all.get(self.near[near] as usize) {
            Some(person) if *person.name == *name => Some(self.near[near]),
            _ => {
                let found = self.find_far(name)?;
                self.near[near] = found;
                Some(found)
            }
        }
    }

    fn find_far(&mut self, name: &[u8]) -> Option<u32> {
        let hash = self.hasher.hash_one(name);
        let is = |who: &u32| *self.all[*who as usize].name == *name;
        if let Some(who) = self.table.find(hash, is) {
            return Some(*who);
        }
        if self.all.len() >= self.most || self.bytes + name.len() > MOST_BYTES {
            return None;
        }
        let who = self.all.len() as u32;
        self.bytes += name.len();
        self.all.push(NameTally {
            name: name.into(),
            ..NameTally::default()
        });
        let (hasher, all) = (&self.hasher, &self.all);
        self.table
            .insert_unique(hash, who, |who| hasher.hash_one(&*all[*who as usize].name));
        Some(who)
    }
}

/// The entry of the cache for a name.
#[inline]
fn near(name: &[u8]) -> usize {
    let (first, last) = match (name.first_chunk::<4>(), name.last_chunk::<4>()) {
        (Some(first), Some(last)) => (u32::from_le_bytes(*first), u32::from_le_bytes(*last)),
        _ => name
            .iter()
            .fold((0, 0), |(sum, _), b| (sum << 8 | u32::from(*b), 0)),
    };
    let mixed = (u64::from(first) << 32 | u64::from(last)) ^ name.len() as u64;
    (mixed.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> (64 - NEAR.trailing_zeros())) as usize
}

fn micros(from: Stamp, to: Stamp) -> u64 {
    // infallible: eight thousand years in microseconds are less.
    to.since(from).as_micros() as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Minutes after 1970.
    fn at(minute: i64) -> Stamp {
        Stamp::from_micros(minute * 60_000_000)
    }

    const WORD: TextSize = TextSize {
        words: 1,
        characters: 4,
    };

    fn minutes(people: &Names, name: &str) -> (u64, bool) {
        let person = people.all().iter().find(|p| *p.name == *name.as_bytes());
        person.map_or((u64::MAX, false), |p| (p.minutes(), p.is_present))
    }

    #[test]
    fn joins_and_leaves_are_paired() {
        let mut people = Names::default();
        people.joins(b"mira", at(0));
        people.joins(b"bob", at(5));
        people.leaves(b"mira", at(10));
        people.joins(b"mira", at(20));
        people.leaves(b"mira", at(23));
        people.end(at(60));
        assert_eq!(minutes(&people, "mira"), (13, false));
        assert_eq!(minutes(&people, "bob"), (55, true));
        let mira = &people.all()[0];
        assert_eq!((mira.joins, mira.leaves), (2, 2));
        assert_eq!((mira.joined, mira.left), (Some(at(0)), Some(at(23))));
        assert_eq!(people.all()[1].left, None);
    }

    #[test]
    fn a_room_that_closes_or_opens_again_ends_every_presence() {
        let mut people = Names::default();
        for name in [b"a", b"b", b"c"] {
            people.joins(name, at(0));
        }
        people.leaves(b"a", at(1));
        people.all_go(at(4));
        // The second ending finds nobody.
        people.all_go(at(9));
        people.joins(b"b", at(10));
        people.end(at(12));
        assert_eq!(minutes(&people, "a"), (1, false));
        assert_eq!(minutes(&people, "b"), (6, true));
        assert_eq!(minutes(&people, "c"), (4, false));
        let c = people.all().iter().find(|p| *p.name == *b"c");
        assert_eq!(c.and_then(|c| c.left), Some(at(4)));
    }

    #[test]
    fn a_presence_without_a_join_counts_as_far_as_it_is_known() {
        let mut people = Names::default();
        // A message, then the leave.
        people.says(b"a", WORD, at(2));
        people.leaves(b"a", at(7));
        // A leave alone: the time of arrival is not known.
        people.leaves(b"b", at(8));
        // Messages alone.
        people.says(b"c", WORD, at(1));
        people.says(b"c", WORD, at(4));
        // Messages, and a join after them: the time between is not known.
        people.says(b"d", WORD, at(0));
        people.says(b"d", WORD, at(3));
        people.joins(b"d", at(10));
        people.joins(b"d", at(11));
        people.end(at(20));
        assert_eq!(minutes(&people, "a"), (5, false));
        assert_eq!(minutes(&people, "b"), (0, false));
        assert_eq!(minutes(&people, "c"), (3, false));
        assert_eq!(minutes(&people, "d"), (13, true));
    }

    #[test]
    fn time_that_goes_back_takes_nothing_away() {
        let mut people = Names::default();
        people.joins(b"a", at(100));
        people.leaves(b"a", at(50));
        people.joins(b"a", at(60));
        people.leaves(b"a", at(61));
        people.end(at(61));
        assert_eq!(minutes(&people, "a"), (1, false));
    }

    #[test]
    fn names_beyond_the_limit_are_counted_together() {
        let mut people = Names::at_most(2);
        for (name, times) in [("a", 1), ("b", 2), ("c", 3), ("d", 4), ("b", 5)] {
            for _ in 0..times {
                people.says(name.as_bytes(), WORD, at(0));
            }
        }
        people.joins(b"e", at(1));
        people.sort();
        let kept: Vec<_> = people.all().iter().map(|p| p.messages).collect();
        assert_eq!(kept, [7, 1]);
        let others = people.others.expect("c, d and e");
        assert_eq!((others.messages, others.joins), (7, 1));
        assert_eq!(others.characters, 28);
    }

    #[test]
    fn names_are_told_apart_whatever_they_are_like() {
        let mut people = Names::default();
        let long = "x".repeat(1000);
        let names = [
            "",
            "a",
            "ab",
            "aaaa",
            "aaaaaaaa",
            "aaaabaaaa",
            "aaaacaaaa",
            &long,
        ];
        for (n, name) in names.iter().enumerate() {
            for _ in 0..=n {
                people.says(name.as_bytes(), WORD, at(0));
            }
        }
        for n in 0..5000 {
            people.says(format!("user{n}").as_bytes(), WORD, at(0));
        }
        for (n, name) in names.iter().enumerate() {
            let person = people.all().iter().find(|p| *p.name == *name.as_bytes());
            assert_eq!(person.map(|p| p.messages), Some(n as u64 + 1), "{name}");
        }
        assert_eq!(people.all().len(), 5000 + names.len());
    }
}
