//! The search for messages of ours that may be in the room already.
//!
//! A message is in doubt if it may have arrived without our knowing: an attempt to send it broke
//! off, or an earlier window left it. It can only stand after the newest event that was known when
//! it was written. If the stream brought everything after that event, it would have brought the
//! message. If not (the catch-up was cut short, or the log was replaced), the ranges after that
//! event are searched, to the end of the log; if the log does not know the event, all of it, the
//! newest range first. At most [`MAX_RANGES`] are read. A message that is not found then is neither
//! sent, which could repeat it, nor forgotten: it is refused with a sentence, and the user decides.
//!
//! A message that an attempt left in the server's queue a moment ago is in no range yet; the server
//! recognises its repeat by the key.

use std::collections::VecDeque;
use std::time::Duration;

use super::Shared;
use super::connection::{LinkConnection, Trouble};
use super::ranges;
use crate::address::Address;
use crate::event::{Body, Id, Key, Recorded};
use crate::wire::endpoint::MESSAGES;
use crate::wire::{Said, Wire};

/// Number of our messages that are remembered.
const KEPT: usize = 512;
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
    /// The stream is at this place; nothing is left out from here on.
    pub(super) fn begin(&mut self, place: Option<Id>) {
        self.since = self.since.or(place);
    }

    /// The stream leaves something out here.
    pub(super) fn cut(&mut self) {
        self.since = None;
    }

    /// Records a message of ours.
    pub(super) fn saw(&mut self, key: Key, said: Said) {
        self.own.push_back((key, said));
        if self.own.len() > KEPT
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

/// The result of a search.
pub(super) enum Reconciled {
    /// Every doubt is settled.
    Through,
    /// The server wants it later: its sentence, and the delay if it named one.
    Later(String, Option<Duration>),
    /// The session is over.
    LoggedOut,
}

/// Searches for the messages in doubt, from the oldest doubt on.
pub(super) async fn look(
    shared: &Shared,
    address: &Address,
    token: &str,
) -> Result<Reconciled, Trouble> {
    let mut connection: Option<LinkConnection> = None;
    // Each round settles at least the message that it starts with.
    while let Some(after) = oldest_doubt(shared) {
        let doubtful = doubtful(shared, after);
        let mut way = Scan::On(after);
        let mut ranges = 0;
        let clear = loop {
            if ranges == MAX_RANGES {
                break false;
            }
            ranges += 1;
            let mut open = match connection.take() {
                Some(open) => open,
                None => LinkConnection::open(address).await?,
            };
            let answer = ranges::get(&mut open, token, &way.path()).await?;
            let again = answer.head.retry_after().map(Duration::from_secs);
            connection = answer.reusable.then_some(open);
            let range = match (answer.head.status, ranges::read(&answer)) {
                (200, Some(range)) => range,
                // The log does not know the event: it was replaced, or restored from a copy.
                (400, _) if matches!(way, Scan::On(_)) => {
                    way = Scan::Back(None);
                    continue;
                }
                (401, _) => return Ok(Reconciled::LoggedOut),
                (408 | 429 | 500..=599, _) => {
                    return Ok(Reconciled::Later(answer.sentence(), again));
                }
                // An answer of another kind tells nothing.
                _ => break false,
            };
            found(shared, &range.events).await;
            match range.next {
                Some(next) => way = way.go_on(next),
                None => break true,
            }
        };
        for key in doubtful {
            if clear {
                shared.outbox.borrow_mut().is_clear(&key);
            } else {
                let why = "The room may or may not have this: the connection broke while it was \
                           sent, and much was said since. Look for it, and send it again if it is \
                           missing.";
                let answer = Err(why.to_string());
                shared.answered(key, answer).await;
            }
        }
    }
    Ok(Reconciled::Through)
}

/// The range to read next.
enum Scan {
    On(Id),
    Back(Option<Id>),
}

impl Scan {
    fn path(&self) -> String {
        match self {
            Scan::On(after) => format!("{MESSAGES}?since={after}&limit={}", ranges::MOST),
            Scan::Back(None) => format!("{MESSAGES}?limit={}", ranges::MOST),
            Scan::Back(Some(id)) => format!("{MESSAGES}?before={id}&limit={}", ranges::MOST),
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
    let (outbox, seen) = (shared.outbox.borrow(), shared.seen.borrow());
    let doubts = outbox.doubts().map(|(_, after)| after);
    let mut doubts = doubts.filter(|after| !seen.covers(*after));
    let first = doubts.next()?;
    let same_log = doubts.filter(|after| after.log == first.log);
    Some(same_log.fold(first, Id::min))
}

/// The messages that a search after this event settles.
fn doubtful(shared: &Shared, after: Id) -> Vec<Key> {
    let (outbox, seen) = (shared.outbox.borrow(), shared.seen.borrow());
    let behind = |id: Id| id.log == after.log && id >= after && !seen.covers(id);
    let doubts = outbox.doubts().filter(|(_, id)| behind(*id));
    doubts.map(|(key, _)| key.clone()).collect()
}

/// Answers the messages that are in a range.
async fn found(shared: &Shared, events: &[Wire]) {
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
            shared.answered(key.clone(), answer).await;
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
        let mut seen = Delivered::default();
        assert!(!seen.covers(id(9)));
        seen.begin(Some(id(5)));
        seen.begin(Some(id(7)));
        assert!(seen.covers(id(5)) && !seen.covers(id(4)));
        let other = Id {
            log: LogId(2),
            ..id(9)
        };
        assert!(!seen.covers(other), "of another log nothing is known");
        seen.cut();
        assert!(!seen.covers(id(9)));
        seen.begin(Some(id(20)));
        for n in 0..=KEPT as u64 {
            let said = Said {
                id: id(100 + n),
                at: Stamp::from_micros(0),
                elapsed: Elapsed(0),
            };
            seen.saw(key(&n.to_string()), said);
        }
        assert!(!seen.covers(id(99)) && seen.covers(id(100)));
        assert_eq!(seen.find(&key("0")), None);
        assert_eq!(seen.find(&key("1")).map(|said| said.id), Some(id(101)));
    }
}
