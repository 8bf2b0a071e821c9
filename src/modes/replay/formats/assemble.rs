//! Lines of a room's log from parsed events: names, elapsed times, and a time that never runs backwards.
//!
//! Invariant: the output begins with `* Room opened` and is a whole log that verifies. Events of a log
//! without seconds are spread evenly over their minute, or they would be played in bursts; events without a
//! time are put between their neighbours.

use std::collections::HashMap;
use std::collections::VecDeque;

use super::dates::Moment;
use super::report::LineCounts;
use crate::event::{Body, Elapsed, Event, MAX_TEXT, Stamp};
use crate::line;

/// The longest accepted name, in bytes: a line with such a name and a text, all escaped, is not too long.
pub(super) const MAX_NAME: usize = MAX_TEXT;
/// The remembered names, and their bytes, at most; beyond that all are forgotten, so memory stays bounded.
const MAX_NAMES: (usize, usize) = (32_768, 4 << 20);
/// The events that wait for the end of their minute, and their bytes, at most.
const MAX_WAITING: (usize, usize) = (8_192, 4 << 20);
const MINUTE: i64 = 60_000_000;

#[derive(Debug)]
pub(super) struct Assembler {
    /// The lines that were not handed out yet.
    pub out: Vec<u8>,
    opened: Body,
    begun: bool,
    /// The time of the newest line.
    last: Stamp,
    /// The time of each name's newest event, and the bytes of these names.
    heard: HashMap<Box<str>, Stamp>,
    heard_bytes: usize,
    /// The events of the current minute, and their bytes.
    waiting: VecDeque<Body>,
    waiting_bytes: usize,
    /// The start of the current minute, if known.
    minute: Option<Stamp>,
}

impl Assembler {
    /// An empty log; `random` goes into its first line.
    pub(super) fn new(random: [u8; 8]) -> Assembler {
        Assembler {
            out: Vec::new(),
            opened: Body::opening(random, None),
            begun: false,
            last: Stamp::from_micros(0),
            heard: HashMap::new(),
            heard_bytes: 0,
            waiting: VecDeque::new(),
            waiting_bytes: 0,
            minute: None,
        }
    }

    /// Adds a message; a long text becomes several.
    pub(super) fn message(
        &mut self,
        at: Option<Moment>,
        from: &str,
        text: &str,
        counts: &mut LineCounts,
    ) {
        counts.empty += u64::from(text.trim().is_empty());
        for text in pieces(text) {
            counts.messages += 1;
            let body = Body::message(from, text);
            self.take(at, body, from.len() + text.len());
        }
    }

    /// Adds a join.
    pub(super) fn join(&mut self, at: Option<Moment>, name: &str, counts: &mut LineCounts) {
        counts.joins += 1;
        let body = Body::join(name);
        self.take(at, body, name.len());
    }

    /// Adds a leave.
    pub(super) fn leave(&mut self, at: Option<Moment>, name: &str, counts: &mut LineCounts) {
        counts.leaves += 1;
        let body = Body::leave(name);
        self.take(at, body, name.len());
    }

    /// Adds a notice; a long text becomes several.
    pub(super) fn notice(&mut self, at: Option<Moment>, text: &str, counts: &mut LineCounts) {
        for text in pieces(text) {
            counts.notices += 1;
            let body = Body::notice(text);
            self.take(at, body, text.len());
        }
    }

    /// Adds an opening: nobody from before is present any more.
    pub(super) fn open(&mut self, at: Option<Moment>) {
        if self.begun || !self.waiting.is_empty() {
            self.take(at, self.opened.clone(), 0)
        } else {
            // The first line says it already, with that time.

            if let Some(at) = at {
                self.begin(at.at);
            }
        }
    }

    /// Adds a closing.
    pub(super) fn close(&mut self, at: Option<Moment>) {
        self.take(at, Body::Closed, 0);
    }

    /// Adds an event with its exact time and elapsed time.
    pub(super) fn exact(&mut self, event: Event, counts: &mut LineCounts) {
        let Event {
            at,
            body:
                Body::Message {
                    from,
                    elapsed,
                    text,
                    key,
                },
        } = event
        else {
            return self.write(event.at, event.body);
        };
        counts.empty += u64::from(text.trim().is_empty());
        self.begin(at);
        self.last = self.last.max(at);
        for piece in pieces(&text) {
            counts.messages += 1;
            let body = Body::message(from.clone(), piece)
                .elapsed(elapsed.0)
                .keyed(key.clone());
            line::to_line(
                &Event {
                    at: self.last,
                    body,
                },
                &mut self.out,
            );
        }
    }

