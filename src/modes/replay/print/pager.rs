//! Lines for people without a terminal to play on: with the time of day, with colours for a pager, or both.

use super::plain::PlainRenderer;
use super::renderer::{CheckedLine, Renderer};
use crate::line::parse_line;
use crate::modes::replay::painter::Painter;
use crate::modes::replay::read::defects::Defect;
use crate::modes::replay::wording::date_and_clock_or_elapsed;

/// Renders lines with times, colours or both.
pub(super) struct PagerRenderer {
    /// The painter for colours; `None` for plain lines.
    pub painter: Option<Painter>,
    /// True if day and time of day precede each event.
    pub times: bool,
}

impl Renderer for PagerRenderer {
    fn line(&mut self, line: &CheckedLine<'_>, out: &mut Vec<u8>) {
        if self.times {
            out.extend_from_slice(date_and_clock_or_elapsed(line.at).as_bytes());
            out.push(b' ');
        }
        match (self.painter, parse_line(line.bytes)) {
            (Some(painter), Ok(event)) => painter.event(&event, out),
            _ => PlainRenderer.line(line, out),
        }
    }

    fn defect(&mut self, offset: u64, bytes: &[u8], defect: Defect, out: &mut Vec<u8>) {
        match self.painter {
            Some(painter) => painter.defect(&defect.sentence(offset), out),
            None => PlainRenderer.defect(offset, bytes, defect, out),
        }
    }
}
