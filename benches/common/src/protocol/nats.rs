//! The NATS client protocol: one subject, no acknowledgements (`verbose` is off, as in its clients).

use memchr::memmem;

use super::Protocol;

const CONNECT: &str =
    "CONNECT {\"verbose\":false,\"pedantic\":false,\"lang\":\"bench\",\"version\":\"1\"}\r\n";

/// The wire of a NATS server.
pub struct Nats;

impl Protocol for Nats {
    fn listen(&self, _: usize) -> Vec<u8> {
        format!("{CONNECT}SUB room 1\r\nPING\r\n").into_bytes()
    }

    fn listens(&self, seen: &[u8]) -> bool {
        memmem::find(seen, b"PONG\r\n").is_some()
    }

    fn enter(&self, _: usize) -> Vec<u8> {
        format!("{CONNECT}PING\r\n").into_bytes()
    }

    fn entered(&self, seen: &[u8]) -> Option<String> {
        self.listens(seen).then(String::new)
    }

    fn say(&self, _: &str, text: &[u8], out: &mut Vec<u8>) {
        out.extend_from_slice(format!("PUB room {}\r\n", text.len()).as_bytes());
        out.extend_from_slice(text);
        out.extend_from_slice(b"\r\n");
    }

    fn pong(&self) -> Option<&'static [u8]> {
        Some(b"PONG\r\n")
    }
}
