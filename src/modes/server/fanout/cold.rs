//! Reading the journal's file for requests: on the blocking pool, and only a few at once, so that
//! neither the tasks nor the committer's disk are kept from those who are up to date.
//!
//! What always holds: who wants a little never waits for the end of what is long. What is long is
//! read piece by piece, with a place in a [`permits`](super::permits) for each, and in other queues than
//! what is short; whose asker has gone away is not read to its end.

use std::io;
use std::net::IpAddr;
use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant};

use async_io::Timer;
use async_std::task;
use rustix::event::{PollFd, PollFlags, Timespec, poll};

use crate::journal::Reader;
use crate::sse::Encoding;

use super::permits::Permits;
use crate::modes::server::fanout::Seat;
use crate::modes::server::fanout::SendOutcome;
use crate::modes::server::machine;
use crate::modes::server::room::Room;
use crate::modes::server::room::tail::Batch;
use crate::modes::server::room::tail::Cursor;

/// How much is read and encoded at once.
const PIECE: usize = 64 * 1024;
/// How much of the file a listener is sent before it is somebody else's turn.
const TURN: u64 = 1 << 20;
/// How long a turn waits for a listener that was taking until now.
const WAIT: Duration = Duration::from_millis(1);

/// Times that a turn waits for that.
const WAITS: usize = 16;

/// Who looks something up.
static LOOKUPS: LazyLock<Permits> = LazyLock::new(|| Permits::new(4));
/// Who takes the log away piece by piece.
static PIECES: LazyLock<Permits> = LazyLock::new(|| Permits::new(2));
/// Who is so little behind that one piece is all of it.
static NEARLY: LazyLock<Permits> = LazyLock::new(|| Permits::new(machine::writers()));
/// Who is further behind. However many wait for a turn, they have no more cores than the writers.
static BEHIND: LazyLock<Permits> = LazyLock::new(|| Permits::new(machine::writers()));
/// Who searches long stretches.
static SEARCHES: LazyLock<Permits> = LazyLock::new(|| Permits::new(2));

/// Up to about `max` bytes of lines from `offset` on, encoded, for somebody at `who`.
///
/// # Errors
/// The journal cannot be read.
pub async fn lines(
    room: &Room,
    who: IpAddr,
    encoding: Encoding,
    (offset, end): (u64, u64),
    max: usize,
) -> io::Result<Arc<Batch>> {
    piece(room, who, move |reader| {
        let batch = Batch::new(reader.log(), reader.read(offset, end, max)?);
        // Here and not where it is written: the tasks of those who are up to date run there.
        batch.encoded(encoding);
        Ok(Arc::new(batch))
    })
    .await
}

/// How a listener's turn ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// It is at this cursor, and may have another.
    Advanced(Cursor),
    /// Its socket is full; it is at this cursor.
    Full(Cursor),
    /// The listener went away, or the network did.
    Gone,
}

/// Sends a listener what is in the file from `cursor` up to `end`, for a turn: while it takes it,
/// piece after piece leaves without a change of tasks. A socket that stays full ends the turn, and
/// with it the buffer.
///
/// After a full turn the listener rests for as long as that took. Otherwise a few who catch up have
/// all the processors, and those who are up to date wait for the disk that has none.
///
/// # Errors
/// The journal cannot be read.
pub async fn turn(room: &Room, seat: &Arc<Seat>, cursor: Cursor, end: u64) -> io::Result<Progress> {
    let (reader, seat) = (room.reader.clone(), Arc::clone(seat));
    let queue = match end.saturating_sub(cursor.offset) <= PIECE as u64 {
        true => &NEARLY,
        false => &BEHIND,
    };
    let place = queue.enter(seat.from).await;
    let sending = task::spawn_blocking(move || {
        let _place = place;
        let start = Instant::now();
        (send(&reader, &seat, cursor, end), start.elapsed())
    });
    let (turn, took) = sending.await;
    if matches!(turn, Ok(Progress::Advanced(cursor)) if cursor.offset < end) {
        Timer::after(took).await;
    }
    turn
}

fn send(reader: &Reader, seat: &Seat, mut cursor: Cursor, end: u64) -> io::Result<Progress> {
    let stop = end.min(cursor.offset + TURN);
    let mut waits = WAITS;
    while cursor.offset < stop {
        let batch = Batch::new(reader.log(), reader.read(cursor.offset, end, PIECE)?);
        let mut position = batch.position(seat.encoding, cursor);
        loop {
            let bytes = &batch.encoded(seat.encoding).bytes;
            match seat.send(&bytes[position..]) {
                SendOutcome::All => break,
                SendOutcome::Full(0) => {
                    return Ok(Progress::Full(batch.cursor(seat.encoding, position)));
                }
                SendOutcome::Full(sent) => position += sent,
                SendOutcome::Gone => return Ok(Progress::Gone),
            }
            // Who takes a little now and then would have the place for as long as it likes.
            waits = waits.saturating_sub(1);
            if waits == 0 || !writable_soon(seat) {
                return Ok(Progress::Full(batch.cursor(seat.encoding, position)));
            }
        }
        cursor = Cursor::at(batch.end());
    }
    Ok(Progress::Advanced(cursor))
}

fn writable_soon(seat: &Seat) -> bool {
    let fd = seat.stream.get_ref();
    let wait = Timespec {
        tv_sec: 0,
        tv_nsec: WAIT.as_nanos() as _,
    };
    poll(&mut [PollFd::new(fd, PollFlags::OUT)], Some(&wait)).is_ok_and(|ready| ready > 0)
}

/// Something short that reads the file, for somebody at `who`.
///
/// # Errors
/// The journal cannot be read.
pub async fn look<T: Send + 'static, E: Send + 'static>(
    room: &Room,
    who: IpAddr,
    read: impl FnOnce(&Reader) -> Result<T, E> + Send + 'static,
) -> Result<T, E> {
    wait_for(&LOOKUPS, &room.reader, who, read).await
}

/// A piece of something long.
///
/// # Errors
/// The journal cannot be read.
pub async fn piece<T: Send + 'static>(
    room: &Room,
    who: IpAddr,
    read: impl FnOnce(&Reader) -> io::Result<T> + Send + 'static,
) -> io::Result<T> {
    wait_for(&PIECES, &room.reader, who, read).await
}

/// Something that may read a lot of the file.
///
/// # Errors
/// The journal cannot be read.
pub async fn search<T: Send + 'static, E: Send + 'static>(
    room: &Room,
    who: IpAddr,
    read: impl FnOnce(&Reader) -> Result<T, E> + Send + 'static,
) -> Result<T, E> {
    wait_for(&SEARCHES, &room.reader, who, read).await
}

/// Reads once there is a place. If it is dropped, the reading ends; until it has, it has its place.
async fn wait_for<T: Send + 'static, E: Send + 'static>(
    queue: &'static Permits,
    reader: &Reader,
    who: IpAddr,
    read: impl FnOnce(&Reader) -> Result<T, E> + Send + 'static,
) -> Result<T, E> {
    let place = queue.enter(who).await;
    let (reader, waiting) = reader.while_waiting();
    let outcome = task::spawn_blocking(move || {
        let _place = place;
        read(&reader)
    });
    let outcome = outcome.await;
    drop(waiting);
    outcome
}

#[cfg(test)]
mod tests;
