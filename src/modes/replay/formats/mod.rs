//! Logs of other programs, read as a room's.
//!
//! Each form has a parser of one line of its own; what it gives becomes events with times
//! ([`dates`]) and a room's lines ([`assemble`]). What holds for all of them:
//!
//! - A name and a text are kept as they are, byte for byte if they are UTF-8; a line that is not is
//!   taken for Windows-1252. An action becomes `/me ...`; a message without a text stays one.
//! - Who comes joins, who goes or is kicked leaves, and a reason stands in a notice before that. Who
//!   takes another name leaves under the old one and joins under the new. Addresses of those who
//!   come are left out; topics, modes and the rest are notices.
//! - A line in no form of its program is left out, counted and named ([`report`]).
//! - The log is read once, front to back, in constant memory; only the original's is read once more
//!   before, because its times are known from its end.

mod assemble;
mod channel;
mod dates;
mod day;
mod detect;
mod hexchat;
mod irssi;
mod original;
mod parsed;
mod report;
mod split;
mod weechat;

use std::borrow::Cow;
use std::fmt;
use std::fs::{self, File};
use std::io::{self, BufRead, Read};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use chrono::{Local, NaiveDate};

use crate::cli::FileFormat;
use crate::event::Stamp;
use assemble::{Assembler, MAX_NAME};
use dates::{Dates, NoSuchDay, Zone};
use parsed::{Parsed, What};
use report::Account;
use split::Splitter;

pub use detect::{HEAD, detect};
pub use report::{Counts, Report};

/// What is known of a file besides its bytes.
#[derive(Clone, Debug, Default)]
pub struct Origin {
    /// Where it is; nothing of a pipe.
    pub path: Option<PathBuf>,
    /// When it was last written to.
    pub modified: Option<Stamp>,
}

/// What reads a line.
type Parser = for<'a> fn(&'a str) -> Option<Parsed<'a>>;

/// The parser of a form, if each of its lines has one.
fn parser(kind: FileFormat) -> Option<Parser> {
    match kind {
        FileFormat::Irssi => Some(irssi::parse),
        FileFormat::Weechat => Some(weechat::parse),
        FileFormat::Hexchat => Some(hexchat::parse),
        FileFormat::Day => Some(day::parse),
        FileFormat::Channel => Some(channel::parse),
        FileFormat::Room | FileFormat::Original => None,
    }
}

/// What the lines of a kind are, in words.
pub fn title(kind: FileFormat) -> &'static str {
    match kind {
        FileFormat::Room => "a room's log",
        FileFormat::Original => "the original program's log",
        FileFormat::Irssi => "irssi's log",
        FileFormat::Weechat => "WeeChat's log",
        FileFormat::Hexchat => "HexChat's log",
        FileFormat::Day => "a channel's day",
        FileFormat::Channel => "a channel's log",
    }
}

/// Nothing of a log is of the kind that it was taken for.
#[derive(Debug)]
pub struct NotOfThisKind(FileFormat);

impl NotOfThisKind {
    /// The sentence for the log called `name`.
    pub fn sentence(&self, name: &str) -> String {
        let value = clap::ValueEnum::to_possible_value(&self.0);
        let value = value.map(|value| value.get_name().to_string());
        format!(
            "{name} has no line that is of {} (--format {}), so there is nothing to show. Leave \
             --format out to have the kind found out, or name another one.",
            title(self.0),
            value.unwrap_or_default()
        )
    }
}

impl fmt::Display for NotOfThisKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "no line is of {}", title(self.0))
    }
}

impl std::error::Error for NotOfThisKind {}

/// Reads another program's log and gives a room's.
pub struct Converter {
    input: Box<dyn BufRead + Send>,
    splitter: Splitter,
    lines: Lines,
    /// How much of what is made was given.
    given: usize,
    ended: bool,
    report: Arc<Report>,
}

impl Converter {
    /// A converter of `input`, which is of that kind. An original's file is read once to know how
    /// long the conversation took.
    ///
    /// # Errors
    /// The system has no random numbers, or a file cannot be read.
    pub fn new(
        input: Box<dyn BufRead + Send>,
        kind: FileFormat,
        origin: &Origin,
    ) -> io::Result<Converter> {
        let report = Arc::new(Report::default());
        let (reader, note) = match parser(kind) {
            Some(parser) => (Reader::lines(parser, kind, origin), None),
            None => Reader::original(origin)?,
        };
        report.change(|account| account.notes.extend(note));
        let mut random = [0; 8];
        getrandom::fill(&mut random).map_err(|error| io::Error::other(error.to_string()))?;
        let random = random.iter().map(|byte| format!("{byte:02x}")).collect();
        Ok(Converter {
            input,
            splitter: Splitter::new(separator(kind)),
            lines: Lines {
                kind,
                reader,
                made: Assembler::new(random),
                line: 0,
            },
            given: 0,
            ended: false,
            report,
        })
    }

