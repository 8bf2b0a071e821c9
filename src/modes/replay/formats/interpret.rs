//! Events from lines: a parsed line gets its time and goes to the assembler, any other to the report.
//!
//! Invariant: a line that is not blank either adds to the room's log or is counted as not understood.

use std::fs::{self, File};
use std::io::{self, Read};
use std::time::Duration;

use chrono::{Local, NaiveDate};

use super::assemble::{Assembler, MAX_NAME};
use super::dates::{Dates, Moment, NoSuchDay, Zone};
use super::detect::HEAD;
use super::kinds::{NotOfThisKind, Parser, separator, zone};
use super::late::{PostponedLine, PostponedLines, Timing, Treatment};
use super::origin::{Origin, date_in};
use super::original;
use super::report::{LineCounts, ReportEntries};
use super::split::{Splitter, decoded};
use super::syntax::{LineContent, LineTime, ParsedLine};
use crate::cli::FileFormat;
use crate::event::Stamp;
use crate::modes::replay::gzip::Gunzip;

/// The state of a conversion, by kind of log.
pub(super) enum FormatState {
    /// Lines, of all other programs.
    Lines(LineReader),
    /// Records without times, of the original program.
    Original {
        clock: original::OriginalClock,
        /// The time at which the first sender came in.
        began: Stamp,
    },
}

/// The state of a log that is parsed line by line.
pub(super) struct LineReader {
    parser: Parser,
    dates: Dates,
    /// The note about the source of the date, until it is made; `None` if that source is reliable.
    guess: Option<String>,
    /// The note about a twelve-hour clock was made.
    told: bool,
    /// The channel of the previous line.
    channel: String,
}

impl LineReader {
    /// The moment of a line, with notes in the report about what it was guessed from.
    fn moment(
        &mut self,
        time: &LineTime,
        timing: Timing,
        entries: &mut ReportEntries,
    ) -> Result<Option<Moment>, NoSuchDay> {
        let at = match timing {
            Timing::Late => self.dates.late(time),
            Timing::Punctual => self.dates.moment(time)?,
        };
        if self.dates.guessed {
            entries.notes.extend(self.guess.take());
        }
        if self.dates.twelve_hours && !self.told {
            self.told = true;
            entries.notes.push(TWELVE_HOURS.to_string());
        }
        entries.counts.back += u64::from(at.is_some_and(|at| at.back));
        Ok(at)
    }

    /// Returns whether a line's channel is another than the previous one's, and remembers it.
    fn turns_to(&mut self, channel: &str) -> bool {
        let is_new = channel != self.channel;
        if is_new {
            self.channel = channel.to_string();
        }
        is_new
    }
}

impl FormatState {
    /// The state for a log that `parser` reads.
    pub(super) fn lines(parser: Parser, kind: FileFormat, origin: &Origin) -> FormatState {
        let zone = zone(kind);
        let name = origin.path.as_deref().and_then(|path| path.file_name());
        let named = name.and_then(|name| date_in(&name.to_string_lossy()));
        let written = origin.modified.map(|at| match zone {
            Zone::Utc => at.utc().date_naive(),
            Zone::Local => at.utc().with_timezone(&Local).date_naive(),
        });
        let (day, why) = match (named, written) {
            (Some(day), _) => (day, None),
            (None, Some(day)) => (day, Some(", when the file was last written")),
            (None, None) => (NaiveDate::default(), Some("")),
        };
        let guess = why.map(|why| {
            format!(
                "has no date, so its first day is assumed to be {day}{why}. A date in the file's \
                 name, such as books-2026-11-23.log, is used instead."
            )
        });
        FormatState::Lines(LineReader {
            parser,
            dates: Dates::new(zone, day),
            guess,
            told: false,
            channel: String::new(),
        })
    }

