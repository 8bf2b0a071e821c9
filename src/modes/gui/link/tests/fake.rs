//! The words of a room for a server made for one test, and a link that listens to it.
//!
//! `tests/it/window/fake.rs` has words of its own: it knows the types of the library from outside, and those of
//! the unit tests are others to the compiler.

use std::io::Write as _;
use std::net::TcpStream;
use std::sync::mpsc;
use std::time::{Duration, Instant};

pub use support::fake::{Asked, Fake, hold, nobody, reply};

use crate::address::Address;
use crate::event::{Body, Elapsed, Id};
use crate::modes::gui::link::Link;
use crate::modes::gui::talk::{LinkCommand, Login, OutboxMessage, Report, Resume};
use crate::modes::gui::tests::{at, recorded};
pub use crate::modes::gui::tests::{id, key};
use crate::sse::{Form, encode};
use crate::wire::{HistoryRange, Members, Said, Session, Wire};

/// Time limit of anything before the test fails.
const LIMIT: Duration = Duration::from_secs(20);

/// Answers a range of history.
pub fn reply_range(stream: &mut TcpStream, events: Vec<Wire>, next: Option<Id>) -> bool {
    let range = serde_json::to_string(&HistoryRange { events, next });
    reply(stream, "200 OK", "", &range.expect("JSON"))
}

/// Begins a stream that brings the events and stays.
pub fn stream_with(stream: &mut TcpStream, events: &[Wire]) -> bool {
    begin_stream(stream, events);
    hold(stream)
}

/// Answers what every test needs: logging in, the list of members, logging off.
pub fn usual(request: &Asked, stream: &mut TcpStream) -> bool {
    let body = if request.is("POST /session") || request.is("GET /session") {
        serde_json::to_string(&Session {
            name: "uthira".into(),
            token: "t1".into(),
            room: "lobby".into(),
            id: id(1),
            version: None,
        })
    } else if request.is("GET /members") {
        return reply_members(stream, 1);
    } else if request.is("POST /messages") {
        serde_json::to_string(&Said {
            id: id(50),
            at: at(),
            elapsed: Elapsed(1),
        })
    } else {
        Ok("{}".to_string())
    };
    let status = if request.is("GET") {
        "200 OK"
    } else {
        "201 Created"
    };
    reply(stream, status, "", &body.expect("JSON"))
}

fn members(newest: u64) -> serde_json::Result<String> {
    serde_json::to_string(&Members {
        id: id(newest),
        members: Vec::new(),
    })
}

/// Answers `GET /members`, as of an event.
pub fn reply_members(stream: &mut TcpStream, newest: u64) -> bool {
    reply(stream, "200 OK", "", &members(newest).expect("JSON"))
}

/// Begins a stream, says hello, and sends the events.
pub fn begin_stream(stream: &mut TcpStream, events: &[Wire]) {
    let head = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n";
    let _ = stream.write_all(&[head.as_slice(), &encoded(events)].concat());
}

/// A hello and the events, as a stream has them.
pub fn encoded(events: &[Wire]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let hello = Wire::Hello {
        id: Some(id(1)),
        now: at(),
        heartbeat: 1,
    };
    for event in [&hello].into_iter().chain(events) {
        encode(Form::Sse, event, &mut bytes);
    }
    bytes
}

/// A message of ours as the stream has it.
pub fn said(offset: u64, text: &str, with: Option<&str>) -> Wire {
    recorded(
        id(offset),
        at(),
        Body::message("uthira", text)
            .elapsed(1)
            .keyed(with.map(key)),
    )
}

/// A login with a name and nothing else.
pub fn login(address: &str, name: &str) -> Login {
    Login {
        address: Address::parse(address).expect("an address"),
        name: name.into(),
        key: None,
        persist: false,
        resume: Resume::default(),
    }
}

/// A link, and everything it has reported.
pub struct Ear {
    pub link: Link,
    woken: mpsc::Receiver<()>,
    pub heard: Vec<Report>,
}

impl Ear {
    /// A link without any command yet.
    pub fn new() -> Ear {
        let (wake, woken) = mpsc::channel();
        Ear {
            link: Link::start(move || wake.send(()).unwrap_or(())).expect("a thread"),
            woken,
            heard: Vec::new(),
        }
    }

    /// A link that logs in, and gives up if nobody answers.
    pub fn log_in(address: &str) -> Ear {
        let ear = Ear::new();
        let login = login(address, "uthira");
        ear.link.send(LinkCommand::LogIn(login));
        ear
    }

    /// A link that logs in, and keeps trying while nobody answers.
    pub fn log_in_however_long(address: &str) -> Ear {
        let ear = Ear::new();
        let login = login(address, "uthira");
        ear.link.send(LinkCommand::LogIn(Login {
            persist: true,
            ..login
        }));
        ear
    }

    pub fn say(&self, text: &str, with: &str) {
        self.say_after(text, with, None);
    }

    pub fn say_after(&self, text: &str, with: &str, after: Option<Id>) {
        self.link.send(LinkCommand::Send(OutboxMessage {
            key: key(with),
            text: text.into(),
            after,
        }));
    }

    /// Waits for a report of a kind and gives it.
    pub fn until<T>(&mut self, mut wanted: impl FnMut(&Report) -> Option<T>) -> T {
        let begun = Instant::now();
        let mut looked_at = 0;
        loop {
            self.heard.extend(self.link.take());
            while looked_at < self.heard.len() {
                looked_at += 1;
                if let Some(found) = wanted(&self.heard[looked_at - 1]) {
                    return found;
                }
            }
            let left = LIMIT.saturating_sub(begun.elapsed());
            if self.woken.recv_timeout(left).is_err() {
                panic!("not heard within the limit: {:#?}", self.heard);
            }
        }
    }

    /// Every event so far.
    pub fn events(&self) -> Vec<Wire> {
        let events = self.heard.iter().filter_map(|report| match report {
            Report::Events(events) => Some(events.clone()),
            _ => None,
        });
        events.flatten().collect()
    }
}
