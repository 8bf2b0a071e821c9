//! One event a line, as the log has it but for time and checksum: what a listener who asks for
//! plain lines is sent.

use super::form::{PrintedLine, Printer};
use crate::line;
use crate::modes::replay::read::defects::Defect;

/// Prints plain lines.
pub struct PlainPrinter;

impl Printer for PlainPrinter {
    fn line(&mut self, line: &PrintedLine<'_>, out: &mut Vec<u8>) {
        out.extend_from_slice(line.look.shown());
        out.push(b'\n');
    }

    fn wrong(&mut self, offset: u64, _bytes: &[u8], wrong: Defect, out: &mut Vec<u8>) {
        plain_wrong(wrong, offset, out);
    }
}

/// Appends the line that stands in the place of one that is not shown.
pub fn plain_wrong(wrong: Defect, offset: u64, out: &mut Vec<u8>) {
    out.extend_from_slice(b"* ");
    line::escape(&wrong.sentence(offset), false, out);
    out.push(b'\n');
}
