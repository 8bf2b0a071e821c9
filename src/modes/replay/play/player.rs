//! The play as a state: it is told what time it is, which keys were pressed and how far the log is,
//! and says what is to be shown and when to ask again. It knows no clock and no terminal.
//!
//! What always holds: nothing is done for longer than one would notice before keys are heard again;
//! an event is never shown before the time at which it is due, unless somebody asked for it.

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

/// A shortened silence is said in a line of its own from this length on; a shorter one shows in
/// the bar's clock, or every second line of a lively talk would be about silence.
const WORTH_SAYING: Duration = Duration::from_secs(60);
/// So much is gathered before it is written, in bytes.
const BATCH: usize = 64 * 1024;

/// When to ask the player again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wakeup {
    /// At once, when keys were heard.
    Now,
    /// At this moment, or when something happens.
    At(Instant),
    /// When something happens.
    Wait,
    /// It is over.
    End,
}

/// How a play begins.
pub struct PlayOptions {
    /// Where its first line is.
    pub start: u64,
    /// Where what is there ends.
    pub end: u64,
    /// What is shown.
    pub filter: Filter,
    /// How fast.
    pub speed: Speed,
    /// The longest silence that is waited out.
    pub longest: Duration,
    /// How it is drawn.
    pub painter: Painter,
    /// Whether times are shown.
    pub times: bool,
}

/// What is typed in the last line.
#[derive(Clone, Debug, Default)]
pub struct Prompt {
    /// So far.
    pub text: String,
    /// The play goes on when it is done.
    pub(super) went: bool,
}

/// A search.
pub struct Search {
    /// As it was typed.
    pub pattern: String,
    pub(super) hit: Filter,
}

/// A log being played.
pub struct Player {
    pub(super) events: EventReader,
    pub(super) start: u64,
    pub(super) end: u64,
    /// More is coming, and what comes is to be waited for.
    pub(super) comes: bool,
    /// A room goes on with it, maybe.
    pub(super) live: bool,
    filter: Filter,
    pub(super) tempo: Tempo,
    /// Where the next line to look at starts.
    pub(super) cursor: u64,
    /// The next event, which waits for its time.
    next: Option<Box<PlayedEvent>>,
    /// Where the newest shown event starts.
    pub(super) newest: Option<u64>,
    /// What time it is in the log.
    pub(super) time: Option<Stamp>,
    /// Everything was shown: what comes now is shown when it comes.
    caught_up: bool,
    /// What is shown next was asked for by a key; so was what was shown last.
    jumped: bool,
    pub(super) jump: Option<Jump>,
    /// The next event is being looked for, further than one portion.
    searching: bool,
    pub(super) search: Option<Search>,
    pub(super) prompt: Option<Prompt>,
    pub(super) note: Option<String>,
    pub(super) ended: bool,
    pub(super) painter: Painter,
    pub(super) times: bool,
    day: Option<chrono::NaiveDate>,
    pub(super) columns: usize,
    pub(super) rows: usize, // 0 if the terminal does not know
    /// What is to be shown.
    pub out: Vec<u8>,
    extent: Option<Extent>,
}

