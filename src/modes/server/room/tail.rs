//! The newest lines of the journal in memory, encoded for listeners at most once in each encoding.

use std::collections::VecDeque;
use std::sync::{Arc, OnceLock};

use crate::event::LogId;
use crate::journal::LogRange;
use crate::sse::Encoding;

/// The number of bytes of lines that are kept in memory.
const TAIL: usize = 4 << 20;

/// Whole lines of the journal, ready for listeners.
#[derive(Debug)]
pub struct Batch {
    log: LogId,
    range: LogRange,
    encoded: [OnceLock<Box<Encoded>>; Encoding::COUNT],
}

/// A batch in one encoding.
#[derive(Debug)]
pub struct Encoded {
    /// The bytes that a listener is sent.
    pub bytes: Vec<u8>,
    /// The start of each line in the journal and in `bytes`.
    starts: Vec<(u64, usize)>,
}

/// The position of a listener.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cursor {
    /// The offset in the journal of the line that it reads next.
    pub offset: u64,
    /// The number of bytes of that line's encoded form that it has been sent already.
    pub sent: usize,
}

impl Cursor {
    /// At the start of the line at `offset`.
    pub fn at(offset: u64) -> Cursor {
        Cursor { offset, sent: 0 }
    }
}

impl Batch {
    /// The lines of `range`, from memory or from the file: listeners get the same bytes.
    pub fn new(log: LogId, range: LogRange) -> Batch {
        Batch {
            log,
            range,
            encoded: Default::default(),
        }
    }

    /// The offset of the line after the last one.
    pub fn end(&self) -> u64 {
        self.range.next
    }

    /// The lines as they are sent; encoded by the first who asks.
    pub fn encoded(&self, encoding: Encoding) -> &Encoded {
        self.encoded[encoding.index()].get_or_init(|| {
            let mut bytes = Vec::with_capacity(self.range.bytes.len() * 5 / 2);
            let mut starts = Vec::new();
            for (offset, line) in self.range.lines() {
                starts.push((offset, bytes.len()));
                encoding.encode_line(self.log, offset, line, &mut bytes);
            }
            Box::new(Encoded { bytes, starts })
        })
    }

    /// The position in `encoding` at which a listener at `cursor`, which is in this batch, continues.
    pub fn position(&self, encoding: Encoding, cursor: Cursor) -> usize {
        let encoded = self.encoded(encoding);
        let line = encoded
            .starts
            .partition_point(|(offset, _)| *offset < cursor.offset);
        let start = encoded
            .starts
            .get(line)
            .map_or(encoded.bytes.len(), |(_, at)| *at);
        (start + cursor.sent).min(encoded.bytes.len())
    }

    /// The cursor of a listener that was sent everything before `position` in `encoding`.
    pub fn cursor(&self, encoding: Encoding, position: usize) -> Cursor {
        let encoded = self.encoded(encoding);
        if position >= encoded.bytes.len() {
            return Cursor::at(self.end());
        }
        let line = encoded.starts.partition_point(|(_, at)| *at <= position);
        // infallible: the first line starts at 0, and the position is not before it.
        let (offset, at) = encoded.starts[line.max(1) - 1];
        Cursor {
            offset,
            sent: position - at,
        }
    }
}

/// The newest batches.
#[derive(Debug, Default)]
pub struct Tail {
    batches: VecDeque<Arc<Batch>>,
    bytes: usize,
}

impl Tail {
    /// Adds the batch that follows the newest one.
    pub fn push(&mut self, batch: Arc<Batch>) {
        self.bytes += batch.range.bytes.len();
        self.batches.push_back(batch);
        while self.bytes > TAIL && self.batches.len() > 1 {
            if let Some(old) = self.batches.pop_front() {
                self.bytes -= old.range.bytes.len();
            }
        }
    }

    /// Up to `count` batches, the first of which holds the line at `offset`; none if that line is
    /// older than everything here, and then it is in the file.
    pub fn from(&self, offset: u64, count: usize) -> Vec<Arc<Batch>> {
        self.after(offset).take(count).cloned().collect()
    }

    /// The batches from the one that holds the line at `offset` to the one that ends at `to`, but
    /// no further once they have `bytes` of the journal; none if that line is older than
    /// everything here.
    pub fn range(&self, offset: u64, to: u64, bytes: usize) -> Vec<Arc<Batch>> {
        let mut left = bytes;
        let wanted = self.after(offset).take_while(|batch| {
            let more = left > 0 && batch.end() <= to;
            left = left.saturating_sub(batch.range.bytes.len());
            more
        });
        wanted.cloned().collect()
    }

    fn after(&self, offset: u64) -> impl Iterator<Item = &Arc<Batch>> {
        let first = self.batches.partition_point(|batch| batch.end() <= offset);
        let held = |batch: &Arc<Batch>| batch.range.offset <= offset;
        let first = match self.batches.get(first) {
            Some(batch) if held(batch) => first,
            _ => self.batches.len(),
        };
        self.batches.range(first..)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{Body, Event, Stamp};
    use crate::line;
    use crate::sse::Form;

    fn batch(offset: u64, texts: &[&str]) -> Arc<Batch> {
        let mut bytes = Vec::new();
        for text in texts {
            let body = Body::notice(*text);
            line::to_line(
                &Event {
                    at: Stamp::from_micros(0),
                    body,
                },
                &mut bytes,
            );
        }
        let next = offset + bytes.len() as u64;
        Arc::new(Batch::new(
            LogId(1),
            LogRange {
                offset,
                bytes,
                next,
            },
        ))
    }

    #[test]
    fn a_cursor_survives_any_portion() {
        let batch = batch(100, &["one", "two", "three"]);
        let forms = [Form::Sse, Form::Ndjson, Form::Plain];
        for encoding in forms
            .map(|form| [0, 1].map(|minor| Encoding::to(form, minor)))
            .concat()
        {
            let bytes = &batch.encoded(encoding).bytes;
            for position in 0..=bytes.len() {
                let cursor = batch.cursor(encoding, position);
                if position < bytes.len() {
                    assert_eq!(batch.position(encoding, cursor), position);
                } else {
                    assert_eq!(
                        cursor,
                        Cursor {
                            offset: batch.end(),
                            sent: 0
                        }
                    );
                }
            }
        }
    }

    #[test]
    fn the_tail_knows_what_it_no_longer_has() {
        let mut tail = Tail::default();
        let text = "x".repeat(60_000);
        let mut offset = 1000;
        let mut starts = Vec::new();
        for _ in 0..100 {
            starts.push(offset);
            let next = batch(offset, &[&text]);
            offset = next.end();
            tail.push(next);
        }
        assert!(tail.from(starts[0], 9).is_empty());
        assert!(tail.from(0, 9).is_empty());
        assert_eq!(tail.from(starts[98], 9).len(), 2);
        assert_eq!(tail.from(starts[90], 3).len(), 3);
        assert!(tail.from(offset, 9).is_empty());
        assert!(tail.bytes <= TAIL);
    }
}
