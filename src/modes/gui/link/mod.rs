//! The window's end of the wire: one thread that logs in, listens, and sends what was said.
//!
//! What always holds: a message is sent under one key from the moment it was typed, after a break
//! the stream is read up to date before anything is repeated, and nothing grows without limit. If
//! the window cannot keep up, the link stops reading and the server waits.

mod backoff;
mod connection;
mod listen;
mod login;
mod outbox;
mod session;
#[cfg(test)]
mod tests;

use std::cell::{Cell, RefCell};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use async_std::channel::{self, Receiver, Sender};

use super::talk::{Command, Report};
use crate::event::Id;
use outbox::Outbox;

/// How many reports may wait for the window before the link stops reading.
const REPORTS: usize = 64;

/// The link, as the window holds it.
pub struct Link {
    commands: Sender<Command>,
    reports: Receiver<Report>,
    woken: Arc<AtomicBool>,
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
        let (sender, reports) = channel::bounded(REPORTS);
        let (end, ended) = mpsc::channel();
        let woken = Arc::new(AtomicBool::new(false));
        let shared = Shared {
            reports: sender,
            woken: Arc::clone(&woken),
            wake: Box::new(wake),
            outbox: RefCell::default(),
            kick: channel::bounded(1),
            place: Cell::new(None),
            caught_up: Cell::new(false),
            token: RefCell::default(),
        };
        thread::Builder::new()
            .name("link".to_string())
            .spawn(move || {
                async_std::task::block_on(session::run(shared, to_do));
                // Nobody waits any more if the window went first.
                let _ = end.send(());
            })?;
        Ok(Link {
            commands,
            reports,
            woken,
            ended,
        })
    }

    /// Tells the link what to do.
    pub fn send(&self, command: Command) {
        // Fails only once the link has ended, and then there is nothing left to do.
        let _ = self.commands.try_send(command);
    }

    /// Everything that waits, but no more than a window can take in at once.
    pub fn take(&self) -> Vec<Report> {
        // Before the reading, so that what comes during it wakes again.
        self.woken.store(false, Ordering::SeqCst);
        std::iter::from_fn(|| self.reports.try_recv().ok())
            .take(REPORTS)
            .collect()
    }

    /// Logs off and ends, within `limit`.
    pub fn close(self, limit: Duration) {
        self.send(Command::Quit);
        // Too late is as good as in time: the server notices by itself soon after.
        let _ = self.ended.recv_timeout(limit);
    }
}

/// What the parts of the link share, all on its one thread.
struct Shared {
    reports: Sender<Report>,
    woken: Arc<AtomicBool>,
    wake: Box<dyn Fn() + Send>,
    /// What was said and is not answered.
    outbox: RefCell<Outbox>,
    /// Wakes whoever sends from the outbox.
    kick: (Sender<()>, Receiver<()>),
    /// Where to resume.
    place: Cell<Option<Id>>,
    /// Everything up to the moment of connecting was read: it is clear which messages arrived.
    caught_up: Cell<bool>,
    /// The proof of the name.
    token: RefCell<Option<String>>,
}

impl Shared {
    /// Reports to the window; waits while the window has not taken the earlier ones.
    async fn report(&self, report: Report) {
        // Fails only if the window is gone, and then the command to quit is on its way.
        let _ = self.reports.send(report).await;
        if !self.woken.swap(true, Ordering::SeqCst) {
            (self.wake)();
        }
    }

    fn kick(&self) {
        // Full means that a kick is waiting already.
        let _ = self.kick.0.try_send(());
    }
}

/// What the server said in place of an answer, fit to be shown: one line, not too long, nothing
/// that moves a cursor.
fn presentable(text: &str) -> String {
    let mut shown: String = text
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .take(300)
        .collect();
    if text.chars().nth(300).is_some() {
        shown.push('…');
    }
    shown
}
