//! The scrollback: the loaded part of the room's log, as segments with gaps between them.
//!
//! What always holds: within a segment nothing is missing; segments are in order and do not touch;
//! the stream writes to the last one. Every offset is therefore known to be loaded or missing, and a
//! range of history from anywhere finds its place.

mod entry;
#[cfg(test)]
mod tests;

use std::collections::VecDeque;
use std::ops::Range;

pub use entry::{EntryKind, HistoryEntry, action_of};

use crate::event::{Id, LogId};

/// Most events that a window keeps; the server has the whole log.
const MAX_ENTRIES: usize = 12_000;
/// Most text that it keeps, in bytes.
const MAX_BYTES: usize = 6 * 1024 * 1024;
/// Number of events on either side of the reader that are kept in any case.
const NEAR: usize = 300;

/// A segment of the log: everything from `covers.start` up to before `covers.end`, as offsets.
#[derive(Clone, Debug)]
struct Segment {
    covers: Range<u64>,
    entries: VecDeque<HistoryEntry>,
}

/// The loaded part of the log.
#[derive(Clone, Debug)]
pub struct Scrollback {
    log: Option<LogId>,
    /// The segments, never empty; the last one is the stream's.
    segments: Vec<Segment>,
    count: usize,
    bytes: usize,
    /// Changes when offsets lose their meaning.
    generation: u64,
    /// The end of the gap that /clear left: it is not filled by itself.
    cleared: Option<u64>,
}

/// A gap: something between two events is not loaded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gap {
    /// The newest event before it, if one is known.
    pub above: Option<Id>,
    /// The oldest event after it, if one is known.
    pub below: Option<Id>,
    /// Its end, as an offset: the next segment begins here.
    pub end: u64,
    /// Made by /clear, it stays until the user asks for it.
    pub cleared: bool,
}

/// The parts of the transcript, in order.
#[derive(Clone, Copy, Debug)]
pub enum Part<'a> {
    /// A gap.
    Gap(Gap),
    /// An event.
    Entry(&'a HistoryEntry),
}

impl Default for Scrollback {
    fn default() -> Scrollback {
        Scrollback {
            log: None,
            segments: vec![Segment::empty_at(0)],
            count: 0,
            bytes: 0,
            generation: 0,
            cleared: None,
        }
    }
}

impl Segment {
    /// A segment that begins at this offset and has nothing yet.
    fn empty_at(offset: u64) -> Segment {
        Segment {
            covers: offset..offset,
            entries: VecDeque::new(),
        }
    }
}

impl Scrollback {
    /// Continues with a stream after this event (from the log's beginning if there is none).
    pub fn stream_from(&mut self, after: Option<Id>) {
        let from = after.map_or(0, |id| id.offset + 1);
        if after.is_some_and(|id| self.log.is_some_and(|log| log != id.log)) {
            self.clear();
        }
        self.log = after.map(|id| id.log).or(self.log);
        let last = self.live();
        if last.entries.is_empty() {
            if last.covers.end < from {
                last.covers = from..from;
            }
        } else if last.covers.end < from {
            self.segments.push(Segment::empty_at(from));
        }
        self.join();
    }

    /// Adds an event of the stream. `false` if it was known already.
    pub fn push(&mut self, entry: HistoryEntry) -> bool {
        let id = entry.id;
        if self.log.is_some_and(|log| log != id.log) {
            self.clear();
        }
        self.log = Some(id.log);
        let bytes = entry.bytes();
        let last = self.live();
        if id.offset < last.covers.end {
            return false;
        }
        last.covers.end = id.offset + 1;
        last.entries.push_back(entry);
        self.bytes += bytes;
        self.count += 1;
        true
    }

