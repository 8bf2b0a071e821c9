//! The form of the server's console: every message as the request that brought it, and joins and leaves.
//!
//! Invariant: nothing is invented. The log has a message's time, key and text, but not the program that sent
//! it, the address or the task. Other lines stay as they are in the log.

use super::plain::plain_defect;
use super::renderer::{CheckedLine, Renderer};
use crate::event::Stamp;
use crate::line::{Shape, text_of};
use crate::modes::replay::read::defects::Defect;

/// Renders the console's blocks.
#[derive(Default)]
pub(super) struct ConsoleRenderer {
    /// The second of the newest date, since many messages share one.
    second: Option<i64>,
    date: String,
}

impl Renderer for ConsoleRenderer {
    fn line(&mut self, line: &CheckedLine<'_>, out: &mut Vec<u8>) {
        match line.raw.shape {
            Shape::Message { text, key, .. } => {
                out.extend_from_slice(b"POST /messages HTTP/1.1\n");
                if let Some(key) = key {
                    out.extend_from_slice(b"Idempotency-Key: ");
                    out.extend_from_slice(key);
                    out.push(b'\n');
                }
                out.extend_from_slice(b"Content-Type: text/plain; charset=utf-8\nContent-Length: ");
                out.extend_from_slice(itoa::Buffer::new().format(text_of(text).len()).as_bytes());
                out.extend_from_slice(b"\nDate: ");
                out.extend_from_slice(self.date(line.at).as_bytes());
                out.extend_from_slice(b"\n\n");
                out.extend_from_slice(text);
                out.push(b'\n');
                out.extend_from_slice(line.raw.shown());
            }
            Shape::Join(name) => client(name, b") connected", out),
            Shape::Leave(name) => client(name, b") is offline", out),
            Shape::Opened { .. }
            | Shape::Closed
            | Shape::Notice(_)
            | Shape::Erased(_)
            | Shape::Other(_) => out.extend_from_slice(line.raw.shown()),
        }
        out.push(b'\n');
    }

    fn defect(&mut self, offset: u64, _bytes: &[u8], defect: Defect, out: &mut Vec<u8>) {
        plain_defect(defect, offset, out);
    }
}

impl ConsoleRenderer {
    fn date(&mut self, at: Stamp) -> &str {
        let second = at.micros().div_euclid(1_000_000);
        if self.second != Some(second) {
            self.second = Some(second);
            self.date = at.http();
        }
        &self.date
    }
}

fn client(name: &[u8], what: &[u8], out: &mut Vec<u8>) {
    out.extend_from_slice(b"Client (");
    out.extend_from_slice(name);
    out.extend_from_slice(what);
}