    /// The account of it, which goes on while it is read.
    pub fn report(&self) -> Arc<Report> {
        Arc::clone(&self.report)
    }

    /// Makes lines of what comes next.
    fn fill(&mut self) -> io::Result<()> {
        let Converter {
            input,
            splitter,
            lines,
            ended,
            report,
            ..
        } = self;
        lines.made.out.clear();
        self.given = 0;
        while lines.made.out.is_empty() && !*ended {
            let chunk = match input.fill_buf() {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                chunk => chunk?,
            };
            let count = chunk.len();
            report.change(|account| {
                let mut take = |line: &[u8], cut| lines.take(line, cut, account);
                match count {
                    0 => {
                        splitter.end(&mut take);
                        lines.end(account)
                    }
                    _ => {
                        splitter.feed(chunk, &mut take);
                        Ok(())
                    }
                }
            })?;
            *ended = count == 0;
            input.consume(count);
        }
        Ok(())
    }
}

impl Read for Converter {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if self.given == self.lines.made.out.len() {
            self.fill()?;
        }
        let rest = &self.lines.made.out[self.given..];
        let count = rest.len().min(into.len());
        into[..count].copy_from_slice(&rest[..count]);
        self.given += count;
        Ok(count)
    }
}

fn separator(kind: FileFormat) -> u8 {
    match kind {
        FileFormat::Original => b'\r',
        _ => b'\n',
    }
}

/// What makes events of lines.
enum Reader {
    /// Of every line one.
    Lines {
        parser: Parser,
        dates: Dates,
        /// Where the date is from if no line tells it; nothing if that can be relied on.
        guess: Option<String>,
        /// It was said that the clock has twelve hours.
        told: bool,
        /// The channel of the line before.
        channel: String,
    },
    /// Of records without times.
    Original {
        clock: original::Clock,
        /// When the first sender came in.
        began: Stamp,
    },
}

impl Reader {
    fn lines(parser: Parser, kind: FileFormat, origin: &Origin) -> Reader {
        let zone = match kind {
            // Public archives keep UTC, whoever reads them.
            FileFormat::Day | FileFormat::Channel => Zone::Utc,
            _ => Zone::Local,
        };
        let name = origin.path.as_deref().and_then(|path| path.file_name());
        let named = name.and_then(|name| date_in(&name.to_string_lossy()));
        let written = origin.modified.map(|at| match zone {
            Zone::Utc => at.utc().date_naive(),
            Zone::Local => at.utc().with_timezone(&Local).date_naive(),
        });
        let (day, why) = match (named, written) {
            (Some(day), _) => (day, None),
            (None, Some(day)) => (day, Some(", when the file was last written to")),
            (None, None) => (NaiveDate::default(), Some("")),
        };
        let guess = why.map(|why| {
            format!(
                "does not tell its date, so its first day is taken to be {day}{why}. A date in the \
                 file's name, such as books-2026-11-23.log, is used instead."
            )
        });
        Reader::Lines {
            parser,
            dates: Dates::new(zone, day),
            guess,
            told: false,
            channel: String::new(),
        }
    }

    fn original(origin: &Origin) -> io::Result<(Reader, Option<String>)> {
        let file = origin.path.as_ref().zip(origin.modified);
        let file = file.filter(|(path, _)| fs::metadata(path).is_ok_and(|data| data.is_file()));
        let (began, note) = match file {
            Some((path, modified)) => (modified.minus(total(File::open(path)?)?), None),
            None => {
                let note = "has no times but how long everybody was quiet, so it is taken to begin \
                            in 1970. Of a file, the end is taken to be when it was last written to.";
                (Stamp::from_micros(0), Some(note.to_string()))
            }
        };
        let clock = original::Clock::default();
        Ok((Reader::Original { clock, began }, note))
    }
}

