//! Logs of other programs, read as a room's.
//!
//! Each kind has a parser for one line ([`kinds`] lists them); its results get times ([`dates`]) and become
//! lines of a room's log ([`assemble`]). All kinds have these rules:
//!
//! - Names and texts stay as they are, byte for byte if they are UTF-8; other lines are decoded as
//!   Windows-1252. An action becomes `/me ...`; a message without text stays one.
//! - Arrivals become joins; departures and kicks become leaves, with the reason in a notice before. A change
//!   of name is a leave and a join. Addresses are left out; topics, modes and the like are notices.
//! - A line in no form of its program is left out, counted and reported ([`report`]).
//! - The log is read once, front to back, in constant memory; the original program's is read once more
//!   before, because its times count back from its end.

mod assemble;
mod channel;
mod dates;
mod day;
mod detect;
mod hexchat;
mod interpret;
mod irssi;
mod kinds;
mod late;
mod mirc;
mod origin;
mod original;
mod report;
mod split;
mod syntax;
mod weechat;
mod znc;

use std::io::{self, BufRead, Read};
use std::sync::Arc;

use crate::cli::FileFormat;
use crate::modes::replay::portions::hand_out;
use assemble::Assembler;
use interpret::{FormatState, Interpreter};
use kinds::{parser, separator};
use split::Splitter;

pub(super) use detect::{HEAD, detect, nearest};
pub(super) use kinds::{NotOfThisKind, title};
pub(super) use origin::Origin;
pub(super) use report::ConversionReport;

/// A reader that converts another program's log to a room's.
pub(super) struct Converter {
    input: Box<dyn BufRead + Send>,
    splitter: Splitter,
    interpreter: Interpreter,
    /// Bytes of the output that were handed out.
    given: usize,
    ended: bool,
    report: Arc<ConversionReport>,
}

impl Converter {
    /// Creates a converter of `input`, which is of that kind. A file of the original program is read once for
    /// the length of its conversation.
    ///
    /// # Errors
    /// The system has no random numbers, or the file cannot be read.
    pub(super) fn new(
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
        Ok(Converter {
            input,
            splitter: Splitter::new(separator(kind)),
            interpreter: Interpreter::new(kind, reader, Assembler::new(random)),
            given: 0,
            ended: false,
            report,
        })
    }

    /// The report, which grows while the log is read.
    pub(super) fn report(&self) -> Arc<ConversionReport> {
        Arc::clone(&self.report)
    }

    /// Converts the next input to lines.
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
        Ok(hand_out(&self.interpreter.made.out, &mut self.given, into))
    }
}

#[cfg(test)]
mod tests;
