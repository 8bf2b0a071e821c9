//! The window's end of the wire: one thread that logs in, listens, and sends what was said.
//!
//! What always holds: a message is sent under one key from the moment it was typed, after a break
//! the stream is read up to date before anything is repeated, what the stream left out is looked
//! through ([`reconcile`]), and nothing grows without limit. If the window cannot keep up, the link stops
//! reading and the server waits.
//!
//! Whatever a server sends, it makes the link keep at most: [`REPORTS`] reports, each with the events
//! of at most 16 KiB of stream and one event of [`MAX_EVENT`](crate::sse::decoder::MAX_EVENT) (in all
//! 17 MiB, reached only by a server whose every event has that length and by a window that takes
//! nothing); four pages of 3 MiB, two of them waiting; one list of members of 1 MiB. At rest it keeps two or three
//! connections with 16 KiB each.

mod authenticate;
mod backoff;
mod connection;
mod ending;
mod health;
mod listen;
mod outbox;
mod ranges;
mod reconcile;
mod reconnect;
#[cfg(test)]
mod tests;
mod version;

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use async_std::channel::{self, Receiver, Sender};
use event_listener::Event;
use futures_lite::future::or;

use super::talk::{HistoryQuery, LinkCommand, LinkState, Login, OutboxMessage, Report};
use super::text::presentable;
use crate::address::Address;
use crate::event::{Id, Key};
use crate::wire::{Said, Session};
use backoff::Backoff;
pub use health::health;
use outbox::Outbox;
use reconcile::Delivered;
pub use version::version_sentence;

/// How often it is listened for what comes during the goodbye.
const LISTEN: Duration = Duration::from_millis(5);
/// How many reports may wait for the window before the link stops reading.
const REPORTS: usize = 32;

/// The link, as the window holds it.
pub struct Link {
    commands: Sender<LinkCommand>,
    reports: Receiver<Report>,
    woken: Arc<AtomicBool>,
    ranges: Arc<AtomicUsize>,
    ended: mpsc::Receiver<()>,
}

impl Link {
    /// Starts the thread. `wake` is called from it whenever there is something to take, once
    /// until [`Link::take`] is called.
    ///
    /// # Errors
    /// The system gives no thread.
    pub fn start(wake: impl Fn() + Send + 'static) -> std::io::Result<Link> {
        // Unbounded, but fed by a person's hands and by nothing else.
        let (commands, to_do) = channel::unbounded();
        let (end, ended) = mpsc::channel();
        let (shared, reports) = Shared::new(wake);
        let (woken, ranges) = (Arc::clone(&shared.woken), Arc::clone(&shared.ranges));
        thread::Builder::new()
            .name("link".to_string())
            .spawn(move || {
                async_std::task::block_on(reconnect::run(shared, to_do));
                // Nobody waits any more if the window went first.
                let _ = end.send(());
            })?;
        Ok(Link {
            commands,
            reports,
            woken,
            ranges,
            ended,
        })
    }

    /// Tells the link what to do.
    pub fn send(&self, command: LinkCommand) {
        // Fails only once the link has ended, and then there is nothing left to do.
        let _ = self.commands.try_send(command);
    }

    /// Everything that waits, but no more than a window can take in at once.
    pub fn take(&self) -> Vec<Report> {
        // Before the reading, so that what comes during it wakes again.
        self.woken.store(false, Ordering::SeqCst);
        let reports: Vec<Report> = std::iter::from_fn(|| self.reports.try_recv().ok())
            .take(REPORTS)
            .collect();
        let is_range = |report: &&Report| matches!(report, Report::Range { .. });
        let ranges = reports.iter().filter(is_range).count();
        self.ranges.fetch_sub(ranges, Ordering::SeqCst);
        reports
    }

    /// Logs off and ends, within `limit`; the answer is what was still heard.
    pub fn close(self, limit: Duration) -> Vec<Report> {
        self.send(LinkCommand::Quit);
        let until = Instant::now() + limit;
        let mut heard = Vec::new();
        // Taken all the time: who cannot report waits.
        while let Err(RecvTimeoutError::Timeout) = self.ended.recv_timeout(LISTEN)
            && Instant::now() < until
        {
            heard.extend(self.take());
        }
        // Too late is as good as in time: the server notices by itself soon after.
        self.reports.close();
        heard.extend(self.take());
        heard
    }
}

/// Whether the room can be asked something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reach {
    /// No, and there is a while until the next attempt.
    Away,
    /// It is being tried.
    Coming,
    /// The stream is open.
    There,
}

/// What the parts of the link share, all on its one thread.
struct Shared {
    reports: Sender<Report>,
    woken: Arc<AtomicBool>,
    wake: Box<dyn Fn() + Send>,
    /// How many pages the window has not taken yet.
    ranges: Arc<AtomicUsize>,
    /// What was said and is not answered.
    outbox: RefCell<Outbox>,
    /// Wakes whoever sends from the outbox.
    kick: (Sender<()>, Receiver<()>),
    /// What was asked and is not answered.
    queries: RefCell<VecDeque<HistoryQuery>>,
    /// Wakes whoever answers it: something was asked, or `reach` is another.
    change: Event,
    /// Wakes whoever waits for the next attempt, or is at it.
    hurried: Event,
    backoff: RefCell<Backoff>,
    reach: Cell<Reach>,
    /// The state that was reported last, and when.
    said: RefCell<Option<(LinkState, Instant)>>,
    /// Where the session is that is held.
    address: RefCell<Option<Address>>,
    /// The proof of the name.
    token: RefCell<Option<String>>,
    /// The name as the room has it.
    me: RefCell<String>,
    /// Where to resume.
    place: Cell<Option<Id>>,
    /// What the stream has brought.
    seen: RefCell<Delivered>,
    /// There was a stream in this room already.
    streamed: Cell<bool>,
    /// Everything up to the moment of connecting was read: it is clear which messages arrived.
    caught_up: Cell<bool>,
    /// That was so at least once in this room: so everything that an earlier window sent was read,
    /// or is in what was left out.
    settled: Cell<bool>,
    /// The last stream was open for a while.
    lived: Cell<bool>,
}

