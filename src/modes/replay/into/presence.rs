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

enum Order {
    Listen { member: u64, token: String },
    Forget { member: u64 },
}

/// The streams of all who are here. Dropped, it has them ended, and nobody waits for that.
pub struct Presence {
    orders: Sender<Order>,
}

impl Presence {
    /// Nobody yet.
    ///
    /// # Errors
    /// The system gives no thread.
    pub fn start(address: &Address) -> std::io::Result<Presence> {
        let (orders, taken) = mpsc::channel();
        let mut ears = Ears {
            address: address.clone(),
            ears: Vec::new(),
            piece: vec![0; 64 * 1024],
            not_before: Instant::now(),
            delay: FIRST_DELAY,
        };
        thread::Builder::new()
            .name("presence".to_string())
            .spawn(move || ears.run(&taken))?;
        Ok(Presence { orders })
    }

    /// Keeps a member here by its token.
    pub fn listen(&self, member: u64, token: &str) {
        let token = token.to_string();
        self.order(Order::Listen { member, token });
    }

    /// A member has left.
    pub fn forget(&self, member: u64) {
        self.order(Order::Forget { member });
    }

    fn order(&self, order: Order) {
        // The thread ends only after its orders do.
        let _ = self.orders.send(order);
    }
}

/// One member's stream.
struct Ear {
    member: u64,
    token: String,
    stream: Option<TcpStream>,
    /// The beginning of the answer, until its head is whole.
    head: Option<Vec<u8>>,
    heard: Instant,
}

/// What became of a stream.
enum Fate {
    Lives,
    Broken,
    /// The room does not know the token any more.
    Over,
}

struct Ears {
    address: Address,
    ears: Vec<Ear>,
    piece: Vec<u8>,
    /// No stream is opened before this: the room was away just now.
    not_before: Instant,
    delay: Duration,
}

impl Ears {
    fn run(&mut self, orders: &Receiver<Order>) {
        let mut next = Instant::now() + ROUND;
        loop {
            let wait = next.saturating_duration_since(Instant::now());
            match orders.recv_timeout(wait) {
                Ok(Order::Listen { member, token }) => {
                    let mut ear = Ear {
                        member,
                        token,
                        stream: None,
                        head: None,
                        heard: Instant::now(),
                    };
                    self.open(&mut ear);
                    self.ears.push(ear);
                }
                Ok(Order::Forget { member }) => self.ears.retain(|ear| ear.member != member),
                Err(RecvTimeoutError::Timeout) => {
                    self.round();
                    next = Instant::now() + ROUND;
                }
                Err(RecvTimeoutError::Disconnected) => return,
            }
        }
    }

    /// Opens a stream, unless the room was away just now. That it failed is seen in the next round.
    fn open(&mut self, ear: &mut Ear) {
        if Instant::now() < self.not_before {
            return;
        }
        let request = Request {
            method: "GET",
            path: "/events?since=latest",
            token: Some(&ear.token),
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
        (ear.head, ear.heard) = (Some(Vec::new()), Instant::now());
        ear.stream = asked;
    }

    fn pause(&mut self) {
        self.not_before = Instant::now() + self.delay;
        self.delay = (self.delay * 2).min(LONGEST_DELAY);
    }

    fn round(&mut self) {
        let ready = ready(&self.ears);
        let mut ears = std::mem::take(&mut self.ears);
        let mut ready = ready.into_iter();
        ears.retain_mut(|ear| {
            let Some(stream) = &mut ear.stream else {
                self.open(ear);
                return true;
            };
            let fate = match ready.next() {
                Some(true) => empty(stream, &mut ear.head, &mut self.piece),
                _ if ear.heard.elapsed() > DEAD => Fate::Broken,
                _ => return true,
            };
            match fate {
                Fate::Lives => ear.heard = Instant::now(),
                Fate::Broken => {
                    ear.stream = None;
                    // A room that ends streams as soon as they are open is not to be flooded.
                    if Instant::now() >= self.not_before {
                        self.pause();
                    }
                }
                Fate::Over => return false,
            }
            true
        });
        self.ears = ears;
    }
}

/// Which of the open streams have something to read, in their order.
fn ready(ears: &[Ear]) -> Vec<bool> {
    let streams = ears.iter().filter_map(|ear| ear.stream.as_ref());
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
fn empty(stream: &mut TcpStream, head: &mut Option<Vec<u8>>, piece: &mut [u8]) -> Fate {
    let mut taken = 0;
    while taken < MOST {
        let count = match stream.read(piece) {
            Ok(0) => return Fate::Broken,
            Ok(count) => count,
            Err(error) if error.kind() == ErrorKind::WouldBlock => return Fate::Lives,
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            Err(_) => return Fate::Broken,
        };
        taken += count;
        if let Some(begun) = head {
            begun.extend_from_slice(&piece[..count]);
            match Head::read(begun).map(|read| read.map(|(head, _)| head.status)) {
                Ok(Some(200)) => *head = None,
                Ok(Some(401)) => return Fate::Over,
                Ok(None) if begun.len() < MAX_HEAD => (),
                _ => return Fate::Broken,
            }
        }
    }
    Fate::Lives
}
