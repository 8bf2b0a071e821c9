//! Joins and leaves between two messages: a few one by one, many in one line that opens.

use super::text::name;
use super::wall_clock::WallMinute;
use crate::line::STAMP;

/// Joins and leaves that are still listed one by one, at most.
const FEW: usize = 3;
/// Names in the line of many joins and leaves, at most.
const NAMED: usize = 6;
/// Joins and leaves in one line, and their bytes, at most.
const MOST: (usize, usize) = (500, 128 * 1024);

/// Joins and leaves that are not written yet.
#[derive(Debug, Default)]
pub(super) struct JoinsAndLeaves {
    lines: Vec<u8>,
    count: usize,
    /// The first names, as spelt in the lines.
    names: Vec<Vec<u8>>,
    more: bool,
}

impl JoinsAndLeaves {
    /// Returns whether none are waiting.
    pub(super) fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Adds one, and writes the previous ones if they are too many.
    pub(super) fn add(
        &mut self,
        who: &[u8],
        what: &str,
        moment: &WallMinute,
        stamp: &[u8; STAMP],
        out: &mut Vec<u8>,
    ) {
        if self.count >= MOST.0 || self.lines.len() >= MOST.1 {
            self.flush(out);
        }
        self.count += 1;
        if !self.names.iter().any(|known| known == who) {
            if self.names.len() < NAMED {
                self.names.push(who.to_vec())
            } else {
                self.more = true
            }
        }
        self.lines.extend_from_slice(b"<p class=\"e\">");
        name(who, &mut self.lines);
        self.lines.extend_from_slice(what.as_bytes());
        moment.write(stamp, &mut self.lines);
        self.lines.extend_from_slice(b"</p>\n");
    }

    /// Writes the waiting ones.
    pub(super) fn flush(&mut self, out: &mut Vec<u8>) {
        if self.count > FEW {
            let words = format!(
                "<details><summary>{} joins and leaves: ",
                itoa::Buffer::new().format(self.count)
            );
            out.extend_from_slice(words.as_bytes());
            for (n, who) in self.names.iter().enumerate() {
                out.extend_from_slice(match n {
                    0 => b"".as_slice(),
                    n if n + 1 == self.names.len() && !self.more => b" and ",
                    _ => b", ",
                });
                name(who, out);
            }
            if self.more {
                out.extend_from_slice(b" and others");
            }
            out.extend_from_slice(b"</summary>\n");
            out.extend_from_slice(&self.lines);
            out.extend_from_slice(b"</details>\n");
        } else {
            out.extend_from_slice(&self.lines);
        }
        self.lines.clear();
        self.count = 0;
        self.names.clear();
        self.more = false;
    }
}
