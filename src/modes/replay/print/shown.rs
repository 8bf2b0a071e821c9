//! Lines for people where there is no terminal to play on: with the time of day, with colours for a
//! pager, or both.

use super::{Line, Plain, Printer};
use crate::line::parse_line;
use crate::modes::replay::show::{Look, day_and_clock};
use crate::modes::replay::wrong::Wrong;

/// Prints lines as they were asked for.
pub struct Shown {
    /// With colours, if any.
    pub look: Option<Look>,
    /// Whether day and time of day stand before each event.
    pub times: bool,
}

impl Printer for Shown {
    fn line(&mut self, line: &Line<'_>, out: &mut Vec<u8>) {
        if self.times {
            out.extend_from_slice(day_and_clock(line.at).as_bytes());
            out.push(b' ');
        }
        match (self.look, parse_line(line.bytes)) {
            (Some(look), Ok(event)) => look.event(&event, out),
            _ => Plain.line(line, out),
        }
    }

    fn wrong(&mut self, offset: u64, bytes: &[u8], wrong: Wrong, out: &mut Vec<u8>) {
        match self.look {
            Some(look) => look.wrong(&wrong.sentence(offset), out),
            None => Plain.wrong(offset, bytes, wrong, out),
        }
    }
}
