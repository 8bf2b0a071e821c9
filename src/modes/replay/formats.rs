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
mod interpret;
mod irssi;
mod late;
mod mirc;
mod original;
mod pieces;
mod report;
mod split;
mod weechat;
mod znc;

use std::borrow::Cow;
use std::fmt;
use std::io::{self, BufRead, Read};
use std::path::PathBuf;
use std::sync::Arc;

use crate::cli::FileFormat;
use crate::event::Stamp;
use assemble::Assembler;
use interpret::{FormatState, Interpreter};
use pieces::ParsedLine;
use split::Splitter;

pub use detect::{HEAD, detect, nearest};
pub use report::ConversionReport;

/// What is known of a file besides its bytes.
#[derive(Clone, Debug, Default)]
pub struct Origin {
    /// Where it is; nothing of a pipe.
    pub path: Option<PathBuf>,
    /// When it was last written to.
    pub modified: Option<Stamp>,
    /// It is compressed by gzip.
    pub is_packed: bool,
}

/// What reads a line.
type Parser = for<'a> fn(&'a str) -> Option<ParsedLine<'a>>;

/// The parser of a form, if each of its lines has one.
fn parser(kind: FileFormat) -> Option<Parser> {
    match kind {
        FileFormat::Irssi => Some(irssi::parse),
        FileFormat::Weechat => Some(weechat::parse),
        FileFormat::Hexchat => Some(hexchat::parse),
        FileFormat::Znc => Some(znc::parse),
        FileFormat::Mirc => Some(mirc::parse),
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
        FileFormat::Znc => "a day of ZNC's or soju's log",
        FileFormat::Mirc => "mIRC's log",
        FileFormat::Day => "a channel's day",
        FileFormat::Channel => "a channel's log",
    }
}

/// What `--format` calls a kind.
fn value(kind: FileFormat) -> String {
    let value = clap::ValueEnum::to_possible_value(&kind);
    value.map_or(String::new(), |value| value.get_name().to_string())
}

/// Nothing of a log is of the kind that it was taken for.
#[derive(Debug)]
pub struct NotOfThisKind(FileFormat);

impl NotOfThisKind {
    /// The sentence for the log called `name`.
    pub fn sentence(&self, name: &str) -> String {
        format!(
            "{name} has no line that is of {} (--format {}), so there is nothing to show. Leave \
             --format out to have the kind found out, or name another one.",
            title(self.0),
            value(self.0)
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
    interpreter: Interpreter,
    /// How much of what is made was given.
    given: usize,
    ended: bool,
    report: Arc<ConversionReport>,
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
        let report = Arc::new(ConversionReport::default());
        let (reader, note) = match parser(kind) {
            Some(parser) => (FormatState::lines(parser, kind, origin), None),
            None => FormatState::original(origin)?,
        };
        report.change(|entries| entries.notes.extend(note));
        let mut random = [0; 8];
        getrandom::fill(&mut random).map_err(|error| io::Error::other(error.to_string()))?;
        let random = random.iter().map(|byte| format!("{byte:02x}")).collect();
        Ok(Converter {
            input,
            splitter: Splitter::new(separator(kind)),
            interpreter: Interpreter::new(kind, reader, Assembler::new(random)),
            given: 0,
            ended: false,
            report,
        })
    }

    /// The account of it, which goes on while it is read.
    pub fn report(&self) -> Arc<ConversionReport> {
        Arc::clone(&self.report)
    }

    /// Makes lines of what comes next.
    fn fill(&mut self) -> io::Result<()> {
        let Converter {
            input,
            splitter,
            interpreter,
            ended,
            report,
            ..
        } = self;
        interpreter.made.out.clear();
        self.given = 0;
        while interpreter.made.out.is_empty() && !*ended {
            let chunk = match input.fill_buf() {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                chunk => chunk?,
            };
            let count = chunk.len();
            report.change(|entries| {
                let mut take = |line: &[u8], cut| interpreter.take(line, cut, entries);
                match count {
                    0 => {
                        splitter.end(&mut take);
                        interpreter.end(entries)
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
        if self.given == self.interpreter.made.out.len() {
            self.fill()?;
        }
        let rest = &self.interpreter.made.out[self.given..];
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

#[cfg(test)]
mod tests;
