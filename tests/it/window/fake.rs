//! A server made for one test: every request goes to a closure, which writes what it likes.

use std::io::{BufRead, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

use chatroom::event::{Body, Elapsed, Id, LogId, Recorded, Stamp};
use chatroom::sse::{Form, encode};
use chatroom::wire::{Members, Said, Session, Wire};

use crate::server::wait_for;

/// A request as it came.
#[derive(Clone, Debug)]
pub struct Asked {
    /// Its first line.
    pub line: String,
}

impl Asked {
    /// Whether it begins like this.
    pub fn is(&self, start: &str) -> bool {
        self.line.starts_with(start)
    }
}

/// The server.
pub struct Fake {
    /// `127.0.0.1:port`.
    pub address: String,
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
        Fake { address, seen }
    }

    /// The requests so far that begin like this.
    pub fn seen(&self, start: &str) -> Vec<Asked> {
        let seen = self.seen.lock().expect("no panic");
        seen.iter().filter(|seen| seen.is(start)).cloned().collect()
    }

    /// Waits until so many requests that begin like this have come.
    #[track_caller]
    pub fn wait_for(&self, start: &str, count: usize) {
        wait_for(&format!("{count} of {start}"), || {
            (self.seen(start).len() >= count).then_some(())
        });
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
            let mut log = log.lock().expect("no panic");
            let before = log.iter().filter(|seen| seen.is(&kind.join(" "))).count();
            log.push(request.clone());
            before
        };
        if !answer(&request, count, &mut stream) {
            return;
        }
    }
}

fn read(reader: &mut impl BufRead) -> Option<Asked> {
    let (mut line, mut length) = (String::new(), 0);
    loop {
        let mut field = String::new();
        if reader.read_line(&mut field).ok()? == 0 {
            return None;
        }
        let field = field.trim_end();
        if field.is_empty() {
            break;
        }
        if line.is_empty() {
            line = field.to_string();
        } else if let Some((name, value)) = field.split_once(": ")
            && name.eq_ignore_ascii_case("content-length")
        {
            length = value.parse().ok()?;
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some(Asked { line })
}

/// Writes a whole answer. Always `true`: the connection stays.
pub fn reply(stream: &mut TcpStream, status: &str, body: &str) -> bool {
    let head = format!(
        "HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    // The other end may be gone, which its test will notice.
    let _ = stream.write_all((head + body).as_bytes());
    true
}

/// Answers what every test needs: logging in, the list of members, messages, an empty history.
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
    reply(stream, status, &body.expect("JSON"))
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

/// Events as a stream has them.
pub fn encoded(events: &[Wire]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for event in events {
        encode(Form::Sse, event, &mut bytes);
    }
    bytes
}

/// Keeps a stream alive until the other end goes.
pub fn hold(stream: &mut TcpStream) -> bool {
    while stream.write_all(b":\n\n").is_ok() {
        thread::sleep(std::time::Duration::from_millis(20));
    }
    false
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
        body: Body::Message {
            from: from.into(),
            elapsed: Elapsed(1),
            text: text.into(),
            key: None,
        },
    })
}
