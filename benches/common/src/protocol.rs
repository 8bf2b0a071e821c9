//! The wire of each server, as bytes without sockets: the first request of a listener, a message, its answer.
//!
//! Invariant: the text of a message is sent unchanged, so that the mark and number at its start are the same bytes
//! for every server.

mod bare;
mod http;
mod irc;
mod nats;

use std::net::SocketAddr;

use crate::servers::Kind;

/// The byte that begins every text, and stands nowhere else on any of the wires.
pub const MARK: u8 = b'|';
/// The number of digits after it, which are the number of the message.
pub const DIGITS: usize = 10;

/// The answer to one message.
#[derive(Clone, Copy, Debug)]
pub struct Answer {
    /// Its length in bytes.
    pub length: usize,
    /// True if the message was accepted.
    pub good: bool,
}

/// One server's wire.
pub trait Protocol: Send {
    /// The first request of a listener.
    fn listen(&self, number: usize) -> Vec<u8>;

    /// Tells from everything that a listener was sent so far whether it will receive the next message.
    fn listens(&self, seen: &[u8]) -> bool;

    /// The first request of a sender.
    fn enter(&self, number: usize) -> Vec<u8>;

    /// The token of a sender once it is logged in; empty if the server gives none.
    fn entered(&self, seen: &[u8]) -> Option<String>;

    /// Appends the request that posts `text`.
    fn say(&self, pass: &str, text: &[u8], out: &mut Vec<u8>);

    /// The number of connections that send, of those offered. Without answers it is one: it may have any number of
    /// messages in flight, and the server reads many at once.
    fn senders(&self, offered: usize) -> usize {
        if self.answers() { offered } else { 1 }
    }

    /// True if each message is answered; otherwise a sender never waits.
    fn answers(&self) -> bool {
        false
    }

    /// The first complete answer in `seen`, if the server answers.
    fn answer(&self, _seen: &[u8]) -> Option<Answer> {
        None
    }

    /// The reply to a `PING`, if the server sends any.
    fn pong(&self) -> Option<&'static [u8]> {
        None
    }

    /// The number of connections that may be opened at once; below the server's backlog.
    fn at_once(&self) -> usize {
        100
    }
}

/// The wire of a server of this kind.
pub fn of(kind: Kind, address: SocketAddr) -> Box<dyn Protocol> {
    match kind {
        Kind::Chatroom => Box::new(http::Http::chatroom(address)),
        Kind::Nchan => Box::new(http::Http::nchan(address)),
        Kind::Nats => Box::new(nats::Nats),
        Kind::Ngircd => Box::new(irc::Irc),
        Kind::Bare => Box::new(bare::Bare),
    }
}

/// Writes mark and number over the start of a text.
pub fn number(text: &mut [u8], number: u64) {
    text[0] = MARK;
    let mut rest = number;
    for digit in text[1..=DIGITS].iter_mut().rev() {
        *digit = b'0' + (rest % 10) as u8;
        rest /= 10;
    }
}

/// Parses the number after a mark; `digits` has exactly [`DIGITS`] bytes.
pub fn parse_number(digits: &[u8]) -> u64 {
    digits.iter().fold(0, |sum, digit| {
        sum * 10 + u64::from(digit.wrapping_sub(b'0'))
    })
}
