//! The room: how far the journal has come, who is here ([`presence`](super::presence) decides), and
//! the way in for everything that is to be recorded.
//!
//! What always holds:
//!
//! - One short lock guards tail, committed offset and members; it is never held over an await or
//!   over I/O.
//! - Tail, offset and members change in one step, when a batch is published.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use async_std::channel::{Sender, bounded};
use async_std::task;
use event_listener::{Event, EventListener};

use crate::event::{Id, Key, Stamp};
use crate::journal::Reader;
use crate::name::Name;
use crate::wire::Members;

use super::committer::{Job, Order, Outcome, Refused};
use super::console::Request;
use super::presence::{Change, Held, LoginRefused, Presence};
use super::scribe::{Command, Reading, SessionId, Speaker, Verdict};
use super::tail::{Batch, Tail};

/// How long a full queue is waited for before a sender is told to come back.
const PATIENCE: Duration = Duration::from_secs(5);

/// What the operator decided about the room.
#[derive(Clone, Debug)]
pub struct Rules {
    /// The room's name.
    pub room: String,
    /// The longest name, in characters.
    pub max_name: usize,
    /// How long a name stays present without a connection.
    pub grace: Duration,
    /// Messages a second that one sender may keep up; 0 for no limit.
    pub max_rate: u32,
}

/// The one conversation that the server holds.
#[derive(Debug)]
pub struct Room {
    /// What the operator decided.
    pub rules: Rules,
    /// Reads what was committed.
    pub reader: Reader,
    started: Instant,
    orders: Sender<Order>,
    state: Mutex<State>,
    wake: Event,
    answers: AtomicUsize,
}

#[derive(Debug)]
struct State {
    tail: Tail,
    /// Everything before this offset is committed and may be seen.
    end: u64,
    /// The newest committed event.
    last: Id,
    presence: Presence,
    listeners: usize,
    closing: bool,
}

/// What a follower finds at its cursor.
#[derive(Debug)]
pub enum Next {
    /// These batches, from memory.
    Ready(Vec<Arc<Batch>>),
    /// Older lines, up to this committed offset, which are in the file.
    InFile(u64),
    /// Nothing more yet.
    Wait,
    /// Nothing more ever.
    Closed,
}

