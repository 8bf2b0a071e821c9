//! The committer: the only thread that writes the log.
//!
//! What always holds: *visible means durable*. All orders that wait get their lines, which are appended to
//! the [`Store`] in one piece and synced; only then are they published and their senders answered. Each order
//! is answered exactly once, whatever happens.

mod notices;

use std::sync::Arc;
use std::time::Duration;

use async_io::Timer;

use crate::cli;
use crate::event::{Id, MAX_TEXT, Stamp};
use crate::journal::{LogRange, MAX_UNSYNCED};
use crate::line;

use super::fullness::Fullness;
use super::scribe::Scribe;
use super::store::{Appended, Draft, Fatal, Place, Store, Stored};
use crate::modes::server::console::{Console, Entry, ShownRequest};
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
/// The longest part of a line that is not its text: time, name, elapsed time, checksum, key.
const AROUND_TEXT: usize = 320;
// What a failed sync leaves unsure is rewritten at the next start, all of it.
const _: () = assert!(MAX_BYTES + 8 * MAX_TEXT + AROUND_TEXT <= MAX_UNSYNCED);

/// The one writer of the log, until the orders end.
#[derive(Debug)]
pub struct Committer<S> {
    store: S,
    /// The place up to which the log was applied to the scribe and the room.
    place: Place,
    scribe: Scribe,
    orders: Taker,
    room: Arc<Room>,
    fanout: Arc<Fanout>,
    console: Console,
    sync: cli::Sync,
    fullness: Fullness,
    /// The operator was told that the clock is behind the log.
    behind: bool,
}

/// The result of the orders of one commit, provided that its lines are stored.
#[derive(Debug, Default)]
struct Decision {
    /// The offset at which the lines will stand.
    start: u64,
    lines: Vec<u8>,
    /// The newest event of the lines.
    last: Option<Id>,
    /// The verdict on each order; none for those that ask for no line.
    verdicts: Vec<Option<Verdict>>,
    changes: Vec<Change>,
    entries: Vec<Entry>,
    durable: bool,
}

impl<S: Store> Committer<S> {
    /// A committer of a log that is applied as far as its store has it. The state of its keys is in
    /// `scribe`.
    pub fn new(
        store: S,
        scribe: Scribe,
        orders: Taker,
        fanout: Arc<Fanout>,
        console: Console,
        sync: cli::Sync,
        fullness: Fullness,
    ) -> Committer<S> {
        Committer {
            place: store.last(),
            store,
            scribe,
            orders,
            room: Arc::clone(&fanout.room),
            fanout,
            console,
            sync,
            fullness,
            behind: false,
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
            if let Err(fatal) = self.commit(waiting) {
                self.refuse_all();
                let notice = |sentence| self.console.show(Entry::Notice(sentence));
                return Err(self.store.rescue(fatal, &notice));
            }
            if last {
                break;
            }
        }
        self.refuse_all();
        Ok(())
    }

    /// Tells all orders that still wait that nothing more is recorded.
    fn refuse_all(&self) {
        self.orders.close();
        while let Some(order) = self.orders.take() {
            if let Job::Record(command) = &order.job {
                self.room.change(Change::undoing(command).as_slice());
            }
            order.answer(Err(Refused::Stopping));
        }
    }

    /// Decides, appends, publishes and answers; decides again as often as others were faster.
    fn commit(&mut self, waiting: Vec<Order>) -> Result<(), Fatal> {
        loop {
            let decision = self.decide(&waiting);
            let draft = Draft {
                lines: &decision.lines,
                changes: &decision.changes,
                durable: decision.durable,
            };
            match self.store.append(self.place, draft) {
                Appended::Stored(stored) => {
                    self.accept(waiting, decision, stored);
                    return Ok(());
                }
                Appended::Conflict => {
                    self.scribe.undo();
                    if let Err(fatal) = self.apply_others() {
                        self.fail(waiting, &decision, fatal.refused);
                        self.room.health.over();
                        return Err(fatal);
                    }
                }
                Appended::Full(why) => {
                    debug_assert_eq!(self.store.last(), self.place, "not cut back: {why}");
                    self.room.health.refused(waiting.len(), &why);
                    self.scribe.undo();
                    self.fail(waiting, &decision, Refused::Full);
                    let now = self.room.clock().mono;
                    let tell = self.fullness.refused(decision.lines.len(), now);
                    self.tell_about_space(tell);
                    return Ok(());
                }
                Appended::Unknown => {
                    self.scribe.undo();
                    self.fail(waiting, &decision, Refused::Unknown);
                    return Ok(());
                }
                Appended::Fatal(fatal) => {
                    self.room.health.over();
                    self.scribe.undo();
                    self.fail(waiting, &decision, fatal.refused);
                    return Err(fatal);
                }
            }
        }
    }