    /// Adds a range: everything from `covers.start` up to before `covers.end`. `false` if it is
    /// inconsistent.
    pub fn insert(&mut self, covers: Range<u64>, range: Vec<HistoryEntry>) -> bool {
        let Some(log) = range.first().map(|entry| entry.id.log).or(self.log) else {
            return false;
        };
        let fits = |e: &HistoryEntry| e.id.log == log && covers.contains(&e.id.offset);
        if self.log.is_some_and(|ours| ours != log) || !range.iter().all(fits) {
            return false; // Not of this log, or not what it says it is.
        }
        self.log = Some(log);
        let mut all = Segment {
            covers,
            entries: range.into(),
        };
        let live = self.live().covers.end;
        let (mut others, mut touching) = (Vec::new(), Vec::new());
        for segment in self.segments.drain(..) {
            let apart =
                segment.covers.end < all.covers.start || all.covers.end < segment.covers.start;
            if apart {
                others.push(segment)
            } else {
                touching.push(segment)
            }
        }
        for segment in touching {
            all.covers.start = all.covers.start.min(segment.covers.start);
            all.covers.end = all.covers.end.max(segment.covers.end);
            all.entries.extend(segment.entries);
        }
        let entries = all.entries.make_contiguous();
        entries.sort_by_key(|entry| entry.id.offset);
        let mut entries = Vec::from(std::mem::take(&mut all.entries));
        entries.dedup_by_key(|entry| entry.id.offset);
        all.entries = entries.into();
        others.push(all);
        others.sort_by_key(|segment| segment.covers.start);
        // The stream writes after everything that it has brought.
        if others.last().is_some_and(|last| last.covers.end < live) {
            others.push(Segment::empty_at(live));
        }
        self.segments = others;
        self.join();
        self.recount();
        true
    }

    /// Joins segments that touch.
    fn join(&mut self) {
        let mut joined: Vec<Segment> = Vec::with_capacity(self.segments.len());
        for segment in self.segments.drain(..) {
            match joined.last_mut() {
                Some(before) if before.covers.end >= segment.covers.start => {
                    before.covers.end = before.covers.end.max(segment.covers.end);
                    before.entries.extend(segment.entries);
                }
                _ => joined.push(segment),
            }
        }
        self.segments = joined;
    }

    /// Counts the loaded events and their bytes again.
    fn recount(&mut self) {
        let entries = || self.segments.iter().flat_map(|s| &s.entries);
        (self.count, self.bytes) = (entries().count(), entries().map(HistoryEntry::bytes).sum());
    }

    /// Drops the events furthest from `near` if there are too many. Returns whether there were.
    pub fn trim(&mut self, near: u64) -> bool {
        if self.count <= MAX_ENTRIES && self.bytes <= MAX_BYTES {
            return false;
        }
        let mut above = self.iter().take_while(|e| e.id.offset < near).count();
        // More than needed, so that it is not done for every event.
        while self.count > MAX_ENTRIES * 9 / 10 || self.bytes > MAX_BYTES * 9 / 10 {
            let below = self.count - above;
            // Events near the reader are kept, unless they are far too large.
            if above.max(below) <= NEAR && self.bytes <= 4 * MAX_BYTES || self.count <= 2 {
                break;
            }
            if above > below {
                self.drop_oldest();
                above -= 1;
            } else {
                self.drop_newest();
            }
        }
        let live = self.segments.len() - 1;
        let mut n = 0;
        self.segments.retain(|segment| {
            n += 1;
            n > live || !segment.entries.is_empty()
        });
        true
    }

    /// Returns whether nothing is missing just before what the stream brings next.
    pub fn is_whole_at_end(&self) -> bool {
        let last = self.segments.last();
        last.is_some_and(|last| !last.entries.is_empty() || last.covers.start == 0)
    }

    /// The beginning of the segment that contains this offset, as an offset.
    pub fn whole_from(&self, offset: u64) -> u64 {
        let before = |s: &&Segment| s.covers.start <= offset;
        let found = self.segments.iter().rev().find(before);
        found.map_or(0, |segment| segment.covers.start)
    }

    /// Marks anew which messages are ours and which mention us.
    pub fn mark_own(&mut self, me: &str) {
        for segment in &mut self.segments {
            for entry in &mut segment.entries {
                entry.mark_own(me);
            }
        }
        self.generation += 1;
    }

