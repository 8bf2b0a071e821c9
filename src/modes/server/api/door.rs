//! The door: connections are accepted here, each becomes a task, and those that are open are counted.
//!
//! What always holds: one connection comes in, and then everybody inside has a turn, however many wait
//! outside.

use std::io;
use std::net::{IpAddr, TcpListener};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use async_io::{Async, Timer};
use async_std::task;

use crate::failure::reason;

use super::connection::{self, Connection};
use crate::modes::server::api::Api;
use crate::modes::server::console::Console;
use crate::modes::server::console::Entry;
use crate::modes::server::fanout::peer::Peer;
use crate::modes::server::room::client::Client;
use crate::modes::server::room::quotas::{Arrival, Connected};

/// Descriptors that are kept for everything but connections.
const RESERVED_FILES: u64 = 64;
/// The pause in accepting when the system is out of descriptors or memory.
const PAUSE: Duration = Duration::from_millis(100);

/// Accepts connections.
pub struct Door {
    listener: Async<TcpListener>,
    api: Arc<Api>,
    console: Console,
    /// The most connections that may be open at once.
    limit: usize,
    /// The number of connections that are open.
    open: Arc<AtomicUsize>,
    /// The system had no room for the last connection that came.
    short: bool,
}

impl Door {
    /// The door of a server that may have `files` descriptors.
    pub fn new(listener: Async<TcpListener>, api: Arc<Api>, console: Console, files: u64) -> Door {
        Door {
            listener,
            api,
            console,
            limit: most_connections(files),
            open: Arc::default(),
            short: false,
        }
    }

    /// Accepts and serves for as long as it is polled.
    pub async fn run(mut self) {
        loop {
            match self.listener.accept().await {
                Ok((stream, from)) => {
                    self.short = false;
                    self.let_in(Peer::new(stream), from.ip().to_canonical());
                }
                // The peer gave up while it waited: the next one is there already.
                Err(error)
                    if matches!(
                        error.kind(),
                        io::ErrorKind::ConnectionAborted
                            | io::ErrorKind::ConnectionReset
                            | io::ErrorKind::Interrupted
                    ) => {}
                // Out of descriptors or memory: the peer stays in the queue, and spinning would not help.
                Err(error) => {
                    self.say_short(&error);
                    Timer::after(PAUSE).await;
                }
            }
            task::yield_now().await;
        }
    }

    fn let_in(&self, peer: Peer, from: IpAddr) {
        if self.open.load(Ordering::Relaxed) >= self.limit && !self.api.idle.make_room() {
            connection::turn_away(&peer, connection::full());
            return;
        }
        // Those of a proxy are its clients', who are known with the first request.
        let (connected, wait) = if self.api.proxies.has(from) {
            (None, Duration::ZERO)
        } else {
            match self.count(from.into()) {
                Ok((connected, wait)) => (Some(connected), wait),
                Err(wait) => {
                    connection::turn_away(&peer, connection::too_many(wait));
                    return;
                }
            }
        };
        if peer.prepare().is_err() {
            return;
        }
        let open = OpenConnection::new(&self.open);
        let api = Arc::clone(&self.api);
        let connection = Connection::new(peer, from, api, self.console.clone()).counted(connected);
        task::spawn(async move {
            if !wait.is_zero() {
                Timer::after(wait).await;
            }
            if let Some(stream) = connection.run().await {
                task::spawn(async move {
                    let _open = open;
                    stream.run().await;
                });
            }
        });
    }

    fn count(&self, from: Client) -> Result<(Connected, Duration), Duration> {
        let (api, now) = (&self.api, Instant::now());
        let make_room = |whose| api.idle.make_room_of(whose);
        api.connections.open(from, Arrival::New, make_room, now)
    }

    fn say_short(&mut self, error: &io::Error) {
        if !std::mem::replace(&mut self.short, true) {
            self.console.show(Entry::Notice(format!(
                "Cannot accept new connections: {}. Existing ones are not \
                 affected.",
                reason(error)
            )));
        }
    }
}

/// The number of connections that `files` descriptors allow.
pub fn most_connections(files: u64) -> usize {
    let left = files.saturating_sub(RESERVED_FILES).max(8);
    usize::try_from(left).unwrap_or(usize::MAX)
}

/// The count of one open connection.
struct OpenConnection(Arc<AtomicUsize>);

impl OpenConnection {
    fn new(open: &Arc<AtomicUsize>) -> OpenConnection {
        open.fetch_add(1, Ordering::Relaxed);
        OpenConnection(Arc::clone(open))
    }
}

impl Drop for OpenConnection {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests;
