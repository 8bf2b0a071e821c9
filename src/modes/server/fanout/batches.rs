//! Neighbouring batches, as one write takes them, to one listener or to many.

use std::cell::OnceCell;
use std::io::IoSlice;
use std::sync::Arc;

use crate::sse::Encoding;

use crate::modes::server::room::tail::Batch;
use crate::modes::server::room::tail::Cursor;

/// Batches that follow one another in the journal; at least one.
///
/// Their bytes in an [`Encoding`] are those of each, one after the other. A *position* is a place in
/// these bytes.
#[derive(Debug)]
pub(super) struct Batches {
    batches: Vec<Arc<Batch>>,
    joined: [OnceCell<Vec<u8>>; Encoding::COUNT],
}

impl Batches {
    /// These batches; `None` if there are none.
    pub(super) fn new(batches: Vec<Arc<Batch>>) -> Option<Batches> {
        (!batches.is_empty()).then(|| Batches {
            batches,
            joined: Default::default(),
        })
    }

    /// The offset in the journal of the line after the last one.
    pub(super) fn end(&self) -> u64 {
        self.batches.last().map_or(0, |batch| batch.end())
    }

    /// All the bytes in one piece: joined by the first caller, for all listeners that are sent the same.
    pub(super) fn joined(&self, encoding: Encoding) -> &[u8] {
        if let [batch] = &self.batches[..] {
            return &batch.encoded(encoding).bytes;
        }
        self.joined[encoding.index()].get_or_init(|| {
            let pieces = self.batches.iter().map(|b| &b.encoded(encoding).bytes[..]);
            pieces.collect::<Vec<_>>().concat()
        })
    }

    /// The bytes from `position` on, as they lie in memory.
    pub(super) fn slices(&self, encoding: Encoding, position: usize) -> Vec<IoSlice<'_>> {
        let mut skip = position;
        let mut slices = Vec::with_capacity(self.batches.len());
        for batch in &self.batches {
            let bytes = &batch.encoded(encoding).bytes;
            let from = skip.min(bytes.len());
            skip -= from;
            slices.push(IoSlice::new(&bytes[from..]));
        }
        slices
    }

    /// The position of `cursor`, which is in these batches or at their end.
    pub(super) fn position(&self, encoding: Encoding, cursor: Cursor) -> usize {
        let mut before = 0;
        for batch in &self.batches {
            if cursor.offset < batch.end() {
                return before + batch.position(encoding, cursor);
            }
            before += batch.encoded(encoding).bytes.len();
        }
        before
    }

    /// The cursor of a listener that was sent everything before `position`.
    pub(super) fn cursor(&self, encoding: Encoding, position: usize) -> Cursor {
        let mut left = position;
        for batch in &self.batches {
            let length = batch.encoded(encoding).bytes.len();
            if left < length {
                return batch.cursor(encoding, left);
            }
            left -= length;
        }
        Cursor::at(self.end())
    }
}
