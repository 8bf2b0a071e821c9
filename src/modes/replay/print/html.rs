//! One HTML document with everything in it: it needs no network, and nothing from the log can act in it.
//!
//! Invariant: whatever the log's length, only the context of the next message is kept (the newest speaker,
//! the day, a few joins and leaves); every character from the log goes through [`text`], which removes all
//! markup; the document's own style and script are the only ones that a browser may use ([`document`]).

mod document;
mod joins_and_leaves;
mod text;
mod wall_clock;

use std::time::Duration;

use chrono::NaiveDate;

use super::renderer::{CheckedLine, Renderer};
use crate::event::Stamp;
use crate::line::{self, Shape};
use crate::modes::replay::read::defects::Defect;
use crate::text_forms::FormBlock;
use joins_and_leaves::JoinsAndLeaves;
use text::{name, said};
use wall_clock::WallClock;

/// The pause after which a message of the same person has a heading of its own.
const TOGETHER: Duration = Duration::from_secs(5 * 60);
/// Lines that a browser lays out together, at most: usually, and for one person who goes on talking.
const PART: (usize, usize) = (50, 200);

/// Renders an HTML document.
#[derive(Default)]
pub(super) struct HtmlRenderer {
    clock: WallClock,
    /// The day of the open section, and whether one is open: damage has no day.
    day: Option<NaiveDate>,
    in_day: bool,
    /// Lines in the open part; 0 if none is open.
    lines: usize,
    /// The current speaker, as spelt in the line, and the time of their newest message.
    speaker: Option<(Vec<u8>, Stamp)>,
    joins_and_leaves: JoinsAndLeaves,
    totals: Totals,
}

/// The totals at the document's end.
#[derive(Clone, Copy, Debug, Default)]
struct Totals {
    messages: u64,
    passing: u64,
    damaged: u64,
    span: Option<(Stamp, Stamp)>,
}

impl Renderer for HtmlRenderer {
    fn begin(&mut self, name: &str, out: &mut Vec<u8>) {
        document::begin(name, out);
    }

    fn line(&mut self, line: &CheckedLine<'_>, out: &mut Vec<u8>) {
        let first = self.totals.span.map_or(line.at, |(first, _)| first);
        self.totals.span = Some((first, line.at));
        match line.raw.shape {
            Shape::Message { from, text, .. } => self.message(line, from, text, out),
            Shape::Join(name) => self.pass(line, name, " came in ", out),
            Shape::Leave(name) => self.pass(line, name, " left ", out),
            Shape::Opened { .. } => self.event(line, "e r", b"The room opened", out),
            Shape::Closed => self.event(line, "e r", b"The room closed", out),
            Shape::Erased(_) => self.event(line, "e r", b"This was erased", out),
            Shape::Other(body) => {
                self.apart(Some(line.at), out);
                self.open("o", line, out);
                text::put(&String::from_utf8_lossy(body), out);
                self.close(line, out);
            }
            Shape::Notice(text) => {
                self.apart(Some(line.at), out);
                self.open("o", line, out);
                said(text, out);
                self.close(line, out);
            }
        }
    }

    fn defect(&mut self, offset: u64, _bytes: &[u8], defect: Defect, out: &mut Vec<u8>) {
        self.totals.damaged += 1;
        self.apart(None, out);
        out.extend_from_slice(b"<p class=\"w\">");
        text::put(&defect.sentence(offset), out);
        out.extend_from_slice(b"</p>\n");
    }

    fn end(&mut self, out: &mut Vec<u8>) {
        self.end_day(out);
        document::end(&self.totals, out);
    }
}

impl HtmlRenderer {
    fn message(&mut self, line: &CheckedLine<'_>, from: &[u8], text: &[u8], out: &mut Vec<u8>) {
        self.totals.messages += 1;
        let day = self.clock.minute_of(line.at).day;
        let goes_on =
            self.joins_and_leaves.is_empty() && self.day == Some(day) && self.lines < PART.1;
        let before = self
            .speaker
            .as_ref()
            .filter(|(who, at)| goes_on && who == from && line.at.since(*at) < TOGETHER)
            .map(|(_, at)| *at);
        if let Some(action) = text.strip_prefix(b"/me ") {
            self.apart(Some(line.at), out);
            out.extend_from_slice(b"<div class=\"g\">");
            self.open("a", line, out);
            name(from, out);
            out.push(b' ');
            said(action, out);
            self.close(line, out);
            out.extend_from_slice(b"</div>\n");
            return;
        }
        let mut class = "";
        match (before, &mut self.speaker) {
            (Some(before), Some((_, at))) => {
                if before.micros().div_euclid(60_000_000) == line.at.micros().div_euclid(60_000_000)
                {
                    class = "s";
                }
                *at = line.at;
                self.lines += 1;
            }
            _ => {
                self.apart(Some(line.at), out);
                out.extend_from_slice(b"<div class=\"g\">");
                text::heading(from, out);
                self.speaker = Some((from.to_vec(), line.at));
            }
        }
        let text = line::text_of(text);
        let text = String::from_utf8_lossy(&text);
        match text::blocks_of(&text) {
            Some(blocks) => self.blocks(class, line, &blocks, out),
            None => {
                self.open(class, line, out);
                text::put_spans(&text, out);
                self.close(line, out);
            }
        }
    }

