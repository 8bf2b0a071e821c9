//! The committer: the only thread that writes the journal.
//!
//! What always holds: *visible means durable*. Everything that waits is stamped, written in one
//! piece and synced; only then is it published and its senders answered. Each order is answered
//! exactly once, whatever happens.

mod told;

use std::sync::Arc;
use std::time::{Duration, Instant};

use async_io::Timer;

use crate::cli;
use crate::event::{MAX_TEXT, Stamp};
use crate::journal::{AppendError, Journal, LogRange, MAX_UNSYNCED, Unseen};
use crate::line;

use super::fullness::Fullness;
use super::scribe::Scribe;
use crate::modes::server::console::{Console, Entry, Request};
use crate::modes::server::fanout::Fanout;
use crate::modes::server::room::Room;
use crate::modes::server::room::order::{Command, Job, Order, Refused, SessionId, Verdict};
use crate::modes::server::room::orders::{Orders, Taker};
use crate::modes::server::room::presence::Change;
use crate::modes::server::room::tail::Batch;

/// The most orders in one commit.
const MAX_ORDERS: usize = 4_096;
/// A commit takes no further orders once its lines may have this many bytes.
const MAX_BYTES: usize = 1 << 19;
/// At most how long a line is but for its text: time, name, elapsed time, checksum, key.
const AROUND_TEXT: usize = 320;
// What a failed sync leaves unsure is rewritten at the next start, all of it.
const _: () = assert!(MAX_BYTES + 8 * MAX_TEXT + AROUND_TEXT <= MAX_UNSYNCED);

/// Writes the journal until the orders end.
#[derive(Debug)]
pub struct Committer {
    journal: Journal,
    scribe: Scribe,
    orders: Taker,
    room: Arc<Room>,
    fanout: Arc<Fanout>,
    console: Console,
    sync: cli::Sync,
    fullness: Fullness,
    behind: bool,
    /// Why the log's name could not be followed at the last look.
    unseen: Unseen,
}

impl Committer {
    /// A committer for `journal`, whose state of names and keys is in `scribe`.
    pub fn new(
        journal: Journal,
        scribe: Scribe,
        orders: Taker,
        fanout: Arc<Fanout>,
        console: Console,
        sync: cli::Sync,
        fullness: Fullness,
    ) -> Committer {
        Committer {
            journal,
            scribe,
            orders,
            room: Arc::clone(&fanout.room),
            fanout,
            console,
            sync,
            fullness,
            behind: false,
            unseen: None,
        }
    }

    /// Commits batch after batch until a [`Command::Close`] was recorded.
    ///
    /// # Errors
    /// The sentence with which the server must stop: nothing more may be acknowledged.
    pub fn run(mut self) -> Result<(), String> {
        self.tell_about_clock();
        while let Some(first) = self.orders.wait() {
            let (mut taken, mut bytes, mut last) = (0, 0, false);
            let mut waiting = vec![first];
            let more = |newest: &Order| {
                taken += 1;
                bytes += size(newest);
                last = is_last(newest);
                !last && taken < MAX_ORDERS && bytes < MAX_BYTES
            };
            self.orders.gather(more, &mut waiting);
            if let Err(error) = self.commit(waiting) {
                self.refuse_all();
                return Err(self.part(error));
            }
            if last {
                break;
            }
        }
        self.refuse_all();
        Ok(())
    }

    /// Whoever still waits is told that nothing more is recorded.
    fn refuse_all(&self) {
        self.orders.close();
        while let Some(order) = self.orders.take() {
            if let Job::Record(command) = &order.job {
                self.room.change(Change::undoing(command).as_slice());
            }
            order.answer(Err(Refused::Stopping));
        }
    }

