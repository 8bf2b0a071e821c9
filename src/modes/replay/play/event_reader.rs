//! The events of a log from any position in both directions, in portions too short to notice.

use std::collections::BTreeSet;
use std::io;

use crate::event::{Event, Stamp};
use crate::journal::{LogRange, Reader};
use crate::line::{self, MAX_LINE, RawLine};
use crate::modes::replay::read::defects::{Defect, Defects, judge_or_torn};
use crate::modes::replay::read::filter::Filter;

/// Bytes that are read at once.
const BLOCK: usize = 64 * 1024;
/// Bytes that are searched before keys are read again.
const PORTION: u64 = 4 * 1024 * 1024;
/// Positions of damage that are remembered, at most, so that none is counted twice.
const REMEMBERED: usize = 100_000;

/// An event, or the defect in its place.
#[derive(Clone, Debug)]
pub(super) struct PlayedEvent {
    /// The start of its line.
    pub offset: u64,
    /// The start of the next line.
    pub next: u64,
    pub what: Result<Event, Defect>,
}

impl PlayedEvent {
    /// The time of the event, if known.
    pub(super) fn at(&self) -> Option<Stamp> {
        self.what.as_ref().ok().map(|event| event.at)
    }
}

/// The result of a search.
#[derive(Clone, Debug)]
pub(super) enum SearchResult {
    /// The event.
    Here(Box<PlayedEvent>),
    /// Nothing up to this position, so far.
    NotYet(u64),
    /// Nothing in the log.
    Nothing,
}

/// The events to search for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Query<'a> {
    /// The events that are shown at all.
    pub filter: &'a Filter,
    /// The events among them that a search wants.
    pub hit: Option<&'a Filter>,
    /// The earliest time.
    pub from: Option<Stamp>,
}

impl Query<'_> {
    fn accepts(&self, offset: u64, found: &Result<(Stamp, RawLine<'_>), Defect>) -> bool {
        match found {
            Ok((at, raw)) => {
                self.from.is_none_or(|from| *at >= from)
                    && self.filter.is_in_time(*at)
                    && !self.filter.is_put_in_front(offset, raw)
                    && self.filter.accepts(raw)
                    && self.hit.is_none_or(|hit| hit.accepts(raw))
            }
            Err(_) => {
                self.filter.accepts_all_in_time() && self.hit.is_none() && self.from.is_none()
            }
        }
    }
}

pub(super) struct EventReader {
    reader: Reader,
    /// The newest range that was read.
    range: LogRange,
    defects: Defects,
    counted: BTreeSet<u64>,
}

impl EventReader {
    pub(super) fn new(reader: Reader) -> EventReader {
        EventReader {
            reader,
            range: LogRange::default(),
            defects: Defects::default(),
            counted: BTreeSet::new(),
        }
    }

    pub(super) fn reader(&self) -> &Reader {
        &self.reader
    }

    /// Continues with another file, or with one that was cut.
    pub(super) fn restart(&mut self, reader: Reader) {
        self.reader = reader;
        self.range = LogRange::default();
    }

    /// The defects of the lines that were read.
    pub(super) fn defects(&self) -> Defects {
        self.defects
    }

    /// The first wanted event at or after `from`, where a line starts.
    ///
    /// # Errors
    /// Reading failed.
    pub(super) fn forward(
        &mut self,
        from: u64,
        end: u64,
        wanted: Query<'_>,
    ) -> io::Result<SearchResult> {
        let mut from = from;
        let until = from.saturating_add(PORTION);
        while from < end {
            if from >= until {
                return Ok(SearchResult::NotYet(from));
            }
            if !(self.range.offset..self.range.next).contains(&from) {
                self.range = self.reader.read(from, end, BLOCK)?;
            }
            let cut = cut(&self.reader, &self.range, end)?;
            let skip = (from - self.range.offset) as usize;
            let bytes = self.range.bytes.get(skip..).unwrap_or_default();
            for (offset, text) in line::lines(from, bytes) {
                let line = FoundLine::of(&self.range, offset, text, cut);
                if let Some(item) = line.wanted(wanted, &mut self.defects, &mut self.counted) {
                    return Ok(SearchResult::Here(item));
                }
            }
            from = self.range.next;
        }
        Ok(SearchResult::Nothing)
    }

    /// The last wanted event before `before`, where a line starts, and not before `start`.
    ///
    /// # Errors
    /// Reading failed.
    pub(super) fn backward(
        &mut self,
        start: u64,
        before: u64,
        end: u64,
        wanted: Query<'_>,
    ) -> io::Result<SearchResult> {
        let mut before = before;
        let until = before.saturating_sub(PORTION);
        while before > start {
            if before <= until && until > 0 {
                return Ok(SearchResult::NotYet(before));
            }
            let range = self.reader.read_back(before, BLOCK)?;
            let cut = cut(&self.reader, &range, end)?;
            for (offset, text) in range.lines().rev() {
                if offset < start {
                    return Ok(SearchResult::Nothing);
                }
                let line = FoundLine::of(&range, offset, text, cut);
                if let Some(item) = line.wanted(wanted, &mut self.defects, &mut self.counted) {
                    return Ok(SearchResult::Here(item));
                }
            }
            before = range.offset;
        }
        Ok(SearchResult::Nothing)
    }
}

/// The defect of the only line of a range, if it was cut because it is too long.
fn cut(reader: &Reader, range: &LogRange, end: u64) -> io::Result<Option<Defect>> {
    if range.next - range.offset <= range.bytes.len() as u64 {
        return Ok(None);
    }
    let last = reader.bytes(range.next - 1, range.next, 1)?;
    let torn = range.next == end && last != b"\n";
    Ok(Some(if torn { Defect::Torn } else { Defect::TooLong }))
}

