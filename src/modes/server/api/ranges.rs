//! Where a listener starts, and pages of what was said before.

use std::io;

use crate::cli;
use crate::event::{Body, Id, Recorded, Stamp};
use crate::http::{Head, Response};
use crate::journal::Reader;
use crate::sse;
use crate::wire::{HistoryRange, Refusal, Wire};

/// Events that a listener is given first if it does not say.
const LAST: usize = 50;
/// The most events that are counted back from the end; more are named by a time or an id.
const MAX_LAST: usize = 10_000;
/// The most events on one page.
const MAX_LIMIT: usize = 1_000;
/// A page takes no further events once it has so many bytes of the journal, and what is counted back
/// from the end goes no further.
const MAX_PAGE: usize = 1 << 20;
/// The most bytes of the journal that one request searches.
const MAX_SEARCHED: u64 = 16 << 20;
/// How much is read at once.
const BLOCK: usize = 256 * 1024;
/// The longest text that can be searched for, in bytes.
const MAX_NEEDLE: usize = 256;

/// A place in the journal, as a request names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StartPoint {
    /// After this event.
    After(Id),
    /// From this moment on.
    From(Stamp),
    /// From the very first event.
    All,
    /// Only what comes.
    Latest,
    /// The newest so many.
    Newest(usize),
    /// What was given is no place at all.
    Nowhere,
}

/// What a listener asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StreamQuery {
    /// Where to start.
    pub place: StartPoint,
    /// Where to start after a `reset`.
    pub otherwise: StartPoint,
    /// Whether an id that is not this log's is answered with a `reset` (for `Last-Event-ID`: an
    /// EventSource gives up for good on anything but 200).
    pub resets: bool,
    /// The most events before now.
    pub max: Option<usize>,
}

/// Where a listener starts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StreamStart {
    /// The first line it is sent.
    pub offset: u64,
    /// What it is told before that.
    pub first: Vec<Wire>,
}

fn bad(error: &str, message: impl Into<String>) -> Response {
    Response::refusal(400, error, message)
}

impl StreamQuery {
    /// Reads `since`, `last`, `max` and `Last-Event-ID`, header or parameter.
    ///
    /// # Errors
    /// The answer: 400 with what is not understood.
    pub fn read(head: &Head, now: Stamp) -> Result<StreamQuery, Response> {
        let last = number(head, "last")?.unwrap_or(LAST);
        let since = match head.parameter("since") {
            Some(text) => Some(place(&text, now)?),
            None => None,
        };
        if since.is_some() && head.parameter("last").is_some() {
            return Err(bad(
                "bad_parameter",
                "since and last do not go together: since says where to start, last how many events before now. \
                 Leave one out; max bounds what since brings.",
            ));
        }
        let max = number(head, "max")?;
        let asked = since.unwrap_or(StartPoint::Newest(last));
        let otherwise = if matches!(asked, StartPoint::After(_)) {
            StartPoint::Newest(last)
        } else {
            asked
        };
        Ok(match super::parameters::last_event_id(head) {
            None => StreamQuery {
                place: asked,
                otherwise,
                resets: false,
                max,
            },
            Some(text) => {
                let place = text.parse().map_or(StartPoint::Nowhere, StartPoint::After);
                StreamQuery {
                    place,
                    otherwise,
                    resets: true,
                    max,
                }
            }
        })
    }

    /// Finds the place in the journal, which is committed up to `end`.
    ///
    /// # Errors
    /// The journal cannot be read; or the answer, for an id that is not this log's.
    pub fn find(
        &self,
        reader: &Reader,
        end: u64,
        now: Stamp,
    ) -> io::Result<Result<StreamStart, Response>> {
        let mut first = Vec::new();
        let (mut offset, mut cut) = match find(self.place, reader, end)? {
            Some(found) => found,
            None if self.resets => {
                first.push(Wire::Reset {
                    message: reset(self.place, reader),
                    earlier: earlier_name(self.place, reader).map(Into::into),
                });
                find(self.otherwise, reader, end)?.unwrap_or((end, false))
            }
            None => return Ok(Err(unknown_id(self.place, reader))),
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
                    "Older events after {after} are left out. GET /messages?before=ID has them, page by page."
                ),
            });
        }
        let hello = Wire::Hello {
            id: reader.id_before(offset)?,
            now,
            heartbeat: crate::wire::HEARTBEAT,
        };
        first.insert(0, hello);
        Ok(Ok(StreamStart { offset, first }))
    }
}