/// How long the conversation in an original's log took.
fn total(mut file: File) -> io::Result<Duration> {
    let mut splitter = Splitter::new(separator(FileFormat::Original));
    let (mut clock, mut latest) = (original::Clock::default(), Stamp::from_micros(0));
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

/// A log on its way from lines to events.
struct Lines {
    kind: FileFormat,
    reader: Reader,
    made: Assembler,
    /// The number of the line that was read last.
    line: u64,
}

const TWELVE_HOURS: &str = "never has a time from 13:00 on and goes from before noon to an early one, so its \
                            clock is taken to have twelve hours.";
const NOT_UNDERSTOOD: &str = "was not understood";

impl Lines {
    /// Takes one line; `cut` says whether it went on.
    fn take(&mut self, line: &[u8], cut: bool, account: &mut Account) {
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
        account.counts.lines += 1;
        if !self.event(text, account) {
            account.counts.not_understood += 1;
            account.name(self.line, NOT_UNDERSTOOD, text);
        } else if !is_utf8 {
            account.counts.not_utf8 += 1;
            account.name(self.line, "was not UTF-8", text);
        }
        if cut {
            account.counts.cut += 1;
            account.name(self.line, "was longer than 1 MiB", text);
        }
    }

    /// Makes events of a line; says whether it was understood.
    fn event(&mut self, text: &str, account: &mut Account) -> bool {
        let (made, counts) = (&mut self.made, &mut account.counts);
        let (parser, dates, guess, told, last_channel) = match &mut self.reader {
            Reader::Lines {
                parser,
                dates,
                guess,
                told,
                channel,
            } => (parser, dates, guess, told, channel),
            Reader::Original { clock, began } => {
                let record = original::parse(text.as_bytes());
                let Some(record) = record.filter(|record| is_name(&record.name)) else {
                    return false;
                };
                let mut event = clock.event(record);
                event.at = began.plus(event.at.since(Stamp::from_micros(0)));
                made.exact(event, counts);
                return true;
            }
        };
        let Some(Parsed {
            time,
            channel,
            what,
        }) = parser(text)
        else {
            return false;
        };
        let named = match what {
            What::Said { nick, .. } | What::Did { nick, .. } | What::Left { nick, .. } => {
                [nick, ""]
            }
            What::Joined(nick) => [nick, ""],
            What::Renamed { old, new, .. } => [old, new],
            _ => [""; 2],
        };
        if !named.into_iter().all(is_name) {
            return false;
        }
        let at = match dates.moment(&time) {
            Ok(at) => at,
            Err(NoSuchDay) => return false,
        };
        if dates.guessed {
            account.notes.extend(guess.take());
        }
        if dates.twelve_hours && !*told {
            *told = true;
            account.notes.push(TWELVE_HOURS.to_string());
        }
        counts.back += u64::from(at.is_some_and(|at| at.back));
        if let Some(channel) = channel
            && channel != last_channel
        {
            *last_channel = channel.to_string();
            made.notice(at, &format!("Channel: {channel}"), counts);
        }
        match what {
            What::Said { nick, text } => made.message(at, nick, text, counts),
            What::Did { nick, text } => made.message(at, nick, &format!("/me {text}"), counts),
            What::Joined(nick) => made.join(at, nick, counts),
            What::Left { nick, words } => {
                if let Some(words) = words {
                    made.notice(at, words, counts);
                }
                made.leave(at, nick, counts);
            }
            What::Renamed { old, new, words } => {
                made.notice(at, words, counts);
                made.leave(at, old, counts);
                made.join(at, new, counts);
            }
            What::Told(words) | What::Other(words) => made.notice(at, words, counts),
            What::Opened => made.open(at),
            What::Closed => made.close(at),
            What::Dated => (),
        }
        true
    }

    /// Nothing more comes.
    fn end(&mut self, account: &Account) -> io::Result<()> {
        self.made.end();
        let counts = &account.counts;
        if counts.lines == counts.not_understood {
            let error = NotOfThisKind(self.kind);
            return Err(io::Error::new(io::ErrorKind::InvalidData, error));
        }
        Ok(())
    }
}

fn is_name(name: &str) -> bool {
    name.len() <= MAX_NAME
}

/// A line as text; says whether it was UTF-8, or had to be taken for what was used before.
fn decoded(line: &[u8]) -> (Cow<'_, str>, bool) {
    match std::str::from_utf8(line) {
        Ok(text) => (Cow::Borrowed(text), true),
        Err(_) => {
            let text = encoding_rs::WINDOWS_1252
                .decode_without_bom_handling(line)
                .0;
            (text, false)
        }
    }
}

/// The date in a file's name: `2026-11-23`, `20261123` or with another character between.
fn date_in(name: &str) -> Option<NaiveDate> {
    let bytes = name.as_bytes();
    let number = |from: usize, count: usize| {
        let digits = bytes.get(from..from + count)?;
        digits.iter().try_fold(0, |sum, b| {
            b.is_ascii_digit().then(|| sum * 10 + u32::from(b - b'0'))
        })
    };
    let is_digit = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_digit);
    (0..bytes.len()).find_map(|at| {
        if at > 0 && is_digit(at - 1) {
            return None;
        }
        let year = number(at, 4)?;
        let gap = usize::from(!is_digit(at + 4));
        let (month, day) = (number(at + 4 + gap, 2)?, number(at + 6 + 2 * gap, 2)?);
        if is_digit(at + 8 + 2 * gap) || !(1970..=2200).contains(&year) {
            return None;
        }
        NaiveDate::from_ymd_opt(year as i32, month, day)
    })
}

#[cfg(test)]
mod tests;
