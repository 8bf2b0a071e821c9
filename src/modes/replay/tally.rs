//! Everything that is counted, line by line and in one pass.
//!
//! Invariant: only lines with a good checksum are counted, since only they are shown; the others are counted
//! separately. Memory does not grow with the log.

pub(super) mod calendar;
pub(super) mod hours;
pub(super) mod intervals;
pub(super) mod names;

use std::str::from_utf8;

use crate::event::Stamp;
use crate::line::{self, RawLine, Shape};
use crate::modes::replay::read::defects::Defects;
use hours::{Hours, UtcOffset};
use intervals::Intervals;
use names::{Names, TextSize};

/// The counts of a log.
pub(super) struct Tally {
    /// The local clock's offset from UTC.
    pub zone: UtcOffset,
    /// Times of the first and the last counted line.
    pub range: Option<(Stamp, Stamp)>,
    /// The number of counted lines.
    pub lines: u64,
    pub messages: u64,
    /// Words of the messages: runs without white space.
    pub words: u64,
    /// Unicode scalar values of the messages.
    pub characters: u64,
    pub joins: u64,
    pub leaves: u64,
    /// Openings of the room.
    pub opened: u64,
    /// Orderly closings of the room.
    pub closed: u64,
    pub notices: u64,
    /// Events that were erased.
    pub erased: u64,
    /// Events in a form that this version does not know.
    pub unknown: u64,
    /// The longest silence between two messages.
    pub silence: Option<(Stamp, Stamp)>,
    /// Counts by name.
    pub people: Names,
    /// Counts by local hour and weekday.
    pub hours: Hours,
    /// Counts over time.
    pub intervals: Intervals,
    /// Lines that are not as the room wrote them, and are in none of the sums.
    pub defects: Defects,
    spoken: Option<Stamp>,
    /// The time of the newest good line, chosen or not.
    newest: Option<Stamp>,
}

impl Tally {
    /// Creates an empty tally, with local time by `zone`.
    pub(super) fn new(zone: UtcOffset) -> Tally {
        Tally {
            zone,
            range: None,
            lines: 0,
            messages: 0,
            words: 0,
            characters: 0,
            joins: 0,
            leaves: 0,
            opened: 0,
            closed: 0,
            notices: 0,
            erased: 0,
            unknown: 0,
            silence: None,
            people: Names::default(),
            hours: Hours::new(zone),
            intervals: Intervals::new(zone),
            defects: Defects::default(),
            spoken: None,
            newest: None,
        }
    }

    /// Adds a good line between the two times; `wanted` says whether to count it. Others can still end
    /// presences.
    #[inline]
    pub(super) fn add(&mut self, at: Stamp, raw: &RawLine<'_>, wanted: bool) {
        match raw.shape {
            Shape::Opened { .. } => self.people.all_go(self.newest.unwrap_or(at)),
            Shape::Closed => self.people.all_go(at),
            Shape::Message { .. } | Shape::Join(_) | Shape::Leave(_) => (),
            Shape::Notice(_) | Shape::Erased(_) | Shape::Other(_) => (),
        }
        self.newest = Some(at);
        if !wanted {
            return;
        }
        self.lines += 1;
        let (first, last) = self.range.unwrap_or((at, at));
        self.range = Some((first.min(at), last.max(at)));
        match raw.shape {
            Shape::Message { from, text, .. } => self.says(at, from, text),
            Shape::Join(name) => {
                self.joins += 1;
                self.people.joins(name, at);
            }
            Shape::Leave(name) => {
                self.leaves += 1;
                self.people.leaves(name, at);
            }
            Shape::Opened { .. } => self.opened += 1,
            Shape::Closed => self.closed += 1,
            Shape::Notice(_) => self.notices += 1,
            Shape::Erased(_) => self.erased += 1,
            Shape::Other(_) => self.unknown += 1,
        }
    }

