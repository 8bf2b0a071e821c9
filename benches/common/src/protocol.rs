//! How each server is spoken to: what a listener says first, how a message is sent, what an answer
//! looks like. No sockets here, only bytes.
//!
//! What always holds: the text of a message is carried as it is, so that the mark and number at its
//! start are the same bytes for every server.

mod bare;
mod http;
mod irc;
mod nats;

use std::net::SocketAddr;

use crate::servers::Kind;

/// The byte that every text begins with, and that nothing else on any of the wires has.
pub const MARK: u8 = b'|';
/// How many digits follow it: the number of the message.
pub const DIGITS: usize = 10;

/// What came back for one message.
#[derive(Clone, Copy, Debug)]
pub struct Answer {
    /// How many bytes it took.
    pub length: usize,
    /// Whether the message was taken.
    pub good: bool,
}

/// One server's wire.
pub trait Protocol: Send {
    /// What a listener says when it has connected.
    fn listen(&self, number: usize) -> Vec<u8>;

    /// Whether all that a listener was sent so far shows that it will hear what is said next.
    fn listens(&self, seen: &[u8]) -> bool;

    /// What a sender says when it has connected.
    fn enter(&self, number: usize) -> Vec<u8>;

    /// What a sender was given to prove who it is, once it is in. It may be empty.
    fn entered(&self, seen: &[u8]) -> Option<String>;

    /// Appends the request that says `text`.
    fn say(&self, pass: &str, text: &[u8], out: &mut Vec<u8>);

    /// How many connections send, if this many are offered. Where nothing is answered, one does:
    /// it may have any number of messages under way, and the server reads many at once.
    fn senders(&self, offered: usize) -> usize {
        if self.answers() { offered } else { 1 }
    }

    /// Whether each message is answered; if not, a sender never waits.
    fn answers(&self) -> bool {
        false
    }

    /// The first whole answer in `seen`, where there are answers.
    fn answer(&self, _seen: &[u8]) -> Option<Answer> {
        None
    }

    /// What to say to a `PING`, where the server sends one.
    fn pong(&self) -> Option<&'static [u8]> {
        None
    }

    /// How many connections may be on their way in at once; fewer than the server's backlog.
    fn at_once(&self) -> usize {
        100
    }
}

/// The wire of a server of this kind at this address.
pub fn of(kind: Kind, address: SocketAddr) -> Box<dyn Protocol> {
    match kind {
        Kind::Chatroom => Box::new(http::Chatroom::at(address)),
        Kind::Nchan => Box::new(http::Nchan::at(address)),
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

/// Reads the number behind a mark; `digits` has exactly [`DIGITS`] bytes.
pub fn parse_number(digits: &[u8]) -> u64 {
    digits.iter().fold(0, |sum, digit| {
        sum * 10 + u64::from(digit.wrapping_sub(b'0'))
    })
}