/// Where a place is, and whether it would have been further back if that were not too far.
fn find(place: StartPoint, reader: &Reader, end: u64) -> io::Result<Option<(u64, bool)>> {
    let there = |offset| (offset, false);
    match place {
        StartPoint::After(id) => Ok(reader.after(id, end)?.map(there)),
        StartPoint::From(at) => Ok(Some(there(reader.at_time(at, end)?))),
        StartPoint::All => Ok(Some(there(0))),
        StartPoint::Latest => Ok(Some(there(end))),
        StartPoint::Nowhere => Ok(None),
        StartPoint::Newest(count) => newest(count, reader, end).map(Some),
    }
}

/// Where the newest `count` events start, or those of them that one request may have.
fn newest(count: usize, reader: &Reader, end: u64) -> io::Result<(u64, bool)> {
    match count {
        0 => Ok((end, false)),
        count => reader.newest_within(count, MAX_PAGE as u64, end),
    }
}

/// What who had a place is told that is not in this log.
fn reset(place: StartPoint, reader: &Reader) -> String {
    match earlier_name(place, reader) {
        Some(name) => format!(
            "The place you had is in an earlier log of this room, {name}, which whoever runs it has. Start afresh with what follows."
        ),
        None => "The place you had is not in this room's log: it was replaced or restored. Start afresh with what follows.".into(),
    }
}

/// The file of the log before this one that the place is in.
fn earlier_name(place: StartPoint, reader: &Reader) -> Option<&str> {
    match place {
        StartPoint::After(id) => reader.before(id.log),
        _ => None,
    }
}

/// The answer to an id of a log before this one.
fn earlier(id: Id, reader: &Reader) -> Option<Response> {
    let name = reader.before(id.log)?;
    let refusal = Refusal {
        error: "id_earlier".into(),
        message: format!(
            "This id is from an earlier log of this room, {name}, which whoever runs it has. Ask again with since=all, last=50 or a time."
        ),
        earlier: Some(name.into()),
        ..Refusal::default()
    };
    Some(Response::json(410, &refusal))
}

fn unknown_id(place: StartPoint, reader: &Reader) -> Response {
    if let StartPoint::After(id) = place
        && let Some(told) = earlier(id, reader)
    {
        return told;
    }
    match place {
        StartPoint::After(id) if id.log != reader.log() => bad(
            "id_foreign",
            "This id is from another log. Ask again with since=all, last=50 or a time.",
        ),
        _ => bad(
            "id_unknown",
            "No event of this room has this id. Ask again with since=all, last=50 or a time.",
        ),
    }
}

fn number(head: &Head, name: &str) -> Result<Option<usize>, Response> {
    match head.parameter(name) {
        None => Ok(None),
        Some(text) => match text.parse() {
            Ok(number) if number <= MAX_LAST => Ok(Some(number)),
            _ => Err(bad(
                "bad_parameter",
                format!(
                    "{name} must be a whole number up to {MAX_LAST}. since=all gives everything."
                ),
            )),
        },
    }
}

/// An id, a time, a length of time before now, `all` or `latest`.
fn place(text: &str, now: Stamp) -> Result<StartPoint, Response> {
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
        _ => Err(bad(
            "bad_since",
            "since must be an id, a time such as 2026-11-23T22:34:57Z, a length of time such as 15m, all or latest.",
        )),
    }
}

/// What `GET /messages` asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RangeQuery {
    before: Option<Id>,
    since: Option<StartPoint>,
    find: Option<String>,
    limit: usize,
}

