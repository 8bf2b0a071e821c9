//! One event a line, as in the log without time and checksum: the form of the plain event stream.

use super::renderer::{CheckedLine, Renderer};
use crate::line;
use crate::modes::replay::read::defects::Defect;

/// Renders plain lines.
pub(super) struct PlainRenderer;

impl Renderer for PlainRenderer {
    fn line(&mut self, line: &CheckedLine<'_>, out: &mut Vec<u8>) {
        out.extend_from_slice(line.raw.shown());
        out.push(b'\n');
    }

    fn defect(&mut self, offset: u64, _bytes: &[u8], defect: Defect, out: &mut Vec<u8>) {
        plain_defect(defect, offset, out);
    }
}

/// Appends the sentence in place of a line that is not shown.
pub(crate) fn plain_defect(defect: Defect, offset: u64, out: &mut Vec<u8>) {
    out.extend_from_slice(b"* ");
    line::escape(&defect.sentence(offset), out);
    out.push(b'\n');
}
