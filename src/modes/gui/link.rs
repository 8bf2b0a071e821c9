//! The window's connection to the room: one thread that logs in, listens, and sends messages.
//!
//! What always holds: a message keeps one key from the moment it was typed; after a break the
//! stream has caught up before anything is repeated, and the part that it left out is searched
//! ([`reconcile`]); nothing grows without limit. If the window cannot keep up, the link stops
//! reading and the server waits.
//!
//! Whatever a server sends, the link holds at most: [`MAX_REPORTS`] reports, each with the events of at
//! most 16 KiB of stream and one event of [`MAX_EVENT`](crate::sse::decoder::MAX_EVENT) (17 MiB in
//! all, reached only by a server whose every event has that length and by a window that takes
//! nothing); four ranges of 3 MiB, two of them waiting; one list of members of 1 MiB. At rest it
//! has two or three connections with 16 KiB each.

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

/// Interval at which reports are taken while the link closes.
const CLOSE_INTERVAL: Duration = Duration::from_millis(5);
/// Most reports that wait for the window before the link stops reading.
const MAX_REPORTS: usize = 32;

/// The window's handle of the link.
pub struct Link {
    commands: Sender<LinkCommand>,
    reports: Receiver<Report>,
    woken: Arc<AtomicBool>,
    ranges: Arc<AtomicUsize>,
    ended: mpsc::Receiver<()>,
}

impl Link {
    /// Starts the thread. It calls `wake` when there is something to take, once until
    /// [`Link::take`] is called.
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
                // Fails if the window waited in vain and is gone.
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

    /// Gives the link a command.
    pub fn send(&self, command: LinkCommand) {
        // Fails only once the link has ended, and then there is nothing left to do.
        let _ = self.commands.try_send(command);
    }

    /// Takes the reports that wait, but no more than a window can handle at once.
    pub fn take(&self) -> Vec<Report> {
        // Before the reading, so that reports during it wake again.
        self.woken.store(false, Ordering::SeqCst);
        let reports: Vec<Report> = std::iter::from_fn(|| self.reports.try_recv().ok())
            .take(MAX_REPORTS)
            .collect();
        let is_range = |report: &&Report| matches!(report, Report::Range { .. });
        let ranges = reports.iter().filter(is_range).count();
        self.ranges.fetch_sub(ranges, Ordering::SeqCst);
        reports
    }

    /// Logs off and ends the link, within `limit`. Returns the last reports.
    pub fn close(self, limit: Duration) -> Vec<Report> {
        self.send(LinkCommand::Quit);
        let until = Instant::now() + limit;
        let mut heard = Vec::new();
        // Taken all the time, since a link that cannot report waits.
        while let Err(RecvTimeoutError::Timeout) = self.ended.recv_timeout(CLOSE_INTERVAL)
            && Instant::now() < until
        {
            heard.extend(self.take());
        }
        // After the limit the session is left to the server, which notices soon by itself.
        self.reports.close();
        heard.extend(self.take());
        heard
    }
}

/// The progress of the connection to the room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reach {
    /// There is none, and the next attempt is some time away.
    Away,
    /// An attempt is under way.
    Coming,
    /// The stream is open.
    There,
}

/// The state that the parts of the link share, all on its one thread.
struct Shared {
    reports: Sender<Report>,
    woken: Arc<AtomicBool>,
    wake: Box<dyn Fn() + Send>,
    /// The number of ranges that the window has not taken yet.
    ranges: Arc<AtomicUsize>,
    /// The messages that are not answered.
    outbox: RefCell<Outbox>,
    /// Wakes the sending: there is a new message, or something else changed for it.
    sending_wake: (Sender<()>, Receiver<()>),
    /// The queries that are not answered.
    queries: RefCell<VecDeque<HistoryQuery>>,
    /// Wakes the answering of queries: there is a new one, or `reach` changed.
    change: Event,
    /// Ends the wait for the next attempt, and an attempt under way.
    hurried: Event,
    backoff: RefCell<Backoff>,
    reach: Cell<Reach>,
    /// The state of the connection as last reported, and the time of the report.
    last_state: RefCell<Option<(LinkState, Instant)>>,
    /// The room of the present session.
    address: RefCell<Option<Address>>,
    /// The token of the present session.
    token: RefCell<Option<String>>,
    /// Our name as the room has it.
    own_name: RefCell<String>,
    /// The event after which the stream resumes.
    resume_after: Cell<Option<Id>>,
    /// The record of what the stream has brought.
    delivered: RefCell<Delivered>,
    /// There was a stream in this room before.
    streamed_before: Cell<bool>,
    /// Everything up to the moment of connecting was read, so it is clear which messages arrived.
    caught_up: Cell<bool>,
    /// `caught_up` was set at least once in this room: everything that an earlier window sent was
    /// read, or is in the part that the stream left out.
    caught_up_before: Cell<bool>,
    /// The last stream was open for so long that its end is a new failure.
    lasted: Cell<bool>,
}