    /// The state for the original program's log, and a note about its times if they are not from its file.
    ///
    /// # Errors
    /// The file cannot be read.
    pub(super) fn original(origin: &Origin) -> io::Result<(FormatState, Option<String>)> {
        let file = origin.path.as_ref().zip(origin.modified);
        let file = file.filter(|(path, _)| fs::metadata(path).is_ok_and(|data| data.is_file()));
        let (began, note) = match file {
            Some((path, modified)) => {
                let file = Box::new(File::open(path)?);
                let read: Box<dyn Read + Send> = if origin.is_packed {
                    Box::new(Gunzip::new(file))
                } else {
                    file
                };
                (modified.minus(total(read)?), None)
            }
            None => {
                let note = "has no times, only how long everybody was quiet, so it is assumed to \
                            begin in 1970. A file is assumed to end when it was last written.";
                (Stamp::from_micros(0), Some(note.to_string()))
            }
        };
        let clock = original::OriginalClock::default();
        Ok((FormatState::Original { clock, began }, note))
    }
}

/// The length of the conversation in an original program's log.
fn total(mut file: Box<dyn Read + Send>) -> io::Result<Duration> {
    let mut splitter = Splitter::new(separator(FileFormat::Original));
    let (mut clock, mut latest) = (original::OriginalClock::default(), Stamp::from_micros(0));
    let mut buffer = vec![0; HEAD];
    loop {
        let count = file.read(&mut buffer)?;
        let mut take = |record: &[u8], _| {
            if let Some(record) = original::parse(decoded(record).0.as_bytes()) {
                latest = clock.event(record).at;
            }
        };
        if count == 0 {
            splitter.end(&mut take);
            return Ok(latest.since(Stamp::from_micros(0)));
        }
        splitter.feed(&buffer[..count], &mut take);
    }
}

/// A conversion from lines to events.
pub(super) struct Interpreter {
    kind: FileFormat,
    reader: FormatState,
    /// The room's log that the lines become.
    pub made: Assembler,
    /// The number of the newest line.
    line: u64,
    /// Lines whose day depends on the next.
    postponed: PostponedLines,
}

const TWELVE_HOURS: &str = "never has a time from 13:00 on and goes from before noon to an early \
                            one, so a twelve-hour clock is assumed.";
const NOT_UNDERSTOOD: &str = "was not understood";

impl Interpreter {
    /// An interpreter before the first line.
    pub(super) fn new(kind: FileFormat, reader: FormatState, made: Assembler) -> Interpreter {
        Interpreter {
            kind,
            reader,
            made,
            line: 0,
            postponed: PostponedLines::default(),
        }
    }

    /// Takes one line; `cut` says that it was longer.
    pub(super) fn take(&mut self, line: &[u8], cut: bool, entries: &mut ReportEntries) {
        self.line += 1;
        let (text, is_utf8) = decoded(line);
        let mut text = &*text;
        if self.line == 1 {
            text = text.strip_prefix('\u{feff}').unwrap_or(text);
        }
        if self.kind != FileFormat::Original {
            text = text.strip_suffix('\r').unwrap_or(text);
        }
        if text.trim().is_empty() {
            return;
        }
        entries.counts.lines += 1;
        let line = PostponedLine {
            number: self.line,
            text: String::new(),
            is_utf8,
            cut,
        };
        let FormatState::Lines(lines) = &self.reader else {
            let understood = self.record(text, entries);
            return tell(&line, text, understood, entries);
        };
        let parsed = (lines.parser)(text);
        let time = parsed.as_ref().map(|parsed| &parsed.time);
        match self.postponed.judge(&lines.dates, time) {
            Treatment::Use => (),
            Treatment::Postpone => {
                let text = text.to_string();
                return self.postponed.postpone(PostponedLine { text, ..line });
            }
            Treatment::Release(timing) => {
                self.release(timing, entries);
                // This line may have to be postponed itself.
                if self.must_wait(parsed.as_ref()) {
                    let text = text.to_string();
                    return self.postponed.postpone(PostponedLine { text, ..line });
                }
            }
        }
        let understood = parsed.is_some_and(|parsed| self.event(parsed, Timing::Punctual, entries));
        tell(&line, text, understood, entries);
    }

    /// Returns whether a line must be postponed although none is yet.
    fn must_wait(&self, parsed: Option<&ParsedLine<'_>>) -> bool {
        let FormatState::Lines(lines) = &self.reader else {
            return false;
        };
        let time = parsed.map(|parsed| &parsed.time);
        self.postponed.judge(&lines.dates, time) == Treatment::Postpone
    }

