//! IRC: one channel, `PRIVMSG`, no acknowledgements.

use memchr::memmem;

use super::Protocol;

/// The wire of an IRC server.
pub struct Irc;

impl Irc {
    fn come_in(name: &str) -> Vec<u8> {
        format!("NICK {name}\r\nUSER b 0 * :b\r\nJOIN #room\r\n").into_bytes()
    }
}

impl Protocol for Irc {
    fn listen(&self, number: usize) -> Vec<u8> {
        Irc::come_in(&format!("l{number}"))
    }

    /// The end of the list of names follows one's own join.
    fn listens(&self, seen: &[u8]) -> bool {
        memmem::find(seen, b" 366 ").is_some()
    }

    fn enter(&self, number: usize) -> Vec<u8> {
        Irc::come_in(&format!("s{number}"))
    }

    fn entered(&self, seen: &[u8]) -> Option<String> {
        self.listens(seen).then(String::new)
    }

    fn say(&self, _: &str, text: &[u8], out: &mut Vec<u8>) {
        out.extend_from_slice(b"PRIVMSG #room :");
        out.extend_from_slice(text);
        out.extend_from_slice(b"\r\n");
    }

    fn pong(&self) -> Option<&'static [u8]> {
        Some(b"PONG bench\r\n")
    }

    /// ngircd's backlog is 10.
    fn at_once(&self) -> usize {
        8
    }
}