    fn commit(&mut self, waiting: Vec<Order>) -> Result<(), AppendError> {
        let start = self.journal.end();
        let now = self.room.clock();
        let (mut lines, mut last) = (Vec::new(), None);
        let (mut verdicts, mut changes, mut entries) = (Vec::new(), Vec::new(), Vec::new());
        let mut sync = self.sync == cli::Sync::Always;
        for order in &waiting {
            if let Job::Recall(past) = &order.job {
                self.scribe.recall(past, start);
            }
            let Job::Record(command) = &order.job else {
                sync |= order.job == Job::Sync;
                verdicts.push(None);
                continue;
            };
            let at = lines.len();
            let verdict = self
                .scribe
                .record(command.clone(), now, start + at as u64, &mut lines);
            verdicts.push(Some(verdict));
            sync |= *command == Command::Close && self.sync != cli::Sync::Never;
            if let Verdict::Recorded(said) = verdict {
                last = Some(said.id);
                changes.extend(Change::by(command, said.at));
                if self.console.wants_traffic() {
                    entries.extend(entry(command, said.at, &lines[at..], order.request.clone()));
                }
            }
        }
        if let Err(error) = self.write(&lines, sync) {
            return self.fail(waiting, &verdicts, start, lines.len(), error);
        }
        self.scribe.keep(self.journal.end());
        let bytes = lines.len();
        if bytes > 0 {
            self.room.health.stored();
        }
        if let Some(last) = last {
            let next = start + lines.len() as u64;
            let batch = Batch::new(
                self.journal.log(),
                LogRange {
                    offset: start,
                    bytes: lines,
                    next,
                },
            );
            self.room.publish(Arc::new(batch), last, &changes);
            let left: Vec<SessionId> = changes.iter().filter_map(Change::left).collect();
            self.fanout.publish(next, &left);
        }
        for (order, verdict) in waiting.into_iter().zip(verdicts) {
            if let Some(verdict) = verdict {
                order.answer(Ok(verdict));
            }
        }
        for entry in entries {
            self.console.show(entry);
        }
        let tell = self.fullness.written(bytes);
        self.tell_about_space(tell);
        self.tell_about_clock();
        Ok(())
    }

    fn write(&mut self, lines: &[u8], sync: bool) -> Result<(), AppendError> {
        if !lines.is_empty() {
            self.journal.append(lines)?;
        }
        if sync && (!lines.is_empty() || self.sync != cli::Sync::Always) {
            let from = Instant::now();
            self.journal.sync()?;
            self.room.health.synced(Stamp::now(), from.elapsed());
            return Ok(());
        }
        let unseen = self.journal.check_file()?;
        self.tell_about_sight(unseen);
        Ok(())
    }

    /// Answers everybody after a write or sync that failed. What had been recorded before is still
    /// recorded; only what this batch would have added is not.
    fn fail(
        &mut self,
        waiting: Vec<Order>,
        verdicts: &[Option<Verdict>],
        start: u64,
        bytes: usize,
        error: AppendError,
    ) -> Result<(), AppendError> {
        self.scribe.undo();
        let refused = match error {
            AppendError::Full(_) => Refused::Full,
            AppendError::Fatal(_) => Refused::Unknown,
            AppendError::Gone(_) => Refused::Gone,
        };
        match &error {
            AppendError::Full(why) => self.room.health.refused(waiting.len(), why),
            _ => self.room.health.over(),
        }
        let mut changes = Vec::new();
        for (order, verdict) in waiting.into_iter().zip(verdicts) {
            let outcome = match *verdict {
                // What an earlier log has is stored, wherever it stands there.
                Some(Verdict::Repeat(said))
                    if said.id.log != self.journal.log() || said.id.offset < start =>
                {
                    Ok(Verdict::Repeat(said))
                }
                Some(sure @ (Verdict::KeyReused | Verdict::NotYet)) => Ok(sure),
                _ => Err(refused),
            };
            if let Job::Record(command) = &order.job {
                changes.extend(Change::undoing(command));
            }
            order.answer(outcome);
        }
        self.room.change(&changes);
        match error {
            AppendError::Fatal(_) | AppendError::Gone(_) => Err(error),
            full => {
                let tell = self.fullness.refused(bytes, self.room.clock().mono);
                self.tell_about_space(tell);
                debug_assert_eq!(self.journal.end(), start, "not cut back: {full}");
                Ok(())
            }
        }
    }
}

/// Has the committer do `job` every so `often`, until no orders are taken any more.
pub async fn remind(job: Job, often: Duration, orders: Arc<Orders>) {
    loop {
        Timer::after(often).await;
        let order = Order {
            job: job.clone(),
            request: None,
            reply: None,
        };
        if !orders.push_own(order) {
            return;
        }
    }
}

fn is_last(order: &Order) -> bool {
    order.job == Job::Record(Command::Close)
}

/// At most how long the order's line is.
fn size(order: &Order) -> usize {
    match &order.job {
        Job::Record(Command::Say { text, .. }) => line::escaped_size(text) + AROUND_TEXT,
        _ => AROUND_TEXT,
    }
}

fn entry(
    command: &Command,
    at: Stamp,
    text: &[u8],
    request: Option<Box<Request>>,
) -> Option<Entry> {
    match command {
        Command::Join(_, name, _) => Some(Entry::Connected(name.clone())),
        Command::Leave(_, name, _) => Some(Entry::Offline(name.clone())),
        Command::End(..) | Command::Close => None,
        Command::Say { text: said, .. } => Some(Entry::Said {
            at,
            body: line::split(text.strip_suffix(b"\n").unwrap_or(text))
                .map(|p| p.body.to_string())
                .unwrap_or_default(),
            text: said.clone(),
            request,
        }),
    }
}

#[cfg(test)]
mod tests;
