//! One JSON object a line, as the room sends it as `application/x-ndjson`, so that programs for a room's
//! events can read it.
//!
//! Invariant: the bytes of a good line are those on the wire ([`sse`]), including ids.

use super::renderer::{CheckedLine, Renderer};
use crate::event::{Id, LogId};
use crate::line::check_of;
use crate::modes::replay::read::defects::Defect;
use crate::sse::{self, Form};
use crate::wire::Wire;

/// Renders JSON objects.
pub(super) struct JsonRenderer {
    log: LogId,
}

impl Default for JsonRenderer {
    fn default() -> JsonRenderer {
        JsonRenderer { log: LogId(0) }
    }
}

impl Renderer for JsonRenderer {
    fn set_log(&mut self, log: LogId) {
        self.log = log;
    }

    fn line(&mut self, line: &CheckedLine<'_>, out: &mut Vec<u8>) {
        let (form, log) = (Form::Ndjson, self.log);
        sse::encode_raw(form, log, line.offset, line.bytes, &line.raw, out);
    }

    fn defect(&mut self, offset: u64, bytes: &[u8], defect: Defect, out: &mut Vec<u8>) {
        let id = Id {
            log: self.log,
            offset,
            check: check_of(bytes),
        };
        let message = defect.sentence(offset);
        sse::encode(Form::Ndjson, &Wire::Damaged { id, message }, out);
    }
}
