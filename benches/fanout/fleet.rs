//! Both ends of the load in one thread: every listener and every sender is a non-blocking socket in one epoll, and
//! all are read into one buffer.
//!
//! It also checks the deliveries (see [`order`]): those lost, repeated or out of order are counted in
//! [`Counts::wrong`], and a run fails if that is not zero.

mod hear;
mod order;

use std::collections::VecDeque;
use std::net::{SocketAddr, TcpStream};
use std::os::fd::OwnedFd;
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;
use rustix::buffer::spare_capacity;
use rustix::event::Timespec;
use rustix::event::epoll::{self, EventData, EventFlags};
use rustix::io::Errno;
use rustix::net::sockopt::set_socket_linger;
use rustix::net::{SendFlags, send};

use crate::protocol::{self, Protocol};
use crate::servers::Kind;
use crate::{Res, stop};
use hear::Listener;
use order::Order;

/// The most bytes that one read takes.
const BUFFER: usize = 128 * 1024;
/// Marks the senders among the numbers of connections.
const SENDER: u64 = 1 << 32;
/// The longest time that the connections may take to log in.
const PATIENCE: Duration = Duration::from_secs(60);

/// The counters of a fleet.
#[derive(Clone, Copy, Debug, Default)]
pub struct Counts {
    /// Messages sent.
    pub sent: u64,
    /// Messages answered.
    pub answered: u64,
    /// Messages that listeners received.
    pub heard: u64,
    /// Bytes that listeners received.
    pub bytes: u64,
    /// Reads in which they arrived.
    pub reads: u64,
    /// Messages lost, repeated or out of order, and refusals.
    pub wrong: u64,
}

/// A connection that sends messages.
struct Sender {
    socket: TcpStream,
    pass: String,
    inbox: Vec<u8>,
    outbox: Vec<u8>,
    asked_at: u64,
}

/// All connections of a load.
pub struct Fleet {
    protocol: Box<dyn Protocol>,
    address: SocketAddr,
    epoll: OwnedFd,
    events: Vec<epoll::Event>,
    buffer: Vec<u8>,
    listeners: Vec<Listener>,
    coming_in: usize,
    senders: Vec<Sender>,
    free: VecDeque<usize>,
    text: Vec<u8>,
    base: Instant,
    sent_at: Vec<u64>,
    order: Order,
    /// The counters.
    pub counts: Counts,
    /// The times from sent to received, in nanoseconds.
    pub latency: Histogram<u64>,
    /// The times from sent to answered, in nanoseconds.
    pub answers: Histogram<u64>,
    /// The first error.
    pub complaint: Option<String>,
}

impl Fleet {
    /// A fleet without connections, whose messages have `size` bytes.
    pub fn new(kind: Kind, address: SocketAddr, size: usize) -> Res<Fleet> {
        let histogram = Histogram::new_with_bounds(1, 600_000_000_000, 2)?;
        let protocol = protocol::of(kind, address);
        Ok(Fleet {
            address,
            epoll: epoll::create(epoll::CreateFlags::CLOEXEC)?,
            events: Vec::with_capacity(256),
            buffer: vec![0; hear::CARRY + BUFFER],
            listeners: Vec::new(),
            coming_in: 0,
            senders: Vec::new(),
            free: VecDeque::new(),
            text: vec![b'x'; size],
            base: Instant::now(),
            sent_at: Vec::new(),
            order: Order::new(protocol.answers()),
            protocol,
            counts: Counts::default(),
            latency: histogram.clone(),
            answers: histogram,
            complaint: None,
        })
    }

    /// The number of listeners.
    pub fn listeners(&self) -> u64 {
        self.listeners.len() as u64
    }

    /// Connects so many listeners, a few at a time: an overflowing backlog costs seconds.
    pub fn connect_listeners(&mut self, count: usize) -> Res<()> {
        let until = Instant::now() + PATIENCE;
        let at_once = self.protocol.at_once();
        let all = self.listeners.len() + count;
        while self.listeners.len() < all || self.coming_in > 0 {
            while self.coming_in < at_once && self.listeners.len() < all {
                let number = self.listeners.len();
                let socket = self.connect(number as u64, EventFlags::IN)?;
                let hello = self.protocol.listen(number);
                if send(&socket, &hello, SendFlags::NOSIGNAL)? != hello.len() {
                    return Err("a new connection accepted no request".into());
                }
                self.listeners.push(Listener::new(socket));
                self.coming_in += 1;
            }
            self.turn(Some(Duration::from_millis(100)))?;
            if Instant::now() > until {
                return Err(format!("{} listeners were not let in", self.coming_in).into());
            }
        }
        Ok(())
    }

