//! The interface of a printed form.

use crate::event::{LogId, Stamp};
use crate::line::RawLine;
use crate::modes::replay::read::defects::Defect;

/// A good line of a log.
pub(crate) struct PrintedLine<'a> {
    /// The start of the line in the log.
    pub offset: u64,
    /// The line as it is, without its `\n`.
    pub bytes: &'a [u8],
    /// The parts of the line.
    pub look: RawLine<'a>,
    /// The time of the line.
    pub at: Stamp,
}

/// A form in which a log is printed.
pub(crate) trait Printer {
    /// Appends the text before everything; `name` is the log's.
    fn begin(&mut self, _name: &str, _out: &mut Vec<u8>) {}
    /// Takes the id of the log before its first line.
    fn of(&mut self, _log: LogId) {}
    /// Appends one event.
    fn line(&mut self, line: &PrintedLine<'_>, out: &mut Vec<u8>);
    /// Appends the text in place of a line that is not shown; `bytes` are that line.
    fn wrong(&mut self, offset: u64, bytes: &[u8], wrong: Defect, out: &mut Vec<u8>);
    /// Appends the text after everything.
    fn end(&mut self, _out: &mut Vec<u8>) {}
}