    /// Writes what still waits.
    pub(super) fn end(&mut self) {
        self.flush(None);
    }

    fn take(&mut self, at: Option<Moment>, body: Body, bytes: usize) {
        match at {
            None => self.wait(body, bytes),
            Some(moment) if moment.whole_minute => {
                if self.minute.is_some_and(|minute| minute != moment.at) {
                    self.flush(None);
                }
                self.minute = Some(moment.at);
                self.wait(body, bytes);
            }
            Some(moment) => {
                self.flush(Some(moment.at));
                self.write(moment.at, body);
            }
        }
    }

    fn wait(&mut self, body: Body, bytes: usize) {
        self.waiting.push_back(body);
        self.waiting_bytes += bytes;
        if self.waiting.len() >= MAX_WAITING.0 || self.waiting_bytes >= MAX_WAITING.1 {
            // More of this minute may come, so half of the remaining time is kept.
            let minute = self.minute;
            self.spread(None, 2);
            self.minute = minute;
        }
    }

    fn flush(&mut self, next: Option<Stamp>) {
        self.spread(next, 1);
        self.minute = None;
    }

    /// Writes the waiting events, spread over 1/`share` of what is left of their minute.
    fn spread(&mut self, next: Option<Stamp>, share: i64) {
        let count = self.waiting.len() as i64;
        if count == 0 {
            return;
        }
        let (start, length) = match (self.minute, self.begun) {
            (Some(minute), false) => (minute.micros(), MINUTE / share),
            (Some(minute), true) => {
                let start = minute.max(self.last).micros();
                let left = minute.micros() + MINUTE - start;
                (start, left.max(0) / share)
            }
            (None, true) => (self.last.micros(), 0),
            (None, false) => (next.unwrap_or(self.last).micros(), 0),
        };
        for place in 0..count {
            // infallible: there are `count` events.
            let Some(body) = self.waiting.pop_front() else {
                break;
            };
            let at = start + length * place / count;
            self.write(Stamp::from_micros(at), body);
        }
        self.waiting_bytes = 0;
    }

    fn begin(&mut self, at: Stamp) {
        if !self.begun {
            self.begun = true;
            self.last = at;
            let body = self.opened.clone();
            line::to_line(&Event { at, body }, &mut self.out);
        }
    }

    fn write(&mut self, at: Stamp, mut body: Body) {
        self.begin(at);
        let at = at.max(self.last);
        self.last = at;
        match &mut body {
            Body::Message { from, elapsed, .. } => {
                let before = self.hear(from, at);
                *elapsed = Elapsed(before.map_or(0, |before| at.since(before).as_secs()));
            }
            Body::Join { name } => {
                self.hear(name, at);
            }
            Body::Leave { name } => {
                if let Some((name, _)) = self.heard.remove_entry(name.as_str()) {
                    self.heard_bytes -= name.len();
                }
            }
            Body::Opened { .. } | Body::Closed => {
                self.heard.clear();
                self.heard_bytes = 0;
            }
            Body::Notice { .. } | Body::Erased { .. } | Body::Other { .. } => (),
        }
        line::to_line(&Event { at, body }, &mut self.out);
    }

    /// Notes an event of that name, and returns the time of the previous one.
    fn hear(&mut self, name: &str, at: Stamp) -> Option<Stamp> {
        if let Some(before) = self.heard.get_mut(name) {
            return Some(std::mem::replace(before, at));
        }
        if self.heard.len() >= MAX_NAMES.0 || self.heard_bytes >= MAX_NAMES.1 {
            self.heard.clear();
            self.heard_bytes = 0;
        }
        self.heard_bytes += name.len();
        self.heard.insert(name.into(), at);
        None
    }
}

