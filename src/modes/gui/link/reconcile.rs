//! The search for messages of ours that may be in the room already.
//!
//! A message is in doubt if it may have arrived without our knowing: an attempt to send it broke
//! off, or an earlier window left it. It can only stand after the newest event that was known when
//! it was written. If the stream brought everything after that event, it brought the message too, or
//! the message is not there. If not (the catch-up was cut short, or the log was replaced), the ranges after that
//! event are searched, to the end of the log; if the log does not know the event, all of it, the
//! newest range first. At most [`MAX_RANGES`] are read. A message that is not found then is neither
//! sent, which could repeat it, nor forgotten: it is refused with a sentence, and the user decides.
//!
//! A message that an attempt left in the server's queue a moment ago is in no range yet; the server
//! recognises its repeat by the key.

use std::collections::VecDeque;
use std::time::Duration;

use super::Shared;
use super::connection::{IdleConnection, LinkConnection, Trouble};
use super::ranges;
use crate::address::Address;
use crate::event::{Body, Id, Key, Recorded};
use crate::wire::endpoint::MESSAGES;
use crate::wire::{Said, Wire};

/// Most messages of ours that are remembered.
const MAX_REMEMBERED: usize = 512;
/// Most ranges that are searched, each of a thousand events or a megabyte of log.
pub(super) const MAX_RANGES: usize = 20;

/// The record of what the stream has brought.
#[derive(Default)]
pub(super) struct Delivered {
    /// After this event nothing was left out, and no message of ours is forgotten.
    since: Option<Id>,
    own: VecDeque<(Key, Said)>,
}

impl Delivered {
    /// Notes that the stream leaves nothing out after this event.
    pub(super) fn begin(&mut self, after: Option<Id>) {
        self.since = self.since.or(after);
    }

    /// Notes that the stream leaves something out here.
    pub(super) fn cut(&mut self) {
        self.since = None;
    }

    /// Records a message of ours.
    pub(super) fn record(&mut self, key: Key, said: Said) {
        self.own.push_back((key, said));
        if self.own.len() > MAX_REMEMBERED
            && let Some((_, oldest)) = self.own.pop_front()
        {
            let later = |since: Id| since.log == oldest.id.log && since < oldest.id;
            self.since = self.since.map(|s| if later(s) { oldest.id } else { s });
        }
    }

    /// Returns the message that came under this key.
    pub(super) fn find(&self, key: &Key) -> Option<Said> {
        let found = self.own.iter().rev().find(|(known, _)| known == key);
        found.map(|(_, said)| *said)
    }

    /// Returns whether everything after this event has come.
    pub(super) fn covers(&self, after: Id) -> bool {
        self.since
            .is_some_and(|since| since.log == after.log && since <= after)
    }
}

/// The result of settling doubts.
pub(super) enum Reconciled {
    /// Every doubt is settled.
    Settled,
    /// The server wants it later: its sentence, and the delay if it named one.
    Later(String, Option<Duration>),
    /// The session is over.
    LoggedOut,
}

/// The result of one search.
enum Search {
    /// Everything was read in which a message can be.
    Complete,
    /// Something was not read, so a message that was not found may be there all the same.
    Incomplete,
    /// The server wants it later, as in [`Reconciled`].
    Later(String, Option<Duration>),
    /// The session is over.
    LoggedOut,
}

/// Settles the doubts about messages, from the oldest one on, by searching the room.
pub(super) async fn settle_doubts(
    shared: &Shared,
    address: &Address,
    token: &str,
) -> Result<Reconciled, Trouble> {
    let mut idle = IdleConnection::default();
    // Each round settles at least the message that it starts with.
    while let Some(after) = oldest_doubt(shared) {
        let doubtful = doubtful(shared, after);
        match search(shared, address, token, &mut idle, after).await? {
            Search::Complete => {
                for key in doubtful {
                    shared.outbox.borrow_mut().clear_doubt(&key);
                }
            }
            Search::Incomplete => {
                for key in doubtful {
                    let why = "The room may or may not have this: the connection broke while it was \
                               sent, and much was said since. Look for it, and send it again if it \
                               is missing.";
                    shared.report_answer(key, Err(why.to_string())).await;
                }
            }
            Search::Later(why, again) => return Ok(Reconciled::Later(why, again)),
            Search::LoggedOut => return Ok(Reconciled::LoggedOut),
        }
    }
    Ok(Reconciled::Settled)
}

