//! The shape that every printed form has.

use crate::event::{LogId, Stamp};
use crate::line::RawLine;
use crate::modes::replay::read::defects::Defect;

/// One good line of a log.
pub struct PrintedLine<'a> {
    /// Where it starts.
    pub offset: u64,
    /// It, as it stands there, without its `\n`.
    pub bytes: &'a [u8],
    /// What it says.
    pub look: RawLine<'a>,
    /// When.
    pub at: Stamp,
}

/// A form in which a log is printed.
pub trait Printer {
    /// What stands before everything; `name` is the log's.
    fn begin(&mut self, _name: &str, _out: &mut Vec<u8>) {}
    /// Which log the lines are of: said before the first of them.
    fn of(&mut self, _log: LogId) {}
    /// One event.
    fn line(&mut self, line: &PrintedLine<'_>, out: &mut Vec<u8>);
    /// What stands in the place of a line that is not shown; `bytes` are what is there.
    fn wrong(&mut self, offset: u64, bytes: &[u8], wrong: Defect, out: &mut Vec<u8>);
    /// What stands behind everything.
    fn end(&mut self, _out: &mut Vec<u8>) {}
}