/// A text in pieces that a room accepts; most are one piece.
fn pieces(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = Some(text);
    std::iter::from_fn(move || {
        let text = rest.take()?;
        if text.len() <= MAX_TEXT {
            return Some(text);
        }
        let mut end = MAX_TEXT;
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        let (piece, more) = text.split_at(end);
        rest = Some(more);
        Some(piece)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn minute(at: i64) -> Option<Moment> {
        Some(Moment {
            at: Stamp::from_micros(at * MINUTE),
            whole_minute: true,
            back: false,
        })
    }

    fn second(at: i64) -> Option<Moment> {
        Some(Moment {
            at: Stamp::from_micros(at * 1_000_000),
            whole_minute: false,
            back: false,
        })
    }

    /// The lines as `12.500 [bob]: 0:00:00:hi`, with seconds since 1970.
    fn lines(assembler: &mut Assembler) -> Vec<String> {
        assembler.end();
        let lines = assembler
            .out
            .split(|b| *b == b'\n')
            .filter(|line| !line.is_empty());
        let shown = |line: &[u8]| {
            let parts = line::split(line).expect("a good line");
            let at = parts.at().expect("a time").micros() as f64 / 1e6;
            format!("{at:.3} {}", parts.plain().expect("a known form"))
        };
        lines.map(shown).collect()
    }

    fn assembler() -> Assembler {
        Assembler::new(0x6f1d_0c5b_e2a9_4c07_u64.to_be_bytes())
    }

    const OPENED: &str = concat!(
        "* Room opened (chatroom ",
        env!("CARGO_PKG_VERSION"),
        ", 6f1d0c5be2a94c07)"
    );

    #[test]
    fn a_minute_is_shared_by_what_happened_in_it() {
        let (mut made, counts) = (assembler(), &mut LineCounts::default());
        made.notice(None, "before all", counts);
        made.message(minute(1), "bob", "one", counts);
        made.join(None, "eve", counts);
        made.message(minute(1), "bob", "two", counts);
        made.message(minute(3), "eve", "three", counts);
        assert_eq!(
            lines(&mut made),
            [
                &format!("60.000 {OPENED}"),
                "60.000 * Notice: before all",
                "75.000 [bob]: 0:00:00:one",
                "90.000 Client (eve) entered room",
                "105.000 [bob]: 0:00:30:two",
                "180.000 [eve]: 0:01:30:three",
            ]
        );
        assert_eq!((counts.messages, counts.joins, counts.notices), (3, 1, 1));
    }

    #[test]
    fn time_never_goes_back() {
        let (mut made, counts) = (assembler(), &mut LineCounts::default());
        made.message(second(100), "bob", "one", counts);
        made.message(second(90), "bob", "two", counts);
        made.message(minute(1), "bob", "three", counts);
        made.message(second(105), "eve", "four", counts);
        let shown = lines(&mut made);
        let times: Vec<&str> = shown
            .iter()
            .map(|line| line.split(' ').next().expect("it"))
            .collect();
        assert_eq!(
            times,
            ["100.000", "100.000", "100.000", "100.000", "105.000"]
        );
    }

    #[test]
    fn a_silence_begins_with_the_join_and_ends_with_the_session() {
        let (mut made, counts) = (assembler(), &mut LineCounts::default());
        made.open(second(0));
        made.join(second(5), "bob", counts);
        made.message(second(15), "bob", "one", counts);
        made.leave(second(16), "bob", counts);
        made.message(second(30), "bob", "two", counts);
        made.close(second(31));
        made.open(second(40));
        made.message(second(50), "bob", "three", counts);
        assert_eq!(
            lines(&mut made),
            [
                &format!("0.000 {OPENED}"),
                "5.000 Client (bob) entered room",
                "15.000 [bob]: 0:00:10:one",
                "16.000 Client (bob) is offline",
                "30.000 [bob]: 0:00:00:two",
                "31.000 * Room closed",
                &format!("40.000 {OPENED}"),
                "50.000 [bob]: 0:00:00:three",
            ]
        );
    }

    #[test]
    fn what_is_too_much_for_one_minute_or_one_line_is_shared_out() {
        let (mut made, counts) = (assembler(), &mut LineCounts::default());
        for _ in 0..2 * MAX_WAITING.0 + 10 {
            made.message(minute(1), "bob", "x", counts);
        }
        let long = "\u{1b}".repeat(MAX_TEXT) + "ü" + &"z".repeat(MAX_TEXT);
        made.message(minute(2), &"\u{1b}".repeat(MAX_NAME), &long, counts);
        made.end();
        let mut before = 0;
        let mut texts = Vec::new();
        for line in made.out.split_inclusive(|b| *b == b'\n') {
            assert!(line.len() <= line::MAX_LINE);
            let event = line::parse_line(&line[..line.len() - 1]).expect("good");
            assert!(event.at.micros() >= before);
            before = event.at.micros();
            if let Body::Message { text, .. } = event.body {
                texts.push(text);
            }
        }
        assert_eq!(texts.len(), 2 * MAX_WAITING.0 + 10 + 3);
        assert_eq!(texts[2 * MAX_WAITING.0 + 10..].concat(), long);
        assert!(made.waiting.capacity() <= 2 * MAX_WAITING.0);
    }

    #[test]
    fn the_names_that_are_remembered_are_bounded() {
        let (mut made, counts) = (assembler(), &mut LineCounts::default());
        for n in 0..MAX_NAMES.0 + 10 {
            made.join(second(n as i64), &n.to_string(), counts);
        }
        assert!(made.heard.len() <= MAX_NAMES.0);
    }
}
