//! Ranges of history: the start of an event stream, the events of `GET /messages`, and one event, found in
//! the journal. Nothing here waits or knows who asks.

use std::io;

use crate::cli;
use crate::event::{Body, Id, Recorded, Stamp};
use crate::http::Head;
use crate::journal::Reader;
use crate::sse;
use crate::wire::{HistoryRange, Wire};

use super::rejection::Rejection;

/// The number of past events that a listener is given by default.
const LAST: usize = 50;
/// The most events that are counted back from the end; a start further back is named by a time or an id.
const MAX_LAST: usize = 10_000;
/// The most events in one answer.
const MAX_LIMIT: usize = 1_000;
/// The bytes of the journal after which an answer takes no further events, and the most that is counted
/// back from the end.
const MAX_RANGE: usize = 1 << 20;
/// The most bytes of the journal that one request searches.
const MAX_SEARCHED: u64 = 16 << 20;
/// The bytes that are read at once.
const BLOCK: usize = 256 * 1024;
/// The longest text that can be searched for, in bytes.
const MAX_NEEDLE: usize = 256;

/// A point in the journal from which events are read, as a request names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum StartPoint {
    /// After this event.
    After(Id),
    /// From this moment on.
    From(Stamp),
    /// From the very first event.
    All,
    /// After the newest event.
    Latest,
    /// This many of the newest events.
    Newest(usize),
    /// At an id that is malformed.
    Nowhere,
}

/// The past events that a listener asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct StreamQuery {
    start: StartPoint,
    /// The start after a `reset`.
    otherwise: StartPoint,
    /// True if an id that is not this log's is answered with a `reset` (for `Last-Event-ID`: an
    /// EventSource gives up for good on anything but 200).
    resets: bool,
    /// The most events before now.
    max: Option<usize>,
    /// True if the stream ends once everything up to now was sent.
    pub(super) polls: bool,
}

/// The start of an event stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct StreamStart {
    /// The offset of the first line that is sent.
    pub(super) offset: u64,
    /// The objects that are sent before it.
    pub(super) first: Vec<Wire>,
}

impl StreamQuery {
    /// Reads `since`, `last`, `max`, `poll` and the id of the last event, header or parameter.
    ///
    /// # Errors
    /// One of them is malformed, or two exclude each other.
    pub(super) fn read(head: &Head, now: Stamp) -> Result<StreamQuery, Rejection> {
        let last = count(head, "last")?.unwrap_or(LAST);
        let since = match head.parameter("since") {
            Some(text) => Some(start_point(&text, now)?),
            None => None,
        };
        if since.is_some() && head.parameter("last").is_some() {
            return Err(Rejection::SinceWithLast);
        }
        let max = count(head, "max")?;
        let named = since.unwrap_or(StartPoint::Newest(last));
        let otherwise = match named {
            StartPoint::After(_) => StartPoint::Newest(last),
            other => other,
        };
        let resumed = super::parameters::last_event_id(head);
        let start = match &resumed {
            None => named,
            Some(text) => text.parse().map_or(StartPoint::Nowhere, StartPoint::After),
        };
        let polls = match head.parameter("poll").as_deref() {
            None | Some("0") => false,
            Some("1") => true,
            Some(_) => return Err(Rejection::BadPoll),
        };
        Ok(StreamQuery {
            start,
            otherwise,
            resets: resumed.is_some(),
            max,
            polls,
        })
    }

    /// Finds the start in the journal, which is committed up to `end`.
    ///
    /// # Errors
    /// The journal cannot be read, or the id to start from is not this log's.
    pub(super) fn find(
        &self,
        reader: &Reader,
        end: u64,
        now: Stamp,
    ) -> Result<StreamStart, Rejection> {
        let mut first = Vec::new();
        let (mut offset, mut cut) = match find(self.start, reader, end)? {
            Some(found) => found,
            None if self.resets => {
                first.push(Wire::Reset {
                    message: reset(self.start, reader),
                    earlier: earlier_log(self.start, reader).map(Into::into),
                });
                find(self.otherwise, reader, end)?.unwrap_or((end, false))
            }
            None => return Err(unknown_id(self.start, reader)),
        };
        if let Some(max) = self.max {
            let (newest, _) = newest(max, reader, end)?;
            if newest > offset {
                (offset, cut) = (newest, true);
            }
        }
        if cut {
            let after = reader
                .id_before(offset)?
                .map_or("the start".to_string(), |id| id.to_string());
            first.push(Wire::Gap {
                message: format!(
                    "Older events after {after} are left out. GET /messages?before=ID has them."
                ),
            });
        }
        let hello = Wire::Hello {
            id: reader.id_before(offset)?,
            now,
            heartbeat: crate::wire::HEARTBEAT,
        };
        first.insert(0, hello);
        Ok(StreamStart { offset, first })
    }
}

