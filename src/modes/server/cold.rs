//! Reading the journal's file for requests: on the blocking pool, and only a few at once, so that
//! neither the tasks nor the committer's disk are kept from those who are up to date.

use std::io;
use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant};

use async_io::Timer;
use async_lock::Semaphore;
use async_std::task;
use rustix::event::{PollFd, PollFlags, Timespec, poll};

use crate::journal::Reader;
use crate::sse::Encoding;

use super::fanout::{Seat, Sent};
use super::room::Room;
use super::start;
use super::tail::{Batch, Cursor};

/// How much is read and encoded at once.
const PIECE: usize = 64 * 1024;
/// How much of the file a listener is sent before it is somebody else's turn.
const TURN: u64 = 1 << 20;
/// How long a turn waits for a listener that was taking until now.
const WAIT: Duration = Duration::from_millis(1);

/// How many look something up at once.
static READERS: Semaphore = Semaphore::new(4);
/// How many who are behind have a turn at once. However many wait for one, they have no more cores
/// than the writers.
static TURNS: LazyLock<Semaphore> = LazyLock::new(|| Semaphore::new(start::writers()));
/// How many search long stretches at once. They wait here, not in the way of short readers.
static SEARCHERS: Semaphore = Semaphore::new(2);

/// Up to about `max` bytes of lines from `offset` on, encoded.
///
/// # Errors
/// The journal cannot be read.
pub async fn lines(
    room: &Room,
    encoding: Encoding,
    offset: u64,
    end: u64,
    max: usize,
) -> io::Result<Arc<Batch>> {
    let reader = room.reader.clone();
    look(move || {
        let batch = Batch::new(reader.log(), reader.read(offset, end, max)?);
        // Here and not where it is written: the tasks of those who are up to date run there.
        batch.encoded(encoding);
        Ok(Arc::new(batch))
    })
    .await
}

/// How a listener's turn ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn {
    /// It is at this cursor, and may have another.
    On(Cursor),
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
pub async fn turn(room: &Room, seat: &Arc<Seat>, cursor: Cursor, end: u64) -> io::Result<Turn> {
    let (reader, seat) = (room.reader.clone(), Arc::clone(seat));
    let permit = TURNS.acquire().await;
    let sending = task::spawn_blocking(move || {
        let start = Instant::now();
        (send(&reader, &seat, cursor, end), start.elapsed())
    });
    let (turn, took) = sending.await;
    drop(permit);
    if matches!(turn, Ok(Turn::On(cursor)) if cursor.offset < end) {
        Timer::after(took).await;
    }
    turn
}

fn send(reader: &Reader, seat: &Seat, mut cursor: Cursor, end: u64) -> io::Result<Turn> {
    let stop = end.min(cursor.offset + TURN);
    while cursor.offset < stop {
        let batch = Batch::new(reader.log(), reader.read(cursor.offset, end, PIECE)?);
        let mut position = batch.position(seat.encoding, cursor);
        loop {
            let bytes = &batch.encoded(seat.encoding).bytes;
            match seat.send(&bytes[position..]) {
                Sent::All => break,
                Sent::Part(0) => return Ok(Turn::Full(batch.cursor(seat.encoding, position))),
                Sent::Part(sent) => position += sent,
                Sent::Gone => return Ok(Turn::Gone),
            }
            if !writable_soon(seat) {
                return Ok(Turn::Full(batch.cursor(seat.encoding, position)));
            }
        }
        cursor = Cursor::at(batch.end());
    }
    Ok(Turn::On(cursor))
}

fn writable_soon(seat: &Seat) -> bool {
    let fd = seat.stream.get_ref();
    let wait = Timespec {
        tv_sec: 0,
        tv_nsec: WAIT.as_nanos() as _,
    };
    poll(&mut [PollFd::new(fd, PollFlags::OUT)], Some(&wait)).is_ok_and(|ready| ready > 0)
}

/// Something short that reads the file.
pub async fn look<T: Send + 'static>(read: impl FnOnce() -> T + Send + 'static) -> T {
    let _turn = READERS.acquire().await;
    task::spawn_blocking(read).await
}

/// Something that may read a lot of the file.
pub async fn search<T: Send + 'static>(read: impl FnOnce() -> T + Send + 'static) -> T {
    let _turn = SEARCHERS.acquire().await;
    task::spawn_blocking(read).await
}
