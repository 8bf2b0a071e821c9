//! One event a line, as the log has it but for time and checksum: what a listener who asks for
//! plain lines is sent.

use super::{Line, Printer};
use crate::line;
use crate::modes::replay::wrong::Wrong;

/// Prints plain lines.
pub struct Plain;

impl Printer for Plain {
    fn line(&mut self, line: &Line<'_>, out: &mut Vec<u8>) {
        out.extend_from_slice(line.look.shown());
        out.push(b'\n');
    }

    fn wrong(&mut self, offset: u64, _bytes: &[u8], wrong: Wrong, out: &mut Vec<u8>) {
        plain_wrong(wrong, offset, out);
    }
}

/// Appends the line that stands in the place of one that is not shown.
pub fn plain_wrong(wrong: Wrong, offset: u64, out: &mut Vec<u8>) {
    out.extend_from_slice(b"* ");
    line::escape(&wrong.sentence(offset), false, out);
    out.push(b'\n');
}
