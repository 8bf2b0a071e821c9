//! The sessions of earlier runs: which have ended, and whose members were present.
//!
//! What always holds: a token is honoured only if it is known that its session was not ended, so an
//! ended session stays dead however many end after it; what is forgotten takes all tokens with it
//! that are as old.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet, VecDeque};
use std::time::{Duration, Instant};

use super::{Claim, Denied};
use crate::event::Stamp;
use crate::modes::server::room::order::Mark;
use crate::name::{Alike, Name};

/// The number of ended sessions that are known.
const MAX_ENDED: usize = 100_000;

/// The sessions in a range of the log, the newest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PastSessions {
    /// The sessions that ended in this range, and when.
    pub ended: Vec<(Mark, Stamp)>,
    /// The sessions whose members joined in this range, and when.
    pub joined: Vec<(Mark, Stamp)>,
    /// The names present at the log's end, with their sessions where the line says them.
    pub here: Vec<(String, Option<Mark>)>,
    /// These are all the names that were present.
    pub names_known: bool,
    /// The time of its oldest line.
    pub oldest: Option<Stamp>,
    /// This is the last range that is read.
    pub all: bool,
    /// Nothing stands before it.
    pub beginning: bool,
}

/// The knowledge of earlier runs.
#[derive(Debug)]
pub struct EarlierRuns {
    most: usize,
    ended: HashSet<Mark>,
    /// The ended sessions with the times of their ends, the oldest first.
    order: VecDeque<(Mark, Stamp)>,
    /// When the members of sessions came in last, of the newest in the log.
    joined: HashMap<Mark, Stamp>,
    /// The sessions whose end is ordered and not written yet.
    ending: HashSet<Mark>,
    /// The time up to which tokens may have ended without a trace.
    forgotten: Option<Stamp>,
    /// The log is still being read back, and was looked through from this time on.
    reading: Option<Stamp>,
    names_unknown: bool,
    /// The names that are reserved for earlier members.
    reserved: HashMap<u64, ReservedName>,
    names: Alike<u64>,
    reservations: u64,
}

/// The name of an earlier member.
#[derive(Debug)]
struct ReservedName {
    name: Name,
    /// The session that it is reserved for; any that had the name where the log does not say which.
    session: Option<Mark>,
    until: Instant,
}

impl Default for EarlierRuns {
    /// The knowledge of a room that had no earlier run.
    fn default() -> EarlierRuns {
        EarlierRuns {
            most: MAX_ENDED,
            ended: HashSet::new(),
            order: VecDeque::new(),
            joined: HashMap::new(),
            ending: HashSet::new(),
            forgotten: None,
            reading: None,
            names_unknown: false,
            reserved: HashMap::new(),
            names: Alike::default(),
            reservations: 0,
        }
    }
}

impl EarlierRuns {
    /// The log is to be read back from here on.
    pub fn read_back(&mut self) {
        self.reading = Some(Stamp::from_micros(i64::MAX));
        self.names_unknown = true;
    }

    /// Takes a further range of the log; the names are reserved until then.
    pub fn recall(
        &mut self,
        seen: &PastSessions,
        names: Vec<(Name, Option<Mark>)>,
        until: Instant,
    ) {
        for (mark, at) in &seen.ended {
            if self.order.len() >= self.most {
                self.forget(*at);
            } else if self.ended.insert(*mark) {
                self.order.push_front((*mark, *at));
            }
        }
        for (mark, at) in &seen.joined {
            // The newest first: what is there already is newer.
            if self.joined.len() < self.most {
                self.joined.entry(*mark).or_insert(*at);
            }
        }
        for (name, session) in names {
            self.reservations += 1;
            self.names.insert(&name, self.reservations);
            let reserved = ReservedName {
                name,
                session,
                until,
            };
            self.reserved.insert(self.reservations, reserved);
        }
        self.names_unknown &= !(seen.names_known || seen.all);
        if let Some(oldest) = seen.oldest
            && self.reading.is_some_and(|reading| oldest < reading)
        {
            self.reading = Some(oldest);
        }
        if seen.all {
            let looked = self.reading.take();
            if let (false, Some(at)) = (seen.beginning, looked) {
                self.forget(at);
            }
        }
    }

    /// Notes that the end of a session whose member is not here was ordered.
    pub fn ending(&mut self, mark: Mark) {
        self.ending.insert(mark);
    }