impl RangeQuery {
    /// Reads `before`, `since`, `find` and `limit`.
    ///
    /// # Errors
    /// The answer: 400 with what is not understood.
    pub fn read(head: &Head, now: Stamp) -> Result<RangeQuery, Response> {
        let limit = number(head, "limit")?.unwrap_or(LAST);
        if !(1..=MAX_LIMIT).contains(&limit) {
            return Err(bad(
                "bad_parameter",
                format!("limit must be from 1 to {MAX_LIMIT}."),
            ));
        }
        let before = match head.parameter("before") {
            None => None,
            Some(text) => Some(
                text.parse()
                    .map_err(|e| bad("bad_id", format!("before is no id: {e}.")))?,
            ),
        };
        let since = match head.parameter("since") {
            None => None,
            Some(text) => Some(place(&text, now)?),
        };
        let find = head.parameter("find");
        if find
            .as_ref()
            .is_some_and(|text| text.is_empty() || text.len() > MAX_NEEDLE)
        {
            return Err(bad(
                "bad_parameter",
                format!("find needs 1 to {MAX_NEEDLE} bytes of text."),
            ));
        }
        if since.is_some() && (before.is_some() || find.is_some()) {
            return Err(bad(
                "bad_parameter",
                "since goes forward and before goes back: give only one of them.",
            ));
        }
        Ok(RangeQuery {
            before,
            since,
            find,
            limit,
        })
    }

    /// Whether this reads much more of the journal than it gives.
    pub fn searches(&self) -> bool {
        self.find.is_some()
    }

    /// The page, from a journal committed up to `end`.
    ///
    /// # Errors
    /// The journal cannot be read; or the answer, for an id that is not this log's.
    pub fn page(&self, reader: &Reader, end: u64) -> io::Result<Result<HistoryRange, Response>> {
        if let Some(place) = self.since {
            return match find(place, reader, end)? {
                Some((offset, _)) => self.forward(reader, offset, end).map(Ok),
                None => Ok(Err(unknown_id(place, reader))),
            };
        }
        let before = match self.before {
            None => end,
            Some(id) if reader.after(id, end)?.is_some() => id.offset,
            Some(id) => return Ok(Err(unknown_id(StartPoint::After(id), reader))),
        };
        self.back(reader, before).map(Ok)
    }

    fn forward(&self, reader: &Reader, mut offset: u64, end: u64) -> io::Result<HistoryRange> {
        let (mut events, mut bytes) = (Vec::new(), 0);
        while offset < end {
            let range = reader.read(offset, end, BLOCK)?;
            for (at, text) in range.lines() {
                if events.len() == self.limit || bytes >= MAX_PAGE {
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

    /// Newest first, turned round at the end; a search stops after a bounded stretch and says
    /// where to go on.
    fn back(&self, reader: &Reader, before: u64) -> io::Result<HistoryRange> {
        let needle = self.find.as_ref().map(|text| text.to_lowercase());
        let (mut events, mut bytes, mut to, mut last) = (Vec::new(), 0, before, None);
        while to > 0 {
            let range = reader.read_back(to, if needle.is_some() { BLOCK } else { BLOCK / 4 })?;
            for (at, text) in range.lines().rev() {
                let full = events.len() == self.limit || bytes >= MAX_PAGE;
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

/// The one event that `id` names.
///
/// # Errors
/// The journal cannot be read; or the answer, for an id that names nothing.
pub fn event(reader: &Reader, id: &str, end: u64) -> io::Result<Result<Wire, Response>> {
    let nothing = || {
        Response::refusal(
            404,
            "id_unknown",
            "No event of this room has this id. GET /messages lists those there are.",
        )
    };
    let Ok(id) = id.parse::<Id>() else {
        return Ok(Err(nothing()));
    };
    if let Some(told) = earlier(id, reader) {
        return Ok(Err(told));
    }
    if id.log != reader.log() {
        return Ok(Err(Response::refusal(
            410,
            "id_foreign",
            "This id is from another log, which this room no longer has.",
        )));
    }
    if reader.after(id, end)?.is_none() {
        return Ok(Err(nothing()));
    }
    let line = reader.line_at(id.offset, end)?;
    Ok(line
        .map(|line| sse::wire_of(reader.log(), id.offset, &line.bytes))
        .ok_or_else(nothing))
}

#[cfg(test)]
mod tests;
