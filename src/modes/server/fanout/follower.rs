//! A follower: one listener's place in the journal, and the task that keeps it moving while it is
//! behind. Once it is up to date it takes a seat in the [`fanout`](crate::modes::server::fanout).
//!
//! What always holds: a listener costs a cursor. There is no queue for it, and no buffer is kept
//! while its socket is full: what it was not sent yet is looked up again, in memory or in the
//! file, when it takes more. So a listener that stalls slows nobody, loses nothing, and is sent
//! every byte of its form exactly once. Its task is small: what is seldom done is apart from it, in a
//! box, and nothing is kept over an await that need not be.

mod half;

use std::io::{self, Write};
use std::net::{IpAddr, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use async_io::{Async, Timer};
use async_std::task;
use futures_lite::future;

use crate::sse::Encoding;
use crate::wire::Wire;

use super::batches::Batches;
use super::cold::{self, Progress};
use crate::modes::server::fanout::Fanout;
use crate::modes::server::fanout::Listener;
use crate::modes::server::fanout::Seat;
use crate::modes::server::fanout::Unseated;
use crate::modes::server::room::Hold;
use crate::modes::server::room::Next;
use crate::modes::server::room::Room;
use crate::modes::server::room::tail::Batch;
use crate::modes::server::room::tail::Cursor;
use half::Half;

/// How long a peer may take nothing although there is something to send. With the heartbeat before
/// it and the grace after it, a name is free 90 s after its owner vanished without a word.
pub const STALLED: Duration = Duration::from_secs(65);
/// What the kernel may keep for one peer beyond what is on its way to it. Left to itself it keeps
/// megabytes, and a crowd that does not read takes a gigabyte.
pub const KERNEL: u32 = 64 * 1024;
/// The most batches in one write.
const BATCHES: usize = 32;

/// Why a follower ended.
#[derive(Debug)]
pub enum FollowEnd {
    /// The server stops, or the listener's session was ended by its owner: it was told everything.
    Complete,
    /// The listener went away, or the network did.
    Gone,
    /// It took nothing for too long.
    Stalled,
    /// The journal could not be read.
    Unreadable(io::Error),
}

/// One listener at its place.
#[derive(Debug)]
pub struct Follower {
    seat: Arc<Seat>,
    hold: Option<Hold>,
    cursor: Cursor,
    half: Half,
    listener: Listener,
}

impl Follower {
    /// A follower of a listener, given with its address, that goes on with the line at `offset`, and
    /// ends with the session that `hold` keeps present.
    pub fn new(
        fanout: &Arc<Fanout>,
        stream: (Async<TcpStream>, IpAddr),
        hold: Option<Hold>,
        encoding: Encoding,
        offset: u64,
    ) -> Follower {
        let session = hold.as_ref().map(Hold::session);
        Follower {
            seat: fanout.seat(stream, encoding, session),
            hold,
            cursor: Cursor::at(offset),
            half: Half::default(),
            listener: fanout.listener(),
        }
    }

    fn room(&self) -> &Arc<Room> {
        &self.listener.fanout().room
    }

    fn stream(&self) -> &Async<TcpStream> {
        &self.seat.stream
    }

    /// Follows until the listener goes or the server stops; why, and the connection.
    pub async fn run(mut self) -> (FollowEnd, Arc<Seat>) {
        (self.follow().await, self.seat)
    }

    async fn follow(&mut self) -> FollowEnd {
        loop {
            let next = self
                .room()
                .next(self.cursor.offset, BATCHES, self.hold.as_ref());
            let ended = match next {
                Next::Ready(batches) => self.write(batches).await,
                Next::InFile(end) => self.read(end).await,
                Next::Wait => self.sit().await,
                Next::Over => return Box::pin(self.finish(None)).await,
                Next::Closed => return Box::pin(self.finish(Some(good_bye()))).await,
            };
            if let Err(ended) = ended {
                return ended;
            }
        }
    }

    /// Writes as much of `batches` as the socket takes, then lets go of them.
    async fn write(&mut self, batches: Vec<Arc<Batch>>) -> Result<(), FollowEnd> {
        let mut full = false;
        {
            let encoding = self.seat.encoding;
            let Some(batches) = Batches::new(batches) else {
                return Ok(());
            };
            let start = batches.position(encoding, self.cursor);
            let slices = batches.slices(encoding, start);
            let empty = slices.iter().all(|slice| slice.is_empty());
            match self.stream().get_ref().write_vectored(&slices) {
                Ok(0) if !empty => return Err(FollowEnd::Gone),
                Ok(written) => self.cursor = batches.cursor(encoding, start + written),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => full = true,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(_) => return Err(FollowEnd::Gone),
            }
        }
        if full {
            return self.writable().await;
        }
        // Who takes it as fast as it is written would have the thread for as long as there is more.
        task::yield_now().await;
        Ok(())
    }

    /// Sends a part of what is in the file up to `end`.
    async fn read(&mut self, end: u64) -> Result<(), FollowEnd> {
        let turn = Box::pin(cold::turn(self.room(), &self.seat, self.cursor, end)).await;
        match turn.map_err(FollowEnd::Unreadable)? {
            Progress::Advanced(cursor) => self.cursor = cursor,
            Progress::Full(cursor) => {
                self.cursor = cursor;
                self.writable().await?;
            }
            Progress::Gone => return Err(FollowEnd::Gone),
        }
        Ok(())
    }

    async fn writable(&self) -> Result<(), FollowEnd> {
        let stalled = async {
            Timer::after(STALLED).await;
            Err(FollowEnd::Stalled)
        };
        let ready = async { self.stream().writable().await.map_err(|_| FollowEnd::Gone) };
        future::or(ready, stalled).await
    }

    /// Lets a writer of the fan-out take over until there is something that it cannot do.
    async fn sit(&mut self) -> Result<(), FollowEnd> {
        let why = {
            let (fanout, seat) = (self.listener.fanout(), &self.seat);
            let Some(sitting) = fanout.sit(seat, self.cursor.offset) else {
                return Ok(());
            };
            let gone = self.half.watch(fanout, seat, &mut self.hold);
            future::or(async { Ok(sitting.await) }, async { Err(gone.await) }).await?
        };
        match why {
            Unseated::More(cursor) => self.cursor = cursor,
            Unseated::Full(cursor) => {
                self.cursor = cursor;
                self.writable().await?;
            }
            Unseated::HeartbeatCut { offset, sent } => {
                self.cursor = Cursor::at(offset);
                let rest = &self.seat.encoding.pulse()[sent..];
                Box::pin(self.write_all(rest)).await?;
            }
            Unseated::Gone => return Err(FollowEnd::Gone),
        }
        Ok(())
    }

    /// The stream's last words, so that its end is not taken for a cut.
    async fn finish(&self, word: Option<Wire>) -> FollowEnd {
        let (encoding, mut last) = (self.seat.encoding, Vec::new());
        if let Some(word) = &word {
            encoding.encode(word, &mut last);
        }
        last.extend_from_slice(encoding.end());
        match self.write_all(&last).await {
            Ok(()) => FollowEnd::Complete,
            Err(ended) => ended,
        }
    }

    async fn write_all(&self, mut bytes: &[u8]) -> Result<(), FollowEnd> {
        while !bytes.is_empty() {
            match self.stream().get_ref().write(bytes) {
                Ok(0) => return Err(FollowEnd::Gone),
                Ok(written) => bytes = &bytes[written..],
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => self.writable().await?,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(_) => return Err(FollowEnd::Gone),
            }
        }
        Ok(())
    }
}

/// What is said when the server stops.
fn good_bye() -> Wire {
    let message = "The server is stopping. Connect again later: nothing is lost.".to_string();
    Wire::Bye { message }
}

#[cfg(test)]
mod tests;