impl Shared {
    /// What there is before anything was said, and where its reports come.
    fn new(wake: impl Fn() + Send + 'static) -> (Shared, Receiver<Report>) {
        let (sender, reports) = channel::bounded(REPORTS);
        let shared = Shared {
            reports: sender,
            woken: Arc::default(),
            wake: Box::new(wake),
            ranges: Arc::default(),
            outbox: RefCell::default(),
            kick: channel::bounded(1),
            queries: RefCell::default(),
            change: Event::new(),
            hurried: Event::new(),
            backoff: RefCell::new(Backoff::new()),
            reach: Cell::new(Reach::Away),
            said: RefCell::default(),
            address: RefCell::default(),
            token: RefCell::default(),
            me: RefCell::default(),
            place: Cell::new(None),
            seen: RefCell::default(),
            streamed: Cell::new(false),
            caught_up: Cell::new(false),
            settled: Cell::new(false),
            lived: Cell::new(false),
        };
        (shared, reports)
    }

    /// Reports to the window; waits while the window has not taken the earlier ones. Dropped before
    /// its end, it has reported nothing.
    async fn report(&self, report: Report) {
        let range = matches!(report, Report::Range { .. });
        // Fails only if the window is gone, and then the command to quit is on its way.
        let sent = self.reports.send(report).await.is_ok();
        if sent && range {
            self.ranges.fetch_add(1, Ordering::SeqCst);
        }
        if !self.woken.swap(true, Ordering::SeqCst) {
            (self.wake)();
        }
    }

    /// How many pages wait for the window.
    fn ranges_waiting(&self) -> usize {
        // The window may have counted one off before it was counted.
        let waiting = self.ranges.load(Ordering::SeqCst);
        if waiting > usize::MAX / 2 { 0 } else { waiting }
    }

    /// Reports how the connection is.
    async fn state(&self, state: LinkState) {
        self.said.replace(Some((state.clone(), Instant::now())));
        self.report(Report::State(state)).await;
    }

    /// Reports once more how the connection is, as of now.
    async fn repeat_state(&self) {
        let said = self.said.borrow().clone();
        let Some((mut state, since)) = said else {
            return;
        };
        if let LinkState::Offline { again, .. } | LinkState::Held { again, .. } = &mut state {
            *again = again.saturating_sub(since.elapsed());
        }
        self.report(Report::State(state)).await;
    }

    /// Answers a letter, unless something else has; only then is it out of the outbox.
    async fn answered(&self, key: Key, answer: Result<Said, String>) {
        let waits = self.outbox.borrow().has(&key);
        if waits {
            let report = Report::Answer {
                key: key.clone(),
                answer,
            };
            self.report(report).await;
            self.outbox.borrow_mut().done(&key);
        }
    }

    /// Takes a letter in, if the stream has not brought it yet.
    async fn take_message(&self, mut message: OutboxMessage) {
        let key = message.key.clone();
        let found = self.seen.borrow().find(&key);
        if self.settled.get()
            && message
                .after
                .is_some_and(|id| self.seen.borrow().covers(id))
        {
            message.after = None;
        }
        self.outbox.borrow_mut().push(message);
        match found {
            Some(said) => self.answered(key, Ok(said)).await,
            None => self.kick(),
        }
    }

    fn kick(&self) {
        // Full means that a kick is waiting already.
        let _ = self.kick.0.try_send(());
    }

    fn reach(&self, reach: Reach) {
        self.reach.set(reach);
        self.change.notify(usize::MAX);
    }

    fn is_caught_up(&self) {
        self.caught_up.set(true);
        self.settled.set(true);
    }

    /// Whether a message is one of ours, now or of an earlier window.
    fn is_ours(&self, from: &str, key: &Key) -> bool {
        *self.me.borrow() == from || self.outbox.borrow().has(key)
    }

    /// The session that is held, if there is one.
    fn session(&self) -> Option<(Address, String)> {
        self.address
            .borrow()
            .clone()
            .zip(self.token.borrow().clone())
    }

    /// The server let us in.
    async fn let_in(&self, login: &Login, session: Session, fresh: bool) {
        self.token.replace(Some(session.token.clone()));
        self.me.replace(session.name.clone());
        let login = Box::new(login.clone());
        let report = Report::LoggedIn {
            login,
            session,
            fresh,
        };
        self.report(report).await;
    }

    /// It is another room than before.
    fn forget(&self) {
        self.place.set(None);
        self.seen.take();
        self.streamed.set(false);
        self.settled.set(false);
    }

    /// Makes the next attempt now.
    fn hurry(&self) {
        self.backoff.borrow_mut().reset();
        self.hurried.notify(usize::MAX);
    }

    /// Does it, or `None` as soon as the user wants another attempt.
    async fn unless_hurried<T>(&self, doing: impl Future<Output = T>) -> Option<T> {
        let hurried = self.hurried.listen();
        or(async { Some(doing.await) }, async {
            hurried.await;
            None
        })
        .await
    }

    /// Does it, or `None` as soon as the stream is not there any more.
    async fn while_there<T>(&self, doing: impl Future<Output = T>) -> Option<T> {
        or(async { Some(doing.await) }, async {
            loop {
                let changed = self.change.listen();
                if self.reach.get() != Reach::There {
                    return None;
                }
                changed.await;
            }
        })
        .await
    }
}
