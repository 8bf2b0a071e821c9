//! Lines for people without a terminal to play on: with the time of day, with colours for a pager, or both.

use super::form::{PrintedLine, Printer};
use super::plain::PlainPrinter;
use crate::line::parse_line;
use crate::modes::replay::painter::Painter;
use crate::modes::replay::read::defects::Defect;
use crate::modes::replay::wording::day_and_clock;

/// Prints lines with times, colours or both.
pub(super) struct PagerPrinter {
    /// The painter for colours; `None` for plain lines.
    pub painter: Option<Painter>,
    /// True if day and time of day precede each event.
    pub times: bool,
}

impl Printer for PagerPrinter {
    fn line(&mut self, line: &PrintedLine<'_>, out: &mut Vec<u8>) {
        if self.times {
            out.extend_from_slice(day_and_clock(line.at).as_bytes());
            out.push(b' ');
        }
        match (self.painter, parse_line(line.bytes)) {
            (Some(painter), Ok(event)) => painter.event(&event, out),
            _ => PlainPrinter.line(line, out),
        }
    }

    fn wrong(&mut self, offset: u64, bytes: &[u8], wrong: Defect, out: &mut Vec<u8>) {
        match self.painter {
            Some(painter) => painter.wrong(&wrong.sentence(offset), out),
            None => PlainPrinter.wrong(offset, bytes, wrong, out),
        }
    }
}