    /// Makes the lines of the orders, which the scribe takes as written until [`Scribe::undo`].
    fn decide(&mut self, waiting: &[Order]) -> Decision {
        let (start, now) = (self.place.offset, self.room.clock());
        let mut decision = Decision {
            start,
            ..Decision::default()
        };
        let mut wants_sync = false;
        for order in waiting {
            if let Job::Recall(past) = &order.job {
                self.scribe.recall(past, start);
            }
            let Job::Record(command) = &order.job else {
                wants_sync |= order.job == Job::Sync;
                decision.verdicts.push(None);
                continue;
            };
            let lines = &mut decision.lines;
            let at = lines.len();
            let verdict = self
                .scribe
                .record(command.clone(), now, start + at as u64, lines);
            decision.verdicts.push(Some(verdict));
            wants_sync |= *command == Command::Close && self.sync != cli::Sync::Never;
            if let Verdict::Recorded(said) = verdict {
                decision.last = Some(said.id);
                decision.changes.extend(Change::by(command, said.at));
                if self.console.wants_traffic() {
                    let request = order.request.clone();
                    let entry = entry(command, said.at, &decision.lines[at..], request);
                    decision.entries.extend(entry);
                }
            }
        }
        decision.durable = match self.sync {
            // What is on the disk already is not forced there again.
            cli::Sync::Always => !decision.lines.is_empty(),
            _ => wants_sync,
        };
        decision
    }

    /// Publishes what was stored, then answers.
    fn accept(&mut self, waiting: Vec<Order>, decision: Decision, stored: Stored) {
        let (offset, bytes) = (decision.start, decision.lines.len());
        self.place = stored.place;
        if let Some(took) = stored.synced {
            self.room.health.synced(Stamp::now(), took);
        }
        if let Some(notice) = stored.notice {
            self.console.show(Entry::Notice(notice));
        }
        self.scribe.keep(self.place.offset);
        if bytes > 0 {
            self.room.health.stored();
        }
        if let Some(last) = decision.last {
            let range = LogRange {
                offset,
                bytes: decision.lines,
                next: self.place.offset,
            };
            self.publish(range, last, &decision.changes);
        }
        for (order, verdict) in waiting.into_iter().zip(decision.verdicts) {
            if let Some(verdict) = verdict {
                order.answer(Ok(verdict));
            }
        }
        for entry in decision.entries {
            self.console.show(entry);
        }
        let tell = self.fullness.written(bytes);
        self.tell_about_space(tell);
        self.tell_about_clock();
    }

    fn publish(&self, range: LogRange, last: Id, changes: &[Change]) {
        let end = range.next;
        let batch = Arc::new(Batch::new(self.store.log(), range));
        self.room.publish(batch, last, changes);
        let left: Vec<SessionId> = changes.iter().filter_map(Change::left).collect();
        self.fanout.publish(end, &left);
    }

    /// Applies what others appended.
    fn apply_others(&mut self) -> Result<(), Fatal> {
        for batch in self.store.batches_after(self.place)? {
            self.place = batch.place;
            self.scribe.apply(&batch.range);
            self.scribe.keep(self.place.offset);
            let log = self.store.log();
            let last = batch.range.lines().next_back();
            let last = last.map(|(offset, line)| Id {
                log,
                offset,
                check: line::check_of(line),
            });
            if let Some(last) = last {
                self.publish(batch.range, last, &batch.changes);
            }
        }
        Ok(())
    }

    /// Answers everybody after an append that failed. What had been recorded before is still recorded; only
    /// what this batch would have added is not.
    fn fail(&self, waiting: Vec<Order>, decision: &Decision, refused: Refused) {
        let (log, start) = (self.store.log(), decision.start);
        let mut changes = Vec::new();
        for (order, verdict) in waiting.into_iter().zip(&decision.verdicts) {
            let outcome = match *verdict {
                // What an earlier log has is stored, wherever it stands there.
                Some(Verdict::Repeat(said)) if said.id.log != log || said.id.offset < start => {
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
    }
}

/// Has the committer do `job` at this interval, until no more orders are taken.
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

/// The longest that the order's line can be, in bytes.
fn size(order: &Order) -> usize {
    match &order.job {
        Job::Record(Command::Say { text, .. }) => line::escaped_size(text) + AROUND_TEXT,
        Job::Record(Command::Join(..) | Command::Leave(..) | Command::End(..) | Command::Close)
        | Job::Sync
        | Job::Recall(_)
        | Job::CheckLog => AROUND_TEXT,
    }
}

fn entry(
    command: &Command,
    at: Stamp,
    text: &[u8],
    request: Option<Box<ShownRequest>>,
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