impl Shared {
    /// Returns the initial state and the receiver of its reports.
    fn new(wake: impl Fn() + Send + 'static) -> (Shared, Receiver<Report>) {
        let (sender, reports) = channel::bounded(MAX_REPORTS);
        let shared = Shared {
            reports: sender,
            woken: Arc::default(),
            wake: Box::new(wake),
            ranges: Arc::default(),
            outbox: RefCell::default(),
            sending_wake: channel::bounded(1),
            queries: RefCell::default(),
            change: Event::new(),
            hurried: Event::new(),
            backoff: RefCell::new(Backoff::new()),
            reach: Cell::new(Reach::Away),
            last_state: RefCell::default(),
            address: RefCell::default(),
            token: RefCell::default(),
            own_name: RefCell::default(),
            resume_after: Cell::new(None),
            delivered: RefCell::default(),
            streamed_before: Cell::new(false),
            caught_up: Cell::new(false),
            caught_up_before: Cell::new(false),
            lasted: Cell::new(false),
        };
        (shared, reports)
    }

    /// Sends a report to the window; waits while earlier ones fill the channel. If this is dropped
    /// before its end, nothing was reported.
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

    /// The number of ranges that wait for the window.
    fn ranges_waiting(&self) -> usize {
        // The window may have subtracted one before it was added.
        let waiting = self.ranges.load(Ordering::SeqCst);
        if waiting > usize::MAX / 2 { 0 } else { waiting }
    }

    /// Reports the state of the connection.
    async fn report_state(&self, state: LinkState) {
        self.last_state
            .replace(Some((state.clone(), Instant::now())));
        self.report(Report::State(state)).await;
    }

    /// Reports the state of the connection again, with the times that are left now.
    async fn repeat_state(&self) {
        let said = self.last_state.borrow().clone();
        let Some((mut state, since)) = said else {
            return;
        };
        if let LinkState::Offline { again, .. } | LinkState::Paused { again, .. } = &mut state {
            *again = again.saturating_sub(since.elapsed());
        }
        self.report(Report::State(state)).await;
    }

    /// Reports the answer to a message unless there was one already, and only then removes it from
    /// the outbox.
    async fn report_answer(&self, key: Key, answer: Result<Said, String>) {
        let waits = self.outbox.borrow().has(&key);
        if waits {
            let report = Report::Answer {
                key: key.clone(),
                answer,
            };
            self.report(report).await;
            self.outbox.borrow_mut().remove(&key);
        }
    }

    /// Puts a message into the outbox, or answers it if the stream has brought it already.
    async fn take_message(&self, mut message: OutboxMessage) {
        let key = message.key.clone();
        let found = self.delivered.borrow().find(&key);
        if self.caught_up_before.get()
            && message
                .after
                .is_some_and(|id| self.delivered.borrow().covers(id))
        {
            message.after = None;
        }
        self.outbox.borrow_mut().push(message);
        match found {
            Some(said) => self.report_answer(key, Ok(said)).await,
            None => self.wake_sending(),
        }
    }

    fn wake_sending(&self) {
        // Full means that it is woken already.
        let _ = self.sending_wake.0.try_send(());
    }

    /// Notes the progress of the connection, which decides about the queries.
    fn set_reach(&self, reach: Reach) {
        self.reach.set(reach);
        self.change.notify(usize::MAX);
    }

    /// Notes that the stream has caught up.
    fn set_caught_up(&self) {
        self.caught_up.set(true);
        self.caught_up_before.set(true);
    }

    /// Returns whether a message is ours, from this window or an earlier one.
    fn is_ours(&self, from: &str, key: &Key) -> bool {
        *self.own_name.borrow() == from || self.outbox.borrow().has(key)
    }

    /// The present session's room and token.
    fn session(&self) -> Option<(Address, String)> {
        self.address
            .borrow()
            .clone()
            .zip(self.token.borrow().clone())
    }

    /// Records and reports an accepted login.
    async fn report_login(&self, login: &Login, session: Session, fresh: bool) {
        self.token.replace(Some(session.token.clone()));
        self.own_name.replace(session.name.clone());
        let login = Box::new(login.clone());
        let report = Report::LoggedIn {
            login,
            session,
            fresh,
        };
        self.report(report).await;
    }

    /// Forgets the stream of the room before: the login is to another one.
    fn forget_stream(&self) {
        self.resume_after.set(None);
        self.delivered.take();
        self.streamed_before.set(false);
        self.caught_up_before.set(false);
    }

    /// Makes the next attempt now.
    fn hurry(&self) {
        self.backoff.borrow_mut().reset();
        self.hurried.notify(usize::MAX);
    }

    /// Runs the future; `None` as soon as the user wants another attempt.
    async fn unless_hurried<T>(&self, doing: impl Future<Output = T>) -> Option<T> {
        let hurried = self.hurried.listen();
        or(async { Some(doing.await) }, async {
            hurried.await;
            None
        })
        .await
    }

    /// Runs the future; `None` as soon as the stream is closed.
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
