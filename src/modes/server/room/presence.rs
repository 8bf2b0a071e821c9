//! The members: a state machine without clocks, locks or I/O.
//!
//! What always holds:
//!
//! - A member is shown from the moment its join is in the journal until its leave is, never
//!   before and never after; its name is held from the moment the join is asked for.
//! - Whether somebody leaves is decided once, when the leave is asked for. A leave that could not
//!   be written makes the member stay, to be asked for again: it is never dropped.

mod change;
mod claims;
mod past;

use std::collections::HashMap;
use std::time::{Duration, Instant};

use crate::event::Stamp;
use crate::name::{Alike, Name};
use crate::wire;

use super::quotas::{AddressLimits, Over, Quotas};
use super::rate::{Bucket, Buckets, Rate};
use crate::modes::server::room::client::Client;
use crate::modes::server::room::order::{Mark, Refused, SessionId};

pub use change::Change;
pub use past::{EarlierRuns, PastSessions};

/// The members that are joining, present or leaving.
#[derive(Debug)]
pub struct Presence {
    grace: Duration,
    max_rate: u32,
    members: HashMap<SessionId, Participant>,
    /// The owners of their names.
    names: Alike<SessionId>,
    joins: u64,
    /// The number of joins and leaves so far.
    changes: u64,
    guests: Buckets<String>,
    quotas: Quotas,
    /// The sessions of earlier runs, and those that have ended.
    pub past: EarlierRuns,
}

#[derive(Debug)]
struct Participant {
    name: Name,
    /// The client from which its owner joined.
    from: Client,
    phase: Phase,
    /// The number of joins before it: members are listed in that order.
    turn: u64,
    since: Stamp,
    said: Instant,
    /// Streams and requests that are open now.
    holders: usize,
    /// The time since which there are none.
    away: Instant,
    bucket: Bucket,
    /// Its owner quit: it leaves as soon as that can be written.
    quit: Option<Mark>,
}

/// The claim that a token proves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Claim {
    /// The session.
    pub session: SessionId,
    /// The time of its join in the log.
    pub issued: Stamp,
    /// The mark in the log if it was ended.
    pub mark: Mark,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// The join is asked for.
    Joining,
    /// The join is in the journal.
    Here,
    /// The leave is asked for.
    Leaving,
}

/// The outcome of an attempt to hold a member.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HoldAttempt {
    /// The member is present, and held now.
    Here,
    /// The next commit decides.
    ComingOrGoing,
    /// The member is absent, and may join.
    Absent,
}

/// A member that may say something now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Voice {
    /// Its name.
    pub name: String,
    /// The client whose turn its order takes.
    pub client: Client,
}

/// The rest of the work for a session that ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Quitting {
    /// The leave of its member is to be asked for.
    Here,
    /// The next commit decides.
    ComingOrGoing,
    /// The member is absent, but the end of its session is still to be written.
    Away,
    /// Nothing.
    Gone,
}

/// The reason why the room denies somebody to join, stay or speak.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Denied {
    /// Somebody else has the name. The time is how long it is still held for a member who is away.
    Taken(Option<Duration>),
    /// The name could be mistaken for that of this member.
    Confusable(String),
    /// Another request of the same session is doing it, or has done it.
    Already,
    /// There are too many members.
    RoomFull,
    /// The address has too many names, or too many joins.
    Address(Over),
    /// The owner of the session ended it.
    Ended,
    /// The token is older than the server's knowledge of ended sessions.
    TooOld,
    /// The log is still being read back for the facts that decide it.
    NotYet,
    /// The sender is over its rate. Nothing was stored; the time is how long to wait.
    TooFast(Duration),
    /// Too much of this address waits already. Nothing was stored.
    TooMany,
    /// Too much waits already. Nothing was stored.
    Busy,
    /// The server stops. Nothing was stored.
    Stopping,
    /// The log has no space. Nothing was stored.
    LogFull,
    /// The disk failed. It may or may not have been stored.
    LogUnknown,
    /// The log was removed, moved, shortened or changed. It may or may not have been stored.
    LogGone,
}

impl From<Refused> for Denied {
    fn from(refused: Refused) -> Denied {
        match refused {
            Refused::Full => Denied::LogFull,
            Refused::Unknown => Denied::LogUnknown,
            Refused::Gone => Denied::LogGone,
            Refused::Stopping => Denied::Stopping,
        }
    }
}

impl Presence {
    /// An empty room. A name stays for `grace` without a connection; a sender may keep up `max_rate`
    /// messages a second.
    pub fn new(grace: Duration, max_rate: u32) -> Presence {
        Presence {
            grace,
            max_rate,
            members: HashMap::new(),
            names: Alike::default(),
            joins: 0,
            changes: 0,
            guests: Buckets::new(Rate::of_messages(max_rate)),
            quotas: Quotas::new(AddressLimits::Kept, max_rate),
            past: EarlierRuns::default(),
        }
    }

    /// This, without the limits that are counted by address.
    pub fn without_address_limits(mut self) -> Presence {
        self.quotas = Quotas::new(AddressLimits::Lifted, self.max_rate);
        self
    }

    /// Keeps the session's member here, if it is here, until [`Presence::release`].
    ///
    /// # Errors
    /// [`Denied::Ended`] for a session whose owner quit.
    pub fn hold(&mut self, session: SessionId) -> Result<HoldAttempt, Denied> {
        Ok(match self.members.get_mut(&session) {
            None => HoldAttempt::Absent,
            Some(member) if member.quit.is_some() => return Err(Denied::Ended),
            Some(member) if member.phase == Phase::Here => {
                member.holders += 1;
                HoldAttempt::Here
            }
            Some(_) => HoldAttempt::ComingOrGoing,
        })
    }