/// Finds the offset of a start point. The flag is whether the start would be further back if that were
/// not too far.
fn find(start: StartPoint, reader: &Reader, end: u64) -> io::Result<Option<(u64, bool)>> {
    let there = |offset| (offset, false);
    match start {
        StartPoint::After(id) => Ok(reader.after(id, end)?.map(there)),
        StartPoint::From(at) => Ok(Some(there(reader.at_time(at, end)?))),
        StartPoint::All => Ok(Some(there(0))),
        StartPoint::Latest => Ok(Some(there(end))),
        StartPoint::Nowhere => Ok(None),
        StartPoint::Newest(count) => newest(count, reader, end).map(Some),
    }
}

/// Finds the offset of the newest `count` events, or of those of them that one request may have.
fn newest(count: usize, reader: &Reader, end: u64) -> io::Result<(u64, bool)> {
    match count {
        0 => Ok((end, false)),
        count => reader.newest_within(count, MAX_RANGE as u64, end),
    }
}

/// The message to a listener whose last event is not in this log.
fn reset(start: StartPoint, reader: &Reader) -> String {
    match earlier_log(start, reader) {
        Some(name) => format!(
            "The last event you saw is in an earlier log of this room, {name}, which the \
             operator has. Start over with what follows."
        ),
        None => {
            "The last event you saw is not in this room's log, which was replaced or restored. \
                 Start over with what follows."
                .into()
        }
    }
}

/// The file of the earlier log that the start point is in.
fn earlier_log(start: StartPoint, reader: &Reader) -> Option<&str> {
    match start {
        StartPoint::After(id) => reader.before(id.log),
        _ => None,
    }
}

fn unknown_id(start: StartPoint, reader: &Reader) -> Rejection {
    if let Some(file) = earlier_log(start, reader) {
        return Rejection::IdEarlier(file.into());
    }
    match start {
        StartPoint::After(id) if id.log != reader.log() => Rejection::IdForeign,
        _ => Rejection::IdUnknown,
    }
}

/// Reads a parameter that is a number of events.
fn count(head: &Head, name: &'static str) -> Result<Option<usize>, Rejection> {
    match head.parameter(name) {
        None => Ok(None),
        Some(text) => match text.parse() {
            Ok(count) if count <= MAX_LAST => Ok(Some(count)),
            _ => Err(Rejection::BadCount(name, MAX_LAST)),
        },
    }
}

/// Reads an id, a time, a length of time before now, `all` or `latest`.
fn start_point(text: &str, now: Stamp) -> Result<StartPoint, Rejection> {
    if let Ok(id) = text.parse() {
        return Ok(StartPoint::After(id));
    }
    match text {
        "all" => return Ok(StartPoint::All),
        "latest" => return Ok(StartPoint::Latest),
        _ => {}
    }
    // A plus sign that was not encoded arrives as a space.
    if let Ok(at) = chrono::DateTime::parse_from_rfc3339(&text.replace(' ', "+")) {
        return Ok(StartPoint::From(Stamp::from_micros(at.timestamp_micros())));
    }
    match cli::duration(text) {
        Ok(ago) if text.ends_with(|c: char| c.is_ascii_alphabetic()) => {
            Ok(StartPoint::From(now.minus(ago)))
        }
        _ => Err(Rejection::BadSince),
    }
}

/// The range of history that `GET /messages` asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct RangeQuery {
    before: Option<Id>,
    since: Option<StartPoint>,
    find: Option<String>,
    limit: usize,
}

impl RangeQuery {
    /// Reads `before`, `since`, `find` and `limit`.
    ///
    /// # Errors
    /// One of them is malformed, or two exclude each other.
    pub(super) fn read(head: &Head, now: Stamp) -> Result<RangeQuery, Rejection> {
        let limit = count(head, "limit").ok();
        let limit = limit.map(|limit| limit.unwrap_or(LAST));
        let limit = limit.filter(|limit| (1..=MAX_LIMIT).contains(limit));
        let limit = limit.ok_or(Rejection::BadLimit(MAX_LIMIT))?;
        let before = match head.parameter("before") {
            None => None,
            Some(text) => match text.parse::<Id>() {
                Ok(id) => Some(id),
                Err(error) => return Err(Rejection::BadBefore(error.to_string())),
            },
        };
        let since = match head.parameter("since") {
            None => None,
            Some(text) => Some(start_point(&text, now)?),
        };
        let find = head.parameter("find");
        if find
            .as_ref()
            .is_some_and(|text| text.is_empty() || text.len() > MAX_NEEDLE)
        {
            return Err(Rejection::BadFind(MAX_NEEDLE));
        }
        if since.is_some() && (before.is_some() || find.is_some()) {
            return Err(Rejection::SinceWithBefore);
        }
        Ok(RangeQuery {
            before,
            since,
            find,
            limit,
        })
    }

