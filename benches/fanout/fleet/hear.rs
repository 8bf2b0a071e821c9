//! Reading: listeners' streams, senders' answers.
//!
//! This runs once for every delivery, so it allocates nothing, and copies only the few bytes of a mark that a read
//! has cut in two.

use std::net::TcpStream;

use memchr::{memchr, memmem};
use rustix::io::Errno;
use rustix::net::{RecvFlags, SendFlags, recv, send};

use super::Fleet;
use crate::Res;
use crate::protocol::{self, DIGITS, MARK};

/// The space before the buffer for a mark that the last read has cut: all but one digit.
pub const CARRY: usize = DIGITS;

/// A listener.
pub struct Listener {
    /// Its connection.
    pub socket: TcpStream,
    /// Everything that it was sent while it connected; `None` once it listens.
    greeting: Option<Vec<u8>>,
    carry: [u8; CARRY],
    carried: u8,
    /// The number of messages that it has received.
    place: usize,
}

impl Listener {
    /// A listener that has just sent its first request.
    pub fn new(socket: TcpStream) -> Listener {
        Listener {
            socket,
            greeting: Some(Vec::new()),
            carry: [0; CARRY],
            carried: 0,
            place: 0,
        }
    }
}

impl Fleet {
    /// Reads the stream of a listener.
    pub(super) fn hear(&mut self, index: usize) -> Res<()> {
        let listener = &mut self.listeners[index];
        let start = CARRY - usize::from(listener.carried);
        self.buffer[start..CARRY].copy_from_slice(&listener.carry[..CARRY - start]);
        let room = &mut self.buffer[CARRY..];
        let got = match recv(&listener.socket, room, RecvFlags::empty()) {
            Ok((got @ 1.., _)) => got,
            Ok(_) => return Err(format!("listener {index} was cut off").into()),
            Err(Errno::AGAIN | Errno::INTR) => return Ok(()),
            Err(error) => return Err(format!("listener {index} was cut off: {error}").into()),
        };
        let bytes = &self.buffer[start..CARRY + got];
        if let Some(greeting) = &mut listener.greeting {
            greeting.extend_from_slice(bytes);
            if self.protocol.listens(greeting) {
                listener.greeting = None;
                self.coming_in -= 1;
            }
            return Ok(());
        }
        self.counts.reads += 1;
        self.counts.bytes += got as u64;
        let now = self.base.elapsed().as_nanos() as u64;
        listener.carried = 0;
        let mut at = 0;
        let mut fault = None;
        while let Some(found) = memchr(MARK, &bytes[at..]) {
            let from = at + found;
            let Some(digits) = bytes.get(from + 1..from + 1 + DIGITS) else {
                let rest = &bytes[from..];
                listener.carry[..rest.len()].copy_from_slice(rest);
                listener.carried = rest.len() as u8;
                break;
            };
            let number = protocol::parse_number(digits);
            let sent = self.sent_at.len();
            if !self.order.fits(listener.place, number, sent) {
                fault.get_or_insert((number, listener.place));
            }
            if let Some(sent) = self.sent_at.get(number as usize) {
                self.latency.saturating_record(now.saturating_sub(*sent));
            }
            listener.place += 1;
            self.counts.heard += 1;
            at = (from + self.text.len()).min(bytes.len());
        }
        if let Some(pong) = self.protocol.pong()
            && memmem::find(bytes, b"PING").is_some()
        {
            // A few bytes always fit, since the server reads.
            let _ = send(&listener.socket, pong, SendFlags::NOSIGNAL);
        }
        if let Some((number, place)) = fault {
            let wanted = self.order.at(place);
            self.complain(|| {
                format!("listener {index} received {number} in place {place}, not {wanted:?}")
            });
        }
        Ok(())
    }

    /// Reads the answers to a sender.
    pub(super) fn read_answers(&mut self, index: usize) -> Res<()> {
        let sender = &mut self.senders[index];
        loop {
            let room = &mut self.buffer[CARRY..];
            match recv(&sender.socket, room, RecvFlags::empty()) {
                Ok((got @ 1.., _)) => {
                    let bytes = &self.buffer[CARRY..CARRY + got];
                    sender.inbox.extend_from_slice(bytes);
                    // Epoll reports a sender only when more arrives, so read until nothing is left.
                    if got < self.buffer.len() - CARRY {
                        break;
                    }
                }
                Ok(_) => return Err(format!("sender {index} was cut off").into()),
                Err(Errno::AGAIN) => break,
                Err(Errno::INTR) => {}
                Err(error) => return Err(format!("sender {index} was cut off: {error}").into()),
            }
        }
        if sender.inbox.is_empty() {
            return Ok(());
        }
        if index == self.free.len() && self.counts.sent == 0 {
            // Senders log in one after the other.
            if let Some(pass) = self.protocol.entered(&sender.inbox) {
                sender.pass = pass;
                sender.inbox.clear();
                self.free.push_back(index);
            }
            return Ok(());
        }
        if !self.protocol.answers() {
            if let Some(pong) = self.protocol.pong()
                && memmem::find(&sender.inbox, b"PING").is_some()
            {
                sender.outbox.extend_from_slice(pong);
            }
            sender.inbox.clear();
            return self.flush(index);
        }
        if let Some(answer) = self.protocol.answer(&sender.inbox) {
            let asked_at = sender.asked_at;
            let said: Vec<u8> = sender.inbox.drain(..answer.length).collect();
            let took = self.now().saturating_sub(asked_at);
            self.answers.saturating_record(took);
            self.counts.answered += 1;
            self.free.push_back(index);
            if !answer.good {
                self.complain(|| String::from_utf8_lossy(&said).into_owned());
            }
        }
        Ok(())
    }
}
