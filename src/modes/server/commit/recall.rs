//! The traces of earlier runs, read back from the log's end: the keys that are known, the sessions that
//! ended, the names that were present.
//!
//! [`Walk`] is the whole of it: stretches of lines go in, the newest first, and what they say comes
//! out. Around it [`begin`] takes what is at hand when the log is opened, and a thread reads on while
//! the room is open. What always holds: it ends within [`Limits::bytes`] of the log.

use std::collections::{HashSet, VecDeque};
use std::io;
use std::sync::Arc;

use crate::event::{Body, Id, LogId, Stamp};
use crate::failure::{Failure, reason};
use crate::journal::{Before, LogRange, Reader};
use crate::line::{self, RawLine, Shape, unescaped_name};
use crate::wire::Said;

use super::keys::Limits;
use super::scribe::{Scribe, hash};
use crate::modes::server::console::{Console, Entry};
use crate::modes::server::room::Room;
use crate::modes::server::room::order::{Job, Mark, OldKey, Order, PastKeys};
use crate::modes::server::room::orders::Orders;
use crate::modes::server::room::presence::PastSessions;

/// The size of one read, in bytes.
const BLOCK: usize = 256 * 1024;

/// The yield of a range of the log.
#[derive(Debug, Default)]
pub struct ReadBack {
    /// The keys, for the scribe.
    pub keys: PastKeys,
    /// The sessions, for the room.
    pub sessions: PastSessions,
}

/// Goes through a log from its end.
#[derive(Debug)]
pub struct Walk {
    limits: Limits,
    messages: u64,
    bytes: u64,
    /// Names of which the newest coming or going was seen.
    names: HashSet<Vec<u8>>,
    names_known: bool,
}

impl Walk {
    /// A walk that begins at the log's end.
    pub fn new(limits: Limits) -> Walk {
        Walk {
            limits,
            messages: 0,
            bytes: 0,
            names: HashSet::new(),
            names_known: false,
        }
    }

    /// Reads the lines before all that were read so far. `base` is the offset at which their log would
    /// begin if the present log began at 0; `beginning` is set if nothing stands before them.
    pub fn back(&mut self, log: LogId, base: i64, range: &LogRange, beginning: bool) -> ReadBack {
        let mut found = ReadBack::default();
        for (offset, text) in range.lines().rev() {
            self.bytes += text.len() as u64 + 1;
            if self.is_over() {
                break;
            }
            let Ok(raw) = line::raw(text) else {
                continue;
            };
            let Some(at) = Stamp::parse(raw.time).filter(|_| raw.is_canonical()) else {
                continue;
            };
            found.sessions.oldest = Some(found.sessions.oldest.map_or(at, |oldest| oldest.min(at)));
            if let Some(mark) = Mark::of(&raw) {
                found.sessions.ended.push((mark, at));
            }
            if matches!(raw.shape, Shape::Join(_))
                && let Some(mark) = Mark::of_join(&raw)
            {
                found.sessions.joined.push((mark, at));
            }
            let id = Id {
                log,
                offset,
                check: line::check_from(raw.checksum),
            };
            self.line(id, base, text, &raw, &mut found);
        }
        let all = beginning || self.is_over();
        found.keys.all = all || self.messages >= self.limits.messages;
        (found.sessions.all, found.sessions.beginning) = (all, beginning && !self.is_over());
        found.sessions.names_known = self.names_known;
        found
    }