impl Room {
    /// A room whose journal ends at `end` with the event `last`.
    pub fn new(
        rules: Rules,
        reader: Reader,
        started: Instant,
        orders: Sender<Order>,
        end: u64,
        last: Id,
    ) -> Room {
        let presence = Presence::new(rules.grace, rules.max_rate);
        Room {
            rules,
            reader,
            started,
            orders,
            state: Mutex::new(State {
                tail: Tail::default(),
                end,
                last,
                presence,
                listeners: 0,
                closing: false,
            }),
            wake: Event::new(),
            answers: AtomicUsize::new(0),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // A panic elsewhere leaves the state whole: every change is made in one piece.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Both clocks now.
    pub fn clock(&self) -> Reading {
        Reading {
            wall: Stamp::now(),
            mono: self.started.elapsed(),
        }
    }

    /// How long the server has been running.
    pub fn uptime(&self) -> Duration {
        self.started.elapsed()
    }

    /// Lets `name` in under a session.
    ///
    /// # Errors
    /// Why not.
    pub async fn join(&self, session: SessionId, name: Name) -> Result<Id, LoginRefused> {
        self.state().presence.come(session, &name, Instant::now())?;
        let command = Command::Join(session, name.as_str().to_string());
        match self.order(Job::Record(command), None).await {
            Ok(Verdict::Recorded(said) | Verdict::Repeat(said)) => Ok(said.id),
            Ok(Verdict::KeyReused) => Err(LoginRefused::Order(Refused::Unknown)),
            Err(refused) => {
                // An order that did not reach the committer; it undoes the others itself.
                if matches!(refused, Refused::Busy | Refused::Stopping) {
                    self.change(&[Change::JoinFailed(session)]);
                }
                Err(LoginRefused::Order(refused))
            }
        }
    }

    /// Keeps the session's member present while the answer lives. A member that is not here (the
    /// server was restarted, or the grace ran out) comes in again.
    ///
    /// # Errors
    /// Why the name is not to be had.
    pub async fn hold(
        self: &Arc<Room>,
        session: SessionId,
        name: Name,
    ) -> Result<Hold, LoginRefused> {
        loop {
            let woken = self.wake.listen();
            match self.try_hold(session)? {
                Held::Here => {
                    return Ok(Hold {
                        room: Arc::clone(self),
                        session,
                    });
                }
                Held::Absent => match self.join(session, name.clone()).await {
                    // Another request of the same session was faster.
                    Ok(_) | Err(LoginRefused::Already) => {}
                    Err(refused) => return Err(refused),
                },
                // The next commit decides.
                Held::ComingOrGoing => woken.await,
            }
        }
    }

    fn try_hold(&self, session: SessionId) -> Result<Held, LoginRefused> {
        let mut state = self.state();
        match state.presence.hold(session)? {
            Held::ComingOrGoing if state.closing => Err(LoginRefused::Order(Refused::Stopping)),
            held => Ok(held),
        }
    }

    /// Quit: the leave is recorded at once and the session's token is dead from now on.
    ///
    /// # Errors
    /// The leave could not be recorded yet; it is asked for again until it is.
    pub async fn quit(&self, session: SessionId) -> Result<(), Refused> {
        // Not in the condition: the lock would be held over the leave.
        let name = self.state().presence.quit(session);
        match name {
            Some(name) => self.leave(session, name).await,
            None => Ok(()),
        }
    }

    /// Asks for the leaves of all whose grace ran out, and of those who quit but could not be
    /// written off then.
    pub fn sweep(self: &Arc<Room>) {
        let gone = self.state().presence.take_leavers(Instant::now());
        // All at once, so that a crowd that leaves together shares a commit. A leave that failed
        // makes the member stay, and the next sweep finds it again.
        for (session, name) in gone {
            let room = Arc::clone(self);
            task::spawn(async move { room.leave(session, name).await });
        }
    }

    async fn leave(&self, session: SessionId, name: String) -> Result<(), Refused> {
        match self
            .order(Job::Record(Command::Leave(session, name)), None)
            .await
        {
            Ok(_) => Ok(()),
            Err(refused) => {
                if matches!(refused, Refused::Busy | Refused::Stopping) {
                    self.change(&[Change::LeaveFailed(session)]);
                }
                Err(refused)
            }
        }
    }

    /// Says something as a member.
    ///
    /// # Errors
    /// Why nothing was recorded.
    pub async fn say(
        &self,
        hold: &Hold,
        text: String,
        key: Option<Key>,
        request: Option<Box<Request>>,
    ) -> Result<Verdict, LoginRefused> {
        let from = self.state().presence.speak(hold.session, Instant::now())?;
        let command = Command::Say {
            speaker: Speaker::Session(hold.session),
            from,
            text,
            key,
        };
        self.order(Job::Record(command), request)
            .await
            .map_err(LoginRefused::Order)
    }

    /// Says something without a session: no join, no leave.
    ///
    /// # Errors
    /// Somebody else has the name, or nothing was recorded.
    pub async fn say_as(
        &self,
        name: &Name,
        text: String,
        key: Option<Key>,
        request: Option<Box<Request>>,
    ) -> Result<Verdict, LoginRefused> {
        self.state().presence.speak_as(name, Instant::now())?;
        let speaker = Speaker::Guest(name.folded().to_string());
        let command = Command::Say {
            speaker,
            from: name.as_str().to_string(),
            text,
            key,
        };
        self.order(Job::Record(command), request)
            .await
            .map_err(LoginRefused::Order)
    }

    async fn order(&self, job: Job, request: Option<Box<Request>>) -> Outcome {
        if self.state().closing {
            return Err(Refused::Stopping);
        }
        let (reply, answer) = bounded(1);
        let order = Order {
            job,
            request,
            reply: Some(reply),
        };
        match async_std::future::timeout(PATIENCE, self.orders.send(order)).await {
            Err(_) => return Err(Refused::Busy),
            Ok(Err(_)) => return Err(Refused::Stopping),
            Ok(Ok(())) => {}
        }
        // The committer answers every order it took; if it is gone, nobody knows what it wrote.
        answer.recv().await.unwrap_or(Err(Refused::Unknown))
    }

    /// Makes a committed batch visible: tail, offset and members change in one step, then everybody
    /// who waits is woken.
    pub fn publish(&self, batch: Arc<Batch>, last: Id, changes: &[Change]) {
        {
            let mut state = self.state();
            state.end = batch.end();
            state.last = last;
            state.tail.push(batch);
            state.presence.apply(changes, Instant::now());
        }
        self.wake.notify(usize::MAX);
    }

    /// Changes members without a batch.
    pub fn change(&self, changes: &[Change]) {
        self.state().presence.apply(changes, Instant::now());
        self.wake.notify(usize::MAX);
    }

    /// No order is taken from now on.
    pub fn stop_orders(&self) {
        self.state().closing = true;
    }

    /// Wakes every follower to say good-bye; the orders must have stopped.
    pub fn close(&self) {
        self.orders.close();
        self.wake.notify(usize::MAX);
    }

    /// A waiter for the next change. Ask for it first and look second, so that nothing is missed.
    pub fn listen(&self) -> EventListener {
        self.wake.listen()
    }

    /// What a follower at `offset` reads next.
    pub fn next(&self, offset: u64, count: usize) -> Next {
        let state = self.state();
        if offset >= state.end {
            return if self.orders.is_closed() {
                Next::Closed
            } else {
                Next::Wait
            };
        }
        let batches = state.tail.from(offset, count);
        if batches.is_empty() {
            Next::InFile(state.end)
        } else {
            Next::Ready(batches)
        }
    }

    /// Up to where the journal is committed.
    pub fn end(&self) -> u64 {
        self.state().end
    }

    /// Who is here.
    pub fn members(&self) -> Members {
        let state = self.state();
        Members {
            id: state.last,
            members: state.presence.list(Instant::now()),
        }
    }

    /// Counts a listener as long as the answer lives.
    pub fn listener(self: &Arc<Room>) -> Listener {
        self.state().listeners += 1;
        Listener(Arc::clone(self))
    }

    /// How many listeners there are.
    pub fn listeners(&self) -> usize {
        self.state().listeners
    }

    /// Counts a request that waits for its answer as long as what this gives lives.
    pub fn answer_due(self: &Arc<Room>) -> AnswerDue {
        self.answers.fetch_add(1, Ordering::AcqRel);
        AnswerDue(Arc::clone(self))
    }

    /// How many requests wait for their answer.
    pub fn answers(&self) -> usize {
        self.answers.load(Ordering::Acquire)
    }
}

/// Keeps a member present while it lives.
#[derive(Debug)]
pub struct Hold {
    room: Arc<Room>,
    session: SessionId,
}

impl Drop for Hold {
    fn drop(&mut self) {
        let mut state = self.room.state();
        state.presence.release(self.session, Instant::now());
    }
}

/// Counts a request that waits for its answer while it lives.
#[derive(Debug)]
pub struct AnswerDue(Arc<Room>);

impl Drop for AnswerDue {
    fn drop(&mut self) {
        self.0.answers.fetch_sub(1, Ordering::AcqRel);
    }
}

/// Counts a listener while it lives.
#[derive(Debug)]
pub struct Listener(Arc<Room>);

impl Drop for Listener {
    fn drop(&mut self) {
        self.0.state().listeners -= 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{Body, Elapsed, Event as Recorded};
    use crate::journal::Journal;
    use crate::wire::Said;
    use async_std::channel::Receiver;
    use futures_lite::future::{block_on, zip};

    fn at() -> Stamp {
        Stamp::from_micros(0)
    }

    /// A room whose orders this test answers.
    fn room(grace: Duration) -> (tempfile::TempDir, Arc<Room>, Receiver<Order>) {
        let dir = tempfile::tempdir().expect("a folder");
        let body = Body::Opened {
            version: "chatroom test".into(),
            random: "6f1d0c5be2a94c07".into(),
            after: None,
        };
        let journal = Journal::open(&dir.path().join("log.txt"))
            .and_then(|opening| opening.begin(&Recorded { at: at(), body }))
            .expect("a journal");
        let last = journal.reader().id_before(journal.end());
        let last = last.expect("read").expect("an id");
        let rules = Rules {
            room: "test".into(),
            max_name: 8,
            grace,
            max_rate: 0,
        };
        let (orders, taken) = bounded(16);
        let (reader, end) = (journal.reader(), journal.end());
        let room = Room::new(rules, reader, Instant::now(), orders, end, last);
        (dir, Arc::new(room), taken)
    }

    /// Answers the next order as a committer does whose log is full or not; what it was.
    async fn commit(room: &Room, taken: &Receiver<Order>, full: bool) -> Command {
        let order = taken.recv().await.expect("an order");
        let Job::Record(command) = order.job else {
            panic!("{:?}", order.job)
        };
        let change = match (&command, full) {
            (Command::Join(session, _), false) => Change::Joined(*session, at()),
            (Command::Join(session, _), true) => Change::JoinFailed(*session),
            (Command::Leave(session, _), false) => Change::Left(*session),
            (Command::Leave(session, _), true) => Change::LeaveFailed(*session),
            other => panic!("{other:?}"),
        };
        room.change(&[change]);
        let (at, elapsed) = (at(), Elapsed(0));
        let id = room.state().last;
        let outcome = if full {
            Err(Refused::Full)
        } else {
            Ok(Verdict::Recorded(Said { id, at, elapsed }))
        };
        let reply = order.reply.expect("somebody waits");
        reply.try_send(outcome).expect("answered");
        command
    }

    async fn joined(room: &Arc<Room>, taken: &Receiver<Order>, session: u8, name: &str) -> Hold {
        let name = Name::new(name, 8).expect("a name");
        let (hold, _) = zip(room.hold([session; 16], name), commit(room, taken, false)).await;
        hold.expect("held")
    }

    #[test]
    fn who_quits_while_the_log_is_full_leaves_later_though_a_stream_is_open() {
        let (_dir, room, taken) = room(Duration::from_secs(3600));
        block_on(async {
            let hold = joined(&room, &taken, 1, "bob").await;
            let (quit, _) = zip(room.quit([1; 16]), commit(&room, &taken, true)).await;
            assert_eq!(quit, Err(Refused::Full));
            assert_eq!(
                room.members().members.len(),
                1,
                "no leave is in the journal"
            );
            room.sweep();
            let left = commit(&room, &taken, false).await;
            assert_eq!(left, Command::Leave([1; 16], "bob".into()));
            assert!(room.members().members.is_empty());
            drop(hold);
        });
    }

    #[test]
    fn a_crowd_that_leaves_together_is_asked_for_at_once() {
        let (_dir, room, taken) = room(Duration::ZERO);
        block_on(async {
            for (session, name) in [(1, "ann"), (2, "bob"), (3, "eve")] {
                drop(joined(&room, &taken, session, name).await);
            }
            room.sweep();
            // Nobody is answered before the last of them has come.
            let mut orders = Vec::new();
            for _ in 0..3 {
                orders.push(taken.recv().await.expect("an order"));
            }
            room.sweep();
            assert!(taken.try_recv().is_err(), "nobody leaves twice");
        });
    }

    #[test]
    fn nothing_is_said_by_a_session_that_has_quit_meanwhile() {
        let (_dir, room, taken) = room(Duration::from_secs(3600));
        block_on(async {
            let hold = joined(&room, &taken, 1, "bob").await;
            let quit = task::spawn({
                let room = Arc::clone(&room);
                async move { room.quit([1; 16]).await }
            });
            let leave = taken.recv().await.expect("an order");
            let said = room.say(&hold, "hi".into(), None, None).await;
            assert_eq!(said, Err(LoginRefused::Ended));
            drop((leave, quit));
        });
    }
}