    #[inline]
    fn says(&mut self, at: Stamp, from: &[u8], text: &[u8]) {
        let size = size(text);
        self.messages += 1;
        self.words += size.words;
        self.characters += size.characters;
        self.people.says(from, size, at);
        self.hours.add(at);
        self.intervals.add(at);
        let before = self.spoken;
        self.spoken = Some(before.map_or(at, |before| before.max(at)));
        if let Some(before) = before
            && at > before
            && self
                .silence
                .is_none_or(|(from, to)| at.since(before) > to.since(from))
        {
            self.silence = Some((before, at));
        }
    }

    /// Ends the log.
    pub(super) fn end(&mut self) {
        if let Some(newest) = self.newest {
            self.people.end(newest);
        }
        self.hours.end();
        self.people.sort();
    }

    /// The number of kept names with messages.
    pub(super) fn speakers(&self) -> usize {
        let people = self.people.all().iter();
        people.filter(|person| person.messages > 0).count()
    }

    /// The number of kept names, and whether there are more.
    pub(super) fn names(&self) -> (usize, bool) {
        (self.people.all().len(), self.people.others.is_some())
    }

    /// Calendar days from the first line to the last, inclusive.
    pub(super) fn days(&self) -> i64 {
        let day = |at: Stamp| {
            let at = hours::second(at);
            (at + (self.zone)(at)).div_euclid(86_400)
        };
        self.range
            .map_or(0, |(first, last)| day(last) - day(first) + 1)
    }

    /// The local time of a moment.
    pub(super) fn wall(&self, at: Stamp) -> chrono::NaiveDateTime {
        let at = hours::second(at);
        calendar::on_wall(at + (self.zone)(at))
    }
}

/// The size of a message, from its text in the line.
#[inline]
fn size(text: &[u8]) -> TextSize {
    let (mut marks, mut words) = (0u8, 0);
    let mut before = b' ';
    for part in text.chunks(128) {
        // The words of a part fit into a byte, so that many bytes are counted at once.
        let mut starts = u8::from((before == b' ') & (part[0] != b' '));
        for (before, now) in part.iter().zip(&part[1..]) {
            starts += u8::from((*before == b' ') & (*now != b' '));
        }
        marks |= part
            .iter()
            .fold(0, |marks, b| marks | (b & 0x80) | u8::from(*b == b'\\'));
        words += u64::from(starts);
        before = part[part.len() - 1];
    }
    match marks {
        0 => TextSize {
            words,
            characters: text.len() as u64,
        },
        _ => size_as_said(text),
    }
}

