//! The two HTTP servers: messages are POSTs on persistent connections, one in flight on each; listeners are streams
//! of Server-Sent Events.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU32, Ordering};

use memchr::memmem;

use super::{Answer, Protocol};

/// The wire of one of the two.
pub struct Http {
    host: SocketAddr,
    server: Server,
}

enum Server {
    Chatroom,
    /// nginx with nchan.
    Nchan,
}

impl Http {
    /// The wire of chatroom at this address.
    pub fn chatroom(host: SocketAddr) -> Http {
        let server = Server::Chatroom;
        Http { host, server }
    }

    /// The wire of nginx with nchan at this address.
    pub fn nchan(host: SocketAddr) -> Http {
        let server = Server::Nchan;
        Http { host, server }
    }
}

impl Protocol for Http {
    fn listen(&self, _: usize) -> Vec<u8> {
        let path = match self.server {
            Server::Chatroom => "/events?since=latest",
            Server::Nchan => "/listen",
        };
        let host = self.host;
        format!("GET {path} HTTP/1.1\r\nHost: {host}\r\nAccept: text/event-stream\r\n\r\n")
            .into_bytes()
    }

    fn listens(&self, seen: &[u8]) -> bool {
        let begin = match self.server {
            Server::Chatroom => memmem::find(seen, b"event: hello\n"),
            Server::Nchan => return memmem::find(seen, b"\r\n\r\n").is_some(),
        };
        begin.is_some_and(|at| memmem::find(&seen[at..], b"\n\n").is_some())
    }

    /// Logs in to chatroom. nchan has no login: the first request reads the state of the channel.
    fn enter(&self, _: usize) -> Vec<u8> {
        let host = self.host;
        let request = match self.server {
            Server::Chatroom => {
                // A name stays taken for a while, so each load has its own.
                static NAMES: AtomicU32 = AtomicU32::new(0);
                let name = format!("b{}", NAMES.fetch_add(1, Ordering::Relaxed));
                let length = name.len();
                format!(
                    "POST /session HTTP/1.1\r\nHost: {host}\r\nContent-Length: {length}\r\n\r\n{name}"
                )
            }
            Server::Nchan => {
                format!("GET /say HTTP/1.1\r\nHost: {host}\r\nAccept: text/plain\r\n\r\n")
            }
        };
        request.into_bytes()
    }

    fn entered(&self, seen: &[u8]) -> Option<String> {
        let answer = answer(seen)?;
        if matches!(self.server, Server::Nchan) {
            return Some(String::new());
        }
        let body = memmem::find(seen, b"\r\n\r\n")? + 4;
        let body = seen.get(body..answer.length)?;
        let body: serde_json::Value = serde_json::from_slice(body).ok()?;
        Some(body.get("token")?.as_str()?.to_string())
    }

    fn say(&self, pass: &str, text: &[u8], out: &mut Vec<u8>) {
        let (host, length) = (self.host, text.len());
        let head = match self.server {
            Server::Chatroom => format!(
                "POST /messages HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {pass}\r\n\
                 Content-Length: {length}\r\n\r\n"
            ),
            Server::Nchan => {
                format!("POST /say HTTP/1.1\r\nHost: {host}\r\nContent-Length: {length}\r\n\r\n")
            }
        };
        out.extend_from_slice(head.as_bytes());
        out.extend_from_slice(text);
    }

    fn answers(&self) -> bool {
        true
    }

    fn answer(&self, seen: &[u8]) -> Option<Answer> {
        answer(seen)
    }
}

/// Parses one response with a Content-Length, which both servers send.
fn answer(seen: &[u8]) -> Option<Answer> {
    let head = memmem::find(seen, b"\r\n\r\n")? + 4;
    let text = std::str::from_utf8(&seen[..head]).ok()?;
    let field = "content-length:";
    let length = text.lines().find_map(|line| {
        let named = line.get(..field.len())?.eq_ignore_ascii_case(field);
        named.then(|| line[field.len()..].trim().parse::<usize>().ok())?
    });
    let length = head + length.unwrap_or(0);
    (seen.len() >= length).then(|| Answer {
        length,
        good: text.starts_with("HTTP/1.1 2"),
    })
}