    /// Records that the end of a session could not be written.
    pub fn end_failed(&mut self, mark: Mark) {
        self.ending.remove(&mark);
    }

    /// Returns whether the next commit decides if the session ends.
    pub fn is_ending(&self, mark: Mark) -> bool {
        self.ending.contains(&mark)
    }

    /// A session was ended for good by a line of this time.
    pub fn ended(&mut self, mark: Mark, at: Stamp) {
        self.ending.remove(&mark);
        if self.ended.insert(mark) {
            self.order.push_back((mark, at));
        }
        if self.order.len() > self.most
            && let Some((mark, at)) = self.order.pop_front()
        {
            self.ended.remove(&mark);
            self.forget(at);
        }
    }

    fn forget(&mut self, at: Stamp) {
        self.forgotten = self.forgotten.max(Some(at));
    }

    /// Checks that a session may come back.
    ///
    /// # Errors
    /// The session has ended, or whether it has is not known any more, or not yet.
    pub fn check_claim(&self, claim: &Claim) -> Result<(), Denied> {
        if self.ended.contains(&claim.mark) {
            return Err(Denied::Ended);
        }
        if self.is_ending(claim.mark) {
            return Err(Denied::NotYet);
        }
        // One that had ended did not come in any more.
        let joined = self.joined.get(&claim.mark).copied();
        let lived = joined.map_or(claim.issued, |joined| joined.max(claim.issued));
        if self.forgotten.is_some_and(|at| lived <= at) {
            return Err(Denied::TooOld);
        }
        match self.reading {
            Some(looked) if lived <= looked => Err(Denied::NotYet),
            _ => Ok(()),
        }
    }

    /// Checks that the name is not reserved for another session.
    ///
    /// # Errors
    /// The name is reserved; the error has the time left.
    pub fn check_not_reserved_for_other(
        &self,
        name: &Name,
        mark: Mark,
        now: Instant,
    ) -> Result<(), Denied> {
        let others = |reserved: &&ReservedName| {
            reserved.name.is_same(name) && reserved.session.is_some_and(|session| session != mark)
        };
        match self.like(name, now).find(others) {
            Some(reserved) => Err(Denied::Taken(Some(reserved.left(now)))),
            None => Ok(()),
        }
    }

    /// Checks that the name, or one like it, is not reserved for an earlier member.
    ///
    /// # Errors
    /// The name is reserved for somebody ([`Denied::Taken`]), one like it is ([`Denied::Confusable`]), or the names of
    /// earlier members are not all known yet ([`Denied::NotYet`]).
    pub fn check_not_reserved(&self, name: &Name, now: Instant) -> Result<(), Denied> {
        if let Some(reserved) = self
            .like(name, now)
            .find(|reserved| reserved.name.is_same(name))
        {
            return Err(Denied::Taken(Some(reserved.left(now))));
        }
        if let Some(reserved) = self.like(name, now).next() {
            return Err(Denied::Confusable(reserved.name.as_str().to_string()));
        }
        if self.names_unknown {
            Err(Denied::NotYet)
        } else {
            Ok(())
        }
    }

    /// Ends the reservation of this name, whose session is here again.
    pub fn came_back(&mut self, name: &Name) {
        let like: Vec<u64> = self.names.find(name).collect();
        for number in like {
            if let Entry::Occupied(reserved) = self.reserved.entry(number)
                && reserved.get().name.is_same(name)
            {
                self.names.remove(&reserved.remove().name, number);
            }
        }
    }

    /// Lets go of the names whose grace is over.
    pub fn let_go(&mut self, now: Instant) {
        let over = self
            .reserved
            .extract_if(|_, reserved| now >= reserved.until);
        for (number, reserved) in over {
            self.names.remove(&reserved.name, number);
        }
    }

    /// The names that are reserved and could be mistaken for this one.
    fn like(&self, name: &Name, now: Instant) -> impl Iterator<Item = &ReservedName> {
        let reserved = self
            .names
            .find(name)
            .filter_map(|number| self.reserved.get(&number));
        reserved.filter(move |reserved| now < reserved.until)
    }
}

impl ReservedName {
    fn left(&self, now: Instant) -> Duration {
        self.until.saturating_duration_since(now)
    }
}
