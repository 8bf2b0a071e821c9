//! The bare loop: the cost of fan-out alone. One thread, one epoll, no parsing, no disk, no rooms: it puts each line
//! that arrives into one buffer, in an envelope as long as chatroom's event, and writes to every listener the part
//! that it lacks.
//!
//! It is the lower bound for the ratios in the tables, so it does all that listeners need and nothing more: a slow
//! listener keeps its place and gets the rest later.

use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::fd::OwnedFd;

use rustix::buffer::spare_capacity;
use rustix::event::epoll::{self, EventData, EventFlags};
use rustix::io::Errno;
use rustix::net::{RecvFlags, SendFlags, recv, send};

use crate::Res;

/// The bytes before and after a text in an event of chatroom's stream.
const BEFORE: &[u8] = b"event: message\nid: 5d2f0a11-1834200-9d02\ndata: {\"type\":\"message\",\
    \"id\":\"5d2f0a11-1834200-9d02\",\"at\":\"2026-11-23T22:34:57.180845Z\",\"from\":\"b42\",\
    \"elapsed\":0,\"text\":\"";
const AFTER: &[u8] = b"\"}\n\n";
const DOOR: u64 = u64::MAX;

/// One connection.
struct Peer {
    socket: TcpStream,
    role: Role,
    /// The bytes of an incomplete line.
    line: Vec<u8>,
}

/// The purpose of a connection.
enum Role {
    Unknown,
    Sender,
    /// The place in the stream up to which it was written, and whether its socket is full.
    Listener {
        at: u64,
        full: bool,
    },
}

/// The loop's state.
struct Loop {
    epoll: OwnedFd,
    peers: Vec<Option<Peer>>,
    /// The stream's newest bytes, and the place of the first of them.
    stream: Vec<u8>,
    from: u64,
    buffer: Vec<u8>,
}

/// Serves until the process is killed.
pub fn serve(address: &str) -> Res<()> {
    let door = TcpListener::bind(address.parse::<SocketAddr>()?)?;
    // std's backlog is 128; a second call to listen makes it longer.
    rustix::net::listen(&door, 4_096)?;
    door.set_nonblocking(true)?;
    let epoll = epoll::create(epoll::CreateFlags::CLOEXEC)?;
    epoll::add(&epoll, &door, EventData::new_u64(DOOR), EventFlags::IN)?;
    let mut this = Loop {
        epoll,
        peers: Vec::new(),
        stream: Vec::new(),
        from: 0,
        buffer: vec![0; 256 * 1024],
    };
    let mut events = Vec::with_capacity(1_024);
    loop {
        events.clear();
        match epoll::wait(&this.epoll, spare_capacity(&mut events), None) {
            Ok(_) | Err(Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
        let mut said = false;
        for event in &events {
            let (data, flags) = (event.data.u64(), event.flags);
            if data == DOOR {
                this.accept(&door)?;
                continue;
            }
            let index = data as usize;
            if flags.contains(EventFlags::IN) {
                said |= this.read(index);
            }
            if flags.contains(EventFlags::OUT) {
                this.write(index);
            }
        }
        if said {
            for index in 0..this.peers.len() {
                this.write(index);
            }
            this.forget();
        }
    }
}

impl Loop {
    fn accept(&mut self, door: &TcpListener) -> Res<()> {
        while let Ok((socket, _)) = door.accept() {
            socket.set_nonblocking(true)?;
            socket.set_nodelay(true)?;
            let data = EventData::new_u64(self.peers.len() as u64);
            epoll::add(&self.epoll, &socket, data, EventFlags::IN)?;
            self.peers.push(Some(Peer {
                socket,
                role: Role::Unknown,
                line: Vec::new(),
            }));
        }
        Ok(())
    }

    /// Reads once; returns true if there is something to send.
    fn read(&mut self, index: usize) -> bool {
        let Some(peer) = &mut self.peers[index] else {
            return false;
        };
        let got = match recv(&peer.socket, &mut self.buffer[..], RecvFlags::empty()) {
            Ok((got @ 1.., _)) => got,
            Err(Errno::AGAIN | Errno::INTR) => return false,
            _ => {
                self.peers[index] = None;
                return false;
            }
        };
        let before = self.stream.len();
        let mut rest = &self.buffer[..got];
        while let Some(end) = memchr::memchr(b'\n', rest) {
            peer.line.extend_from_slice(&rest[..end]);
            rest = &rest[end + 1..];
            match peer.role {
                Role::Sender => {
                    self.stream.extend_from_slice(BEFORE);
                    self.stream.extend_from_slice(&peer.line);
                    self.stream.extend_from_slice(AFTER);
                }
                _ => {
                    peer.role = match peer.line == b"SAY" {
                        true => Role::Sender,
                        false => Role::Listener {
                            at: self.from + before as u64,
                            full: false,
                        },
                    };
                    // Three bytes fit into the buffer of a new connection.
                    let _ = send(&peer.socket, b"ok\n", SendFlags::NOSIGNAL);
                }
            }
            peer.line.clear();
        }
        peer.line.extend_from_slice(rest);
        self.stream.len() > before
    }

    /// Writes the part of the stream that a listener lacks.
    fn write(&mut self, index: usize) {
        let Some(peer) = &mut self.peers[index] else {
            return;
        };
        let Role::Listener { at, full } = &mut peer.role else {
            return;
        };
        let rest = &self.stream[(*at - self.from) as usize..];
        if rest.is_empty() {
            return;
        }
        let flags = match send(&peer.socket, rest, SendFlags::NOSIGNAL) {
            Ok(sent) => {
                *at += sent as u64;
                sent < rest.len()
            }
            Err(Errno::AGAIN | Errno::INTR) => true,
            Err(_) => {
                self.peers[index] = None;
                return;
            }
        };
        if flags != *full {
            *full = flags;
            let wanted = match flags {
                true => EventFlags::IN | EventFlags::OUT,
                false => EventFlags::IN,
            };
            let data = EventData::new_u64(index as u64);
            if epoll::modify(&self.epoll, &peer.socket, data, wanted).is_err() {
                self.peers[index] = None;
            }
        }
    }

    /// Drops the part of the stream that all listeners have.
    fn forget(&mut self) {
        let end = self.from + self.stream.len() as u64;
        let places = self
            .peers
            .iter()
            .flatten()
            .filter_map(|peer| match peer.role {
                Role::Listener { at, .. } => Some(at),
                _ => None,
            });
        let least = places.min().unwrap_or(end);
        if least == end {
            self.stream.clear();
            self.from = end;
        } else if least - self.from > 4 << 20 {
            self.stream.drain(..(least - self.from) as usize);
            self.from = least;
        }
    }
}
