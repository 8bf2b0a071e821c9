//! Claims to names: the checks that a name is free and that its address may have it now.

use std::time::{Duration, Instant};

use super::{
    Bucket, Claim, Client, Denied, Name, Participant, Phase, Presence, Rate, SessionId, Stamp,
};

/// The most members at once.
const MAX_MEMBERS: usize = 20_000;

impl Presence {
    /// Books a join for a new session that wants the name, after the others of the same client. Returns the time to
    /// wait for it.
    ///
    /// # Errors
    /// The name is not free ([`Denied::Taken`], [`Denied::Confusable`], [`Denied::NotYet`]), the room is full
    /// ([`Denied::RoomFull`]), or the address has too many names or joins ([`Denied::Address`]).
    pub fn book_join(
        &mut self,
        name: &Name,
        from: Client,
        now: Instant,
    ) -> Result<Duration, Denied> {
        self.past.check_not_reserved(name, now)?;
        self.check_admission(name, None, from, now)?;
        self.quotas.book(from, now).map_err(Denied::Address)
    }

    /// Gives back a booked join that was not used.
    pub fn give_back_join(&mut self, from: Client) {
        self.quotas.give_back(from);
    }

    /// Takes the name for a new session that is about to join.
    ///
    /// # Errors
    /// Those of [`Presence::book_join`], except for too many joins; [`Denied::Already`] if the session has a
    /// member.
    pub fn admit(
        &mut self,
        session: SessionId,
        name: &Name,
        from: Client,
        now: Instant,
    ) -> Result<(), Denied> {
        self.past.check_not_reserved(name, now)?;
        self.add_member(session, name, from, now)
    }

    /// Takes the name for a session that had joined before: a name that is reserved for somebody who was here
    /// before the server's start may be reserved for it.
    ///
    /// # Errors
    /// The session was ended ([`Denied::Ended`]) or may have been ([`Denied::TooOld`], [`Denied::NotYet`]), or
    /// one of those of [`Presence::admit`].
    pub fn readmit(
        &mut self,
        claim: &Claim,
        name: &Name,
        from: Client,
        now: Instant,
    ) -> Result<(), Denied> {
        self.past.check_claim(claim)?;
        self.past
            .check_not_reserved_for_other(name, claim.mark, now)?;
        self.add_member(claim.session, name, from, now)
    }

    fn add_member(
        &mut self,
        session: SessionId,
        name: &Name,
        from: Client,
        now: Instant,
    ) -> Result<(), Denied> {
        self.check_admission(name, Some(session), from, now)?;
        self.quotas.came(from);
        self.names.insert(name, session);
        self.joins += 1;
        let member = Participant {
            name: name.clone(),
            from,
            phase: Phase::Joining,
            turn: self.joins,
            since: Stamp::from_micros(0),
            said: now,
            holders: 0,
            away: now,
            bucket: Bucket::new(Rate::of_messages(self.max_rate), now),
            quit: None,
        };
        self.members.insert(session, member);
        Ok(())
    }

    fn check_admission(
        &self,
        name: &Name,
        session: Option<SessionId>,
        from: Client,
        now: Instant,
    ) -> Result<(), Denied> {
        self.check_free(name, session, now)?;
        if session.is_some_and(|session| self.members.contains_key(&session)) {
            return Err(Denied::Already);
        }
        if self.members.len() >= MAX_MEMBERS {
            return Err(Denied::RoomFull);
        }
        self.quotas.check(from).map_err(Denied::Address)
    }

    /// Checks that no other session has the name or one like it.
    ///
    /// # Errors
    /// Another has the name ([`Denied::Taken`]) or one like it ([`Denied::Confusable`]).
    pub(super) fn check_free(
        &self,
        name: &Name,
        but: Option<SessionId>,
        now: Instant,
    ) -> Result<(), Denied> {
        let (mut alike, mut same) = (None, None);
        for session in self.names.find(name).filter(|found| Some(*found) != but) {
            let Some(member) = self.members.get(&session) else {
                continue;
            };
            if member.name.is_same(name) {
                same = Some(member)
            } else {
                alike = Some(member.name.as_str().to_string())
            }
        }
        if let Some(member) = same {
            let away = member.phase == Phase::Here && member.holders == 0;
            let since = now.saturating_duration_since(member.away);
            return Err(Denied::Taken(
                away.then(|| self.grace.saturating_sub(since)),
            ));
        }
        match alike {
            Some(other) => Err(Denied::Confusable(other)),
            None => Ok(()),
        }
    }
}
