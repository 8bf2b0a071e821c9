//! A server made for one test: every request goes to a closure, which writes what it likes.

use std::io::{BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use crate::address::Address;
use crate::event::{Body, Elapsed, Id, Key, LogId, Recorded, Stamp};
use crate::modes::gui::link::Link;
use crate::modes::gui::talk::{LinkCommand, Login, OutboxMessage, Report, Resume};
use crate::sse::{Form, encode};
use crate::wire::{HistoryRange, Members, Said, Session, Wire};

/// How long anything may take before the test fails.
const LIMIT: Duration = Duration::from_secs(20);

/// A request as it came.
#[derive(Clone, Debug)]
pub struct Asked {
    pub line: String,
    fields: Vec<(String, String)>,
    pub body: String,
}

impl Asked {
    pub fn is(&self, start: &str) -> bool {
        self.line.starts_with(start)
    }

    pub fn field(&self, name: &str) -> Option<&str> {
        let found = self.fields.iter().find(|(n, _)| n == name);
        found.map(|(_, value)| value.as_str())
    }
}

/// The server.
pub struct Fake {
    pub address: Address,
    seen: Arc<Mutex<Vec<Asked>>>,
}

impl Fake {
    /// Starts it. The closure gets each request with its number among those of its kind (method
    /// and path), and the connection; `false` closes that.
    pub fn start(
        answer: impl Fn(&Asked, usize, &mut TcpStream) -> bool + Send + Sync + 'static,
    ) -> Fake {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address").to_string();
        let seen = Arc::new(Mutex::new(Vec::new()));
        let (log, answer) = (Arc::clone(&seen), Arc::new(answer));
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let (log, answer) = (Arc::clone(&log), Arc::clone(&answer));
                thread::spawn(move || serve(stream, &log, &*answer));
            }
        });
        Fake {
            address: Address::parse(&address).expect("an address"),
            seen,
        }
    }

    /// The requests so far that begin like this.
    pub fn seen(&self, start: &str) -> Vec<Asked> {
        let seen = self.seen.lock().expect("no test has failed");
        seen.iter().filter(|seen| seen.is(start)).cloned().collect()
    }

    /// Waits until so many requests that begin like this have come.
    pub fn wait_for(&self, start: &str, count: usize) -> Vec<Asked> {
        let begun = Instant::now();
        loop {
            let seen = self.seen(start);
            if seen.len() >= count {
                return seen;
            }
            assert!(
                begun.elapsed() < LIMIT,
                "{start}: {count} expected, {seen:?}"
            );
            thread::sleep(Duration::from_millis(5));
        }
    }
}

fn serve(
    stream: TcpStream,
    log: &Mutex<Vec<Asked>>,
    answer: &dyn Fn(&Asked, usize, &mut TcpStream) -> bool,
) {
    let mut reader = BufReader::new(stream.try_clone().expect("a second handle"));
    let mut stream = stream;
    while let Some(request) = read(&mut reader) {
        let kind: Vec<&str> = request.line.split([' ', '?']).take(2).collect();
        let count = {
            let mut log = log.lock().expect("no test has failed");
            let before = log.iter().filter(|seen| seen.is(&kind.join(" "))).count();
            log.push(request.clone());
            before
        };
        if !answer(&request, count, &mut stream) {
            return;
        }
    }
}

fn read(reader: &mut impl std::io::BufRead) -> Option<Asked> {
    let mut lines = Vec::new();
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).ok()? == 0 {
            return None;
        }
        match line.trim_end() {
            "" => break,
            line => lines.push(line.to_string()),
        }
    }
    let fields: Vec<(String, String)> = lines[1..]
        .iter()
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.to_string()))
        .collect();
    let length = fields.iter().find(|(name, _)| name == "content-length");
    let length = length.map_or(0, |(_, value)| value.parse().expect("a number"));
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some(Asked {
        line: lines[0].clone(),
        fields,
        body: String::from_utf8(body).expect("UTF-8"),
    })
}

/// Writes a whole answer with a JSON body. Always `true`: the connection stays.
pub fn reply(stream: &mut TcpStream, status: &str, fields: &str, body: &str) -> bool {
    let length = body.len();
    let head = format!(
        "HTTP/1.1 {status}\r\nContent-Type: application/json\r\n{fields}Content-Length: {length}\r\n\r\n"
    );
    // The other end may be gone, which its test will notice.
    let _ = stream.write_all((head + body).as_bytes());
    true
}

/// Answers a page.
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
            at: Stamp::from_micros(0),
            elapsed: Elapsed(1),
        })
    } else {
        Ok("{}".to_string())
    };
    let status = match request.is("GET") {
        true => "200 OK",
        false => "201 Created",
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
        now: Stamp::from_micros(0),
        heartbeat: 1,
    };
    for event in [&hello].into_iter().chain(events) {
        encode(Form::Sse, event, &mut bytes);
    }
    bytes
}

/// Keeps a stream alive until the other end goes.
pub fn hold(stream: &mut TcpStream) -> bool {
    while stream.write_all(b":\n\n").is_ok() {
        thread::sleep(Duration::from_millis(20));
    }
    false
}

pub fn id(offset: u64) -> Id {
    Id {
        log: LogId(1),
        offset,
        check: 0,
    }
}

pub fn key(text: &str) -> Key {
    Key::new(text).expect("a key")
}

/// A message of ours as the stream has it.
pub fn said(offset: u64, text: &str, with: Option<&str>) -> Wire {
    Wire::Recorded(Recorded {
        id: id(offset),
        at: Stamp::from_micros(0),
        body: Body::Message {
            from: "uthira".into(),
            elapsed: Elapsed(1),
            text: text.into(),
            key: with.map(key),
        },
    })
}

/// A login with a name and nothing else.
pub fn login(address: &Address, name: &str) -> Login {
    Login {
        address: address.clone(),
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
    /// A link that is told nothing yet.
    pub fn new() -> Ear {
        let (wake, woken) = mpsc::channel();
        Ear {
            link: Link::start(move || wake.send(()).unwrap_or(())).expect("a thread"),
            woken,
            heard: Vec::new(),
        }
    }

    /// A link that is told to log in.
    pub fn log_in(address: &Address, persist: bool) -> Ear {
        let ear = Ear::new();
        ear.link.send(LinkCommand::LogIn(Login {
            persist,
            ..login(address, "uthira")
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