    /// Adds a message with quotes or blocks of code, which no paragraph can have in it.
    fn blocks(
        &mut self,
        class: &str,
        line: &CheckedLine<'_>,
        blocks: &[FormBlock<'_>],
        out: &mut Vec<u8>,
    ) {
        out.extend_from_slice(b"<div class=\"m");
        if !class.is_empty() {
            out.push(b' ');
            out.extend_from_slice(class.as_bytes());
        }
        out.extend_from_slice(b"\" id=\"");
        out.extend_from_slice(itoa::Buffer::new().format(line.offset).as_bytes());
        out.extend_from_slice(b"\">\n");
        text::put_blocks(blocks, out);
        self.put_time(line, out);
        out.extend_from_slice(b"</div>\n");
    }

    /// Opens a message, with its id.
    fn open(&mut self, class: &str, line: &CheckedLine<'_>, out: &mut Vec<u8>) {
        out.extend_from_slice(b"<p");
        if !class.is_empty() {
            out.extend_from_slice(b" class=\"");
            out.extend_from_slice(class.as_bytes());
            out.push(b'"');
        }
        out.extend_from_slice(b" id=\"");
        out.extend_from_slice(itoa::Buffer::new().format(line.offset).as_bytes());
        out.extend_from_slice(b"\" dir=\"auto\">");
    }

    /// Closes a message, with its time, which links to it.
    fn close(&mut self, line: &CheckedLine<'_>, out: &mut Vec<u8>) {
        self.put_time(line, out);
        out.extend_from_slice(b"</p>\n");
    }

    fn put_time(&mut self, line: &CheckedLine<'_>, out: &mut Vec<u8>) {
        out.extend_from_slice(b" <a href=\"#");
        out.extend_from_slice(itoa::Buffer::new().format(line.offset).as_bytes());
        out.extend_from_slice(b"\">");
        self.clock.minute_of(line.at).write(line.raw.time, out);
        out.extend_from_slice(b"</a>");
    }

    fn pass(&mut self, line: &CheckedLine<'_>, who: &[u8], what: &str, out: &mut Vec<u8>) {
        self.totals.passing += 1;
        if !self.joins_and_leaves.is_empty() && self.day == Some(self.clock.minute_of(line.at).day)
        {
            self.lines += 1;
        } else {
            self.apart(Some(line.at), out);
        }
        let moment = self.clock.minute_of(line.at);
        self.joins_and_leaves
            .add(who, what, moment, line.raw.time, out);
    }

    /// Adds an event of the room.
    fn event(&mut self, line: &CheckedLine<'_>, class: &str, what: &[u8], out: &mut Vec<u8>) {
        self.apart(Some(line.at), out);
        out.extend_from_slice(b"<p class=\"");
        out.extend_from_slice(class.as_bytes());
        out.extend_from_slice(b"\">");
        out.extend_from_slice(what);
        out.push(b' ');
        self.clock.minute_of(line.at).write(line.raw.time, out);
        out.extend_from_slice(b"</p>\n");
    }

    /// Closes the previous group and makes room for a line of its own.
    fn apart(&mut self, at: Option<Stamp>, out: &mut Vec<u8>) {
        self.joins_and_leaves.flush(out);
        if self.speaker.take().is_some() {
            out.extend_from_slice(b"</div>\n");
        }
        let day = at.map(|at| self.clock.minute_of(at).day);
        if !self.in_day || day.is_some() && day != self.day {
            self.end_day(out);
            out.extend_from_slice(b"<section>\n");
            self.in_day = true;
            if let Some(day) = day {
                wall_clock::heading(day, out);
                self.day = Some(day);
            }
        } else if self.lines >= PART.0 {
            self.end_part(out);
        }
        if self.lines == 0 {
            out.extend_from_slice(b"<div class=\"k\">\n");
        }
        self.lines += 1;
    }

    fn end_part(&mut self, out: &mut Vec<u8>) {
        self.joins_and_leaves.flush(out);
        if self.speaker.take().is_some() {
            out.extend_from_slice(b"</div>\n");
        }
        if self.lines > 0 {
            out.extend_from_slice(b"</div>\n");
        }
        self.lines = 0;
    }

    fn end_day(&mut self, out: &mut Vec<u8>) {
        self.end_part(out);
        if self.in_day {
            out.extend_from_slice(b"</section>\n");
        }
        self.in_day = false;
    }
}

#[cfg(test)]
mod tests;