/// The size of a text with escapes or beyond ASCII, as it was said.
#[cold]
fn size_as_said(text: &[u8]) -> TextSize {
    let said = line::text_of(text);
    let said = from_utf8(&said).unwrap_or_default();
    TextSize {
        words: said.split_whitespace().count() as u64,
        characters: said.chars().count() as u64,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::Body;
    use crate::modes::replay::testing::line_of;

    /// 2026-11-23T23:50:00Z, a Monday, plus minutes.
    fn at(minute: i64) -> Stamp {
        Stamp::from_micros((1_795_477_800 + minute * 60) * 1_000_000)
    }

    fn add(tally: &mut Tally, minute: i64, body: Body) {
        add_if(tally, minute, body, true);
    }

    fn add_if(tally: &mut Tally, minute: i64, body: Body, wanted: bool) {
        let at = at(minute);
        let mut bytes = line_of(at, body);
        bytes.pop();
        tally.add(at, &line::raw(&bytes).expect("it was just written"), wanted);
    }

    fn opened() -> Body {
        Body::opened("chatroom 0.1.0", "6f1d0c5be2a94c07")
    }

    #[test]
    fn an_evening_over_midnight_is_counted() {
        let mut tally = Tally::new(|_| 0);
        add(&mut tally, 0, opened());
        add(&mut tally, 1, Body::join("mira"));
        add(&mut tally, 2, Body::message("mira", "anybody here?"));
        add(&mut tally, 3, Body::join("bob"));
        add(&mut tally, 9, Body::message("bob", "  two\nlines "));
        add(&mut tally, 12, Body::message("mira", "நன்றி  😄"));
        add(&mut tally, 13, Body::leave("bob"));
        // The power fails; an hour later the room is opened again.
        add(&mut tally, 73, opened());
        add(&mut tally, 74, Body::join("bob"));
        add(&mut tally, 80, Body::notice("x"));
        tally.end();
        assert_eq!(tally.range, Some((at(0), at(80))));
        assert_eq!((tally.lines, tally.messages), (10, 3));
        assert_eq!((tally.joins, tally.leaves, tally.opened), (3, 1, 2));
        assert_eq!(tally.words, 2 + 2 + 2);
        assert_eq!(tally.characters, 13 + 12 + 8);
        assert_eq!(tally.silence, Some((at(2), at(9))));
        // Monday 23h: two; Tuesday 0h: one.
        assert_eq!((tally.hours.heat[0][23], tally.hours.heat[1][0]), (2, 1));
        assert_eq!(tally.hours.days, 2);
        let [mira, bob] = tally.people.all() else {
            panic!("two names");
        };
        // Until the last line before the second opening, not until the opening.
        assert_eq!((mira.minutes(), mira.left), (12, Some(at(13))));
        assert!(!mira.is_present);
        assert_eq!((mira.messages, mira.longest), (2, 13));
        assert_eq!(mira.spoke, Some((at(2), at(12))));
        assert_eq!((bob.minutes(), bob.is_present), (10 + 6, true));
    }

    #[test]
    fn what_is_not_chosen_still_ends_presences() {
        let mut tally = Tally::new(|_| 0);
        add(&mut tally, 0, Body::join("mira"));
        add_if(&mut tally, 5, Body::message("bob", "not asked for"), false);
        add_if(&mut tally, 9, opened(), false);
        add_if(&mut tally, 20, Body::message("bob", "not asked for"), false);
        tally.end();
        assert_eq!((tally.lines, tally.messages, tally.opened), (1, 0, 0));
        assert_eq!(tally.people.all().len(), 1);
        assert_eq!(tally.people.all()[0].minutes(), 5);
    }

    #[test]
    fn texts_are_measured_as_they_were_said() {
        let long = "ab ".repeat(200);
        let measured = |text: &str| {
            let mut bytes = Vec::new();
            line::escape(text, &mut bytes);
            size(&bytes)
        };
        for text in [
            "",
            " ",
            "a",
            " a  b ",
            "C:\\new folder\\x",
            "one\ttwo\nthree",
            "全角　空白",
            "e\u{301} \u{202e}x",
            &long,
            &"x".repeat(128),
            &format!("{} {}", "x".repeat(127), "y".repeat(128)),
            &format!("{}y", " ".repeat(128)),
        ] {
            let wanted = TextSize {
                words: text.split_whitespace().count() as u64,
                characters: text.chars().count() as u64,
            };
            assert_eq!(measured(text), wanted, "{text:?}");
        }
    }

    #[test]
    fn a_clock_that_is_set_back_makes_no_silence() {
        let mut tally = Tally::new(|_| 0);
        for minute in [100, 50, 51, 40, 103] {
            add(&mut tally, minute, Body::message("a", "x"));
        }
        tally.end();
        assert_eq!(tally.silence, Some((at(100), at(103))));
        assert_eq!(tally.range, Some((at(40), at(103))));
    }

    #[test]
    fn days_are_those_of_the_calendar() {
        let mut tally = Tally::new(|_| 3600);
        assert_eq!(tally.days(), 0);
        let midnight = 1_795_474_800; // 2026-11-24 00:00 there
        tally.range = Some((hours::moment(midnight - 1), hours::moment(midnight)));
        assert_eq!(tally.days(), 2);
        tally.range = Some((hours::moment(midnight), hours::moment(midnight + 86_399)));
        assert_eq!(tally.days(), 1);
    }
}
