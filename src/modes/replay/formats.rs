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
mod kinds;
mod late;
mod mirc;
mod origin;
mod original;
mod pieces;
mod report;
mod split;
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

pub use detect::{HEAD, detect, nearest};
pub use kinds::{NotOfThisKind, title};
pub use origin::Origin;
pub use report::ConversionReport;

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
        Ok(hand_out(&self.interpreter.made.out, &mut self.given, into))
    }
}

#[cfg(test)]
mod tests;
