//! One JSON object a line: what a listener of the room is sent as `application/x-ndjson`, so that
//! what reads a room's events reads this.
//!
//! What always holds: the bytes of a good line are those of the wire ([`sse`]), ids and all.

use super::form::{PrintedLine, Printer};
use crate::event::{Id, LogId};
use crate::line::check_of;
use crate::modes::replay::read::defects::Defect;
use crate::sse::{self, Form};
use crate::wire::Wire;

/// Prints objects.
pub struct JsonPrinter {
    log: LogId,
}

impl Default for JsonPrinter {
    fn default() -> JsonPrinter {
        JsonPrinter { log: LogId(0) }
    }
}

impl Printer for JsonPrinter {
    fn of(&mut self, log: LogId) {
        self.log = log;
    }

    fn line(&mut self, line: &PrintedLine<'_>, out: &mut Vec<u8>) {
        let (form, log) = (Form::Ndjson, self.log);
        sse::encode_raw(form, log, line.offset, line.bytes, &line.look, out);
    }

    fn wrong(&mut self, offset: u64, bytes: &[u8], wrong: Defect, out: &mut Vec<u8>) {
        let id = Id {
            log: self.log,
            offset,
            check: check_of(bytes),
        };
        let message = wrong.sentence(offset);
        sse::encode(Form::Ndjson, &Wire::Damaged { id, message }, out);
    }
}
