//! A room made for one test: every request goes to a closure, which answers in the room's format.
//!
//! The unit tests of the link have their own, since to the compiler the types of a library under test are different
//! ones.

use std::io::Write as _;
use std::net::TcpStream;

use chatroom::event::{Body, Elapsed, Id, LogId, Recorded, Stamp};
use chatroom::sse::{Form, encode};
use chatroom::wire::{Members, Said, Session, Wire};

use support::fake::{Asked, reply};

/// Answers the requests of every test: the login, the list of members, messages, an empty history.
pub fn usual(request: &Asked, stream: &mut TcpStream) -> bool {
    let id = id(1);
    let body = if request.line.contains(" /session ") {
        serde_json::to_string(&Session {
            name: "eve".into(),
            token: "t1".into(),
            room: "lobby".into(),
            id,
            version: None,
        })
    } else if request.is("GET /members") {
        let members = Vec::new();
        serde_json::to_string(&Members { id, members })
    } else if request.is("POST /messages") {
        serde_json::to_string(&Said {
            id,
            at: Stamp::now(),
            elapsed: Elapsed(1),
        })
    } else {
        Ok(r#"{"events":[],"next":null}"#.to_string())
    };
    let status = if request.is("GET") {
        "200 OK"
    } else {
        "201 Created"
    };
    reply(stream, status, "", &body.expect("JSON"))
}

/// Begins a stream, says hello, and sends the events. `false` if the other end is gone.
pub fn begin_stream(stream: &mut TcpStream, events: &[Wire]) -> bool {
    let head = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n";
    let hello = Wire::Hello {
        id: Some(id(1)),
        now: Stamp::now(),
        heartbeat: 15,
    };
    let mut bytes = head.to_vec();
    encode(Form::Sse, &hello, &mut bytes);
    bytes.extend(encoded(events));
    stream.write_all(&bytes).is_ok()
}

/// The events encoded as a stream.
pub fn encoded(events: &[Wire]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for event in events {
        encode(Form::Sse, event, &mut bytes);
    }
    bytes
}

/// A place in the log.
pub fn id(offset: u64) -> Id {
    let (log, check) = (LogId(1), 0);
    Id { log, offset, check }
}

/// A message at a place in the log.
pub fn said(offset: u64, from: &str, text: &str) -> Wire {
    Wire::Recorded(Recorded {
        id: id(offset),
        at: Stamp::now(),
        body: Body::message(from, text).elapsed(1),
    })
}