    fn drop_oldest(&mut self) {
        while self.segments.len() > 1 && self.segments[0].entries.is_empty() {
            self.segments.remove(0);
        }
        let first = &mut self.segments[0];
        if let Some(entry) = first.entries.pop_front() {
            first.covers.start = entry.id.offset + 1;
            self.count -= 1;
            self.bytes -= entry.bytes();
        }
    }

    fn drop_newest(&mut self) {
        let live = self.live().covers.end;
        while self.segments.len() > 1 && self.live().entries.is_empty() {
            self.segments.pop();
        }
        let last = self.live();
        if let Some(entry) = last.entries.pop_back() {
            last.covers.end = entry.id.offset;
            self.count -= 1;
            self.bytes -= entry.bytes();
        }
        self.segments.push(Segment::empty_at(live));
    }

    /// Forgets everything: it is another log.
    pub fn clear(&mut self) {
        *self = Scrollback {
            generation: self.generation + 1,
            ..Scrollback::default()
        };
    }

    /// Hides everything until the user asks for it.
    pub fn hide_all(&mut self) {
        let end = self.live().covers.end;
        self.segments = vec![Segment::empty_at(end)];
        self.cleared = Some(end);
        self.recount();
    }

    /// Allows the gap that /clear left to be filled.
    pub fn reopen_cleared(&mut self) {
        self.cleared = None;
    }

    /// The events and gaps, in order.
    pub fn parts(&self) -> impl Iterator<Item = Part<'_>> {
        self.segments_below_gaps().flat_map(|(gap, segment)| {
            let entries = segment.entries.iter().map(Part::Entry);
            gap.map(Part::Gap).into_iter().chain(entries)
        })
    }

    /// The gaps, oldest first. The cost grows with their number, not with that of the events.
    pub fn gaps(&self) -> impl Iterator<Item = Gap> {
        self.segments_below_gaps().filter_map(|(gap, _)| gap)
    }

    /// The segments, each with the gap above it if there is one.
    fn segments_below_gaps(&self) -> impl Iterator<Item = (Option<Gap>, &Segment)> {
        let mut above = None;
        self.segments.iter().map(move |segment| {
            let below = segment.entries.front().map(|entry| entry.id);
            let gap = (segment.covers.start > 0).then_some(Gap {
                above,
                below,
                end: segment.covers.start,
                cleared: self.cleared == Some(segment.covers.start),
            });
            above = segment.entries.back().map(|entry| entry.id).or(above);
            (gap, segment)
        })
    }

    /// The loaded events, oldest first.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &HistoryEntry> {
        self.segments.iter().flat_map(|segment| &segment.entries)
    }

    /// The event at that offset, if it is loaded.
    pub fn get(&self, offset: u64) -> Option<&HistoryEntry> {
        let holds = |s: &&Segment| s.covers.contains(&offset);
        let entries = &self.segments.iter().find(holds)?.entries;
        let index = entries.binary_search_by_key(&offset, |entry| entry.id.offset);
        entries.get(index.ok()?)
    }

    /// The loaded events from one offset to another, both included.
    pub fn between(&self, from: u64, to: u64) -> impl Iterator<Item = &HistoryEntry> {
        let near = move |s: &&Segment| s.covers.start <= to && from < s.covers.end;
        self.segments.iter().filter(near).flat_map(move |segment| {
            let start = segment.entries.partition_point(|e| e.id.offset < from);
            let end = segment.entries.partition_point(|e| e.id.offset <= to);
            segment.entries.range(start..end.max(start))
        })
    }

    /// The offset up to which the stream has been read.
    pub fn end(&self) -> u64 {
        self.segments.last().map_or(0, |last| last.covers.end)
    }

    /// The log's id.
    pub fn log(&self) -> Option<LogId> {
        self.log
    }

    /// The number of loaded events.
    pub fn len(&self) -> usize {
        self.count
    }

    /// Changes when offsets lose their meaning.
    pub fn generation(&self) -> u64 {
        self.generation
    }

    /// The last segment, to which the stream writes.
    fn live(&mut self) -> &mut Segment {
        // infallible: there is always one segment.
        self.segments.last_mut().expect("the stream's segment")
    }
}
