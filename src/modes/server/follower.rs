//! A follower: one listener's place in the journal, and the task that keeps it moving.
//!
//! What always holds: a listener costs a cursor. There is no queue for it, and no buffer is kept
//! while its socket is full: what it was not sent yet is looked up again, in memory or in the
//! file, when it takes more. So a listener that stalls slows nobody, loses nothing, and is sent
//! every byte of its form exactly once.

use std::io::{self, IoSlice, Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::Duration;

use async_io::{Async, Timer};
use async_std::task;
use futures_lite::future;
use rustix::net::sockopt;

use crate::sse::{self, Form};
use crate::wire::{HEARTBEAT, Wire};

use super::cold;
use super::room::{Hold, Next, Room};
use super::tail::{Batch, Cursor};

/// How long a peer may take nothing although there is something to send. With the heartbeat before
/// it and the grace after it, a name is free 90 s after its owner vanished without a word.
pub const STALLED: Duration = Duration::from_secs(65);
/// What the kernel may keep for one listener, which it doubles for its own needs. Left to itself it
/// grows to megabytes, and a crowd that does not read takes a gigabyte.
const KERNEL: usize = 64 * 1024;
/// How much of the file is read at once: about what the socket then takes.
const COLD: usize = 64 * 1024;
/// The most batches in one write.
const SLICES: usize = 32;

/// Why a follower ended.
#[derive(Debug)]
pub enum Ended {
    /// The server stops.
    Closed,
    /// The listener's session was ended by its owner.
    Over,
    /// The listener went away, or the network did.
    Gone,
    /// It took nothing for too long.
    Stalled,
    /// The journal could not be read.
    Journal(io::Error),
}

/// One listener at its place.
#[derive(Debug)]
pub struct Follower<'a> {
    room: &'a Room,
    stream: &'a Async<TcpStream>,
    hold: Option<&'a Hold>,
    form: Form,
    cursor: Cursor,
}

impl<'a> Follower<'a> {
    /// A follower that goes on with the line at `offset`, and ends with the session that `hold`
    /// keeps present.
    pub fn new(
        room: &'a Room,
        stream: &'a Async<TcpStream>,
        hold: Option<&'a Hold>,
        form: Form,
        offset: u64,
    ) -> Follower<'a> {
        Follower {
            room,
            stream,
            hold,
            form,
            cursor: Cursor { offset, sent: 0 },
        }
    }

    /// Follows until the listener goes or the server stops.
    pub async fn run(mut self) -> Ended {
        // Where that cannot be had, only memory is lost.
        let _ = sockopt::set_socket_send_buffer_size(self.stream.get_ref(), KERNEL);
        loop {
            let woken = self.room.listen();
            let ended = match self.room.next(self.cursor.offset, SLICES, self.hold) {
                Next::Ready(batches) => {
                    drop(woken);
                    self.write(batches).await
                }
                Next::InFile(end) => {
                    drop(woken);
                    match cold::lines(self.room, self.form, self.cursor.offset, end, COLD).await {
                        Ok(batch) => self.write(vec![batch]).await,
                        Err(error) => return Ended::Journal(error),
                    }
                }
                Next::Wait => self.wait(woken).await,
                Next::Over => return Ended::Over,
                Next::Closed => return self.say_good_bye().await,
            };
            if let Err(ended) = ended {
                return ended;
            }
        }
    }

    /// Writes as much of `batches` as the socket takes, then lets go of them.
    async fn write(&mut self, batches: Vec<Arc<Batch>>) -> Result<(), Ended> {
        let start = batches[0].position(self.form, self.cursor);
        let mut slices = Vec::with_capacity(batches.len());
        for (n, batch) in batches.iter().enumerate() {
            let bytes = &batch.encoded(self.form).bytes;
            slices.push(IoSlice::new(&bytes[if n == 0 { start } else { 0 }..]));
        }
        let empty = slices.iter().all(|slice| slice.is_empty());
        let mut written = match self.stream.get_ref().write_vectored(&slices) {
            Ok(0) if !empty => return Err(Ended::Gone),
            Ok(written) => written,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                drop(slices);
                drop(batches);
                return self.writable().await;
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => return Ok(()),
            Err(_) => return Err(Ended::Gone),
        };
        for (n, batch) in batches.iter().enumerate() {
            let from = if n == 0 { start } else { 0 };
            let length = batch.encoded(self.form).bytes.len() - from;
            if written < length {
                self.cursor = batch.cursor(self.form, from + written);
                break;
            }
            written -= length;
            self.cursor = Cursor {
                offset: batch.end(),
                sent: 0,
            };
        }
        Ok(())
    }

    async fn writable(&self) -> Result<(), Ended> {
        let stalled = async {
            Timer::after(STALLED).await;
            Err(Ended::Stalled)
        };
        let ready = async { self.stream.writable().await.map_err(|_| Ended::Gone) };
        future::or(ready, stalled).await
    }

    /// Waits for a new event, keeping the line alive and noticing when the listener goes.
    async fn wait(&self, woken: event_listener::EventListener) -> Result<(), Ended> {
        let event = async {
            woken.await;
            Ok(())
        };
        let heartbeat = async {
            loop {
                Timer::after(Duration::from_secs(HEARTBEAT)).await;
                self.write_all(self.form.heartbeat()).await?;
            }
        };
        future::or(event, future::or(closed(self.stream), heartbeat)).await
    }

    async fn say_good_bye(&self) -> Ended {
        let message = "The server is stopping. Connect again later: nothing is lost.".to_string();
        let mut bye = Vec::new();
        sse::encode(self.form, &Wire::Bye { message }, &mut bye);
        match self.write_all(&bye).await {
            Ok(()) => Ended::Closed,
            Err(ended) => ended,
        }
    }

    async fn write_all(&self, mut bytes: &[u8]) -> Result<(), Ended> {
        while !bytes.is_empty() {
            match self.stream.get_ref().write(bytes) {
                Ok(0) => return Err(Ended::Gone),
                Ok(written) => bytes = &bytes[written..],
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => self.writable().await?,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(_) => return Err(Ended::Gone),
            }
        }
        Ok(())
    }
}

/// Ends when the listener has closed its side. What it still sends is thrown away.
async fn closed(stream: &Async<TcpStream>) -> Result<(), Ended> {
    loop {
        if stream.readable().await.is_err() {
            return Err(Ended::Gone);
        }
        match stream.get_ref().read(&mut [0; 512]) {
            Ok(0) => return Err(Ended::Gone),
            Ok(_) => task::yield_now().await,
            Err(error)
                if matches!(
                    error.kind(),
                    io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted
                ) => {}
            Err(_) => return Err(Ended::Gone),
        }
    }
}
