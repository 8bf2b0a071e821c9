//! The interface of an output format.

use crate::event::{LogId, Stamp};
use crate::line::RawLine;
use crate::modes::replay::read::defects::Defect;

/// A good line of a log, as a renderer takes it.
pub(super) struct CheckedLine<'a> {
    /// The start of the line in the log, in bytes.
    pub offset: u64,
    /// The line as it is, without its `\n`.
    pub bytes: &'a [u8],
    /// The parts of the line.
    pub raw: RawLine<'a>,
    /// The time of the line.
    pub at: Stamp,
}

/// Turns the lines of a log into the text of one output format.
pub(super) trait Renderer {
    /// Appends the text before everything; `name` is the log's.
    fn begin(&mut self, _name: &str, _out: &mut Vec<u8>) {}
    /// Sets the id of the log, before its first line.
    fn set_log(&mut self, _log: LogId) {}
    /// Appends one event.
    fn line(&mut self, line: &CheckedLine<'_>, out: &mut Vec<u8>);
    /// Appends the text in place of a line that is not shown; `bytes` are that line.
    fn defect(&mut self, offset: u64, bytes: &[u8], defect: Defect, out: &mut Vec<u8>);
    /// Appends the text after everything.
    fn end(&mut self, _out: &mut Vec<u8>) {}
}
