//! The play as a state machine: it is told the time, the pressed keys and the length of the log, and says
//! what to show and when to ask again. It has no clock and no terminal.
//!
//! Invariant: no step takes long enough to notice before keys are read again; an event is never shown before
//! it is due, unless a key asked for it.

mod bindings;

use std::io;
use std::time::{Duration, Instant};

use super::density::Extent;
use super::event_reader::{EventReader, PlayedEvent, Query, SearchResult};
use super::jump::{Direction, Jump};
use super::tempo::Tempo;
use crate::cli::Speed;
use crate::event::Stamp;
use crate::modes::replay::painter::Painter;
use crate::modes::replay::read::filter::Filter;
use crate::modes::replay::read::time_range;
use crate::modes::replay::wording;

/// The length from which a shortened silence gets a line of its own. Shorter ones show in the status line's
/// clock, or every second line of a lively talk would be about silence.
const WORTH_SAYING: Duration = Duration::from_secs(60);
/// Bytes that are gathered before they are written.
const BATCH: usize = 64 * 1024;

/// The time to ask the player again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wakeup {
    /// At once, after reading keys.
    Now,
    /// At this moment, or when something happens.
    At(Instant),
    /// When something happens.
    Wait,
    /// Never: the play is over.
    End,
}

/// The growth to expect of a log that is played.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Growth {
    /// Nothing more comes.
    Ended,
    /// A pipe or a conversion is still being read, so more comes, or the end becomes known.
    Coming,
    /// A room may append.
    Live,
}

/// The options with which a play starts.
pub(super) struct PlayOptions {
    /// The position of the first line.
    pub start: u64,
    /// The end of the log so far.
    pub end: u64,
    /// The events to show.
    pub filter: Filter,
    pub speed: Speed,
    /// The longest silence that is waited out.
    pub longest: Duration,
    pub painter: Painter,
    /// Times are shown.
    pub times: bool,
}

/// The prompt in the last line.
#[derive(Clone, Debug, Default)]
pub(super) struct Prompt {
    /// The typed text.
    pub text: String,
    /// The play continues after the prompt.
    pub resumes: bool,
}

/// A search for a pattern.
pub(super) struct PatternSearch {
    /// The pattern as it was typed.
    pub pattern: String,
    /// The messages that match it.
    pub hits: Filter,
}

/// A play of a log.
pub(super) struct Player {
    events: EventReader,
    start: u64,
    end: u64,
    growth: Growth,
    filter: Filter,
    tempo: Tempo,
    /// The position of the next line to read.
    cursor: u64,
    /// The next event, until it is due.
    next: Option<Box<PlayedEvent>>,
    /// The position of the newest shown event.
    newest: Option<u64>,
    /// The time in the log.
    time: Option<Stamp>,
    /// Everything was shown: what comes now is shown when it comes.
    caught_up: bool,
    /// A key asked for the newest shown event, or for the next one.
    jumped: bool,
    jump: Option<Jump>,
    /// The search for the next event takes more than one portion.
    searching: bool,
    search: Option<PatternSearch>,
    prompt: Option<Prompt>,
    note: Option<String>,
    ended: bool,
    painter: Painter,
    times: bool,
    day: Option<chrono::NaiveDate>,
    columns: usize,
    /// The terminal's rows; 0 if it does not say.
    rows: usize,
    /// The text to write.
    out: Vec<u8>,
    extent: Option<Extent>,
}

impl Player {
    /// A play of these events that starts now.
    pub(super) fn new(events: EventReader, options: PlayOptions, now: Instant) -> Player {
        Player {
            events,
            start: options.start,
            end: options.end,
            growth: Growth::Ended,
            filter: options.filter,
            tempo: Tempo::new(options.speed, options.longest, now),
            cursor: options.start,
            next: None,
            newest: None,
            time: None,
            caught_up: false,
            jumped: false,
            jump: None,
            searching: false,
            search: None,
            prompt: None,
            note: None,
            ended: false,
            painter: options.painter,
            times: options.times,
            day: None,
            columns: 80,
            rows: 0,
            out: Vec::new(),
            extent: None,
        }
    }

    /// Sets the size of the terminal; 0 rows are unknown.
    pub(super) fn resize(&mut self, rows: usize, columns: usize) {
        (self.rows, self.columns) = (rows, columns);
    }

    /// The columns of the terminal.
    pub(super) fn columns(&self) -> usize {
        self.columns
    }

    /// Returns whether there is text to write.
    pub(super) fn has_output(&self) -> bool {
        !self.out.is_empty()
    }

