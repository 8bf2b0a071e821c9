//! Joining, staying and leaving, and the knowledge of sessions from before the server's start.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use async_std::task;

use super::guards::Hold;
use super::{Denied, Presence, Room, Verdict};
use crate::modes::server::room::client::Client;
use crate::modes::server::room::order::{Command, SessionId};
use crate::modes::server::room::presence::{Claim, HoldAttempt, PastSessions, Quitting};
use crate::modes::server::room::turns::Sender;
use crate::name::Name;
use crate::wire::Said;

impl Room {
    /// Begins the reading back of the log: until [`Room::recall`] has been given all of it, joins wait for
    /// what only earlier lines can tell.
    pub fn read_back(&self) {
        self.names_unknown.store(true, Ordering::Release);
        self.state().presence.past.read_back();
    }

    /// Takes what a further stretch of the log says of those who were here.
    pub fn recall(&self, seen: &PastSessions) {
        // What no name may be today nobody can take either.
        let names = seen.here.iter().filter_map(|(name, mark)| {
            let judged = self.names.name(name).ok()?;
            Some((Name::clone(&judged), *mark))
        });
        let names = names.collect();
        let until = Instant::now() + self.rules.grace;
        self.state().presence.past.recall(seen, names, until);
        if seen.names_known || seen.all {
            self.names_unknown.store(false, Ordering::Release);
        }
        self.wake.notify(usize::MAX);
    }

    /// Waits until it is known who was here before the server's start, or the room takes no orders
    /// any more.
    pub(super) async fn names_known(&self) {
        while self.names_unknown.load(Ordering::Acquire) {
            let woken = self.wake.listen();
            if self.state().closing {
                return;
            }
            if self.names_unknown.load(Ordering::Acquire) {
                woken.await;
            }
        }
    }

    /// Lets `name` in under a new session; `claim` has no time yet: the join's line gives it. If more
    /// join from the address than may at once, the join waits for its turn first.
    ///
    /// # Errors
    /// The name or its address may not join now ([`Denied::Taken`], [`Denied::Confusable`],
    /// [`Denied::RoomFull`], [`Denied::Address`]), the room is stopping ([`Denied::Stopping`]), or the join
    /// was not recorded.
    pub async fn join(&self, claim: &Claim, name: &Name, from: Client) -> Result<Said, Denied> {
        let session = claim.session;
        self.names_known().await;
        let wait = {
            let mut state = self.state();
            if state.closing {
                return Err(Denied::Stopping);
            }
            state.presence.book_join(name, from, Instant::now())?
        };
        let mut booked = BookedJoin {
            room: self,
            from,
            used: false,
        };
        self.wait(wait).await?;
        let admit = |presence: &mut Presence| {
            presence.admit(session, name, from, Instant::now())?;
            let command = Command::Join(session, name.as_str().to_string(), claim.mark);
            Ok((command, Sender::of_session(session, from)))
        };
        // It may come in although nobody waits for the answer any more.
        booked.used = true;
        let joined = self.order(None, Some(name), admit).await.and_then(recorded);
        booked.used = joined.is_ok();
        joined
    }

    /// Returns after so long.
    ///
    /// # Errors
    /// The room takes no orders any more.
    async fn wait(&self, wait: Duration) -> Result<(), Denied> {
        if wait.is_zero() {
            return Ok(());
        }
        let stopped = self.stopped.listen();
        if self.state().closing {
            return Err(Denied::Stopping);
        }
        let over = async_std::future::timeout(wait, stopped).await;
        over.map_or(Ok(()), |()| Err(Denied::Stopping))
    }

    /// Keeps the session's member present while the answer lives. A member that is not here (the
    /// server was restarted, or the grace ran out) comes in again.
    ///
    /// # Errors
    /// The session was ended ([`Denied::Ended`]) or may have been ([`Denied::TooOld`]), the name or its
    /// address may not join now (as for [`Room::join`]), or the join was not recorded.
    pub async fn hold(
        self: &Arc<Room>,
        claim: &Claim,
        name: &Name,
        from: Client,
    ) -> Result<Hold, Denied> {
        let session = claim.session;
        let readmit = |presence: &mut Presence| {
            presence.readmit(claim, name, from, Instant::now())?;
            let command = Command::Join(session, name.as_str().to_string(), claim.mark);
            Ok((command, Sender::of_session(session, from)))
        };
        loop {
            let woken = self.wake.listen();
            match self.try_hold(session)? {
                HoldAttempt::Here => return Ok(self.held(session)),
                HoldAttempt::Absent => match self.order(None, Some(name), readmit).await {
                    // Another request of the same session was faster.
                    Ok(_) | Err(Denied::Already) => {}
                    Err(Denied::NotYet) => woken.await,
                    Err(denied) => return Err(denied),
                },
                // The next commit decides.
                HoldAttempt::ComingOrGoing => woken.await,
            }
        }
    }