/// Reads the ranges after an event, and answers the messages that are in them.
async fn search(
    shared: &Shared,
    address: &Address,
    token: &str,
    idle: &mut IdleConnection,
    after: Id,
) -> Result<Search, Trouble> {
    let mut scan = Scan::On(after);
    for _ in 0..MAX_RANGES {
        let mut connection = match idle.take(address) {
            Some(connection) => connection,
            None => LinkConnection::open(address).await?,
        };
        let answer = ranges::get(&mut connection, token, &scan.path()).await?;
        if answer.reusable {
            idle.put(connection);
        }
        let range = match (answer.head.status, ranges::read(&answer)) {
            (200, Some(range)) => range,
            // The log does not know the event: it was replaced, or restored from a copy.
            (400, _) if matches!(scan, Scan::On(_)) => {
                scan = Scan::Back(None);
                continue;
            }
            (401, _) => return Ok(Search::LoggedOut),
            (408 | 429 | 500..=599, _) => {
                let again = answer.head.retry_after().map(Duration::from_secs);
                return Ok(Search::Later(answer.sentence(), again));
            }
            // An answer of another kind tells nothing.
            _ => return Ok(Search::Incomplete),
        };
        answer_found(shared, &range.events).await;
        match range.next {
            Some(next) => scan = scan.go_on(next),
            None => return Ok(Search::Complete),
        }
    }
    Ok(Search::Incomplete)
}

/// The range to read next.
enum Scan {
    On(Id),
    Back(Option<Id>),
}

impl Scan {
    fn path(&self) -> String {
        match self {
            Scan::On(after) => format!("{MESSAGES}?since={after}&limit={}", ranges::MAX_EVENTS),
            Scan::Back(None) => format!("{MESSAGES}?limit={}", ranges::MAX_EVENTS),
            Scan::Back(Some(id)) => format!("{MESSAGES}?before={id}&limit={}", ranges::MAX_EVENTS),
        }
    }

    fn go_on(&self, next: Id) -> Scan {
        match self {
            Scan::On(_) => Scan::On(next),
            Scan::Back(_) => Scan::Back(Some(next)),
        }
    }
}

/// The oldest event after which a message may stand that the stream cannot have brought, in the log
/// of the first such message.
fn oldest_doubt(shared: &Shared) -> Option<Id> {
    let (outbox, delivered) = (shared.outbox.borrow(), shared.delivered.borrow());
    let doubts = outbox.doubts().map(|(_, after)| after);
    let mut doubts = doubts.filter(|after| !delivered.covers(*after));
    let first = doubts.next()?;
    let same_log = doubts.filter(|after| after.log == first.log);
    Some(same_log.fold(first, Id::min))
}

/// The messages that a search after this event settles.
fn doubtful(shared: &Shared, after: Id) -> Vec<Key> {
    let (outbox, delivered) = (shared.outbox.borrow(), shared.delivered.borrow());
    let in_it = |id: Id| id.log == after.log && id >= after && !delivered.covers(id);
    let doubts = outbox.doubts().filter(|(_, id)| in_it(*id));
    doubts.map(|(key, _)| key.clone()).collect()
}

/// Answers the messages that are in a range.
async fn answer_found(shared: &Shared, events: &[Wire]) {
    for event in events {
        if let Wire::Recorded(Recorded {
            id,
            at,
            body:
                Body::Message {
                    elapsed,
                    key: Some(key),
                    ..
                },
        }) = event
            && shared.outbox.borrow().has(key)
        {
            let (id, at, elapsed) = (*id, *at, *elapsed);
            let answer = Ok(Said { id, at, elapsed });
            shared.report_answer(key.clone(), answer).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{Elapsed, LogId, Stamp};
    use crate::modes::gui::tests::{id, key};

    #[test]
    fn what_is_covered_ends_at_a_cut_and_at_what_is_forgotten() {
        let mut delivered = Delivered::default();
        assert!(!delivered.covers(id(9)));
        delivered.begin(Some(id(5)));
        delivered.begin(Some(id(7)));
        assert!(delivered.covers(id(5)) && !delivered.covers(id(4)));
        let other = Id {
            log: LogId(2),
            ..id(9)
        };
        assert!(!delivered.covers(other), "of another log nothing is known");
        delivered.cut();
        assert!(!delivered.covers(id(9)));
        delivered.begin(Some(id(20)));
        for n in 0..=MAX_REMEMBERED as u64 {
            let said = Said {
                id: id(100 + n),
                at: Stamp::from_micros(0),
                elapsed: Elapsed(0),
            };
            delivered.record(key(&n.to_string()), said);
        }
        assert!(!delivered.covers(id(99)) && delivered.covers(id(100)));
        assert_eq!(delivered.find(&key("0")), None);
        assert_eq!(delivered.find(&key("1")).map(|said| said.id), Some(id(101)));
    }
}
