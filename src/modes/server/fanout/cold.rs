//! Reading the journal's file for requests and listeners: on the blocking pool, and only a few at
//! once, so that neither the tasks nor the committer's disk are kept from those who are up to date.
//!
//! What always holds: a reader that wants a little never waits for the end of what is long. What is
//! long is read piece by piece, with a [permit](super::permits) for each, and its permits are not
//! those of what is short; once nobody wants it any more it is not read to its end. The permits are
//! those of one server.

use std::io;
use std::net::IpAddr;
use std::ops::Range;
use std::sync::Arc;
use std::time::{Duration, Instant};

use async_io::Timer;
use async_std::task;

use crate::journal::Reader;
use crate::sse::Encoding;

use super::SharedPeer;
use super::peer::SendOutcome;
use super::permits::Permits;
use crate::modes::server::room::tail::{Batch, Cursor};

/// The most bytes of the journal that are read and encoded at once.
const PIECE: usize = 64 * 1024;
/// The most bytes of the file that a listener is sent before it is somebody else's turn.
const TURN: u64 = 1 << 20;
/// The longest wait in a turn for a listener that was taking until now.
const WAIT: Duration = Duration::from_millis(1);
/// The most such waits in one turn.
const WAITS: usize = 16;

/// Reads the journal's file for one server.
#[derive(Debug)]
pub struct ColdReader {
    /// Short readings: a listener's start, a page, an event.
    pub lookups: Lane,
    /// Pieces of what is long: a poll, the log itself.
    pub pieces: Lane,
    /// Searches, each of which may read a lot.
    pub searches: Lane,
    /// Listeners so little behind that one piece is all of it.
    nearly: Lane,
    /// Listeners further behind. However many wait for a turn, they have no more cores than the
    /// writers.
    behind: Lane,
}

/// One kind of reading, with permits of its own.
#[derive(Debug)]
pub struct Lane {
    reader: Reader,
    permits: Permits,
}

/// The outcome of a listener's turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum CatchUp {
    /// The listener is at this cursor, and may have another turn.
    Advanced(Cursor),
    /// The listener is at this cursor, and its peer takes no more for now.
    Full(Cursor),
    /// The listener went away, or the network did.
    Gone,
}

impl ColdReader {
    /// A cold reader that reads with `reader`, for a server whose fan-out has `writers` threads.
    pub fn new(reader: Reader, writers: usize) -> ColdReader {
        let lane = |permits| Lane {
            reader: reader.clone(),
            permits: Permits::new(permits),
        };
        ColdReader {
            lookups: lane(4),
            pieces: lane(2),
            searches: lane(2),
            nearly: lane(writers.max(1)),
            behind: lane(writers.max(1)),
        }
    }

    /// Up to about `max` bytes of lines in a range of offsets, encoded, for a client at `who`.
    ///
    /// # Errors
    /// The journal cannot be read.
    pub async fn lines(
        &self,
        who: IpAddr,
        encoding: Encoding,
        range: Range<u64>,
        max: usize,
    ) -> io::Result<Arc<Batch>> {
        let read = move |reader: &Reader| {
            let batch = Batch::new(reader.log(), reader.read(range.start, range.end, max)?);
            // Here and not where it is written: the tasks of those who are up to date run there.
            batch.encoded(encoding);
            Ok(Arc::new(batch))
        };
        self.pieces.read(who, read).await
    }

    /// Sends a listener what is in the file from `cursor` up to `end`, for a turn: while it takes
    /// it, piece after piece leaves without a change of tasks. A peer that stays full ends the turn,
    /// and with it the buffer.
    ///
    /// After a whole turn the listener rests for as long as that took. Otherwise a few that catch up
    /// have all the processors, and new messages wait, since the
    /// committer's disk gets no processor.
    ///
    /// # Errors
    /// The journal cannot be read.
    pub(super) async fn catch_up(
        &self,
        shared: &Arc<SharedPeer>,
        cursor: Cursor,
        end: u64,
    ) -> io::Result<CatchUp> {
        let shared = Arc::clone(shared);
        let lane = if end.saturating_sub(cursor.offset) <= PIECE as u64 {
            &self.nearly
        } else {
            &self.behind
        };
        let permit = lane.permits.get(shared.from).await;
        let reader = lane.reader.clone();
        let sending = task::spawn_blocking(move || {
            let _permit = permit;
            let start = Instant::now();
            (send(&reader, &shared, cursor, end), start.elapsed())
        });
        let (progress, took) = sending.await;
        if matches!(progress, Ok(CatchUp::Advanced(cursor)) if cursor.offset < end) {
            Timer::after(took).await;
        }
        progress
    }
}

impl Lane {
    /// Reads once there is a permit, on behalf of a client at `who`. If it is dropped, the reading
    /// ends; until it has, it keeps its permit.
    ///
    /// # Errors
    /// Those of `read`.
    pub async fn read<T: Send + 'static, E: Send + 'static>(
        &self,
        who: IpAddr,
        read: impl FnOnce(&Reader) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E> {
        let permit = self.permits.get(who).await;
        let (reader, waiting) = self.reader.while_waiting();
        let outcome = task::spawn_blocking(move || {
            let _permit = permit;
            read(&reader)
        });
        let outcome = outcome.await;
        drop(waiting);
        outcome
    }
}

fn send(reader: &Reader, shared: &SharedPeer, mut cursor: Cursor, end: u64) -> io::Result<CatchUp> {
    let stop = end.min(cursor.offset + TURN);
    let mut waits = WAITS;
    while cursor.offset < stop {
        let batch = Batch::new(reader.log(), reader.read(cursor.offset, end, PIECE)?);
        let mut position = batch.position(shared.encoding, cursor);
        loop {
            let bytes = &batch.encoded(shared.encoding).bytes;
            match shared.peer.send(&bytes[position..]) {
                SendOutcome::All => break,
                SendOutcome::Full(0) => {
                    return Ok(CatchUp::Full(batch.cursor(shared.encoding, position)));
                }
                SendOutcome::Full(sent) => position += sent,
                SendOutcome::Gone => return Ok(CatchUp::Gone),
            }
            // A peer that takes a little now and then would have the permit for as long as it likes.
            waits = waits.saturating_sub(1);
            if waits == 0 || !shared.peer.is_writable_within(WAIT) {
                return Ok(CatchUp::Full(batch.cursor(shared.encoding, position)));
            }
        }
        cursor = Cursor::at(batch.end());
    }
    Ok(CatchUp::Advanced(cursor))
}

#[cfg(test)]
mod tests;