    /// Ends one hold.
    pub fn release(&mut self, session: SessionId, now: Instant) {
        if let Some(member) = self.members.get_mut(&session) {
            member.holders = member.holders.saturating_sub(1);
            member.away = now;
        }
    }

    /// Ends the session for good, and returns what is left to do for that.
    ///
    /// # Errors
    /// [`Denied::NotYet`] while it is not known whether it has ended.
    pub fn quit(&mut self, claim: &Claim) -> Result<Quitting, Denied> {
        let Some(member) = self.members.get_mut(&claim.session) else {
            if self.past.is_ending(claim.mark) {
                return Ok(Quitting::ComingOrGoing);
            }
            return match self.past.check_claim(claim) {
                Ok(()) => Ok(Quitting::Away),
                Err(Denied::NotYet) => Err(Denied::NotYet),
                Err(_) => Ok(Quitting::Gone),
            };
        };
        member.quit = Some(claim.mark);
        Ok(match member.phase {
            Phase::Here => Quitting::Here,
            _ => Quitting::ComingOrGoing,
        })
    }

    /// The sessions whose members are to leave: their grace ran out, or they quit but could not be written
    /// off then.
    pub fn leavers(&self, now: Instant) -> Vec<SessionId> {
        let over = self
            .members
            .iter()
            .filter(|(_, member)| self.is_over(member, now));
        over.map(|(session, _)| *session).collect()
    }

    fn is_over(&self, member: &Participant, now: Instant) -> bool {
        let away = now.saturating_duration_since(member.away) >= self.grace;
        let over = member.holders == 0 && away || member.quit.is_some();
        over && member.phase == Phase::Here
    }

    /// Decides a leave that will be asked for now. Returns the name to write, the mark if the session ends,
    /// and the client whose turn it is.
    ///
    /// # Errors
    /// [`Denied::Already`] if it is not to leave, or not any more.
    pub fn go(
        &mut self,
        session: SessionId,
        now: Instant,
    ) -> Result<(String, Option<Mark>, Client), Denied> {
        let member = self.members.get(&session).ok_or(Denied::Already)?;
        if !self.is_over(member, now) {
            return Err(Denied::Already);
        }
        let member = self.members.get_mut(&session).ok_or(Denied::Already)?;
        member.phase = Phase::Leaving;
        let name = member.name.as_str().to_string();
        Ok((name, member.quit, member.from))
    }

    /// Returns whether the leave of a session that was held is written.
    pub fn has_left(&self, session: SessionId) -> bool {
        !self.members.contains_key(&session)
    }

    /// Lets the session's member say something now.
    ///
    /// # Errors
    /// The session has quit meanwhile, or speaks too fast.
    pub fn speak(&mut self, session: SessionId, now: Instant) -> Result<Voice, Denied> {
        // Another request of the session may have quit since it was held.
        let member = self
            .members
            .get_mut(&session)
            .filter(|member| member.phase == Phase::Here && member.quit.is_none())
            .ok_or(Denied::Ended)?;
        member.bucket.take(now).map_err(Denied::TooFast)?;
        Ok(Voice {
            name: member.name.as_str().to_string(),
            client: member.from,
        })
    }

    /// Lets a guest say something under `name` now.
    ///
    /// # Errors
    /// Somebody has the name or one like it, or it speaks too fast.
    pub fn speak_as(&mut self, name: &Name, from: Client, now: Instant) -> Result<(), Denied> {
        self.past.check_not_reserved(name, now)?;
        self.check_free(name, None, now)?;
        // A refusal by one of the two limits takes nothing from the other.
        self.quotas.may_say(from, now).map_err(Denied::TooFast)?;
        let folded = name.folded().to_string();
        self.guests.take(&folded, now).map_err(Denied::TooFast)?;
        self.quotas.say(from, now).map_err(Denied::TooFast)
    }

    /// Applies a commit to the members.
    pub fn apply(&mut self, changes: &[Change], now: Instant) {
        for change in changes {
            match change {
                Change::Joined(session, at) => {
                    if let Some(member) = self.members.get_mut(session) {
                        self.changes += 1;
                        member.phase = Phase::Here;
                        member.since = *at;
                        (member.said, member.away) = (now, now);
                        self.past.came_back(&member.name);
                    }
                }
                Change::Said(session) => {
                    if let Some(member) = self.members.get_mut(session) {
                        member.said = now;
                    }
                }
                Change::Ended(mark, at) => self.past.ended(*mark, *at),
                Change::EndFailed(mark) => self.past.end_failed(*mark),
                Change::Left(session) | Change::JoinFailed(session) => {
                    self.changes += 1;
                    if let Some(member) = self.members.remove(session) {
                        self.names.remove(&member.name, *session);
                        self.quotas.went(member.from);
                    }
                }
                Change::LeaveFailed(session) => {
                    if let Some(member) = self.members.get_mut(session) {
                        member.phase = Phase::Here;
                    }
                }
            }
        }
    }

    /// The number of joins and leaves so far: as long as it is the same, so are the present members.
    pub fn changes(&self) -> u64 {
        self.changes
    }

    /// The number of present members.
    pub fn count(&self) -> usize {
        let members = self.members.values();
        members.filter(|m| m.phase != Phase::Joining).count()
    }

    /// The present members, in the order in which they joined.
    pub fn list(&self, now: Instant) -> Vec<wire::Member> {
        let members = self.members.values();
        let mut here: Vec<&Participant> = members.filter(|m| m.phase != Phase::Joining).collect();
        here.sort_by_key(|member| member.turn);
        here.into_iter()
            .map(|member| wire::Member {
                name: member.name.as_str().to_string(),
                since: member.since,
                idle: now.saturating_duration_since(member.said).as_secs(),
            })
            .collect()
    }
}

#[cfg(test)]
mod tests;