    fn line(&mut self, id: Id, base: i64, text: &[u8], raw: &RawLine<'_>, found: &mut ReadBack) {
        match raw.shape {
            Shape::Message { key, .. } => {
                if key.is_some()
                    && self.messages < self.limits.messages
                    && let Ok(event) = line::parse_line(text)
                    && let Body::Message {
                        from,
                        elapsed,
                        text,
                        key: Some(key),
                    } = event.body
                {
                    let at = event.at;
                    found.keys.keys.push(OldKey {
                        from,
                        key,
                        said: Said { id, at, elapsed },
                        text: hash(&text),
                        after: self.messages,
                        offset: base + id.offset as i64,
                    });
                }
                self.messages += 1;
            }
            Shape::Join(name) | Shape::Leave(name) if !self.names_known => {
                let is_newest = self.names.insert(name.to_vec());
                if is_newest
                    && matches!(raw.shape, Shape::Join(_))
                    && let Some(name) = std::str::from_utf8(name).ok().and_then(unescaped_name)
                {
                    found.sessions.here.push((name, Mark::of_join(raw)));
                }
            }
            // A member from before a server's start is not present, but a log that only goes on from another
            // one was begun by no server.
            Shape::Opened { after, .. } if after.is_none() || id.offset > 0 => {
                self.names_known = true;
                self.names.clear();
            }
            Shape::Join(_) | Shape::Leave(_) | Shape::Opened { .. } | Shape::Closed => (),
            Shape::Notice(_) | Shape::Erased(_) | Shape::Other(_) => (),
        }
    }

    /// The last yield of a walk that cannot continue.
    fn given_up(&self) -> ReadBack {
        let mut none = ReadBack::default();
        (none.keys.all, none.sessions.all) = (true, true);
        none
    }

    /// Returns whether everything that counts was read.
    fn is_over(&self) -> bool {
        self.bytes > self.limits.bytes
    }
}

/// A log that is being read back.
#[derive(Debug)]
struct Source {
    /// The logs before it that are still to be read.
    earlier: VecDeque<Before>,
    reader: Reader,
    /// The offset from which on it was read.
    end: u64,
    /// The offset at which it would begin if the present log began at 0.
    base: i64,
}

/// Takes the newest lines, which end where the log ended before this run, and starts a thread that reads on
/// if they are not enough.
///
/// # Errors
/// The system has no thread for it.
pub fn begin(
    scribe: &mut Scribe,
    room: &Arc<Room>,
    recent: LogRange,
    orders: Arc<Orders>,
    console: Console,
) -> Result<(), Failure> {
    let mut walk = Walk::new(Limits::default());
    let source = Source {
        reader: room.reader.clone(),
        end: recent.offset,
        base: 0,
        earlier: room.reader.earlier().iter().cloned().collect(),
    };
    room.read_back();
    let beginning = recent.offset == 0 && source.earlier.is_empty();
    let found = walk.back(source.reader.log(), 0, &recent, beginning);
    scribe.recall(&found.keys, recent.next);
    // Up to a MiB, which the server has no further use for.
    drop(recent);
    room.recall(&found.sessions);
    if found.sessions.all {
        return Ok(());
    }
    let room = Arc::clone(room);
    let reading = std::thread::Builder::new().name("recall".into());
    let reading = reading.spawn(move || {
        let given = |found: ReadBack| {
            room.recall(&found.sessions);
            let order = Order {
                job: Job::Recall(Box::new(found.keys)),
                request: None,
                reply: None,
            };
            orders.push_own(order)
        };
        if let Err(error) = read_back(&mut walk, source, &given) {
            console.show(Entry::Notice(format!(
                "The log cannot be read back: {}. Members whose login is in the unread part have \
                 to log in again. Check the disk.",
                reason(&error)
            )));
            given(walk.given_up());
        }
    });
    reading.map(drop).map_err(|error| {
        Failure::new(format!(
            "The server cannot start a thread: {}.",
            reason(&error)
        ))
    })
}

/// Reads back until everything that counts was read, or the committer is gone.
fn read_back(
    walk: &mut Walk,
    mut source: Source,
    given: &dyn Fn(ReadBack) -> bool,
) -> io::Result<()> {
    loop {
        if source.end == 0
            && let Some(before) = source.earlier.pop_front()
        {
            let Ok((reader, end)) = before.reader() else {
                // What is not there is not known; that it was there is.
                given(walk.given_up());
                return Ok(());
            };
            (source.reader, source.end) = (reader, end);
            source.base -= end as i64;
        }
        let range = source.reader.read_back(source.end, BLOCK)?;
        source.end = range.offset;
        let beginning = source.end == 0 && source.earlier.is_empty();
        let found = walk.back(source.reader.log(), source.base, &range, beginning);
        let all = found.sessions.all;
        if !given(found) || all {
            return Ok(());
        }
    }
}

#[cfg(test)]
mod tests;
