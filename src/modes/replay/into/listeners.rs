//! The event streams of everyone present. A name leaves the room when it has had no open stream for the
//! room's grace period, so each member has one. Its contents are discarded.
//!
//! Invariant: one thread holds all streams, and nothing waits for it. A stream that breaks is opened again
//! with the same token, which also brings its member back after a restart of the room.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread;
use std::time::{Duration, Instant};

use super::client::{FIRST_DELAY, LONGEST_DELAY, bytes, connect};
use crate::address::Address;
use crate::http::exchange::{ClientRequest, Exchange};
use crate::system::wait::{Handle, readable};
use crate::wire::HEARTBEAT;
use crate::wire::endpoint::EVENTS;

/// The interval at which streams are drained: short enough that the room never waits for a full one, and long
/// enough that a busy room is read in large pieces.
const ROUND: Duration = Duration::from_millis(200);
/// Most bytes that are read from one stream in a round, so that the others get their turn.
const MAX_PER_ROUND: usize = 4 * 1024 * 1024;
/// The silence after which a stream counts as dead.
const MAX_SILENCE: Duration = Duration::from_secs(3 * HEARTBEAT);

enum ListenerOrder {
    Listen { member: u64, token: String },
    Forget { member: u64 },
}

/// The streams of everyone present. Dropping it ends them, without waiting.
pub(super) struct Listeners {
    orders: Sender<ListenerOrder>,
}

impl Listeners {
    /// Starts without any stream.
    ///
    /// # Errors
    /// The system gives no thread.
    pub(super) fn start(address: &Address) -> std::io::Result<Listeners> {
        let (orders, received) = mpsc::channel();
        let mut listeners = ListenerThread {
            address: address.clone(),
            listeners: Vec::new(),
            piece: vec![0; 64 * 1024],
            not_before: Instant::now(),
            delay: FIRST_DELAY,
        };
        thread::Builder::new()
            .name("presence".to_string())
            .spawn(move || listeners.run(&received))?;
        Ok(Listeners { orders })
    }

    /// Opens a stream for a member, by its token.
    pub(super) fn listen(&self, member: u64, token: &str) {
        let token = token.to_string();
        self.order(ListenerOrder::Listen { member, token });
    }

    /// Closes the stream of a member who has left.
    pub(super) fn forget(&self, member: u64) {
        self.order(ListenerOrder::Forget { member });
    }

    fn order(&self, order: ListenerOrder) {
        // The thread outlives this channel.
        let _ = self.orders.send(order);
    }
}

/// One member's stream.
struct Listener {
    member: u64,
    token: String,
    stream: Option<TcpStream>,
    /// The beginning of the response, until its head is complete.
    head: Option<Exchange>,
    heard: Instant,
}

/// The state of a stream after a read.
enum StreamFate {
    Lives,
    Broken,
    /// The room no longer knows the token.
    Over,
}

struct ListenerThread {
    address: Address,
    listeners: Vec<Listener>,
    piece: Vec<u8>,
    /// The time before which no stream is opened, since the room was away.
    not_before: Instant,
    delay: Duration,
}

impl ListenerThread {
    fn run(&mut self, orders: &Receiver<ListenerOrder>) {
        let mut next = Instant::now() + ROUND;
        loop {
            let wait = next.saturating_duration_since(Instant::now());
            match orders.recv_timeout(wait) {
                Ok(ListenerOrder::Listen { member, token }) => {
                    let mut listener = Listener {
                        member,
                        token,
                        stream: None,
                        head: None,
                        heard: Instant::now(),
                    };
                    self.open(&mut listener);
                    self.listeners.push(listener);
                }
                Ok(ListenerOrder::Forget { member }) => {
                    self.listeners.retain(|listener| listener.member != member)
                }
                Err(RecvTimeoutError::Timeout) => {
                    self.round();
                    next = Instant::now() + ROUND;
                }
                Err(RecvTimeoutError::Disconnected) => return,
            }
        }
    }

    /// Opens a stream, unless the room was away just now. A failure shows in the next round.
    fn open(&mut self, listener: &mut Listener) {
        if Instant::now() < self.not_before {
            return;
        }
        let path = format!("{EVENTS}?since=latest");
        let request = ClientRequest {
            method: "GET",
            path: &path,
            token: Some(&listener.token),
            ..ClientRequest::default()
        };
        let opened = connect(&self.address).ok().filter(|stream| {
            let mut stream = stream;
            let sent = stream.write_all(&bytes(&request, &self.address));
            sent.is_ok() && stream.set_nonblocking(true).is_ok()
        });
        match &opened {
            Some(_) => self.delay = FIRST_DELAY,
            None => self.pause(),
        }
        (listener.head, listener.heard) = (Some(Exchange::new()), Instant::now());
        listener.stream = opened;
    }

    fn pause(&mut self) {
        self.not_before = Instant::now() + self.delay;
        self.delay = (self.delay * 2).min(LONGEST_DELAY);
    }

    fn round(&mut self) {
        let ready = ready(&self.listeners);
        let mut listeners = std::mem::take(&mut self.listeners);
        let mut ready = ready.into_iter();
        listeners.retain_mut(|listener| {
            let Some(stream) = &mut listener.stream else {
                self.open(listener);
                return true;
            };
            let fate = match ready.next() {
                Some(true) => drain(stream, &mut listener.head, &mut self.piece),
                _ if listener.heard.elapsed() > MAX_SILENCE => StreamFate::Broken,
                _ => return true,
            };
            match fate {
                StreamFate::Lives => listener.heard = Instant::now(),
                StreamFate::Broken => {
                    listener.stream = None;
                    // A room that ends streams as soon as they are open must not be flooded.
                    if Instant::now() >= self.not_before {
                        self.pause();
                    }
                }
                StreamFate::Over => return false,
            }
            true
        });
        self.listeners = listeners;
    }
}

/// Returns whether each open stream has something to read, in order.
fn ready(listeners: &[Listener]) -> Vec<bool> {
    let streams = listeners
        .iter()
        .filter_map(|listener| listener.stream.as_ref());
    let handles: Vec<_> = streams.map(|stream| stream as &dyn Handle).collect();
    // If the system does not answer, all are tried.
    readable(&handles, Some(Duration::ZERO)).unwrap_or_else(|_| vec![true; handles.len()])
}

/// Reads and discards what is there.
fn drain(stream: &mut TcpStream, head: &mut Option<Exchange>, piece: &mut [u8]) -> StreamFate {
    let mut total = 0;
    while total < MAX_PER_ROUND {
        let count = match stream.read(piece) {
            Ok(0) => return StreamFate::Broken,
            Ok(count) => count,
            Err(error) if error.kind() == ErrorKind::WouldBlock => return StreamFate::Lives,
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            Err(_) => return StreamFate::Broken,
        };
        total += count;
        if let Some(begun) = head {
            begun.receive(&piece[..count]);
            match begun.head().map(|head| head.map(|head| head.status)) {
                Ok(Some(200)) => *head = None,
                Ok(Some(401)) => return StreamFate::Over,
                Ok(None) => (),
                _ => return StreamFate::Broken,
            }
        }
    }
    StreamFate::Lives
}
