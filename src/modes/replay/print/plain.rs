//! One event a line, as in the log without time and checksum: the form of the plain event stream.

use super::form::{PrintedLine, Printer};
use crate::line;
use crate::modes::replay::read::defects::Defect;

/// Prints plain lines.
pub(crate) struct PlainPrinter;

impl Printer for PlainPrinter {
    fn line(&mut self, line: &PrintedLine<'_>, out: &mut Vec<u8>) {
        out.extend_from_slice(line.look.shown());
        out.push(b'\n');
    }

    fn wrong(&mut self, offset: u64, _bytes: &[u8], wrong: Defect, out: &mut Vec<u8>) {
        plain_wrong(wrong, offset, out);
    }
}

/// Appends the sentence in place of a line that is not shown.
pub(crate) fn plain_wrong(wrong: Defect, offset: u64, out: &mut Vec<u8>) {
    out.extend_from_slice(b"* ");
    line::escape(&wrong.sentence(offset), false, out);
    out.push(b'\n');
}