impl Player {
    /// A play of what `events` reads that starts now.
    pub fn new(events: EventReader, options: PlayOptions, now: Instant) -> Player {
        Player {
            events,
            start: options.start,
            end: options.end,
            comes: false,
            live: false,
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

    /// The log ends here now; `comes` says that more is certain to come or its end to be known,
    /// `live` that nobody knows.
    pub fn grown(&mut self, end: u64, comes: bool, live: bool) {
        if end != self.end {
            self.extent = None;
        }
        (self.end, self.comes, self.live) = (end, comes, live);
    }

    /// The log is another file, or was cut: it goes on from `cursor`.
    pub fn restart(&mut self, reader: crate::journal::Reader, cursor: u64, end: u64) {
        self.events.restart(reader);
        (self.end, self.extent, self.jump, self.next) = (end, None, None, None);
        self.start = self.start.min(cursor);
        self.cursor = cursor;
        self.newest = None;
        if cursor == 0 {
            (self.start, self.time) = (0, None);
        }
    }

    /// The process was stopped for that time: the play goes on from where it was.
    pub fn slept(&mut self, from: Instant, to: Instant) {
        if self.tempo.goes() {
            self.tempo.stop(from);
            self.tempo.go(to);
        }
    }

    /// A line between events that is not the log's.
    pub fn remark(&mut self, words: &str) {
        self.painter.remark(words, &mut self.out);
    }

    /// Goes on with the play as far as the time is.
    ///
    /// # Errors
    /// The log cannot be read.
    pub fn tick(&mut self, now: Instant) -> io::Result<Wakeup> {
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
                self.caught_up |= self.live || self.comes;
                if self.live || self.comes {
                    return Ok(Some(Wakeup::Wait));
                }
                if self.jumped {
                    // Whoever went there by a key may want to go elsewhere.
                    self.tempo.stop(now);
                    return Ok(Some(Wakeup::Wait));
                }
                self.ended = true;
                Some(Wakeup::End)
            }
        })
    }

    /// Goes one portion on towards what a key asked for; `None` if that is settled.
    fn pursue(&mut self, mut jump: Jump, now: Instant) -> io::Result<Option<Wakeup>> {
        let wanted = Query {
            filter: &self.filter,
            hit: match jump.hits {
                true => self.search.as_ref().map(|search| &search.hit),
                false => None,
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
                        Some(at) => format!("{words} {}", wording::day_and_clock(at)),
                        None => words.trim_end_matches(" to").to_string(),
                    };
                    self.painter.part(&words, self.columns, &mut self.out);
                    // Not measured by what was shown before.
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
                if jump.direction == Direction::Forward && self.comes && jump.until.is_none() =>
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
            let day = wording::day(at);
            if let Some(day) = day.filter(|_| day != self.day) {
                let words = day.format("%A, %-d %B %Y").to_string();
                self.painter.part(&words, self.columns, &mut self.out);
            }
            self.day = day;
            self.painter.time(at, &mut self.out);
        }
        match &item.what {
            Ok(event) => self.painter.event(event, &mut self.out),
            Err(wrong) => self
                .painter
                .wrong(&wrong.sentence(item.offset), &mut self.out),
        }
        self.newest = Some(item.offset);
        self.time = item.at().max(self.time);
    }

    /// Forgets the event that waits for its time: it is to be found again.
    pub(super) fn put_back(&mut self) {
        if let Some(item) = self.next.take() {
            self.cursor = item.offset;
        }
    }

    /// What time it is in the log: of what is coming, what was asked for.
    pub fn clock(&self, now: Instant) -> Option<Stamp> {
        let time = self.time?;
        let past = time.plus(self.tempo.since_shown(now));
        let next = self.next.as_ref().and_then(|item| item.at());
        Some(match next {
            Some(next) => past.min(next.max(time)),
            None if self.tempo.goes() && !self.searching && !self.caught_up => past,
            None => time,
        })
    }

    /// The part of the log that is played; `None` if there is no good line in it.
    ///
    /// # Errors
    /// The log cannot be read.
    pub fn extent(&mut self) -> io::Result<Option<Extent>> {
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

    /// What the bar says in a word.
    pub fn state(&self) -> PlayState {
        match () {
            () if self.jump.is_some() && self.jump_waits() => PlayState::Reading,
            () if self.jump.is_some() || self.searching => PlayState::Searching,
            () if !self.tempo.goes() && self.is_at_end() => PlayState::AtEnd,
            () if !self.tempo.goes() => PlayState::Paused,
            () if self.caught_up && self.live => PlayState::Live,
            () if self.caught_up => PlayState::Reading,
            () => PlayState::Playing,
        }
    }

    fn jump_waits(&self) -> bool {
        let at_end = |jump: &Jump| jump.direction == Direction::Forward && jump.cursor >= self.end;
        self.jump.as_ref().is_some_and(at_end)
    }

    fn is_at_end(&self) -> bool {
        self.next.is_none() && self.cursor >= self.end && !self.live && !self.comes
    }

    /// Whether the log ended before anything was shown.
    pub fn is_over_without_a_line(&self) -> bool {
        self.ended && self.newest.is_none() && self.is_at_end()
    }

    /// How fast it goes.
    pub fn speed(&self) -> Speed {
        self.tempo.speed()
    }

    /// What the user is told until the next key.
    pub fn note(&self) -> Option<&str> {
        self.note.as_deref()
    }

    /// What the user types.
    pub fn prompt(&self) -> Option<&Prompt> {
        self.prompt.as_ref()
    }

    /// What is searched for.
    pub fn search(&self) -> Option<&Search> {
        self.search.as_ref()
    }

    /// What reads the log, and what was found wrong in it.
    pub fn events(&self) -> &EventReader {
        &self.events
    }
}

/// What the play does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PlayState {
    /// It goes.
    Playing,
    /// It stands still.
    Paused,
    /// It stands still where everything was shown.
    AtEnd,
    /// Everything was shown, and what comes is shown as it comes.
    Live,
    /// It looks for something.
    Searching,
    /// What is wanted has not come yet.
    Reading,
}