    /// Adds the events of the postponed lines.
    fn release(&mut self, timing: Timing, entries: &mut ReportEntries) {
        while let Some(line) = self.postponed.take() {
            let FormatState::Lines(lines) = &self.reader else {
                return;
            };
            let parsed = (lines.parser)(&line.text);
            let understood = parsed.is_some_and(|parsed| self.event(parsed, timing, entries));
            tell(&line, &line.text, understood, entries);
        }
    }

    /// Adds the event of an original program's record; `false` if it is none.
    fn record(&mut self, text: &str, entries: &mut ReportEntries) -> bool {
        let FormatState::Original { clock, began } = &mut self.reader else {
            return false;
        };
        let record = original::parse(text.as_bytes());
        let Some(record) = record.filter(|record| is_name(&record.name)) else {
            return false;
        };
        let mut event = clock.event(record);
        event.at = began.plus(event.at.since(Stamp::from_micros(0)));
        self.made.exact(event, &mut entries.counts);
        true
    }

    /// Adds the events of a line; `false` if it was not understood.
    fn event(
        &mut self,
        parsed: ParsedLine<'_>,
        timing: Timing,
        entries: &mut ReportEntries,
    ) -> bool {
        let FormatState::Lines(lines) = &mut self.reader else {
            return false;
        };
        if !names_in(&parsed.content).into_iter().all(is_name) {
            return false;
        }
        let Ok(at) = lines.moment(&parsed.time, timing, entries) else {
            return false;
        };
        if let Some(channel) = parsed.channel
            && lines.turns_to(channel)
        {
            let words = format!("Channel: {channel}");
            self.made.notice(at, &words, &mut entries.counts);
        }
        self.add(at, parsed.content, &mut entries.counts);
        true
    }

    /// Adds the events that a line's content stands for.
    fn add(&mut self, at: Option<Moment>, content: LineContent<'_>, counts: &mut LineCounts) {
        let made = &mut self.made;
        match content {
            LineContent::Said { nick, text } => made.message(at, nick, text, counts),
            LineContent::Did { nick, text } => {
                made.message(at, nick, &format!("/me {text}"), counts)
            }
            LineContent::Joined(nick) => made.join(at, nick, counts),
            LineContent::Left { nick, words } => {
                if let Some(words) = words {
                    made.notice(at, words, counts);
                }
                made.leave(at, nick, counts);
            }
            LineContent::Renamed { old, new, words } => {
                made.notice(at, words, counts);
                made.leave(at, old, counts);
                made.join(at, new, counts);
            }
            LineContent::Told(words) | LineContent::Other(words) => made.notice(at, words, counts),
            LineContent::Opened => made.open(at),
            LineContent::Closed => made.close(at),
            LineContent::Dated => (),
        }
    }

    /// Ends the log.
    ///
    /// # Errors
    /// No line was understood.
    pub(super) fn end(&mut self, entries: &mut ReportEntries) -> io::Result<()> {
        self.release(Timing::Punctual, entries);
        self.made.end();
        let counts = &entries.counts;
        if counts.lines == counts.not_understood {
            let error = NotOfThisKind(self.kind);
            return Err(io::Error::new(io::ErrorKind::InvalidData, error));
        }
        Ok(())
    }
}

/// Enters a line in the report.
fn tell(line: &PostponedLine, text: &str, understood: bool, entries: &mut ReportEntries) {
    if !understood {
        entries.counts.not_understood += 1;
        entries.name(line.number, NOT_UNDERSTOOD, text);
    } else if !line.is_utf8 {
        entries.counts.not_utf8 += 1;
        entries.name(line.number, "was not UTF-8", text);
    }
    if line.cut {
        entries.counts.cut += 1;
        entries.name(line.number, "was longer than 1 MiB", text);
    }
}

/// The names in a line's content; empty where there are fewer than two.
fn names_in<'a>(content: &LineContent<'a>) -> [&'a str; 2] {
    match *content {
        LineContent::Said { nick, .. }
        | LineContent::Did { nick, .. }
        | LineContent::Left { nick, .. }
        | LineContent::Joined(nick) => [nick, ""],
        LineContent::Renamed { old, new, .. } => [old, new],
        _ => [""; 2],
    }
}

/// Returns whether a name is short enough for a line.
fn is_name(name: &str) -> bool {
    name.len() <= MAX_NAME
}
