//! One JSON object a line, as the room sends it as `application/x-ndjson`, so that programs for a room's
//! events can read it.
//!
//! Invariant: the bytes of a good line are those on the wire ([`sse`]), including ids.

use super::form::{PrintedLine, Printer};
use crate::event::{Id, LogId};
use crate::line::check_of;
use crate::modes::replay::read::defects::Defect;
use crate::sse::{self, Form};
use crate::wire::Wire;

/// Prints JSON objects.
pub(crate) struct JsonPrinter {
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