    /// Tells whether this reads much more of the journal than it gives.
    pub(super) fn searches(&self) -> bool {
        self.find.is_some()
    }

    /// Reads the range, from a journal committed up to `end`.
    ///
    /// # Errors
    /// The journal cannot be read, or the id to start from is not this log's.
    pub(super) fn range(&self, reader: &Reader, end: u64) -> Result<HistoryRange, Rejection> {
        if let Some(start) = self.since {
            return match find(start, reader, end)? {
                Some((offset, _)) => Ok(self.forward(reader, offset, end)?),
                None => Err(unknown_id(start, reader)),
            };
        }
        let before = match self.before {
            None => end,
            Some(id) if reader.after(id, end)?.is_some() => id.offset,
            Some(id) => return Err(unknown_id(StartPoint::After(id), reader)),
        };
        Ok(self.back(reader, before)?)
    }

    /// Reads on from `offset`, oldest first.
    fn forward(&self, reader: &Reader, mut offset: u64, end: u64) -> io::Result<HistoryRange> {
        let (mut events, mut bytes) = (Vec::new(), 0);
        while offset < end {
            let range = reader.read(offset, end, BLOCK)?;
            for (at, text) in range.lines() {
                if events.len() == self.limit || bytes >= MAX_RANGE {
                    return Ok(HistoryRange {
                        next: events.last().and_then(Wire::id),
                        events,
                    });
                }
                events.push(sse::wire_of(reader.log(), at, text));
                bytes += text.len();
            }
            offset = range.next;
        }
        Ok(HistoryRange { events, next: None })
    }

    /// Reads back from `before`, newest first, and reverses the events at the end. A search stops after
    /// [`MAX_SEARCHED`] bytes with the id to continue from.
    fn back(&self, reader: &Reader, before: u64) -> io::Result<HistoryRange> {
        let needle = self.find.as_ref().map(|text| text.to_lowercase());
        let (mut events, mut bytes, mut to, mut last) = (Vec::new(), 0, before, None);
        while to > 0 {
            let range = reader.read_back(to, if needle.is_some() { BLOCK } else { BLOCK / 4 })?;
            for (at, text) in range.lines().rev() {
                let full = events.len() == self.limit || bytes >= MAX_RANGE;
                if full || needle.is_some() && before - at > MAX_SEARCHED {
                    events.reverse();
                    return Ok(HistoryRange { events, next: last });
                }
                last = Some(reader.id(at, text));
                let wire = sse::wire_of(reader.log(), at, text);
                let found = match (&needle, &wire) {
                    (None, _) => true,
                    (
                        Some(needle),
                        Wire::Recorded(Recorded {
                            body: Body::Message { text, .. },
                            ..
                        }),
                    ) => text.to_lowercase().contains(needle),
                    (Some(_), _) => false,
                };
                if found {
                    events.push(wire);
                    bytes += text.len();
                }
            }
            to = range.offset;
        }
        events.reverse();
        Ok(HistoryRange { events, next: None })
    }
}

/// Reads the event of an id.
///
/// # Errors
/// The journal cannot be read, or no event of this log has the id.
pub(super) fn event(reader: &Reader, id: &str, end: u64) -> Result<Wire, Rejection> {
    let id: Id = id.parse().map_err(|_| Rejection::EventUnknown)?;
    if let Some(file) = reader.before(id.log) {
        return Err(Rejection::IdEarlier(file.into()));
    }
    if id.log != reader.log() {
        return Err(Rejection::EventForeign);
    }
    if reader.after(id, end)?.is_none() {
        return Err(Rejection::EventUnknown);
    }
    let line = reader.line_at(id.offset, end)?;
    line.map(|line| sse::wire_of(reader.log(), id.offset, &line.bytes))
        .ok_or(Rejection::EventUnknown)
}

#[cfg(test)]
mod tests;