    /// Connects the senders, at most `offered`.
    pub fn connect_senders(&mut self, offered: usize) -> Res<()> {
        let until = Instant::now() + PATIENCE;
        for number in 0..self.protocol.senders(offered) {
            let flags = EventFlags::IN | EventFlags::OUT | EventFlags::ET;
            let socket = self.connect(SENDER | number as u64, flags)?;
            self.senders.push(Sender {
                socket,
                pass: String::new(),
                inbox: Vec::new(),
                outbox: self.protocol.enter(number),
                asked_at: 0,
            });
            self.flush(number)?;
            while self.free.len() <= number {
                self.turn(Some(Duration::from_millis(100)))?;
                if Instant::now() > until {
                    let said = String::from_utf8_lossy(&self.senders[number].inbox).into_owned();
                    return Err(format!("sender {number} was not let in: {said}").into());
                }
            }
        }
        Ok(())
    }

    fn connect(&self, data: u64, flags: EventFlags) -> Res<TcpStream> {
        // On one machine this is immediate, unless the backlog is full.
        let socket = TcpStream::connect(self.address)?;
        socket.set_nonblocking(true)?;
        socket.set_nodelay(true)?;
        // Closing resets, so that thousands of connections leave no TIME_WAIT.
        set_socket_linger(&socket, Some(Duration::ZERO))?;
        epoll::add(&self.epoll, &socket, EventData::new_u64(data), flags)?;
        Ok(socket)
    }

    /// Nanoseconds since the fleet was made.
    pub fn now(&self) -> u64 {
        self.base.elapsed().as_nanos() as u64
    }

    /// Tells whether a sender is free.
    pub fn ready(&self) -> bool {
        !self.free.is_empty()
    }

    /// Sends the next message. If the server does not answer, [`Fleet::push`] sends it together with others that are
    /// due.
    pub fn say(&mut self) -> Res<()> {
        let Some(index) = self.free.pop_front() else {
            return Err("no sender is free".into());
        };
        protocol::number(&mut self.text, self.counts.sent);
        let now = self.now();
        let sender = &mut self.senders[index];
        self.protocol
            .say(&sender.pass, &self.text, &mut sender.outbox);
        sender.asked_at = now;
        self.sent_at.push(now);
        self.counts.sent += 1;
        if self.protocol.answers() {
            return self.flush(index);
        }
        self.free.push_back(index);
        Ok(())
    }

    /// Sends the messages that wait.
    pub fn push(&mut self) -> Res<()> {
        if !self.protocol.answers() {
            for index in 0..self.senders.len() {
                self.flush(index)?;
            }
        }
        Ok(())
    }

    fn flush(&mut self, index: usize) -> Res<()> {
        let sender = &mut self.senders[index];
        while !sender.outbox.is_empty() {
            match send(&sender.socket, &sender.outbox, SendFlags::NOSIGNAL) {
                Ok(sent) => drop(sender.outbox.drain(..sent)),
                Err(Errno::AGAIN) => return Ok(()),
                Err(Errno::INTR) => {}
                Err(error) => return Err(format!("a sender was cut off: {error}").into()),
            }
        }
        Ok(())
    }

    /// Waits for events, at most this long, and handles them.
    pub fn turn(&mut self, timeout: Option<Duration>) -> Res<()> {
        stop::check()?;
        let timeout = timeout.map(Timespec::try_from).transpose()?;
        let mut events = std::mem::take(&mut self.events);
        events.clear();
        match epoll::wait(&self.epoll, spare_capacity(&mut events), timeout.as_ref()) {
            Ok(_) | Err(Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
        for event in &events {
            let data = event.data.u64();
            if data & SENDER == 0 {
                self.hear(data as usize)?;
            } else {
                let index = (data & !SENDER) as usize;
                self.flush(index)?;
                self.read_answers(index)?;
            }
        }
        self.events = events;
        Ok(())
    }

    /// Tells whether every message was answered and received by every listener.
    pub fn settled(&self) -> bool {
        let counts = &self.counts;
        let answered = !self.protocol.answers() || counts.answered == counts.sent;
        answered && counts.heard >= counts.sent * self.listeners()
    }

    /// The local ports of the senders.
    pub fn sender_ports(&self) -> Vec<u16> {
        let ports = self.senders.iter().map(|sender| sender.socket.local_addr());
        ports.flatten().map(|address| address.port()).collect()
    }

    fn complain(&mut self, about: impl FnOnce() -> String) {
        self.counts.wrong += 1;
        if self.complaint.is_none() {
            self.complaint = Some(about());
        }
    }
}