    /// Keeps a member present that is here already, as nearly always; `None` if it is not.
    ///
    /// # Errors
    /// The session was ended by its owner.
    pub fn hold_here(self: &Arc<Room>, session: SessionId) -> Result<Option<Hold>, Denied> {
        let here = self.try_hold(session)? == HoldAttempt::Here;
        Ok(here.then(|| self.held(session)))
    }

    fn held(self: &Arc<Room>, session: SessionId) -> Hold {
        let room = Arc::clone(self);
        Hold { room, session }
    }

    fn try_hold(&self, session: SessionId) -> Result<HoldAttempt, Denied> {
        let mut state = self.state();
        match state.presence.hold(session)? {
            HoldAttempt::ComingOrGoing if state.closing => Err(Denied::Stopping),
            held => Ok(held),
        }
    }

    /// Quit: ends the session for good and returns when that is recorded.
    ///
    /// # Errors
    /// The leave could not be recorded yet. The leave of a member that is here is asked for again until it is.
    pub async fn quit(&self, claim: &Claim, name: &str, from: Client) -> Result<(), Denied> {
        loop {
            let woken = self.wake.listen();
            // Not in the condition: the lock would be held over the await.
            let (quitting, closing) = {
                let mut state = self.state();
                (state.presence.quit(claim), state.closing)
            };
            match quitting {
                // Nothing more is read back for it.
                Err(Denied::NotYet) if closing => return Err(Denied::Stopping),
                Ok(Quitting::Gone) => return Ok(()),
                Ok(Quitting::Here) => match self.leave(claim.session).await {
                    // Another request or the sweep was faster.
                    Err(Denied::Already) => {}
                    left => return left,
                },
                Ok(Quitting::Away) => {
                    let end = |presence: &mut Presence| match presence.quit(claim)? {
                        Quitting::Away => {
                            presence.past.ending(claim.mark);
                            let command = Command::End(claim.mark, name.to_string());
                            Ok((command, Sender::of_session(claim.session, from)))
                        }
                        _ => Err(Denied::Already),
                    };
                    match self.order(None, None, end).await.map(drop) {
                        Err(Denied::Already) => {}
                        ended => return ended,
                    }
                }
                // The next commit, or what is still read back, decides.
                Ok(Quitting::ComingOrGoing) | Err(Denied::NotYet) => woken.await,
                Err(denied) => return Err(denied),
            }
        }
    }

    /// Asks for the leaves of all whose grace ran out, and of those who quit but could not be
    /// written off then.
    pub fn sweep(self: &Arc<Room>) {
        let leavers = {
            let mut state = self.state();
            state.presence.past.let_go(Instant::now());
            state.presence.leavers(Instant::now())
        };
        // All at once, so that a crowd that leaves together shares a commit. A leave that failed
        // makes the member stay, and the next sweep finds it again.
        for session in leavers {
            let room = Arc::clone(self);
            task::spawn(async move { room.leave(session).await });
        }
    }

    async fn leave(&self, session: SessionId) -> Result<(), Denied> {
        let go = |presence: &mut Presence| {
            let (name, ended, from) = presence.go(session, Instant::now())?;
            let command = Command::Leave(session, name, ended);
            Ok((command, Sender::of_session(session, from)))
        };
        self.order(None, None, go).await.map(drop)
    }
}

/// One of the joins that an address has, booked. Given back when it is dropped without having been used.
struct BookedJoin<'a> {
    room: &'a Room,
    from: Client,
    used: bool,
}

impl Drop for BookedJoin<'_> {
    fn drop(&mut self) {
        if !self.used {
            self.room.state().presence.give_back_join(self.from);
        }
    }
}

fn recorded(verdict: Verdict) -> Result<Said, Denied> {
    match verdict {
        Verdict::Recorded(said) | Verdict::Repeat(said) => Ok(said),
        // A join has no key.
        Verdict::KeyReused | Verdict::NotYet => Err(Denied::LogUnknown),
    }
}
