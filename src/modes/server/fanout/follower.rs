//! A follower: one listener's cursor in the journal, and the task that moves it while the listener is
//! behind. Once it is up to date it takes a seat in the [`fanout`](crate::modes::server::fanout).
//!
//! What always holds: a listener costs a cursor. There is no queue for it, and no buffer is kept
//! while its peer is full: what it was not sent yet is looked up again, in memory or in the file,
//! when it takes more. A listener that stalls slows nobody, loses nothing, and is sent every byte of
//! its form exactly once. Its task is small: what is seldom done is apart from it, in a box, and
//! nothing is kept over an await that need not be.

mod half_closed;

use std::io;
use std::net::IpAddr;
use std::sync::Arc;

use async_io::Timer;
use async_std::task;
use futures_lite::future;

use crate::sse::Encoding;
use crate::wire::Wire;

use super::batches::Batches;
use super::cold::CatchUp;
use super::peer::{Peer, STALLED, SendOutcome};
use crate::modes::server::fanout::Fanout;
use crate::modes::server::fanout::Listener;
use crate::modes::server::fanout::SharedPeer;
use crate::modes::server::fanout::Unseated;
use crate::modes::server::room::Hold;
use crate::modes::server::room::Next;
use crate::modes::server::room::Room;
use crate::modes::server::room::tail::Batch;
use crate::modes::server::room::tail::Cursor;
use half_closed::HalfClosed;

/// The most batches in one write.
const BATCHES: usize = 32;

/// The reason why a follower ended.
#[derive(Debug)]
pub enum FollowEnd {
    /// The server stops, or the listener's session was ended by its owner: it was told everything.
    Complete,
    /// The listener went away, or the network did.
    Gone,
    /// The listener took nothing for too long.
    Stalled,
    /// The journal could not be read.
    Unreadable(io::Error),
}

/// One listener at its cursor.
#[derive(Debug)]
pub struct Follower {
    shared: Arc<SharedPeer>,
    hold: Option<Hold>,
    cursor: Cursor,
    half: HalfClosed,
    listener: Listener,
}

impl Follower {
    /// A follower of a listener at the address `from`. It goes on with the line at `offset`, and ends with the session
    /// that `hold` keeps present.
    pub fn new(
        fanout: &Arc<Fanout>,
        peer: Peer,
        from: IpAddr,
        hold: Option<Hold>,
        encoding: Encoding,
        offset: u64,
    ) -> Follower {
        let session = hold.as_ref().map(Hold::session);
        Follower {
            shared: fanout.share(peer, from, encoding, session),
            hold,
            cursor: Cursor::at(offset),
            half: HalfClosed::default(),
            listener: fanout.listener(),
        }
    }

    fn room(&self) -> &Arc<Room> {
        &self.listener.0.room
    }

    /// Follows until the listener goes or the server stops; the reason, and the connection.
    pub async fn run(mut self) -> (FollowEnd, Arc<SharedPeer>) {
        (self.follow().await, self.shared)
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

    /// Sends as much of `batches` as the peer takes, then lets go of them.
    async fn write(&mut self, batches: Vec<Arc<Batch>>) -> Result<(), FollowEnd> {
        let full = {
            let encoding = self.shared.encoding;
            let Some(batches) = Batches::new(batches) else {
                return Ok(());
            };
            let start = batches.position(encoding, self.cursor);
            let slices = batches.slices(encoding, start);
            let outcome = self.shared.peer.send_slices(&slices);
            match outcome {
                SendOutcome::All => self.cursor = Cursor::at(batches.end()),
                SendOutcome::Full(sent) => self.cursor = batches.cursor(encoding, start + sent),
                SendOutcome::Gone => return Err(FollowEnd::Gone),
            }
            matches!(outcome, SendOutcome::Full(_))
        };
        if full {
            return self.writable().await;
        }
        // A listener that takes it as fast as it is sent would have the thread while there is more.
        task::yield_now().await;
        Ok(())
    }

    /// Sends a part of what is in the file up to `end`.
    async fn read(&mut self, end: u64) -> Result<(), FollowEnd> {
        let cold = &self.listener.0.cold;
        let progress = Box::pin(cold.catch_up(&self.shared, self.cursor, end)).await;
        match progress.map_err(FollowEnd::Unreadable)? {
            CatchUp::Advanced(cursor) => self.cursor = cursor,
            CatchUp::Full(cursor) => {
                self.cursor = cursor;
                self.writable().await?;
            }
            CatchUp::Gone => return Err(FollowEnd::Gone),
        }
        Ok(())
    }

    async fn writable(&self) -> Result<(), FollowEnd> {
        let stalled = async {
            Timer::after(STALLED).await;
            Err(FollowEnd::Stalled)
        };
        let writable = self.shared.peer.writable();
        let ready = async { writable.await.map_err(|_| FollowEnd::Gone) };
        future::or(ready, stalled).await
    }

    /// Lets a writer of the fan-out take over until there is something that the writer cannot do.
    async fn sit(&mut self) -> Result<(), FollowEnd> {
        let why = {
            let (fanout, shared) = (&self.listener.0, &self.shared);
            let Some(sitting) = fanout.sit(shared, self.cursor.offset) else {
                return Ok(());
            };
            let gone = self.half.watch(fanout, shared, &mut self.hold);
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
                let rest = &self.shared.encoding.pulse()[sent..];
                self.writable().await?;
                Box::pin(self.send_all(rest)).await?;
            }
            Unseated::Gone => return Err(FollowEnd::Gone),
        }
        Ok(())
    }

    /// Sends the stream's last words, so that its end is not taken for a cut.
    async fn finish(&self, word: Option<Wire>) -> FollowEnd {
        let (encoding, mut last) = (self.shared.encoding, Vec::new());
        if let Some(word) = &word {
            encoding.encode(word, &mut last);
        }
        last.extend_from_slice(encoding.end());
        match self.send_all(&last).await {
            Ok(()) => FollowEnd::Complete,
            Err(ended) => ended,
        }
    }

    async fn send_all(&self, mut bytes: &[u8]) -> Result<(), FollowEnd> {
        loop {
            match self.shared.peer.send(bytes) {
                SendOutcome::All => return Ok(()),
                SendOutcome::Full(sent) => {
                    bytes = &bytes[sent..];
                    self.writable().await?;
                }
                SendOutcome::Gone => return Err(FollowEnd::Gone),
            }
        }
    }
}

/// The word to every listener when the server stops.
fn good_bye() -> Wire {
    let message = "The server is stopping. Connect again later: nothing is lost.".to_string();
    Wire::Bye { message }
}

#[cfg(test)]
mod tests;