/// A line with its position.
struct FoundLine<'a> {
    offset: u64,
    next: u64,
    text: &'a [u8],
    found: Result<(Stamp, RawLine<'a>), Defect>,
}

impl<'a> FoundLine<'a> {
    fn of(range: &LogRange, offset: u64, text: &'a [u8], cut: Option<Defect>) -> FoundLine<'a> {
        let end = offset + text.len() as u64;
        let ended = end < range.offset + range.bytes.len() as u64;
        let found = match cut {
            Some(defect) => Err(defect),
            None if text.len() > MAX_LINE => Err(Defect::TooLong),
            None => judge_or_torn(text, ended),
        };
        FoundLine {
            offset,
            next: if ended { end + 1 } else { range.next },
            text,
            found,
        }
    }

    fn wanted(
        self,
        wanted: Query<'_>,
        defects: &mut Defects,
        counted: &mut BTreeSet<u64>,
    ) -> Option<Box<PlayedEvent>> {
        if let Err(defect) = self.found
            && counted.len() < REMEMBERED
            && counted.insert(self.offset)
        {
            defects.add(self.offset, defect);
        }
        let takes = wanted.accepts(self.offset, &self.found);
        takes.then(|| {
            let read = self.found.and_then(|_| Ok(line::parse_line(self.text)?));
            Box::new(PlayedEvent {
                offset: self.offset,
                next: self.next,
                what: read,
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{Body, LogId};
    use crate::modes::replay::testing::line_of;
    use std::io::Write;
    use std::sync::Arc;

    fn said(second: i64, text: &str) -> Vec<u8> {
        let at = Stamp::from_micros(second * 1_000_000);
        line_of(at, Body::message("mira", text))
    }

    fn events(bytes: &[u8]) -> (EventReader, u64) {
        let mut file = tempfile::tempfile().expect("a file");
        file.write_all(bytes).expect("written");
        let reader = Reader::new(Arc::new(file), LogId(0));
        (EventReader::new(reader), bytes.len() as u64)
    }

    /// All positions forwards, all backwards.
    fn both(events: &mut EventReader, end: u64, wanted: Query<'_>) -> (Vec<u64>, Vec<u64>) {
        let (mut on, mut back) = (Vec::new(), Vec::new());
        let mut at = 0;
        loop {
            match events.forward(at, end, wanted).expect("read") {
                SearchResult::Here(item) => {
                    on.push(item.offset);
                    at = item.next;
                }
                SearchResult::NotYet(from) => at = from,
                SearchResult::Nothing => break,
            }
        }
        let mut before = end;
        loop {
            match events.backward(0, before, end, wanted).expect("read") {
                SearchResult::Here(item) => {
                    back.push(item.offset);
                    before = item.offset;
                }
                SearchResult::NotYet(to) => before = to,
                SearchResult::Nothing => break,
            }
        }
        back.reverse();
        (on, back)
    }

    /// The positions at which these parts begin.
    fn starts(parts: &[impl AsRef<[u8]>]) -> Vec<u64> {
        let mut next = 0;
        let start = |part: &_| {
            let start = next;
            next += AsRef::<[u8]>::as_ref(part).len() as u64;
            start
        };
        parts.iter().map(start).collect()
    }

    fn all(filter: &Filter) -> Query<'_> {
        Query {
            filter,
            hit: None,
            from: None,
        }
    }

    #[test]
    fn both_ways_give_the_same_events() {
        let lines: Vec<Vec<u8>> = (0..3000)
            .map(|n| said(n, &"x".repeat(n as usize % 300)))
            .collect();
        let starts = starts(&lines);
        let (mut events, end) = events(&lines.concat());
        let filter = Filter::default();
        let hit = Filter {
            grep: Some(regex::bytes::Regex::new("^x{299}$").expect("a pattern")),
            ..Filter::default()
        };
        let mut wanted = all(&filter);
        let both_ways = |found: &[u64]| (found.to_vec(), found.to_vec());
        assert_eq!(both(&mut events, end, wanted), both_ways(&starts));
        wanted.hit = Some(&hit);
        let hits: Vec<u64> = (0..10).map(|n| starts[300 * n + 299]).collect();
        assert_eq!(both(&mut events, end, wanted), both_ways(&hits));
        wanted.from = Some(Stamp::from_micros(2_000_000_000));
        assert_eq!(both(&mut events, end, wanted).0, hits[6..]);
    }

    #[test]
    fn damage_is_found_both_ways_and_counted_once() {
        let long = [&vec![b'y'; 3 * MAX_LINE][..], b"\n"].concat();
        let (one, two) = (said(1, "one"), said(2, "two"));
        let torn = vec![0; 2 * MAX_LINE];
        let parts = [&one[..], b"nonsense\n", &long, &two, &torn];
        let (mut events, end) = events(&parts.concat());
        let starts = starts(&parts);
        let filter = Filter::default();
        let wanted = all(&filter);
        assert_eq!(
            both(&mut events, end, wanted),
            (starts.clone(), starts.clone())
        );
        assert_eq!(events.counted.len(), 3);
        let mut defect_at = |start| match events.forward(start, end, wanted).expect("read") {
            SearchResult::Here(item) => item.what.err(),
            _ => None,
        };
        assert_eq!(defect_at(starts[4]), Some(Defect::Torn));
        assert_eq!(defect_at(starts[2]), Some(Defect::TooLong));
    }
}