    /// Hands over the text to write.
    pub(super) fn take_output(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.out)
    }

    /// Sets the end of the log so far, in bytes, and the growth to expect.
    pub(super) fn grown(&mut self, end: u64, growth: Growth) {
        if end != self.end {
            self.extent = None;
        }
        (self.end, self.growth) = (end, growth);
    }

    /// Continues from `cursor`, after the log was replaced or cut.
    pub(super) fn restart(&mut self, reader: crate::journal::Reader, cursor: u64, end: u64) {
        self.events.restart(reader);
        (self.end, self.extent, self.jump, self.next) = (end, None, None, None);
        self.start = self.start.min(cursor);
        self.cursor = cursor;
        self.newest = None;
        if cursor == 0 {
            (self.start, self.time) = (0, None);
        }
    }

    /// Notes that the process was stopped meanwhile: the play continues from where it was.
    pub(super) fn slept(&mut self, from: Instant, to: Instant) {
        if self.tempo.goes() {
            self.tempo.stop(from);
            self.tempo.go(to);
        }
    }

    /// Adds a line that is not from the log.
    pub(super) fn remark(&mut self, words: &str) {
        self.painter.remark(words, &mut self.out);
    }

    /// Advances the play to the given time.
    ///
    /// # Errors
    /// The log cannot be read.
    pub(super) fn tick(&mut self, now: Instant) -> io::Result<Wakeup> {
        loop {
            if self.ended {
                return Ok(Wakeup::End);
            }
            if self.out.len() >= BATCH {
                return Ok(Wakeup::Now);
            }
            if let Some(jump) = self.jump.take() {
                match self.pursue(jump, now)? {
                    Some(next) => return Ok(next),
                    None => continue,
                }
            }
            if self.prompt.is_some() || !self.tempo.goes() {
                return Ok(Wakeup::Wait);
            }
            let Some(item) = self.next.take() else {
                match self.look_on(now)? {
                    Some(next) => return Ok(next),
                    None => continue,
                }
            };
            let silence = self.silence_before(&item);
            let due = self.tempo.due(silence);
            if let Some(due) = due
                && due > now
                && !self.caught_up
            {
                self.next = Some(item);
                return Ok(Wakeup::At(due));
            }
            if self.caught_up {
                self.tempo.restart(now);
                self.tempo.shown(Duration::ZERO, None, now);
            } else {
                self.tempo.shown(silence, due, now);
                if self.tempo.shortens(silence) && silence >= WORTH_SAYING {
                    self.painter.silence(silence, &mut self.out);
                }
            }
            (self.caught_up, self.jumped) = (false, false);
            self.show(&item);
        }
    }

    /// Looks for the next event.
    fn look_on(&mut self, now: Instant) -> io::Result<Option<Wakeup>> {
        let wanted = Query {
            filter: &self.filter,
            hit: None,
            from: None,
        };
        let found = self.events.forward(self.cursor, self.end, wanted)?;
        self.searching = matches!(found, SearchResult::NotYet(_));
        Ok(match found {
            SearchResult::Here(item) => {
                self.cursor = item.next;
                self.next = Some(item);
                None
            }
            SearchResult::NotYet(from) => {
                self.cursor = from;
                Some(Wakeup::Now)
            }
            SearchResult::Nothing => {
                self.cursor = self.cursor.max(self.end);
                if self.growth != Growth::Ended {
                    self.caught_up = true;
                    return Ok(Some(Wakeup::Wait));
                }
                if self.jumped {
                    // After a jump there, the user may want to go elsewhere.
                    self.tempo.stop(now);
                    return Ok(Some(Wakeup::Wait));
                }
                self.ended = true;
                Some(Wakeup::End)
            }
        })
    }

    /// Searches one more portion for the target of a jump; `None` once the jump is settled.
    fn pursue(&mut self, mut jump: Jump, now: Instant) -> io::Result<Option<Wakeup>> {
        let wanted = Query {
            filter: &self.filter,
            hit: if jump.hits {
                self.search.as_ref().map(|search| &search.hits)
            } else {
                None
            },
            from: jump.from,
        };
        let found = match jump.direction {
            Direction::Forward => self.events.forward(jump.cursor, self.end, wanted)?,
            Direction::Backward => {
                self.events
                    .backward(self.start, jump.cursor, self.end, wanted)?
            }
        };
        match found {
            SearchResult::Here(item) if jump.until.is_none_or(|until| item.offset < until) => {
                if let Some(words) = jump.words {
                    let words = match item.at() {
                        Some(at) => format!("{words} {}", wording::date_and_clock_or_elapsed(at)),
                        None => words.trim_end_matches(" to").to_string(),
                    };
                    self.painter.divider(&words, self.columns, &mut self.out);
                    // Not measured from what was shown before.
                    self.time = None;
                }
                self.cursor = item.next;
                (self.next, self.jumped) = (None, true);
                self.caught_up = false;
                self.tempo.restart(now);
                self.show(&item);
                Ok(None)
            }
            SearchResult::NotYet(cursor) => {
                jump.cursor = cursor;
                self.jump = Some(jump);
                Ok(Some(Wakeup::Now))
            }
            SearchResult::Nothing
                if jump.direction == Direction::Forward
                    && self.growth == Growth::Coming
                    && jump.until.is_none() =>
            {
                jump.cursor = jump.cursor.max(self.end);
                self.jump = Some(jump);
                Ok(Some(Wakeup::Wait))
            }
            _ => {
                self.jump = jump.otherwise.map(|jump| *jump);
                if self.jump.is_none() {
                    self.note = Some(jump.in_vain);
                }
                Ok(None)
            }
        }
    }

    fn silence_before(&self, item: &PlayedEvent) -> Duration {
        match (item.at(), self.time) {
            (Some(at), Some(time)) => at.since(time),
            _ => Duration::ZERO,
        }
    }

    fn show(&mut self, item: &PlayedEvent) {
        if self.times
            && let Some(at) = item.at()
        {
            let day = wording::date(at);
            if let Some(day) = day.filter(|_| day != self.day) {
                let words = day.format("%A, %-d %B %Y").to_string();
                self.painter.divider(&words, self.columns, &mut self.out);
            }
            self.day = day;
            self.painter.time(at, &mut self.out);
        }
        match &item.what {
            Ok(event) => self.painter.event(event, &mut self.out),
            Err(defect) => self
                .painter
                .defect(&defect.sentence(item.offset), &mut self.out),
        }
        self.newest = Some(item.offset);
        self.time = item.at().max(self.time);
    }

    /// Forgets the event that is not due yet, so that it is found again.
    fn put_back(&mut self) {
        if let Some(item) = self.next.take() {
            self.cursor = item.offset;
        }
    }

    /// The time in the log.
    pub(super) fn clock(&self, now: Instant) -> Option<Stamp> {
        let time = self.time?;
        let past = time.plus(self.tempo.since_shown(now));
        let next = self.next.as_ref().and_then(|item| item.at());
        Some(match next {
            Some(next) => past.min(next.max(time)),
            None if self.tempo.goes() && !self.searching && !self.caught_up => past,
            None => time,
        })
    }

    /// The part of the log that is played; `None` if it has no good line.
    ///
    /// # Errors
    /// The log cannot be read.
    pub(super) fn extent(&mut self) -> io::Result<Option<Extent>> {
        if self.extent.is_none() {
            let ends = time_range::ends(self.events.reader(), self.end)?;
            self.extent = ends.map(|(first, last)| Extent {
                first: self.filter.from.map_or(first, |from| from.max(first)),
                last: self.filter.to.map_or(last, |to| to.min(last)),
                end: self.end,
            });
        }
        Ok(self.extent)
    }

    /// The state of the play.
    pub(super) fn state(&self) -> PlayState {
        match () {
            () if self.jump.is_some() && self.jump_waits() => PlayState::WaitingForInput,
            () if self.jump.is_some() || self.searching => PlayState::Searching,
            () if !self.tempo.goes() && self.is_at_end() => PlayState::AtEnd,
            () if !self.tempo.goes() => PlayState::Paused,
            () if self.caught_up && self.growth == Growth::Live => PlayState::Live,
            () if self.caught_up => PlayState::WaitingForInput,
            () => PlayState::Playing,
        }
    }

    fn jump_waits(&self) -> bool {
        let at_end = |jump: &Jump| jump.direction == Direction::Forward && jump.cursor >= self.end;
        self.jump.as_ref().is_some_and(at_end)
    }

    fn is_at_end(&self) -> bool {
        self.next.is_none() && self.cursor >= self.end && self.growth == Growth::Ended
    }

    /// Returns whether the log ended before anything was shown.
    pub(super) fn is_over_without_a_line(&self) -> bool {
        self.ended && self.newest.is_none() && self.is_at_end()
    }

    pub(super) fn speed(&self) -> Speed {
        self.tempo.speed()
    }

    /// The note to the user until the next key.
    pub(super) fn note(&self) -> Option<&str> {
        self.note.as_deref()
    }

    /// The prompt, while one is open.
    pub(super) fn prompt(&self) -> Option<&Prompt> {
        self.prompt.as_ref()
    }

    /// The newest search.
    pub(super) fn search(&self) -> Option<&PatternSearch> {
        self.search.as_ref()
    }

    /// The reader of events, with the defects that it met.
    pub(super) fn events(&self) -> &EventReader {
        &self.events
    }
}

/// The state of a play.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PlayState {
    Playing,
    Paused,
    /// Paused after everything was shown.
    AtEnd,
    /// Everything was shown; new events are shown as they come.
    Live,
    /// Looking for an event.
    Searching,
    /// The wanted event has not arrived in a log that is still being read.
    WaitingForInput,
}
