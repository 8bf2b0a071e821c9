//! Everybody who is here listens, as a window does: a name leaves the room when it has had no open
//! stream for the room's grace, so each member has one. What is heard is thrown away.
//!
//! What always holds: one thread holds all streams and nobody waits for it. A stream that breaks
//! is opened again with the same token, which also brings its member back when the room was
//! started anew.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};

use super::client::{Request, connect};
use crate::address::Address;
use crate::http::reply::{Head, MAX_HEAD};
use crate::wire::HEARTBEAT;
use crate::wire::endpoint::EVENTS;

/// How often the streams are emptied: often enough that the room never waits for a full one, and
/// seldom enough that a busy room is heard in large pieces.
const ROUND: Duration = Duration::from_millis(200);
/// How much one stream is emptied in a round, in bytes, so that the others have their turn.
const MOST: usize = 4 * 1024 * 1024;
/// After so long without a sign of life a stream is dead.
const DEAD: Duration = Duration::from_secs(3 * HEARTBEAT);
/// How long it is waited before streams are opened again, at first and at most.
const FIRST_DELAY: Duration = Duration::from_millis(250);
const LONGEST_DELAY: Duration = Duration::from_secs(5);

enum ListenerOrder {
    Listen { member: u64, token: String },
    Forget { member: u64 },
}

/// The streams of all who are here. Dropped, it has them ended, and nobody waits for that.
pub struct Listeners {
    orders: Sender<ListenerOrder>,
}

impl Listeners {
    /// Nobody yet.
    ///
    /// # Errors
    /// The system gives no thread.
    pub fn start(address: &Address) -> std::io::Result<Listeners> {
        let (orders, taken) = mpsc::channel();
        let mut listeners = ListenerThread {
            address: address.clone(),
            listeners: Vec::new(),
            piece: vec![0; 64 * 1024],
            not_before: Instant::now(),
            delay: FIRST_DELAY,
        };
        thread::Builder::new()
            .name("presence".to_string())
            .spawn(move || listeners.run(&taken))?;
        Ok(Listeners { orders })
    }

    /// Keeps a member here by its token.
    pub fn listen(&self, member: u64, token: &str) {
        let token = token.to_string();
        self.order(ListenerOrder::Listen { member, token });
    }

    /// A member has left.
    pub fn forget(&self, member: u64) {
        self.order(ListenerOrder::Forget { member });
    }

    fn order(&self, order: ListenerOrder) {
        // The thread ends only after its orders do.
        let _ = self.orders.send(order);
    }
}

/// One member's stream.
struct Listener {
    member: u64,
    token: String,
    stream: Option<TcpStream>,
    /// The beginning of the answer, until its head is whole.
    head: Option<Vec<u8>>,
    heard: Instant,
}

/// What became of a stream.
enum StreamFate {
    Lives,
    Broken,
    /// The room does not know the token any more.
    Over,
}

struct ListenerThread {
    address: Address,
    listeners: Vec<Listener>,
    piece: Vec<u8>,
    /// No stream is opened before this: the room was away just now.
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

    /// Opens a stream, unless the room was away just now. That it failed is seen in the next round.
    fn open(&mut self, listener: &mut Listener) {
        if Instant::now() < self.not_before {
            return;
        }
        let path = format!("{EVENTS}?since=latest");
        let request = Request {
            method: "GET",
            path: &path,
            token: Some(&listener.token),
            ..Request::default()
        };
        let asked = connect(&self.address).ok().filter(|stream| {
            let mut stream = stream;
            let sent = stream.write_all(&request.bytes(&self.address));
            sent.is_ok() && stream.set_nonblocking(true).is_ok()
        });
        match &asked {
            Some(_) => self.delay = FIRST_DELAY,
            None => self.pause(),
        }
        (listener.head, listener.heard) = (Some(Vec::new()), Instant::now());
        listener.stream = asked;
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
                Some(true) => empty(stream, &mut listener.head, &mut self.piece),
                _ if listener.heard.elapsed() > DEAD => StreamFate::Broken,
                _ => return true,
            };
            match fate {
                StreamFate::Lives => listener.heard = Instant::now(),
                StreamFate::Broken => {
                    listener.stream = None;
                    // A room that ends streams as soon as they are open is not to be flooded.
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

/// Which of the open streams have something to read, in their order.
fn ready(listeners: &[Listener]) -> Vec<bool> {
    let streams = listeners
        .iter()
        .filter_map(|listener| listener.stream.as_ref());
    let mut polled: Vec<_> = streams
        .map(|stream| PollFd::new(stream, PollFlags::IN))
        .collect();
    // Without an answer of the system all are tried.
    match poll(&mut polled, Some(&Timespec::default())) {
        Ok(_) => polled.iter().map(|fd| !fd.revents().is_empty()).collect(),
        Err(_) => vec![true; polled.len()],
    }
}

/// Reads what there is.
fn empty(stream: &mut TcpStream, head: &mut Option<Vec<u8>>, piece: &mut [u8]) -> StreamFate {
    let mut taken = 0;
    while taken < MOST {
        let count = match stream.read(piece) {
            Ok(0) => return StreamFate::Broken,
            Ok(count) => count,
            Err(error) if error.kind() == ErrorKind::WouldBlock => return StreamFate::Lives,
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            Err(_) => return StreamFate::Broken,
        };
        taken += count;
        if let Some(begun) = head {
            begun.extend_from_slice(&piece[..count]);
            match Head::read(begun).map(|read| read.map(|(head, _)| head.status)) {
                Ok(Some(200)) => *head = None,
                Ok(Some(401)) => return StreamFate::Over,
                Ok(None) if begun.len() < MAX_HEAD => (),
                _ => return StreamFate::Broken,
            }
        }
    }
    StreamFate::Lives
}
